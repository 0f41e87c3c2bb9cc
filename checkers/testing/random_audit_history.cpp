#include "checkers/testing/random_audit_history.hpp"

namespace mistrial::checkers::testing {

namespace {

class Maker {
  public:
    explicit Maker(RandomSequence random) : random_(random) {}

    RandomHistory make() {
        ids_ = !one_in(4);
        nonces_ = !ids_ || !one_in(4);
        claims();
        add([](HistoryBuilder& h) { h.run(Json::object(), {"a1", "a2"}); });
        publish();
        for (const char* agent : {"a1", "a2"}) lives(agent);
        for (std::uint64_t i = below(3); i > 0; --i) fault(static_cast<int>(i));
        for (std::uint64_t i = 1 + below(7); i > 0; --i) decide(static_cast<int>(i));
        if (one_in(4)) report();
        if (one_in(3)) phantom();
        if (one_in(4)) {
            made_.stalls = true;
            const std::int64_t from = between(0, 60);
            const std::int64_t to = from + between(1, 15);
            add([=](HistoryBuilder& h) { h.stall(from, to); });
        }
        if (one_in(3)) {
            for (auto samples = below(4); samples > 0; --samples) clock_sample();
        }
        const std::int64_t end = between(40, 120);
        add([=](HistoryBuilder& h) { h.status("a1", end, "r1"); });
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
        for (const char* name : {"log-completeness", "log-integrity", "clock-justified", "clock-coherence"}) {
            Claim claim;
            claim.property = name;
            made_.claims[name] = claim;
        }
        made_.claims["log-completeness"].within = milliseconds{between(1, 20)};
        if (one_in(3)) made_.claims["log-completeness"].parameters["crash_loss"] = false;
        if (one_in(3)) made_.claims["log-integrity"].parameters["duplicates"] = false;
        const std::string error = std::to_string(between(0, 4)) + "ms";
        made_.claims["clock-justified"].parameters["error"] = error;
        made_.claims["clock-coherence"].parameters["error"] = error;
        if (one_in(2)) made_.claims["clock-coherence"].parameters["drift"] = between(0, 2) * 100'000;
    }

    void publish() {
        const std::int64_t first = between(10, 40);
        const std::int64_t second = first + between(1, 30);
        const Json pieces{{"pieces",
                           {{{"until", first * 1'000'000}, {"verdict", true}},
                            {{"until", second * 1'000'000}, {"verdict", false}},
                            {{"verdict", one_in(2)}}}}};
        const Json content{{"base", nullptr}, {"verdicts", {{"x", pieces}, {"y", true}}}};
        add([=](HistoryBuilder& h) { h.publish("r1", 0, 0, content); });
    }

    void lives(const std::string& agent) {
        if (one_in(2)) return;
        std::int64_t at = 0;
        for (int number = 1; number <= 2; ++number) {
            const std::string incarnation = agent + "#" + std::to_string(number);
            add([=](HistoryBuilder& h) { h.boot(agent, incarnation, at); });
            at += between(5, 50);
            if (one_in(4)) continue;
            const std::string how = one_in(2) ? "stopped" : "killed";
            add([=](HistoryBuilder& h) { h.death(agent, incarnation, at, how); });
            at += between(0, 12);
        }
    }

    void fault(int number) {
        std::array<std::int64_t, 4> times{};
        std::int64_t at = between(0, 50);
        for (std::int64_t& time : times) {
            time = at;
            at += between(0, 8);
        }
        if (one_in(6)) times[3] = -1;
        history::Fault fault;
        fault.fault = "f" + std::to_string(number);
        const std::string agent = this->agent();
        fault.target = {agent};
        if (one_in(2)) {
            fault.kind = "partition";
            fault.excuses[agent].log = !one_in(4);
            fault.excuses[agent].status = true;
        } else {
            fault.kind = "clock";
            const std::int64_t low = between(-20, 2);
            fault.skews[agent] = {milliseconds{low}, milliseconds{low + between(0, 10)}};
        }
        add([=](HistoryBuilder& h) { h.fault(fault, times); });
    }

