#include "checkers/determinism.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {
/// States that are kept: a fleet holds two or three at a time, a roll-out some more.
constexpr std::size_t most_states = 16;
}  // namespace

Determinism::Determinism(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)),
      across_versions_(!this->claim().parameters.is_object() || this->claim().parameters.value("across_versions", true)) {}

std::optional<Determinism::Parts> Determinism::parts_of(const Decision& decision) const {
    Parts parts;
    bool active = false;
    for (const BundleId bundle : model().bundles_of(decision.input)) {
        const Seen* seen = decision.of(bundle);
        if (seen == nullptr || seen->state != Seen::State::known) return std::nullopt;
        Part part{bundle, seen->number, 0};
        if (seen->number != nothing_active) {
            active = true;
            const ExpectedId expected = model().bundle(bundle).expected(seen->number, decision.input);
            if (expected != not_told && !model().answers().timeless(expected)) {
                const auto piece = model().answers().piece(expected, decision.clock);
                if (!piece) return std::nullopt;
                part.piece = *piece;
            }
        }
        parts.push_back(part);
    }
    // What an agent without any policy answers is its configuration.
    return active ? std::optional(std::move(parts)) : std::nullopt;
}

std::uint32_t Determinism::version_of(AgentId agent) {
    if (version_of_.size() <= agent) version_of_.resize(agent + 1, Names::none);
    if (version_of_[agent] == Names::none) {
        const std::string version = version_name(agent);
        // Of an agent whose version is not known, only that it is always the same.
        version_of_[agent] =
            1 + versions_.intern(version.empty() ? "of agent " + model().agent(agent).name() : "version " + version);
    }
    return version_of_[agent];
}

std::string Determinism::version_name(AgentId agent) const {
    const auto& agents = model().listed_agents();
    const auto listed = agents.find(model().agent(agent).name());
    if (listed == agents.end() || listed->second.version.empty()) return {};
    return listed->second.driver + " " + listed->second.version;
}

const Determinism::Mark* Determinism::first(const Key& key, const Decision& decision, bool from_markers) {
    auto window = std::find_if(windows_.begin(), windows_.end(), [&](const auto& one) { return one->key == key; });
    if (window == windows_.end()) {
        if (windows_.size() < most_states) windows_.push_back(std::make_unique<Window>());
        window = windows_.end() - 1;
        (*window)->key = key;
        (*window)->state = ++states_;
    }
    if (window != windows_.begin()) std::rotate(windows_.begin(), window, window + 1);
    Window& newest = *windows_.front();
    if (newest.marks.size() <= decision.input) {
        newest.marks.resize(decision.input + 1);
        newest.firsts.resize(decision.input + 1);
    }
    Mark& mark = newest.marks[decision.input];
    if (mark.state == newest.state) return &mark;
    mark = {newest.state, decision.answer, decision.agent};
    newest.firsts[decision.input] = {.index = decision.index,
                                     .invoke_index = decision.invoke_index.value_or(0),
                                     .inv = decision.inv,
                                     .res = decision.res,
                                     .agent = decision.agent,
                                     .incarnation = decision.incarnation,
                                     .session = decision.session,
                                     .answer = decision.answer,
                                     .has_invoke = decision.invoke_index.has_value(),
                                     .from_markers = from_markers};
    return nullptr;
}

void Determinism::on_decision(const Decision& decision) {
    if (decision.input == no_input || decision.answer == refused_answer || !covers(decision.agent)) return;
    const std::optional<Parts> parts = parts_of(decision);
    if (!parts) return;
    const bool covered = std::all_of(parts->begin(), parts->end(), [&](const Part& part) { return covers_bundle(part.bundle); });
    if (!covered) return;
    const Seen* seen = decision.of(parts->front().bundle);
    Key key{decision.path, 0, *parts};
    if (!across_versions_) {
        const Mark* other = first(key, decision, seen->from_markers);
        if (other != nullptr && other->answer != decision.answer &&
            version_of(other->agent) != version_of(decision.agent)) {
            ++version_divergences_;
        }
        key.version = version_of(decision.agent);
    }
    const Mark* first = this->first(key, decision, seen->from_markers);
    if (first == nullptr) return;
    exercised(decision.agent);
    if (obligations_of(first->agent) == 0) exercised(first->agent);
    if (first->answer == decision.answer) return episodes_.clean(decision.agent, decision.inv);
    contradicts(windows_.front()->firsts[decision.input], decision, *parts);
}

