#include "nemesis/doctor.hpp"

#include "nemesis/clock/clock_subject.hpp"
#include "nemesis/fault.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace mistrial::nemesis {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Doctor, NamesEachProbeOnce) {
    const auto names = probe_names();
    EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
}

TEST(Doctor, KnowsEveryNeedOfEveryFault) {
    const auto names = probe_names();
    for (const auto& kind : fault_kinds())
        for (const auto need : kind.needs)
            EXPECT_NE(std::find(names.begin(), names.end(), need), names.end())
                << kind.name << " needs " << need;
}

TEST(Doctor, FindsHereWhatTheFaultsNeed) {
    for (const auto* name : {"pidfd", "loopback", "tcp-refuse", "tcp-black-hole", "exec-stop", "code-write",
                             "vdso-layout", "vdso-clock", "opa"}) {
        const auto probe = run_probe(name);
        ASSERT_TRUE(probe);
        EXPECT_TRUE(probe->ok) << name << ": " << probe->detail << "\n" << probe->how_to_get;
    }
}

TEST(Doctor, ExaminesAllInOrderAndExplainsEach) {
    const auto all = examine_machine();
    const auto names = probe_names();
    ASSERT_EQ(all.size(), names.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].name, names[i]);
        EXPECT_FALSE(all[i].detail.empty()) << all[i].name;
        EXPECT_FALSE(all[i].enables.empty()) << all[i].name;
        EXPECT_EQ(all[i].how_to_get.empty(), all[i].ok) << all[i].name;
    }
}

TEST(Doctor, SaysWhatIsMissing) {
    EXPECT_THAT(missing({"pidfd", "loopback"}), IsEmpty());
    const auto probes = missing({"loopback", "time-machine"});
    ASSERT_EQ(probes.size(), 1U);
    EXPECT_EQ(probes[0].name, "time-machine");
    EXPECT_THAT(probes[0].detail, HasSubstr("there is no probe \"time-machine\": pidfd"));
}

TEST(Doctor, TellsAMissingOpaHowToBeGot) {
    const testing::TestDirectory empty;
    const char* const before = std::getenv("OPA_BINARY");
    const std::string kept = before != nullptr ? before : "";
    ::setenv("OPA_BINARY", (empty.path() / "opa").c_str(), 1);
    const auto probe = *run_probe("opa");
    before != nullptr ? ::setenv("OPA_BINARY", kept.c_str(), 1) : ::unsetenv("OPA_BINARY");
    EXPECT_FALSE(probe.ok);
    EXPECT_THAT(probe.detail, HasSubstr("OPA_BINARY: "));
    EXPECT_THAT(probe.how_to_get, HasSubstr("scripts/opa 1.19.1"));
}

}  // namespace
}  // namespace mistrial::nemesis
