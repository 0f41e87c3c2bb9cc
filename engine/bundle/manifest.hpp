#pragma once

#include "core/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a bundle says of itself, in its member `.manifest`.
namespace mistrial::bundle {

struct Manifest {
    std::string revision;                   ///< opaque; empty when the bundle names none
    std::vector<std::string> roots = {""};  ///< paths such as "mistrial/grants"; "" owns everything
    std::optional<int> rego_version;        ///< 0 or 1
    Json metadata = Json::object();
    friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// Reads the text of a `.manifest`; `where` names it in errors. Leading and trailing slashes of roots are
/// dropped, as OPA does; roots that contain one another and WASM resolvers are refused.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text, std::string_view where);

/// The text of a `.manifest`, one for each value.
[[nodiscard]] std::string to_text(const Manifest& manifest);

/// Whether `path` ("a/b") lies at or under `root` ("a"). The empty root owns everything.
[[nodiscard]] bool owns(std::string_view root, std::string_view path);

/// Two roots that could both own one path.
[[nodiscard]] bool overlap(std::string_view a, std::string_view b);

}  // namespace mistrial::bundle
