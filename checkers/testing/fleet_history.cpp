#include "checkers/testing/fleet_history.hpp"

#include "checkers/claims.hpp"
#include "core/random.hpp"

#include <algorithm>
#include <deque>
#include <queue>
#include <string>

namespace mistrial::checkers::testing {

using history::Batch;
using history::Record;
using history::Row;
using history::Type;

namespace {

constexpr std::size_t batch_rows = 4096;
constexpr Duration publish_takes = std::chrono::milliseconds{2};
constexpr Duration delivery_takes = std::chrono::milliseconds{4};
/// Of an answer: at least, and at most.
constexpr std::int64_t answer_least = 200'000;
constexpr std::int64_t answer_most = 3'000'000;
const WallTime wall_at_zero = at_nanos<WallTime>(1'790'000'000'000'000'000);

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the stream of a benchmark, where nothing must be addressed by name.
class Draws {
  public:
    explicit Draws(std::uint64_t seed) : state_(seed) {}
    std::uint64_t bits() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t bound) { return (bits() >> 32) * bound >> 32; }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
    }

  private:
    std::uint64_t state_;
};

struct Event {
    enum class Kind : std::uint8_t { publish_begins, publish_ends, served, active, answered };
    TrueTime at;
    std::uint64_t order = 0;
    Kind kind = Kind::answered;
    std::uint32_t who = 0;   ///< agent, or the place of the answer
    std::uint32_t what = 0;  ///< revision
    /// Begins come before ends of the same time.
    [[nodiscard]] bool operator<(const Event& other) const {
        return at != other.at ? at > other.at : order > other.order;
    }
};

}  // namespace

struct FleetHistory::State {
    FleetShape shape;
    Draws draws;
    std::uint64_t index = 0;
    std::uint64_t asked = 0;
    std::uint64_t events = 0;
    std::uint32_t published = 0;
    std::uint32_t acknowledged = 0;
    std::vector<std::uint32_t> active;                     ///< by agent
    std::vector<std::vector<std::uint32_t>> flips;         ///< by input: revisions that turned its verdict
    std::priority_queue<Event> due;
    std::vector<Row> open;                                 ///< questions on their way
    std::vector<std::uint32_t> free_processes;
    std::vector<std::uint32_t> shown;                      ///< by revision: its place in the vocabulary
    std::vector<std::uint32_t> numbers;                    ///< of nonces, by session
    std::uint32_t names = 0;
    std::uint32_t shown_count = 0;
    bool begun = false;

    explicit State(const FleetShape& given) : shape(given), draws(given.seed), active(given.agents, 0), flips(given.inputs), numbers(given.sessions) {}

    void schedule(Event event) {
        event.order = events++;
        due.push(event);
    }

    [[nodiscard]] bool verdict(std::uint32_t input, std::uint32_t revision) const {
        const auto& turns = flips[input];
        const auto later = std::upper_bound(turns.begin(), turns.end(), revision);
        return ((later - turns.begin()) + input) % 2 == 0;
    }

    void record(Batch& batch, TrueTime at, Type type, const char* f, history::Process process, history::Value value) {
        Row& row = batch.rows.emplace_back();
        Record& made = batch.others.emplace_back();
        made.index = row.index = index++;
        made.time = row.time = at;
        made.type = type;
        made.process = std::move(process);
        made.f = f;
        made.value = std::move(value);
    }

    [[nodiscard]] static std::string agent_name(std::uint32_t agent) { return fmt::format("a{}", agent + 1); }

