#include "checkers/audit_log.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

/// Remembered without a claim: long enough for the reporting delays of tests.
constexpr Duration unclaimed_within = std::chrono::seconds{10};
/// Lost decisions of one process that a proof of too few reported drops may name.
constexpr std::size_t most_named = 7;
constexpr std::size_t most_uploads = 64;

bool flag(const Claim& claim, const char* name) {
    return !claim.parameters.is_object() || claim.parameters.value(name, Json(true)) != false;
}

}  // namespace

LogCompleteness::LogCompleteness(Model& model, Claim given)
    : PropertyChecker(model, std::move(given)),
      bounded_(claim().within.has_value()),
      crash_loss_(flag(claim(), "crash_loss")) {
    model.logs().subscribe(*this, claim().within.value_or(unclaimed_within), bounded_);
}

LogCompleteness::LogCompleteness(Model& model, Claim given, AwaitedLog::Limits limits)
    : LogCompleteness(model, std::move(given)) {
    model.logs().limit(limits);
}

void LogCompleteness::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation) return;
    if (shown_.size() <= decision.agent) shown_.resize(decision.agent + 1);
    std::vector<IncarnationId>& shown = shown_[decision.agent];
    if (!shown.empty() && shown.back() == decision.incarnation) return;
    if (std::find(shown.begin(), shown.end(), decision.incarnation) == shown.end()) shown.push_back(decision.incarnation);
}

void LogCompleteness::on_event(const history::Record& record) {
    if (const auto* death = std::get_if<history::Death>(&record.value)) {
        const AgentId agent = model().intern_agent(death->agent);
        deaths_.try_emplace({agent, death->incarnation}, record.time, death->how == "stopped");
    } else if (const auto* uploaded = std::get_if<history::LogUpload>(&record.value)) {
        upload(*uploaded, record.time);
    }
}

void LogCompleteness::upload(const history::LogUpload& upload, TrueTime at) {
    const AgentId agent = model().intern_agent(upload.agent);
    if (upload.events > 0) {
        if (uploads_.size() <= agent) uploads_.resize(agent + 1);
        std::vector<Upload>& newest = uploads_[agent];
        if (newest.size() == most_uploads) newest.erase(newest.begin());
        newest.push_back({upload.began, at, upload.status, upload.events});
    }
    if (!upload.dropped || *upload.dropped <= 0) return;
    const IncarnationId incarnation = model().lives().incarnation_at(agent, upload.incarnation, at);
    if (incarnation == no_incarnation) {
        Drops& drops = unsigned_drops_.try_emplace(agent, Drops{0, at}).first->second;
        drops.count = std::max(drops.count, *upload.dropped);
        return;
    }
    Drops& drops = drops_[incarnation];
    drops.count = std::max(drops.count, *upload.dropped);
    drops.reported = at;
}

void LogCompleteness::on_logged(const AwaitedLog::Entry& decision, const LoggedEvent& event, bool first) {
    if (!first || !covers(decision.subject)) return;
    ++logged_;
    if (!bounded_ || decision.detail.incarnation == no_incarnation) return;
    if (event.at - decision.since <= *claim().within) return exercised(decision.subject);
    held_.hold({decision, event}, [this](const Lost& oldest) { confirm(oldest); });
}

void LogCompleteness::on_unlogged(const AwaitedLog::Entry& decision) {
    if (!covers(decision.subject)) return;
    ++unlogged_;
    if (bounded_) held_.hold({decision, std::nullopt}, [this](const Lost& oldest) { confirm(oldest); });
}

LogCompleteness::End LogCompleteness::end_of(AgentId id, IncarnationId incarnation) const {
    const Agent& agent = model().agent(id);
    const auto death = deaths_.find({id, model().fleet().incarnation_name(incarnation)});
    if (death != deaths_.end()) {
        return {death->second.second ? End::How::stopped : End::How::crashed, death->second.first};
    }
    if (agent.incarnations.empty()) {
        // Several processes answered, and nobody recorded when one of them ended.
        const bool alone = id >= shown_.size() || shown_[id].size() <= 1;
        return {alone ? End::How::runs : End::How::unseen};
    }
    // It was followed by one that no boot tells of, or the agent died under another name.
    const bool over = agent.incarnations.back().death.has_value();
    return {agent.incarnations.back().id == incarnation && !over ? End::How::runs : End::How::unseen};
}

