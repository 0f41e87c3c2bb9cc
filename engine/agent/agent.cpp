#include "engine/agent/agent.hpp"

#include "core/random.hpp"
#include "core/uuid.hpp"
#include "engine/agent/api.hpp"
#include "engine/agent/decision.hpp"
#include "engine/agent/log_upload.hpp"
#include "engine/agent/status.hpp"

#include <map>
#include <utility>

namespace mistrial::agent {
namespace {

constexpr TimerId kLogTimer = 1;
constexpr TimerId kFirstBundleTimer = 2;
constexpr std::string_view kDataPath = "/v1/data";

bool is_success(const http::Response& response) { return response.status >= 200 && response.status < 300; }

/// A random UUID (version 4).
std::string make_uuid(RandomSequence& random) {
    const auto high = static_cast<std::uint64_t>(random.between(INT64_MIN, INT64_MAX));
    const auto low = static_cast<std::uint64_t>(random.between(INT64_MIN, INT64_MAX));
    return format_uuid({(high & ~std::uint64_t{0xF000}) | 0x4000, (low & ~(std::uint64_t{3} << 62)) | std::uint64_t{1} << 63});
}

}  // namespace

class Agent::Parts {
  public:
    explicit Parts(Setup setup)
        : config_(std::move(setup.config)),
          version_(std::move(setup.version)),
          document_(rego::from_json(setup.document)),
          behaviour_(setup.behaviour ? std::move(setup.behaviour) : std::make_shared<Behaviour>()),
          loader_(setup.loader ? std::move(setup.loader) : std::make_shared<Loader>()),
          loads_outside_(setup.loads_outside),
          ids_(RandomStream(setup.seed, setup.name, "ids")),
          activated_(initial_snapshot(document_)),
          seen_(activated_),
          labels_(config_.labels) {
        labels_["id"] = make_uuid(ids_);
        labels_["version"] = version_;
        TimerId timer = kFirstBundleTimer;
        for (const auto& [name, source] : config_.bundles) {
            loops_.try_emplace(
                name,
                Loop{Download(source, RandomSequence(RandomStream(setup.seed, setup.name, "poll " + name))),
                     timer++});
            loops_.at(name).status.name = name;
        }
        if (config_.decision_logs && config_.decision_logs->service)
            log_.emplace(*config_.decision_logs,
                         RandomSequence(RandomStream(setup.seed, setup.name, "decision-log")));
    }

    void on(Started& event) {
        // OPA's first report names nothing either, whatever it is about to find on its disk.
        report_status();
        for (auto& [name, loop] : loops_)
            if (loop.download.source().persist) restore(name, loop, event.persisted);
        for (auto& [name, loop] : loops_) poll(loop);
        if (log_) follow(log_->start());
    }

    void on(Responded& event) {
        const auto found = under_way_.find(event.request);
        if (found == under_way_.end()) return;
        const Errand errand = found->second;
        under_way_.erase(found);
        switch (errand.kind) {
            case Errand::Kind::download: {
                Loop& loop = *errand.loop;
                loop.request.reset();
                finish(loop, behaviour_->downloaded(loop.status.name, loop.download.read(event.response)));
                return;
            }
            case Errand::Kind::status:
                if (!is_success(event.response))
                    warn("status update failed, server replied with status {}", event.response.status);
                return status_sent();
            case Errand::Kind::log:
                if (is_success(event.response)) return chunk_answered("");
                return chunk_answered(fmt::format("server replied with status {}", event.response.status));
        }
    }

    void on(RequestFailed& event) {
        const auto found = under_way_.find(event.request);
        if (found == under_way_.end()) return;
        const Errand errand = found->second;
        under_way_.erase(found);
        switch (errand.kind) {
            case Errand::Kind::download: {
                Loop& loop = *errand.loop;
                loop.request.reset();
                finish(loop,
                       behaviour_->downloaded(
                           loop.status.name,
                           DownloadFailed{fmt::format("request failed: {}", event.reason), std::nullopt}));
                return;
            }
            case Errand::Kind::status:
                warn("status update failed: {}", event.reason);
                return status_sent();
            case Errand::Kind::log:
                return chunk_answered(event.reason);
        }
    }

