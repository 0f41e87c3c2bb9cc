#pragma once

#include "core/result.hpp"
#include "engine/bundle/bundle.hpp"
#include "engine/http_message.hpp"
#include "engine/rego/plan.hpp"

#include <map>
#include <memory>
#include <optional>

namespace mistrial::agent {

/// An archive read, checked and, when it carries a plan, made ready for evaluation.
struct Loaded {
    std::shared_ptr<const bundle::Bundle> bundle;
    std::optional<rego::Plan> plan;  ///< absent: data only
};

/// Turns an archive's bytes into what an agent activates. Bundles with Rego and no plan, and plans with a
/// statement or builtin that the evaluator does not know, are refused by name.
class Loader {
  public:
    virtual ~Loader() = default;
    [[nodiscard]] virtual Result<std::shared_ptr<const Loaded>> load(const http::Body& archive,
                                                                     const bundle::ArchiveLimits& limits);
};

/// Remembers what it loaded for as long as the archive's bytes live, by their identity: a simulated fleet
/// that is served one body loads it once. Used by one thread.
class SharingLoader : public Loader {
  public:
    [[nodiscard]] Result<std::shared_ptr<const Loaded>> load(const http::Body& archive,
                                                             const bundle::ArchiveLimits& limits) override;

  private:
    struct Entry {
        std::weak_ptr<const std::string> archive;
        Result<std::shared_ptr<const Loaded>> loaded;
    };
    std::map<const std::string*, Entry> entries_;
};

}  // namespace mistrial::agent
