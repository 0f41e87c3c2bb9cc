#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace mistrial::checkers::definitional {

namespace {

using Operations = std::vector<const Operation*>;

/// Where in the life of one process a state may come from: nothing, what it began with, or a delivery.
struct Origin {
    int stage = 0;  ///< 0: nothing, 1: the beginning, 2: a delivery
    TrueTime began;
    TrueTime over;
    [[nodiscard]] bool certainly_before(const Origin& other) const {
        if (stage != 2 || other.stage != 2) return stage < other.stage;
        return over < other.began;
    }
};

class Life {
  public:
    Life(const View& view, const std::string& agent, const std::string& incarnation, const std::string& bundle)
        : view_(view), agent_(agent), bundle_(bundle) {
        for (const Boot& boot : view.boots) {
            if (boot.agent == agent && boot.incarnation == incarnation) boot_ = boot.at;
        }
    }

    /// Some beginning and some assignment of origins explain all operations at once, never going back.
    [[nodiscard]] bool explains(const Operations& operations) const {
        std::set<const Publish*> beginnings{nullptr};
        for (const Operation* operation : operations) {
            const Publish* shown = shown_by(*operation);
            if (shown != nullptr && may_begin_with(*shown)) beginnings.insert(shown);
        }
        return std::any_of(beginnings.begin(), beginnings.end(),
                           [&](const Publish* beginning) { return explains(operations, beginning); });
    }

    [[nodiscard]] bool tracked() const {
        return std::any_of(view_.deliveries.begin(), view_.deliveries.end(),
                           [&](const auto& serve) { return serve.agent == agent_ && serve.bundle == bundle_; });
    }

  private:
    [[nodiscard]] const Publish* shown_by(const Operation& operation) const {
        const Publish* shown = nullptr;
        (void)revision_of(view_, operation, bundle_, shown);
        return shown;
    }

    [[nodiscard]] bool may_begin_with(const Publish& publish) const {
        if (!boot_) return true;
        for (const Boot& boot : view_.boots) {
            const auto found = boot.persisted.find(bundle_);
            if (boot.agent != agent_ || found == boot.persisted.end() || found->second != publish.revision) continue;
            // A name that nobody had given by then is that of the first publish that gives it.
            const bool first = std::none_of(view_.publishes.begin(), view_.publishes.end(), [&](const Publish& other) {
                return &other < &publish && other.bundle == bundle_ && other.revision == publish.revision;
            });
            if (publish.inv <= boot.at || first) return true;
        }
        for (std::size_t i = 0; i < view_.deliveries.size(); ++i) {
            if (concerns(i, publish) && view_.delivered[i] < *boot_) return true;
        }
        return false;
    }

    [[nodiscard]] bool concerns(std::size_t i, const Publish& publish) const {
        const history::Serve& serve = view_.deliveries[i];
        return serve.agent == agent_ && serve.bundle == bundle_ && serve.revision == publish.revision;
    }

    [[nodiscard]] std::vector<Origin> origins(const Operation& operation, const Publish* beginning) const {
        const Publish* shown = shown_by(operation);
        if (shown == nullptr) return {Origin{}};
        std::vector<Origin> all;
        if (shown == beginning) all.push_back({1, {}, {}});
        for (std::size_t i = 0; i < view_.deliveries.size(); ++i) {
            if (!concerns(i, *shown) || view_.deliveries[i].began > operation.res) continue;
            if (boot_ && view_.delivered[i] < *boot_) continue;
            all.push_back({2, view_.deliveries[i].began, view_.delivered[i]});
        }
        return all;
    }

    [[nodiscard]] bool explains(const Operations& operations, const Publish* beginning) const {
        std::vector<Origin> chosen;
        const std::function<bool()> extend = [&] {
            if (chosen.size() == operations.size()) return true;
            const Operation& d = *operations[chosen.size()];
            for (const Origin& origin : origins(d, beginning)) {
                bool back = false;
                for (std::size_t i = 0; i < chosen.size(); ++i) {
                    const bool precedes = !d.is_status && operations[i]->res < d.inv;
                    back = back || (precedes && origin.certainly_before(chosen[i]));
                }
                if (back) continue;
                chosen.push_back(origin);
                if (extend()) return true;
                chosen.pop_back();
            }
            return false;
        };
        return extend();
    }

