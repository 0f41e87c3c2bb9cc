#include "engine/agent/persistence.hpp"

#include "core/result.hpp"

namespace mistrial::agent {

std::vector<DiskStep> replace_steps(std::string_view path, http::Body bytes) {
    using Kind = DiskStep::Kind;
    const auto slash = path.rfind('/');
    const std::string folder(slash == std::string_view::npos ? "." : path.substr(0, slash));
    const std::string beside = fmt::format("{}/.{}.tmp", folder, path.substr(slash + 1));
    return {
        {.kind = Kind::make_directory, .path = folder, .to = {}, .bytes = nullptr},
        {.kind = Kind::write, .path = beside, .to = {}, .bytes = std::move(bytes)},
        {.kind = Kind::sync, .path = beside, .to = {}, .bytes = nullptr},
        {.kind = Kind::rename, .path = beside, .to = std::string(path), .bytes = nullptr},
        {.kind = Kind::sync_directory, .path = folder, .to = {}, .bytes = nullptr},
    };
}

std::string persisted_path(std::string_view bundle) {
    return fmt::format("bundles/{}/bundle.tar.gz", bundle);
}

}  // namespace mistrial::agent
