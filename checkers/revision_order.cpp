#include "checkers/revision_order.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

/// Beyond so many findings the last one counts the rest.
constexpr std::size_t most_findings = 1024;

std::string authority_of(const Bundle& bundle, RevisionNumber number) {
    const std::string& name = bundle.authority_name(bundle.revision(number).authority);
    return name.empty() ? "its authority" : name;
}

/// The bundle of this name; `Names::none` when the history has not named it.
BundleId find_bundle(const Model& model, std::string_view name) {
    for (BundleId id = 0; id < model.bundle_count(); ++id) {
        if (model.bundle(id).name() == name) return id;
    }
    return Names::none;
}

}  // namespace

// --- O1 ---------------------------------------------------------------------------------------------------------

PublishOrder::Finding& PublishOrder::find(Finding finding) {
    const auto known = std::find_if(findings_.begin(), findings_.end(), [&](const Finding& one) {
        return one.kind == finding.kind && one.bundle == finding.bundle && one.number == finding.number &&
               one.earlier == finding.earlier && one.who == finding.who && one.told[1] == finding.told[1];
    });
    if (known != findings_.end()) return *known;
    if (findings_.size() == most_findings) return findings_.back();
    findings_.push_back(std::move(finding));
    return findings_.back();
}

void PublishOrder::on_publish_ends(BundleId id, RevisionNumber number) {
    const Bundle& bundle = model().bundle(id);
    const Revision& revision = bundle.revision(number);
    if (revision.outcome != PublishOutcome::ok || !revision.sequence || !covers_bundle(id)) return;
    Acknowledged& acknowledged = acknowledged_[{id, revision.authority}];
    const auto report = [&](Kind kind, RevisionNumber earlier) {
        Finding& finding = find({kind, id, number, earlier, authority_of(bundle, number), {}, {}, 0, {},
                                 *revision.completion_index, revision.inv, *revision.res, 0});
        ++finding.count;
        hit(*revision.completion_index);
    };
    const auto taken = acknowledged.by_sequence.find(*revision.sequence);
    const auto before = std::partition_point(acknowledged.largest.begin(), acknowledged.largest.end(),
                                             [&](const auto& one) { return one.first < revision.inv; });
    if (taken != acknowledged.by_sequence.end()) {
        report(Kind::fork, taken->second);
    } else if (before != acknowledged.largest.begin() &&
               *bundle.revision((before - 1)->second).sequence > *revision.sequence) {
        report(Kind::sequence, (before - 1)->second);
    }
    acknowledged.by_sequence.try_emplace(*revision.sequence, number);
    if (acknowledged.largest.empty() ||
        *bundle.revision(acknowledged.largest.back().second).sequence < *revision.sequence) {
        acknowledged.largest.emplace_back(*revision.res, number);
    }
}

void PublishOrder::on_event(const history::Record& record) {
    const auto* serve = std::get_if<history::Serve>(&record.value);
    if (serve == nullptr || serve->status != 200) return;
    const BundleId bundle = find_bundle(model(), serve->bundle);
    if (bundle == Names::none || !covers_bundle(bundle)) return;
    const auto number = model().bundle(bundle).find(serve->revision);
    const AgentId agent = serve->agent ? model().fleet().find(*serve->agent) : Names::none;
    if (!number || (agent != Names::none && !covers(agent))) return;
    const bool digests = compare_digest(*serve, bundle, *number, record);
    const bool order = compare_order(*serve, bundle, *number, record);
    if (agent != Names::none && (digests || order)) exercised(agent);
}

bool PublishOrder::compare_digest(const history::Serve& serve, BundleId id, RevisionNumber number,
                                  const history::Record& record) {
    if (!serve.digest || !serve.complete) return false;
    const Revision& revision = model().bundle(id).revision(number);
    const auto [known, fresh] = contents_.try_emplace({id, number});
    Content& content = known->second;
    if (fresh && revision.digest) content = {*revision.digest, {}, revision.invoke_index};
    if (fresh && !revision.digest) {
        content = {*serve.digest, serve.server, record.index};
        return false;
    }
    if (content.digest == *serve.digest) return true;
    Finding& finding = find({Kind::equivocation, id, number, number, serve.server, serve.agent.value_or(""),
                             {content.digest, *serve.digest}, content.index, {}, record.index, serve.began, record.time, 0});
    finding.to = record.time;
    ++finding.count;
    hit(record.index);
    return true;
}

