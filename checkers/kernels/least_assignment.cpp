#include "checkers/kernels/least_assignment.hpp"

#include <algorithm>
#include <numeric>

namespace mistrial::checkers::kernels {

namespace {

TrueTime mirrored(TrueTime t) { return TrueTime{-t.time_since_epoch()}; }

}  // namespace

Assignment least_assignment(std::span<const Variable> variables, std::span<const GroupRule> rules) {
    std::vector<std::size_t> order(variables.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return variables[a].res < variables[b].res; });

    std::vector<MonotoneGroup<std::size_t>> groups;
    for (const GroupRule& rule : rules) groups.emplace_back(rule);
    Assignment assignment;
    assignment.chosen.resize(variables.size());
    std::vector<std::optional<std::size_t>> pushed_by(variables.size());

    for (const std::size_t number : order) {
        const Variable& variable = variables[number];
        MonotoneGroup<std::size_t>::Floor floor;
        for (const std::uint32_t group : variable.groups) {
            const auto demanded = groups[group].floor(variable.inv);
            if (demanded.place > floor.place) floor = demanded;
        }
        std::optional<std::size_t> least;       // permitted by the floor
        std::optional<std::size_t> least_anyway;
        for (std::size_t i = 0; i < variable.choices.size(); ++i) {
            const Choice& choice = variable.choices[i];
            if (!least_anyway || choice.low < variable.choices[*least_anyway].low) least_anyway = i;
            if (choice.high < floor.place) continue;
            if (!least || choice.low < variable.choices[*least].low) least = i;
        }
        if (floor.cause != nullptr && (!least || variable.choices[*least].low > variable.choices[*least_anyway].low)) {
            pushed_by[number] = *floor.cause;
        }
        if (!least) {
            std::vector<std::size_t>& chain = assignment.chains.emplace_back();
            for (std::optional<std::size_t> link = number; link; link = pushed_by[*link]) chain.push_back(*link);
            continue;
        }
        assignment.chosen[number] = least;
        for (const std::uint32_t group : variable.groups) {
            groups[group].raise(variable.res, variable.choices[*least].low, number);
        }
    }
    return assignment;
}

Assignment greatest_assignment(std::span<const Variable> variables, std::span<const GroupRule> rules) {
    std::vector<Variable> mirror;
    mirror.reserve(variables.size());
    for (const Variable& variable : variables) {
        Variable image{mirrored(variable.res), mirrored(variable.inv), {}, variable.groups};
        for (const Choice& choice : variable.choices) image.choices.push_back({-choice.high, -choice.low});
        mirror.push_back(std::move(image));
    }
    return least_assignment(mirror, rules);
}

}  // namespace mistrial::checkers::kernels
