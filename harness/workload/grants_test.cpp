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

/// The policies of scenarios/workloads/grants*/policy.rego, read off its text and applied to a bundle's data. It
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
    const bool unlisted = input.contains("document") &&
                          !holds(at(data, "documents", "listed", input.at("document").get<std::string>()));
    return (permitted && !revoked && !unlisted) || (user == "torn-detector" && grants.at("marker") == policy_marker);
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

GrantsParameters drawn_with_documents() {
    GrantsParameters parameters = drawn_parameters();
    parameters.documents = {.bundle = "docs", .grants = "main"};
    return parameters;
}

/// By bundle: what each of its revisions, in their order, decides of each question that it tells of.
std::map<std::string, std::vector<std::map<std::string, bool>>> tables_of(const Grants& grants) {
    std::map<std::string, std::vector<std::map<std::string, bool>>> tables;
    for (std::size_t number = 1; number <= grants.revisions(); ++number) {
        const Revision revision = grants.revision(number);
        auto& told = tables[grants.beside(number).value_or("main")];
        told.push_back(told.empty() ? std::map<std::string, bool>() : told.back());
        for (const auto& [id, verdict] : revision.content->at("verdicts").items()) told.back()[id] = verdict.get<bool>();
    }
    return tables;
}

RC_GTEST_PROP(GrantsDocuments, WhatTheTwoTablesSayTogetherIsWhatThePolicySaysOfBothBundlesData, (std::uint64_t seed)) {
    const auto grants = made(seed, drawn_with_documents());
    const auto tables = tables_of(*grants);
    const std::size_t turns = tables.at("main").size();
    RC_ASSERT(tables.at("docs").size() == turns);
    for (std::size_t r = 1; r <= turns; ++r) {
        for (std::size_t d = 0; d <= turns; ++d) {  // 0: the documents are not there yet
            const Revision policy = grants->revision(2 * r - 1);
            Json data = Json::parse(policy.members.at("data.json"));
            if (d > 0) data.update(Json::parse(grants->revision(2 * d).members.at("data.json")));
            for (const auto& [id, input] : grants->pool()) {
                bool by_tables = tables.at("main").at(r - 1).at(id);
                if (grants->special().value(id, Json::object()).contains("combine"))
                    by_tables = by_tables && d > 0 && tables.at("docs").at(d - 1).at(id);
                RC_ASSERT(by_tables == interpret(data, policy.name, input));
            }
        }
    }
}

RC_GTEST_PROP(GrantsDocuments, AProbeIsAllowedByANewEnemysStateAndByNoOther, (std::uint64_t seed)) {
    const auto grants = made(seed, drawn_with_documents());
    const std::size_t turns = grants->revisions() / 2;
    std::size_t probes = 0;
    for (const auto& [id, special] : grants->special().items()) {
        if (!special.contains("new_enemy")) continue;
        ++probes;
        for (std::size_t r = 1; r <= turns; ++r)
            for (std::size_t d = 1; d <= turns; ++d) {
                const bool allowed = grants->allows(2 * r - 1, id) && grants->allows(2 * d, id);
                const auto at_least = [&](std::size_t number, const Json& named) {
                    for (std::size_t n = number; n >= 1; n = grants->before(n))
                        if (grants->revision_name(n) == named) return true;
                    return false;
                };
                RC_ASSERT(allowed == (at_least(2 * d, special["new_enemy"]["newer"]["docs"]) &&
                                      !at_least(2 * r - 1, special["new_enemy"]["older"]["main"])));
            }
    }
    RC_ASSERT(probes == turns - 1);
}

RC_GTEST_PROP(GrantsDocuments, EachRevisionPresumesTheOneOfTheGrantsThatWasPublishedRightBeforeIt, (std::uint64_t seed)) {
    const auto grants = made(seed, drawn_with_documents());
    for (std::size_t number = 1; number <= grants->revisions(); ++number) {
        const Revision revision = grants->revision(number);
        RC_ASSERT(grants->beside(number).has_value() == (number % 2 == 0));
        RC_ASSERT(revision.content->contains("depends") == (number % 2 == 0));
        RC_ASSERT(revision.name == grants->revision_name(number));
        RC_ASSERT(revision.content->at("base") ==
                  (number <= 2 ? Json(nullptr) : Json(grants->revision_name(number - 2))));
        if (number % 2 == 0) RC_ASSERT(revision.content->at("depends") == (Json{{"main", grants->revision_name(number - 1)}}));
    }
}

