#include "harness/scenario/scenario.hpp"

#include "harness/scenario/draft.hpp"
#include "harness/scenario/schema.hpp"
#include "harness/store/embedded.hpp"

#include <algorithm>

namespace mistrial::scenario {
namespace {

namespace fs = std::filesystem;

struct Text {
    std::string file;  ///< as it is named in messages
    std::string text;
    fs::path directory;
};

std::vector<std::string> library_names() {
    std::vector<std::string> names;
    for (const LibraryEntry& entry : library()) names.push_back(entry.name);
    return names;
}

Result<Text> find_text(const std::string& path_or_name) {
    for (const fs::path& path : {fs::path(path_or_name), fs::path(path_or_name + ".json")}) {
        std::error_code ignored;
        if (!fs::is_regular_file(path, ignored)) continue;
        auto text = read_file(path);
        if (!text) return text.error();
        return Text{path.string(), std::move(*text), fs::absolute(path).parent_path()};
    }
    std::string name = path_or_name;
    if (name.starts_with("scenarios/")) name.erase(0, std::string_view("scenarios/").size());
    if (name.ends_with(".json")) name.erase(name.size() - std::string_view(".json").size());
    const auto known = library_names();
    if (std::ranges::find(known, name) != known.end())
        return Text{fmt::format("scenarios/{}.json", name), std::string(*embedded::find(name + ".json")),
                    fs::current_path()};
    return fail("{}: no such file, and no scenario of the library ({}){}", path_or_name, fmt::join(known, ", "),
                did_you_mean(name, known));
}

/// "fleet.agents[0].defect" for "/fleet/agents/0/defect".
std::string as_pointer(std::string_view text) {
    if (text.empty() || text.front() == '/') return std::string(text);
    std::string pointer = "/";
    for (const char c : text) {
        if (c == '.' || c == '[') pointer += '/';
        else if (c != ']') pointer += c;
    }
    return pointer;
}

/// Puts `value` at `pointer`, making objects on the way; an index one past the end (or "-") appends.
Result<> put(Json& document, const std::string& pointer, Json value) {
    Json* at = &document;
    std::string_view rest = pointer;
    std::string done;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::string_view raw = rest.substr(0, rest.find('/'));
        rest.remove_prefix(raw.size());
        std::string key;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            const bool escape = raw[i] == '~' && i + 1 < raw.size();
            key += escape ? (raw[++i] == '1' ? '/' : '~') : raw[i];
        }
        if (at->is_null()) *at = Json::object();
        if (at->is_object()) {
            at = &(*at)[key];
        } else if (at->is_array()) {
            std::size_t index = key == "-" ? at->size() : at->size() + 1;
            if (!key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == std::string::npos)
                index = std::stoul(key);
            if (index > at->size())
                return fail("{} has the elements 0 to {}, not {}", done.empty() ? "/" : done,
                            static_cast<std::int64_t>(at->size()) - 1, key);
            if (index == at->size()) at->push_back(nullptr);
            at = &(*at)[index];
        } else {
            return fail("{} is {}, which has no members", done.empty() ? "/" : done, shown(*at));
        }
        done += fmt::format("/{}", raw);
    }
    *at = std::move(value);
    return {};
}

Result<> apply(const Overrides& overrides, Scenario& scenario) {
    const auto write = [&](const std::string& pointer, Json value, const std::string& option) -> Result<> {
        if (auto done = put(scenario.json, pointer, std::move(value)); !done) return with_context(option, done.error());
        scenario.origins.override_with(pointer, option);
        return {};
    };
    std::string wrong;
    const auto keep = [&](const Result<>& done) {
        if (!done) wrong += (wrong.empty() ? "" : "\n") + done.error().message;
    };
    for (const std::string& set : overrides.set) {
        const std::size_t equals = set.find('=');
        const std::string option = "--set " + set;
        if (equals == std::string::npos || equals == 0) {
            keep(fail("{}: expected POINTER=JSON, such as --set /fleet/agents/0/count=3", option));
            continue;
        }
        const std::string right = set.substr(equals + 1);
        Json value = Json::parse(right, nullptr, false);
        if (value.is_discarded()) value = right;
        keep(write(as_pointer(set.substr(0, equals)), std::move(value), option));
    }
    if (overrides.seed) keep(write("/seed", *overrides.seed, fmt::format("--seed {}", *overrides.seed)));
    if (overrides.duration) {
        const std::string text = format_short(*overrides.duration);
        keep(write("/duration", text, "--duration " + text));
    }
    if (overrides.claims) {
        const bool wrapped = overrides.claims->is_object() && overrides.claims->contains("claims");
        keep(write("/claims", wrapped ? overrides.claims->at("claims") : *overrides.claims, "--claims"));
    }
    if (overrides.driver) {
        const Json::json_pointer agents("/fleet/agents");
        const std::size_t groups = scenario.json.contains(agents) ? scenario.json.at(agents).size() : 0;
        for (std::size_t i = 0; i < groups && scenario.json.at(agents)[i].is_object(); ++i)
            keep(write(fmt::format("/fleet/agents/{}/driver", i), *overrides.driver, "--agent " + *overrides.driver));
    }
    if (!wrong.empty()) return Error::saying(std::move(wrong));
    return {};
}

const Json& schema() {
    static const Json parsed = [] {
        const auto bytes = embedded::find("schema/scenario.schema.json");
        MISTRIAL_INVARIANT(bytes.has_value(), "the program was built without scenarios/schema/scenario.schema.json");
        return Json::parse(*bytes);
    }();
    return parsed;
}

}  // namespace

Result<Scenario> load(const std::string& path_or_name, const Overrides& overrides) {
    auto text = find_text(path_or_name);
    if (!text) return text.error();
    auto json = parse_json(text->text, text->file, true);
    if (!json) return json.error();
    Scenario scenario{std::move(*json), "", text->directory, Origins(text->file, text->text)};
    if (auto done = apply(overrides, scenario); !done) return done.error();
    if (scenario.json.is_object() && scenario.json.value("name", Json()).is_string())
        scenario.name = scenario.json.at("name").get<std::string>();

    Mistakes mistakes;
    for (const auto& [pointer, line] : scenario.origins.repeated())
        mistakes.add(pointer, fmt::format("expected each key once, got one that stands on line {} too", line));
    // What the schema calls an unknown key may have a better answer (a fault of a later version), so it speaks last.
    (void)draft(scenario, mistakes);
    check_schema(scenario.json, schema(), mistakes);
    if (!mistakes.empty()) return mistakes.report(scenario.origins);
    return scenario;
}

std::vector<LibraryEntry> library() {
    std::vector<LibraryEntry> entries;
    for (const embedded::File& file : embedded::files()) {
        if (file.path.find('/') != std::string_view::npos || !file.path.ends_with(".json")) continue;
        const Json json = Json::parse(file.bytes, nullptr, false, true);
        if (!json.is_object() || !json.contains("fleet")) continue;
        entries.push_back({fs::path(file.path).stem().string(), json.value("about", "")});
    }
    return entries;
}

}  // namespace mistrial::scenario
