#include "checkers/status_truth.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>
#include <iterator>

namespace mistrial::checkers {

namespace {

/// Revisions that one agent owes a report of at once; more would be told in the same breath.
constexpr std::size_t most_owed = 64;

template <class T>
T& cell(std::vector<std::vector<T>>& rows, std::size_t row, std::size_t column) {
    if (rows.size() <= row) rows.resize(row + 1);
    if (rows[row].size() <= column) rows[row].resize(column + 1);
    return rows[row][column];
}

/// Whether a health query asks for bundles: "bundles", or a list of parameters with it.
bool asks_for_bundles(std::string_view query) {
    if (const std::size_t mark = query.find('?'); mark != std::string_view::npos) query.remove_prefix(mark + 1);
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view parameter = query.substr(0, end);
        const std::string_view key = parameter.substr(0, parameter.find('='));
        if ((key == "bundles" || key == "bundle") && !parameter.ends_with("=false")) return true;
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    }
    return false;
}

/// Of two reports the one of the newer revision, the earlier of equals.
void raise(std::optional<OperationNote>& newest, const std::optional<OperationNote>& report) {
    if (report && (!newest || newest->number < report->number)) newest = report;
}

}  // namespace

StatusTruth::Reports& StatusTruth::reports(IncarnationId incarnation, BundleId bundle) {
    return cell(reports_, incarnation, bundle);
}

void StatusTruth::on_status(const StatusReport& status) {
    if (status.incarnation == no_incarnation || !covers(status.agent)) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || seen.number == nothing_active || !covers_bundle(seen.bundle)) continue;
        reports(status.incarnation, seen.bundle).named.raise(status.at, seen.number, note_of(status, seen));
    }
}

void StatusTruth::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation || !covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        const Bundle& bundle = model().bundle(seen.bundle);
        Reports& reports = this->reports(decision.incarnation, seen.bundle);
        const std::uint64_t subject = std::uint64_t{decision.incarnation} << 32 | seen.bundle;
        if (const auto* named = reports.named.before(decision.inv)) {
            exercised(decision.agent);
            if (bundle.certainly_before(seen.number, named->value)) {
                auto& episode = episodes_.hit(subject, std::uint64_t{named->value} << 32 | seen.number, decision.inv,
                                              decision.res);
                if (episode.count == 1) {
                    episode.detail = {seen.bundle, named->cause, note_of(decision, &seen), std::nullopt, {}};
                    const auto& shown = reports.newest_shown;
                    if (shown && !bundle.certainly_before(shown->number, named->value)) episode.detail.enforced = shown;
                }
                episode.detail.wrongs.add(model(), decision.input, decision.answer,
                                          only_answer(model(), decision, seen.bundle, named->value));
                hit(decision.index);
            } else {
                episodes_.clean(subject, decision.inv);
            }
        }
        if (seen.number != nothing_active && (!reports.newest_shown || reports.newest_shown->number < seen.number)) {
            reports.newest_shown = note_of(decision, &seen);
        }
    }
}

