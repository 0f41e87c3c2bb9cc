#include "checkers/sessions.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

/// Steps of one session: what began before all of them is held to nothing.
constexpr std::size_t most_steps = 8;
constexpr std::size_t most_barriers = 64;  ///< sessions with barriers at one agent

template <class T>
T& grown(std::vector<T>& row, std::size_t place) {
    if (row.size() <= place) row.resize(place + 1);
    return row[place];
}

std::uint64_t subject(std::uint32_t who, BundleId bundle) { return std::uint64_t{who} << 32 | bundle; }

}  // namespace

// --- S1 ---------------------------------------------------------------------------------------------------------

void MonotonicReads::on_decision(const Decision& decision) {
    if (decision.session == no_session || !covers(decision.agent)) return;
    std::vector<Order>& orders = orders_.of(decision.session);
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        Order& order = grown(orders, seen.bundle);
        const Order::Step* newest = order.before(decision.inv);
        if (newest != nullptr) exercised(decision.agent);
        const std::uint64_t who = subject(decision.session, seen.bundle);
        if (newest == nullptr || !model().bundle(seen.bundle).certainly_before(seen.number, newest->value)) {
            if (newest != nullptr) episodes_.clean(who, decision.inv);
            if (order.empty() || order.newest().value < seen.number) {
                order.raise(decision.res, seen.number, note_of(decision, &seen));
                order.forget_all_but(most_steps);
            }
            continue;
        }
        auto& episode = episodes_.hit(who, std::uint64_t{newest->value} << 32 | seen.number, decision.inv, decision.res);
        if (episode.count == 1) episode.detail = {seen.bundle, newest->cause, note_of(decision, &seen), {}};
        episode.detail.wrongs.add(model(), decision.input, decision.answer,
                                  only_answer(model(), decision, seen.bundle, newest->value));
        hit(decision.index);
    }
}

std::vector<Violation> MonotonicReads::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Bundle& bundle = model().bundle(detail.bundle);
        const Revision& newer = bundle.revision(detail.newer.number);
        const Revision& older = bundle.revision(detail.older.number);
        const Timeline timeline{newer.res.value_or(newer.inv)};
        const std::string& session = model().session_name(detail.older.session);
        const bool one_life = detail.newer.incarnation == detail.older.incarnation &&
                              detail.newer.agent == detail.older.agent && detail.older.incarnation != no_incarnation;
        Violation violation;
        violation.agent = model().agent(detail.older.agent).name();
        violation.attribution = one_life ? Attribution::agent : Attribution::system;
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
        violation.summary = fmt::format("session {} saw {} of bundle {} at {} after {} at {}, {} .. {}, {}: {}", session,
                                        older.name, bundle.name(), violation.agent, newer.name,
                                        model().agent(detail.newer.agent).name(), run_time(violation.from),
                                        run_time(violation.to), counted(episode.count, "decision"), detail.wrongs.tell());
        std::vector<std::string>& proof = violation.proof;
        if (detail.older.number != nothing_active) proof.push_back(tell_publish(model(), detail.bundle, older.number) + ".");
        proof.push_back(tell_publish(model(), detail.bundle, newer.number) + "; that instant is t = 0 below.");
        proof.push_back(tell_operation(model(), timeline, detail.newer, detail.bundle) + ".");
        proof.push_back(tell_operation(model(), timeline, detail.older, detail.bundle) + ".");
        proof.push_back(fmt::format("Both were asked by session {}, the second {} after the first was over.", session,
                                    format_seconds(detail.older.inv - detail.newer.res)));
        proof.push_back(fmt::format("{} like the second between t={} and {}: {}.", counted(episode.count, "decision"),
                                    timeline.at(episode.from), timeline.at(episode.to), detail.wrongs.tell()));
        proof.push_back(fmt::format("Not explained by: the source ({}), the clock (no agent's clock is used).",
                                    tell_deliveries(model(), timeline, detail.older.agent, detail.bundle,
                                                    detail.newer.number, detail.older.inv)));
        proof.push_back(fmt::format("Nearest passing history: had the second begun before the first was over ({} earlier), or "
                                    "had {} shown {}.",
                                    format_seconds(detail.older.inv - detail.newer.res), violation.agent, newer.name));
        violations.push_back(std::move(violation));
    }
    return violations;
}

// --- S2 ---------------------------------------------------------------------------------------------------------

void ReadYourPublishes::on_publish_ends(BundleId bundle, RevisionNumber number) {
    const Revision& revision = model().bundle(bundle).revision(number);
    if (revision.outcome != PublishOutcome::ok || revision.bad || revision.session == no_session) return;
    Order& order = grown(published_.of(revision.session), bundle);
    order.raise(*revision.res, number, {});
    order.forget_all_but(most_steps);
}

