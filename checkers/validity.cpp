#include "checkers/validity.hpp"

#include "checkers/oracle.hpp"
#include "core/random.hpp"

#include <algorithm>
#include <tuple>

namespace mistrial::checkers {

namespace {

template <class T>
T& grown(std::vector<T>& row, std::size_t place) {
    if (row.size() <= place) row.resize(place + 1);
    return row[place];
}

std::uint64_t subject(AgentId agent, BundleId bundle) { return std::uint64_t{agent} << 32 | bundle; }

}  // namespace

// --- V1 ---------------------------------------------------------------------------------------------------------

namespace {

OperationNote noted(const Decision& decision, const Seen& seen) { return note_of(decision, &seen); }
OperationNote noted(const StatusReport& status, const Seen& seen) { return note_of(status, seen); }

}  // namespace

bool RevisionValidity::is_settled(BundleId bundle, RevisionNumber number, const Sight& sight) const {
    const Agent& agent = model().agent(sight.first.agent);
    return model().bundle(bundle).revision(number).outcome == PublishOutcome::ok && agent.deliveries_tracked() &&
           agent.exposed(bundle, number, sight.first.res);
}

template <class Operation>
void RevisionValidity::see_known(const Seen& seen, const Operation& operation, TrueTime res) {
    Sights& sights = grown(grown(known_, operation.agent), seen.bundle);
    if (sights.current == nullptr || sights.newest != seen.number) {
        if (model().agent(operation.agent).deliveries_tracked()) {
            std::erase_if(sights.all, [&](const auto& sight) { return is_settled(seen.bundle, sight.first, sight.second); });
        }
        sights.newest = seen.number;
        sights.current = &sights.all[seen.number];
    }
    Sight& sight = *sights.current;
    if (sight.count++ == 0) {
        sight.first = noted(operation, seen);
        sight.first.number = seen.number;
    }
    sight.last = res;
    if (model().bundle(seen.bundle).revision(seen.number).outcome == PublishOutcome::failed) hit(operation.index);
}

template <class Operation>
void RevisionValidity::see(const Seen& seen, const Operation& operation, TrueTime res) {
    if (seen.state == Seen::State::torn || seen.state == Seen::State::ambiguous || !covers_bundle(seen.bundle)) return;
    if (seen.state == Seen::State::known) {
        if (seen.number == nothing_active) return;
        exercised(operation.agent);
        see_known(seen, operation, res);
        return;
    }
    exercised(operation.agent);
    Sight& sight = unpublished_[{operation.agent, seen.bundle, seen.text}];
    if (sight.count++ == 0) sight.first = noted(operation, seen);
    sight.last = res;
    hit(operation.index);
}

void RevisionValidity::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) see(seen, decision, decision.res);
    if (!decision.seen.empty() || decision.answer == refused_answer || decision.answer == undefined_answer) return;

    const std::optional<bool> explained = explained_by_some(model(), decision.input, decision.answer, nothing_active);
    if (!explained) return;
    const BundleId bundle = model().bundles_of(decision.input)[0];
    if (!covers_bundle(bundle)) return;
    exercised(decision.agent);
    if (*explained) return unexplained_.clean(subject(decision.agent, bundle), decision.inv);
    auto& episode = unexplained_.hit(subject(decision.agent, bundle), 0, decision.inv, decision.res);
    if (episode.count == 1) episode.detail.note = note_of(decision, nullptr);
    if (!may_be_allowed(model(), decision.input)) {
        episode.detail.wrongs.add(model(), decision.input, decision.answer, model().answers().boolean(false));
    }
    hit(decision.index);
}

void RevisionValidity::on_status(const StatusReport& status) {
    if (!covers(status.agent)) return;
    for (const Seen& seen : status.seen) {
        see(seen, status, status.at);
    }
}

