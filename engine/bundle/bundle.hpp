#pragma once

#include "engine/bundle/archive.hpp"
#include "engine/bundle/manifest.hpp"
#include "engine/rego/value.hpp"

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
    rego::Value data = rego::Value::object();     ///< every `data.json`, merged at the path of its folder
    std::map<std::string, std::string> policies;  ///< path -> Rego source
    std::optional<std::string> plan;              ///< text of `plan.json`
    friend bool operator==(const Bundle&, const Bundle&) = default;
};

/// Makes a bundle of an archive's members. Refused: data or policies outside the roots, data files that both
/// name one leaf, `data.yaml` and `data.yml` (OPA reads them; we do not), two plans, WebAssembly and delta
/// bundles
/// (`patch.json`). `.signatures.json` and any other file are ignored: nothing is verified here.
[[nodiscard]] Result<Bundle> make_bundle(const Members& members);

/// `read_archive` and `make_bundle`.
[[nodiscard]] Result<std::shared_ptr<const Bundle>> read_bundle(std::string_view archive,
                                                                const ArchiveLimits& limits = {});

/// A bundle's members again: `.manifest`, one `data.json` at the top, policies, `plan.json`. `make_bundle` of
/// it gives the same bundle.
[[nodiscard]] Members to_members(const Bundle& bundle);

}  // namespace mistrial::bundle
