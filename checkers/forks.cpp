#include "checkers/forks.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mistrial::checkers {

namespace {

/// The publishes of a bundle are a group of their own, before all incarnations.
constexpr std::uint32_t publishes = 0;
constexpr std::uint32_t group_of(IncarnationId incarnation) { return incarnation + 1; }
constexpr Duration quiet = std::chrono::seconds{1};

std::string authority_of(const Bundle& bundle, RevisionNumber number) {
    const std::string& name = bundle.authority_name(bundle.revision(number).authority);
    return name.empty() ? "an unnamed authority" : name;
}

/// An input that the two revisions answer differently, as a sentence; empty when none is known.
std::string contradictory_input(const Model& model, const Bundle& bundle, RevisionNumber left, RevisionNumber right) {
    for (InputId input = 0; model.input(input) != nullptr; ++input) {
        const ExpectedId one = bundle.expected(left, input);
        const ExpectedId other = bundle.expected(right, input);
        if (one == other || one == not_told || other == not_told) continue;
        const auto answer = [&](ExpectedId expected) {
            const std::vector<AnswerId> answers = model.answers().possible(expected, std::nullopt);
            return answers.size() == 1 ? model.answers().text(answers[0]) : std::string("something that hangs on the clock");
        };
        const std::string& text = model.input(input)->text;
        return fmt::format(" For {}, {} says {} and {} says {}.", text.empty() ? "input " + model.input_name(input) : text,
                           bundle.revision(left).name, answer(one), bundle.revision(right).name, answer(other));
    }
    return {};
}

}  // namespace

ForkFreedom::ForkFreedom(Model& model, Claim claim) : PropertyChecker(model, std::move(claim)) {}

ForkFreedom::Zones& ForkFreedom::zones(BundleId bundle) {
    if (zones_.size() <= bundle) {
        zones_.resize(bundle + 1);
        held_.resize(bundle + 1);
    }
    return zones_[bundle];
}

bool ForkFreedom::looked_at(BundleId bundle) {
    return model().bundle(bundle).several_authorities() && covers_bundle(bundle);
}

void ForkFreedom::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !looked_at(seen.bundle) || !covers(decision.agent)) continue;
        const OperationNote note = note_of(decision, &seen);
        zones(seen.bundle).saw(group_of(decision.incarnation), seen.number, decision.inv, decision.res, note);
        held_[seen.bundle].saw(decision.incarnation, seen.number, decision.inv, decision.res, note);
        if (seen.number != nothing_active) exercised(decision.agent);
    }
}

void ForkFreedom::on_status(const StatusReport& status) {
    if (status.incarnation == no_incarnation) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || !looked_at(seen.bundle) || !covers(status.agent)) continue;
        // It was written at an unknown time before it arrived.
        zones(seen.bundle)
            .saw(group_of(status.incarnation), seen.number, TrueTime::min(), status.at, note_of(status, seen));
        held_[seen.bundle].heard(status.incarnation, seen.number, status.at);
    }
}

void ForkFreedom::finish() {
    for (BundleId bundle = 0; bundle < model().bundle_count(); ++bundle) {
        if (!looked_at(bundle)) continue;
        ++several_authorities_;
        (void)zones(bundle);
        if (model().bundle(bundle).declares_ancestry()) {
            find_forks(bundle);
        } else {
            find_contradictions(bundle);
        }
    }
}

Json ForkFreedom::measured() const {
    return {{"bundles_with_several_authorities", several_authorities_}, {"longest_fork_ns", longest_fork_.count()}};
}

// --- ancestry is declared: two halves of the fleet on two branches --------------------------------------------------

std::pair<TrueTime, TrueTime> ForkFreedom::longest_connected(BundleId bundle, AgentId a, AgentId b, TrueTime from,
                                                             TrueTime to) const {
    std::vector<std::pair<TrueTime, TrueTime>> excused;
    for (const ExcuseWindow& window : model().excuses().windows()) {
        const TrueTime end = window.to.value_or(TrueTime::max());
        if (!window.suspends(Duty::enforce)) continue;
        if (!window.concerns(a, bundle) && !window.concerns(b, bundle)) continue;
        if (std::max(window.from, from) < std::min(end, to)) excused.emplace_back(window.from, end);
    }
    std::sort(excused.begin(), excused.end());
    std::pair<TrueTime, TrueTime> longest{from, from};
    TrueTime open_since = from;
    const auto until = [&](TrueTime t) {
        if (t - open_since > longest.second - longest.first) longest = {open_since, t};
    };
    for (const auto& [begin, end] : excused) {
        if (begin > open_since) until(begin);
        open_since = std::max(open_since, end);
    }
    if (to > open_since) until(to);
    return longest;
}

