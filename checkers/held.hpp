#pragma once

#include <cstddef>
#include <deque>
#include <utility>

namespace mistrial::checkers {

/// Findings that a later record may still excuse: a stall of the harness is known only once it is over. They are
/// confirmed in order, the oldest as soon as there are more than `limit`, so that memory stays bounded.
template <class Candidate>
class Held {
  public:
    explicit Held(std::size_t limit = 65'536) : limit_(limit) {}

    template <class Confirm>
    void hold(Candidate candidate, const Confirm& confirm) {
        waiting_.push_back(std::move(candidate));
        if (waiting_.size() <= limit_) return;
        confirm(waiting_.front());
        waiting_.pop_front();
    }

    /// Forgets those for which `excused` is true.
    template <class Excused>
    void drop_if(const Excused& excused) {
        std::erase_if(waiting_, excused);
    }

    template <class Confirm>
    void confirm_all(const Confirm& confirm) {
        for (const Candidate& candidate : waiting_) confirm(candidate);
        waiting_.clear();
    }

  private:
    std::size_t limit_;
    std::deque<Candidate> waiting_;
};

}  // namespace mistrial::checkers
