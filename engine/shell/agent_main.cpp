#include "core/json.hpp"
#include "core/net/loop.hpp"
#include "engine/agent/config.hpp"
#include "engine/defects/defects.hpp"
#include "engine/shell/agent_shell.hpp"

#include <CLI/CLI.hpp>

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

/// mistrial-agent: the embedded policy agent. Its command line is OPA's, as far as it goes.
namespace {

using namespace mistrial;
using agent::LogLine;

constexpr const char* kVersion = "0.1.0-mistrial";
constexpr int kBadInput = 254;

struct Arguments {
    std::string address = "127.0.0.1:8181";
    std::string config;
    std::string log_level = "info";
    std::string log_format = "json";
    std::string defect;
    std::vector<std::string> data;
    int grace_seconds = 10;
};

std::string_view name_of(LogLine::Level level) {
    switch (level) {
        case LogLine::Level::debug:
            return "debug";
        case LogLine::Level::info:
            return "info";
        case LogLine::Level::warning:
            return "warning";
        case LogLine::Level::error:
            return "error";
    }
    return "";
}

/// One line to standard error, as OPA's JSON log or plain.
class Log {
  public:
    Log(std::string_view level, bool json) : json_(json) {
        for (const auto one :
             {LogLine::Level::debug, LogLine::Level::info, LogLine::Level::warning, LogLine::Level::error})
            if (name_of(one) == level || (level == "warn" && one == LogLine::Level::warning)) least_ = one;
    }

    void operator()(LogLine::Level level, std::string_view message) const {
        if (level < least_) return;
        const WallTime now{
            std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
        std::string line;
        if (json_)
            line =
                OrderedJson{{"level", name_of(level)}, {"msg", message}, {"time", format_rfc3339(now)}}.dump(
                    -1, ' ', false, OrderedJson::error_handler_t::replace);
        else
            line = fmt::format("{} {}: {}", format_wall(now), name_of(level), message);
        line += '\n';
        std::fwrite(line.data(), 1, line.size(), stderr);
    }

  private:
    LogLine::Level least_ = LogLine::Level::info;
    bool json_;
};

/// Termination signals as a readable descriptor. Made before any thread, so that all of them inherit the
/// mask.
class Signals {
  public:
    Signals() {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set, signal);
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
        fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    ~Signals() {
        if (fd_ >= 0) ::close(fd_);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    [[nodiscard]] int fd() const { return fd_; }
    void drain() const {
        signalfd_siginfo info;
        while (::read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        }
    }

  private:
    int fd_ = -1;
};

int refuse(const Error& error) {
    std::fprintf(stderr, "mistrial-agent: %s\n", error.message.c_str());
    return kBadInput;
}

Result<Json> documents(const std::vector<std::string>& files) {
    Json merged = Json::object();
    for (const std::string& file : files) {
        auto json = read_json(file);
        if (!json) return json.error();
        if (!json->is_object()) return fail("{}: expected an object", file);
        merged.update(*json, true);
    }
    return merged;
}

int run(const Arguments& arguments) {
    const Signals signals;
    shell::AgentOptions options;
    auto listen = net::parse_endpoint(arguments.address.starts_with(':') ? "127.0.0.1" + arguments.address
                                                                         : arguments.address);
    if (!listen) return refuse(with_context("--addr", listen.error()));
    options.listen = *listen;
    if (!arguments.config.empty()) {
        auto config = agent::read_config(arguments.config);
        if (!config) return refuse(config.error());
        options.setup.config = std::move(*config);
    }
    auto document = documents(arguments.data);
    if (!document) return refuse(document.error());
    options.setup.document = std::move(*document);
    if (!arguments.defect.empty()) {
        options.setup.behaviour = defects::agent_behaviour(arguments.defect);
        if (!options.setup.behaviour)
            return refuse(fail("--defect: no defect of an agent is named '{}'; there are {}", arguments.defect,
                               fmt::join(defects::names_of(defects::Of::agent), ", ")));
    }
    std::random_device entropy;
    options.setup.seed = (static_cast<std::uint64_t>(entropy()) << 32) | entropy();
    options.setup.version = kVersion;
    options.grace = std::chrono::seconds(arguments.grace_seconds);
    options.log = Log(arguments.log_level, arguments.log_format != "text");

    net::Loop loop;
    auto agent = shell::AgentShell::start(loop, std::move(options));
    if (!agent) return refuse(agent.error());
    bool stopping = false;
    auto watch = loop.on_readable(signals.fd(), [&] {
        signals.drain();
        if (std::exchange(stopping, true)) return loop.stop();
        (*agent)->stop([&loop](bool) { loop.stop(); });
    });
    if (!watch) return refuse(watch.error());
    loop.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "The embedded policy agent of mistrial: OPA's REST interface over bundles that carry a plan.\n"
        "Example: mistrial-agent run -s -a 127.0.0.1:8181 -c config.json instance.json"};
    app.require_subcommand(1);
    app.set_version_flag("--version", kVersion);

    Arguments arguments;
    bool server = false;
    CLI::App* run_command = app.add_subcommand("run", "start the agent");
    run_command->add_flag("-s,--server", server, "serve HTTP (needed: there is no prompt)")->required();
    run_command->add_option("-a,--addr", arguments.address, "address to listen on")->capture_default_str();
    run_command->add_option("-c,--config-file", arguments.config, "OPA's configuration file, as JSON");
    run_command->add_option("-l,--log-level", arguments.log_level, "least level to log")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    run_command->add_option("--log-format", arguments.log_format)
        ->check(CLI::IsMember({"json", "text"}))
        ->capture_default_str();
    run_command
        ->add_option("--shutdown-grace-period", arguments.grace_seconds, "seconds to flush decision logs")
        ->check(CLI::Range(0, 3600))
        ->capture_default_str();
    run_command->add_option("--defect", arguments.defect, "run with a seeded defect (mistrial list defects)");
    bool quiet = true;
    run_command->add_flag("--skip-version-check,--disable-telemetry", quiet,
                          "as OPA's; nothing calls out anyway");
    run_command->add_option("data", arguments.data, "JSON files merged into the data document");
    CLI::App* version_command = app.add_subcommand("version", "print the version");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kBadInput;
    }
    if (version_command->parsed()) {
        std::printf("Version: %s\n", kVersion);
        return 0;
    }
    return run(arguments);
}
