#include "checkers/durability.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

constexpr std::size_t most_kept = 256;

template <class T>
T& grown(std::vector<T>& row, std::size_t place) {
    if (row.size() <= place) row.resize(place + 1);
    return row[place];
}

}  // namespace

DurableMonotonicity::Life& DurableMonotonicity::life(IncarnationId incarnation) { return lives_[incarnation]; }

bool DurableMonotonicity::promised(AgentId agent) const {
    const auto listed = model().listed_agents().find(model().agent(agent).name());
    return listed != model().listed_agents().end() && listed->second.persist;
}

void DurableMonotonicity::on_event(const history::Record& record) {
    const auto* boot = std::get_if<history::Boot>(&record.value);
    if (boot == nullptr) return;
    const AgentId agent = model().intern_agent(boot->agent);
    const std::deque<Incarnation>& lives = model().agent(agent).incarnations;
    if (lives.empty()) return;
    Life& life = this->life(lives.back().id);
    life.booted = record.time;
    life.boot_index = record.index;
    life.found.clear();
    life.unnamed.clear();
    if (!boot->persisted) return;
    for (const auto& [name, revision] : *boot->persisted) {
        const BundleId bundle = model().find_bundle(name);
        if (bundle == Names::none) continue;
        if (const auto number = model().bundle(bundle).find(revision)) grown(life.found, bundle) = *number;
        else if (is_named(revision)) life.unnamed.emplace_back(bundle, revision);
    }
}

RevisionNumber DurableMonotonicity::found(Life& life, BundleId bundle) const {
    std::erase_if(life.unnamed, [&](const auto& unnamed) {
        if (unnamed.first != bundle) return false;
        const auto number = model().bundle(bundle).find(unnamed.second);
        if (number && model().bundle(bundle).revision(*number).inv <= *life.booted) grown(life.found, bundle) = *number;
        return number.has_value();
    });
    return bundle < life.found.size() ? life.found[bundle] : nothing_active;
}

void DurableMonotonicity::judge(const Decision& decision, const Seen& seen, PerBundle& memory, Life& life) {
    const Bundle& bundle = model().bundle(seen.bundle);
    const auto binding = [&](RevisionNumber number) {
        return number != nothing_active && !bundle.revision(number).bad && !bundle.revision(number).failed_before(decision.res);
    };
    const bool promised = this->promised(decision.agent);
    bool judged = false;
    std::optional<Detail> broken;
    const RevisionNumber found = this->found(life, seen.bundle);
    if (life.booted && *life.booted < decision.inv && binding(found)) {
        judged = true;
        if (bundle.certainly_before(seen.number, found) && (seen.number != nothing_active || promised)) {
            broken = Detail{seen.bundle, found, std::nullopt, life.boot_index, *life.booted, note_of(decision, &seen), {}};
        }
    }
    for (const Kept& kept : memory.kept) {
        if (!promised || !kept.outlived || !(kept.outlived->res < decision.inv) || kept.incarnation == decision.incarnation) continue;
        if (!binding(kept.number)) continue;
        judged = true;
        if (!bundle.certainly_before(seen.number, kept.number) || (broken && broken->persisted >= kept.number)) continue;
        broken = Detail{seen.bundle, kept.number, kept, 0, kept.outlived->res, note_of(decision, &seen), {}};
    }
    if (judged) exercised(decision.agent);
    const std::uint64_t who = std::uint64_t{decision.agent} << 32 | seen.bundle;
    if (!broken) {
        if (judged) episodes_.clean(who, decision.inv);
        return;
    }
    const std::uint64_t cause = std::uint64_t{decision.incarnation} << 32 | broken->persisted;
    auto& episode = episodes_.hit(who, cause, decision.inv, decision.res);
    const RevisionNumber persisted = broken->persisted;
    if (episode.count == 1) episode.detail = std::move(*broken);
    episode.detail.wrongs.add(model(), decision.input, decision.answer,
                              only_answer(model(), decision, seen.bundle, persisted));
    hit(decision.index);
}

