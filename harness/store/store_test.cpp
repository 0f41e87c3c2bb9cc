#include "harness/store/store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace mistrial::store {
namespace {

class Store : public testing::Test {
  protected:
    void SetUp() override {
        root_ = std::filesystem::temp_directory_path() / ("mistrial-store-test-" + std::to_string(::getpid()));
        std::filesystem::remove_all(root_);
    }
    void TearDown() override { std::filesystem::remove_all(root_); }
    std::filesystem::path root_;
    const WallTime start_ = at_nanos<WallTime>(1'767'225'600'000'000'000);
};

TEST_F(Store, NamesAFolderByTimeAndSeedAndATakenNameGetsANumber) {
    const auto first = RunFolder::create(root_, "demo", 42, start_);
    const auto second = RunFolder::create(root_, "demo", 42, start_);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->path(), root_ / "demo" / "20260101T000000Z-42");
    EXPECT_EQ(second->path(), root_ / "demo" / "20260101T000000Z-42-2");
    EXPECT_TRUE(std::filesystem::is_directory(second->logs()));
}

TEST_F(Store, LatestPointsToTheNewest) {
    ASSERT_TRUE(RunFolder::create(root_, "demo", 1, start_));
    const auto newest = RunFolder::create(root_, "other", 2, start_);
    ASSERT_TRUE(newest);
    EXPECT_EQ(std::filesystem::canonical(root_ / "latest"), std::filesystem::canonical(newest->path()));
    EXPECT_EQ(std::filesystem::read_symlink(root_ / "demo" / "latest"), "20260101T000000Z-1");
}

TEST_F(Store, AHostileScenarioNameStaysInside) {
    const auto folder = RunFolder::create(root_, "../../etc", 1, start_);
    ASSERT_TRUE(folder);
    EXPECT_EQ(folder->path().parent_path().parent_path(), root_);
}

TEST_F(Store, SaysWhereItCannotWrite) {
    const auto folder = RunFolder::create("/proc/nowhere", "demo", 1, start_);
    ASSERT_FALSE(folder);
    EXPECT_NE(folder.error().message.find("/proc/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace mistrial::store
