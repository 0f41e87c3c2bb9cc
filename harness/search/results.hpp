#pragma once

#include "harness/search/campaign.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mistrial::search {

/// What a search looks for and where, written beside its runs so that it can be resumed and joined with its other shards.
struct Header {
    std::string scenario;
    std::string strategy;
    std::uint64_t seed = 0;
    std::uint64_t shard = 0, shards = 1;
    OrderedJson base;  ///< the scenario without faults, spelled out
};

/// One way to fail, however many runs failed so: what a search is asked for.
struct Found {
    Signature signature;
    std::uint64_t runs = 0;
    RunSeen first;
};

/// The sum of a search's runs.
struct Tally {
    std::uint64_t runs = 0, valid = 0, invalid = 0, unknown = 0, failed = 0;
    std::uint64_t events = 0;
    std::size_t states = 0;
    std::vector<Found> found;                     ///< in the order of the runs that found them
    std::map<std::string, std::uint64_t> probes;  ///< runs that hit each
    std::vector<std::string> missed;              ///< probes within reach that no run hit
};
/// Runs in any order, each number once. A probe is within reach when the search made as many runs as it takes and some run
/// had a fault of the kind that it needs.
[[nodiscard]] Tally tally_of(std::vector<RunSeen> runs);
[[nodiscard]] OrderedJson to_json(const Header& header, const Tally& tally);

/// DIR/search.json: the header; DIR/runs.jsonl: a run a line, appended as the search goes.
[[nodiscard]] Result<> write_header(const Header& header, const std::filesystem::path& folder);
[[nodiscard]] Result<Header> read_header(const std::filesystem::path& folder);
/// A torn last line, as a killed search leaves it, is left out.
[[nodiscard]] Result<std::vector<RunSeen>> read_runs(const std::filesystem::path& folder);

/// The runs of several shards together; an error when they are not of one search, or two of them hold one run and say different
/// things of it.
[[nodiscard]] Result<std::pair<Header, std::vector<RunSeen>>> merged(const std::vector<std::filesystem::path>& folders);

}  // namespace mistrial::search
