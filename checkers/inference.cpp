#include "checkers/inference.hpp"

#include "checkers/oracle.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

constexpr std::size_t most_held = 4096;  ///< beyond that, what may yet be excused is let go
constexpr std::size_t most_steps = 8;    ///< of one session

template <class T>
T& grown(std::vector<T>& row, std::size_t place, const T& fresh = T{}) {
    if (row.size() <= place) row.resize(place + 1, fresh);
    return row[place];
}

template <class Ask>
bool remembered(std::vector<std::int8_t>& answers, std::uint32_t number, const Ask& ask) {
    std::int8_t& answer = grown(answers, number, std::int8_t{-1});
    if (answer < 0) answer = ask() ? 1 : 0;
    return answer == 1;
}

}  // namespace

Inference::Term Inference::Floors::highest(const Mask& mask) const {
    Term highest = terms;
    for (std::uint8_t term = 0; term < terms; ++term) {
        if (mask[term] && number[term] != nothing_active && (highest == terms || number[term] > number[highest])) {
            highest = static_cast<Term>(term);
        }
    }
    return highest;
}

void Inference::hold_to(const Claim& claim) {
    const auto term = std::find(property_of.begin(), property_of.end(), claim.property);
    if (term == property_of.end()) return;
    if (claim.property == property_of[by_deadline]) {
        if (!claim.within) return;
        deadlines_ = &model_.floor_table(*claim.within, claim.excused);
    }
    asserted_[static_cast<std::size_t>(term - property_of.begin())] = Asserted{claim, {}, {}, {}};
}

bool Inference::applies(Term term, AgentId agent, BundleId bundle) {
    std::optional<Asserted>& asserted = asserted_[term];
    if (!asserted) return false;
    return remembered(asserted->agents, agent, [&] { return asserted->claim.covers_agent(model_.agent(agent).name()); }) &&
           remembered(asserted->bundles, bundle, [&] { return asserted->claim.covers_bundle(model_.bundle(bundle).name()); });
}

void Inference::exercised(Term term, AgentId agent) { ++grown(asserted_[term]->obligations, agent); }

std::int64_t Inference::obligations(std::string_view property, AgentId agent) const {
    for (std::uint8_t term = 0; term < terms; ++term) {
        if (property_of[term] != property || !asserted_[term]) continue;
        const std::vector<std::int64_t>& counts = asserted_[term]->obligations;
        return agent < counts.size() ? counts[agent] : 0;
    }
    return 0;
}

Inference::Group& Inference::agent_group(System& system, IncarnationId incarnation, BundleId bundle) const {
    return grown(grown(system.agents, incarnation), bundle, Group{});
}

Inference::Group& Inference::session_group(System& system, SessionId session, BundleId bundle) const {
    return grown(system.sessions.of(session), bundle, Group{});
}

Inference::Floors Inference::floors(System& system, const Question& question, const Mask& mask) const {
    Floors floors;
    const auto take = [&](Term term, const Group::Floor& floor) {
        if (floor.cause == nullptr) return;
        floors.number[term] = static_cast<RevisionNumber>(floor.place);
        floors.cause[term] = *floor.cause;
    };
    if (mask[by_deadline]) floors.number[by_deadline] = question.due;
    if (mask[by_token]) floors.number[by_token] = question.token;
    if (mask[by_agent]) take(by_agent, agent_group(system, question.decision.incarnation, question.bundle).floor(question.decision.inv));
    if (mask[by_session]) take(by_session, session_group(system, question.decision.session, question.bundle).floor(question.decision.inv));
    return floors;
}

std::optional<RevisionNumber> Inference::least(const Question& question, const Floors& floors, const Mask& mask) const {
    const Term top = floors.highest(mask);
    const RevisionNumber floor = top == terms ? nothing_active : floors.number[top];
    const Decision& decision = question.decision;
    const Bundle& bundle = model_.bundle(question.bundle);
    const bool pinned = mask[by_pin] && question.pin != nothing_active;
    if (question.seen != nullptr || pinned) {
        const RevisionNumber only = question.seen != nullptr ? question.seen->number : question.pin;
        if (pinned && only != question.pin) return std::nullopt;
        if (question.seen == nullptr && !may_explain(model_, decision.input, decision.answer, only, decision.res)) return std::nullopt;
        return bundle.certainly_before(only, floor) ? std::nullopt : std::optional(only);
    }
    return least_explaining(model_, decision.input, decision.answer, floor, decision.res);
}

