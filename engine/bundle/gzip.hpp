#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mistrial::bundle {

struct GunzipLimits {
    std::uint64_t bytes = 2'147'483'648;  ///< unpacked
    std::uint64_t expansion = 1'000;      ///< bytes out for each byte in, once more than 1 MiB has come out
};

/// How hard gzip tries: `smallest` for what is kept and served many times, `fastest` for what is sent once.
enum class Effort : std::uint8_t { smallest, fastest };

/// One gzip member without a time or a name: the same bytes whenever `bytes` are.
[[nodiscard]] std::string gzip(std::string_view bytes, Effort effort = Effort::smallest);

/// Unpacks gzip (RFC 1952), several members in a row included, and checks their sums. Refused: what is not
/// gzip, what ends early or is damaged, what follows the last member, and what grows beyond the limits.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, const GunzipLimits& limits = {});

}  // namespace mistrial::bundle
