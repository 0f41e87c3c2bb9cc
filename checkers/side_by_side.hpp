#pragma once

#include "checkers/checker.hpp"
#include "core/history/rows.hpp"

#include <cstddef>
#include <memory>

namespace mistrial::checkers {

/// All checkers over one history of rows, some on each of several threads. Checkers know nothing of each other, so each
/// thread has a Suite of its own with a share of the properties; the judgement is the one that a single Suite would give.
/// What several claims demand together is one share. Memory: a model of the history for each thread, and a few batches.
class SideBySide {
  public:
    /// `threads` is at least 1; `options.on_hit` must be empty.
    SideBySide(Suite::Options options, std::size_t threads);
    SideBySide(SideBySide&&) noexcept;
    SideBySide& operator=(SideBySide&&) noexcept;
    ~SideBySide();

    /// Batches in order, all of one source. Waits while a thread is far behind. An error is the one of Suite::on, perhaps of
    /// an earlier batch.
    [[nodiscard]] Result<> on(history::Batch batch);
    /// The judgement, once every thread has caught up; `on` is not called again.
    [[nodiscard]] Result<Judgement> finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::checkers
