#include "checkers/definitional/begins.hpp"
#include "checkers/definitional/lives.hpp"
#include "checkers/definitional/view.hpp"

#include <algorithm>
#include <set>

namespace mistrial::checkers::definitional {

namespace {

using history::Record;
using history::Type;

bool is_call(const Record& record) {
    static const std::set<std::string> functions{"read", "write", "cas", "get", "put", "append"};
    return std::holds_alternative<history::Foreign>(record.value) && std::holds_alternative<std::int64_t>(record.process) &&
           functions.contains(record.f);
}

class Builder {
  public:
    explicit Builder(const std::vector<Record>& records) : records_(records), lives_(records) {}

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
                    view_.listed_bundles.insert(view_.listed_bundles.end(), agent.bundles.begin(), agent.bundles.end());
                }
            }
            if (is_call(record)) view_.foreign.push_back(record);
            view_.end = record.time;
        }
        for (std::size_t i = 0; i < records_.size(); ++i) add_publish(i);
        view_.windows = lives_.windows();
        view_.strangers = lives_.strangers();
        for (std::size_t i = 0; i < records_.size(); ++i) add_operation(i);
        for (std::size_t i = 0; i < records_.size(); ++i) add_unanswered(i);
        for (std::size_t i = 0; i < records_.size(); ++i) add_health(i);
        for (std::size_t i = 0; i < records_.size(); ++i) add_uploader(i);
        std::set<std::string> booted;
        for (const Record& record : records_) {
            if (const auto* boot = std::get_if<history::Boot>(&record.value)) booted.insert(boot->agent);
            // A connection that was refused or broke may have been a restart, where boots are not recorded.
            if (const auto* decide = std::get_if<history::Decide>(&record.value);
                decide != nullptr && loses_connection(record) && !booted.contains(decide->agent)) {
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
    void add_publish(std::size_t place) {
        const Record& record = records_[place];
        const auto* value = std::get_if<history::Publish>(&record.value);
        if (value == nullptr) return;
        const bool paired = record.type != Type::invoke && invoke_of(records_, place) != nullptr;
        if (!paired) {
            Publish publish;
            publish.index = record.index;
            publish.bundle = value->bundle;
            publish.revision = value->revision;
            publish.authority = value->authority.value_or("");
            publish.digest = value->digest;
            publish.inv = record.type == Type::invoke ? record.time : began(records_, place);
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
            operation.inv = began(records_, place);
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
        operation.incarnation = lives_.incarnation(operation, echo, place);
        std::set<std::string> bundles;
        for (const auto& [bundle, revision] : revisions) bundles.insert(bundle);
        for (const auto& [key, marker] : markers) bundles.insert(key.substr(0, key.find('/')));
        for (const std::string& bundle : bundles) {
            operation.shown[bundle] = resolve(bundle, revisions, markers, place);
        }
        view_.operations.push_back(std::move(operation));
    }

    void add_unanswered(std::size_t place) {
        const Record& record = records_[place];
        const auto* decide = std::get_if<history::Decide>(&record.value);
        if (decide == nullptr || (record.type != Type::fail && record.type != Type::info)) return;
        const TrueTime inv = began(records_, place);
        view_.missing.push_back({record.index, record.sched.value_or(inv), inv, record.time, decide->agent,
                                 record.error != "no-process"});
    }

    void add_health(std::size_t place) {
        const Record& record = records_[place];
        const auto* health = std::get_if<history::Health>(&record.value);
        if (health == nullptr || record.type != Type::ok || !health->status) return;
        Operation query;
        query.agent = health->agent;
        query.inv = began(records_, place);
        query.res = record.time;
        view_.healths.push_back({query.inv, query.res, query.agent, lives_.incarnation(query, health->incarnation, place),
                                 health->query, *health->status});
    }

    void add_uploader(std::size_t place) {
        const auto* upload = std::get_if<history::LogUpload>(&records_[place].value);
        if (upload == nullptr) return;
        Operation report;
        report.is_status = true;
        report.agent = upload->agent;
        report.inv = report.res = records_[place].time;
        view_.uploaders[records_[place].index] = lives_.incarnation(report, upload->incarnation, place);
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
    Lives lives_;
    View view_;
};

}  // namespace

View view_of(const std::vector<Record>& records) { return Builder{records}.build(); }

}  // namespace mistrial::checkers::definitional
