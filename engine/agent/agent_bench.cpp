#include "engine/agent/agent.hpp"
#include "engine/bundle/archive.hpp"

#include <benchmark/benchmark.h>

/// What one decision of workload `grants` costs the core, HTTP text in and out included, sockets not.
namespace mistrial::agent {
namespace {

std::string with_revision(std::string text) {
    for (auto at = text.find("@@REV@@"); at != std::string::npos; at = text.find("@@REV@@"))
        text.replace(at, 7, "r1");
    return text;
}

bundle::Members grants() {
    const std::string folder = std::string(MISTRIAL_SOURCE_DIR) + "/scenarios/workloads/grants/";
    Json data;
    data["grants"]["marker"] = "r1";
    data["grants"]["roles"] = {{"reader", {{"read", true}}}};
    data["grants"]["suspended"] = Json::object();
    for (int user = 0; user < 100; ++user)
        data["grants"]["users"][fmt::format("u{}", user)] = {
            {"roles", {"reader"}}, {"grants", Json::object()}, {"revoked", Json::object()}};
    return {{".manifest", R"({"revision":"r1","roots":["mistrial","grants"],"rego_version":0})"},
            {"policy.rego", with_revision(read_file(folder + "policy.rego").value())},
            {"plan.json", with_revision(read_file(folder + "plan.json").value())},
            {"data.json", data.dump()}};
}

Agent active_agent(bool logs) {
    Json config = Json::parse(R"({"services": {"s": {"url": "http://h:1"}}, "bundles": {"main": {}}})");
    if (logs) config["decision_logs"] = {{"service", "s"}, {"reporting", {{"buffer_type", "event"}}}};
    Setup setup;
    setup.config = parse_config(config, "config").value();
    Agent agent(std::move(setup));
    RequestId request = 0;
    for (const Action& action : agent.on(Started{}, {}))
        if (const auto* send = std::get_if<Send>(&action)) request = send->request;
    (void)agent.on(
        Responded{
            request,
            {.status = 200, .headers = {}, .body = http::make_body(bundle::write_archive(grants()).value())}},
        {});
    return agent;
}

void decide(benchmark::State& state) {
    Agent agent = active_agent(state.range(0) != 0);
    const http::Request request{
        .method = "POST",
        .target = "/v1/data/mistrial/decision?provenance=true",
        .headers = {{"Host", "127.0.0.1:8181"}, {"Content-Type", "application/json"}},
        .body = http::make_body(R"({"input":{"user":"u7","action":"read","nonce":"session-3/1234"}})")};
    for (auto _ : state) {
        Actions actions =
            agent.on(RequestArrived{1, request}, {at_nanos<WallTime>(1'700'000'000'000'000'000), {}});
        benchmark::DoNotOptimize(actions);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decide)->ArgName("logs")->Arg(0)->Arg(1);

void activate_bundle(benchmark::State& state) {
    const http::Body archive = http::make_body(bundle::write_archive(grants()).value());
    for (auto _ : state) benchmark::DoNotOptimize(Loader().load(archive, {}));
}
BENCHMARK(activate_bundle);

}  // namespace
}  // namespace mistrial::agent
