#include "core/history/operation.hpp"

#include <array>

namespace mistrial::history {

std::string_view to_text(Type type) {
    constexpr std::array<std::string_view, 4> names{"invoke", "ok", "fail", "info"};
    return names.at(static_cast<std::size_t>(type));
}

std::string to_text(const Process& process) {
    if (const auto* number = std::get_if<std::int64_t>(&process)) return fmt::format("{}", *number);
    return std::get<std::string>(process);
}

}  // namespace mistrial::history
