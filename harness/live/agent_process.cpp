#include "harness/live/agent_process.hpp"

#include "harness/live/machine_clock.hpp"

#include <signal.h>

#include <fstream>
#include <utility>

namespace mistrial::live {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAnswersWithin = 60s;
constexpr Duration kAskAgain = 10ms;
constexpr Duration kClockWithin = 2s;

}  // namespace

Result<std::unique_ptr<AgentProcess>> AgentProcess::make(AgentSurroundings surroundings, AgentParts parts) {
    auto clock = nemesis::ClockPage::create();
    if (!clock) return with_context(parts.node.name, clock.error());
    std::error_code error;
    std::filesystem::create_directories(parts.directory / "state", error);
    if (error) return fail("{}: {}: {}", parts.node.name, parts.directory.string(), error.message());
    return std::unique_ptr<AgentProcess>(new AgentProcess(surroundings, std::move(parts), std::move(*clock)));
}

AgentProcess::AgentProcess(AgentSurroundings surroundings, AgentParts parts, std::shared_ptr<nemesis::ClockPage> clock)
    : around_(surroundings),
      parts_(std::move(parts)),
      clock_(std::move(clock)),
      client_(around_.loop, parts_.listens, {.connections = 4}),
      codec_(parts_.driver.decision, parts_.shape, parts_.node.bundles, parts_.path) {}

AgentProcess::~AgentProcess() = default;

Result<> AgentProcess::write_files(const std::string& incarnation) {
    const Json instance{{"mistrial_instance", {{"id", incarnation}}}};
    if (auto written = replace_file(parts_.directory / "instance.json", instance.dump()); !written) return written;
    driver::AgentConfiguration agent;
    agent.values = parts_.services;
    agent.values["node"] = parts_.node.name;
    agent.values["incarnation"] = incarnation;
    agent.values["state"] = (parts_.directory / "state").string();
    agent.bundles = parts_.node.bundles;
    agent.poll_min = parts_.node.poll_min;
    agent.poll_max = parts_.node.poll_max;
    agent.long_poll = parts_.node.long_poll;
    agent.persist = parts_.node.persist;
    agent.own = parts_.node.config;
    const auto configuration = driver::configure(parts_.driver, agent);
    if (!configuration) return with_context(parts_.node.name, configuration.error());
    return replace_file(parts_.directory / "config.json", configuration->dump(2));
}

void AgentProcess::launch(Done done) {
    const std::uint64_t life = ++life_;
    incarnation_ = fmt::format("{}#{}", name(), life);
    how_.clear();
    if (auto written = write_files(incarnation_); !written) return done(written);

    driver::Fill values = parts_.services;
    values["address"] = parts_.listens.address;
    values["port"] = parts_.listens.port;
    values["config"] = (parts_.directory / "config.json").string();
    values["instance"] = (parts_.directory / "instance.json").string();
    values["state"] = (parts_.directory / "state").string();
    nemesis::Spawn spawn;
    spawn.name = name();
    spawn.argv.push_back(parts_.binary.path.string());
    for (const std::string& argument : parts_.driver.start_arguments) spawn.argv.push_back(driver::fill_text(argument, values));
    if (parts_.node.defect) {
        spawn.argv.push_back("--defect");
        spawn.argv.push_back(*parts_.node.defect);
    }
    spawn.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + parts_.directory.string()};
    for (const std::string& variable : parts_.driver.start_environment)
        spawn.environment.push_back(driver::fill_text(variable, values));
    for (const auto& [variable, value] : parts_.node.env) spawn.environment.push_back(variable + "=" + value);
    spawn.directory = parts_.directory / "state";
    spawn.log = parts_.log;
    spawn.clock = clock_;

    auto process = around_.launcher.spawn(spawn);
    if (!process) return done(process.error());
    process_.emplace(std::move(*process));
    around_.queue.post(world::observation("harness", history::Boot{name(), incarnation_, std::nullopt}));
    auto watch = around_.loop.on_readable(process_->pidfd(), [this] { on_end(); });
    if (!watch) return done(with_context(name(), watch.error()));
    end_watch_ = std::move(*watch);
    starting_ = std::move(done);
    ask_health(life, std::chrono::steady_clock::now() + kAnswersWithin);
}

void AgentProcess::ask_health(std::uint64_t life, net::SteadyTime give_up) {
    net::HttpRequest request;
    request.target = parts_.driver.health_path;
    net::HttpCallbacks callbacks;
    callbacks.on_done = [this, life, give_up](const net::HttpOutcome& outcome) {
        if (life != life_ || !starting_) return;
        if (outcome.complete() && outcome.response.status == 200) {
            answering_ = incarnation_;
            return std::exchange(starting_, nullptr)({});
        }
        if (std::chrono::steady_clock::now() > give_up)
            return std::exchange(starting_, nullptr)(
                fail("{}: no answer from {} within {}: {}", name(), parts_.driver.health_path, format_duration(kAnswersWithin),
                     outcome.error));
        timer_ = around_.loop.after(kAskAgain, [this, life, give_up] {
            if (life == life_ && starting_) ask_health(life, give_up);
        });
    };
    client_.request(request, 5s, std::move(callbacks));
}

