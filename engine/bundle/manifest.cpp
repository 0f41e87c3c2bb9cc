#include "engine/bundle/manifest.hpp"

namespace mistrial::bundle {

Result<Manifest> parse_manifest(std::string_view text, std::string_view where) {
    auto json = parse_json(text, where);
    if (!json) return json.error();
    if (!json->is_object()) return fail("{}: expected an object", where);
    Manifest manifest;
    if (const auto found = json->find("revision"); found != json->end()) {
        if (!found->is_string()) return fail("{}: /revision: expected a string", where);
        manifest.revision = found->get<std::string>();
    }
    if (const auto found = json->find("roots"); found != json->end() && !found->is_null()) {
        if (!found->is_array()) return fail("{}: /roots: expected an array of strings", where);
        manifest.roots.clear();
        for (const Json& element : *found) {
            if (!element.is_string())
                return fail("{}: /roots/{}: expected a string", where, manifest.roots.size());
            std::string root = element.get<std::string>();
            root.erase(0, root.find_first_not_of('/') == std::string::npos ? root.size()
                                                                           : root.find_first_not_of('/'));
            while (root.ends_with('/')) root.pop_back();
            for (const std::string& other : manifest.roots)
                if (overlap(other, root))
                    return fail("{}: /roots: '{}' and '{}' overlap", where, other, root);
            manifest.roots.push_back(std::move(root));
        }
    }
    if (const auto found = json->find("rego_version"); found != json->end() && !found->is_null()) {
        if (!found->is_number_integer() || (*found != 0 && *found != 1))
            return fail("{}: /rego_version: expected 0 or 1", where);
        manifest.rego_version = found->get<int>();
    }
    if (const auto found = json->find("wasm"); found != json->end() && !found->empty())
        return fail("{}: /wasm: WebAssembly is not supported", where);
    if (const auto found = json->find("metadata"); found != json->end() && !found->is_null()) {
        if (!found->is_object()) return fail("{}: /metadata: expected an object", where);
        manifest.metadata = *found;
    }
    return manifest;
}

std::string to_text(const Manifest& manifest) {
    Json json{{"revision", manifest.revision}, {"roots", manifest.roots}};
    if (manifest.rego_version) json["rego_version"] = *manifest.rego_version;
    if (!manifest.metadata.empty()) json["metadata"] = manifest.metadata;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool owns(std::string_view root, std::string_view path) {
    return root.empty() ||
           (path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/'));
}

bool overlap(std::string_view a, std::string_view b) { return owns(a, b) || owns(b, a); }

}  // namespace mistrial::bundle
