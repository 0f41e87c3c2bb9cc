#include "checkers/definitional/view.hpp"

#include <algorithm>
#include <set>

namespace mistrial::checkers::definitional {

namespace {

using history::Record;
using history::Type;

bool names_something(const std::string& text) { return !text.empty() && text != "-"; }

bool is_call(const Record& record) {
    static const std::set<std::string> functions{"read", "write", "cas", "get", "put", "append"};
    return std::holds_alternative<history::Foreign>(record.value) && std::holds_alternative<std::int64_t>(record.process) &&
           functions.contains(record.f);
}

class Builder {
  public:
    explicit Builder(const std::vector<Record>& records) : records_(records) {}

    View build() {
        view_.records = records_;
        for (const Record& record : records_) {
            if (const auto* run = std::get_if<history::RunInfo>(&record.value)) {
                view_.inputs = run->inputs;
                view_.atomic = run->atomic;
                view_.settle = run->settle;
                for (const auto& [name, agent] : run->agents) {
                    view_.agents.push_back(name);
                    if (!agent.version.empty()) view_.versions[name] = agent.driver + " " + agent.version;
                    if (agent.persist) view_.persistent.push_back(name);
                }
            }
            if (is_call(record)) view_.foreign.push_back(record);
            view_.end = record.time;
        }
        for (std::size_t i = 0; i < records_.size(); ++i) add_publish(i);
        find_lives();
        for (std::size_t i = 0; i < records_.size(); ++i) add_operation(i);
        for (std::size_t i = 0; i < records_.size(); ++i) add_unanswered(i);
        for (std::size_t i = 0; i < records_.size(); ++i) add_health(i);
        for (std::size_t i = 0; i < records_.size(); ++i) add_uploader(i);
        std::set<std::string> booted;
        for (const Record& record : records_) {
            if (const auto* boot = std::get_if<history::Boot>(&record.value)) booted.insert(boot->agent);
            // A refused connection may have been a restart, where boots are not recorded.
            if (const auto* decide = std::get_if<history::Decide>(&record.value);
                decide != nullptr && record.type == Type::fail && record.error != "no-process" && !booted.contains(decide->agent)) {
                view_.turns.push_back({record.index, record.time, decide->agent, false});
            }
            if (const auto* serve = std::get_if<history::Serve>(&record.value)) {
                view_.requests.push_back(
                    {record.index, record.time, serve->server, serve->agent.value_or(""), serve->bundle});
            }
            if (const auto* boot = std::get_if<history::Boot>(&record.value)) {
                view_.turns.push_back({record.index, record.time, boot->agent, true});
            }
            if (const auto* death = std::get_if<history::Death>(&record.value)) {
                view_.turns.push_back({record.index, record.time, death->agent, false});
            }
        }
        for (const Record& record : records_) {
            if (const auto* serve = std::get_if<history::Serve>(&record.value); serve != nullptr && serve->status == 200) {
                view_.serves.push_back({record.index, record.time, *serve});
                if (published(serve->bundle, serve->revision, record.time)) {
                    view_.deliveries.push_back(*serve);
                    view_.delivered.push_back(record.time);
                }
                observe(serve->bundle, serve->revision, record.time);
            }
            if (const auto* barrier = std::get_if<history::Barrier>(&record.value); barrier && record.type == Type::ok) {
                view_.barriers.push_back({record.time, record.session.value_or(""), barrier->revision, barrier->agents});
            }
            if (const auto* boot = std::get_if<history::Boot>(&record.value)) {
                view_.boots.push_back({record.time, boot->agent, process_of(boot->agent, boot->incarnation),
                                       boot->persisted.value_or(history::Revisions{})});
            }
            if (const auto* boot = std::get_if<history::Boot>(&record.value); boot != nullptr && boot->persisted) {
                for (const auto& [bundle, revision] : *boot->persisted) {
                    view_.persisted[boot->agent][bundle].push_back(revision);
                }
            }
        }
        for (const Operation& operation : view_.operations) {
            for (const auto& [bundle, shown] : operation.shown) {
                if (shown.state == Shown::State::revision) {
                    observe(bundle, view_.publishes[shown.publish].revision, operation.res);
                }
            }
        }
        add_faults();
        add_bad_heads();
        return std::move(view_);
    }

