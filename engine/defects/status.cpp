#include "engine/defects/families.hpp"

#include <utility>

namespace mistrial::defects {
namespace {

using namespace agent;
using namespace std::chrono_literals;

/// A bundle is reported active as soon as it is loaded; decisions follow seven tenths of a second later.
class ReportsBeforeItDecides : public Timed {
  public:
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                            std::shared_ptr<const Snapshot> fresh) override {
        before_ = current->bundles.size() == fresh->bundles.size() ? std::move(current) : nullptr;
        until_ = now_ + 700ms;
        return fresh;
    }
    const std::shared_ptr<const Snapshot>& decides_by(const Question&, const std::shared_ptr<const Snapshot>& seen,
                                                      const Clocks& clocks) override {
        return before_ && clocks.mono < until_ ? before_ : seen;
    }

  private:
    MonoTime until_;
    std::shared_ptr<const Snapshot> before_;
};

/// Once a report was not answered for a second and a half, none goes out any more.
class StopsReportingAfterFailure : public Timed {
  public:
    bool reports(std::map<std::string, BundleStatus>&, bool unanswered) override {
        if (!unanswered) sent_ = now_;
        stopped_ = stopped_ || (unanswered && now_ > sent_ + 1500ms);
        return !stopped_;
    }

  private:
    MonoTime sent_;
    bool stopped_ = false;
};

/// Reports name the revision that was in force before. The first is honest.
class ReportsTheRevisionBefore : public Behaviour {
  public:
    bool reports(std::map<std::string, BundleStatus>& bundles, bool) override {
        for (auto& [name, status] : bundles) {
            auto& [before, newest] = revisions_[name];
            if (status.active_revision != newest) before = std::exchange(newest, status.active_revision);
            if (!before.empty()) status.active_revision = before;
        }
        return true;
    }

  private:
    std::map<std::string, std::pair<std::string, std::string>> revisions_;
};

/// Reports name revisions by what a build called them, which nobody ever published.
class ReportsBuildNames : public Behaviour {
  public:
    bool reports(std::map<std::string, BundleStatus>& bundles, bool) override {
        for (auto& [name, status] : bundles)
            if (!status.active_revision.empty()) status.active_revision += "-dirty";
        return true;
    }
};

/// The next poll waits for the answer to the last report, and that for twelve seconds if need be. Kin:
/// open-policy-agent/opa#7492 and #6343, a status API that never answers and delays every activation.
class WaitsForItsReports : public Timed {
  public:
    bool reports(std::map<std::string, BundleStatus>&, bool unanswered) override {
        if (!unanswered) sent_ = now_;
        waits_ = unanswered && now_ > sent_ + 500ms;
        return true;
    }
    Duration until_next_poll(const std::string&, Duration delay, const Clocks&) override {
        return waits_ ? delay + 12s : delay;
    }

  private:
    MonoTime sent_;
    bool waits_ = false;
};

/// A report goes out only when the last download has failed: no news are good news.
class ReportsTroubleOnly : public Behaviour {
  public:
    bool reports(std::map<std::string, BundleStatus>& bundles, bool) override {
        if (std::exchange(first_, false)) return true;
        for (const auto& [name, status] : bundles)
            if (status.problem) return true;
        return false;
    }

  private:
    bool first_ = true;
};

}  // namespace

std::vector<Defect> families::status() {
    return {
        {.name = "reports-before-it-decides",
         .about = "Reports a bundle active seven tenths of a second before it decides by it.",
         .finds = "status-truth",
         .beside = {{"monotonic-revisions", "a report is a sight of a revision, and decisions go back behind it"}},
         .make = agent_with<ReportsBeforeItDecides>},
        {.name = "stops-reporting-after-failure",
         .about = "Reports nothing any more once a report was not answered.",
         .finds = "status-freshness",
         .needs = {Need::status_partition},
         .make = agent_with<StopsReportingAfterFailure>},
        {.name = "reports-the-revision-before",
         .about = "Reports the revision before the one it decides by.",
         .finds = "status-freshness",
         .make = agent_with<ReportsTheRevisionBefore>},
        {.name = "reports-build-names",
         .about = "Reports revisions by names that nobody published.",
         .finds = "revision-validity",
         .beside = {{"status-freshness", "no report names the revision in force"}},
         .make = agent_with<ReportsBuildNames>},
        {.name = "waits-for-its-reports",
         .about = "Polls no further while a status report is not answered, for twelve seconds if need be.",
         .finds = "bounded-staleness",
         .beside = {{"progress", "it does not poll meanwhile"}},
         .needs = {Need::status_partition},
         .make = agent_with<WaitsForItsReports>},
        {.name = "reports-trouble-only",
         .about = "Reports its start, and then nothing but trouble.",
         .finds = "status-freshness",
         .make = agent_with<ReportsTroubleOnly>},
    };
}

}  // namespace mistrial::defects
