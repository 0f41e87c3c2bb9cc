#include "engine/defects/families.hpp"

#include <map>
#include <set>
#include <utility>

namespace mistrial::defects {
namespace {

using namespace control_plane;
using Node = std::optional<std::string>;

/// A copy never expires.
class NeverExpires : public MirrorBehaviour {
  public:
    bool fresh(const std::string&, bool) override { return true; }
};

/// Keeps the copy before the newest.
class KeepsTwoCopies : public MirrorBehaviour, protected Predecessors {
  public:
    Published keeps(const std::string& bundle, Published given) override {
        took(bundle, given);
        return given;
    }
};

/// Of four requests one meets a cache that has not heard of the newest copy.
class Flaps : public KeepsTwoCopies {
  public:
    const Published& gives(const std::string& bundle, const Node&, const Published& newest, const Clocks&) override {
        return ++count_ % 4 == 0 ? before(bundle, newest) : newest;
    }

  private:
    int count_ = 0;
};

/// After a failure of its authority it serves what it has and never asks again.
class GivesUpOnItsAuthority : public MirrorBehaviour {
  public:
    bool fresh(const std::string& bundle, bool fresh) override { return fresh || failed_.contains(bundle); }
    void failed(const std::string& bundle) override { failed_.insert(bundle); }

  private:
    std::set<std::string> failed_;
};

/// Renews the ETag of its copy, and the content only every third time.
class RenewsEtagsOnly : public MirrorBehaviour {
  public:
    Published keeps(const std::string& bundle, Published given) override {
        std::optional<Published>& content = content_[bundle];
        if (count_++ % 3 == 0 || !content) content = given;
        return Published{content->revision, given.digest, content->archive};
    }

  private:
    std::map<std::string, std::optional<Published>> content_;
    int count_ = 0;
};

/// Tells the first agent that asks, from its second request on, that nothing is new.
class SaysNothingIsNewToOne : public MirrorBehaviour {
  public:
    bool unchanged(const Node& node, bool named) override {
        if (!first_) {
            first_ = node;
            return named;
        }
        return node == *first_ || named;
    }

  private:
    std::optional<Node> first_;
};

/// Of the requests of the first agent that asks, those after the fourth are forgotten.
class ForgetsRequests : public MirrorBehaviour {
  public:
    bool answers(const Node& node) override {
        if (!first_) first_ = node;
        return node != *first_ || ++count_ <= 4;
    }

  private:
    std::optional<Node> first_;
    int count_ = 0;
};

}  // namespace

std::vector<Defect> families::mirror() {
    return {
        {.name = "never-expires",
         .of = Of::mirror,
         .about = "Serves its first copy of a bundle for ever.",
         .finds = "bounded-staleness",
         .needs = {Need::mirror},
         .make = mirror_with<NeverExpires>},
        {.name = "flaps",
         .of = Of::mirror,
         .about = "Serves one request in four from the copy before the newest.",
         .finds = "publish-order",
         .beside = {{"monotonic-revisions", "agents follow it back"},
                    {"bounded-staleness", "and are late"}},
         .needs = {Need::mirror},
         .make = mirror_with<Flaps>},
        {.name = "gives-up-on-its-authority",
         .of = Of::mirror,
         .about = "Serves what it has, and never asks again, after a failure of its authority.",
         .finds = "convergence",
         .beside = {{"bounded-staleness", "its agents get nothing new"}},
         .needs = {Need::mirror, Need::authority_partition},
         .make = mirror_with<GivesUpOnItsAuthority>},
        {.name = "renews-etags-only",
         .of = Of::mirror,
         .about = "Renews the ETag of its copy, and the content only every third time.",
         .finds = "publish-order",
         .beside = {{"bounded-staleness", "its agents get what is old"}},
         .needs = {Need::mirror},
         .make = mirror_with<RenewsEtagsOnly>},
        {.name = "says-nothing-is-new-to-one",
         .of = Of::mirror,
         .about = "Tells the first agent that asked that nothing is new, whatever there is.",
         .finds = "split-brain",
         .beside = {{"bounded-staleness", "the agent gets nothing new"}},
         .needs = {Need::mirror, Need::two_agents},
         .make = mirror_with<SaysNothingIsNewToOne>},
        {.name = "forgets-requests",
         .of = Of::mirror,
         .about = "Answers the first agent that asked no more after its fourth request.",
         .finds = "bounded-staleness",
         .beside = {{"progress", "who is not answered asks no more"}},
         .needs = {Need::mirror},
         .make = mirror_with<ForgetsRequests>},
    };
}

}  // namespace mistrial::defects
