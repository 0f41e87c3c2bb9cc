#include "checkers/claims.hpp"

#include "checkers/linearizability/limits.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {

enum class Kind : std::uint8_t { duration, boolean, number, model, value, size, posture, names };

struct Parameter {
    std::string_view name;
    Kind kind;
};

/// What each claim may say, beside `agents`, `bundles` and `terms`.
std::vector<Parameter> parameters_of(std::string_view property) {
    const auto is = [&](auto... names) { return ((property == names) || ...); };
    std::vector<Parameter> known;
    if (is("bounded-staleness", "split-brain", "convergence", "progress", "fork-freedom", "status-freshness", "visibility",
           "log-completeness", "durable-monotonicity")) {
        known.push_back({"within", Kind::duration});
        known.push_back({"force", Kind::boolean});
    }
    if (is("bounded-staleness")) known.push_back({"excused", Kind::boolean});
    if (is("authentic-activation")) known.push_back({"except", Kind::names});
    if (is("determinism")) known.push_back({"across_versions", Kind::boolean});
    if (is("no-lost-publish")) known.push_back({"within", Kind::duration});
    if (is("delta-atomicity")) known.push_back({"at_most", Kind::duration});
    if (is("k-atomicity")) known.push_back({"at_most", Kind::number});
    if (is("visibility")) known.push_back({"quantile", Kind::number});
    if (is("availability")) {
        known.push_back({"ratio", Kind::number});
        known.push_back({"gap", Kind::duration});
        known.push_back({"latency", Kind::duration});
    }
    if (is("fail-closed")) {
        known.push_back({"undefined", Kind::posture});
        known.push_back({"error", Kind::posture});
    }
    if (is("log-completeness")) known.push_back({"crash_loss", Kind::boolean});
    if (is("log-integrity")) known.push_back({"duplicates", Kind::boolean});
    if (is("clock-justified", "clock-coherence")) {
        known.push_back({"error", Kind::duration});
        known.push_back({"drift", Kind::number});
    }
    if (is("linearizability")) {
        known.push_back({"model", Kind::model});
        known.push_back({"initial", Kind::value});
        known.push_back({"time", Kind::duration});
        known.push_back({"memory", Kind::size});
    }
    known.push_back({"agents", Kind::names});
    known.push_back({"bundles", Kind::names});
    known.push_back({"terms", Kind::names});
    return known;
}

/// What a claim of the property says nothing without.
std::vector<Parameter> required_of(std::string_view property) {
    const auto is = [&](auto... names) { return ((property == names) || ...); };
    if (is("bounded-staleness", "split-brain", "convergence", "progress", "status-freshness", "fork-freedom",
           "log-completeness"))
        return {{"within", Kind::duration}};
    if (is("delta-atomicity")) return {{"at_most", Kind::duration}};
    if (is("k-atomicity")) return {{"at_most", Kind::number}};
    if (is("visibility")) return {{"quantile", Kind::number}, {"within", Kind::duration}};
    return {};
}

Result<Duration> duration_of(const Json& value) {
    if (value.is_string()) return parse_duration(value.get_ref<const std::string&>());
    return fail("expected a duration such as \"5s\", got {}", value.dump());
}

Result<std::vector<std::string>> names_of(const Json& value) {
    if (value.is_string()) return std::vector<std::string>{value.get<std::string>()};
    std::vector<std::string> names;
    if (!value.is_array()) return fail("expected a name or a list of names, got {}", value.dump());
    for (const Json& name : value) {
        if (!name.is_string()) return fail("expected a list of names, got {} in it", name.dump());
        names.push_back(name.get<std::string>());
    }
    if (names.empty()) return fail("expected at least one name; leave it out to name all");
    return names;
}

class ClaimParser {
  public:
    ClaimParser(std::string property, std::string pointer, std::vector<std::string>& errors)
        : pointer_(std::move(pointer)), errors_(errors) {
        claim_.property = std::move(property);
    }

    Claim parse(const Json& json) {
        if (!json.is_object()) {
            errors_.push_back(fmt::format("{}: expected an object of parameters, got {}", pointer_, json.dump()));
            return std::move(claim_);
        }
        claim_.parameters = json;
        const std::vector<Parameter> known = parameters_of(claim_.property);
        for (const auto& [key, value] : json.items()) {
            const auto found = std::find_if(known.begin(), known.end(), [&](const auto& p) { return p.name == key; });
            if (found == known.end()) {
                std::string names;
                for (const Parameter& p : known) {
                    // What a derived bound is made of is written beside it by us, and by nobody else.
                    if (p.name != "terms") names += fmt::format("{}{}", names.empty() ? "" : ", ", p.name);
                }
                error(key, fmt::format("{} has no such parameter; it takes {}", claim_.property, names));
            } else {
                take(*found, key, value);
            }
        }
        for (const Parameter& parameter : required_of(claim_.property)) {
            if (json.contains(parameter.name)) continue;
            const std::string_view what = parameter.kind == Kind::number ? "a number" : "a duration such as \"5s\"";
            errors_.push_back(fmt::format("{}: needs \"{}\": {}{}", pointer_, parameter.name, what,
                                          parameter.name == "within" ? ", or \"derived\"" : ""));
        }
        return std::move(claim_);
    }

