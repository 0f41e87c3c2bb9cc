#include "nemesis/clock/clock_page.hpp"

#include "nemesis/clock/clock_block.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace mistrial::nemesis {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(ClockPage, IsNeutralAtFirst) {
    const auto page = *ClockPage::create();
    EXPECT_EQ(page->wall_offset(), 0ns);
    EXPECT_EQ(page->page().magic, MISTRIAL_CLOCK_MAGIC);
}

RC_GTEST_PROP(ClockPage, ReadsBackWhatWasSetLast, (std::vector<int> minutes)) {
    const auto page = *ClockPage::create();
    for (const int minute : minutes) {
        const auto offset = std::chrono::minutes{minute % 20'000'000};
        RC_ASSERT(page->set_wall_offset(offset).has_value());
        RC_ASSERT(page->wall_offset() == offset);
    }
}

TEST(ClockPage, GivesEachChangeAGenerationOfItsOwn) {
    const auto page = *ClockPage::create();
    unsigned long long last = page->page().slot[page->page().index].generation;
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(page->set_wall_offset(1h));
        const auto now = page->page().slot[page->page().index].generation;
        EXPECT_GT(now, last);
        last = now;
    }
}

TEST(ClockPage, RefusesOffsetsThatLeaveTheRangeOfNanoseconds) {
    const auto page = *ClockPage::create();
    ASSERT_TRUE(page->set_wall_offset(1h));
    EXPECT_THAT(page->set_wall_offset(24h * 365 * 60).error().message,
                HasSubstr("at most 50 years either way"));
    EXPECT_FALSE(page->set_wall_offset(-24h * 365 * 60));
    EXPECT_EQ(page->wall_offset(), 1h);
}

TEST(ClockPage, CannotBeWrittenOrResizedByWhoHoldsItsDescriptor) {
    const auto page = *ClockPage::create();
    EXPECT_EQ(::mmap(nullptr, ClockPage::size(), PROT_READ | PROT_WRITE, MAP_SHARED, page->descriptor(), 0),
              MAP_FAILED);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::pwrite(page->descriptor(), "x", 1, 0), -1);
    EXPECT_EQ(::ftruncate(page->descriptor(), 0), -1);
    void* const mapped = ::mmap(nullptr, ClockPage::size(), PROT_READ, MAP_SHARED, page->descriptor(), 0);
    ASSERT_NE(mapped, MAP_FAILED);
    EXPECT_EQ(::mprotect(mapped, ClockPage::size(), PROT_READ | PROT_WRITE), -1);
    ::munmap(mapped, ClockPage::size());
}

}  // namespace
}  // namespace mistrial::nemesis
