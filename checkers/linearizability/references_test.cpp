#include "checkers/definitional/second_opinion.hpp"
#include "checkers/linearizability/decide.hpp"
#include "checkers/testing/effort.hpp"
#include "checkers/testing/history_builder.hpp"
#include "checkers/testing/references.hpp"
#include "checkers/testing/register_history.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

/// Our verdicts against those that others published, and against Porcupine's own.
namespace mistrial::checkers::linearizability {
namespace {

using namespace testing;

class References : public ::testing::Test {
  protected:
    void SetUp() override {
        const auto folder = references(MISTRIAL_SOURCE_DIR);
        ASSERT_TRUE(folder) << folder.error().message;
        folder_ = *folder;
    }
    std::filesystem::path folder_;
};

Judgement judged(const std::vector<history::Record>& records, const Json& parameters) {
    Suite::Options options;
    options.only = {"linearizability"};
    options.claims = parse_claims(Json{{"linearizability", parameters}}).value();
    auto judgement = judge(records, options);
    EXPECT_TRUE(judgement) << judgement.error().message;
    definitional::SecondOpinion opinion(*judgement);
    for (const history::Record& record : records) opinion.on(record);
    judgement->internal_errors = opinion.disagreements();
    return std::move(*judgement);
}

TEST_F(References, EtcdLogsAreLinearizableOrNotAsPublished) {
    std::vector<int> linearizable;
    for (const int number : etcd_logs()) {
        const auto records = read_etcd_log(folder_, number);
        ASSERT_TRUE(records) << records.error().message;
        const Judgement judgement = judged(*records, Json{{"model", "cas-register"}});
        EXPECT_TRUE(judgement.internal_errors.empty()) << "log " << number << ": " << judgement.internal_errors.front();
        const ClaimResult& result = claim(judgement, "linearizability");
        EXPECT_NE(result.validity, Validity::unknown) << "log " << number;
        if (result.validity == Validity::valid) linearizable.push_back(number);
    }
    EXPECT_EQ(linearizable, linearizable_etcd_logs());
}

TEST_F(References, StoreLogsAreLinearizableOrNotAsPublished) {
    for (const char* clients : {"c01", "c10", "c50"}) {
        if (checkers::testing::effort(2) == 1 && clients == std::string_view("c50")) continue;  // the largest
        for (const bool good : {true, false}) {
            const auto records = read_store_log(folder_, fmt::format("{}-{}", clients, good ? "ok" : "bad"));
            ASSERT_TRUE(records) << records.error().message;
            ASSERT_GT(records->size(), 70U);
            const Judgement judgement = judged(*records, Json{{"model", "key-value"}});
            EXPECT_TRUE(judgement.internal_errors.empty()) << judgement.internal_errors.front();
            EXPECT_EQ(claim(judgement, "linearizability").validity, good ? Validity::valid : Validity::invalid)
                << clients << (good ? "-ok" : "-bad");
        }
    }
}

struct Asked {
    std::vector<std::string> lines;
    std::vector<std::string> ours;
    std::vector<std::string> shown;
};

std::string verdict_of(const Model& model, Values& values, const std::vector<Object>& objects, bool zones) {
    Validity all = Validity::valid;
    for (const Object& object : objects) {
        const Outcome outcome = zones ? decide(model, values, object.operations, {}).outcome
                                      : search(model, values, object.operations);
        all = all | outcome.validity();
    }
    return all == Validity::valid ? "ok" : all == Validity::invalid ? "illegal" : "unknown";
}

void expect_porcupine_agrees(const std::filesystem::path& folder, const RegisterKind& kind, const char* name, int histories,
                             bool zones) {
    Asked asked;
    for (int i = 0; i < histories; ++i) {
        RandomSequence random{RandomStream{20'261'124, std::to_string(i), name}};
        Values values;
        std::vector<Object> objects;
        for (const char* key : {"\"x\"", "\"y\""}) {
            if (kind.store || objects.empty()) objects.push_back({kind.store ? std::optional<std::string>(key) : std::nullopt,
                                                                  random_register(random, kind, values)});
        }
        asked.lines.push_back(porcupine_line(objects, values, kind.store, 60'000));
        asked.ours.push_back(verdict_of(*find_model(kind.store ? "key-value" : "cas-register"), values, objects, zones));
    }
    const auto opinions = ask_porcupine(folder, asked.lines);
    ASSERT_TRUE(opinions) << opinions.error().message;
    std::map<std::string, int> counts;
    for (std::size_t i = 0; i < opinions->size(); ++i) {
        ++counts[(*opinions)[i].verdict];
        ASSERT_EQ((*opinions)[i].verdict, asked.ours[i]) << asked.lines[i];
    }
    EXPECT_GT(counts["ok"], histories / 5) << "too few to tell";
    EXPECT_GT(counts["illegal"], histories / 5) << "too few to tell";
}

/// MISTRIAL_DIFFERENTIAL: histories of each kind (scripts/nightly asks for many).
int histories_of_each_kind() {
    const char* asked = std::getenv("MISTRIAL_DIFFERENTIAL");
    return asked == nullptr ? 800 : std::max(1, std::atoi(asked));
}

TEST_F(References, PorcupineAgreesAboutRegistersWithCompareAndSet) {
    RegisterKind kind;
    kind.cas = true;
    kind.most = 25;
    kind.span = 60;
    kind.lie_in = 12;
    expect_porcupine_agrees(folder_, kind, "cas", histories_of_each_kind(), false);
}

TEST_F(References, PorcupineAgreesAboutRegistersWithManyTies) {
    RegisterKind kind;
    kind.most = 16;
    kind.span = 10;
    kind.lie_in = 6;
    expect_porcupine_agrees(folder_, kind, "ties", histories_of_each_kind(), false);
}

TEST_F(References, PorcupineAgreesAboutStores) {
    RegisterKind kind;
    kind.store = true;
    kind.most = 16;
    kind.span = 40;
    kind.lie_in = 12;
    expect_porcupine_agrees(folder_, kind, "store", histories_of_each_kind(), false);
}

TEST_F(References, PorcupineAgreesAboutZones) {
    RegisterKind kind;
    kind.distinct = true;
    kind.most = 40;
    kind.span = 150;
    kind.longest = 12;
    kind.lie_in = 20;
    expect_porcupine_agrees(folder_, kind, "zones", histories_of_each_kind(), true);
}

}  // namespace
}  // namespace mistrial::checkers::linearizability