  private:
    void error(const std::string& key, std::string_view what) {
        errors_.push_back(fmt::format("{}/{}: {}", pointer_, key, what));
    }

    void take(const Parameter& parameter, const std::string& key, const Json& value) {
        switch (parameter.kind) {
            case Kind::duration: return take_duration(key, value);
            case Kind::boolean:
                if (!value.is_boolean()) return error(key, "expected true or false, got " + value.dump());
                if (key == "excused") claim_.excused = value.get<bool>();
                return;
            case Kind::number: return take_number(key, value);
            case Kind::model:
                if (!value.is_string() || linearizability::find_model(value.get_ref<const std::string&>()) == nullptr) {
                    error(key, fmt::format("expected {}, got {}", linearizability::model_names(), value.dump()));
                }
                return;
            case Kind::value: return;
            case Kind::size: return take_size(key, value);
            case Kind::posture:
                if (value != "allow" && value != "deny") error(key, "expected \"allow\" or \"deny\", got " + value.dump());
                return;
            case Kind::names: return take_names(key, value);
        }
    }

    void take_duration(const std::string& key, const Json& value) {
        if (key == "within" && value == "derived") return;
        const Result<Duration> duration = duration_of(value);
        if (!duration) return error(key, duration.error().message);
        if (*duration < Duration::zero() || (key == "within" && *duration == Duration::zero())) {
            return error(key, "expected a positive duration, got " + value.dump());
        }
        if (key == "within") claim_.within = *duration;
    }

    void take_number(const std::string& key, const Json& value) {
        if (!value.is_number()) return error(key, "expected a number, got " + value.dump());
        const auto number = value.get<double>();
        if ((key == "quantile" || key == "ratio") && (number < 0 || number > 1)) {
            return error(key, "expected a number between 0 and 1, got " + value.dump());
        }
        if (key == "at_most" && (!value.is_number_integer() || number < 1)) {
            error(key, "expected an integer of at least 1, got " + value.dump());
        }
    }

    void take_size(const std::string& key, const Json& value) {
        if (value.is_number_unsigned() && value != 0) return;
        if (!value.is_string()) return error(key, "expected a size such as \"4GiB\", got " + value.dump());
        if (const auto size = linearizability::parse_size(value.get_ref<const std::string&>()); !size) {
            error(key, size.error().message);
        }
    }

    void take_names(const std::string& key, const Json& value) {
        Result<std::vector<std::string>> names = names_of(value);
        if (!names) return error(key, names.error().message);
        if (key == "agents") claim_.agents = std::move(*names);
        if (key == "bundles") claim_.bundles = std::move(*names);
        if (key == "terms") claim_.terms = std::move(*names);
    }

    std::string pointer_;
    std::vector<std::string>& errors_;
    Claim claim_;
};

}  // namespace

std::optional<Duration> Claim::duration(const char* name) const {
    if (!parameters.is_object() || !parameters.contains(name)) return std::nullopt;
    // A program that makes its claims itself may give nanoseconds; what people write has a unit (`parse_claims`).
    if (parameters[name].is_number_integer()) return Duration{parameters[name].get<std::int64_t>()};
    const Result<Duration> duration = duration_of(parameters[name]);
    return duration ? std::optional(*duration) : std::nullopt;
}

std::optional<double> Claim::number(const char* name) const {
    if (!parameters.is_object()) return std::nullopt;
    const auto found = parameters.find(name);
    return found != parameters.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

Result<Claims> parse_claims(const Json& json, std::string_view pointer) {
    if (!json.is_object()) {
        return fail("{}{}expected an object of claims, got {}", pointer, pointer.empty() ? "" : ": ", json.type_name());
    }
    std::vector<std::string> errors;
    Claims claims;
    for (const auto& [name, parameters] : json.items()) {
        if (name == "profile") {
            errors.push_back(fmt::format("{}/profile: a profile stands for its claims; only a scenario and a file of claims "
                                         "(--claims) may name one",
                                         pointer));
            continue;
        }
        const Property* property = find_property(name);
        if (property == nullptr) {
            errors.push_back(fmt::format("{}/{}: there is no such property; did you mean \"{}\"? (`mistrial list properties`)",
                                         pointer, name, nearest_property(name)));
            continue;
        }
        const std::string canonical_name{property->name};
        Claim claim = ClaimParser{canonical_name, fmt::format("{}/{}", pointer, name), errors}.parse(parameters);
        if (!claims.emplace(canonical_name, std::move(claim)).second) {
            errors.push_back(fmt::format("{}/{}: {} is claimed twice", pointer, name, canonical_name));
        }
    }
    if (errors.empty()) return claims;
    return fail("{}", fmt::join(errors, "\n"));
}

Json to_json(const Claims& claims) {
    Json json = Json::object();
    for (const auto& [name, claim] : claims) {
        Json parameters = claim.parameters.is_object() ? claim.parameters : Json::object();
        if (claim.within) parameters["within"] = format_duration(*claim.within);
        if (!claim.excused) parameters["excused"] = false;
        if (!claim.terms.empty()) parameters["terms"] = claim.terms;
        if (!claim.agents.empty()) parameters["agents"] = claim.agents;
        if (!claim.bundles.empty()) parameters["bundles"] = claim.bundles;
        json[name] = std::move(parameters);
    }
    return json;
}

}  // namespace mistrial::checkers
