#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace mistrial::checkers::definitional {

namespace {

struct Range {
    Duration low{};
    Duration high{};
};

/// A fault that may move an agent's clock.
struct Skewed {
    std::string agent;
    Range by;
    TrueTime from;
    TrueTime to = TrueTime::max();
};

std::vector<Skewed> skews_of(const View& view) {
    std::map<std::string, std::vector<Skewed>> faults;
    std::map<std::string, int> heals;
    for (const history::Record& record : view.records) {
        if (const auto* fault = std::get_if<history::Fault>(&record.value)) {
            if (!faults.contains(fault->fault)) {
                for (const auto& [agent, skew] : fault->skews) {
                    faults[fault->fault].push_back({agent, {skew.low, skew.high}, record.time});
                }
            }
            if (record.f.starts_with("heal-") && ++heals[fault->fault] == 2) {
                for (Skewed& skewed : faults[fault->fault]) skewed.to = record.time;
            }
        }
    }
    std::vector<Skewed> all;
    for (auto& [id, skewed] : faults) all.insert(all.end(), skewed.begin(), skewed.end());
    return all;
}

/// By how much the machine's own clock may have been off the run's at some instant of [d.inv, d.res]: whatever a sample
/// without agent says is so from its record to that of the next one, as far as they had been taken when the operation ended.
Range machine_at(const View& view, const Operation& d) {
    std::vector<std::pair<TrueTime, Range>> said{{TrueTime::min(), {}}};
    for (const history::Record& record : view.records) {
        const auto* sample = std::get_if<history::ClockSample>(&record.value);
        if (sample != nullptr && sample->agent.empty() && record.index <= d.index) {
            said.push_back({record.time, {sample->low, sample->high}});
        }
    }
    std::optional<Range> hull;
    for (std::size_t i = 0; i < said.size(); ++i) {
        const auto& [from, range] = said[i];
        if (from > d.res || (i + 1 < said.size() && said[i + 1].first < d.inv)) continue;
        if (!hull) hull = range;
        hull = {std::min(hull->low, range.low), std::max(hull->high, range.high)};
    }
    return *hull;
}

/// What others than the agent may have done to its clock: faults, each as much as it declares, and what samples measured of
/// the agent while it lasted; and the machine.
Range skew_at(const View& view, const Operation& d) {
    Range sum = machine_at(view, d);
    for (Skewed skewed : skews_of(view)) {
        if (skewed.agent != d.agent || !(skewed.from < d.res) || !(d.inv < skewed.to)) continue;
        for (const history::Record& record : view.records) {
            const auto* sample = std::get_if<history::ClockSample>(&record.value);
            if (sample == nullptr || sample->agent != d.agent || record.index > d.index) continue;
            if (record.time < skewed.from || record.time > skewed.to) continue;
            skewed.by = {std::min(skewed.by.low, sample->low), std::max(skewed.by.high, sample->high)};
        }
        sum.low += std::min(skewed.by.low, Duration::zero());
        sum.high += std::max(skewed.by.high, Duration::zero());
    }
    return sum;
}

const history::RunInfo* run_of(const View& view) {
    for (const history::Record& record : view.records) {
        if (const auto* run = std::get_if<history::RunInfo>(&record.value)) return run->wall_at_zero ? run : nullptr;
    }
    return nullptr;
}

Duration error_of(const Claim& claim) {
    const Json given = claim.parameters.value("error", Json("100ms"));
    return given.is_string() ? parse_duration(given.get<std::string>()).value() : Duration{given.get<std::int64_t>()};
}

/// The publishes behind the verdict; false when they are not known.
bool state_of(const View& view, const Operation& d, std::vector<const Publish*>& state) {
    if (d.input.empty()) return false;
    for (const std::string& bundle : bundles_of(view, d)) {
        const Publish* publish = nullptr;
        if (!revision_of(view, d, bundle, publish)) return false;
        state.push_back(publish);
    }
    return true;
}

bool depends_on_time(const View& view, const std::vector<const Publish*>& state, const std::string& input) {
    return std::any_of(state.begin(), state.end(), [&](const Publish* publish) {
        return publish != nullptr && admitted(view, *publish, input, std::nullopt).size() > 1;
    });
}

/// Every instant at which some piece begins.
std::vector<WallTime> breakpoints(const View& view) {
    std::vector<WallTime> all;
    for (const Publish& publish : view.publishes) {
        if (!publish.content.is_object() || !publish.content.contains("verdicts")) continue;
        for (const auto& [input, verdict] : publish.content["verdicts"].items()) {
            if (!verdict.is_object() || !verdict.contains("pieces")) continue;
            for (const Json& piece : verdict["pieces"]) {
                if (piece.contains("until")) all.push_back(at_nanos<WallTime>(piece["until"].get<std::int64_t>()));
            }
        }
    }
    return all;
}

}  // namespace

