#include "checkers/model.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

/// Deliveries of revisions that no publish has named yet: those of hours of polling, or of names that are never published.
constexpr std::size_t most_unnamed = 65'536;

const kernels::Acknowledged& acknowledged_of(const void* model, BundleId bundle) {
    static const kernels::Acknowledged nothing;
    return bundle == no_bundle ? nothing : static_cast<const Model*>(model)->bundle(bundle).acknowledged();
}

/// Whom a question is about, as a maintainer would say it.
std::string subject_of(const Json& input) {
    if (!input.is_object()) return input.dump();
    for (const char* key : {"user", "subject", "principal", "sub", "username", "email"}) {
        const auto found = input.find(key);
        if (found == input.end()) continue;
        if (found->is_string()) return found->get<std::string>();
        if (found->is_object() && found->contains("id")) return (*found)["id"].dump();
    }
    return {};
}

std::string question_of(const Json& input) {
    if (!input.is_object()) return input.dump();
    std::string text;
    for (const auto& [key, value] : input.items()) {
        if (key == "nonce") continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key,
                            value.is_string() ? value.get<std::string>() : value.dump());
    }
    return text;
}

}  // namespace

bool may_have_lost_connection(bool may_have_begun, std::string_view error) {
    if (!may_have_begun) return error != "no-process";
    if (error.empty()) return false;
    std::string lower(error);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto says = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
    return !says("timeout") && !says("timed out") && !says("time-out") && !says("deadline") && !says("response within");
}

OperationNote note_of(const Decision& decision, const Seen* seen) {
    OperationNote note;
    note.index = decision.index;
    note.invoke_index = decision.invoke_index;
    note.inv = decision.inv;
    note.res = decision.res;
    note.agent = decision.agent;
    note.incarnation = decision.incarnation;
    note.input = decision.input;
    note.answer = decision.answer;
    if (seen != nullptr) {
        note.number = seen->number;
        note.named = true;
        note.from_markers = seen->from_markers;
    }
    note.session = decision.session;
    return note;
}

OperationNote note_of(const StatusReport& status, const Seen& seen) {
    OperationNote note;
    note.kind = OperationNote::Kind::status;
    note.index = status.index;
    note.inv = note.res = status.at;
    note.agent = status.agent;
    note.incarnation = status.incarnation;
    note.number = seen.number;
    note.named = true;
    return note;
}

Model::Model() : excuses_(acknowledged_of, this), fleet_(excuses_), logs_(excuses_) {}

BundleId Model::intern_bundle(std::string_view name) {
    const BundleId id = bundle_names_.intern(name);
    if (id == bundles_.size()) {
        bundles_.emplace_back(std::string(name));
        all_bundles_.push_back(id);
    }
    return id;
}

Result<> Model::run_record(const history::RunInfo& run) {
    run_ = run;
    run_.claims = Json::object();
    run_.inputs = Json::object();
    for (const auto& [name, agent] : run.agents) {
        fleet_.agent(fleet_.intern(name)).in_run_record = true;
        // What no bundle tells of may depend on any of them, whether it was published by then or not.
        for (const std::string& bundle : agent.bundles) (void)intern_bundle(bundle);
    }
    if (!run.inputs.is_object()) return fail("\"inputs\" of the run record is not an object");
    for (const auto& [id, special] : run.inputs.items()) {
        if (!special.is_object()) return fail("input {} of the run record is not an object", id);
        const InputId number = input_names_.intern(id);
        if (inputs_.size() <= number) inputs_.resize(number + 1);
        Input& input = inputs_[number];
        const std::string combine = special.value("combine", "");
        if (combine == "and") input.combine = Input::Combine::conjunction;
        if (combine == "or") input.combine = Input::Combine::disjunction;
        if (const auto names = special.find("bundles"); names != special.end() && names->is_array()) {
            for (const Json& name : *names) {
                if (!name.is_string()) return fail("\"bundles\" of input {} holds {}", id, name.dump());
                input.bundles.push_back(intern_bundle(name.get_ref<const std::string&>()));
            }
        }
        if (const auto inactive = special.find("inactive"); inactive != special.end()) {
            const Result<ExpectedId> expected = answers_.expected(*inactive);
            if (!expected) return fail("\"inactive\" of input {}: {}", id, expected.error().message);
            input.inactive = *expected;
        }
        const std::string canary = special.value("canary", "");
        if (canary == "allow") input.canary = Input::Canary::allow;
        if (canary == "deny") input.canary = Input::Canary::deny;
        if (const auto probe = special.find("new_enemy"); probe != special.end()) {
            const auto side = [&](const char* name) -> Result<std::pair<BundleId, std::string>> {
                const auto named = probe->is_object() ? probe->find(name) : probe->end();
                if (!probe->is_object() || named == probe->end() || !named->is_object() || named->size() != 1 ||
                    !named->begin()->is_string()) {
                    return fail("\"new_enemy\" of input {}: \"{}\" must be one bundle and its revision, like {{\"acl\": \"r12\"}}",
                                id, name);
                }
                return std::pair{intern_bundle(named->items().begin().key()), named->begin()->get<std::string>()};
            };
            const auto newer = side("newer");
            if (!newer) return newer.error();
            const auto older = side("older");
            if (!older) return older.error();
            input.new_enemy = Input::NewEnemy{newer->first, newer->second, older->first, older->second};
        }
    }
    return {};
}

