#include "core/net/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>

namespace mistrial::net {

namespace {

std::string message_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace

TaskGroup::~TaskGroup() {
    MISTRIAL_INVARIANT(owners_.empty(), "{} tasks outlive their group", owners_.size());
}

void TaskGroup::spawn(std::shared_ptr<TaskOwner> owner, Task<> task) {
    if (owners_.empty()) loop_.groups.insert(this);
    const auto entry = owners_.insert(owners_.end(), std::move(owner));
    asio::co_spawn(loop_.executor(), std::move(task),
                   [this, entry](const std::exception_ptr& failure) { finished(entry, failure); });
}

void TaskGroup::finished(std::list<std::shared_ptr<TaskOwner>>::iterator task,
                         const std::exception_ptr& failure) {
    MISTRIAL_INVARIANT(!failure, "an exception left a task: {}", message_of(failure));
    // Outlives this function's use of the group: with the last task, the group itself may go.
    const std::shared_ptr<TaskOwner> owner = std::move(*task);
    owners_.erase(task);
    if (!owners_.empty()) return;
    loop_.groups.erase(this);
    for (auto& function : std::exchange(waiting_, {})) {
        if (!loop_.closing) function();
    }
}

void TaskGroup::cancel() {
    // A copy: closing may end tasks of other owners.
    const std::vector<std::shared_ptr<TaskOwner>> owners(owners_.begin(), owners_.end());
    for (const auto& owner : owners) owner->close();
}

void TaskGroup::when_empty(std::function<void()> function) {
    if (!owners_.empty()) {
        waiting_.push_back(std::move(function));
        return;
    }
    asio::post(loop_.executor(), [&loop = loop_, function = std::move(function)] {
        if (!loop.closing) function();
    });
}

}  // namespace mistrial::net
