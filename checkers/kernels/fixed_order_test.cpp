#include "checkers/kernels/fixed_order.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>

/// Theorem 1 against its definition: every total order of the operations that extends real time and keeps writes in the
/// order of their versions, with every choice of which indeterminate writes took effect.
namespace mistrial::checkers::kernels {
namespace {

struct Op {
    enum class Kind { write, unknown_write, read };
    Kind kind = Kind::read;
    std::uint32_t version = 0;
    int inv = 0;
    int res = 0;
    [[nodiscard]] bool writes() const { return kind != Kind::read; }
};
using History = std::vector<Op>;

/// The last moment at which an operation can take effect.
int end_of(const Op& op) { return op.kind == Op::Kind::unknown_write ? 1'000 : op.res; }

/// R0, for writes that took effect: versions in the order of their writes, nothing read before its write began, and no
/// newer version known before an older write began.
bool well_formed(const History& ops) {
    for (const Op& write : ops) {
        if (!write.writes()) continue;
        for (const Op& other : ops) {
            if (&other == &write) continue;
            if (other.kind == Op::Kind::read && other.version >= write.version && other.res < write.inv) return false;
            if (other.writes() && other.version > write.version && end_of(other) < write.inv) return false;
        }
    }
    return std::all_of(ops.begin(), ops.end(), [&](const Op& read) {
        return read.writes() || read.version == 0 ||
               std::any_of(ops.begin(), ops.end(), [&](const Op& w) { return w.writes() && w.version == read.version; });
    });
}

struct Smallest {
    std::uint32_t k = 1'000;
    int delta = 1'000;
    bool any = false;
};

/// Staleness of the worst read in one order; k counts versions, `shifted` reads begin earlier.
class Extensions {
  public:
    explicit Extensions(History ops) : ops_(std::move(ops)), used_(ops_.size(), false) {}

    /// The smallest k over all extensions; nullopt when there is none.
    std::optional<std::uint32_t> smallest_k() {
        best_.reset();
        extend(0, 0, 1);
        return best_;
    }

  private:
    void extend(std::size_t placed, std::uint32_t newest, std::uint32_t k) {
        if (best_ && k >= *best_) return;
        if (placed == ops_.size()) {
            best_ = k;
            return;
        }
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (used_[i] || !may_be_next(i)) continue;
            used_[i] = true;
            if (ops_[i].writes()) {
                extend(placed + 1, ops_[i].version, k);
            } else if (ops_[i].version <= newest) {
                const auto skipped = static_cast<std::uint32_t>(std::count_if(ops_.begin(), ops_.end(), [&](const Op& op) {
                    return op.writes() && op.version > ops_[i].version && op.version <= newest;
                }));
                extend(placed + 1, newest, std::max(k, 1 + skipped));
            }
            used_[i] = false;
        }
    }

    bool may_be_next(std::size_t i) const {
        for (std::size_t j = 0; j < ops_.size(); ++j) {
            if (used_[j] || j == i) continue;
            if (end_of(ops_[j]) < ops_[i].inv) return false;
            if (ops_[i].writes() && ops_[j].writes() && ops_[j].version < ops_[i].version) return false;
        }
        return true;
    }

    History ops_;
    std::vector<bool> used_;
    std::optional<std::uint32_t> best_;
};

/// By enumeration. Indeterminate writes that nobody read may have taken effect or not.
Smallest enumerated(const History& history) {
    Smallest smallest;
    History certain;
    History doubtful;
    for (const Op& op : history) {
        const bool read = std::any_of(history.begin(), history.end(), [&](const Op& other) {
            return other.kind == Op::Kind::read && other.version == op.version;
        });
        (op.kind == Op::Kind::unknown_write && !read ? doubtful : certain).push_back(op);
    }
    for (std::size_t choice = 0; choice < (std::size_t{1} << doubtful.size()); ++choice) {
        History chosen = certain;
        for (std::size_t i = 0; i < doubtful.size(); ++i) {
            if ((choice >> i & 1U) != 0) chosen.push_back(doubtful[i]);
        }
        if (!well_formed(chosen)) continue;
        const auto k = Extensions{chosen}.smallest_k();
        if (!k) continue;
        smallest.any = true;
        smallest.k = std::min(smallest.k, *k);
        for (int delta = 0; delta < smallest.delta; ++delta) {
            History shifted = chosen;
            for (Op& op : shifted) op.inv -= op.writes() ? 0 : delta;
            const auto shifted_k = Extensions{shifted}.smallest_k();
            if (shifted_k && *shifted_k == 1) smallest.delta = delta;
        }
    }
    return smallest;
}

Smallest swept(const History& history) {
    History ops = history;
    std::stable_sort(ops.begin(), ops.end(), [](const Op& a, const Op& b) { return a.res < b.res; });
    const auto effective = [&](std::uint32_t version) {
        return std::any_of(ops.begin(), ops.end(), [&](const Op& op) {
            return op.version == version && op.kind != Op::Kind::unknown_write;
        });
    };
    FixedOrder order;
    for (const Op& op : ops) {
        if (op.kind == Op::Kind::write) order.wrote(at_nanos<TrueTime>(op.res), op.version);
        if (op.kind == Op::Kind::read) {
            (void)order.read(at_nanos<TrueTime>(op.inv), at_nanos<TrueTime>(op.res), op.version, effective);
        }
    }
    return {order.smallest_k(), static_cast<int>(order.smallest_delta().count()), true};
}

std::string show(const History& history) {
    std::string text;
    for (const Op& op : history) {
        const char* kind = op.kind == Op::Kind::read ? "read" : op.kind == Op::Kind::write ? "write" : "write?";
        text += fmt::format("{} r{} [{}, {}]; ", kind, op.version, op.inv, op.res);
    }
    return text;
}

/// 1 when the history could be compared, 0 when no order of versions fits it at all.
int compare(const History& history) {
    const Smallest wanted = enumerated(history);
    if (!wanted.any) return 0;
    // An indeterminate write that no version order admits leaves the theorem's ground.
    History taken;
    for (const Op& op : history) {
        const bool read = std::any_of(history.begin(), history.end(), [&](const Op& other) {
            return other.kind == Op::Kind::read && other.version == op.version;
        });
        if (op.kind != Op::Kind::unknown_write || read) taken.push_back(op);
    }
    if (!well_formed(taken)) return 0;
    const Smallest found = swept(history);
    EXPECT_EQ(found.k, wanted.k) << show(history);
    EXPECT_EQ(found.delta, wanted.delta) << show(history);
    EXPECT_EQ(found.k == 1, found.delta == 0) << show(history);
    return 1;
}

TEST(FixedOrder, AReadOfTheNewestVersionIsFreshAndATieIsConcurrent) {
    const auto always = [](std::uint32_t) { return true; };
    FixedOrder order;
    order.wrote(at_nanos<TrueTime>(10), 1);
    order.wrote(at_nanos<TrueTime>(20), 2);
    EXPECT_FALSE(order.read(at_nanos<TrueTime>(20), at_nanos<TrueTime>(25), 1, always)) << "r2 ended as the read began";
    EXPECT_FALSE(order.read(at_nanos<TrueTime>(21), at_nanos<TrueTime>(26), 2, always));
    const auto stale = order.read(at_nanos<TrueTime>(21), at_nanos<TrueTime>(27), 1, always);
    ASSERT_TRUE(stale);
    EXPECT_EQ(stale->newest, 2U);
    EXPECT_EQ(stale->behind, 1U);
    EXPECT_EQ(stale->overtaken, Duration{1});
    EXPECT_EQ(order.smallest_k(), 2U);
    EXPECT_EQ(order.smallest_delta(), Duration{1});
}

TEST(FixedOrder, VersionsThatNeverTookEffectDoNotCountAsMissed) {
    FixedOrder order;
    for (std::uint32_t version = 1; version <= 4; ++version) order.wrote(at_nanos<TrueTime>(version), version);
    const auto stale = order.read(at_nanos<TrueTime>(9), at_nanos<TrueTime>(9), 1, [](std::uint32_t v) { return v != 3; });
    EXPECT_EQ(stale->behind, 2U);
}

TEST(FixedOrder, IsTheEnumerationForEveryPatternOfTwoWritesAndTwoReads) {
    constexpr int last = 3;
    std::vector<std::pair<int, int>> intervals;
    for (int inv = 0; inv <= last; ++inv) {
        for (int res = inv; res <= last; ++res) intervals.emplace_back(inv, res);
    }
    int compared = 0;
    int stale = 0;
    for (const auto& [inv1, res1] : intervals) {
        for (const auto& [inv2, res2] : intervals) {
            for (const auto& a : intervals) {
                for (const auto& b : intervals) {
                    for (std::uint32_t versions = 0; versions < 9; ++versions) {
                        const History history{{Op::Kind::write, 1, inv1, res1},
                                              {Op::Kind::write, 2, inv2, res2},
                                              {Op::Kind::read, versions % 3, a.first, a.second},
                                              {Op::Kind::read, versions / 3, b.first, b.second}};
                        if (!well_formed(history)) continue;
                        compared += compare(history);
                        stale += swept(history).k > 1 ? 1 : 0;
                        if (HasFailure()) return;
                    }
                }
            }
        }
    }
    EXPECT_GT(compared, 10'000);
    EXPECT_GT(stale, 1'000);
}

TEST(FixedOrder, IsTheEnumerationOnRandomHistoriesWithIndeterminateWrites) {
    RandomSequence random{RandomStream{20'261, "fixed-order", "histories"}};
    int compared = 0;
    for (int i = 0; i < 3'000; ++i) {
        History history;
        const auto writes = static_cast<std::uint32_t>(1 + random.below(3));
        int begin = 0;
        for (std::uint32_t version = 1; version <= writes; ++version) {
            begin += static_cast<int>(random.below(4));
            history.push_back({random.chance(1, 3) ? Op::Kind::unknown_write : Op::Kind::write, version, begin,
                               begin + static_cast<int>(random.below(5))});
        }
        for (auto reads = 1 + random.below(4); reads > 0; --reads) {
            const int inv = static_cast<int>(random.below(12));
            history.push_back({Op::Kind::read, static_cast<std::uint32_t>(random.below(writes + 1)), inv,
                               inv + static_cast<int>(random.below(4))});
        }
        compared += compare(history);
        if (HasFailure()) return;
    }
    EXPECT_GT(compared, 800);
}

}  // namespace
}  // namespace mistrial::checkers::kernels