    void begin(Batch& batch) {
        begun = true;
        history::RunInfo run;
        run.wall_at_zero = wall_at_zero;
        run.wall_error = Duration{};
        for (const Property& property : catalogue()) {
            if (!property.judged) continue;
            Json claim = Json::object();
            for (const char* bounded : {"bounded-staleness", "split-brain", "convergence", "progress", "status-freshness",
                                        "fork-freedom", "log-completeness"}) {
                if (property.name == bounded) claim["within"] = "5s";
            }
            if (!shape.logged && property.name.starts_with("log-")) continue;
            if (property.name == "linearizability" || property.name.ends_with("atomicity") || property.name == "visibility") continue;
            run.claims[std::string(property.name)] = claim;
        }
        for (std::uint32_t agent = 0; agent < shape.agents; ++agent) {
            run.agents[agent_name(agent)] = {"embedded", "1", {"main"}, false};
            batch.added.agents.push_back(agent_name(agent));
            batch.added.names.push_back(agent_name(agent) + "#1");
        }
        for (std::uint32_t session = 0; session < shape.sessions; ++session) batch.added.names.push_back(fmt::format("s{}", session));
        for (std::uint32_t session = 0; session < shape.sessions; ++session) batch.added.names.push_back(fmt::format("s{}#", session));
        for (std::uint32_t input = 0; input < shape.inputs; ++input) {
            batch.added.questions.push_back({"mistrial/grants/decision",
                                             Json{{"user", fmt::format("u{}", input / 8)}, {"action", "read"}, {"resource", fmt::format("doc{}", input % 8)}},
                                             fmt::format("x{}", input), std::chrono::seconds{2}});
        }
        // As an event names them: without the input itself.
        for (std::uint32_t input = 0; input < shape.inputs && shape.logged; ++input) {
            batch.added.questions.push_back({"mistrial/grants/decision", std::nullopt, fmt::format("x{}", input), std::nullopt});
        }
        batch.added.answers = {history::Verdict{"false"}, history::Verdict{"true"}};
        record(batch, TrueTime{}, Type::info, "run", "harness", run);
        for (std::uint32_t agent = 0; agent < shape.agents; ++agent) {
            record(batch, TrueTime{}, Type::info, "boot", "observer", history::Boot{agent_name(agent), agent_name(agent) + "#1", std::nullopt});
        }
        schedule({TrueTime{} + std::chrono::milliseconds{1}, 0, Event::Kind::publish_begins, 0, 0});
        const Duration first_poll = std::chrono::milliseconds{10};
        for (std::uint32_t agent = 0; agent < shape.agents; ++agent) {
            schedule({TrueTime{} + first_poll + Duration{draws.between(0, 1'000'000)}, 0, Event::Kind::served, agent, 0});
        }
    }

