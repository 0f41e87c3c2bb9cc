#include "checkers/testing/register_history.hpp"

#include <algorithm>

namespace mistrial::checkers::testing {

using linearizability::Call;
using linearizability::Function;
using linearizability::Object;
using linearizability::Operation;
using linearizability::ValueId;
using linearizability::Values;

namespace {

constexpr std::int64_t ms = 1'000'000;

Json value_of(std::uint64_t number, bool store) {
    return store ? Json(std::string(1, static_cast<char>('a' + number % 26))) : Json(number);
}

std::string_view word(Function function, bool store) {
    switch (function) {
        case Function::read: return store ? "get" : "read";
        case Function::write: return store ? "put" : "write";
        case Function::cas: return "cas";
        case Function::append: return "append";
    }
    return {};
}

}  // namespace

std::vector<Operation> random_register(RandomSequence& random, const RegisterKind& kind, Values& values) {
    struct Planned {
        Operation operation;
        std::int64_t point = 0;  ///< when it takes effect, in half milliseconds so that few are at once
        bool effective = true;
    };
    std::vector<Planned> planned(1 + random.below(kind.most));
    std::uint64_t written = 0;
    for (std::size_t i = 0; i < planned.size(); ++i) {
        Planned& one = planned[i];
        const std::int64_t inv = random.between(0, kind.span);
        const std::int64_t res = inv + random.between(0, kind.longest);
        one.operation.inv = at_nanos<TrueTime>(inv * ms);
        one.operation.res = at_nanos<TrueTime>(res * ms);
        one.operation.process = static_cast<std::int64_t>(i);
        one.point = random.between(2 * inv, 2 * res);
        Call& call = one.operation.call;
        const auto fresh = [&] { return values.id_of(value_of(kind.distinct ? ++written : random.below(kind.values), kind.store)); };
        switch (random.below(kind.cas || kind.store ? 6 : 4)) {
            case 0:
            case 1: break;
            case 4:
            case 5:
                call.function = kind.store ? Function::append : Function::cas;
                call.argument = fresh();
                if (!kind.store) call.expected = values.id_of(value_of(random.below(kind.values), kind.store));
                break;
            default:
                call.function = Function::write;
                call.argument = fresh();
                break;
        }
        if (call.function != Function::read && random.below(kind.open_in) == 0) {
            one.operation.res = Operation::open;
            one.effective = random.below(3) != 0;
            one.point += random.between(0, kind.span);
        }
    }
    std::stable_sort(planned.begin(), planned.end(), [](const Planned& a, const Planned& b) { return a.point < b.point; });
    ValueId state = linearizability::nothing;
    std::vector<Operation> operations;
    for (Planned& one : planned) {
        Call& call = one.operation.call;
        bool happened = true;
        switch (call.function) {
            case Function::read:
                call.result = state;
                if (kind.lie_in != 0 && random.below(kind.lie_in) == 0) {
                    const std::uint64_t any = random.below((kind.distinct ? written : kind.values) + 1);
                    call.result = any == 0 && kind.distinct ? linearizability::nothing : values.id_of(value_of(any, kind.store));
                }
                break;
            case Function::write:
                if (one.effective) state = call.argument;
                break;
            case Function::append:
                if (one.effective) state = values.appended(state, call.argument);
                break;
            case Function::cas:
                happened = one.operation.is_open() || call.expected == state;
                if (one.effective && call.expected == state) state = call.argument;
                break;
        }
        if (happened) operations.push_back(one.operation);
    }
    std::sort(operations.begin(), operations.end(), [](const Operation& a, const Operation& b) {
        return std::pair(a.inv, a.process) < std::pair(b.inv, b.process);
    });
    for (std::size_t i = 0; i < operations.size(); ++i) operations[i].index = i;
    return operations;
}

std::vector<definitional::Call> calls_of(const std::vector<Operation>& operations, const Values& values) {
    std::vector<definitional::Call> calls;
    for (const Operation& operation : operations) {
        const Call& from = operation.call;
        const auto json = [&](ValueId value) { return value == linearizability::not_known ? Json() : values.json(value); };
        definitional::Call call;
        call.index = operation.index;
        call.inv = operation.inv;
        if (!operation.is_open()) call.res = operation.res;
        call.f = from.function == Function::append ? "append" : std::string(word(from.function, false));
        call.argument = json(from.argument);
        call.expected = json(from.expected);
        call.result = json(from.result);
        calls.push_back(std::move(call));
    }
    return calls;
}

std::string porcupine_line(const std::vector<Object>& objects, const Values& values, bool store, std::int64_t limit_ms) {
    std::string ops;
    for (const Object& object : objects) {
        for (const Operation& operation : object.operations) {
            const Call& call = operation.call;
            const bool cas = call.function == Function::cas;
            const auto text = [&](ValueId value) {
                return value == linearizability::not_known ? std::string("null") : values.text(value);
            };
            ops += fmt::format("{}[{},{},{},{},{},{},{}]", ops.empty() ? "" : ",", static_cast<int>(call.function),
                               object.key ? Json(*object.key).dump() : "null", text(cas ? call.expected : call.argument),
                               cas ? text(call.argument) : "null", text(call.result), nanos_of(operation.inv),
                               operation.is_open() ? "null" : std::to_string(nanos_of(operation.res)));
        }
    }
    return fmt::format("{{\"model\":\"{}\",\"limit_ms\":{},\"ops\":[{}]}}\n", store ? "key-value" : "register", limit_ms, ops);
}

std::vector<history::Record> records_of(const std::vector<Object>& objects, const Values& values, bool store) {
    std::vector<history::Record> records;
    std::int64_t process = 0;
    for (const Object& object : objects) {
        for (const Operation& operation : object.operations) {
            const Call& call = operation.call;
            const auto json = [&](ValueId value) { return value == linearizability::not_known ? Json() : values.json(value); };
            const auto keyed = [&](Json value) {
                return object.key ? Json::array({Json::parse(*object.key), std::move(value)}) : std::move(value);
            };
            const Json asked = call.function == Function::cas ? Json::array({json(call.expected), json(call.argument)})
                                                              : json(call.argument);
            history::Record record;
            record.process = process++;
            record.f = word(call.function, store);
            record.time = operation.inv;
            record.type = history::Type::invoke;
            record.value = history::Foreign{keyed(asked)};
            records.push_back(record);
            if (operation.is_open()) continue;
            record.time = operation.res;
            record.type = history::Type::ok;
            if (call.function == Function::read) record.value = history::Foreign{keyed(json(call.result))};
            records.push_back(record);
        }
    }
    std::stable_sort(records.begin(), records.end(), [](const history::Record& a, const history::Record& b) {
        const auto key = [](const history::Record& record) {
            return std::pair(record.time, record.type != history::Type::invoke);
        };
        return key(a) < key(b);
    });
    for (std::size_t i = 0; i < records.size(); ++i) records[i].index = i;
    return records;
}

std::string show(const std::vector<Operation>& operations, const Values& values) {
    std::string text;
    for (const Operation& operation : operations) {
        text += fmt::format("{}: {} [{}, {}]\n", operation.index, describe(values, operation.call), nanos_of(operation.inv),
                            operation.is_open() ? std::string("open") : std::to_string(nanos_of(operation.res)));
    }
    return text;
}

}  // namespace mistrial::checkers::testing
