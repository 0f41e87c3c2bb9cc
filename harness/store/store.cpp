#include "harness/store/store.hpp"

#include <unistd.h>

#include <cctype>
#include <ctime>

namespace mistrial::store {
namespace {

std::string stamp(WallTime time) {
    const std::time_t seconds = nanos_of(time) / 1'000'000'000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                       utc.tm_min, utc.tm_sec);
}

/// A scenario's name as one folder name, whatever it holds.
std::string folder_name(const std::string& scenario) {
    std::string name;
    for (const char c : scenario) name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ? c : '-';
    while (name.starts_with('.')) name.erase(0, 1);
    return name.empty() ? "unnamed" : name;
}

Result<> point(const std::filesystem::path& link, const std::filesystem::path& target) {
    const std::filesystem::path beside = link.string() + ".new-" + std::to_string(::getpid());
    std::error_code error;
    std::filesystem::remove(beside, error);
    std::filesystem::create_directory_symlink(target, beside, error);
    if (!error) std::filesystem::rename(beside, link, error);
    if (!error) return {};
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    return fail("{}: cannot be pointed to {}: {}", link.string(), target.string(), error.message());
}

}  // namespace

Result<RunFolder> RunFolder::create(const std::filesystem::path& store, const std::string& scenario, std::uint64_t seed,
                                    WallTime started, Of of) {
    const std::string family = folder_name(scenario);
    std::error_code error;
    std::filesystem::create_directories(store / family, error);
    if (error) return fail("{}: {}", (store / family).string(), error.message());
    const std::string base = fmt::format("{}-{}", stamp(started), seed);
    std::string name = base;
    // create_directory tells whether it was ours: two runs that begin together do not share a folder.
    for (int n = 2; !std::filesystem::create_directory(store / family / name, error); ++n) {
        if (error) return fail("{}: {}", (store / family / name).string(), error.message());
        name = fmt::format("{}-{}", base, n);
    }
    const std::filesystem::path path = store / family / name;
    if (of == Of::run) std::filesystem::create_directory(path / "logs", error);
    if (error) return fail("{}: {}", (path / "logs").string(), error.message());
    if (auto pointed = point(store / family / "latest", name); !pointed) return pointed.error();
    if (of == Of::search) return RunFolder(path, family + "-" + name);
    if (auto pointed = point(store / "latest", std::filesystem::path(family) / name); !pointed) return pointed.error();
    return RunFolder(path, family + "-" + name);
}

}  // namespace mistrial::store
