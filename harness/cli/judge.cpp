#include "harness/cli/judge.hpp"

#include "checkers/definitional/second_opinion.hpp"
#include "checkers/lattice.hpp"
#include "core/history/foreign/source.hpp"

#include <cstdio>

namespace mistrial::cli {

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
    Judged judged{suite.finish(), lanes.finish(), source->torn()};
    if (auto asked = ask_second_opinion(history, judged.judgement, format); !asked) return asked.error();
    if (judged.torn)
        std::fprintf(stderr, "mistrial: %s: its last %s was torn and is left out\n", history.c_str(),
                     format == history::Format::mst ? "frame" : "line");
    return judged;
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
