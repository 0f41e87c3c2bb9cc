#include "harness/search/results.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace mistrial::search {
namespace {

using checkers::Validity;

constexpr const char* kHeaderFile = "search.json";
constexpr const char* kRunsFile = "runs.jsonl";

bool same_search(const Header& a, const Header& b) {
    return a.scenario == b.scenario && a.strategy == b.strategy && a.seed == b.seed && a.shards == b.shards && a.base == b.base;
}

}  // namespace

Tally tally_of(std::vector<RunSeen> runs) {
    std::ranges::sort(runs, {}, &RunSeen::number);
    Tally tally;
    std::set<std::uint64_t> states;
    std::set<std::string> kinds;
    for (const RunSeen& run : runs) {
        ++tally.runs;
        if (run.error) {
            ++tally.failed;
            continue;
        }
        ++(run.validity == Validity::valid ? tally.valid : run.validity == Validity::invalid ? tally.invalid : tally.unknown);
        tally.events += run.events;
        states.insert(run.states.begin(), run.states.end());
        for (const auto& [probe, hits] : run.probes) ++tally.probes[probe];
        for (const OrderedJson& fault : run.variation.faults)
            for (const auto& [key, value] : fault.items()) kinds.insert(key);
        for (const Signature& signature : run.signatures) {
            const auto found = std::ranges::find(tally.found, signature, &Found::signature);
            if (found == tally.found.end()) tally.found.push_back({signature, 1, run});
            else ++found->runs;
        }
    }
    tally.states = states.size();
    for (const Probe& probe : probes()) {
        const bool in_reach = tally.runs >= probe.within && (probe.needs.empty() || kinds.contains(std::string(probe.needs)));
        if (in_reach && !tally.probes.contains(std::string(probe.name))) tally.missed.emplace_back(probe.name);
    }
    return tally;
}

OrderedJson to_json(const Header& header, const Tally& tally) {
    OrderedJson json{{"format", 1},
                     {"scenario", header.scenario},
                     {"strategy", header.strategy},
                     {"seed", header.seed},
                     {"runs", tally.runs},
                     {"valid", tally.valid},
                     {"invalid", tally.invalid},
                     {"unknown", tally.unknown},
                     {"failed", tally.failed},
                     {"events", tally.events},
                     {"states", tally.states},
                     {"found", OrderedJson::array()},
                     {"probes", OrderedJson::object()},
                     {"missed", tally.missed}};
    for (const Found& found : tally.found)
        json["found"].push_back({{"signature", to_text(found.signature)},
                                 {"runs", found.runs},
                                 {"first", to_json(found.first)}});
    for (const Probe& probe : probes()) {
        const auto hits = tally.probes.find(std::string(probe.name));
        json["probes"][std::string(probe.name)] = hits == tally.probes.end() ? 0 : hits->second;
    }
    return json;
}

Result<> write_header(const Header& header, const std::filesystem::path& folder) {
    return replace_file(folder / kHeaderFile, pretty({{"format", 1},
                                                      {"scenario", header.scenario},
                                                      {"strategy", header.strategy},
                                                      {"seed", header.seed},
                                                      {"shard", header.shard},
                                                      {"shards", header.shards},
                                                      {"base", header.base}}));
}

Result<Header> read_header(const std::filesystem::path& folder) {
    const auto text = read_file(folder / kHeaderFile);
    if (!text) return text.error();
    const std::string where = (folder / kHeaderFile).string();
    if (const auto json = parse_json(*text, where); !json) return json.error();
    try {
        const OrderedJson json = OrderedJson::parse(*text);
        return Header{json.at("scenario"), json.at("strategy"), json.at("seed"), json.at("shard"), json.at("shards"), json.at("base")};
    } catch (const OrderedJson::exception& error) {
        return fail("{}: not the head of a search: {}", where, error.what());
    }
}

Result<std::vector<RunSeen>> read_runs(const std::filesystem::path& folder) {
    const auto text = read_file(folder / kRunsFile);
    if (!text) return text.error();
    std::vector<RunSeen> runs;
    std::size_t number = 0;
    for (std::size_t begin = 0, end; (end = text->find('\n', begin)) != std::string::npos; begin = end + 1) {
        const std::string where = fmt::format("{}:{}", (folder / kRunsFile).string(), ++number);
        const auto line = std::string_view(*text).substr(begin, end - begin);
        if (const auto json = parse_json(line, where); !json) return json.error();
        auto run = run_from_json(OrderedJson::parse(line));  // whose keys keep their order
        if (!run) return with_context(where, run.error());
        runs.push_back(std::move(*run));
    }
    return runs;
}

Result<std::pair<Header, std::vector<RunSeen>>> merged(const std::vector<std::filesystem::path>& folders) {
    std::optional<Header> first;
    std::map<std::uint64_t, RunSeen> all;
    for (const std::filesystem::path& folder : folders) {
        auto header = read_header(folder);
        if (!header) return header.error();
        if (first && !same_search(*first, *header))
            return fail("{}: of another search than {}: scenario, strategy, seed or number of shards differ", folder.string(), folders.front().string());
        auto runs = read_runs(folder);
        if (!runs) return runs.error();
        for (RunSeen& run : *runs) {
            const auto [at, fresh] = all.emplace(run.number, run);
            if (!fresh && to_json(at->second) != to_json(run))
                return fail("{}: run {} is there twice and came out differently", folder.string(), run.number);
        }
        if (!first) first = std::move(*header);
    }
    std::pair<Header, std::vector<RunSeen>> result{std::move(*first), {}};
    for (auto& [number, run] : all) result.second.push_back(std::move(run));
    return result;
}

}  // namespace mistrial::search