void ReadYourPublishes::on_event(const history::Record& record) {
    const auto* barrier = std::get_if<history::Barrier>(&record.value);
    if (barrier == nullptr || record.type != history::Type::ok) return;
    // A barrier names no bundle: it means the only one that has such a revision.
    const Wanted meant = model().wanted(Json(barrier->revision));
    if (meant.size() != 1 || model().bundle(meant[0].first).revision(meant[0].second).bad) return;
    const SessionId session = model().intern_session(record.session);
    for (const std::string& name : barrier->agents) {
        std::vector<Barriers>& all = grown(barriers_, model().intern_agent(name));
        auto known = std::find_if(all.begin(), all.end(), [&](const Barriers& one) {
            return one.session == session && one.bundle == meant[0].first;
        });
        if (known == all.end()) {
            if (all.size() == most_barriers) all.erase(all.begin());
            known = all.insert(all.end(), Barriers{session, meant[0].first, {}});
        }
        known->order.raise(record.time, meant[0].second, Passed{record.index});
        known->order.forget_all_but(most_steps);
    }
}

void ReadYourPublishes::judge(const Decision& decision, const Seen& seen, const Order* own) {
    const Order::Step* due = own == nullptr ? nullptr : own->before(decision.inv);
    if (decision.agent < barriers_.size()) {
        for (const Barriers& barriers : barriers_[decision.agent]) {
            if (barriers.bundle != seen.bundle) continue;
            if (barriers.session != no_session && barriers.session != decision.session) continue;
            const Order::Step* passed = barriers.order.before(decision.inv);
            if (passed != nullptr && (due == nullptr || due->value < passed->value)) due = passed;
        }
    }
    if (due == nullptr) return;
    exercised(decision.agent);
    const std::uint64_t who = subject(decision.session == no_session ? decision.agent : decision.session, seen.bundle) |
                              (decision.session == no_session ? std::uint64_t{1} << 31 : 0);
    if (!model().bundle(seen.bundle).certainly_before(seen.number, due->value)) return episodes_.clean(who, decision.inv);
    auto& episode = episodes_.hit(who, std::uint64_t{due->value} << 32 | seen.number, decision.inv, decision.res);
    if (episode.count == 1) {
        episode.detail = {seen.bundle, due->value, due->at, due->cause, note_of(decision, &seen), {}};
    }
    episode.detail.wrongs.add(model(), decision.input, decision.answer,
                              only_answer(model(), decision, seen.bundle, due->value));
    hit(decision.index);
}

void ReadYourPublishes::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    const std::vector<Order>* own = decision.session == no_session ? nullptr : published_.find(decision.session);
    if (own == nullptr && barriers_.empty()) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        judge(decision, seen, own != nullptr && seen.bundle < own->size() ? &(*own)[seen.bundle] : nullptr);
    }
}

std::vector<Violation> ReadYourPublishes::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Bundle& bundle = model().bundle(detail.bundle);
        const Revision& due = bundle.revision(detail.due);
        const std::string& shown = bundle.revision(detail.note.number).name;
        const Timeline timeline{detail.since};
        Violation violation;
        violation.agent = model().agent(detail.note.agent).name();
        violation.attribution = Attribution::system;
        violation.from = episode.from;
        violation.to = episode.to;
        violation.count = episode.count;
        violation.wrongly_allowed = detail.wrongs.allowed;
        violation.wrongly_denied = detail.wrongs.denied;
        Witness witness;
        witness.add(model(), detail.bundle, detail.note.number).add(model(), detail.bundle, detail.due).add(detail.note);
        violation.witness = witness.indexes();
        const std::string who = detail.note.session == no_session
                                    ? std::string("a client")
                                    : "session " + model().session_name(detail.note.session);
        const std::string why =
            detail.passed.index == 0
                ? fmt::format("its own publish of {} was acknowledged", due.name)
                : fmt::format("the barrier of record {} had seen {} at {}", detail.passed.index, due.name, violation.agent);
        violation.summary = fmt::format("{} was answered under {} of bundle {} by {} after {}, {} .. {}, {}: {}", who, shown,
                                        bundle.name(), violation.agent, why, run_time(violation.from),
                                        run_time(violation.to), counted(episode.count, "decision"), detail.wrongs.tell());
        violation.proof.push_back(tell_publish(model(), detail.bundle, detail.due) + ".");
        violation.proof.push_back(fmt::format("At {}, which is t = 0 below, {}.", run_time(detail.since), why));
        violation.proof.push_back(tell_operation(model(), timeline, detail.note, detail.bundle) + ".");
        violation.proof.push_back(fmt::format("{} like it between t={} and {}: {}.", counted(episode.count, "decision"),
                                              timeline.at(episode.from), timeline.at(episode.to), detail.wrongs.tell()));
        violation.proof.push_back(fmt::format(
            "Not explained by: a restart ({}), the source ({}).",
            tell_restart(model(), timeline, detail.note.agent, detail.note.incarnation, detail.since, detail.note.inv),
            tell_deliveries(model(), timeline, detail.note.agent, detail.bundle, detail.due, detail.note.inv)));
        violation.proof.push_back(fmt::format("Nearest passing history: had this decision begun {} earlier, or shown {}.",
                                              format_seconds(detail.note.inv - detail.since), due.name));
        violations.push_back(std::move(violation));
    }
    return violations;
}

}  // namespace mistrial::checkers
