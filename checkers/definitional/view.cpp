#include "checkers/definitional/view.hpp"

#include <algorithm>
#include <set>

namespace mistrial::checkers::definitional {

using history::Type;

namespace {

std::string boolean(bool value) { return value ? "true" : "false"; }

}  // namespace

std::string process_of(const std::string& agent, const std::string& incarnation) { return agent + " as " + incarnation; }

const Publish* find_publish(const View& view, const std::string& bundle, const std::string& revision) {
    const Publish* found = nullptr;
    for (const Publish& publish : view.publishes) {
        if (publish.bundle == bundle && publish.revision == revision) found = &publish;
    }
    return found;
}

TrueTime effective(const Publish& publish) {
    TrueTime earliest = publish.outcome == Type::ok ? *publish.res : TrueTime::max();
    for (const TrueTime observation : publish.observations) earliest = std::min(earliest, observation);
    return earliest;
}

TrueTime acknowledged(const Publish& publish) {
    if (publish.outcome == Type::ok) return *publish.res;
    if (publish.outcome != Type::info || publish.observations.empty()) return TrueTime::max();
    return std::max(*publish.res, effective(publish));
}

bool builds_on(const View& view, const Publish& later, const Publish& earlier) {
    // Publishes are kept in the order of their invokes, so an earlier place in the order is an earlier place in memory.
    if (later.bundle != earlier.bundle || &earlier > &later) return false;
    if (later.authority == earlier.authority) return true;
    const Json includes = later.content.is_object() ? later.content.value("includes", Json()) : Json();
    if (!includes.is_object()) return false;
    for (const auto& [authority, revision] : includes.items()) {
        const Publish* included = nullptr;
        for (const Publish& publish : view.publishes) {
            if (&publish < &later && publish.bundle == later.bundle && publish.revision == revision) included = &publish;
        }
        if (included == nullptr) continue;
        if (included == &earlier) return true;
        // What it includes brings along what that says of others; of its own authority, everything before.
        if (included->authority == earlier.authority ? &earlier < included : builds_on(view, *included, earlier)) return true;
    }
    return false;
}

bool certainly_before(const View& view, const Publish* a, const Publish& b) {
    if (a == nullptr) return true;
    return a->bundle == b.bundle && a < &b && effective(*a) < b.inv && builds_on(view, b, *a);
}

TrueTime deadline(const View& view, const Publish& publish, const std::string& agent, TrueTime t, Duration within,
                  bool faults_excuse) {
    TrueTime acked = acknowledged(publish);
    if (acked == TrueTime::max()) return TrueTime::max();
    // A process that began after the acknowledgement has the whole bound from its beginning.
    for (const Window& window : view.windows)
        if (window.restart && window.agent == agent && window.to <= t) acked = std::max(acked, window.to);
    std::vector<TrueTime> starts{acked};
    std::vector<const Window*> windows;
    for (const Window& window : view.windows) {
        if (window.fault && !faults_excuse) continue;
        if (!window.agent.empty() && window.agent != agent) continue;
        if (!window.bundle.empty() && window.bundle != publish.bundle) continue;
        windows.push_back(&window);
        if (window.to >= acked && window.to != TrueTime::max()) starts.push_back(window.to);
    }
    TrueTime earliest = TrueTime::max();
    for (const TrueTime start : starts) {
        const bool interrupted = std::any_of(windows.begin(), windows.end(), [&](const Window* window) {
            return std::max(start, window->from) < std::min(start + within, window->to);
        });
        if (!interrupted) earliest = std::min(earliest, start + within);
    }
    return earliest;
}

std::vector<std::string> admitted(const View& view, const Publish& publish, const std::string& input,
                                  std::optional<WallTime> clock) {
    if (!publish.content.is_object() || !publish.content.contains("verdicts")) return {};
    const Json& verdicts = publish.content["verdicts"];
    if (!verdicts.contains(input)) {
        const Json base = publish.content.value("base", Json());
        if (!base.is_string()) return {};
        const Publish* from = nullptr;
        for (const Publish& earlier : view.publishes) {
            if (&earlier >= &publish) break;
            if (earlier.bundle == publish.bundle && earlier.revision == base) from = &earlier;
        }
        return from == nullptr ? std::vector<std::string>{} : admitted(view, *from, input, clock);
    }
    const Json& verdict = verdicts[input];
    if (verdict == Json{{"undefined", true}}) return {"undefined"};
    if (!verdict.is_object() || verdict.size() != 1 || !verdict.contains("pieces")) return {canonical(verdict)};
    const Duration slack = std::chrono::microseconds{1};
    std::vector<std::string> possible;
    std::optional<WallTime> from;
    for (std::size_t i = 0; i < verdict["pieces"].size(); ++i) {
        const Json& piece = verdict["pieces"][i];
        const bool last = i + 1 == verdict["pieces"].size();
        const WallTime until = last ? WallTime::max() : at_nanos<WallTime>(piece["until"].get<std::int64_t>());
        if (!clock || ((!from || *from - slack <= *clock) && (last || *clock < until + slack))) {
            possible.push_back(canonical(piece["verdict"]));
        }
        from = until;
    }
    return possible;
}

std::vector<std::string> bundles_of(const View& view, const Operation& operation) {
    const std::string& input = operation.input;
    if (view.inputs.is_object() && view.inputs.contains(input) && view.inputs[input].contains("bundles")) {
        auto named = view.inputs[input]["bundles"].get<std::vector<std::string>>();
        if (!named.empty()) return named;
    }
    std::set<std::string> all(view.listed_bundles.begin(), view.listed_bundles.end());
    std::set<std::string> telling;
    // A probe between two bundles is about both, whether both were published or not.
    if (view.inputs.is_object() && view.inputs.contains(input) && view.inputs[input].contains("new_enemy")) {
        for (const Json& side : view.inputs[input]["new_enemy"]) all.insert(side.begin().key());
    }
    for (const Publish& publish : view.publishes) {
        if (publish.index > operation.index) continue;
        all.insert(publish.bundle);
        if (!admitted(view, publish, input, std::nullopt).empty()) telling.insert(publish.bundle);
    }
    const std::set<std::string>& chosen = telling.empty() ? all : telling;
    return {chosen.begin(), chosen.end()};
}

std::vector<std::string> admitted_by_state(const View& view, const std::vector<const Publish*>& state,
                                           const std::string& input, std::optional<WallTime> clock) {
    const Json special = view.inputs.is_object() ? view.inputs.value(input, Json::object()) : Json::object();
    const std::string how = special.value("combine", "");
    if (state.empty() || (how.empty() && state.size() != 1)) return {};
    std::vector<std::vector<std::string>> parts;
    for (std::size_t i = 0; i < state.size(); ++i) {
        if (state[i] != nullptr) {
            parts.push_back(admitted(view, *state[i], input, clock));
        } else if (special.contains("inactive")) {
            parts.push_back({special["inactive"] == Json{{"undefined", true}} ? "undefined" : canonical(special["inactive"])});
        } else {
            parts.push_back({i == 0 ? "undefined" : "false"});
        }
    }
    std::vector<std::string> result = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) {
        std::vector<std::string> joined;
        for (const std::string& a : result) {
            for (const std::string& b : parts[i]) {
                if (a == "undefined" || b == "undefined") {
                    joined.push_back("undefined");
                } else if ((a != "true" && a != "false") || (b != "true" && b != "false")) {
                    return {};
                } else {
                    joined.push_back(boolean(how == "and" ? a == "true" && b == "true" : a == "true" || b == "true"));
                }
            }
        }
        result = joined;
    }
    return result;
}

bool allows(const std::string& answer) {
    const Json value = Json::parse(answer, nullptr, false);
    return value == true || (value.is_object() && value.contains("allow") && value["allow"] == true);
}

}  // namespace mistrial::checkers::definitional