std::vector<RevisionNumber> Inference::doubtful(const Question& question, RevisionNumber floor) const {
    const Decision& decision = question.decision;
    if (question.seen != nullptr) return {};
    if (floor == nothing_active && may_explain(model_, decision.input, decision.answer, nothing_active, decision.res)) return {};
    const Bundle& bundle = model_.bundle(question.bundle);
    std::vector<RevisionNumber> all;
    for (RevisionNumber number = bundle.newest(); number > nothing_active; --number) {
        if (bundle.certainly_before(number, floor)) continue;
        if (!may_explain(model_, decision.input, decision.answer, number, decision.res)) continue;
        const PublishOutcome outcome = bundle.revision(number).outcome;
        if (outcome == PublishOutcome::ok || outcome == PublishOutcome::indeterminate) return {};
        all.push_back(number);
    }
    return all;
}

bool Inference::well_founded(const Found& found) const {
    const Bundle& bundle = model_.bundle(found.bundle);
    const std::vector<const Node*> chain = chain_of(found);
    return std::none_of(chain.begin(), chain.end(), [&](const Node* node) {
        return !node->doubtful.empty() && std::all_of(node->doubtful.begin(), node->doubtful.end(), [&](RevisionNumber number) {
            return bundle.revision(number).outcome == PublishOutcome::failed;
        });
    });
}

Inference::Node Inference::node_of(const Question& question, const Floors& floors, const Mask& mask,
                                   std::optional<RevisionNumber> value) const {
    Node node;
    node.note = note_of(question.decision, question.seen);
    node.inferred = question.seen == nullptr;
    node.token = mask[by_token] ? question.token : nothing_active;
    node.pin = mask[by_pin] ? question.pin : nothing_active;
    node.due = mask[by_deadline] ? question.due : nothing_active;
    node.value = value.value_or(nothing_active);
    Mask own = mask;
    own[by_agent] = own[by_session] = false;
    const Term top = floors.highest(mask);
    node.doubtful = doubtful(question, !value || top == terms ? nothing_active : floors.number[top]);
    if (value && question.seen == nullptr && node.pin != nothing_active) {
        const PublishOutcome pinned = model_.bundle(question.bundle).revision(node.pin).outcome;
        node.doubtful.clear();
        if (pinned == PublishOutcome::in_flight || pinned == PublishOutcome::failed) node.doubtful.push_back(node.pin);
    }
    const bool pushed = (top == by_agent || top == by_session) && least(question, floors, own) != value;
    if (pushed) {
        node.by = top;
        node.below = floors.cause[top];
    } else {
        node.by = floors.highest(own);
    }
    return node;
}

void Inference::raise(System& system, const Question& question, const Floors& floors, const Mask& mask, RevisionNumber value) {
    if (value == nothing_active) return;
    Group* of_agent = mask[by_agent] ? &agent_group(system, question.decision.incarnation, question.bundle) : nullptr;
    Group* of_session = mask[by_session] ? &session_group(system, question.decision.session, question.bundle) : nullptr;
    const bool lifts_agent = of_agent != nullptr && of_agent->would_rise(value);
    const bool lifts_session = of_session != nullptr && of_session->would_rise(value);
    if (!lifts_agent && !lifts_session) return;
    const Link link = std::make_shared<const Node>(node_of(question, floors, mask, value));
    if (lifts_agent) of_agent->raise(question.decision.res, value, link);
    if (lifts_session) {
        of_session->raise(question.decision.res, value, link);
        of_session->forget_all_but(most_steps);
    }
}

Inference::Term Inference::blamed(const Question& question, const Floors& floors) const {
    for (std::uint8_t term = 0; term < terms; ++term) {
        if (!question.applies[term]) continue;
        Mask without = question.applies;
        without[term] = false;
        if (least(question, floors, without)) return static_cast<Term>(term);
    }
    const auto first = std::find(question.applies.begin(), question.applies.end(), true);
    return static_cast<Term>(first - question.applies.begin());
}

/// A claim is blamed for what the others leave unexplained without it: so they belong to the witness, as far as the blame
/// would otherwise fall on an earlier one.
std::vector<Inference::Link> Inference::besides(const Question& question, const Floors& floors, const Node& node) const {
    const Term blame = blamed(question, floors);
    Floors fewer = floors;
    std::vector<Link> needed;
    for (const Term term : {by_agent, by_session}) {
        if (floors.cause[term] == nullptr || floors.cause[term] == node.below) continue;
        Floors without = fewer;
        without.number[term] = nothing_active;
        if (blamed(question, without) == blame) {
            fewer = without;
        } else {
            needed.push_back(floors.cause[term]);
        }
    }
    return needed;
}

