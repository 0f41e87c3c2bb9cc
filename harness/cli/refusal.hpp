#pragma once

#include "core/result.hpp"
#include "harness/cli/commands.hpp"

#include <cstdio>

namespace mistrial::cli {

/// Tells a user what is wrong with what was given; the exit status for it.
inline int refuse(const Error& error) {
    std::fprintf(stderr, "mistrial: %s\n", error.message.c_str());
    return kBadInput;
}

}  // namespace mistrial::cli