bool PublishOrder::compare_order(const history::Serve& serve, BundleId id, RevisionNumber number,
                                 const history::Record& record) {
    const Bundle& bundle = model().bundle(id);
    std::vector<ServedOrder>& orders = orders_[{serve.server, id}];
    const AuthorityId authority = bundle.revision(number).authority;
    if (orders.size() <= authority) orders.resize(authority + 1);
    bool compared = false;
    for (const ServedOrder& order : orders) {
        const ServedOrder::Step* newest = order.before(serve.began);
        compared = compared || newest != nullptr;
        if (newest == nullptr || !bundle.certainly_before(number, newest->value)) continue;
        Finding& finding = find({Kind::backward, id, number, newest->value, serve.server, serve.agent.value_or(""), {},
                                 newest->cause.index, newest->cause.at, record.index, serve.began, record.time, 0});
        finding.to = record.time;
        ++finding.count;
        hit(record.index);
        return true;
    }
    orders[authority].raise(record.time, number, {record.index, serve.began, record.time});
    return compared;
}

Violation PublishOrder::describe(const Finding& finding) const {
    const Bundle& bundle = model().bundle(finding.bundle);
    const std::string& name = bundle.revision(finding.number).name;
    const std::string& earlier = bundle.revision(finding.earlier).name;
    const Timeline timeline{bundle.revision(finding.earlier).inv};
    const std::string to_agent = finding.agent.empty() ? std::string{} : " to " + finding.agent;

    Violation violation;
    violation.agent = finding.agent;
    violation.attribution = Attribution::source;
    violation.from = finding.from;
    violation.to = finding.to;
    violation.count = finding.count;
    Witness witness;
    violation.witness = witness.add(model(), finding.bundle, finding.number)
                            .add(model(), finding.bundle, finding.earlier)
                            .indexes();
    violation.witness.push_back(finding.index);
    const bool first_is_a_delivery = finding.kind == Kind::backward ||
                                     (finding.kind == Kind::equivocation &&
                                      !bundle.revision(finding.number).digest);
    if (first_is_a_delivery) violation.witness.push_back(finding.first_index);
    std::sort(violation.witness.begin(), violation.witness.end());
    violation.witness.erase(std::unique(violation.witness.begin(), violation.witness.end()), violation.witness.end());

    const std::string when = fmt::format("{} .. {}", run_time(finding.from), run_time(finding.to));
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(tell_publish(model(), finding.bundle, finding.earlier) + "; its invocation is t = 0 below.");
    switch (finding.kind) {
        case Kind::equivocation:
            violation.summary = fmt::format("equivocation: {} served {} of bundle {} with the digest {}, but {} {}, {}, {}",
                                            finding.who, name, bundle.name(), finding.told[1],
                                            first_is_a_delivery ? "it had been served with" : "it was published with",
                                            finding.told[0], when, counted(finding.count, "delivery"));
            proof.push_back(fmt::format("{} (record {}).",
                                        first_is_a_delivery ? "It was first served with the digest " + finding.told[0]
                                                            : "It was published with the digest " + finding.told[0],
                                        finding.first_index));
            proof.push_back(fmt::format("{} served it{} with the digest {} in record {}, {}, completely.", finding.who, to_agent,
                                        finding.told[1], finding.index, timeline.span(finding.from, finding.to)));
            proof.push_back("One name stands for two contents: who has it need not have what was published.");
            proof.push_back("Not explained by: a truncated answer (it was complete), another publish under this name (there is "
                            "none that took effect).");
            proof.push_back(fmt::format("Nearest passing history: had it been served with {}.", finding.told[0]));
            break;
        case Kind::backward:
            violation.summary = fmt::format("{} went back from {} to {} of bundle {}, {}, {}", finding.who, earlier, name,
                                            bundle.name(), when, counted(finding.count, "delivery"));
            proof.push_back(tell_publish(model(), finding.bundle, finding.number) + fmt::format("; {} is the newer one.", earlier));
            proof.push_back(fmt::format("{} had served {} by t={} (record {}).", finding.who, earlier,
                                        timeline.at(finding.first_at), finding.first_index));
            proof.push_back(fmt::format("{} served {}{} in record {}, {}: asked for after that was over.", finding.who, name,
                                        to_agent, finding.index, timeline.span(finding.from, finding.to)));
            proof.push_back("Not explained by: the agent (it takes what it is given), concurrent requests (the second came after "
                            "the first was over).");
            proof.push_back("Nearest passing history: had the second request begun before the first was over.");
            break;
        case Kind::fork:
            violation.summary = fmt::format("fork: {} acknowledged both {} and {} of bundle {} as its number {}, {}", finding.who,
                                            earlier, name, bundle.name(), *bundle.revision(finding.number).sequence, when);
            proof.push_back(tell_publish(model(), finding.bundle, finding.number) + ".");
            proof.push_back(fmt::format("Both carry the sequence {} of {}: one place in its history holds two revisions.",
                                        *bundle.revision(finding.number).sequence, finding.who));
            proof.push_back("Nearest passing history: had one of them failed, or another number.");
            break;
        case Kind::sequence:
            violation.summary = fmt::format(
                "{} acknowledged {} of bundle {} as its number {} after {} as its number {}, {}", finding.who, name, bundle.name(),
                *bundle.revision(finding.number).sequence, earlier, *bundle.revision(finding.earlier).sequence, when);
            proof.push_back(fmt::format("{}: {} after the other had been acknowledged.",
                                        tell_publish(model(), finding.bundle, finding.number),
                                        format_seconds(bundle.revision(finding.number).inv -
                                                       *bundle.revision(finding.earlier).res)));
            proof.push_back("Nearest passing history: had the two publishes overlapped, or the later one a larger number.");
            break;
    }
    return violation;
}

