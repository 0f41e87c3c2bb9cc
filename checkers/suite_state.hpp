#pragma once

#include "checkers/checker.hpp"
#include "checkers/golden_signals.hpp"
#include "checkers/inference.hpp"
#include "checkers/lexicon.hpp"
#include "checkers/model.hpp"
#include "checkers/operations.hpp"
#include "checkers/registry.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::checkers {

/// What a Suite keeps, alone or beside others (side_by_side.hpp). suite.cpp hands records to the checkers, suite_judgement.cpp takes what they found.
struct Suite::State {
    struct Asserted {
        Claim claim;
        std::unique_ptr<PropertyChecker> checker;  ///< empty when this version has none
    };

    explicit State(Options given) : options(std::move(given)), lexicon(model), inference(model) {}

    Options options;
    Model model;
    Lexicon lexicon;  ///< of a history of rows
    Operations operations;
    GoldenSignals golden_signals;
    Counts counts;
    Inference inference;
    std::vector<Asserted> asserted;
    std::vector<std::unique_ptr<PropertyChecker>> unclaimed;  ///< judged properties that nobody claimed: measured
    std::vector<PropertyChecker*> checkers;
    // Those of them that want to hear of what there is most of.
    std::vector<PropertyChecker*> hear_invocations;
    std::vector<PropertyChecker*> hear_decisions;
    std::vector<PropertyChecker*> hear_unanswered;
    std::vector<PropertyChecker*> hear_logs;
    bool started = false;
    bool empty = false;  ///< no record ever came
    TrueTime last;

    [[nodiscard]] bool wanted(std::string_view property) const;
    [[nodiscard]] Result<> start(const history::RunInfo* run, std::uint64_t index);
    [[nodiscard]] Result<> advance(const history::RunInfo* run, std::uint64_t index, TrueTime time);
    void adopt(PropertyChecker& checker);
    [[nodiscard]] Result<> dispatch(const history::Record& record);
    [[nodiscard]] Result<> publish(const history::Publish& publish, const history::Record& record);
    [[nodiscard]] Result<> decide(const history::Decide& decide, const history::Record& record);
    [[nodiscard]] Result<> decide(const history::Row& row);
    [[nodiscard]] Result<> invoked(const history::Row& row, AgentId agent, SessionId session);
    void invoked(const Invocation& invocation, std::optional<TrueTime> sched);
    void unanswered(const Unanswered& unanswered);
    void answered(const Decision& decision);
    /// What an answer shows has taken effect.
    void observed(const std::vector<Seen>& seen, std::uint64_t index, TrueTime at) {
        for (const Seen& one : seen) {
            if (one.state == Seen::State::known) model.observed(one.bundle, one.number, index, at);
        }
    }
    void status(const history::Status& status, const history::Record& record);
    [[nodiscard]] Result<> health(const history::Health& health, const history::Record& record);
    void log(const history::Log& log, const history::Record& record);
    [[nodiscard]] Result<> log(const history::Row& row);
    void arrived(const LogEvent& event);
    [[nodiscard]] Result<> call(const history::Record& record);
    /// Something in [inv, at] shows that the agent runs; begun nobody knows when: TrueTime::min().
    void heard_of(AgentId agent, std::optional<std::string_view> incarnation, TrueTime inv, TrueTime at) {
        if (!model.lives().heard_of(agent, incarnation, inv, at)) return;
        tell([](PropertyChecker& checker) { checker.on_late_excuse(); });
    }

    [[nodiscard]] ClaimResult judge(const Asserted& one) const;
    [[nodiscard]] bool missed_by_a_fault(const Claim& claim) const;
    [[nodiscard]] static Measured measure(const PropertyChecker& checker);
    [[nodiscard]] std::vector<std::string> notes_on_operations() const;
    [[nodiscard]] std::vector<std::string> notes_on_names(const Claim& claim) const;
    void end();
    /// What suites that have heard the same history, each with other properties, make of it together. After `end` of each.
    [[nodiscard]] static Judgement judgement(std::span<State* const> states);

    template <class Tell>
    void tell(const Tell& tell_one) {
        for (PropertyChecker* checker : checkers) tell_one(*checker);
    }
};

}  // namespace mistrial::checkers
