#pragma once

#include "engine/control_plane/authority.hpp"
#include "engine/control_plane/behaviour.hpp"
#include "engine/control_plane/exchange.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::control_plane {

struct MirrorConfig {
    std::string name = "mirror";
    Duration ttl = std::chrono::seconds(1);  ///< how long an answer is fresh, by the mirror's monotonic clock
    std::shared_ptr<MirrorBehaviour> behaviour{};  ///< null: the correct mirror
};

/// A plain CDN in front of one upstream: keeps the last 200 of each bundle for `ttl`, then asks again with
/// If-None-Match. One upstream request at a time for each bundle; requests that meet it wait for its answer.
/// Freshness counts from when the upstream request was sent, so that an agent is never older than `ttl` plus
/// the fetch. What is stale is never served: while the upstream fails, the reply is 502 (a 404 of the
/// upstream is passed on and forgets the bundle). No long polling: `Prefer` is not passed on and the type is
/// `application/gzip`. I/O-free.
class Mirror {
  public:
    explicit Mirror(MirrorConfig config);

    [[nodiscard]] Actions on(const Event& event, const Clocks& clocks);

    [[nodiscard]] const Published* cached(std::string_view bundle) const;

  private:
    struct Waiting {
        ExchangeId exchange = 0;
        std::optional<std::string> node;
        std::string etag;
    };
    struct Entry {
        std::optional<Published> value;
        MonoTime fetched;  ///< when the request was sent that last confirmed `value`
        std::optional<std::uint64_t> asking;
        MonoTime asked;
        std::vector<Waiting> waiting;
    };

    void request(const RequestArrived& event, const Clocks& clocks, Actions& out);
    void answered(const UpstreamAnswered& event, const Clocks& clocks, Actions& out);
    void failed(const UpstreamFailed& event, Actions& out);
    [[nodiscard]] Entry* asked_by(std::uint64_t id, std::string& bundle);
    [[nodiscard]] Reply deliver(const std::string& bundle, const Published& newest, const Waiting& to,
                                const Clocks& clocks) const;
    void refuse_all(const std::string& bundle, Entry& entry, int status, std::string_view why,
                    Actions& out) const;

    MirrorConfig config_;
    std::map<std::string, Entry, std::less<>> entries_;
    std::uint64_t next_id_ = 1;
};

}  // namespace mistrial::control_plane
