#include "nemesis/clock/vdso.hpp"

#include "nemesis/clock/clock_block.h"
#include "nemesis/clock/tracee.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

namespace mistrial::nemesis {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr const char* redirected[] = {"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time"};

Bytes own_vdso() {
    const auto mapping = *find_vdso(::getpid());
    const auto* const first = reinterpret_cast<const std::byte*>(mapping.start);
    return {first, first + mapping.size};
}

Bytes apply(Bytes image, const std::vector<VdsoPatch>& patches) {
    for (const auto& patch : patches)
        std::memcpy(image.data() + patch.offset, patch.bytes.data(), patch.bytes.size());
    return image;
}

Bytes bytes_of(const Bytes& image, const VdsoRange& range) {
    return {image.begin() + static_cast<std::ptrdiff_t>(range.start),
            image.begin() + static_cast<std::ptrdiff_t>(range.end)};
}

/// Calls clock_gettime in a patched image, put where it can run.
timespec run_patched(const Bytes& image, const VdsoLayout& layout) {
    void* const memory =
        ::mmap(nullptr, image.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(memory, image.data(), image.size());
    EXPECT_EQ(::mprotect(memory, image.size(), PROT_READ | PROT_EXEC), 0);
    const auto entry = static_cast<std::byte*>(memory) + layout.find("__vdso_clock_gettime")->range.start;
    timespec now{};
    EXPECT_EQ(reinterpret_cast<int (*)(int, timespec*)>(entry)(CLOCK_REALTIME, &now), 0);
    ::munmap(memory, image.size());
    return now;
}

class VdsoTest : public ::testing::Test {
  protected:
    [[nodiscard]] auto plan(const Bytes& of, const VdsoLayout& with) const {
        return plan_redirect(of, with, clock_blob(), reinterpret_cast<std::uint64_t>(&page));
    }
    const Bytes image = own_vdso();
    const VdsoLayout layout = *parse_vdso(image);
    mistrial_clock_page page{};
};

TEST_F(VdsoTest, FindsTheClockFunctionsOfThisKernel) {
    for (const char* name : redirected) {
        const auto* function = layout.find(name);
        ASSERT_NE(function, nullptr) << name;
        EXPECT_GE(function->range.size(), 5U);
        EXPECT_GE(function->range.start, layout.code.start);
        EXPECT_LE(function->range.end, layout.code.end);
    }
    EXPECT_EQ(layout.find("clock_gettime")->range, layout.find("__vdso_clock_gettime")->range);
    EXPECT_EQ(layout.find("__vdso_clock"), nullptr) << "names are compared whole";
}

TEST_F(VdsoTest, FindsASystemCallInstruction) {
    EXPECT_EQ(image[layout.system_call], std::byte{0x0f});
    EXPECT_EQ(image[layout.system_call + 1], std::byte{0x05});
}

TEST_F(VdsoTest, TakesOnlyZeroesForPadding) {
    EXPECT_GT(layout.padding.size(), 0U);
    for (const auto byte : bytes_of(image, layout.padding)) EXPECT_EQ(byte, std::byte{0});
    auto used = image;
    used.back() = std::byte{1};
    EXPECT_EQ(parse_vdso(used)->padding.size(), 0U);
}

TEST_F(VdsoTest, ChangesNothingButTheEntriesAndThePadding) {
    const auto patches = plan(image, layout);
    ASSERT_TRUE(patches) << patches.error().message;
    const auto patched = apply(image, *patches);
    for (const auto* name : {"__vdso_getrandom", "__vdso_getcpu", "__vdso_clock_getres"}) {
        const auto* function = layout.find(name);
        if (function == nullptr) continue;  // an older kernel
        EXPECT_EQ(bytes_of(patched, function->range), bytes_of(image, function->range)) << name;
    }
    std::size_t changed_code = 0;
    for (std::size_t i = 0; i < layout.padding.start; ++i) changed_code += image[i] != patched[i] ? 1 : 0;
    EXPECT_LE(changed_code, std::size(redirected) * 5);
    EXPECT_EQ(patches->size(), 1 + std::size(redirected));
}

TEST_F(VdsoTest, RunsTheClockCodeFromThePadding) {
    page.slot[0].realtime.offset_ns = -3'600'000'000'000;
    const auto patches = plan(image, layout);
    ASSERT_TRUE(patches);
    EXPECT_GE(patches->front().offset, layout.padding.start);
    EXPECT_NEAR(static_cast<double>(run_patched(apply(image, *patches), layout).tv_sec),
                static_cast<double>(std::time(nullptr) - 3600), 2);
}

TEST_F(VdsoTest, RunsItFromTheBodyOfClockGettimeWhereThePaddingIsTooSmall) {
    page.slot[0].realtime.offset_ns = -3'600'000'000'000;
    auto tight = layout;
    tight.padding.start = tight.padding.end - 16;
    const auto patches = plan(image, tight);
    ASSERT_TRUE(patches) << patches.error().message;
    const auto body = layout.find("__vdso_clock_gettime")->range;
    EXPECT_GT(patches->front().offset, body.start);
    EXPECT_LE(patches->front().offset + patches->front().bytes.size(), body.end);
    EXPECT_NEAR(static_cast<double>(run_patched(apply(image, *patches), layout).tv_sec),
                static_cast<double>(std::time(nullptr) - 3600), 2);
}

TEST_F(VdsoTest, KeepsALandingPad) {
    auto guarded = image;
    const auto entry = layout.find("__vdso_time")->range.start;
    const Bytes pad{std::byte{0xf3}, std::byte{0x0f}, std::byte{0x1e}, std::byte{0xfa}};
    std::copy(pad.begin(), pad.end(), guarded.begin() + static_cast<std::ptrdiff_t>(entry));
    const auto patches = plan(guarded, layout);
    ASSERT_TRUE(patches);
    const auto patched = apply(guarded, *patches);
    EXPECT_EQ(bytes_of(patched, {entry, entry + 4}), pad);
    EXPECT_EQ(patched[entry + 4], std::byte{0xe9});
}

TEST_F(VdsoTest, RefusesAnEntryThatIsShared) {
    auto shared = layout;
    const auto entry = layout.find("__vdso_time")->range;
    shared.functions.push_back({"__vdso_stranger", {entry.start + 3, entry.end}});
    EXPECT_THAT(plan(image, shared).error().message, HasSubstr("__vdso_stranger overlaps __vdso_time"));

    auto patched_by_kernel = layout;
    patched_by_kernel.fixed.push_back({entry.start + 2, entry.start + 4});
    EXPECT_THAT(plan(image, patched_by_kernel).error().message, HasSubstr("bytes that the kernel patches"));

    auto alias = layout;
    alias.functions.push_back({"another_name", entry});
    EXPECT_TRUE(plan(image, alias));
}

TEST_F(VdsoTest, RefusesAFunctionThatIsMissingOrTooShort) {
    auto without = layout;
    std::erase_if(without.functions, [](const auto& f) { return f.name == "__vdso_gettimeofday"; });
    EXPECT_THAT(plan(image, without).error().message, HasSubstr("it has no __vdso_gettimeofday"));
    auto brief = layout;
    for (auto& function : brief.functions)
        if (function.name == "__vdso_time") function.range.end = function.range.start + 3;
    EXPECT_THAT(plan(image, brief).error().message, HasSubstr("__vdso_time is 3 bytes, too short"));
}

TEST_F(VdsoTest, RefusesWhatIsNoVdsoOfOurs) {
    EXPECT_THAT(parse_vdso({}).error().message, HasSubstr("no ELF image"));
    auto narrow = image;
    narrow[4] = std::byte{1};  // ELFCLASS32
    EXPECT_THAT(parse_vdso(narrow).error().message, HasSubstr("not of a 64-bit x86 program"));
}

RC_GTEST_PROP(Vdso, NeverReadsOutsideADamagedImage, ()) {
    static const Bytes whole = own_vdso();
    auto damaged = whole;
    const auto hits = *rc::gen::container<std::vector<std::pair<std::size_t, unsigned char>>>(
        rc::gen::pair(rc::gen::inRange<std::size_t>(0, whole.size()), rc::gen::arbitrary<unsigned char>()));
    for (const auto& [at, value] : hits) damaged[at] = std::byte{value};
    // Headers and tables are few bytes of many: aim at them too.
    damaged[*rc::gen::inRange<std::size_t>(0, 64)] = std::byte{*rc::gen::arbitrary<unsigned char>()};
    damaged.resize(*rc::gen::inRange<std::size_t>(0, whole.size() + 1));
    const auto layout = parse_vdso(damaged);
    if (!layout) return;
    const auto patches = plan_redirect(damaged, *layout, clock_blob(), 0x1000);
    if (!patches) return;
    for (const auto& patch : *patches) RC_ASSERT(patch.offset + patch.bytes.size() <= damaged.size());
}

}  // namespace
}  // namespace mistrial::nemesis
