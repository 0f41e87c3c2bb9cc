#pragma once

#include "checkers/testing/valid_history.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mistrial::checkers::testing {

/// Many valid histories, judged: whatever is found wrong with one of them is wrong with the checkers.
struct Soak {
    struct Claimed {
        std::int64_t valid = 0;
        std::int64_t unknown = 0;
        std::int64_t failed = 0;
        std::int64_t obligations = 0;
    };

    std::int64_t operations = 0;
    std::int64_t histories = 0;
    std::int64_t failures = 0;
    std::map<std::string, Claimed> claims;
    std::vector<std::string> accusations;  ///< the first few, each with the seed that makes it again

    void judge(const ValidHistory& history);
    [[nodiscard]] std::string report() const;
};

}  // namespace mistrial::checkers::testing
