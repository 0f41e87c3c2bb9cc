#pragma once

#include "core/random.hpp"
#include "engine/agent/config.hpp"
#include "engine/agent/decision_log.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace mistrial::agent {

/// The rules by which a decision log gets to its sink, those of OPA 1.19 (v1/plugins/logs): what waits when
/// an upload begins goes out chunk by chunk; the first failure ends it, and it begins again after a back-off;
/// after success it rests, uniform in [min, max]. While stopping it rests for a second after a failure and
/// ends when nothing waits.
class LogUpload {
  public:
    LogUpload(const DecisionLogging& logging, RandomSequence delays);

    /// Post this; then say `acknowledged` or `failed`.
    struct Post {
        http::Body chunk;
    };
    /// Then say `due`.
    struct Wait {
        Duration delay{};
    };
    /// Stopped, and nothing is left.
    struct Drained {};
    using Step = std::variant<Post, Wait, Drained>;

    void add(std::string event) { log_.add(std::move(event)); }

    [[nodiscard]] Step start() { return settle(true); }
    [[nodiscard]] Step due() { return begin(); }
    [[nodiscard]] Step acknowledged();
    [[nodiscard]] Step failed();
    /// From now on everything goes out as soon as it can; nothing to do yet while a chunk is under way.
    [[nodiscard]] std::optional<Step> stop();

  private:
    [[nodiscard]] Step begin();
    [[nodiscard]] Step next();
    [[nodiscard]] Step settle(bool succeeded);

    Duration min_;
    Duration max_;
    RandomSequence delays_;
    DecisionLog log_;
    std::uint32_t retries_ = 0;
    std::size_t left_ = 0;  ///< events that waited when the upload began, and still do
    bool stopping_ = false;
};

}  // namespace mistrial::agent