    /// The machine's own clock, or an agent's, is found to be off.
    void clock_sample() {
        const std::string of = one_in(4) ? agent() : std::string();
        const std::int64_t at = between(0, 60);
        const std::int64_t low = between(-10, 8);
        const std::int64_t high = low + between(0, 4);
        add([=](HistoryBuilder& h) { h.clock_sample(of, at, milliseconds{low}, milliseconds{high}); });
    }

    std::string agent() { return one_in(3) ? "a2" : "a1"; }

    void decide(int number) {
        Answered what;
        what.agent = agent();
        what.markers = {{"main/policy", "r1"}, {"main/data", "r1"}};
        if (one_in(2)) what.revisions = {{"main", one_in(4) ? "" : "r1"}};
        what.input_id = one_in(2) ? "x" : "y";
        const auto answer = below(12);
        what.answer = answer == 0   ? history::Answer{history::Undefined{}}
                      : answer == 1 ? history::Answer{history::Refused{503, std::nullopt}}
                                    : history::Answer{history::Verdict{answer % 2 == 0 ? "true" : "false"}};
        if (one_in(3)) what.incarnation = what.agent + (one_in(5) ? "#2" : "#1");
        const std::int64_t inv = between(0, 60);
        const std::int64_t res = inv + between(0, 6);
        if (!one_in(3)) what.agent_time = at_nanos<WallTime>((between(inv, res) + (one_in(3) ? between(-8, 8) : 0)) * 1'000'000);
        const auto kind = below(12);
        what.type = kind == 0   ? history::Type::fail
                    : kind == 1 ? history::Type::info
                    : kind == 2 ? history::Type::invoke
                                : history::Type::ok;
        if (nonces_) what.nonce = "n" + std::to_string(number);
        if (ids_) what.decision_id = "d" + std::to_string(number);
        add([=](HistoryBuilder& h) { h.decide(inv, res, what); });
        for (auto times = below(8); times < 9; times += 4 + below(6)) {
            event(what, number, std::max<std::int64_t>(0, res + between(-4, 25)));
        }
    }

    void event(const Answered& of, int number, std::int64_t at) {
        history::Log log;
        log.agent = of.agent;
        if (ids_ && !one_in(25)) log.decision_id = "d" + std::to_string(number);
        if (nonces_ && !one_in(25)) log.nonce = "n" + std::to_string(number);
        log.path = one_in(10) ? "elsewhere" : one_in(3) ? "/mistrial/decision" : "mistrial/decision";
        if (!one_in(3)) log.input_id = one_in(12) ? "z" : of.input_id;
        if (const auto* verdict = std::get_if<history::Verdict>(&*of.answer)) log.verdict = one_in(12) ? "false" : *verdict;
        if (!one_in(3)) log.revisions = {{"main", one_in(12) ? "r2" : "r1"}};
        log.upload = at / 10;
        add([=](HistoryBuilder& h) { h.log(at, log); });
    }

    void phantom() {
        Answered of;
        of.agent = agent();
        event(of, 99, between(0, 90));
    }

    void report() {
        history::LogUpload upload;
        upload.agent = "a1";
        if (!one_in(4)) upload.incarnation = one_in(3) ? "a1#2" : "a1#1";
        upload.status = 200;
        upload.dropped = between(1, 3);
        const std::int64_t at = between(20, 90);
        add([=](HistoryBuilder& h) { h.log_upload(at, at, upload); });
    }

    RandomSequence random_;
    RandomHistory made_;
    bool ids_ = true;
    bool nonces_ = true;
};

}  // namespace

RandomHistory random_audit_history(RandomSequence random) { return Maker{random}.make(); }

}  // namespace mistrial::checkers::testing
