#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace mistrial::checkers::kernels {

/// All that matters of what one group of operations (an incarnation, the stream of publishes) did with one revision: in a
/// group, revision x must come before y when something that shows x is over before something that shows y begins, and that
/// is so exactly when x's earliest end lies before y's latest begin.
struct VersionZone {
    std::uint32_t group = 0;
    std::uint32_t revision = 0;
    TrueTime shown_by = TrueTime::max();  ///< earliest end of an operation that shows it
    TrueTime asked_at = TrueTime::min();  ///< latest begin of one
};

/// "The group of both showed the first zone's revision before the second's", as places in a list of zones.
struct VersionStep {
    std::size_t before = 0;
    std::size_t after = 0;
};

/// Kernel K6: is there one order of revisions that every group follows? Nodes are revisions and, for each group, its zones
/// in the order of their ends (its timeline); edges, meaning "not after", lead from a revision into the timelines, along
/// them, and from a timeline to what was begun later. An order exists exactly when no strongly connected component holds
/// two revisions (properties.md, K6; components by Tarjan, SIAM J. Comput. 1972, without recursion). O(n log n + R) in the
/// number of zones, which does not grow with operations.

/// For each set of revisions that no order can part, a shortest cycle of steps through it: the second revision of each
/// step is the first of the next, and that of the last is the first of the first. Empty when an order exists. Of a
/// component with very many revisions, the shortest of the cycles through some hundreds of them.
[[nodiscard]] std::vector<std::vector<VersionStep>> contradictions(std::span<const VersionZone> zones);

/// The revisions in an order that every group follows; nullopt when there is none.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> version_order(std::span<const VersionZone> zones);

/// Operations pressed into zones as they come, with the operations that made a zone's two times. O(1) for an operation
/// that shows what its group showed lately; allocates only for a revision that is new to its group. `Cause` names an
/// operation.
template <class Cause>
class VersionZones {
  public:
    struct Causes {
        Cause shown;  ///< the one that ended first
        Cause asked;  ///< the one that began last
        std::int64_t count = 0;
    };

    /// An operation of `group` in [inv, res] shows `revision`. Of equal times the first that came is kept.
    void saw(std::uint32_t group, std::uint32_t revision, TrueTime inv, TrueTime res, const Cause& cause) {
        const std::size_t place = find(group, revision, cause);
        VersionZone& zone = zones_[place];
        if (res < zone.shown_by) {
            zone.shown_by = res;
            causes_[place].shown = cause;
        }
        if (zone.asked_at < inv) {
            zone.asked_at = inv;
            causes_[place].asked = cause;
        }
        ++causes_[place].count;
    }

    [[nodiscard]] const std::vector<VersionZone>& zones() const { return zones_; }
    [[nodiscard]] const Causes& causes(std::size_t zone) const { return causes_[zone]; }

  private:
    std::size_t find(std::uint32_t group, std::uint32_t revision, const Cause& cause) {
        if (latest_.size() <= group) latest_.resize(group + 1, none);
        std::size_t& latest = latest_[group];
        if (latest != none && zones_[latest].revision == revision) return latest;
        const auto [known, fresh] = places_.try_emplace(std::uint64_t{group} << 32 | revision, zones_.size());
        if (fresh) {
            zones_.push_back({group, revision, TrueTime::max(), TrueTime::min()});
            causes_.push_back({cause, cause, 0});
        }
        return latest = known->second;
    }

    static constexpr std::size_t none = ~std::size_t{0};
    std::vector<std::size_t> latest_;  ///< by group: the zone that it was in last
    std::unordered_map<std::uint64_t, std::size_t> places_;  ///< group, revision -> zone
    std::vector<VersionZone> zones_;
    std::vector<Causes> causes_;
};

}  // namespace mistrial::checkers::kernels
