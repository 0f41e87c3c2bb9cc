#pragma once

#include "nemesis/clock/clock_page.hpp"
#include "nemesis/process/launcher.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>

/// For tests: a program under test (test_subject_main.cpp) that answers through two fifos.
namespace mistrial::nemesis::testing {

[[nodiscard]] inline std::filesystem::path subject_binary() {
    return std::filesystem::path(MISTRIAL_BINARY_DIR) / "bin" / "nemesis_test_subject";
}

/// A directory that goes with the test.
class TestDirectory {
  public:
    TestDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "mistrial-test-XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~TestDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// What the subject reports: each clock minus the kernel's answer, in ns.
struct Readings {
    long long realtime, coarse, gettimeofday, time, monotonic;
};

/// One subject and the fifos to ask it.
class Subject {
  public:
    Subject(Launcher& launcher, const std::string& mode, std::shared_ptr<ClockPage> clock) {
        const auto requests = directory_.path() / "requests";
        const auto replies = directory_.path() / "replies";
        ::mkfifo(requests.c_str(), 0600);
        ::mkfifo(replies.c_str(), 0600);
        // Both ways, so that opening them never waits for a subject that may have died.
        requests_ = FileDescriptor{::open(requests.c_str(), O_RDWR | O_CLOEXEC)};
        replies_ = FileDescriptor{::open(replies.c_str(), O_RDWR | O_CLOEXEC)};
        auto process =
            launcher.spawn({.name = "subject",
                            .argv = {subject_binary().string(), mode, requests.string(), replies.string()},
                            .environment = {},
                            .directory = {},
                            .log = directory_.path() / "log",
                            .clock = std::move(clock)});
        if (!process)
            ADD_FAILURE() << process.error().message;
        else
            process_.emplace(std::move(*process));
    }

    [[nodiscard]] Process& process() { return *process_; }

    /// Asks once; an empty answer after 10 s is a failure.
    [[nodiscard]] std::string ask() {
        EXPECT_EQ(::write(requests_.get(), "?", 1), 1);
        std::string line;
        while (line.empty() || line.back() != '\n') {
            pollfd watched{replies_.get(), POLLIN, 0};
            char c = 0;
            if (::poll(&watched, 1, 10'000) <= 0 || ::read(replies_.get(), &c, 1) != 1) {
                ADD_FAILURE() << "the subject does not answer";
                return line;
            }
            line.push_back(c);
        }
        return line;
    }

    [[nodiscard]] Readings readings() {
        Readings result{};
        std::istringstream(ask()) >> result.realtime >> result.coarse >> result.gettimeofday >> result.time >>
            result.monotonic;
        return result;
    }

  private:
    TestDirectory directory_;
    FileDescriptor requests_;
    FileDescriptor replies_;
    std::optional<Process> process_;
};

}  // namespace mistrial::nemesis::testing
