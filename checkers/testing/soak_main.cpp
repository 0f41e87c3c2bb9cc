#include "checkers/testing/soak.hpp"

#include "core/history/writer.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// soak [OPERATIONS] [SEEDS] [FIRST]: judges valid-by-construction histories of SEEDS seeds from FIRST on, OPERATIONS in
/// all, and tells how many were accused. Exit status 1 when any was. soak --history OPERATIONS SEED prints one of them.
int main(int argc, char** argv) {
    if (argc == 4 && std::string_view{argv[1]} == "--history") {
        const auto history = mistrial::checkers::testing::valid_history(std::strtoull(argv[3], nullptr, 10), std::strtoll(argv[2], nullptr, 10));
        history.generate([](const mistrial::history::Record& record, const mistrial::checkers::testing::Truth*) {
            std::puts(mistrial::history::to_line(record).c_str());
        });
        return 0;
    }
    const auto argument = [&](int place, std::int64_t otherwise) {
        return argc > place ? std::strtoll(argv[place], nullptr, 10) : otherwise;
    };
    const std::int64_t operations = argument(1, 10'000'000);
    const std::int64_t seeds = argument(2, 1'000);
    const std::int64_t first = argument(3, 1);
    if (operations < 1 || seeds < 1 || operations < seeds) {
        std::fprintf(stderr, "usage: soak [OPERATIONS] [SEEDS] [FIRST], with at least one operation a seed\n");
        return 254;
    }
    mistrial::checkers::testing::Soak soak;
    for (std::int64_t i = 0; i < seeds; ++i) {
        soak.judge(mistrial::checkers::testing::valid_history(static_cast<std::uint64_t>(first + i), operations / seeds));
        if (i % std::max<std::int64_t>(1, seeds / 20) == 0) {
            std::fprintf(stderr, "%lld operations, %lld seeds, %lld FAILs\n", static_cast<long long>(soak.operations),
                         static_cast<long long>(soak.histories), static_cast<long long>(soak.failures));
        }
    }
    std::fputs(soak.report().c_str(), stdout);
    return soak.failures == 0 ? 0 : 1;
}
