#include "engine/defects/families.hpp"

#include <map>
#include <utility>

namespace mistrial::defects {
namespace {

using namespace control_plane;

/// Every third upload is acknowledged and lost.
class LosesUploads : public SinkBehaviour {
  public:
    std::size_t records(history::Value& value) override {
        const auto* upload = std::get_if<history::LogUpload>(&value);
        if (upload != nullptr && upload->upload > 0) losing_ = upload->upload % 3 == 0;
        return losing_ ? 0 : 1;
    }

  private:
    bool losing_ = false;
};

/// Every event is written twice.
class RecordsTwice : public SinkBehaviour {
  public:
    std::size_t records(history::Value& value) override { return std::holds_alternative<history::Log>(value) ? 2 : 1; }
};

/// One event in ten loses what was decided and says `null`.
class LosesVerdicts : public SinkBehaviour {
  public:
    std::size_t records(history::Value& value) override {
        if (auto* log = std::get_if<history::Log>(&value); log != nullptr && ++count_ % 10 == 0) log->verdict = "null";
        return 1;
    }

  private:
    int count_ = 0;
};

/// Events get the decision id of the event before.
class ShiftsIds : public SinkBehaviour {
  public:
    std::size_t records(history::Value& value) override {
        if (auto* log = std::get_if<history::Log>(&value)) {
            const auto id = log->decision_id;
            if (last_) log->decision_id = last_;
            last_ = id;
        }
        return 1;
    }

  private:
    std::optional<std::string> last_;
};

/// From its sixth payload on it is full, and refuses everything.
class FillsUp : public SinkBehaviour {
  public:
    bool takes(const RequestArrived&) override { return ++count_ <= 6; }

  private:
    int count_ = 0;
};

/// Takes every payload and answers none after the sixth.
class Hangs : public SinkBehaviour {
  public:
    bool answers() override { return ++count_ <= 6; }

  private:
    int count_ = 0;
};

/// One report in two is written down under the name of the agent that reported before.
class MixesAgentsUp : public SinkBehaviour {
  public:
    std::size_t records(history::Value& value) override {
        auto* status = std::get_if<history::Status>(&value);
        if (status == nullptr) return 1;
        const auto who = std::pair(status->agent, status->incarnation);
        if (++count_ % 2 == 0 && last_) std::tie(status->agent, status->incarnation) = *last_;
        last_ = who;
        return 1;
    }

  private:
    std::optional<std::pair<std::string, std::optional<std::string>>> last_;
    int count_ = 0;
};

/// Keeps each agent's first report for its last.
class KeepsFirstReports : public SinkBehaviour {
  public:
    std::size_t records(history::Value& value) override {
        if (auto* status = std::get_if<history::Status>(&value); status != nullptr && !status->revisions.empty())
            *status = first_.try_emplace(status->incarnation.value_or(status->agent), *status).first->second;
        return 1;
    }

  private:
    std::map<std::string, history::Status> first_;
};

/// Reports after the sixth are acknowledged and lost.
class LosesReports : public SinkBehaviour {
  public:
    std::size_t records(history::Value&) override { return ++count_ <= 6 ? 1 : 0; }

  private:
    int count_ = 0;
};

}  // namespace

std::vector<Defect> families::sinks() {
    return {
        {.name = "loses-uploads",
         .of = Of::log_sink,
         .about = "Acknowledges every third upload of a decision log and loses it.",
         .finds = "log-completeness",
         .needs = {Need::many_reports},
         .make = sink_with<LosesUploads>},
        {.name = "records-twice",
         .of = Of::log_sink,
         .about = "Writes down every event twice.",
         .finds = "log-integrity",
         .make = sink_with<RecordsTwice>},
        {.name = "loses-verdicts",
         .of = Of::log_sink,
         .about = "Writes down one event in ten without its verdict.",
         .finds = "log-integrity",
         .make = sink_with<LosesVerdicts>},
        {.name = "shifts-ids",
         .of = Of::log_sink,
         .about = "Writes down events under the decision id of the event before.",
         .finds = "log-integrity",
         .make = sink_with<ShiftsIds>},
        {.name = "fills-up",
         .of = Of::log_sink,
         .about = "Refuses every upload after the sixth.",
         .finds = "log-completeness",
         .needs = {Need::many_reports},
         .make = sink_with<FillsUp>},
        {.name = "mixes-agents-up",
         .of = Of::status_sink,
         .about = "Writes down one report in two under the name of the agent that reported before.",
         .finds = "status-truth",
         .beside = {{"monotonic-revisions", "a report is a sight of a revision, and decisions go back behind it"},
                    {"revision-validity", "the agent is said to have what was not yet served to it"}},
         .needs = {Need::two_agents},
         .make = sink_with<MixesAgentsUp>},
        {.name = "keeps-first-reports",
         .of = Of::status_sink,
         .about = "Writes down an agent's first report for each that follows.",
         .finds = "status-freshness",
         .make = sink_with<KeepsFirstReports>},
        {.name = "loses-reports",
         .of = Of::status_sink,
         .about = "Acknowledges reports after the sixth and loses them.",
         .finds = "status-freshness",
         .needs = {Need::many_reports},
         .make = sink_with<LosesReports>},
        {.name = "hangs-on-reports",
         .of = Of::status_sink,
         .about = "Takes reports and answers none after the sixth.",
         .finds = "status-freshness",
         .needs = {Need::many_reports},
         .make = sink_with<Hangs>},
    };
}

}  // namespace mistrial::defects
