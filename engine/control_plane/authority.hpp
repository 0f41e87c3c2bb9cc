#pragma once

#include "engine/control_plane/behaviour.hpp"
#include "engine/control_plane/exchange.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::control_plane {

/// The digest of an archive's members, or of its bytes when it is no archive.
[[nodiscard]] std::string digest_of_archive(std::string_view archive);

struct AuthorityConfig {
    std::string name = "authority";
    /// Offer long polling: hold a request with `Prefer: wait=N` and the current ETag for N seconds, at most
    /// `max_wait`.
    bool long_polling = true;
    Duration max_wait = std::chrono::minutes(10);
    std::shared_ptr<AuthorityBehaviour> behaviour{};  ///< null: the correct authority
};

/// Where bundles come from. I/O-free; owned by one thread or by the simulation.
///
/// `PUT [/nodes/N]/v1/bundles/NAME` publishes: body is the archive, headers `Mistrial-Revision` (needed) and
/// `Mistrial-Digest` (else computed). Replies 200 and `{"bundle","revision","digest"}`; from then on, and not
/// before, `GET [/nodes/N]/bundles/NAME` gives it: 200 with ETag and Mistrial-Revision, 304 (with ETag and
/// Content-Type, without which old OPAs forget the one or give up long polling) when If-None-Match names it,
/// 404. What is published is not judged: a fleet must meet bad bundles too.
class Authority {
  public:
    explicit Authority(AuthorityConfig config);

    [[nodiscard]] Actions on(const Event& event, const Clocks& clocks);

    [[nodiscard]] const Published* current(std::string_view bundle) const;

  private:
    struct Waiting {
        std::string bundle;
        std::optional<std::string> node;
    };

    void request(const RequestArrived& event, const Clocks& clocks, Actions& out);
    void publish(const RequestArrived& event, std::string bundle, const Clocks& clocks, Actions& out);
    void fetch(const RequestArrived& event, const Address& address, std::string bundle, const Clocks& clocks,
               Actions& out);
    /// What `node` is given of a bundle that there is.
    [[nodiscard]] const Published& given(const std::string& bundle, const std::optional<std::string>& node,
                                         const Clocks& clocks) const;
    [[nodiscard]] Reply deliver(ExchangeId exchange, const std::string& bundle, const std::optional<std::string>& node,
                                const Published& published) const;
    [[nodiscard]] Reply not_modified(ExchangeId exchange, const std::string& bundle,
                                     const std::optional<std::string>& node, const Published& published) const;

    AuthorityConfig config_;
    std::map<std::string, Published, std::less<>> bundles_;
    std::map<ExchangeId, Waiting> waiting_;  ///< long polls; the timer has the exchange's id
};

/// The publish request that `Authority` understands; `publisher` names the client.
[[nodiscard]] http::Request publish_request(std::string_view publisher, std::string_view bundle,
                                            std::string_view revision, std::string_view digest,
                                            http::Body archive);

}  // namespace mistrial::control_plane
