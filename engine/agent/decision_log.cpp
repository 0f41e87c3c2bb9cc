#include "engine/agent/decision_log.hpp"

#include "core/result.hpp"
#include "engine/bundle/gzip.hpp"

#include <algorithm>

namespace mistrial::agent {
namespace {

std::string array_of(const std::vector<std::string>& events, std::size_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) text += ',';
        text += events[i];
    }
    return text += ']';
}

}  // namespace

void DecisionLog::add(std::string event) {
    bytes_ += event.size();
    events_.push_back(std::move(event));
    enforce_limits();
}

http::Body DecisionLog::next_chunk() {
    MISTRIAL_INVARIANT(sending_.empty(), "a decision-log chunk is under way already");
    if (events_.empty()) return nullptr;
    std::vector<std::string> taken;
    std::uint64_t size = 0;
    while (!events_.empty() && (taken.empty() || size + events_.front().size() <= target_)) {
        size += events_.front().size();
        taken.push_back(std::move(events_.front()));
        events_.pop_front();
    }
    const bool all = events_.empty();
    std::size_t count = taken.size();
    std::string packed = bundle::gzip(array_of(taken, count), bundle::Effort::fastest);
    while (packed.size() > limits_.upload_bytes && count > 1) {
        count = (count + 1) / 2;
        target_ = std::max(limits_.upload_bytes, target_ / 2);
        packed = bundle::gzip(array_of(taken, count), bundle::Effort::fastest);
    }
    if (!all && count == taken.size() && packed.size() * 2 < limits_.upload_bytes) target_ *= 2;
    while (taken.size() > count) {
        events_.push_front(std::move(taken.back()));
        taken.pop_back();
    }
    for (const std::string& event : taken) bytes_ -= event.size();
    sending_ = std::move(taken);
    return http::make_body(std::move(packed));
}

void DecisionLog::acknowledged() { sending_.clear(); }

void DecisionLog::failed() {
    while (!sending_.empty()) {
        bytes_ += sending_.back().size();
        events_.push_front(std::move(sending_.back()));
        sending_.pop_back();
    }
    enforce_limits();
}

void DecisionLog::enforce_limits() {
    while (!events_.empty() && ((limits_.buffer_bytes && bytes_ > *limits_.buffer_bytes) ||
                                (limits_.buffer_events && events_.size() > *limits_.buffer_events))) {
        bytes_ -= events_.front().size();
        events_.pop_front();
        ++dropped_;
    }
}

}  // namespace mistrial::agent
