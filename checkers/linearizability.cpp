#include "checkers/linearizability.hpp"

#include "checkers/linearizability/explanation.hpp"
#include "checkers/oracle.hpp"

#include <chrono>
#include <numeric>

namespace mistrial::checkers {

Linearizability::Linearizability(mistrial::checkers::Model& model, Claim claim) : PropertyChecker(model, std::move(claim)) {}

Linearizability::Register& Linearizability::of(BundleId bundle) {
    if (registers_.size() <= bundle) registers_.resize(bundle + 1);
    return registers_[bundle];
}

void Linearizability::on_publish_ends(BundleId bundle, RevisionNumber number) {
    const Revision& revision = model().bundle(bundle).revision(number);
    // Nobody has to take up what must be refused.
    if (revision.outcome != PublishOutcome::ok || revision.bad || !covers_bundle(bundle)) return;
    of(bundle).raise(*revision.res, number, std::nullopt);
}

void Linearizability::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        Register& fleet = of(seen.bundle);
        const Bundle& bundle = model().bundle(seen.bundle);
        if (bundle.several_authorities()) {
            unfinished_ = Reason::no_evidence;
            continue;
        }
        if (const Register::Step* newest = fleet.before(decision.inv)) {
            exercised(decision.agent);
            if (bundle.certainly_before(seen.number, newest->value)) {
                stale(decision, seen, *newest);
            } else {
                episodes_.clean(std::uint64_t{decision.agent} << 32 | seen.bundle, decision.inv);
            }
        }
        const bool newer = seen.number != nothing_active && (fleet.empty() || fleet.newest().value < seen.number);
        if (newer && !bundle.revision(seen.number).bad) fleet.raise(decision.res, seen.number, note_of(decision, &seen));
    }
}

void Linearizability::stale(const Decision& decision, const Seen& seen, const Register::Step& newest) {
    // One cause: this agent still has this revision, however many newer ones there are by now.
    auto& episode = episodes_.hit(std::uint64_t{decision.agent} << 32 | seen.bundle, seen.number, decision.inv, decision.res);
    if (episode.count == 1) episode.detail = {seen.bundle, newest.value, newest.cause, note_of(decision, &seen), {}};
    if (std::optional<State> state = state_of(model(), decision)) {
        const std::vector<BundleId>& bundles = model().bundles_of(decision.input);
        for (std::size_t i = 0; i < bundles.size(); ++i) {
            if (bundles[i] == seen.bundle) (*state)[i] = newest.value;
        }
        const auto right = possible_answers(model(), decision.input, *state, decision.clock);
        if (right.size() == 1) episode.detail.wrongs.add(model(), decision.input, decision.answer, right[0]);
    }
    hit(decision.index);
}

Violation Linearizability::describe(const Episode& episode) const {
    const Detail& detail = episode.detail;
    const Bundle& bundle = model().bundle(detail.bundle);
    const Revision& newer = bundle.revision(detail.newer);
    const std::string older = detail.older.number == nothing_active ? std::string("no revision")
                                                                    : bundle.revision(detail.older.number).name;
    const TrueTime known = detail.sight ? detail.sight->res : *newer.res;
    const Timeline timeline{newer.res.value_or(newer.inv)};
    const std::string& agent = model().agent(detail.older.agent).name();

    Violation violation;
    violation.agent = agent;
    violation.attribution = Attribution::system;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = detail.wrongs.allowed;
    violation.wrongly_denied = detail.wrongs.denied;
    Witness witness;
    witness.add(model(), detail.bundle, detail.older.number).add(model(), detail.bundle, detail.newer);
    if (detail.sight) witness.add(*detail.sight);
    violation.witness = witness.add(detail.older).indexes();
    violation.summary = fmt::format("{} answered with {} of bundle {} although {} had been {} before, {} .. {}, {}: {}", agent, older,
                                    bundle.name(), newer.name, detail.sight ? "shown" : "acknowledged", run_time(violation.from),
                                    run_time(violation.to), counted(episode.count, "decision"), detail.wrongs.tell());

    std::vector<std::string>& proof = violation.proof;
    if (detail.older.number != nothing_active) proof.push_back(tell_publish(model(), detail.bundle, detail.older.number) + ".");
    proof.push_back(tell_publish(model(), detail.bundle, detail.newer) +
                    fmt::format("; that instant is t = 0 below, and {} is the newer one.", newer.name));
    if (detail.sight) proof.push_back(tell_operation(model(), timeline, *detail.sight, detail.bundle) + ".");
    proof.push_back(tell_operation(model(), timeline, detail.older, detail.bundle) + ".");
    proof.push_back(fmt::format("It began {} after {} was certainly there: no order in which each of them takes effect once, between "
                                "its begin and its end, has both.",
                                format_seconds(detail.older.inv - known), newer.name));
    proof.push_back(fmt::format("{} like it between t={} and {}: {}.", counted(episode.count, "decision"), timeline.at(episode.from),
                                timeline.at(episode.to), detail.wrongs.tell()));
    proof.push_back(fmt::format("Not explained by: propagation, faults or restarts, none of which a register has; the order of the "
                                "publishes ({} had taken effect before {} was begun), a wrong report ({}).",
                                older, newer.name,
                                detail.older.from_markers ? "the revisions are those of the markers in the verdicts"
                                                          : "the revisions are those that the agent itself reports"));
    proof.push_back(fmt::format("Nearest passing history: had the decision begun {} earlier, or had it shown {}.",
                                format_seconds(detail.older.inv - known), newer.name));
    return violation;
}