Violation StatusTruth::describe(const Episode& episode) const {
    const Overclaim& found = episode.detail;
    const Bundle& bundle = model().bundle(found.bundle);
    const Revision& reported = bundle.revision(found.report.number);
    const Revision& shown = bundle.revision(found.decision.number);
    const Agent& agent = model().agent(found.decision.agent);
    const Timeline timeline{found.report.res};
    const std::vector<Delivery>& deliveries = agent.deliveries(found.bundle);
    const auto served = std::find_if(deliveries.begin(), deliveries.end(), [&](const Delivery& delivery) {
        return delivery.number == found.report.number;
    });
    const bool served_again = served != deliveries.end() && std::any_of(served + 1, deliveries.end(), [&](const Delivery& d) {
        return d.number == found.decision.number && d.began <= found.decision.res;
    });

    Violation violation;
    violation.agent = agent.name();
    violation.attribution = found.enforced && served_again ? Attribution::source : Attribution::agent;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = found.wrongs.allowed;
    violation.wrongly_denied = found.wrongs.denied;
    violation.witness = Witness{}
                            .add(model(), found.bundle, found.decision.number)
                            .add(model(), found.bundle, found.report.number)
                            .add(found.report)
                            .add(found.decision)
                            .indexes();
    violation.summary = fmt::format("{} reported {} of bundle {} {} decided under {}, {} .. {}, {}: {}", agent.name(),
                                    reported.name, bundle.name(), found.enforced ? "and later" : "but had never enforced it and",
                                    shown.name, run_time(violation.from), run_time(violation.to),
                                    counted(episode.count, "decision"), found.wrongs.tell());
    std::vector<std::string>& proof = violation.proof;
    if (found.decision.number != nothing_active) proof.push_back(tell_publish(model(), found.bundle, shown.number) + ".");
    proof.push_back(tell_publish(model(), found.bundle, reported.number) + fmt::format("; it is newer than {}.", shown.name));
    proof.push_back(tell_operation(model(), timeline, found.report, found.bundle) +
                    "; that instant is t = 0 here. It was written before it arrived.");
    proof.push_back(tell_operation(model(), timeline, found.decision, found.bundle) + ".");
    if (found.enforced) {
        proof.push_back("It was no lie when it was made: " +
                        tell_operation(model(), timeline, *found.enforced, found.bundle) + ". The agent went back" +
                        (served_again ? ", since its source served the older one again." : "."));
    } else {
        proof.push_back(fmt::format("No decision of that incarnation had shown {} or anything newer by then: the report told of "
                                    "what was not enforced.",
                                    reported.name));
    }
    proof.push_back(fmt::format("{} like it between t={} and {}: {}.", counted(episode.count, "decision"),
                                timeline.at(episode.from), timeline.at(episode.to), found.wrongs.tell()));
    proof.push_back(fmt::format("Not explained by: a restart ({}), the way of the report (late or not, it names what had been "
                                "active before it arrived).",
                                tell_restart(model(), timeline, found.decision.agent, found.decision.incarnation,
                                             found.report.res, found.decision.inv)));
    proof.push_back(fmt::format("Nearest passing history: had the decision begun before the report arrived ({} earlier), or had "
                                "it shown {}.",
                                format_seconds(found.decision.inv - found.report.res), reported.name));
    return violation;
}

std::vector<Violation> StatusTruth::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

StatusFreshness::StatusFreshness(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)),
      connections_(model.floor_table(this->claim().within.value_or(Duration::zero()), Duty::report)) {}

StatusFreshness::PerAgent& StatusFreshness::of(AgentId agent) {
    if (agents_.size() <= agent) agents_.resize(agent + 1);
    return agents_[agent];
}

StatusFreshness::Track& StatusFreshness::track(AgentId agent, IncarnationId incarnation, BundleId bundle) {
    std::vector<IncarnationId>& lives = of(agent).lives;
    // The newest is asked for almost always.
    if (lives.empty() || lives.back() != incarnation) {
        std::erase(lives, incarnation);
        lives.push_back(incarnation);
    }
    return cell(tracks_, incarnation, bundle);
}

TrueTime StatusFreshness::deadline(const Owed& owed) const {
    const kernels::DeadlineFloor& floor = model().floor(connections_, owed.note.agent, owed.bundle);
    const TrueTime due = floor.deadline(owed.note.res, owed.note.res);
    // Nobody owes what a process that is gone had not reported yet.
    return floor.restarted_within(owed.note.res + Duration{1}, due) ? TrueTime::max() : due;
}