    [[nodiscard]] Duration between_decisions() const {
        return Duration{static_cast<std::int64_t>(1'000'000'000 / shape.decisions_per_second)};
    }
    /// Decisions begin when every agent has its first revision.
    [[nodiscard]] TrueTime next_question() const {
        return TrueTime{} + std::chrono::milliseconds{100} + between_decisions() * static_cast<std::int64_t>(asked);
    }

    void publish(Batch& batch, TrueTime at) {
        const std::uint32_t number = ++published;
        history::Publish publish;
        publish.bundle = "main";
        publish.revision = fmt::format("r{}", number);
        Json content{{"base", nullptr}, {"verdicts", Json::object()}};
        if (number == 1) {
            for (std::uint32_t input = 0; input < shape.inputs; ++input) content["verdicts"][fmt::format("x{}", input)] = verdict(input, number);
        } else {
            content["base"] = fmt::format("r{}", number - 1);
            for (std::uint32_t i = 0; i < shape.flips; ++i) {
                const auto input = static_cast<std::uint32_t>(draws.below(shape.inputs));
                if (!flips[input].empty() && flips[input].back() == number) continue;
                // Turns that no agent can still be at are forgotten in pairs, so that a parity is kept.
                auto& turns = flips[input];
                if (turns.size() >= 16 && turns[7] + 100 < number) turns.erase(turns.begin(), turns.begin() + 8);
                turns.push_back(number);
                content["verdicts"][fmt::format("x{}", input)] = verdict(input, number);
            }
        }
        publish.content = std::move(content);
        const auto process = std::int64_t{publisher};
        record(batch, at, Type::invoke, "publish", process, publish);
        schedule({at + publish_takes, 0, Event::Kind::publish_ends, 0, number});
        schedule({at + shape.publish_every, 0, Event::Kind::publish_begins, 0, 0});
        shown.push_back(shown_count++);
        batch.added.shown.push_back({{{"main", publish.revision}}, {{"main/data", publish.revision}, {"main/policy", publish.revision}}});
        if (!shape.logged) return;
        batch.added.shown.push_back({{{"main", publish.revision}}, {}});
        ++shown_count;
    }

    void publish_ends(Batch& batch, const Event& event) {
        history::Publish publish;
        publish.bundle = "main";
        publish.revision = fmt::format("r{}", event.what);
        record(batch, event.at, Type::ok, "publish", std::int64_t{publisher}, publish);
        acknowledged = event.what;
    }

    void serve(Batch& batch, const Event& event) {
        const std::uint32_t agent = event.who;
        const Duration pause{draws.between(shape.poll_least.count(), shape.poll_most.count())};
        schedule({event.at + pause, 0, Event::Kind::served, agent, 0});
        if (acknowledged == active[agent]) return;
        history::Serve serve;
        serve.server = "primary";
        serve.agent = agent_name(agent);
        serve.bundle = "main";
        serve.revision = fmt::format("r{}", acknowledged);
        serve.began = event.at - std::min<Duration>(delivery_takes, event.at.time_since_epoch());
        serve.status = 200;
        serve.bytes = 1000;
        record(batch, event.at, Type::info, "serve", "observer", serve);
        schedule({event.at + std::chrono::milliseconds{5}, 0, Event::Kind::active, agent, acknowledged});
    }

    void ask(Batch& batch, TrueTime at) {
        const auto session = static_cast<std::uint32_t>(draws.below(shape.sessions));
        if (free_processes.empty()) {
            free_processes.push_back(publisher + 1 + static_cast<std::uint32_t>(open.size()));
            open.emplace_back();
        }
        Row row;
        row.kind = Row::Kind::invoke;
        row.index = index++;
        row.time = at;
        row.process = free_processes.back();
        free_processes.pop_back();
        row.agent = session % shape.agents;
        row.has_node = true;
        row.session = shape.agents + session;
        row.question = static_cast<std::uint32_t>(draws.below(shape.inputs));
        row.has_sched = true;
        row.sched = at - Duration{draws.between(0, 50'000)};
        if (shape.identified) {
            row.nonce_stem = shape.agents + shape.sessions + session;
            row.nonce_number = numbers[session]++;
            row.nonce_digits = digits_of(row.nonce_number);
        }
        batch.rows.push_back(row);
        ++asked;
        const std::uint32_t revision = active[row.agent];
        row.answer = verdict(row.question, revision) ? 1 : 0;
        row.shown = shown[revision - 1];
        row.name = row.agent;
        const TrueTime res = at + Duration{draws.between(answer_least, answer_most)};
        row.has_clock = true;
        row.clock = wall_at_zero + (at + (res - at) / 2).time_since_epoch();
        if (shape.identified) {
            row.has_decision_id = true;
            row.decision_id_high = draws.bits();
            row.decision_id_low = draws.bits();
        }
        const std::uint32_t place = row.process - publisher - 1;
        open[place] = row;
        schedule({res, 0, Event::Kind::answered, place, 0});
    }

    [[nodiscard]] static std::uint8_t digits_of(std::uint32_t number) {
        std::uint8_t digits = 1;
        for (; number >= 10; number /= 10) ++digits;
        return digits;
    }

    void answer(Batch& batch, const Event& event) {
        Row row = open[event.who];
        row.kind = Row::Kind::ok;
        row.index = index++;
        row.time = event.at;
        free_processes.push_back(row.process);
        batch.rows.push_back(row);
        if (!shape.logged) return;
        Row logged;
        logged.kind = Row::Kind::log;
        logged.index = index++;
        logged.time = event.at;
        logged.agent = row.agent;
        logged.question = shape.inputs + row.question;
        logged.shown = row.shown + 1;
        logged.answer = row.answer;
        logged.name = row.name;
        logged.nonce_stem = row.nonce_stem;
        logged.nonce_number = row.nonce_number;
        logged.nonce_digits = row.nonce_digits;
        logged.has_decision_id = true;
        logged.decision_id_high = row.decision_id_high;
        logged.decision_id_low = row.decision_id_low;
        logged.has_clock = true;
        logged.clock = row.clock;
        logged.upload = 1;
        batch.rows.push_back(logged);
    }

    [[nodiscard]] bool next(Batch& batch) {
        batch.clear();
        if (!begun) begin(batch);
        while (batch.rows.size() < batch_rows) {
            const bool more = asked < shape.decisions;
            if (more && (due.empty() || next_question() < due.top().at)) {
                ask(batch, next_question());
                continue;
            }
            if (!more && free_processes.size() == open.size()) break;
            const Event event = due.top();
            due.pop();
            switch (event.kind) {
                case Event::Kind::publish_begins:
                    if (more) publish(batch, event.at);
                    break;
                case Event::Kind::publish_ends: publish_ends(batch, event); break;
                case Event::Kind::served: serve(batch, event); break;
                case Event::Kind::active: active[event.who] = event.what; break;
                case Event::Kind::answered: answer(batch, event); break;
            }
        }
        return !batch.rows.empty();
    }

    static constexpr std::uint32_t publisher = 0;
};

FleetHistory::FleetHistory(const FleetShape& shape) : state_(std::make_unique<State>(shape)) {}
FleetHistory::FleetHistory(FleetHistory&&) noexcept = default;
FleetHistory& FleetHistory::operator=(FleetHistory&&) noexcept = default;
FleetHistory::~FleetHistory() = default;

Result<bool> FleetHistory::next(Batch& batch) { return state_->next(batch); }

}  // namespace mistrial::checkers::testing