Result<std::pair<BundleId, RevisionNumber>> Model::publish_begins(const history::Publish& publish, std::uint64_t index,
                                                                  TrueTime inv) {
    const BundleId id = intern_bundle(publish.bundle);
    Bundle& bundle = bundles_[id];
    const std::size_t told = bundle.inputs_told();
    const Result<RevisionNumber> number = bundle.publish_begins(publish, index, inv, input_names_, answers_);
    if (!number) return number.error();
    ++publishes_;
    if (bundle.inputs_told() != told || bundle_count() != bundles_of_input_at_) {
        bundles_of_input_.clear();
        bundles_of_input_at_ = bundle_count();
    }
    std::erase_if(not_yet_effective_, [&](const auto& earlier) {
        const Revision& revision = bundles_[earlier.first].revision(earlier.second);
        return revision.effective < inv || revision.failed_before(inv);
    });
    for (const auto& [earlier_bundle, earlier] : not_yet_effective_) {
        if (earlier_bundle == id) bundle.note_unordered(earlier);
    }
    for (RevisionNumber other = 1; bundle.several_authorities() && other < *number; ++other) {
        if (!bundle.builds_on(*number, other)) bundle.note_unordered(other);
    }
    not_yet_effective_.emplace_back(id, *number);
    if (bundle.revision(*number).bad) {
        const std::string label = fmt::format("{} of {}, which agents must refuse, hid what was published before it",
                                              publish.revision, publish.bundle);
        bad_heads_.push_back({id, *number, excuses_.begins({std::nullopt, id, ExcuseCause::bad_head, inv, std::nullopt, label, Channel::deliveries})});
    }
    const auto unnamed = unnamed_.find({id, publish.revision});
    if (unnamed == unnamed_.end()) return std::pair{id, *number};
    // What was delivered before this publish began is of another one, of which nobody knows yet.
    for (const Unnamed& one : unnamed->second) {
        if (!one.delivery || inv <= one.at) shown_to_agent(id, *number, one);
    }
    std::erase_if(unnamed->second, [&](const Unnamed& one) {
        const bool named = !one.delivery || inv <= one.at;
        unnamed_count_ -= named ? 1 : 0;
        return named;
    });
    if (unnamed->second.empty()) unnamed_.erase(unnamed);
    return std::pair{id, *number};
}

std::optional<std::pair<BundleId, RevisionNumber>> Model::publish_ends(const history::Publish& publish,
                                                                       const history::Record& record) {
    const std::uint32_t id = bundle_names_.find(publish.bundle);
    if (id == Names::none) return std::nullopt;
    Bundle& bundle = bundles_[id];
    const auto number = bundle.find(publish.revision);
    if (!number || bundle.revision(*number).outcome != PublishOutcome::in_flight) return std::nullopt;
    Revision& revision = bundle.revision(*number);
    revision.completion_index = record.index;
    revision.res = record.time;
    revision.session = intern_session(record.session);
    switch (record.type) {
        case history::Type::ok:
            revision.outcome = PublishOutcome::ok;
            revision.effective = std::min(revision.effective, record.time);
            acknowledge(id, *number, record.time);
            break;
        case history::Type::fail:
            revision.outcome = PublishOutcome::failed;
            std::erase_if(bad_heads_, [&](const BadHead& head) {
                if (head.bundle != id || head.number != *number) return false;
                excuses_.ends(head.window, record.time);
                return true;
            });
            break;
        case history::Type::info:
        case history::Type::invoke:
            revision.outcome = PublishOutcome::indeterminate;
            // Seen already: it did take effect, and nobody will ever acknowledge it better than that.
            if (revision.effective != TrueTime::max()) acknowledge(id, *number, record.time);
            break;
    }
    return std::pair{id, *number};
}

