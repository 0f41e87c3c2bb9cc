#include "nemesis/clock/clock_block.h"
#include "nemesis/clock/clock_page.hpp"
#include "nemesis/clock/vdso.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>

namespace mistrial::nemesis {
namespace {

using namespace std::chrono_literals;

__extension__ typedef __int128 Wide;

constexpr long long second = 1'000'000'000LL;
constexpr std::array wall_clocks{CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_REALTIME_ALARM, CLOCK_TAI};
constexpr std::array monotonic_clocks{CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE,
                                      CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM};

/// The code as it stands in a program's vDSO, here in our own process, reading a page of our own.
class Code {
  public:
    Code() : Code(nullptr) {}
    explicit Code(const mistrial_clock_page* page) {
        const auto blob = clock_blob();
        size_ = blob.size();
        memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        std::memcpy(memory_, blob.data(), blob.size());
        auto* const header = static_cast<mistrial_clock_header*>(memory_);
        header->page = page != nullptr ? page : &own_page;
        clock_gettime = at<int (*)(int, timespec*)>(header->clock_gettime);
        gettimeofday = at<int (*)(timeval*, void*)>(header->gettimeofday);
        time = at<time_t (*)(time_t*)>(header->time);
        EXPECT_EQ(::mprotect(memory_, size_, PROT_READ | PROT_EXEC), 0);
    }
    ~Code() { ::munmap(memory_, size_); }
    Code(const Code&) = delete;
    Code& operator=(const Code&) = delete;

    [[nodiscard]] long long nanos(int id) const {
        timespec now{};
        EXPECT_EQ(clock_gettime(id, &now), 0);
        EXPECT_GE(now.tv_nsec, 0);
        EXPECT_LT(now.tv_nsec, second);
        return now.tv_sec * second + now.tv_nsec;
    }

    mistrial_clock_page own_page{};
    int (*clock_gettime)(int, timespec*) = nullptr;
    int (*gettimeofday)(timeval*, void*) = nullptr;
    time_t (*time)(time_t*) = nullptr;

