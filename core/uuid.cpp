#include "core/uuid.hpp"

#include <fmt/format.h>

namespace mistrial {

std::string format_uuid(Uuid uuid) {
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", uuid.high >> 32, uuid.high >> 16 & 0xFFFFU,
                       uuid.high & 0xFFFFU, uuid.low >> 48, uuid.low & 0xFFFFFFFFFFFFU);
}

}  // namespace mistrial
