#include "harness/sim/network.hpp"

#include "core/random.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mistrial::sim {
namespace {

using namespace std::chrono_literals;

/// When Linux sends a SYN again, counted from the first; Go dials for at most 30 s.
constexpr std::array<Duration, 4> kSynAgain{1s, 3s, 7s, 15s};
constexpr Duration kDialWithin = 30s;

bool drops_syns(const net::EdgeCut& cut) { return cut.to_upstream == net::Cut::black_hole; }
bool breaks(const net::EdgeCut& cut) {
    const auto is_breaking = [](net::Cut c) { return c == net::Cut::refuse || c == net::Cut::reset; };
    return is_breaking(cut.to_upstream) || is_breaking(cut.to_client);
}
bool holds(net::Cut cut) { return cut == net::Cut::stall || cut == net::Cut::black_hole; }

}  // namespace

void Network::set_delays(Duration min, Duration max, std::uint64_t seed) {
    delay_min_ = min;
    delay_max_ = max;
    delay_seed_ = seed;
}

Duration Network::delay_on(const EdgeName& edge) {
    if (delay_min_ == delay_max_) return delay_min_;
    const RandomStream stream(delay_seed_, edge.first + " to " + edge.second, "delay");
    return Duration{stream.between(edges_[edge].messages++, delay_min_.count(), delay_max_.count())};
}

Network::CallId Network::call(const std::string& client, const std::string& server, http::Request request,
                              std::optional<Duration> response_within, Caller caller) {
    const CallId id = next_++;
    calls_.emplace(id, Call{{client, server}, std::move(request), response_within, std::move(caller), false, false, {}, 0});
    scheduler_.after(Duration::zero(), client, "connect", id, [this, id] { connect(id); });
    return id;
}

void Network::connect(CallId id) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    Call& call = found->second;
    Edge& edge = edges_[call.edge];
    if (breaks(edge.cut)) {
        ++counters_[call.edge].refused;
        scheduler_.after(delay_on(call.edge), call.edge.first, "refused", id, [this, id] { fail_call(id, "connection refused"); });
        return;
    }
    if (!edge.established && drops_syns(edge.cut)) {
        ++counters_[call.edge].refused;
        const auto tries = static_cast<std::size_t>(call.tries++);
        if (tries >= kSynAgain.size()) {
            const Duration left = kDialWithin - kSynAgain.back();
            scheduler_.after(left, call.edge.first, "dial-timeout", id, [this, id] { fail_call(id, "dial: i/o timeout"); });
            return;
        }
        const Duration wait = kSynAgain[tries] - (tries == 0 ? Duration::zero() : kSynAgain[tries - 1]);
        scheduler_.after(wait, call.edge.first, "syn", id, [this, id] { connect(id); });
        return;
    }
    const Duration handshake = edge.established ? Duration::zero() : 2 * delay_on(call.edge);
    if (!servers_.contains(call.edge.second)) {
        edge.established = false;
        scheduler_.after(2 * delay_on(call.edge), call.edge.first, "refused", id, [this, id] { fail_call(id, "connection refused"); });
        return;
    }
    edge.established = true;
    scheduler_.after(handshake, call.edge.first, "write", id, [this, id] { send(id); });
}

void Network::send(CallId id) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    Call& call = found->second;
    call.sent = true;
    if (call.caller.on_first_write) call.caller.on_first_write();
    if (call.response_within)
        call.timeout = scheduler_.after(*call.response_within, call.edge.first, "timeout", id, [this, id] {
            if (const auto late = calls_.find(id); late != calls_.end()) edges_[late->second.edge].established = false;
            fail_call(id, "timeout awaiting the response");
        });
    const std::uint64_t digest = fnv1a(http::bytes_of(call.request.body), fnv1a(call.request.target));
    scheduler_.after(delay_on(call.edge), call.edge.second, "request", digest, [this, id] { arrive(id); });
}

bool Network::hold(Edge& edge, bool up, std::function<void()> delivery, const EdgeName& name) {
    if (!holds(up ? edge.cut.to_upstream : edge.cut.to_client)) return false;
    ++counters_[name].held;
    (up ? edge.held_up : edge.held_down).push_back(std::move(delivery));
    return true;
}

