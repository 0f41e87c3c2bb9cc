#include "engine/defects/families.hpp"

#include <set>

namespace mistrial::defects {
namespace {

using namespace agent;
using namespace std::chrono_literals;

/// Once a download has failed, every later 200 is taken for "not modified": the old bundle stays for ever
/// while polling looks healthy. Kin: open-policy-agent/opa#2220, an ETag that a failure left behind.
class IgnoresNewerAfterFailedDownload : public Behaviour {
  public:
    Outcome downloaded(const std::string& bundle, Outcome outcome) override {
        if (std::holds_alternative<DownloadFailed>(outcome))
            failed_.insert(bundle);
        else if (std::holds_alternative<Fresh>(outcome) && failed_.contains(bundle) &&
                 active_.contains(bundle))
            return NotModified{};
        return outcome;
    }
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot>,
                                            std::shared_ptr<const Snapshot> fresh) override {
        for (const auto& [bundle, revision] : fresh->revisions) active_.insert(bundle);
        return fresh;
    }

  private:
    std::set<std::string> failed_;
    std::set<std::string> active_;
};

/// After a failed download the delay is taken for another unit, and the next poll is days away. Kin:
/// open-policy-agent/opa#8215, a delay scaled to nanoseconds twice.
class StopsPollingAfterFailure : public Behaviour {
  public:
    Outcome downloaded(const std::string&, Outcome outcome) override {
        failed_ = failed_ || std::holds_alternative<DownloadFailed>(outcome);
        return outcome;
    }
    Duration until_next_poll(const std::string&, Duration delay, const Clocks&) override {
        return failed_ ? delay + 24h : delay;
    }

  private:
    bool failed_ = false;
};

/// Each poll doubles the delay until the next, and nothing makes it shorter again.
class PollsEverLessOften : public Behaviour {
  public:
    Duration until_next_poll(const std::string&, Duration delay, const Clocks&) override {
        const Duration stretched = delay * factor_;
        factor_ = std::min(factor_ * 2, 1024);
        return stretched;
    }

  private:
    int factor_ = 1;
};

/// The next poll is due when the wall clock says so: one that is set back stops polling for as long.
class PollsByWallClock : public Behaviour {
  public:
    Duration until_next_poll(const std::string&, Duration delay, const Clocks& clocks) override {
        due_ = std::max(due_, clocks.wall) + delay;
        return due_ - clocks.wall;
    }

  private:
    WallTime due_;
};

/// The first 304 ends long polling for good, and the delays between polls are back. Kin:
/// open-policy-agent/opa#3923, a 304 without Content-Type.
class ForgetsLongPollingAfter304 : public Behaviour {
  public:
    void ask(const std::string&, http::Request& request) override {
        if (!forgot_) return;
        http::Headers headers;
        for (const auto& [name, value] : request.headers)
            headers.add(name, name == "Prefer" ? std::string("modes=snapshot") : value);
        request.headers = std::move(headers);
    }
    Outcome downloaded(const std::string&, Outcome outcome) override {
        forgot_ = forgot_ || std::holds_alternative<NotModified>(outcome);
        return outcome;
    }
    Duration until_next_poll(const std::string&, Duration delay, const Clocks&) override {
        return forgot_ ? std::max<Duration>(delay, 2s) : delay;
    }

  private:
    bool forgot_ = false;
};

}  // namespace

std::vector<Defect> families::download() {
    return {
        {.name = "ignores-newer-after-failed-download",
         .about = "Once a download of a bundle has failed, newer bundles are taken for unchanged ones and never "
                  "activated.",
         .finds = "bounded-staleness",
         .needs = {Need::source_partition},
         .make = agent_with<IgnoresNewerAfterFailedDownload>},
        {.name = "stops-polling-after-failure",
         .about = "After a failed download the next poll is a day away.",
         .finds = "progress",
         .beside = {{"bounded-staleness", "who does not ask is not told"}},
         .needs = {Need::source_partition},
         .make = agent_with<StopsPollingAfterFailure>},
        {.name = "polls-ever-less-often",
         .about = "Each poll doubles the delay until the next, for good.",
         .finds = "visibility",
         .beside = {{"progress", "the next poll is late, too"},
                    {"bounded-staleness", "what is seen late is due earlier"}},
         .make = agent_with<PollsEverLessOften>},
        {.name = "polls-by-wall-clock",
         .about = "Polls when its wall clock says so: one that is set back stops polling for as long.",
         .finds = "progress",
         .beside = {{"bounded-staleness", "who does not ask is not told"}},
         .needs = {Need::clock},
         .make = agent_with<PollsByWallClock>},
        {.name = "forgets-long-polling-after-304",
         .about = "The first answer that nothing is new ends long polling; the delays between polls are back.",
         .finds = "linearizability",
         .beside = {{"bounded-staleness", "a long poll's bound knows no delay between polls"}},
         .needs = {Need::long_polls},
         .make = agent_with<ForgetsLongPollingAfter304>},
    };
}

}  // namespace mistrial::defects
