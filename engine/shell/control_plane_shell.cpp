#include "engine/shell/control_plane_shell.hpp"

#include "core/net/http_client.hpp"
#include "core/net/http_server.hpp"
#include "engine/shell/http_conversion.hpp"

#include <map>
#include <utility>

namespace mistrial::shell {
namespace {

using namespace control_plane;

Clocks clocks_now() {
    return {
        WallTime{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())},
        MonoTime{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())}};
}

/// Any of the three cores behind a port. `on_sent` callbacks may outlive the server: they hold the observer
/// alone.
template <class Core>
class CoreServer final : public ControlPlaneServer {
  public:
    CoreServer(net::Loop& loop, Core core, Observer observer)
        : loop_(loop), core_(std::move(core)), observer_(std::make_shared<Observer>(std::move(observer))) {}
    ~CoreServer() override { *observer_ = {}; }

    Result<> listen(const net::Endpoint& on) {
        auto server = net::HttpServer::listen(
            loop_, on, [this](const net::HttpRequest& request, net::Responder responder) {
                arrived(request, std::move(responder));
            });
        if (!server) return server.error();
        server_ = std::move(*server);
        return {};
    }

    void ask_at(const net::Endpoint& upstream, Duration timeout) {
        upstream_ = std::make_unique<net::HttpClient>(loop_, upstream);
        upstream_timeout_ = timeout;
    }

    const net::Endpoint& endpoint() const override { return server_->endpoint(); }

    void stop() override {
        *observer_ = {};
        timers_.clear();
        if (upstream_) upstream_->close_all();
        server_->stop();
    }

  private:
    void arrived(const net::HttpRequest& request, net::Responder responder) {
        const ExchangeId id = next_exchange_++;
        responder.on_gone([this, id] {
            if (exchanges_.erase(id) > 0) feed(ExchangeClosed{id});
        });
        exchanges_.emplace(id,
                           Exchange{std::move(responder), std::chrono::steady_clock::now(), std::nullopt});
        feed(RequestArrived{id, from_net(request), std::nullopt});
    }

    void feed(const Event& event) {
        for (Action& action : core_.on(event, clocks_now())) perform(action);
    }

    void perform(Action& action) {
        if (auto* reply = std::get_if<Reply>(&action)) {
            answer(*reply);
        } else if (auto* set = std::get_if<SetTimer>(&action)) {
            const TimerId timer = set->timer;
            timers_[timer] = loop_.at(net::SteadyTime(set->at.time_since_epoch()), [this, timer] {
                timers_.erase(timer);
                feed(TimerFired{timer});
            });
        } else if (auto* cancel = std::get_if<CancelTimer>(&action)) {
            timers_.erase(cancel->timer);
        } else if (auto* ask = std::get_if<AskUpstream>(&action)) {
            upstream_->request(
                to_net(ask->request), upstream_timeout_,
                {.on_first_write = {}, .on_done = [this, id = ask->id](net::HttpOutcome outcome) {
                     if (outcome.complete())
                         feed(UpstreamAnswered{id, from_net(std::move(outcome.response))});
                     else
                         feed(UpstreamFailed{id, std::move(outcome.error)});
                 }});
        } else if (auto* observed = std::get_if<Observed>(&action)) {
            observe(*observed);
        }
    }

    void observe(Observed& observed) {
        const auto found = exchanges_.find(observed.exchange);
        if (auto* upload = std::get_if<history::LogUpload>(&observed.value);
            upload != nullptr && found != exchanges_.end()) {
            if (observer_->true_time) upload->began = observer_->true_time(found->second.arrived);
            found->second.upload = std::move(*upload);
            return;
        }
        if (observer_->observed)
            observer_->observed(observer_->true_time(std::chrono::steady_clock::now()),
                                std::move(observed.value));
    }

    void answer(Reply& reply) {
        const auto found = exchanges_.find(reply.exchange);
        if (found == exchanges_.end()) return;
        Exchange exchange = std::move(found->second);
        exchanges_.erase(found);
        exchange.responder.send(
            to_net(reply.response), [observer = observer_, served = std::move(reply.served),
                                     upload = std::move(exchange.upload)](const net::Sent& sent) {
                if (!observer->observed) return;
                const TrueTime ended = observer->true_time(sent.ended);
                if (served)
                    observer->observed(ended,
                                       to_record(*served, observer->true_time(sent.began),
                                                 static_cast<std::int64_t>(sent.bytes), sent.complete));
                if (upload) observer->observed(ended, *upload);
            });
    }

    struct Exchange {
        net::Responder responder;
        net::SteadyTime arrived;
        std::optional<history::LogUpload> upload;
    };

    net::Loop& loop_;
    Core core_;
    std::shared_ptr<Observer> observer_;
    std::map<ExchangeId, Exchange> exchanges_;
    std::map<TimerId, net::Timer> timers_;
    ExchangeId next_exchange_ = 1;
    Duration upstream_timeout_{};
    std::unique_ptr<net::HttpClient> upstream_;
    std::unique_ptr<net::HttpServer> server_;
};

template <class Core, class Config>
Result<std::unique_ptr<CoreServer<Core>>> serve(net::Loop& loop, const net::Endpoint& on, Config config,
                                                Observer observer) {
    auto server = std::make_unique<CoreServer<Core>>(loop, Core(std::move(config)), std::move(observer));
    if (auto listening = server->listen(on); !listening) return listening.error();
    return server;
}

}  // namespace

Result<std::unique_ptr<ControlPlaneServer>> ControlPlaneServer::authority(net::Loop& loop,
                                                                          const net::Endpoint& on,
                                                                          AuthorityConfig config,
                                                                          Observer observer) {
    auto server = serve<Authority>(loop, on, std::move(config), std::move(observer));
    if (!server) return server.error();
    return std::unique_ptr<ControlPlaneServer>(std::move(*server));
}

Result<std::unique_ptr<ControlPlaneServer>> ControlPlaneServer::mirror(
    net::Loop& loop, const net::Endpoint& on, MirrorConfig config, const net::Endpoint& upstream,
    Observer observer, Duration upstream_timeout) {
    auto server = serve<Mirror>(loop, on, std::move(config), std::move(observer));
    if (!server) return server.error();
    (*server)->ask_at(upstream, upstream_timeout);
    return std::unique_ptr<ControlPlaneServer>(std::move(*server));
}

Result<std::unique_ptr<ControlPlaneServer>> ControlPlaneServer::sink(net::Loop& loop, const net::Endpoint& on,
                                                                     SinkConfig config, Observer observer) {
    auto server = serve<Sink>(loop, on, std::move(config), std::move(observer));
    if (!server) return server.error();
    return std::unique_ptr<ControlPlaneServer>(std::move(*server));
}

}  // namespace mistrial::shell