void ForkFreedom::find_forks(BundleId id) {
    const Bundle& bundle = model().bundle(id);
    std::vector<Hold> holds = held_[id].holds();
    std::erase_if(holds, [](const Hold& hold) { return hold.revision == nothing_active; });
    std::stable_sort(holds.begin(), holds.end(), [](const Hold& x, const Hold& y) { return x.from < y.from; });
    std::vector<Parted> found;
    std::vector<const Hold*> open;  // those that may still overlap with what comes
    for (const Hold& hold : holds) {
        std::erase_if(open, [&](const Hold* other) { return other->to <= hold.from; });
        for (const Hold* other : open) {
            const AgentId a = other->shown.agent;
            const AgentId b = hold.shown.agent;
            if (a == b || bundle.comparable(other->revision, hold.revision)) continue;
            const auto [from, to] = longest_connected(id, a, b, hold.from, std::min(other->to, hold.to));
            longest_fork_ = std::max(longest_fork_, to - from);
            if (!claim().within || to - from <= *claim().within) continue;
            const bool ascending = other->revision < hold.revision;
            found.push_back({ascending ? other : &hold, ascending ? &hold : other, from, to});
            hit(other->asked.index);
            hit(hold.asked.index);
        }
        open.push_back(&hold);
    }
    for (const Fork& fork : grouped(id, found)) violations_.push_back(describe(id, fork));
}

std::vector<ForkFreedom::Fork> ForkFreedom::grouped(BundleId id, const std::vector<Parted>& parted) const {
    const Bundle& bundle = model().bundle(id);
    std::map<std::pair<AuthorityId, AuthorityId>, std::vector<Parted>> by_authorities;
    for (const Parted& one : parted) {
        const AuthorityId left = bundle.revision(one.left->revision).authority;
        const AuthorityId right = bundle.revision(one.right->revision).authority;
        by_authorities[std::minmax(left, right)].push_back(one);
    }
    std::vector<Fork> forks;
    for (auto& [authorities, ones] : by_authorities) {
        std::stable_sort(ones.begin(), ones.end(), [](const Parted& x, const Parted& y) { return x.from < y.from; });
        bool first = true;
        for (const Parted& one : ones) {
            if (first || one.from > forks.back().to + quiet) forks.push_back({{}, 0, one.from, one.to});
            first = false;
            Fork& fork = forks.back();
            fork.parted.push_back(one);
            fork.to = std::max(fork.to, one.to);
            const Parted& longest = fork.parted[fork.longest];
            if (one.to - one.from > longest.to - longest.from) fork.longest = fork.parted.size() - 1;
        }
    }
    return forks;
}

