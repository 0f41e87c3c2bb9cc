#include "nemesis/process/command.hpp"

#include "nemesis/clock/clock_subject.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <thread>

namespace mistrial::nemesis {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::TestDirectory;

Command shell(const std::string& script) {
    Command command;
    command.argv = {"sh", "-c", script};
    return command;
}

TEST(Command, CapturesBothOutputsAndTheExitCode) {
    const auto output = run_command(shell("echo out; echo err >&2; exit 3"));
    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(output->out, "out\n");
    EXPECT_EQ(output->err, "err\n");
    EXPECT_EQ(output->status, (ExitStatus{ExitStatus::How::exited, 3}));
}

TEST(Command, CapturesMoreThanAPipeHolds) {
    const auto output = run_checked(shell("head -c 1000000 /dev/zero"));
    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(output->size(), 1'000'000U);
}

TEST(Command, RunsInItsDirectoryWithItsEnvironment) {
    const TestDirectory directory;
    auto command = shell("pwd; echo $ONE");
    command.directory = directory.path();
    command.environment = {"ONE=1"};
    EXPECT_EQ(*run_checked(command), directory.path().string() + "\n1\n");
}

TEST(Command, HasNoInputAndNoDescriptorOfOurs) {
    const FileDescriptor leaky{::open("/dev/null", O_RDONLY)};
    EXPECT_EQ(*run_checked(shell("cat; ls /proc/self/fd")), "0\n1\n2\n3\n");
}

TEST(Command, QuotesStderrOfAFailure) {
    EXPECT_THAT(run_checked(shell("echo what went wrong >&2; exit 1")).error().message,
                EndsWith("exited with 1: what went wrong"));
}

TEST(Command, IsKilledAtItsDeadlineWithItsGroup) {
    const TestDirectory directory;
    auto command = shell("sleep 1000 & echo $! > pid; wait");
    command.directory = directory.path();
    command.deadline = 1s;
    EXPECT_THAT(run_command(command).error().message, HasSubstr("has not ended within 1s and was killed"));
    const auto other = identify(std::stoi(*read_file(directory.path() / "pid")));
    for (int i = 0; i < 1000 && other && is_alive(*other); ++i) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(other && is_alive(*other));
}

TEST(Command, DoesNotWaitForWhatItLeavesBehind) {
    const auto output = run_checked(shell("sleep 1000 & echo done"));
    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(*output, "done\n");
}

TEST(Command, NamesWhatCannotBeRun) {
    Command command;
    command.argv = {"/nowhere/opa", "version"};
    EXPECT_EQ(run_command(command).error().message, "/nowhere/opa: No such file or directory");
    command.argv = {"no-such-program-anywhere"};
    EXPECT_EQ(run_command(command).error().message, "no-such-program-anywhere: not found in PATH");
    command.argv = {"/etc/passwd"};
    EXPECT_EQ(run_command(command).error().message, "/etc/passwd: is not executable");
}

TEST(Command, AFailedExecRunsNoHandlerOfOursAndLeavesNoZombie) {
    const TestDirectory directory;
    const auto script = directory.path() / "script";
    ASSERT_TRUE(replace_file(script, "#!/nowhere/interpreter\n"));
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    const auto witness = directory.path() / "witness";
    // A child of ours, so that exit handlers can be counted from outside.
    const pid_t pid = ::fork();
    if (pid == 0) {
        static std::string said;
        said = witness.string();
        std::atexit([] {
            const FileDescriptor fd{::open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)};
            (void)!::write(fd.get(), "x", 1);
        });
        Command command;
        command.argv = {script.string()};
        const auto output = run_command(command);
        const bool reaped = ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
        std::exit(!output && output.error().message.ends_with("No such file or directory") && reaped ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_EQ(*read_file(witness), "x") << "exit handlers ran once, in the parent";
}

}  // namespace
}  // namespace mistrial::nemesis