Violation RevisionValidity::describe(const Sight& sight, BundleId bundle, const std::string& summary,
                                     std::vector<std::string> proof) const {
    const Timeline timeline{sight.first.inv};
    Violation violation;
    violation.agent = model().agent(sight.first.agent).name();
    violation.from = sight.first.inv;
    violation.to = sight.last;
    violation.count = sight.count;
    violation.witness = Witness{}.add(sight.first).add(model(), bundle, sight.first.number).indexes();
    violation.summary = fmt::format("{}, {} .. {}, {}", summary, run_time(violation.from), run_time(violation.to),
                                    counted(sight.count, "answer"));
    violation.proof = std::move(proof);
    violation.proof.push_back(fmt::format("It was shown {} between {} and {}.", counted(sight.count, "time"),
                                          run_time(violation.from), run_time(violation.to)));
    return violation;
}

void RevisionValidity::finish() {
    for (const auto& [key, sight] : unpublished_) {
        const auto& [agent, bundle_id, text] = key;
        const Bundle& bundle = model().bundle(bundle_id);
        const std::string& name = model().agent(agent).name();
        const auto later = bundle.find(text);
        std::vector<std::string> proof{
            fmt::format("{} showed revision {} of bundle {} in record {}, which was over at {}.", name, text,
                        bundle.name(), sight.first.index, run_time(sight.first.res))};
        Sight known = sight;
        if (later) {
            known.first.number = *later;
            const Revision& revision = bundle.revision(*later);
            if (revision.inv <= sight.first.res) continue;
            proof.push_back(fmt::format("{}: {} after this answer was complete.", tell_publish(model(), bundle_id, *later),
                                        format_seconds(revision.inv - sight.first.res)));
        } else {
            proof.push_back(fmt::format("No record publishes a revision {} of bundle {} ({} others are published{}).", text,
                                        bundle.name(), bundle.newest(),
                                        bundle.newest() == nothing_active
                                            ? std::string{}
                                            : fmt::format(", the newest is {}", bundle.revision(bundle.newest()).name)));
        }
        violations_.push_back(describe(known, bundle_id,
                                       fmt::format("{} showed revision {} of bundle {}, which {}", name, text, bundle.name(),
                                                   later ? "was published only later" : "nobody published"),
                                       std::move(proof)));
    }
    for (AgentId agent = 0; agent < known_.size(); ++agent) {
        for (BundleId bundle_id = 0; bundle_id < known_[agent].size(); ++bundle_id) {
            for (const auto& [number, sight] : known_[agent][bundle_id].all) {
                const Bundle& bundle = model().bundle(bundle_id);
                const std::string& name = model().agent(agent).name();
                const std::string& revision = bundle.revision(number).name;
                const std::string shown =
                    fmt::format("{} showed revision {} of bundle {} in record {}, {} .. {}.", name, revision, bundle.name(),
                                sight.first.index, run_time(sight.first.inv), run_time(sight.first.res));
                if (bundle.revision(number).outcome == PublishOutcome::failed) {
                    violations_.push_back(
                        describe(sight, bundle_id,
                                 fmt::format("{} showed revision {} of bundle {}, whose publish failed", name, revision,
                                             bundle.name()),
                                 {tell_publish(model(), bundle_id, number) + ".", shown,
                                  "A publish that certainly failed must never be seen."}));
                } else if (model().agent(agent).deliveries_tracked() &&
                           !model().agent(agent).exposed(bundle_id, number, sight.first.res)) {
                    violations_.push_back(
                        describe(sight, bundle_id,
                                 fmt::format("{} showed revision {} of bundle {} before it was ever served to it", name,
                                             revision, bundle.name()),
                                 {tell_publish(model(), bundle_id, number) + ".", shown,
                                  fmt::format("Deliveries to {} are recorded, and none of {} had begun by then; no boot "
                                              "record says that it was persisted.",
                                              name, revision)}));
                }
            }
        }
    }
    for (const auto& episode : unexplained_.all()) {
        const OperationNote& note = episode.detail.note;
        const BundleId bundle_id = model().bundles_of(note.input)[0];
        Sight sight{note, episode.to, episode.count, episode.detail.wrongs};
        Violation violation = describe(
            sight, bundle_id,
            fmt::format("{} gave a verdict that no published revision of bundle {} explains",
                        model().agent(note.agent).name(), model().bundle(bundle_id).name()),
            {tell_operation(model(), Timeline{note.inv}, note, bundle_id) + ".",
             fmt::format("None of the {} revisions of bundle {} begun by then gives this verdict for this input.",
                         model().bundle(bundle_id).newest(), model().bundle(bundle_id).name())});
        violation.wrongly_allowed = episode.detail.wrongs.allowed;
        violations_.push_back(std::move(violation));
    }
}

