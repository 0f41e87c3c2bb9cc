#include "reports/terminal.hpp"

#include "core/utf8.hpp"
#include "reports/testing/synthetic_run.hpp"
#include "reports/wording.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

namespace mistrial::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Terminal, BeginsWithTheVerdictAndEndsWithWhereToLook) {
    const auto made = testing::synthetic_run(20, true);
    const std::string text = terminal(made.run, made.judgement, {});
    EXPECT_THAT(text, StartsWith("INVALID: 2 of 8 claims violated: a2 still decided under r4"));
    EXPECT_THAT(text, HasSubstr("\n  bounded-staleness    violated"));
    EXPECT_THAT(text, HasSubstr("\n  partition  a1, a2  10.0 to 25.0 s  took effect"));
    EXPECT_THAT(text, HasSubstr(" 1. The publish of r5"));
    EXPECT_THAT(text, HasSubstr("Not tested: disk faults,"));
    EXPECT_THAT(text,
                HasSubstr("Report:  store/revocation-under-partition/20251124T160000Z-42/report.html\n"));
    EXPECT_THAT(text, Not(HasSubstr("\x1B")));
}

TEST(Terminal, AValidRunSaysWhatHeldThroughWhat) {
    const auto made = testing::synthetic_run(40, false);
    EXPECT_THAT(terminal(made.run, made.judgement, {}),
                StartsWith("VALID: all 8 claims held through 4 faults"));
}

TEST(Terminal, NoLineIsWiderThanTheTerminal) {
    const auto made = testing::synthetic_run(20, true);
    for (const std::size_t width : {60U, 80U, 140U}) {
        std::istringstream lines(terminal(made.run, made.judgement, {false, width}));
        for (std::string line; std::getline(lines, line);) {
            const bool path = line.starts_with("Report:") || line.starts_with("Again:");  // not to be broken
            EXPECT_TRUE(path || utf8_length(line) <= width) << width << ": " << line;
        }
    }
}

TEST(Terminal, ColourChangesNoText) {
    const auto made = testing::synthetic_run(20, true);
    const std::string coloured = terminal(made.run, made.judgement, {true, 100});
    std::string stripped;
    for (std::size_t at = 0; at < coloured.size(); ++at) {
        if (coloured[at] == '\x1B')
            at = coloured.find('m', at);
        else
            stripped += coloured[at];
    }
    EXPECT_NE(coloured, stripped);
    EXPECT_EQ(stripped, terminal(made.run, made.judgement, {false, 100}));
}

TEST(Terminal, NoNameCanMoveTheCursor) {
    checkers::Judgement judgement;
    judgement.validity = checkers::Validity::invalid;
    checkers::ClaimResult claim;
    claim.property = "p\x1B[2J";
    claim.validity = checkers::Validity::invalid;
    checkers::Violation violation;
    violation.summary = "a\x1B]0;title\x07 b\rVALID";
    violation.proof = {"x\ny\x1B[A"};
    claim.violations.push_back(violation);
    judgement.claims.push_back(claim);
    reports::Run run;
    run.scenario = "s\x1B[31m";
    run.command = "again\x1B[0m";
    const std::string text = terminal(run, judgement, {});
    EXPECT_THAT(text, Not(HasSubstr("\x1B")));
    EXPECT_THAT(text, Not(HasSubstr("\r")));
    EXPECT_THAT(text, Not(HasSubstr("\x07")));
}

TEST(Terminal, APipeIsPlain) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    EXPECT_FALSE(TerminalStyle::of(ends[1]).colour);
    EXPECT_EQ(TerminalStyle::of(ends[1]).width, 100U);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Wording, OfNumbersAndTimes) {
    EXPECT_EQ(with_thousands(0), "0");
    EXPECT_EQ(with_thousands(-1234567), "-1,234,567");
    EXPECT_EQ(counted(1, "claim"), "1 claim");
    EXPECT_EQ(listed({"a1", "a2", "a3"}), "a1, a2 and a3");
    EXPECT_EQ(span_text(std::chrono::microseconds(850)), "850 us");
    EXPECT_EQ(span_text(std::chrono::milliseconds(12)), "12.0 ms");
    EXPECT_EQ(span_text(std::chrono::milliseconds(12'345)), "12.3 s");
    EXPECT_EQ(span_text(std::chrono::seconds(125)), "2 min 5 s");
    EXPECT_EQ(span_text(std::chrono::hours(-3)), "-3 h");
}

TEST(Wording, OfVerdicts) {
    using checkers::Validity;
    checkers::Judgement judgement;
    EXPECT_EQ(verdict_sentence({}, judgement), "UNKNOWN: nothing was claimed, so that nothing was judged.");
    checkers::ClaimResult claim;
    claim.property = "convergence";
    claim.reason = checkers::Reason::fault_did_not_bite;
    judgement.claims = {claim};
    EXPECT_EQ(verdict_sentence({}, judgement),
              "UNKNOWN: 1 of 1 claim could not be decided: convergence (a fault did not bite).");
    judgement.validity = Validity::valid;
    judgement.claims[0].validity = Validity::valid;
    judgement.claims[0].obligations = 4711;
    EXPECT_EQ(verdict_sentence({}, judgement),
              "VALID: the one claim held without a fault, 4,711 obligations checked.");
    reports::Run run;
    run.internal_errors = {"lost an event"};
    EXPECT_EQ(verdict_sentence(run, judgement), "UNKNOWN: mistrial itself failed: lost an event.");
}

}  // namespace
}  // namespace mistrial::reports
