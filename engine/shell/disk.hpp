#pragma once

#include "engine/agent/agent.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// An agent's disk steps on real files, below its persistence directory `root`.
namespace mistrial::shell {

/// Performs one step; the error names the file.
[[nodiscard]] Result<> perform(const agent::DiskStep& step, const std::filesystem::path& root);

/// Performs the steps in order until one fails.
[[nodiscard]] agent::Persisted perform(const agent::Persist& job, const std::filesystem::path& root);

/// What lies below `root`/bundles, temporary files excepted. What cannot be read is left out and said in
/// `problems`.
[[nodiscard]] std::vector<agent::PersistedFile> load_persisted(const std::filesystem::path& root,
                                                               std::vector<std::string>& problems);

}  // namespace mistrial::shell