std::vector<Violation> RevisionValidity::violations() const { return violations_; }

// --- V3 ---------------------------------------------------------------------------------------------------------

void OracleCorrectness::on_decision(const Decision& decision) {
    if (!covers(decision.agent) || decision.answer == refused_answer) return;
    const std::optional<State> state = state_of(model(), decision);
    if (!state) return;
    const std::optional<bool> right = admits(model(), decision.input, *state, decision.clock, decision.answer);
    if (!right) return;
    exercised(decision.agent);
    if (*right) return episodes_.clean(decision.agent, decision.inv);

    const std::vector<BundleId>& bundles = model().bundles_of(decision.input);
    std::uint64_t cause = 0;
    for (const RevisionNumber number : *state) cause = cause * 1'000'003 + number;
    auto& episode = episodes_.hit(decision.agent, cause, decision.inv, decision.res);
    const std::vector<AnswerId> expected = possible_answers(model(), decision.input, *state, decision.clock);
    if (episode.count == 1) {
        Detail& detail = episode.detail;
        const Seen* seen = decision.of(bundles[0]);
        detail.note = note_of(decision, seen);
        detail.clock = decision.clock;
        for (std::size_t i = 0; i < bundles.size(); ++i) {
            const Bundle& bundle = model().bundle(bundles[i]);
            detail.state += fmt::format("{}{} of {}", i == 0 ? "" : ", ", bundle.revision((*state)[i]).name, bundle.name());
            detail.revisions.emplace_back(bundles[i], (*state)[i]);
        }
        for (const AnswerId answer : expected) {
            detail.expected += fmt::format("{}{}", detail.expected.empty() ? "" : " or ", model().answers().text(answer));
        }
        if (bundles.size() == 1) {
            const Bundle& bundle = model().bundle(bundles[0]);
            for (RevisionNumber number = bundle.newest(); number > nothing_active; --number) {
                const RevisionNumber other[] = {number};
                if (admits(model(), decision.input, other, decision.clock, decision.answer).value_or(false)) {
                    detail.right_under.push_back(bundle.revision(number).name);
                }
            }
        }
    }
    if (expected.size() == 1) episode.detail.wrongs.add(model(), decision.input, decision.answer, expected[0]);
    hit(decision.index);
}

std::vector<Violation> OracleCorrectness::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Timeline timeline{detail.note.inv};
        Violation violation;
        violation.agent = model().agent(detail.note.agent).name();
        violation.from = episode.from;
        violation.to = episode.to;
        violation.count = episode.count;
        violation.wrongly_allowed = detail.wrongs.allowed;
        violation.wrongly_denied = detail.wrongs.denied;
        Witness witness;
        for (const auto& [bundle, number] : detail.revisions) witness.add(model(), bundle, number);
        violation.witness = witness.add(detail.note).indexes();
        violation.summary = fmt::format("{} answered {} where {} says {}, {} .. {}, {}: {}", violation.agent,
                                        model().answers().text(detail.note.answer), detail.state, detail.expected,
                                        run_time(violation.from), run_time(violation.to),
                                        counted(violation.count, "decision"), detail.wrongs.tell());
        violation.proof.push_back(
            tell_operation(model(), timeline, detail.note, detail.revisions.front().first) + "; t = 0 is its start.");
        violation.proof.push_back(fmt::format(
            "Under {}, this input{} must be answered {}.", detail.state,
            detail.clock ? fmt::format(" at {} of the agent's own clock", format_wall(*detail.clock)) : std::string{},
            detail.expected));
        violation.proof.push_back(
            detail.right_under.empty()
                ? std::string("No published revision gives the verdict that was given.")
                : fmt::format("The verdict given would have been right under {}.", listed(detail.right_under)));
        violation.proof.push_back(fmt::format(
            "{} like it at {} between {} and {}: {}.", counted(episode.count, "decision"), violation.agent,
            run_time(episode.from), run_time(episode.to), detail.wrongs.tell()));
        violation.proof.push_back(fmt::format(
            "Not explained by: an older revision (the decision shows its own), the network (agent and oracle had the same "
            "question), the clock ({}).",
            detail.clock ? "the decision's own reading was used" : "any reading was granted"));
        violations.push_back(std::move(violation));
    }
    return violations;
}

