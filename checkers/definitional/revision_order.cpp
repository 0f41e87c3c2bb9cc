#include "checkers/definitional/definitions.hpp"
#include "checkers/definitional/questions.hpp"

#include <algorithm>
#include <map>

namespace mistrial::checkers::definitional {

using history::Type;

namespace {

std::optional<std::int64_t> sequence_of(const Publish& publish) {
    if (!publish.content.is_object() || !publish.content.contains("sequence")) return std::nullopt;
    const Json& sequence = publish.content["sequence"];
    return sequence.is_number_integer() ? std::optional(sequence.get<std::int64_t>()) : std::nullopt;
}

const Publish* published_by_record(const View& view, const Served& served) {
    const Publish* found = nullptr;
    for (const Publish& publish : view.publishes) {
        const bool same = publish.bundle == served.serve.bundle && publish.revision == served.serve.revision;
        if (same && publish.index < served.index) found = &publish;
    }
    return found;
}

bool covered(const Claim& claim, const Served& served) {
    return claim.covers_bundle(served.serve.bundle) && (!served.serve.agent || claim.covers_agent(*served.serve.agent));
}

bool declares_ancestry(const View& view, const std::string& bundle) {
    return std::any_of(view.publishes.begin(), view.publishes.end(), [&](const Publish& publish) {
        return publish.bundle == bundle && publish.content.is_object() && publish.content.contains("includes") &&
               publish.content["includes"].is_object();
    });
}

bool comparable(const View& view, const Publish& a, const Publish& b) {
    return &a == &b || builds_on(view, a, b) || builds_on(view, b, a);
}

std::set<std::string> bundles(const View& view) {
    std::set<std::string> names;
    for (const Publish& publish : view.publishes) names.insert(publish.bundle);
    return names;
}

/// An operation that shows a revision of the bundle after a second authority began to publish it.
struct Sight {
    const Operation* operation = nullptr;
    const Publish* publish = nullptr;  ///< empty: nothing active
};

std::vector<Sight> sights(const View& view, const Claim& claim, const std::string& bundle, std::uint64_t since) {
    std::vector<Sight> all;
    for (const Operation& operation : view.operations) {
        const Publish* publish = nullptr;
        if (operation.index <= since || operation.incarnation.empty() || !covered(claim, operation)) continue;
        if (revision_of(view, operation, bundle, publish)) all.push_back({&operation, publish});
    }
    return all;
}

/// True when nothing excuses either agent in [from, to].
bool both_connected(const View& view, const std::string& bundle, const std::string& a, const std::string& b, TrueTime from,
                    TrueTime to) {
    return std::none_of(view.windows.begin(), view.windows.end(), [&](const Window& window) {
        const bool concerns = (window.agent.empty() || window.agent == a || window.agent == b) &&
                              (window.bundle.empty() || window.bundle == bundle);
        return concerns && std::max(window.from, from) < std::min(window.to, to);
    });
}

/// What an incarnation certainly held from one time to another.
struct Held {
    const Publish* publish = nullptr;
    std::string agent;
    std::string incarnation;
    TrueTime from;
    TrueTime to;
    std::uint64_t last = 0;
};

/// From o to d, if both show r and nothing that shows anything else ends between them or may have been answered then. Of
/// several, the longest.
std::vector<Held> held_for_certain(const std::vector<Sight>& all) {
    std::vector<Held> held;
    for (const Sight& sight : all) {
        const Operation& o = *sight.operation;
        for (const Sight& same : all) {
            const Operation& d = *same.operation;
            if (sight.publish == nullptr || same.publish != sight.publish || o.incarnation != d.incarnation) continue;
            if (o.is_status || d.is_status || !(o.res < d.inv)) continue;
            const bool certain = std::none_of(all.begin(), all.end(), [&](const Sight& other) {
                const Operation& x = *other.operation;
                if (x.incarnation != d.incarnation || other.publish == sight.publish || x.res < o.res) return false;
                return x.is_status || x.inv < d.inv || x.res <= d.res;
            });
            if (certain) held.push_back({sight.publish, d.agent, d.incarnation, o.res, d.inv, d.index});
        }
    }
    std::vector<Held> longest;
    for (const Held& one : held) {
        const bool part_of_another = std::any_of(held.begin(), held.end(), [&](const Held& other) {
            if (other.incarnation != one.incarnation || other.publish != one.publish) return false;
            const bool contains = other.from <= one.from && one.to <= other.to;
            const bool same = other.from == one.from && other.to == one.to;
            return contains && (!same || other.last < one.last);
        });
        if (!part_of_another) longest.push_back(one);
    }
    return longest;
}

void add_forks(const View& view, const Claim& claim, const std::string& bundle, const std::vector<Sight>& all,
               Indexes& indexes) {
    const std::vector<Held> held = held_for_certain(all);
    for (const Held& one : held) {
        for (const Held& other : held) {
            if (one.agent == other.agent || comparable(view, *one.publish, *other.publish)) continue;
            const TrueTime from = std::max(one.from, other.from);
            const TrueTime to = std::min(one.to, other.to);
            std::vector<TrueTime> starts{from};
            for (const Window& window : view.windows) {
                if (window.to >= from && window.to < to) starts.push_back(window.to);
            }
            const Duration longer = *claim.within + Duration{1};
            for (const TrueTime start : starts) {
                if (to - start < longer) continue;
                if (both_connected(view, bundle, one.agent, other.agent, start, start + longer)) indexes.insert(one.last);
            }
        }
    }
}

void add_contradictions(const View& view, const std::string& bundle, const std::vector<Sight>& all, Indexes& indexes) {
    std::map<const Publish*, std::set<const Publish*>> not_after;
    for (const Publish& p : view.publishes) {
        for (const Publish& q : view.publishes) {
            if (p.bundle != bundle || q.bundle != bundle || p.outcome != Type::ok || q.outcome == Type::fail) continue;
            if (*p.res < q.inv) not_after[&p].insert(&q);
        }
    }
    const auto counts = [](const Sight& sight) { return sight.publish != nullptr && sight.publish->outcome != Type::fail; };
    const auto precedes = [&](const Sight& o, const Sight& d) {
        return counts(o) && counts(d) && o.operation->incarnation == d.operation->incarnation && !d.operation->is_status &&
               o.operation->res < d.operation->inv;
    };
    for (const Sight& o : all) {
        for (const Sight& d : all) {
            if (precedes(o, d)) not_after[o.publish].insert(d.publish);
        }
    }
    const auto leads_to = [&](const Publish* from, const Publish* to) {
        std::set<const Publish*> reached{from};
        std::vector<const Publish*> open{from};
        while (!open.empty()) {
            const Publish* next = open.back();
            open.pop_back();
            for (const Publish* after : not_after[next]) {
                if (reached.insert(after).second) open.push_back(after);
            }
        }
        return reached.contains(to);
    };
    for (const Sight& o : all) {
        for (const Sight& d : all) {
            if (precedes(o, d) && o.publish != d.publish && leads_to(d.publish, o.publish)) indexes.insert(d.operation->index);
        }
    }
}

}  // namespace

// O1: delta is a function of (bundle, revision); for deliveries of one server s -> t, rev(s) <= rev(t); for acknowledged
// publishes p, q of one authority with sequences, seq(p) /= seq(q), and p -> q => seq(p) < seq(q).
Indexes publish_order(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const Served& s : view.serves) {
        const Publish* publish = published_by_record(view, s);
        if (publish == nullptr || !covered(claim, s)) continue;
        std::optional<std::string> digest = publish->digest;
        for (const Served& earlier : view.serves) {
            if (earlier.index >= s.index || !covered(claim, earlier)) continue;
            const Publish* other = published_by_record(view, earlier);
            if (other == publish && !digest && earlier.serve.complete) digest = earlier.serve.digest;
            const bool same_server = earlier.serve.server == s.serve.server && earlier.serve.bundle == s.serve.bundle;
            if (other != nullptr && same_server && earlier.at < s.serve.began && certainly_before(view, publish, *other)) {
                indexes.insert(s.index);
            }
        }
        if (digest && s.serve.digest && s.serve.complete && *s.serve.digest != *digest) indexes.insert(s.index);
    }
    for (const Publish& q : view.publishes) {
        if (q.outcome != Type::ok || !sequence_of(q) || !claim.covers_bundle(q.bundle)) continue;
        for (const Publish& p : view.publishes) {
            if (p.outcome != Type::ok || !sequence_of(p) || p.bundle != q.bundle || p.authority != q.authority) continue;
            if (*p.completion >= *q.completion) continue;
            const bool same = *sequence_of(p) == *sequence_of(q);
            if (same || (*p.res < q.inv && *sequence_of(p) > *sequence_of(q))) indexes.insert(*q.completion);
        }
    }
    return indexes;
}

