#include "engine/agent/activation.hpp"

#include <utility>

namespace mistrial::agent {
namespace {

using rego::Member;
using rego::Value;

bool is_object(const Value& value) { return value.type() == rego::Type::object; }

/// `value` without what stands at `path` ("a/b").
Value without(const Value& value, std::string_view path) {
    if (path.empty()) return Value::object();
    if (!is_object(value)) return value;
    const auto slash = path.find('/');
    const Value key = Value::string(path.substr(0, slash));
    const Value* found = value.find(key);
    if (found == nullptr) return value;
    std::vector<Member> members;
    for (const Member& member : value.members())
        if (member.key != key) members.push_back(member);
    if (slash != std::string_view::npos) members.push_back({key, without(*found, path.substr(slash + 1))});
    return Value::object(std::move(members));
}

/// Objects are joined; where anything else meets, the path comes back.
std::optional<std::string> merge(Value& into, const Value& from, const std::string& path) {
    if (!is_object(into) || !is_object(from)) return path;
    if (into.size() == 0) {
        into = from;
        return std::nullopt;
    }
    for (const auto& [key, value] : from.members()) {
        const Value* there = into.find(key);
        if (there == nullptr) {
            into.insert(key, value);
            continue;
        }
        Value joined = *there;
        if (auto conflict = merge(joined, value, fmt::format("{}/{}", path, key.as_string())))
            return conflict;
        into.insert(key, std::move(joined));
    }
    return std::nullopt;
}

Result<> check_roots(const Snapshot& snapshot, const std::string& name, const Loaded& loaded) {
    for (const auto& [other_name, other] : snapshot.bundles) {
        if (other_name == name) continue;
        for (const std::string& root : loaded.bundle->manifest.roots)
            for (const std::string& other_root : other->bundle->manifest.roots)
                if (bundle::overlap(root, other_root))
                    return fail("bundle '{}': its root '{}' overlaps '{}' of the active bundle '{}'", name,
                                root, other_root, other_name);
    }
    return {};
}

}  // namespace

std::shared_ptr<const Snapshot> initial_snapshot(const Value& document) {
    Snapshot snapshot;
    snapshot.data = document;
    return std::make_shared<const Snapshot>(std::move(snapshot));
}

Result<std::shared_ptr<const Snapshot>> activate(const std::shared_ptr<const Snapshot>& current,
                                                 const Value& document, const std::string& name,
                                                 const std::shared_ptr<const Loaded>& loaded) {
    if (auto checked = check_roots(*current, name, *loaded); !checked) return checked.error();
    Snapshot next;
    next.bundles = current->bundles;
    next.bundles.insert_or_assign(name, loaded);
    next.data = document;
    std::string policy_name;
    for (const auto& [bundle_name, active] : next.bundles) {
        next.revisions.emplace(bundle_name, active->bundle->manifest.revision);
        for (const std::string& root : active->bundle->manifest.roots) next.data = without(next.data, root);
        if (!active->plan) continue;
        if (next.policy)
            return fail(
                "bundles '{}' and '{}' both carry a plan; one bundle of an embedded agent holds the policy, "
                "the "
                "others data only",
                policy_name, bundle_name);
        next.policy = active;
        policy_name = bundle_name;
    }
    for (const auto& [bundle_name, active] : next.bundles)
        if (auto conflict = merge(next.data, active->bundle->data, ""))
            return fail("bundle '{}': its data and others' both have a value at '{}'", bundle_name,
                        *conflict);
    return std::make_shared<const Snapshot>(std::move(next));
}

}  // namespace mistrial::agent
