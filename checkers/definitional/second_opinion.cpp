#include "checkers/definitional/second_opinion.hpp"

#include "checkers/definitional/definition.hpp"
#include "checkers/definitional/lives.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

namespace {

/// Of one claim, the worst few: the rest has the same causes, and a definition is slow.
constexpr std::size_t most_questions = 8;

Claim claim_of(const ClaimResult& result) {
    Claim claim;
    claim.property = result.property;
    claim.parameters = result.parameters;
    if (!claim.parameters.is_object()) return claim;
    if (const auto within = claim.parameters.find("within"); within != claim.parameters.end() && within->is_string()) {
        if (const auto duration = parse_duration(within->get_ref<const std::string&>())) claim.within = *duration;
    }
    // What share of operations is too small cannot be seen in a witness: there the definition is asked whether each of
    // them is one that should not be.
    if (claim.property == "visibility") claim.parameters["quantile"] = 1;
    if (claim.property == "availability") claim.parameters["ratio"] = 1;
    if (const auto excused = claim.parameters.find("excused"); excused != claim.parameters.end()) {
        claim.excused = *excused != false;
    }
    // Where something is said of all agents together, those that the claim leaves out must not be asked.
    const auto names = [&](const char* key, std::vector<std::string>& into) {
        const auto found = claim.parameters.find(key);
        if (found == claim.parameters.end()) return;
        if (found->is_string()) into.push_back(found->get<std::string>());
        for (const Json& name : *found) {
            if (found->is_array() && name.is_string()) into.push_back(name.get<std::string>());
        }
    };
    names("agents", claim.agents);
    names("bundles", claim.bundles);
    return claim;
}

/// True for records that say what the operations of a witness were up against.
bool is_context(const history::Record& record) {
    return !std::holds_alternative<history::Decide>(record.value) && !std::holds_alternative<history::Status>(record.value) &&
           !std::holds_alternative<history::Log>(record.value) && !std::holds_alternative<history::Health>(record.value);
}

/// What a record tells of its process, without what it tells of the log: a decision whose event was not kept too would be
/// one more loss.
history::Record sign_of_life(history::Record record) {
    if (auto* decide = std::get_if<history::Decide>(&record.value)) {
        decide->decision_id.reset();
        decide->nonce.reset();
    } else if (const auto* event = std::get_if<history::Log>(&record.value)) {
        history::Status status;
        status.agent = event->agent;
        status.incarnation = event->incarnation;
        record.value = std::move(status);
    }
    return record;
}

}  // namespace

SecondOpinion::SecondOpinion(const Judgement& judgement)
    : first_sights_(judgement.first_sights.begin(), judgement.first_sights.end()) {
    for (const ClaimResult& result : judgement.claims) {
        asserted_.emplace(result.property, claim_of(result));
        if (!is_defined(result.property)) continue;
        for (std::size_t i = 0; i < result.violations.size() && i < most_questions; ++i) {
            const Violation& violation = result.violations[i];
            questions_.push_back({claim_of(result), violation.agent, violation.summary,
                                  {violation.witness.begin(), violation.witness.end()}});
            witnesses_.insert(violation.witness.begin(), violation.witness.end());
        }
    }
}

View SecondOpinion::with_claims(View view) const {
    view.asserted = asserted_;
    return view;
}

void SecondOpinion::keep(const history::Record& record) {
    if (kept_.insert(record.index).second) context_.push_back(record);
}

void SecondOpinion::keep(const Whole& operation) {
    if (operation.invoke) keep(*operation.invoke);
    keep(operation.end);
}

