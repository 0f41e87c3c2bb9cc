#include "harness/workload/own.hpp"

#include "core/random.hpp"
#include "harness/scenario/mistakes.hpp"

#include <algorithm>

namespace mistrial::workload {
namespace {

namespace fs = std::filesystem;

/// Mistakes, a line each; the workload is read to its end whatever is wrong.
class Complaints {
  public:
    template <class... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        add(fail(format, std::forward<Args>(args)...));
    }
    void add(const Error& error) {
        if (!text_.empty()) text_ += '\n';
        text_ += error.message;
    }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    [[nodiscard]] Error error() const { return Error::saying(text_); }

  private:
    std::string text_;
};

/// What OPA reads of a bundle, by file name.
bool belongs(const fs::path& file) {
    const std::string name = file.filename().string();
    return name == ".manifest" || name == "data.json" || name == "plan.json" || name == ".signatures.json" ||
           file.extension() == ".rego" || file.extension() == ".wasm";
}

bundle::Members read_directory(const fs::path& directory, Complaints& complaints) {
    bundle::Members members;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const fs::path& file = entry->path();
        std::error_code unknown;
        if (entry->is_directory(unknown)) {
            if (file.filename().string().starts_with('.')) entry.disable_recursion_pending();
            continue;
        }
        const std::string name = file.filename().string();
        if (name == "data.yaml" || name == "data.yml") {
            complaints.add("{}: mistrial publishes data as JSON; write it as data.json", file.string());
        } else if (name == "patch.json") {
            complaints.add("{}: delta bundles are not published; give whole bundles", file.string());
        } else if (belongs(file)) {
            auto bytes = read_file(file);
            if (bytes) {
                members[fs::relative(file, directory).generic_string()] = std::move(*bytes);
            } else {
                complaints.add(bytes.error());
            }
        }
    }
    if (error) complaints.add("{}: cannot be read: {}", directory.string(), error.message());
    return members;
}

bundle::Members read_members(const fs::path& source, Complaints& complaints) {
    std::error_code error;
    const auto status = fs::status(source, error);
    if (fs::is_directory(status)) {
        auto members = read_directory(source, complaints);
        if (members.empty() && complaints.empty()) {
            complaints.add("{}: no bundle: expected data.json, *.rego, plan.json or .manifest in it",
                           source.string());
        }
        return members;
    }
    if (!fs::exists(status)) {
        complaints.add("{}: no such directory or bundle", source.string());
        return {};
    }
    auto bytes = read_file(source);
    if (!bytes) {
        complaints.add(bytes.error());
        return {};
    }
    auto members = bundle::read_archive(*bytes);
    if (!members) {
        complaints.add(with_context(source.string(), members.error()));
        return {};
    }
    return std::move(*members);
}

/// The revision that the manifest names; `fallback`, written into it, when it names none.
std::string named_revision(const fs::path& source, bundle::Members& members, std::string fallback,
                           Complaints& complaints) {
    const std::string where = (source / ".manifest").string();
    auto [member, added] = members.try_emplace(".manifest", "{}");
    auto manifest = parse_json(member->second, where);
    if (!manifest) {
        complaints.add(manifest.error());
        return fallback;
    }
    if (!manifest->is_object()) {
        complaints.add("{}: expected a JSON object, got {}", where, scenario::shown(*manifest));
        return fallback;
    }
    const auto revision = manifest->find("revision");
    if (revision != manifest->end() && !revision->is_string()) {
        complaints.add("{}: /revision: expected a text, got {}", where, scenario::shown(*revision));
        return fallback;
    }
    if (revision != manifest->end() && !revision->get_ref<const std::string&>().empty()) {
        return revision->get<std::string>();
    }
    if (members.contains(".signatures.json")) {
        complaints.add(
            "{}: the bundle is signed, so mistrial cannot name its revision; name one and sign it again",
            where);
    }
    (*manifest)["revision"] = fallback;
    member->second = manifest->dump();
    return fallback;
}

void check_data(const fs::path& source, const bundle::Members& members, Complaints& complaints) {
    for (const auto& [path, bytes] : members) {
        const std::string name = fs::path(path).filename().string();
        if (name != "data.json" && name != "plan.json") continue;
        const std::string where = (source / path).string();
        const auto json = parse_json(bytes, where);
        if (!json) {
            complaints.add(json.error());
        } else if (!json->is_object()) {
            complaints.add("{}: expected a JSON object, got {}", where, scenario::shown(*json));
        }
    }
}

std::map<std::string, Json> read_inputs(const fs::path& file, Complaints& complaints) {
    std::map<std::string, Json> pool;
    const auto json = read_json(file, true);
    if (!json) {
        complaints.add(json.error());
        return pool;
    }
    if (json->is_object()) {
        for (const auto& [id, input] : json->items()) pool[id] = input;
    } else if (json->is_array()) {
        for (std::size_t n = 0; n < json->size(); ++n) pool[fmt::format("i{}", n)] = (*json)[n];
    } else {
        complaints.add("{}: expected {{\"ID\": INPUT, ...}} or an array of inputs, got {}", file.string(),
                       scenario::shown(*json));
        return pool;
    }
    if (pool.empty()) complaints.add("{}: no input in it", file.string());
    if (pool.size() > Workload::pool_limit) {
        complaints.add("{}: {} inputs, at most {} are possible", file.string(), pool.size(),
                       Workload::pool_limit);
    }
    return pool;
}

