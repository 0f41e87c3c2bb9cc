#pragma once

#include "core/result.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What this machine can do for us, found by trying it: nothing is changed that outlives the probe.
namespace mistrial::nemesis {

struct Probe {
    std::string name;  ///< "vdso-clock"
    bool ok = false;
    std::string detail;      ///< what was found: "4 entries, 1519 bytes free", "Operation not permitted"
    std::string enables;     ///< what it is for
    std::string how_to_get;  ///< what to do where it is missing; may be empty when ok
    friend bool operator==(const Probe&, const Probe&) = default;
};

/// Names of all probes, in the order in which they are printed.
[[nodiscard]] std::vector<std::string_view> probe_names();

/// Tries one; an unknown name is an error. Takes milliseconds (`tcp-black-hole` about 0.3 s).
[[nodiscard]] Result<Probe> run_probe(std::string_view name);

/// Tries all.
[[nodiscard]] std::vector<Probe> examine_machine();

/// Those of `needs` that do not hold here.
[[nodiscard]] std::vector<Probe> missing(const std::vector<std::string>& needs);

}  // namespace mistrial::nemesis
