#include "harness/scenario/schema.hpp"

#include <algorithm>
#include <regex>

namespace mistrial::scenario {
namespace {

bool is_of_type(const Json& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "number") return value.is_number();
    if (type == "integer") return value.is_number_integer();
    MISTRIAL_INVARIANT(false, "a JSON Schema of ours uses the type {}", type);
    return false;
}

class Walk {
  public:
    Walk(const Json& schema, Mistakes& mistakes) : root_(schema), mistakes_(mistakes) {}

    void check(const Json& value, const Json& written, const std::string& pointer) {
        const Json& schema = target_of(written);
        if (schema.contains("oneOf") && !by_keys(schema["oneOf"]))
            return check_alternatives(value, schema, pointer);
        if (!fits(value, schema)) return expected(schema, value, pointer);
        if (value.is_object()) check_object(value, schema, pointer);
        if (value.is_array() && schema.contains("items"))
            for (std::size_t i = 0; i < value.size(); ++i) check(value[i], schema["items"], pointer_to(pointer, i));
    }

  private:
    /// `{"$ref": "#/definitions/NAME"}` stands for the definition; what is written beside it is for editors.
    [[nodiscard]] const Json& target_of(const Json& schema) const {
        const Json* at = &schema;
        while (at->contains("$ref"))
            at = &root_.at(Json::json_pointer(at->at("$ref").get<std::string>().substr(1)));
        return *at;
    }

    /// Everything but members and elements.
    [[nodiscard]] static bool fits(const Json& value, const Json& schema) {
        if (schema.contains("type") && !is_of_type(value, schema["type"].get_ref<const std::string&>())) return false;
        if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end()) return false;
        if (value.is_string()) {
            const auto& text = value.get_ref<const std::string&>();
            if (schema.contains("minLength") && text.size() < schema["minLength"].get<std::size_t>()) return false;
            if (schema.contains("pattern") &&
                !std::regex_search(text, std::regex(schema["pattern"].get<std::string>())))
                return false;
        }
        if (value.is_number()) {
            if (schema.contains("minimum") && value < schema["minimum"]) return false;
            if (schema.contains("maximum") && value > schema["maximum"]) return false;
        }
        return !(value.is_array() && schema.contains("minItems") &&
                 value.size() < schema["minItems"].get<std::size_t>());
    }

    [[nodiscard]] static std::string title_of(const Json& schema) {
        return schema.value("title", schema.value("type", "something else"));
    }

    void expected(const Json& schema, const Json& value, const std::string& pointer) {
        std::string meant;
        if (schema.contains("enum") && value.is_string()) {
            std::vector<std::string> known;
            for (const Json& name : schema["enum"]) known.push_back(name.get<std::string>());
            meant = did_you_mean(value.get<std::string>(), known);
        }
        mistakes_.add_once(pointer, fmt::format("expected {}, got {}{}", title_of(schema), shown(value), meant));
    }

    /// Alternatives that differ in their type: the one that the value's type chooses is the one that was meant.
    void check_alternatives(const Json& value, const Json& schema, const std::string& pointer) {
        for (const Json& alternative : schema["oneOf"])
            if (is_of_type(value, alternative.at("type").get_ref<const std::string&>()))
                return check(value, alternative, pointer);
        expected(schema, value, pointer);
    }

    /// `[{"required": ["at"]}, {"required": ["every"]}]`: exactly one of these keys.
    [[nodiscard]] static bool by_keys(const Json& alternatives) {
        return std::ranges::all_of(alternatives, [](const Json& one) { return one.size() == 1 && one.contains("required"); });
    }

    void check_object(const Json& value, const Json& schema, const std::string& pointer) {
        const Json properties = schema.value("properties", Json::object());
        std::vector<std::string> known;
        for (const auto& [key, member] : properties.items()) known.push_back(key);
        std::vector<std::string> meant;
        for (const auto& [key, member] : value.items()) {
            const std::string at = pointer_to(pointer, key);
            if (properties.contains(key)) {
                check(member, properties[key], at);
            } else if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object()) {
                check(member, schema["additionalProperties"], at);
            } else if (schema.contains("additionalProperties")) {
                meant.push_back(nearest(key, known));
                tell_unknown(key, meant.back(), known, at);
            }
        }
        for (const Json& name : schema.value("required", Json::array())) {
            const auto& key = name.get_ref<const std::string&>();
            // A key that was written wrongly is one mistake, not two.
            if (value.contains(key) || std::ranges::find(meant, key) != meant.end()) continue;
            const Json& wanted = target_of(properties.at(key));
            mistakes_.add_once(pointer_to(pointer, key), fmt::format("expected {}, got nothing", title_of(wanted)));
        }
        for (const Json& part : schema.value("allOf", Json::array())) check_keys(value, part["oneOf"], meant, pointer);
    }

    void tell_unknown(const std::string& key, const std::string& meant, const std::vector<std::string>& known,
                      const std::string& pointer) {
        constexpr std::size_t kManyKeys = 14;
        const std::string expected = known.size() <= kManyKeys ? fmt::format("one of the keys {}", fmt::join(known, ", "))
                                                              : fmt::format("one of {} known keys", known.size());
        mistakes_.add_once(pointer, fmt::format("expected {}, got \"{}\"{}", expected, key,
                                                meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)));
    }

    void check_keys(const Json& value, const Json& alternatives, const std::vector<std::string>& meant,
                    const std::string& pointer) {
        std::vector<std::string> keys, present;
        bool misspelt = false;
        for (const Json& alternative : alternatives) {
            keys.push_back(alternative["required"][0].get<std::string>());
            if (value.contains(keys.back())) present.push_back(keys.back());
            misspelt = misspelt || std::ranges::find(meant, keys.back()) != meant.end();
        }
        // An unknown key that holds an object stands where one of these should: it has been told.
        misspelt = misspelt || (keys.size() > 2 && std::ranges::find(meant, "") != meant.end());
        if (present.size() == 1 || (present.empty() && misspelt)) return;
        mistakes_.add(pointer, fmt::format("expected exactly one of the keys {}, got {}", fmt::join(keys, ", "),
                                           present.empty() ? "none" : fmt::format("{}", fmt::join(present, " and "))));
    }

    const Json& root_;
    Mistakes& mistakes_;
};

}  // namespace

void explain(const Json& document, const Json& schema, Mistakes& mistakes) {
    Walk(schema, mistakes).check(document, schema, "");
}

void check_schema(const Json& document, const Json& schema, Mistakes& mistakes) {
    explain(document, schema, mistakes);
    if (!mistakes.empty()) return;
    for (const auto& [pointer, sentence] : judge(document, schema)) mistakes.add_once(pointer, sentence);
}

}  // namespace mistrial::scenario
