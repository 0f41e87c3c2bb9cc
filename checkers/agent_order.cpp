#include "checkers/agent_order.hpp"

#include "checkers/oracle.hpp"
#include "checkers/source_order.hpp"

#include <algorithm>
#include <map>

namespace mistrial::checkers {

MonotonicRevisions::Order& MonotonicRevisions::order(IncarnationId incarnation, BundleId bundle) {
    if (orders_.size() <= incarnation) orders_.resize(incarnation + 1);
    std::vector<Order>& bundles = orders_[incarnation];
    if (bundles.size() <= bundle) bundles.resize(bundle + 1);
    return bundles[bundle];
}

void MonotonicRevisions::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation || !covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        const Bundle& bundle = model().bundle(seen.bundle);
        Order& order = this->order(decision.incarnation, seen.bundle);
        const Order::Step* newest = order.before(decision.inv);
        if (newest != nullptr) exercised(decision.agent);
        const std::uint64_t subject = std::uint64_t{decision.incarnation} << 32 | seen.bundle;
        if (newest != nullptr && bundle.certainly_before(seen.number, newest->value)) {
            const std::uint64_t cause = std::uint64_t{newest->value} << 32 | seen.number;
            auto& episode = episodes_.hit(subject, cause, decision.inv, decision.res);
            if (episode.count == 1) {
                episode.detail = {seen.bundle, newest->cause, note_of(decision, &seen), {}};
            }
            episode.detail.wrongs.add(model(), decision.input, decision.answer,
                                      only_answer(model(), decision, seen.bundle, newest->value));
            hit(decision.index);
        } else {
            if (newest != nullptr) episodes_.clean(subject, decision.inv);
            if (order.empty() || order.newest().value < seen.number) {
                order.raise(decision.res, seen.number, note_of(decision, &seen));
            }
        }
    }
}

void MonotonicRevisions::on_status(const StatusReport& status) {
    if (status.incarnation == no_incarnation || !covers(status.agent)) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || seen.number == nothing_active || !covers_bundle(seen.bundle)) continue;
        order(status.incarnation, seen.bundle).raise(status.at, seen.number, note_of(status, seen));
    }
}

Violation MonotonicRevisions::describe(const kernels::Episodes<Detail>::Episode& episode, bool follows_source) const {
    const Detail& detail = episode.detail;
    const Bundle& bundle = model().bundle(detail.bundle);
    const Revision& newer = bundle.revision(detail.newer.number);
    const Revision& older = bundle.revision(detail.older.number);
    const Agent& agent = model().agent(detail.older.agent);
    const Timeline timeline{newer.res.value_or(newer.inv)};

    // M1 without M2 is the source's doing: it turned back, and the agent followed.
    const bool known = deliveries_known(model(), detail.older.agent, detail.bundle);
    const std::vector<Delivery>& deliveries = agent.deliveries(detail.bundle);
    const auto again = std::find_if(deliveries.rbegin(), deliveries.rend(), [&](const Delivery& delivery) {
        return delivery.number == detail.older.number && delivery.began <= detail.older.res;
    });

    Violation violation;
    violation.agent = agent.name();
    violation.attribution = known && follows_source ? Attribution::source : Attribution::agent;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = detail.wrongs.allowed;
    violation.wrongly_denied = detail.wrongs.denied;
    violation.witness = Witness{}
                            .add(model(), detail.bundle, detail.older.number)
                            .add(model(), detail.bundle, detail.newer.number)
                            .add(detail.newer)
                            .add(detail.older)
                            .indexes();
    violation.summary =
        fmt::format("{} went back from {} to {} of bundle {}, {} .. {}, {}: {}", agent.name(), newer.name, older.name,
                    bundle.name(), run_time(violation.from), run_time(violation.to),
                    counted(episode.count, "decision"), detail.wrongs.tell());

    std::vector<std::string>& proof = violation.proof;
    if (detail.older.number != nothing_active) proof.push_back(tell_publish(model(), detail.bundle, older.number) + ".");
    proof.push_back(tell_publish(model(), detail.bundle, newer.number) +
                    fmt::format("; that instant is t = 0 below, and {} is the newer one.", newer.name));
    proof.push_back(tell_operation(model(), timeline, detail.newer, detail.bundle) + ".");
    proof.push_back(tell_operation(model(), timeline, detail.older, detail.bundle) + ".");
    proof.push_back(fmt::format("The second began {} after the first was over, in the same incarnation{}.",
                                format_seconds(detail.older.inv - detail.newer.res),
                                model().fleet().incarnation_name(detail.older.incarnation).find('~') == std::string::npos
                                    ? " " + model().fleet().incarnation_name(detail.older.incarnation)
                                    : std::string(" (no restart is recorded)")));
    proof.push_back(fmt::format("{} like the second between t={} and {}: {}.", counted(episode.count, "decision"),
                                timeline.at(episode.from), timeline.at(episode.to), detail.wrongs.tell()));
    const bool revision_by_markers = detail.older.from_markers;
    std::string source;
    if (known && follows_source) {
        source = again == deliveries.rend()
                     ? fmt::format("the source did it: all that {} showed follows the order of deliveries to it", agent.name())
                     : fmt::format("the source did it: {} delivered {} again at t={} .. {}, and all that {} showed follows the "
                                   "order of deliveries to it",
                                   again->server, older.name, timeline.at(again->began), timeline.at(again->at), agent.name());
    } else if (known) {
        source = fmt::format("the source (no delivery of {} to {} explains it)", older.name, agent.name());
    } else {
        source = "the source cannot be ruled out, since no delivery to this agent is recorded";
    }
    proof.push_back(fmt::format("{}a restart ({}), a wrong report ({}), {}.",
                                known && !follows_source ? "Not explained by: " : "Ruled out: ",
                                tell_restart(model(), timeline, agent.name().empty() ? 0 : detail.older.agent,
                                             detail.older.incarnation, detail.newer.res, detail.older.inv),
                                revision_by_markers ? "the revisions are those of the markers in the verdicts"
                                                    : "the revisions are those that the agent itself reports",
                                source));
    proof.push_back(fmt::format("Nearest passing history: had the second begun before the first was over ({} earlier), or "
                                "had it shown {}.",
                                format_seconds(detail.older.inv - detail.newer.res), newer.name));
    return violation;
}

std::vector<Violation> MonotonicRevisions::violations() const {
    std::map<std::pair<IncarnationId, BundleId>, std::vector<Unfaithful>> explained;
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const auto [place, fresh] = explained.try_emplace({detail.older.incarnation, detail.bundle});
        if (fresh) place->second = unfaithful(model(), detail.older.incarnation, detail.bundle);
        const Activations::Sequence& sequence = model().activations().of(detail.older.incarnation)[detail.bundle];
        const auto& runs = sequence.runs;
        const bool broken = std::any_of(place->second.begin(), place->second.end(), [&](const Unfaithful& one) {
            const bool last = one.run + 1 == runs.size();
            return runs[one.run].first_index <= detail.older.index &&
                   (last || detail.older.index < runs[one.run + 1].first_index);
        });
        violations.push_back(describe(episode, !broken && !sequence.overflown));
    }
    return violations;
}

}  // namespace mistrial::checkers
