#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mistrial::checkers::kernels {

/// The acknowledged publishes of one bundle as a prefix maximum: who must be enforced, by when it was acknowledged.
/// Calls come in ascending time; a revision below one that is there already is dropped, since the newer one rules.
class Acknowledged {
  public:
    void add(TrueTime at, std::uint32_t revision);

    /// The newest revision acknowledged at or before `t`; 0 when there is none.
    [[nodiscard]] std::uint32_t until(TrueTime t) const;
    /// The newest revision acknowledged strictly before `t`; 0 when there is none.
    [[nodiscard]] std::uint32_t before(TrueTime t) const;
    /// The same. `near` is where the same asker's last answer stood (0 at first): questions mostly ascend, and then nothing
    /// is searched.
    [[nodiscard]] std::uint32_t before(TrueTime t, std::size_t& near) const;

  private:
    struct Entry {
        TrueTime at;
        std::uint32_t revision;
    };
    std::vector<Entry> entries_;
};

/// Kernel K4: what one agent must enforce of one bundle at a time, given that a bound B counts only while the agent was
/// connected to its source without a break: the newest revision r with
///
///     D(r) = min { s + B : s >= ack(r), [s, s + B] lies in connected time }  <  t
///
/// Excuses are open intervals and may overlap; a deadline that falls on the start of one still counts. They come in the
/// order in which they become known, and may reach back. O(log) in the number of excuses a query.
class DeadlineFloor {
  public:
    explicit DeadlineFloor(Duration within) : within_(within) {}

    void excuse_begins(TrueTime at, const Acknowledged& acknowledged);
    void excuse_ends(TrueTime at);
    /// An excuse that is known only now that it is over (or partly over): later queries see it.
    void excuse(TrueTime from, TrueTime to, const Acknowledged& acknowledged);

    /// The agent begins anew at `at` (when that ends an excuse, call this first): what was due of the process before is not
    /// yet due of this one, which may have come up with nothing.
    void restarts(TrueTime at, const Acknowledged& acknowledged);

    /// The newest revision that must be enforced at `t`; 0 when none must.
    [[nodiscard]] std::uint32_t required(TrueTime t, const Acknowledged& acknowledged) const;
    /// The same for an answer in [inv, res]: if the agent began anew in that time, the new process may have given it.
    [[nodiscard]] std::uint32_t required(TrueTime inv, TrueTime res, const Acknowledged& acknowledged) const {
        return restarted_within(inv, res) ? 0 : required(inv, acknowledged);
    }

    /// Whether the agent began anew in [from, to].
    [[nodiscard]] bool restarted_within(TrueTime from, TrueTime to) const;

    /// A time for which the agent was connected: [from, to], `to` is TrueTime::max() while it lasts.
    struct Stretch {
        TrueTime from = TrueTime::min();
        TrueTime to = TrueTime::max();
    };
    /// The connected time that `t` lies in, or the last one before it.
    [[nodiscard]] Stretch stretch_at(TrueTime t) const;
    /// D(r) for a revision acknowledged at `acked`, for the process that runs at `t`; TrueTime::max() while no stretch was
    /// long enough.
    [[nodiscard]] TrueTime deadline(TrueTime acked, TrueTime t = TrueTime::max()) const;
    /// The connected time that holds all of [from, to]; nullopt when an excuse touches it or the agent began anew in it.
    [[nodiscard]] std::optional<Stretch> stretch_around(TrueTime from, TrueTime to) const;
    /// How much of [from, to] was connected time; both are finite. Linear in the excuses of that time.
    [[nodiscard]] Duration connected(TrueTime from, TrueTime to) const;
    [[nodiscard]] Duration within() const { return within_; }

  private:
    struct Entry {
        Stretch stretch;
        std::uint32_t floor = 0;  ///< what must be enforced once the stretch is over
    };

    [[nodiscard]] const Entry* last_started_before(TrueTime t) const;
    /// The floor that the entry at `index` takes over from the one before it.
    [[nodiscard]] std::uint32_t carried_to(std::size_t index) const;
    void settle_from(std::size_t first, const Acknowledged& acknowledged);

    Duration within_;
    int excuses_ = 0;
    std::vector<Entry> entries_{Entry{}};
    std::vector<TrueTime> restarts_;  ///< ascending
    mutable std::size_t near_ = 0;    ///< where in the acknowledged publishes `required` looked last
};

}  // namespace mistrial::checkers::kernels
