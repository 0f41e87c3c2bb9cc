#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// Where a real OPA is on this machine.
namespace mistrial::nemesis {

struct OpaBinary {
    std::filesystem::path path;
    std::string version;  ///< as it says itself: "1.19.1"
    friend bool operator==(const OpaBinary&, const OpaBinary&) = default;
};

/// Asks a binary for its version (`opa version`).
[[nodiscard]] Result<OpaBinary> inspect_opa(const std::filesystem::path& path);

/// The first that serves of: OPA_BINARY, `opa` on PATH, the cache that scripts/opa fills (newest version
/// first). With a `version` ("1.19.1") only one of exactly that version serves. The error says how to get
/// one.
[[nodiscard]] Result<OpaBinary> find_opa(const std::string& version = {});

/// ${XDG_CACHE_HOME:-~/.cache}/mistrial/opa
[[nodiscard]] std::filesystem::path opa_cache();

}  // namespace mistrial::nemesis
