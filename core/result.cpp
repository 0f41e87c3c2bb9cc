#include "core/result.hpp"

#include <cstdio>

namespace mistrial {

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    invariant_broken("result has a value", where.file_name(), static_cast<int>(where.line()), error.message);
}

void invariant_broken(const char* condition, const char* file, int line, const std::string& detail) {
    std::fprintf(stderr, "mistrial: broken invariant: %s (%s:%d): %s\n", condition, file, line, detail.c_str());
    std::abort();
}

}  // namespace mistrial
