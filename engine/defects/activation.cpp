#include "engine/defects/families.hpp"

#include "engine/bundle/archive.hpp"

#include <utility>

namespace mistrial::defects {
namespace {

using namespace agent;
using namespace std::chrono_literals;
using Shared = std::shared_ptr<const Snapshot>;

/// A bundle that was refused is read once more as if everything were under its roots.
class ActivatesWhatItMustRefuse : public Behaviour {
  public:
    Result<std::shared_ptr<const Loaded>> loaded(const http::Body& archive,
                                                 Result<std::shared_ptr<const Loaded>> loaded) override {
        if (loaded) return loaded;
        auto members = bundle::read_archive(http::bytes_of(archive));
        if (!members || !members->contains(".manifest")) return loaded;
        auto manifest = parse_json(members->at(".manifest"), ".manifest");
        if (!manifest || !manifest->is_object()) return loaded;
        (*manifest)["roots"] = {""};
        (*members)[".manifest"] = manifest->dump();
        auto laxer = bundle::write_archive(*members);
        if (!laxer) return loaded;
        return Loader().load(http::make_body(std::move(*laxer)), {});
    }
};

/// A bundle that is new to the agent brings more than the state before had: nothing to lag behind yet.
bool same_bundles(const Shared& before, const Shared& after) {
    return before && before->bundles.size() == after->bundles.size();
}

/// Provenance, status and logs name the bundle that was activated last; decisions are made by the one before.
/// The first activation is honest, so that a fleet comes up.
class ReportsAhead : public Behaviour {
  public:
    Shared install(Shared, Shared fresh) override {
        const auto enforced = std::exchange(previous_, fresh);
        if (!same_bundles(enforced, fresh)) return fresh;
        Snapshot mixed = *enforced;
        mixed.revisions = fresh->revisions;
        return std::make_shared<const Snapshot>(std::move(mixed));
    }

  private:
    Shared previous_;
};

/// The policy that was compiled first stays; only data are renewed.
class KeepsItsFirstPolicy : public Behaviour {
  public:
    Shared install(Shared, Shared fresh) override {
        if (!policy_) policy_ = fresh->policy;
        Snapshot mixed = *fresh;
        mixed.policy = policy_;
        return std::make_shared<const Snapshot>(std::move(mixed));
    }

  private:
    std::shared_ptr<const Loaded> policy_;
};

/// For half a second, decisions have the new policy and still the old data.
class ActivatesPolicyBeforeData : public Timed {
  public:
    Shared install(Shared current, Shared fresh) override {
        mixed_.reset();
        if (!same_bundles(current, fresh)) return fresh;
        Snapshot mixed = *fresh;
        mixed.data = current->data;
        mixed_ = std::make_shared<const Snapshot>(std::move(mixed));
        until_ = now_ + 500ms;
        return fresh;
    }
    const Shared& decides_by(const Question&, const Shared& seen, const Clocks& clocks) override {
        return mixed_ && clocks.mono < until_ ? mixed_ : seen;
    }

  private:
    MonoTime until_;
    Shared mixed_;
};

/// A bundle is in force only when the next one has come.
class HoldsOneBack : public Behaviour {
  public:
    Shared install(Shared, Shared fresh) override {
        const auto enforced = std::exchange(previous_, fresh);
        return same_bundles(enforced, fresh) ? enforced : fresh;
    }

  private:
    Shared previous_;
};

/// Of three bundles that were downloaded one after the other, one is put in force.
class SkipsTwoOfThree : public Behaviour {
  public:
    Shared install(Shared current, Shared fresh) override { return count_++ % 3 == 0 ? fresh : current; }

  private:
    int count_ = 0;
};

/// One of four decisions is made by a worker that was not told of the last activation.
class AnswersFromAStaleWorker : public Behaviour {
  public:
    Shared install(Shared current, Shared fresh) override {
        stale_ = same_bundles(current, fresh) ? current : nullptr;
        return fresh;
    }
    const Shared& decides_by(const Question&, const Shared& seen, const Clocks&) override {
        return ++count_ % 4 == 0 && stale_ ? stale_ : seen;
    }

  private:
    Shared stale_;
    int count_ = 0;
};

/// While downloads fail, the first bundle is in force again: the last one that is known to be good.
class FallsBackToItsFirstBundle : public Behaviour {
  public:
    Outcome downloaded(const std::string&, Outcome outcome) override {
        failing_ = std::holds_alternative<DownloadFailed>(outcome);
        return outcome;
    }
    Shared install(Shared, Shared fresh) override {
        if (!first_) first_ = fresh;
        return fresh;
    }
    const Shared& decides_by(const Question&, const Shared& seen, const Clocks&) override {
        return failing_ && first_ ? first_ : seen;
    }

  private:
    bool failing_ = false;
    Shared first_;
};

/// A bundle that is not replaced within three seconds gives way to the one before it.
class GoesBackWhenIdle : public Timed {
  public:
    Shared install(Shared current, Shared fresh) override {
        before_ = same_bundles(current, fresh) ? current : nullptr;
        until_ = now_ + 3s;
        return fresh;
    }
    const Shared& decides_by(const Question&, const Shared& seen, const Clocks& clocks) override {
        return before_ && clocks.mono > until_ ? before_ : seen;
    }

