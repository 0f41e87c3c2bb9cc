#include "checkers/linearizability/model.hpp"

#include <algorithm>

namespace mistrial::checkers::linearizability {

Values::Values() {
    (void)intern("null");
    (void)intern("\"\"");
}

ValueId Values::intern(std::string_view text) {
    const std::uint32_t before = names_.size();
    const ValueId id = names_.intern(text);
    constexpr std::uint64_t overhead = 96;  // of a deque's string and a map's node
    if (names_.size() != before) bytes_ += text.size() + overhead;
    return id;
}

ValueId Values::id_of(const Json& value) {
    if (value.is_null()) return nothing;
    return intern(canonical(value));
}

ValueId Values::appended(ValueId value, ValueId more) {
    const auto [found, fresh] = appended_.try_emplace(std::uint64_t{value} << 32 | more, not_known);
    if (!fresh) return found->second;
    const std::string_view before = text(value);
    const std::string_view added = text(more);
    std::string joined;
    if ((value == nothing || before.front() == '"') && added.front() == '"') {
        joined = value == nothing ? std::string(added) : std::string(before.substr(0, before.size() - 1));
        if (value != nothing) joined += added.substr(1);
    } else if (value == nothing || value == empty_text) {
        joined = fmt::format("[{}]", added);
    } else if (before.front() == '[') {
        joined = before == "[]" ? fmt::format("[{}]", added) : fmt::format("{},{}]", before.substr(0, before.size() - 1), added);
    } else {
        joined = fmt::format("[{},{}]", before, added);
    }
    // A map's elements stay where they are.
    return found->second = intern(joined);
}

namespace {

State step_register(Values&, State state, const Call& call) {
    switch (call.function) {
        case Function::read: return call.result == not_known || call.result == state ? state : impossible;
        case Function::write: return call.argument;
        case Function::cas: return call.expected == state ? call.argument : impossible;
        case Function::append: return impossible;
    }
    return impossible;
}

State step_store(Values& values, State state, const Call& call) {
    // A key that nobody wrote reads as null in some stores, as "" in others.
    const auto empty = [](State value) { return value == nothing || value == empty_text; };
    if (call.function == Function::append) return values.appended(state, call.argument);
    if (call.function == Function::read && empty(call.result) && empty(state)) return state;
    return step_register(values, state, call);
}

}  // namespace

const std::vector<Model>& models() {
    static const std::vector<Model> all{
        {"register", "one value: read, write", {Function::read, Function::write}, false, step_register},
        {"cas-register",
         "one value: read, write, compare and set",
         {Function::read, Function::write, Function::cas},
         false,
         step_register},
        {"key-value",
         "a value a key: get, put, append",
         {Function::read, Function::write, Function::append, Function::cas},
         true,
         step_store},
    };
    return all;
}

bool Model::accepts(Function function) const { return std::find(takes.begin(), takes.end(), function) != takes.end(); }

const Model* find_model(std::string_view name) {
    for (const Model& model : models()) {
        if (model.name == name) return &model;
    }
    return nullptr;
}

std::string model_names() {
    std::string names;
    const auto& all = models();
    for (std::size_t i = 0; i < all.size(); ++i) {
        names += fmt::format("{}{}", i == 0 ? "" : i + 1 == all.size() ? " or " : ", ", all[i].name);
    }
    return names;
}

std::string describe(const Values& values, const Call& call) {
    switch (call.function) {
        case Function::read: return call.result == not_known ? "read" : fmt::format("read {}", values.text(call.result));
        case Function::write: return fmt::format("write {}", values.text(call.argument));
        case Function::cas:
            return fmt::format("cas {} -> {}", values.text(call.expected), values.text(call.argument));
        case Function::append: return fmt::format("append {}", values.text(call.argument));
    }
    return {};
}

}  // namespace mistrial::checkers::linearizability
