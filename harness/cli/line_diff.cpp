#include "harness/cli/line_diff.hpp"

#include <dtl/dtl.hpp>

#include <sstream>
#include <vector>

namespace mistrial::cli {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

}  // namespace

std::string line_diff(const std::string& before, const std::string& after) {
    dtl::Diff<std::string> diff(lines_of(before), lines_of(after));
    diff.compose();
    diff.composeUnifiedHunks();
    std::ostringstream out;
    diff.printUnifiedFormat(out);
    return out.str();
}

}  // namespace mistrial::cli