std::optional<LogCompleteness::Drops> LogCompleteness::drops_of(AgentId agent, IncarnationId incarnation) const {
    const auto own = drops_.find(incarnation);
    const auto any = unsigned_drops_.find(agent);
    if (own == drops_.end()) return any == unsigned_drops_.end() ? std::nullopt : std::optional(any->second);
    Drops drops = own->second;
    // A report of nobody in particular may be this one's, or all that it ever said.
    if (any != unsigned_drops_.end()) drops.count = std::max(drops.count, any->second.count);
    return drops;
}

LogCompleteness::Judged LogCompleteness::judge(const Lost& lost) const {
    const AwaitedLog::Entry& decision = lost.decision;
    const TrueTime due = model().logs().deadline(decision.subject, decision.since, *claim().within);
    if (lost.event) return due < lost.event->at ? Judged::lost : Judged::excused;
    // Without a single event or upload of anybody, nobody recorded what a sink hears.
    if (!model().logs().first_heard()) return Judged::excused;
    if (!(due < model().now())) return Judged::pending;
    if (!decision.detail.by_id && !model().logs().logs(decision.subject)) return Judged::excused;
    if (model().logs().nameless_events(decision.subject, decision.detail.by_id)) return Judged::untold;
    if (decision.detail.incarnation == no_incarnation) return Judged::excused;
    const End end = end_of(decision.subject, decision.detail.incarnation);
    if (end.how == End::How::unseen && crash_loss_) return Judged::excused;
    if (end.how == End::How::crashed && crash_loss_ && end.at <= due) return Judged::excused;
    if (end.how == End::How::stopped && end.at <= due) {
        // What is stopped in order sends what it still has, if anybody is there to take it.
        for (const ExcuseWindow& window : model().excuses().windows()) {
            if (window.cause != ExcuseCause::fault || !window.suspends(Duty::log)) continue;
            if (!window.concerns(decision.subject, no_bundle)) continue;
            if (window.from < end.at && window.to.value_or(TrueTime::max()) > decision.since) return Judged::excused;
        }
    }
    if (const auto drops = drops_of(decision.subject, decision.detail.incarnation); drops && !(due < drops->reported)) {
        return Judged::pending;
    }
    return Judged::lost;
}

void LogCompleteness::confirm(const Lost& lost) {
    const AgentId agent = lost.decision.subject;
    switch (judge(lost)) {
        case Judged::pending: ++pending_; return;
        case Judged::untold: ++untold_; return;
        case Judged::excused:
            ++excused_;
            if (lost.event) exercised(agent);
            return;
        case Judged::lost: break;
    }
    exercised(agent);
    Losses& losses = losses_[lost.decision.detail.incarnation];
    losses.agent = agent;
    losses.count += lost.event ? 0 : 1;
    if (!lost.event && losses.first.size() < most_named) losses.first.push_back(lost);
    const std::uint64_t late = lost.event ? 1 : 0;
    Episode& episode = losses.episodes.hit(late, late, lost.decision.detail.inv, lost.decision.since);
    if (episode.count == 1) episode.detail.first = lost;
    if (lost.event || !drops_of(agent, lost.decision.detail.incarnation)) hit(lost.decision.detail.index);
}

