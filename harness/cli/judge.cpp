#include "harness/cli/judge.hpp"

#include "checkers/definitional/second_opinion.hpp"
#include "core/history/binary.hpp"
#include "core/history/line_rows.hpp"
#include "core/history/read_ahead.hpp"
#include "core/history/reader.hpp"

#include <cstdio>
#include <functional>
#include <memory>

namespace mistrial::cli {
namespace {

template <class Reader>
Result<bool> each_of(Reader reader, const std::function<Result<>(const history::Record&)>& take) {
    if (!reader) return reader.error();
    while (true) {
        const auto record = reader->next();
        if (!record) return record.error();
        if (!*record) return reader->torn();
        if (auto taken = take(**record); !taken) return taken.error();
    }
}

/// Gives every record of a history of either form to `take`; true when its end was torn.
Result<bool> each_record(const std::filesystem::path& history, const std::function<Result<>(const history::Record&)>& take) {
    if (history::is_binary_history(history)) return each_of(history::BinaryReader::open(history), take);
    return each_of(history::Reader::open(history), take);
}

Result<std::unique_ptr<history::BatchSource>> open_rows(const std::filesystem::path& history) {
    std::unique_ptr<history::BatchSource> source;
    if (history::is_binary_history(history)) {
        auto reader = history::BinaryReader::open(history);
        if (!reader) return reader.error();
        source = std::make_unique<history::BinaryReader>(std::move(*reader));
    } else {
        auto reader = history::LineRows::open(history);
        if (!reader) return reader.error();
        source = std::make_unique<history::LineRows>(std::move(*reader));
    }
    return std::unique_ptr<history::BatchSource>(std::make_unique<history::ReadAhead>(std::move(source)));
}

Result<Judged> finish(const std::filesystem::path& history, Judged judged) {
    if (auto asked = ask_second_opinion(history, judged.judgement); !asked) return asked.error();
    if (judged.torn) std::fprintf(stderr, "mistrial: %s: its last record was torn and is left out\n", history.c_str());
    return judged;
}

}  // namespace

Result<Judged> judge(const std::filesystem::path& history, const checkers::Suite::Options& options) {
    checkers::Suite suite(options);
    reports::LaneBuilder lanes;
    const auto torn = each_record(history, [&](const history::Record& record) -> Result<> {
        if (auto taken = suite.on(record); !taken) return with_context(history.string(), taken.error());
        lanes.on(record);
        return {};
    });
    if (!torn) return torn.error();
    return finish(history, {suite.finish(), lanes.finish(), *torn});
}

Result<Judged> judge_rows(const std::filesystem::path& history, const checkers::Suite::Options& options) {
    auto source = open_rows(history);
    if (!source) return source.error();
    checkers::Suite suite(options);
    reports::Lanes lanes;
    history::Batch batch;
    while (true) {
        const auto more = (*source)->next(batch);
        if (!more) return more.error();
        if (!*more) break;
        if (auto taken = suite.on(batch); !taken) return with_context(history.string(), taken.error());
        lanes.end = std::max(lanes.end, batch.rows.back().time);
    }
    return finish(history, {suite.finish(), std::move(lanes), (*source)->torn()});
}

Result<> ask_second_opinion(const std::filesystem::path& history, checkers::Judgement& judgement) {
    checkers::definitional::SecondOpinion opinion(judgement);
    if (!opinion.wanted()) return {};
    const auto read = each_record(history, [&](const history::Record& record) -> Result<> {
        opinion.on(record);
        return {};
    });
    if (!read) return read.error();
    for (std::string& disagreement : opinion.disagreements()) judgement.internal_errors.push_back(std::move(disagreement));
    return {};
}

}  // namespace mistrial::cli
