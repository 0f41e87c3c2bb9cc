#pragma once

#include <boost/system/result.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>

/// What can go wrong for a user comes back as a value; what must never be wrong is asserted, in release builds too.
namespace mistrial {

/// A failure that a user can act on: the message names the file, the JSON pointer or the node, and what to do.
struct Error {
    std::string message;

    /// Not made from a bare string, so that a Result<std::string> never mistakes a value for a failure.
    Error() = default;
    [[nodiscard]] static Error saying(std::string text) {
        Error error;
        error.message = std::move(text);
        return error;
    }

    friend bool operator==(const Error&, const Error&) = default;
};

/// Needed by boost::system::result for `value()`; reaching it is a broken invariant, never a user's error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T = void>
using Result = boost::system::result<T, Error>;

/// An Error from a format string, in any Result: `return fail("{}: no such file", path);`
template <class... Args>
[[nodiscard]] Error fail(fmt::format_string<Args...> format, Args&&... args) {
    return Error::saying(fmt::format(format, std::forward<Args>(args)...));
}

/// `error` with what was being done put in front of it: "CONTEXT: MESSAGE".
[[nodiscard]] inline Error with_context(std::string_view context, const Error& error) {
    return Error::saying(fmt::format("{}: {}", context, error.message));
}

[[noreturn]] void invariant_broken(const char* condition, const char* file, int line, const std::string& detail);

}  // namespace mistrial

/// An invariant of the program, checked in every build: prints where, and `detail` (node, revision, time), and aborts.
#define MISTRIAL_INVARIANT(condition, ...)                                                                   \
    do {                                                                                                     \
        if (!(condition)) [[unlikely]]                                                                       \
            ::mistrial::invariant_broken(#condition, __FILE__, __LINE__, ::fmt::format(__VA_ARGS__));        \
    } while (false)
