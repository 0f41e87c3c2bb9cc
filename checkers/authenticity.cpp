#include "checkers/authenticity.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

template <class T>
T& grown(std::vector<T>& row, std::size_t place) {
    if (row.size() <= place) row.resize(place + 1);
    return row[place];
}

}  // namespace

AuthenticActivation::AuthenticActivation(Model& model, Claim claim) : PropertyChecker(model, std::move(claim)) {
    const Json& parameters = this->claim().parameters;
    const auto except = parameters.is_object() ? parameters.find("except") : parameters.end();
    if (!parameters.is_object() || except == parameters.end()) return;
    if (except->is_string()) except_.insert(except->get<std::string>());
    if (!except->is_array()) return;
    for (const Json& kind : *except) {
        if (kind.is_string()) except_.insert(kind.get<std::string>());
    }
}

bool AuthenticActivation::excepted(const Revision& revision) const { return revision.bad && except_.contains(*revision.bad); }

void AuthenticActivation::on_publish_begins(BundleId bundle, RevisionNumber number) {
    const bool bad = model().bundle(bundle).revision(number).bad.has_value();
    if (has_bad_.size() <= bundle) has_bad_.resize(bundle + 1, false);
    if (bad) has_bad_[bundle] = true;
}

void AuthenticActivation::on_publish_ends(BundleId bundle, RevisionNumber number) {
    const Revision& revision = model().bundle(bundle).revision(number);
    if (revision.outcome != PublishOutcome::ok) return;
    grown(heads_, bundle) =
        !revision.bad ? Temptation::none : excepted(revision) ? Temptation::excepted : Temptation::refused;
}

void AuthenticActivation::on_event(const history::Record& record) {
    const auto* serve = std::get_if<history::Serve>(&record.value);
    if (serve == nullptr || !serve->agent || serve->status != 200) return;
    const AgentId agent = model().fleet().find(*serve->agent);
    for (BundleId bundle = 0; agent != Names::none && bundle < model().bundle_count(); ++bundle) {
        if (model().bundle(bundle).name() != serve->bundle) continue;
        const auto number = model().bundle(bundle).find(serve->revision);
        if (!number) return;
        const Revision& revision = model().bundle(bundle).revision(*number);
        grown(grown(deliveries_, agent), bundle) =
            !revision.bad ? Temptation::none : excepted(revision) ? Temptation::excepted : Temptation::refused;
    }
}

bool AuthenticActivation::tempted(AgentId agent, BundleId bundle) const {
    if (model().agent(agent).deliveries_tracked()) {
        return agent < deliveries_.size() && bundle < deliveries_[agent].size() &&
               deliveries_[agent][bundle] == Temptation::refused;
    }
    return bundle < heads_.size() && heads_[bundle] == Temptation::refused;
}

void AuthenticActivation::activated(AgentId agent, BundleId bundle, const OperationNote& note, bool inferred, AnswerId right) {
    auto& episode = episodes_.hit(std::uint64_t{agent} << 32 | bundle, note.number, note.inv, note.res);
    if (episode.count == 1) episode.detail = {note, bundle, inferred, {}};
    if (right != no_answer) episode.detail.wrongs.add(model(), note.input, note.answer, right);
    hit(note.index);
}

void AuthenticActivation::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    const auto judge = [&](BundleId bundle, RevisionNumber number, const Seen* seen) {
        const Revision& revision = model().bundle(bundle).revision(number);
        if (excepted(revision)) ++excepted_operations_[*revision.bad];
        const bool violates = revision.bad && !excepted(revision);
        if (violates || tempted(decision.agent, bundle)) exercised(decision.agent);
        if (!violates) return episodes_.clean(std::uint64_t{decision.agent} << 32 | bundle, decision.inv);
        OperationNote note = note_of(decision, seen);
        note.number = number;
        // What no good revision lets through was let in by the bad one alone.
        const bool forbidden = decision.input != no_input && model().answers().allows(decision.answer) &&
                               !may_be_allowed(model(), decision.input);
        activated(decision.agent, bundle, note, seen == nullptr, forbidden ? model().answers().boolean(false) : no_answer);
    };
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || seen.bundle >= has_bad_.size() || !has_bad_[seen.bundle]) continue;
        if (covers_bundle(seen.bundle)) judge(seen.bundle, seen.number, &seen);
    }
    if (!decision.seen.empty() || decision.input == no_input) return;
    if (decision.answer == undefined_answer || decision.answer == refused_answer) return;
    const std::vector<BundleId>& bundles = model().bundles_of(decision.input);
    if (bundles.size() != 1 || bundles[0] >= has_bad_.size() || !has_bad_[bundles[0]] || !covers_bundle(bundles[0])) return;
    judge(bundles[0], revealed(bundles[0], decision.input, decision.answer), nullptr);
}