void Inference::on_decision(const Decision& decision) {
    if (std::none_of(asserted_.begin(), asserted_.end(), [](const auto& one) { return one.has_value(); })) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state == Seen::State::known) judge(decision, seen.bundle, &seen);
    }
    // Undefined and refusals have many causes; only a verdict tells of the revision behind it.
    if (!decision.seen.empty() || decision.answer == undefined_answer || decision.answer == refused_answer) return;
    const std::optional<BundleId> bundle = sole_bundle(model_, decision.input);
    if (!bundle || !least_explaining(model_, decision.input, decision.answer, nothing_active, decision.res)) return;
    judge(decision, *bundle, nullptr);
}

void Inference::judge(const Decision& decision, BundleId bundle, const Seen* seen) {
    // The least assignment is the best one only in an order that is known; two authorities that do not know of each other
    // are in none.
    if (model_.bundle(bundle).several_authorities()) return;
    Question question{decision, bundle, seen, {}};
    for (std::uint8_t term = 0; term < terms; ++term) {
        question.applies[term] = applies(static_cast<Term>(term), decision.agent, bundle);
    }
    if (decision.incarnation == no_incarnation) question.applies[by_agent] = false;
    if (decision.session == no_session) question.applies[by_session] = false;
    // The usual case: the decision shows what everything it could raise stands at already.
    if (seen != nullptr && decision.at_least == nullptr && decision.exactly == nullptr) {
        bool news = false;
        for (System* system : {&alone_[0], &alone_[1], &together_}) {
            if (question.applies[by_agent] && system != &alone_[1]) {
                news = news || !agent_group(*system, decision.incarnation, bundle).stands_at(seen->number);
            }
            if (question.applies[by_session] && system != &alone_[0]) {
                news = news || !session_group(*system, decision.session, bundle).stands_at(seen->number);
            }
        }
        if (!news) return;
    }
    const auto asked = [&](Term term, const Json* wanted) {
        RevisionNumber number = nothing_active;
        if (!question.applies[term] || wanted == nullptr || decision.answer == refused_answer) return number;
        for (const auto& [of, named] : model_.wanted(*wanted)) {
            if (of == bundle) number = named;
        }
        return number;
    };
    question.token = asked(by_token, decision.at_least);
    question.pin = asked(by_pin, decision.exactly);
    if (question.applies[by_deadline]) question.due = model_.required(*deadlines_, decision.agent, bundle, decision.inv, decision.res);

    bool explained_alone = true;
    // What its own checker says of a decision that shows its revision is not said again.
    const auto alone = [&](Term term, const Floors& floors, const Mask& mask) {
        explained_alone = false;
        const Link& cause = floors.cause[term];
        if (term == by_deadline || (seen != nullptr && !(cause && cause->inferred))) return;
        Found found{term, false, bundle, term == by_pin ? question.pin : floors.number[term],
                    node_of(question, floors, mask, std::nullopt), {}};
        const std::vector<const Node*> chain = chain_of(found);
        const bool certain = std::all_of(chain.begin(), chain.end(), [](const Node* node) { return node->doubtful.empty(); });
        if (certain) confirm(found);
        else if (held_.size() < most_held) held_.push_back(std::move(found));
    };
    for (std::uint8_t number = 0; number < terms; ++number) {
        const auto term = static_cast<Term>(number);
        if (!question.applies[term]) continue;
        Mask mask{};
        mask[term] = true;
        System& system = term == by_agent ? alone_[0] : term == by_session ? alone_[1] : together_;
        const Floors floors = this->floors(system, question, mask);
        const bool tested = floors.highest(mask) != terms || (term == by_pin && question.pin != nothing_active);
        if (tested && seen == nullptr && term != by_deadline) exercised(term, decision.agent);
        if (!tested && term != by_agent && term != by_session) continue;
        const std::optional<RevisionNumber> value = least(question, floors, mask);
        if (!value) {
            alone(term, floors, mask);
        } else if (term == by_agent || term == by_session) {
            raise(system, question, floors, mask, *value);
        }
    }
    if (std::count(question.applies.begin(), question.applies.end(), true) == 0) return;
    const Floors floors = this->floors(together_, question, question.applies);
    if (const auto value = least(question, floors, question.applies)) {
        raise(together_, question, floors, question.applies, *value);
    } else if (explained_alone) {
        const Term term = blamed(question, floors);
        const Term top = floors.highest(question.applies);
        if (held_.size() < most_held) {
            Node node = node_of(question, floors, question.applies, std::nullopt);
            std::vector<Link> besides = this->besides(question, floors, node);
            held_.push_back({term, true, bundle, top == terms ? question.pin : floors.number[top], std::move(node), std::move(besides)});
        }
    }
}

