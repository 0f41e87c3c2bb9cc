#include "checkers/visibility.hpp"

#include "core/random.hpp"

#include <algorithm>
#include <bit>
#include <set>

namespace mistrial::checkers {

namespace {

constexpr std::size_t publishes_weighed = 4;
constexpr Duration horizon = std::chrono::minutes{5};
constexpr int replicates = 200;
constexpr std::size_t most_late_pairs = 65'536;

/// Of decisions that began at one instant, the one that shows the older revision is the last: it must be the same one in
/// whatever order they stand.
bool later(const OperationNote& a, const OperationNote& b) {
    return a.inv != b.inv ? a.inv > b.inv : a.number < b.number;
}

}  // namespace

Visibility::Visibility(Model& model, Claim claim)
    : PropertyChecker(model, std::move(claim)),
      quantile_(this->claim().number("quantile")),
      floors_(model.floor_table(this->claim().within.value_or(Duration::zero()), Duty::enforce)) {
    if (!this->claim().within) quantile_.reset();
}

void Visibility::on_publish_ends(BundleId bundle, RevisionNumber number) {
    const Revision& revision = model().bundle(bundle).revision(number);
    if (revision.outcome != PublishOutcome::ok || revision.bad) return;
    if (acknowledged_.size() <= bundle) acknowledged_.resize(bundle + 1);
    std::vector<Acknowledgement>& all = acknowledged_[bundle];
    if (all.empty() || all.back().number < number) all.push_back({number, *revision.res});
}

void Visibility::weigh(const Decision& decision, const Seen& seen) {
    if (seen.bundle >= acknowledged_.size()) return;
    const std::vector<Acknowledgement>& all = acknowledged_[seen.bundle];
    std::size_t weighed = 0;
    for (auto publish = all.rbegin(); publish != all.rend() && weighed < publishes_weighed; ++publish) {
        if (publish->at >= decision.due) continue;
        if (decision.due - publish->at > horizon) break;
        ++weighed;
        const auto age = static_cast<std::uint64_t>((decision.due - publish->at).count());
        Bin& bin = bins_[std::min<std::size_t>(bins - 1, static_cast<std::size_t>(std::bit_width(age)) - 1)];
        ++bin.decisions;
        if (seen.number >= publish->number) ++bin.fresh;
    }
}

void Visibility::pair(AgentId id, const Track& track, BundleId bundle_id, RevisionNumber number,
                      const std::optional<OperationNote>& seen) {
    const Bundle& bundle = model().bundle(bundle_id);
    const Revision& revision = bundle.revision(number);
    if (revision.outcome != PublishOutcome::ok || revision.bad) return;
    if (bundle.several_authorities() && (!seen || seen->res >= bundle.several_authorities_since())) {
        unordered_ = true;
        return;
    }
    if (seen && !(*revision.res < seen->res)) return;  // shown before it was acknowledged: no lag to speak of
    const bool older_for_sure =
        bundle.certainly_before(track.newest.number, number) && bundle.certainly_before(track.last.number, number);
    const Duration at_least =
        older_for_sure ? std::max(Duration::zero(), track.last.inv - *revision.res) : Duration::zero();
    PerAgent& agent = agents_[id];
    if (seen) {
        const Duration at_most = seen->res - *revision.res;
        at_least_.add(at_least);
        at_most_.add(at_most);
        agent.at_least.add(at_least);
        agent.at_most.add(at_most);
        if (!quantile_) exercised(id);
        if (!quantile_) return;
        if (at_most <= *claim().within) {
            exercised(id);
            ++in_time_;
            return;
        }
    } else {
        ++never_seen_;
        if (!quantile_) return;
    }
    exercised(id);
    if (at_least <= *claim().within) {
        ++undecided_;
        return;
    }
    Late late{track.last, track.newest, bundle_id, number, seen};
    if (excused(late)) {
        ++excused_;
    } else {
        held_.hold(std::move(late), [this](const Late& oldest) { confirm(oldest); });
    }
}

bool Visibility::excused(const Late& late) const {
    const TrueTime from = *model().bundle(late.bundle).revision(late.number).res;
    return !model().floor(floors_, late.note.agent, late.bundle).stretch_around(from, from + *claim().within);
}

void Visibility::on_decision(const Decision& decision) {
    if (!covers(decision.agent)) return;
    if (agents_.size() <= decision.agent) agents_.resize(decision.agent + 1);
    for (const Seen& seen : decision.seen) {
        if (seen.state != Seen::State::known || !covers_bundle(seen.bundle)) continue;
        weigh(decision, seen);
        std::vector<Track>& tracks = agents_[decision.agent].tracks;
        if (tracks.size() <= seen.bundle) tracks.resize(seen.bundle + 1);
        if (tracks[seen.bundle].open && tracks[seen.bundle].instant != decision.res) settle(decision.agent, seen.bundle);
        Track& track = tracks[seen.bundle];
        if (const OperationNote note = note_of(decision, &seen); !track.open || later(note, track.last_then)) track.last_then = note;
        if (!track.open || track.newest_then.number < seen.number) track.newest_then = note_of(decision, &seen);
        track.instant = decision.res;
        track.open = true;
    }
}

void Visibility::settle(AgentId id, BundleId bundle) {
    Track& track = agents_[id].tracks[bundle];
    if (!track.open) return;
    track.open = false;
    if (track.seen) {
        for (RevisionNumber number = track.newest.number + 1; number <= track.newest_then.number; ++number) {
            pair(id, track, bundle, number, track.newest_then);
        }
    }
    if (!track.seen || later(track.last_then, track.last)) track.last = track.last_then;
    if (!track.seen || track.newest.number < track.newest_then.number) track.newest = track.newest_then;
    track.seen = true;
}

void Visibility::on_late_excuse() {
    held_.drop_if([&](const Late& late) {
        const bool now_excused = excused(late);
        excused_ += now_excused ? 1 : 0;
        return now_excused;
    });
}

void Visibility::confirm(const Late& late) {
    ++late_;
    if (late_pairs_.size() < most_late_pairs) late_pairs_.push_back(late);
}

void Visibility::finish() {
    for (AgentId id = 0; id < agents_.size(); ++id) {
        for (BundleId bundle = 0; bundle < agents_[id].tracks.size(); ++bundle) {
            settle(id, bundle);
            const Track track = agents_[id].tracks[bundle];
            if (!track.seen) continue;
            for (RevisionNumber number = track.newest.number + 1; number <= model().bundle(bundle).newest(); ++number) {
                pair(id, track, bundle, number, std::nullopt);
            }
        }
    }
    held_.confirm_all([this](const Late& late) { confirm(late); });
    if (!violated()) return;
    std::set<std::uint64_t> told;
    for (const Late& late : late_pairs_) {
        if (told.insert(late.note.index).second) hit(late.note.index);
    }
}

bool Visibility::violated() const {
    const auto pairs = static_cast<double>(in_time_ + undecided_ + late_);
    return quantile_ && static_cast<double>(in_time_ + undecided_) < *quantile_ * pairs;
}

Reason Visibility::unfinished() const {
    if (quantile_ && unordered_) return Reason::no_evidence;
    const auto pairs = static_cast<double>(in_time_ + undecided_ + late_);
    return quantile_ && static_cast<double>(in_time_) < *quantile_ * pairs ? Reason::no_evidence : Reason::none;
}

std::vector<Violation> Visibility::violations() const {
    if (!violated()) return {};
    const auto worst = std::max_element(late_pairs_.begin(), late_pairs_.end(), [&](const Late& a, const Late& b) {
        const auto lag = [&](const Late& late) {
            return late.note.inv - *model().bundle(late.bundle).revision(late.number).res;
        };
        return lag(a) < lag(b);
    });
    const Bundle& bundle = model().bundle(worst->bundle);
    const Revision& revision = bundle.revision(worst->number);
    const std::string& name = model().agent(worst->note.agent).name();
    const Timeline timeline{*revision.res};
    const std::string within = format_duration(*claim().within);
    const std::int64_t pairs = in_time_ + undecided_ + late_;
    std::set<std::string> agents;
    Violation violation;
    violation.from = TrueTime::max();
    violation.to = TrueTime::min();
    for (const Late& late : late_pairs_) {
        agents.insert(model().agent(late.note.agent).name());
        violation.from = std::min(violation.from, *model().bundle(late.bundle).revision(late.number).res);
        violation.to = std::max(violation.to, late.note.res);
    }
    violation.agent = name;
    violation.attribution = delivered_by(model(), worst->note.agent, worst->bundle, worst->number, *revision.res + *claim().within)
                                ? Attribution::agent
                                : Attribution::system;
    violation.count = late_;
    Witness witness;
    witness.add(model(), worst->bundle, worst->note.number).add(model(), worst->bundle, worst->number);
    witness.add(worst->note).add(worst->newest);
    if (worst->seen) witness.add(*worst->seen);
    violation.witness = witness.indexes();
    violation.summary = fmt::format("at most {:.2f} % of {} were visible within {}, {:.2f} % are claimed: {} were late, at {}; "
                                    "the latest {} of bundle {} at {}",
                                    100.0 * static_cast<double>(in_time_ + undecided_) / static_cast<double>(pairs),
                                    counted(pairs, "pair") + " of agent and publish", within, 100.0 * *quantile_, late_,
                                    listed({agents.begin(), agents.end()}), revision.name, bundle.name(), name);
    std::vector<std::string>& proof = violation.proof;
    proof.push_back(tell_publish(model(), worst->bundle, worst->number) + "; the acknowledgement is t = 0 below.");
    proof.push_back(tell_operation(model(), timeline, worst->note, worst->bundle) +
                    fmt::format(": not visible there for {} at least.", format_seconds(worst->note.inv - *revision.res)));
    proof.push_back(worst->seen ? fmt::format("{} first showed {} or something newer by t={}.", name, revision.name,
                                              timeline.at(worst->seen->res))
                                : fmt::format("{} never showed {} or anything newer.", name, revision.name));
    proof.push_back(fmt::format("Of {}, {} were visible within {} for sure, {} may have been, {} were not. Even if all that "
                                "may have been were, that is less than the claimed {:.2f} %.",
                                counted(pairs, "pair"), in_time_, within, undecided_, late_, 100.0 * *quantile_));
    proof.push_back(tell_excuses(model(), timeline, worst->note.agent, worst->bundle, *revision.res,
                                 *revision.res + *claim().within) +
                    fmt::format(" {} more met an excuse within the bound and do not count.", counted(excused_, "late pair")));
    proof.push_back(fmt::format(
        "Not explained by: a restart ({}), the source ({}).",
        tell_restart(model(), timeline, worst->note.agent, worst->note.incarnation, *revision.res, worst->note.inv),
        tell_deliveries(model(), timeline, worst->note.agent, worst->bundle, worst->number, worst->note.inv)));
    const auto needed = static_cast<std::int64_t>(*quantile_ * static_cast<double>(pairs) -
                                                  static_cast<double>(in_time_ + undecided_)) + 1;
    proof.push_back(fmt::format("Nearest passing history: {} fewer late.", counted(std::min(needed, late_), "pair")));
    return {violation};
}

Json Visibility::confidence(const Histogram PerAgent::*low, const Histogram PerAgent::*high) const {
    std::vector<const PerAgent*> sampled;
    for (const PerAgent& agent : agents_) {
        if (agent.at_most.count() > 0) sampled.push_back(&agent);
    }
    if (sampled.size() < 2) return nullptr;
    // The stream is named after what it is for, so that nothing else of a judgement moves with it.
    RandomSequence random{RandomStream{0, "visibility", "bootstrap"}};
    const std::array<std::pair<const char*, std::int64_t>, 2> wanted{{{"p50_ns", 500}, {"p99_ns", 990}}};
    std::array<std::vector<Duration>, 2> lows;
    std::array<std::vector<Duration>, 2> highs;
    for (int replicate = 0; replicate < replicates; ++replicate) {
        Histogram lower;
        Histogram upper;
        for (std::size_t i = 0; i < sampled.size(); ++i) {
            const PerAgent& agent = *sampled[random.below(sampled.size())];
            lower.add(agent.*low);
            upper.add(agent.*high);
        }
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            lows[i].push_back(lower.quantile(wanted[i].second));
            highs[i].push_back(upper.quantile(wanted[i].second));
        }
    }
    Json intervals{{"agents", sampled.size()}, {"replicates", replicates}, {"level", 0.95}};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        std::sort(lows[i].begin(), lows[i].end());
        std::sort(highs[i].begin(), highs[i].end());
        intervals[wanted[i].first] = {lows[i][replicates / 40].count(), highs[i][replicates - 1 - replicates / 40].count()};
    }
    return intervals;
}

Json Visibility::measured() const {
    Json values{{"at_most", at_most_.to_json()}, {"at_least", at_least_.to_json()}, {"never_seen", never_seen_}};
    if (Json intervals = confidence(&PerAgent::at_least, &PerAgent::at_most); !intervals.is_null()) {
        values["confidence"] = std::move(intervals);
    }
    for (std::size_t b = 0; b < bins; ++b) {
        if (bins_[b].decisions == 0) continue;
        values["by_decision"].push_back({{"at_least_ns", std::int64_t{1} << b},
                                         {"decisions", bins_[b].decisions},
                                         {"fresh", bins_[b].fresh}});
    }
    return values;
}

}  // namespace mistrial::checkers
