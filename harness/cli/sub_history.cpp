#include "harness/cli/sub_history.hpp"

#include "checkers/definitional/second_opinion.hpp"
#include "core/history/foreign/source.hpp"
#include "core/history/writer.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace mistrial::cli {
namespace {

using history::Record;
using history::Type;

Result<> each_record(const std::filesystem::path& file, history::Format format,
                     const std::function<void(const Record&)>& on) {
    auto source = history::Source::open(file, format);
    if (!source) return source.error();
    while (true) {
        const auto record = source->next();
        if (!record) return record.error();
        if (!*record) return {};
        on(**record);
    }
}

/// Keeps the records of some indexes, and of each operation the other half.
class Halves {
  public:
    explicit Halves(const std::set<std::uint64_t>& wanted) : wanted_(wanted) {}

    void on(const Record& record) {
        bool keep = wanted_.contains(record.index);
        if (record.type == Type::invoke) {
            open_.insert_or_assign(record.process, record);
        } else if (const auto begun = open_.find(record.process); begun != open_.end()) {
            const bool half = wanted_.contains(begun->second.index);
            if (keep && !half) kept_.emplace(begun->second.index, begun->second);
            keep = keep || half;
            open_.erase(begun);
        }
        if (keep) kept_.emplace(record.index, record);
    }
    [[nodiscard]] std::map<std::uint64_t, Record>& kept() { return kept_; }

  private:
    const std::set<std::uint64_t>& wanted_;
    std::map<history::Process, Record> open_;
    std::map<std::uint64_t, Record> kept_;
};

}  // namespace

Result<Accusation> accusation(const checkers::Judgement& judgement, std::size_t number) {
    Accusation found;
    found.number = number;
    for (const checkers::ClaimResult& claim : judgement.claims) {
        for (const checkers::Violation& violation : claim.violations) {
            if (++found.of != number) continue;
            found.claim = claim;
            found.claim.violations = {violation};
        }
    }
    for (const checkers::ClaimResult& claim : judgement.claims) {
        if (found.claim.violations.empty()) break;
        const auto& together = found.claim.violations.front().together;
        if (std::find(together.begin(), together.end(), claim.property) != together.end()) found.besides.push_back(claim);
    }
    if (found.of == 0) return fail("--sub {}: the history violates no claim", number);
    if (found.claim.violations.empty())
        return fail("--sub {}: there {} {} violation{}; expected a number from 1 to {}", number,
                    found.of == 1 ? "is" : "are", found.of, found.of == 1 ? "" : "s", found.of);
    return found;
}

Json claims_of(const Accusation& accusation) {
    Json claims{{accusation.claim.property, accusation.claim.parameters}};
    for (const checkers::ClaimResult& claim : accusation.besides) claims[claim.property] = claim.parameters;
    return claims;
}

Result<Extract> extract(const std::filesystem::path& history, history::Format format, const Accusation& accusation,
                        const std::vector<std::uint64_t>& first_sights, const std::filesystem::path& file) {
    checkers::Judgement alone;
    alone.claims = {accusation.claim};
    alone.first_sights = first_sights;
    checkers::definitional::SecondOpinion opinion(alone);
    if (auto read = each_record(history, format, [&](const Record& record) { opinion.on(record); }); !read)
        return read.error();
    const auto& witness = accusation.claim.violations.front().witness;
    std::set<std::uint64_t> wanted(witness.begin(), witness.end());
    for (const Record& record : opinion.records()) wanted.insert(record.index);

    Halves halves(wanted);
    Extract extract{file, 0, 0};
    const auto keep = [&](const Record& record) {
        ++extract.of;
        halves.on(record);
    };
    if (auto read = each_record(history, format, keep); !read) return read.error();
    std::string lines;
    for (auto& [index, record] : halves.kept()) {
        if (auto* run = std::get_if<history::RunInfo>(&record.value)) run->claims = claims_of(accusation);
        lines += history::to_line(record) + "\n";
    }
    extract.kept = halves.kept().size();
    if (auto written = replace_file(file, lines); !written) return written.error();
    return extract;
}

}  // namespace mistrial::cli
