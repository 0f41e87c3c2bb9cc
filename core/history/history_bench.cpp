#include "core/history/reader.hpp"
#include "core/history/writer.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

namespace mistrial::history {
namespace {

/// What a run at 5,000 decisions a second writes most: an answered decision with everything in it.
Record decision(bool answered) {
    Record record;
    record.index = 123456;
    record.time = at_nanos<TrueTime>(31'234'567'890);
    record.type = answered ? Type::ok : Type::invoke;
    record.process = 17;
    record.f = "decide";
    Decide decide;
    decide.agent = "a3";
    decide.path = "mistrial/grants/decision";
    decide.input = Json{{"user", "u17"}, {"action", "read"}, {"resource", "doc42"}};
    decide.input_id = "u17-read-doc42";
    decide.nonce = "s12-004711";
    decide.timeout = std::chrono::seconds(2);
    if (answered) {
        decide.answer = Verdict("true");
        decide.revisions = {{"main", "r57"}};
        decide.markers = {{"main/grants", "r57"}, {"main/mistrial", "r57"}};
        decide.agent_time = at_nanos<WallTime>(1'732'000'000'123'456'789);
        decide.decision_id = "4ca636c1-55e4-417a-b1d8-4aceb67960d1";
        decide.incarnation = "a3#1";
    }
    record.value = std::move(decide);
    record.session = "s12";
    record.sched = at_nanos<TrueTime>(31'234'000'000);
    return record;
}

void ToLine(benchmark::State& state) {
    const Record record = decision(state.range(0) != 0);
    for (auto _ : state) benchmark::DoNotOptimize(to_line(record));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ToLine)->ArgName("answered")->Arg(0)->Arg(1);

void Read(benchmark::State& state) {
    const auto file =
        std::filesystem::temp_directory_path() / ("mistrial-bench-" + std::to_string(::getpid()));
    constexpr int kPairs = 20000;
    {
        std::filesystem::remove(file);
        auto writer = Writer::create(file);
        for (int i = 0; i < kPairs; ++i)
            for (const bool answered : {false, true})
                if (!writer->append(decision(answered))) state.SkipWithError("cannot write");
        if (!writer->close()) state.SkipWithError("cannot close");
    }
    for (auto _ : state) {
        auto reader = Reader::open(file);
        for (;;) {
            auto record = reader->next();
            if (!record || !*record) break;
            benchmark::DoNotOptimize(**record);
        }
    }
    state.SetItemsProcessed(state.iterations() * kPairs * 2);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(std::filesystem::file_size(file)));
    std::filesystem::remove(file);
}
BENCHMARK(Read)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mistrial::history
