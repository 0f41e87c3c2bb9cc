#include "engine/rego/builtins/families.hpp"

#include <deque>
#include <vector>

namespace mistrial::rego::families {
namespace {

void walk_into(const Value& value, std::vector<Value>& path, std::vector<Value>& found) {
    found.push_back(Value::array({Value::array(path), value}));
    const auto step = [&](const Value& key, const Value& below) {
        path.push_back(key);
        walk_into(below, path, found);
        path.pop_back();
    };
    switch (value.type()) {
        case Type::array: {
            std::int64_t index = 0;
            for (const Value& element : value.elements()) step(Value::integer(index++), element);
            break;
        }
        case Type::set:
            for (const Value& element : value.elements()) step(element, element);
            break;
        case Type::object:
            for (const Member& member : value.members()) step(member.key, member.value);
            break;
        default:
            break;
    }
}

/// Every [path, value] below a value, itself first.
Value walk(const Arguments& a) {
    std::vector<Value> path;
    std::vector<Value> found;
    walk_into(a[0], path, found);
    return Value::array(std::move(found));
}

std::span<const Value> vertices(const Value& collection) {
    if (collection.type() != Type::array && collection.type() != Type::set) return {};
    return collection.elements();
}

/// The vertices of the graph (each with its neighbours) that can be reached from the given ones.
Value reachable(const Arguments& a) {
    const auto start = a.elements(1);
    if (!a.is(0, Type::object) || !start) return {};
    std::deque<Value> queue(start->begin(), start->end());
    Value reached = Value::set();
    for (; !queue.empty(); queue.pop_front()) {
        const Value* neighbours = a[0].find(queue.front());
        if (neighbours == nullptr || reached.find(queue.front()) != nullptr) continue;
        for (const Value& neighbour : vertices(*neighbours))
            if (reached.find(neighbour) == nullptr) queue.push_back(neighbour);
        reached.add(queue.front());
    }
    return reached;
}

constexpr Builtin table[] = {
    {"graph.reachable", 2, reachable},
    {"walk", 1, walk},
};

}  // namespace

std::span<const Builtin> graphs() { return table; }

}  // namespace mistrial::rego::families