    void on(TimerFired& event) {
        if (event.timer == kLogTimer) return follow(log_->due());
        if (stopping_) return;
        for (auto& [name, loop] : loops_)
            if (loop.timer == event.timer && !loop.request && !loop.loading && !loop.persisting)
                return poll(loop);
    }

    void on(Persisted& event) {
        for (auto& [name, loop] : loops_) {
            if (!loop.persisting || loop.persisting->job != event.job) continue;
            const Persisting done = std::exchange(loop.persisting, std::nullopt).value();
            if (event.error) {
                error("bundle {}: persisting failed: {}", name, *event.error);
                // As OPA: an older archive on the disk is good enough.
                if (!loop.on_disk) return fail_attempt(loop, *event.error, std::nullopt);
            } else {
                loop.on_disk = true;
            }
            return activation_done(loop, done.etag, done.size);
        }
    }

    void on(LoadDone& event) {
        for (auto& [name, loop] : loops_) {
            if (!loop.loading || loop.loading->job != event.job) continue;
            const Fresh fresh = std::move(std::exchange(loop.loading, std::nullopt)->fresh);
            return install(loop, fresh, event.loaded);
        }
    }

    void on(StopRequested&) {
        stopping_ = true;
        for (auto& [name, loop] : loops_) {
            out_.emplace_back(CancelTimer{loop.timer});
            if (!loop.request) continue;
            out_.emplace_back(Cancel{*loop.request});
            under_way_.erase(*std::exchange(loop.request, std::nullopt));
        }
        if (!log_) return finish_stopping();
        out_.emplace_back(CancelTimer{kLogTimer});
        if (auto step = log_->stop()) follow(std::move(*step));
    }

    void on(RequestArrived& event) {
        if (behaviour_->answers(event.request, now_))
            out_.emplace_back(Reply{event.exchange, reply_to(event.request)});
    }

    Actions take(Event& event, const Clocks& clocks) {
        now_ = behaviour_->clocks(clocks);
        std::visit([this](auto& one) { on(one); }, event);
        return std::exchange(out_, {});
    }

    [[nodiscard]] const std::shared_ptr<const Snapshot>& seen() const { return seen_; }
    [[nodiscard]] bool ready() const { return ready_; }

  private:
    struct Persisting {
        DiskJobId job = 0;
        std::string etag;
        std::uint64_t size = 0;
    };
    struct Loading {
        LoadId job = 0;
        Fresh fresh;
    };
    /// One bundle: its download loop and what is told of it.
    struct Loop {
        Download download;
        TimerId timer = 0;
        BundleStatus status{};
        std::optional<RequestId> request{};
        std::optional<Loading> loading{};
        std::optional<Persisting> persisting{};
        bool on_disk = false;
    };
    struct Errand {
        enum class Kind : std::uint8_t { download, status, log };
        Kind kind = Kind::download;
        Loop* loop = nullptr;
    };

    // --- bundles

    void poll(Loop& loop) {
        const BundleSource& source = loop.download.source();
        std::optional<Duration> timeout;
        if (!loop.download.long_polling())
            timeout = config_.services.at(source.service).response_header_timeout;
        http::Request request = loop.download.request();
        behaviour_->ask(loop.status.name, request);
        loop.request = send({Errand::Kind::download, &loop}, source.service, std::move(request), timeout);
    }

    void finish(Loop& loop, Outcome outcome) {
        loop.status.last_request = now_.wall;
        if (auto* failed = std::get_if<DownloadFailed>(&outcome))
            return fail_attempt(loop, failed->message, failed->status);
        loop.status.last_successful_request = now_.wall;
        if (auto* fresh = std::get_if<Fresh>(&outcome)) return load(loop, std::move(*fresh));
        // A 304 about a bundle that was never activated tells nothing.
        if (loop.status.last_successful_activation)
            succeed(loop);
        else
            settle(loop, true);
    }

    [[nodiscard]] static bundle::ArchiveLimits limits_of(const Loop& loop) {
        return {.member_bytes = loop.download.source().size_limit};
    }