void Model::acknowledge(BundleId id, RevisionNumber number, TrueTime at) {
    Bundle& bundle = bundles_[id];
    if (bundle.revision(number).bad) return;
    bundle.acknowledge(at, number);
    std::erase_if(bad_heads_, [&](const BadHead& head) {
        if (head.bundle != id || !bundle.certainly_before(head.number, number)) return false;
        excuses_.ends(head.window, at);
        return true;
    });
}

void Model::first_observed(BundleId id, RevisionNumber number, std::uint64_t by, TrueTime t) {
    Revision& revision = bundles_[id].revision(number);
    if (revision.effective <= t || revision.failed_before(t)) return;
    revision.effective = t;
    revision.first_shown_index = by;
    if (revision.outcome == PublishOutcome::indeterminate) acknowledge(id, number, t);
}

void Model::serve(const history::Serve& serve, const history::Record& record) {
    const BundleId id = intern_bundle(serve.bundle);
    if (serve.status != 200) return;
    const auto number = bundles_[id].find(serve.revision);
    const AgentId agent = serve.agent ? fleet_.intern(*serve.agent) : Names::none;
    Unnamed shown{agent, record.time, record.index,
                  Delivery{serve.began, record.time, number.value_or(nothing_active), serve.server, record.index, serve.complete}};
    if (number) return shown_to_agent(id, *number, shown);
    remember(id, serve.revision, std::move(shown));
}

void Model::shown_to_agent(BundleId bundle, RevisionNumber number, const Unnamed& shown) {
    if (!shown.delivery) return fleet_.agent(shown.agent).persisted(bundle, number);
    observed(bundle, number, shown.index, shown.at);
    if (shown.agent == Names::none) return;
    Delivery delivery = *shown.delivery;
    delivery.number = number;
    fleet_.agent(shown.agent).delivered(bundle, std::move(delivery));
}

void Model::remember(BundleId bundle, const std::string& revision, Unnamed unnamed) {
    if (unnamed_count_ == most_unnamed) {
        if (unnamed.agent != Names::none) fleet_.agent(unnamed.agent).forget_deliveries();
        return;
    }
    ++unnamed_count_;
    unnamed_[{bundle, revision}].push_back(std::move(unnamed));
}

void Model::boot(const history::Boot& boot, TrueTime at) {
    const AgentId id = fleet_.intern(boot.agent);
    fleet_.boots(id, boot, at);
    if (!boot.persisted) return;
    for (const auto& [name, revision] : *boot.persisted) {
        const BundleId bundle = intern_bundle(name);
        const Unnamed kept{id, at, newest_index_, std::nullopt};
        if (const auto number = bundles_[bundle].find(revision)) shown_to_agent(bundle, *number, kept);
        else if (is_named(revision)) remember(bundle, revision, kept);
    }
}

void Model::death(const history::Death& death, TrueTime at) { fleet_.dies(fleet_.intern(death.agent), death, at); }

void Model::stall(TrueTime from, TrueTime to) {
    excuses_.was({std::nullopt, std::nullopt, ExcuseCause::harness_stall, from, to, "the harness itself stood still"});
}

