#include "checkers/held.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace mistrial::checkers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Held, ConfirmsInOrderAtTheEnd) {
    Held<int> held{8};
    std::vector<int> confirmed;
    const auto confirm = [&](int candidate) { confirmed.push_back(candidate); };
    for (int candidate : {3, 1, 2}) held.hold(candidate, confirm);
    EXPECT_THAT(confirmed, IsEmpty());
    held.confirm_all(confirm);
    EXPECT_THAT(confirmed, ElementsAre(3, 1, 2));
    held.confirm_all(confirm);
    EXPECT_THAT(confirmed, ElementsAre(3, 1, 2)) << "once";
}

TEST(Held, ConfirmsTheOldestBeyondItsLimit) {
    Held<int> held{2};
    std::vector<int> confirmed;
    const auto confirm = [&](int candidate) { confirmed.push_back(candidate); };
    for (int candidate : {1, 2, 3, 4}) held.hold(candidate, confirm);
    EXPECT_THAT(confirmed, ElementsAre(1, 2));
}

TEST(Held, WhatIsExcusedIsNeverConfirmed) {
    Held<int> held{8};
    std::vector<int> confirmed;
    const auto confirm = [&](int candidate) { confirmed.push_back(candidate); };
    for (int candidate : {1, 2, 3, 4}) held.hold(candidate, confirm);
    held.drop_if([](int candidate) { return candidate % 2 == 0; });
    held.confirm_all(confirm);
    EXPECT_THAT(confirmed, ElementsAre(1, 3));
}

}  // namespace
}  // namespace mistrial::checkers
