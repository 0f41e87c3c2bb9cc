#pragma once

#include "core/history/operation.hpp"
#include "harness/driver/driver.hpp"
#include "harness/workload/workload.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace mistrial::driver {

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
