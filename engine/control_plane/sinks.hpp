#pragma once

#include "engine/control_plane/behaviour.hpp"
#include "engine/control_plane/exchange.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace mistrial::control_plane {

/// Where in a decision's event the history's fields stand, as JSON pointers; empty means the whole value.
struct LogReading {
    std::string nonce = "/input/nonce";
    std::string verdict = {};  ///< inside `result`
    /// The pool of inputs: canonical text, without the nonce -> id. Empty: events name no input.
    std::map<std::string, std::string> input_ids = {};
};

/// What an event names as its input that is none of the pool: it says otherwise than any request did.
inline constexpr const char* kNotOfThePool = "(not of the pool)";

struct SinkConfig {
    std::string name = "sink";
    LogReading reading;
    std::uint64_t max_bytes = 256ULL << 20;  ///< of one payload, unpacked
    std::shared_ptr<SinkBehaviour> behaviour{};  ///< null: the correct sink
};

/// Takes OPA's status reports (`POST [/nodes/N]/status[/partition]`) and decision logs (`POST
/// [/nodes/N]/logs[/...]`, a JSON array, gzipped or not), replies 200 and tells what they say as Status, Log
/// and LogUpload values. The node is the path's, else the label `node`, else `id`; the incarnation is the
/// label `incarnation`. A payload that cannot be read gets 400. Where a status report counts events that the decision
/// log dropped, it tells that as a LogUpload of number 0 without events. I/O-free.
class Sink {
  public:
    explicit Sink(SinkConfig config);

    [[nodiscard]] Actions on(const Event& event, const Clocks& clocks);

  private:
    void record(ExchangeId exchange, history::Value value, Actions& out);
    void accept(ExchangeId exchange, Actions& out);
    void status(const RequestArrived& event, const Address& address, Actions& out);
    void logs(const RequestArrived& event, const Address& address, Actions& out);

    SinkConfig config_;
    std::int64_t uploads_ = 0;
};

}  // namespace mistrial::control_plane
