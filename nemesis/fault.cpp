#include "nemesis/fault.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace mistrial::nemesis {
namespace {

Json nanos_pair(const history::Skew& skew) { return Json::array({skew.low.count(), skew.high.count()}); }

Json to_json(const history::Excuse& excuse) {
    return {{"bundles", excuse.bundles}, {"status", excuse.status}, {"log", excuse.log}, {"answers", excuse.answers}};
}

/// Reads the members of one object and remembers the first thing that is wrong with it.
class Members {
  public:
    Members(const Json& json, std::string pointer, std::initializer_list<std::string_view> known)
        : json_(json), pointer_(std::move(pointer)) {
        if (!json_.is_object()) {
            refuse(pointer_, "an object", json_);
            return;
        }
        for (const auto& [key, value] : json_.items())
            if (std::ranges::find(known, key) == known.end())
                refuse(pointer_ + "/" + key, fmt::format("one of {}", fmt::join(known, ", ")), Json(key));
    }

    [[nodiscard]] const std::optional<Error>& wrong() const { return wrong_; }

    template <class T>
    void read(std::string_view key, bool (Json::*is)() const noexcept, std::string_view expected, T& out) {
        if (wrong_) return;
        const auto found = json_.find(std::string(key));
        if (found == json_.end() || !((*found).*is)())
            return refuse(fmt::format("{}/{}", pointer_, key), expected, found == json_.end() ? Json() : *found);
        found->get_to(out);
    }

    void read(std::string_view key, TrueTime& out) {
        std::string text;
        read(key, &Json::is_string, "a time since the start of the run, such as \"10s\"", text);
        if (wrong_) return;
        const auto parsed = parse_duration(text);
        if (!parsed) return refuse(fmt::format("{}/{}", pointer_, key), "a time such as \"10s\"", Json(text));
        out = TrueTime{*parsed};
    }

    void read(std::string_view key, std::vector<std::string>& out) {
        if (wrong_) return;
        const Json value = json_.value(std::string(key), Json());
        const bool names =
            value.is_array() && std::ranges::all_of(value, [](const Json& name) { return name.is_string(); });
        if (!names) return refuse(fmt::format("{}/{}", pointer_, key), "an array of names", value);
        value.get_to(out);
    }

    void refuse(std::string_view pointer, std::string_view expected, const Json& got) {
        if (!wrong_) wrong_ = fail("{}: expected {}, got {}", pointer, expected, got.dump());
    }

  private:
    const Json& json_;
    std::string pointer_;
    std::optional<Error> wrong_;
};

Result<history::Excuse> excuse_from_json(const Json& json, const std::string& pointer) {
    history::Excuse excuse;
    Members members(json, pointer, {"bundles", "status", "log", "answers"});
    members.read("bundles", excuse.bundles);
    members.read("status", &Json::is_boolean, "true or false", excuse.status);
    members.read("log", &Json::is_boolean, "true or false", excuse.log);
    members.read("answers", &Json::is_boolean, "true or false", excuse.answers);
    if (members.wrong()) return *members.wrong();
    return excuse;
}

Result<history::Skew> skew_from_json(const Json& json, const std::string& pointer) {
    Members members(json, pointer, {"wall"});
    if (members.wrong()) return *members.wrong();
    const Json wall = json.value("wall", Json());
    if (!wall.is_array() || wall.size() != 2 || !wall[0].is_number_integer() || !wall[1].is_number_integer())
        return fail("{}/wall: expected [lowest, highest] in nanoseconds, got {}", pointer, wall.dump());
    return history::Skew{Duration{wall[0].get<std::int64_t>()}, Duration{wall[1].get<std::int64_t>()}};
}

}  // namespace

std::string record_name(std::string_view kind, Phase phase) {
    const bool healing = phase == Phase::healing || phase == Phase::healed;
    return healing ? fmt::format("heal-{}", kind) : std::string(kind);
}

const std::vector<FaultKind>& fault_kinds() {
    static const std::vector<FaultKind> kinds = {
        {"partition", "cuts edges between nodes, one way or both: black hole, stall, refused or reset connections",
         {"tcp-black-hole"}, true},
        {"clock", "moves the wall clock of one agent by an offset until it is healed", {"vdso-clock"}, true},
        {"kill", "kills an agent (SIGKILL) and starts it again at the end, with its persisted state or without it", {},
         true},
        {"pause", "stops an agent (SIGSTOP) and continues it at the end", {}, true},
    };
    return kinds;
}

const FaultKind* find_fault_kind(std::string_view name) {
    const auto& kinds = fault_kinds();
    const auto found = std::ranges::find(kinds, name, &FaultKind::name);
    return found == kinds.end() ? nullptr : &*found;
}

Json to_json(const FaultInterval& interval) {
    Json excuses = Json::object();
    for (const auto& [agent, excuse] : interval.excuses) excuses[agent] = to_json(excuse);
    Json skews = Json::object();
    for (const auto& [agent, skew] : interval.skews) skews[agent] = {{"wall", nanos_pair(skew)}};
    return {{"id", interval.id},
            {"kind", interval.kind},
            {"target", interval.target},
            {"start", format_short(interval.start.time_since_epoch())},
            {"stop", format_short(interval.stop.time_since_epoch())},
            {"parameters", interval.parameters},
            {"excuses", excuses},
            {"skews", skews}};
}

Result<FaultInterval> fault_from_json(const Json& json, std::string_view pointer) {
    FaultInterval interval;
    Json excuses, skews;
    Members members(json, std::string(pointer),
                    {"id", "kind", "target", "start", "stop", "parameters", "excuses", "skews"});
    members.read("id", &Json::is_string, "the fault's id", interval.id);
    members.read("kind", &Json::is_string, "a kind of fault", interval.kind);
    members.read("target", interval.target);
    members.read("start", interval.start);
    members.read("stop", interval.stop);
    members.read("parameters", &Json::is_object, "an object", interval.parameters);
    members.read("excuses", &Json::is_object, "an object keyed by agent", excuses);
    members.read("skews", &Json::is_object, "an object keyed by agent", skews);
    if (members.wrong()) return *members.wrong();
    if (find_fault_kind(interval.kind) == nullptr) {
        std::vector<std::string_view> names;
        for (const FaultKind& kind : fault_kinds()) names.push_back(kind.name);
        return fail("{}/kind: expected one of {}, got \"{}\"", pointer, fmt::join(names, ", "), interval.kind);
    }
    if (interval.stop < interval.start)
        return fail("{}/stop: expected a time at or after its start {}, got \"{}\"", pointer,
                    format_short(interval.start.time_since_epoch()),
                    format_short(interval.stop.time_since_epoch()));
    for (const auto& [agent, value] : excuses.items()) {
        const auto excuse = excuse_from_json(value, fmt::format("{}/excuses/{}", pointer, agent));
        if (!excuse) return excuse.error();
        interval.excuses[agent] = *excuse;
    }
    for (const auto& [agent, value] : skews.items()) {
        const auto skew = skew_from_json(value, fmt::format("{}/skews/{}", pointer, agent));
        if (!skew) return skew.error();
        interval.skews[agent] = *skew;
    }
    return interval;
}

}  // namespace mistrial::nemesis
