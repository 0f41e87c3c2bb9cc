#pragma once

#include "core/time.hpp"
#include "nemesis/process/process.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mistrial::nemesis {

/// A short command of which only the output is wanted (`opa version`, `opa build`).
struct Command {
    std::vector<std::string> argv;         ///< argv[0]: a path, or a name to look up in our PATH
    std::vector<std::string> environment;  ///< "NAME=value"; empty: PATH and HOME of ours
    std::filesystem::path directory;       ///< empty: ours
    Duration deadline = std::chrono::seconds{30};
};

struct CommandOutput {
    ExitStatus status;
    std::string out;
    std::string err;
};

/// Runs it to its end and captures both outputs. An error when it cannot be started or exceeds its deadline
/// (it is killed then, with its process group); a non-zero exit is no error here.
[[nodiscard]] Result<CommandOutput> run_command(const Command& command);

/// As `run_command`, but a non-zero exit is an error that quotes the end of its stderr; returns stdout.
[[nodiscard]] Result<std::string> run_checked(const Command& command);

/// `name` itself when it holds a slash, else the first executable of that name in PATH.
[[nodiscard]] Result<std::filesystem::path> find_executable(std::string_view name);

}  // namespace mistrial::nemesis
