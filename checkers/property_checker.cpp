#include "checkers/property_checker.hpp"

#include <numeric>

namespace mistrial::checkers {

namespace {

template <class Ask>
bool remembered(std::vector<std::int8_t>& answers, std::uint32_t number, const Ask& ask) {
    if (answers.size() <= number) answers.resize(number + 1, -1);
    if (answers[number] < 0) answers[number] = ask() ? 1 : 0;
    return answers[number] == 1;
}

}  // namespace

std::int64_t PropertyChecker::obligations() const {
    return std::accumulate(obligations_.begin(), obligations_.end(), obligations_elsewhere_);
}

std::int64_t PropertyChecker::obligations_of(AgentId agent) const {
    return agent < obligations_.size() ? obligations_[agent] : 0;
}

bool PropertyChecker::ask_covers(AgentId agent) {
    return remembered(covers_, agent, [&] { return claim_.covers_agent(model_.agent(agent).name()); });
}

bool PropertyChecker::ask_covers_bundle(BundleId bundle) {
    return remembered(covers_bundle_, bundle, [&] { return claim_.covers_bundle(model_.bundle(bundle).name()); });
}

}  // namespace mistrial::checkers
