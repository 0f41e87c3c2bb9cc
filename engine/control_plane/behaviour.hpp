#pragma once

#include "engine/control_plane/exchange.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

/// The points at which a seeded defect may bend the servers of a control plane. As agent/behaviour.hpp: the defaults are
/// the correct servers, which have no idea that defects exist. One object for each server.
namespace mistrial::control_plane {

/// What authorities and mirrors have in common: giving bundles to who asks.
class SourceBehaviour {
  public:
    virtual ~SourceBehaviour() = default;

    /// What `node` is given, where `newest` is what the server has.
    [[nodiscard]] virtual const Published& gives(const std::string& /*bundle*/, const std::optional<std::string>& /*node*/,
                                                 const Published& newest, const Clocks& /*clocks*/) {
        return newest;
    }

    /// Whether a request is told 304; `named`: its If-None-Match names what it would be given.
    [[nodiscard]] virtual bool unchanged(const std::optional<std::string>& /*node*/, bool named) { return named; }

    /// Whether a request for a bundle is answered at all.
    [[nodiscard]] virtual bool answers(const std::optional<std::string>& /*node*/) { return true; }
};

class AuthorityBehaviour : public SourceBehaviour {
  public:
    /// What a publish makes of a bundle; nothing: it stays what it was.
    [[nodiscard]] virtual std::optional<Published> takes(const std::string& /*bundle*/, Published fresh) {
        return fresh;
    }

    /// The status by which a publish that was taken is acknowledged.
    [[nodiscard]] virtual int acknowledges() { return 200; }

    /// Whether a publish ends the long polls that wait for its bundle.
    [[nodiscard]] virtual bool wakes() { return true; }
};

class MirrorBehaviour : public SourceBehaviour {
  public:
    /// Whether a copy is given without asking the authority; `fresh`: it is younger than its time to live.
    [[nodiscard]] virtual bool fresh(const std::string& /*bundle*/, bool fresh) { return fresh; }

    /// What is kept of a bundle that the authority gave.
    [[nodiscard]] virtual Published keeps(const std::string& /*bundle*/, Published given) { return given; }

    /// A request to the authority failed.
    virtual void failed(const std::string& /*bundle*/) {}
};

class SinkBehaviour {
  public:
    virtual ~SinkBehaviour() = default;

    /// Whether a payload is taken; else it is refused with 503, and nothing of it is recorded.
    [[nodiscard]] virtual bool takes(const RequestArrived& /*payload*/) { return true; }

    /// How many times something that a payload says gets into the history.
    [[nodiscard]] virtual std::size_t records(history::Value& /*value*/) { return 1; }

    /// Whether a payload that was taken is answered.
    [[nodiscard]] virtual bool answers() { return true; }
};

}  // namespace mistrial::control_plane
