#include "checkers/testing/random_history.hpp"

#include "core/history/writer.hpp"

namespace mistrial::checkers::testing {

namespace {

class Maker {
  public:
    explicit Maker(RandomSequence random) : random_(random) {}

    RandomHistory make() {
        claims();
        run_record();
        made_.several_authorities = one_in(2);
        made_.declares_ancestry = made_.several_authorities && !one_in(3);
        const auto publishes = 1 + below(5);
        if (made_.declares_ancestry) made_.claims["fork-freedom"].within = milliseconds{between(1, 4)};
        for (std::uint64_t i = 1; i <= publishes; ++i) publish(static_cast<int>(i));
        for (const char* agent : {"a1", "a2"}) lives(agent);
        for (std::uint64_t i = below(3); i > 0; --i) fault(static_cast<int>(i));
        if (one_in(6)) stall();
        for (std::uint64_t i = below(5); i > 0; --i) serve();
        for (std::uint64_t i = one_in(2) ? below(5) : 0; i > 0; --i) poll();
        for (std::uint64_t i = below(4); i > 0; --i) status();
        for (std::uint64_t i = one_in(2) ? 1 + below(2) : 0; i > 0; --i) health();
        for (std::uint64_t i = 1 + below(7); i > 0; --i) decide();
        if (made_.several_authorities) {
            for (const char* agent : {"a1", "a2"}) follow(agent);
        }
        return std::move(made_);
    }

