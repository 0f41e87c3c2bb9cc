#include "harness/sim/agent_node.hpp"

#include "core/result.hpp"

#include <utility>

namespace mistrial::sim {
namespace {

/// From exec to the first answer; real agents take 20 to 100 ms.
constexpr Duration kStartUp = std::chrono::milliseconds(50);
constexpr Duration kDiskStep = std::chrono::milliseconds(1);

}  // namespace

AgentNode::AgentNode(std::string name, Surroundings surroundings, MakeSetup make_setup)
    : name_(std::move(name)), around_(std::move(surroundings)), make_setup_(std::move(make_setup)) {}

Clocks AgentNode::clocks() const {
    const Duration now = around_.scheduler.now().time_since_epoch();
    return {around_.wall_at_zero + now + wall_offset_, MonoTime{now}};
}

std::string AgentNode::boot(std::function<void()> ready) {
    MISTRIAL_INVARIANT(!agent_, "{} is started while it runs", name_);
    const std::uint64_t life = ++life_;
    incarnation_ = fmt::format("{}#{}", name_, life);
    agent_.emplace(make_setup_(incarnation_));
    paused_ = stopped_ = false;
    around_.scheduler.after(kStartUp, name_, "boot", life, [this, life, ready = std::move(ready)] {
        if (life != life_ || !agent_) return;
        around_.network.listen(name_, {[this](Network::ExchangeId exchange, const std::string&, const http::Request& request) {
                                           take(agent::RequestArrived{exchange, request});
                                       },
                                       {}});
        agent::Started started;
        for (const auto& [path, bytes] : disk_) started.persisted.push_back({path, bytes});
        take(std::move(started));
        ready();
    });
    return incarnation_;
}

void AgentNode::kill() {
    if (std::exchange(half_written_, false)) ++killed_persisting_;
    agent_.reset();
    paused_ = false;
    inbox_.clear();
    for (const auto& [timer, event] : timers_) around_.scheduler.cancel(event);
    timers_.clear();
    requests_.clear();
    around_.network.client_died(name_);
    around_.network.close(name_);
}

void AgentNode::stop() {
    around_.network.close(name_);
    take(agent::StopRequested{});
}

void AgentNode::pause() { paused_ = true; }

void AgentNode::resume() {
    paused_ = false;
    while (!inbox_.empty() && !paused_ && agent_) {
        agent::Event event = std::move(inbox_.front());
        inbox_.pop_front();
        take(std::move(event));
    }
}

void AgentNode::take(agent::Event event) {
    if (!agent_) return;
    if (paused_) {
        inbox_.push_back(std::move(event));
        return;
    }
    agent::Actions actions = agent_->on(std::move(event), clocks());
    for (agent::Action& action : actions) perform(action);
}

void AgentNode::perform(agent::Action& action) {
    const std::uint64_t life = life_;
    if (auto* send = std::get_if<agent::Send>(&action)) {
        const agent::RequestId request = send->request;
        Network::Caller caller;
        caller.on_response = [this, life, request](http::Response response) {
            if (life != life_) return;
            requests_.erase(request);
            take(agent::Responded{request, std::move(response)});
        };
        caller.on_failed = [this, life, request](std::string reason, bool) {
            if (life != life_) return;
            requests_.erase(request);
            take(agent::RequestFailed{request, std::move(reason)});
        };
        const auto server = around_.services.find(send->service);
        MISTRIAL_INVARIANT(server != around_.services.end(), "{} asks service {}", name_, send->service);
        requests_[request] = around_.network.call(name_, server->second, std::move(send->message), send->header_timeout,
                                                  std::move(caller));
    } else if (auto* cancel = std::get_if<agent::Cancel>(&action)) {
        if (const auto found = requests_.find(cancel->request); found != requests_.end()) {
            around_.network.cancel(found->second);
            requests_.erase(found);
        }
    } else if (auto* set = std::get_if<agent::SetTimer>(&action)) {
        const agent::TimerId timer = set->timer;
        if (const auto old = timers_.find(timer); old != timers_.end()) around_.scheduler.cancel(old->second);
        timers_[timer] = around_.scheduler.at(TrueTime{set->at.time_since_epoch()}, name_, "timer", timer, [this, life, timer] {
            if (life != life_) return;
            timers_.erase(timer);
            take(agent::TimerFired{timer});
        });
    } else if (auto* unset = std::get_if<agent::CancelTimer>(&action)) {
        if (const auto old = timers_.find(unset->timer); old != timers_.end()) {
            around_.scheduler.cancel(old->second);
            timers_.erase(old);
        }
    } else if (auto* persist = std::get_if<agent::Persist>(&action)) {
        run_disk_job(life, *persist, 0);
    } else if (auto* reply = std::get_if<agent::Reply>(&action)) {
        around_.network.reply(reply->exchange, std::move(reply->response));
    } else if (std::holds_alternative<agent::Stopped>(action)) {
        stopped_ = true;
    }
}

void AgentNode::run_disk_job(std::uint64_t life, const agent::Persist& job, std::size_t step) {
    around_.scheduler.after(kDiskStep, name_, "disk", step, [this, life, job, step] {
        if (life != life_ || !agent_) return;
        if (step == job.steps.size()) {
            take(agent::Persisted{job.job, std::nullopt});
            return;
        }
        const agent::DiskStep& what = job.steps[step];
        using Kind = agent::DiskStep::Kind;
        if (what.kind == Kind::write) {
            disk_[what.path] = what.bytes;
            half_written_ = true;
        } else if (what.kind == Kind::rename) {
            half_written_ = false;
            if (auto moved = disk_.extract(what.path)) {
                disk_.erase(what.to);
                moved.key() = what.to;
                disk_.insert(std::move(moved));
            }
        }
        run_disk_job(life, job, step + 1);
    });
}

}  // namespace mistrial::sim