void Inference::on_status(const StatusReport& status) {
    if (!asserted_[by_agent] || status.incarnation == no_incarnation) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || seen.number == nothing_active) continue;
        if (!applies(by_agent, status.agent, seen.bundle)) continue;
        for (System* system : {&alone_[0], &together_}) {
            Group& group = agent_group(*system, status.incarnation, seen.bundle);
            if (!group.would_rise(seen.number)) continue;
            Node node;
            node.note = note_of(status, seen);
            node.value = seen.number;
            group.raise(status.at, seen.number, std::make_shared<const Node>(std::move(node)));
        }
    }
}

std::vector<const Inference::Node*> Inference::chain_of(const Found& found) {
    std::vector<const Node*> chain;
    const auto add = [&](const Node* top) {
        std::vector<const Node*> down;
        for (; top != nullptr; top = top->below.get()) down.push_back(top);
        for (auto node = down.rbegin(); node != down.rend(); ++node) {
            if (std::find(chain.begin(), chain.end(), *node) == chain.end()) chain.push_back(*node);
        }
    };
    for (const Link& link : found.besides) add(link.get());
    add(&found.node);
    return chain;
}

/// Whether a deadline that it rests on is known by now not to have bound. What would be left of it, and who would be to
/// blame then, is not asked: such a finding is let go.
bool Inference::excused_since(const Found& found) const {
    const std::vector<const Node*> chain = chain_of(found);
    return std::any_of(chain.begin(), chain.end(), [&](const Node* node) {
        return node->due != nothing_active &&
               model_.required(*deadlines_, node->note.agent, found.bundle, node->note.inv, node->note.res) != node->due;
    });
}

void Inference::confirm(const Found& found) {
    const OperationNote& note = found.node.note;
    const std::uint64_t subject = std::uint64_t{found.term == by_session ? note.session : note.agent} << 32 | found.bundle;
    auto& episode = episodes_[found.term].hit(subject, found.joint ? ~std::uint64_t{0} : found.floor, note.inv, note.res);
    if (episode.count == 1) episode.detail.found = found;
    if (!found.joint) violators_alone_[found.term].insert(model_.agent(note.agent).name());
    const std::vector<BundleId>& bundles = model_.bundles_of(note.input);
    if (found.floor != nothing_active && bundles.size() == 1 && bundles[0] == found.bundle) {
        const RevisionNumber state[] = {found.floor};
        const auto right = possible_answers(model_, note.input, state, std::nullopt);
        if (right.size() == 1) episode.detail.wrongs.add(model_, note.input, note.answer, right[0]);
    }
    if (listener_) listener_(property_of[found.term], note.index);
}

bool Inference::others_hold(const Found& found, const Violators& violators) {
    const bool tied = asserted_[by_session].has_value();
    const std::string& agent = model_.agent(found.node.note.agent).name();
    for (std::uint8_t term = 0; term < terms; ++term) {
        if (term == found.term || !asserted_[term]) continue;
        std::optional<std::set<std::string>>& known = violators_[term];
        if (!known) {
            const std::vector<std::string> told = violators(property_of[term]);
            known.emplace(told.begin(), told.end());
            known->insert(violators_alone_[term].begin(), violators_alone_[term].end());
        }
        if (tied ? !known->empty() : known->contains(agent)) return false;
    }
    return true;
}

void Inference::finish(const Violators& violators) {
    std::erase_if(held_, [&](const Found& found) { return !well_founded(found); });
    // Single claims first: whether they hold is asked for those that are judged together.
    for (const Found& found : held_) {
        if (!found.joint) confirm(found);
    }
    for (const Found& found : held_) {
        if (found.joint && !excused_since(found) && others_hold(found, violators)) confirm(found);
    }
    held_.clear();
}

