#include "engine/defects/defects.hpp"

#include <map>
#include <set>
#include <string>

namespace mistrial::defects {
namespace {

using namespace agent;

/// Once a download has failed, every later 200 is taken for "not modified": the old bundle stays for ever
/// while polling looks healthy. Kin: open-policy-agent/opa#2220, an ETag that a failure left behind.
class IgnoresNewerAfterFailedDownload : public Behaviour {
  public:
    Outcome downloaded(const std::string& bundle, Outcome outcome) override {
        if (std::holds_alternative<DownloadFailed>(outcome))
            failed_.insert(bundle);
        else if (std::holds_alternative<Fresh>(outcome) && failed_.contains(bundle) &&
                 active_.contains(bundle))
            return NotModified{};
        return outcome;
    }
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot>,
                                            std::shared_ptr<const Snapshot> fresh) override {
        for (const auto& [bundle, revision] : fresh->revisions) active_.insert(bundle);
        return fresh;
    }

  private:
    std::set<std::string> failed_;
    std::set<std::string> active_;
};

/// Provenance, status and logs name the bundle that was activated last; decisions are made by the one before.
/// The first activation is honest, so that a fleet comes up.
class ReportsAhead : public Behaviour {
  public:
    std::shared_ptr<const Snapshot> install(std::shared_ptr<const Snapshot>,
                                            std::shared_ptr<const Snapshot> fresh) override {
        const auto enforced = std::exchange(previous_, fresh);
        // A bundle that is new to the agent brings more than its predecessor had: nothing to lag behind yet.
        if (!enforced || enforced->bundles.size() < fresh->bundles.size()) return fresh;
        Snapshot mixed = *enforced;
        mixed.revisions = fresh->revisions;
        return std::make_shared<const Snapshot>(std::move(mixed));
    }

  private:
    std::shared_ptr<const Snapshot> previous_;
};

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

template <class Defective>
std::shared_ptr<Behaviour> make() {
    return std::make_shared<Defective>();
}

}  // namespace

const std::vector<Defect>& all() {
    static const std::vector<Defect> table{
        {"ignores-newer-after-failed-download",
         "Once a download of a bundle has failed, newer bundles are taken for unchanged ones and never "
         "activated.",
         make<IgnoresNewerAfterFailedDownload>},
        {"reports-ahead", "Reports the revision that was activated last, and decides by the one before it.",
         make<ReportsAhead>},
        {"rolls-back-at-restart",
         "Comes up from the first bundle it ever persisted, and holds on to it by the newest one's ETag.",
         make<RollsBackAtRestart>},
    };
    return table;
}

const Defect* find(std::string_view name) {
    for (const Defect& defect : all())
        if (defect.name == name) return &defect;
    return nullptr;
}

}  // namespace mistrial::defects
