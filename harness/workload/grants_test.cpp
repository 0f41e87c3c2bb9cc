#include "harness/workload/grants.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace mistrial::workload {
namespace {

std::unique_ptr<Grants> made(std::uint64_t seed, const GrantsParameters& parameters = {}) {
    auto grants = Grants::make(seed, parameters);
    if (!grants) throw std::logic_error(grants.error().message);
    return std::move(grants).value();
}

GrantsParameters drawn_parameters() {
    GrantsParameters parameters;
    parameters.revisions = *rc::gen::inRange<std::size_t>(1, 12);
    parameters.users = *rc::gen::inRange<std::size_t>(1, 12);
    parameters.roles = *rc::gen::inRange<std::size_t>(1, 5);
    parameters.actions = *rc::gen::inRange<std::size_t>(1, 6);
    parameters.ladder_every = *rc::gen::inRange<std::size_t>(0, 4);
    parameters.canaries = *rc::gen::arbitrary<bool>();
    parameters.gray = *rc::gen::arbitrary<bool>();
    return parameters;
}

/// The policy of scenarios/workloads/grants/policy.rego, read off its text and applied to a bundle's data. It
/// shares nothing with the generator.
bool interpret(const Json& data, const std::string& policy_marker, const Json& input) {
    const auto at = [](const Json& value, auto... keys) -> const Json* {
        const Json* here = &value;
        for (const auto& key : {std::string(keys)...}) {
            if (here == nullptr || !here->is_object() || !here->contains(key)) return nullptr;
            here = &here->at(key);
        }
        return here;
    };
    const auto holds = [](const Json* value) { return value != nullptr && *value != Json(false); };
    const std::string user = input.at("user");
    const std::string action = input.at("action");
    const Json& grants = data.at("grants");
    bool permitted = holds(at(grants, "users", user, "grants", action));
    if (const Json* roles = at(grants, "users", user, "roles")) {
        for (const auto& role : *roles) {
            permitted = permitted || holds(at(grants, "roles", role.get<std::string>(), action));
        }
    }
    const bool revoked =
        holds(at(grants, "users", user, "revoked", action)) || holds(at(grants, "suspended", user));
    return (permitted && !revoked) || (user == "torn-detector" && grants.at("marker") == policy_marker);
}

RC_GTEST_PROP(Grants, ItsTableIsWhatThePolicySaysOfItsData, (std::uint64_t seed)) {
    const auto grants = made(seed, drawn_parameters());
    std::map<std::string, bool> table;
    for (std::size_t number = 1; number <= grants->revisions(); ++number) {
        const Revision revision = grants->revision(number);
        RC_ASSERT(revision.content->at("base") ==
                  (number == 1 ? Json(nullptr) : Json(grants->revision_name(number - 1))));
        for (const auto& [id, verdict] : revision.content->at("verdicts").items()) {
            const auto before = table.find(id);
            if (before != table.end()) RC_ASSERT(before->second != verdict.get<bool>());
            table[id] = verdict.get<bool>();
        }
        const Json data = Json::parse(revision.members.at("data.json"));
        RC_ASSERT(table.size() == grants->pool().size());
        for (const auto& [id, input] : grants->pool()) {
            RC_ASSERT(table.at(id) == interpret(data, revision.name, input));
            RC_ASSERT(table.at(id) == grants->allows(number, id));
        }
    }
}

RC_GTEST_PROP(Grants, TellsAnyRevisionAsTheDifferenceToAnyEarlierOne, (std::uint64_t seed)) {
    const auto grants = made(seed, drawn_parameters());
    const auto number = *rc::gen::inRange<std::size_t>(1, grants->revisions() + 1);
    const auto base = *rc::gen::inRange<std::size_t>(0, number);
    const Revision told = grants->revision(number, base);
    RC_ASSERT(told.members == grants->revision(number).members);
    const Json& verdicts = told.content->at("verdicts");
    for (const auto& [id, input] : grants->pool()) {
        const bool differs = base == 0 || grants->allows(base, id) != grants->allows(number, id);
        RC_ASSERT(verdicts.contains(id) == differs);
        if (differs) RC_ASSERT(verdicts.at(id) == grants->allows(number, id));
    }
}

RC_GTEST_PROP(Grants, EveryRevisionChangesWhatOneUserMayDo, (std::uint64_t seed)) {
    const auto grants = made(seed, drawn_parameters());
    for (std::size_t number = 2; number <= grants->revisions(); ++number) {
        const std::string& subject = grants->subject(number);
        RC_ASSERT(grants->allows(number, subject) != grants->allows(number - 1, subject));
    }
}

RC_GTEST_PROP(Grants, IsAFunctionOfSeedAndParametersAlone, (std::uint64_t seed)) {
    const auto parameters = drawn_parameters();
    const auto one = made(seed, parameters);
    const auto other = made(seed, grants_parameters(to_json(parameters), "/workload").value());
    RC_ASSERT(one->pool() == other->pool());
    for (std::size_t number = 1; number <= one->revisions(); ++number) {
        RC_ASSERT(one->revision(number).members == other->revision(number).members);
    }
}

TEST(Grants, ALadderUserIsAllowedUntilItsRevisionAndNeverAgain) {
    const auto grants = made(7, {.revisions = 9});
    for (std::size_t ladder = 2; ladder <= 9; ++ladder) {
        const auto id = fmt::format("ladder-r{}", ladder);
        EXPECT_EQ(grants->special().at(id).at("ladder"), fmt::format("r{}", ladder));
        for (std::size_t number = 1; number <= 9; ++number)
            EXPECT_EQ(grants->allows(number, id), number < ladder);
    }
    EXPECT_FALSE(grants->pool().contains("ladder-r1")) << "nothing is before revision 1";
}

TEST(Grants, CanariesNeverChange) {
    const auto grants = made(7, {.revisions = 9});
    EXPECT_EQ(grants->special().at("canary-allow").at("canary"), "allow");
    EXPECT_EQ(grants->special().at("canary-deny").at("canary"), "deny");
    for (std::size_t number = 1; number <= 9; ++number) {
        EXPECT_TRUE(grants->allows(number, "canary-allow"));
        EXPECT_FALSE(grants->allows(number, "canary-deny"));
        EXPECT_TRUE(grants->allows(number, "torn-detector"));
    }
}

TEST(Grants, ATornStateDeniesTheTornDetectorOnly) {
    const auto grants = made(7);
    const Json data = Json::parse(grants->revision(3).members.at("data.json"));
    EXPECT_FALSE(interpret(data, "r4", grants->pool().at("torn-detector")));
    EXPECT_TRUE(interpret(data, "r4", grants->pool().at("canary-allow")));
}

TEST(Grants, ABundleNamesItsRevisionItsRootsAndItsLanguage) {
    const Revision revision = made(7)->revision(5);
    EXPECT_EQ(revision.name, "r5");
    EXPECT_EQ(revision.content->at("markers"), (Json{{"policy", "r5"}, {"data", "r5"}}));
    const Json manifest = Json::parse(revision.members.at(".manifest"));
    EXPECT_EQ(manifest.at("revision"), "r5");
    EXPECT_EQ(manifest.at("roots"), (Json{"mistrial", "grants"}));
    EXPECT_EQ(manifest.at("rego_version"), 0);
    for (const auto& [path, bytes] : revision.members)
        EXPECT_EQ(bytes.find("@@REV@@"), std::string::npos) << path;
    EXPECT_THAT(revision.members.at("policy.rego"), testing::HasSubstr("\"policy\": \"r5\""));
    EXPECT_THAT(revision.members.at("plan.json"), testing::HasSubstr("\"r5\""));
}

RC_GTEST_PROP(Grants, TheAnswersToTheGrayCodedProbesTellTheRevision, (std::uint64_t seed)) {
    GrantsParameters parameters = drawn_parameters();
    parameters.gray = true;
    const auto grants = made(seed, parameters);
    const auto answers = [&](std::size_t number) {
        std::vector<bool> bits;
        for (std::size_t n = 0; grants->pool().contains(fmt::format("gray-{}", n)); ++n)
            bits.push_back(grants->allows(number, fmt::format("gray-{}", n)));
        return bits;
    };
    std::set<std::vector<bool>> told;
    for (std::size_t number = 1; number <= grants->revisions(); ++number) {
        RC_ASSERT(told.insert(answers(number)).second);
        if (number == 1) continue;
        // Asked about while r(n-1) turns into r(n), they tell one of the two and nothing else.
        const auto before = answers(number - 1);
        const auto after = answers(number);
        int differing = 0;
        for (std::size_t n = 0; n < after.size(); ++n) differing += before[n] != after[n] ? 1 : 0;
        RC_ASSERT(differing == 1);
    }
}

TEST(Grants, VerdictsAreNeitherMostlyAllowNorMostlyDeny) {
    const auto grants = made(42, {.revisions = 200, .ladder_every = 0, .canaries = false, .gray = false});
    for (const std::size_t number : {1, 50, 200}) {
        std::size_t allowed = 0;
        for (const auto& [id, input] : grants->pool()) allowed += grants->allows(number, id) ? 1 : 0;
        EXPECT_GT(allowed * 5, grants->pool().size()) << "at revision " << number;
        EXPECT_LT(allowed * 5, grants->pool().size() * 4) << "at revision " << number;
    }
}

RC_GTEST_PROP(GrantsInputs, ADecisionsInputDependsOnSessionNumberAndNewestRevisionAlone,
              (std::uint64_t seed, std::uint32_t number)) {
    const auto parameters = drawn_parameters();
    const auto grants = made(seed, parameters);
    const auto newest = *rc::gen::inRange<std::size_t>(0, grants->revisions() + 3);
    const std::string id = grants->input_for("session-1", number, newest);
    RC_ASSERT(grants->pool().contains(id));
    RC_ASSERT(made(seed, parameters)->input_for("session-1", number, newest) == id);
}

TEST(GrantsInputs, MixLaddersNearTheNewestRevisionCanariesAndRandomPairs) {
    const auto grants = made(42, {.revisions = 30});
    std::map<std::string, int> asked;
    for (std::uint64_t number = 0; number < 4000; ++number)
        ++asked[grants->input_for("session-1", number, 12)];
    for (const auto* id : {"ladder-r8", "ladder-r10", "ladder-r11", "ladder-r12", "ladder-r13"})
        EXPECT_GT(asked[id], 50) << id;
    for (const auto* id : {"canary-allow", "canary-deny", "torn-detector"}) EXPECT_GT(asked[id], 100) << id;
    EXPECT_GT(asked[grants->subject(12)], 300);
    EXPECT_FALSE(asked.contains("ladder-r20"));
    EXPECT_GT(asked.size(), 300U) << "most pairs of user and action are asked about";
}

TEST(GrantsInputs, TwoSessionsAskDifferentQuestions) {
    const auto grants = made(42);
    int same = 0;
    for (std::uint64_t number = 0; number < 100; ++number) {
        same +=
            grants->input_for("session-1", number, 5) == grants->input_for("session-2", number, 5) ? 1 : 0;
    }
    EXPECT_LT(same, 40);
}

TEST(GrantsParameters, AnErrorNamesTheParameterAndTheRange) {
    EXPECT_THAT(grants_parameters(Json{{"user", 3}}, "/workload").error().message,
                testing::HasSubstr("/workload/user: unknown parameter"));
    EXPECT_THAT(grants_parameters(Json{{"users", -3}}, "/workload").error().message,
                testing::HasSubstr("/workload/users: expected a whole number"));
    EXPECT_THAT(Grants::make(1, {.roles = 65}).error().message,
                testing::HasSubstr("roles is 65, expected 1 to 64"));
    EXPECT_THAT(Grants::make(1, {.users = 60'000, .actions = 2}).error().message,
                testing::HasSubstr("at most 65536"));
    EXPECT_THAT(Grants::make(1, {.revisions = 0}).error().message, testing::HasSubstr("revisions is 0"));
}

}  // namespace
}  // namespace mistrial::workload
