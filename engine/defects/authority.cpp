#include "engine/defects/families.hpp"

#include <map>
#include <set>
#include <utility>

namespace mistrial::defects {
namespace {

using namespace control_plane;
using namespace std::chrono_literals;
using Node = std::optional<std::string>;

/// Publishes after the fourth are acknowledged and lost.
class LosesPublishes : public AuthorityBehaviour {
  public:
    std::optional<Published> takes(const std::string&, Published fresh) override {
        if (++count_ > 4) return std::nullopt;
        return fresh;
    }

  private:
    int count_ = 0;
};

/// Every third publish is refused with 409, and is served all the same.
class ServesWhatItRefused : public AuthorityBehaviour {
  public:
    int acknowledges() override { return ++count_ % 3 == 0 ? 409 : 200; }

  private:
    int count_ = 0;
};

/// Remembers what was published before the newest.
class KeepsPredecessors : public AuthorityBehaviour, protected Predecessors {
  public:
    std::optional<Published> takes(const std::string& bundle, Published fresh) override {
        took(bundle, fresh);
        return fresh;
    }
};

/// Two replicas take turns; the second is a publish behind.
class ServesFromALateReplica : public KeepsPredecessors {
  public:
    const Published& gives(const std::string& bundle, const Node&, const Published& newest, const Clocks&) override {
        return ++count_ % 2 == 0 ? before(bundle, newest) : newest;
    }

  private:
    int count_ = 0;
};

/// A publish is acknowledged at once and served six seconds later.
class ServesLate : public KeepsPredecessors {
  public:
    std::optional<Published> takes(const std::string& bundle, Published fresh) override {
        published_[bundle].reset();
        return KeepsPredecessors::takes(bundle, std::move(fresh));
    }
    const Published& gives(const std::string& bundle, const Node&, const Published& newest,
                           const Clocks& clocks) override {
        auto& asked_first = published_[bundle];
        if (!asked_first) asked_first = clocks.mono;
        return clocks.mono < *asked_first + 6s ? before(bundle, newest) : newest;
    }

  private:
    std::map<std::string, std::optional<MonoTime>> published_;
};

/// The digest of a revision is another for each node that asks.
class MakesEtagsOfNodes : public AuthorityBehaviour {
  public:
    const Published& gives(const std::string&, const Node& node, const Published& newest, const Clocks&) override {
        Published& given = given_[node.value_or("")];
        given = newest;
        given.digest += "-" + node.value_or("");
        return given;
    }

  private:
    std::map<std::string, Published> given_;
};

/// Whoever has been given anything is told from then on that nothing is new.
class SaysNothingIsNew : public AuthorityBehaviour {
  public:
    bool unchanged(const Node& node, bool named) override { return !asked_.insert(node.value_or("")).second || named; }

  private:
    std::set<std::string> asked_;
};

/// The first node that asks is pinned to what it is given then.
class PinsOneNode : public AuthorityBehaviour {
  public:
    const Published& gives(const std::string&, const Node& node, const Published& newest, const Clocks&) override {
        if (!pinned_) pinned_ = std::pair(node, newest);
        return node == pinned_->first ? pinned_->second : newest;
    }

  private:
    std::optional<std::pair<Node, Published>> pinned_;
};

/// A publish ends none of the long polls that wait for it.
class ForgetsWhoWaits : public AuthorityBehaviour {
  public:
    bool wakes() override { return false; }
};

/// After its fourth request, the first node that asked is answered no more.
class DropsANode : public AuthorityBehaviour {
  public:
    bool answers(const Node& node) override {
        if (!first_) first_ = node;
        return node != *first_ || ++count_ <= 4;
    }

  private:
    std::optional<Node> first_;
    int count_ = 0;
};

/// Every second revision is served with the archive of the one before, under its own ETag.
class ServesOldContentUnderANewEtag : public AuthorityBehaviour {
  public:
    std::optional<Published> takes(const std::string& bundle, Published fresh) override {
        const auto before = std::exchange(newest_[bundle], fresh);
        if (++count_ % 2 == 0 && before) return Published{before->revision, fresh.digest, before->archive};
        return fresh;
    }

  private:
    std::map<std::string, std::optional<Published>> newest_;
    int count_ = 0;
};

}  // namespace

std::vector<Defect> families::authority() {
    return {
        {.name = "loses-publishes",
         .of = Of::authority,
         .about = "Acknowledges publishes after the fourth and loses them.",
         .finds = "no-lost-publish",
         .beside = {{"bounded-staleness", "nobody gets what was lost"}},
         .make = authority_with<LosesPublishes>},
        {.name = "serves-what-it-refused",
         .of = Of::authority,
         .about = "Refuses every third publish and serves it all the same.",
         .finds = "revision-validity",
         .beside = {{"fail-closed", "what only a refused revision allows is allowed by none"}},
         .make = authority_with<ServesWhatItRefused>},
        {.name = "serves-from-a-late-replica",
         .of = Of::authority,
         .about = "Serves from two replicas in turn, of which the second is a publish behind.",
         .finds = "publish-order",
         .beside = {{"monotonic-revisions", "agents follow it back"},
                    {"bounded-staleness", "and are late"}},
         .make = authority_with<ServesFromALateReplica>},
        {.name = "serves-late",
         .of = Of::authority,
         .about = "Acknowledges a publish at once and serves it six seconds later.",
         .finds = "bounded-staleness",
         .make = authority_with<ServesLate>},
        {.name = "makes-etags-of-nodes",
         .of = Of::authority,
         .about = "Serves one revision under another digest for each node.",
         .finds = "publish-order",
         .needs = {Need::two_agents},
         .make = authority_with<MakesEtagsOfNodes>},
        {.name = "says-nothing-is-new",
         .of = Of::authority,
         .about = "Tells whoever has been given anything that nothing is new.",
         .finds = "convergence",
         .beside = {{"bounded-staleness", "nobody gets anything new"}},
         .make = authority_with<SaysNothingIsNew>},
        {.name = "pins-one-node",
         .of = Of::authority,
         .about = "Gives the first node that asks what it gave it first, for ever.",
         .finds = "split-brain",
         .beside = {{"bounded-staleness", "the node gets nothing new"}},
         .needs = {Need::two_agents},
         .make = authority_with<PinsOneNode>},
        {.name = "forgets-who-waits",
         .of = Of::authority,
         .about = "Lets long polls run out although there is something new.",
         .finds = "visibility",
         .beside = {{"bounded-staleness", "a long poll's bound is that of its answer"}},
         .needs = {Need::long_polls},
         .make = authority_with<ForgetsWhoWaits>},
        {.name = "drops-a-node",
         .of = Of::authority,
         .about = "Answers the first node that asked no more after its fourth request.",
         .finds = "bounded-staleness",
         .beside = {{"progress", "who is not answered asks no more"}},
         .make = authority_with<DropsANode>},
        {.name = "serves-old-content-under-a-new-etag",
         .of = Of::authority,
         .about = "Serves every second revision with the content of the one before.",
         .finds = "publish-order",
         .beside = {{"bounded-staleness", "the new content comes with the next publish"}},
         .make = authority_with<ServesOldContentUnderANewEtag>},
    };
}

}  // namespace mistrial::defects