Violation ForkFreedom::describe(BundleId id, const Fork& fork) const {
    const Bundle& bundle = model().bundle(id);
    const Parted& longest = fork.parted[fork.longest];
    const Hold& one = *longest.left;
    const Hold& other = *longest.right;
    const RevisionNumber left = one.revision;
    const RevisionNumber right = other.revision;
    const std::string& one_name = model().agent(one.shown.agent).name();
    const std::string& other_name = model().agent(other.shown.agent).name();
    const Revision& zero = bundle.revision(right);
    const Timeline timeline{zero.res.value_or(zero.inv)};
    const std::string within = format_duration(*claim().within);

    // Whose doing: a revision that joins the branches may have been there for the taking.
    RevisionNumber join = nothing_active;
    for (RevisionNumber number = right + 1; number <= bundle.newest() && join == nothing_active; ++number) {
        const Revision& revision = bundle.revision(number);
        const bool joins = bundle.builds_on(number, left) && bundle.builds_on(number, right);
        if (joins && !revision.bad && revision.outcome == PublishOutcome::ok && *revision.res < longest.to) join = number;
    }
    const TrueTime due = longest.from + *claim().within;
    Violation violation;
    violation.attribution = Attribution::source;
    if (join != nothing_active && *bundle.revision(join).res + *claim().within < longest.to) {
        const bool had_it = delivered_by(model(), one.shown.agent, id, join, due) ||
                            delivered_by(model(), other.shown.agent, id, join, due);
        violation.attribution = had_it ? Attribution::agent : Attribution::system;
    }

    std::set<const Hold*> involved;
    for (const Parted& parted : fork.parted) {
        involved.insert(parted.left);
        involved.insert(parted.right);
    }
    std::set<std::string> sides[2];
    for (const Hold* hold : involved) {
        const bool with_left = bundle.revision(hold->revision).authority == bundle.revision(left).authority;
        sides[with_left ? 0 : 1].insert(model().agent(hold->shown.agent).name());
        violation.count += hold->count;
    }
    std::vector<std::string> agents;
    for (const auto& side : sides) agents.insert(agents.end(), side.begin(), side.end());
    violation.agent = listed(agents);
    violation.from = fork.from;
    violation.to = fork.to;
    violation.witness = Witness{}
                            .add(model(), id, left)
                            .add(model(), id, right)
                            .add(one.shown)
                            .add(one.asked)
                            .add(other.shown)
                            .add(other.asked)
                            .indexes();
    violation.summary = fmt::format(
        "{} followed {} of {} while {} followed {} of {} for {} (bundle {}, bound {}), and neither builds on the other, {} .. "
        "{}, {}",
        one_name, bundle.revision(left).name, authority_of(bundle, left), other_name, bundle.revision(right).name,
        authority_of(bundle, right), format_seconds(longest.to - longest.from), bundle.name(), within,
        run_time(violation.from), run_time(violation.to), counted(violation.count, "decision"));

    std::vector<std::string>& proof = violation.proof;
    proof.push_back(fmt::format("{}, by {}.", tell_publish(model(), id, left), authority_of(bundle, left)));
    proof.push_back(fmt::format("{}, by {}; that instant is t = 0 below. It does not include {}, nor {} it: the history forks "
                                "here.{}",
                                tell_publish(model(), id, right), authority_of(bundle, right), bundle.revision(left).name,
                                bundle.revision(left).name, contradictory_input(model(), bundle, left, right)));
    for (const Hold* side : {&one, &other}) {
        proof.push_back(tell_operation(model(), timeline, side->shown, id) + ".");
        if (side->asked.index != side->shown.index) {
            proof.push_back(tell_operation(model(), timeline, side->asked, id) +
                            fmt::format(": {} held it from the end of the one to the begin of the other, and showed nothing "
                                        "else in between.",
                                        model().agent(side->shown.agent).name()));
        }
    }
    proof.push_back(fmt::format("Both held their branch, both connected without a break, for t={} .. {}: {}, where the claim "
                                "grants {}. {} {}",
                                timeline.at(longest.from), timeline.at(longest.to),
                                format_seconds(longest.to - longest.from), within,
                                tell_excuses(model(), timeline, one.shown.agent, id, longest.from, longest.to),
                                tell_excuses(model(), timeline, other.shown.agent, id, longest.from, longest.to)));
    proof.push_back(fmt::format("On the one side: {}. On the other: {}.",
                                listed({sides[0].begin(), sides[0].end()}), listed({sides[1].begin(), sides[1].end()})));
    proof.push_back(
        join == nothing_active
            ? std::string("No revision that joins the two branches was acknowledged by then.")
            : fmt::format("{} joins the two branches: {}, {}.", tell_publish(model(), id, join),
                          tell_deliveries(model(), timeline, one.shown.agent, id, join, longest.to),
                          tell_deliveries(model(), timeline, other.shown.agent, id, join, longest.to)));
    proof.push_back(fmt::format("Nearest passing history: had either shown a revision that includes the other's {} earlier.",
                                format_seconds(longest.to - longest.from - *claim().within)));
    return violation;
}

// --- a total order is claimed: is there one? ------------------------------------------------------------------------

void ForkFreedom::find_contradictions(BundleId id) {
    const Bundle& bundle = model().bundle(id);
    Zones zones;
    for (RevisionNumber number = 1; number <= bundle.newest(); ++number) {
        const Revision& revision = bundle.revision(number);
        if (revision.outcome == PublishOutcome::failed) continue;
        const TrueTime end = revision.outcome == PublishOutcome::ok ? *revision.res : TrueTime::max();
        OperationNote note;
        note.number = number;
        zones.saw(publishes, number, revision.inv, end, note);
    }
    const Zones& seen = this->zones(id);
    for (std::size_t place = 0; place < seen.zones().size(); ++place) {
        const kernels::VersionZone& zone = seen.zones()[place];
        if (zone.revision == nothing_active || bundle.revision(zone.revision).outcome == PublishOutcome::failed) continue;
        zones.saw(zone.group, zone.revision, TrueTime::min(), zone.shown_by, seen.causes(place).shown);
        zones.saw(zone.group, zone.revision, zone.asked_at, TrueTime::max(), seen.causes(place).asked);
    }
    for (const std::vector<kernels::VersionStep>& cycle : kernels::contradictions(zones.zones())) {
        for (const kernels::VersionStep& step : cycle) {
            if (zones.zones()[step.after].group != publishes) hit(zones.causes(step.after).asked.index);
        }
        violations_.push_back(describe(id, zones, cycle));
    }
}

