#include "core/random.hpp"
#include "engine/rego/evaluator.hpp"
#include "harness/store/embedded.hpp"
#include "harness/workload/grants.hpp"
#include "nemesis/process/command.hpp"

#include <gtest/gtest.h>

#include <filesystem>

/// Three answers, one table: what a revision decides is computed in closed form, by the embedded evaluator
/// and by real OPA, and has to be the same. OPA comes from scripts/opa, which builds it when it is not there.
namespace mistrial::workload {
namespace {

namespace fs = std::filesystem;

class Directory {
  public:
    Directory() {
        std::string name = (fs::temp_directory_path() / "mistrial-oracle-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path_ = name;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { fs::remove_all(path_); }

    [[nodiscard]] fs::path write(const std::string& name, std::string_view bytes) const {
        const fs::path file = path_ / name;
        fs::create_directories(file.parent_path());
        replace_file(file, bytes).value();
        return file;
    }
    [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }

  private:
    fs::path path_;
};

std::string run(std::vector<std::string> argv, const fs::path& directory = {}) {
    auto output = nemesis::run_checked({.argv = std::move(argv),
                                        .environment = {},
                                        .directory = directory,
                                        .deadline = std::chrono::minutes(5)});
    if (!output) throw std::runtime_error(output.error().message);
    return *output;
}

std::string real_opa(const std::string& version) {
    // All of our environment, for OPA_BINARY and Go's variables.
    std::vector<std::string> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
    auto output = nemesis::run_checked({.argv = {MISTRIAL_SOURCE_DIR "/scripts/opa", version},
                                        .environment = environment,
                                        .directory = {},
                                        .deadline = std::chrono::minutes(5)});
    if (!output) throw std::runtime_error("OPA " + version + ": " + output.error().message);
    return output->substr(0, output->find('\n'));
}

/// A decision without the one part that differs from moment to moment.
Json timeless(Json decision) {
    EXPECT_TRUE(decision.at("now").is_number_integer()) << decision;
    decision.erase("now");
    return decision;
}

/// What real OPA decides about each input, in their order.
std::vector<Json> asked_of_opa(const std::string& opa, const bundle::Members& members, const Json& inputs,
                               const std::string& instance, const bundle::Members& beside = {}) {
    const Directory directory;
    for (const auto& [path, bytes] : members) (void)directory.write("bundle/" + path, bytes);
    for (const auto& [path, bytes] : beside) (void)directory.write("beside/" + path, bytes);
    const auto document =
        directory.write("instance.json", Json{{"mistrial_instance", {{"id", instance}}}}.dump());
    const auto questions = directory.write("inputs.json", inputs.dump());
    std::vector<std::string> argv = {opa, "eval", "--format", "json", "--bundle", directory / "bundle"};
    if (!beside.empty()) argv.insert(argv.end(), {"--bundle", directory / "beside"});
    argv.insert(argv.end(),
                {"--data", document, "--input", questions,
                 R"([{"question": i, "decision": d} | x := input[i]; d := data.mistrial.decision with input as x])"});
    const Json output = Json::parse(run(std::move(argv)));
    std::vector<Json> decisions(inputs.size());
    for (const auto& answer : output.at("result").at(0).at("expressions").at(0).at("value")) {
        decisions.at(answer.at("question").get<std::size_t>()) = timeless(answer.at("decision"));
    }
    return decisions;
}

/// What the embedded evaluator decides about each input.
std::vector<Json> asked_of_embedded(const bundle::Members& members, const Json& inputs,
                                    const std::string& instance, const bundle::Members& beside = {}) {
    rego::Evaluator evaluator(rego::Plan::parse(members.at("plan.json"), "plan.json").value());
    Json documents = Json::parse(members.at("data.json"));
    if (!beside.empty()) documents.update(Json::parse(beside.at("data.json")));
    documents["mistrial_instance"] = {{"id", instance}};
    const rego::Value data = rego::from_json(documents);
    std::vector<Json> decisions;
    for (const auto& input : inputs) {
        const auto decision = evaluator.evaluate("mistrial/decision", rego::from_json(input), data,
                                                 {.now = at_nanos<WallTime>(1'795'421'250'000'000'000)});
        decisions.push_back(decision && *decision ? timeless(rego::to_json(**decision)) : Json());
    }
    return decisions;
}

void compare(const std::string& opa, std::uint64_t seed, const GrantsParameters& parameters) {
    const auto grants = Grants::make(seed, parameters).value();
    std::vector<std::string> ids;
    Json inputs = Json::array();
    for (const auto& [id, input] : grants->pool()) {
        Json asked = input;
        asked["nonce"] = "n-" + id;
        inputs.push_back(asked);
        ids.push_back(id);
    }
    for (const std::size_t number : {std::size_t{1}, grants->revisions() / 2, grants->revisions()}) {
        const Revision revision = grants->revision(number);
        const auto by_opa = asked_of_opa(opa, revision.members, inputs, "a1#7");
        const auto by_embedded = asked_of_embedded(revision.members, inputs, "a1#7");
        for (std::size_t n = 0; n < ids.size(); ++n) {
            const Json by_table = {{"allow", grants->allows(number, ids[n])},
                                   {"policy", revision.name},
                                   {"data", revision.name},
                                   {"nonce", "n-" + ids[n]},
                                   {"instance", "a1#7"}};
            ASSERT_EQ(by_opa[n], by_table)
                << "OPA, seed " << seed << ", " << revision.name << ", " << inputs[n];
            ASSERT_EQ(by_embedded[n], by_table)
                << "embedded, seed " << seed << ", " << revision.name << ", " << inputs[n];
        }
    }
}

TEST(GrantsOracle, TableEmbeddedEvaluatorAndOpa119GiveOneAnswer) {
    const std::string opa = real_opa("1.19.1");
    compare(opa, 1, {});
    compare(opa, 2, {.revisions = 60, .users = 200, .roles = 12, .actions = 10, .ladder_every = 3});
    compare(opa, 3, {.revisions = 4, .users = 1, .roles = 64, .actions = 64});
}

TEST(GrantsOracle, TableEmbeddedEvaluatorAndOpa058GiveOneAnswer) {
    const std::string opa = real_opa("0.58.0");
    compare(opa, 1, {});
    compare(opa, 2, {.revisions = 30, .users = 100, .roles = 7, .actions = 9, .ladder_every = 2});
}

/// Every combination of two revisions of the grants and two of the documents, and the documents missing.
void compare_with_documents(const std::string& opa) {
    const auto grants =
        Grants::make(4, {.revisions = 5, .users = 10, .documents = GrantsParameters::Documents{"docs", "main"}}).value();
    std::vector<std::string> ids;
    Json inputs = Json::array();
    for (const auto& [id, input] : grants->pool()) {
        inputs.push_back(input);
        ids.push_back(id);
    }
    std::size_t let_in = 0;
    for (const std::size_t number : {1, 5}) {
        for (const std::size_t listed : {0, 2, 8}) {
            const Revision revision = grants->revision(number);
            const auto beside = listed == 0 ? bundle::Members{} : grants->revision(listed).members;
            const auto by_opa = asked_of_opa(opa, revision.members, inputs, "a1#7", beside);
            const auto by_embedded = asked_of_embedded(revision.members, inputs, "a1#7", beside);
            for (std::size_t n = 0; n < ids.size(); ++n) {
                const Json special = grants->special().value(ids[n], Json::object());
                const bool allowed = grants->allows(number, ids[n]) &&
                                     (!special.contains("combine") || (listed > 0 && grants->allows(listed, ids[n])));
                if (allowed && special.contains("new_enemy")) ++let_in;
                const Json by_table = {{"allow", allowed},      {"policy", revision.name},
                                       {"data", revision.name}, {"documents", listed == 0 ? "-" : grants->revision_name(listed)},
                                       {"nonce", nullptr},      {"instance", "a1#7"}};
                ASSERT_EQ(by_opa[n], by_table) << "OPA, " << revision.name << ", " << inputs[n];
                ASSERT_EQ(by_embedded[n], by_table) << "embedded, " << revision.name << ", " << inputs[n];
            }
        }
    }
    EXPECT_EQ(let_in, 4U) << "r1 with d4: enemy-r2, enemy-r3, enemy-r4; r3 with d4: enemy-r4";
}

TEST(GrantsOracle, TablesOfGrantsAndDocumentsTogetherSayWhatEmbeddedEvaluatorAndOpaSay) {
    compare_with_documents(real_opa("1.19.1"));
    compare_with_documents(real_opa("0.58.0"));
}

TEST(GrantsOracle, ADecisionIsCompleteWhateverIsMissing) {
    const auto grants = Grants::make(5, {.revisions = 3}).value();
    bundle::Members members = grants->revision(2).members;
    members["data.json"] = "{}";
    const Json bare = {
        {"allow", false}, {"policy", "r2"}, {"data", "-"}, {"nonce", nullptr}, {"instance", "a1#1"}};
    const Json inputs = {Json::object(), grants->pool().at("canary-allow"),
                         grants->pool().at("torn-detector"), "text"};
    for (const auto& decision : asked_of_opa(real_opa("1.19.1"), members, inputs, "a1#1"))
        EXPECT_EQ(decision, bare);
    for (const auto& decision : asked_of_embedded(members, inputs, "a1#1")) EXPECT_EQ(decision, bare);
}

TEST(GrantsOracle, PolicyOfOneRevisionWithDataOfAnotherDeniesTheTornDetector) {
    const auto grants = Grants::make(5, {.revisions = 4}).value();
    bundle::Members members = grants->revision(4).members;
    members["data.json"] = grants->revision(3).members.at("data.json");
    const Json inputs = {grants->pool().at("torn-detector"), grants->pool().at("canary-allow")};
    const Json torn = {
        {"allow", false}, {"policy", "r4"}, {"data", "r3"}, {"nonce", nullptr}, {"instance", "a1#1"}};
    for (const auto& decisions : {asked_of_opa(real_opa("1.19.1"), members, inputs, "a1#1"),
                                  asked_of_embedded(members, inputs, "a1#1")}) {
        EXPECT_EQ(decisions.at(0), torn);
        EXPECT_EQ(decisions.at(1).at("allow"), true);
    }
}

/// A plan without what says where in the source a statement stands.
Json placeless(const Json& plan) {
    if (plan.is_array()) {
        Json array = Json::array();
        for (const auto& element : plan) array.push_back(placeless(element));
        return array;
    }
    if (!plan.is_object()) return plan;
    Json object = Json::object();
    for (const auto& [key, value] : plan.items()) {
        if (key != "col" && key != "row" && key != "file" && key != "files") object[key] = placeless(value);
    }
    return object;
}

TEST(GrantsPlan, IsThePolicyCompiledByOpa119) {
    const Directory directory;
    const auto compiled_from = [&](const std::string& name, std::string_view policy) {
        (void)directory.write(name + "/policy.rego", policy);
        run({real_opa("1.19.1"), "build", "--v0-compatible", "-t", "plan", "-e", "mistrial/decision", "-o",
             directory / "bundle.tar.gz", "policy.rego"},
            directory / name.c_str());
        const auto archive = bundle::read_archive(read_file(directory / "bundle.tar.gz").value());
        return placeless(Json::parse(archive.value().at("plan.json")));
    };
    for (const std::string name : {"grants", "grants-documents"}) {
        const auto policy = *embedded::find(fmt::format("workloads/{}/policy.rego", name));
        const auto plan = *embedded::find(fmt::format("workloads/{}/plan.json", name));
        EXPECT_EQ(compiled_from("template", policy), placeless(Json::parse(plan)))
            << "policy.rego was changed without its plan: run scripts/compile-workload " << name;

        GrantsParameters parameters{.revisions = 3};
        if (name != "grants") parameters.documents = {.bundle = "docs", .grants = "main"};
        const bundle::Members members = Grants::make(1, parameters).value()->revision(3).members;
        EXPECT_EQ(compiled_from("filled", members.at("policy.rego")),
                  placeless(Json::parse(members.at("plan.json"))))
            << name << ": a revision filled into the plan is not the plan of the revision filled in";
    }
}

}  // namespace
}  // namespace mistrial::workload