// O2, declared ancestry: no two agents hold r, r' with neither r <= r' nor r' <= r for longer than the bound while both are
// connected. Total order: the relation "acknowledged before, or shown before by one incarnation" has no cycle.
Indexes fork_freedom(const View& view, const Claim& claim) {
    Indexes indexes;
    for (const std::string& bundle : bundles(view)) {
        const Publish* other = first_of_another_authority(view, bundle);
        if (other == nullptr || !claim.covers_bundle(bundle)) continue;
        const std::vector<Sight> all = sights(view, claim, bundle, other->index);
        if (!declares_ancestry(view, bundle)) {
            add_contradictions(view, bundle, all, indexes);
        } else if (claim.within) {
            add_forks(view, claim, bundle, all, indexes);
        }
    }
    return indexes;
}

// O3: every acknowledged publish r satisfies r <= R for what some agent shows last. The completion of r is named.
Indexes no_lost_publish(const View& view, const Claim& claim) {
    Indexes indexes;
    std::optional<Duration> bound = claim.within;
    if (!bound && view.settle) bound = *view.settle / 2;
    for (const std::string& bundle : bundles(view)) {
        if (!bound || !claim.covers_bundle(bundle)) continue;
        TrueTime quiet = TrueTime::min();
        for (const Publish& publish : view.publishes) {
            if (publish.bundle != bundle) continue;
            quiet = std::max(quiet, publish.res.value_or(publish.inv));
            if (publish.outcome != Type::ok && effective(publish) != TrueTime::max()) quiet = std::max(quiet, effective(publish));
        }
        std::map<std::string, const Operation*> last;
        for (const Operation& d : view.operations) {
            const Publish* publish = nullptr;
            if (d.is_status || !covered(claim, d) || !revision_of(view, d, bundle, publish)) continue;
            if (!last.contains(d.agent) || last[d.agent]->inv < d.inv) last[d.agent] = &d;
        }
        std::vector<const Publish*> words;
        bool all_had_their_say = !last.empty();
        for (const auto& [agent, final] : last) {
            TrueTime start = quiet;
            for (const Window& window : view.windows) {
                if (!window.agent.empty() && window.agent != agent) continue;
                if (!window.bundle.empty() && window.bundle != bundle) continue;
                const bool touches = (window.restart && final->inv <= window.to && window.to <= final->res) ||
                                     std::max(window.from, final->inv) < std::min(window.to, final->res) ||
                                     (window.from < final->inv && final->inv < window.to) ||
                                     (window.from < final->res && final->res < window.to);
                all_had_their_say = all_had_their_say && !touches;
                if ((window.from < window.to || window.restart) && window.to <= final->inv) start = std::max(start, window.to);
            }
            all_had_their_say = all_had_their_say && final->inv > start + *bound;
            for (const Operation& d : view.operations) {
                const Publish* publish = nullptr;
                if (d.agent == agent && !(d.res < final->inv) && revision_of(view, d, bundle, publish)) words.push_back(publish);
            }
        }
        if (!all_had_their_say) continue;
        for (const Publish& r : view.publishes) {
            if (r.bundle != bundle || r.outcome != Type::ok || r.bad) continue;
            const bool somewhere = std::any_of(words.begin(), words.end(), [&](const Publish* word) {
                if (word != nullptr && builds_on(view, *word, r)) return true;
                const bool told = word == nullptr || (declares_ancestry(view, bundle) && word->authority != r.authority);
                return !told && !certainly_before(view, word, r);
            });
            const bool may_come_back = std::any_of(view.publishes.begin(), view.publishes.end(), [&](const Publish& other) {
                const bool open = other.outcome == Type::info || other.outcome == Type::invoke;
                return &other != &r && open && effective(other) == TrueTime::max() && builds_on(view, other, r);
            });
            if (!somewhere && !may_come_back) indexes.insert(r.completion.value_or(r.index));
        }
    }
    return indexes;
}

}  // namespace mistrial::checkers::definitional
