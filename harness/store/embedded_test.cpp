#include "harness/store/embedded.hpp"

#include "core/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace mistrial::embedded {
namespace {

const std::filesystem::path tree = std::filesystem::path(MISTRIAL_SOURCE_DIR) / "scenarios";

TEST(EmbeddedData, HoldsEveryFileOfTheTreeByteForByte) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree)) {
        if (entry.path().extension() != ".json" && entry.path().extension() != ".rego") continue;
        ++count;
        const auto name = std::filesystem::relative(entry.path(), tree).string();
        ASSERT_TRUE(find(name).has_value()) << name;
        EXPECT_EQ(*find(name), read_file(entry.path()).value()) << name;
    }
    EXPECT_EQ(files().size(), count);
}

TEST(EmbeddedData, IsSortedSoThatAFolderIsOneRange) {
    EXPECT_TRUE(std::ranges::is_sorted(files(), {}, &File::path));
    const auto workload = files_below("workloads/grants/");
    EXPECT_FALSE(workload.empty());
    for (const auto& file : workload) EXPECT_TRUE(file.path.starts_with("workloads/grants/"));
}

TEST(EmbeddedData, SaysWhenThereIsNoSuchFile) {
    EXPECT_FALSE(find("workloads/grants").has_value());
    EXPECT_FALSE(find("").has_value());
    EXPECT_TRUE(files_below("no-such-folder/").empty());
}

}  // namespace
}  // namespace mistrial::embedded
