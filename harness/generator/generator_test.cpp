#include "harness/generator/generator.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::generator {
namespace {

using namespace std::chrono_literals;

Operation start(std::string node, Duration due) {
    return {TrueTime{due}, world::StartNode{0, std::move(node)}, {}};
}

struct Given {
    std::string node;
    Duration due;
    friend bool operator==(const Given&, const Given&) = default;
};
std::ostream& operator<<(std::ostream& out, const Given& given) {
    return out << given.node << "@" << format_duration(given.due);
}

/// Runs a generator with no thread and no clock: every operation completes `latency` after it was due.
std::vector<Given> simulate(Generator generator, Duration latency = 0s,
                            std::function<Update::Kind(const Operation&)> outcome = [](const Operation&) {
                                return Update::Kind::ok;
                            }) {
    std::vector<Given> given;
    std::vector<std::pair<TrueTime, Operation>> open;
    TrueTime now{};
    const auto complete_one = [&] {
        const auto soonest = std::min_element(open.begin(), open.end(), [](auto& a, auto& b) { return a.first < b.first; });
        const auto [time, operation] = *soonest;
        open.erase(soonest);
        now = std::max(now, time);
        if (auto moved = generator.update({now}, {operation, outcome(operation), now})) generator = *moved;
    };
    for (int step = 0; step < 10'000; ++step) {
        Step next = generator.next({now});
        if (std::holds_alternative<Done>(next)) return given;
        if (auto* ready = std::get_if<Ready>(&next)) {
            const TrueTime due = std::max(now, ready->operation.due);
            const bool earlier_completion =
                std::any_of(open.begin(), open.end(), [&](auto& pair) { return pair.first < due; });
            if (earlier_completion) {
                complete_one();
                continue;
            }
            now = due;
            given.push_back({std::get<world::StartNode>(ready->operation.command).node, now.time_since_epoch()});
            open.emplace_back(now + latency, ready->operation);
            generator = ready->next;
        } else if (open.empty()) {
            ADD_FAILURE() << "pending with nothing open";
            return given;
        } else {
            complete_one();
        }
    }
    ADD_FAILURE() << "endless";
    return given;
}

Generator every(std::string name, Duration from, Duration until, Duration period, std::vector<std::uint64_t> omit = {}) {
    return stagger(TrueTime{from}, TrueTime{until}, period, std::move(omit), [name](std::uint64_t n, TrueTime due) {
        return Operation{due, world::StartNode{0, name + std::to_string(n)}, {}};
    });
}

TEST(Generator, SequenceKeepsItsOrder) {
    EXPECT_EQ(simulate(sequence({start("a", 1s), start("b", 2s)})), (std::vector<Given>{{"a", 1s}, {"b", 2s}}));
    EXPECT_TRUE(simulate(sequence({})).empty());
}

TEST(Generator, StaggerIsAnArithmeticStreamAndOmittingMovesNoOther) {
    EXPECT_EQ(simulate(every("x", 1s, 4s, 1s)), (std::vector<Given>{{"x0", 1s}, {"x1", 2s}, {"x2", 3s}}));
    EXPECT_EQ(simulate(every("x", 1s, 4s, 1s, {1})), (std::vector<Given>{{"x0", 1s}, {"x2", 3s}}));
}

TEST(Generator, AnyTakesTheSoonestAndTheFirstOnATie) {
    const auto both = any({every("x", 0s, 3s, 1s), every("y", 0s, 3s, 2s)});
    EXPECT_EQ(simulate(both), (std::vector<Given>{{"x0", 0s}, {"y0", 0s}, {"x1", 1s}, {"x2", 2s}, {"y1", 2s}}));
}

TEST(Generator, PhasesWaitForCompletions) {
    EXPECT_EQ(simulate(phases({sequence({start("a", 1s)}), sequence({start("b", 0s)})}), 3s),
              (std::vector<Given>{{"a", 1s}, {"b", 4s}}));
}

TEST(Generator, UntilOkTriesAgainAfterEachFailure) {
    int tries = 0;
    const auto given = simulate(until_ok(start("a", 0s), 2s), 1s, [&](const Operation&) {
        return ++tries < 3 ? Update::Kind::fail : Update::Kind::ok;
    });
    EXPECT_EQ(given, (std::vector<Given>{{"a", 0s}, {"a", 3s}, {"a", 6s}}));
}

TEST(Generator, LimitsInCountAndTime) {
    EXPECT_EQ(simulate(limit(2, every("x", 0s, 9s, 1s))).size(), 2U);
    EXPECT_EQ(simulate(time_limit(TrueTime{2s}, every("x", 0s, 9s, 1s))).size(), 2U);
}

RC_GTEST_PROP(Generator, AnyIsAMerge, (std::vector<std::pair<std::uint8_t, std::uint8_t>> streams)) {
    if (streams.size() > 6) streams.resize(6);
    std::vector<Generator> generators;
    std::size_t expected = 0;
    for (const auto& [from, period] : streams) {
        generators.push_back(every("x", Duration{from}, Duration{255}, Duration{period + 8}));
        expected += simulate(generators.back()).size();
    }
    const auto merged = simulate(any(generators));
    RC_ASSERT(merged.size() == expected);
    RC_ASSERT(std::is_sorted(merged.begin(), merged.end(), [](auto& a, auto& b) { return a.due < b.due; }));
}

TEST(Generator, IsAPureValue) {
    const auto generator = any({every("x", 0s, 3s, 1s), until_ok(start("a", 1s), 1s)});
    EXPECT_EQ(simulate(generator), simulate(generator));
}

}  // namespace
}  // namespace mistrial::generator
