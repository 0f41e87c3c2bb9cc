#pragma once

#include "core/history/operation.hpp"
#include "harness/scenario/plan.hpp"

#include <map>
#include <string>

namespace mistrial::conductor {

/// What a session that roams knows, as a client that carries a consistency token (Zanzibar's zookie) would: the newest
/// revision of each bundle that it has been answered under. Its next request asks for at least that. Sessions that stay
/// with one agent carry nothing.
class Tokens {
  public:
    /// `plan` outlives the tokens.
    explicit Tokens(const scenario::Plan& plan);

    /// Sets `at_least` of a request that `session` is about to make; nothing while it has seen nothing.
    void attach(const std::string& session, history::Decide& decide) const;
    /// `session` was answered.
    void learn(const std::string& session, const history::Decide& answered);

  private:
    std::map<std::string, std::map<std::string, std::size_t>> places_;   ///< bundle -> revision -> place in the publish order
    std::map<std::string, std::map<std::string, std::string>> sessions_;  ///< that roam -> bundle -> newest revision seen
};

}  // namespace mistrial::conductor
