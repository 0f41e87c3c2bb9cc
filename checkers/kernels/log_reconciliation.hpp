#pragma once

#include "checkers/kernels/invertible_table.hpp"
#include "checkers/kernels/key_filter.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace mistrial::checkers::kernels {

/// Kernel K8: which of the expected keys arrived. Exact while at most `exact` keys wait (an open-addressing hash over a
/// queue in the order of expectation, O(1) a key); beyond that the oldest are told apart only as a difference, in one
/// InvertibleTable for each (subject, epoch). Whoever calls says to which epoch a key belongs, at both ends by the same
/// clock if possible: a key that was expected in one epoch and arrived in another is found again by `leftover`, but takes
/// room in both. `Detail` is what must be kept of a key while it waits, a small regular value. Not thread-safe.
template <class Detail>
class LogReconciliation {
  public:
    struct Limits {
        std::size_t exact = std::size_t{1} << 20;  ///< keys that wait exactly
        std::size_t cells = 2048;                  ///< of the table of an epoch
        std::size_t epochs = 1024;                 ///< tables at a time
    };
    struct Entry {
        Key key;
        TrueTime since;                      ///< expected from here on
        TrueTime arrived = TrueTime::max();  ///< first; the end of time while it has not
        std::uint32_t subject = 0;
        std::int64_t epoch = 0;
        Detail detail{};
    };
    /// A key of an epoch that never arrived, or an epoch of which too much did not to tell.
    struct Missing {
        std::uint32_t subject = 0;
        std::optional<Key> key;  ///< `decodable`; empty: the epoch cannot be told apart
        TrueTime since;          ///< expected from here on, at the latest
        friend bool operator==(const Missing&, const Missing&) = default;
    };

    LogReconciliation() : LogReconciliation(Limits{}) {}
    explicit LogReconciliation(Limits limits) : limits_(limits), slots_(64, 0) {}

    /// A key is expected; calls come in ascending `since`. False when it is waited for already.
    bool expect(Entry entry) {
        if (find(entry.key) != nullptr) return false;
        if (entries_.size() >= limits_.exact && !entries_.empty()) spill();
        if ((entries_.size() + 1) * 2 > slots_.size()) grow();
        entries_.push_back(std::move(entry));
        place(first_ + entries_.size() - 1);
        return true;
    }

    /// The entry of a key that waits exactly, or has arrived not long ago; nullptr for any other.
    [[nodiscard]] Entry* find(const Key& key) {
        for (std::size_t at = home(key);; at = next(at)) {
            if (slots_[at] == 0) return nullptr;
            Entry& entry = at_slot(at);
            if (entry.key == key) return &entry;
        }
    }

    /// A key that `find` does not know has arrived. True when it was taken from the epoch's difference, because it may be
    /// one of those that are told apart no more.
    bool arrived_unknown(const Key& key, std::uint32_t subject, std::int64_t epoch) {
        if (spilled_ == 0) return false;
        if (Epoch* at = this->epoch(subject, epoch)) at->table.take(key);
        return true;
    }
    /// Undoes that: the key turned out not to have been waited for then.
    void arrived_early(const Key& key, std::uint32_t subject, std::int64_t epoch) {
        if (Epoch* at = this->epoch(subject, epoch)) at->table.add(key);
    }

    /// Lets go of the oldest entries for as long as `done(entry)`; each is handed to `leave(entry)` first.
    template <class Done, class Leave>
    void release(const Done& done, const Leave& leave) {
        while (!entries_.empty() && done(entries_.front())) {
            leave(entries_.front());
            pop();
        }
    }

    [[nodiscard]] std::deque<Entry>& waiting() { return entries_; }
    /// True of every key that waited once and is let go of, and now and then of another.
    [[nodiscard]] bool may_have_waited(const Key& key) const { return gone_.may_hold(key); }
    /// Keys that were handed over to the tables while they had not arrived.
    [[nodiscard]] std::int64_t spilled() const { return spilled_; }
    [[nodiscard]] std::int64_t spilled(std::uint32_t subject) const {
        return subject < spilled_by_.size() ? spilled_by_[subject] : 0;
    }
    [[nodiscard]] bool overflowed() const { return overflowed_; }

