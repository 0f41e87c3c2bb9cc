#include "engine/agent/behaviour.hpp"

namespace mistrial::agent {

Outcome Behaviour::downloaded(const std::string&, Outcome outcome) { return outcome; }

Result<std::shared_ptr<const Loaded>> Behaviour::loaded(const http::Body&,
                                                        Result<std::shared_ptr<const Loaded>> loaded) {
    return loaded;
}

std::shared_ptr<const Snapshot> Behaviour::install(std::shared_ptr<const Snapshot>,
                                                   std::shared_ptr<const Snapshot> fresh) {
    return fresh;
}

std::vector<DiskStep> Behaviour::persist(const std::string& bundle, const http::Body& archive,
                                         const std::string&) {
    return replace_steps(persisted_path(bundle), archive);
}

std::optional<Restored> Behaviour::restore(const std::string& bundle,
                                           const std::vector<PersistedFile>& files) {
    const std::string path = persisted_path(bundle);
    for (const PersistedFile& file : files)
        if (file.path == path) return Restored{file.bytes, ""};
    return std::nullopt;
}

}  // namespace mistrial::agent
