#include "harness/live/decision_client.hpp"

namespace mistrial::live {

using history::Type;

Type type_of(const net::HttpOutcome& outcome) {
    switch (outcome.kind) {
        case net::HttpOutcome::Kind::complete: return Type::ok;
        case net::HttpOutcome::Kind::not_sent: return Type::fail;
        case net::HttpOutcome::Kind::unknown: return Type::info;
    }
    return Type::info;
}

DecisionClient::DecisionClient(net::Loop& loop, EventQueue& queue, net::Endpoint edge, std::size_t connections,
                               driver::DecisionCodec codec, std::function<void(TrueTime)> on_answer)
    : loop_(loop),
      queue_(queue),
      client_(loop, std::move(edge), {.connections = connections}),
      codec_(std::move(codec)),
      on_answer_(std::move(on_answer)) {}

void DecisionClient::decide(world::Decide decide) {
    const world::OperationId id = decide.id;
    due_[id] = loop_.at(queue_.steady_time(decide.due), [this, id, asked = std::move(decide.value)]() mutable {
        // The timer, and with it this function, goes before the request is made.
        const net::Timer keep = std::move(due_[id]);
        due_.erase(id);
        send(id, std::move(asked));
    });
}

void DecisionClient::send(world::OperationId id, history::Decide asked) {
    driver::DecisionRequest encoded = codec_.encode(asked);
    net::HttpRequest request;
    request.method = std::move(encoded.method);
    request.target = std::move(encoded.target);
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(encoded.body);
    const Duration timeout = asked.timeout.value_or(std::chrono::seconds(2));
    const auto invocation = std::make_shared<Invocation>(queue_, id);
    net::HttpCallbacks callbacks;
    callbacks.on_first_write = [invocation] { invocation->begin(); };
    callbacks.on_done = [this, id, invocation, asked = std::move(asked)](net::HttpOutcome outcome) mutable {
        complete(id, std::move(asked), *invocation, std::move(outcome));
    };
    client_.request(request, timeout, std::move(callbacks));
}

void DecisionClient::complete(world::OperationId id, history::Decide asked, Invocation& invocation,
                              net::HttpOutcome outcome) {
    invocation.begin();
    world::Completed completed{id, {}, type_of(outcome), history::Foreign{}, std::nullopt};
    if (outcome.complete()) {
        auto answer = codec_.decode(std::move(asked), outcome.response.status, outcome.response.body);
        if (answer) {
            completed.value = std::move(*answer);
            on_answer_(invocation.at());
        } else {
            completed.type = Type::info;
            completed.error = answer.error().message;
        }
    } else {
        completed.error = std::move(outcome.error);
    }
    queue_.post(std::move(completed));
}

void DecisionClient::probe(world::Probe probe, const std::string& target) {
    net::HttpRequest request;
    request.target = target;
    const world::OperationId id = probe.id;
    const auto invocation = std::make_shared<Invocation>(queue_, id);
    net::HttpCallbacks callbacks;
    callbacks.on_first_write = [invocation] { invocation->begin(); };
    callbacks.on_done = [this, id, invocation, probe = std::move(probe)](const net::HttpOutcome& outcome) {
        invocation->begin();
        world::Completed completed{id, {}, type_of(outcome), history::Foreign{}, std::nullopt};
        if (outcome.complete())
            completed.value = history::Health{probe.agent, probe.query, outcome.response.status, std::nullopt};
        else
            completed.error = outcome.error;
        queue_.post(std::move(completed));
    };
    client_.request(request, world::probe_within, std::move(callbacks));
}

}  // namespace mistrial::live
