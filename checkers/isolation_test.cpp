#include "core/json.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

/// The second opinion is worth something only while it shares no code with what it judges (docs/properties.md).
namespace mistrial::checkers {
namespace {

std::set<std::string> includes_of(const std::filesystem::path& file) {
    static const std::regex line(R"re(#include "([^"]+)")re");
    const std::string text = read_file(file).value();
    std::set<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), line), end; match != end; ++match) found.insert((*match)[1]);
    return found;
}

TEST(Definitions, ShareOnlyValueTypesWithTheCheckersThatTheyJudge) {
    const std::set<std::string> values{"checkers/claims.hpp", "checkers/finding.hpp"};
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(MISTRIAL_SOURCE_DIR "/checkers/definitional")) {
        const std::string name = entry.path().filename();
        if (name.find("_test.") != std::string::npos) continue;
        ++files;
        for (const std::string& include : includes_of(entry.path())) {
            const bool allowed = include.starts_with("core/") || include.starts_with("checkers/definitional/") || values.contains(include);
            EXPECT_TRUE(allowed) << name << " includes " << include;
        }
    }
    EXPECT_GT(files, 8U);
}

TEST(Definitions, AreKnownToNoChecker) {
    for (const char* folder : {"/checkers", "/checkers/kernels", "/checkers/linearizability"}) {
        for (const auto& entry : std::filesystem::directory_iterator(std::string(MISTRIAL_SOURCE_DIR) + folder)) {
            const std::string name = entry.path().filename();
            if (!entry.is_regular_file() || name.find("_test.") != std::string::npos) continue;
            for (const std::string& include : includes_of(entry.path())) {
                EXPECT_FALSE(include.starts_with("checkers/definitional/")) << name << " includes " << include;
            }
        }
    }
}

}  // namespace
}  // namespace mistrial::checkers