Violation ForkFreedom::describe(BundleId id, const Zones& zones, const std::vector<kernels::VersionStep>& cycle) const {
    const Bundle& bundle = model().bundle(id);
    const auto name_of = [&](std::size_t zone) { return bundle.revision(zones.zones()[zone].revision).name; };
    Violation violation;
    Witness witness;
    std::set<AgentId> agents;
    std::vector<std::string> steps;
    violation.from = TrueTime::max();
    violation.to = TrueTime::min();
    const Revision& zero = bundle.revision(zones.zones()[cycle.front().before].revision);
    const Timeline timeline{zero.res.value_or(zero.inv)};
    for (const kernels::VersionStep& step : cycle) {
        const kernels::VersionZone& before = zones.zones()[step.before];
        const kernels::VersionZone& after = zones.zones()[step.after];
        violation.from = std::min(violation.from, before.shown_by);
        violation.to = std::max(violation.to, after.asked_at);
        witness.add(model(), id, before.revision);
        if (before.group == publishes) {
            steps.push_back(fmt::format("{} was published before {}", name_of(step.before), name_of(step.after)));
            violation.proof.push_back(fmt::format("{}; {}. So {} comes before {} in the order of publishes.",
                                                  tell_publish(model(), id, before.revision),
                                                  tell_publish(model(), id, after.revision), name_of(step.before),
                                                  name_of(step.after)));
            continue;
        }
        const OperationNote& first = zones.causes(step.before).shown;
        const OperationNote& second = zones.causes(step.after).asked;
        const std::string& agent = model().agent(first.agent).name();
        agents.insert(first.agent);
        witness.add(first).add(second);
        violation.count += 2;
        steps.push_back(fmt::format("{} went from {} to {}", agent, name_of(step.before), name_of(step.after)));
        violation.proof.push_back(tell_operation(model(), timeline, first, id) + ".");
        violation.proof.push_back(fmt::format(
            "{}: begun {} after the first was over, in one incarnation. So {} comes before {} in any order that {} follows.",
            tell_operation(model(), timeline, second, id), format_seconds(second.inv - first.res), name_of(step.before),
            name_of(step.after), agent));
    }
    std::vector<std::string> names;
    for (const AgentId agent : agents) names.push_back(model().agent(agent).name());
    violation.agent = listed(names);
    violation.witness = witness.indexes();

    // One agent alone contradicts the publishes, or itself: did its source turn back, or did it?
    violation.attribution = Attribution::source;
    if (agents.size() == 1) {
        const AgentId agent = *agents.begin();
        const std::vector<Delivery>& deliveries = model().agent(agent).deliveries(id);
        const bool followed = std::any_of(cycle.begin(), cycle.end(), [&](const kernels::VersionStep& step) {
            const auto of = [&](std::size_t zone) {
                return [&, zone](const Delivery& one) { return one.number == zones.zones()[zone].revision; };
            };
            const auto first = std::find_if(deliveries.begin(), deliveries.end(), of(step.before));
            return zones.zones()[step.before].group != publishes && first != deliveries.end() &&
                   std::find_if(first + 1, deliveries.end(), of(step.after)) != deliveries.end();
        });
        if (!model().agent(agent).deliveries_tracked()) {
            violation.attribution = Attribution::system;
        } else if (!followed) {
            violation.attribution = Attribution::agent;
        }
        violation.proof.push_back(followed ? fmt::format("{} followed its source: both were delivered to it in that order.",
                                                         model().agent(agent).name())
                                           : fmt::format("No record shows that the source delivered them to {} in that order.",
                                                         model().agent(agent).name()));
    }
    violation.summary = fmt::format("no single order of the revisions of bundle {} explains what was published and shown: {}, "
                                    "{} .. {}",
                                    bundle.name(), fmt::join(steps, ", "), run_time(violation.from), run_time(violation.to));
    violation.proof.push_back(fmt::format("Together: {}. No order of these revisions satisfies all of it, and no publish of {} "
                                          "says what it includes of another authority's.",
                                          fmt::join(steps, "; "), bundle.name()));
    violation.proof.push_back("Nearest passing history: had one of the later operations begun before the earlier one was over.");
    return violation;
}

}  // namespace mistrial::checkers
