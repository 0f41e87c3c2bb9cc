#include "checkers/revisions.hpp"

#include <algorithm>

namespace mistrial::checkers {

Bundle::Bundle(std::string name) : name_(std::move(name)) {
    Revision none;
    none.name = "no revision";
    none.inv = TrueTime::min();
    none.effective = TrueTime::min();
    revisions_.push_back(std::move(none));
}

std::optional<RevisionNumber> Bundle::find(std::string_view name) const {
    const std::uint32_t known = names_.find(name);
    if (known == Names::none) return std::nullopt;
    return by_name_[known];
}

Result<RevisionNumber> Bundle::publish_begins(const history::Publish& publish, std::uint64_t index, TrueTime inv,
                                              Names& inputs, Answers& answers) {
    const auto number = static_cast<RevisionNumber>(revisions_.size());
    if (const auto earlier = find(publish.revision); earlier && revision(*earlier).outcome != PublishOutcome::failed) {
        return fail("revision {} of bundle {} is published again (first in record {}): every publish needs a revision of "
                    "its own, a rollback too",
                    publish.revision, name_, revision(*earlier).invoke_index);
    }
    Revision revision;
    revision.name = publish.revision;
    revision.number = number;
    revision.invoke_index = index;
    revision.inv = inv;
    if (publish.content) {
        if (const Result<> read = read_content(revision, *publish.content, inputs, answers); !read) {
            return fail("content of revision {} of bundle {}: {}", publish.revision, name_, read.error().message);
        }
    }
    if (!revision.tabled) newest_untabled_ = number;
    const std::uint32_t known = names_.intern(publish.revision);
    if (known == by_name_.size()) by_name_.push_back(number);
    by_name_[known] = number;
    tabled_.push_back(revision.tabled);
    revisions_.push_back(std::move(revision));
    return number;
}

Result<> Bundle::read_content(Revision& revision, const Json& content, Names& inputs, Answers& answers) {
    if (!content.is_object()) return fail("expected an object");
    if (const auto bad = content.find("bad"); bad != content.end() && !bad->is_null()) {
        revision.bad = bad->is_string() ? bad->get<std::string>() : bad->dump();
    }
    if (const auto markers = content.find("markers"); markers != content.end() && markers->is_object()) {
        for (const auto& [root, marker] : markers->items()) {
            revision.markers[root] = marker.is_string() ? marker.get<std::string>() : marker.dump();
        }
    }
    const auto verdicts = content.find("verdicts");
    if (verdicts == content.end()) return {};
    if (!verdicts->is_object()) return fail("\"verdicts\" is not an object");

    const auto base_name = content.find("base");
    const bool has_base = base_name != content.end() && !base_name->is_null();
    RevisionNumber base = nothing_active;
    if (has_base) {
        if (!base_name->is_string()) return fail("\"base\" is neither a revision nor null");
        const auto found = find(base_name->get_ref<const std::string&>());
        if (!found) return fail("its base {} was not published before", base_name->dump());
        if (!this->revision(*found).tabled) return fail("its base {} has no verdicts", base_name->dump());
        base = *found;
    }
    // Rows that do not follow from the newest table are compared with it input by input.
    if (base != newest_tabled_ || !has_base) {
        for (std::uint32_t input = 0; input < newest_run_.size(); ++input) {
            if (verdicts->contains(inputs.text(input))) continue;
            const ExpectedId inherited = has_base ? expected(base, input) : not_told;
            if (inherited != newest_row(input)) change(input, revision.number, inherited);
        }
    }
    for (const auto& [id, verdict] : verdicts->items()) {
        const Result<ExpectedId> expected = answers.expected(verdict);
        if (!expected) return fail("verdict of input {}: {}", id, expected.error().message);
        const std::uint32_t input = inputs.intern(id);
        if (*expected != newest_row(input)) change(input, revision.number, *expected);
    }
    revision.tabled = true;
    newest_tabled_ = revision.number;
    return {};
}

void Bundle::change(std::uint32_t input, RevisionNumber from, ExpectedId expected) {
    if (newest_run_.size() <= input) {
        newest_run_.resize(input + 1);
        earlier_runs_.resize(input + 1);
    }
    Run& newest = newest_run_[input];
    if (newest.from == nothing_active)
        ++inputs_told_;
    else
        earlier_runs_[input].push_back(newest);
    newest = {from, expected};
}

ExpectedId Bundle::newest_row(std::uint32_t input) const {
    return input < newest_run_.size() ? newest_run_[input].expected : not_told;
}

ExpectedId Bundle::expected_before(RevisionNumber number, std::uint32_t input) const {
    const std::vector<Run>& runs = earlier_runs_[input];
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        if (run->from <= number) return run->expected;
    }
    return not_told;
}

bool Bundle::may_allow(std::uint32_t input, TrueTime now, const Answers& answers) const {
    if (allowed_.size() <= input) allowed_.resize(std::max<std::size_t>(input + 1, newest_run_.size()));
    Allowed& known = allowed_[input];
    const auto allows = [&](RevisionNumber number) {
        const Revision& revision = revisions_[number];
        if (revision.failed_before(now) || revision.bad) return false;
        const ExpectedId said = expected(number, input);
        return said == not_told || answers.may_allow(said);
    };
    if (known.allowing != nothing_active && !revisions_[known.allowing].failed_before(now)) return true;
    // A publish that failed never comes back, so that what was refused once stays refused.
    const RevisionNumber newest = this->newest();
    const bool alike = known.checked != nothing_active && unchanged_since(input) <= known.checked &&
                       !answers.may_allow(expected(known.checked, input)) && expected(known.checked, input) != not_told;
    RevisionNumber found = nothing_active;
    if (!alike) {
        for (RevisionNumber number = newest; number > known.checked && found == nothing_active; --number) {
            if (allows(number)) found = number;
        }
    }
    for (RevisionNumber number = known.allowing; number > nothing_active && found == nothing_active; --number) {
        if (allows(number)) found = number;
    }
    known = {newest, found};
    return found != nothing_active;
}

void Bundle::note_unordered(RevisionNumber number) {
    if (std::find(unordered_.begin(), unordered_.end(), number) == unordered_.end()) unordered_.push_back(number);
}

std::optional<RevisionNumber> Bundle::find_by_markers(const std::map<std::string, std::string>& markers) const {
    for (RevisionNumber number = newest(); number > nothing_active; --number) {
        const Revision& candidate = revisions_[number];
        const bool all = !candidate.markers.empty() && std::all_of(markers.begin(), markers.end(), [&](const auto& marker) {
            const auto promised = candidate.markers.find(marker.first);
            return promised != candidate.markers.end() && promised->second == marker.second;
        });
        if (all) return number;
    }
    return std::nullopt;
}

}  // namespace mistrial::checkers
