#include "checkers/kernels/deadline_floor.hpp"

#include <algorithm>
#include <utility>

namespace mistrial::checkers::kernels {

namespace {

/// t + d where t may be one of the two infinities.
TrueTime plus(TrueTime t, Duration d) {
    if (t == TrueTime::min() || t == TrueTime::max()) return t;
    return t + d;
}

}  // namespace

void Acknowledged::add(TrueTime at, std::uint32_t revision) {
    if (!entries_.empty() && entries_.back().revision >= revision) return;
    entries_.push_back({at, revision});
}

std::uint32_t Acknowledged::until(TrueTime t) const {
    if (!entries_.empty() && entries_.back().at <= t) return entries_.back().revision;
    const auto after = std::upper_bound(entries_.begin(), entries_.end(), t,
                                        [](TrueTime time, const Entry& entry) { return time < entry.at; });
    return after == entries_.begin() ? 0 : std::prev(after)->revision;
}

std::uint32_t Acknowledged::before(TrueTime t) const {
    if (!entries_.empty() && entries_.back().at < t) return entries_.back().revision;
    const auto after = std::lower_bound(entries_.begin(), entries_.end(), t,
                                        [](const Entry& entry, TrueTime time) { return entry.at < time; });
    return after == entries_.begin() ? 0 : std::prev(after)->revision;
}

std::uint32_t Acknowledged::before(TrueTime t, std::size_t& near) const {
    // `near` counts the entries before the time of the last question.
    const auto is_place = [&](std::size_t place) {
        return (place == 0 || entries_[place - 1].at < t) && (place == entries_.size() || entries_[place].at >= t);
    };
    constexpr std::size_t steps = 3;
    for (std::size_t step = 0; step < steps && near + step <= entries_.size(); ++step) {
        if (!is_place(near + step)) continue;
        near += step;
        return near == 0 ? 0 : entries_[near - 1].revision;
    }
    const auto after = std::lower_bound(entries_.begin(), entries_.end(), t,
                                        [](const Entry& entry, TrueTime time) { return entry.at < time; });
    near = static_cast<std::size_t>(after - entries_.begin());
    return near == 0 ? 0 : entries_[near - 1].revision;
}

void DeadlineFloor::excuse_begins(TrueTime at, const Acknowledged& acknowledged) {
    const bool first = excuses_++ == 0;
    if (first && !entries_.empty() && entries_.back().stretch.from <= at && at != TrueTime::min()) {
        entries_.back().stretch.to = at;
        settle_from(entries_.size() - 1, acknowledged);
    } else {
        excuse(at, TrueTime::max(), acknowledged);
    }
}

void DeadlineFloor::excuse_ends(TrueTime at) {
    MISTRIAL_INVARIANT(excuses_ > 0, "an excuse ends at {} ns that never began", nanos_of(at));
    if (--excuses_ > 0) return;
    if (!entries_.empty() && entries_.back().stretch.to == at && !restarted_within(at, at)) {
        entries_.back().stretch.to = TrueTime::max();  // an open interval without length holds no time at all
        return;
    }
    entries_.push_back({Stretch{at, TrueTime::max()}, 0});
    entries_.back().floor = carried_to(entries_.size() - 1);
}

void DeadlineFloor::excuse(TrueTime from, TrueTime to, const Acknowledged& acknowledged) {
    if (from >= to) return;
    std::vector<Entry> kept;
    std::size_t first_changed = entries_.size();
    for (const Entry& entry : entries_) {
        const Stretch stretch = entry.stretch;
        if (stretch.to <= from || stretch.from >= to) {
            kept.push_back(entry);
            continue;
        }
        first_changed = std::min(first_changed, kept.size());
        if (stretch.from <= from && from != TrueTime::min()) kept.push_back({Stretch{stretch.from, from}, 0});
        if (stretch.to >= to && to != TrueTime::max()) kept.push_back({Stretch{to, stretch.to}, 0});
    }
    entries_ = std::move(kept);
    settle_from(first_changed, acknowledged);
}

void DeadlineFloor::settle_from(std::size_t first, const Acknowledged& acknowledged) {
    for (std::size_t i = first; i < entries_.size(); ++i) {
        Entry& entry = entries_[i];
        entry.floor = carried_to(i);
        if (entry.stretch.to == TrueTime::max()) continue;
        if (plus(entry.stretch.from, within_) <= entry.stretch.to) {
            entry.floor = std::max(entry.floor, acknowledged.until(entry.stretch.to - within_));
        }
    }
}

void DeadlineFloor::restarts(TrueTime at, const Acknowledged& acknowledged) {
    restarts_.insert(std::upper_bound(restarts_.begin(), restarts_.end(), at), at);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        const Stretch stretch = entry->stretch;
        if (at <= stretch.from || at >= stretch.to) continue;
        entry->stretch.to = at;
        entries_.insert(std::next(entry), Entry{Stretch{at, stretch.to}, 0});
        break;
    }
    settle_from(0, acknowledged);
}