  private:
    /// The invoke of the completion at `place`: the last one of its process before it.
    const Record* invoke_of(std::size_t place) const {
        for (std::size_t i = place; i-- > 0;) {
            if (records_[i].process != records_[place].process || records_[i].f != records_[place].f) continue;
            return records_[i].type == Type::invoke ? &records_[i] : nullptr;
        }
        return nullptr;
    }

    /// Without an invoke: not before the process was last done, nor before it was due, nor longer ago than its timeout.
    TrueTime widest_begin(std::size_t place) const {
        const Record& record = records_[place];
        TrueTime begin = TrueTime::min();
        for (std::size_t i = 0; i < place; ++i) {
            if (records_[i].process == record.process && records_[i].type != Type::invoke) begin = records_[i].time;
        }
        if (record.sched) begin = std::max(begin, *record.sched);
        if (const auto* decide = std::get_if<history::Decide>(&record.value); decide != nullptr && decide->timeout) {
            begin = std::max(begin, record.time - *decide->timeout);
        }
        return std::min(begin, record.time);
    }

    void add_publish(std::size_t place) {
        const Record& record = records_[place];
        const auto* value = std::get_if<history::Publish>(&record.value);
        if (value == nullptr) return;
        const bool paired = record.type != Type::invoke && invoke_of(place) != nullptr;
        if (!paired) {
            Publish publish;
            publish.index = record.index;
            publish.bundle = value->bundle;
            publish.revision = value->revision;
            publish.authority = value->authority.value_or("");
            publish.digest = value->digest;
            publish.inv = record.type == Type::invoke ? record.time : widest_begin(place);
            publish.content = value->content.value_or(Json());
            publish.bad = publish.content.is_object() && publish.content.contains("bad") && !publish.content["bad"].is_null();
            view_.publishes.push_back(std::move(publish));
        }
        if (record.type == Type::invoke) return;
        for (auto publish = view_.publishes.rbegin(); publish != view_.publishes.rend(); ++publish) {
            if (publish->bundle != value->bundle || publish->revision != value->revision) continue;
            publish->res = record.time;
            publish->completion = record.index;
            publish->completed = place;
            publish->outcome = record.type;
            publish->session = record.session.value_or("");
            return;
        }
    }

    /// The newest publish of this name begun by record `place` (a failed one may be published again).
    std::optional<std::size_t> published(const std::string& bundle, const std::string& revision, TrueTime by) const {
        std::optional<std::size_t> found;
        for (std::size_t i = 0; i < view_.publishes.size(); ++i) {
            const Publish& publish = view_.publishes[i];
            if (publish.bundle == bundle && publish.revision == revision && publish.inv <= by) found = i;
        }
        return found;
    }

    Shown resolve(const std::string& bundle, const history::Revisions& revisions, const history::Markers& markers,
                  std::size_t place) const {
        const TrueTime by = records_[place].time;
        Shown shown;
        if (const auto reported = revisions.find(bundle); reported != revisions.end()) shown.reported = reported->second;
        std::map<std::string, std::string> roots;
        for (const auto& [key, value] : markers) {
            if (key.substr(0, key.find('/')) == bundle) {
                roots[key.find('/') == std::string::npos ? "" : key.substr(key.find('/') + 1)] = value;
            }
        }
        shown.markers = roots.size();
        shown.by_markers = !roots.empty();
        if (roots.empty()) {
            shown.text = *shown.reported;
            return named(shown, bundle, by);
        }
        std::set<std::string> values;
        for (const auto& [root, value] : roots) values.insert(value);
        shown.text = *values.begin();
        if (values.size() == 1 && !names_something(shown.text)) return named(shown, bundle, by);
        // Under a publish, a root shows what its content promises of it, else the revision. A publish that had certainly
        // failed explains them only when no other does; of several, the one that the agent reports.
        std::vector<std::size_t> explaining;
        std::vector<std::size_t> failed;
        for (std::size_t i = 0; i < view_.publishes.size(); ++i) {
            const Publish& publish = view_.publishes[i];
            if (publish.bundle != bundle || publish.inv > by || published(bundle, publish.revision, by) != i) continue;
            const Json promised = publish.content.is_object() ? publish.content.value("markers", Json::object()) : Json::object();
            const bool all = std::all_of(roots.begin(), roots.end(), [&](const auto& root) {
                return promised.value(root.first, publish.revision) == root.second;
            });
            const bool has_failed = publish.outcome == Type::fail && publish.completed < place;
            if (all) (has_failed ? failed : explaining).push_back(i);
        }
        if (explaining.empty()) explaining = failed;
        if (explaining.size() > 1) {
            shown.state = Shown::State::ambiguous;
            for (const std::size_t one : explaining) {
                if (shown.reported != view_.publishes[one].revision) continue;
                shown.state = Shown::State::revision;
                shown.publish = one;
            }
            return shown;
        }
        if (!explaining.empty()) {
            shown.state = Shown::State::revision;
            shown.publish = explaining.front();
            return shown;
        }
        if (values.size() > 1 || published(bundle, shown.text, by)) {
            shown.state = Shown::State::torn;
            return shown;
        }
        return named(shown, bundle, by);
    }

