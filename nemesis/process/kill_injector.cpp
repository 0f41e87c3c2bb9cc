#include "nemesis/process/kill_injector.hpp"

#include "nemesis/process/all_of.hpp"

namespace mistrial::nemesis {

void KillInjector::inject(const FaultInterval& interval, Done done) {
    const AllOf all(std::move(done));
    for (const std::string& name : interval.target) {
        Node& node = *nodes_.at(name);
        seen_[interval.id][name].before = node.answering_incarnation();
        const auto killed = [this, &node, id = interval.id, name, part = all.part()](Result<> result) {
            seen_[id][name].answers = node.count_answers();
            part(result);
        };
        if (is_disarmed(interval))
            killed({});
        else
            node.kill(killed);
    }
}

void KillInjector::heal(const FaultInterval& interval, Done done) {
    const bool keep = interval.parameters.value("state", std::string("kept")) == "kept";
    const AllOf all(std::move(done));
    for (const std::string& name : interval.target) {
        Node& node = *nodes_.at(name);
        Seen& seen = seen_[interval.id][name];
        seen.answered = seen.answers ? seen.answers->load() : 0;
        seen.answers.reset();
        if (is_disarmed(interval)) continue;
        seen.end = node.last_end();
        node.restart(keep, [this, &node, id = interval.id, name, part = all.part()](Result<> result) {
            seen_[id][name].after = node.answering_incarnation();
            part(result);
        });
    }
}

Evidence KillInjector::evidence(const FaultInterval& interval) {
    Evidence evidence{true, Json::object()};
    for (const std::string& name : interval.target) {
        const Seen& seen = seen_[interval.id][name];
        evidence.details[name] = {{"died", seen.end},
                                  {"incarnation_before", seen.before},
                                  {"incarnation_after", seen.after},
                                  {"answered_in_between", seen.answered}};
        evidence.bit = evidence.bit && seen.end == "killed by SIGKILL" && !seen.after.empty() &&
                       seen.after != seen.before && seen.answered == 0;
    }
    return evidence;
}

}  // namespace mistrial::nemesis
