#include "engine/bundle/bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::bundle {
namespace {

using rego::to_text;
using testing::HasSubstr;

std::string refusal(const Members& members) {
    const auto bundle = make_bundle(members);
    return bundle ? "accepted" : bundle.error().message;
}

TEST(Bundle, DataAreMergedAtThePathOfTheirFolder) {
    const Bundle bundle = make_bundle({{"data.json", R"({"a": {"x": 1}})"},
                                       {"a/data.json", R"({"y": 2})"},
                                       {"a/b/data.json", "[3]"},
                                       {"c/d/data.json", "null"}})
                              .value();
    EXPECT_EQ(to_text(bundle.data), R"({"a":{"b":[3],"x":1,"y":2},"c":{"d":null}})");
}

TEST(Bundle, WithoutAManifestItOwnsEverything) {
    const Bundle bundle = make_bundle({{"data.json", "{}"}}).value();
    EXPECT_EQ(bundle.manifest, Manifest{});
    EXPECT_EQ(bundle.manifest.roots, std::vector<std::string>{""});
}

TEST(Bundle, ReadsManifestPoliciesAndPlan) {
    const Bundle bundle =
        make_bundle(
            {{".manifest",
              R"({"revision": "r7", "roots": ["/a/b/", "c"], "rego_version": 0, "metadata": {"k": 1}})"},
             {"policy.rego", "# why\n\npackage a.b\n"},
             {"x/other.rego", "package c[\"d e\"].f # there\nallow = true"},
             {"plan.json", "{}"},
             {"README.md", "ignored"},
             {".signatures.json", "{}"}})
            .value();
    EXPECT_EQ(bundle.manifest.revision, "r7");
    EXPECT_EQ(bundle.manifest.roots, (std::vector<std::string>{"a/b", "c"}));
    EXPECT_EQ(bundle.manifest.rego_version, 0);
    EXPECT_EQ(bundle.manifest.metadata, (Json{{"k", 1}}));
    EXPECT_EQ(bundle.policies.size(), 2U);
    EXPECT_EQ(bundle.plan, "{}");
}

TEST(Bundle, WhatLiesOutsideTheRootsIsRefusedByPath) {
    const std::string manifest = R"({"roots": ["a/b", "c"]})";
    EXPECT_EQ(refusal({{".manifest", manifest}, {"data.json", R"({"a": {"b": {"x": 1}}, "c": 2})"}}),
              "accepted");
    EXPECT_EQ(refusal({{".manifest", manifest}}), "accepted");
    EXPECT_THAT(refusal({{".manifest", manifest}, {"data.json", R"({"a": {"x": 1}})"}}), HasSubstr("'/a/x'"));
    EXPECT_THAT(refusal({{".manifest", manifest}, {"data.json", R"({"a": 1})"}}), HasSubstr("'/a'"));
    EXPECT_THAT(refusal({{".manifest", manifest}, {"cc/data.json", "1"}}), HasSubstr("'/cc'"));
    EXPECT_THAT(refusal({{".manifest", manifest}, {"p.rego", "package a"}}),
                HasSubstr("package 'a' is outside"));
    EXPECT_THAT(refusal({{".manifest", R"({"roots": []})"}, {"data.json", R"({"a": 1})"}}),
                HasSubstr("(none)"));
}

TEST(Bundle, DataFilesThatMeetAtALeafAreRefused) {
    EXPECT_THAT(refusal({{"data.json", R"({"a": 1})"}, {"a/data.json", "2"}}),
                HasSubstr("value at '/a' too"));
    EXPECT_THAT(refusal({{"data.json", R"({"a": [1]})"}, {"a/b/data.json", "2"}}), HasSubstr("'/a' too"));
    EXPECT_THAT(refusal({{"data.json", "[1]"}}), HasSubstr("must be an object"));
}

TEST(Bundle, WhatIsNotSupportedIsRefusedByName) {
    EXPECT_THAT(refusal({{"a/data.yaml", "a: 1"}}), HasSubstr("a/data.yaml: data in YAML"));
    EXPECT_THAT(refusal({{"a/data.yml", "a: 1"}}), HasSubstr("a/data.yml: data in YAML"));
    EXPECT_THAT(refusal({{"policy.wasm", ""}}), HasSubstr("WebAssembly"));
    EXPECT_THAT(refusal({{"patch.json", R"({"data": []})"}}), HasSubstr("delta"));
    EXPECT_THAT(refusal({{"plan.json", "{}"}, {"a/plan.json", "{}"}}), HasSubstr("another plan"));
    EXPECT_THAT(refusal({{"p.rego", "allow = true"}}), HasSubstr("no `package`"));
    EXPECT_THAT(refusal({{"data.json", "{"}}), HasSubstr("data.json"));
}

TEST(Manifest, MistakesAreNamedByPointer) {
    const auto refused = [](std::string_view text) {
        const auto manifest = parse_manifest(text, ".manifest");
        return manifest ? "accepted" : manifest.error().message;
    };
    EXPECT_THAT(refused("[]"), HasSubstr("expected an object"));
    EXPECT_THAT(refused(R"({"revision": 7})"), HasSubstr("/revision: expected a string"));
    EXPECT_THAT(refused(R"({"roots": "a"})"), HasSubstr("/roots: expected an array"));
    EXPECT_THAT(refused(R"({"roots": ["a", 1]})"), HasSubstr("/roots/1: expected a string"));
    EXPECT_THAT(refused(R"({"roots": ["a", "a/b"]})"), HasSubstr("'a' and 'a/b' overlap"));
    EXPECT_THAT(refused(R"({"rego_version": 2})"), HasSubstr("/rego_version: expected 0 or 1"));
    EXPECT_THAT(refused(R"({"wasm": [{"entrypoint": "a", "module": "b"}]})"), HasSubstr("/wasm"));
    EXPECT_EQ(refused(R"({"revision": "", "roots": null, "unknown": 1})"), "accepted");
}

TEST(Manifest, RootsOverlapByWholeParts) {
    EXPECT_TRUE(overlap("a", "a/b"));
    EXPECT_TRUE(overlap("a/b", "a"));
    EXPECT_TRUE(overlap("", "a"));
    EXPECT_TRUE(overlap("a", "a"));
    EXPECT_FALSE(overlap("a", "ab"));
    EXPECT_FALSE(overlap("a/b", "a/c"));
}

RC_GTEST_PROP(Bundle, MembersUndoMaking,
              (const std::map<std::string, int>& leaves, const std::string& revision)) {
    Bundle bundle;
    bundle.manifest.revision = Json(revision).dump(-1, ' ', true, Json::error_handler_t::replace);
    bundle.manifest.roots = {"a", "b"};
    std::vector<rego::Member> members;
    for (const auto& [key, value] : leaves)
        members.push_back(
            {rego::Value::string("k" + std::to_string(key.size())), rego::Value::integer(value)});
    bundle.data = rego::Value::object(
        {rego::Member{rego::Value::string(std::string_view("a")), rego::Value::object(std::move(members))}});
    bundle.policies.emplace("p.rego", "package b");
    RC_ASSERT(make_bundle(to_members(bundle)).value() == bundle);
}

}  // namespace
}  // namespace mistrial::bundle
