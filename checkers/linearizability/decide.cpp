#include "checkers/linearizability/decide.hpp"

#include "checkers/kernels/zones.hpp"
#include "checkers/linearizability/event_order.hpp"

#include <algorithm>
#include <limits>

namespace mistrial::checkers::linearizability {

namespace {

constexpr std::uint32_t no_operation = std::numeric_limits<std::uint32_t>::max();

/// The zones of a register's operations, as far as they had come at some event.
class Clusters {
  public:
    Clusters(std::span<const Operation> operations, State initial) : operations_(operations), initial_(initial) {
        for (const Operation& operation : operations) {
            for (const ValueId value : {operation.call.argument, operation.call.result}) {
                if (value != not_known) values_.push_back(value);
            }
        }
        values_.push_back(initial_);
        std::sort(values_.begin(), values_.end());
        values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
    }

    /// The contradiction among operations whose begin is before event `until`; those that end after it have no end yet.
    std::optional<Contradiction> contradiction(const EventOrder& order, std::size_t until) {
        build(order, until);
        if (unwritten_) return *unwritten_;
        const auto found = kernels::contradiction(zones_);
        if (!found) return std::nullopt;
        Contradiction contradiction;
        contradiction.before_its_write = found->first == found->second;
        contradiction.sides = {side(found->first), side(found->second)};
        return contradiction;
    }

    std::optional<Duration> smallest_delta(const EventOrder& order) {
        build(order, order.events().size());
        return unwritten_ ? std::nullopt : kernels::smallest_delta(zones_);
    }

  private:
    [[nodiscard]] std::size_t place(ValueId value) const {
        return static_cast<std::size_t>(std::lower_bound(values_.begin(), values_.end(), value) - values_.begin());
    }

    void build(const EventOrder& order, std::size_t until) {
        ended_.assign(operations_.size(), false);
        writes_.assign(values_.size(), no_operation);
        reads_.assign(values_.size(), no_operation);
        for (std::size_t i = 0; i < until; ++i) {
            const EventOrder::Event& event = order.events()[i];
            const Call& call = operations_[event.operation].call;
            if (!event.begins) ended_[event.operation] = true;
            if (event.begins && call.function == Function::write) writes_[place(call.argument)] = event.operation;
            if (!event.begins && call.function == Function::read) reads_[place(call.result)] = event.operation;
        }
        zones_.clear();
        zone_writes_.clear();
        unwritten_.reset();
        std::vector<std::size_t> zone_of(values_.size());
        for (std::size_t v = 0; v < values_.size(); ++v) {
            const bool at_first = values_[v] == initial_;
            const std::uint32_t write = writes_[v];
            if (write == no_operation && !at_first) {
                if (reads_[v] != no_operation) unwritten_ = unwritten(reads_[v]);
                continue;
            }
            // A write that may never have taken effect, and that nothing saw, did not.
            if (!at_first && !ended_[write] && reads_[v] == no_operation) continue;
            zone_of[v] = zones_.size();
            zone_writes_.push_back(at_first ? no_operation : write);
            if (at_first) {
                zones_.push_back({});
            } else {
                const Operation& operation = operations_[write];
                zones_.push_back(kernels::Zone::of_write(operation.inv, ended_[write] ? operation.res : Operation::open, write));
            }
        }
        if (unwritten_) return;
        for (std::uint32_t i = 0; i < operations_.size(); ++i) {
            const Operation& operation = operations_[i];
            if (operation.call.function != Function::read || !ended_[i]) continue;
            zones_[zone_of[place(operation.call.result)]].read(operation.inv, operation.res, i);
        }
    }

    [[nodiscard]] Contradiction unwritten(std::uint32_t read) const {
        Contradiction contradiction;
        contradiction.before_its_write = true;
        contradiction.sides[0] = {std::nullopt, read, read, true};
        contradiction.sides[1] = contradiction.sides[0];
        return contradiction;
    }

    [[nodiscard]] Contradiction::Side side(std::size_t zone) const {
        Contradiction::Side side;
        side.first_end = zones_[zone].first_end_by;
        side.last_begin = zones_[zone].last_begin_by;
        side.has_first_end = zone_writes_[zone] != no_operation;
        if (side.has_first_end) side.write = zone_writes_[zone];
        return side;
    }

    std::span<const Operation> operations_;
    State initial_;
    std::vector<ValueId> values_;
    std::vector<bool> ended_;
    std::vector<std::uint32_t> writes_;  ///< by value: the write of it
    std::vector<std::uint32_t> reads_;   ///< by value: some read of it that has ended
    std::vector<kernels::Zone> zones_;
    std::vector<std::uint32_t> zone_writes_;
    std::optional<Contradiction> unwritten_;
};

Verdict decide_by_zones(std::span<const Operation> operations, State initial) {
    Verdict verdict;
    verdict.by_zones = true;
    const EventOrder order(operations);
    Clusters clusters(operations, initial);
    verdict.contradiction = clusters.contradiction(order, order.events().size());
    verdict.outcome.linearizable = !verdict.contradiction;
    if (verdict.outcome.linearizable) return verdict;
    // What is not linearizable stays so however it goes on: the first end at which it no longer was.
    std::size_t good = 0;
    std::size_t bad = order.events().size();
    while (bad - good > 1) {
        const std::size_t middle = good + (bad - good) / 2;
        if (clusters.contradiction(order, middle)) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    verdict.contradiction = clusters.contradiction(order, bad);
    verdict.outcome.stuck = order.events()[bad - 1].operation;
    return verdict;
}

}  // namespace

bool has_distinct_writes(std::span<const Operation> operations, State initial) {
    std::vector<ValueId> written{initial};
    for (const Operation& operation : operations) {
        const Call& call = operation.call;
        if (call.function == Function::write) written.push_back(call.argument);
        if (call.function == Function::cas || call.function == Function::append) return false;
        if (call.function == Function::read && call.result == not_known && !operation.is_open()) return false;
    }
    std::sort(written.begin(), written.end());
    return std::adjacent_find(written.begin(), written.end()) == written.end();
}

Verdict decide(const Model& model, Values& values, std::span<const Operation> operations, const Limits& limits, State initial) {
    // A store reads "" and null alike, so its values are not what they are written as.
    if (!model.keyed && has_distinct_writes(operations, initial)) return decide_by_zones(operations, initial);
    Verdict verdict;
    verdict.outcome = search(model, values, operations, limits, initial);
    return verdict;
}

std::optional<Duration> smallest_delta(std::span<const Operation> operations) {
    return Clusters{operations, nothing}.smallest_delta(EventOrder{operations});
}

}  // namespace mistrial::checkers::linearizability
