#include "engine/defects/defects.hpp"

#include "engine/agent/agent_rig.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mistrial::defects {
namespace {

using namespace std::chrono_literals;
using agent::testing::AgentRig;
using agent::testing::usual_config;

AgentRig rig_with(std::string_view defect, Json config = usual_config()) {
    AgentRig rig(std::move(config));
    if (!defect.empty()) rig.make_behaviour = std::get<MakeAgent>(find(defect)->make);
    return rig;
}

TEST(Defects, AreFoundByName) {
    EXPECT_GE(all().size(), 40U);
    for (const Defect& defect : all()) {
        SCOPED_TRACE(defect.name);
        EXPECT_EQ(find(defect.name), &defect);
        EXPECT_EQ(agent_behaviour(defect.name) != nullptr, defect.of == Of::agent);
        EXPECT_EQ(authority_behaviour(defect.name) != nullptr, defect.of == Of::authority);
        EXPECT_EQ(mirror_behaviour(defect.name) != nullptr, defect.of == Of::mirror);
        EXPECT_EQ(sink_behaviour(defect.name) != nullptr, defect.of == Of::status_sink || defect.of == Of::log_sink);
        EXPECT_FALSE(defect.finds.empty());
        EXPECT_LE(defect.beside.size(), 2U);
    }
    EXPECT_EQ(find("no-such-defect"), nullptr);
    EXPECT_EQ(agent_behaviour(""), nullptr);
}

/// Which revision is in force six seconds after a partition has healed, a newer one having been published in
/// it.
std::string after_a_partition(std::string_view defect) {
    AgentRig rig = rig_with(defect);
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(2s);
    rig.cut = true;
    rig.run_for(3s);
    rig.publish_grants("r2", false);
    rig.cut = false;
    rig.run_for(6s);
    EXPECT_FALSE(rig.statuses.empty() || rig.statuses.back().errors.has_value()) << "and all looks well";
    return rig.decide().policy();
}

TEST(IgnoresNewerAfterFailedDownload, KeepsTheOldRevisionAfterAPartition) {
    EXPECT_EQ(after_a_partition("ignores-newer-after-failed-download"), "r1");
    EXPECT_EQ(after_a_partition(""), "r2");
}

TEST(IgnoresNewerAfterFailedDownload, IsAsCorrectAsAnyWhileNothingFails) {
    AgentRig rig = rig_with("ignores-newer-after-failed-download");
    rig.publish_grants("r1", true);
    rig.boot();
    rig.run_for(2s);
    rig.publish_grants("r2", false);
    rig.run_for(2s);
    EXPECT_EQ(rig.decide().policy(), "r2");
}

TEST(IgnoresNewerAfterFailedDownload, StillComesUpWhenTheServerWasLate) {
    AgentRig rig = rig_with("ignores-newer-after-failed-download");
    rig.boot();
    rig.run_for(3s);
    rig.publish_grants("r1", true);
    rig.run_for(3s);
    EXPECT_EQ(rig.decide().policy(), "r1");
}

TEST(ReportsAhead, ProvenanceAndStatusNameARevisionThatDoesNotDecide) {
    for (const bool defective : {true, false}) {
        AgentRig rig = rig_with(defective ? "reports-ahead" : "");
        rig.publish_grants("r1", true);
        rig.boot();
        rig.run_for(2s);
        EXPECT_EQ(rig.decide().policy(), "r1");
        EXPECT_EQ(rig.decide().provenance(), "r1") << "honest at first";
        rig.publish_grants("r2", false);
        rig.run_for(2s);
        EXPECT_EQ(rig.decide().provenance(), "r2");
        EXPECT_EQ(rig.statuses.back().revisions.at("main"), "r2");
        EXPECT_EQ(rig.decide().policy(), defective ? "r1" : "r2");
        EXPECT_EQ(rig.decide().allow(), defective);
        rig.publish_grants("r3", true);
        rig.run_for(2s);
        EXPECT_EQ(rig.decide().policy(), defective ? "r2" : "r3");
    }
}

TEST(RollsBackAtRestart, ComesUpWithItsFirstBundleAndKeepsItUntilThePublishAfter) {
    for (const bool defective : {true, false}) {
        Json config = usual_config();
        config["bundles"]["main"]["persist"] = true;
        AgentRig rig = rig_with(defective ? "rolls-back-at-restart" : "", config);
        for (const char* revision : {"r1", "r2", "r3"}) {
            rig.publish_grants(revision, true);
            if (std::string_view(revision) == "r1") rig.boot();
            rig.run_for(2s);
        }
        EXPECT_EQ(rig.decide().policy(), "r3");
        rig.kill();
        rig.boot();
        EXPECT_EQ(rig.decide().policy(), defective ? "r1" : "r3");
        rig.run_for(10s);
        EXPECT_EQ(rig.decide().policy(), defective ? "r1" : "r3");
        rig.publish_grants("r4", false);
        rig.run_for(2s);
        EXPECT_EQ(rig.decide().policy(), "r4");
    }
}

}  // namespace
}  // namespace mistrial::defects
