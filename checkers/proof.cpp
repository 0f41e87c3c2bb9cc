#include "checkers/proof.hpp"

#include <algorithm>
#include <set>

namespace mistrial::checkers {

namespace {

constexpr std::size_t most_subjects = 64;

std::string verdict_words(const Model& model, AnswerId answer) {
    if (answer == undefined_answer) return "answered undefined";
    if (answer == refused_answer) return "refused to decide";
    const std::string& text = model.answers().text(answer);
    if (text == "true") return "ALLOWED (true)";
    if (text == "false") return "denied (false)";
    return fmt::format("answered {}{}", text, model.answers().allows(answer) ? " (ALLOWED)" : "");
}

}  // namespace

std::string Timeline::at(TrueTime t) const {
    if (t == TrueTime::min()) return "the beginning";
    if (t == TrueTime::max()) return "the end";
    if (zero_ == TrueTime::min()) return run_time(t);  // nobody knows how long after that
    const Duration since = t - zero_;
    return fmt::format("{}{}", since < Duration::zero() ? "-" : "+",
                       format_seconds(since < Duration::zero() ? -since : since));
}

std::string Timeline::span(TrueTime from, TrueTime to) const {
    return fmt::format("{}{} .. {}", from == TrueTime::min() ? "" : "t=", at(from), at(to));
}

std::string Timeline::from_to(TrueTime from, TrueTime to) const {
    const auto moment = [&](TrueTime t) { return (t == TrueTime::min() || t == TrueTime::max() ? "" : "t=") + at(t); };
    return fmt::format("from {} to {}", moment(from), moment(to));
}

std::string run_time(TrueTime t) {
    if (t == TrueTime::min()) return "a time that is not recorded";
    if (t == TrueTime::max()) return "the end";
    return format_seconds(t.time_since_epoch());
}

std::string counted(std::int64_t n, std::string_view singular) {
    return fmt::format("{} {}{}", n, singular, n == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
    std::string text;
    const std::size_t shown = std::min(names.size(), most);
    for (std::size_t i = 0; i < shown; ++i) {
        const bool last = i + 1 == shown && shown == names.size();
        text += i == 0 ? "" : last ? " and " : ", ";
        text += names[i];
    }
    if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

std::string tell_publish(const Model& model, BundleId id, RevisionNumber number) {
    const Bundle& bundle = model.bundle(id);
    const Revision& revision = bundle.revision(number);
    std::string how;
    switch (revision.outcome) {
        case PublishOutcome::ok: how = fmt::format("acknowledged at {}", run_time(*revision.res)); break;
        case PublishOutcome::failed: how = fmt::format("certainly failed at {}", run_time(*revision.res)); break;
        case PublishOutcome::in_flight: how = "never answered"; break;
        case PublishOutcome::indeterminate: how = "indeterminate"; break;
    }
    if (revision.outcome != PublishOutcome::ok && revision.effective != TrueTime::max()) {
        how += fmt::format(", but first seen in force at {}", run_time(revision.effective));
    }
    return fmt::format("The publish of {} of bundle {} (record {}) was invoked at {} and {}", revision.name, bundle.name(),
                       revision.invoke_index, run_time(revision.inv), how);
}

std::string tell_operation(const Model& model, const Timeline& timeline, const OperationNote& note, BundleId bundle) {
    const std::string revision = note.number == nothing_active
                                     ? std::string("no revision at all")
                                     : model.bundle(bundle).revision(note.number).name;
    if (note.kind == OperationNote::Kind::status) {
        return fmt::format("A status report of {} that arrived by t={} (record {}) named {}", model.agent(note.agent).name(),
                           timeline.at(note.res), note.index, revision);
    }
    std::vector<std::string> who;
    if (note.session != no_session) who.push_back("session " + model.session_name(note.session));
    if (const Input* input = model.input(note.input); input != nullptr && !input->text.empty()) {
        who.push_back(input->text);
    } else if (note.input != no_input) {
        who.push_back("input " + model.input_name(note.input));
    }
    const std::string under = !note.named         ? "naming no revision"
                              : note.from_markers ? fmt::format("under {} (so say the markers in its verdict)", revision)
                                                  : fmt::format("under {} (as the agent reports)", revision);
    return fmt::format("{} {}{} in record {}, {}, {}", model.agent(note.agent).name(), verdict_words(model, note.answer),
                       who.empty() ? std::string{} : fmt::format(" ({})", fmt::join(who, ", ")), note.index,
                       timeline.span(note.inv, note.res), under);
}

std::string tell_excuses(const Model& model, const Timeline& timeline, AgentId agent, BundleId bundle, TrueTime from,
                         TrueTime to, Duty duty) {
    std::vector<std::string> touching;
    for (const ExcuseWindow& window : model.excuses().windows()) {
        const TrueTime end = window.to.value_or(TrueTime::max());
        if (!window.suspends(duty) || !window.concerns(agent, bundle) || end <= from || window.from >= to) continue;
        touching.push_back(fmt::format("{} ({})", window.label, timeline.span(window.from, end)));
    }
    const std::string& name = model.agent(agent).name();
    if (touching.empty()) {
        return fmt::format("No fault window, restart or stall of the harness touched {} between t={} and {}.", name,
                           timeline.at(from), timeline.at(to));
    }
    return fmt::format("Touching {} between t={} and {}: {}.", name, timeline.at(from), timeline.at(to),
                       listed(touching, 6));
}

namespace {

/// Delivered in place of `number`: that one, or one that builds on it.
bool supersedes(const Bundle& bundle, RevisionNumber delivered, RevisionNumber number) {
    return bundle.comparable(delivered, number) && !bundle.certainly_before(delivered, number);
}

}  // namespace

bool delivered_by(const Model& model, AgentId agent, BundleId id, RevisionNumber number, TrueTime by) {
    const Bundle& bundle = model.bundle(id);
    const std::vector<Delivery>& all = model.agent(agent).deliveries(id);
    return std::any_of(all.begin(), all.end(), [&](const Delivery& delivery) {
        return delivery.complete && delivery.at <= by && supersedes(bundle, delivery.number, number);
    });
}

std::string tell_deliveries(const Model& model, const Timeline& timeline, AgentId agent, BundleId id,
                            RevisionNumber number, TrueTime by) {
    const Agent& subject = model.agent(agent);
    const Bundle& bundle = model.bundle(id);
    const std::string& wanted = bundle.revision(number).name;
    if (!subject.deliveries_tracked()) {
        return fmt::format("the history has no record of what was served to {}", subject.name());
    }
    const Delivery* first = nullptr;
    const Delivery* last = nullptr;
    for (const Delivery& delivery : subject.deliveries(id)) {
        if (delivery.at > by || !delivery.complete) continue;
        last = &delivery;
        if (first == nullptr && supersedes(bundle, delivery.number, number)) first = &delivery;
    }
    if (first != nullptr) {
        return fmt::format("{} had been served {} by {} at t={}", subject.name(), bundle.revision(first->number).name,
                           first->server, timeline.at(first->at));
    }
    std::string text = fmt::format("{} was never served {} or anything newer", subject.name(), wanted);
    if (last != nullptr) {
        text += fmt::format(" (last delivery: {} at t={})", bundle.revision(last->number).name, timeline.at(last->at));
    }
    for (AgentId other = 0; other < model.fleet().size(); ++other) {
        if (other == agent || !delivered_by(model, other, id, number, by)) continue;
        for (const Delivery& delivery : model.agent(other).deliveries(id)) {
            if (!delivery.complete || delivery.at > by || !supersedes(bundle, delivery.number, number)) continue;
            return text + fmt::format(", while {} was at t={}", model.agent(other).name(), timeline.at(delivery.at));
        }
    }
    return text;
}

std::string tell_restart(const Model& model, const Timeline& timeline, AgentId agent, IncarnationId incarnation,
                         TrueTime from, TrueTime to) {
    const Agent& subject = model.agent(agent);
    for (const Incarnation& life : subject.incarnations) {
        if (life.boot > from && life.boot < to) {
            return fmt::format("{} restarted at t={}", subject.name(), timeline.at(life.boot));
        }
    }
    if (subject.incarnations.empty() && (incarnation == no_incarnation ||
                                         model.fleet().incarnation_name(incarnation).find('~') != std::string::npos)) {
        return fmt::format("no boot of {} is recorded at all, so it is taken not to have restarted", subject.name());
    }
    if (incarnation == no_incarnation) return fmt::format("no restart of {} is recorded in that time", subject.name());
    return fmt::format("{} did not restart: incarnation {} answered", subject.name(),
                       model.fleet().incarnation_name(incarnation));
}

std::vector<std::string> revoked_subjects(const Model& model, BundleId id, RevisionNumber older, RevisionNumber newer) {
    const Bundle& bundle = model.bundle(id);
    std::set<std::string> subjects;
    if (older == nothing_active || newer == nothing_active) return {};
    for (InputId input = 0; model.input(input) != nullptr; ++input) {
        const ExpectedId before = bundle.expected(older, input);
        const ExpectedId after = bundle.expected(newer, input);
        if (before == after || before == not_told || after == not_told) continue;
        const auto allowed = [&](ExpectedId expected) {
            const std::vector<AnswerId> answers = model.answers().possible(expected, std::nullopt);
            return std::all_of(answers.begin(), answers.end(), [&](AnswerId a) { return model.answers().allows(a); });
        };
        if (!allowed(before) || allowed(after)) continue;
        const Input* known = model.input(input);
        subjects.insert(known->subject.empty() ? model.input_name(input) : known->subject);
    }
    return {subjects.begin(), subjects.end()};
}

void Wrongs::add(const Model& model, InputId input, AnswerId answer, std::optional<AnswerId> right) {
    if (!right || *right == answer) return;
    const bool allowed_it = model.answers().allows(answer);
    if (allowed_it == model.answers().allows(*right)) return;
    if (!allowed_it) {
        ++denied;
        return;
    }
    ++allowed;
    const Input* known = model.input(input);
    std::string who = known == nullptr || known->subject.empty() ? std::string{} : known->subject;
    if (who.empty() && input != no_input) who = "input " + model.input_name(input);
    if (allowed_subjects.size() < most_subjects || allowed_subjects.contains(who)) ++allowed_subjects[who];
}

std::string Wrongs::tell() const {
    if (allowed == 0 && denied == 0) return "no verdict was wrong";
    std::string text = fmt::format("{} wrongly ALLOWED", allowed);
    if (!allowed_subjects.empty()) {
        std::vector<std::string> names;
        for (const auto& [who, count] : allowed_subjects) names.push_back(fmt::format("{} {}x", who, count));
        text += fmt::format(" ({})", listed(names));
    }
    return text + fmt::format(", {} wrongly denied", denied);
}

Witness& Witness::add(const OperationNote& note) {
    if (note.invoke_index) indexes_.push_back(*note.invoke_index);
    indexes_.push_back(note.index);
    return *this;
}

Witness& Witness::add(const Model& model, BundleId bundle, RevisionNumber number) {
    if (number == nothing_active) return *this;
    const Revision& revision = model.bundle(bundle).revision(number);
    indexes_.push_back(revision.invoke_index);
    if (revision.completion_index) indexes_.push_back(*revision.completion_index);
    return *this;
}

std::vector<std::uint64_t> Witness::indexes() const {
    std::vector<std::uint64_t> sorted = indexes_;
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    return sorted;
}

}  // namespace mistrial::checkers