void Linearizability::on_call_begins(const history::Record& invocation) { calls_.begins(invocation); }

void Linearizability::on_call_ends(const history::Record& completion, TrueTime inv, std::optional<std::uint64_t> invoke_index) {
    calls_.ends(completion, inv, invoke_index);
}

void Linearizability::finish() {
    if (!calls_.empty()) decide_calls();
}

void Linearizability::decide_calls() {
    namespace lin = linearizability;
    const Json& parameters = claim().parameters;
    const auto gathered = calls_.gather(parameters.is_object() ? parameters.value("model", "") : "");
    if (!gathered) {
        unfinished_ = Reason::no_evidence;
        notes_.push_back("linearizability: " + gathered.error().message);
        return;
    }
    const lin::Limits given = lin::limits_of(parameters);
    const lin::State initial = calls_.values().id_of(parameters.is_object() ? parameters.value("initial", Json()) : Json());
    const auto until = std::chrono::steady_clock::now() + given.time;
    const auto left_of = [&] { return std::max<Duration>(until - std::chrono::steady_clock::now(), Duration::zero()); };
    // Each object has an equal share of the time that is left; what some leave over, those have that were not decided.
    std::vector<lin::Verdict> verdicts(gathered->objects.size());
    std::vector<std::size_t> undecided(gathered->objects.size());
    std::iota(undecided.begin(), undecided.end(), std::size_t{0});
    for (int round = 0; round < 2 && !undecided.empty(); ++round) {
        std::vector<std::size_t> still;
        for (std::size_t i = 0; i < undecided.size(); ++i) {
            lin::Limits share = given;
            share.time = left_of() / static_cast<std::int64_t>(undecided.size() - i);
            lin::Verdict& verdict = verdicts[undecided[i]];
            verdict = lin::decide(*gathered->model, calls_.values(), gathered->objects[undecided[i]].operations, share, initial);
            if (verdict.outcome.ended == lin::Outcome::Ended::out_of_time) still.push_back(undecided[i]);
        }
        if (still.size() == gathered->objects.size()) break;  // nothing is left over
        undecided = std::move(still);
    }
    std::uint64_t configurations = 0;
    std::int64_t by_zones = 0;
    std::int64_t operations = 0;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        const lin::Object& object = gathered->objects[i];
        const lin::Verdict& verdict = verdicts[i];
        operations += static_cast<std::int64_t>(object.operations.size());
        configurations += verdict.outcome.configurations;
        by_zones += verdict.by_zones ? 1 : 0;
        if (verdict.outcome.ended != lin::Outcome::Ended::decided) {
            unfinished_ = Reason::time;
            notes_.push_back(fmt::format(
                "linearizability{}: ended by {} of {} after {} configurations, with {} of {} operations in order",
                object.key ? " of key " + *object.key : std::string{},
                verdicts.size() > 1 && verdict.outcome.ended == lin::Outcome::Ended::out_of_time ? "its share of the limit"
                                                                                                 : "its limit",
                verdict.outcome.ended == lin::Outcome::Ended::out_of_time ? format_duration(given.time)
                                                                          : fmt::format("{} bytes", given.memory),
                verdict.outcome.configurations, verdict.outcome.order.size(), object.operations.size()));
            continue;
        }
        exercised_elsewhere(static_cast<std::int64_t>(object.operations.size()));
        if (verdict.outcome.linearizable) continue;
        hit(object.operations[*verdict.outcome.stuck].index);
        found_.push_back(lin::explain(*gathered->model, calls_.values(), object, verdict, initial));
    }
    measured_ = {{"model", gathered->model->name},
                 {"initial", calls_.values().json(initial)},
                 {"objects", gathered->objects.size()},
                 {"client_operations", operations},
                 {"objects_by_zones", by_zones},
                 {"configurations", configurations}};
}

std::vector<Violation> Linearizability::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) violations.push_back(describe(episode));
    violations.insert(violations.end(), found_.begin(), found_.end());
    return violations;
}

}  // namespace mistrial::checkers
