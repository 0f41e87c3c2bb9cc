#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// V2: nothing shows a revision that its publish calls bad (unsigned, badly signed, corrupt, …). A verdict without
/// provenance reveals one when bad revisions alone explain it: the canary of a bad bundle. Kinds of badness that the claim
/// leaves out (`except`) are counted and not judged: OPA verifies signatures, but no expiry.
///
/// An agent is put to the test while a bad revision is the last that it was served or, where deliveries to it are not
/// recorded, the last that was acknowledged.
class AuthenticActivation final : public PropertyChecker {
  public:
    AuthenticActivation(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_status(const StatusReport& status) override;
    void on_publish_begins(BundleId bundle, RevisionNumber number) override;
    void on_publish_ends(BundleId bundle, RevisionNumber number) override;
    void on_event(const history::Record& record) override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json set_aside() const override;

  private:
    struct Detail {
        OperationNote note;
        BundleId bundle = 0;
        bool inferred = false;
        Wrongs wrongs;
    };
    enum class Temptation : std::uint8_t { none, refused, excepted };

    [[nodiscard]] bool excepted(const Revision& revision) const;
    /// True when the last thing that came to this agent is a bad revision that it must refuse.
    [[nodiscard]] bool tempted(AgentId agent, BundleId bundle) const;
    void activated(AgentId agent, BundleId bundle, const OperationNote& note, bool inferred, AnswerId right);
    /// The newest bad revision that explains the answer while no good one does; 0 when there is none or nobody can tell.
    [[nodiscard]] RevisionNumber revealed(BundleId bundle, InputId input, AnswerId answer) const;
    [[nodiscard]] std::optional<std::size_t> served(AgentId agent, BundleId bundle, RevisionNumber number, TrueTime by) const;
    [[nodiscard]] Violation describe(const kernels::Episodes<Detail>::Episode& episode) const;

    std::set<std::string> except_;
    std::vector<bool> has_bad_;                             ///< by bundle: some publish is bad
    std::vector<Temptation> heads_;                         ///< by bundle: the last acknowledged publish
    std::vector<std::vector<Temptation>> deliveries_;       ///< by agent, bundle: the last delivery
    kernels::Episodes<Detail> episodes_;
    std::map<std::string, std::int64_t> excepted_operations_;  ///< kind of badness -> operations that show it
};

}  // namespace mistrial::checkers
