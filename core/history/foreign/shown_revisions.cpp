#include "core/history/foreign/shown_revisions.hpp"

#include <algorithm>
#include <set>

namespace mistrial::history::foreign {

std::vector<OperationPlaces> policy_operations(const std::vector<Record>& records) {
    std::vector<OperationPlaces> operations;
    std::map<Process, std::size_t> open;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (!std::holds_alternative<Publish>(record.value) && !std::holds_alternative<Decide>(record.value)) continue;
        if (record.type == Type::invoke) {
            open.insert_or_assign(record.process, operations.size());
            operations.push_back({i, OperationPlaces::none});
        } else if (const auto begun = open.find(record.process); begun != open.end()) {
            operations[begun->second].completion = i;
            open.erase(begun);
        } else {
            operations.push_back({OperationPlaces::none, i});
        }
    }
    return operations;
}

Result<RevisionNumbers> RevisionNumbers::of(const std::vector<Record>& records) {
    RevisionNumbers numbers;
    for (const OperationPlaces& places : policy_operations(records)) {
        const std::size_t begin = places.invoke != OperationPlaces::none ? places.invoke : places.completion;
        const auto* publish = std::get_if<Publish>(&records[begin].value);
        if (publish == nullptr) continue;
        const bool failed = places.completion != OperationPlaces::none && records[places.completion].type == Type::fail;
        Bundle& bundle = numbers.bundles_[publish->bundle];
        const auto number = static_cast<std::int64_t>(bundle.failed.size()) + 1;
        bundle.failed.push_back(failed);
        numbers.publishes_[begin] = number;
        const auto [before, first] = bundle.numbers.try_emplace(publish->revision, number);
        if (first) continue;
        const bool before_failed = bundle.failed[static_cast<std::size_t>(before->second) - 1];
        if (!failed && !before_failed)
            return fail("record {}: revision {} of {} is published a second time; other tools need each written once",
                        records[begin].index, publish->revision, publish->bundle);
        if (before_failed) before->second = number;
    }
    return numbers;
}

std::int64_t RevisionNumbers::number(const std::string& bundle, const std::string& revision) const {
    const auto found = bundles_.find(bundle);
    if (found == bundles_.end()) return 0;
    const auto number = found->second.numbers.find(revision);
    return number == found->second.numbers.end() ? 0 : number->second;
}

std::int64_t RevisionNumbers::number_of_publish(std::size_t at) const {
    const auto found = publishes_.find(at);
    return found == publishes_.end() ? 0 : found->second;
}

bool RevisionNumbers::failed(const std::string& bundle, std::int64_t number) const {
    return bundles_.at(bundle).failed.at(static_cast<std::size_t>(number) - 1);
}

std::vector<std::pair<std::string, std::string>> shown_revisions(const Decide& decide) {
    std::set<std::pair<std::string, std::string>> shown;
    std::set<std::string> marked;
    for (const auto& [marker, revision] : decide.markers) {
        const std::string bundle = marker.substr(0, marker.find('/'));
        marked.insert(bundle);
        shown.emplace(bundle, revision);
    }
    for (const auto& [bundle, revision] : decide.revisions)
        if (!marked.contains(bundle)) shown.emplace(bundle, revision);
    std::erase_if(shown, [](const auto& one) { return one.second.empty(); });
    return {shown.begin(), shown.end()};
}

}  // namespace mistrial::history::foreign
