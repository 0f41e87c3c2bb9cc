#pragma once

#include "engine/http_message.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::agent {

/// Decisions that were made and are not yet acknowledged by the log's sink: at least once while the process
/// lives, lost when it dies, as OPA. The oldest are dropped beyond the limits. At most one chunk is under
/// way.
class DecisionLog {
  public:
    struct Limits {
        std::uint64_t upload_bytes = 32'768;        ///< of a chunk, gzipped; a single larger event goes alone
        std::optional<std::uint64_t> buffer_bytes;  ///< of waiting events, as JSON
        std::optional<std::uint64_t> buffer_events;
    };
    explicit DecisionLog(Limits limits) : limits_(limits), target_(limits.upload_bytes) {}

    /// One event, as JSON text.
    void add(std::string event);

    /// The next chunk (a gzipped JSON array), oldest events first; nothing when none wait. Until
    /// `acknowledged` or `failed` it is under way.
    [[nodiscard]] http::Body next_chunk();
    void acknowledged();
    /// The events of the chunk wait again, before all others.
    void failed();

    [[nodiscard]] bool under_way() const { return !sending_.empty(); }
    [[nodiscard]] std::size_t waiting() const { return events_.size(); }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    void enforce_limits();

    Limits limits_;
    std::uint64_t target_;  ///< JSON bytes to try for one chunk; follows how well events compress
    std::deque<std::string> events_;
    std::uint64_t bytes_ = 0;
    std::vector<std::string> sending_;
    std::uint64_t dropped_ = 0;
};

}  // namespace mistrial::agent
