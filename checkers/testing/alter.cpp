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

void map_names(Records& records, const std::function<std::string(const std::string&)>& f) {
    const auto some = [&](const std::string& name) { return name.empty() || name == "-" ? name : f(name); };
    const auto revisions = [&](history::Revisions& map) {
        map_keys(map, f);
        for (auto& [bundle, revision] : map) revision = some(revision);
    };
    for (history::Record& record : records) {
        if (auto* run = as<history::RunInfo>(record)) {
            map_keys(run->agents, f);
            for (auto& [name, agent] : run->agents) std::transform(agent.bundles.begin(), agent.bundles.end(), agent.bundles.begin(), f);
            for (auto& group : run->atomic) std::transform(group.begin(), group.end(), group.begin(), f);
        } else if (auto* publish = as<history::Publish>(record)) {
            publish->bundle = f(publish->bundle);
            publish->revision = f(publish->revision);
            if (!publish->content) continue;
            if (Json& base = (*publish->content)["base"]; base.is_string()) base = f(base.get<std::string>());
            if (publish->content->contains("markers")) {
                for (auto& [root, marker] : (*publish->content)["markers"].items()) marker = f(marker.get<std::string>());
            }
        } else if (auto* decide = as<history::Decide>(record)) {
            decide->agent = f(decide->agent);
            revisions(decide->revisions);
            map_keys(decide->markers, [&](const std::string& key) {
                const std::size_t slash = key.find('/');
                return f(key.substr(0, slash)) + key.substr(slash);
            });
            for (auto& [root, marker] : decide->markers) marker = some(marker);
            if (decide->incarnation) decide->incarnation = some(*decide->incarnation);
        } else if (auto* status = as<history::Status>(record)) {
            status->agent = f(status->agent);
            revisions(status->revisions);
            if (status->incarnation) status->incarnation = some(*status->incarnation);
        } else if (auto* serve = as<history::Serve>(record)) {
            if (serve->agent) serve->agent = f(*serve->agent);
            serve->bundle = f(serve->bundle);
            serve->revision = f(serve->revision);
        } else if (auto* boot = as<history::Boot>(record)) {
            boot->agent = f(boot->agent);
            boot->incarnation = f(boot->incarnation);
            if (boot->persisted) revisions(*boot->persisted);
        } else if (auto* death = as<history::Death>(record)) {
            death->agent = f(death->agent);
            death->incarnation = f(death->incarnation);
        } else if (auto* fault = as<history::Fault>(record)) {
            map_keys(fault->excuses, f);
            map_keys(fault->skews, f);
            for (auto& [agent, excuse] : fault->excuses) std::transform(excuse.bundles.begin(), excuse.bundles.end(), excuse.bundles.begin(), f);
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
