#include "nemesis/clock/clock_injector.hpp"

#include "nemesis/clock/clock_page.hpp"
#include "nemesis/process/all_of.hpp"

#include <algorithm>

namespace mistrial::nemesis {
namespace {

/// A reading's interval is as wide as its round trip; beyond that the clock may be off by this much.
constexpr Duration kTolerance = std::chrono::milliseconds(2);

Duration offset_of(const FaultInterval& interval) { return Duration{interval.parameters.value("offset", std::int64_t{0})}; }

bool shows(const std::optional<std::pair<Duration, Duration>>& reading, Duration offset) {
    return reading && reading->first - kTolerance <= offset && offset <= reading->second + kTolerance;
}

Json to_json(const std::optional<std::pair<Duration, Duration>>& reading) {
    if (!reading) return nullptr;
    return Json::array({reading->first.count(), reading->second.count()});
}

}  // namespace

std::vector<std::string> ClockInjector::observed(const FaultInterval& interval) const {
    std::vector<std::string> names = interval.target;
    for (const auto& [name, node] : nodes_) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        // A control whose clock another fault moves, or that is down, proves nothing.
        if (node->clock()->wall_offset() != Duration::zero()) continue;
        const auto state = node->process_state();
        if (!state || *state == 'T' || *state == 'Z') continue;
        names.push_back(name);
        break;
    }
    return names;
}

void ClockInjector::read_all(const FaultInterval& interval, bool after, Done done) {
    const AllOf all(std::move(done));
    for (const std::string& name : observed(interval)) {
        const bool target = std::find(interval.target.begin(), interval.target.end(), name) != interval.target.end();
        nodes_.at(name)->read_clock([this, id = interval.id, name, target, after, part = all.part()](Node::Reading reading) {
            Reading& known = readings_[id][name];
            known.target = target;
            // A failed reading is no failed injection: the evidence shows what is missing.
            if (reading)
                (after ? known.after : known.inside) = *reading;
            else
                known.trouble = reading.error().message;
            part({});
        });
    }
}

void ClockInjector::inject(const FaultInterval& interval, Done done) {
    for (const std::string& name : interval.target) {
        if (is_disarmed(interval)) break;
        if (const auto set = nodes_.at(name)->clock()->set_wall_offset(offset_of(interval)); !set) {
            done(with_context(name, set.error()));
            return;
        }
    }
    read_all(interval, false, std::move(done));
}

void ClockInjector::heal(const FaultInterval& interval, Done done) {
    for (const std::string& name : interval.target)
        if (const auto set = nodes_.at(name)->clock()->set_wall_offset(Duration::zero()); !set) {
            done(with_context(name, set.error()));
            return;
        }
    read_all(interval, true, std::move(done));
}

Evidence ClockInjector::evidence(const FaultInterval& interval) {
    Evidence evidence{false, Json::object()};
    bool targets_moved = true, control_still = false;
    for (const auto& [name, reading] : readings_[interval.id]) {
        evidence.details[name] = {{"target", reading.target},
                                  {"wall_offset_inside", to_json(reading.inside)},
                                  {"wall_offset_after", to_json(reading.after)}};
        if (!reading.trouble.empty()) evidence.details[name]["trouble"] = reading.trouble;
        if (reading.target)
            targets_moved = targets_moved && shows(reading.inside, offset_of(interval)) && shows(reading.after, Duration::zero());
        else if (shows(reading.inside, Duration::zero()))
            control_still = true;
    }
    const bool everybody = interval.target.size() == nodes_.size();
    evidence.bit = targets_moved && (control_still || everybody) && offset_of(interval) != Duration::zero();
    return evidence;
}

}  // namespace mistrial::nemesis
