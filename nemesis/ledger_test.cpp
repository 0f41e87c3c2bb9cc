#include "nemesis/ledger.hpp"

#include "nemesis/clock/clock_subject.hpp"
#include "nemesis/process/launcher.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <thread>

namespace mistrial::nemesis {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TestDirectory;

class LedgerTest : public ::testing::Test {
  protected:
    std::filesystem::path ledgers() const { return directory.path() / "ledgers"; }
    bool is_clean() const {
        return !std::filesystem::exists(ledgers()) || std::filesystem::is_empty(ledgers());
    }
    std::unique_ptr<Ledger> open(const std::string& run) {
        auto ledger = Ledger::open(ledgers(), run);
        EXPECT_TRUE(ledger) << ledger.error().message;
        return std::move(*ledger);
    }
    Spawn sleeper() const {
        return {.name = "a1",
                .argv = {"/bin/sleep", "1000"},
                .environment = {},
                .directory = {},
                .log = {},
                .clock = nullptr};
    }
    /// The ledger of a run as it would look had its mistrial been killed: the owner replaced by a process
    /// that is gone.
    void orphan(const std::string& run, bool other_boot = false) const {
        const auto file = ledgers() / (run + ".jsonl");
        auto text = *read_file(file);
        const auto end = text.find('\n');
        auto first = *parse_json(text.substr(0, end), "first line");
        first["owner"]["start"] = 1;
        if (other_boot) first["owner"]["boot"] = "an earlier boot";
        ASSERT_TRUE(replace_file(file, first.dump() + text.substr(end)));
    }

