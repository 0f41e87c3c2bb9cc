#include "harness/sim/server_node.hpp"

namespace mistrial::sim {

ServerNode::ServerNode(std::string name, Core core, std::string upstream, Scheduler& scheduler, Network& network,
                       WallTime wall_at_zero, Observe observe)
    : name_(std::move(name)),
      core_(std::move(core)),
      upstream_(std::move(upstream)),
      scheduler_(scheduler),
      network_(network),
      wall_at_zero_(wall_at_zero),
      observe_(std::move(observe)) {
    network_.listen(name_, {[this](Network::ExchangeId exchange, const std::string& client, const http::Request& request) {
                                began_[exchange] = scheduler_.now();
                                take(control_plane::RequestArrived{exchange, request, client});
                            },
                            [this](Network::ExchangeId exchange) {
                                began_.erase(exchange);
                                take(control_plane::ExchangeClosed{exchange});
                            }});
}

void ServerNode::take(const control_plane::Event& event) {
    const Duration now = scheduler_.now().time_since_epoch();
    const Clocks clocks{wall_at_zero_ + now, MonoTime{now}};
    auto actions = std::visit([&](auto& core) { return core.on(event, clocks); }, core_);
    for (control_plane::Action& action : actions) perform(action);
}

void ServerNode::perform(control_plane::Action& action) {
    if (auto* reply = std::get_if<control_plane::Reply>(&action)) {
        const auto began = began_.find(reply->exchange);
        if (began == began_.end()) return;
        if (reply->served)
            observe_(control_plane::to_record(*reply->served, began->second,
                                              static_cast<std::int64_t>(http::bytes_of(reply->response.body).size()), true));
        began_.erase(began);
        network_.reply(reply->exchange, std::move(reply->response));
    } else if (auto* set = std::get_if<control_plane::SetTimer>(&action)) {
        const control_plane::TimerId timer = set->timer;
        if (const auto old = timers_.find(timer); old != timers_.end()) scheduler_.cancel(old->second);
        timers_[timer] = scheduler_.at(TrueTime{set->at.time_since_epoch()}, name_, "timer", timer, [this, timer] {
            timers_.erase(timer);
            take(control_plane::TimerFired{timer});
        });
    } else if (auto* unset = std::get_if<control_plane::CancelTimer>(&action)) {
        if (const auto old = timers_.find(unset->timer); old != timers_.end()) {
            scheduler_.cancel(old->second);
            timers_.erase(old);
        }
    } else if (auto* ask = std::get_if<control_plane::AskUpstream>(&action)) {
        const std::uint64_t id = ask->id;
        Network::Caller caller;
        caller.on_response = [this, id](http::Response response) {
            take(control_plane::UpstreamAnswered{id, std::move(response)});
        };
        caller.on_failed = [this, id](std::string reason, bool) { take(control_plane::UpstreamFailed{id, std::move(reason)}); };
        constexpr Duration kUpstreamWithin = std::chrono::seconds(10);
        network_.call(name_, upstream_, std::move(ask->request), kUpstreamWithin, std::move(caller));
    } else if (auto* observed = std::get_if<control_plane::Observed>(&action)) {
        if (auto* upload = std::get_if<history::LogUpload>(&observed->value))
            if (const auto began = began_.find(observed->exchange); began != began_.end()) upload->began = began->second;
        observe_(std::move(observed->value));
    }
}

}  // namespace mistrial::sim
