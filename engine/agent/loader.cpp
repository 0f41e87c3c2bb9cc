#include "engine/agent/loader.hpp"

namespace mistrial::agent {

Result<std::shared_ptr<const Loaded>> Loader::load(const http::Body& archive,
                                                   const bundle::ArchiveLimits& limits) {
    auto bundle = bundle::read_bundle(http::bytes_of(archive), limits);
    if (!bundle) return bundle.error();
    Loaded loaded{.bundle = std::move(*bundle), .plan = std::nullopt};
    if (loaded.bundle->plan) {
        auto plan = rego::Plan::parse(*loaded.bundle->plan, "plan.json");
        if (!plan) return plan.error();
        loaded.plan = std::move(*plan);
    } else if (!loaded.bundle->policies.empty()) {
        return fail(
            "the bundle has Rego ({}) and no plan.json, and the embedded agent evaluates plans: build it "
            "with "
            "`opa build -t plan -e mistrial/decision`, or run real OPA (--agent opa)",
            loaded.bundle->policies.begin()->first);
    }
    return std::make_shared<const Loaded>(std::move(loaded));
}

Result<std::shared_ptr<const Loaded>> SharingLoader::load(const http::Body& archive,
                                                          const bundle::ArchiveLimits& limits) {
    if (!archive) return Loader::load(archive, limits);
    if (const auto found = entries_.find(archive.get()); found != entries_.end()) {
        if (found->second.archive.lock() == archive) return found->second.loaded;
        entries_.erase(found);
    }
    auto loaded = Loader::load(archive, limits);
    std::erase_if(entries_, [](const auto& entry) { return entry.second.archive.expired(); });
    entries_.insert_or_assign(archive.get(), Entry{archive, loaded});
    return loaded;
}

}  // namespace mistrial::agent