    void load(Loop& loop, Fresh fresh) {
        loop.status.seen = true;
        loop.status.last_successful_download = now_.wall;
        if (!loads_outside_) return install(loop, fresh, loader_->load(fresh.archive, limits_of(loop)));
        const LoadId job = next_load_++;
        out_.emplace_back(Load{job, fresh.archive, limits_of(loop)});
        loop.loading = Loading{job, std::move(fresh)};
    }

    void install(Loop& loop, const Fresh& fresh, const Result<std::shared_ptr<const Loaded>>& loaded) {
        const std::string& name = loop.status.name;
        if (auto activated = put_in_force(loop, behaviour_->loaded(fresh.archive, loaded)); !activated)
            return fail_attempt(loop, activated.error().message, std::nullopt);
        const std::uint64_t size = http::bytes_of(fresh.archive).size();
        if (loop.download.source().persist) {
            auto steps = behaviour_->persist(name, fresh.archive, fresh.etag);
            if (!steps.empty()) {
                loop.persisting = Persisting{next_job_++, fresh.etag, size};
                out_.emplace_back(Persist{loop.persisting->job, name, std::move(steps)});
                return;
            }
        }
        activation_done(loop, fresh.etag, size);
    }

    Result<> put_in_force(Loop& loop, const Result<std::shared_ptr<const Loaded>>& loaded) {
        if (!loaded) return loaded.error();
        auto next = activate(activated_, document_, loop.status.name, *loaded);
        if (!next) return next.error();
        activated_ = *next;
        seen_ = behaviour_->install(seen_, std::move(*next));
        return {};
    }

    void activation_done(Loop& loop, std::string etag, std::uint64_t size) {
        const std::string& name = loop.status.name;
        loop.download.activated(std::move(etag));
        loop.status.active_revision = seen_->revisions.at(name);
        loop.status.last_successful_activation = now_.wall;
        loop.status.size = size;
        info("bundle {}: revision '{}' activated, ETag {}", name, loop.status.active_revision,
             loop.download.etag());
        succeed(loop);
    }

    void succeed(Loop& loop) {
        loop.status.problem.reset();
        loop.status.http_code.reset();
        if (!ready_) {
            ready_ = true;
            for (const auto& [name, other] : loops_)
                ready_ = ready_ && !other.status.problem && other.status.last_successful_activation;
        }
        settle(loop, true);
    }

    void fail_attempt(Loop& loop, std::string message, std::optional<int> http_code) {
        error("bundle {}: {}", loop.status.name, message);
        loop.status.problem = std::move(message);
        loop.status.http_code = http_code;
        settle(loop, false);
    }

    void settle(Loop& loop, bool succeeded) {
        report_status();
        if (stopping_) return;
        const Duration delay = loop.download.settle(succeeded);
        out_.emplace_back(
            SetTimer{loop.timer, now_.mono + behaviour_->until_next_poll(loop.status.name, delay, now_)});
    }

    void restore(const std::string& name, Loop& loop, const std::vector<PersistedFile>& files) {
        const auto restored = behaviour_->restore(name, files);
        if (!restored) return;
        loop.on_disk = true;
        loop.status.seen = true;
        const auto loaded =
            behaviour_->loaded(restored->archive, loader_->load(restored->archive, limits_of(loop)));
        if (auto activated = put_in_force(loop, loaded); !activated) {
            error("bundle {}: what was persisted cannot be activated: {}", name, activated.error().message);
            loop.status.problem = activated.error().message;
            return;
        }
        if (!restored->etag.empty()) loop.download.activated(restored->etag);
        loop.status.active_revision = seen_->revisions.at(name);
        loop.status.last_successful_activation = now_.wall;
        info("bundle {}: revision '{}' activated from disk", name, loop.status.active_revision);
        ready_ = true;
        for (const auto& [other_name, other] : loops_)
            ready_ = ready_ && !other.status.problem && other.status.last_successful_activation;
    }

    // --- status

    [[nodiscard]] std::map<std::string, BundleStatus> bundle_statuses() const {
        std::map<std::string, BundleStatus> bundles;
        for (const auto& [name, loop] : loops_) bundles.emplace(name, loop.status);
        return bundles;
    }

