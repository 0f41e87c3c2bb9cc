#include "checkers/claims.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mistrial::checkers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const Json& json) {
    const auto parsed = parse_claims(json);
    return parsed ? std::string("(none)") : parsed.error().message;
}

Claim about(std::vector<std::string> agents) {
    Claim claim;
    claim.agents = std::move(agents);
    return claim;
}

TEST(Claims, AreReadWithDurationsAsText) {
    const auto claims = parse_claims({{"bounded-staleness", {{"within", "5s"}, {"excused", false}}},
                                      {"L1", {{"within", "250ms"}, {"agents", "a1"}, {"bundles", {"main"}}}}});
    ASSERT_TRUE(claims) << claims.error().message;
    EXPECT_EQ(claims->at("bounded-staleness").within, std::chrono::seconds{5});
    EXPECT_FALSE(claims->at("bounded-staleness").excused);
    EXPECT_EQ(claims->at("convergence").within, std::chrono::milliseconds{250}) << "an id is as good as a name";
    EXPECT_THAT(claims->at("convergence").agents, ElementsAre("a1"));
    EXPECT_THAT(claims->at("convergence").bundles, ElementsAre("main"));
}

TEST(Claims, SurviveBeingWrittenAndRead) {
    const auto claims = parse_claims({{"bounded-staleness", {{"within", "1500ms"}, {"excused", false}, {"agents", {"a"}}}},
                                      {"fail-closed", {{"undefined", "allow"}}},
                                      {"monotonic-revisions", Json::object()}});
    ASSERT_TRUE(claims);
    const auto again = parse_claims(to_json(*claims));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(to_json(*again), to_json(*claims));
}

TEST(Claims, DerivedBoundsAreLeftToWhoeverResolvesThem) {
    const auto claims = parse_claims({{"convergence", {{"within", "derived"}}}});
    ASSERT_TRUE(claims);
    EXPECT_FALSE(claims->at("convergence").within);
}

TEST(Claims, EveryMistakeIsToldWithItsPointer) {
    const std::string error = error_of({{"bounded-stalenes", Json::object()},
                                        {"convergence", Json::object()},
                                        {"split-brain", {{"within", "0s"}}},
                                        {"fail-closed", {{"undefined", "maybe"}, {"whatever", 1}}},
                                        {"revision-validity", 7},
                                        {"monotonic-revisions", {{"agents", Json::array()}}},
                                        {"oracle-correctness", {{"agents", {1}}}}});
    EXPECT_THAT(error, HasSubstr("/claims/bounded-stalenes: there is no such property; did you mean \"bounded-staleness\"?"));
    EXPECT_THAT(error, HasSubstr("/claims/convergence: needs \"within\""));
    EXPECT_THAT(error, HasSubstr("/claims/split-brain/within: expected a positive duration"));
    EXPECT_THAT(error, HasSubstr("/claims/fail-closed/undefined: expected \"allow\" or \"deny\""));
    EXPECT_THAT(error, HasSubstr("/claims/fail-closed/whatever: fail-closed has no such parameter"));
    EXPECT_THAT(error, HasSubstr("/claims/revision-validity: expected an object of parameters"));
    EXPECT_THAT(error, HasSubstr("/claims/monotonic-revisions/agents: expected at least one name"));
    EXPECT_THAT(error, HasSubstr("/claims/oracle-correctness/agents: expected a list of names"));
}

TEST(Claims, ABareNumberIsNoDurationAndAProfileIsForWhoeverKnowsIt) {
    EXPECT_THAT(error_of({{"bounded-staleness", {{"within", 5}}}}),
                HasSubstr("/claims/bounded-staleness/within: expected a duration such as \"5s\", got 5"));
    EXPECT_THAT(error_of({{"profile", "opa"}, {"fail-closed", Json::object()}}), HasSubstr("/claims/profile: a profile stands for"));
}

TEST(Claims, APropertyUnderItsNameAndItsIdIsClaimedTwice) {
    EXPECT_THAT(error_of({{"V1", Json::object()}, {"revision-validity", Json::object()}}), HasSubstr("is claimed twice"));
}

TEST(Claims, CoverEveryAgentUnlessTheyNameSome) {
    EXPECT_TRUE(about({}).covers_agent("anybody"));
    EXPECT_TRUE(about({"agents"}).covers_agent("anybody"));
    EXPECT_FALSE(about({"a1"}).covers_agent("a2"));
}

TEST(Claims, AGroupCoversItsNumberedMembersAndNobodyElse) {
    const Claim claim = about({"a"});
    EXPECT_TRUE(claim.covers_agent("a1"));
    EXPECT_TRUE(claim.covers_agent("a10"));
    EXPECT_FALSE(claim.covers_agent("ab1"));
    EXPECT_FALSE(claim.covers_agent("a1b"));
    EXPECT_FALSE(claim.covers_agent("a01")) << "members are counted from 1, without leading zeros";
    EXPECT_FALSE(claim.covers_agent("b1"));
}

TEST(Claims, ANumberedNodeIsNotTheGroupOfLongerNumbers) {
    const Claim claim = about({"a1"});
    EXPECT_TRUE(claim.covers_agent("a1"));
    EXPECT_FALSE(claim.covers_agent("a10"));
    EXPECT_FALSE(claim.covers_agent("a12"));
}

TEST(Claims, BundlesAreCoveredByNameAlone) {
    Claim claim;
    EXPECT_TRUE(claim.covers_bundle("main"));
    claim.bundles = {"main"};
    EXPECT_TRUE(claim.covers_bundle("main"));
    EXPECT_FALSE(claim.covers_bundle("main2"));
}

TEST(Catalogue, FindsPropertiesByNameAndById) {
    for (const Property& property : catalogue()) {
        EXPECT_EQ(find_property(property.name), &property);
        EXPECT_EQ(find_property(property.id), &property);
        std::string id(property.id);
        id.front() = static_cast<char>(id.front() - 'A' + 'a');
        EXPECT_EQ(find_property(id), &property) << "m1 is M1";
    }
    EXPECT_EQ(find_property("X1"), nullptr);
    EXPECT_EQ(nearest_property("monotonic-revision"), "monotonic-revisions");
}

}  // namespace
}  // namespace mistrial::checkers
