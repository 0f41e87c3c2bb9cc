#pragma once

namespace mistrial {

inline constexpr const char* version = "0.1.0";

}  // namespace mistrial
