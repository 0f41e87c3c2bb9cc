// Ours against Porcupine on the same histories, each timed inside its own process (scripts/benchmarks/linearizability).
#include "checkers/linearizability/decide.hpp"
#include "checkers/testing/history_builder.hpp"
#include "checkers/testing/policy_register.hpp"
#include "checkers/testing/references.hpp"
#include "checkers/testing/register_history.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace mistrial::checkers {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

double in_ms(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

struct Log {
    linearizability::Collection collection;
    linearizability::Collection::Gathered gathered;
    std::string line;
};

int etcd(const std::filesystem::path& references, int passes) {
    std::vector<Log> logs(etcd_logs().size());
    for (std::size_t i = 0; i < logs.size(); ++i) {
        const auto records = read_etcd_log(references, etcd_logs()[i]);
        if (!records) return std::fprintf(stderr, "%s\n", records.error().message.c_str()), 1;
        const auto gathered = gather(logs[i].collection, *records, "cas-register");
        if (!gathered) return std::fprintf(stderr, "%s\n", gathered.error().message.c_str()), 1;
        logs[i].gathered = *gathered;
        logs[i].line = porcupine_line(gathered->objects, logs[i].collection.values(), false, 0);
    }
    std::vector<std::string> lines;
    for (int pass = 0; pass < passes; ++pass) {
        for (const Log& log : logs) lines.push_back(log.line);
    }
    const auto opinions = ask_porcupine(references, lines);
    if (!opinions) return std::fprintf(stderr, "%s\n", opinions.error().message.c_str()), 1;

    std::vector<Duration> ours;
    std::vector<Duration> theirs;
    int differ = 0;
    Duration worst_ours{};
    Duration worst_theirs{};
    for (int pass = 0; pass < passes; ++pass) {
        Duration our_time{};
        Duration their_time{};
        for (std::size_t i = 0; i < logs.size(); ++i) {
            const auto began = Clock::now();
            const auto verdict = linearizability::decide(*logs[i].gathered.model, logs[i].collection.values(),
                                                         logs[i].gathered.objects[0].operations, {});
            const Duration took = Clock::now() - began;
            const Opinion& opinion = (*opinions)[static_cast<std::size_t>(pass) * logs.size() + i];
            our_time += took;
            their_time += opinion.took;
            worst_ours = std::max(worst_ours, took);
            worst_theirs = std::max(worst_theirs, opinion.took);
            differ += verdict.outcome.linearizable == (opinion.verdict == "ok") ? 0 : 1;
        }
        ours.push_back(our_time);
        theirs.push_back(their_time);
    }
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    const double our_ms = in_ms(ours[ours.size() / 2]);
    const double their_ms = in_ms(theirs[theirs.size() / 2]);
    std::printf("%zu etcd logs, median of %d passes: ours %.2f ms (worst log %.2f), Porcupine %.1f ms (worst log %.1f), ratio %.4f "
                "(goal 0.5), verdicts that differ: %d\n",
                logs.size(), passes, our_ms, in_ms(worst_ours), their_ms, in_ms(worst_theirs), our_ms / their_ms, differ);
    return differ == 0 ? 0 : 1;
}

int policy(const std::filesystem::path& references, int limit_s, const PolicyShape& shape) {
    const PolicyRegister made = policy_register(shape, 1);
    std::int64_t hits = 0;
    Suite::Options options;
    options.only = {"linearizability"};
    options.claims = parse_claims(Json{{"linearizability", Json::object()}}).value();
    options.on_hit = [&](std::string_view, std::uint64_t) { ++hits; };
    const auto began = Clock::now();
    const auto judgement = judge(made.records, options);
    const Duration ours = Clock::now() - began;
    if (!judgement) return std::fprintf(stderr, "%s\n", judgement.error().message.c_str()), 1;

    linearizability::Values values;
    std::vector<linearizability::Operation> operations = made.operations(values);
    const auto zones_began = Clock::now();
    const auto verdict = linearizability::decide(*linearizability::find_model("register"), values, operations, {});
    const Duration zones = Clock::now() - zones_began;

    const auto opinions = ask_porcupine(references, {porcupine_line({{std::nullopt, operations}}, values, false, limit_s * 1000)});
    if (!opinions) return std::fprintf(stderr, "%s\n", opinions.error().message.c_str()), 1;
    const bool invalid = claim(*judgement, "linearizability").validity == Validity::invalid;
    std::printf("policy-shaped, %d operations, %d agents, %d ms: ours %.2f ms (goal 10), %lld stale decisions listed in %zu episodes; "
                "without the order (zones) %.2f ms, %s; Porcupine %s after %.1f s\n",
                shape.operations, shape.agents, shape.shift_ms, in_ms(ours), static_cast<long long>(hits),
                claim(*judgement, "linearizability").violations.size(), in_ms(zones),
                verdict.outcome.linearizable ? "linearizable" : "not linearizable", (*opinions)[0].verdict.c_str(),
                in_ms((*opinions)[0].took) / 1e3);
    return invalid == !verdict.outcome.linearizable ? 0 : 1;
}

}  // namespace
}  // namespace mistrial::checkers

int main(int argc, char** argv) {
    using namespace mistrial::checkers;
    if (argc < 2) {
        std::fprintf(stderr, "usage: linearizability-comparison REFERENCES [PASSES [LIMIT_S]]\n");
        return 2;
    }
    const int passes = argc > 2 ? std::max(1, std::atoi(argv[2])) : 11;
    const int limit = argc > 3 ? std::max(1, std::atoi(argv[3])) : 30;
    int status = etcd(argv[1], passes);
    status |= policy(argv[1], limit, {1'000, 3, 8, 150});
    status |= policy(argv[1], limit, {5'000, 5, 16, 100});
    return status;
}
