#include "checkers/testing/random_sessions.hpp"

namespace mistrial::checkers::testing {

namespace {

/// Few moments, so that half of all pairs of operations meet.
constexpr std::int64_t horizon = 24;

class Maker {
  public:
    explicit Maker(RandomSequence random) : random_(random) {}

    RandomHistory make() {
        claims();
        run_record();
        for (std::uint64_t i = 1 + below(4); i > 0; --i) publish("main", "r", main_);
        if (one_in(2)) {
            for (std::uint64_t i = 1 + below(2); i > 0; --i) publish("docs", one_in(3) ? "r" : "d", docs_);
        }
        for (const char* agent : {"a1", "a2"}) lives(agent);
        if (!one_in(3)) {
            for (std::uint64_t i = 1 + below(5); i > 0; --i) serve();
        }
        for (std::uint64_t i = below(2); i > 0; --i) barrier();
        for (std::uint64_t i = below(2); i > 0; --i) status();
        for (std::uint64_t i = 1 + below(6); i > 0; --i) decide();
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
    std::string agent() { return one_in(4) ? "a2" : "a1"; }
    std::string session() { return one_in(5) ? "" : one_in(3) ? "s2" : "s1"; }
    const std::string& any(const std::vector<std::string>& names) { return names[below(names.size())]; }

    void claims() {
        for (const char* name : {"monotonic-revisions", "source-fidelity", "durable-monotonicity", "monotonic-reads",
                                 "read-your-publishes", "no-new-enemy", "token-freshness", "pinned-snapshot"}) {
            Claim claim;
            claim.property = name;
            made_.claims[name] = claim;
        }
        if (!one_in(3)) made_.claims["durable-monotonicity"].within = milliseconds{between(1, 4)};
    }

    void run_record() {
        const Json inputs{
            {"enemy", {{"new_enemy", {{"newer", {{"docs", "d1"}}}, {"older", {{"main", "r" + std::to_string(between(1, 3))}}}}}}}};
        const bool persist = !one_in(3);
        add([=](HistoryBuilder& h) { h.run(Json::object(), {"a1", "a2"}, inputs, persist); });
    }

    void publish(const std::string& bundle, const std::string& letter, std::vector<std::string>& names) {
        publish_at_ += between(0, 4);
        const std::int64_t inv = publish_at_;
        const std::int64_t res = inv + between(0, 4);
        if (!one_in(4)) publish_at_ = res;
        const auto kind = below(10);
        const history::Type type = kind < 8 ? history::Type::ok : kind == 8 ? history::Type::info : history::Type::fail;
        Json content = Json::object();
        if (one_in(10)) content["bad"] = "unsigned";
        if (bundle == "docs" && !main_.empty() && !one_in(4)) content["depends"] = {{"main", any(main_)}};
        if (bundle == "main" && one_in(6)) content["depends"] = {{"docs", "d1"}};
        const std::string name = letter + std::to_string(names.size() + 1);
        names.push_back(name);
        const std::string who = one_in(2) ? "" : session();
        add([=](HistoryBuilder& h) { h.publish(name, inv, res, content, type, bundle, who); });
    }

    void lives(const std::string& name) {
        std::int64_t at = between(0, horizon / 2);
        for (int number = 1; number <= 2; ++number) {
            if (one_in(3)) return;
            const std::string incarnation = name + "#" + std::to_string(number);
            std::optional<history::Revisions> persisted;
            if (one_in(2)) persisted = history::Revisions{{"main", any(main_)}};
            add([=](HistoryBuilder& h) { h.boot(name, incarnation, at, persisted); });
            at += between(0, horizon / 2);
        }
    }

    void serve() {
        const std::string to = agent();
        const std::string what = any(main_);
        const std::int64_t from = between(0, horizon);
        const std::int64_t until = from + between(0, 5);
        add([=](HistoryBuilder& h) { h.serve(to, what, from, until); });
    }

    void barrier() {
        const std::string what = any(main_);
        const std::vector<std::string> agents = one_in(2) ? std::vector<std::string>{"a1"} : std::vector<std::string>{"a1", "a2"};
        const std::int64_t inv = between(0, horizon);
        const std::int64_t res = inv + between(0, 3);
        const history::Type type = one_in(4) ? history::Type::info : history::Type::ok;
        const std::string who = session();
        add([=](HistoryBuilder& h) { h.barrier(what, agents, inv, res, who, type); });
    }

    void status() {
        const std::string from = agent();
        const std::string what = any(main_);
        const std::int64_t at = between(0, horizon);
        const auto echo = one_in(2) ? std::optional(from + "#1") : std::nullopt;
        add([=](HistoryBuilder& h) { h.status(from, at, what, echo); });
    }

    std::optional<Json> wanted() {
        if (!one_in(4)) return std::nullopt;
        if (one_in(2)) return Json(one_in(8) ? "r9" : any(main_));
        Json wanted{{"main", any(main_)}};
        if (!docs_.empty() && one_in(2)) wanted["docs"] = any(docs_);
        return wanted;
    }

    void decide() {
        Answered what;
        what.agent = agent();
        what.session = session();
        what.at_least = wanted();
        what.exactly = wanted();
        const std::string shown = one_in(8) ? "-" : any(main_);
        if (!one_in(10)) what.revisions["main"] = shown;
        if (!docs_.empty() && !one_in(3)) what.revisions["docs"] = one_in(8) ? "-" : any(docs_);
        if (one_in(3)) what.input_id = "enemy";
        const auto answer = below(8);
        what.answer = answer == 0   ? history::Answer{history::Undefined{}}
                      : answer == 1 ? history::Answer{history::Refused{503, std::nullopt}}
                                    : history::Answer{history::Verdict{answer % 2 == 0 ? "true" : "false"}};
        if (one_in(2)) what.incarnation = what.agent + (one_in(2) ? "#1" : "#2");
        what.type = one_in(10) ? history::Type::info : history::Type::ok;
        const std::int64_t inv = between(0, horizon);
        const std::int64_t res = inv + between(0, 5);
        add([=](HistoryBuilder& h) { h.decide(inv, res, what); });
    }

    RandomSequence random_;
    RandomHistory made_;
    std::int64_t publish_at_ = 0;
    std::vector<std::string> main_;
    std::vector<std::string> docs_;
};

}  // namespace

RandomHistory random_sessions(RandomSequence random) { return Maker{random}.make(); }

}  // namespace mistrial::checkers::testing