    Shown named(Shown shown, const std::string& bundle, TrueTime by) const {
        shown.state = Shown::State::nothing;
        if (!names_something(shown.text)) return shown;
        const auto publish = published(bundle, shown.text, by);
        shown.state = publish ? Shown::State::revision : Shown::State::unpublished;
        shown.publish = publish.value_or(0);
        return shown;
    }

    void add_operation(std::size_t place) {
        const Record& record = records_[place];
        Operation operation;
        operation.index = record.index;
        operation.res = record.time;
        history::Revisions revisions;
        history::Markers markers;
        std::optional<std::string> echo;
        if (const auto* decide = std::get_if<history::Decide>(&record.value)) {
            if (record.type != Type::ok || !decide->answer) return;
            const Record* invoke = invoke_of(place);
            operation.inv = invoke == nullptr ? widest_begin(place) : invoke->time;
            operation.agent = decide->agent;
            operation.path = decide->path;
            operation.input = decide->input_id.value_or("");
            operation.clock = decide->agent_time;
            operation.session = record.session.value_or("");
            operation.at_least = decide->at_least;
            operation.exactly = decide->exactly;
            if (const auto* verdict = std::get_if<history::Verdict>(&*decide->answer)) {
                operation.answer = *verdict;
                operation.is_verdict = true;
            } else {
                operation.answer = std::holds_alternative<history::Undefined>(*decide->answer) ? "undefined" : "refused";
            }
            revisions = decide->revisions;
            markers = decide->markers;
            echo = decide->incarnation;
        } else if (const auto* status = std::get_if<history::Status>(&record.value)) {
            operation.is_status = true;
            operation.inv = record.time;
            operation.agent = status->agent;
            operation.has_errors = status->errors.has_value();
            revisions = status->revisions;
            echo = status->incarnation;
        } else {
            return;
        }
        operation.names_incarnation = echo && names_something(*echo);
        operation.incarnation = incarnation(operation, echo, place);
        std::set<std::string> bundles;
        for (const auto& [bundle, revision] : revisions) bundles.insert(bundle);
        for (const auto& [key, marker] : markers) bundles.insert(key.substr(0, key.find('/')));
        for (const std::string& bundle : bundles) {
            operation.shown[bundle] = resolve(bundle, revisions, markers, place);
        }
        view_.operations.push_back(std::move(operation));
    }

    /// What records of answers, reports and refusals tell of restarts that no boot record tells of.
    struct Implied {
        std::size_t place = 0;
        std::string agent;
        TrueTime heard = TrueTime::min();  ///< when the one before was last heard of
        TrueTime at;
    };

    /// Which agent a record is from, and the incarnation that it names; empty: from none, it names none.
    static std::pair<std::string, std::string> heard_in(const Record& record) {
        if (const auto* decide = std::get_if<history::Decide>(&record.value); decide != nullptr && record.type == Type::ok) {
            return {decide->agent, decide->incarnation.value_or("")};
        }
        if (const auto* health = std::get_if<history::Health>(&record.value)) {
            if (record.type == Type::ok && health->status) return {health->agent, health->incarnation.value_or("")};
        }
        if (const auto* log = std::get_if<history::Log>(&record.value); log != nullptr && log->incarnation) {
            return {log->agent, *log->incarnation};
        }
        if (const auto* status = std::get_if<history::Status>(&record.value)) {
            return {status->agent, status->incarnation.value_or("")};
        }
        if (const auto* upload = std::get_if<history::LogUpload>(&record.value); upload != nullptr && upload->incarnation) {
            return {upload->agent, *upload->incarnation};
        }
        return {};
    }