void Network::arrive(CallId id) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    Call& call = found->second;
    if (hold(edges_[call.edge], true, [this, id] { arrive(id); }, call.edge)) return;
    const auto server = servers_.find(call.edge.second);
    if (server == servers_.end()) {
        fail_call(id, "connection reset by peer");
        return;
    }
    call.arrived = true;
    ++counters_[call.edge].carried;
    // Copies: the server may reply, and end the call, inside.
    const auto on_request = server->second.on_request;
    const http::Request request = call.request;
    const std::string client = call.edge.first;
    on_request(id, client, request);
}

void Network::reply(ExchangeId exchange, http::Response response) {
    const auto found = calls_.find(exchange);
    if (found == calls_.end()) return;
    const std::uint64_t digest = fnv1a(http::bytes_of(response.body), static_cast<std::uint64_t>(response.status));
    scheduler_.after(delay_on(found->second.edge), found->second.edge.first, "response", digest,
                     [this, exchange, response = std::move(response)]() mutable { deliver(exchange, std::move(response)); });
}

void Network::deliver(CallId id, http::Response response) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    const EdgeName name = found->second.edge;
    Edge& edge = edges_[name];
    if (holds(edge.cut.to_client)) {
        hold(edge, false, [this, id, response = std::move(response)]() mutable { deliver(id, std::move(response)); }, name);
        return;
    }
    Call call = std::move(found->second);
    calls_.erase(found);
    if (call.timeout) scheduler_.cancel(*call.timeout);
    ++counters_[name].carried;
    call.caller.on_response(std::move(response));
}

void Network::fail_call(CallId id, std::string reason) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    Call call = std::move(found->second);
    calls_.erase(found);
    if (call.timeout) scheduler_.cancel(*call.timeout);
    if (call.arrived)
        if (const auto server = servers_.find(call.edge.second); server != servers_.end() && server->second.on_closed)
            server->second.on_closed(id);
    call.caller.on_failed(std::move(reason), call.sent);
}

void Network::cancel(CallId id) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    found->second.caller.on_failed = [](std::string, bool) {};
    fail_call(id, "cancelled");
}

void Network::client_died(const std::string& client) {
    std::vector<CallId> gone;
    for (const auto& [id, call] : calls_)
        if (call.edge.first == client) gone.push_back(id);
    for (const CallId id : gone) cancel(id);
    for (auto& [name, edge] : edges_)
        if (name.first == client) edge.established = false;
}

void Network::close(const std::string& server) {
    servers_.erase(server);
    std::vector<CallId> gone;
    for (const auto& [id, call] : calls_)
        if (call.edge.second == server && call.sent) gone.push_back(id);
    for (auto& [name, edge] : edges_)
        if (name.second == server) edge.established = false;
    for (const CallId id : gone) fail_call(id, "connection reset by peer");
}

void Network::cut(const std::string& client, const std::string& server, const net::EdgeCut& cut) {
    const EdgeName name{client, server};
    Edge& edge = edges_[name];
    edge.cut = cut;
    if (breaks(cut)) {
        edge.established = false;
        std::vector<CallId> broken;
        for (const auto& [id, call] : calls_)
            if (call.edge == name && call.sent) broken.push_back(id);
        counters_[name].refused += broken.size();
        for (const CallId id : broken) fail_call(id, "connection reset by peer");
    }
    const auto release = [&](std::vector<std::function<void()>>& held, const char* kind) {
        for (auto& delivery : std::exchange(held, {}))
            scheduler_.after(delay_on(name), client, kind, 0, std::move(delivery));
    };
    if (!holds(cut.to_upstream)) release(edge.held_up, "release-request");
    if (!holds(cut.to_client)) release(edge.held_down, "release-response");
}

bool Network::is_under_way(const std::string& client, const std::string& server) const {
    return std::any_of(calls_.begin(), calls_.end(), [&](const auto& call) { return call.second.sent && call.second.edge == EdgeName(client, server); });
}

Network::Counters Network::counters(const std::string& client, const std::string& server) const {
    const auto found = counters_.find({client, server});
    return found == counters_.end() ? Counters{} : found->second;
}

}  // namespace mistrial::sim