void LogCompleteness::finish() {
    for (const AwaitedLog::Entry& decision : model().logs().waiting()) {
        if (decision.arrived != TrueTime::max() || !covers(decision.subject)) continue;
        ++unlogged_;
        if (bounded_) held_.hold({decision, std::nullopt}, [this](const Lost& oldest) { confirm(oldest); });
    }
    std::vector<Lost> rest;
    held_.confirm_all([&](const Lost& lost) { rest.push_back(lost); });
    std::stable_sort(rest.begin(), rest.end(),
                     [](const Lost& a, const Lost& b) { return a.decision.since < b.decision.since; });
    for (const Lost& lost : rest) confirm(lost);
    for (auto& [incarnation, losses] : losses_) {
        const std::optional<Drops> drops = drops_of(losses.agent, incarnation);
        if (!drops) continue;
        if (losses.count > drops->count && losses.first.size() > static_cast<std::size_t>(drops->count)) {
            for (const Lost& lost : losses.first) hit(lost.decision.detail.index);
        } else if (losses.count > drops->count) {
            untold_ += losses.count - drops->count;  // more than a proof can name
        }
    }
    if (!bounded_) return;
    // What waited beyond memory: all that is not left over was logged.
    std::vector<std::int64_t> logged(model().fleet().size());
    for (AgentId agent = 0; agent < logged.size(); ++agent) logged[agent] = model().logs().awaited().spilled(agent);
    for (const AwaitedLog::Missing& missing : model().logs().awaited().leftover()) {
        if (!covers(missing.subject)) continue;
        const bool due = model().logs().deadline(missing.subject, missing.since, *claim().within) < model().now();
        ++(due ? untold_ : pending_);
        logged[missing.subject] = missing.key ? logged[missing.subject] - 1 : 0;
    }
    for (AgentId agent = 0; agent < logged.size(); ++agent) {
        if (logged[agent] > 0 && covers(agent)) exercised(agent, logged[agent]);
    }
}

Reason LogCompleteness::unfinished() const {
    if (untold_ > 0 || model().logs().awaited().overflowed()) return Reason::no_evidence;
    return obligations() == 0 && pending_ > 0 ? Reason::pending : Reason::none;
}

Json LogCompleteness::measured() const {
    Json values{{"logged", logged_},
                {"not_logged", unlogged_},
                {"excused", excused_},
                {"pending", pending_},
                {"untold", untold_}};
    for (const auto& [incarnation, drops] : drops_) {
        values["reported_dropped"][model().fleet().incarnation_name(incarnation)] = drops.count;
    }
    for (const auto& [agent, drops] : unsigned_drops_) values["reported_dropped"][model().agent(agent).name()] = drops.count;
    return values;
}

std::string LogCompleteness::tell_uploads(const Timeline& timeline, AgentId agent, TrueTime around) const {
    const Upload* before = nullptr;
    const Upload* after = nullptr;
    if (agent < uploads_.size()) {
        for (const Upload& upload : uploads_[agent]) {
            if (upload.began <= around) {
                before = &upload;
            } else if (after == nullptr) {
                after = &upload;
            }
        }
    }
    const auto tell = [&](const Upload* upload) {
        return upload == nullptr ? std::string("none that is remembered")
                                 : fmt::format("{} events at {}, answered {}", upload->events,
                                               timeline.span(upload->began, upload->ended), upload->status);
    };
    return fmt::format("Uploads of {} around the answer: the one before, {}; the next one, {}.", model().agent(agent).name(),
                       tell(before), tell(after));
}