void DurableMonotonicity::remember(PerBundle& memory, Life& life, const Seen& seen, const OperationNote& note) {
    if (memory.last != seen.number || memory.last_by != note.incarnation) {
        // It has gone back: whatever is newer may have been overwritten.
        const Bundle& bundle = model().bundle(seen.bundle);
        std::erase_if(memory.kept, [&](const Kept& kept) { return bundle.certainly_before(seen.number, kept.number); });
        const bool known = std::any_of(memory.kept.begin(), memory.kept.end(), [&](const Kept& kept) {
            return kept.number == seen.number && kept.incarnation == note.incarnation;
        });
        if (!known && seen.number != nothing_active && claim().within) {
            // An old promise that is forgotten accuses nobody.
            if (memory.kept.size() == most_kept) memory.kept.erase(memory.kept.begin());
            memory.kept.push_back({seen.number, note.incarnation, note, std::nullopt});
        }
        memory.awaited = static_cast<std::size_t>(
            std::count_if(memory.kept.begin(), memory.kept.end(), [](const Kept& kept) { return !kept.outlived; }));
        memory.last = seen.number;
        memory.last_by = note.incarnation;
    }
    std::optional<TrueTime>& first = grown(life.first_shown, seen.bundle);
    if (seen.number != nothing_active && !first) first = note.res;
    if (memory.awaited == 0 || note.kind != OperationNote::Kind::decision) return;
    for (Kept& kept : memory.kept) {
        if (kept.outlived || kept.incarnation != note.incarnation || !(kept.shown.res + *claim().within < note.inv)) continue;
        kept.outlived = note;
        --memory.awaited;
    }
}

void DurableMonotonicity::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation || !covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        PerBundle& memory = grown(grown(memory_, decision.agent), seen.bundle);
        Life& life = this->life(decision.incarnation);
        const std::optional<TrueTime> first = grown(life.first_shown, seen.bundle);
        if (!first || !(*first < decision.inv)) judge(decision, seen, memory, life);
        remember(memory, life, seen, note_of(decision, &seen));
    }
}

void DurableMonotonicity::on_status(const StatusReport& status) {
    if (status.incarnation == no_incarnation || !covers(status.agent)) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        remember(grown(grown(memory_, status.agent), seen.bundle), life(status.incarnation), seen, note_of(status, seen));
    }
}

std::vector<Violation> DurableMonotonicity::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Bundle& bundle = model().bundle(detail.bundle);
        const Agent& agent = model().agent(detail.note.agent);
        const std::string& persisted = bundle.revision(detail.persisted).name;
        const std::string& shown = bundle.revision(detail.note.number).name;
        const Timeline timeline{detail.since};
        const auto& deliveries = agent.deliveries(detail.bundle);
        const auto again = std::find_if(deliveries.begin(), deliveries.end(), [&](const Delivery& delivery) {
            return delivery.number == detail.note.number && delivery.at >= detail.since && delivery.began <= detail.note.res;
        });
        Violation violation;
        violation.agent = agent.name();
        violation.attribution = again == deliveries.end() ? Attribution::agent : Attribution::source;
        violation.from = episode.from;
        violation.to = episode.to;
        violation.count = episode.count;
        violation.wrongly_allowed = detail.wrongs.allowed;
        violation.wrongly_denied = detail.wrongs.denied;
        Witness witness;
        witness.add(model(), detail.bundle, detail.persisted);
        if (detail.kept) witness.add(detail.kept->shown).add(*detail.kept->outlived);
        violation.witness = witness.add(detail.note).indexes();
        violation.summary = fmt::format("{} came back with {} of bundle {} although {} was persisted, {} .. {}, {}: {}",
                                        agent.name(), shown, bundle.name(), persisted, run_time(violation.from),
                                        run_time(violation.to), counted(episode.count, "decision"), detail.wrongs.tell());
        std::vector<std::string>& proof = violation.proof;
        proof.push_back(tell_publish(model(), detail.bundle, detail.persisted) + ".");
        if (detail.kept) {
            proof.push_back(tell_operation(model(), timeline, detail.kept->shown, detail.bundle) + ".");
            proof.push_back(fmt::format("{} persists, says the run record, and within {} of an activation, says the claim; the "
                                        "same process still ran longer than that later, when it was asked in record {}, {}.",
                                        agent.name(), format_duration(*claim().within), detail.kept->outlived->index,
                                        timeline.span(detail.kept->outlived->inv, detail.kept->outlived->res)));
        } else {
            proof.push_back(fmt::format("The boot record {} found {} on disk at {}, which is t = 0 below.", detail.boot_index,
                                        persisted, run_time(detail.since)));
        }
        proof.push_back(tell_operation(model(), timeline, detail.note, detail.bundle) +
                        "; nothing that this process showed came before it.");
        proof.push_back(fmt::format("{} like it between t={} and {}: {}.", counted(episode.count, "decision"),
                                    timeline.at(episode.from), timeline.at(episode.to), detail.wrongs.tell()));
        proof.push_back(again != deliveries.end()
                            ? fmt::format("The source did it: {} delivered {} at {}.", again->server, shown,
                                          timeline.span(again->began, again->at))
                            : fmt::format("Not explained by: the source ({}).",
                                          deliveries.empty() ? std::string("no delivery to this agent is recorded")
                                                             : fmt::format("it did not deliver {} since", shown)));
        proof.push_back(fmt::format("Nearest passing history: had it shown {}.", persisted));
        violations.push_back(std::move(violation));
    }
    return violations;
}

}  // namespace mistrial::checkers
