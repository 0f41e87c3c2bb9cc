#include "harness/search/lineage.hpp"

#include "harness/scenario/spell_out.hpp"
#include "harness/search/edit.hpp"
#include "harness/search/simulate.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;

template <class T>
void shuffle(std::vector<T>& all, RandomSequence& dice) {
    for (std::size_t i = 0; i + 1 < all.size(); ++i) std::swap(all[i], all[i + dice.below(all.size() - i)]);
}

/// What a node's outcome in the good run rested on, and a set of faults that takes it away at a moment when it did.
struct Cut {
    std::string support;  ///< "source", "process", ...
    std::vector<OrderedJson> faults;
    Duration begin{}, end{};
};
using Cuts = std::map<std::string, std::vector<Cut>>;  ///< by node

class Lineage {
  public:
    Lineage(const OrderedJson& base, const Space& space) : space_(space) {
        for (const auto& [node, source] : space.sources) source_of_[node] = source;
        for (const OrderedJson& agent : base.at("fleet").at("agents")) shown_[agent.at("name")];
    }

    void on(const history::Record& record) {
        if (const auto* serve = std::get_if<history::Serve>(&record.value)) {
            if (serve->status != 200 || !serve->agent) return;
            const auto source = source_of_.find(*serve->agent);
            if (source == source_of_.end() || source->second != serve->server) return;
            for (const char* mode : {"refuse", "black-hole", "reset", "stall"}) cut(source->first, serve->server, record.time - 300ms, 3s, mode);
            cut(source->first, serve->server, record.time - 300ms, 6s, "refuse");
        } else if (const auto* decide = std::get_if<history::Decide>(&record.value)) {
            if (record.type != history::Type::ok || decide->revisions.empty()) return;
            std::string& shown = shown_[decide->agent];
            if (shown == decide->revisions.begin()->second) return;
            const bool first = shown.empty();
            shown = decide->revisions.begin()->second;
            activated(decide->agent, record.time, first);
        } else if (const auto* upload = std::get_if<history::LogUpload>(&record.value)) {
            unheard(upload->agent, "logs", record.time);
            put(upload->agent, "process", {{record.time - 1ms, 1s, "kill", {{"on", {upload->agent}}, {"state", "kept"}}}});
        } else if (const auto* status = std::get_if<history::Status>(&record.value)) {
            unheard(status->agent, "status", record.time);
        }
    }

    [[nodiscard]] const Cuts& cuts() const { return cuts_; }

  private:
    struct Fault {
        TrueTime at;
        Duration length;
        const char* kind;
        OrderedJson body;
    };

    void activated(const std::string& agent, TrueTime time, bool first) {
        for (const char* state : {"kept", "lost"}) {
            const OrderedJson killed{{"on", {agent}}, {"state", state}};
            for (const Duration after : {50ms, 700ms}) put(agent, "process", {{time + after, 1s, "kill", killed}});
            // Who comes back has its bundle from its disk or from its source: it takes both to see what it does without one of them.
            put(agent, "restart", {{time + 50ms, 1s, "kill", killed},
                                   {time + 50ms, 4s, "partition", {{"on", {agent}}, {"from", {source_of_[agent]}}, {"mode", "refuse"}}}});
        }
        put(agent, "time", {{time + 1ms, 4s, "pause", {{"on", {agent}}}}});
        if (first) return;
        for (const char* offset : {"-1h", "1h"}) put(agent, "clock", {{time + 1ms, 4s, "clock", {{"on", {agent}}, {"offset", offset}}}});
        put(agent, "process", {{time - 300ms, 1s, "kill", {{"on", {agent}}, {"state", "kept"}}}});
    }

    /// Who reports is told at once that nobody hears it, or waits to be told anything.
    void unheard(const std::string& node, const char* sink, TrueTime time) {
        cut(node, sink, time - 200ms, 4s, "refuse");
        cut(node, sink, time - 200ms, 8s, "stall");
    }

    void cut(const std::string& node, const std::string& from, TrueTime at, Duration length, const char* mode) {
        const bool source = source_of_.contains(node) && source_of_.at(node) == from;
        put(node, source ? "source" : from, {{at, length, "partition", {{"on", {node}}, {"from", {from}}, {"mode", mode}}}});
    }

    void put(const std::string& node, std::string support, std::vector<Fault> faults) {
        Cut one{std::move(support), {}, Duration::max(), {}};
        for (Fault& fault : faults) {
            const Duration start = std::max<Duration>(fault.at.time_since_epoch() / 1ms * 1ms, space_.begin);
            if (start + 100ms >= space_.end) return;
            const Duration length = std::min<Duration>(fault.length, space_.end - start);
            one.faults.push_back({{"at", format_short(start)}, {"for", format_short(length)}, {fault.kind, std::move(fault.body)}});
            one.begin = std::min(one.begin, start);
            one.end = std::max(one.end, start + length);
        }
        cuts_[node].push_back(std::move(one));
    }

    const Space& space_;
    std::map<std::string, std::string> source_of_, shown_;
    Cuts cuts_;
};

