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
#include <utility>
#include <unordered_map>
#include <vector>

namespace mistrial::checkers {

using RevisionNumber = std::uint32_t;  ///< place in the publish order of a bundle, from 1
inline constexpr RevisionNumber nothing_active = 0;
using AuthorityId = std::uint32_t;  ///< who publishes, within one bundle

enum class PublishOutcome : std::uint8_t { in_flight, ok, failed, indeterminate };

/// One publish, and what it decides.
struct Revision {
    std::string name;
    RevisionNumber number = nothing_active;
    AuthorityId authority = 0;
    std::optional<std::int64_t> sequence;  ///< its number in its authority's own count, where that is told
    std::optional<std::string> digest;
    /// By authority: the newest revision of another authority that this one incorporates. Ascending.
    std::vector<std::pair<AuthorityId, RevisionNumber>> includes;
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
    std::map<std::string, std::string> depends;  ///< other bundle -> newest revision of it that this one presumes
    std::uint32_t session = Names::none;         ///< who published it

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

    /// True when `later` is known to follow from `earlier`: one authority published both, or `later` says that it
    /// incorporates it. Revisions of which neither builds on the other are in no order at all (vector clocks).
    [[nodiscard]] bool builds_on(RevisionNumber later, RevisionNumber earlier) const;
    [[nodiscard]] bool comparable(RevisionNumber a, RevisionNumber b) const {
        return a == b || builds_on(a < b ? b : a, a < b ? a : b);
    }

    /// True when every possible order of effects puts `earlier` before `later`: the later one builds on it, and it had
    /// taken effect before the other was asked for. Publishes that overlapped, indeterminate ones not yet observed, and
    /// those of two authorities that do not know of each other, are in no certain order.
    [[nodiscard]] bool certainly_before(RevisionNumber earlier, RevisionNumber later) const {
        return earlier < later && (earlier == nothing_active || (revisions_[earlier].effective < revisions_[later].inv &&
                                                                 builds_on(later, earlier)));
    }

    [[nodiscard]] bool several_authorities() const { return authorities_.size() > 1; }
    /// When the second one began to publish; the end of time while there is one alone.
    [[nodiscard]] TrueTime several_authorities_since() const { return several_authorities_since_; }
    [[nodiscard]] const std::string& authority_name(AuthorityId id) const { return authorities_.text(id); }
    /// True when some publish says what it incorporates of other authorities: then all of them have said it.
    [[nodiscard]] bool declares_ancestry() const { return declares_ancestry_; }

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
    /// True when some revision that is neither bad nor known to have failed before `now` may let the input through, or does
    /// not say. Times ascend. Amortised O(1).
    [[nodiscard]] bool may_allow(std::uint32_t input, TrueTime now, const Answers& answers) const;
    /// Of how many inputs some revision says something.
    [[nodiscard]] std::size_t inputs_told() const { return inputs_told_; }
    /// The revision since which every publish begun so far decides alike for the input.
    [[nodiscard]] RevisionNumber unchanged_since(std::uint32_t input) const {
        if (!tells(input) || newest_run_[input].expected == not_told) return newest();
        return std::max(newest_run_[input].from, std::min(newest_untabled_ + 1, newest()));
    }
    /// The last revision up to which every one that says anything about the input says what `number` does.
    [[nodiscard]] RevisionNumber same_until(RevisionNumber number, std::uint32_t input) const;
    /// The newest revision whose publish does not say what it decides; 0 when all do.
    [[nodiscard]] RevisionNumber newest_untabled() const { return newest_untabled_; }
    /// Revisions that are in no certain order with a newer one; few, and usually none, behind one authority.
    [[nodiscard]] const std::vector<RevisionNumber>& unordered() const { return unordered_; }
    void note_unordered(RevisionNumber number);

    [[nodiscard]] const kernels::Acknowledged& acknowledged() const { return acknowledged_; }
    void acknowledge(TrueTime at, RevisionNumber number) { acknowledged_.add(at, number); }

    /// The revisions under which a decision shows these markers (root -> text), ascending. A revision shows what its publish
    /// promises of a root, and its own name where that promises nothing. Those that certainly failed count only when no
    /// other does. More than one where markers tell of some roots only, or where a publish promises what another showed.
    [[nodiscard]] std::vector<RevisionNumber> showing(const std::map<std::string, std::string>& markers) const;

  private:
    struct Run {
        RevisionNumber from = nothing_active;  ///< `nothing_active` where there is none
        ExpectedId expected = not_told;
    };
    /// What `may_allow` knows of an input: no revision up to `checked` allows it but, perhaps, `allowing` and older ones.
    struct Allowed {
        RevisionNumber checked = nothing_active;
        RevisionNumber allowing = nothing_active;
    };

    [[nodiscard]] Result<> read_ancestry(Revision& revision, const Json& content);
    [[nodiscard]] Result<> read_content(Revision& revision, const Json& content, Names& inputs, Answers& answers);
    [[nodiscard]] ExpectedId expected_before(RevisionNumber number, std::uint32_t input) const;
    void change(std::uint32_t input, RevisionNumber from, ExpectedId expected);
    [[nodiscard]] ExpectedId newest_row(std::uint32_t input) const;
    /// The revisions that may show `text` for some root, ascending, with repetitions.
    [[nodiscard]] std::vector<RevisionNumber> may_show(const std::string& text) const;

    std::string name_;
    std::deque<Revision> revisions_;
    Names names_;
    std::vector<RevisionNumber> by_name_;
    Names authorities_;
    TrueTime several_authorities_since_ = TrueTime::max();
    bool declares_ancestry_ = false;
    std::unordered_map<std::string, std::vector<RevisionNumber>> promised_;  ///< marker -> revisions, other than by name
    // By input: where its verdict changed. The newest apart, since nearly every question is about that one.
    std::vector<Run> newest_run_;
    std::vector<std::vector<Run>> earlier_runs_;  ///< ascending
    std::vector<bool> tabled_{false};             ///< by revision
    mutable std::vector<Allowed> allowed_;        ///< by input
    std::size_t inputs_told_ = 0;
    RevisionNumber newest_tabled_ = nothing_active;
    RevisionNumber newest_untabled_ = nothing_active;
    std::vector<RevisionNumber> unordered_;
    std::vector<bool> is_unordered_;  ///< by number
    kernels::Acknowledged acknowledged_;
};

}  // namespace mistrial::checkers
