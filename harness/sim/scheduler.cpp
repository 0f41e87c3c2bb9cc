#include "harness/sim/scheduler.hpp"

#include "core/random.hpp"
#include "core/result.hpp"

#include <algorithm>

namespace mistrial::sim {
namespace {

std::uint64_t mix_in(std::uint64_t hash, std::uint64_t word) {
    for (int i = 0; i < 8; ++i) {
        hash ^= (word >> (8 * i)) & 0xff;
        hash *= 0x100000001b3U;
    }
    return hash;
}

}  // namespace

void Scheduler::set_order(std::uint64_t seed) {
    // About as many events as a run of a minute has.
    constexpr std::uint64_t kWithin = 50'000;
    order_ = seed;
    const RandomStream stream(seed, "changes", "order");
    changes_ = {stream.below(0, kWithin), stream.below(1, kWithin)};
    std::sort(changes_.rbegin(), changes_.rend());
}

std::uint64_t Scheduler::rank_of(std::string_view node) {
    if (order_ == 0) return 0;
    auto found = ranks_.find(node);
    if (found == ranks_.end()) found = ranks_.emplace(node, RandomStream(order_, node, "order").bits(0) >> 2U).first;
    if (!changes_.empty() && next_ >= changes_.back()) {
        found->second = UINT64_MAX - changes_.size();
        changes_.pop_back();
    }
    return found->second;
}

Scheduler::EventId Scheduler::at(TrueTime time, std::string_view node, const char* kind, std::uint64_t digest,
                                 Function function) {
    const EventId id = next_++;
    heap_.push_back({std::max(time, now_), rank_of(node), id, std::string(node), kind, digest, std::move(function)});
    std::push_heap(heap_.begin(), heap_.end(), later);
    pending_.insert(id);
    return id;
}

void Scheduler::cancel(EventId id) { pending_.erase(id); }

bool Scheduler::step(TrueTime limit) {
    while (!heap_.empty() && heap_.front().time <= limit) {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        Entry entry = std::move(heap_.back());
        heap_.pop_back();
        if (pending_.erase(entry.sequence) == 0) continue;
        MISTRIAL_INVARIANT(entry.time >= now_, "{}: {} at {} after {}", entry.node, entry.kind, nanos_of(entry.time),
                           nanos_of(now_));
        if (entry.time == now_ && entry.node != last_node_) ++ties_;
        last_node_ = entry.node;
        now_ = entry.time;
        ++events_;
        fingerprint_ = mix_in(fingerprint_, entry.sequence);
        fingerprint_ = mix_in(fingerprint_, static_cast<std::uint64_t>(nanos_of(entry.time)));
        fingerprint_ = fnv1a(entry.node, fingerprint_);
        fingerprint_ = fnv1a(entry.kind, fingerprint_);
        fingerprint_ = mix_in(fingerprint_, entry.digest);
        entry.function();
        return true;
    }
    now_ = std::max(now_, limit);
    return false;
}

}  // namespace mistrial::sim
