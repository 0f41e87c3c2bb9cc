#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/oracle.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers {

/// V4: one question under one state of revisions has one verdict, whatever agent, version of it and time. Needs no oracle;
/// where there is one, it tells in which piece of time a verdict belongs and which of two verdicts is wrong. Policies that
/// read the clock must say so in their publish; what is refused is no verdict.
///
/// Every decision is compared with the first one of its question and state. States are kept in a window of those used
/// lately, so that memory is bounded by the pool of inputs; a state that comes back after it left the window begins anew.
class Determinism final : public PropertyChecker {
  public:
    Determinism(Model& model, Claim claim);
    void on_decision(const Decision& decision) override;
    [[nodiscard]] std::vector<Violation> violations() const override;
    [[nodiscard]] Json set_aside() const override;

  private:
    struct Part {
        BundleId bundle = 0;
        RevisionNumber number = nothing_active;
        std::uint32_t piece = 0;  ///< of time, where the verdict depends on it
        friend bool operator==(const Part&, const Part&) = default;
    };
    using Parts = boost::container::small_vector<Part, 4>;
    struct Key {
        PathId path = 0;
        std::uint32_t version = 0;  ///< of the agent, where the claim does not reach across versions
        Parts parts;
        friend bool operator==(const Key&, const Key&) = default;
    };
    /// The first decision of a question under a state.
    struct First {
        std::uint64_t index = 0;
        std::uint64_t invoke_index = 0;
        TrueTime inv;
        TrueTime res;
        AgentId agent = 0;
        IncarnationId incarnation = no_incarnation;
        SessionId session = no_session;
        AnswerId answer = no_answer;
        bool has_invoke = false;
        bool from_markers = false;
    };
    /// What is asked of nearly every decision, apart from what only a proof needs.
    struct Mark {
        std::uint32_t state = 0;  ///< of another one: there is none yet
        AnswerId answer = no_answer;
        AgentId agent = 0;
    };
    struct Window {
        Key key;
        std::uint32_t state = 0;  ///< how many states there were before, and one
        std::vector<Mark> marks;  ///< by input
        std::vector<First> firsts;
    };
    struct Detail {
        OperationNote first;
        OperationNote second;
        Parts parts;
        std::optional<AnswerId> right;
        Wrongs wrongs;
    };

    [[nodiscard]] std::optional<Parts> parts_of(const Decision& decision) const;
    /// The first decision of this question and state, when it is another one: in the window that now comes first.
    const Mark* first(const Key& key, const Decision& decision, bool from_markers);
    [[nodiscard]] std::uint32_t version_of(AgentId agent);
    [[nodiscard]] std::string version_name(AgentId agent) const;
    void contradicts(const First& first, const Decision& decision, const Parts& parts);
    [[nodiscard]] Violation describe(const kernels::Episodes<Detail>::Episode& episode) const;

    bool across_versions_;
    std::vector<std::unique_ptr<Window>> windows_;  ///< the one used last comes first
    std::uint32_t states_ = 0;
    Names versions_;
    std::vector<std::uint32_t> version_of_;  ///< by agent; `Names::none`: not asked yet
    std::int64_t version_divergences_ = 0;
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
