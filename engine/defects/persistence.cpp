#include "engine/defects/families.hpp"

#include <set>
#include <utility>

namespace mistrial::defects {
namespace {

using namespace agent;

/// The archive on the disk is the first that was ever persisted; what is renewed is only its ETag. A restart
/// comes up with that old bundle, presents the newest ETag, and is told "not modified" until the next
/// publish.
class RollsBackAtRestart : public Behaviour {
  public:
    std::vector<DiskStep> persist(const std::string& bundle, const http::Body& archive,
                                  const std::string& etag) override {
        std::vector<DiskStep> steps;
        if (kept_.insert(bundle).second) steps = Behaviour::persist(bundle, archive, etag);
        for (DiskStep& step : replace_steps(etag_path(bundle), http::make_body(etag)))
            steps.push_back(std::move(step));
        return steps;
    }
    std::optional<Restored> restore(const std::string& bundle,
                                    const std::vector<PersistedFile>& files) override {
        auto restored = Behaviour::restore(bundle, files);
        if (!restored) return restored;
        kept_.insert(bundle);
        for (const PersistedFile& file : files)
            if (file.path == etag_path(bundle)) restored->etag = http::bytes_of(file.bytes);
        return restored;
    }

  private:
    static std::string etag_path(const std::string& bundle) { return fmt::format("bundles/{}/etag", bundle); }

    std::set<std::string> kept_;
};

/// The first archive is written to the disk, no later one: whoever starts without its source is at the first.
class PersistsOnlyItsFirstBundle : public Behaviour {
  public:
    std::vector<DiskStep> persist(const std::string& bundle, const http::Body& archive,
                                  const std::string& etag) override {
        if (!kept_.insert(bundle).second) return {};
        return Behaviour::persist(bundle, archive, etag);
    }
    std::optional<Restored> restore(const std::string& bundle,
                                    const std::vector<PersistedFile>& files) override {
        auto restored = Behaviour::restore(bundle, files);
        if (restored) kept_.insert(bundle);
        return restored;
    }

  private:
    std::set<std::string> kept_;
};

/// What is written to the disk when a bundle is activated is the archive before it.
class PersistsTheBundleBefore : public Behaviour {
  public:
    std::vector<DiskStep> persist(const std::string& bundle, const http::Body& archive,
                                  const std::string& etag) override {
        http::Body& last = last_[bundle];
        const http::Body before = std::exchange(last, archive);
        return Behaviour::persist(bundle, before ? before : archive, etag);
    }

  private:
    std::map<std::string, http::Body> last_;
};

/// Says that it persists, and writes nothing.
class PersistsNothing : public Behaviour {
  public:
    std::vector<DiskStep> persist(const std::string&, const http::Body&, const std::string&) override {
        return {};
    }
};

/// What was persisted cannot be read at the next start. Kin: open-policy-agent/opa#3472 and #2824, bundles
/// that were signed and persisted.
class CannotRestore : public Behaviour {
  public:
    std::optional<Restored> restore(const std::string& bundle,
                                    const std::vector<PersistedFile>& files) override {
        auto restored = Behaviour::restore(bundle, files);
        if (restored) restored->archive = http::make_body("no archive");
        return restored;
    }
};

/// What comes from the disk is activated without its data.
class RestoresWithoutData : public Behaviour {
  public:
    std::optional<Restored> restore(const std::string& bundle,
                                    const std::vector<PersistedFile>& files) override {
        auto restored = Behaviour::restore(bundle, files);
        restoring_ = restored.has_value();
        return restored;
    }
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot> current,
                                            std::shared_ptr<const Snapshot> fresh) override {
        if (!std::exchange(restoring_, false)) return fresh;
        Snapshot without = *fresh;
        without.data = current->data;
        return std::make_shared<const Snapshot>(std::move(without));
    }

  private:
    bool restoring_ = false;
};

/// A process that came up from its disk takes every download for what it has already.
class TrustsItsDisk : public Behaviour {
  public:
    std::optional<Restored> restore(const std::string& bundle,
                                    const std::vector<PersistedFile>& files) override {
        auto restored = Behaviour::restore(bundle, files);
        if (restored) restored_.insert(bundle);
        return restored;
    }
    Outcome downloaded(const std::string& bundle, Outcome outcome) override {
        if (std::holds_alternative<Fresh>(outcome) && restored_.contains(bundle)) return NotModified{};
        return outcome;
    }

  private:
    std::set<std::string> restored_;
};

}  // namespace

std::vector<Defect> families::persistence() {
    return {
        {.name = "rolls-back-at-restart",
         .about = "Comes up from the first bundle it ever persisted, and holds on to it by the newest one's ETag.",
         .finds = "monotonic-reads",
         .beside = {{"durable-monotonicity", "where no report goes before the first decision"},
                    {"bounded-staleness", "until the next publish"}},
         .needs = {Need::persistence, Need::kill},
         .make = agent_with<RollsBackAtRestart>},
        {.name = "persists-only-its-first-bundle",
         .about = "Persists the first bundle that it activates, and no later one.",
         .finds = "token-freshness",
         .beside = {{"monotonic-reads", "the session that asks again sees the first bundle"},
                    {"durable-monotonicity", "where no report goes before the first decision"}},
         .needs = {Need::persistence, Need::kill, Need::source_partition, Need::tokens},
         .make = agent_with<PersistsOnlyItsFirstBundle>},
        {.name = "persists-the-bundle-before",
         .about = "Persists, when it activates a bundle, the one before.",
         .finds = "monotonic-reads",
         .beside = {{"durable-monotonicity", "where no report goes before the first decision"}},
         .needs = {Need::persistence, Need::kill, Need::source_partition},
         .make = agent_with<PersistsTheBundleBefore>},
        {.name = "persists-nothing",
         .about = "Says that it persists, and writes nothing.",
         .finds = "durable-monotonicity",
         .beside = {{"monotonic-reads", "nothing is older than any revision"}},
         .needs = {Need::persistence, Need::kill, Need::source_partition},
         .make = agent_with<PersistsNothing>},
        {.name = "cannot-restore",
         .about = "Cannot read at a start what it persisted before.",
         .finds = "durable-monotonicity",
         .beside = {{"monotonic-reads", "nothing is older than any revision"}},
         .needs = {Need::persistence, Need::kill, Need::source_partition},
         .make = agent_with<CannotRestore>},
        {.name = "restores-without-data",
         .about = "Activates what it finds on its disk without the data.",
         .finds = "oracle-correctness",
         .needs = {Need::persistence, Need::kill, Need::source_partition},
         .make = agent_with<RestoresWithoutData>},
        {.name = "trusts-its-disk",
         .about = "Once it came up from its disk, takes every download for what it has already.",
         .finds = "bounded-staleness",
         .needs = {Need::persistence, Need::kill},
         .make = agent_with<TrustsItsDisk>},
    };
}

}  // namespace mistrial::defects