std::vector<Violation> PublishOrder::violations() const {
    std::vector<Violation> violations;
    for (const Finding& finding : findings_) violations.push_back(describe(finding));
    return violations;
}

// --- O3 ---------------------------------------------------------------------------------------------------------

NoLostPublish::LastWords& NoLostPublish::last_words(AgentId agent, BundleId bundle) {
    if (last_words_.size() <= agent) last_words_.resize(agent + 1);
    if (last_words_[agent].size() <= bundle) last_words_[agent].resize(bundle + 1);
    return last_words_[agent][bundle];
}

void NoLostPublish::heard(LastWords& words, const OperationNote& note) {
    if (words.said) std::erase_if(words.words, [&](const OperationNote& one) { return one.res < words.last.inv; });
    for (OperationNote& one : words.words) {
        if (one.number != note.number) continue;
        one = note;  // operations come in the order of their ends
        return;
    }
    words.words.push_back(note);
}

void NoLostPublish::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        if (read_.size() <= seen.bundle) read_.resize(seen.bundle + 1);
        if (read_[seen.bundle].size() <= seen.number) read_[seen.bundle].resize(seen.number + 1, false);
        read_[seen.bundle][seen.number] = true;
        LastWords& words = last_words(decision.agent, seen.bundle);
        const OperationNote note = note_of(decision, &seen);
        if (!words.said || words.last.inv < decision.inv) words.last = note;
        words.said = true;
        heard(words, note);
    }
}

void NoLostPublish::on_status(const StatusReport& status) {
    if (!covers(status.agent)) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        heard(last_words(status.agent, seen.bundle), note_of(status, seen));
    }
}

std::optional<Duration> NoLostPublish::bound() const {
    if (claim().within) return claim().within;
    if (model().run().settle) return *model().run().settle / 2;
    return std::nullopt;
}

TrueTime NoLostPublish::quiet_since(const Bundle& bundle) {
    TrueTime since = TrueTime::min();
    for (RevisionNumber number = 1; number <= bundle.newest(); ++number) {
        const Revision& revision = bundle.revision(number);
        since = std::max(since, revision.res.value_or(revision.inv));
        if (revision.outcome != PublishOutcome::ok && revision.effective != TrueTime::max()) {
            since = std::max(since, revision.effective);
        }
    }
    return since;
}