void StatusFreshness::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation || !covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        Track& track = this->track(decision.agent, decision.incarnation, seen.bundle);
        if (seen.number <= track.shown) continue;
        track.shown = seen.number;
        exercised(decision.agent);
        std::optional<OperationNote> newest = track.reported;
        if (const auto& unnamed = of(decision.agent).reported; seen.bundle < unnamed.size()) raise(newest, unnamed[seen.bundle]);
        const bool reported = newest && !model().bundle(seen.bundle).certainly_before(newest->number, seen.number);
        if (!reported && track.owed.size() < most_owed) {
            track.owed.push_back({note_of(decision, &seen), seen.bundle, TrueTime::max(), {}, 0, track.last_report, newest});
        }
    }
}

void StatusFreshness::settle(Owed owed, const std::optional<OperationNote>& report) {
    if (!claim().within) return;
    owed.deadline = deadline(owed);
    owed.settled_at = model().now();
    owed.settled_by = model().newest_index();
    if (!owed.report) owed.report = report;
    if (owed.deadline < owed.settled_at) held_.hold(std::move(owed), [this](const Owed& oldest) { confirm(oldest); });
}

void StatusFreshness::settle_all(Track& track) {
    for (const Owed& owed : track.owed) settle(owed, std::nullopt);
    track.owed.clear();
}

void StatusFreshness::take(Track& track, AgentId agent, const StatusReport& status, const Seen* seen) {
    const bool known = seen != nullptr && seen->state == Seen::State::known;
    const auto report = known ? std::optional(note_of(status, *seen)) : std::nullopt;
    std::erase_if(track.owed, [&](Owed& owed) {
        const bool paid =
            status.has_errors || (known && !model().bundle(owed.bundle).certainly_before(seen->number, owed.note.number));
        if (paid) {
            of(agent).longest = std::max(of(agent).longest, status.at - owed.note.res);
            settle(owed, report);
        } else if (known && (!owed.report || status.at <= deadline(owed))) {
            owed.report = report;
        }
        return paid;
    });
    if (!known) return;
    track.last_report = report;
    raise(track.reported, report);
}

void StatusFreshness::on_status(const StatusReport& status) {
    if (!covers(status.agent)) return;
    // A report of another process says nothing of this one; one that names none may be of any.
    const IncarnationId by = status.names_incarnation ? status.incarnation : no_incarnation;
    PerAgent& agent = of(status.agent);
    if (!agent.first_report) agent.first_report = status.index;
    for (const Seen& seen : status.seen) {
        if (!covers_bundle(seen.bundle)) continue;
        if (by != no_incarnation) {
            (void)track(status.agent, by, seen.bundle);
        } else if (seen.state == Seen::State::known) {
            if (agent.reported.size() <= seen.bundle) agent.reported.resize(seen.bundle + 1);
            raise(agent.reported[seen.bundle], note_of(status, seen));
        }
    }
    for (const IncarnationId life : agent.lives) {
        if (by != no_incarnation && life != by) continue;
        for (BundleId bundle = 0; bundle < tracks_[life].size(); ++bundle) {
            const auto seen = std::find_if(status.seen.begin(), status.seen.end(),
                                           [&](const Seen& one) { return one.bundle == bundle; });
            if (seen == status.seen.end() && !status.has_errors) continue;
            take(tracks_[life][bundle], status.agent, status, seen == status.seen.end() ? nullptr : &*seen);
        }
    }
}

void StatusFreshness::starts_anew(AgentId agent) {
    for (const IncarnationId life : of(agent).lives) {
        for (Track& track : tracks_[life]) {
            settle_all(track);
        }
    }
}

void StatusFreshness::on_unanswered(const Unanswered& unanswered) {
    // A connection that was refused or broke may have been a restart, where boots are not recorded.
    if (unanswered.lost && model().agent(unanswered.agent).incarnations.empty()) starts_anew(unanswered.agent);
}

void StatusFreshness::on_event(const history::Record& record) {
    if (const auto* boot = std::get_if<history::Boot>(&record.value)) starts_anew(model().intern_agent(boot->agent));
    if (const auto* death = std::get_if<history::Death>(&record.value)) starts_anew(model().intern_agent(death->agent));
}

