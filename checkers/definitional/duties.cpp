#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>

namespace mistrial::checkers::definitional {

namespace {

/// When the duty of the agent (for the bundle; empty: none) rests: "poll", "report" or "answer".
std::vector<Window> rests(const View& view, const std::string& agent, const std::string& bundle, const std::string& duty) {
    std::vector<Window> found;
    const auto add = [&](const Window& window) {
        const bool mine = (window.agent.empty() || window.agent == agent) && (window.bundle.empty() || window.bundle == bundle);
        if (mine && (window.from < window.to || window.restart)) found.push_back(window);
    };
    for (const Window& window : view.windows) {
        // A fault in the way of bundles, or the agent or the harness standing still; not a bad revision at the source.
        // Not having answered is no excuse for not having answered.
        if (window.suspected && duty == "answer") continue;
        if (window.fault ? duty != "answer" : window.bundle.empty()) add(window);
    }
    const std::string channel = duty == "report" ? "status" : duty == "answer" ? "answers" : "";
    if (const auto silenced = view.silenced.find(channel); silenced != view.silenced.end()) {
        for (const Window& window : silenced->second) add(window);
    }
    return found;
}

/// min { s + within : s >= t, [s, s + within] meets no window }.
TrueTime due_after(const std::vector<Window>& windows, TrueTime t, Duration within) {
    std::vector<TrueTime> starts{t};
    for (const Window& window : windows) {
        if (window.to > t && window.to != TrueTime::max()) starts.push_back(window.to);
    }
    TrueTime earliest = TrueTime::max();
    for (const TrueTime start : starts) {
        const bool interrupted = std::any_of(windows.begin(), windows.end(), [&](const Window& window) {
            const bool begins_anew = window.restart && start < window.to && window.to < start + within;
            return begins_anew || std::max(start, window.from) < std::min(start + within, window.to);
        });
        if (!interrupted) earliest = std::min(earliest, start + within);
    }
    return earliest;
}

bool touches(const Window& window, TrueTime from, TrueTime to) {
    if (window.restart && from <= window.to && window.to <= to) return true;  // of which process?
    return std::max(window.from, from) < std::min(window.to, to) || (window.from < from && from < window.to) ||
           (window.from < to && to < window.to);
}

bool touched(const std::vector<Window>& windows, TrueTime from, TrueTime to) {
    return std::any_of(windows.begin(), windows.end(), [&](const Window& window) { return touches(window, from, to); });
}

}  // namespace

// L2: after each answered request of a, the next is answered by its deadline. Named is the request before (the one after,
// when none was).
Indexes progress(const View& view, const Claim& claim) {
    Indexes indexes;
    if (!claim.within) return indexes;
    std::set<std::pair<std::string, std::string>> loops;
    for (const Request& request : view.requests) {
        const bool mirror = std::any_of(view.requests.begin(), view.requests.end(),
                                        [&](const Request& other) { return other.server == request.agent; });
        const bool listed = view.agents.empty() ||
                            std::find(view.agents.begin(), view.agents.end(), request.agent) != view.agents.end();
        if (request.agent.empty() || mirror || !listed) continue;
        if (claim.covers_agent(request.agent) && claim.covers_bundle(request.bundle)) loops.insert({request.agent, request.bundle});
    }
    for (const auto& [agent, bundle] : loops) {
        const std::vector<Window> windows = rests(view, agent, bundle, "poll");
        const Request* before = nullptr;
        for (const Request& request : view.requests) {
            if (request.agent != agent || request.bundle != bundle) continue;
            std::optional<TrueTime> since;
            if (before != nullptr) since = before->at;
            for (const Turn& turn : view.turns) {
                if (turn.agent == agent && turn.boot && turn.index < request.index && !since) since = turn.at;
            }
            if (since && due_after(windows, *since, *claim.within) < request.at) {
                indexes.insert(before != nullptr ? before->index : request.index);
            }
            before = &request;
        }
        if (due_after(windows, before->at, *claim.within) < view.end) indexes.insert(before->index);
    }
    return indexes;
}

// A1 (docs/properties.md, `availability`): the share of answers, gaps, latency, and what was active stays.
Indexes availability(const View& view, const Claim& claim) {
    Indexes indexes;
    const double ratio = claim.number("ratio").value_or(0.999);
    const Duration gap = claim.duration("gap").value_or(std::chrono::seconds{2});
    const auto latency = claim.duration("latency");
    std::set<std::string> agents;
    for (const Missing& missing : view.missing) agents.insert(missing.agent);
    for (const Operation& d : view.operations) agents.insert(d.agent);
    for (const std::string& agent : agents) {
        if (!claim.covers_agent(agent)) continue;
        const std::vector<Window> windows = rests(view, agent, "", "answer");
        std::vector<const Operation*> answers;
        std::vector<const Missing*> missing;
        double unsent = 0;
        for (const Operation& d : view.operations) {
            if (d.agent == agent && !d.is_status) answers.push_back(&d);
        }
        for (const Missing& one : view.missing) {
            if (one.agent != agent || touched(windows, one.due, one.res)) continue;
            if (one.sent) missing.push_back(&one);
            else unsent += 1;
        }
        const auto answered = static_cast<double>(answers.size());
        if (answered + unsent < ratio * (answered + unsent + static_cast<double>(missing.size()))) {
            for (const Missing* one : missing) indexes.insert(one->index);
        }
        for (const Missing* last : missing) {
            TrueTime after = TrueTime::min();  // nothing counts before the last answer and the last excuse
            TrueTime answer = TrueTime::min();
            for (const Operation* d : answers) {
                if (d->res < last->res) answer = std::max(answer, d->res);
            }
            TrueTime excuse = TrueTime::min();
            for (const Window& window : windows) {
                if (window.to <= last->due) excuse = std::max(excuse, window.to);
            }
            after = std::max(answer, excuse);
            TrueTime since = last->inv;
            for (const Missing* first : missing) {
                if (first->index <= last->index && first->res > answer && first->due >= excuse) since = std::min(since, first->inv);
            }
            if (last->res - std::max(since, after) > gap) indexes.insert(last->index);
        }
        for (const Operation* d : answers) {
            if (latency && d->res - d->inv > *latency && !touched(windows, d->inv, d->res)) indexes.insert(d->index);
        }
    }
    for (const Operation& d : view.operations) {
        if (d.is_status || d.incarnation.empty() || !covered(claim, d)) continue;
        for (const auto& [bundle, shown] : d.shown) {
            if (!claim.covers_bundle(bundle) || shown.state != Shown::State::nothing) continue;
            for (const Operation& o : view.operations) {
                if (o.is_status || o.incarnation != d.incarnation || !(o.res < d.inv) || !covered(claim, o)) continue;
                const auto had = o.shown.find(bundle);
                if (had == o.shown.end()) continue;
                if (had->second.state == Shown::State::revision || had->second.state == Shown::State::unpublished) {
                    indexes.insert(d.index);
                }
            }
        }
    }
    return indexes;
}

// T1: a report that names r and arrived before d began: pi(d) >= r in the same incarnation.
Indexes status_truth(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || d.incarnation.empty() || !covered(claim, d)) continue;
        for (const Operation& report : view.operations) {
            if (!report.is_status || report.incarnation != d.incarnation || !(report.res < d.inv)) continue;
            if (!covered(claim, report)) continue;
            for (const auto& [bundle, shown] : d.shown) {
                const Publish* older = nullptr;
                const Publish* newer = nullptr;
                if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, older)) continue;
                if (!revision_of(view, report, bundle, newer) || newer == nullptr) continue;
                if (certainly_before(view, older, *newer)) indexes.insert(d.index);
            }
        }
    }
    return indexes;
}