    void find_lives() {
        struct Life {
            std::set<std::string> named;
            TrueTime heard = TrueTime::min();
            bool booted = false;
            std::optional<TrueTime> down;
            std::optional<TrueTime> refused;  ///< when it last refused a connection, and was not heard of since
            bool suspected = false;           ///< `down` is told by a refusal
        };
        std::map<std::string, Life> lives;
        const auto restarts = [&](Life& life, const std::string& agent, TrueTime from, TrueTime at, bool suspected) {
            view_.windows.push_back({agent, "", false, from, at, true, suspected});
            life.down.reset();
            life.refused.reset();
            life.suspected = false;
        };
        for (std::size_t place = 0; place < records_.size(); ++place) {
            const Record& record = records_[place];
            if (const auto* boot = std::get_if<history::Boot>(&record.value)) {
                Life& life = lives[boot->agent];
                if (life.suspected) view_.windows.push_back({boot->agent, "", false, record.time, record.time, true});
                restarts(life, boot->agent, life.down.value_or(life.heard), record.time, life.suspected);
                life.heard = record.time;
                life.booted = true;
                life.named.insert(boot->incarnation);
            } else if (const auto* death = std::get_if<history::Death>(&record.value)) {
                Life& life = lives[death->agent];
                life.refused.reset();
                if (!life.down) life.down = record.time;
            } else if (const auto* decide = std::get_if<history::Decide>(&record.value);
                       decide != nullptr && record.type == Type::fail && record.error != "no-process") {
                Life& life = lives[decide->agent];
                if (life.booted) continue;
                implied_.push_back({place, decide->agent, life.heard, record.time});
                if (life.refused || !life.down) {
                    if (!life.down) {
                        life.down = life.heard;
                        life.suspected = true;
                    }
                    life.refused = record.time;
                }
            }
            const auto [agent, echo] = heard_in(record);
            if (agent.empty()) continue;
            Life& life = lives[agent];
            const bool others = !life.named.empty();
            const bool stranger = names_something(echo) && life.named.insert(echo).second;
            if (life.refused) {
                // Only what was asked after the refusal tells that the agent is back.
                const Record* invoke = std::holds_alternative<history::Decide>(record.value) ? invoke_of(place) : nullptr;
                const TrueTime inv = invoke != nullptr ? invoke->time
                                     : std::holds_alternative<history::Decide>(record.value) ? widest_begin(place)
                                                                                             : TrueTime::min();
                if (inv > *life.refused) {
                    restarts(life, agent, *life.down, record.time, life.suspected);
                } else if (std::holds_alternative<history::Decide>(record.value) && inv > TrueTime::min()) {
                    view_.windows.push_back({agent, "", false, record.time, record.time, true});  // of which process?
                }
            } else if (stranger && others && !life.down) {
                implied_.push_back({place, agent, life.heard, record.time});
                restarts(life, agent, life.heard, record.time, true);
                view_.strangers[agent] = record.index;
            }
            if (std::holds_alternative<history::Decide>(record.value)) life.heard = std::max(life.heard, record.time);
        }
        for (const auto& [agent, life] : lives) {
            if (life.down) view_.windows.push_back({agent, "", false, *life.down, TrueTime::max(), false, life.suspected});
        }
    }

