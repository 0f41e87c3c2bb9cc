#include "nemesis/process/pause_injector.hpp"

namespace mistrial::nemesis {
namespace {

char state_of(const Node& node) {
    const auto state = node.process_state();
    return state ? *state : '?';
}

}  // namespace

void PauseInjector::inject(const FaultInterval& interval, Done done) {
    Result<> result;
    for (const std::string& name : interval.target) {
        Node& node = *nodes_.at(name);
        Seen& seen = seen_[interval.id][name];
        if (!is_disarmed(interval))
            if (const auto paused = node.pause(); !paused) result = paused;
        seen.answers = node.count_answers();
        seen.state_at_start = state_of(node);
    }
    done(result);
}

void PauseInjector::heal(const FaultInterval& interval, Done done) {
    Result<> result;
    for (const std::string& name : interval.target) {
        Node& node = *nodes_.at(name);
        Seen& seen = seen_[interval.id][name];
        seen.state_at_end = state_of(node);
        seen.answered = seen.answers ? seen.answers->load() : 0;
        seen.answers.reset();
        if (!is_disarmed(interval))
            if (const auto resumed = node.resume(); !resumed) result = resumed;
    }
    done(result);
}

Evidence PauseInjector::evidence(const FaultInterval& interval) {
    Evidence evidence{true, Json::object()};
    for (const std::string& name : interval.target) {
        const Seen& seen = seen_[interval.id][name];
        evidence.details[name] = {{"process_state_at_start", std::string(1, seen.state_at_start)},
                                  {"process_state_at_end", std::string(1, seen.state_at_end)},
                                  {"answered_inside", seen.answered}};
        evidence.bit = evidence.bit && seen.state_at_start == 'T' && seen.state_at_end == 'T' && seen.answered == 0;
    }
    return evidence;
}

}  // namespace mistrial::nemesis
