#pragma once

#include "checkers/decision.hpp"
#include "checkers/model.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// The sentences of proofs (properties.md, section 8): times relative to the causative publish, intervals and never
/// points, and what does not explain the violation.
namespace mistrial::checkers {

/// Times of one proof.
class Timeline {
  public:
    explicit Timeline(TrueTime zero) : zero_(zero) {}

    /// "+5.031 s", or "the beginning" and "the end" for the two infinities.
    [[nodiscard]] std::string at(TrueTime t) const;
    /// "t=+5.031 s .. +5.034 s"
    [[nodiscard]] std::string span(TrueTime from, TrueTime to) const;
    /// "from t=+1.000 s to the end"
    [[nodiscard]] std::string from_to(TrueTime from, TrueTime to) const;
    [[nodiscard]] TrueTime zero() const { return zero_; }

  private:
    TrueTime zero_;
};

/// "12.031 s" since the start of the run.
[[nodiscard]] std::string run_time(TrueTime t);
/// "1 decision", "212 decisions"
[[nodiscard]] std::string counted(std::int64_t n, std::string_view singular);
/// "a1, a2 and a3"; beyond `most` names, "and 17 more".
[[nodiscard]] std::string listed(const std::vector<std::string>& names, std::size_t most = 8);

/// "publish of r57 of bundle main (record 12) was invoked at 12.001 s and acknowledged at 12.005 s"
[[nodiscard]] std::string tell_publish(const Model& model, BundleId bundle, RevisionNumber number);
/// "decision of record 9441207 (session s12, user alice, action read) at a3, t=+20.031 s .. +20.034 s: true under r56 (by
/// its markers)"
[[nodiscard]] std::string tell_operation(const Model& model, const Timeline& timeline, const OperationNote& note,
                                         BundleId bundle);

/// Which faults, boots and stalls kept the agent from this duty (for this bundle) in [from, to]; and the sentence that
/// none did.
[[nodiscard]] std::string tell_excuses(const Model& model, const Timeline& timeline, AgentId agent, BundleId bundle,
                                       TrueTime from, TrueTime to, Duty duty = Duty::enforce);
/// What the server's records say of deliveries of `number` or newer to the agent, by `by`.
[[nodiscard]] std::string tell_deliveries(const Model& model, const Timeline& timeline, AgentId agent, BundleId bundle,
                                          RevisionNumber number, TrueTime by);
/// True when the server finished delivering `number` or something newer to the agent by `by`.
[[nodiscard]] bool delivered_by(const Model& model, AgentId agent, BundleId bundle, RevisionNumber number, TrueTime by);
/// Which incarnation answered, or that it cannot be told.
[[nodiscard]] std::string tell_restart(const Model& model, const Timeline& timeline, AgentId agent,
                                       IncarnationId incarnation, TrueTime from, TrueTime to);

/// Whom a revision revokes from, compared with an older one: subjects of inputs whose verdict turns from allow to deny.
[[nodiscard]] std::vector<std::string> revoked_subjects(const Model& model, BundleId bundle, RevisionNumber older,
                                                        RevisionNumber newer);

/// Decisions of an episode that went the wrong way, and for whom.
struct Wrongs {
    std::int64_t allowed = 0;
    std::int64_t denied = 0;
    std::map<std::string, std::int64_t> allowed_subjects;

    /// Compares the answer with the only one that `state` admits.
    void add(const Model& model, InputId input, AnswerId answer, std::optional<AnswerId> right);
    [[nodiscard]] std::string tell() const;
};

/// The record indexes of a publish and of an operation, in order and without repetition.
class Witness {
  public:
    Witness& add(const OperationNote& note);
    Witness& add(const Model& model, BundleId bundle, RevisionNumber number);
    [[nodiscard]] std::vector<std::uint64_t> indexes() const;

  private:
    std::vector<std::uint64_t> indexes_;
};

}  // namespace mistrial::checkers