    TestDirectory directory;
};

/// A mistrial in the middle of a run, killed by SIGKILL, reaped.
class Victim {
  public:
    Victim(const std::filesystem::path& ledgers, const std::filesystem::path& parent) {
        std::array<int, 2> pipe{};
        EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
        const auto binary = testing::subject_binary().string();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(pipe[1], 1);
            ::execl(binary.c_str(), binary.c_str(), "run", ledgers.c_str(), parent.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(pipe[1]);
        FILE* const out = ::fdopen(pipe[0], "r");
        std::array<char, 4096> path{};
        EXPECT_EQ(std::fscanf(out, "%d %4095s", &child, path.data()), 2);
        std::fclose(out);
        run_directory = path.data();
        const auto said = run_directory / "grandchild";
        for (int i = 0; i < 2000 && !std::filesystem::exists(said); ++i) std::this_thread::sleep_for(5ms);
        const auto number = read_file(said);
        EXPECT_TRUE(number);
        grandchild = *identify(std::stoi(*number));
    }
    ~Victim() { kill(); }

    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    pid_t child = 0;
    ProcessIdentity grandchild;
    std::filesystem::path run_directory;

  private:
    pid_t pid_;
};

TEST_F(LedgerTest, IsGoneWhenAllIsUndone) {
    auto ledger = open("r1");
    const auto entry = ledger->record(TemporaryDirectory{"/tmp/mistrial-x"});
    ASSERT_TRUE(entry);
    EXPECT_TRUE(std::filesystem::exists(ledger->file()));
    ledger->undone(*entry);
    ledger->undone(*entry);
    ledger->close();
    EXPECT_TRUE(is_clean());
}

TEST_F(LedgerTest, StaysWhenSomethingIsNotUndone) {
    auto ledger = open("r1");
    ASSERT_TRUE(ledger->record(TemporaryDirectory{"/tmp/mistrial-x"}));
    ledger->close();
    EXPECT_FALSE(is_clean());
}

TEST_F(LedgerTest, RefusesARunOfTheSameName) {
    auto ledger = open("r1");
    EXPECT_THAT(Ledger::open(ledgers(), "r1").error().message, HasSubstr("r1.jsonl: File exists"));
}

TEST_F(LedgerTest, HoldsAProcessFromBeforeItsForkUntilItIsReaped) {
    auto ledger = open("r1");
    {
        Launcher launcher(ledger.get());
        auto process = launcher.spawn(sleeper());
        ASSERT_TRUE(process);
        const auto written = *read_file(ledger->file());
        EXPECT_THAT(written, HasSubstr(fmt::format("\"pid\":{}", process->pid())));
        const auto environment = *read_file(fmt::format("/proc/{}/environ", process->pid()));
        ASSERT_EQ(environment.size(), std::string("MISTRIAL_LEDGER=").size() + 32 + 1);
        const auto token = environment.substr(16, 32);
        EXPECT_LT(written.find(token), written.find("\"pid\":" + std::to_string(process->pid())));
    }
    ledger->close();
    EXPECT_TRUE(is_clean());
}

TEST_F(LedgerTest, ForgetsAProcessThatCouldNotBeStarted) {
    auto ledger = open("r1");
    Launcher launcher(ledger.get());
    auto what = sleeper();
    what.argv = {"/nowhere/opa"};
    EXPECT_FALSE(launcher.spawn(what));
    ledger->close();
    EXPECT_TRUE(is_clean());
}

TEST_F(LedgerTest, RefusesDirectoriesThatAreNotOfARun) {
    auto ledger = open("r1");
    for (const char* path : {"/home", "mistrial-relative", "/tmp/mistrial-x/..", "/tmp/../mistrial-x/y", "/"})
        EXPECT_FALSE(ledger->record(TemporaryDirectory{path})) << path;
    EXPECT_THAT(ledger->record(TemporaryDirectory{"/tmp/mistrial-\xff"}).error().message, HasSubstr("plain ASCII"));
}

TEST_F(LedgerTest, RecordsAProgramWhoseNameIsNoText) {
    auto ledger = open("r1");
    ASSERT_TRUE(ledger->record(ProcessIntent{new_ledger_token(), "/x/op\xff"}));
    EXPECT_THAT(*read_file(ledger->file()), HasSubstr("/x/op?"));
}

TEST_F(LedgerTest, StaysReadableWhenTheDiskFills) {
    auto ledger = open("r1");
    const auto kept = ledger->record(TemporaryDirectory{"/tmp/mistrial-kept"});
    ASSERT_TRUE(kept);
    // A limit on the size of files stands in for a full disk: half of the next line fits.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto size = std::filesystem::file_size(ledger->file());
    const rlimit tight{size + 20, before.rlim_max};
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    const auto refused = ledger->record(TemporaryDirectory{"/tmp/mistrial-refused"});
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, handler);
    EXPECT_THAT(refused.error().message, HasSubstr("cannot record a change before it is made"));
    EXPECT_EQ(std::filesystem::file_size(ledger->file()), size);
}

TEST_F(LedgerTest, RemovesTheDirectoryOfARunWithTheOwner) {
    auto ledger = open("r1");
    std::filesystem::path path;
    {
        auto made = RunDirectory::create(directory.path(), "a1", ledger.get());
        ASSERT_TRUE(made) << made.error().message;
        path = made->path();
        std::filesystem::create_directories(path / "deep" / "er");
        ASSERT_TRUE(replace_file(path / "deep" / "file", "x"));
        const auto moved = std::move(*made);
        EXPECT_TRUE(std::filesystem::exists(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    ledger->close();
    EXPECT_TRUE(is_clean());
}

TEST_F(LedgerTest, CleanOfNothingDoesNothing) { EXPECT_EQ(*clean(ledgers()), CleanReport{}); }

TEST_F(LedgerTest, CleanLeavesARunningRunAlone) {
    auto ledger = open("r1");
    Launcher launcher(ledger.get());
    auto process = launcher.spawn(sleeper());
    ASSERT_TRUE(process);
    const auto report = clean(ledgers());
    ASSERT_TRUE(report);
    EXPECT_THAT(report->running, ElementsAre("r1"));
    EXPECT_THAT(report->done, IsEmpty());
    EXPECT_TRUE(is_alive(process->identity()));
}

TEST_F(LedgerTest, CleanLeavesNothingOfAKilledRun) {
    Victim victim(ledgers(), directory.path());
    EXPECT_THAT(clean(ledgers())->running, ElementsAre("victim"));
    const auto child = *identify(victim.child);
    victim.kill();
    for (int i = 0; i < 1000 && is_alive(child); ++i) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(is_alive(child)) << "what mistrial forked dies with it";
    EXPECT_TRUE(is_alive(victim.grandchild)) << "the kernel kills only what mistrial itself forked";

    const auto report = clean(ledgers());
    ASSERT_TRUE(report);
    EXPECT_THAT(report->failed, IsEmpty());
    EXPECT_THAT(report->done, Contains(HasSubstr(fmt::format("killed process {} ", victim.grandchild.pid))));
    EXPECT_THAT(report->done, Contains(HasSubstr("removed " + victim.run_directory.string())));
    EXPECT_FALSE(is_alive(victim.grandchild));
    EXPECT_FALSE(std::filesystem::exists(victim.run_directory));
    EXPECT_TRUE(is_clean());
    EXPECT_EQ(*clean(ledgers()), CleanReport{}) << "the second time there is nothing to do";
}

TEST_F(LedgerTest, CleanKillsTheRecordedProcess) {
    auto ledger = open("r1");
    Launcher launcher;
    auto process = launcher.spawn(sleeper());
    ASSERT_TRUE(process);
    ASSERT_TRUE(ledger->record(StartedProcess{0, process->identity()}));
    ledger->close();
    orphan("r1");
    EXPECT_THAT(clean(ledgers())->done, ElementsAre(HasSubstr("killed process")));
    EXPECT_EQ(*process->wait(5s), (ExitStatus{ExitStatus::How::killed, SIGKILL}));
}

TEST_F(LedgerTest, CleanSparesAProcessThatHasTakenTheNumber) {
    auto ledger = open("r1");
    Launcher launcher;
    auto process = launcher.spawn(sleeper());
    ASSERT_TRUE(process);
    auto earlier = process->identity();
    --earlier.start_ticks;
    auto of_another_boot = process->identity();
    of_another_boot.boot_id = "an earlier boot";
    ASSERT_TRUE(ledger->record(StartedProcess{0, earlier}));
    ASSERT_TRUE(ledger->record(StartedProcess{0, of_another_boot}));
    ledger->close();
    orphan("r1", true);
    EXPECT_EQ(*clean(ledgers()), CleanReport{});
    EXPECT_TRUE(is_alive(process->identity()));
    EXPECT_TRUE(is_clean());
}

TEST_F(LedgerTest, CleanFindsAProcessThatWasForkedButNotYetRecorded) {
    auto ledger = open("r1");
    const auto token = new_ledger_token();
    ASSERT_TRUE(ledger->record(ProcessIntent{token, "/bin/sleep"}));
    Launcher launcher;
    auto what = sleeper();
    what.environment = {"A=1", "MISTRIAL_LEDGER=" + token, "B=2"};
    auto process = launcher.spawn(what);
    what.environment = {"NOT_MISTRIAL_LEDGER=" + token, "MISTRIAL_LEDGER=" + new_ledger_token()};
    auto stranger = launcher.spawn(what);
    ASSERT_TRUE(process && stranger);
    ledger->close();
    orphan("r1");
    EXPECT_THAT(clean(ledgers())->done,
                ElementsAre(HasSubstr(fmt::format("killed process {} ", process->pid()))));
    EXPECT_EQ(*process->wait(5s), (ExitStatus{ExitStatus::How::killed, SIGKILL}));
    EXPECT_TRUE(is_alive(stranger->identity()));
}

TEST_F(LedgerTest, CleanFollowsNoLink) {
    const auto precious = directory.path() / "precious";
    std::filesystem::create_directory(precious);
    ASSERT_TRUE(replace_file(precious / "file", "x"));
    auto ledger = open("r1");
    const auto link = directory.path() / "mistrial-link";
    std::filesystem::create_symlink(precious, link);
    const auto holder = directory.path() / "mistrial-holder";
    std::filesystem::create_directory(holder);
    std::filesystem::create_symlink(precious, holder / "link");
    ASSERT_TRUE(ledger->record(TemporaryDirectory{link}));
    ASSERT_TRUE(ledger->record(TemporaryDirectory{holder}));
    ledger->close();
    orphan("r1");
    const auto report = *clean(ledgers());
    EXPECT_THAT(report.failed, ElementsAre(HasSubstr("is no directory, left alone")));
    EXPECT_FALSE(std::filesystem::exists(holder));
    EXPECT_TRUE(std::filesystem::exists(precious / "file"));
    EXPECT_FALSE(is_clean()) << "what could not be undone stays recorded";
}

TEST_F(LedgerTest, CleanUnderstandsALineTornByTheKill) {
    auto ledger = open("r1");
    const auto made = directory.path() / "mistrial-made";
    std::filesystem::create_directory(made);
    ASSERT_TRUE(ledger->record(TemporaryDirectory{made}));
    ledger->close();
    orphan("r1");
    const auto file = ledgers() / "r1.jsonl";
    ASSERT_TRUE(replace_file(file, *read_file(file) + R"({"entry":2,"chan)"));
    EXPECT_THAT(clean(ledgers())->failed, IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(made));
    EXPECT_TRUE(is_clean());
}

TEST_F(LedgerTest, CleanTouchesNothingUnderALedgerItDoesNotUnderstand) {
    std::filesystem::create_directories(ledgers());
    const auto file = ledgers() / "r1.jsonl";
    const std::string text = "{\"entry\":1,\"change\":{\"kind\":\"mount\",\"path\":\"/\"}}\n";
    ASSERT_TRUE(replace_file(file, text));
    EXPECT_THAT(clean(ledgers())->failed,
                ElementsAre(HasSubstr("r1.jsonl line 1: a change of unknown kind \"mount\"")));
    EXPECT_EQ(*read_file(file), text);
}

TEST_F(LedgerTest, CleanLeavesTheRunsOfOtherMachinesAlone) {
    auto ledger = open("r1");
    ASSERT_TRUE(ledger->record(TemporaryDirectory{"/tmp/mistrial-x"}));
    ledger->close();
    orphan("r1");
    const auto file = ledgers() / "r1.jsonl";
    auto text = *read_file(file);
    auto first = *parse_json(text.substr(0, text.find('\n')), "");
    first["host"] = "elsewhere";
    ASSERT_TRUE(replace_file(file, first.dump() + text.substr(text.find('\n'))));
    EXPECT_THAT(clean(ledgers())->running, ElementsAre(HasSubstr("r1 (of elsewhere")));
    EXPECT_FALSE(is_clean());
}

TEST(LedgerDirectory, StandsUnderTheStateDirectory) {
    const char* before = std::getenv("XDG_STATE_HOME");
    const std::string kept = before != nullptr ? before : "";
    ::setenv("XDG_STATE_HOME", "/state", 1);
    EXPECT_EQ(ledger_directory(), "/state/mistrial/ledger");
    ::unsetenv("XDG_STATE_HOME");
    EXPECT_THAT(ledger_directory().string(), ::testing::EndsWith("/.local/state/mistrial/ledger"));
    if (before != nullptr) ::setenv("XDG_STATE_HOME", kept.c_str(), 1);
}

}  // namespace
}  // namespace mistrial::nemesis
