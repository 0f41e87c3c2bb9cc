#pragma once

#include "core/history/operation.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "engine/http_message.hpp"
#include "engine/rego/value.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// OPA's REST API as text: what a request asks and how an answer looks. No state.
namespace mistrial::agent {

/// What a request to `/v1/data/PATH` asks.
struct Question {
    std::string path;            ///< as in the URL, without "/v1/data/"
    rego::Value input;           ///< undefined when the request has none
    bool input_missing = false;  ///< of a POST: OPA warns
    bool provenance = false;
};

/// Reads a GET or POST of `/v1/data/...`. The error is the reply: 400 in OPA's shape.
[[nodiscard]] boost::system::result<Question, http::Response> read_question(const http::Request& request);

struct Provenance {
    std::string version;
    history::Revisions revisions;
};

/// 200; `result` is left out when undefined, as is what is not given.
[[nodiscard]] http::Response answer(const std::optional<rego::Value>& result,
                                    const std::optional<std::string>& decision_id,
                                    const std::optional<Provenance>& provenance, bool input_missing);

/// `{"code", "message"}`, and `errors` with one entry when `detail` is given.
[[nodiscard]] http::Response error_answer(int status, std::string_view code, std::string_view message,
                                          std::string_view detail = {});
/// 500 for an error of evaluation ("eval_conflict_error: ...").
[[nodiscard]] http::Response evaluation_error(std::string_view message);
[[nodiscard]] http::Response json_answer(int status, std::string text);
[[nodiscard]] http::Response not_found();
[[nodiscard]] http::Response method_not_allowed(std::string_view allowed);

/// One decision as the log has it.
struct DecisionEvent {
    std::string decision_id;
    history::Revisions revisions;
    std::string path;
    rego::Value input;  ///< undefined: none
    std::optional<rego::Value> result;
    std::optional<std::string> error;  ///< the evaluation failed
    WallTime time;
    std::uint64_t number = 0;  ///< `req_id`
};
[[nodiscard]] std::string to_text(const DecisionEvent& event,
                                  const std::map<std::string, std::string>& labels);

}  // namespace mistrial::agent
