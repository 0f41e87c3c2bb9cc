#pragma once

#include "core/json.hpp"
#include "engine/agent/agent.hpp"
#include "engine/bundle/archive.hpp"
#include "engine/bundle/digest.hpp"
#include "engine/bundle/gzip.hpp"
#include "engine/control_plane/authority.hpp"
#include "engine/control_plane/sinks.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// For tests: one agent core before one authority core and one sink core, in virtual time, with an edge
/// between them that can be cut and a disk that outlives the agent.
namespace mistrial::agent::testing {

/// A revision of workload `grants`: Rego and plan as shipped, "alice" may `read` as said.
inline bundle::Members grants_members(const std::string& revision, bool alice_reads) {
    const std::string folder = std::string(MISTRIAL_SOURCE_DIR) + "/scenarios/workloads/grants/";
    const auto with_revision = [&](std::string text) {
        for (auto at = text.find("@@REV@@"); at != std::string::npos; at = text.find("@@REV@@"))
            text.replace(at, 7, revision);
        return text;
    };
    Json data;
    data["grants"]["marker"] = revision;
    data["grants"]["users"]["alice"] = {
        {"roles", Json::array()}, {"grants", {{"read", alice_reads}}}, {"revoked", Json::object()}};
    data["grants"]["roles"] = Json::object();
    data["grants"]["suspended"] = Json::object();
    return {{".manifest",
             Json{{"revision", revision}, {"roots", {"mistrial", "grants"}}, {"rego_version", 0}}.dump()},
            {"policy.rego", with_revision(read_file(folder + "policy.rego").value())},
            {"plan.json", with_revision(read_file(folder + "plan.json").value())},
            {"data.json", data.dump()}};
}

/// A bundle of data alone: `root`.revision.
inline bundle::Members data_members(const std::string& revision, const std::string& root) {
    return {{".manifest", Json{{"revision", revision}, {"roots", {root}}}.dump()},
            {root + "/data.json", Json{{"revision", revision}}.dump()}};
}

inline Config config_of(const Json& json) { return parse_config(json, "config").value(); }

/// One bundle polled each second, status and logs reported.
inline Json usual_config() {
    return {{"services", {{"control", {{"url", "http://control/nodes/a1"}}}}},
            {"labels", {{"node", "a1"}, {"incarnation", "a1#1"}}},
            {"bundles",
             {{"main",
               {{"service", "control"}, {"polling", {{"min_delay_seconds", 1}, {"max_delay_seconds", 1}}}}}}},
            {"status", {{"service", "control"}}},
            {"decision_logs",
             {{"service", "control"}, {"reporting", {{"min_delay_seconds", 1}, {"max_delay_seconds", 1}}}}}};
}

struct Decision {
    int status = 0;
    Json body;
    [[nodiscard]] Json at(const std::string& pointer) const {
        const Json::json_pointer where(pointer);
        return body.contains(where) ? body.at(where) : Json();
    }
    [[nodiscard]] Json allow() const { return at("/result/allow"); }
    [[nodiscard]] std::string policy() const {
        return at("/result/policy").is_string() ? at("/result/policy") : "";
    }
    [[nodiscard]] std::string provenance(const std::string& bundle = "main") const {
        const Json revision = at("/provenance/bundles/" + bundle + "/revision");
        return revision.is_string() ? revision.get<std::string>() : "";
    }
};

class AgentRig {
  public:
    explicit AgentRig(Json config = usual_config()) : config_(std::move(config)) {}

    // What tests turn.
    bool cut = false;              ///< every request of the agent fails at once
    bool authority_fails = false;  ///< bundle requests get 503
    bool sink_fails = false;       ///< log uploads get 503
    bool acks_lost = false;        ///< log uploads arrive, their acknowledgement does not
    bool disk_fails = false;
    Duration latency = std::chrono::milliseconds(1);
    std::optional<Duration> load_time;  ///< archives are loaded outside the core, and that takes so long
    std::shared_ptr<Behaviour> (*make_behaviour)() = nullptr;

    // What tests look at.
    struct Sent {
        MonoTime at;
        Send send;
    };
    std::vector<Sent> sent;
    std::vector<history::Status> statuses;
    std::vector<history::Log> logs;
    std::vector<history::LogUpload> uploads;
    std::vector<std::string> lines;
    std::vector<int> served;  ///< status of each bundle reply
    std::map<std::string, http::Body> disk;
    bool stopped = false;
    control_plane::Authority authority{{.name = "primary", .long_polling = true}};
    control_plane::Sink sink{{.name = "sink", .reading = {.nonce = "/input/nonce", .verdict = "/allow"}}};