// T2: the first decision of an incarnation that shows r is followed by a report of r, or newer, or of an error, by the
// deadline, unless the process ended first.
Indexes status_freshness(const View& view, const Claim& claim) {
    Indexes indexes;
    if (!claim.within) return indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || d.incarnation.empty() || !covered(claim, d)) continue;
        const bool reports = std::any_of(view.operations.begin(), view.operations.end(), [&](const Operation& other) {
            return other.is_status && other.agent == d.agent;
        });
        if (!reports) continue;
        for (const auto& [bundle, shown] : d.shown) {
            const Publish* r = nullptr;
            if (!claim.covers_bundle(bundle) || !revision_of(view, d, bundle, r) || r == nullptr) continue;
            TrueTime paid = view.end;
            const Publish* reported = nullptr;
            bool first = true;
            for (const Operation& other : view.operations) {
                const Publish* named = nullptr;
                const bool names = revision_of(view, other, bundle, named);
                if (!other.is_status) {
                    if (other.index < d.index && other.incarnation == d.incarnation && names && named >= r) first = false;
                    continue;
                }
                if (other.agent != d.agent || (other.names_incarnation && other.incarnation != d.incarnation)) continue;
                if (other.index < d.index) {
                    if (names) reported = std::max(reported, named);
                } else if (other.has_errors || (names && !certainly_before(view, named, *r))) {
                    paid = std::min(paid, other.res);
                }
            }
            if (reported != nullptr && !certainly_before(view, reported, *r)) continue;
            for (const Turn& turn : view.turns) {
                if (turn.agent == d.agent && turn.index > d.index) paid = std::min(paid, turn.at);
            }
            const std::vector<Window> resting = rests(view, d.agent, bundle, "report");
            const TrueTime due = due_after(resting, d.res, *claim.within);
            // Nobody owes what a process that is gone had not reported yet.
            const bool is_gone = std::any_of(resting.begin(), resting.end(), [&](const Window& window) {
                return window.restart && d.res < window.to && window.to <= due;
            });
            if (first && !is_gone && due < paid) indexes.insert(d.index);
        }
    }
    return indexes;
}

// T3: /health?bundles says 200 before d begins: d shows something active of every bundle, in the same incarnation.
Indexes health_truth(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Operation& d : view.operations) {
        if (d.is_status || d.incarnation.empty() || !covered(claim, d)) continue;
        const bool ready = std::any_of(view.healths.begin(), view.healths.end(), [&](const Health& health) {
            const bool asked = health.query == "bundles" || health.query.find("?bundles") != std::string::npos ||
                               health.query.starts_with("bundles&") || health.query.find("&bundles") != std::string::npos;
            return asked && health.status == 200 && health.incarnation == d.incarnation && health.res < d.inv;
        });
        const bool empty = std::any_of(d.shown.begin(), d.shown.end(), [&](const auto& shown) {
            return claim.covers_bundle(shown.first) && shown.second.state == Shown::State::nothing;
        });
        if (ready && empty) indexes.insert(d.index);
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