RevisionNumber AuthenticActivation::revealed(BundleId id, InputId input, AnswerId answer) const {
    const Bundle& bundle = model().bundle(id);
    if (const Input* known = model().input(input); known != nullptr && known->combine != Input::Combine::single) {
        return nothing_active;
    }
    const RevisionNumber cold[] = {nothing_active};
    if (admits(model(), input, cold, std::nullopt, answer).value_or(true)) return nothing_active;
    RevisionNumber newest_bad = nothing_active;
    for (RevisionNumber number = bundle.newest(); number > nothing_active; --number) {
        const Revision& revision = bundle.revision(number);
        if (revision.failed_before(model().now())) continue;
        const ExpectedId expected = bundle.expected(number, input);
        const bool must_refuse = revision.bad && !excepted(revision);
        if (!must_refuse && (expected == not_told || model().answers().admits(expected, std::nullopt, answer))) {
            return nothing_active;
        }
        if (must_refuse && newest_bad == nothing_active && expected != not_told &&
            model().answers().admits(expected, std::nullopt, answer)) {
            newest_bad = number;
        }
    }
    return newest_bad;
}

void AuthenticActivation::on_status(const StatusReport& status) {
    if (!covers(status.agent)) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        const Revision& revision = model().bundle(seen.bundle).revision(seen.number);
        if (!revision.bad) continue;
        if (excepted(revision)) {
            ++excepted_operations_[*revision.bad];
            continue;
        }
        exercised(status.agent);
        activated(status.agent, seen.bundle, note_of(status, seen), false, no_answer);
    }
}

std::optional<std::size_t> AuthenticActivation::served(AgentId agent, BundleId bundle, RevisionNumber number,
                                                       TrueTime by) const {
    const std::vector<Delivery>& all = model().agent(agent).deliveries(bundle);
    const auto found = std::find_if(all.begin(), all.end(), [&](const Delivery& delivery) {
        return delivery.number == number && delivery.began <= by;
    });
    return found == all.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - all.begin()));
}

Violation AuthenticActivation::describe(const kernels::Episodes<Detail>::Episode& episode) const {
    const Detail& detail = episode.detail;
    const Bundle& bundle = model().bundle(detail.bundle);
    const Revision& revision = bundle.revision(detail.note.number);
    const Agent& agent = model().agent(detail.note.agent);
    const Timeline timeline{revision.inv};
    const auto delivery = served(detail.note.agent, detail.bundle, detail.note.number, detail.note.res);

    Violation violation;
    violation.agent = agent.name();
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = detail.wrongs.allowed;
    violation.wrongly_denied = detail.wrongs.denied;
    violation.witness = Witness{}.add(model(), detail.bundle, detail.note.number).add(detail.note).indexes();
    if (delivery) {
        violation.witness.push_back(agent.deliveries(detail.bundle)[*delivery].index);
        std::sort(violation.witness.begin(), violation.witness.end());
    }
    violation.summary = fmt::format("{} activated {} of bundle {}, which it must refuse ({}), {} .. {}, {}: {}", agent.name(),
                                    revision.name, bundle.name(), *revision.bad, run_time(violation.from),
                                    run_time(violation.to), counted(episode.count, "operation"), detail.wrongs.tell());

    std::vector<std::string>& proof = violation.proof;
    proof.push_back(fmt::format("{}; its content is {}, and a correct agent refuses that. Its invocation is t = 0 below.",
                                tell_publish(model(), detail.bundle, detail.note.number), *revision.bad));
    if (delivery) {
        const Delivery& one = agent.deliveries(detail.bundle)[*delivery];
        proof.push_back(fmt::format("{} served it to {} in record {}, {}.", one.server, agent.name(), one.index,
                                    timeline.span(one.began, one.at)));
    } else {
        proof.push_back(agent.deliveries_tracked()
                            ? fmt::format("No record says that it was served to {}: it may have been there from before.",
                                          agent.name())
                            : fmt::format("The history has no record of what was served to {}.", agent.name()));
    }
    if (detail.inferred) {
        const Input* input = model().input(detail.note.input);
        proof.push_back(fmt::format(
            "{} answered {} ({}) in record {}, {}. The answer names no revision, but none that it may activate gives this "
            "verdict, nor does an agent without any: {} does.",
            agent.name(), model().answers().text(detail.note.answer),
            input == nullptr || input->text.empty() ? "input " + model().input_name(detail.note.input) : input->text,
            detail.note.index, timeline.span(detail.note.inv, detail.note.res), revision.name));
    } else {
        proof.push_back(tell_operation(model(), timeline, detail.note, detail.bundle) + ".");
    }
    proof.push_back(fmt::format("{} like it at {} between t={} and {}: {}.", counted(episode.count, "operation"), agent.name(),
                                timeline.at(episode.from), timeline.at(episode.to), detail.wrongs.tell()));
    proof.push_back(
        "Not explained by: staleness, faults, restarts or clocks; whatever happens, the previous revision must stay in force.");
    proof.push_back(fmt::format("Nearest passing history: had {} shown any revision but {} there{}.", agent.name(),
                                revision.name,
                                except_.empty() ? "" : ", or did the claim's \"except\" name " + *revision.bad));
    return violation;
}

std::vector<Violation> AuthenticActivation::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

Json AuthenticActivation::set_aside() const {
    if (except_.empty()) return nullptr;
    Json accepted = Json::object();
    for (const std::string& kind : except_) {
        const auto found = excepted_operations_.find(kind);
        accepted[kind] = found == excepted_operations_.end() ? 0 : found->second;
    }
    return {{"operations_that_show_excepted", accepted}};
}

}  // namespace mistrial::checkers
