#include "engine/defects/families.hpp"

namespace mistrial::defects {
namespace {

using namespace agent;
using namespace std::chrono_literals;

/// Ready as soon as the process answers, with bundles or without.
class ReadyFromTheStart : public Behaviour {
  public:
    bool ready(bool) override { return true; }
};

/// Ready when the first bundle is loaded; for the second that follows, decisions still have none.
class ReadyBeforeItDecides : public Timed {
  public:
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                            std::shared_ptr<const Snapshot> fresh) override {
        if (current->bundles.empty()) {
            nothing_ = std::move(current);
            until_ = now_ + 1200ms;
        }
        return fresh;
    }
    const std::shared_ptr<const Snapshot>& decides_by(const Question&, const std::shared_ptr<const Snapshot>& seen,
                                                      const Clocks& clocks) override {
        return nothing_ && clocks.mono < until_ ? nothing_ : seen;
    }

  private:
    MonoTime until_;
    std::shared_ptr<const Snapshot> nothing_;
};

}  // namespace

std::vector<Defect> families::health() {
    return {
        {.name = "ready-from-the-start",
         .about = "Says that its bundles are active before any is.",
         .finds = "health-truth",
         .beside = {{"monotonic-reads", "nothing is older than any revision"}},
         .needs = {Need::kill, Need::loss_of_state, Need::source_partition},
         .make = agent_with<ReadyFromTheStart>},
        {.name = "ready-before-it-decides",
         .about = "Says that its bundles are active a second before it decides by them.",
         .finds = "health-truth",
         .beside = {{"status-truth", "a bundle was reported active"},
                    {"monotonic-revisions", "a report is a sight of a revision, and nothing is older"}},
         .needs = {Need::kill},
         .make = agent_with<ReadyBeforeItDecides>},
    };
}

}  // namespace mistrial::defects