  private:
    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
    std::int64_t between(std::int64_t low, std::int64_t high) { return random_.between(low, high); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    template <class Part>
    void add(Part part) {
        made_.parts.push_back(std::move(part));
    }

    void claims() {
        for (const char* name : {"revision-validity", "oracle-correctness", "atomic-activation", "monotonic-revisions",
                                 "bounded-staleness", "linearizability", "split-brain", "convergence", "fail-closed",
                                 "authentic-activation", "determinism", "publish-order", "fork-freedom", "no-lost-publish"}) {
            Claim claim;
            claim.property = name;
            claim.within = milliseconds{between(1, 12)};
            claim.excused = !one_in(4);
            if (one_in(8)) claim.parameters["undefined"] = "allow";
            if (one_in(4)) claim.parameters["except"] = Json::array({"expired"});
            if (one_in(4)) claim.parameters["across_versions"] = false;
            if (one_in(10)) claim.agents = {one_in(3) ? "agents" : one_in(2) ? "a" : "a1"};
            if (one_in(20)) claim.bundles = {one_in(2) ? "main" : "other"};
            made_.claims[name] = claim;
        }
        for (const char* name : {"delta-atomicity", "k-atomicity", "visibility", "progress", "availability", "status-truth",
                                 "status-freshness", "health-truth"}) {
            Claim claim;
            claim.property = name;
            claim.within = milliseconds{between(1, 20)};
            claim.parameters["at_most"] = claim.property == "k-atomicity" ? between(1, 3) : between(0, 12) * 1'000'000;
            claim.parameters["quantile"] = 0.25 * static_cast<double>(between(1, 4));
            claim.parameters["ratio"] = 0.25 * static_cast<double>(between(0, 4));
            claim.parameters["gap"] = between(0, 16) * 1'000'000;
            if (one_in(2)) claim.parameters["latency"] = between(1, 8) * 1'000'000;
            made_.claims[name] = claim;
        }
    }

    void run_record() {
        const Json inputs{{"deny", {{"canary", "deny"}}}};
        const std::string other = one_in(3) ? "2" : one_in(3) ? "" : "1";
        add([=](HistoryBuilder& h) {
            history::RunInfo info;
            info.agents["a1"] = {"embedded", "1", {"main"}, false};
            info.agents["a2"] = {"embedded", other, {"main"}, false};
            info.inputs = inputs;
            info.wall_at_zero = WallTime{};
            h.record(TrueTime{}, history::Type::info, "run", "harness", info);
        });
    }

    Json verdict() {
        if (one_in(12)) return Json{{"undefined", true}};
        if (one_in(12)) {
            return Json{{"pieces",
                         {{{"until", 30'000'000}, {"verdict", true}}, {{"until", 60'000'000}, {"verdict", false}}}}};
        }
        return below(2) == 0;
    }

    void publish(int number) {
        publish_at_ += between(0, 14);
        const std::int64_t inv = publish_at_;
        const std::int64_t res = inv + between(0, 8);
        if (!one_in(4)) publish_at_ = res;  // publishes overlap now and then
        const auto kind = below(20);
        const history::Type type = kind < 14   ? history::Type::ok
                                   : kind < 17 ? history::Type::info
                                   : kind < 19 ? history::Type::fail
                                               : history::Type::invoke;
        Json content = nullptr;
        if (!one_in(8)) {
            content = {{"base", nullptr}, {"verdicts", {{"x", verdict()}, {"y", verdict()}, {"deny", false}}}};
            if (tabled_ > 0 && !one_in(4)) {
                content["base"] = "r" + std::to_string(one_in(4) ? tabled_ : last_tabled_);
                content["verdicts"] = Json::object();
                for (const char* id : {"x", "y"}) {
                    if (one_in(2)) content["verdicts"][id] = verdict();
                }
            }
            if (one_in(8)) content["bad"] = one_in(3) ? "expired" : "unsigned";
            if (one_in(8)) content["markers"] = {{"policy", "p" + std::to_string(number / 2)}, {"data", "r" + std::to_string(number)}};
            if (tabled_ == 0) tabled_ = number;
            last_tabled_ = number;
        }
        revisions_ = number;
        history::Publish value;
        value.bundle = "main";
        value.revision = "r" + std::to_string(number);
        if (made_.several_authorities) value.authority = authority_of_.emplace_back(one_in(2) ? "east" : "west");
        if (one_in(2)) value.digest = digest();
        if (one_in(4)) content["sequence"] = between(1, 4);
        if (made_.declares_ancestry && number > 1) {
            const auto included = static_cast<std::size_t>(between(0, number - 1));
            if (number == 2 || one_in(2)) content["includes"] = Json::object();
            if (included > 0 && authority_of_[included - 1] != *value.authority) {
                content["includes"][authority_of_[included - 1]] = "r" + std::to_string(included);
            }
        }
        if (!content.is_null()) value.content = content;
        add([=](HistoryBuilder& h) { h.published(value, inv, res, type); });
    }

    void lives(const std::string& agent) {
        std::int64_t at = between(0, 30);
        int number = 1;
        for (std::uint64_t i = one_in(2) ? 0 : 1 + below(3); i > 0; --i) {
            const std::string incarnation = agent + "#" + std::to_string(number++);
            add([=](HistoryBuilder& h) { h.boot(agent, incarnation, at); });
            at += between(0, 30);
            if (one_in(3)) continue;
            add([=](HistoryBuilder& h) { h.death(agent, incarnation, at); });
            at += between(0, 12);
        }
    }

    void fault(int number) {
        std::array<std::int64_t, 4> times{};
        std::int64_t at = between(0, 40);
        for (std::size_t i = 0; i < times.size(); ++i) {
            times[i] = at;
            at += between(0, 8);
        }
        if (one_in(6)) times[3] = -1;
        const std::vector<std::string> agents = one_in(2) ? std::vector<std::string>{"a1"} : std::vector<std::string>{"a1", "a2"};
        const history::Excuse excuse{one_in(4) ? std::vector<std::string>{} : std::vector<std::string>{"main"}, one_in(2),
                                     one_in(2), one_in(2)};
        add([=](HistoryBuilder& h) { h.fault("f" + std::to_string(number), "partition", agents, times, true, excuse); });
    }

    void stall() {
        made_.stalls = true;
        const std::int64_t from = between(0, 50);
        const std::int64_t to = from + between(1, 15);
        add([=](HistoryBuilder& h) { h.stall(from, to); });
    }

    std::string agent() { return one_in(2) ? "a1" : "a2"; }
    std::string revision() {
        if (one_in(30)) return "r9";
        if (one_in(12)) return "-";
        return "r" + std::to_string(between(1, revisions_));
    }

    std::string digest() { return one_in(8) ? "d2" : "d1"; }

    void serve() {
        history::Serve value;
        value.server = one_in(3) ? "cdn2" : "cdn1";
        if (!one_in(5)) value.agent = agent();
        value.bundle = "main";
        value.revision = "r" + std::to_string(between(1, revisions_));
        if (!one_in(3)) value.digest = digest();
        const std::int64_t from = between(0, 50);
        value.began = at_ms(from);
        value.status = 200;
        value.complete = !one_in(5);
        const std::int64_t until = from + between(0, 5);
        add([=](HistoryBuilder& h) { h.served(value, until); });
    }

    void poll() {
        const std::string by = one_in(8) ? "cdn1" : agent();
        const std::int64_t from = between(0, 70);
        const std::int64_t until = from + between(0, 5);
        const int status = one_in(4) ? 404 : 304;
        add([=](HistoryBuilder& h) { h.poll(by, from, until, status); });
    }

    void health() {
        const std::string of = agent();
        const std::int64_t inv = between(0, 60);
        const std::int64_t res = inv + between(0, 5);
        const int status = one_in(4) ? 500 : 200;
        const std::string query = one_in(4) ? "" : "bundles";
        const auto echo = one_in(2) ? std::optional(of + "#1") : std::nullopt;
        add([=](HistoryBuilder& h) { h.health(of, inv, res, status, query, echo); });
    }

    void status() {
        const std::string from = agent();
        const std::string what = revision();
        const std::int64_t at = between(0, 70);
        const auto echo = one_in(2) ? std::optional(from + "#1") : std::nullopt;
        const bool error = one_in(8);
        add([=](HistoryBuilder& h) {
            if (error) h.status_error(from, at, echo);
            else h.status(from, at, what, echo);
        });
    }

    void decide() {
        Answered what;
        what.agent = agent();
        const std::string shown = revision();
        const auto style = below(20);
        if (style < 13) what.markers = {{"main/policy", shown}, {"main/data", shown}};
        if (style == 13 || style == 14) what.markers = {{"main/policy", shown}, {"main/data", revision()}};
        if (style == 15) what.markers = {{"main/policy", "p1"}, {"main/data", shown}};
        if (style == 18) what.markers = {{"main/policy", one_in(2) ? "p1" : shown}};
        if (style == 12 || style == 16 || style == 17) what.revisions = {{"main", one_in(4) ? revision() : shown}};
        const auto input = below(8);
        what.input_id = input < 3 ? "x" : input < 5 ? "y" : input < 6 ? "deny" : input < 7 ? "z" : "";
        const auto answer = below(12);
        what.answer = answer == 0   ? history::Answer{history::Undefined{}}
                      : answer == 1 ? history::Answer{history::Refused{503, std::nullopt}}
                                    : history::Answer{history::Verdict{answer % 2 == 0 ? "true" : "false"}};
        if (one_in(4)) what.incarnation = what.agent + (one_in(2) ? "#1" : "#2");
        if (one_in(3)) what.agent_time = at_nanos<WallTime>(between(0, 60) * 1'000'000);
        const auto kind = below(12);
        what.type = kind == 0 ? history::Type::fail : kind == 1 ? history::Type::info : history::Type::ok;
        if (what.type == history::Type::fail && one_in(2)) what.error = "no-process";
        const std::int64_t inv = between(0, 70);
        const std::int64_t res = inv + between(0, 8);
        if (one_in(4)) what.due = std::max<std::int64_t>(0, inv - between(0, 4));
        add([=](HistoryBuilder& h) { h.decide(inv, res, what); });
    }

    /// An incarnation that keeps to one or two revisions for a while, so that halves of a fleet may part.
    void follow(const std::string& agent) {
        const std::string first = "r" + std::to_string(between(1, revisions_));
        const std::string second = one_in(2) ? first : "r" + std::to_string(between(1, revisions_));
        std::int64_t at = made_.declares_ancestry ? between(40, 70) : between(20, 50);
        for (std::uint64_t i = 2 + below(3); i > 0; --i) {
            const std::string shown = i > 2 ? first : second;
            const std::int64_t inv = at;
            const std::int64_t res = inv + between(0, 3);
            add([=](HistoryBuilder& h) {
                Answered what;
                what.agent = agent;
                what.markers = {{"main/policy", shown}, {"main/data", shown}};
                what.incarnation = agent + "#1";
                h.decide(inv, res, what);
            });
            at = res + between(0, made_.declares_ancestry ? 30 : 20);
        }
    }

    RandomSequence random_;
    RandomHistory made_;
    std::vector<std::string> authority_of_;
    std::int64_t publish_at_ = 0;
    int revisions_ = 1;
    int tabled_ = 0;
    int last_tabled_ = 0;
};

}  // namespace

RandomHistory random_history(RandomSequence random) { return Maker{random}.make(); }

RandomHistory shrink(RandomHistory history, const std::function<bool(const RandomHistory&)>& fails) {
    for (bool smaller = true; smaller;) {
        smaller = false;
        for (std::size_t i = 0; i < history.parts.size(); ++i) {
            RandomHistory rest = history;
            rest.parts.erase(rest.parts.begin() + static_cast<std::ptrdiff_t>(i));
            if (!fails(rest)) continue;
            history = std::move(rest);
            smaller = true;
            break;
        }
    }
    return history;
}

std::string show(const RandomHistory& history) {
    std::string text = to_json(history.claims).dump() + "\n";
    for (const history::Record& record : history.build()) text += history::to_line(record) + "\n";
    return text;
}

}  // namespace mistrial::checkers::testing
