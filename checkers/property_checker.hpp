#pragma once

#include "checkers/claims.hpp"
#include "checkers/decision.hpp"
#include "checkers/finding.hpp"
#include "checkers/model.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// One property over one history: it is told of every event after the model has been, and says at the end what it
/// found. Checkers know nothing of each other. Life: construct, `on_…` in the order of the records, `finish` once, then
/// `result`. Not thread-safe.
class PropertyChecker {
  public:
    /// Called for each operation that violates the property, with the index of its record.
    using HitListener = std::function<void(std::string_view property, std::uint64_t index)>;

    PropertyChecker(Model& model, Claim claim) : model_(model), claim_(std::move(claim)) {}
    PropertyChecker(const PropertyChecker&) = delete;
    PropertyChecker& operator=(const PropertyChecker&) = delete;
    virtual ~PropertyChecker() = default;

    virtual void on_invocation(const Invocation&) {}
    virtual void on_decision(const Decision&) {}
    virtual void on_unanswered(const Unanswered&) {}
    virtual void on_status(const StatusReport&) {}
    virtual void on_health(const HealthReport&) {}
    virtual void on_log(const LogEvent&) {}
    virtual void on_publish_begins(BundleId, RevisionNumber) {}
    virtual void on_publish_ends(BundleId, RevisionNumber) {}
    /// Everything else, after the model has taken it in: deliveries, uploads, boots and deaths, barriers, clock samples,
    /// faults, stalls. Rare enough to be looked at as it stands in the history.
    virtual void on_event(const history::Record&) {}
    /// An operation of a client on a register or a store, of whatever system (linearizability/collection.hpp): it begins
    /// (where the history has invocations), and it ends, having begun at `inv`.
    virtual void on_call_begins(const history::Record&) {}
    virtual void on_call_ends(const history::Record&, TrueTime /*inv*/, std::optional<std::uint64_t> /*invoke_index*/) {}
    /// An excuse became known that reaches back into the past.
    virtual void on_late_excuse() {}
    virtual void finish() {}

    /// The violations, with their proofs. After `finish`.
    [[nodiscard]] virtual std::vector<Violation> violations() const = 0;
    /// What it measured beside violations, for results of a property that nobody claimed. After `finish`.
    [[nodiscard]] virtual Json measured() const { return Json::object(); }
    /// What the claim itself leaves to measurement (by a parameter such as `except`), told beside its result; null when
    /// it leaves nothing. After `finish`.
    [[nodiscard]] virtual Json set_aside() const { return nullptr; }
    /// Why the claim cannot be judged although it was exercised.
    [[nodiscard]] virtual Reason unfinished() const { return Reason::none; }
    /// What a reader should know beside that. After `finish`.
    [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }

    [[nodiscard]] const Claim& claim() const { return claim_; }
    [[nodiscard]] std::int64_t obligations() const;
    [[nodiscard]] std::int64_t obligations_of(AgentId agent) const;
    void listen(HitListener listener) { listener_ = std::move(listener); }

    /// The hooks that are called for every operation. A checker that does not override one need not be called.
    struct Hooks {
        bool invocation = true;
        bool decision = true;
        bool unanswered = true;
        bool log = true;
    };
    [[nodiscard]] Hooks hooks() const { return hooks_; }
    void hears_only(Hooks hooks) { hooks_ = hooks; }

  protected:
    [[nodiscard]] Model& model() const { return model_; }
    /// True when the claim is about this agent, or this bundle.
    [[nodiscard]] bool covers(AgentId agent) {
        if (agent < covers_.size() && covers_[agent] >= 0) return covers_[agent] == 1;
        return ask_covers(agent);
    }
    [[nodiscard]] bool covers_bundle(BundleId bundle) {
        if (bundle < covers_bundle_.size() && covers_bundle_[bundle] >= 0) return covers_bundle_[bundle] == 1;
        return ask_covers_bundle(bundle);
    }
    /// The property was put to the test at this agent, once if nothing else is said.
    void exercised(AgentId agent, std::int64_t times = 1) {
        if (obligations_.size() <= agent) obligations_.resize(agent + 1, 0);
        obligations_[agent] += times;
    }
    /// So many times, at no agent: by clients of another system.
    void exercised_elsewhere(std::int64_t times) { obligations_elsewhere_ += times; }
    void hit(std::uint64_t index) const {
        if (listener_) listener_(claim_.property, index);
    }

  private:
    [[nodiscard]] bool ask_covers(AgentId agent);
    [[nodiscard]] bool ask_covers_bundle(BundleId bundle);

    Model& model_;
    Claim claim_;
    HitListener listener_;
    Hooks hooks_;
    std::vector<std::int64_t> obligations_;  ///< by agent
    std::int64_t obligations_elsewhere_ = 0;
    std::vector<std::int8_t> covers_;        ///< by agent: -1 not asked yet
    std::vector<std::int8_t> covers_bundle_;
};

}  // namespace mistrial::checkers
