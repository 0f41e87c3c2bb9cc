#pragma once

#include "core/history/rows.hpp"

#include <memory>

namespace mistrial::history {

/// Reads another source ahead on a thread of its own, a few batches, so that one core parses while another judges. Order
/// and errors are the source's. Destroying it stops the thread.
class ReadAhead final : public BatchSource {
  public:
    explicit ReadAhead(std::unique_ptr<BatchSource> source);
    ReadAhead(ReadAhead&&) noexcept;
    ReadAhead& operator=(ReadAhead&&) noexcept;
    ~ReadAhead() override;

    [[nodiscard]] Result<bool> next(Batch& batch) override;
    /// Known once `next` has said that the end was reached.
    [[nodiscard]] bool torn() const override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::history
