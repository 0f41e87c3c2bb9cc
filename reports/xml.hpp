#pragma once

#include <string>
#include <string_view>

namespace mistrial::reports {

/// Text for XML and HTML, in elements and in quoted attributes: the five special characters become entities;
/// what neither allows (control characters, bytes that are no UTF-8, U+FFFE and U+FFFF) becomes U+FFFD.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace mistrial::reports
