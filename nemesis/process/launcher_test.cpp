#include "nemesis/process/launcher.hpp"

#include "nemesis/clock/clock_subject.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <thread>

namespace mistrial::nemesis {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::TestDirectory;
using ::testing::UnorderedElementsAre;

constexpr ExitStatus success{};

class LauncherTest : public ::testing::Test {
  protected:
    Spawn shell(const std::string& script) const {
        return {.name = "a1",
                .argv = {"/bin/sh", "-c", script},
                .environment = {"PATH=/usr/bin:/bin"},
                .directory = directory.path(),
                .log = directory.path() / "log",
                .clock = nullptr};
    }
    Process start(const std::string& script) {
        auto process = launcher.spawn(shell(script));
        EXPECT_TRUE(process) << process.error().message;
        return std::move(*process);
    }
    std::string log() const { return *read_file(directory.path() / "log"); }
    /// What `script` writes, once it has ended.
    std::string output_of(const std::string& script) {
        auto process = start(script);
        EXPECT_EQ(*process.wait(10s), success);
        return log();
    }
    /// Waits until the program has written `text`.
    void await(const std::string& text) const {
        for (int i = 0; i < 2000 && log().find(text) == std::string::npos; ++i)
            std::this_thread::sleep_for(5ms);
        EXPECT_THAT(log(), HasSubstr(text));
    }

    TestDirectory directory;
    Launcher launcher;
};

TEST_F(LauncherTest, GivesExactlyTheEnvironmentItIsTold) {
    auto what = shell("");
    what.argv = {"/usr/bin/env"};
    what.environment = {"ONE=1", "TWO=a b"};
    auto process = launcher.spawn(what);
    ASSERT_TRUE(process) << process.error().message;
    EXPECT_EQ(*process->wait(10s), success);
    EXPECT_EQ(log(), "ONE=1\nTWO=a b\n");
}

TEST_F(LauncherTest, AppendsBothOutputsToTheLog) {
    output_of("echo first");
    EXPECT_EQ(output_of("echo out; echo err >&2"), "first\nout\nerr\n");
}

TEST_F(LauncherTest, StartsInTheDirectory) { EXPECT_EQ(output_of("pwd"), directory.path().string() + "\n"); }

TEST_F(LauncherTest, HandsDownNoDescriptorOfOurs) {
    const FileDescriptor leaky{::open("/dev/null", O_RDONLY)};  // not close-on-exec
    const FileDescriptor high{::fcntl(leaky.get(), F_DUPFD, 300)};
    std::istringstream lines(output_of("ls /proc/self/fd"));
    std::vector<std::string> open(std::istream_iterator<std::string>(lines), {});
    EXPECT_THAT(open, ElementsAre("0", "1", "2", "3"));  // 3 is the directory that ls reads
}

TEST_F(LauncherTest, HandsDownNoDescriptorWithAClockEither) {
    auto what = shell("ls /proc/$$/fd");
    what.clock = *ClockPage::create();
    auto process = launcher.spawn(what);
    ASSERT_TRUE(process) << process.error().message;
    EXPECT_EQ(*process->wait(10s), success);
    EXPECT_EQ(log().find(std::to_string(what.clock->descriptor()) + "\n"), std::string::npos) << log();
}

TEST_F(LauncherTest, BlocksAndIgnoresNoSignal) {
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    const auto status = output_of("cat /proc/self/status");
    ::signal(SIGPIPE, before);
    EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
    EXPECT_THAT(status, HasSubstr("SigIgn:\t0000000000000000"));
}

TEST_F(LauncherTest, MakesItTheLeaderOfItsOwnGroup) {
    auto process = start("exec sleep 1000");
    EXPECT_EQ(::getpgid(process.pid()), process.pid());
    EXPECT_NE(::getpgid(process.pid()), ::getpgid(0));
}

TEST_F(LauncherTest, ResetsTheSchedulingOfARealTimeParent) {
    const sched_param lowest{.sched_priority = 1};
    std::optional<Process> process;
    std::thread([&] {
        // Where it is not allowed the parent stays an ordinary one, and the child must be one all the same.
        (void)::sched_setscheduler(0, SCHED_FIFO, &lowest);
        Launcher inheriting;
        process.emplace(*inheriting.spawn(shell("exec sleep 1000")));
        EXPECT_EQ(::sched_getscheduler(process->pid()), SCHED_OTHER);
        EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(process->pid())), 0);
        process.reset();
    }).join();
}

TEST_F(LauncherTest, NamesNodeAndBinaryThatCannotBeRun) {
    auto what = shell("");
    what.argv = {"/nowhere/opa"};
    EXPECT_EQ(launcher.spawn(what).error().message, "a1: /nowhere/opa: No such file or directory");
    what.argv = {""};
    EXPECT_EQ(launcher.spawn(what).error().message, "a1: nothing to start: its command line is empty");
    what.argv = {"/etc/passwd"};
    EXPECT_EQ(launcher.spawn(what).error().message, "a1: /etc/passwd: Permission denied");
    what.clock = *ClockPage::create();
    EXPECT_EQ(launcher.spawn(what).error().message, "a1: /etc/passwd: Permission denied");
}

TEST_F(LauncherTest, SaysThatTheInterpreterIsMissing) {
    const auto script = directory.path() / "script";
    ASSERT_TRUE(replace_file(script, "#!/nowhere/interpreter\n"));
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    auto what = shell("");
    what.argv = {script.string()};
    EXPECT_THAT(launcher.spawn(what).error().message, HasSubstr("its interpreter or loader is not"));
}