void SecondOpinion::on(const history::Record& record) {
    const bool invokes = record.type == history::Type::invoke;
    Whole operation{record, std::nullopt};
    if (const auto begun = open_.find(record.process); !invokes && begun != open_.end() && begun->second.f == record.f) {
        operation.invoke = std::move(begun->second);
        open_.erase(begun);
    }
    const auto* decide = std::get_if<history::Decide>(&record.value);
    // Two things that a decision tells beside itself: when an agent was last heard of before a restart that is recorded or
    // that another name or a refused connection tells of, and when a process was last done where invokes are not recorded.
    const auto keep_last_of = [&](const std::string& agent) {
        if (const auto heard = last_answer_.find(agent); heard != last_answer_.end()) keep(heard->second);
    };
    if (const auto* boot = std::get_if<history::Boot>(&record.value)) {
        keep_last_of(boot->agent);
        booted_.insert(boot->agent);
    }
    // Where boots are not recorded, connections that were refused or broke may have been restarts: the first and the last of them, and the answer that
    // was asked for after them.
    if (decide != nullptr && !booted_.contains(decide->agent)) {
        const auto refused = refused_.find(decide->agent);
        if (loses_connection(record)) {
            if (refused == refused_.end()) {
                keep_last_of(decide->agent);
                keep(operation);
            }
            refused_.insert_or_assign(decide->agent, operation);
        } else if (refused != refused_.end() && record.type == history::Type::ok) {
            const bool before = operation.invoke && operation.invoke->time <= refused->second.end.time;
            if (!before) {
                keep(refused->second);
                keep(operation);
                refused_.erase(refused);
            }
        }
    }
    // And who was heard of for the first time: that an agent restarted may be known from this alone.
    const auto first_of = [&](const std::string& agent, const std::optional<std::string>& incarnation) {
        if (!incarnation || !heard_of_.emplace(agent, *incarnation).second) return;
        keep_last_of(agent);
        keep(operation);
    };
    if (decide != nullptr && record.type == history::Type::ok) {
        first_of(decide->agent, decide->incarnation);
    } else if (const auto* status = std::get_if<history::Status>(&record.value)) {
        first_of(status->agent, status->incarnation);
    } else if (const auto* event = std::get_if<history::Log>(&record.value)) {
        first_of(event->agent, event->incarnation);
    } else if (const auto* upload = std::get_if<history::LogUpload>(&record.value)) {
        first_of(upload->agent, upload->incarnation);
    } else if (const auto* health = std::get_if<history::Health>(&record.value); health != nullptr && !invokes) {
        first_of(health->agent, health->incarnation);
    }
    if (!invokes && !operation.invoke && witnesses_.contains(record.index)) {
        if (const auto done = last_completion_.find(record.process); done != last_completion_.end()) keep(done->second);
    }
    if (decide != nullptr && record.type == history::Type::fail && witnesses_.contains(record.index)) keep_last_of(decide->agent);
    if (is_context(record) || first_sights_.contains(record.index)) keep(operation);
    if (witnesses_.contains(record.index)) context_.push_back(record);
    if (invokes) {
        open_.insert_or_assign(record.process, record);
    } else if (decide != nullptr) {
        if (record.type == history::Type::ok) last_answer_.insert_or_assign(decide->agent, operation);
        last_completion_.insert_or_assign(record.process, std::move(operation));
    }
}

std::vector<std::string> SecondOpinion::disagreements() const {
    std::vector<std::string> found;
    for (const Question& question : questions_) {
        std::vector<history::Record> records;
        std::set<std::uint64_t> taken;
        for (const history::Record& record : context_) {
            // What a client did on a register later is no excuse for what it did before; that it failed is known throughout.
            const bool later = !question.witness.empty() && record.index > *question.witness.rbegin();
            if (later && std::holds_alternative<history::Foreign>(record.value) && record.type != history::Type::fail) continue;
            const bool asked = question.witness.contains(record.index);
            if ((!asked && !kept_.contains(record.index)) || !taken.insert(record.index).second) continue;
            const bool of_losses = question.claim.property == "log-completeness";
            records.push_back(of_losses && !asked ? sign_of_life(record) : record);
        }
        std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
        const std::set<std::uint64_t> violating = definitional::violating(with_claims(view_of(records)), question.claim);
        bool agrees = false;
        for (const std::uint64_t index : violating) agrees = agrees || question.witness.contains(index);
        if (!agrees) {
            found.push_back(fmt::format("the definition of {} finds nothing wrong with the witness of: {}",
                                        question.claim.property, question.summary));
        }
    }
    return found;
}

std::vector<history::Record> SecondOpinion::records() const {
    std::vector<history::Record> records;
    std::set<std::uint64_t> taken;
    for (const history::Record& record : context_) {
        if (taken.insert(record.index).second) records.push_back(record);
    }
    std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    return records;
}

}  // namespace mistrial::checkers::definitional
