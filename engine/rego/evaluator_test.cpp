#include "engine/rego/evaluator.hpp"

#include <gtest/gtest.h>

namespace mistrial::rego {
namespace {

/// A plan with one entry point, "p", of one block; `strings` are its constants.
Plan plan_of(const std::string& statements, const std::string& strings = R"({"value":"result"})",
             const std::string& funcs = "") {
    auto plan = Plan::parse(R"({"static":{"strings":[)" + strings +
                                R"(]},"plans":{"plans":[{"name":"p","blocks":[{"stmts":[)" + statements +
                                R"(]}]}]},"funcs":{"funcs":[)" + funcs + "]}}",
                            "plan.json");
    EXPECT_TRUE(plan.has_value()) << (plan ? "" : plan.error().message);
    return *plan;
}

std::string answer(const Plan& plan, const std::string& input = "{}", const std::string& data = "{}") {
    const auto result = evaluate(plan, "p", *parse_value(input, "input"), *parse_value(data, "data"), {});
    if (!result) return result.error().message;
    return *result ? to_text(**result) : "undefined";
}

const std::string give_local_9 =
    R"({"type":"MakeObjectStmt","stmt":{"target":10}},
       {"type":"ObjectInsertStmt","stmt":{"key":{"type":"string_index","value":0},"value":{"type":"local","value":9},"object":10}},
       {"type":"ResultSetAddStmt","stmt":{"value":10}})";

TEST(Evaluator, AnswersWithTheInputsMember) {
    const Plan plan = plan_of(R"({"type":"DotStmt","stmt":{"source":{"type":"local","value":0},
                                  "key":{"type":"string_index","value":1},"target":9}},)" +
                                  give_local_9,
                              R"({"value":"result"},{"value":"user"})");
    EXPECT_EQ(answer(plan, R"({"user":"ann"})"), "\"ann\"");
    EXPECT_EQ(answer(plan, R"({"other":"ann"})"), "undefined");
}

}  // namespace
}  // namespace mistrial::rego
