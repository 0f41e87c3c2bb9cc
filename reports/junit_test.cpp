#include "reports/junit.hpp"

#include "reports/testing/synthetic_run.hpp"
#include "reports/xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include <sstream>

namespace mistrial::reports {
namespace {

using Tree = boost::property_tree::ptree;

/// Throws when the text is not well-formed.
Tree parsed(const std::string& xml) {
    std::istringstream in(xml);
    Tree tree;
    boost::property_tree::read_xml(in, tree);
    return tree;
}

std::vector<Tree> cases(const Tree& suite) {
    std::vector<Tree> all;
    for (const auto& [name, child] : suite)
        if (name == "testcase") all.push_back(child);
    return all;
}

TEST(JUnit, HasACaseForEachClaimAndTheProofInItsFailure) {
    const auto made = testing::synthetic_run(20, true);
    const Tree suite = parsed(junit(made.run, made.judgement)).get_child("testsuites.testsuite");
    EXPECT_EQ(suite.get<std::string>("<xmlattr>.name"), "revocation-under-partition");
    const auto all = cases(suite);
    EXPECT_EQ(all.size(), made.judgement.claims.size());
    EXPECT_EQ(suite.get<std::size_t>("<xmlattr>.tests"), all.size());
    int failures = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const checkers::ClaimResult& claim = made.judgement.claims[i];
        EXPECT_EQ(all[i].get<std::string>("<xmlattr>.name"), claim.property);
        EXPECT_EQ(all[i].count("failure") > 0, claim.validity == checkers::Validity::invalid)
            << claim.property;
        if (all[i].count("failure") == 0) continue;
        ++failures;
        for (const std::string& sentence : claim.violations[0].proof)
            EXPECT_THAT(all[i].get<std::string>("failure"), ::testing::HasSubstr(sentence));
    }
    EXPECT_EQ(suite.get<int>("<xmlattr>.failures"), failures);
    EXPECT_GT(failures, 0);
}

TEST(JUnit, WhatNobodyCouldDecideIsAnError) {
    checkers::Judgement judgement;
    checkers::ClaimResult claim;
    claim.property = "convergence";
    claim.reason = checkers::Reason::not_exercised;
    judgement.claims.push_back(claim);
    const Tree suite = parsed(junit({}, judgement)).get_child("testsuites.testsuite");
    EXPECT_EQ(suite.get<int>("<xmlattr>.errors"), 1);
    EXPECT_EQ(suite.get<std::string>("testcase.error.<xmlattr>.message"), "not exercised");
}

TEST(JUnit, NothingClaimedIsNotGreen) {
    const Tree suite = parsed(junit({}, {})).get_child("testsuites.testsuite");
    EXPECT_EQ(suite.get<int>("<xmlattr>.tests"), 1);
    EXPECT_EQ(suite.get<int>("<xmlattr>.errors"), 1);
}

TEST(JUnit, AnInternalErrorIsAnError) {
    reports::Run run;
    run.internal_errors = {"lost an event"};
    const Tree suite = parsed(junit(run, {})).get_child("testsuites.testsuite");
    EXPECT_EQ(suite.get<int>("<xmlattr>.errors"), 2);
}

RC_GTEST_PROP(JUnit, AnyNameAndAnySentenceComesBackAsItWas, (const std::vector<std::uint8_t>& bytes)) {
    // What XML cannot hold at all is not in it; the next test has that.
    std::string text = "x";
    for (const std::uint8_t byte : bytes) text += static_cast<char>(0x20 + byte % 0x5F);
    text += "\n\t]]>";
    checkers::Judgement judgement;
    checkers::ClaimResult claim;
    claim.property = text;
    claim.validity = checkers::Validity::invalid;
    checkers::Violation violation;
    violation.summary = text;
    violation.proof = {text};
    claim.violations.push_back(violation);
    judgement.claims.push_back(claim);
    reports::Run run;
    run.scenario = text;
    const Tree suite = parsed(junit(run, judgement)).get_child("testsuites.testsuite");
    RC_ASSERT(suite.get<std::string>("<xmlattr>.name") == text);
    RC_ASSERT(suite.get<std::string>("testcase.<xmlattr>.name") == text);
    RC_ASSERT(suite.get<std::string>("testcase.failure.<xmlattr>.message") == text);
    RC_ASSERT(suite.get<std::string>("testcase.failure").find(text) != std::string::npos);
}

RC_GTEST_PROP(Escaped, LeavesOnlyWhatXmlAllows, (const std::vector<std::uint8_t>& bytes)) {
    const std::string out = escaped(std::string(bytes.begin(), bytes.end()));
    for (const char c : out) {
        const auto byte = static_cast<unsigned char>(c);
        RC_ASSERT(byte >= 0x20 || c == '\n' || c == '\t');
        RC_ASSERT(c != '<' && c != '>' && c != '"' && c != '\'');
    }
    // Every ampersand begins one of our entities.
    for (std::size_t at = out.find('&'); at != std::string::npos; at = out.find('&', at + 1)) {
        const std::string rest = out.substr(at, 6);
        RC_ASSERT(rest.starts_with("&amp;") || rest.starts_with("&lt;") || rest.starts_with("&gt;") ||
                  rest.starts_with("&quot;") || rest.starts_with("&#39;") || rest.starts_with("&#13;"));
    }
    RC_ASSERT(escaped("a\x01\xFF") == "a\uFFFD\uFFFD");
}

}  // namespace
}  // namespace mistrial::reports
