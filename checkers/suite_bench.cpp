#include "checkers/checker.hpp"
#include "checkers/testing/fleet_history.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace mistrial::checkers {
namespace {

/// Nanoseconds a decision with everything in memory: 100 agents, 10^4 sessions, 4,096 inputs, 10 publishes a second,
/// 10^5 decisions a second. `logged`: each decision's event arrives in the decision log too. `records`: through records
/// instead of rows.
void Judge(benchmark::State& state) {
    testing::FleetShape shape;
    shape.decisions = 1'000'000;
    shape.logged = shape.identified = state.range(0) != 0;
    if (state.range(1) != 0 || shape.logged) shape.decisions = 200'000;
    testing::FleetHistory source(shape);
    std::vector<history::Batch> batches;
    for (history::Batch batch; source.next(batch).value(); batch = {}) batches.push_back(std::move(batch));
    std::vector<history::Record> records;
    if (state.range(1) != 0) {
        history::RowTeller teller;
        for (const history::Batch& batch : batches) {
            teller.learn(batch.added);
            auto other = batch.others.begin();
            for (const history::Row& row : batch.rows) {
                records.push_back(row.kind == history::Row::Kind::other ? *other++ : teller.record(row));
            }
        }
    }
    std::size_t claims = 0;
    for (auto _ : state) {
        Suite suite;
        bool well = true;
        if (records.empty()) {
            for (const history::Batch& batch : batches) well = suite.on(batch).has_value() && well;
        } else {
            for (const history::Record& record : records) well = suite.on(record).has_value() && well;
        }
        const Judgement judgement = suite.finish();
        claims = judgement.claims.size();
        for (const ClaimResult& claim : judgement.claims) well = well && claim.violations.empty();
        if (!well) state.SkipWithError("a valid history was not judged valid");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(shape.decisions));
    state.counters["properties"] = static_cast<double>(claims);
    state.counters["per_decision"] = benchmark::Counter(static_cast<double>(shape.decisions),
                                                        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(Judge)->ArgNames({"logged", "records"})->Args({0, 0})->Args({1, 0})->Args({0, 1})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mistrial::checkers
