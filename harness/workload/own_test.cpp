#include "harness/workload/own.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace mistrial::workload {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OwnWorkload : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "mistrial-own-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(const fs::path& file, std::string_view bytes) const {
        fs::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file, std::ios::binary) << bytes;
    }

    /// Two bundles and two inputs that are as they should be.
    void write_usual() const {
        write("one/.manifest", R"({"revision": "2026-01", "roots": ["authz"]})");
        write("one/authz/policy.rego", "package authz\nallow { input.user == \"ann\" }\n");
        write("two/authz/policy.rego", "package authz\nallow { false }\n");
        write("two/authz/data.json", "{}");
        write("inputs.json", R"({"ann": {"user": "ann"}, "bob": {"user": "bob"}})");
    }

    [[nodiscard]] Result<std::unique_ptr<Own>> load(const Json& parameters) const {
        const auto read = own_parameters(parameters, "/workload", root_);
        if (!read) return read.error();
        return Own::load(7, *read);
    }
    [[nodiscard]] std::string complaint(const Json& parameters) const {
        const auto loaded = load(parameters);
        return loaded ? "" : loaded.error().message;
    }
    [[nodiscard]] std::string at(const char* file) const { return (root_ / file).string(); }

    const Json usual_ = {{"revisions", {"one", "two"}}, {"inputs", "inputs.json"}, {"path", "authz/allow"}};
    fs::path root_;
};

TEST_F(OwnWorkload, PublishesTheDirectoriesInOrder) {
    write_usual();
    const auto own = load(usual_).value();
    ASSERT_EQ(own->revisions(), 2U);
    EXPECT_EQ(own->revision(1).name, "2026-01");
    EXPECT_EQ(own->revision(1).members.at(".manifest"), R"({"revision": "2026-01", "roots": ["authz"]})")
        << "the user's bytes stay as they are";
    EXPECT_EQ(own->revision(1).members.at("authz/policy.rego"),
              "package authz\nallow { input.user == \"ann\" }\n");
    EXPECT_EQ(own->path(), "authz/allow");
    EXPECT_EQ(own->revision(2).content, std::nullopt) << "what a user's policy decides is not known";
}

TEST_F(OwnWorkload, NamesARevisionThatItsManifestDoesNot) {
    write_usual();
    const auto own = load(usual_).value();
    EXPECT_EQ(own->revision(2).name, "r2");
    EXPECT_EQ(Json::parse(own->revision(2).members.at(".manifest")), (Json{{"revision", "r2"}}));
}

TEST_F(OwnWorkload, LeavesOutWhatOpaWouldNotRead) {
    write_usual();
    write("one/README.md", "words");
    write("one/.git/config.rego", "no policy");
    EXPECT_EQ(load(usual_).value()->revision(1).members.size(), 2U);
}

TEST_F(OwnWorkload, TakesABundleAsOpaBuildWritesIt) {
    write_usual();
    write("two.tar.gz",
          bundle::write_archive({{".manifest", R"({"revision": "packed"})"}, {"data.json", "{}"}}).value());
    const auto own =
        load({{"revisions", {"one", "two.tar.gz"}}, {"inputs", "inputs.json"}, {"path", "authz/allow"}})
            .value();
    EXPECT_EQ(own->revision(2).name, "packed");
    EXPECT_EQ(own->revision(2).members.at("data.json"), "{}");
}

TEST_F(OwnWorkload, AsksAboutTheUsersInputsByTheirIds) {
    write_usual();
    const auto own = load(usual_).value();
    EXPECT_EQ(own->pool(),
              (std::map<std::string, Json>{{"ann", {{"user", "ann"}}}, {"bob", {{"user", "bob"}}}}));
    std::map<std::string, int> asked;
    for (std::uint64_t number = 0; number < 1000; ++number) ++asked[own->input_for("session-1", number, 2)];
    EXPECT_GT(asked["ann"], 400);
    EXPECT_GT(asked["bob"], 400);
    EXPECT_EQ(own->shape(), DecisionShape{}) << "the whole result is the verdict";
}

