#include "harness/cli/judge.hpp"

#include "core/history/reader.hpp"

#include <cstdio>

namespace mistrial::cli {

Result<Judged> judge(const std::filesystem::path& history, const checkers::Suite::Options& options) {
    auto reader = history::Reader::open(history);
    if (!reader) return reader.error();
    checkers::Suite suite(options);
    reports::LaneBuilder lanes;
    while (true) {
        auto record = reader->next();
        if (!record) return record.error();
        if (!*record) break;
        if (auto taken = suite.on(**record); !taken) return with_context(history.string(), taken.error());
        lanes.on(**record);
    }
    Judged judged{suite.finish(), lanes.finish(), reader->torn()};
    if (judged.torn) std::fprintf(stderr, "mistrial: %s: its last line was torn and is left out\n", history.c_str());
    return judged;
}

}  // namespace mistrial::cli