std::optional<std::vector<AgentId>> NoLostPublish::ended(BundleId bundle) {
    const std::optional<Duration> bound = this->bound();
    std::vector<AgentId> agents;
    const TrueTime quiet = quiet_since(model().bundle(bundle));
    for (AgentId agent = 0; agent < last_words_.size(); ++agent) {
        if (bundle >= last_words_[agent].size() || !last_words_[agent][bundle].said) continue;
        const OperationNote& last = last_words_[agent][bundle].last;
        if (!bound) return std::nullopt;
        FloorTable& table = model().floor_table(*bound, true);
        const auto stretch = model().floor(table, agent, bundle).stretch_around(last.inv, last.res);
        if (!stretch || last.inv <= std::max(quiet, stretch->from) + *bound) return std::nullopt;
        agents.push_back(agent);
    }
    return agents;
}

NoLostPublish::Fate NoLostPublish::fate(BundleId id, RevisionNumber number, const std::vector<AgentId>& agents) const {
    const Bundle& bundle = model().bundle(id);
    bool everywhere = true;
    bool nowhere = true;
    for (const AgentId agent : agents) {
        const LastWords& words = last_words_[agent][id];
        for (const OperationNote& word : words.words) {
            if (word.res < words.last.inv) continue;
            const bool with = word.number >= number && bundle.builds_on(word.number, number);
            const bool unrelated = bundle.declares_ancestry() && word.number != nothing_active &&
                                   bundle.revision(word.number).authority != bundle.revision(number).authority;
            const bool without = !with && (unrelated || bundle.certainly_before(word.number, number));
            everywhere = everywhere && with;
            nowhere = nowhere && without;
        }
    }
    // What nobody acknowledged may still take effect, and bring it along.
    for (RevisionNumber other = number + 1; nowhere && other <= bundle.newest(); ++other) {
        const Revision& open = bundle.revision(other);
        const bool pending = open.outcome == PublishOutcome::in_flight || open.outcome == PublishOutcome::indeterminate;
        nowhere = !(pending && open.effective == TrueTime::max() && bundle.builds_on(other, number));
    }
    if (agents.empty()) return Fate::undecided;
    return everywhere ? Fate::stable : nowhere ? Fate::lost : Fate::undecided;
}

void NoLostPublish::finish() {
    for (BundleId id = 0; id < model().bundle_count(); ++id) {
        if (!covers_bundle(id)) continue;
        const Bundle& bundle = model().bundle(id);
        const std::optional<std::vector<AgentId>> agents = ended(id);
        std::map<AuthorityId, std::vector<RevisionNumber>> lost;
        for (RevisionNumber number = 1; number <= bundle.newest(); ++number) {
            const Revision& revision = bundle.revision(number);
            if (revision.outcome != PublishOutcome::ok || revision.bad) continue;
            Fate fate = agents ? this->fate(id, number, *agents) : Fate::undecided;
            if (!agents) unfinished_ = Reason::pending;
            if (fate == Fate::undecided && agents && !agents->empty() && unfinished_ == Reason::none) {
                unfinished_ = Reason::no_evidence;
            }
            if (fate == Fate::stable || fate == Fate::lost) {
                for (const AgentId agent : *agents) exercised(agent);
            }
            if (fate == Fate::lost) {
                lost[revision.authority].push_back(number);
                hit(revision.completion_index.value_or(revision.invoke_index));
            }
            const bool read = id < read_.size() && number < read_[id].size() && read_[id][number];
            if (fate == Fate::undecided && !read) fate = Fate::never_read;
            ++fates_[static_cast<std::size_t>(fate)];
        }
        for (const auto& [authority, numbers] : lost) violations_.push_back(describe(id, numbers, *agents));
    }
}

Json NoLostPublish::measured() const {
    return {{"stable", fates_[0]}, {"lost", fates_[1]}, {"never_read", fates_[2]}, {"undecided", fates_[3]}};
}

