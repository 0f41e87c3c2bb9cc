#include "engine/defects/families.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace mistrial::defects {
namespace {

using namespace agent;
using namespace std::chrono_literals;
using rego::Value;
using Result = mistrial::Result<std::optional<Value>>;

constexpr std::string_view kDecisions = "/v1/data";

/// The verdict inside a decision; null where there is none.
const Value* verdict_of(const Result& result) {
    if (!result || !*result || (*result)->type() != rego::Type::object) return nullptr;
    const Value* verdict = (*result)->find("allow");
    return verdict != nullptr && (verdict->is_true() || verdict->is_false()) ? verdict : nullptr;
}

void set_verdict(Result& result, bool allow) {
    Value decision = result && *result && (*result)->type() == rego::Type::object ? **result : Value::object();
    decision.insert(Value::string(std::string_view("allow")), Value::boolean(allow));
    result = std::optional(std::move(decision));
}

/// What is asked, whoever asks: a nonce makes no other question of it.
std::string question_of(const Question& question, std::initializer_list<std::string_view> keys) {
    std::string text = question.path;
    for (const std::string_view key : keys)
        if (const Value* part = question.input.find(key)) text += " " + rego::to_text(*part);
    return text;
}

/// Allows everything while no bundle is active.
class AllowsWhileItHasNoBundle : public Behaviour {
  public:
    void decided(const Question&, const Snapshot& state, Result& result) override {
        if (state.bundles.empty()) set_verdict(result, true);
    }
};

/// What depends on whether the last download failed.
class KnowsWhetherItsSourceIsAway : public Behaviour {
  public:
    Outcome downloaded(const std::string&, Outcome outcome) override {
        away_ = std::holds_alternative<DownloadFailed>(outcome);
        return outcome;
    }

  protected:
    [[nodiscard]] bool away() const { return away_; }

  private:
    bool away_ = false;
};

/// Allows everything while downloads fail.
class AllowsWhileItsSourceIsAway : public KnowsWhetherItsSourceIsAway {
  public:
    void decided(const Question&, const Snapshot&, Result& result) override {
        if (away()) set_verdict(result, true);
    }
};

/// Denies everything while downloads fail.
class DeniesWhileItsSourceIsAway : public KnowsWhetherItsSourceIsAway {
  public:
    void decided(const Question&, const Snapshot&, Result& result) override {
        if (away()) set_verdict(result, false);
    }
};

/// Answers a question that was asked before as it was answered then, whatever has been activated since.
class RemembersVerdicts : public Behaviour {
  public:
    void decided(const Question& question, const Snapshot&, Result& result) override {
        const Value* verdict = verdict_of(result);
        if (verdict == nullptr) return;
        set_verdict(result, verdicts_.try_emplace(question_of(question, {"user", "action"}), verdict->is_true())
                                .first->second);
    }

  private:
    std::map<std::string, bool> verdicts_;
};

/// Remembers verdicts by user alone, for as long as a revision is in force: one action's verdict answers all.
class RemembersVerdictsByUser : public Behaviour {
  public:
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot>,
                                            std::shared_ptr<const Snapshot> fresh) override {
        verdicts_.clear();
        return fresh;
    }
    void decided(const Question& question, const Snapshot&, Result& result) override {
        const Value* verdict = verdict_of(result);
        if (verdict == nullptr) return;
        set_verdict(result,
                    verdicts_.try_emplace(question_of(question, {"user"}), verdict->is_true()).first->second);
    }

  private:
    std::map<std::string, bool> verdicts_;
};

/// Every twentieth verdict is the contrary of what it should be.
class FlipsVerdicts : public Behaviour {
  public:
    void decided(const Question&, const Snapshot&, Result& result) override {
        const Value* verdict = verdict_of(result);
        if (verdict != nullptr && ++count_ % 20 == 0) set_verdict(result, !verdict->is_true());
    }

  private:
    int count_ = 0;
};

/// Allows whatever anybody but the first user to ask is denied: a rule of one tenant for all.
class AllowsWhatItAllowedOnce : public Behaviour {
  public:
    void decided(const Question& question, const Snapshot&, Result& result) override {
        const Value* verdict = verdict_of(result);
        if (verdict == nullptr) return;
        bool& allowed = allowed_[question_of(question, {"action"})];
        allowed = allowed || verdict->is_true();
        set_verdict(result, allowed);
    }

  private:
    std::map<std::string, bool> allowed_;
};

/// The answers name the revision that was in force before.
class NamesTheRevisionBefore : public Behaviour {
  public:
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                            std::shared_ptr<const Snapshot> fresh) override {
        before_ = current->bundles.size() == fresh->bundles.size() ? current : fresh;
        return fresh;
    }
    const history::Revisions& provenance(const Snapshot& state) override {
        return before_ ? before_->revisions : state.revisions;
    }

  private:
    std::shared_ptr<const Snapshot> before_;
};