    std::string incarnation(const Operation& operation, const std::optional<std::string>& echo, std::size_t place) const {
        if (echo && names_something(*echo)) return process_of(operation.agent, *echo);
        std::string living;
        int boots = 0;
        int suspicions = 0;
        TrueTime suspected = TrueTime::min();
        bool lived_all_the_while = false;
        bool before_any_boot = false;  // it was heard of, under no name
        std::set<std::string> names;
        const auto begins = [&](const std::string& name, TrueTime at) {
            ++boots;
            if (at <= operation.inv) living = process_of(operation.agent, name);
            lived_all_the_while = at <= operation.inv || (lived_all_the_while && at > operation.res);
        };
        for (std::size_t i = 0; i < place; ++i) {
            const Record& record = records_[i];
            if (const auto* boot = std::get_if<history::Boot>(&record.value); boot && boot->agent == operation.agent) {
                begins(boot->incarnation, record.time);
                names.insert(boot->incarnation);
            }
            if (const auto [agent, name] = heard_in(record); agent == operation.agent) {
                if (names_something(name)) names.insert(name);
                before_any_boot = before_any_boot || (boots == 0 && !names_something(name));
            }
            if (const auto* death = std::get_if<history::Death>(&record.value); death && death->agent == operation.agent) {
                lived_all_the_while = lived_all_the_while && record.time >= operation.res;
            }
            for (const Implied& implied : implied_) {
                if (implied.place != i || implied.agent != operation.agent) continue;
                if (boots > 0) {
                    lived_all_the_while = lived_all_the_while && implied.heard >= operation.res;
                } else {
                    ++suspicions;
                    suspected = implied.at;
                }
            }
        }
        // A report may be under way for longer than its writer lives.
        const bool one_life = boots == 0 || (boots == 1 && names.size() == 1 && !before_any_boot);
        if (operation.is_status && (suspicions > 0 || !one_life)) return "";
        if (boots > 0) return lived_all_the_while ? living : "";
        if (suspicions > 0 && operation.inv <= suspected) return "";
        return operation.agent + " after " + std::to_string(suspicions) + " suspected restarts";
    }

    void add_unanswered(std::size_t place) {
        const Record& record = records_[place];
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (decide == nullptr || (record.type != Type::fail && record.type != Type::info)) return;
        const Record* invoke = invoke_of(place);
        const TrueTime inv = invoke == nullptr ? widest_begin(place) : invoke->time;
        view_.missing.push_back({record.index, record.sched.value_or(inv), inv, record.time, decide->agent,
                                 record.error != "no-process"});
    }

    void add_health(std::size_t place) {
        const Record& record = records_[place];
        const auto* health = std::get_if<history::Health>(&record.value);
        if (health == nullptr || record.type != Type::ok || !health->status) return;
        const Record* invoke = invoke_of(place);
        Operation query;
        query.agent = health->agent;
        query.inv = invoke == nullptr ? widest_begin(place) : invoke->time;
        query.res = record.time;
        view_.healths.push_back({query.inv, query.res, query.agent, incarnation(query, health->incarnation, place),
                                 health->query, *health->status});
    }

    void add_uploader(std::size_t place) {
        const auto* upload = std::get_if<history::LogUpload>(&records_[place].value);
        if (upload == nullptr) return;
        Operation report;
        report.is_status = true;
        report.agent = upload->agent;
        report.inv = report.res = records_[place].time;
        view_.uploaders[records_[place].index] = incarnation(report, upload->incarnation, place);
    }

    void observe(const std::string& bundle, const std::string& revision, TrueTime at) {
        const auto place = published(bundle, revision, at);
        if (!place) return;
        Publish& publish = view_.publishes[*place];
        if (publish.outcome == Type::fail && *publish.res < at) return;
        publish.observations.push_back(at);
    }

    void add_faults() {
        std::map<std::string, std::pair<history::Fault, std::vector<std::pair<bool, TrueTime>>>> faults;
        for (const Record& record : records_) {
            const auto* fault = std::get_if<history::Fault>(&record.value);
            if (fault == nullptr) continue;
            auto& [value, phases] = faults.try_emplace(fault->fault, *fault, std::vector<std::pair<bool, TrueTime>>{}).first->second;
            phases.emplace_back(record.f.starts_with("heal-"), record.time);
        }
        for (const auto& [id, fault] : faults) {
            const auto& [value, phases] = fault;
            TrueTime healed = TrueTime::max();
            int heals = 0;
            for (const auto& [heal, time] : phases) {
                if (heal && ++heals == 2) healed = time;
            }
            for (const auto& [agent, excuse] : value.excuses) {
                for (const std::string& bundle : excuse.bundles) {
                    view_.windows.push_back({agent, bundle, true, phases.front().second, healed});
                }
                for (const auto& [what, cut] : {std::pair{"answers", excuse.answers}, std::pair{"status", excuse.status},
                                                std::pair{"log", excuse.log}}) {
                    if (cut) view_.silenced[what].push_back({agent, "", true, phases.front().second, healed});
                }
            }
        }
        for (const Record& record : records_) {
            if (const auto* stall = std::get_if<history::Stall>(&record.value)) {
                view_.windows.push_back({"", "", false, stall->began, record.time});
            }
        }
    }