void Determinism::contradicts(const First& first, const Decision& decision, const Parts& parts) {
    State state;
    std::uint64_t cause = 0;
    for (const Part& part : parts) {
        state.push_back(part.number);
        cause = cause * 1'000'003 + part.number;
    }
    const auto answers = possible_answers(model(), decision.input, state, decision.clock);
    std::optional<AnswerId> right;
    if (answers.size() == 1) right = answers[0];

    OperationNote second = note_of(decision, decision.of(parts.front().bundle));
    OperationNote earlier;
    earlier.index = first.index;
    if (first.has_invoke) earlier.invoke_index = first.invoke_index;
    earlier.inv = first.inv;
    earlier.res = first.res;
    earlier.agent = first.agent;
    earlier.incarnation = first.incarnation;
    earlier.input = decision.input;
    earlier.answer = first.answer;
    earlier.number = parts.front().number;
    earlier.named = true;
    earlier.from_markers = first.from_markers;
    earlier.session = first.session;

    auto& episode = episodes_.hit(decision.agent, cause, decision.inv, decision.res);
    if (episode.count == 1) episode.detail = {earlier, second, parts, right, {}};
    episode.detail.wrongs.add(model(), decision.input, decision.answer, right);
    hit(decision.index);
}

Violation Determinism::describe(const kernels::Episodes<Detail>::Episode& episode) const {
    const Detail& detail = episode.detail;
    const BundleId bundle = detail.parts.front().bundle;
    const Timeline timeline{detail.first.inv};
    const std::string& first = model().agent(detail.first.agent).name();
    const std::string& second = model().agent(detail.second.agent).name();
    const std::string first_version = version_name(detail.first.agent);
    const std::string second_version = version_name(detail.second.agent);
    const bool versions = !first_version.empty() && !second_version.empty() && first_version != second_version;
    const bool first_is_wrong = detail.right && *detail.right == detail.second.answer;
    std::string state;
    Witness witness;
    for (const Part& part : detail.parts) {
        const Bundle& one = model().bundle(part.bundle);
        state += fmt::format("{}{} of {}", state.empty() ? "" : ", ", one.revision(part.number).name, one.name());
        witness.add(model(), part.bundle, part.number);
    }
    const Input* input = model().input(detail.second.input);
    const std::string question =
        input == nullptr || input->text.empty() ? "input " + model().input_name(detail.second.input) : input->text;

    Violation violation;
    violation.agent = first_is_wrong && first != second ? first + ", " + second : second;
    violation.attribution = versions ? Attribution::system : Attribution::agent;
    violation.from = std::min(episode.from, detail.first.inv);
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = detail.wrongs.allowed;
    violation.wrongly_denied = detail.wrongs.denied;
    violation.witness = witness.add(detail.first).add(detail.second).indexes();
    const auto with_version = [](const std::string& agent, const std::string& version) {
        return version.empty() ? agent : fmt::format("{} ({})", agent, version);
    };
    violation.summary = fmt::format(
        "{}: {} answered {} where {} answered {} for {} under {}, {} .. {}, {}: {}",
        versions ? "two versions decide differently" : "one state, one question, two verdicts",
        with_version(second, second_version), model().answers().text(detail.second.answer),
        with_version(first, first_version), model().answers().text(detail.first.answer), question, state,
        run_time(violation.from), run_time(violation.to), counted(episode.count, "decision"), detail.wrongs.tell());

    std::vector<std::string>& proof = violation.proof;
    proof.push_back(tell_operation(model(), timeline, detail.first, bundle) + "; t = 0 is its start.");
    proof.push_back(tell_operation(model(), timeline, detail.second, bundle) + ".");
    proof.push_back(fmt::format("Both were asked the same ({}) and both decided under {}: an evaluation has one outcome.",
                                question, state));
    proof.push_back(versions ? fmt::format("{} is {}, {} is {}: the versions disagree.", first, first_version, second,
                                           second_version)
                    : first_version.empty() || second_version.empty()
                        ? std::string(first == second ? "The history does not tell its version."
                                                      : "The history does not tell the versions of both agents.")
                        : fmt::format("Both are {}: it is no difference of versions.", first_version));
    if (detail.right) {
        proof.push_back(fmt::format("{} says {}: {} was wrong.", state, model().answers().text(*detail.right),
                                    first_is_wrong ? first
                                    : *detail.right == detail.first.answer || first == second ? second : first + " and " + second));
    }
    proof.push_back(fmt::format("{} of {} like the second between t={} and {}: {}.", counted(episode.count, "decision"),
                                second, timeline.at(episode.from), timeline.at(episode.to), detail.wrongs.tell()));
    proof.push_back(fmt::format(
        "Not explained by: staleness (the state is the same), faults (both answers are complete), the clock ({}).",
        detail.parts.front().piece > 0 || (detail.right && !detail.parts.empty())
            ? "both fall into the same piece of time, or the verdict does not depend on it"
            : "no publish says that this verdict depends on time"));
    proof.push_back("Nearest passing history: had either given the other's verdict, or shown another revision.");
    return violation;
}

std::vector<Violation> Determinism::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) violations.push_back(describe(episode));
    return violations;
}

Json Determinism::set_aside() const {
    if (across_versions_) return nullptr;
    return {{"divergences_between_versions", version_divergences_}};
}

}  // namespace mistrial::checkers
