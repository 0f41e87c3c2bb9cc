#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <string_view>
#include <vector>

namespace mistrial::checkers {

/// What a request itself demands of the revision that answers it. A refusal is always right; a revision whose publish no
/// record has begun so far cannot be judged.
class RequestedRevisions : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) final;
    [[nodiscard]] std::vector<Violation> violations() const final;

  protected:
    [[nodiscard]] virtual const Json* asked(const Decision& decision) const = 0;
    [[nodiscard]] virtual bool satisfies(const Bundle& bundle, RevisionNumber shown, RevisionNumber wanted) const = 0;
    [[nodiscard]] virtual std::string_view words() const = 0;  ///< "at least"

  private:
    struct Detail {
        BundleId bundle = 0;
        RevisionNumber wanted = nothing_active;
        OperationNote note;
        Wrongs wrongs;
    };
    kernels::Episodes<Detail> episodes_;
};

/// S3, tokens: a request that carries a token ("at least as fresh as") is answered under that revision or a newer one, or
/// refused (Zanzibar's zookies; Pang et al., USENIX ATC 2019).
class TokenFreshness final : public RequestedRevisions {
  public:
    using RequestedRevisions::RequestedRevisions;

  private:
    [[nodiscard]] const Json* asked(const Decision& decision) const override { return decision.at_least; }
    [[nodiscard]] bool satisfies(const Bundle& bundle, RevisionNumber shown, RevisionNumber wanted) const override {
        return !bundle.certainly_before(shown, wanted);
    }
    [[nodiscard]] std::string_view words() const override { return "at least"; }
};

/// S4: a request that pins a revision is answered under exactly that one, or refused.
class PinnedSnapshot final : public RequestedRevisions {
  public:
    using RequestedRevisions::RequestedRevisions;

  private:
    [[nodiscard]] const Json* asked(const Decision& decision) const override { return decision.exactly; }
    [[nodiscard]] bool satisfies(const Bundle&, RevisionNumber shown, RevisionNumber wanted) const override {
        return shown == wanted;
    }
    [[nodiscard]] std::string_view words() const override { return "exactly"; }
};

/// S3, no new enemy: whoever has a revision has the revisions of other bundles that it presumes (`depends`). A probe that
/// only a new enemy is allowed convicts by its verdict alone, where the state behind it is not known.
class NoNewEnemy final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_publish_begins(BundleId bundle, RevisionNumber number) override;
    void on_decision(const Decision& decision) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Dependency {
        BundleId bundle = 0;
        RevisionNumber needed = nothing_active;
    };
    struct Detail {
        BundleId newer_bundle = 0;
        RevisionNumber newer = nothing_active;
        Dependency older;
        RevisionNumber shown = nothing_active;
        bool by_probe = false;
        OperationNote note;
        Wrongs wrongs;
    };

    void judge_state(const Decision& decision);
    void judge_probe(const Decision& decision, const Input::NewEnemy& probe);
    void convict(const Decision& decision, const Detail& detail);

    std::vector<std::vector<std::vector<Dependency>>> dependencies_;  ///< by bundle, revision
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
