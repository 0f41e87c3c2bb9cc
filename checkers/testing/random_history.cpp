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
        const auto publishes = 1 + below(5);
        for (std::uint64_t i = 1; i <= publishes; ++i) publish(static_cast<int>(i));
        for (const char* agent : {"a1", "a2"}) lives(agent);
        for (std::uint64_t i = below(3); i > 0; --i) fault(static_cast<int>(i));
        if (one_in(6)) stall();
        for (std::uint64_t i = below(3); i > 0; --i) serve();
        for (std::uint64_t i = below(3); i > 0; --i) status();
        for (std::uint64_t i = 1 + below(7); i > 0; --i) decide();
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
                                 "bounded-staleness", "split-brain", "convergence", "fail-closed"}) {
            Claim claim;
            claim.property = name;
            claim.within = milliseconds{between(1, 12)};
            claim.excused = !one_in(4);
            if (one_in(8)) claim.parameters["undefined"] = "allow";
            if (one_in(10)) claim.agents = {one_in(3) ? "agents" : one_in(2) ? "a" : "a1"};
            if (one_in(20)) claim.bundles = {one_in(2) ? "main" : "other"};
            made_.claims[name] = claim;
        }
    }

    void run_record() {
        const Json inputs{{"deny", {{"canary", "deny"}}}};
        add([=](HistoryBuilder& h) { h.run(Json::object(), {"a1", "a2"}, inputs); });
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
            if (one_in(8)) content["bad"] = "unsigned";
            if (one_in(8)) content["markers"] = {{"policy", "p" + std::to_string(number / 2)}, {"data", "r" + std::to_string(number)}};
            if (tabled_ == 0) tabled_ = number;
            last_tabled_ = number;
        }
        revisions_ = number;
        add([=](HistoryBuilder& h) { h.publish("r" + std::to_string(number), inv, res, content, type); });
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
        add([=](HistoryBuilder& h) { h.fault("f" + std::to_string(number), "partition", agents, times); });
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

    void serve() {
        const std::string to = agent();
        const std::string what = "r" + std::to_string(between(1, revisions_));
        const std::int64_t from = between(0, 50);
        const std::int64_t until = from + between(0, 5);
        add([=](HistoryBuilder& h) { h.serve(to, what, from, until); });
    }

    void status() {
        const std::string from = agent();
        const std::string what = revision();
        const std::int64_t at = between(0, 70);
        const auto echo = one_in(2) ? std::optional(from + "#1") : std::nullopt;
        add([=](HistoryBuilder& h) { h.status(from, at, what, echo); });
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
        const std::int64_t inv = between(0, 70);
        const std::int64_t res = inv + between(0, 8);
        add([=](HistoryBuilder& h) { h.decide(inv, res, what); });
    }

    RandomSequence random_;
    RandomHistory made_;
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
