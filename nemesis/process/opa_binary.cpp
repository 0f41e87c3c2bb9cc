#include "nemesis/process/opa_binary.hpp"

#include "nemesis/process/command.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <sstream>

namespace mistrial::nemesis {
namespace {

/// "1.19.1" as {1, 19, 1}; what is no number counts as 0.
std::vector<int> numbers_of(const std::string& version) {
    std::vector<int> numbers;
    std::istringstream parts(version);
    for (std::string part; std::getline(parts, part, '.');) {
        int number = 0;
        std::from_chars(part.data(), part.data() + part.size(), number);
        numbers.push_back(number);
    }
    return numbers;
}

std::vector<std::filesystem::path> cached_binaries() {
    std::vector<std::filesystem::path> directories;
    std::error_code error;
    for (std::filesystem::directory_iterator at(opa_cache(), error), end; !error && at != end;
         at.increment(error))
        if (std::filesystem::is_regular_file(at->path() / "opa", error)) directories.push_back(at->path());
    std::sort(directories.begin(), directories.end(), [](const auto& a, const auto& b) {
        return numbers_of(a.filename().string()) > numbers_of(b.filename().string());
    });
    for (auto& directory : directories) directory /= "opa";
    return directories;
}

}  // namespace

std::filesystem::path opa_cache() {
    const char* const cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache == '/') return std::filesystem::path(cache) / "mistrial" / "opa";
    const char* const home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr ? home : "/") / ".cache/mistrial/opa";
}

Result<OpaBinary> inspect_opa(const std::filesystem::path& path) {
    Command command;
    command.argv = {path.string(), "version"};
    command.deadline = std::chrono::seconds{20};
    const auto output = run_checked(command);
    if (!output) return output.error();
    std::istringstream lines(*output);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("Version: ")) return OpaBinary{path, line.substr(9)};
    return fail("{}: `opa version` does not say its version", path.string());
}

Result<OpaBinary> find_opa(const std::string& version) {
    const auto serves = [&](const std::filesystem::path& path) -> Result<OpaBinary> {
        auto found = inspect_opa(path);
        if (found && !version.empty() && found->version != version)
            return fail("{}: is OPA {}, not {}", path.string(), found->version, version);
        return found;
    };
    // What the user names must work, unless it is only the wrong version.
    if (const char* const named = std::getenv("OPA_BINARY"); named != nullptr && *named != '\0') {
        auto found = inspect_opa(named);
        if (!found) return with_context("OPA_BINARY", found.error());
        if (version.empty() || found->version == version) return found;
    }
    if (const auto on_path = find_executable("opa"))
        if (auto found = serves(*on_path)) return found;
    for (const auto& cached : cached_binaries())
        if (auto found = serves(cached)) return found;
    return fail("no OPA{} here: build one with `scripts/opa {}`, or name a binary: OPA_BINARY=PATH",
                version.empty() ? "" : " " + version, version.empty() ? "1.19.1" : version);
}

}  // namespace mistrial::nemesis