/// Entry points of the first plan among the revisions.
std::vector<std::string> entry_points(const std::vector<Revision>& revisions) {
    std::vector<std::string> names;
    for (const auto& revision : revisions) {
        const auto plan = revision.members.find("plan.json");
        if (plan == revision.members.end()) continue;
        const Json json = Json::parse(plan->second, nullptr, false);
        const Json* plans = json.is_object() && json.contains("plans") ? &json["plans"] : nullptr;
        if (plans == nullptr || !plans->is_object() || !plans->contains("plans")) continue;
        for (const auto& entry : plans->at("plans")) {
            if (entry.is_object() && entry.contains("name") && entry["name"].is_string())
                names.push_back(entry["name"]);
        }
        break;
    }
    return names;
}

}  // namespace

Json to_json(const OwnParameters& parameters) {
    Json revisions = Json::array();
    for (const auto& revision : parameters.revisions) revisions.push_back(revision.string());
    Json json = {{"revisions", std::move(revisions)}, {"inputs", parameters.inputs.string()}};
    if (parameters.path) json["path"] = *parameters.path;
    return json;
}

Result<OwnParameters> own_parameters(const Json& json, std::string_view where, const fs::path& directory) {
    if (!json.is_object())
        return fail("{}: expected an object of parameters, got {}", where, scenario::shown(json));
    Complaints complaints;
    OwnParameters parameters;
    const auto place = [&](const Json& text) {
        return fs::absolute(directory / text.get<std::string>()).lexically_normal();
    };
    for (const auto& [key, value] : json.items()) {
        if (key == "revisions" && value.is_array() && !value.empty()) {
            for (std::size_t n = 0; n < value.size(); ++n) {
                if (value[n].is_string()) {
                    parameters.revisions.push_back(place(value[n]));
                } else {
                    complaints.add("{}/revisions/{}: expected a directory's path, got {}", where, n,
                                   scenario::shown(value[n]));
                }
            }
        } else if (key == "revisions") {
            complaints.add("{}/revisions: expected directories in the order of their publishes, got {}",
                           where, scenario::shown(value));
        } else if (key == "inputs" && value.is_string()) {
            parameters.inputs = place(value);
        } else if (key == "path" && value.is_string()) {
            parameters.path = value.get<std::string>();
        } else if (key == "inputs" || key == "path") {
            complaints.add("{}/{}: expected a text, got {}", where, key, scenario::shown(value));
        } else {
            complaints.add("{}/{}: unknown parameter; own has revisions, inputs, path", where, key);
        }
    }
    for (const auto* needed : {"revisions", "inputs"}) {
        if (!json.contains(needed)) complaints.add("{}/{}: missing", where, needed);
    }
    if (!complaints.empty()) return complaints.error();
    return parameters;
}

Result<std::unique_ptr<Own>> Own::load(std::uint64_t seed, const OwnParameters& parameters) {
    Complaints complaints;
    std::unique_ptr<Own> own(new Own);
    own->seed_ = seed;
    std::map<std::string, fs::path> seen;
    for (const auto& source : parameters.revisions) {
        Complaints here;
        Revision revision;
        revision.members = read_members(source, here);
        if (here.empty()) {
            revision.name = named_revision(source, revision.members,
                                           fmt::format("r{}", own->revisions_.size() + 1), here);
            check_data(source, revision.members, here);
        }
        if (here.empty()) {
            const auto [other, fresh] = seen.try_emplace(revision.name, source);
            if (!fresh) {
                here.add(
                    "{}: is revision \"{}\", and so is {}; each needs a name of its own in its .manifest",
                    source.string(), revision.name, other->second.string());
            }
        }
        if (!here.empty()) complaints.add(here.error());
        own->revisions_.push_back(std::move(revision));
    }
    own->pool_ = read_inputs(parameters.inputs, complaints);
    for (const auto& [id, input] : own->pool_) own->ids_.push_back(id);
    if (own->revisions_.empty()) complaints.add("workload own: no revision is named");
    if (parameters.path) {
        own->path_ = *parameters.path;
    } else if (complaints.empty()) {
        const auto names = entry_points(own->revisions_);
        if (names.size() == 1) {
            own->path_ = names.front();
        } else {
            complaints.add("workload own: say which decision to ask for: \"path\": {}",
                           names.empty() ? std::string("\"authz/allow\"")
                                         : fmt::format("\"{}\"", fmt::join(names, "\" or \"")));
        }
    }
    const auto begins_badly = own->path_.starts_with('/') || own->path_.starts_with("data.");
    if (begins_badly) {
        complaints.add(
            "workload own: path \"{}\": expected the part after /v1/data/, such as \"authz/allow\"",
            own->path_);
    }
    if (!complaints.empty()) return complaints.error();
    return own;
}

Revision Own::revision(std::size_t number, std::size_t base) const {
    MISTRIAL_INVARIANT(number >= 1 && number <= revisions() && base < number, "revision {} from {}", number,
                       base);
    return revisions_[number - 1];
}

std::string Own::revision_name(std::size_t number) const { return revisions_.at(number - 1).name; }

const Json& Own::special() const {
    static const Json none = Json::object();
    return none;
}

const DecisionShape& Own::shape() const {
    static const DecisionShape whole;
    return whole;
}

const std::string& Own::input_for(std::string_view session, std::uint64_t number,
                                  std::size_t /*newest*/) const {
    return ids_[RandomStream(seed_, session, "input").below(number, ids_.size())];
}

}  // namespace mistrial::workload