  private:
    template <class Function>
    Function at(unsigned offset) const {
        return reinterpret_cast<Function>(static_cast<std::byte*>(memory_) + offset);
    }
    void* memory_ = nullptr;
    std::size_t size_ = 0;
};

struct Answer {
    int error;  ///< as a vDSO function returns it: 0 or -errno
    timespec time;
};

Answer by_kernel(int id) {
    Answer answer{0, {-7, -7}};
    if (::syscall(SYS_clock_gettime, id, &answer.time) != 0) answer.error = -errno;
    return answer;
}

long long kernel_nanos(int id) {
    const auto answer = by_kernel(id);
    EXPECT_EQ(answer.error, 0);
    return answer.time.tv_sec * second + answer.time.tv_nsec;
}

bool exists(int id) { return by_kernel(id).error == 0; }

void expect_moved_by(const Code& code, int id, long long offset) {
    if (!exists(id)) return;  // an alarm clock without a real-time clock
    const auto before = kernel_nanos(id) + offset;
    const auto seen = code.nanos(id);
    const auto after = kernel_nanos(id) + offset;
    EXPECT_LE(before, seen) << "clock " << id << " offset " << offset;
    EXPECT_LE(seen, after) << "clock " << id << " offset " << offset;
}

TEST(ClockCode, IsNeutralWithAPageOfZeroes) {
    const Code code;
    for (int id = 0; id <= 11; ++id) expect_moved_by(code, id, 0);
}

TEST(ClockCode, AnswersErrorsAsTheKernelAndTouchesNothingThen) {
    Code code;
    code.own_page.slot[0].realtime = {5 * second, 0, 0};
    code.own_page.slot[0].monotonic = {5 * second, 0, 0};
    for (int id = -300; id <= 300; ++id) {
        const auto kernel = by_kernel(id);
        timespec time{-7, -7};
        ASSERT_EQ(code.clock_gettime(id, &time), kernel.error) << id;
        if (kernel.error == 0) continue;
        EXPECT_EQ(time.tv_sec, -7) << id;
        EXPECT_EQ(time.tv_nsec, -7) << id;
    }
    EXPECT_EQ(code.clock_gettime(CLOCK_REALTIME, nullptr), -EFAULT);
}

TEST(ClockCode, LeavesCpuClocksAlone) {
    Code code;
    code.own_page.slot[0].realtime = {3600 * second, 0, 0};
    code.own_page.slot[0].monotonic = {3600 * second, 0, 0};
    for (const int id : {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID}) expect_moved_by(code, id, 0);
    for (int auxiliary = 16; auxiliary <= 23; ++auxiliary) expect_moved_by(code, auxiliary, 0);
    // The CPU clock of a process by its number: a negative id.
    expect_moved_by(code, static_cast<int>((~static_cast<unsigned>(::getpid()) << 3) | 2U), 0);
}

RC_GTEST_PROP(ClockCode, AWallOffsetMovesWallClocksAndNoOthers, ()) {
    Code code;
    const auto whole = *rc::gen::inRange<long long>(-1'500'000'000, 1'500'000'000);
    const auto part = *rc::gen::element<long long>(0, 1, -1, 999'999'999, -999'999'999, 500'000'000);
    const auto offset = whole * second + part;
    code.own_page.slot[0].realtime.offset_ns = offset;
    for (const int id : wall_clocks) expect_moved_by(code, id, offset);
    for (const int id : monotonic_clocks) expect_moved_by(code, id, 0);
    RC_ASSERT(!::testing::Test::HasFailure());
}

TEST(ClockCode, CarriesAndBorrowsAtEveryNanosecondBoundary) {
    Code code;
    for (const long long offset :
         {1LL, -1LL, second - 1, 1 - second, second, -second, 3'600 * second + 999'999'999})
        for (int round = 0; round < 50; ++round) {
            code.own_page.slot[0].realtime.offset_ns = offset + round * 20'000'003LL;
            expect_moved_by(code, CLOCK_REALTIME, offset + round * 20'000'003LL);
        }
}

TEST(ClockCode, GoesBehindTheEpochByFloor) {
    Code code;
    code.own_page.slot[0].realtime.offset_ns = -kernel_nanos(CLOCK_REALTIME) - 10 * second;
    timespec time{};
    ASSERT_EQ(code.clock_gettime(CLOCK_REALTIME, &time), 0);
    EXPECT_LT(time.tv_sec, 0);
    EXPECT_GE(time.tv_nsec, 0);
    EXPECT_LT(time.tv_nsec, second);
}

TEST(ClockCode, AMonotonicOffsetMovesMonotonicClocksAndNoOthers) {
    Code code;
    code.own_page.slot[0].monotonic.offset_ns = 5 * second + 999'999'999;
    for (const int id : monotonic_clocks) expect_moved_by(code, id, 5 * second + 999'999'999);
    for (const int id : wall_clocks) expect_moved_by(code, id, 0);
}

RC_GTEST_PROP(ClockCode, ARateMultipliesWhatHasPassedSinceTheAnchor, ()) {
    // From standing still to four times as fast, anchored up to ten days ago.
    const auto rate = *rc::gen::inRange<long long>(-(1LL << 32), 3LL << 32);
    const auto ago = *rc::gen::inRange<long long>(0, 864'000) * second;
    const auto id = *rc::gen::element<int>(CLOCK_REALTIME, CLOCK_TAI, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
                                           CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE);
    const bool coarse = id == CLOCK_REALTIME_COARSE || id == CLOCK_MONOTONIC_COARSE;
    const int base = coarse ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC;
    Code code;
    const mistrial_clock_model model{12'345, kernel_nanos(base) - ago, rate};
    code.own_page.slot[0].realtime = model;
    code.own_page.slot[0].monotonic = model;
    const auto moved = [&](long long real, long long mono) {
        return real + model.offset_ns +
               static_cast<long long>((static_cast<Wide>(mono - model.anchor_ns) * rate) >> 32);
    };
    const auto real_before = kernel_nanos(id);
    const auto mono_before = kernel_nanos(base);
    const auto seen = code.nanos(id);
    const auto real_after = kernel_nanos(id);
    const auto mono_after = kernel_nanos(base);
    // Where the rate is negative a later monotonic reading moves it back, so each end takes its own.
    RC_ASSERT(seen >= moved(real_before, rate < 0 ? mono_after : mono_before));
    RC_ASSERT(seen <= moved(real_after, rate < 0 ? mono_before : mono_after));
}

TEST(ClockCode, ReadsTheSlotThatTheIndexNames) {
    Code code;
    code.own_page.slot[0].realtime.offset_ns = second;
    code.own_page.slot[1].realtime.offset_ns = 2 * second;
    expect_moved_by(code, CLOCK_REALTIME, second);
    code.own_page.index = 1;
    expect_moved_by(code, CLOCK_REALTIME, 2 * second);
}

TEST(ClockCode, GettimeofdayAgreesWithTheWallClock) {
    Code code;
    for (const long long offset : {0LL, -3600 * second, 7 * second + 1}) {
        code.own_page.slot[0].realtime.offset_ns = offset;
        timeval now{};
        const auto before = kernel_nanos(CLOCK_REALTIME) + offset;
        ASSERT_EQ(code.gettimeofday(&now, nullptr), 0);
        const auto after = kernel_nanos(CLOCK_REALTIME) + offset;
        const auto seen = now.tv_sec * 1'000'000LL + now.tv_usec;
        EXPECT_LE(before / 1000, seen);
        EXPECT_LE(seen, after / 1000);
        EXPECT_GE(now.tv_usec, 0);
        EXPECT_LT(now.tv_usec, 1'000'000);
    }
}

TEST(ClockCode, GettimeofdayTakesNullsAndPassesTheZone) {
    Code code;
    EXPECT_EQ(code.gettimeofday(nullptr, nullptr), 0);
    struct timezone kernel {
        - 1, -1
    }, seen{-2, -2};
    ASSERT_EQ(::syscall(SYS_gettimeofday, nullptr, &kernel), 0);
    EXPECT_EQ(code.gettimeofday(nullptr, &seen), 0);
    EXPECT_EQ(seen.tz_minuteswest, kernel.tz_minuteswest);
    EXPECT_EQ(seen.tz_dsttime, kernel.tz_dsttime);
    EXPECT_EQ(code.gettimeofday(nullptr, reinterpret_cast<void*>(8)), -EFAULT);
}

TEST(ClockCode, TimeIsTheSecondsOfTheCoarseWallClock) {
    Code code;
    for (const long long offset : {0LL, -3600 * second, 999'999'999LL}) {
        code.own_page.slot[0].realtime.offset_ns = offset;
        const auto before = (kernel_nanos(CLOCK_REALTIME_COARSE) + offset) / second;
        time_t stored = 0;
        const auto seen = code.time(&stored);
        const auto without = code.time(nullptr);
        const auto after = (kernel_nanos(CLOCK_REALTIME_COARSE) + offset) / second;
        EXPECT_EQ(seen, stored);
        EXPECT_LE(before, seen);
        EXPECT_LE(seen, without);
        EXPECT_LE(without, after);
    }
}

TEST(ClockCode, PreservesTheVectorRegisterThatGoKeepsZero) {
    Code code;
    code.own_page.slot[0].realtime = {second, 0, 1LL << 20};
    timespec time{};
    unsigned long long low = 1;
    asm volatile(
        "pxor %%xmm15, %%xmm15\n"
        "movq %%rsp, %%rbx\n"
        "subq $256, %%rsp\n"
        "andq $-16, %%rsp\n"
        "call *%[function]\n"
        "movq %%rbx, %%rsp\n"
        "movq %%xmm15, %[low]\n"
        : [low] "=m"(low)
        : [function] "r"(code.clock_gettime), "D"(static_cast<long>(CLOCK_REALTIME)), "S"(&time)
        : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm15", "memory", "cc");
    EXPECT_EQ(low, 0U);
    EXPECT_GT(time.tv_sec, 0);
}

TEST(ClockCode, SeesOneOfTwoTimesWhileThePageChanges) {
    const auto page = *ClockPage::create();
    ASSERT_TRUE(page->set_wall_offset(1h));
    const Code code(&page->page());
    std::atomic<bool> ending{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i)
        readers.emplace_back([&] {
            while (!ending) {
                const auto before = kernel_nanos(CLOCK_REALTIME);
                const auto seen = code.nanos(CLOCK_REALTIME);
                const auto after = kernel_nanos(CLOCK_REALTIME);
                const auto offset = 3600 * second;
                const bool in_first = before - offset <= seen && seen <= after - offset;
                const bool in_second = before + offset <= seen && seen <= after + offset;
                if (!in_first && !in_second) ++wrong;
            }
        });
    for (int change = 0; change < 200'000; ++change)
        ASSERT_TRUE(page->set_wall_offset(change % 2 == 0 ? -1h : 1h));
    ending = true;
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace mistrial::nemesis