/// A node's cuts in random order, each kind of support in its turn: what it rested on most often is not tried most often.
std::vector<Cut> in_turns(const std::vector<Cut>& cuts, RandomSequence dice) {
    std::map<std::string, std::vector<Cut>> by_support;
    for (const Cut& cut : cuts) by_support[cut.support].push_back(cut);
    std::vector<std::vector<Cut>> turns;
    for (auto& [support, all] : by_support) turns.push_back(std::move(all));
    for (std::vector<Cut>& all : turns) shuffle(all, dice);
    shuffle(turns, dice);
    std::vector<Cut> order;
    for (std::size_t round = 0; order.size() < cuts.size(); ++round)
        for (std::vector<Cut>& all : turns)
            if (round < all.size()) order.push_back(std::move(all[round]));
    return order;
}

/// The cuts of a good run, each in one of the runs of a pass.
class Pass {
  public:
    Pass(const Cuts& cuts, const Space& space, std::uint64_t seed) {
        std::vector<std::deque<Cut>> left;
        for (const auto& [node, all] : cuts) {
            const auto order = in_turns(all, RandomSequence(RandomStream(seed, node, "lineage")));
            left.emplace_back(order.begin(), order.end());
            all_.insert(all_.end(), order.begin(), order.end());
        }
        for (std::size_t first = 0; std::ranges::any_of(left, [](const auto& node) { return !node.empty(); }); ++first) runs_.push_back(packed(left, first, space));
    }

    [[nodiscard]] const std::vector<OrderedJson>& runs() const { return runs_; }
    [[nodiscard]] const std::vector<Cut>& all() const { return all_; }

  private:
    /// The next cut of each node, then whatever else fits: at the same node only long before or after, lest one hide the other.
    static OrderedJson packed(std::vector<std::deque<Cut>>& left, std::size_t first, const Space& space) {
        OrderedJson faults = OrderedJson::array();
        std::vector<std::vector<std::pair<Duration, Duration>>> taken(left.size());
        for (std::size_t round = 0; round < kEach; ++round) {
            for (std::size_t i = 0; i < left.size(); ++i) {
                const std::size_t node = (first + i) % left.size();
                const auto fits = [&](const Cut& cut) {
                    return faults.size() + cut.faults.size() <= space.most_faults &&
                           std::ranges::none_of(taken[node], [&](const auto& one) { return cut.begin < one.second + kApart && one.first < cut.end + kApart; });
                };
                const auto next = std::ranges::find_if(left[node], fits);
                if (next == left[node].end()) continue;
                taken[node].emplace_back(next->begin, next->end);
                for (OrderedJson& fault : next->faults) add_fault(faults, std::move(fault));
                left[node].erase(next);
            }
        }
        return faults;
    }

    static constexpr std::size_t kEach = 3;  ///< cuts of a node in a run
    static constexpr Duration kApart = 2s;   ///< between them

    std::vector<OrderedJson> runs_;  ///< the faults of each
    std::vector<Cut> all_;
};

class LineageDriven final : public Strategy {
  public:
    /// `passes`: for each mix of publishes.
    LineageDriven(const Space& space, std::uint64_t seed, std::vector<Pass> passes) : space_(space), seed_(seed), passes_(std::move(passes)) {}

    std::optional<Variation> candidate(std::uint64_t number) override {
        // Some runs of each mix in turn, of which the first is the good one that the others are made from.
        const std::uint64_t visit = number / kVisit / mixes, place = visit * kVisit + number % kVisit;
        Variation run{seed_, number / kVisit % mixes};
        if (place == 0) return run;
        const Pass& pass = passes_[run.mix];
        const std::size_t size = pass.runs().size();
        run.faults = pass.runs()[(place - 1) % size];
        RandomSequence dice(RandomStream(seed_, fmt::format("run {}", number), "lineage"));
        // Once each has been tried, others come to it that it may well need beside it.
        for (std::uint64_t more = std::min<std::uint64_t>((place - 1) / size, space_.most_faults); more > 0; --more)
            for (const OrderedJson& fault : pass.all()[dice.below(pass.all().size())].faults)
                if (run.faults.size() < space_.most_faults) add_fault(run.faults, fault);
        return run;
    }

  private:
    static constexpr std::uint64_t kVisit = 8;  ///< runs of one mix in a row

    Space space_;
    std::uint64_t seed_;
    std::vector<Pass> passes_;
};

}  // namespace

Result<std::unique_ptr<Strategy>> make_lineage(const OrderedJson& base, std::uint64_t seed) {
    const Space space = space_of(base);
    std::vector<Pass> passes;
    for (std::uint64_t mix = 0; mix < mixes; ++mix) {
        const OrderedJson good = varied(base, {seed, mix});
        const auto plan = scenario::resolve(scenario::scenario_of(good));
        if (!plan) return plan.error();
        Lineage lineage(good, space);
        const auto run = simulate(*plan, {{}, [&](const history::Record& record) { lineage.on(record); }, {}});
        if (!run) return run.error();
        if (lineage.cuts().empty()) return fail("a run without faults shows no download and no activation that a fault could be placed on");
        passes.emplace_back(lineage.cuts(), space, seed);
    }
    return std::unique_ptr<Strategy>(std::make_unique<LineageDriven>(space, seed, std::move(passes)));
}

}  // namespace mistrial::search
