#include "checkers/linearizability/search.hpp"

#include "checkers/linearizability/configurations.hpp"
#include "checkers/linearizability/event_order.hpp"

#include <algorithm>

namespace mistrial::checkers::linearizability {

namespace {

constexpr std::uint64_t steps_between_looks = 4096;  ///< at the clock

constexpr std::uint64_t mix(std::uint64_t x) {  // SplitMix64
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

class Search {
  public:
    Search(const Model& model, Values& values, std::span<const Operation> operations, const Limits& limits, State initial)
        : model_(model),
          values_(values),
          operations_(operations),
          limits_(limits),
          until_(std::chrono::steady_clock::now() + limits.time),
          state_(initial),
          configurations_(limits.memory),
          longest_state_(initial) {
        lay_out();
    }

    Outcome run() {
        bool moved = enter();
        while (remaining_ > 0) {
            if (outcome_.ended != Outcome::Ended::decided) return finish(false);
            moved = moved && advance();
            if (!moved && !retreat()) return finish(false);
            moved = moved ? enter() : true;
        }
        return finish(true);
    }

  private:
    /// Operations with an end come first in `bits_`, in the order of their begins; then those without.
    struct Node {
        std::uint32_t operation = 0;
        std::uint32_t bit = 0;
        bool begins = false;
        std::uint32_t match = 0;  ///< the end's node of a begin
        std::uint32_t begun = 0;  ///< operations with an end that began before this node
    };
    struct Open {
        Call call;
        std::vector<std::uint32_t> nodes;  ///< begins, in order
        std::size_t used = 0;
    };
    struct Frame {
        std::uint32_t node;
        std::int32_t open;  ///< which of `opens_`, or -1
        State before;
        bool forced;  ///< a read: there was nothing else to try
        bool unseen_before;
    };

    [[nodiscard]] static bool blind(const Call& call) { return call.function == Function::write; }

    void lay_out();
    void group_opens(const std::vector<std::uint32_t>& begins);

    // The list of what has not been taken: a ring through `tail_`.
    void lift(std::uint32_t node) {
        const std::uint32_t end = nodes_[node].match;
        next_[prev_[node]] = next_[node];
        prev_[next_[node]] = prev_[node];
        next_[prev_[end]] = next_[end];
        prev_[next_[end]] = prev_[end];
    }
    void put_back(std::uint32_t node) {
        const std::uint32_t end = nodes_[node].match;
        next_[prev_[end]] = end;
        prev_[next_[end]] = end;
        next_[prev_[node]] = node;
        prev_[next_[node]] = node;
    }
    [[nodiscard]] std::uint32_t first_end() const {
        std::uint32_t at = next_[tail_];
        while (nodes_[at].begins) at = next_[at];
        return at;
    }

    void take(std::uint32_t node, std::int32_t open, State after, bool forced);
    void undo(const Frame& frame);
    bool enter();
    bool advance();
    bool retreat();
    void remember_longest(std::uint32_t stop);
    void look_at_the_clock();
    Outcome finish(bool linearizable);

    const Model& model_;
    Values& values_;
    std::span<const Operation> operations_;
    const Limits& limits_;
    std::chrono::steady_clock::time_point until_;

    std::vector<Node> nodes_;
    std::vector<std::uint32_t> next_;
    std::vector<std::uint32_t> prev_;
    std::uint32_t tail_ = 0;
    std::vector<Open> opens_;
    std::uint32_t closed_ = 0;

    // The configuration.
    std::vector<std::uint64_t> bits_;
    std::uint32_t closed_words_ = 0;
    std::uint32_t first_ = 0;  ///< the first operation with an end that has not been taken
    std::uint32_t remaining_ = 0;
    std::uint64_t hash_ = 0;
    State state_;
    bool unseen_ = false;  ///< the last thing taken was an operation without an end, and nothing has seen it yet

    std::vector<Frame> frames_;
    std::uint32_t cursor_ = 0;       ///< where to go on in the list; `tail_` once it is through
    std::size_t open_cursor_ = 0;
    Configurations configurations_;
    std::uint64_t steps_ = 0;

    std::vector<std::uint32_t> longest_;
    std::size_t shared_ = 0;  ///< so many of `longest_` are what `frames_` begins with
    std::uint32_t longest_stop_ = 0;
    State longest_state_;
    bool any_longest_ = false;
    Outcome outcome_;
};

void Search::lay_out() {
    const EventOrder order(operations_);
    const auto count = static_cast<std::uint32_t>(order.events().size());
    std::vector<std::uint32_t> node_of(operations_.size());
    std::vector<std::uint32_t> open_begins;
    nodes_.resize(count + 1);
    next_.resize(count + 1);
    prev_.resize(count + 1);
    tail_ = count;
    nodes_[tail_].begins = false;
    std::uint32_t last = tail_;
    for (std::uint32_t at = 0; at < count; ++at) {
        const EventOrder::Event& event = order.events()[at];
        Node& node = nodes_[at];
        node.operation = event.operation;
        node.begins = event.begins;
        node.begun = closed_;
        if (event.begins) {
            node_of[event.operation] = at;
            if (operations_[event.operation].is_open()) {
                open_begins.push_back(at);
                continue;
            }
            node.bit = closed_++;
        } else {
            nodes_[node_of[event.operation]].match = at;
        }
        next_[last] = at;
        prev_[at] = last;
        last = at;
    }
    next_[last] = tail_;
    prev_[tail_] = last;
    remaining_ = closed_;
    closed_words_ = (closed_ + 63) / 64;
    group_opens(open_begins);
}

void Search::group_opens(const std::vector<std::uint32_t>& begins) {
    // A write that nothing can see changes nothing; that needs no values looked at where texts grow.
    std::vector<ValueId> seen;
    bool appends = false;
    for (const Operation& operation : operations_) {
        if (operation.call.function == Function::read) seen.push_back(operation.call.result);
        if (operation.call.function == Function::cas) seen.push_back(operation.call.expected);
        appends = appends || operation.call.function == Function::append;
    }
    std::sort(seen.begin(), seen.end());
    std::uint32_t bit = closed_words_ * 64;
    for (const std::uint32_t at : begins) {
        const Call& call = operations_[nodes_[at].operation].call;
        if (call.function == Function::read) continue;
        if (!appends && !std::binary_search(seen.begin(), seen.end(), call.argument)) continue;
        nodes_[at].bit = bit++;
        const auto same = std::find_if(opens_.begin(), opens_.end(), [&](const Open& one) { return one.call == call; });
        Open& open = same == opens_.end() ? opens_.emplace_back(Open{call, {}, 0}) : *same;
        open.nodes.push_back(at);
    }
    bits_.assign((bit + 63) / 64, 0);
}

void Search::take(std::uint32_t node, std::int32_t open, State after, bool forced) {
    frames_.push_back({node, open, state_, forced, unseen_});
    const std::uint32_t bit = nodes_[node].bit;
    bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    hash_ ^= mix(bit);
    state_ = after;
    if (open >= 0) {
        ++opens_[static_cast<std::size_t>(open)].used;
        unseen_ = true;
        return;
    }
    unseen_ = false;
    lift(node);
    --remaining_;
    while (first_ < closed_ && (bits_[first_ / 64] >> (first_ % 64) & 1) != 0) ++first_;
}

void Search::undo(const Frame& frame) {
    const std::uint32_t bit = nodes_[frame.node].bit;
    bits_[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
    hash_ ^= mix(bit);
    state_ = frame.before;
    unseen_ = frame.unseen_before;
    if (frame.open >= 0) {
        --opens_[static_cast<std::size_t>(frame.open)].used;
        return;
    }
    put_back(frame.node);
    ++remaining_;
    first_ = std::min(first_, bit);
}

/// Takes the reads that the state allows. False when this configuration has been looked at before.
bool Search::enter() {
    std::uint32_t at = next_[tail_];
    while (nodes_[at].begins) {
        const Call& call = operations_[nodes_[at].operation].call;
        std::uint32_t following = next_[at];
        if (call.function == Function::read && model_.step(values_, state_, call) != impossible) {
            if (following == nodes_[at].match) following = next_[following];
            take(at, -1, state_, true);
        }
        at = following;
    }
    if (remaining_ == 0) return true;
    remember_longest(at);
    cursor_ = next_[tail_];
    open_cursor_ = 0;
    if (++steps_ % steps_between_looks == 0) look_at_the_clock();
    const std::uint32_t low = first_ / 64;
    const std::uint32_t high = (nodes_[at].begun + 63) / 64;
    const auto added = configurations_.add(hash_ ^ mix(std::uint64_t{state_} << 32 | 1), low, state_,
                                           std::span(bits_).subspan(low, high - low), std::span(bits_).subspan(closed_words_));
    if (added == Configurations::Added::no_room) outcome_.ended = Outcome::Ended::out_of_memory;
    return added == Configurations::Added::fresh;
}

/// Takes the next operation that may come next; false when there is none left to try.
bool Search::advance() {
    for (; cursor_ != tail_ && nodes_[cursor_].begins; cursor_ = next_[cursor_]) {
        const Call& call = operations_[nodes_[cursor_].operation].call;
        if (call.function == Function::read || (unseen_ && blind(call))) continue;
        const State after = model_.step(values_, state_, call);
        if (after == impossible) continue;
        take(cursor_, -1, after, false);
        return true;
    }
    cursor_ = tail_;
    if (opens_.empty()) return false;
    const std::uint32_t stop = first_end();
    for (; open_cursor_ < opens_.size(); ++open_cursor_) {
        const Open& open = opens_[open_cursor_];
        if (open.used == open.nodes.size() || open.nodes[open.used] > stop || (unseen_ && blind(open.call))) continue;
        const State after = model_.step(values_, state_, open.call);
        if (after == impossible || after == state_) continue;
        take(open.nodes[open.used], static_cast<std::int32_t>(open_cursor_), after, false);
        return true;
    }
    return false;
}

/// Goes back to the last configuration with something left to try; false when there is none.
bool Search::retreat() {
    while (!frames_.empty()) {
        const Frame frame = frames_.back();
        frames_.pop_back();
        undo(frame);
        if (frame.forced) continue;
        shared_ = std::min(shared_, frames_.size());
        cursor_ = frame.open < 0 ? next_[frame.node] : tail_;
        open_cursor_ = frame.open < 0 ? 0 : static_cast<std::size_t>(frame.open) + 1;
        return true;
    }
    shared_ = 0;
    return false;
}

void Search::remember_longest(std::uint32_t stop) {
    if (any_longest_ && (stop < longest_stop_ || (stop == longest_stop_ && frames_.size() <= longest_.size()))) return;
    any_longest_ = true;
    longest_.resize(shared_);
    for (std::size_t i = shared_; i < frames_.size(); ++i) longest_.push_back(nodes_[frames_[i].node].operation);
    shared_ = frames_.size();
    longest_stop_ = stop;
    longest_state_ = state_;
}

void Search::look_at_the_clock() {
    if (std::chrono::steady_clock::now() >= until_) outcome_.ended = Outcome::Ended::out_of_time;
    if (configurations_.bytes() + values_.bytes() > limits_.memory) outcome_.ended = Outcome::Ended::out_of_memory;
}

Outcome Search::finish(bool linearizable) {
    outcome_.linearizable = linearizable && outcome_.ended == Outcome::Ended::decided;
    outcome_.configurations = configurations_.size();
    if (linearizable) {
        outcome_.ended = Outcome::Ended::decided;
        outcome_.linearizable = true;
        longest_.clear();
        for (const Frame& frame : frames_) longest_.push_back(nodes_[frame.node].operation);
        longest_state_ = state_;
    } else {
        outcome_.stuck = nodes_[longest_stop_].operation;
    }
    outcome_.order = std::move(longest_);
    outcome_.state = longest_state_;
    return std::move(outcome_);
}

}  // namespace

Outcome search(const Model& model, Values& values, std::span<const Operation> operations, const Limits& limits, State initial) {
    return Search{model, values, operations, limits, initial}.run();
}

}  // namespace mistrial::checkers::linearizability
