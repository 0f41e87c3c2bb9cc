#pragma once

#include "engine/bundle/archive.hpp"

#include <string>
#include <string_view>

namespace mistrial::bundle {

/// SHA-256 over the sorted (path, length, bytes) of the members, in lower-case hex: path, one zero byte,
/// length as eight bytes big-endian, bytes. The same for every archive that packs the same members; an
/// authority's ETag.
[[nodiscard]] std::string digest(const Members& members);

/// SHA-256 of bytes as they are: the ETag of something that is no archive.
[[nodiscard]] std::string digest_of_bytes(std::string_view bytes);

}  // namespace mistrial::bundle
