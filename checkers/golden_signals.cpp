#include "checkers/golden_signals.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace mistrial::checkers {

void Histogram::add(Duration duration) {
    const auto value = static_cast<std::uint64_t>(std::max(duration, Duration::zero()).count());
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - sub_bits - 1);
    const std::size_t bucket = (static_cast<std::size_t>(shift) << sub_bits) + (value >> shift);
    if (buckets_.size() <= bucket) buckets_.resize(bucket + 1, 0);
    ++buckets_[bucket];
    ++count_;
    max_ = std::max(max_, duration);
}

void Histogram::add(const Histogram& other) {
    if (buckets_.size() < other.buckets_.size()) buckets_.resize(other.buckets_.size(), 0);
    for (std::size_t bucket = 0; bucket < other.buckets_.size(); ++bucket) buckets_[bucket] += other.buckets_[bucket];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

Duration Histogram::quantile(std::int64_t per_mille) const {
    const std::int64_t wanted = (count_ * per_mille + 999) / 1000;
    std::int64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        seen += buckets_[bucket];
        if (seen < wanted || buckets_[bucket] == 0) continue;
        // Buckets below 2 * 64 are exact; above, `bucket` holds its shift and the leading bits.
        const auto shift = bucket < (std::size_t{2} << sub_bits) ? 0 : static_cast<int>(bucket >> sub_bits) - 1;
        const std::size_t leading = bucket - (static_cast<std::size_t>(shift) << sub_bits);
        const auto upper = static_cast<std::int64_t>(((leading + 1) << shift) - 1);
        return std::min(Duration{upper}, max_);
    }
    return max_;
}

Json Histogram::to_json() const {
    if (count_ == 0) return Json{{"count", 0}};
    return Json{{"count", count_},
                {"p50_ns", quantile(500).count()},
                {"p99_ns", quantile(990).count()},
                {"p999_ns", quantile(999).count()},
                {"max_ns", max_.count()}};
}

void GoldenSignals::invoked(TrueTime at, std::optional<TrueTime> sched) {
    ++invoked_;
    if (sched && at >= *sched) schedule_error_.add(at - *sched);
}

void GoldenSignals::completed(history::Type type, TrueTime at, TrueTime inv) {
    switch (type) {
        case history::Type::ok:
            ++answered_;
            latency_.add(at - inv);
            break;
        case history::Type::fail: ++failed_; break;
        case history::Type::info: ++indeterminate_; break;
        case history::Type::invoke: break;
    }
}

Json GoldenSignals::to_json(TrueTime end) const {
    Json json{{"decision_latency", latency_.to_json()},
              {"schedule_error", schedule_error_.to_json()},
              {"decisions",
               {{"invoked", invoked_}, {"answered", answered_}, {"failed", failed_}, {"indeterminate", indeterminate_}}}};
    if (invoked_ > 0) json["answered_ratio"] = static_cast<double>(answered_) / static_cast<double>(invoked_);
    const double seconds = std::chrono::duration<double>(end.time_since_epoch()).count();
    if (seconds > 0) json["rate_per_second"] = std::round(static_cast<double>(answered_) / seconds * 10) / 10;
    return json;
}

void Counts::add(const history::Record& record) {
    if (record.f == "decide") return add_decision(record.type);
    if (record.f == "log") {
        ++events_[static_cast<std::size_t>(record.type)];
        return;
    }
    ++counts_[record.f][static_cast<std::size_t>(record.type)];
}

Json Counts::to_json() const {
    Json json = Json::object();
    const auto tell = [&](const std::string& f, const ByType& by_type) {
        for (const auto type : {history::Type::invoke, history::Type::ok, history::Type::fail, history::Type::info}) {
            const std::int64_t count = by_type[static_cast<std::size_t>(type)];
            if (count > 0) json[f][std::string(history::to_text(type))] = count;
        }
    };
    for (const auto& [f, by_type] : counts_) tell(f, by_type);
    tell("decide", decisions_);
    tell("log", events_);
    return json;
}

}  // namespace mistrial::checkers
