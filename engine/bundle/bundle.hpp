#pragma once

#include "core/json.hpp"
#include "engine/bundle/archive.hpp"
#include "engine/bundle/manifest.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// A bundle read and checked: what an agent activates. A value that never changes once made; it travels as
/// `std::shared_ptr<const Bundle>`.
namespace mistrial::bundle {

struct Bundle {
    Manifest manifest;
    Json data = Json::object();                   ///< every `data.json`, merged at the path of its folder
    std::map<std::string, std::string> policies;  ///< path -> Rego source
    std::optional<std::string> plan;              ///< text of `plan.json`
    friend bool operator==(const Bundle&, const Bundle&) = default;
};

/// Makes a bundle of an archive's members. Refused: data or policies outside the roots, two data files that disagree
/// about a path, `data.yaml`/`data.yml`, WASM, delta bundles (`patch.json`) and signatures (`.signatures.json` is not
/// refused but not verified: an agent that is configured to verify must not get here). Other files are ignored, as OPA
/// does.
[[nodiscard]] Result<Bundle> make_bundle(const Members& members);

/// `read_archive` and `make_bundle`.
[[nodiscard]] Result<std::shared_ptr<const Bundle>> read_bundle(std::string_view archive,
                                                                const ArchiveLimits& limits = {});

/// A bundle's members again: `.manifest`, one `data.json` at the top, policies, `plan.json`. `make_bundle` of it gives
/// the same bundle.
[[nodiscard]] Members to_members(const Bundle& bundle);

}  // namespace mistrial::bundle