    void boot() {
        ++incarnation_;
        Setup setup;
        setup.config = config_of(config_);
        setup.document = {{"mistrial_instance", {{"id", fmt::format("a1#{}", incarnation_)}}}};
        setup.seed = incarnation_;
        setup.name = "a1";
        if (make_behaviour != nullptr) setup.behaviour = make_behaviour();
        setup.loads_outside = load_time.has_value();
        agent_.emplace(std::move(setup));
        stopped = false;
        Started started;
        for (const auto& [path, bytes] : disk) started.persisted.push_back({path, bytes});
        feed(std::move(started));
    }

    /// The process is gone; the disk stays.
    void kill() {
        agent_.reset();
        queue_.clear();
        timers_.clear();
        exchanges_.clear();
    }

    void stop() { feed(StopRequested{}); }

    void publish(const std::string& bundle, const std::string& revision, const bundle::Members& members) {
        publish_bytes(bundle, revision, bundle::write_archive(members).value());
    }
    void publish_bytes(const std::string& bundle, const std::string& revision, std::string archive) {
        take(authority.on(
            control_plane::RequestArrived{
                next_exchange_++,
                control_plane::publish_request("p1", bundle, revision, "", http::make_body(archive)),
                std::nullopt},
            clocks()));
    }
    void publish_grants(const std::string& revision, bool alice_reads) {
        publish("main", revision, grants_members(revision, alice_reads));
    }

    Decision ask(const std::string& target, const Json& input = Json(), const std::string& method = "POST") {
        http::Request request{.method = method, .target = target, .headers = {}, .body = nullptr};
        if (method == "POST" && !input.is_null())
            request.body = http::make_body(Json{{"input", input}}.dump());
        return ask(request);
    }
    Decision ask(http::Request request) {
        const ExchangeId id = next_client_++;
        feed(RequestArrived{id, std::move(request)});
        Decision decision;
        const auto found = replies_.find(id);
        if (found == replies_.end()) return decision;
        decision.status = found->second.status;
        decision.body = Json::parse(http::bytes_of(found->second.body), nullptr, false);
        replies_.erase(found);
        return decision;
    }
    Decision decide(const std::string& nonce = "n") {
        return ask("/v1/data/mistrial/decision?provenance=true",
                   Json{{"user", "alice"}, {"action", "read"}, {"nonce", nonce}});
    }

    /// Lets virtual time pass.
    void run_for(Duration span) {
        const MonoTime until = now_ + span;
        while (true) {
            std::optional<TimerId> timer;
            MonoTime next = until + Duration(1);
            for (const auto& [id, at] : timers_)
                if (at < next) {
                    next = at;
                    timer = id;
                }
            auto event = std::min_element(queue_.begin(), queue_.end(),
                                          [](const auto& a, const auto& b) { return a.at < b.at; });
            const bool is_event = event != queue_.end() && event->at <= next;
            if (is_event) next = event->at;
            std::optional<control_plane::TimerId> authority_timer;
            for (const auto& [id, at] : authority_timers_)
                if (at < next) {
                    next = at;
                    authority_timer = id;
                }
            if (next > until) break;
            now_ = std::max(now_, next);
            if (authority_timer) {
                authority_timers_.erase(*authority_timer);
                take(authority.on(control_plane::TimerFired{*authority_timer}, clocks()));
            } else if (is_event) {
                Event happened = std::move(event->event);
                queue_.erase(event);
                feed(std::move(happened));
            } else {
                timers_.erase(*timer);
                feed(TimerFired{*timer});
            }
        }
        now_ = until;
    }

    [[nodiscard]] Agent& agent() { return *agent_; }
    [[nodiscard]] Clocks clocks() const {
        return {at_nanos<WallTime>(1'700'000'000'000'000'000 + nanos_of(now_)), now_};
    }

    /// When bundle requests were sent.
    [[nodiscard]] std::vector<MonoTime> polls() const {
        std::vector<MonoTime> times;
        for (const Sent& one : sent)
            if (one.send.message.target.starts_with("/bundles/")) times.push_back(one.at);
        return times;
    }

  private:
    struct Queued {
        MonoTime at;
        Event event;
    };

    void feed(Event event) {
        if (!agent_) return;
        for (Action& action : agent_->on(std::move(event), clocks())) perform(action);
    }