    void add_bad_heads() {
        for (const Publish& bad : view_.publishes) {
            if (!bad.bad) continue;
            TrueTime end = bad.outcome == Type::fail ? *bad.res : TrueTime::max();
            for (const Publish& good : view_.publishes) {
                if (good.bundle != bad.bundle || good.bad || !certainly_before(view_, &bad, good)) continue;
                end = std::min(end, acknowledged(good));
            }
            view_.windows.push_back({"", bad.bundle, false, bad.inv, end});
        }
    }

    const std::vector<Record>& records_;
    std::vector<Implied> implied_;
    View view_;
};

std::string boolean(bool value) { return value ? "true" : "false"; }

}  // namespace

View view_of(const std::vector<Record>& records) { return Builder{records}.build(); }

std::string process_of(const std::string& agent, const std::string& incarnation) { return agent + " as " + incarnation; }

const Publish* find_publish(const View& view, const std::string& bundle, const std::string& revision) {
    const Publish* found = nullptr;
    for (const Publish& publish : view.publishes) {
        if (publish.bundle == bundle && publish.revision == revision) found = &publish;
    }
    return found;
}

TrueTime effective(const Publish& publish) {
    TrueTime earliest = publish.outcome == Type::ok ? *publish.res : TrueTime::max();
    for (const TrueTime observation : publish.observations) earliest = std::min(earliest, observation);
    return earliest;
}

TrueTime acknowledged(const Publish& publish) {
    if (publish.outcome == Type::ok) return *publish.res;
    if (publish.outcome != Type::info || publish.observations.empty()) return TrueTime::max();
    return std::max(*publish.res, effective(publish));
}

bool builds_on(const View& view, const Publish& later, const Publish& earlier) {
    // Publishes are kept in the order of their invokes, so an earlier place in the order is an earlier place in memory.
    if (later.bundle != earlier.bundle || &earlier > &later) return false;
    if (later.authority == earlier.authority) return true;
    const Json includes = later.content.is_object() ? later.content.value("includes", Json()) : Json();
    if (!includes.is_object()) return false;
    for (const auto& [authority, revision] : includes.items()) {
        const Publish* included = nullptr;
        for (const Publish& publish : view.publishes) {
            if (&publish < &later && publish.bundle == later.bundle && publish.revision == revision) included = &publish;
        }
        if (included == nullptr) continue;
        if (included == &earlier) return true;
        // What it includes brings along what that says of others; of its own authority, everything before.
        if (included->authority == earlier.authority ? &earlier < included : builds_on(view, *included, earlier)) return true;
    }
    return false;
}

bool certainly_before(const View& view, const Publish* a, const Publish& b) {
    if (a == nullptr) return true;
    return a->bundle == b.bundle && a < &b && effective(*a) < b.inv && builds_on(view, b, *a);
}

TrueTime deadline(const View& view, const Publish& publish, const std::string& agent, TrueTime t, Duration within,
                  bool faults_excuse) {
    TrueTime acked = acknowledged(publish);
    if (acked == TrueTime::max()) return TrueTime::max();
    // A process that began after the acknowledgement has the whole bound from its beginning.
    for (const Window& window : view.windows)
        if (window.restart && window.agent == agent && window.to <= t) acked = std::max(acked, window.to);
    std::vector<TrueTime> starts{acked};
    std::vector<const Window*> windows;
    for (const Window& window : view.windows) {
        if (window.fault && !faults_excuse) continue;
        if (!window.agent.empty() && window.agent != agent) continue;
        if (!window.bundle.empty() && window.bundle != publish.bundle) continue;
        windows.push_back(&window);
        if (window.to >= acked && window.to != TrueTime::max()) starts.push_back(window.to);
    }
    TrueTime earliest = TrueTime::max();
    for (const TrueTime start : starts) {
        const bool interrupted = std::any_of(windows.begin(), windows.end(), [&](const Window* window) {
            return std::max(start, window->from) < std::min(start + within, window->to);
        });
        if (!interrupted) earliest = std::min(earliest, start + within);
    }
    return earliest;
}

std::vector<std::string> admitted(const View& view, const Publish& publish, const std::string& input,
                                  std::optional<WallTime> clock) {
    if (!publish.content.is_object() || !publish.content.contains("verdicts")) return {};
    const Json& verdicts = publish.content["verdicts"];
    if (!verdicts.contains(input)) {
        const Json base = publish.content.value("base", Json());
        if (!base.is_string()) return {};
        const Publish* from = nullptr;
        for (const Publish& earlier : view.publishes) {
            if (&earlier >= &publish) break;
            if (earlier.bundle == publish.bundle && earlier.revision == base) from = &earlier;
        }
        return from == nullptr ? std::vector<std::string>{} : admitted(view, *from, input, clock);
    }
    const Json& verdict = verdicts[input];
    if (verdict == Json{{"undefined", true}}) return {"undefined"};
    if (!verdict.is_object() || verdict.size() != 1 || !verdict.contains("pieces")) return {canonical(verdict)};
    const Duration slack = std::chrono::microseconds{1};
    std::vector<std::string> possible;
    std::optional<WallTime> from;
    for (std::size_t i = 0; i < verdict["pieces"].size(); ++i) {
        const Json& piece = verdict["pieces"][i];
        const bool last = i + 1 == verdict["pieces"].size();
        const WallTime until = last ? WallTime::max() : at_nanos<WallTime>(piece["until"].get<std::int64_t>());
        if (!clock || ((!from || *from - slack <= *clock) && (last || *clock < until + slack))) {
            possible.push_back(canonical(piece["verdict"]));
        }
        from = until;
    }
    return possible;
}

std::vector<std::string> bundles_of(const View& view, const std::string& input) {
    if (view.inputs.is_object() && view.inputs.contains(input) && view.inputs[input].contains("bundles")) {
        auto named = view.inputs[input]["bundles"].get<std::vector<std::string>>();
        if (!named.empty()) return named;
    }
    std::set<std::string> all;
    std::set<std::string> telling;
    // A probe between two bundles is about both, whether both were published or not.
    if (view.inputs.is_object() && view.inputs.contains(input) && view.inputs[input].contains("new_enemy")) {
        for (const Json& side : view.inputs[input]["new_enemy"]) all.insert(side.begin().key());
    }
    for (const Publish& publish : view.publishes) {
        all.insert(publish.bundle);
        if (!admitted(view, publish, input, std::nullopt).empty()) telling.insert(publish.bundle);
    }
    const std::set<std::string>& chosen = telling.empty() ? all : telling;
    return {chosen.begin(), chosen.end()};
}

std::vector<std::string> admitted_by_state(const View& view, const std::vector<const Publish*>& state,
                                           const std::string& input, std::optional<WallTime> clock) {
    const Json special = view.inputs.is_object() ? view.inputs.value(input, Json::object()) : Json::object();
    const std::string how = special.value("combine", "");
    if (state.empty() || (how.empty() && state.size() != 1)) return {};
    std::vector<std::vector<std::string>> parts;
    for (std::size_t i = 0; i < state.size(); ++i) {
        if (state[i] != nullptr) {
            parts.push_back(admitted(view, *state[i], input, clock));
        } else if (special.contains("inactive")) {
            parts.push_back({special["inactive"] == Json{{"undefined", true}} ? "undefined" : canonical(special["inactive"])});
        } else {
            parts.push_back({i == 0 ? "undefined" : "false"});
        }
    }
    std::vector<std::string> result = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) {
        std::vector<std::string> joined;
        for (const std::string& a : result) {
            for (const std::string& b : parts[i]) {
                if (a == "undefined" || b == "undefined") {
                    joined.push_back("undefined");
                } else if ((a != "true" && a != "false") || (b != "true" && b != "false")) {
                    return {};
                } else {
                    joined.push_back(boolean(how == "and" ? a == "true" && b == "true" : a == "true" || b == "true"));
                }
            }
        }
        result = joined;
    }
    return result;
}

bool allows(const std::string& answer) {
    const Json value = Json::parse(answer, nullptr, false);
    return value == true || (value.is_object() && value.contains("allow") && value["allow"] == true);
}

}  // namespace mistrial::checkers::definitional