    [[nodiscard]] OrderedJson status_json(const std::map<std::string, BundleStatus>& bundles) const {
        return status_report(labels_, bundles, plugins());
    }

    [[nodiscard]] std::map<std::string, std::string> plugins() const {
        std::map<std::string, std::string> states{{"discovery", "OK"}};
        if (!config_.bundles.empty()) states["bundle"] = ready_ ? "OK" : "NOT_READY";
        if (config_.status) states["status"] = "OK";
        if (config_.decision_logs) states["decision_logs"] = "OK";
        return states;
    }

    /// One report under way at a time; the newest state follows it. A report that fails is not sent again, as
    /// OPA.
    void report_status() {
        if (!config_.status) return;
        auto bundles = bundle_statuses();
        if (!behaviour_->reports(bundles, reporting_)) return;
        if (config_.status->console && !stopping_) info("status: {}", status_json(bundles).dump());
        if (!config_.status->service) return;
        if (reporting_) {
            report_again_ = true;
            return;
        }
        reporting_ = true;
        const std::string target =
            config_.status->partition.empty() ? "/status" : "/status/" + config_.status->partition;
        send({Errand::Kind::status, nullptr}, *config_.status->service,
             {.method = "POST",
              .target = target,
              .headers = {{"Content-Type", "application/json"}},
              .body =
                  http::make_body(
                      status_json(bundles).dump(-1, ' ', false, OrderedJson::error_handler_t::replace))},
             config_.services.at(*config_.status->service).response_header_timeout);
    }

    void status_sent() {
        reporting_ = false;
        if (std::exchange(report_again_, false) && !stopping_) report_status();
    }

    // --- decision log

    void follow(LogUpload::Step step) {
        if (const auto* wait = std::get_if<LogUpload::Wait>(&step)) {
            out_.emplace_back(SetTimer{kLogTimer, now_.mono + wait->delay});
        } else if (auto* post = std::get_if<LogUpload::Post>(&step)) {
            const DecisionLogging& logging = *config_.decision_logs;
            send({Errand::Kind::log, nullptr}, *logging.service,
                 {.method = "POST",
                  .target = "/" + logging.resource,
                  .headers = {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}},
                  .body = std::move(post->chunk)},
                 config_.services.at(*logging.service).response_header_timeout);
        } else {
            finish_stopping();
        }
    }

    /// `trouble`: why the sink has not taken it; empty when it has.
    void chunk_answered(std::string_view trouble) {
        if (!trouble.empty()) error("decision log: upload failed: {}", trouble);
        follow(behaviour_->chunk_taken(trouble.empty()) ? log_->acknowledged() : log_->failed());
    }

    void finish_stopping() {
        for (const auto& [request, errand] : under_way_) out_.emplace_back(Cancel{request});
        under_way_.clear();
        out_.emplace_back(Stopped{});
    }

    // --- clients

    http::Response reply_to(const http::Request& request) {
        const std::string_view path = http::path_of(request.target);
        if (path == kDataPath || path.starts_with("/v1/data/")) {
            if (request.method != "GET" && request.method != "POST") return method_not_allowed("GET, POST");
            return decide(request);
        }
        const bool get = request.method == "GET" || request.method == "HEAD";
        if (path == "/health" || path == "/health/")
            return get ? health(request) : method_not_allowed("GET, HEAD");
        if (path == "/v1/status") return get ? own_status() : method_not_allowed("GET, HEAD");
        if (path == "/" && request.method == "POST")
            return error_answer(404, "undefined_document", "document missing: data.system.main");
        return not_found();
    }

    http::Response decide(const http::Request& request) {
        auto question = read_question(request);
        if (!question) return question.error();
        std::optional<std::string> id;
        if (config_.decision_logs) id = make_uuid(ids_);
        const auto& state = behaviour_->decides_by(*question, seen_, now_);
        auto result = decisions_.decide(state, question->path, question->input, now_.wall);
        behaviour_->decided(*question, *state, result);
        if (id)
            log(DecisionEvent{.decision_id = *id,
                              .revisions = state->revisions,
                              .path = question->path,
                              .input = question->input,
                              .result = result ? *result : std::nullopt,
                              .error = result ? std::nullopt : std::optional(result.error().message),
                              .time = now_.wall,
                              .number = ++decided_});
        if (!result) return evaluation_error(result.error().message);
        std::optional<Provenance> provenance;
        if (question->provenance) provenance = Provenance{version_, behaviour_->provenance(*state)};
        return answer(*result, id, provenance, question->input_missing);
    }