Violation LogCompleteness::describe(const Episode& episode, const Losses& losses, std::int64_t dropped) const {
    const Lost& lost = episode.detail.first;
    const LoggedDecision& decision = lost.decision.detail;
    const AgentId id = lost.decision.subject;
    const std::string& agent = model().agent(id).name();
    const Timeline timeline{lost.decision.since};
    const TrueTime due = model().logs().deadline(id, lost.decision.since, *claim().within);
    const std::string within = format_duration(*claim().within);

    Violation violation;
    violation.agent = agent;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.witness = {decision.index, model().newest_index()};
    if (decision.invoke_index) violation.witness.push_back(*decision.invoke_index);
    if (lost.event) violation.witness.push_back(lost.event->index);
    if (const auto event = model().logs().first_event(id); event && !decision.by_id) violation.witness.push_back(*event);
    if (const auto heard = model().logs().first_heard(); heard && !lost.event) violation.witness.push_back(*heard);
    for (std::size_t i = 0; !lost.event && dropped > 0 && i < losses.first.size(); ++i) {
        const LoggedDecision& other = losses.first[i].decision.detail;
        violation.witness.push_back(other.index);
        if (other.invoke_index) violation.witness.push_back(*other.invoke_index);
    }
    std::sort(violation.witness.begin(), violation.witness.end());
    violation.witness.erase(std::unique(violation.witness.begin(), violation.witness.end()), violation.witness.end());
    const std::string decisions = counted(episode.count, "decision");
    const std::string when = fmt::format("{} .. {}", run_time(episode.from), run_time(episode.to));
    violation.summary =
        lost.event ? fmt::format("{} logged {} later than {} after the answer, {}", agent, decisions, within, when)
                   : fmt::format("{} lost {} from its decision log, {}", agent, decisions, when);
    if (!lost.event && dropped > 0) {
        violation.summary += fmt::format(" ({} in all, of which it reports {} as dropped)", losses.count, dropped);
    }

    std::vector<std::string>& proof = violation.proof;
    proof.push_back(fmt::format("{} answered {} in record {} between {} and {}; the end of the answer is t = 0 below.",
                                agent, model().answers().text(decision.answer), decision.index, run_time(decision.inv),
                                run_time(lost.decision.since)));
    const std::string terms = claim().terms.empty() ? "" : fmt::format(" ({})", fmt::join(claim().terms, "; "));
    proof.push_back(fmt::format("The claimed bound is {}{}, counted while {} could reach the sink: its event was due by "
                                "t={}.",
                                within, terms, agent, timeline.at(due)));
    const TrueTime missed_at = lost.event ? lost.event->at : model().now();
    proof.push_back(tell_excuses(model(), timeline, id, no_bundle, lost.decision.since, missed_at, Duty::log));
    proof.push_back(lost.event ? fmt::format("The event came at t={} (record {}).", timeline.at(missed_at), lost.event->index)
                               : fmt::format("No event with its {} came up to t={}, the end of the history.",
                                             decision.by_id ? "decision id" : "nonce", timeline.at(model().now())));
    proof.push_back(tell_uploads(timeline, id, lost.decision.since));
    const End end = end_of(id, decision.incarnation);
    const std::string& name = model().fleet().incarnation_name(decision.incarnation);
    // What nobody named has a name of ours alone.
    std::string life = name.ends_with('~') ? fmt::format("no end of {} is recorded", agent) : fmt::format("{} did not end", name);
    if (end.how == End::How::stopped) life = fmt::format("{} was stopped in order at t={}", name, timeline.at(end.at));
    if (end.how == End::How::unseen) life = fmt::format("the end of {} was not seen, and the claim grants no loss", name);
    if (end.how == End::How::crashed) {
        life = fmt::format("{} died at t={}, {}", name, timeline.at(end.at),
                           crash_loss_ ? "after the event was due" : "and the claim grants no loss for that");
    }
    const std::string overflow =
        dropped > 0 ? fmt::format("{} events are reported as dropped, {} are missing", dropped, losses.count)
                    : "no dropped event is reported";
    proof.push_back(fmt::format("Not explained by: a crash ({}), an overflow ({}), a request that was not answered (this one "
                                "was), the clock (no agent's clock is used).",
                                life, overflow));
    proof.push_back(lost.event ? fmt::format("Nearest passing history: had the event come {} earlier.",
                                             format_seconds(missed_at - due))
                               : fmt::format("Nearest passing history: had the event come by t={}, or the history ended "
                                             "there.",
                                             timeline.at(due)));
    return violation;
}

std::vector<Violation> LogCompleteness::violations() const {
    std::vector<Violation> violations;
    for (const auto& [incarnation, losses] : losses_) {
        const std::int64_t dropped = drops_of(losses.agent, incarnation).value_or(Drops{}).count;
        const bool beyond = losses.count > dropped && (dropped == 0 || losses.first.size() > static_cast<std::size_t>(dropped));
        for (const Episode& episode : losses.episodes.all()) {
            if (episode.detail.first.event || beyond) violations.push_back(describe(episode, losses, dropped));
        }
    }
    return violations;
}

}  // namespace mistrial::checkers
