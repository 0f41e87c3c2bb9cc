#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What every report says of a run beside what the checkers found. Plain values, filled in by the harness;
/// what is not known (a history judged on its own has no seed) is left empty and then not printed.
namespace mistrial::reports {

struct Run {
    std::string scenario;  ///< its name; of a bare history, the file's
    std::string about;     ///< one sentence, from the scenario
    std::optional<std::uint64_t> seed;
    std::string world;                       ///< "live", "sim", or empty
    std::optional<std::string> fingerprint;  ///< of a simulated run, in hex
    std::optional<WallTime> started;
    Duration duration{};                          ///< as it was, not as it was planned
    std::map<std::string, std::string> versions;  ///< program -> version: "mistrial", "opa" …
    std::string command;                          ///< one line that runs the same plan again
    std::string folder;                           ///< of the store; empty when nothing was stored
    std::map<std::string, std::string>
        files;  ///< "report" -> the path of report.html, "history" -> …, as a user types it
    std::vector<std::string> not_tested;  ///< faults not given, claims not made; one phrase each
    std::vector<std::string>
        internal_errors;       ///< what broke in the program itself; such a run is never valid
    bool interrupted = false;  ///< a signal ended it early
    friend bool operator==(const Run&, const Run&) = default;
};

}  // namespace mistrial::reports