void StatusFreshness::on_late_excuse() {
    held_.drop_if([&](Owed& owed) {
        owed.deadline = deadline(owed);
        return owed.deadline >= owed.settled_at;
    });
}

void StatusFreshness::confirm(const Owed& owed) {
    if (!of(owed.note.agent).first_report) return;
    Episode& episode =
        episodes_.hit(std::uint64_t{owed.note.agent} << 32 | owed.bundle, 0, owed.note.inv, owed.note.res);
    if (episode.count == 1) episode.detail = owed;
    hit(owed.note.index);
}

void StatusFreshness::finish() {
    for (std::vector<Track>& bundles : tracks_) {
        for (Track& track : bundles) settle_all(track);
    }
    held_.confirm_all([this](const Owed& owed) { confirm(owed); });
}

Violation StatusFreshness::describe(const Episode& episode) const {
    const Owed& owed = episode.detail;
    const Bundle& bundle = model().bundle(owed.bundle);
    const Revision& revision = bundle.revision(owed.note.number);
    const std::string& name = model().agent(owed.note.agent).name();
    const Timeline timeline{owed.note.res};
    Violation violation;
    violation.agent = name;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    Witness witness;
    witness.add(model(), owed.bundle, owed.note.number).add(owed.note);
    if (owed.report) witness.add(*owed.report);
    if (owed.newest) witness.add(*owed.newest);
    std::vector<std::uint64_t> indexes = witness.indexes();
    indexes.push_back(owed.settled_by);
    // That it reports at all.
    if (!owed.report) indexes.push_back(*agents_[owed.note.agent].first_report);
    violation.witness = std::vector<std::uint64_t>{};
    std::sort(indexes.begin(), indexes.end());
    std::unique_copy(indexes.begin(), indexes.end(), std::back_inserter(violation.witness));
    violation.summary = fmt::format("{} enforced {} of bundle {} and did not report it within {}, {} .. {}, {}", name,
                                    revision.name, bundle.name(), format_duration(*claim().within), run_time(violation.from),
                                    run_time(violation.to), counted(episode.count, "revision"));
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(tell_operation(model(), timeline, owed.note, owed.bundle) + "; its end is t = 0 here.");
    proof.push_back(fmt::format("The claimed bound is {}{}: a report of {} or newer, or of an error, had to arrive by t={}.",
                                format_duration(*claim().within),
                                claim().terms.empty() ? std::string{} : fmt::format(" ({})", fmt::join(claim().terms, "; ")),
                                revision.name, timeline.at(owed.deadline)));
    proof.push_back(owed.report ? tell_operation(model(), timeline, *owed.report, owed.bundle) +
                                      (owed.report->res > owed.deadline ? "; that was too late." : "; that was the last by then.")
                                : fmt::format("{} has reported at other times, but not in that one.", name));
    proof.push_back(fmt::format("Record {} shows that the history goes on beyond the deadline.", owed.settled_by));
    proof.push_back(tell_excuses(model(), timeline, owed.note.agent, owed.bundle, owed.note.res, owed.deadline, Duty::report));
    proof.push_back(fmt::format("Not explained by: a restart ({}).",
                                tell_restart(model(), timeline, owed.note.agent, owed.note.incarnation, owed.note.res,
                                             owed.deadline)));
    proof.push_back(fmt::format("Nearest passing history: had a report of {} arrived by t={}.", revision.name,
                                timeline.at(owed.deadline)));
    return violation;
}

std::vector<Violation> StatusFreshness::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

Json StatusFreshness::measured() const {
    Json values = Json::object();
    for (AgentId id = 0; id < agents_.size(); ++id) {
        const PerAgent& agent = agents_[id];
        if (!agent.first_report) continue;
        std::size_t unreported = 0;
        for (const IncarnationId life : agent.lives) {
            for (const Track& track : tracks_[life]) unreported += track.owed.size();
        }
        values["agents"][model().agent(id).name()] = {{"longest_ns", agent.longest.count()}, {"unreported", unreported}};
    }
    return values;
}

