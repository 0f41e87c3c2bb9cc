#include "checkers/testing/alter.hpp"

#include <algorithm>

namespace mistrial::checkers::testing {

namespace {

template <class T>
T* as(history::Record& record) {
    return std::get_if<T>(&record.value);
}

template <class Map, class F>
void map_keys(Map& map, const F& f) {
    Map renamed;
    for (auto& [key, value] : map) renamed.emplace(f(key), std::move(value));
    map = std::move(renamed);
}

}  // namespace

void map_times(Records& records, const std::function<TrueTime(TrueTime)>& f) {
    for (history::Record& record : records) {
        record.time = f(record.time);
        if (record.sched) record.sched = f(*record.sched);
        if (auto* serve = as<history::Serve>(record)) serve->began = f(serve->began);
        if (auto* stall = as<history::Stall>(record)) stall->began = f(stall->began);
        if (auto* upload = as<history::LogUpload>(record)) upload->began = f(upload->began);
    }
}

void map_bounds(Claims& claims, const std::function<Duration(Duration)>& f) {
    for (auto& [property, claim] : claims) {
        if (claim.within) claim.within = f(*claim.within);
        for (const char* name : {"within", "at_most", "gap", "latency", "error"}) {
            // How many revisions an answer may be behind is no time.
            if (property == "k-atomicity" && std::string_view{name} == "at_most") continue;
            if (const auto bound = claim.duration(name)) claim.parameters[name] = f(*bound).count();
        }
    }
}

void map_names(Claims& claims, const std::function<std::string(const std::string&)>& f) {
    for (auto& [property, claim] : claims) {
        for (std::string& agent : claim.agents) agent = agent == "agents" ? agent : f(agent);
        for (std::string& bundle : claim.bundles) bundle = f(bundle);
    }
}

void map_names(Records& records, const std::function<std::string(const std::string&)>& f) {
    const auto some = [&](const std::string& name) { return name.empty() || name == "-" ? name : f(name); };
    const auto maybe = [&](std::optional<std::string>& name) {
        if (name) name = some(*name);
    };
    const auto each = [&](std::vector<std::string>& names) { std::transform(names.begin(), names.end(), names.begin(), f); };
    const auto revisions = [&](history::Revisions& map) {
        map_keys(map, f);
        for (auto& [bundle, revision] : map) revision = some(revision);
    };
    const auto text = [&](Json& json) {
        if (json.is_string()) json = some(json.get<std::string>());
    };
    const auto values = [&](Json& json) {
        for (Json& value : json) text(value);
    };
    // A revision, or one for each of several bundles.
    const auto wanted = [&](std::optional<Json>& asked) {
        if (!asked) return;
        text(*asked);
        if (!asked->is_object()) return;
        Json renamed = Json::object();
        for (const auto& [bundle, revision] : asked->items()) renamed[f(bundle)] = f(revision.get<std::string>());
        asked = std::move(renamed);
    };
    for (history::Record& record : records) {
        if (auto* run = as<history::RunInfo>(record)) {
            map_keys(run->agents, f);
            for (auto& [name, agent] : run->agents) each(agent.bundles);
            for (auto& group : run->atomic) each(group);
            for (Json& input : run->inputs) {
                if (input.contains("bundles")) values(input["bundles"]);
                if (input.contains("ladder")) text(input["ladder"]);
            }
        } else if (auto* publish = as<history::Publish>(record)) {
            publish->bundle = f(publish->bundle);
            publish->revision = f(publish->revision);
            if (!publish->content) continue;
            Json& content = *publish->content;
            for (const char* key : {"markers", "includes"}) {
                if (content.contains(key)) values(content[key]);
            }
            if (content.contains("base")) text(content["base"]);
            if (content.contains("depends")) {
                std::optional<Json> depends = content["depends"];
                wanted(depends);
                content["depends"] = *depends;
            }
        } else if (auto* decide = as<history::Decide>(record)) {
            decide->agent = f(decide->agent);
            revisions(decide->revisions);
            map_keys(decide->markers, [&](const std::string& key) {
                const std::size_t slash = key.find('/');
                return f(key.substr(0, slash)) + key.substr(slash);
            });
            for (auto& [root, marker] : decide->markers) marker = some(marker);
            maybe(decide->incarnation);
            wanted(decide->at_least);
            wanted(decide->exactly);
        } else if (auto* health = as<history::Health>(record)) {
            health->agent = f(health->agent);
            maybe(health->incarnation);
        } else if (auto* status = as<history::Status>(record)) {
            status->agent = f(status->agent);
            revisions(status->revisions);
            maybe(status->incarnation);
        } else if (auto* log = as<history::Log>(record)) {
            log->agent = f(log->agent);
            revisions(log->revisions);
            maybe(log->incarnation);
        } else if (auto* upload = as<history::LogUpload>(record)) {
            upload->agent = f(upload->agent);
            maybe(upload->incarnation);
        } else if (auto* serve = as<history::Serve>(record)) {
            serve->server = f(serve->server);
            maybe(serve->agent);
            serve->bundle = f(serve->bundle);
            serve->revision = some(serve->revision);
        } else if (auto* boot = as<history::Boot>(record)) {
            boot->agent = f(boot->agent);
            boot->incarnation = f(boot->incarnation);
            if (boot->persisted) revisions(*boot->persisted);
        } else if (auto* death = as<history::Death>(record)) {
            death->agent = f(death->agent);
            death->incarnation = f(death->incarnation);
        } else if (auto* sample = as<history::ClockSample>(record)) {
            sample->agent = some(sample->agent);
        } else if (auto* barrier = as<history::Barrier>(record)) {
            barrier->revision = f(barrier->revision);
            each(barrier->agents);
        } else if (auto* fault = as<history::Fault>(record)) {
            each(fault->target);
            map_keys(fault->excuses, f);
            map_keys(fault->skews, f);
            for (auto& [agent, excuse] : fault->excuses) each(excuse.bundles);
        }
    }
}

std::map<std::uint64_t, std::uint64_t> reorder(Records& records) {
    std::stable_sort(records.begin(), records.end(), [](const history::Record& a, const history::Record& b) {
        const auto rank = [](const history::Record& record) {
            return record.f == "run" ? 0 : record.type == history::Type::invoke ? 1 : 2;
        };
        return std::make_pair(a.time, rank(a)) < std::make_pair(b.time, rank(b));
    });
    std::map<std::uint64_t, std::uint64_t> places;
    for (std::size_t i = 0; i < records.size(); ++i) {
        places[records[i].index] = i;
        records[i].index = i;
    }
    return places;
}

std::vector<Completed> completed(const Records& records, const std::string& f) {
    std::vector<Completed> all;
    std::map<history::Process, std::size_t> invoked;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (records[i].f != f) continue;
        if (records[i].type == history::Type::invoke) {
            invoked[records[i].process] = i;
        } else if (records[i].type == history::Type::ok) {
            all.push_back({invoked.at(records[i].process), i});
        }
    }
    return all;
}

}  // namespace mistrial::checkers::testing