/// Decisions wait for as long as a bundle is being activated, and that takes two and a half seconds.
class HangsAfterActivation : public Timed {
  public:
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                            std::shared_ptr<const Snapshot> fresh) override {
        if (!current->bundles.empty()) until_ = now_ + 2500ms;
        return fresh;
    }
    bool answers(const http::Request& request, const Clocks& clocks) override {
        return clocks.mono >= until_ || !http::path_of(request.target).starts_with(kDecisions);
    }

  private:
    MonoTime until_;
};

/// Answers nothing until its wall clock is again where it has been already.
class HangsWhileItsClockIsBehind : public Behaviour {
  public:
    bool answers(const http::Request& request, const Clocks& clocks) override {
        latest_ = std::max(latest_, clocks.wall);
        return clocks.wall + 1s > latest_ || !http::path_of(request.target).starts_with(kDecisions);
    }

  private:
    WallTime latest_;
};

/// Once it stood still for a while, it answers no more: its workers are thought to be gone.
class HangsAfterAPause : public Behaviour {
  public:
    Clocks clocks(const Clocks& clocks) override {
        hangs_ = hangs_ || (now_ != MonoTime{} && clocks.mono > now_ + 1500ms);
        now_ = clocks.mono;
        return clocks;
    }
    bool answers(const http::Request& request, const Clocks&) override {
        return !hangs_ || !http::path_of(request.target).starts_with(kDecisions);
    }

  private:
    MonoTime now_;
    bool hangs_ = false;
};

}  // namespace

std::vector<Defect> families::decisions() {
    return {
        {.name = "allows-while-it-has-no-bundle",
         .about = "Allows everything while no bundle is active.",
         .finds = "fail-closed",
         .beside = {{"revision-validity", "no revision explains what is allowed"},
                    {"monotonic-revisions", "or an old one does"}},
         .needs = {Need::kill, Need::loss_of_state, Need::source_partition},
         .make = agent_with<AllowsWhileItHasNoBundle>},
        {.name = "allows-while-its-source-is-away",
         .about = "Allows everything while downloads fail.",
         .finds = "fail-closed",
         .beside = {{"oracle-correctness", "the revision in force denies"}},
         .needs = {Need::source_partition},
         .make = agent_with<AllowsWhileItsSourceIsAway>},
        {.name = "denies-while-its-source-is-away",
         .about = "Denies everything while downloads fail.",
         .finds = "oracle-correctness",
         .needs = {Need::source_partition},
         .make = agent_with<DeniesWhileItsSourceIsAway>},
        {.name = "remembers-verdicts",
         .about = "Answers a question that was asked before as it did then, whatever was activated since.",
         .finds = "oracle-correctness",
         .make = agent_with<RemembersVerdicts>},
        {.name = "remembers-verdicts-by-user",
         .about = "Answers all questions about a user as it answered the first one under a revision.",
         .finds = "oracle-correctness",
         .beside = {{"fail-closed", "what nobody may do is allowed with the rest"}},
         .make = agent_with<RemembersVerdictsByUser>},
        {.name = "flips-verdicts",
         .about = "Answers every twentieth question with the contrary.",
         .finds = "determinism",
         .beside = {{"oracle-correctness", "the contrary is wrong"},
                    {"fail-closed", "of a denial, an allowance"}},
         .make = agent_with<FlipsVerdicts>},
        {.name = "allows-what-it-allowed-once",
         .about = "Allows everybody an action that it has allowed somebody.",
         .finds = "fail-closed",
         .beside = {{"oracle-correctness", "the revision in force denies"}},
         .make = agent_with<AllowsWhatItAllowedOnce>},
        {.name = "names-the-revision-before",
         .about = "Names, in its answers, the revision before the one that decided.",
         .finds = "atomic-activation",
         .beside = {{"log-integrity", "the log names the revision that decided"}},
         .make = agent_with<NamesTheRevisionBefore>},
        {.name = "hangs-after-activation",
         .about = "Answers nothing for two and a half seconds after it activated a bundle.",
         .finds = "availability",
         .make = agent_with<HangsAfterActivation>},
        {.name = "hangs-while-its-clock-is-behind",
         .about = "Answers nothing until its wall clock is again where it was before it was set back.",
         .finds = "availability",
         .needs = {Need::clock},
         .make = agent_with<HangsWhileItsClockIsBehind>},
        {.name = "hangs-after-a-pause",
         .about = "Answers nothing any more once it stood still for a while.",
         .finds = "availability",
         .needs = {Need::pause},
         .make = agent_with<HangsAfterAPause>},
    };
}

}  // namespace mistrial::defects
