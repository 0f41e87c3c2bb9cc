#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/kernels/step_function.hpp"
#include "checkers/linearizability/collection.hpp"
#include "checkers/linearizability/limits.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// B4: the fleet answers as one register would. Of policy histories the order of revisions is known, so it is kernel K1
/// with k = 1, a bundle at a time (linearizability is local; Herlihy and Wing): no decision shows a revision that a newer
/// one had certainly followed, acknowledged or shown by anyone, before the decision began. No fault is an excuse.
///
/// Histories of other systems, whose clients read, write, compare and set, get, put or append, are gathered and decided at
/// the end, for each key by itself (the claim's `model`, `time`, `memory`). A limit that ends it makes the claim unknown.
class Linearizability final : public PropertyChecker {
  public:
    Linearizability(mistrial::checkers::Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    void on_publish_ends(BundleId bundle, RevisionNumber number) override;
    void on_call_begins(const history::Record& invocation) override;
    void on_call_ends(const history::Record& completion, TrueTime inv, std::optional<std::uint64_t> invoke_index) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override { return measured_; }
    [[nodiscard]] Reason unfinished() const override { return unfinished_; }
    [[nodiscard]] std::vector<std::string> notes() const override { return notes_; }

  private:
    /// Who showed a revision; nobody where it was acknowledged before anyone did.
    using Sight = std::optional<OperationNote>;
    using Register = kernels::StepFunction<Sight>;
    struct Detail {
        BundleId bundle = 0;
        RevisionNumber newer = nothing_active;
        Sight sight;
        OperationNote older;
        Wrongs wrongs;
    };
    using Episode = kernels::Episodes<Detail>::Episode;

    Register& of(BundleId bundle);
    void stale(const Decision& decision, const Seen& seen, const Register::Step& newest);
    [[nodiscard]] Violation describe(const Episode& episode) const;
    void decide_calls();

    std::vector<Register> registers_;  ///< by bundle
    kernels::Episodes<Detail> episodes_;
    linearizability::Collection calls_;
    std::vector<Violation> found_;  ///< among the calls of clients
    Reason unfinished_ = Reason::none;
    std::vector<std::string> notes_;
    Json measured_ = Json::object();
};

}  // namespace mistrial::checkers
