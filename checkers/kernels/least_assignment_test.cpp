#include "checkers/kernels/least_assignment.hpp"

#include "core/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>

/// K3 against enumeration: every member of the product of the choices is tried.
namespace mistrial::checkers::kernels {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TrueTime at(std::int64_t t) { return TrueTime{Duration{t}}; }
Variable variable(std::int64_t inv, std::int64_t res, std::vector<Place> places, std::vector<std::uint32_t> groups = {0}) {
    Variable made{at(inv), at(res), {}, std::move(groups)};
    for (const Place place : places) made.choices.push_back({place, place});
    return made;
}

struct Instance {
    std::vector<Variable> variables;
    std::vector<GroupRule> rules;
};

bool holds(const Instance& instance, const std::vector<std::size_t>& chosen) {
    for (std::size_t o = 0; o < instance.variables.size(); ++o) {
        for (std::size_t d = 0; d < instance.variables.size(); ++d) {
            const Variable& earlier = instance.variables[o];
            const Variable& later = instance.variables[d];
            for (std::uint32_t group = 0; group < instance.rules.size(); ++group) {
                const auto in = [&](const Variable& v) {
                    return std::find(v.groups.begin(), v.groups.end(), group) != v.groups.end();
                };
                const GroupRule& rule = instance.rules[group];
                if (!in(earlier) || !in(later) || !(earlier.res < later.inv - rule.delay)) continue;
                if (earlier.choices[chosen[o]].low > later.choices[chosen[d]].high + rule.slack) return false;
            }
        }
    }
    return true;
}

/// All solutions, by trying everything.
std::vector<std::vector<std::size_t>> solutions(const Instance& instance) {
    std::vector<std::vector<std::size_t>> all;
    std::vector<std::size_t> chosen(instance.variables.size(), 0);
    const std::function<void(std::size_t)> extend = [&](std::size_t next) {
        if (next == chosen.size()) {
            if (holds(instance, chosen)) all.push_back(chosen);
            return;
        }
        for (std::size_t i = 0; i < instance.variables[next].choices.size(); ++i) {
            chosen[next] = i;
            extend(next + 1);
        }
    };
    extend(0);
    return all;
}

/// Few moments and few places, so that half of everything is a tie.
Instance random_instance(RandomSequence& random, bool total_order) {
    Instance instance;
    const auto groups = 1 + random.below(3);
    for (std::uint64_t i = 0; i < groups; ++i) {
        instance.rules.push_back({Duration{random.below(3) == 0 ? random.between(1, 3) : 0},
                                  random.below(3) == 0 ? random.between(1, 2) : 0});
    }
    for (std::uint64_t i = 1 + random.below(5); i > 0; --i) {
        Variable made;
        made.inv = at(random.between(0, 8));
        made.res = made.inv + Duration{random.between(0, 3)};
        for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
            const Place low = random.between(0, 4);
            made.choices.push_back({low, low + (total_order ? 0 : random.between(0, 2))});
        }
        for (std::uint32_t group = 0; group < groups; ++group) {
            if (random.below(3) != 0) made.groups.push_back(group);
        }
        instance.variables.push_back(std::move(made));
    }
    return instance;
}

constexpr int instances = 200;

RC_GTEST_PROP(LeastAssignment, IsTheLeastOfAllSolutionsAndExistsWhenOneDoes, ()) {
    RandomSequence random{RandomStream{*rc::gen::arbitrary<std::uint64_t>(), "k3", "least"}};
    for (int n = 0; n < instances; ++n) {
        const Instance instance = random_instance(random, n % 2 == 0);
        const auto all = solutions(instance);
        const Assignment least = least_assignment(instance.variables, instance.rules);
        const Assignment greatest = greatest_assignment(instance.variables, instance.rules);
        RC_ASSERT(least.feasible() == !all.empty());
        RC_ASSERT(greatest.feasible() == !all.empty());
        if (all.empty()) continue;
        std::vector<std::size_t> low, high;
        for (std::size_t i = 0; i < instance.variables.size(); ++i) {
            low.push_back(*least.chosen[i]);
            high.push_back(*greatest.chosen[i]);
            for (const auto& one : all) {
                RC_ASSERT(instance.variables[i].choices[low[i]].low <= instance.variables[i].choices[one[i]].low);
                RC_ASSERT(instance.variables[i].choices[high[i]].high >= instance.variables[i].choices[one[i]].high);
            }
        }
        RC_ASSERT(holds(instance, low));
        RC_ASSERT(holds(instance, high));
    }
}

RC_GTEST_PROP(LeastAssignment, ItsChainAloneHasNoSolution, ()) {
    RandomSequence random{RandomStream{*rc::gen::arbitrary<std::uint64_t>(), "k3", "chain"}};
    for (int n = 0; n < instances; ++n) {
        const Instance instance = random_instance(random, n % 2 == 0);
        for (const auto& chain : least_assignment(instance.variables, instance.rules).chains) {
            Instance alone{{}, instance.rules};
            for (const std::size_t link : chain) alone.variables.push_back(instance.variables[link]);
            RC_ASSERT(solutions(alone).empty());
        }
    }
}