    void perform(Action& action) {
        if (auto* send = std::get_if<Send>(&action)) {
            sent.push_back({now_, *send});
            carry(*send);
        } else if (auto* cancel = std::get_if<Cancel>(&action)) {
            std::erase_if(exchanges_, [&](const auto& one) { return one.second == cancel->request; });
            std::erase_if(queue_, [&](const Queued& one) {
                const auto* response = std::get_if<Responded>(&one.event);
                return response != nullptr && response->request == cancel->request;
            });
        } else if (auto* timer = std::get_if<SetTimer>(&action)) {
            timers_[timer->timer] = timer->at;
        } else if (auto* off = std::get_if<CancelTimer>(&action)) {
            timers_.erase(off->timer);
        } else if (auto* persist = std::get_if<Persist>(&action)) {
            write(*persist);
        } else if (auto* load = std::get_if<Load>(&action)) {
            queue_.push_back(
                {now_ + load_time.value(), LoadDone{load->job, Loader().load(load->archive, load->limits)}});
        } else if (auto* reply = std::get_if<Reply>(&action)) {
            replies_[reply->exchange] = reply->response;
        } else if (auto* line = std::get_if<LogLine>(&action)) {
            lines.push_back(line->message);
        } else if (std::get_if<Stopped>(&action) != nullptr) {
            stopped = true;
        }
    }

    void carry(const Send& send) {
        if (cut) return later(RequestFailed{send.request, "connection refused"});
        http::Request request = send.message;
        request.target = "/nodes/a1" + request.target;
        const control_plane::ExchangeId id = next_exchange_++;
        exchanges_[id] = send.request;
        const control_plane::RequestArrived arrived{id, request, std::nullopt};
        if (send.message.target.starts_with("/bundles/")) {
            if (authority_fails) return answer(id, {.status = 503, .headers = {}, .body = nullptr});
            return take(authority.on(arrived, clocks()));
        }
        const bool log = send.message.target.starts_with("/logs");
        if (log && sink_fails) return answer(id, {.status = 503, .headers = {}, .body = nullptr});
        if (log && acks_lost) {
            take(sink.on(control_plane::RequestArrived{next_exchange_++, request, std::nullopt}, clocks()));
            return later(RequestFailed{send.request, "reset"});
        }
        take(sink.on(arrived, clocks()));
    }

    void take(control_plane::Actions actions) {
        for (control_plane::Action& action : actions) {
            if (auto* reply = std::get_if<control_plane::Reply>(&action)) {
                if (reply->served) served.push_back(reply->served->status);
                answer(reply->exchange, std::move(reply->response));
            } else if (auto* timer = std::get_if<control_plane::SetTimer>(&action)) {
                authority_timers_[timer->timer] = timer->at;
            } else if (auto* off = std::get_if<control_plane::CancelTimer>(&action)) {
                authority_timers_.erase(off->timer);
            } else if (auto* observed = std::get_if<control_plane::Observed>(&action)) {
                if (auto* status = std::get_if<history::Status>(&observed->value))
                    statuses.push_back(*status);
                if (auto* log = std::get_if<history::Log>(&observed->value)) logs.push_back(*log);
                if (auto* upload = std::get_if<history::LogUpload>(&observed->value))
                    uploads.push_back(*upload);
            }
        }
    }

    void answer(control_plane::ExchangeId id, http::Response response) {
        const auto found = exchanges_.find(id);
        if (found == exchanges_.end()) return;
        later(Responded{found->second, std::move(response)});
        exchanges_.erase(found);
    }

    void later(Event event) { queue_.push_back({now_ + latency, std::move(event)}); }

    void write(const Persist& persist) {
        std::optional<std::string> error;
        if (disk_fails)
            error = "no space left on device";
        else
            for (const DiskStep& step : persist.steps) {
                if (step.kind == DiskStep::Kind::write) disk[step.path] = step.bytes;
                if (step.kind == DiskStep::Kind::rename) {
                    disk[step.to] = disk.at(step.path);
                    disk.erase(step.path);
                }
            }
        later(Persisted{persist.job, error});
    }

    Json config_;
    std::optional<Agent> agent_;
    std::uint64_t incarnation_ = 0;
    MonoTime now_{};
    std::vector<Queued> queue_;
    std::map<TimerId, MonoTime> timers_;
    std::map<control_plane::TimerId, MonoTime> authority_timers_;
    std::map<control_plane::ExchangeId, RequestId> exchanges_;
    std::map<ExchangeId, http::Response> replies_;
    control_plane::ExchangeId next_exchange_ = 1;
    ExchangeId next_client_ = 1;
};

}  // namespace mistrial::agent::testing
