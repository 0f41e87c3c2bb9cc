#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mistrial::checkers {

/// Names as small dense numbers, given out in order of appearance. Looking up a known name allocates nothing.
class Names {
  public:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    std::uint32_t intern(std::string_view name) {
        if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
        const auto number = static_cast<std::uint32_t>(texts_.size());
        texts_.emplace_back(name);
        numbers_.emplace(texts_.back(), number);
        return number;
    }

    [[nodiscard]] std::uint32_t find(std::string_view name) const {
        const auto found = numbers_.find(name);
        return found == numbers_.end() ? none : found->second;
    }

    [[nodiscard]] const std::string& text(std::uint32_t number) const { return texts_[number]; }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }

  private:
    std::deque<std::string> texts_;  ///< never moves: the map's keys point into it
    std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

}  // namespace mistrial::checkers
