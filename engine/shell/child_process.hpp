#pragma once

#include "core/result.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

/// For tests: one child with its output in a file; killed and reaped by the destructor.
namespace mistrial::shell::testing {

class ChildProcess {
  public:
    ChildProcess(std::vector<std::string> command, const std::string& output) {
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                         0600);
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
        std::vector<char*> arguments;
        for (std::string& word : command) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        std::string home = fmt::format("HOME={}", std::getenv("HOME") != nullptr ? std::getenv("HOME") : "/");
        std::string path = "PATH=/usr/bin:/bin";
        char* environment[] = {home.data(), path.data(), nullptr};
        if (::posix_spawn(&pid_, arguments[0], &files, nullptr, arguments.data(), environment) != 0)
            pid_ = -1;
        posix_spawn_file_actions_destroy(&files);
    }
    ~ChildProcess() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] bool started() const { return pid_ > 0; }
    void signal(int number) const { ::kill(pid_, number); }

    /// The exit status, once it has exited; -1 when a signal ended it.
    std::optional<int> exited() {
        if (pid_ <= 0) return status_;
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
        pid_ = 0;
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return status_;
    }

  private:
    pid_t pid_ = -1;
    std::optional<int> status_;
};

}  // namespace mistrial::shell::testing
