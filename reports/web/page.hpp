#pragma once

#include <cstddef>
#include <span>

/// The page's style sheet and script, compiled in from page.css and page.js.
namespace mistrial::reports::web {

[[nodiscard]] std::span<const std::byte> page_css();
[[nodiscard]] std::span<const std::byte> page_js();

}  // namespace mistrial::reports::web
