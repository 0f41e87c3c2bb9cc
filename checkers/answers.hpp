#pragma once

#include "checkers/names.hpp"
#include "core/history/operation.hpp"
#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// What an agent answered, as a number: equal answers are equal numbers.
using AnswerId = std::uint32_t;
inline constexpr AnswerId no_answer = 0;  ///< not known
inline constexpr AnswerId undefined_answer = 1;
inline constexpr AnswerId refused_answer = 2;

/// What an oracle expects of one revision for one input, as a number; 0 is "the oracle does not say".
using ExpectedId = std::uint32_t;
inline constexpr ExpectedId not_told = 0;

/// What a clock may have read: an instant, or any time of [from, to].
struct ClockWindow {
    WallTime from;
    WallTime to;

    ClockWindow() = default;
    ClockWindow(WallTime instant) : from(instant), to(instant) {}  // NOLINT: an instant is a window
    ClockWindow(WallTime first, WallTime last) : from(first), to(last) {}
    friend bool operator==(const ClockWindow&, const ClockWindow&) = default;
};

/// True when the verdict lets the request through: `true`, or an object whose `allow` is `true`.
[[nodiscard]] bool allows(const Json& verdict);

/// All answers and expectations of one history. Not thread-safe.
class Answers {
  public:
    Answers();

    [[nodiscard]] AnswerId id_of(const history::Answer& answer);
    /// A `VERDICT` of a publish or of the pool: a JSON value, `{"undefined": true}`, or `{"pieces": […]}`.
    [[nodiscard]] Result<ExpectedId> expected(const Json& verdict);

    [[nodiscard]] const std::string& text(AnswerId answer) const { return texts_[answer]; }
    [[nodiscard]] bool allows(AnswerId answer) const { return allows_[answer]; }
    [[nodiscard]] AnswerId boolean(bool value) const { return value ? true_ : false_; }
    [[nodiscard]] bool is_boolean(AnswerId answer) const { return answer == true_ || answer == false_; }

    /// True when the expectation does not depend on the clock.
    [[nodiscard]] bool timeless(ExpectedId expected) const { return expectations_[expected].size() == 1; }
    /// Everything that may be answered when the policy's clock read `clock` (give or take a microsecond, since policies
    /// compute with floating point seconds), or at any time when no clock is given.
    [[nodiscard]] std::vector<AnswerId> possible(ExpectedId expected, std::optional<ClockWindow> clock) const;
    /// Which piece of time an expectation is in when the clock read `clock`; nullopt when it may be in several.
    [[nodiscard]] std::optional<std::uint32_t> piece(ExpectedId expected, std::optional<WallTime> clock) const;
    /// True when `answer` is among `possible(expected, clock)`; allocates nothing.
    [[nodiscard]] bool admits(ExpectedId expected, std::optional<ClockWindow> clock, AnswerId answer) const {
        const std::vector<Piece>& pieces = expectations_[expected];
        return pieces.size() == 1 ? pieces[0].answer == answer : admits_by_clock(pieces, clock, answer);
    }
    /// True when some of what may be answered at any time lets the request through.
    [[nodiscard]] bool may_allow(ExpectedId expected) const;
    /// When the answer is right, ascending, as far as the expectation depends on the clock; the last instant of each window
    /// is the first at which it is right no more.
    [[nodiscard]] std::vector<ClockWindow> when(ExpectedId expected, AnswerId answer) const;

  private:
    struct Piece {
        WallTime until;
        AnswerId answer;
    };

    [[nodiscard]] AnswerId verdict(const Json& value);
    [[nodiscard]] static bool admits_by_clock(const std::vector<Piece>& pieces, std::optional<ClockWindow> clock, AnswerId answer);
    [[nodiscard]] ExpectedId add(std::vector<Piece> pieces, std::string_view key);

    Names verdicts_;                ///< canonical text -> number
    std::vector<AnswerId> by_verdict_;
    std::vector<std::string> texts_;
    std::vector<bool> allows_;
    AnswerId true_ = 0;
    AnswerId false_ = 0;
    Names expected_keys_;
    std::vector<std::vector<Piece>> expectations_;
};

}  // namespace mistrial::checkers
