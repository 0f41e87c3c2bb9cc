#pragma once

#include "core/time.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mistrial::nemesis {

class ClockPage;

/// What process and clock faults act on: one agent of a live fleet, whatever runs it. Implemented by the live world;
/// all calls on one thread, where `done` is called too.
class Node {
  public:
    using Done = std::function<void(Result<>)>;
    /// The node's wall clock minus the true one, read through the node's own program: in [first, second].
    using Reading = Result<std::pair<Duration, Duration>>;

    virtual ~Node() = default;

    [[nodiscard]] virtual const std::string& name() const = 0;
    /// SIGKILL; `done` when the kernel has reported the death.
    virtual void kill(Done done) = 0;
    /// Starts it again, with what it had persisted or with nothing; `done` when the new incarnation first answers.
    virtual void restart(bool keep_state, Done done) = 0;
    [[nodiscard]] virtual Result<> pause() = 0;
    [[nodiscard]] virtual Result<> resume() = 0;
    /// State letter of /proc/PID/stat, read now.
    [[nodiscard]] virtual Result<char> process_state() const = 0;
    /// How the last process of this node ended, as the kernel told it: "killed by SIGKILL". Empty while none has.
    [[nodiscard]] virtual std::string last_end() const = 0;
    /// Incarnation that answered last; empty before the first answer of all.
    [[nodiscard]] virtual std::string answering_incarnation() const = 0;
    /// Counts the decisions that are asked from now on and answered, for as long as the counter is held.
    using AnswerCount = std::shared_ptr<const std::atomic<std::int64_t>>;
    [[nodiscard]] virtual AnswerCount count_answers() = 0;
    [[nodiscard]] virtual std::shared_ptr<ClockPage> clock() const = 0;
    virtual void read_clock(std::function<void(Reading)> done) = 0;
};

/// By name; owned by the world.
using Nodes = std::map<std::string, Node*>;

}  // namespace mistrial::nemesis
