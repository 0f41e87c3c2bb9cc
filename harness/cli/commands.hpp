#pragma once

#include <CLI/CLI.hpp>

/// One function a command: adds it to the program and, when it was given, leaves its exit status in `status`.
namespace mistrial::cli {

/// Jepsen's exit statuses.
inline constexpr int kValid = 0;
inline constexpr int kInvalid = 1;
inline constexpr int kUnknown = 2;
inline constexpr int kBadInput = 254;
inline constexpr int kInternalError = 255;

/// Of two histories' statuses the one that stands for both: an internal error, then false over bad input (a violation
/// stands whatever else failed), over unknown, over true.
[[nodiscard]] constexpr int worse(int a, int b) {
    const auto rank = [](int status) {
        return status == kValid ? 0 : status == kUnknown ? 1 : status == kBadInput ? 2 : status == kInvalid ? 3 : 4;
    };
    return rank(a) >= rank(b) ? a : b;
}

void add_run(CLI::App& app, int& status);
void add_plan(CLI::App& app, int& status);
void add_check(CLI::App& app, int& status);
void add_convert(CLI::App& app, int& status);
void add_search(CLI::App& app, int& status);
void add_merge(CLI::App& app, int& status);
void add_shrink(CLI::App& app, int& status);
void add_replay(CLI::App& app, int& status);
void add_report(CLI::App& app, int& status);
void add_list(CLI::App& app, int& status);
void add_schema(CLI::App& app, int& status);
void add_doctor(CLI::App& app, int& status);
void add_clean(CLI::App& app, int& status);

}  // namespace mistrial::cli