// C1: some t in [d.inv, d.res] and some offset that the claim and the faults allow give the reading, and the verdict.
Indexes clock_justified(const View& view, const Claim& claim) {
    Indexes indexes;
    const history::RunInfo* run = run_of(view);
    if (run == nullptr) return indexes;
    const Duration error = error_of(claim) + run->wall_error.value_or(Duration::zero());
    for (const Operation& d : view.operations) {
        if (d.is_status || d.answer == "refused" || !covered(claim, d)) continue;
        const Range skew = skew_at(view, d);
        const WallTime from = *run->wall_at_zero + d.inv.time_since_epoch() - error + skew.low;
        const WallTime to = *run->wall_at_zero + d.res.time_since_epoch() + error + skew.high;
        if (d.clock && (*d.clock < from || *d.clock > to)) indexes.insert(d.index);
        std::vector<const Publish*> state;
        if (!state_of(view, d, state) || !depends_on_time(view, state, d.input)) continue;
        std::vector<WallTime> instants{from, to};
        for (const WallTime breakpoint : breakpoints(view)) {
            if (from < breakpoint && breakpoint < to) instants.push_back(breakpoint);
        }
        if (d.clock) instants = {*d.clock};
        bool told = false;
        bool right = false;
        for (const WallTime instant : instants) {
            const auto verdicts = admitted_by_state(view, state, d.input, instant);
            told = told || !verdicts.empty();
            right = right || std::find(verdicts.begin(), verdicts.end(), d.answer) != verdicts.end();
        }
        if (told && !right) indexes.insert(d.index);
    }
    return indexes;
}

namespace {

/// One operation of C2: at some instant of [inv, res] the clock, freed of faults, read something in one of `readings`.
struct Reading {
    const Operation* d;
    std::vector<Range> readings;
};

std::vector<Range> readings_of(const View& view, const Operation& d, WallTime zero) {
    std::vector<Range> readings;
    const Range skew = skew_at(view, d);
    const Duration never = std::chrono::hours{24 * 365 * 50};
    if (d.clock) return {{*d.clock - zero - skew.high, *d.clock - zero - skew.low}};
    std::vector<const Publish*> state;
    if (d.answer == "refused" || !state_of(view, d, state) || state.size() != 1) return {};
    if (!depends_on_time(view, state, d.input)) return {};
    // Between two breakpoints the verdict is one; each stretch that gives the answer is a reading of its own.
    std::vector<WallTime> edges = breakpoints(view);
    std::sort(edges.begin(), edges.end());
    const Duration slack = std::chrono::microseconds{1};
    for (std::size_t i = 0; i <= edges.size(); ++i) {
        const WallTime from = i == 0 ? zero - never : edges[i - 1];
        const WallTime to = i == edges.size() ? zero + never : edges[i];
        if (from >= to) continue;
        const auto verdicts = admitted_by_state(view, state, d.input, from + (to - from) / 2);
        if (std::find(verdicts.begin(), verdicts.end(), d.answer) == verdicts.end()) continue;
        readings.push_back({from - zero - slack - skew.high, to - zero + slack - skew.low});
    }
    return readings;
}

/// True when no offset that moves by at most `drift` can give both readings, whenever in their intervals they were made.
bool exclude(const Operation& a, Range read_by_a, const Operation& b, Range read_by_b, double drift, Duration stepped) {
    // Elapsed time t from a to b lies in [b.inv - a.res, b.res - a.inv]; the clock went on by t, give or take drift x |t|.
    const auto on = [&](Duration t, double sign) {
        const double drifted = drift * 1e-6 * std::abs(static_cast<double>(t.count()));
        return t + sign * (std::chrono::duration<double, std::nano>(drifted) + stepped);
    };
    const auto most = on(b.res - a.inv, 1);
    const auto least = on(b.inv - a.res, -1);
    return read_by_b.low - read_by_a.high > most || read_by_b.high - read_by_a.low < least;
}

}  // namespace

// C2: for some choice of a reading for each operation of a process, no two of them exclude each other. (Whatever moves by
// a limited rate and is given in points that do not exclude each other can be continued in between.) An operation violates
// when those of its process that ended by then, and were made after the last that violates, have no such choice.
Indexes clock_coherence(const View& view, const Claim& claim) {
    Indexes indexes;
    const history::RunInfo* run = run_of(view);
    if (run == nullptr) return indexes;
    const Duration error = error_of(claim);
    const double drift = claim.parameters.value("drift", 500.0);
    std::map<std::string, std::vector<Reading>> processes;
    const auto stepped = [&](const Operation& a, const Operation& b) {
        Duration sum{};
        for (const Skewed& skewed : skews_of(view)) {
            const TrueTime first = std::min(a.inv, b.inv);
            const TrueTime last = std::max(a.inv, b.inv);
            if (skewed.agent == a.agent && first < skewed.to && skewed.to <= last) sum += error;
        }
        return sum;
    };
    for (const Operation& d : view.operations) {
        if (d.is_status || d.incarnation.empty() || !covered(claim, d)) continue;
        const std::vector<Range> readings = readings_of(view, d, *run->wall_at_zero);
        if (readings.empty()) continue;
        std::vector<Reading>& earlier = processes[d.incarnation];
        earlier.push_back({&d, readings});
        std::vector<std::size_t> choice;
        // Depth first: a choice for the operations so far, one operation more.
        while (true) {
            if (choice.size() == earlier.size()) break;
            choice.push_back(0);
            const auto fits = [&] {
                const std::size_t last = choice.size() - 1;
                for (std::size_t i = 0; i < last; ++i) {
                    const Reading& a = earlier[i];
                    const Reading& b = earlier[last];
                    const Duration jumped = stepped(*a.d, *b.d);
                    if (exclude(*a.d, a.readings[choice[i]], *b.d, b.readings[choice[last]], drift, jumped)) return false;
                }
                return true;
            };
            while (!choice.empty() && (choice.back() >= earlier[choice.size() - 1].readings.size() || !fits())) {
                if (choice.back() < earlier[choice.size() - 1].readings.size()) {
                    ++choice.back();
                    continue;
                }
                choice.pop_back();
                if (!choice.empty()) ++choice.back();
            }
            if (choice.empty()) break;
        }
        if (!choice.empty() || earlier.empty()) continue;
        indexes.insert(d.index);
        earlier = {{&d, readings}};
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
