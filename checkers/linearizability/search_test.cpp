#include "checkers/linearizability/search.hpp"

#include "checkers/linearizability/limits.hpp"
#include "checkers/testing/effort.hpp"
#include "checkers/testing/history_builder.hpp"
#include "checkers/testing/register_history.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::checkers::linearizability {
namespace {

using testing::at_ms;

/// A history by hand, in milliseconds; `open` for what never ended.
class ByHand {
  public:
    static constexpr std::int64_t open = -1;

    ByHand& read(std::int64_t inv, std::int64_t res, const Json& value) { return add(inv, res, {Function::read, not_known, not_known, id(value)}); }
    ByHand& write(std::int64_t inv, std::int64_t res, const Json& value) { return add(inv, res, {Function::write, id(value), not_known, not_known}); }
    ByHand& append(std::int64_t inv, std::int64_t res, const Json& value) { return add(inv, res, {Function::append, id(value), not_known, not_known}); }
    ByHand& cas(std::int64_t inv, std::int64_t res, const Json& from, const Json& to) {
        return add(inv, res, {Function::cas, id(to), id(from), not_known});
    }

    Outcome search(const char* model = "cas-register", const Limits& limits = {}) {
        return linearizability::search(*find_model(model), values, operations, limits);
    }

    Values values;
    std::vector<Operation> operations;

  private:
    ValueId id(const Json& value) { return values.id_of(value); }
    ByHand& add(std::int64_t inv, std::int64_t res, const Call& call) {
        const auto number = operations.size();
        operations.push_back({at_ms(inv), res == open ? Operation::open : at_ms(res), call, number, std::nullopt,
                              static_cast<std::int64_t>(number)});
        return *this;
    }
};

TEST(Search, AcceptsNothingAtAll) { EXPECT_TRUE(ByHand{}.search().linearizable); }

TEST(Search, AcceptsAReadOfWhatWasWrittenBefore) {
    EXPECT_TRUE(ByHand{}.write(0, 1, 3).read(2, 3, 3).search().linearizable);
}

TEST(Search, RefusesAReadOfAnOlderValue) {
    const Outcome outcome = ByHand{}.write(0, 1, 3).write(2, 3, 4).read(4, 5, 3).search();
    EXPECT_FALSE(outcome.linearizable);
    EXPECT_EQ(outcome.stuck, 2U);
    EXPECT_EQ(outcome.order, (std::vector<std::uint32_t>{0, 1}));
}

TEST(Search, RefusesAValueThatNobodyWrote) {
    // Read 3 while only 0 and 4 are possible.
    EXPECT_FALSE(ByHand{}.write(0, 1, 0).write(2, 9, 4).read(3, 4, 3).search().linearizable);
    EXPECT_TRUE(ByHand{}.write(0, 1, 0).write(2, 9, 4).read(3, 4, 4).search().linearizable);
    EXPECT_TRUE(ByHand{}.write(0, 1, 0).write(2, 9, 4).read(3, 4, 0).search().linearizable);
}

TEST(Search, RefusesToGoBackOnceANewerValueWasRead) {
    EXPECT_FALSE(ByHand{}.write(0, 1, 0).write(2, 9, 4).read(3, 4, 4).read(5, 6, 0).search().linearizable);
}

TEST(Search, TakesEqualTimesForConcurrent) {
    EXPECT_TRUE(ByHand{}.write(0, 1, 0).write(2, 4, 4).read(4, 5, 0).search().linearizable);
    EXPECT_FALSE(ByHand{}.write(0, 1, 0).write(2, 4, 4).read(5, 5, 0).search().linearizable);
}

TEST(Search, ReadsNothingBeforeTheFirstWrite) {
    EXPECT_TRUE(ByHand{}.read(0, 1, nullptr).write(2, 3, 1).search().linearizable);
    EXPECT_FALSE(ByHand{}.write(0, 1, 1).read(2, 3, nullptr).search().linearizable);
}

TEST(Search, LetsACompareAndSetHappenOnlyWhereItFindsWhatItExpects) {
    EXPECT_TRUE(ByHand{}.write(0, 1, 1).cas(2, 3, 1, 2).read(4, 5, 2).search().linearizable);
    EXPECT_FALSE(ByHand{}.write(0, 1, 1).cas(2, 3, 5, 2).search().linearizable);
    EXPECT_FALSE(ByHand{}.write(0, 1, 1).cas(2, 3, 1, 2).cas(2, 3, 1, 3).search().linearizable) << "only one of them can";
}

TEST(Search, LetsWhatNeverEndedHappenLateOrNever) {
    EXPECT_TRUE(ByHand{}.write(0, 1, 1).write(2, ByHand::open, 2).read(3, 4, 1).read(90, 91, 2).search().linearizable);
    EXPECT_TRUE(ByHand{}.write(0, 1, 1).write(2, ByHand::open, 2).read(90, 91, 1).search().linearizable);
    EXPECT_FALSE(ByHand{}.write(0, 1, 1).write(2, ByHand::open, 2).read(3, 4, 2).read(5, 6, 1).search().linearizable)
        << "once seen it has happened";
    EXPECT_FALSE(ByHand{}.write(0, 1, 1).read(3, 4, 2).write(5, ByHand::open, 2).search().linearizable)
        << "but not before it was asked for";
}

TEST(Search, CountsEachOperationWithoutAnEndOnce) {
    const auto twice = [](int writes) {
        ByHand history;
        history.write(0, 1, 1);
        for (int i = 0; i < writes; ++i) history.write(2, ByHand::open, 2);
        history.read(3, 4, 2).write(5, 6, 1).read(7, 8, 2);
        return history.search().linearizable;
    };
    EXPECT_FALSE(twice(1));
    EXPECT_TRUE(twice(2));
}

TEST(Search, JoinsWhatIsAppended) {
    EXPECT_TRUE(ByHand{}.append(0, 5, "x").append(0, 5, "y").read(6, 7, "yx").search("key-value").linearizable);
    EXPECT_FALSE(ByHand{}.append(0, 1, "x").append(2, 5, "y").read(6, 7, "yx").search("key-value").linearizable);
    EXPECT_TRUE(ByHand{}.append(0, 1, 1).append(2, 5, 2).read(6, 7, Json{1, 2}).search("key-value").linearizable);
    EXPECT_TRUE(ByHand{}.read(0, 1, "").append(2, 3, "x").read(4, 5, "x").search("key-value").linearizable);
}

/// Writers at once of a few values each, and a read that none of them explains.
ByHand hard(int rounds) {
    ByHand history;
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < 12; ++i) history.write(100 * round, 100 * round + 90, i);
    }
    history.cas(100 * rounds, 100 * rounds + 1, 77, 78);
    return history;
}

