#include "core/net/deadline.hpp"

#include <algorithm>

namespace mistrial::net {

SteadyTime deadline_after(SteadyTime start, Duration limit) {
    return limit >= SteadyTime::max() - start ? SteadyTime::max() : start + limit;
}

Deadline::Deadline(std::shared_ptr<DeadlineClock> clock, std::function<void()> expired)
    : clock_(std::move(clock)), expired_(std::move(expired)), index_(clock_->deadlines_.size()) {
    clock_->deadlines_.push_back(this);
}

Deadline::~Deadline() {
    auto& all = clock_->deadlines_;
    all[index_] = all.back();
    all[index_]->index_ = index_;
    all.pop_back();
    if (all.empty()) {
        clock_->wake_ = SteadyTime::max();
        clock_->timer_.cancel();
    }
}

void Deadline::set(SteadyTime when) {
    when_ = when;
    if (when < clock_->wake_) clock_->wake_at(when);
}

void DeadlineClock::wake_at(SteadyTime when) {
    wake_ = when;
    timer_.expires_at(when);
    timer_.async_wait([self = shared_from_this(), when](const ErrorCode& error) {
        if (!error && self->wake_ == when) self->on_wake();
    });
}

void DeadlineClock::on_wake() {
    wake_ = SteadyTime::max();
    const auto now = std::chrono::steady_clock::now();
    const auto earlier = [](const Deadline* a, const Deadline* b) { return a->when_ < b->when_; };
    for (;;) {
        // Sought anew each time: the function may have destroyed deadlines, even the clock's owner.
        const auto first = std::min_element(deadlines_.begin(), deadlines_.end(), earlier);
        if (first == deadlines_.end() || (*first)->when_ == SteadyTime::max()) return;
        if ((*first)->when_ > now) {
            if ((*first)->when_ < wake_) wake_at((*first)->when_);
            return;
        }
        (*first)->clear();
        const auto expired = (*first)->expired_;
        expired();
    }
}

}  // namespace mistrial::net
