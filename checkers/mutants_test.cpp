#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

/// scripts/mutants breaks the checkers line by line, from a list. It runs at night: here only that every line of the list is
/// still there, once, so that no mutation gets lost unnoticed when its source changes.
namespace mistrial::checkers {
namespace {

std::vector<std::string> lines_of(const std::string& file) {
    std::ifstream in(std::string(MISTRIAL_SOURCE_DIR "/") + file);
    EXPECT_TRUE(in.is_open()) << file;
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string stripped(const std::string& line) {
    const std::size_t from = line.find_first_not_of(' ');
    return from == std::string::npos ? std::string() : line.substr(from, line.find_last_not_of(' ') + 1 - from);
}

std::size_t places(const std::vector<std::string>& lines, const std::vector<std::string>& wanted) {
    std::size_t count = 0;
    for (std::size_t at = 0; at + wanted.size() <= lines.size(); ++at) {
        const auto same = [](const std::string& one, const std::string& line) { return one == stripped(line); };
        count += std::equal(wanted.begin(), wanted.end(), lines.begin() + static_cast<std::ptrdiff_t>(at), same) ? 1 : 0;
    }
    return count;
}

TEST(Mutants, EveryLineOfTheListIsThereOnce) {
    std::vector<std::string> block;
    std::size_t mutants = 0;
    std::vector<std::string> list = lines_of("checkers/testing/mutants.txt");
    list.emplace_back();
    for (const std::string& line : list) {
        if (line.starts_with("#")) continue;
        if (!stripped(line).empty()) {
            block.push_back(line);
            continue;
        }
        if (block.empty()) continue;
        std::vector<std::string> before;
        for (const std::string& part : block)
            if (part.starts_with("- ")) before.push_back(stripped(part.substr(2)));
        EXPECT_EQ(places(lines_of(stripped(block[0])), before), 1U) << block[0] << ": " << (before.empty() ? "" : before[0]);
        ++mutants;
        block.clear();
    }
    EXPECT_GE(mutants, 60U);
}

}  // namespace
}  // namespace mistrial::checkers