TEST_F(LauncherTest, NamesTheDirectoryStepThatFails) {
    auto what = shell("true");
    what.directory = "/nowhere";
    EXPECT_THAT(launcher.spawn(what).error().message, HasSubstr("cannot enter its directory: No such file"));
}

TEST_F(LauncherTest, LeavesNoChildBehindAFailedStart) {
    auto what = shell("");
    what.argv = {"/nowhere/opa"};
    ASSERT_FALSE(launcher.spawn(what));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_F(LauncherTest, TellsExitCodesFromSignals) {
    EXPECT_EQ(*start("exit 9").wait(10s), (ExitStatus{ExitStatus::How::exited, 9}));
    auto process = start("exec sleep 1000");
    EXPECT_FALSE(process.exit_status());
    ASSERT_TRUE(process.signal(SIGKILL));
    EXPECT_EQ(*process.wait(10s), (ExitStatus{ExitStatus::How::killed, SIGKILL}));
    EXPECT_EQ(describe(*process.exit_status()), "killed by SIGKILL");
    EXPECT_EQ(process.signal(SIGKILL).error().message,
              fmt::format("a1: process {} has ended (killed by SIGKILL)", process.pid()));
}

TEST_F(LauncherTest, MakesThePidfdReadableAtTheEnd) {
    auto process = start("exec sleep 1000");
    pollfd watched{process.pidfd(), POLLIN, 0};
    EXPECT_EQ(::poll(&watched, 1, 0), 0);
    ASSERT_TRUE(process.signal(SIGTERM));
    EXPECT_EQ(::poll(&watched, 1, 10'000), 1);
    EXPECT_TRUE(process.exit_status());
}

TEST_F(LauncherTest, ReapsEvenWhenAnEventLoopHasMadeThePidfdNonBlocking) {
    std::optional<Process> process = start("exec sleep 1000");
    const auto identity = process->identity();
    ASSERT_EQ(::fcntl(process->pidfd(), F_SETFL, O_NONBLOCK), 0);
    process.reset();
    EXPECT_FALSE(identify(identity.pid)) << "a zombie is left";
}

TEST_F(LauncherTest, WaitEndsAtItsTimeout) {
    auto process = start("exec sleep 1000");
    EXPECT_THAT(process.wait(20ms).error().message, EndsWith("has not ended after 20ms"));
}

TEST_F(LauncherTest, StopsPolitelyFirstAndForcesWhatDoesNotObey) {
    auto polite = start("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done");
    await("ready");
    EXPECT_EQ(polite.stop(10s), (ExitStatus{ExitStatus::How::exited, 3}));
    auto stubborn = start("trap '' TERM; echo deaf; while :; do sleep 0.01; done");
    await("deaf");
    EXPECT_EQ(stubborn.stop(20ms), (ExitStatus{ExitStatus::How::killed, SIGKILL}));
}

TEST_F(LauncherTest, PausesAndResumesTheWholeGroup) {
    auto process = start("sleep 1000 & echo $!; wait");
    await("\n");
    const pid_t other = std::stoi(log());
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(process.pause());
        EXPECT_EQ(*process.state(), 'T');
        for (int i = 0; i < 1000 && *process_state(other) != 'T'; ++i) std::this_thread::sleep_for(1ms);
        EXPECT_EQ(*process_state(other), 'T');
        ASSERT_TRUE(process.pause()) << "pausing a paused process is no error";
        ASSERT_TRUE(process.resume());
        for (int i = 0; i < 1000 && *process.state() == 'T'; ++i) std::this_thread::sleep_for(1ms);
        EXPECT_NE(*process.state(), 'T');
    }
}

TEST_F(LauncherTest, CannotPauseWhatHasEnded) {
    auto process = start("exit 0");
    ASSERT_TRUE(process.wait(10s));
    EXPECT_THAT(process.pause().error().message, HasSubstr("has ended (exited with 0)"));
}

TEST_F(LauncherTest, KillsTheGroupAndReapsWhenTheOwnerGoes) {
    std::optional<Process> process = start("sleep 1000 & echo $!; wait");
    await("\n");
    const auto leader = process->identity();
    const auto other = *identify(std::stoi(log()));
    EXPECT_TRUE(is_alive(leader));
    EXPECT_TRUE(is_alive(other));
    process.reset();
    EXPECT_FALSE(identify(leader.pid)) << "a zombie is left";
    for (int i = 0; i < 1000 && is_alive(other); ++i) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(is_alive(other));
}

TEST_F(LauncherTest, KillsWhatTheLeaderLeftInItsGroup) {
    auto process = start("sleep 1000 & echo $!; exit 0");
    EXPECT_EQ(*process.wait(10s), success);
    const auto other = identify(std::stoi(log()));
    for (int i = 0; i < 1000 && other && is_alive(*other); ++i) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(other && is_alive(*other));
}

TEST_F(LauncherTest, ServesSpawnsFromManyThreads) {
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 5; ++n) {
                auto what = shell("exit 4");
                what.clock = n % 2 == 0 ? *ClockPage::create() : nullptr;
                auto process = launcher.spawn(what);
                if (process && *process->wait(10s) == ExitStatus{ExitStatus::How::exited, 4}) ++good;
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 20);
}

TEST_F(LauncherTest, IdentifiesAProcessByBootPidAndStart) {
    auto process = start("exec sleep 1000");
    const auto identity = process.identity();
    EXPECT_EQ(*identity_from_json(to_json(identity)), identity);
    auto other = identity;
    ++other.start_ticks;
    EXPECT_FALSE(is_alive(other));
    other = identity;
    other.boot_id = "another boot";
    EXPECT_FALSE(is_alive(other));
}

}  // namespace
}  // namespace mistrial::nemesis
