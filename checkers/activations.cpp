#include "checkers/activations.hpp"

namespace mistrial::checkers {

namespace {
/// A flapping source goes back and forth once a poll; more runs than this are no source.
constexpr std::size_t most_runs = 65'536;
}  // namespace

std::span<const Activations::Sequence> Activations::of(IncarnationId incarnation) const {
    if (incarnation >= sequences_.size()) return {};
    return sequences_[incarnation];
}

Activations::Run& Activations::run(IncarnationId incarnation, BundleId bundle, AgentId agent, const Seen& seen, TrueTime res,
                                   std::uint64_t index) {
    if (sequences_.size() <= incarnation) sequences_.resize(incarnation + 1);
    std::vector<Sequence>& bundles = sequences_[incarnation];
    if (bundles.size() <= bundle) bundles.resize(bundle + 1);
    Sequence& sequence = bundles[bundle];
    sequence.agent = agent;
    std::vector<Run>& runs = sequence.runs;
    if (runs.empty() || runs.back().number != seen.number) {
        if (runs.size() == most_runs) {
            sequence.overflown = true;
            runs.clear();
        }
        const TrueTime others_end = runs.empty() ? TrueTime::min() : runs.back().last;
        Run& fresh = runs.emplace_back();
        fresh.number = seen.number;
        fresh.others_end = others_end;
        fresh.first_index = index;
    }
    Run& run = runs.back();
    run.last = res;
    ++run.count;
    return run;
}

void Activations::shows(const Decision& decision) {
    if (decision.incarnation == no_incarnation) return;
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known) continue;
        Run& run = this->run(decision.incarnation, seen.bundle, decision.agent, seen, decision.res, decision.index);
        if (run.settled) continue;
        run.settled = decision.inv > run.others_end;
        run.kept.push_back(note_of(decision, &seen));
    }
}

void Activations::shows(const StatusReport& status) {
    if (status.incarnation == no_incarnation) return;
    for (const Seen& seen : status.seen) {
        if (seen.state != Seen::State::known || seen.number == nothing_active) continue;
        Run& run = this->run(status.incarnation, seen.bundle, status.agent, seen, status.at, status.index);
        if (run.settled || run.reported) continue;
        run.reported = true;
        run.kept.push_back(note_of(status, seen));
    }
}

}  // namespace mistrial::checkers
