#include "checkers/posture.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

FailClosed::FailClosed(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)),
      undefined_allows_(this->claim().parameters.value("undefined", "deny") == "allow"),
      error_allows_(this->claim().parameters.value("error", "deny") == "allow") {}

bool FailClosed::lets_through(AnswerId answer) const {
    if (answer == undefined_answer) return undefined_allows_;
    if (answer == refused_answer) return error_allows_;
    return model().answers().allows(answer);
}

void FailClosed::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    const bool cold = !decision.seen.empty() &&
                      std::all_of(decision.seen.begin(), decision.seen.end(), [](const Seen& seen) {
                          return seen.state == Seen::State::known && seen.number == nothing_active;
                      });
    const bool must_deny = decision.input != no_input && !may_be_allowed(model(), decision.input);
    if (!cold && !must_deny) return;
    exercised(decision.agent);
    const bool verdict_allows = model().answers().allows(decision.answer);
    const bool violates = must_deny ? lets_through(decision.answer) : verdict_allows;
    if (!violates) return episodes_.clean(decision.agent, decision.inv);

    const Way way = !verdict_allows ? Way::mapping : cold ? Way::cold : Way::verdict;
    auto& episode = episodes_.hit(decision.agent, static_cast<std::uint64_t>(way), decision.inv, decision.res);
    if (episode.count == 1) {
        const Seen* seen = decision.seen.empty() ? nullptr : &decision.seen.front();
        episode.detail = {note_of(decision, seen), seen == nullptr ? 0 : seen->bundle, way, {}};
    }
    Wrongs& wrongs = episode.detail.wrongs;
    const std::int64_t before = wrongs.allowed;
    wrongs.add(model(), decision.input, decision.answer, model().answers().boolean(false));
    if (wrongs.allowed == before) ++wrongs.allowed;  // let through by the mapping alone
    hit(decision.index);
}

std::vector<Violation> FailClosed::violations() const {
    std::vector<Violation> violations;
    for (const auto& episode : episodes_.all()) {
        const Detail& detail = episode.detail;
        const Timeline timeline{detail.note.inv};
        const Input* input = model().input(detail.note.input);
        const std::string question = input == nullptr || input->text.empty()
                                         ? detail.note.input == no_input ? std::string("a question")
                                                                         : "input " + model().input_name(detail.note.input)
                                         : input->text;
        Violation violation;
        violation.agent = model().agent(detail.note.agent).name();
        violation.attribution = detail.way == Way::mapping ? Attribution::system : Attribution::agent;
        violation.from = episode.from;
        violation.to = episode.to;
        violation.count = episode.count;
        violation.wrongly_allowed = detail.wrongs.allowed;
        violation.witness = Witness{}.add(model(), detail.bundle, detail.note.number).add(detail.note).indexes();
        const std::string_view why = detail.way == Way::mapping ? "the enforcement point lets that through, by the claim"
                                     : detail.way == Way::cold  ? "no revision was active"
                                                                : "no revision allows it";
        violation.summary = fmt::format("{} failed open: {} for {}, although {}, {} .. {}, {}", violation.agent,
                                        model().answers().text(detail.note.answer), question,
                                        detail.way == Way::mapping ? "no revision allows it" : why,
                                        run_time(violation.from), run_time(violation.to),
                                        counted(episode.count, "decision"));
        violation.proof.push_back(model().bundle_count() == 0
                                      ? fmt::format("Record {}: {} answered {} for {}.", detail.note.index, violation.agent,
                                                    model().answers().text(detail.note.answer), question)
                                      : tell_operation(model(), timeline, detail.note, detail.bundle) +
                                            "; t = 0 is its start.");
        if (detail.way != Way::cold) {
            violation.proof.push_back(
                input != nullptr && input->canary == Input::Canary::deny
                    ? fmt::format("{} is a canary: every revision denies it, so no state, clock or error excuses an "
                                  "allowance.",
                                  question)
                    : fmt::format("None of the revisions begun by then allows {}.", question));
        } else {
            violation.proof.push_back("Its markers say that no revision of any bundle was active, so there was no policy "
                                      "that could allow anything.");
        }
        if (detail.way == Way::mapping) {
            violation.proof.push_back(fmt::format("The agent did not allow it; the claim maps {} to \"allow\".",
                                                  detail.note.answer == undefined_answer ? "undefined" : "errors"));
        }
        violation.proof.push_back(fmt::format("{} like it between {} and {}: {}.", counted(episode.count, "decision"),
                                              run_time(episode.from), run_time(episode.to), detail.wrongs.tell()));
        violations.push_back(std::move(violation));
    }
    return violations;
}

}  // namespace mistrial::checkers
