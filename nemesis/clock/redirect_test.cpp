#include "nemesis/clock/redirect.hpp"

#include "nemesis/clock/clock_subject.hpp"
#include "nemesis/process/command.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

namespace mistrial::nemesis {
namespace {

using namespace std::chrono_literals;
using testing::Readings;
using testing::Subject;

constexpr long long second = 1'000'000'000LL;
constexpr long long hour = 3600 * second;
/// Between the subject's two readings of one clock the machine may have been busy with others.
constexpr long long slack = second / 4;

void expect_wall_offset(const Readings& seen, long long offset) {
    EXPECT_NEAR(static_cast<double>(seen.realtime - offset), 0, slack);
    EXPECT_NEAR(static_cast<double>(seen.coarse - offset), 0, slack);
    EXPECT_NEAR(static_cast<double>(seen.gettimeofday - offset), 0, slack);
    EXPECT_NEAR(static_cast<double>(seen.time - offset), 0, slack + second);  // whole seconds
    EXPECT_NEAR(static_cast<double>(seen.monotonic), 0, slack);
}

std::shared_ptr<ClockPage> new_page() {
    auto page = ClockPage::create();
    EXPECT_TRUE(page) << page.error().message;
    return *page;
}

TEST(Redirect, IsNeutralUntilTold) {
    Launcher launcher;
    Subject subject(launcher, "answer", new_page());
    expect_wall_offset(subject.readings(), 0);
}

TEST(Redirect, MovesEveryWallClockAndHeals) {
    Launcher launcher;
    const auto page = new_page();
    Subject subject(launcher, "answer", page);
    for (const auto offset : {-1h, 7h}) {
        ASSERT_TRUE(page->set_wall_offset(offset));
        EXPECT_EQ(page->wall_offset(), offset);
        expect_wall_offset(subject.readings(), offset / 1ns);
    }
    ASSERT_TRUE(page->set_wall_offset(0ns));
    expect_wall_offset(subject.readings(), 0);
}

TEST(Redirect, LeavesOtherProcessesAlone) {
    Launcher launcher;
    const auto page = new_page();
    Subject moved(launcher, "answer", page);
    Subject controlled(launcher, "answer", new_page());
    Subject untouched(launcher, "answer", nullptr);
    ASSERT_TRUE(page->set_wall_offset(-1h));
    expect_wall_offset(moved.readings(), -hour);
    expect_wall_offset(controlled.readings(), 0);
    expect_wall_offset(untouched.readings(), 0);
}

TEST(Redirect, BelongsToTheNodeAndSoSurvivesARestart) {
    Launcher launcher;
    const auto page = new_page();
    ASSERT_TRUE(page->set_wall_offset(-1h));
    for (int incarnation = 0; incarnation < 2; ++incarnation) {
        Subject subject(launcher, "answer", page);
        expect_wall_offset(subject.readings(), -hour);
        ASSERT_TRUE(subject.process().signal(SIGKILL));
        ASSERT_TRUE(subject.process().wait(5s));
    }
}

TEST(Redirect, IsInheritedByAFork) {
    Launcher launcher;
    const auto page = new_page();
    Subject subject(launcher, "answer-in-fork", page);
    ASSERT_TRUE(page->set_wall_offset(-1h));
    expect_wall_offset(subject.readings(), -hour);
}

TEST(Redirect, ABusyProcessSeesOneOfTheTwoTimesThroughManyChanges) {
    Launcher launcher;
    const auto page = new_page();
    Subject subject(launcher, "busy", page);
    (void)subject.ask();
    for (int change = 0; change < 100'000; ++change)
        ASSERT_TRUE(page->set_wall_offset(change % 2 == 0 ? 1h : 0h));
    std::istringstream answer(subject.ask());
    long long read = 0;
    long long wrong = 0;
    answer >> read >> wrong;
    EXPECT_GT(read, 0);
    // A reading whose bracket is torn apart by a change between its kernel calls still lies in one of the two
    // ranges.
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(*subject.process().wait(5s), (ExitStatus{ExitStatus::How::exited, 0}));
}

/// Forks, stops the child at its exec, lets `redirect` do its work, and returns how the program judged its
/// clock.
int run_redirected(const ClockPage& page, Tracee::WritePath path) {
    const auto binary = testing::subject_binary().string();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::fcntl(page.descriptor(), F_SETFD, 0);
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::execl(binary.c_str(), binary.c_str(), "assert-offset", "-3600", nullptr);
        ::_exit(127);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSTOPPED(status));
    const auto redirected = redirect_clock(pid, page.descriptor(), path);
    EXPECT_TRUE(redirected) << redirected.error().message;
    ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
}

TEST(Redirect, TakesEitherWayOfWritingCode) {
    const auto page = new_page();
    ASSERT_TRUE(page->set_wall_offset(-1h));
    for (const auto path :
         {Tracee::WritePath::memory_only, Tracee::WritePath::poke_only, Tracee::WritePath::any})
        EXPECT_EQ(run_redirected(*page, path), 0);
}

TEST(Redirect, WorksForAnOrdinaryUser) {
    const testing::TestDirectory directory;
    // Where that user may look: the build tree need not be.
    std::filesystem::permissions(directory.path(), std::filesystem::perms{0755});
    const auto copy = directory.path() / "subject";
    std::filesystem::copy_file(testing::subject_binary(), copy);
    std::filesystem::permissions(copy, std::filesystem::perms{0755});
    Command command;
    command.argv = {copy.string(), "try"};
    command.directory = directory.path();
    if (::geteuid() == 0)
        command.argv.insert(command.argv.begin(), {"setpriv", "--reuid", "65534", "--regid", "65534",
                                                   "--clear-groups", "--no-new-privs"});
    const auto output = run_command(command);
    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(output->status, (ExitStatus{ExitStatus::How::exited, 0})) << output->err;
}

}  // namespace
}  // namespace mistrial::nemesis
