#pragma once

#include "checkers/answers.hpp"
#include "checkers/kernels/deadline_floor.hpp"
#include "checkers/names.hpp"
#include "core/history/operation.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers {

using RevisionNumber = std::uint32_t;  ///< place in the publish order of a bundle, from 1
inline constexpr RevisionNumber nothing_active = 0;

enum class PublishOutcome : std::uint8_t { in_flight, ok, failed, indeterminate };

/// One publish, and what it decides.
struct Revision {
    std::string name;
    RevisionNumber number = nothing_active;
    std::uint64_t invoke_index = 0;
    std::optional<std::uint64_t> completion_index;
    TrueTime inv;
    std::optional<TrueTime> res;
    PublishOutcome outcome = PublishOutcome::in_flight;
    /// By when it certainly had taken effect: acknowledged, or observed at some agent or server. The end of time while
    /// neither happened.
    TrueTime effective = TrueTime::max();
    std::optional<std::uint64_t> first_shown_index;  ///< the record that showed it then, when none acknowledged it before
    std::optional<std::string> bad;  ///< why a correct agent must refuse it
    bool tabled = false;             ///< its publish says what it decides
    std::map<std::string, std::string> markers;  ///< root -> what decisions made under it show

    /// True when it was known before `t` that the publish never took effect.
    [[nodiscard]] bool failed_before(TrueTime t) const { return outcome == PublishOutcome::failed && *res < t; }
};

/// The publishes of one bundle in order, with the oracle: what each revision decides for each input. Tables are kept as
/// runs (revision at which the verdict of an input changes), so that memory grows with changes and not with tables.
class Bundle {
  public:
    explicit Bundle(std::string name);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const Revision& revision(RevisionNumber number) const { return revisions_[number]; }
    [[nodiscard]] Revision& revision(RevisionNumber number) { return revisions_[number]; }
    [[nodiscard]] RevisionNumber newest() const { return static_cast<RevisionNumber>(revisions_.size() - 1); }
    [[nodiscard]] std::optional<RevisionNumber> find(std::string_view name) const;

    /// A publish begins. An error says what is wrong with its content.
    [[nodiscard]] Result<RevisionNumber> publish_begins(const history::Publish& publish, std::uint64_t index, TrueTime inv,
                                                        Names& inputs, Answers& answers);

    /// True when every possible order of effects puts `earlier` before `later`: it had taken effect before the other
    /// was asked for. Publishes that overlapped, and indeterminate ones not yet observed, are in no certain order.
    [[nodiscard]] bool certainly_before(RevisionNumber earlier, RevisionNumber later) const {
        return earlier < later && (earlier == nothing_active || revisions_[earlier].effective < revisions_[later].inv);
    }

    /// What the revision decides for the input; `not_told` when its publish does not say. Not for `nothing_active`.
    [[nodiscard]] ExpectedId expected(RevisionNumber number, std::uint32_t input) const {
        if (input >= newest_run_.size() || !tabled_[number]) return not_told;
        const Run& newest = newest_run_[input];
        return newest.from != nothing_active && newest.from <= number ? newest.expected : expected_before(number, input);
    }
    /// True when some revision says something about this input.
    [[nodiscard]] bool tells(std::uint32_t input) const {
        return input < newest_run_.size() && newest_run_[input].from != nothing_active;
    }
    /// Of how many inputs some revision says something.
    [[nodiscard]] std::size_t inputs_told() const { return inputs_told_; }
    /// True when some revision that is neither bad nor known to have failed before `now` may let the input through, or does
    /// not say. Times ascend.
    [[nodiscard]] bool may_allow(std::uint32_t input, TrueTime now, const Answers& answers) const;
    /// The revision since which every publish begun so far decides alike for the input.
    [[nodiscard]] RevisionNumber unchanged_since(std::uint32_t input) const {
        if (!tells(input) || newest_run_[input].expected == not_told) return newest();
        return std::max(newest_run_[input].from, std::min(newest_untabled_ + 1, newest()));
    }
    /// Revisions that are in no certain order with a newer one; few, and usually none.
    [[nodiscard]] const std::vector<RevisionNumber>& unordered() const { return unordered_; }
    void note_unordered(RevisionNumber number);

    [[nodiscard]] const kernels::Acknowledged& acknowledged() const { return acknowledged_; }
    void acknowledge(TrueTime at, RevisionNumber number) { acknowledged_.add(at, number); }

    /// The revision whose publish promises exactly these markers (root -> text), newest first.
    [[nodiscard]] std::optional<RevisionNumber> find_by_markers(const std::map<std::string, std::string>& markers) const;

  private:
    struct Run {
        RevisionNumber from = nothing_active;  ///< `nothing_active` where there is none
        ExpectedId expected = not_told;
    };

    [[nodiscard]] Result<> read_content(Revision& revision, const Json& content, Names& inputs, Answers& answers);
    [[nodiscard]] ExpectedId expected_before(RevisionNumber number, std::uint32_t input) const;
    void change(std::uint32_t input, RevisionNumber from, ExpectedId expected);
    [[nodiscard]] ExpectedId newest_row(std::uint32_t input) const;

    std::string name_;
    std::deque<Revision> revisions_;
    Names names_;
    std::vector<RevisionNumber> by_name_;
    // Input -> where its verdict changed: the newest apart, since nearly every question is about that one.
    std::vector<Run> newest_run_;
    std::vector<std::vector<Run>> earlier_runs_;  ///< ascending
    std::vector<bool> tabled_{false};             ///< by revision
    std::size_t inputs_told_ = 0;
    /// What `may_allow` knows of an input: no revision up to `checked` allows it but, perhaps, `allowing` and older ones.
    struct Allowed {
        RevisionNumber checked = nothing_active;
        RevisionNumber allowing = nothing_active;
    };
    mutable std::vector<Allowed> allowed_;  ///< by input
    RevisionNumber newest_tabled_ = nothing_active;
    RevisionNumber newest_untabled_ = nothing_active;
    std::vector<RevisionNumber> unordered_;
    kernels::Acknowledged acknowledged_;
};

}  // namespace mistrial::checkers
