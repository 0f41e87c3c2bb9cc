#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

/// Members of a bundle as bytes, and the gzipped tar that carries them. Reading trusts nothing: an archive
/// comes from a network.
namespace mistrial::bundle {

/// Path -> bytes. Paths are normal: no leading `/` or `./`, no empty, `.` or `..` part. Sorted, so that equal
/// members give equal archives.
using Members = std::map<std::string, std::string>;

struct ArchiveLimits {
    std::uint64_t members = 65'536;
    std::uint64_t member_bytes = 1'073'741'824;  ///< OPA's default `size_limit_bytes`
    std::uint64_t total_bytes = 2'147'483'648;
    std::uint64_t expansion =
        1'000;  ///< bytes unpacked for each byte packed, once more than 1 MiB has come out
};

/// The same members always give the same bytes: names sorted, no time, no owner, no gzip name.
[[nodiscard]] Result<std::string> write_archive(const Members& members);

/// Unpacks a gzipped tar. Refused, by name of the member: paths that escape, links, devices, members twice,
/// too many, too large, expansion beyond the limit; and what is not gzip, not tar, or ends early.
[[nodiscard]] Result<Members> read_archive(std::string_view bytes, const ArchiveLimits& limits = {});

/// `/a/./b` -> `a/b`; refused: `..`, backslashes, control characters, nothing left.
[[nodiscard]] Result<std::string> normal_member_name(std::string_view name);

}  // namespace mistrial::bundle
