#pragma once

#include "checkers/claims.hpp"
#include "checkers/finding.hpp"
#include "core/history/operation.hpp"
#include "core/history/rows.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::checkers {

/// All checkers over one history, streaming: feed every record in order, then finish once. Works while a run goes on
/// and on a file, with equal findings. No clock, no I/O, no randomness; memory does not grow with decisions.
class Suite {
  public:
    struct Options {
        /// Claims to assert instead of those in the run record.
        std::optional<Claims> claims;
        /// Only these properties (names or ids); empty: all.
        std::vector<std::string> only;
        /// Told of every operation that violates a property (claimed or not) once that is certain: its property, and the
        /// index of its record. For progress and for tests; may be empty.
        std::function<void(std::string_view property, std::uint64_t index)> on_hit;
        /// Claims to assert beside `claims` or those in the run record, each over one of the same property.
        Claims besides = {};
    };

    Suite();
    explicit Suite(Options options);
    ~Suite();
    Suite(Suite&&) noexcept;
    Suite& operator=(Suite&&) noexcept;

    /// Records in history order. A record that contradicts the format (a completion without its invoke when the
    /// history has invokes, time running backwards) is an error that names its index.
    [[nodiscard]] Result<> on(const history::Record& record);

    /// The same for a stretch of a history of rows (core/history/rows.hpp): equal findings, many times faster. Batches come
    /// in order, all of one source; they and records may alternate.
    [[nodiscard]] Result<> on(const history::Batch& batch);

    /// The judgement; `on` is not called again.
    [[nodiscard]] Judgement finish();

  private:
    friend class SideBySide;
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::checkers
