#pragma once

#include "core/net/http_client.hpp"
#include "core/net/loop.hpp"
#include "harness/driver/decision_codec.hpp"
#include "harness/live/event_queue.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace mistrial::live {

/// Posts the one Invoked of an operation: just before its first byte is written, or, when none is, before its end (a first
/// byte that was about to be written and could not be leaves nothing sent).
class Invocation {
  public:
    Invocation(EventQueue& queue, world::OperationId id) : queue_(&queue), id_(id) {}
    void begin() {
        if (!at_) at_ = queue_->post(world::Invoked{id_, {}});
    }
    [[nodiscard]] TrueTime at() const { return at_.value_or(TrueTime{}); }

  private:
    EventQueue* queue_;
    world::OperationId id_;
    std::optional<TrueTime> at_;
};

/// Asks one agent for decisions, through its clients' edge, each at its time: one connection pool an agent, so that a
/// slow one starves no other. Lives on the load loop.
class DecisionClient {
  public:
    DecisionClient(net::Loop& loop, EventQueue& queue, net::Endpoint edge, std::size_t connections,
                   driver::DecisionCodec codec, std::function<void(TrueTime asked)> on_answer);

    void decide(world::Decide decide);
    void probe(world::Probe probe, const std::string& target);

  private:
    void send(world::OperationId id, history::Decide asked);
    void complete(world::OperationId id, history::Decide asked, Invocation& invocation, net::HttpOutcome outcome);

    net::Loop& loop_;
    EventQueue& queue_;
    net::HttpClient client_;
    driver::DecisionCodec codec_;
    std::function<void(TrueTime)> on_answer_;
    std::unordered_map<world::OperationId, net::Timer> due_;
};

/// What a client's view of an HTTP exchange means for its operation: `fail` when certainly nothing was sent.
[[nodiscard]] history::Type type_of(const net::HttpOutcome& outcome);

}  // namespace mistrial::live