Violation NoLostPublish::describe(BundleId id, const std::vector<RevisionNumber>& lost,
                                  const std::vector<AgentId>& agents) const {
    const Bundle& bundle = model().bundle(id);
    const Revision& revision = bundle.revision(lost.back());
    const Timeline timeline{*revision.res};
    std::vector<std::string> names;
    std::map<RevisionNumber, std::vector<std::string>> endings;
    Witness witness;
    witness.add(model(), id, revision.number);
    Violation violation;
    violation.from = revision.inv;
    violation.to = *revision.res;
    for (const AgentId agent : agents) {
        const LastWords& words = last_words_[agent][id];
        witness.add(words.last);
        names.push_back(model().agent(agent).name());
        for (const OperationNote& word : words.words) {
            if (word.res < words.last.inv) continue;
            witness.add(word).add(model(), id, word.number);
            endings[word.number].push_back(model().agent(agent).name());
            violation.to = std::max(violation.to, word.res);
        }
    }
    violation.agent = listed(names);
    violation.count = static_cast<std::int64_t>(lost.size());
    violation.witness = witness.indexes();

    const auto seen = [&](RevisionNumber number) {
        return id < read_.size() && number < read_[id].size() && read_[id][number];
    };
    const auto shown = std::find_if(lost.rbegin(), lost.rend(), seen);
    // Left behind by another branch, or never taken up: whose doing?
    const bool other_branch = std::any_of(endings.begin(), endings.end(), [&](const auto& ending) {
        return ending.first != nothing_active && bundle.revision(ending.first).authority != revision.authority;
    });
    const bool all_had_it = std::all_of(agents.begin(), agents.end(), [&](AgentId agent) {
        return delivered_by(model(), agent, id, revision.number, last_words_[agent][id].last.inv);
    });
    violation.attribution = other_branch ? Attribution::source : all_had_it ? Attribution::agent : Attribution::system;

    std::vector<std::string> ends;
    for (const auto& [number, who] : endings) {
        const std::string what = number == nothing_active
                                     ? std::string("no revision at all")
                                     : fmt::format("{} of {}", bundle.revision(number).name, authority_of(bundle, number));
        ends.push_back(fmt::format("{} with {}", listed(who), what));
    }
    std::vector<std::string> lost_names;
    for (const RevisionNumber number : lost) lost_names.push_back(bundle.revision(number).name);
    violation.summary = fmt::format("{} of bundle {} ({}) {} acknowledged and lost: the fleet ended without {} ({}), {} .. {}",
                                    listed(lost_names, 4), bundle.name(), authority_of(bundle, revision.number),
                                    lost.size() == 1 ? "was" : "were", lost.size() == 1 ? "it" : "them", fmt::join(ends, "; "),
                                    run_time(violation.from), run_time(violation.to));
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(fmt::format("{}; the acknowledgement is t = 0 below.", tell_publish(model(), id, revision.number)));
    proof.push_back(fmt::format("Publishing of {} was over at t={}. From {} after that on, every agent that shows {} was asked "
                                "again, with no fault, restart or stall in between.",
                                bundle.name(), timeline.at(quiet_since(bundle)), format_duration(*bound()), bundle.name()));
    const OperationNote& last = last_words_[agents.front()][id].last;
    proof.push_back(tell_operation(model(), timeline, last, id) +
                    (agents.size() == 1 ? std::string(".") : fmt::format("; the others likewise: {}.", fmt::join(ends, "; "))));
    for (const auto& [number, who] : endings) {
        if (number == nothing_active) continue;
        proof.push_back(bundle.revision(number).authority == revision.authority
                            ? fmt::format("{} is older than {}.", bundle.revision(number).name, revision.name)
                            : fmt::format("{} does not include {}, nor anything of {} that does.", bundle.revision(number).name,
                                          revision.name, authority_of(bundle, revision.number)));
    }
    proof.push_back(shown == lost.rend() ? std::string("Nothing ever showed it.")
                                         : fmt::format("{} had been in force before: some agent showed it.",
                                                       bundle.revision(*shown).name));
    proof.push_back("Not explained by: a publish that failed or is in doubt (it was acknowledged, and none in doubt includes it), "
                    "an agent that was cut off or down at the end (none was).");
    proof.push_back(fmt::format("Nearest passing history: had one agent ended with {} or something that includes it.",
                                revision.name));
    return violation;
}

}  // namespace mistrial::checkers
