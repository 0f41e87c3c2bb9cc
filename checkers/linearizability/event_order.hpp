#pragma once

#include "checkers/linearizability/model.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace mistrial::checkers::linearizability {

/// The begins and ends of operations in the order of their times; at equal times begins come first, since such operations
/// are concurrent, and ends come in the order of their records. Operations without an end have only a begin.
class EventOrder {
  public:
    struct Event {
        std::uint32_t operation = 0;
        bool begins = false;
    };

    explicit EventOrder(std::span<const Operation> operations) : operations_(operations) {
        events_.reserve(operations.size() * 2);
        for (std::uint32_t i = 0; i < operations.size(); ++i) {
            events_.push_back({i, true});
            if (!operations[i].is_open()) events_.push_back({i, false});
        }
        std::sort(events_.begin(), events_.end(), [&](const Event& a, const Event& b) {
            if (time(a) != time(b)) return time(a) < time(b);
            if (a.begins != b.begins) return a.begins;
            if (operations_[a.operation].index != operations_[b.operation].index) {
                return operations_[a.operation].index < operations_[b.operation].index;
            }
            return a.operation < b.operation;
        });
    }

    [[nodiscard]] const std::vector<Event>& events() const& { return events_; }
    const std::vector<Event>& events() && = delete;  // would outlive what it points into

  private:
    [[nodiscard]] TrueTime time(const Event& event) const {
        const Operation& operation = operations_[event.operation];
        return event.begins ? operation.inv : operation.res;
    }

    std::span<const Operation> operations_;
    std::vector<Event> events_;
};

}  // namespace mistrial::checkers::linearizability