void Model::fault(const history::Fault& fault, const history::Record& record) {
    const auto [known, fresh] = fault_by_id_.try_emplace(fault.fault, faults_.size());
    if (fresh) {
        FaultSeen seen;
        seen.fault = fault.fault;
        seen.kind = fault.kind;
        seen.target = fault.target;
        seen.started = record.time;
        faults_.push_back(std::move(seen));
        std::set<std::string>& agents = fault_agents_.emplace_back();
        for (const auto& [name, excuse] : fault.excuses) agents.insert(name);
        for (const auto& [name, skew] : fault.skews) agents.insert(name);
        std::vector<Excuses::WindowId>& windows = fault_windows_.emplace_back();
        for (const auto& [name, excuse] : fault.excuses) {
            const AgentId agent = fleet_.intern(name);
            const std::string label = fmt::format("{} {}", fault.kind, fault.fault);
            const auto begins = [&](std::optional<BundleId> bundle, Channel channel) {
                windows.push_back(excuses_.begins(
                    {agent, bundle, ExcuseCause::fault, record.time, std::nullopt, label, channel}));
            };
            for (const std::string& bundle : excuse.bundles) begins(intern_bundle(bundle), Channel::deliveries);
            if (excuse.answers) begins(std::nullopt, Channel::answers);
            if (excuse.status) begins(std::nullopt, Channel::status);
            if (excuse.log) begins(std::nullopt, Channel::log);
        }
    }
    FaultSeen& seen = faults_[known->second];
    if (fault.evidence && fault.evidence->is_object()) {
        seen.evidence = *fault.evidence;
        const auto bit = fault.evidence->find("bit");
        seen.bit = bit != fault.evidence->end() && bit->is_boolean() && bit->get<bool>();
    }
    const bool heals = record.f.starts_with("heal-");
    if (!heals && !fresh && !seen.in_force) {
        seen.in_force = record.time;
    } else if (heals && !seen.heal_started) {
        seen.heal_started = record.time;
    } else if (heals && !seen.healed) {
        seen.healed = record.time;
        for (const Excuses::WindowId window : fault_windows_[known->second]) excuses_.ends(window, record.time);
    }
}

InputId Model::intern_input(std::string_view name) {
    if (name.empty()) return no_input;
    const InputId id = input_names_.intern(name);
    if (inputs_.size() <= id) inputs_.resize(input_names_.size());
    return id;
}

InputId Model::intern_input(const std::optional<std::string>& name, const std::optional<Json>& asked) {
    const InputId id = name ? intern_input(*name) : no_input;
    if (id == no_input) return id;
    Input& input = inputs_[id];
    if (input.text.empty() && asked) {
        input.subject = subject_of(*asked);
        input.text = question_of(*asked);
    }
    return id;
}

const std::vector<BundleId>& Model::find_bundles_of(InputId id) const {
    if (id == no_input) return all_bundles_;
    if (const Input* known = input(id); known != nullptr && !known->bundles.empty()) return known->bundles;
    std::vector<BundleId> bundles;
    for (BundleId bundle = 0; bundle < bundle_count(); ++bundle) {
        if (bundles_[bundle].tells(id)) bundles.push_back(bundle);
    }
    if (bundles.empty()) bundles = all_bundles_;
    const std::vector<BundleId>& kept = *bundle_lists_.insert(std::move(bundles)).first;
    if (bundles_of_input_.size() <= id) bundles_of_input_.resize(std::max<std::size_t>(id + 1, input_names_.size()));
    if (!kept.empty()) bundles_of_input_[id] = &kept;
    return kept;
}

bool Model::atomic(BundleId id) const {
    return run_.atomic.empty() || std::any_of(run_.atomic.begin(), run_.atomic.end(), [&](const auto& group) {
               return std::find(group.begin(), group.end(), bundles_[id].name()) != group.end();
           });
}

Wanted Model::wanted(const Json& asked) const {
    Wanted wanted;
    if (asked.is_object()) {
        for (const auto& [name, revision] : asked.items()) {
            const BundleId bundle = find_bundle(name);
            if (bundle == Names::none || !revision.is_string()) continue;
            if (const auto number = bundles_[bundle].find(revision.get_ref<const std::string&>())) {
                wanted.emplace_back(bundle, *number);
            }
        }
    } else if (asked.is_string()) {
        for (BundleId bundle = 0; bundle < bundle_count(); ++bundle) {
            if (const auto number = bundles_[bundle].find(asked.get_ref<const std::string&>())) {
                wanted.emplace_back(bundle, *number);
            }
        }
        if (wanted.size() != 1) wanted.clear();
    }
    return wanted;
}