TEST_F(OwnWorkload, NumbersInputsThatHaveNoIds) {
    write_usual();
    write("inputs.json", R"([{"user": "ann"}, "any JSON"])");
    EXPECT_EQ(load(usual_).value()->pool(),
              (std::map<std::string, Json>{{"i0", {{"user", "ann"}}}, {"i1", "any JSON"}}));
}

TEST_F(OwnWorkload, FindsTheDecisionInAPlanWithOneEntryPoint) {
    write_usual();
    write("two/plan.json", R"({"plans": {"plans": [{"name": "authz/allow", "blocks": []}]}})");
    Json parameters = usual_;
    parameters.erase("path");
    EXPECT_EQ(load(parameters).value()->path(), "authz/allow");
    write("two/plan.json", R"({"plans": {"plans": [{"name": "a/b"}, {"name": "c/d"}]}})");
    EXPECT_THAT(complaint(parameters), HasSubstr(R"("path": "a/b" or "c/d")"));
}

TEST_F(OwnWorkload, TellsEveryMistakeAtOnceEachWithItsFile) {
    write_usual();
    write("three/.manifest", R"({"revision": "2026-01"})");
    write("four/data.json", "{\"a\": }");
    write("five/data.yaml", "a: 1");
    write("six/.manifest", R"({"revision": 6})");
    write("inputs.json", "{}");
    const std::string text = complaint({{"revisions", {"one", "three", "four", "five", "six", "seven"}},
                                        {"inputs", "inputs.json"},
                                        {"path", "authz/allow"}});
    EXPECT_THAT(text, HasSubstr(at("three") + ": is revision \"2026-01\", and so is " + at("one")));
    EXPECT_THAT(text, HasSubstr(at("four/data.json") + ":1:7: not JSON"));
    EXPECT_THAT(text, HasSubstr(at("five/data.yaml") + ": mistrial publishes data as JSON"));
    EXPECT_THAT(text, HasSubstr(at("six/.manifest") + ": /revision: expected a text, got 6"));
    EXPECT_THAT(text, HasSubstr(at("seven") + ": no such directory or bundle"));
    EXPECT_THAT(text, HasSubstr(at("inputs.json") + ": no input in it"));
}

TEST_F(OwnWorkload, TellsEveryMistakeInItsParametersAtOnce) {
    const std::string text = complaint({{"revisions", Json::array()}, {"input", "inputs.json"}, {"path", 3}});
    EXPECT_THAT(text, HasSubstr("/workload/revisions: expected directories"));
    EXPECT_THAT(text, HasSubstr("/workload/input: unknown parameter"));
    EXPECT_THAT(text, HasSubstr("/workload/inputs: missing"));
    EXPECT_THAT(text, HasSubstr("/workload/path: expected a text, got 3"));
}

TEST_F(OwnWorkload, DoesNotWriteIntoASignedBundle) {
    write_usual();
    write("two/.signatures.json", "{}");
    EXPECT_THAT(complaint(usual_), HasSubstr("the bundle is signed"));
}

TEST_F(OwnWorkload, AnEmptyDirectoryIsNoBundle) {
    write_usual();
    write("two/notes.txt", "");
    fs::remove_all(root_ / "two/authz");
    EXPECT_THAT(complaint(usual_), HasSubstr(at("two") + ": no bundle: expected data.json"));
}

TEST(Workloads, AreMadeAgainFromAPlansParameters) {
    const auto grants = make("grants", {{"revisions", 4}}, 7).value();
    EXPECT_EQ(grants->revisions(), 4U);
    EXPECT_EQ(grants->path(), "mistrial/decision");
    EXPECT_THAT(make("other", Json::object(), 7).error().message, HasSubstr("no workload \"other\""));
    EXPECT_EQ(kinds().size(), 2U);
}

}  // namespace
}  // namespace mistrial::workload
