#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace mistrial::checkers::kernels {

/// A time for which a group (an incarnation) certainly held one revision: from the end of an operation that shows it to the
/// begin of another one that does, while no operation that may have been answered in between shows anything else.
template <class Cause>
struct Hold {
    std::uint32_t group = 0;
    std::uint32_t revision = 0;
    TrueTime from;
    TrueTime to;
    Cause shown;  ///< the operation that ended at `from`
    Cause asked;  ///< the one that began at `to`
    std::int64_t count = 0;  ///< operations that show it, from the one to the next that shows another
};

/// What groups certainly held, from their operations in the order of their ends. An operation in [inv, res] was answered at
/// some time in between, so that [a.res, b.inv] is certain for a and b that show one revision exactly when every x of
/// their group that shows another has x.res < a.res, or x.inv >= b.inv and x.res > b.res (the latter is more than needed,
/// and keeps runs of one revision apart). O(1) an operation; memory grows with changes of what a group shows. The last
/// `most_open` operations before a change are remembered: with more of them open at a time, less is certain.
template <class Cause>
class HeldRevisions {
  public:
    static constexpr std::size_t most_open = 32;

    /// An operation of `group` in [inv, res] shows `revision`.
    void saw(std::uint32_t group, std::uint32_t revision, TrueTime inv, TrueTime res, const Cause& cause) {
        Run& run = this->run(group, revision, res);
        if (!run.from && run.before < res) {
            run.from = res;
            run.shown = cause;
        }
        run.recent[run.count++ % most_open] = {inv, res, cause};
        run.earliest = std::min(run.earliest, inv);
    }

    /// Somebody heard at `at` that the group had shown `revision` at some time before.
    void heard(std::uint32_t group, std::uint32_t revision, TrueTime at) {
        this->run(group, revision, at).earliest = TrueTime::min();
    }

    /// What was certainly held, by group and in order of time within it.
    [[nodiscard]] std::vector<Hold<Cause>> holds() const {
        std::vector<Hold<Cause>> all;
        for (std::uint32_t group = 0; group < groups_.size(); ++group) add_holds(group, all);
        return all;
    }

  private:
    static constexpr TrueTime never = TrueTime::min();

    struct Operation {
        TrueTime inv;
        TrueTime res;
        Cause cause;
    };
    /// Operations that ended one after another and show the same.
    struct Run {
        std::uint32_t revision = 0;
        TrueTime began;                      ///< end of its first operation
        TrueTime before = never;      ///< end of the last operation before it
        TrueTime earliest = TrueTime::max(); ///< begin of the one that began first
        std::optional<TrueTime> from;        ///< earliest end after `before`
        Cause shown{};
        std::array<Operation, most_open> recent{};
        std::size_t count = 0;
    };
    struct Group {
        std::vector<Run> runs;
        TrueTime last = never;
    };

    Run& run(std::uint32_t group, std::uint32_t revision, TrueTime res) {
        if (groups_.size() <= group) groups_.resize(group + 1);
        Group& of = groups_[group];
        if (of.runs.empty() || of.runs.back().revision != revision) {
            Run fresh;
            fresh.revision = revision;
            fresh.began = res;
            fresh.before = of.last;
            of.runs.push_back(std::move(fresh));
        }
        of.last = res;
        return of.runs.back();
    }

    /// The earliest begins of what comes after, of two different revisions.
    struct Later {
        std::optional<std::uint32_t> revision;
        TrueTime earliest = TrueTime::max();
        TrueTime of_others = TrueTime::max();

        void add(const Run& run) {
            if (revision == run.revision) {
                earliest = std::min(earliest, run.earliest);
            } else if (!revision || run.earliest < earliest) {
                of_others = std::min(of_others, earliest);
                revision = run.revision;
                earliest = run.earliest;
            } else {
                of_others = std::min(of_others, run.earliest);
            }
        }
        [[nodiscard]] TrueTime without(std::uint32_t one) const { return revision == one ? of_others : earliest; }
    };

    void add_holds(std::uint32_t group, std::vector<Hold<Cause>>& all) const {
        const std::vector<Run>& runs = groups_[group].runs;
        const std::size_t first = all.size();
        Later later;
        for (std::size_t i = runs.size(); i-- > 0;) {
            const Run& run = runs[i];
            const TrueTime latest_begin = later.without(run.revision);
            const TrueTime next = i + 1 < runs.size() ? runs[i + 1].began : TrueTime::max();
            const Operation* last = nullptr;
            for (std::size_t k = run.count - std::min(run.count, most_open); k < run.count; ++k) {
                const Operation& one = run.recent[k % most_open];
                if (one.inv > latest_begin || one.res >= next) continue;
                if (last == nullptr || one.inv > last->inv) last = &one;
            }
            if (run.from && last != nullptr && *run.from < last->inv) {
                all.push_back({group, run.revision, *run.from, last->inv, run.shown, last->cause,
                               static_cast<std::int64_t>(run.count)});
            }
            later.add(run);
        }
        std::reverse(all.begin() + static_cast<std::ptrdiff_t>(first), all.end());
    }

    std::vector<Group> groups_;
};

}  // namespace mistrial::checkers::kernels