/// One incarnation, one bundle: some state that only ever moves on explains every verdict at some instant of its interval.
bool trajectory_exists(const std::vector<Variable>& variables, Place places) {
    // One instant of a clock is a while of the world: the state may pass through all places in it.
    const int grain = static_cast<int>(places);
    const int horizon = 13 * grain - 1;
    std::vector<Place> state(static_cast<std::size_t>(horizon) + 1, 0);
    const std::function<bool(int)> extend = [&](int next) {
        if (next > horizon) {
            return std::all_of(variables.begin(), variables.end(), [&](const Variable& v) {
                for (auto t = v.inv.time_since_epoch().count() * grain; t < (v.res.time_since_epoch().count() + 1) * grain; ++t) {
                    for (const Choice& choice : v.choices) {
                        if (choice.low == state[static_cast<std::size_t>(t)]) return true;
                    }
                }
                return false;
            });
        }
        for (Place place = next == 0 ? 0 : state[static_cast<std::size_t>(next) - 1]; place < places; ++place) {
            state[static_cast<std::size_t>(next)] = place;
            if (extend(next + 1)) return true;
        }
        return false;
    };
    return extend(0);
}

RC_GTEST_PROP(LeastAssignment, OfOneAgentAndOneBundleIsTheExistenceOfATrajectory, ()) {
    RandomSequence random{RandomStream{*rc::gen::arbitrary<std::uint64_t>(), "k3", "trajectory"}};
    for (int n = 0; n < 6; ++n) {
        Instance instance{{}, {GroupRule{}}};
        for (std::uint64_t i = 1 + random.below(4); i > 0; --i) {
            const std::int64_t inv = random.between(0, 9);
            std::vector<Place> places;
            for (std::uint64_t c = 1 + random.below(2); c > 0; --c) places.push_back(random.between(0, 2));
            instance.variables.push_back(variable(inv, inv + random.between(0, 3), places));
        }
        RC_ASSERT(least_assignment(instance.variables, instance.rules).feasible() ==
                  trajectory_exists(instance.variables, 3));
    }
}

TEST(LeastAssignment, OperationsThatMeetInOneInstantConstrainNothing) {
    const std::vector<GroupRule> rules{GroupRule{}};
    EXPECT_TRUE(least_assignment(std::vector{variable(0, 5, {2}), variable(5, 9, {1})}, rules).feasible());
    const Assignment later = least_assignment(std::vector{variable(0, 5, {2}), variable(6, 9, {1})}, rules);
    ASSERT_EQ(later.chains.size(), 1U);
    EXPECT_THAT(later.chains[0], ElementsAre(1, 0));
}

TEST(LeastAssignment, AChainGoesBackToWhatNeededNobodyElse) {
    // The first can only be 3; the second is then 4 though it might have been 1; the third can only be 2.
    const Assignment found =
        least_assignment(std::vector{variable(0, 1, {3}), variable(2, 3, {1, 4}), variable(4, 5, {2})}, std::vector{GroupRule{}});
    ASSERT_EQ(found.chains.size(), 1U);
    EXPECT_THAT(found.chains[0], ElementsAre(2, 1, 0));
}

TEST(LeastAssignment, WhatHasNoChoiceRaisesNothingForOthers) {
    const Assignment found = least_assignment(std::vector{variable(0, 1, {3}), variable(2, 3, {2}), variable(4, 5, {3})},
                                              std::vector{GroupRule{}});
    EXPECT_EQ(found.chains.size(), 1U);
    EXPECT_TRUE(found.chosen[2]);
}

TEST(LeastAssignment, ChoicesInNoCertainOrderMayFollowOneAnother) {
    Variable first = variable(0, 1, {});
    first.choices = {{2, 3}};
    Variable second = variable(2, 3, {});
    second.choices = {{1, 2}};
    EXPECT_TRUE(least_assignment(std::vector{first, second}, std::vector{GroupRule{}}).feasible());
    second.choices = {{1, 1}};
    EXPECT_FALSE(least_assignment(std::vector{first, second}, std::vector{GroupRule{}}).feasible());
}

TEST(LeastAssignment, DelayAndSlackLoosenAGroup) {
    const std::vector<Variable> back{variable(0, 1, {5}), variable(4, 5, {3})};
    EXPECT_FALSE(least_assignment(back, std::vector{GroupRule{Duration{2}, 1}}).feasible());
    EXPECT_TRUE(least_assignment(back, std::vector{GroupRule{Duration{3}, 0}}).feasible());
    EXPECT_TRUE(least_assignment(back, std::vector{GroupRule{Duration{0}, 2}}).feasible());
}

TEST(LeastAssignment, OfNothingIsFeasible) {
    EXPECT_THAT(least_assignment({}, {}).chains, IsEmpty());
}

}  // namespace
}  // namespace mistrial::checkers::kernels