    /// What of the epochs never arrived, in the order of their keys.
    [[nodiscard]] std::vector<Missing> leftover() const {
        std::vector<Missing> left;
        struct Sum {
            std::int64_t times = 0;
            TrueTime since = TrueTime::min();
        };
        std::map<std::pair<std::uint32_t, Key>, Sum> sums;
        for (const auto& [where, epoch] : epochs_) {
            const auto difference = epoch.table.decode();
            if (!difference) {
                left.push_back({where.first, std::nullopt, epoch.newest});
                continue;
            }
            for (const auto& one : *difference) {
                Sum& sum = sums[{where.first, one.key}];
                sum.times += one.times;
                if (one.times > 0) sum.since = std::max(sum.since, epoch.newest);
            }
        }
        for (const auto& [key, sum] : sums) {
            if (sum.times > 0) left.push_back({key.first, key.second, sum.since});
        }
        return left;
    }

  private:
    [[nodiscard]] std::size_t home(const Key& key) const {
        return (key.low ^ key.high * 0x9e3779b97f4a7c15U) & (slots_.size() - 1);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
    [[nodiscard]] Entry& at_slot(std::size_t at) { return entries_[slots_[at] - 1 - first_]; }

    void place(std::uint64_t number) {
        std::size_t at = home(entries_[number - first_].key);
        while (slots_[at] != 0) at = next(at);
        slots_[at] = number + 1;
    }

    void grow() {
        slots_.assign(slots_.size() * 2, 0);
        for (std::size_t i = 0; i < entries_.size(); ++i) place(first_ + i);
    }

    void pop() {
        gone_.add(entries_.front().key);
        std::size_t hole = home(entries_.front().key);
        while (slots_[hole] != first_ + 1) hole = next(hole);
        // Linear probing without tombstones: whoever stands further on and may stand here moves up.
        for (std::size_t at = next(hole); slots_[at] != 0; at = next(at)) {
            const std::size_t wanted = home(at_slot(at).key);
            const bool stays = hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
            if (stays) continue;
            slots_[hole] = slots_[at];
            hole = at;
        }
        slots_[hole] = 0;
        entries_.pop_front();
        ++first_;
    }

    void spill() {
        const Entry& oldest = entries_.front();
        if (oldest.arrived == TrueTime::max()) {
            ++spilled_;
            if (spilled_by_.size() <= oldest.subject) spilled_by_.resize(oldest.subject + 1);
            ++spilled_by_[oldest.subject];
            if (Epoch* epoch = this->epoch(oldest.subject, oldest.epoch)) {
                epoch->table.add(oldest.key);
                epoch->newest = std::max(epoch->newest, oldest.since);
            }
        }
        pop();
    }

    struct Epoch {
        InvertibleTable table;
        TrueTime newest = TrueTime::min();  ///< `since` of the newest key that was added
    };

    Epoch* epoch(std::uint32_t subject, std::int64_t number) {
        const std::pair where{subject, number};
        if (const auto found = epochs_.find(where); found != epochs_.end()) return &found->second;
        if (epochs_.size() >= limits_.epochs) {
            // Epochs whose keys all arrived say no more.
            std::erase_if(epochs_, [](const auto& one) { return one.second.table.empty(); });
        }
        if (epochs_.size() >= limits_.epochs) {
            overflowed_ = true;
            return nullptr;
        }
        return &epochs_.try_emplace(where, Epoch{InvertibleTable{limits_.cells}, TrueTime::min()}).first->second;
    }

    Limits limits_;
    std::deque<Entry> entries_;
    std::uint64_t first_ = 0;  ///< number of the oldest entry
    std::vector<std::uint64_t> slots_;  ///< number of an entry plus one; 0: none
    KeyFilter gone_;
    std::map<std::pair<std::uint32_t, std::int64_t>, Epoch> epochs_;
    std::int64_t spilled_ = 0;
    std::vector<std::int64_t> spilled_by_;  ///< by subject
    bool overflowed_ = false;
};

}  // namespace mistrial::checkers::kernels
