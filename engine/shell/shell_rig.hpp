#pragma once

#include "core/json.hpp"
#include "core/net/http_client.hpp"
#include "core/net/loop.hpp"
#include "engine/bundle/archive.hpp"
#include "engine/bundle/digest.hpp"
#include "engine/shell/agent_shell.hpp"
#include "engine/shell/control_plane_shell.hpp"
#include "engine/shell/http_conversion.hpp"

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// For tests: authority, sink, perhaps a mirror, and an agent on loopback, all on one loop.
namespace mistrial::shell::testing {

class ShellRig {
  public:
    ShellRig() {
        static int number = 0;
        state = std::filesystem::temp_directory_path() /
                fmt::format("mistrial-shell-{}-{}", ::getpid(), ++number);
        std::filesystem::create_directories(state);
    }
    ~ShellRig() {
        agent.reset();
        stop_control_plane();
        std::error_code error;
        std::filesystem::remove_all(state, error);
    }

    void start_control_plane(bool with_mirror = false) {
        const Observer observer{
            [this](net::SteadyTime time) {
                return TrueTime{std::chrono::duration_cast<Duration>(time - zero)};
            },
            [this](TrueTime, history::Value value) { values.push_back(std::move(value)); }};
        authority = ControlPlaneServer::authority(loop, {}, {.name = "primary"}, observer).value();
        sink = ControlPlaneServer::sink(
                   loop, {}, {.name = "sink", .reading = {.nonce = "/input/nonce", .verdict = "/allow"}},
                   observer)
                   .value();
        if (with_mirror)
            mirror =
                ControlPlaneServer::mirror(loop, {}, {.name = "cdn1", .ttl = std::chrono::milliseconds(200)},
                                           authority->endpoint(), observer)
                    .value();
        const auto url = [](const ControlPlaneServer& server) {
            return fmt::format("http://{}/nodes/a1", net::to_string(server.endpoint()));
        };
        const Json delays{{"min_delay_seconds", 1}, {"max_delay_seconds", 1}};
        agent_config = {
            {"services",
             {{"control", {{"url", url(mirror ? *mirror : *authority)}}}, {"sink", {{"url", url(*sink)}}}}},
            {"labels", {{"node", "a1"}}},
            {"bundles", {{"main", {{"service", "control"}, {"polling", delays}}}}},
            {"status", {{"service", "sink"}}},
            {"decision_logs", {{"service", "sink"}, {"reporting", delays}}},
            {"persistence_directory", (state / "persisted").string()}};
    }
    void stop_control_plane() {
        mirror.reset();
        sink.reset();
        authority.reset();
    }

    void start_agent(Duration grace = std::chrono::seconds(10)) {
        AgentOptions options;
        options.listen = {};
        options.setup.config = agent::parse_config(agent_config, "config").value();
        options.setup.document = {{"mistrial_instance", {{"id", "a1#1"}}}};
        options.grace = grace;
        agent = AgentShell::start(loop, std::move(options)).value();
    }
    void crash_agent() { agent.reset(); }

    /// Runs the loop until `done`, 20 s at most.
    bool until(const std::function<bool()>& done) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!done()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            loop.run_until([] { return false; }, std::chrono::milliseconds(5));
        }
        return true;
    }

    net::HttpResponse exchange(const net::Endpoint& to, const net::HttpRequest& request) {
        net::HttpClient client(loop, to);
        std::optional<net::HttpOutcome> outcome;
        client.request(
            request, std::chrono::seconds(10),
            {.on_first_write = {}, .on_done = [&](net::HttpOutcome done) { outcome = std::move(done); }});
        loop.run_until([&] { return outcome.has_value(); }, std::chrono::seconds(11));
        if (!outcome || !outcome->complete()) return {.status = 0, .reason = {}, .headers = {}, .body = {}};
        return std::move(outcome->response);
    }

    net::HttpResponse publish(const std::string& bundle, const std::string& revision,
                              const bundle::Members& members) {
        return exchange(authority->endpoint(), to_net(control_plane::publish_request(
                                                   "p1", bundle, revision, bundle::digest(members),
                                                   http::make_body(bundle::write_archive(members).value()))));
    }

    net::HttpResponse ask_agent(std::string method, std::string target, std::string body = {}) {
        return exchange(agent->endpoint(), {.method = std::move(method),
                                            .target = std::move(target),
                                            .headers = {},
                                            .body = std::move(body)});
    }
    /// Null members where the decision has none.
    Json decide(const std::string& nonce) {
        const Json input{{"input", {{"user", "alice"}, {"action", "read"}, {"nonce", nonce}}}};
        Json body =
            Json::parse(ask_agent("POST", "/v1/data/mistrial/decision?provenance=true", input.dump()).body,
                        nullptr, false);
        if (!body.is_object()) body = Json::object();
        if (!body.contains("result")) body["result"] = {{"policy", nullptr}, {"allow", nullptr}};
        return body;
    }

    template <class Value>
    std::vector<Value> observed() const {
        std::vector<Value> found;
        for (const history::Value& value : values)
            if (const auto* one = std::get_if<Value>(&value)) found.push_back(*one);
        return found;
    }

    net::Loop loop;
    std::filesystem::path state;
    net::SteadyTime zero = std::chrono::steady_clock::now();
    std::vector<history::Value> values;
    Json agent_config;
    std::unique_ptr<ControlPlaneServer> authority;
    std::unique_ptr<ControlPlaneServer> sink;
    std::unique_ptr<ControlPlaneServer> mirror;
    std::unique_ptr<AgentShell> agent;
};

}  // namespace mistrial::shell::testing
