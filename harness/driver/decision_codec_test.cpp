#include "harness/driver/decision_codec.hpp"

#include "harness/driver/driver.hpp"

#include <gtest/gtest.h>

namespace mistrial::driver {
namespace {

using history::Revisions;

history::Decide decoded(const std::string& body) {
    workload::DecisionShape shape;
    shape.verdict = "/allow";
    DecisionCodec codec(load("embedded")->decision, shape, {"main"}, "mistrial/decision");
    return codec.decode({}, 200, body).value();
}

TEST(DecisionCodec, UndefinedWithoutARevisionIsAnAnswerUnderNothingWhereTheAgentTellsItsRevisions) {
    const auto cold = decoded(R"({"provenance":{"version":"1.0"}})");
    EXPECT_TRUE(std::holds_alternative<history::Undefined>(cold.answer.value()));
    EXPECT_EQ(cold.revisions, (Revisions{{"main", ""}}));
}

TEST(DecisionCodec, NothingIsConcludedFromRevisionsThatAreToldOrNeverAre) {
    EXPECT_EQ(decoded(R"({"provenance":{"bundles":{"main":{"revision":"r1"}}}})").revisions, (Revisions{{"main", "r1"}}));
    EXPECT_EQ(decoded("{}").revisions, Revisions{});
    EXPECT_EQ(decoded(R"({"provenance":{"version":"1.0"},"result":{"allow":true}})").revisions, Revisions{});
}

}  // namespace
}  // namespace mistrial::driver