TEST(Search, EndsByItsTimeWithNoAnswer) {
    Limits limits;
    limits.time = std::chrono::milliseconds{20};
    const Outcome outcome = hard(40).search("cas-register", limits);
    EXPECT_EQ(outcome.ended, Outcome::Ended::out_of_time);
    EXPECT_EQ(outcome.validity(), Validity::unknown);
}

TEST(Search, EndsByItsMemoryWithNoAnswer) {
    Limits limits;
    limits.memory = std::uint64_t{1} << 20;
    const Outcome outcome = hard(40).search("cas-register", limits);
    EXPECT_EQ(outcome.ended, Outcome::Ended::out_of_memory);
    EXPECT_EQ(outcome.validity(), Validity::unknown);
}

TEST(Search, TellsAnOrderThatTheModelAllows) {
    ByHand history;
    history.write(0, 9, 1).write(0, 9, 2).read(1, 2, 2).read(3, 4, 1).cas(0, ByHand::open, 1, 3).read(5, 6, 3);
    const Outcome outcome = history.search();
    ASSERT_TRUE(outcome.linearizable);
    State state = nothing;
    for (const std::uint32_t i : outcome.order) {
        state = find_model("cas-register")->step(history.values, state, history.operations[i].call);
        ASSERT_NE(state, impossible);
    }
    EXPECT_EQ(state, outcome.state);
    EXPECT_EQ(outcome.order.size(), 6U);
}

