#include "engine/defects/families.hpp"

#include <utility>

namespace mistrial::defects {
namespace {

using namespace agent;
using rego::Value;

bool allowed(const DecisionEvent& event) {
    if (!event.result || event.result->type() != rego::Type::object) return false;
    const Value* verdict = event.result->find("allow");
    return verdict != nullptr && verdict->is_true();
}

void put_into_input(DecisionEvent& event, std::string_view key, std::string_view text) {
    if (event.input.type() == rego::Type::object) event.input.insert(Value::string(key), Value::string(text));
}

/// A chunk that the log's sink did not take is thrown away. Kin: open-policy-agent/opa#2724, the rest of the
/// buffer after one failed chunk.
class DropsRefusedChunks : public Behaviour {
  public:
    bool chunk_taken(bool) override { return true; }
};

/// After the first chunk that was not taken, no decision is logged any more.
class LogsNothingAfterFailure : public Behaviour {
  public:
    bool chunk_taken(bool taken) override {
        failed_ = failed_ || !taken;
        return taken;
    }
    std::size_t logged(DecisionEvent&) override { return failed_ ? 0 : 1; }

  private:
    bool failed_ = false;
};

/// One decision in ten is not logged.
class LogsASample : public Behaviour {
  public:
    std::size_t logged(DecisionEvent&) override { return ++count_ % 10 == 0 ? 0 : 1; }

  private:
    int count_ = 0;
};

/// What was allowed is not worth an event.
class LogsDenialsOnly : public Behaviour {
  public:
    std::size_t logged(DecisionEvent& event) override { return allowed(event) ? 0 : 1; }
};

/// Each event is logged twice.
class LogsTwice : public Behaviour {
  public:
    std::size_t logged(DecisionEvent&) override { return 2; }
};

/// One event in ten says the contrary of what was answered.
class LogsTheContrary : public Behaviour {
  public:
    std::size_t logged(DecisionEvent& event) override {
        if (++count_ % 10 == 0 && event.result && event.result->type() == rego::Type::object)
            event.result->insert(Value::string(std::string_view("allow")), Value::boolean(!allowed(event)));
        return 1;
    }

  private:
    int count_ = 0;
};

/// Events name the revision that was in force before.
class LogsTheRevisionBefore : public Behaviour {
  public:
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                            std::shared_ptr<const Snapshot> fresh) override {
        before_ = std::move(current);
        return fresh;
    }
    std::size_t logged(DecisionEvent& event) override {
        if (before_ && !before_->revisions.empty()) event.revisions = before_->revisions;
        return 1;
    }

  private:
    std::shared_ptr<const Snapshot> before_;
};

/// One event in ten names another user than the request did.
class LogsAnotherUser : public Behaviour {
  public:
    std::size_t logged(DecisionEvent& event) override {
        if (++count_ % 10 == 0) put_into_input(event, "user", "somebody");
        return 1;
    }

  private:
    int count_ = 0;
};

/// One event in ten has an id and a nonce of its own, which no request had.
class LogsWhatNobodyAsked : public Behaviour {
  public:
    std::size_t logged(DecisionEvent& event) override {
        if (++count_ % 10 == 0) {
            event.decision_id = fmt::format("00000000-0000-4000-8000-{:012}", count_);
            put_into_input(event, "nonce", fmt::format("nobody-{}", count_));
        }
        return 1;
    }

  private:
    int count_ = 0;
};

/// Every event names one path, whatever was asked for.
class LogsAnotherPath : public Behaviour {
  public:
    std::size_t logged(DecisionEvent& event) override {
        event.path = "system/main";
        return 1;
    }
};

}  // namespace

std::vector<Defect> families::logging() {
    return {
        {.name = "drops-refused-chunks",
         .about = "Throws away a chunk of its decision log that did not arrive.",
         .finds = "log-completeness",
         .needs = {Need::logs_partition},
         .make = agent_with<DropsRefusedChunks>},
        {.name = "logs-nothing-after-failure",
         .about = "Logs nothing any more after a chunk of its decision log did not arrive.",
         .finds = "log-completeness",
         .needs = {Need::logs_partition},
         .make = agent_with<LogsNothingAfterFailure>},
        {.name = "logs-a-sample",
         .about = "Leaves one decision in ten out of its log.",
         .finds = "log-completeness",
         .make = agent_with<LogsASample>},
        {.name = "logs-denials-only",
         .about = "Leaves out of its log what it allowed.",
         .finds = "log-completeness",
         .make = agent_with<LogsDenialsOnly>},
        {.name = "logs-twice",
         .about = "Logs each decision twice.",
         .finds = "log-integrity",
         .make = agent_with<LogsTwice>},
        {.name = "logs-the-contrary",
         .about = "Logs for one decision in ten the contrary of what it answered.",
         .finds = "log-integrity",
         .make = agent_with<LogsTheContrary>},
        {.name = "logs-the-revision-before",
         .about = "Logs decisions under the revision before the one that made them.",
         .finds = "log-integrity",
         .make = agent_with<LogsTheRevisionBefore>},
        {.name = "logs-another-user",
         .about = "Logs one decision in ten as if somebody else had been asked about.",
         .finds = "log-integrity",
         .make = agent_with<LogsAnotherUser>},
        {.name = "logs-what-nobody-asked",
         .about = "Logs one decision in ten under an id and a nonce that no request had.",
         .finds = "log-integrity",
         .beside = {{"log-completeness", "and not what was asked"}},
         .make = agent_with<LogsWhatNobodyAsked>},
        {.name = "logs-another-path",
         .about = "Logs every decision as one at another path.",
         .finds = "log-integrity",
         .make = agent_with<LogsAnotherPath>},
    };
}

}  // namespace mistrial::defects