    void log(DecisionEvent event) {
        const std::size_t times = behaviour_->logged(event);
        if (times == 0) return;
        std::string text = to_text(event, labels_);
        if (config_.decision_logs->console) info("decision: {}", text);
        if (!log_) return;
        for (std::size_t i = 1; i < times; ++i) log_->add(text);
        log_->add(std::move(text));
    }

    http::Response health(const http::Request& request) const {
        const std::string_view query = http::query_of(request.target);
        if ((query_switch(query, "bundles") || query_switch(query, "bundle")) && !config_.bundles.empty() &&
            !behaviour_->ready(ready_))
            return json_answer(500, "{\"error\":\"one or more bundles are not activated\"}\n");
        if (query_switch(query, "plugins"))
            for (const auto& [name, state] : plugins())
                if (state != "OK" && query_parameter(query, "exclude-plugin") != name)
                    return json_answer(500, "{\"error\":\"one or more plugins are not up\"}\n");
        return json_answer(200, "{}\n");
    }

    http::Response own_status() const {
        if (!config_.status) return error_answer(500, "internal_error", "status plugin not enabled");
        return json_answer(200, OrderedJson{{"result", status_json(bundle_statuses())}}.dump(
                                    -1, ' ', false, OrderedJson::error_handler_t::replace) +
                                    "\n");
    }

    // --- all

    RequestId send(Errand errand, const std::string& service, http::Request message,
                   std::optional<Duration> header_timeout) {
        for (const auto& [name, value] : config_.services.at(service).headers)
            message.headers.add(name, value);
        const RequestId id = next_request_++;
        under_way_.emplace(id, errand);
        out_.emplace_back(Send{id, service, std::move(message), header_timeout});
        return id;
    }

    template <class... Args>
    void say(LogLine::Level level, fmt::format_string<Args...> format, Args&&... args) {
        out_.emplace_back(LogLine{level, fmt::format(format, std::forward<Args>(args)...)});
    }
    template <class... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) {
        say(LogLine::Level::info, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warn(fmt::format_string<Args...> format, Args&&... args) {
        say(LogLine::Level::warning, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void error(fmt::format_string<Args...> format, Args&&... args) {
        say(LogLine::Level::error, format, std::forward<Args>(args)...);
    }

    Config config_;
    std::string version_;
    rego::Value document_;
    std::shared_ptr<Behaviour> behaviour_;
    std::shared_ptr<Loader> loader_;
    bool loads_outside_;
    RandomSequence ids_;

    std::map<std::string, Loop> loops_;
    std::shared_ptr<const Snapshot> activated_;  ///< what the bundles say
    std::shared_ptr<const Snapshot> seen_;  ///< what decisions are made from; the same, in a correct agent
    Decisions decisions_;
    bool ready_ = false;
    DiskJobId next_job_ = 1;
    LoadId next_load_ = 1;

    std::map<std::string, std::string> labels_;
    bool reporting_ = false;
    bool report_again_ = false;

    std::optional<LogUpload> log_;  ///< with a service to send to
    std::uint64_t decided_ = 0;

    std::map<RequestId, Errand> under_way_;
    RequestId next_request_ = 1;
    bool stopping_ = false;
    Clocks now_{};
    Actions out_;
};

Agent::Agent(Setup setup) : parts_(std::make_unique<Parts>(std::move(setup))) {}
Agent::~Agent() = default;
Agent::Agent(Agent&&) noexcept = default;
Agent& Agent::operator=(Agent&&) noexcept = default;

Actions Agent::on(Event event, const Clocks& clocks) { return parts_->take(event, clocks); }

std::shared_ptr<const Snapshot> Agent::snapshot() const { return parts_->seen(); }

bool Agent::ready() const { return parts_->ready(); }

}  // namespace mistrial::agent