Seen Model::resolve_bundle(BundleId id, const std::map<std::string, std::string>& markers,
                           const std::string* reported) const {
    const Bundle& bundle = bundles_[id];
    Seen seen;
    seen.bundle = id;
    seen.markers.assign(markers.begin(), markers.end());
    if (reported != nullptr) seen.reported = *reported;
    if (markers.empty()) {
        seen.text = *reported;
    } else {
        seen.from_markers = true;
        seen.text = markers.begin()->second;
        const bool alike =
            std::all_of(markers.begin(), markers.end(), [&](const auto& marker) { return marker.second == seen.text; });
        const bool names_something = !alike || is_named(seen.text);
        std::vector<RevisionNumber> showing = names_something ? bundle.showing(markers) : std::vector<RevisionNumber>{};
        const bool several = showing.size() > 1;
        if (several && reported != nullptr) {
            // The report tells which one it was, or is a lie whichever it was.
            std::erase_if(showing, [&](RevisionNumber number) { return bundle.revision(number).name != *reported; });
            seen.misreported = showing.empty();
        }
        if (showing.size() == 1) {
            seen.number = showing[0];
            seen.misreported = reported != nullptr && *reported != bundle.revision(seen.number).name;
            return seen;
        }
        if (several || (names_something && !alike && may_hide_publishes_)) {
            seen.state = Seen::State::ambiguous;
            return seen;
        }
        if (names_something && (!alike || bundle.find(seen.text))) {
            seen.state = Seen::State::torn;
            return seen;
        }
        seen.misreported = reported != nullptr && *reported != seen.text && (is_named(*reported) || is_named(seen.text));
    }
    if (!is_named(seen.text)) return seen;
    if (const auto number = bundle.find(seen.text)) {
        seen.number = *number;
    } else {
        seen.state = Seen::State::unpublished;
    }
    return seen;
}

const std::vector<Seen>& Model::resolve(AgentId agent, const history::Revisions& revisions,
                                        const history::Markers& markers) {
    if (shown_.size() <= agent) shown_.resize(agent + 1);
    Shown& shown = shown_[agent];
    if (shown.holds(publishes_) && shown.revisions == revisions && shown.markers == markers) {
        return shown.seen;
    }

    std::map<BundleId, std::map<std::string, std::string>> roots;
    for (const auto& [key, marker] : markers) {
        const std::size_t slash = key.find('/');
        const BundleId bundle = intern_bundle(key.substr(0, slash));
        roots[bundle][slash == std::string::npos ? std::string{} : key.substr(slash + 1)] = marker;
    }
    for (const auto& [name, revision] : revisions) (void)roots[intern_bundle(name)];

    shown.number = history::Row::none;
    shown.revisions = revisions;
    shown.markers = markers;
    shown.seen.clear();
    shown.set = true;
    shown.publishes = publishes_;
    for (const auto& [bundle, bundle_markers] : roots) {
        const auto reported = revisions.find(bundles_[bundle].name());
        shown.seen.push_back(
            resolve_bundle(bundle, bundle_markers, reported == revisions.end() ? nullptr : &reported->second));
        // A revision that nobody published yet may be published later: ask again.
        if (shown.seen.back().state != Seen::State::known) shown.set = false;
    }
    return shown.seen;
}

std::vector<Seen> Model::resolve_logged(const history::Revisions& revisions) {
    std::vector<Seen> seen;
    for (const auto& [name, revision] : revisions) seen.push_back(resolve_bundle(intern_bundle(name), {}, &revision));
    return seen;
}

const std::vector<Seen>& Model::resolve_logged(std::uint32_t number, const history::Shown& shown) {
    constexpr std::uint32_t places = 256;
    logged_.resize(places);
    Shown& known = logged_[number % places];
    if (known.number != number || !known.holds(publishes_)) {
        known.seen = resolve_logged(shown.revisions);
        known.number = number;
        known.publishes = publishes_;
        known.set = true;
    }
    return known.seen;
}

RevisionSetId Model::named_revisions(AgentId agent, const std::vector<Seen>& seen) {
    return logs_.revisions_of(agent, seen, [this](const Seen& one) -> std::string {
        if (one.reported && is_named(*one.reported)) return *one.reported;
        if (one.state == Seen::State::torn) return {};
        if (one.number != nothing_active) return bundles_[one.bundle].revision(one.number).name;
        return is_named(one.text) && one.state == Seen::State::unpublished ? one.text : std::string{};
    });
}

}  // namespace mistrial::checkers