HealthTruth::Life& HealthTruth::life(IncarnationId incarnation) {
    if (lives_.size() <= incarnation) lives_.resize(incarnation + 1);
    return lives_[incarnation];
}

void HealthTruth::on_health(const HealthReport& health) {
    if (health.incarnation == no_incarnation || !covers(health.agent) || !asks_for_bundles(health.query)) return;
    Life& life = this->life(health.incarnation);
    if (health.status == 200) {
        ++ready_answers_;
        if (!life.ready) life.ready = Ready{health.index, health.invoke_index, health.inv, health.res};
        return;
    }
    ++unready_answers_;
    if (life.all_active && *life.all_active < health.inv) {
        longest_unready_ = std::max(longest_unready_, health.inv - *life.all_active);
    }
}

void HealthTruth::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation || decision.seen.empty() || !covers(decision.agent)) return;
    Life& life = this->life(decision.incarnation);
    const Seen* empty = nullptr;
    bool all_active = true;
    for (const Seen& seen : decision.seen) {
        if (!covers_bundle(seen.bundle)) continue;
        const bool active = seen.state == Seen::State::known && seen.number != nothing_active;
        all_active = all_active && active;
        if (seen.state == Seen::State::known && seen.number == nothing_active && empty == nullptr) empty = &seen;
    }
    if (all_active && !life.all_active) life.all_active = decision.res;
    if (!life.ready || !(life.ready->res < decision.inv)) return;
    exercised(decision.agent);
    if (empty == nullptr) return episodes_.clean(decision.incarnation, decision.inv);
    Episode& episode = episodes_.hit(decision.incarnation, 0, decision.inv, decision.res);
    if (episode.count == 1) episode.detail = {*life.ready, note_of(decision, empty), empty->bundle};
    hit(decision.index);
}

Violation HealthTruth::describe(const Episode& episode) const {
    const NotReady& found = episode.detail;
    const Timeline timeline{found.health.res};
    const std::string& name = model().agent(found.decision.agent).name();
    const std::string& bundle = model().bundle(found.bundle).name();
    Violation violation;
    violation.agent = name;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.witness = Witness{}.add(found.decision).indexes();
    violation.witness.push_back(found.health.index);
    if (found.health.invoke_index) violation.witness.push_back(*found.health.invoke_index);
    std::sort(violation.witness.begin(), violation.witness.end());
    violation.summary = fmt::format("{} said that its bundles were ready, and then had nothing of bundle {} active, {} .. {}, {}",
                                    name, bundle, run_time(violation.from), run_time(violation.to),
                                    counted(episode.count, "decision"));
    violation.proof.push_back(fmt::format("A health query for bundles at {}, {}, was answered with 200 (record {}); its end is "
                                          "t = 0 here.",
                                          name, timeline.span(found.health.inv, found.health.res), found.health.index));
    violation.proof.push_back(tell_operation(model(), timeline, found.decision, found.bundle) + ".");
    violation.proof.push_back(fmt::format("It began {} after the other was over, in the same incarnation.",
                                          format_seconds(found.decision.inv - found.health.res)));
    violation.proof.push_back(fmt::format("Not explained by: a restart ({}).",
                                          tell_restart(model(), timeline, found.decision.agent, found.decision.incarnation,
                                                       found.health.res, found.decision.inv)));
    violation.proof.push_back("Nearest passing history: had the decision shown any revision, or had the query been answered with "
                              "anything but 200.");
    return violation;
}

std::vector<Violation> HealthTruth::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

Json HealthTruth::measured() const {
    return Json{{"ready", ready_answers_},
                {"not_ready", unready_answers_},
                {"longest_unready_while_active_ns", longest_unready_.count()}};
}

}  // namespace mistrial::checkers
