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
    revision.authority = authorities_.intern(publish.authority.value_or(""));
    if (several_authorities()) several_authorities_since_ = std::min(several_authorities_since_, inv);
    revision.digest = publish.digest;
    if (publish.content) {
        if (const Result<> read = read_content(revision, *publish.content, inputs, answers); !read) {
            return fail("content of revision {} of bundle {}: {}", publish.revision, name_, read.error().message);
        }
    }
    if (!revision.tabled) newest_untabled_ = number;
    const std::uint32_t known = names_.intern(publish.revision);
    if (known == by_name_.size()) by_name_.push_back(number);
    by_name_[known] = number;
    for (const auto& [root, marker] : revision.markers) {
        std::vector<RevisionNumber>& numbers = promised_[marker];
        if (marker != revision.name && (numbers.empty() || numbers.back() != number)) numbers.push_back(number);
    }
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
    if (const Result<> read = read_ancestry(revision, content); !read) return read;
    if (const auto depends = content.find("depends"); depends != content.end() && !depends->is_null()) {
        if (!depends->is_object()) return fail("\"depends\" is not an object of revisions by bundle");
        for (const auto& [bundle, newest] : depends->items()) {
            if (!newest.is_string()) return fail("\"depends\" names {} of bundle {}", newest.dump(), bundle);
            revision.depends[bundle] = newest.get<std::string>();
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

Result<> Bundle::read_ancestry(Revision& revision, const Json& content) {
    if (const auto sequence = content.find("sequence"); sequence != content.end() && !sequence->is_null()) {
        if (!sequence->is_number_integer()) return fail("\"sequence\" is no integer, but {}", sequence->dump());
        revision.sequence = sequence->get<std::int64_t>();
    }
    const auto includes = content.find("includes");
    if (includes == content.end() || includes->is_null()) return {};
    if (!includes->is_object()) return fail("\"includes\" is not an object (authority to revision), but {}", includes->dump());
    std::map<AuthorityId, RevisionNumber> newest;
    const auto raise = [&](AuthorityId authority, RevisionNumber number) {
        if (authority == revision.authority) return;
        RevisionNumber& known = newest[authority];
        known = std::max(known, number);
    };
    for (const auto& [authority, name] : includes->items()) {
        const auto found = name.is_string() ? find(name.get_ref<const std::string&>()) : std::nullopt;
        if (!found) return fail("it includes {} of {}, which was not published before", name.dump(), authority);
        const Revision& included = this->revision(*found);
        if (authorities_.text(included.authority) != authority) {
            return fail("it includes {} of {}, but {} published that", name.dump(), authority,
                        authorities_.text(included.authority).empty() ? "no named authority"
                                                                      : authorities_.text(included.authority));
        }
        raise(included.authority, *found);
        for (const auto& [other, number] : included.includes) raise(other, number);
    }
    revision.includes.assign(newest.begin(), newest.end());
    declares_ancestry_ = true;
    return {};
}

bool Bundle::builds_on(RevisionNumber later, RevisionNumber earlier) const {
    const Revision& revision = revisions_[later];
    const AuthorityId authority = revisions_[earlier].authority;
    if (earlier == nothing_active || authority == revision.authority) return earlier <= later;
    return std::any_of(revision.includes.begin(), revision.includes.end(),
                       [&](const auto& included) { return included.first == authority && included.second >= earlier; });
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

RevisionNumber Bundle::same_until(RevisionNumber number, std::uint32_t input) const {
    if (!tells(input) || newest_run_[input].from <= number) return newest();
    const std::vector<Run>& runs = earlier_runs_[input];
    const auto next = std::upper_bound(runs.begin(), runs.end(), number,
                                       [](RevisionNumber one, const Run& run) { return one < run.from; });
    return (next == runs.end() ? newest_run_[input] : *next).from - 1;
}

bool Bundle::may_allow(std::uint32_t input, TrueTime now, const Answers& answers) const {
    if (allowed_.size() <= input) allowed_.resize(std::max<std::size_t>(input + 1, newest_run_.size()));
    Allowed& known = allowed_[input];
    if (known.allowing != nothing_active && !revisions_[known.allowing].failed_before(now)) return true;
    const auto allows = [&](RevisionNumber number) {
        const Revision& revision = revisions_[number];
        if (revision.failed_before(now) || revision.bad) return false;
        const ExpectedId said = expected(number, input);
        return said == not_told || answers.may_allow(said);
    };
    const auto newest_allowing = [&](RevisionNumber after, RevisionNumber until) {
        for (RevisionNumber number = until; number > after; --number) {
            if (allows(number)) return number;
        }
        return nothing_active;
    };
    // A publish that failed never comes back, so that what was refused once stays refused.
    const ExpectedId said = known.checked == nothing_active ? not_told : expected(known.checked, input);
    const bool all_alike = said != not_told && !answers.may_allow(said) && unchanged_since(input) <= known.checked;
    RevisionNumber found = all_alike ? nothing_active : newest_allowing(known.checked, newest());
    if (found == nothing_active) found = newest_allowing(nothing_active, known.allowing);
    known = {newest(), found};
    return found != nothing_active;
}

void Bundle::note_unordered(RevisionNumber number) {
    if (is_unordered_.size() <= number) is_unordered_.resize(number + 1);
    if (is_unordered_[number]) return;
    is_unordered_[number] = true;
    unordered_.push_back(number);
}

std::vector<RevisionNumber> Bundle::may_show(const std::string& text) const {
    std::vector<RevisionNumber> some;
    if (const auto promised = promised_.find(text); promised != promised_.end()) some = promised->second;
    if (const auto named = find(text)) some.push_back(*named);
    std::sort(some.begin(), some.end());
    return some;
}

std::vector<RevisionNumber> Bundle::showing(const std::map<std::string, std::string>& markers) const {
    std::vector<RevisionNumber> shortest;
    for (const auto& [root, text] : markers) {
        std::vector<RevisionNumber> some = may_show(text);
        if (shortest.empty() || some.size() < shortest.size()) shortest = std::move(some);
        if (shortest.empty()) return {};
    }
    std::vector<RevisionNumber> all;
    std::vector<RevisionNumber> failed;
    for (const RevisionNumber number : shortest) {
        const Revision& candidate = revisions_[number];
        const bool shows = std::all_of(markers.begin(), markers.end(), [&](const auto& marker) {
            const auto promised = candidate.markers.find(marker.first);
            return (promised == candidate.markers.end() ? candidate.name : promised->second) == marker.second;
        });
        std::vector<RevisionNumber>& list = candidate.outcome == PublishOutcome::failed ? failed : all;
        if (shows && (list.empty() || list.back() != number)) list.push_back(number);
    }
    return all.empty() ? failed : all;
}

}  // namespace mistrial::checkers