/// What search, zones, orders and automaton say differently of one history.
std::string disagreement(const char* model, std::vector<Operation>& operations, Values& values) {
    const auto calls = testing::calls_of(operations, values);
    const bool ordered = definitional::has_order(calls);
    const auto run = definitional::run_automaton(calls, 100'000);
    const Outcome outcome = search(*find_model(model), values, operations);
    const auto stuck = outcome.stuck ? std::optional(operations[*outcome.stuck].index) : std::nullopt;
    const bool agree = outcome.linearizable == ordered && run.no_further == stuck && run.no_further.has_value() != ordered;
    return agree ? std::string{}
                 : fmt::format("search {} ({}), orders {}, automaton {}\n{}", outcome.linearizable,
                               stuck ? std::to_string(*stuck) : "-", ordered,
                               run.no_further ? std::to_string(*run.no_further) : "-", testing::show(operations, values));
}

void expect_agreement_on_all(std::size_t operations, const std::vector<Call>& calls, std::int64_t last, Values& values,
                             std::int64_t& histories) {
    // All intervals over few instants, in every combination: each relation of before and concurrent is among them.
    struct Interval {
        std::int64_t inv;
        std::int64_t res;
    };
    std::vector<Interval> intervals;
    for (std::int64_t inv = 0; inv <= last; ++inv) {
        for (std::int64_t res = inv; res <= last; ++res) intervals.push_back({inv, res});
    }
    std::vector<std::size_t> choice(operations, 0);
    std::vector<std::size_t> call(operations, 0);
    const auto next_of = [](std::vector<std::size_t>& digits, std::size_t base, bool ascending) {
        for (std::size_t i = digits.size(); i-- > 0;) {
            if (++digits[i] == base) continue;
            for (std::size_t j = i + 1; j < digits.size(); ++j) digits[j] = ascending ? digits[i] : 0;
            return true;
        }
        return false;
    };
    do {
        std::fill(call.begin(), call.end(), 0);
        do {
            if (++histories % checkers::testing::one_case_in != 0) continue;
            std::vector<Operation> history(operations);
            for (std::size_t i = 0; i < operations; ++i) {
                history[i].call = calls[call[i]];
                history[i].inv = at_ms(intervals[choice[i]].inv);
                history[i].res = at_ms(intervals[choice[i]].res);
                if (history[i].call.function != Function::read && history[i].call.result == nothing) {
                    history[i].res = Operation::open;
                    history[i].call.result = not_known;
                }
                history[i].index = i;
            }
            const std::string differently = disagreement("cas-register", history, values);
            ASSERT_TRUE(differently.empty()) << differently;
        } while (next_of(call, calls.size(), false));
    } while (next_of(choice, intervals.size(), true));
}

TEST(Search, AgreesWithTheDefinitionOnEverySmallHistory) {
    Values values;
    const ValueId one = values.id_of(1);
    const ValueId two = values.id_of(2);
    // A call other than a read with the result `nothing` stands for one that never ends.
    const std::vector<Call> all{{Function::read, not_known, not_known, nothing},  {Function::read, not_known, not_known, one},
                                {Function::read, not_known, not_known, two},      {Function::write, one, not_known, not_known},
                                {Function::write, two, not_known, not_known},     {Function::cas, two, one, not_known},
                                {Function::write, two, not_known, nothing},       {Function::cas, one, two, nothing}};
    const std::vector<Call> few{{Function::read, not_known, not_known, one},
                                {Function::read, not_known, not_known, two},
                                {Function::write, one, not_known, not_known},
                                {Function::write, two, not_known, not_known}};
    std::int64_t histories = 0;
    for (std::size_t operations = 1; operations <= 3; ++operations) expect_agreement_on_all(operations, all, 3, values, histories);
    expect_agreement_on_all(4, few, 3, values, histories);
    EXPECT_GT(histories, 250'000);
}

RC_GTEST_PROP(Search, AgreesWithTheDefinitionOnRandomHistories, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < 40; ++i) {
        RandomSequence random{RandomStream{seed, std::to_string(i), "search"}};
        Values values;
        testing::RegisterKind kind;
        kind.cas = i % 4 != 0;
        kind.store = i % 5 == 0;
        kind.distinct = i % 7 == 0;
        kind.span = i % 2 == 0 ? 12 : 4;
        kind.open_in = i % 3 == 0 ? 2 : 6;
        kind.values = 2 + static_cast<std::uint64_t>(i % 3);
        auto operations = testing::random_register(random, kind, values);
        const std::string differently = disagreement(kind.store ? "key-value" : "cas-register", operations, values);
        if (!differently.empty()) RC_FAIL(differently);
    }
}

RC_GTEST_PROP(Search, AgreesWithTheAutomatonOnLongerHistories, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < 4; ++i) {
        RandomSequence random{RandomStream{seed, std::to_string(i), "longer"}};
        Values values;
        testing::RegisterKind kind;
        kind.cas = i % 2 == 0;
        kind.distinct = i == 1;
        kind.most = 40;
        kind.span = 100;
        kind.longest = 9;
        kind.open_in = 12;
        kind.lie_in = i % 2 == 0 ? 0 : 30;
        const auto operations = testing::random_register(random, kind, values);
        const auto run = definitional::run_automaton(testing::calls_of(operations, values), 3'000);
        if (run.gave_up) continue;
        const Outcome outcome = search(*find_model("cas-register"), values, operations);
        const auto stuck = outcome.stuck ? std::optional(operations[*outcome.stuck].index) : std::nullopt;
        if (outcome.linearizable == run.no_further.has_value() || stuck != run.no_further) {
            RC_FAIL(testing::show(operations, values));
        }
    }
}

TEST(Limits, AreReadFromAClaim) {
    const Limits limits = limits_of(Json{{"time", "2s"}, {"memory", "512MiB"}});
    EXPECT_EQ(limits.time, std::chrono::seconds{2});
    EXPECT_EQ(limits.memory, std::uint64_t{512} << 20);
    EXPECT_EQ(limits_of(Json::object()).memory, std::uint64_t{4} << 30);
    EXPECT_EQ(parse_size("64KiB").value(), 65'536U);
    for (const char* wrong : {"", "0GiB", "4GB", "GiB", "4 GiB", "99999999999TiB"}) EXPECT_FALSE(parse_size(wrong)) << wrong;
}

}  // namespace
}  // namespace mistrial::checkers::linearizability
