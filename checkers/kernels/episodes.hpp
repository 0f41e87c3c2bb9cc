#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <deque>
#include <unordered_map>

namespace mistrial::checkers::kernels {

/// Kernel K7: one cause is one finding, however many operations it touched. A hit opens an episode of its subject (an
/// agent, say) or extends the one that is open; an episode closes when the cause changes, or when the subject has been
/// seen clean for `quiet`. Memory grows with episodes, not with hits; past `limit` episodes the newest takes them all.
template <class Detail>
class Episodes {
  public:
    struct Episode {
        std::uint64_t subject;
        std::uint64_t cause;
        TrueTime from;  ///< begin of the first operation
        TrueTime to;    ///< end of the last one
        std::int64_t count = 0;
        Detail detail;
    };

    explicit Episodes(Duration quiet = std::chrono::seconds{1}, std::size_t limit = 1024)
        : quiet_(quiet), limit_(limit) {}

    /// An operation of `subject` in [inv, res] violates, for this cause. Returns the episode it belongs to; `count` is
    /// 1 when it has just been opened and wants its detail.
    Episode& hit(std::uint64_t subject, std::uint64_t cause, TrueTime inv, TrueTime res) {
        Open* open = nullptr;
        if (const auto found = open_.find(subject); found != open_.end()) open = &found->second;
        const bool extends = open != nullptr && episodes_[open->episode].cause == cause &&
                             !(open->clean && inv - open->clean_since >= quiet_);
        if (!extends && episodes_.size() < limit_) {
            episodes_.push_back(Episode{subject, cause, inv, res, 0, Detail{}});
            open_[subject] = Open{episodes_.size() - 1, false, {}};
        } else if (!extends) {
            open_[subject] = Open{open == nullptr ? episodes_.size() - 1 : open->episode, false, {}};
        } else {
            open->clean = false;
        }
        Episode& episode = episodes_[open_[subject].episode];
        episode.from = std::min(episode.from, inv);
        episode.to = std::max(episode.to, res);
        ++episode.count;
        return episode;
    }

    /// An operation of `subject` invoked at `inv` satisfies the property.
    void clean(std::uint64_t subject, TrueTime inv) {
        if (open_.empty()) return;
        const auto found = open_.find(subject);
        if (found == open_.end() || found->second.clean) return;
        found->second.clean = true;
        found->second.clean_since = inv;
    }

    [[nodiscard]] bool empty() const { return episodes_.empty(); }
    [[nodiscard]] const std::deque<Episode>& all() const { return episodes_; }

  private:
    struct Open {
        std::size_t episode;
        bool clean = false;
        TrueTime clean_since;
    };

    Duration quiet_;
    std::size_t limit_;
    std::deque<Episode> episodes_;
    std::unordered_map<std::uint64_t, Open> open_;
};

}  // namespace mistrial::checkers::kernels
