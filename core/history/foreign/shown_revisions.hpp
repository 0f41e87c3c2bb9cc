#pragma once

#include "core/history/operation.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mistrial::history::foreign {

/// Revisions as numbers, for tools that know nothing of bundles: each bundle's count from 1 in the order in which their
/// publishes began. A failed publish has its number too, since an agent may show it all the same.
class RevisionNumbers {
  public:
    /// An error when one revision of a bundle is published twice and neither publish failed: then nobody can say which
    /// of them a decision saw.
    [[nodiscard]] static Result<RevisionNumbers> of(const std::vector<Record>& records);

    /// 0 when nobody published it.
    [[nodiscard]] std::int64_t number(const std::string& bundle, const std::string& revision) const;
    /// The number of the publish whose invoke (or, without one, completion) stands at this place of the history.
    [[nodiscard]] std::int64_t number_of_publish(std::size_t at) const;
    [[nodiscard]] bool failed(const std::string& bundle, std::int64_t number) const;
    [[nodiscard]] std::size_t bundles() const { return bundles_.size(); }

  private:
    struct Bundle {
        std::map<std::string, std::int64_t> numbers;
        std::vector<bool> failed;  ///< by number, from 1
    };
    std::map<std::string, Bundle> bundles_;
    std::map<std::size_t, std::int64_t> publishes_;
};

/// What a decision shows of each bundle: the markers of the verdict itself, and what the agent reports where a bundle
/// left none. A torn answer shows a bundle in two revisions.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> shown_revisions(const Decide& decide);

/// An operation as its invoke and its completion, places in the history; either may be missing.
struct OperationPlaces {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::size_t invoke = none;
    std::size_t completion = none;
};

/// The publishes and decisions of a history, in the order in which they begin.
[[nodiscard]] std::vector<OperationPlaces> policy_operations(const std::vector<Record>& records);

}  // namespace mistrial::history::foreign
