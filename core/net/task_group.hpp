#pragma once

#include "core/net/loop_impl.hpp"

#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace mistrial::net {

/// Whoever a task belongs to. `close` makes every operation that the task awaits, and every later one, fail
/// soon.
class TaskOwner {
  public:
    virtual ~TaskOwner() = default;
    virtual void close() = 0;
};

/// Coroutines that are cancelled and awaited together. A task keeps its owner alive, and the owner keeps
/// alive whatever holds the group. The Loop's destructor awaits every group.
class TaskGroup {
  public:
    explicit TaskGroup(Loop::Impl& loop) : loop_(loop) {}
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(std::shared_ptr<TaskOwner> owner, Task<> task);

    /// Closes the owner of every task.
    void cancel();
    [[nodiscard]] bool empty() const { return owners_.empty(); }
    /// Calls `function` once no task is left; from the loop, never inside this call.
    void when_empty(std::function<void()> function);

  private:
    void finished(std::list<std::shared_ptr<TaskOwner>>::iterator task, const std::exception_ptr& failure);

    Loop::Impl& loop_;
    std::list<std::shared_ptr<TaskOwner>> owners_;  ///< one entry a task
    std::vector<std::function<void()>> waiting_;
};

}  // namespace mistrial::net
