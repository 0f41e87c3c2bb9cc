#include "engine/shell/agent_shell.hpp"

#include "core/net/http_client.hpp"
#include "core/net/http_server.hpp"
#include "engine/shell/disk.hpp"
#include "engine/shell/http_conversion.hpp"
#include "engine/shell/worker.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace mistrial::shell {
namespace {

using agent::LogLine;

/// A long poll has no limit of its own; this one only bounds the arithmetic.
constexpr Duration kForEver = std::chrono::hours(24);

Clocks clocks_now() {
    return {
        WallTime{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())},
        MonoTime{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())}};
}

class Shell final : public AgentShell {
  public:
    Shell(net::Loop& loop, AgentOptions options)
        : loop_(loop),
          log_(std::move(options.log)),
          grace_(options.grace),
          setup_(std::move(options.setup)),
          disk_(loop),
          loading_(loop) {}

    Result<> open(const net::Endpoint& listen) {
        for (const auto& [name, service] : setup_.config.services) {
            auto url = parse_service_url(service.url);
            if (!url) return fail("service '{}': {}", name, url.error().message);
            // Every bundle may hold a long poll; status and decision log have one request each.
            const net::HttpClientLimits limits{.connections = setup_.config.bundles.size() + 2};
            services_.emplace(name,
                              Connection{std::make_unique<net::HttpClient>(loop_, url->endpoint, limits),
                                         std::move(url->prefix)});
        }
        root_ = setup_.config.persistence_directory;
        std::vector<std::string> problems;
        agent::Started started{load_persisted(root_, problems)};
        for (const std::string& problem : problems) log(LogLine::Level::error, problem);
        setup_.loads_outside = true;
        core_.emplace(std::move(setup_));

        auto server = net::HttpServer::listen(
            loop_, listen, [this](const net::HttpRequest& request, net::Responder responder) {
                arrived(request, std::move(responder));
            });
        if (!server) return server.error();
        server_ = std::move(*server);
        log(LogLine::Level::info, fmt::format("listening on {}", net::to_string(server_->endpoint())));
        feed(std::move(started));
        return {};
    }

    const net::Endpoint& endpoint() const override { return server_->endpoint(); }

    void stop(std::function<void(bool)> stopped) override {
        stopped_ = std::move(stopped);
        server_->stop();
        grace_timer_ = loop_.after(grace_, [this] {
            log(LogLine::Level::error, "stopped with decisions possibly not uploaded");
            finish(false);
        });
        feed(agent::StopRequested{});
    }

  private:
    struct Connection {
        std::unique_ptr<net::HttpClient> client;
        std::string prefix;
    };

    void log(LogLine::Level level, std::string_view message) const {
        if (log_) log_(level, message);
    }

    void arrived(const net::HttpRequest& request, net::Responder responder) {
        const agent::ExchangeId id = next_exchange_++;
        asking_ = std::move(responder);
        feed(agent::RequestArrived{id, from_net(request)});
        asking_ = {};
    }

    void feed(agent::Event event) {
        for (agent::Action& action : core_->on(std::move(event), clocks_now())) perform(action);
    }

    void perform(agent::Action& action) {
        if (auto* reply = std::get_if<agent::Reply>(&action)) {
            // The core answers within the call that brought the request.
            asking_.send(to_net(reply->response));
        } else if (auto* send = std::get_if<agent::Send>(&action)) {
            carry(*send);
        } else if (auto* cancel = std::get_if<agent::Cancel>(&action)) {
            if (const auto found = calls_.find(cancel->request); found != calls_.end()) {
                found->second.cancel();
                calls_.erase(found);
            }
        } else if (auto* set = std::get_if<agent::SetTimer>(&action)) {
            const agent::TimerId timer = set->timer;
            timers_[timer] = loop_.at(net::SteadyTime(set->at.time_since_epoch()), [this, timer] {
                timers_.erase(timer);
                feed(agent::TimerFired{timer});
            });
        } else if (auto* off = std::get_if<agent::CancelTimer>(&action)) {
            timers_.erase(off->timer);
        } else if (auto* persist = std::get_if<agent::Persist>(&action)) {
            disk_.submit([this, job = std::move(*persist), root = root_]() -> Worker::Continuation {
                return [this, done = shell::perform(job, root)]() mutable { feed(std::move(done)); };
            });
        } else if (auto* load = std::get_if<agent::Load>(&action)) {
            loading_.submit([this, job = std::move(*load)]() -> Worker::Continuation {
                return [this, done = agent::LoadDone{
                                  job.job, agent::Loader().load(job.archive, job.limits)}]() mutable {
                    feed(std::move(done));
                };
            });
        } else if (auto* line = std::get_if<LogLine>(&action)) {
            log(line->level, line->message);
        } else if (std::get_if<agent::Stopped>(&action) != nullptr) {
            finish(true);
        }
    }

    void carry(const agent::Send& send) {
        Connection& to = services_.at(send.service);
        net::HttpRequest request = to_net(send.message);
        request.target = to.prefix + request.target;
        const agent::RequestId id = send.request;
        calls_[id] =
            to.client->request(request, send.header_timeout.value_or(kForEver),
                               {.on_first_write = {}, .on_done = [this, id](net::HttpOutcome outcome) {
                                    calls_.erase(id);
                                    if (outcome.complete())
                                        feed(agent::Responded{id, from_net(std::move(outcome.response))});
                                    else
                                        feed(agent::RequestFailed{id, std::move(outcome.error)});
                                }});
    }

    void finish(bool flushed) {
        grace_timer_.cancel();
        timers_.clear();
        if (auto stopped = std::exchange(stopped_, {})) loop_.post([stopped, flushed] { stopped(flushed); });
    }

    net::Loop& loop_;
    std::function<void(LogLine::Level, std::string_view)> log_;
    Duration grace_;
    agent::Setup setup_;
    std::function<void(bool)> stopped_;
    std::optional<agent::Agent> core_;
    net::Responder asking_;
    agent::ExchangeId next_exchange_ = 1;
    std::map<agent::RequestId, net::HttpCall> calls_;
    std::map<std::string, Connection> services_;
    std::map<agent::TimerId, net::Timer> timers_;
    net::Timer grace_timer_;
    std::filesystem::path root_;
    std::unique_ptr<net::HttpServer> server_;
    Worker disk_;     ///< an fsync delays no decision
    Worker loading_;  ///< nor does a large bundle
};

}  // namespace

Result<ServiceUrl> parse_service_url(std::string_view url) {
    constexpr std::string_view kScheme = "http://";
    if (!url.starts_with(kScheme)) return fail("'{}': expected http://HOST:PORT with an optional path", url);
    std::string_view rest = url.substr(kScheme.size());
    const auto slash = rest.find('/');
    std::string host(rest.substr(0, slash));
    std::string prefix(slash == std::string_view::npos ? std::string_view() : rest.substr(slash));
    while (prefix.ends_with('/')) prefix.pop_back();
    if (host.find(':') == std::string::npos || host.ends_with(']')) host += ":80";
    auto endpoint = net::parse_endpoint(host);
    if (!endpoint) return fail("'{}': {}", url, endpoint.error().message);
    return ServiceUrl{std::move(*endpoint), std::move(prefix)};
}

Result<std::unique_ptr<AgentShell>> AgentShell::start(net::Loop& loop, AgentOptions options) {
    const net::Endpoint listen = options.listen;
    auto shell = std::make_unique<Shell>(loop, std::move(options));
    if (auto opened = shell->open(listen); !opened) return opened.error();
    return std::unique_ptr<AgentShell>(std::move(shell));
}

}  // namespace mistrial::shell