bool DeadlineFloor::restarted_within(TrueTime from, TrueTime to) const {
    const auto first = std::lower_bound(restarts_.begin(), restarts_.end(), from);
    return first != restarts_.end() && *first <= to;
}

std::uint32_t DeadlineFloor::carried_to(std::size_t index) const {
    if (index == 0 || restarted_within(entries_[index - 1].stretch.to, entries_[index].stretch.from)) return 0;
    return entries_[index - 1].floor;
}

const DeadlineFloor::Entry* DeadlineFloor::last_started_before(TrueTime t) const {
    const auto after = std::lower_bound(entries_.begin(), entries_.end(), t, [](const Entry& entry, TrueTime time) {
        return entry.stretch.from < time;
    });
    return after == entries_.begin() ? nullptr : &*std::prev(after);
}

std::uint32_t DeadlineFloor::required(TrueTime t, const Acknowledged& acknowledged) const {
    // Mostly the question is about the stretch that lasts, long after the last restart.
    const bool recent = !entries_.empty() && entries_.back().stretch.from < t && (restarts_.empty() || restarts_.back() < t);
    const Entry* entry = recent ? &entries_.back() : last_started_before(t);
    if (entry == nullptr || (!recent && restarted_within(t, t))) return 0;
    if (entry->stretch.to < t) return restarted_within(entry->stretch.to, t) ? 0 : entry->floor;
    const std::uint32_t earlier = carried_to(static_cast<std::size_t>(entry - entries_.data()));
    if (plus(entry->stretch.from, within_) >= t) return earlier;
    return std::max(earlier, acknowledged.before(t - within_, near_));
}

DeadlineFloor::Stretch DeadlineFloor::stretch_at(TrueTime t) const {
    const Entry* entry = last_started_before(t);
    return entry == nullptr ? Stretch{t, t} : entry->stretch;
}

TrueTime DeadlineFloor::deadline(TrueTime acked, TrueTime t) const {
    const auto later = std::upper_bound(restarts_.begin(), restarts_.end(), t);
    const TrueTime begun = later == restarts_.begin() ? TrueTime::min() : *std::prev(later);
    const auto first = std::lower_bound(entries_.begin(), entries_.end(), std::max(acked, begun),
                                        [](const Entry& entry, TrueTime time) { return entry.stretch.to < time; });
    for (auto entry = first; entry != entries_.end(); ++entry) {
        const TrueTime start = std::max({acked, begun, entry->stretch.from});
        if (plus(start, within_) <= entry->stretch.to) return plus(start, within_);
    }
    return TrueTime::max();
}

Duration DeadlineFloor::connected(TrueTime from, TrueTime to) const {
    Duration sum{};
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && entry->stretch.to > from; ++entry) {
        const TrueTime begin = std::max(from, entry->stretch.from);
        const TrueTime end = std::min(to, entry->stretch.to);
        if (begin < end) sum += end - begin;
    }
    return sum;
}

std::optional<DeadlineFloor::Stretch> DeadlineFloor::stretch_around(TrueTime from, TrueTime to) const {
    const auto after = std::upper_bound(entries_.begin(), entries_.end(), from, [](TrueTime time, const Entry& entry) {
        return time < entry.stretch.from;
    });
    if (after == entries_.begin() || std::prev(after)->stretch.to < to || restarted_within(from, to)) return std::nullopt;
    return std::prev(after)->stretch;
}

}  // namespace mistrial::checkers::kernels
