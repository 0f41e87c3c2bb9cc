#include "nemesis/clock/clock_subject.hpp"
#include "nemesis/process/opa_binary.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cmath>
#include <thread>

/// Real OPA, a static Go program, seen from outside: what its policies take for the time.
namespace mistrial::nemesis {
namespace {

using namespace std::chrono_literals;
using testing::TestDirectory;

/// An OPA server on a socket in a directory of its own.
class OpaServer {
  public:
    OpaServer(Launcher& launcher, std::shared_ptr<ClockPage> clock) : socket_(directory_.path() / "socket") {
        const auto binary = find_opa();
        if (!binary) {
            ADD_FAILURE() << binary.error().message;
            return;
        }
        auto process = launcher.spawn(
            {.name = "opa",
             .argv = {binary->path.string(), "run", "--server", "--addr", "unix://" + socket_.string(),
                      "--log-level", "error", "--disable-telemetry"},
             .environment = {"PATH=/usr/bin:/bin", "HOME=" + directory_.path().string()},
             .directory = directory_.path(),
             .log = directory_.path() / "log",
             .clock = std::move(clock)});
        if (!process) {
            ADD_FAILURE() << process.error().message;
            return;
        }
        process_.emplace(std::move(*process));
        for (int i = 0; i < 2000 && ask("GET", "/health", "").find("200 OK") == std::string::npos; ++i)
            std::this_thread::sleep_for(5ms);
    }

    [[nodiscard]] Process& process() { return *process_; }

    /// `time.now_ns()` as a policy sees it, minus our own time half-way through asking.
    [[nodiscard]] double offset_in_seconds() const {
        const auto before = std::chrono::system_clock::now();
        const auto answer = ask("POST", "/v1/query", R"json({"query": "x := time.now_ns()"})json");
        const auto after = std::chrono::system_clock::now();
        const auto at = answer.find("\"x\":");
        if (at == std::string::npos) {
            ADD_FAILURE() << answer;
            return NAN;
        }
        long long nanos = 0;
        std::from_chars(answer.data() + at + 4, answer.data() + answer.size(), nanos);
        const auto middle = (before + (after - before) / 2).time_since_epoch() / 1ns;
        return static_cast<double>(nanos - middle) / 1e9;
    }

  private:
    /// The whole answer to one request; empty when there is none.
    [[nodiscard]] std::string ask(const std::string& method, const std::string& path,
                                  const std::string& body) const {
        const FileDescriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_.native().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
        const auto request = fmt::format(
            "{} {} HTTP/1.1\r\nHost: opa\r\nConnection: close\r\nContent-Type: application/json\r\n"
            "Content-Length: {}\r\n\r\n{}",
            method, path, body.size(), body);
        if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
        std::string answer;
        std::array<char, 4096> part{};
        for (ssize_t got = 0; (got = ::recv(fd.get(), part.data(), part.size(), 0)) > 0;)
            answer.append(part.data(), static_cast<std::size_t>(got));
        return answer;
    }

    TestDirectory directory_;
    std::filesystem::path socket_;
    std::optional<Process> process_;
};

constexpr double slack = 0.5;  // seconds; a busy machine between the two readings

TEST(OpaClock, FollowsItsPageAloneAndAtOnceAndHeals) {
    Launcher launcher;
    const auto page = *ClockPage::create();
    const OpaServer moved(launcher, page);
    const OpaServer control(launcher, *ClockPage::create());
    EXPECT_NEAR(moved.offset_in_seconds(), 0, slack);
    ASSERT_TRUE(page->set_wall_offset(-1h));
    EXPECT_NEAR(moved.offset_in_seconds(), -3600, slack) << "from the first decision on";
    EXPECT_NEAR(control.offset_in_seconds(), 0, slack);
    ASSERT_TRUE(page->set_wall_offset(0ns));
    EXPECT_NEAR(moved.offset_in_seconds(), 0, slack);
}

TEST(OpaClock, StaysWithTheNodeThroughARestart) {
    Launcher launcher;
    const auto page = *ClockPage::create();
    ASSERT_TRUE(page->set_wall_offset(26h));
    for (int incarnation = 0; incarnation < 2; ++incarnation) {
        OpaServer opa(launcher, page);
        EXPECT_NEAR(opa.offset_in_seconds(), 26 * 3600, slack);
        ASSERT_TRUE(opa.process().signal(SIGKILL));
        EXPECT_EQ(*opa.process().wait(5s), (ExitStatus{ExitStatus::How::killed, SIGKILL}));
    }
}

TEST(OpaClock, SurvivesManyChangesWhileItDecides) {
    Launcher launcher;
    const auto page = *ClockPage::create();
    OpaServer opa(launcher, page);
    for (int round = 0; round < 100; ++round) {
        for (int change = 0; change < 1000; ++change)
            ASSERT_TRUE(page->set_wall_offset(change % 2 == 0 ? 1h : -1h));
        EXPECT_NEAR(opa.offset_in_seconds(), -3600, slack);
    }
    EXPECT_FALSE(opa.process().exit_status());
}

}  // namespace
}  // namespace mistrial::nemesis