// --- V5 ---------------------------------------------------------------------------------------------------------

void AtomicActivation::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (!seen.from_markers || !covers_bundle(seen.bundle) || !model().atomic(seen.bundle)) continue;
        const Bundle& bundle = model().bundle(seen.bundle);
        if (seen.markers.size() < 2 && !seen.reported) continue;
        exercised(decision.agent);
        const std::uint64_t who = subject(decision.agent, seen.bundle);
        if (seen.state != Seen::State::torn && !seen.misreported) {
            episodes_.clean(who, decision.inv);
            continue;
        }
        std::string shown;
        std::vector<RevisionNumber> revisions;
        for (const auto& [root, marker] : seen.markers) {
            shown += fmt::format("{}{}/{} shows {}", shown.empty() ? "" : ", ", bundle.name(), root, marker);
            if (const auto number = bundle.find(marker)) revisions.push_back(*number);
        }
        const std::string said = seen.reported.value_or(std::string{});
        auto& episode = episodes_.hit(who, fnv1a(said, fnv1a(shown)), decision.inv, decision.res);
        if (episode.count == 1) {
            if (const auto number = bundle.find(said)) revisions.push_back(*number);
            episode.detail = {note_of(decision, &seen), seen.bundle, seen.state == Seen::State::torn, shown, revisions, said};
        }
        hit(decision.index);
    }
}

std::vector<Violation> AtomicActivation::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const std::string& bundle = model().bundle(detail.bundle).name();
        Violation violation;
        violation.agent = model().agent(detail.note.agent).name();
        violation.from = episode.from;
        violation.to = episode.to;
        violation.count = episode.count;
        Witness witness;
        for (const RevisionNumber number : detail.revisions) witness.add(model(), detail.bundle, number);
        violation.witness = witness.add(detail.note).indexes();
        violation.summary = fmt::format(
            "{} {}: {}{}, {} .. {}, {}", violation.agent,
            detail.torn ? fmt::format("decided under parts of two revisions of bundle {}", bundle)
                        : fmt::format("reported another revision of bundle {} than it enforced", bundle),
            detail.shown, detail.torn ? std::string{} : fmt::format(" while it reports {}", detail.reported),
            run_time(violation.from), run_time(violation.to), counted(episode.count, "decision"));
        const Input* input = model().input(detail.note.input);
        violation.proof.push_back(fmt::format(
            "One decision (record {}{}, {} .. {}) at {} carries these markers of bundle {}: {}.", detail.note.index,
            input == nullptr || input->text.empty() ? std::string{} : ", " + input->text, run_time(detail.note.inv),
            run_time(detail.note.res), violation.agent, bundle, detail.shown));
        for (const RevisionNumber number : detail.revisions) {
            violation.proof.push_back(tell_publish(model(), detail.bundle, number) + ".");
        }
        violation.proof.push_back(
            detail.torn ? fmt::format("No published revision of {} shows these together, and an agent must switch all roots "
                                      "of a bundle at one instant.",
                                      bundle)
                        : fmt::format("In the same answer the agent reports {}: its provenance does not say what it "
                                      "enforces.",
                                      detail.reported));
        violation.proof.push_back(fmt::format("{} like it between {} and {}.", counted(episode.count, "decision"),
                                              run_time(episode.from), run_time(episode.to)));
        violations.push_back(std::move(violation));
    }
    return violations;
}

}  // namespace mistrial::checkers
