#include "harness/search/lineage.hpp"

#include "harness/scenario/spell_out.hpp"
#include "harness/search/edit.hpp"
#include "harness/search/simulate.hpp"

#include <algorithm>
#include <map>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;

/// Faults that would each take away something that the good run rested on, by the node that they are given to.
using Cuts = std::map<std::string, std::vector<OrderedJson>>;

class Lineage {
  public:
    Lineage(const OrderedJson& base, const Space& space) : space_(space) {
        for (const auto& [node, source] : space.sources) source_of_[node] = source;
        for (const OrderedJson& agent : base.at("fleet").at("agents")) shown_[agent.at("name")];
    }

    void on(const history::Record& record) {
        if (const auto* serve = std::get_if<history::Serve>(&record.value)) {
            if (serve->status != 200 || !serve->agent) return;
            const std::string& node = *serve->agent;
            const auto source = source_of_.find(node);
            if (source == source_of_.end() || source->second != serve->server) return;
            for (const char* mode : {"refuse", "black-hole", "reset", "stall"})
                put(node, record.time - 300ms, 3s, "partition", {{"on", {node}}, {"from", {serve->server}}, {"mode", mode}});
            put(node, record.time - 300ms, 6s, "partition", {{"on", {node}}, {"from", {serve->server}}, {"mode", "refuse"}});
        } else if (const auto* decide = std::get_if<history::Decide>(&record.value)) {
            if (record.type != history::Type::ok || decide->revisions.empty()) return;
            std::string& shown = shown_[decide->agent];
            if (shown == decide->revisions.begin()->second) return;
            const bool first = shown.empty();
            shown = decide->revisions.begin()->second;
            activated(decide->agent, record.time, first);
        } else if (const auto* upload = std::get_if<history::LogUpload>(&record.value)) {
            put(upload->agent, record.time - 200ms, 4s, "partition", {{"on", {upload->agent}}, {"from", {"logs"}}, {"mode", "refuse"}}, 4);
            put(upload->agent, record.time - 1ms, 1s, "kill", {{"on", {upload->agent}}, {"state", "kept"}}, 4);
        } else if (const auto* status = std::get_if<history::Status>(&record.value)) {
            put(status->agent, record.time - 200ms, 4s, "partition", {{"on", {status->agent}}, {"from", {"status"}}, {"mode", "refuse"}}, 4);
        }
    }

    [[nodiscard]] const Cuts& cuts() const { return cuts_; }

  private:
    void activated(const std::string& agent, TrueTime time, bool first) {
        for (const char* state : {"kept", "lost"}) {
            put(agent, time + 50ms, 1s, "kill", {{"on", {agent}}, {"state", state}});
            put(agent, time + 700ms, 1s, "kill", {{"on", {agent}}, {"state", state}});
        }
        put(agent, time + 1ms, 4s, "pause", {{"on", {agent}}});
        if (first) return;
        for (const char* offset : {"-1h", "1h"}) put(agent, time + 1ms, 4s, "clock", {{"on", {agent}}, {"offset", offset}});
        put(agent, time - 300ms, 1s, "kill", {{"on", {agent}}, {"state", "kept"}});
    }

    /// One of `each`, as there are many reports of one kind.
    void put(const std::string& node, TrueTime at, Duration length, const char* kind, OrderedJson body, std::size_t each = 1) {
        if (seen_[node + kind]++ % each != 0) return;
        const Duration start = std::max<Duration>(at.time_since_epoch() / 1ms * 1ms, space_.begin);
        if (start + 100ms >= space_.end) return;
        cuts_[node].push_back({{"at", format_short(start)}, {"for", format_short(std::min<Duration>(length, space_.end - start))}, {kind, std::move(body)}});
    }

    const Space& space_;
    std::map<std::string, std::string> source_of_, shown_;
    std::map<std::string, std::size_t> seen_;
    Cuts cuts_;
};

class LineageDriven final : public Strategy {
  public:
    /// `cuts`: for each mix of publishes.
    LineageDriven(std::uint64_t seed, const std::vector<Cuts>& cuts) : seed_(seed), by_node_(cuts.size()) {
        for (std::size_t mix = 0; mix < cuts.size(); ++mix)
            for (const auto& [node, faults] : cuts[mix]) {
                std::vector<OrderedJson> order = faults;
                RandomSequence dice(RandomStream(seed, node, "lineage"));
                for (std::size_t i = 0; i + 1 < order.size(); ++i) std::swap(order[i], order[i + dice.below(order.size() - i)]);
                by_node_[mix].push_back(std::move(order));
            }
    }

    std::optional<Variation> candidate(std::uint64_t number) override {
        Variation run{seed_};
        RandomSequence dice(RandomStream(seed_, fmt::format("run {}", number), "lineage"));
        run.mix = number % mixes;
        number /= mixes;
        for (const std::vector<OrderedJson>& all : by_node_[run.mix]) {
            // Round 0 gives each node its next fault, round k adds k more that it may well need beside it.
            for (std::uint64_t round = number / all.size(), k = 0; k <= std::min<std::uint64_t>(round, 3); ++k)
                add_fault(run.faults, all[k == 0 ? number % all.size() : dice.below(all.size())]);
        }
        return run;
    }

  private:
    std::uint64_t seed_;
    std::vector<std::vector<std::vector<OrderedJson>>> by_node_;  ///< by mix, then by node
};

}  // namespace

Result<std::unique_ptr<Strategy>> make_lineage(const OrderedJson& base, std::uint64_t seed) {
    const Space space = space_of(base);
    std::vector<Cuts> cuts;
    for (std::uint64_t mix = 0; mix < mixes; ++mix) {
        const OrderedJson good = varied(base, {seed, mix});
        const auto plan = scenario::resolve(scenario::scenario_of(good));
        if (!plan) return plan.error();
        Lineage lineage(good, space);
        const auto run = simulate(*plan, {{}, [&](const history::Record& record) { lineage.on(record); }, {}});
        if (!run) return run.error();
        if (lineage.cuts().empty()) return fail("a run without faults shows no download and no activation that a fault could be placed on");
        cuts.push_back(lineage.cuts());
    }
    return std::unique_ptr<Strategy>(std::make_unique<LineageDriven>(seed, cuts));
}

}  // namespace mistrial::search