std::string Inference::tell(const Node& node, BundleId bundle_id, const Timeline& timeline) const {
    const Bundle& bundle = model_.bundle(bundle_id);
    if (!node.inferred) return tell_operation(model_, timeline, node.note, bundle_id) + ".";
    const Input* input = model_.input(node.note.input);
    std::string text = fmt::format(
        "{} answered {}{} in record {}, {}, and named no revision.", model_.agent(node.note.agent).name(),
        model_.answers().text(node.note.answer),
        input != nullptr && !input->text.empty() ? fmt::format(" ({})", input->text)
                                                 : fmt::format(" (input {})", model_.input_name(node.note.input)),
        node.note.index, timeline.span(node.note.inv, node.note.res));
    if (node.value != nothing_active) {
        static constexpr std::array<std::string_view, terms + 1> because{
            "of those that were due, ",
            "it began after that was over, in the same incarnation; of those that are left, ",
            "it began after that was over, in the same session; of those that are left, ",
            "of those that its token permits, ",
            "it asked for that one: ",
            "of all begun by then, "};
        text += fmt::format(" It was made under {} or newer: {}none older gives this verdict.", bundle.revision(node.value).name,
                            because[node.by]);
    }
    return text;
}

Violation Inference::describe(Term term, const kernels::Episodes<Detail>::Episode& episode) const {
    const Found& found = *episode.detail.found;
    const Wrongs& wrongs = episode.detail.wrongs;
    const OperationNote& note = found.node.note;
    const Bundle& bundle = model_.bundle(found.bundle);
    const std::string& floor = bundle.revision(found.floor).name;
    const std::vector<const Node*> chain = chain_of(found);
    TrueTime first = note.inv;
    for (const Node* node : chain) first = std::min(first, node->note.inv);
    const Timeline timeline{first};
    Violation violation;
    violation.agent = model_.agent(note.agent).name();
    violation.attribution = term == by_session || term == by_deadline ? Attribution::system : Attribution::agent;
    violation.from = episode.from;
    violation.to = episode.to;
    violation.count = episode.count;
    violation.wrongly_allowed = wrongs.allowed;
    violation.wrongly_denied = wrongs.denied;
    Witness witness;
    for (const Node* node : chain) witness.add(node->note);
    violation.witness = witness.indexes();
    violation.summary = fmt::format("{} gave a verdict that no revision of bundle {} from {} on explains, {} .. {}, {}: {}",
                                    violation.agent, bundle.name(), floor, run_time(violation.from), run_time(violation.to),
                                    counted(violation.count, "decision"), wrongs.tell());
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(tell_publish(model_, found.bundle, found.floor) + ".");
    for (auto node = chain.begin(); node + 1 != chain.end(); ++node) proof.push_back(tell(**node, found.bundle, timeline));
    static constexpr std::array<std::string_view, terms> held{
        "by its deadline", "since it began after that was over, in the same incarnation",
        "since it began after that was over, in the same session", "by its token", "since it asked for exactly that one"};
    const Term last = found.node.by == terms ? term : found.node.by;
    proof.push_back(fmt::format("{} It had to be made under {} or newer {}; {}.", tell(found.node, found.bundle, timeline), floor,
                                held[last],
                                found.node.inferred ? fmt::format("no revision from {} on gives this verdict", floor)
                                                    : std::string("it was not")));
    if (found.joint) {
        std::vector<std::string> all;
        for (std::uint8_t other = 0; other < terms; ++other) {
            if (!asserted_[other]) continue;
            all.emplace_back(property_of[other]);
            if (other != term) violation.together.emplace_back(property_of[other]);
        }
        proof.push_back(fmt::format("No single property rules this out, but all that are claimed together do: {}. Without what "
                                    "{} demands of it, the last decision would be explained.",
                                    listed(all), property_of[term]));
    }
    proof.push_back(fmt::format("{} like it between t={} and {}: {}.", counted(episode.count, "decision"),
                                timeline.at(episode.from), timeline.at(episode.to), wrongs.tell()));
    proof.push_back(fmt::format("Not explained by: a restart ({}), the clock (any reading was granted).",
                                tell_restart(model_, timeline, note.agent, note.incarnation, chain.front()->note.res, note.inv)));
    proof.push_back(fmt::format("Nearest passing history: had the verdict been one that {} or a newer revision gives.", floor));
    return violation;
}

std::vector<Violation> Inference::violations(std::string_view property) const {
    std::vector<Violation> violations;
    for (std::uint8_t term = 0; term < terms; ++term) {
        if (property_of[term] != property) continue;
        for (const auto& episode : episodes_[term].all()) violations.push_back(describe(static_cast<Term>(term), episode));
    }
    return violations;
}

}  // namespace mistrial::checkers