void AgentProcess::on_end() {
    if (!process_) return;
    const auto status = process_->exit_status();
    if (!status) return;
    last_end_ = nemesis::describe(*status);
    end_watch_.cancel();
    timer_.cancel();
    process_.reset();
    client_.close_all();
    if (how_ != "stopped")
        around_.queue.post(world::observation("harness", history::Death{name(), incarnation_, how_.empty() ? "exited" : how_}));
    if (starting_)
        std::exchange(starting_, nullptr)(fail("{}: {} before it answered: {}", name(), last_end_, last_words()));
    for (Done& done : std::exchange(waiting_for_end_, {})) done({});
}

std::string AgentProcess::last_words() const {
    std::ifstream log(parts_.log, std::ios::binary | std::ios::ate);
    if (!log) return "no log";
    const auto size = static_cast<std::streamoff>(log.tellg());
    const std::streamoff tail = std::min<std::streamoff>(size, 600);
    log.seekg(size - tail);
    std::string text(static_cast<std::size_t>(tail), '\0');
    log.read(text.data(), tail);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    const auto line = text.rfind('\n');
    return line == std::string::npos ? text : text.substr(line + 1);
}

void AgentProcess::kill(Done done) {
    if (!process_) return done(fail("{}: is not running", name()));
    how_ = "killed";
    if (auto sent = process_->signal(SIGKILL); !sent) return done(sent);
    waiting_for_end_.push_back(std::move(done));
}

void AgentProcess::stop(Done done) {
    if (!process_) return done({});
    // Who was told to go owes nothing any more, however long it takes to see its decision log off.
    if (how_ != "stopped") around_.queue.post(world::observation("harness", history::Death{name(), incarnation_, "stopped"}));
    how_ = "stopped";
    const std::uint64_t life = life_;
    static_cast<void>(process_->resume());
    waiting_for_end_.push_back(std::move(done));
    if (!process_->signal(SIGTERM)) static_cast<void>(process_->signal(SIGKILL));
    timer_ = around_.loop.after(parts_.driver.stop_grace, [this, life] {
        if (life == life_ && process_) static_cast<void>(process_->signal(SIGKILL));
    });
}

void AgentProcess::restart(bool keep_state, Done done) {
    if (process_) return done(fail("{}: is running", name()));
    if (!keep_state) {
        std::error_code error;
        std::filesystem::remove_all(parts_.directory / "state", error);
        if (!error) std::filesystem::create_directories(parts_.directory / "state", error);
        if (error) return done(fail("{}: its state cannot be taken away: {}", name(), error.message()));
    }
    launch(std::move(done));
}

Result<> AgentProcess::pause() {
    if (!process_) return fail("{}: is not running", name());
    return process_->pause();
}

Result<> AgentProcess::resume() {
    if (!process_) return fail("{}: is not running", name());
    return process_->resume();
}

Result<char> AgentProcess::process_state() const {
    if (!process_) return fail("{}: is not running", name());
    return process_->state();
}

nemesis::Node::AnswerCount AgentProcess::count_answers() {
    auto counter = std::make_shared<Counter>();
    counter->from = around_.queue.now();
    const std::lock_guard lock(counters_mutex_);
    std::erase_if(counters_, [](const auto& old) { return old.expired(); });
    counters_.push_back(counter);
    return {counter, &counter->count};
}

void AgentProcess::note_answer(TrueTime asked) {
    const std::lock_guard lock(counters_mutex_);
    for (const auto& weak : counters_)
        if (const auto counter = weak.lock(); counter && asked >= counter->from) ++counter->count;
}

void AgentProcess::read_clock(std::function<void(Reading)> done) {
    if (!parts_.clock_question) return done(fail("{}: the workload's decisions tell no time", name()));
    const driver::DecisionRequest asked = codec_.encode(*parts_.clock_question);
    net::HttpRequest request;
    request.method = asked.method;
    request.target = asked.target;
    request.headers.add("Content-Type", "application/json");
    request.body = asked.body;
    const WallTime before = wall_now();
    net::HttpCallbacks callbacks;
    callbacks.on_done = [this, before, done = std::move(done)](const net::HttpOutcome& outcome) {
        if (!outcome.complete()) return done(fail("{}: {}", name(), outcome.error));
        const WallTime after = wall_now();
        auto answer = codec_.decode(*parts_.clock_question, outcome.response.status, outcome.response.body);
        if (!answer) return done(answer.error());
        if (!answer->agent_time) return done(fail("{}: its answer tells no time", name()));
        const std::pair<Duration, Duration> offset{*answer->agent_time - after, *answer->agent_time - before};
        around_.queue.post(world::observation("harness", history::ClockSample{name(), offset.first, offset.second}));
        done(offset);
    };
    client_.request(request, kClockWithin, std::move(callbacks));
}

}  // namespace mistrial::live
