#include "checkers/testing/policy_register.hpp"

#include "checkers/testing/history_builder.hpp"
#include "core/random.hpp"

#include <algorithm>
#include <map>

namespace mistrial::checkers::testing {

namespace {

constexpr std::int64_t us = 1'000;
constexpr std::int64_t start = 1'000'000;          // us: so that no decision begins before the run
constexpr std::int64_t longest_lag = 200'000;      // us
constexpr std::int64_t publish_every = 50'000;     // us

TrueTime at_us(std::int64_t t) { return at_nanos<TrueTime>(t * us); }

history::Record record(std::int64_t t, history::Type type, std::int64_t process, const char* f, history::Value value) {
    history::Record made;
    made.time = at_us(t);
    made.type = type;
    made.process = process;
    made.f = f;
    made.value = std::move(value);
    return made;
}

}  // namespace

PolicyRegister policy_register(const PolicyShape& shape, std::uint64_t seed) {
    RandomSequence random{RandomStream{seed, "policy", "register"}};
    // Each client asks again right away, and a decision takes 2 to 12 ms.
    const std::int64_t span = std::int64_t{shape.operations} * 8'000 / shape.clients;
    struct Taken {
        std::int64_t at;
        int revision;
    };
    std::vector<std::vector<Taken>> taken(static_cast<std::size_t>(shape.agents));
    std::vector<history::Record> records;
    std::int64_t process = 0;
    int revision = 0;
    for (std::int64_t t = start; t < start + span; t += publish_every) {
        history::Publish publish;
        publish.bundle = "main";
        publish.revision = "r" + std::to_string(++revision);
        const std::int64_t acked = t + random.between(500, 3'000);
        records.push_back(record(t, history::Type::invoke, process, "publish", publish));
        records.push_back(record(acked, history::Type::ok, process++, "publish", publish));
        for (auto& agent : taken) {
            const std::int64_t at = t + random.between(500, longest_lag);
            // Whatever came late has been overtaken.
            std::erase_if(agent, [&](const Taken& older) { return older.at >= at; });
            agent.push_back({at, revision});
        }
    }
    const int decisions = shape.operations - revision;
    std::vector<std::int64_t> free(static_cast<std::size_t>(shape.clients), start + 10'000);
    for (int i = 0; i < decisions; ++i) {
        auto& client = *std::min_element(free.begin(), free.end());
        const std::int64_t inv = client + random.between(0, 1'000);
        const std::int64_t res = inv + random.between(2'000, 12'000);
        client = res;
        const std::int64_t point = random.between(inv, res);
        const auto agent = static_cast<std::size_t>(random.below(static_cast<std::uint64_t>(shape.agents)));
        int shown = 0;
        for (const Taken& one : taken[agent]) {
            if (one.at <= point) shown = one.revision;
        }
        history::Decide decide;
        decide.agent = "a" + std::to_string(agent + 1);
        decide.path = "mistrial/decision";
        records.push_back(record(inv - std::int64_t{shape.shift_ms} * 1'000, history::Type::invoke, process, "decide", decide));
        decide.answer = history::Verdict{"true"};
        if (shown > 0) decide.markers = {{"main/policy", "r" + std::to_string(shown)}};
        if (shown == 0) decide.markers = {{"main/policy", "-"}};
        records.push_back(record(res, history::Type::ok, process++, "decide", decide));
    }
    std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
        const auto key = [](const history::Record& one) { return std::pair(one.time, one.type != history::Type::invoke); };
        return key(a) < key(b);
    });
    for (std::size_t i = 0; i < records.size(); ++i) records[i].index = i;
    return {std::move(records)};
}

std::vector<linearizability::Operation> PolicyRegister::operations(linearizability::Values& values) const {
    using linearizability::Function;
    std::map<history::Process, const history::Record*> begun;
    std::vector<linearizability::Operation> operations;
    for (const history::Record& record : records) {
        if (record.type == history::Type::invoke) {
            begun[record.process] = &record;
            continue;
        }
        linearizability::Operation operation;
        operation.inv = begun[record.process]->time;
        operation.res = record.time;
        operation.index = record.index;
        operation.process = std::get<std::int64_t>(record.process);
        const auto number = [&](const std::string& revision) {
            return revision == "-" ? linearizability::nothing : values.id_of(Json(std::stoi(revision.substr(1))));
        };
        if (const auto* publish = std::get_if<history::Publish>(&record.value)) {
            operation.call = {Function::write, number(publish->revision), linearizability::not_known, linearizability::not_known};
        } else {
            const auto& markers = std::get<history::Decide>(record.value).markers;
            operation.call = {Function::read, linearizability::not_known, linearizability::not_known, number(markers.begin()->second)};
        }
        operations.push_back(operation);
    }
    return operations;
}

}  // namespace mistrial::checkers::testing
