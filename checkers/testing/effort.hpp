#pragma once

#include <cstdint>

namespace mistrial::checkers::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::int64_t one_case_in = 20;
#else
inline constexpr std::int64_t one_case_in = 1;
#endif

/// How many of `cases` of a long law to try: all, and a twentieth of them under a sanitizer, which is slow and looks for other
/// mistakes than wrong answers.
constexpr std::int64_t effort(std::int64_t cases) { return (cases + one_case_in - 1) / one_case_in; }

}  // namespace mistrial::checkers::testing