RC_GTEST_PROP(GrantsDocuments, TellAnyRevisionAsTheDifferenceToAnyEarlierOneOfItsBundle, (std::uint64_t seed)) {
    const auto grants = made(seed, drawn_with_documents());
    const auto number = *rc::gen::inRange<std::size_t>(1, grants->revisions() + 1);
    std::size_t base = grants->before(number);
    for (auto steps = *rc::gen::inRange<std::size_t>(0, number); steps > 0 && base > 0; --steps) base = grants->before(base);
    const Revision told = grants->revision(number, base);
    const auto all = grants->revision(number, 0).content->at("verdicts");
    for (const auto& [id, verdict] : all.items()) {
        RC_ASSERT(verdict == grants->allows(number, id));
        RC_ASSERT(told.content->at("verdicts").contains(id) == (base == 0 || grants->allows(base, id) != verdict));
    }
}

RC_GTEST_PROP(GrantsDocuments, LeaveEverythingElseAsItIsWithoutThem, (std::uint64_t seed)) {
    const GrantsParameters with = drawn_with_documents();
    GrantsParameters without = with;
    without.documents.reset();
    const auto both = made(seed, with);
    const auto one = made(seed, without);
    RC_ASSERT(both->revisions() == 2 * one->revisions());
    for (const auto& [id, input] : one->pool()) {
        RC_ASSERT(both->pool().at(id) == input);
        for (std::size_t turn = 1; turn <= one->revisions(); ++turn)
            RC_ASSERT(both->allows(2 * turn - 1, id) == one->allows(turn, id));
    }
}

RC_GTEST_PROP(GrantsDocuments, AreAFunctionOfSeedAndParametersAlone, (std::uint64_t seed, std::uint32_t number)) {
    const auto parameters = drawn_with_documents();
    const auto one = made(seed, parameters);
    const auto other = made(seed, grants_parameters(to_json(parameters), "/workload").value());
    RC_ASSERT(one->pool() == other->pool());
    const auto newest = *rc::gen::inRange<std::size_t>(0, one->revisions() + 3);
    RC_ASSERT(one->pool().contains(one->input_for("session-1", number, newest)));
    RC_ASSERT(one->input_for("session-1", number, newest) == other->input_for("session-1", number, newest));
    for (std::size_t n = 1; n <= one->revisions(); ++n) RC_ASSERT(one->revision(n).members == other->revision(n).members);
}

TEST(GrantsDocuments, AskMostOftenAboutTheNewestDocumentAndItsEnemy) {
    const auto grants = made(42, {.revisions = 9, .documents = GrantsParameters::Documents{"docs", "main"}});
    std::map<std::string, int> asked;
    for (std::uint64_t number = 0; number < 4000; ++number) ++asked[grants->input_for("session-1", number, 9)];
    EXPECT_GT(asked["enemy-r4"], 350) << "r5 is published, d5 is not yet";
    EXPECT_GT(asked["doc-4"], 100);
    EXPECT_GT(asked["enemy-r3"], 30);
    EXPECT_GT(asked["ladder-r5"], 50);
    EXPECT_FALSE(asked.contains("enemy-r6"));
}

TEST(GrantsParameters, DocumentsNameTwoBundles) {
    const auto message = [](const Json& documents) {
        return grants_parameters(Json{{"documents", documents}}, "/workload").error().message;
    };
    EXPECT_THAT(message(true), testing::HasSubstr("/workload/documents: expected an object of bundle names, got true"));
    EXPECT_THAT(message(Json{{"bundel", "docs"}}), testing::HasSubstr("/workload/documents/bundel: unknown parameter"));
    EXPECT_THAT(message(Json{{"bundle", 3}}), testing::HasSubstr("/workload/documents/bundle: expected the name of a bundle"));
    EXPECT_THAT(message(Json{{"bundle", "main"}, {"grants", "main"}}),
                testing::HasSubstr("expected a bundle beside the one of the grants (\"main\"), got \"main\""));
    EXPECT_THAT(Grants::make(1, {.revisions = 9000, .users = 60'000, .actions = 1, .ladder_every = 0,
                                 .documents = GrantsParameters::Documents{"docs", "main"}})
                    .error()
                    .message,
                testing::HasSubstr("17998 of them about documents, at most 65536"));
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
