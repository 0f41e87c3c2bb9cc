#include "checkers/source_order.hpp"

#include "checkers/kernels/least_assignment.hpp"
#include "checkers/proof.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mistrial::checkers {

namespace {

using kernels::Choice;
using kernels::Place;

/// Before all deliveries: nothing is active, then what the process began with.
constexpr Place empty_place = kernels::no_floor + 1;
constexpr Place initial_place = kernels::no_floor + 2;

constexpr std::size_t most_reasons = 3;

/// One way in which the process may have begun.
struct Beginning {
    std::optional<RevisionNumber> initial;
    kernels::MonotoneGroup<std::size_t> group;
    std::vector<std::optional<std::size_t>> pushed_by = {};  ///< by operation: what set the floor that mattered
    std::vector<std::size_t> refuted = {};                   ///< the chain that rules it out; empty while it stands
};

class Explanation {
  public:
    Explanation(const Model& model, const Activations::Sequence& sequence, IncarnationId incarnation, BundleId bundle)
        : sequence_(sequence) {
        const Agent& agent = model.agent(sequence.agent);
        const auto life = std::find_if(agent.incarnations.rbegin(), agent.incarnations.rend(),
                                       [&](const Incarnation& one) { return one.id == incarnation; });
        const bool born = life != agent.incarnations.rend();
        std::set<RevisionNumber> left(agent.persisted(bundle).begin(), agent.persisted(bundle).end());
        for (const Delivery& delivery : agent.deliveries(bundle)) {
            if (born && delivery.at < life->boot) {
                left.insert(delivery.number);
            } else {
                const Place began = nanos_of(delivery.began);
                delivered_[delivery.number].push_back({began, std::max(began, Place{nanos_of(delivery.at)})});
            }
        }
        std::set<RevisionNumber> shown;
        for (std::size_t run = 0; run < sequence.runs.size(); ++run) {
            shown.insert(sequence.runs[run].number);
            for (const OperationNote& note : sequence.runs[run].kept) operations_.push_back({run, &note});
        }
        begin_with(std::nullopt);
        for (const RevisionNumber number : shown) {
            if (number != nothing_active && (!born || left.contains(number))) begin_with(number);
        }
    }

    std::vector<Unfaithful> unfaithful() {
        std::vector<Unfaithful> found;
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            std::vector<std::optional<Place>> lows;
            for (Beginning& beginning : beginnings_) lows.push_back(least(beginning, i));
            if (std::all_of(lows.begin(), lows.end(), [](const auto& low) { return !low; })) {
                found.push_back({operations_[i].run, *operations_[i].note, reasons(i)});
                continue;
            }
            for (std::size_t b = 0; b < beginnings_.size(); ++b) {
                Beginning& beginning = beginnings_[b];
                if (!beginning.refuted.empty()) continue;
                if (lows[b]) {
                    beginning.group.raise(operations_[i].note->res, *lows[b], i);
                } else {
                    beginning.refuted = chain(beginning, i);
                }
            }
        }
        return found;
    }

  private:
    struct Operation {
        std::size_t run;
        const OperationNote* note;
    };

    void begin_with(std::optional<RevisionNumber> initial) {
        beginnings_.push_back({initial, kernels::MonotoneGroup<std::size_t>{}});
        beginnings_.back().pushed_by.resize(operations_.size());
    }

    /// The least place that explains the operation, given how the process began; nullopt when there is none.
    std::optional<Place> least(Beginning& beginning, std::size_t i) const {
        if (!beginning.refuted.empty()) return std::nullopt;
        const OperationNote& note = *operations_[i].note;
        // When a report was written is not known: it is held to nothing, but others are held to it.
        const bool report = note.kind == OperationNote::Kind::status;
        const auto floor = beginning.group.floor(report ? TrueTime::min() : note.inv);
        std::optional<Place> least, least_anyway;
        const auto consider = [&](const Choice& choice) {
            if (!least_anyway || choice.low < *least_anyway) least_anyway = choice.low;
            if (choice.high >= floor.place && (!least || choice.low < *least)) least = choice.low;
        };
        if (note.number == nothing_active) consider({empty_place, empty_place});
        if (beginning.initial == note.number) consider({initial_place, initial_place});
        if (const auto deliveries = delivered_.find(note.number); deliveries != delivered_.end()) {
            for (const Choice& choice : deliveries->second) {
                if (choice.low <= nanos_of(note.res)) consider(choice);
            }
        }
        if (floor.cause != nullptr && least_anyway && least != least_anyway) beginning.pushed_by[i] = *floor.cause;
        return least;
    }

    static std::vector<std::size_t> chain(const Beginning& beginning, std::size_t i) {
        std::vector<std::size_t> links;
        for (std::optional<std::size_t> link = i; link; link = beginning.pushed_by[*link]) links.push_back(*link);
        return links;
    }

    /// Everything but the operation itself that rules it out, however the process began. A beginning with a revision that
    /// none of these shows is as good as one with nothing.
    std::vector<OperationNote> reasons(std::size_t i) const {
        std::vector<std::size_t> links{i};
        std::set<RevisionNumber> shown{operations_[i].note->number};
        const auto add = [&](const Beginning& beginning) {
            for (const std::size_t link : beginning.refuted.empty() ? chain(beginning, i) : beginning.refuted) {
                if (std::find(links.begin(), links.end(), link) == links.end()) links.push_back(link);
                shown.insert(operations_[link].note->number);
            }
        };
        add(beginnings_.front());
        for (std::size_t before = 0; before != links.size();) {
            before = links.size();
            for (const Beginning& beginning : beginnings_) {
                if (beginning.initial && shown.contains(*beginning.initial)) add(beginning);
            }
        }
        std::vector<OperationNote> notes;
        for (const std::size_t link : links) {
            if (link != i) notes.push_back(*operations_[link].note);
        }
        return notes;
    }

