#pragma once

#include "checkers/held.hpp"
#include "checkers/kernels/episodes.hpp"
#include "checkers/log_ledger.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <map>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// G1: an event of every answered decision reaches the log's sink within the bound, counted while the agent could reach it;
/// unless its process died without order before the event was due (`crash_loss`), was stopped while the sink was out of
/// reach, or reported that it dropped as many. A refusal may or may not be logged.
class LogCompleteness final : public PropertyChecker, public LogListener {
  public:
    LogCompleteness(Model& model, Claim claim);
    /// With less memory than usual: for tests.
    LogCompleteness(Model& model, Claim claim, AwaitedLog::Limits limits);
    void on_decision(const Decision& decision) override;
    void on_event(const history::Record& record) override;
    void on_logged(const AwaitedLog::Entry& decision, const LoggedEvent& event, bool first) override;
    void on_unlogged(const AwaitedLog::Entry& decision) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;
    [[nodiscard]] Reason unfinished() const override;

  private:
    struct Lost {
        AwaitedLog::Entry decision;
        std::optional<LoggedEvent> event;  ///< that came too late
    };
    enum class Judged : std::uint8_t { lost, excused, pending, untold };
    struct Upload {
        TrueTime began;
        TrueTime ended;
        int status = 0;
        std::int64_t events = 0;
    };
    struct Detail {
        Lost first;
    };
    using Episode = kernels::Episodes<Detail>::Episode;
    /// What one process lost.
    struct Losses {
        AgentId agent = 0;
        std::int64_t count = 0;  ///< never arrived
        std::vector<Lost> first;
        kernels::Episodes<Detail> episodes;
    };
    struct Drops {
        std::int64_t count = 0;
        TrueTime reported;
    };
    /// How a process ended, as far as that is known.
    struct End {
        enum class How : std::uint8_t { runs, unseen, crashed, stopped } how = How::runs;
        TrueTime at = TrueTime::max();
    };

    void upload(const history::LogUpload& upload, TrueTime at);
    [[nodiscard]] End end_of(AgentId agent, IncarnationId incarnation) const;
    [[nodiscard]] Judged judge(const Lost& lost) const;
    void confirm(const Lost& lost);
    [[nodiscard]] Violation describe(const Episode& episode, const Losses& losses, std::int64_t dropped) const;
    [[nodiscard]] std::string tell_uploads(const Timeline& timeline, AgentId agent, TrueTime around) const;
    [[nodiscard]] std::optional<Drops> drops_of(AgentId agent, IncarnationId incarnation) const;

    bool bounded_;     ///< there is a bound to judge by
    bool crash_loss_;
    /// Of an agent's incarnation: when, and whether it was in order.
    std::map<std::pair<AgentId, std::string>, std::pair<TrueTime, bool>> deaths_;
    std::map<IncarnationId, Drops> drops_;
    std::map<AgentId, Drops> unsigned_drops_;  ///< reported by any process of the agent, `reported` is the first time
    std::vector<std::vector<IncarnationId>> shown_;                ///< by agent: incarnations that answered
    std::vector<std::vector<Upload>> uploads_;                     ///< by agent, the newest few
    Held<Lost> held_;
    std::map<IncarnationId, Losses> losses_;
    std::int64_t logged_ = 0;
    std::int64_t unlogged_ = 0;
    std::int64_t excused_ = 0;
    std::int64_t pending_ = 0;
    std::int64_t untold_ = 0;
};

/// G2: every event of the log is of a request that was made, and says of it what the answer said: path, input, verdict and
/// revisions, as far as both name them. An event may come twice unless the claim says otherwise.
class LogIntegrity final : public PropertyChecker, public LogListener {
  public:
    LogIntegrity(Model& model, Claim claim);
    void on_invocation(const Invocation& invocation) override;
    void on_decision(const Decision& decision) override;
    void on_unanswered(const Unanswered& unanswered) override;
    void on_logged(const AwaitedLog::Entry& decision, const LoggedEvent& event, bool first) override;
    void finish() override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json measured() const override;

  private:
    enum class Kind : std::uint8_t { differs, twice, phantom };
    struct Detail {
        std::optional<AwaitedLog::Entry> decision;
        LoggedEvent event;
        std::vector<std::string> differences;
        Wrongs wrongs;
    };
    /// Requests of an agent that an event may be of although no name says so.
    struct Nameless {
        std::int64_t open = 0;  ///< asked and not over
        bool asked_without_nonce = false;
        bool unanswered_without_nonce = false;
        bool without_nonce = false;
        bool without_both = false;
    };

    Nameless& of(AgentId agent);
    [[nodiscard]] bool differs(const AwaitedLog::Entry& decision, const LoggedEvent& event) const;
    [[nodiscard]] std::vector<std::string> differences(const AwaitedLog::Entry& decision, const LoggedEvent& event) const;
    [[nodiscard]] bool is_phantom(const LoggedEvent& event) const;

    bool duplicates_;
    std::vector<Nameless> agents_;
    kernels::Episodes<Detail> episodes_;
    std::int64_t twice_ = 0;
    std::int64_t untold_ = 0;
};

/// G3, measured: how far the log is out of order. By the agent's own time, within a process; and by real time, where an
/// upload brought the event of a decision that began after another was over, whose event came with a later upload.
class LogOrder final : public PropertyChecker, public LogListener {
  public:
    LogOrder(Model& model, Claim claim);
    void on_logged(const AwaitedLog::Entry& decision, const LoggedEvent& event, bool first) override;
    [[nodiscard]] std::vector<Violation> violations() const override { return {}; }
    [[nodiscard]] Json measured() const override;
    /// A number that nothing is claimed of: it can be neither kept nor broken.
    [[nodiscard]] Reason unfinished() const override { return Reason::no_evidence; }

  private:
    struct PerAgent {
        std::int64_t events = 0;
        std::int64_t again = 0;
        std::int64_t by_agent_time = 0;
        std::int64_t by_real_time = 0;
        IncarnationId incarnation = no_incarnation;
        std::optional<WallTime> newest_clock;
        std::int64_t upload = -1;
        TrueTime begun_before = TrueTime::min();  ///< newest begin of a decision that an earlier upload brought
        TrueTime begun_with = TrueTime::min();    ///< or this one
    };
    std::vector<PerAgent> agents_;
};

}  // namespace mistrial::checkers
