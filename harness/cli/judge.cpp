#include "harness/cli/judge.hpp"

#include "checkers/definitional/second_opinion.hpp"
#include "checkers/lattice.hpp"
#include "checkers/side_by_side.hpp"
#include "core/history/binary.hpp"
#include "core/history/foreign/source.hpp"
#include "core/history/line_rows.hpp"
#include "core/history/read_ahead.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

namespace mistrial::cli {
namespace {

template <class Rows>
Result<std::unique_ptr<history::BatchSource>> ahead_of(Result<Rows> rows) {
    if (!rows) return rows.error();
    return std::unique_ptr<history::BatchSource>(
        std::make_unique<history::ReadAhead>(std::make_unique<Rows>(std::move(*rows))));
}

Result<Judged> concluded(const std::filesystem::path& history, history::Format format, Judged judged) {
    if (auto asked = ask_second_opinion(history, judged.judgement, format); !asked) return asked.error();
    if (judged.torn)
        std::fprintf(stderr, "mistrial: %s: its last %s was torn and is left out\n", history.c_str(),
                     format == history::Format::mst ? "frame" : "line");
    return judged;
}

}  // namespace

Result<Judged> judge(const std::filesystem::path& history, const checkers::Suite::Options& options, history::Format format) {
    auto source = history::Source::open(history, format);
    if (!source) return source.error();
    checkers::Suite suite(options);
    reports::LaneBuilder lanes;
    while (true) {
        auto record = source->next();
        if (!record) return record.error();
        if (!*record) break;
        if (auto taken = suite.on(**record); !taken) return with_context(source->place(), taken.error());
        lanes.on(**record);
    }
    return concluded(history, format, {suite.finish(), lanes.finish(), source->torn()});
}

Result<Judged> judge_rows(const std::filesystem::path& history, const checkers::Suite::Options& options,
                          history::Format format) {
    if (format != history::Format::jsonl && format != history::Format::mst) return judge(history, options, format);
    auto source = format == history::Format::mst ? ahead_of(history::BinaryReader::open(history))
                                                 : ahead_of(history::LineRows::open(history));
    if (!source) return source.error();
    checkers::SideBySide suites(options, std::max(1U, std::thread::hardware_concurrency()));
    reports::Lanes lanes;
    history::Batch batch;
    std::optional<Error> unreadable;
    while (true) {
        const auto more = (*source)->next(batch);
        if (!more) unreadable = more.error();
        if (!more || !*more) break;
        lanes.end = std::max(lanes.end, batch.rows.back().time);
        if (!suites.on(std::move(batch))) break;
    }
    auto judgement = suites.finish();
    // Which line contradicts those before it, only reading record by record tells; what cannot be read comes after them.
    if (!judgement) return judge(history, options, format);
    if (unreadable) return *unreadable;
    return concluded(history, format, {std::move(*judgement), std::move(lanes), (*source)->torn()});
}

Result<> ask_second_opinion(const std::filesystem::path& history, checkers::Judgement& judgement, history::Format format) {
    for (std::string& contradiction : checkers::contradictions(judgement)) {
        judgement.internal_errors.push_back(std::move(contradiction));
    }
    checkers::definitional::SecondOpinion opinion(judgement);
    if (!opinion.wanted()) return {};
    auto source = history::Source::open(history, format);
    if (!source) return source.error();
    while (true) {
        const auto record = source->next();
        if (!record) return record.error();
        if (!*record) break;
        opinion.on(**record);
    }
    for (std::string& disagreement : opinion.disagreements()) judgement.internal_errors.push_back(std::move(disagreement));
    return {};
}

}  // namespace mistrial::cli