    const Activations::Sequence& sequence_;
    std::map<RevisionNumber, std::vector<Choice>> delivered_;
    std::vector<Operation> operations_;
    std::vector<Beginning> beginnings_;
};

}  // namespace

std::vector<Unfaithful> unfaithful(const Model& model, IncarnationId incarnation, BundleId bundle) {
    const auto sequences = model.activations().of(incarnation);
    if (bundle >= sequences.size() || sequences[bundle].overflown || sequences[bundle].runs.empty()) return {};
    if (!deliveries_known(model, sequences[bundle].agent, bundle)) return {};
    return Explanation{model, sequences[bundle], incarnation, bundle}.unfaithful();
}

void SourceFidelity::on_decision(const Decision& decision) {
    if (decision.incarnation == no_incarnation || !covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        if (deliveries_known(model(), decision.agent, seen.bundle)) exercised(decision.agent);
    }
}

void SourceFidelity::finish() {
    const Activations& activations = model().activations();
    for (IncarnationId incarnation = 0; incarnation < activations.incarnation_count(); ++incarnation) {
        const auto sequences = activations.of(incarnation);
        for (BundleId bundle = 0; bundle < sequences.size(); ++bundle) {
            if (sequences[bundle].runs.empty() || !covers(sequences[bundle].agent) || !covers_bundle(bundle)) continue;
            const std::uint64_t subject = std::uint64_t{incarnation} << 32 | bundle;
            for (Unfaithful& one : unfaithful(model(), incarnation, bundle)) {
                const Activations::Run& run = sequences[bundle].runs[one.run];
                hit(one.note.index);
                Episode& episode = episodes_.hit(subject, run.number, one.note.inv, one.note.res);
                const bool opened = episode.count == 1;
                // Those of the run that were not kept have nothing better to explain them.
                if (run.settled && run.kept.back().index == one.note.index) {
                    episode.count += run.count - static_cast<std::int64_t>(run.kept.size());
                    episode.to = std::max(episode.to, run.last);
                }
                if (opened) episode.detail = {bundle, std::move(one)};
            }
        }
    }
}

Violation SourceFidelity::describe(const Episode& episode) const {
    const auto& [bundle_id, unfaithful] = episode.detail;
    const OperationNote& note = unfaithful.note;
    const Bundle& bundle = model().bundle(bundle_id);
    const Agent& agent = model().agent(note.agent);
    const std::string& shown = bundle.revision(note.number).name;
    const Timeline timeline{unfaithful.because.empty() ? note.inv : unfaithful.because.back().inv};
    Violation violation;
    violation.agent = agent.name();
    violation.attribution = Attribution::agent;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    Witness witness;
    witness.add(note);
    for (std::size_t i = 0; i < unfaithful.because.size() && i < most_reasons; ++i) witness.add(unfaithful.because[i]);
    violation.witness = witness.indexes();
    violation.summary = fmt::format("{} activated {} of bundle {} although it was not delivered then, {} .. {}, {}",
                                    agent.name(), shown, bundle.name(), run_time(violation.from), run_time(violation.to),
                                    counted(violation.count, "operation"));
    std::vector<std::string>& proof = violation.proof;
    for (auto reason = unfaithful.because.rbegin(); reason != unfaithful.because.rend(); ++reason) {
        proof.push_back(tell_operation(model(), timeline, *reason, bundle_id) + ".");
    }
    proof.push_back(tell_operation(model(), timeline, note, bundle_id) + ".");
    std::vector<std::string> deliveries;
    const bool delivered_at_all = std::any_of(
        agent.deliveries(bundle_id).begin(), agent.deliveries(bundle_id).end(),
        [&](const Delivery& delivery) { return delivery.number == note.number && delivery.began <= note.res; });
    for (const Delivery& delivery : agent.deliveries(bundle_id)) {
        if (delivery.began > note.res) continue;
        deliveries.push_back(fmt::format("{} by {} at {}", bundle.revision(delivery.number).name, delivery.server,
                                         timeline.span(delivery.began, delivery.at)));
    }
    constexpr std::size_t newest = 6;
    if (deliveries.size() > newest) deliveries.erase(deliveries.begin(), deliveries.end() - newest);
    proof.push_back(fmt::format("Delivered to {} by then{}: {}.", agent.name(),
                                agent.deliveries(bundle_id).size() > newest ? " (the newest)" : "",
                                deliveries.empty() ? "nothing" : listed(deliveries, newest)));
    proof.push_back(unfaithful.because.empty()
                        ? fmt::format("No delivery of {} had begun, and nothing says that {} began with it.", shown, agent.name())
                    : delivered_at_all
                        ? fmt::format("What was shown before was delivered after every delivery of {}: to follow the order of "
                                      "delivery, {} would have had to be delivered {} once more.",
                                      shown, agent.name(), shown)
                        : fmt::format("No delivery of {} had begun; {} may have begun with it, but not have shown what it did "
                                      "before then.",
                                      shown, agent.name()));
    proof.push_back(fmt::format("Not explained by: the source (it did not deliver {} then), a restart ({}), the clock (no "
                                "agent's clock is used).",
                                shown,
                                tell_restart(model(), timeline, note.agent, note.incarnation,
                                             unfaithful.because.empty() ? note.inv : unfaithful.because.front().res, note.inv)));
    proof.push_back(fmt::format("Nearest passing history: had a delivery of {} begun by t={}.", shown, timeline.at(note.res)));
    return violation;
}

std::vector<Violation> SourceFidelity::violations() const {
    std::vector<Violation> violations;
    for (const Episode& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

}  // namespace mistrial::checkers