    const View& view_;
    const std::string& agent_;
    const std::string& bundle_;
    std::optional<TrueTime> boot_;
};

}  // namespace

// M2: there is a non-decreasing assignment of deliveries to the operations of an incarnation, each of the revision shown
// and begun before the operation was over. Operations that cannot be added to those before are named.
Indexes source_fidelity(const View& view, const Claim& claim) {
    Indexes indexes;
    std::map<std::pair<std::string, std::string>, Operations> explained;  // incarnation, bundle
    for (const Operation& d : view.operations) {
        if (d.incarnation.empty() || !covered(claim, d)) continue;
        for (const auto& [bundle, ignored] : d.shown) {
            const Publish* shown = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, shown)) continue;
            if (d.is_status && shown == nullptr) continue;
            const Life life{view, d.agent, d.incarnation, bundle};
            if (!life.tracked()) continue;
            Operations& operations = explained[{d.incarnation, bundle}];
            operations.push_back(&d);
            if (life.explains(operations)) continue;
            operations.pop_back();
            indexes.insert(d.index);
        }
    }
    return indexes;
}

// M3: d is a first decision of its incarnation (nothing that showed a revision precedes it)  =>  pi(d) >= what is known to
// have been persisted before; pi(d) may be nothing unless the run record promises persistence.
Indexes durable_monotonicity(const View& view, const Claim& claim) {
    Indexes indexes;
    for (std::size_t place = 0; place < view.operations.size(); ++place) {
        const Operation& d = view.operations[place];
        if (d.is_status || d.incarnation.empty() || !covered(claim, d)) continue;
        const bool promised =
            std::find(view.persistent.begin(), view.persistent.end(), d.agent) != view.persistent.end();
        for (const auto& of_bundle : d.shown) {
            const std::string& bundle = of_bundle.first;
            const Publish* shown = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, shown)) continue;
            const bool first = std::none_of(view.operations.begin(), view.operations.end(), [&](const Operation& o) {
                const Publish* earlier = nullptr;
                return o.agent == d.agent && o.incarnation == d.incarnation && o.res < d.inv &&
                       revision_of(view, o, bundle, earlier) && earlier != nullptr;
            });
            if (!first) continue;
            const auto breaks = [&](const Publish* kept) {
                if (kept == nullptr || kept->bad || (kept->outcome == history::Type::fail && *kept->res < d.res)) return false;
                return certainly_before(view, shown, *kept);
            };
            for (const Boot& boot : view.boots) {
                const auto found = boot.persisted.find(bundle);
                if (boot.agent != d.agent || boot.incarnation != d.incarnation || !(boot.at < d.inv)) continue;
                if (found == boot.persisted.end() || (shown == nullptr && !promised)) continue;
                const Publish* kept = nullptr;
                for (const Publish& publish : view.publishes) {
                    if (publish.bundle == bundle && publish.revision == found->second && publish.inv <= boot.at) kept = &publish;
                }
                if (breaks(kept)) indexes.insert(d.index);
            }
            if (!claim.within || !promised) continue;
            for (std::size_t i = 0; i < place; ++i) {
                const Operation& o = view.operations[i];
                const Publish* kept = nullptr;
                if (o.agent != d.agent || o.incarnation.empty() || o.incarnation == d.incarnation) continue;
                if (!revision_of(view, o, bundle, kept) || !breaks(kept)) continue;
                const bool outlived = std::any_of(view.operations.begin(), view.operations.end(), [&](const Operation& e) {
                    const Publish* any = nullptr;
                    return !e.is_status && e.agent == o.agent && e.incarnation == o.incarnation &&
                           revision_of(view, e, bundle, any) && o.res + *claim.within < e.inv && e.res < d.inv;
                });
                bool went_back = false;
                for (std::size_t j = i + 1; j < place; ++j) {
                    const Operation& x = view.operations[j];
                    const Publish* older = nullptr;
                    if (x.agent != d.agent || x.incarnation.empty() || !revision_of(view, x, bundle, older)) continue;
                    went_back = went_back || certainly_before(view, older, *kept);
                }
                if (outlived && !went_back) indexes.insert(d.index);
            }
        }
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
