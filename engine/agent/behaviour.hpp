#pragma once

#include "engine/agent/activation.hpp"
#include "engine/agent/download.hpp"
#include "engine/agent/persistence.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::agent {

/// The points at which a seeded defect may bend an agent. The defaults are the correct agent, which has no
/// idea that defects exist. One object for each incarnation: what it remembers dies with the process.
class Behaviour {
  public:
    virtual ~Behaviour() = default;

    /// What a download brought, before the agent acts on it.
    [[nodiscard]] virtual Outcome downloaded(const std::string& bundle, Outcome outcome);

    /// The state that decisions see after `fresh` was found good; `current` is what they saw until now.
    [[nodiscard]] virtual std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                                                  std::shared_ptr<const Snapshot> fresh);

    /// How an activated archive gets to the disk.
    [[nodiscard]] virtual std::vector<DiskStep> persist(const std::string& bundle, const http::Body& archive,
                                                        const std::string& etag);

    /// What was persisted of a bundle by an earlier incarnation.
    [[nodiscard]] virtual std::optional<Restored> restore(const std::string& bundle,
                                                          const std::vector<PersistedFile>& files);
};

}  // namespace mistrial::agent
