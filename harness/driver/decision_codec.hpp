#pragma once

#include "core/history/operation.hpp"
#include "harness/workload/workload.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace mistrial::driver {

/// How a kind of agent is asked for a decision, and where in its answer what stands (JSON Pointers; `{path}`, `{bundle}`
/// are filled in). Part of a Driver; the defaults are OPA's REST API.
struct DecisionProtocol {
    std::string method = "POST";
    std::string target = "/v1/data/{path}?provenance=true";
    std::string input = "/input";                               ///< where the request's body holds the input
    std::string result = "/result";                             ///< absent from an answer: undefined
    std::string revision = "/provenance/bundles/{bundle}/revision";
    std::string decision_id = "/decision_id";
    std::string error_code = "/code";                           ///< of a 4xx or 5xx of the agent's own
    friend bool operator==(const DecisionProtocol&, const DecisionProtocol&) = default;
};

/// A decision's request, as HTTP has it.
struct DecisionRequest {
    std::string method;
    std::string target;
    std::string body;
};

/// Turns decisions of one agent into requests and complete answers into completions. Pure; keeps buffers, so used by one
/// thread.
class DecisionCodec {
  public:
    DecisionCodec(const DecisionProtocol& protocol, workload::DecisionShape shape, std::vector<std::string> bundles,
                  const std::string& path);
    ~DecisionCodec();
    DecisionCodec(DecisionCodec&&) noexcept;
    DecisionCodec& operator=(DecisionCodec&&) noexcept;

    /// The request; `asked.input` is needed, its nonce is put in where the workload wants it.
    [[nodiscard]] DecisionRequest encode(const history::Decide& asked) const;

    /// `asked` plus what a complete answer says. An error when the answer is no answer of an agent (not JSON with a 2xx).
    [[nodiscard]] Result<history::Decide> decode(history::Decide asked, int status, std::string_view body);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mistrial::driver