  private:
    MonoTime until_;
    Shared before_;
};

/// `over` laid upon `base`: objects are joined.
rego::Value laid_upon(const rego::Value& base, const rego::Value& over) {
    if (base.type() != rego::Type::object || over.type() != rego::Type::object) return over;
    rego::Value joined = base;
    for (const auto& [key, value] : over.members()) {
        const rego::Value* there = base.find(key);
        joined.insert(key, there == nullptr ? value : laid_upon(*there, value));
    }
    return joined;
}

/// New data are laid upon the old: what a bundle no longer has is still there.
class KeepsRemovedData : public Behaviour {
  public:
    Shared install(Shared current, Shared fresh) override {
        Snapshot mixed = *fresh;
        mixed.data = laid_upon(current->data, fresh->data);
        return std::make_shared<const Snapshot>(std::move(mixed));
    }
};

/// Every second activation loses the data of its bundle; the policy is active, and all looks well. Kin:
/// open-policy-agent/opa#4998 and #5153, the data of one of two sibling roots.
class LosesData : public Behaviour {
  public:
    Shared install(Shared, Shared fresh) override {
        if (++count_ % 2 != 0) return fresh;
        Snapshot without = *fresh;
        without.data = rego::Value::object();
        if (const rego::Value* instance = fresh->data.find("mistrial_instance"))
            without.data.insert(rego::Value::string(std::string_view("mistrial_instance")), *instance);
        return std::make_shared<const Snapshot>(std::move(without));
    }

  private:
    int count_ = 0;
};

/// The old bundle is taken out before the new one is in: for a third of a second there is none. Kin:
/// open-policy-agent/opa#1020, undefined decisions where a bundle is not yet active.
class HasNoBundleWhileActivating : public Timed {
  public:
    Shared install(Shared current, Shared fresh) override {
        if (current->bundles.empty()) {
            nothing_ = std::move(current);
            return fresh;
        }
        until_ = now_ + 300ms;
        return fresh;
    }
    const Shared& decides_by(const Question&, const Shared& seen, const Clocks& clocks) override {
        return nothing_ && clocks.mono < until_ ? nothing_ : seen;
    }

  private:
    MonoTime until_;
    Shared nothing_;
};

}  // namespace

std::vector<Defect> families::activation() {
    return {
        {.name = "activates-what-it-must-refuse",
         .about = "Activates a bundle although it has data outside its roots.",
         .finds = "authentic-activation",
         .needs = {Need::bad_revision},
         .make = agent_with<ActivatesWhatItMustRefuse>},
        {.name = "reports-ahead",
         .about = "Reports the revision that was activated last, and decides by the one before it.",
         .finds = "atomic-activation",
         .beside = {{"bounded-staleness", "the revision that decides is one behind"},
                    {"monotonic-revisions", "a report is a sight of a revision, and decisions go back behind it"}},
         .make = agent_with<ReportsAhead>},
        {.name = "keeps-its-first-policy",
         .about = "Renews data and keeps the policy that it compiled first.",
         .finds = "atomic-activation",
         .make = agent_with<KeepsItsFirstPolicy>},
        {.name = "activates-policy-before-data",
         .about = "Decides by the new policy and the old data for half a second.",
         .finds = "atomic-activation",
         .make = agent_with<ActivatesPolicyBeforeData>},
        {.name = "holds-one-back",
         .about = "Puts a bundle in force only when the next one has come.",
         .finds = "delta-atomicity",
         .beside = {{"bounded-staleness", "what waits for the next bundle waits too long"}},
         .make = agent_with<HoldsOneBack>},
        {.name = "skips-two-of-three",
         .about = "Puts one of three bundles in force that it downloaded one after the other.",
         .finds = "k-atomicity",
         .beside = {{"bounded-staleness", "a bundle that is skipped is never seen"}},
         .make = agent_with<SkipsTwoOfThree>},
        {.name = "answers-from-a-stale-worker",
         .about = "Makes one of four decisions by the bundle before the active one.",
         .finds = "monotonic-revisions",
         .beside = {{"bounded-staleness", "the stale worker is late"}},
         .make = agent_with<AnswersFromAStaleWorker>},
        {.name = "falls-back-to-its-first-bundle",
         .about = "Decides by the first bundle it ever had while downloads fail.",
         .finds = "source-fidelity",
         .beside = {{"monotonic-revisions", "the first bundle is an older one"}},
         .needs = {Need::source_partition},
         .make = agent_with<FallsBackToItsFirstBundle>},
        {.name = "goes-back-when-idle",
         .about = "Goes back to the bundle before when none has come for three seconds.",
         .finds = "read-your-publishes",
         .beside = {{"monotonic-revisions", "the bundle before is an older one"},
                    {"bounded-staleness", "and overdue"}},
         .make = agent_with<GoesBackWhenIdle>},
        {.name = "keeps-removed-data",
         .about = "Lays new data upon the old, so that what was removed still counts.",
         .finds = "oracle-correctness",
         .make = agent_with<KeepsRemovedData>},
        {.name = "loses-data",
         .about = "Loses the data of every second bundle and reports it active.",
         .finds = "oracle-correctness",
         .make = agent_with<LosesData>},
        {.name = "has-no-bundle-while-activating",
         .about = "Has no bundle at all for a third of a second while it activates a new one.",
         .finds = "availability",
         .beside = {{"monotonic-revisions", "nothing is older than any revision"},
                    {"bounded-staleness", "and overdue"}},
         .make = agent_with<HasNoBundleWhileActivating>},
    };
}

}  // namespace mistrial::defects
