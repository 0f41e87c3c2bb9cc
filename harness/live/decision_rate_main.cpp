#include "core/history/writer.hpp"
#include "core/net/loop_thread.hpp"
#include "core/net/tcp_proxy.hpp"
#include "harness/driver/driver.hpp"
#include "harness/live/decision_client.hpp"
#include "harness/live/scheduling.hpp"
#include "harness/workload/grants.hpp"

#include <CLI/CLI.hpp>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>

/// What scripts/benchmarks/decision-rate is made of: the bundle and the question, a proxied edge, and the recorded closed
/// loop of a live run's decision client.
namespace {

using namespace mistrial;

workload::Revision first_revision(const workload::Workload& grants) { return grants.revision(1, 0); }

int write_bundle(const std::filesystem::path& folder) {
    const auto grants = workload::Grants::make(1, {}).value();
    for (const auto& [path, bytes] : first_revision(*grants).members) {
        std::filesystem::create_directories((folder / path).parent_path());
        std::ofstream(folder / path, std::ios::binary) << bytes;
    }
    Json input = grants->pool().begin()->second;
    input["nonce"] = "session-1#0";
    std::printf("%s\n", Json{{"input", input}}.dump().c_str());
    return 0;
}

int proxy(const std::string& listen, const std::string& upstream) {
    net::LoopThread thread("proxy");
    auto edge = thread.call([&] {
        return net::TcpProxy::listen(thread.loop(), net::parse_endpoint(listen).value(), net::parse_endpoint(upstream).value());
    });
    if (!edge) {
        std::fprintf(stderr, "%s\n", edge.error().message.c_str());
        return 1;
    }
    std::getchar();  // until standard input ends
    thread.call([&] { edge->reset(); });
    return 0;
}

/// `in_flight` decisions at any time for `seconds`; every one is recorded as a run records it. Prints decisions a second.
int closed_loop(const std::string& to, double seconds, int in_flight, const std::string& history) {
    const auto grants = workload::Grants::make(1, {}).value();
    const auto driver = driver::load("opa").value();
    auto writer = history::Writer::create(history);
    if (!writer) {
        std::fprintf(stderr, "%s\n", writer.error().message.c_str());
        return 1;
    }
    live::EventQueue queue;
    net::LoopThread load("load", [] { live::schedule_for_load(); });
    queue.start();
    const TrueTime end = queue.now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));

    world::OperationId next = 1;
    std::unique_ptr<live::DecisionClient> client;
    const auto ask = [&] {
        world::Decide decide;
        decide.id = next++;
        decide.due = queue.now();
        decide.value.agent = "a1";
        decide.value.path = grants->path();
        decide.value.input_id = grants->pool().begin()->first;
        decide.value.input = grants->pool().begin()->second;
        decide.value.nonce = fmt::format("session-1#{}", decide.id);
        client->decide(std::move(decide));
    };
    load.call([&] {
        driver::DecisionCodec codec(driver.decision, grants->shape(), {"main"}, grants->path());
        client = std::make_unique<live::DecisionClient>(load.loop(), queue, net::parse_endpoint(to).value(),
                                                        static_cast<std::size_t>(in_flight), std::move(codec), [&](TrueTime) {
                                                            if (queue.now() < end) ask();
                                                        });
        for (int i = 0; i < in_flight; ++i) ask();
    });
    std::int64_t answered = 0, others = 0, invoked = 0;
    while (true) {
        world::Event event = queue.next(end + std::chrono::seconds(2));
        if (std::holds_alternative<world::Deadline>(event)) break;
        history::Record record;
        record.time = world::time_of(event);
        record.f = "decide";
        if (auto* completed = std::get_if<world::Completed>(&event)) {
            ++(completed->type == history::Type::ok ? answered : others);
            record.type = completed->type;
            record.process = static_cast<std::int64_t>(completed->id);
            record.value = std::move(completed->value);
        } else {
            ++invoked;
            record.type = history::Type::invoke;
            record.process = static_cast<std::int64_t>(std::get<world::Invoked>(event).id);
            history::Decide value;
            value.agent = "a1";
            value.path = grants->path();
            record.value = std::move(value);
        }
        if (!writer->append(std::move(record))) return 1;
        if (answered + others == invoked && queue.now() > end) break;
    }
    load.call([&] { client.reset(); });
    if (!writer->close()) return 1;
    if (others > 0) std::fprintf(stderr, "%lld decisions were not answered\n", static_cast<long long>(others));
    std::printf("%.0f\n", static_cast<double>(answered) / seconds);
    return others > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"parts of scripts/benchmarks/decision-rate"};
    app.require_subcommand(1);
    std::string folder, listen, upstream, to, history;
    double seconds = 5;
    int in_flight = 16, status = 0;
    auto* bundle = app.add_subcommand("bundle", "write the bundle into a folder, print the request's body");
    bundle->add_option("folder", folder)->required();
    bundle->callback([&] { status = write_bundle(folder); });
    auto* edge = app.add_subcommand("proxy", "an edge, until standard input ends");
    edge->add_option("listen", listen)->required();
    edge->add_option("upstream", upstream)->required();
    edge->callback([&] { status = proxy(listen, upstream); });
    auto* loop = app.add_subcommand("loop", "the recorded closed loop; prints decisions a second");
    loop->add_option("to", to)->required();
    loop->add_option("seconds", seconds)->required();
    loop->add_option("in-flight", in_flight)->required();
    loop->add_option("history", history)->required();
    loop->callback([&] { status = closed_loop(to, seconds, in_flight, history); });
    CLI11_PARSE(app, argc, argv);
    return status;
}
