#pragma once

#include "engine/http_message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::agent {

/// A file below the persistence directory, as it was found at the start.
struct PersistedFile {
    std::string path;  ///< "bundles/main/bundle.tar.gz"
    http::Body bytes;
};

/// One step on the disk, in the order given; paths are below the persistence directory. A crash may come
/// between any two, and what was not synced may be lost or torn.
struct DiskStep {
    enum class Kind : std::uint8_t {
        make_directory,  ///< with its parents
        write,           ///< create or truncate `path`, write `bytes`
        sync,            ///< fsync `path`
        rename,          ///< `path` to `to`
        sync_directory,
    };
    Kind kind = Kind::write;
    std::string path;
    std::string to;
    http::Body bytes;
};

/// Replaces `path` at once: beside it, synced, renamed over it, directory synced.
[[nodiscard]] std::vector<DiskStep> replace_steps(std::string_view path, http::Body bytes);

/// Where OPA keeps the last activated archive of a bundle.
[[nodiscard]] std::string persisted_path(std::string_view bundle);

/// What a restart begins with.
struct Restored {
    http::Body archive;
    std::string etag;  ///< OPA keeps none: the first poll after a restart downloads again
};

}  // namespace mistrial::agent
