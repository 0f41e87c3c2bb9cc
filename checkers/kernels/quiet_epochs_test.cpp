#include "checkers/kernels/quiet_epochs.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mistrial::checkers::kernels {
namespace {

struct Settled {
    std::uint32_t question;
    std::uint64_t epoch;
    int verdict;
};

TEST(QuietEpochs, KeepsTheFirstDecisionOfAQuestionUntilItsEpochIsOver) {
    QuietEpochs<int> epochs;
    EXPECT_EQ(epochs.settled(3, 1, 10), nullptr);
    ASSERT_NE(epochs.settled(3, 1, 11), nullptr);
    EXPECT_EQ(*epochs.settled(3, 1, 12), 10);
    EXPECT_EQ(epochs.settled(0, 1, 13), nullptr) << "another question";
    EXPECT_EQ(epochs.settled(3, 2, 14), nullptr) << "a new epoch";
    EXPECT_EQ(*epochs.settled(3, 2, 15), 14);
}

TEST(QuietEpochs, ADecisionThatTurnsOutUnsettledGivesItsPlaceAway) {
    QuietEpochs<int> epochs;
    EXPECT_EQ(epochs.settled(0, 1, 10), nullptr);
    epochs.replace(0, 1, 11);
    EXPECT_EQ(*epochs.settled(0, 1, 12), 11);
}

/// K5: some pair disagrees exactly when some decision disagrees with the first of its epoch. Every sequence of up to four
/// settled decisions on two questions in three epochs that never go back, with two verdicts.
TEST(QuietEpochs, FindsADisagreementWhenAndOnlyWhenSomePairDisagrees) {
    int sequences = 0;
    int disagreeing = 0;
    std::vector<Settled> all;
    const auto visit = [&](const auto& self) -> void {
        QuietEpochs<Settled> epochs;
        bool found = false;
        for (const Settled& one : all) {
            const Settled* first = epochs.settled(one.question, one.epoch, one);
            found = found || (first != nullptr && first->verdict != one.verdict);
        }
        bool defined = false;
        for (const Settled& a : all) {
            for (const Settled& b : all) {
                defined = defined || (a.question == b.question && a.epoch == b.epoch && a.verdict != b.verdict);
            }
        }
        ASSERT_EQ(found, defined);
        ++sequences;
        disagreeing += found ? 1 : 0;
        if (all.size() == 4) return;
        const std::uint64_t least = all.empty() ? 0 : all.back().epoch;
        for (std::uint32_t question = 0; question < 2; ++question) {
            for (std::uint64_t epoch = least; epoch < 3; ++epoch) {
                for (int verdict = 0; verdict < 2; ++verdict) {
                    all.push_back({question, epoch, verdict});
                    self(self);
                    all.pop_back();
                }
            }
        }
    };
    visit(visit);
    EXPECT_GT(sequences, 3'000);
    EXPECT_GT(disagreeing, 500);
}

}  // namespace
}  // namespace mistrial::checkers::kernels
