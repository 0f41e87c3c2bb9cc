#include "engine/bundle/bundle.hpp"

#include <optional>
#include <vector>

namespace mistrial::bundle {
namespace {

using rego::Member;
using rego::Value;

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string_view folder_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool is_object(const Value& value) { return value.type() == rego::Type::object; }

/// `value` below the keys of `path`: ("a/b", 1) is {"a": {"b": 1}}.
Value at_path(std::string_view path, Value value) {
    while (!path.empty()) {
        const std::string_view key = base_name(path);
        value = Value::object({Member{Value::string(key), std::move(value)}});
        path = folder_of(path);
    }
    return value;
}

/// Objects are joined key by key; anything else that meets is a conflict, whose path comes back.
std::optional<std::string> merge(Value& into, const Value& from, const std::string& path) {
    if (!is_object(into) || !is_object(from)) return path;
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

bool owned(const Manifest& manifest, std::string_view path) {
    for (const std::string& root : manifest.roots)
        if (owns(root, path)) return true;
    return false;
}

/// The first path of `value` that lies outside the roots.
std::optional<std::string> outside(const Manifest& manifest, const Value& value, const std::string& path) {
    if (owned(manifest, path)) return std::nullopt;
    bool above_a_root = false;
    for (const std::string& root : manifest.roots) above_a_root = above_a_root || owns(path, root);
    if (!is_object(value) || !above_a_root) return path;
    for (const auto& [key, child] : value.members()) {
        const std::string below =
            path.empty() ? std::string(key.as_string()) : fmt::format("{}/{}", path, key.as_string());
        if (auto found = outside(manifest, child, below)) return found;
    }
    return std::nullopt;
}

std::string roots_text(const Manifest& manifest) {
    std::string text;
    for (const std::string& root : manifest.roots)
        text += fmt::format("{}'{}'", text.empty() ? "" : ", ", root);
    return text.empty() ? "none" : text;
}

/// The package of a Rego source as a path, `package a.b["c"]` being "a/b/c": the first word after comments.
/// Only as much of Rego as stands before that is read.
std::optional<std::string> package_path(std::string_view source) {
    std::size_t at = 0;
    const auto skip_blank = [&] {
        while (at < source.size()) {
            if (source[at] == '#') {
                at = source.find('\n', at);
                if (at == std::string_view::npos) at = source.size();
            } else if (source[at] == ' ' || source[at] == '\t' || source[at] == '\r' || source[at] == '\n') {
                ++at;
            } else {
                return;
            }
        }
    };
    const auto word = [&] {
        const std::size_t from = at;
        while (at < source.size() &&
               (std::isalnum(static_cast<unsigned char>(source[at])) != 0 || source[at] == '_'))
            ++at;
        return source.substr(from, at - from);
    };
    if (source.starts_with("\xef\xbb\xbf")) at = 3;
    skip_blank();
    if (word() != "package") return std::nullopt;
    skip_blank();
    std::string path(word());
    if (path.empty()) return std::nullopt;
    while (at < source.size()) {
        if (source[at] == '.') {
            ++at;
            const std::string_view part = word();
            if (part.empty()) return std::nullopt;
            path += '/';
            path += part;
        } else if (source.substr(at).starts_with("[\"")) {
            const auto end = source.find("\"]", at + 2);
            if (end == std::string_view::npos) return std::nullopt;
            path += '/';
            path += source.substr(at + 2, end - at - 2);
            at = end + 2;
        } else {
            break;
        }
    }
    return path;
}

Result<> add_data(Bundle& bundle, std::string_view path, std::string_view text) {
    auto value = rego::parse_value(text, path);
    if (!value) return value.error();
    const std::string_view folder = folder_of(path);
    if (folder.empty() && !is_object(*value))
        return fail("{}: the data of the bundle's top must be an object", path);
    if (auto conflict = merge(bundle.data, at_path(folder, std::move(*value)), ""))
        return fail("{}: another data file of the bundle has a value at '{}' too", path, *conflict);
    return {};
}

}  // namespace

Result<Bundle> make_bundle(const Members& members) {
    Bundle bundle;
    if (const auto found = members.find(".manifest"); found != members.end()) {
        auto manifest = parse_manifest(found->second, ".manifest");
        if (!manifest) return manifest.error();
        bundle.manifest = std::move(*manifest);
    }
    if (members.contains("patch.json"))
        return fail("patch.json: delta bundles are not supported; serve a snapshot");
    std::string plan_path;
    for (const auto& [path, bytes] : members) {
        const std::string_view name = base_name(path);
        if (name == "data.json") {
            if (auto added = add_data(bundle, path, bytes); !added) return added.error();
        } else if (name == "data.yaml" || name == "data.yml") {
            return fail("{}: data in YAML is not supported; write it as data.json", path);
        } else if (name == "policy.wasm") {
            return fail("{}: WebAssembly is not supported; build with `opa build -t plan`", path);
        } else if (name == "plan.json") {
            if (bundle.plan) return fail("{}: the bundle has another plan in {}", path, plan_path);
            bundle.plan = bytes;
            plan_path = path;
        } else if (name.ends_with(".rego")) {
            const auto package = package_path(bytes);
            if (!package) return fail("{}: no `package` at its beginning", path);
            if (!owned(bundle.manifest, *package))
                return fail("{}: package '{}' is outside the bundle's roots ({})", path, *package,
                            roots_text(bundle.manifest));
            bundle.policies.emplace(path, bytes);
        }
    }
    if (auto path = outside(bundle.manifest, bundle.data, ""); path && bundle.data.size() > 0)
        return fail("data at '/{}' is outside the bundle's roots ({})", *path, roots_text(bundle.manifest));
    return bundle;
}

Result<std::shared_ptr<const Bundle>> read_bundle(std::string_view archive, const ArchiveLimits& limits) {
    auto members = read_archive(archive, limits);
    if (!members) return members.error();
    auto bundle = make_bundle(*members);
    if (!bundle) return with_context("bundle", bundle.error());
    return std::make_shared<const Bundle>(std::move(*bundle));
}

Members to_members(const Bundle& bundle) {
    Members members;
    members.emplace(".manifest", to_text(bundle.manifest));
    members.emplace("data.json", rego::to_text(bundle.data));
    for (const auto& [path, source] : bundle.policies) members.emplace(path, source);
    if (bundle.plan) members.emplace("plan.json", *bundle.plan);
    return members;
}

}  // namespace mistrial::bundle
