#pragma once

#include "harness/scenario/scenario.hpp"
#include "harness/search/coverage.hpp"
#include "harness/search/signature.hpp"
#include "harness/search/strategy.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::search {

/// One run of a search: enough to count it, to make it again, and to go on from it.
struct RunSeen {
    std::uint64_t number = 0;
    Variation variation;
    std::string fingerprint;
    checkers::Validity validity = checkers::Validity::unknown;
    std::vector<Signature> signatures;
    std::map<std::string, std::uint64_t> probes;
    std::vector<std::uint64_t> states;
    std::uint64_t events = 0;
    std::optional<std::string> error;  ///< it could not be made, and why
};
[[nodiscard]] OrderedJson to_json(const RunSeen& run);
[[nodiscard]] Result<RunSeen> run_from_json(const OrderedJson& json);

/// Makes the run `number` of a search.
[[nodiscard]] RunSeen make_run(std::uint64_t number, const OrderedJson& base, const Variation& variation);

struct CampaignOptions {
    std::uint64_t runs = 100;
    std::optional<Duration> time{};  ///< ends after this much real time, if before `runs`
    unsigned jobs = 1;               ///< threads
    std::uint64_t shard = 0, shards = 1;  ///< makes the runs whose number is `shard` modulo `shards`
    std::vector<RunSeen> done{};          ///< of an earlier search that this one resumes
    bool until_found = false;
    /// Told of each run, in the order of numbers; an error ends the search.
    std::function<Result<>(const RunSeen&)> on_run{};
    std::function<bool()> interrupted{};
};

/// Runs the strategy's candidates in the simulation, on as many threads as asked for. Which runs are made, and what comes of each,
/// does not depend on the threads.
[[nodiscard]] Result<> search(Strategy& strategy, const OrderedJson& base, const CampaignOptions& options);

/// The base of a search: the scenario spelled out, with its own claims, so that their bounds are derived anew for each schedule, and
/// with time to settle after the longest fault that may be drawn.
[[nodiscard]] Result<OrderedJson> base_of(const scenario::Scenario& scenario);

}  // namespace mistrial::search
