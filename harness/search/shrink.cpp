#include "harness/search/shrink.hpp"

#include "harness/scenario/spell_out.hpp"
#include "harness/search/edit.hpp"
#include "harness/search/reduce.hpp"

#include <map>
#include <numeric>
#include <set>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;

constexpr Duration kGrid = 100ms;

std::vector<std::size_t> places_of(const OrderedJson& array) {
    std::vector<std::size_t> places(array.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    return places;
}

class Shrinker {
  public:
    Shrinker(OrderedJson scenario, const Judge& judge, const ShrinkOptions& options) : judge_(judge), options_(options) {
        best_ = std::move(scenario);
    }

    Result<Shrunk> run() {
        Shrunk result;
        result.before = size_of(best_);
        auto plan = scenario::resolve(scenario::scenario_of(best_));
        if (!plan) return plan.error();
        auto judgement = judge_(*plan);
        ++runs_;
        if (!judgement) return judgement.error();
        const auto found = signatures_of(*judgement);
        if (found.empty()) return fail("the scenario violates no claim in this world, so there is nothing to keep while it is shrunk");
        signature_ = options_.signature.value_or(found.front());
        if (find(*judgement, signature_) == nullptr)
            return fail("the scenario does not fail with \"{}\" in this world, but with {}", to_text(signature_), listed(found));
        plan_ = std::move(*plan);
        judgement_ = std::move(*judgement);
        loaded_ = best_;
        result.finished = to_fixpoint();
        result.scenario = best_;
        result.loaded = loaded_;
        result.plan = std::move(plan_);
        result.signature = signature_;
        result.judgement = std::move(judgement_);
        result.after = size_of(best_);
        result.runs = runs_;
        result.passes = passes_;
        return result;
    }

  private:
    using Way = void (Shrinker::*)();

    static std::string listed(const std::vector<Signature>& signatures) {
        std::vector<std::string> texts;
        for (const Signature& one : signatures) texts.push_back(fmt::format("\"{}\"", to_text(one)));
        return fmt::format("{}", fmt::join(texts, ", "));
    }

    /// Every way, in turn, until none has changed anything since it was last tried.
    bool to_fixpoint() {
        static const std::vector<std::pair<const char*, Way>> kWays{
            {"claims", &Shrinker::claims},         {"tail", &Shrinker::tail},
            {"nodes", &Shrinker::nodes},           {"kinds", &Shrinker::kinds},
            {"intervals", &Shrinker::intervals},   {"shorten", &Shrinker::shorten},
            {"simplify", &Shrinker::simplify},     {"round", &Shrinker::round},
            {"publications", &Shrinker::publications}, {"operations", &Shrinker::operations}};
        std::map<std::string, OrderedJson> settled;  // by pass: what it left
        bool changed = true;
        while (changed) {
            changed = false;
            for (const auto& [name, way] : kWays) {
                if (!options_.passes.empty() && std::ranges::find(options_.passes, name) == options_.passes.end()) continue;
                if (const auto last = settled.find(name); last != settled.end() && last->second == best_) continue;
                Pass& pass = pass_of(name);
                pass_ = &pass;
                const std::uint64_t before = pass.smaller;
                (this->*way)();
                changed = changed || pass.smaller != before;
                settled[name] = best_;
                if (stopped_) return false;
            }
        }
        return true;
    }

    Pass& pass_of(const std::string& name) {
        const auto found = std::ranges::find(passes_, name, &Pass::name);
        if (found != passes_.end()) return *found;
        // References into it are kept no longer than until the next pass begins.
        passes_.push_back({name, 0, 0});
        return passes_.back();
    }

    /// Whether the candidate fails in the same way; if so, it is the scenario from now on.
    bool fails(const OrderedJson& candidate) {
        if (candidate == best_) return true;
        if (stopped_) return false;
        const std::string text = candidate.dump();
        if (!tried_.insert(text).second) return false;
        auto plan = scenario::resolve(scenario::scenario_of(candidate));
        if (!plan) return false;
        if (runs_ >= options_.most_runs || (options_.interrupted && options_.interrupted())) {
            tried_.erase(text);
            stopped_ = true;
            return false;
        }
        ++runs_;
        ++pass_->runs;
        auto judgement = judge_(*plan);
        const bool same = judgement && find(*judgement, signature_) != nullptr;
        if (same) {
            ++pass_->smaller;
            best_ = candidate;
            if (!reduces_load()) loaded_ = candidate;
            plan_ = std::move(*plan);
            judgement_ = std::move(*judgement);
        }
        if (options_.progress) options_.progress(*pass_, runs_, size_of(best_));
        return same;
    }

    [[nodiscard]] bool reduces_load() {
        load_reduced_ = load_reduced_ || pass_->name == "publications" || pass_->name == "operations";
        return load_reduced_;
    }

    [[nodiscard]] const OrderedJson& array(const char* pointer) const { return best_.at(OrderedJson::json_pointer(pointer)); }

    /// Takes as many elements out of an array as can go.
    void thin(const char* pointer, std::size_t keep_first = 0) {
        auto places = places_of(array(pointer));
        const std::vector<std::size_t> kept(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(std::min(keep_first, places.size())));
        places.erase(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept.size()));
        const OrderedJson from = best_;
        (void)reduced(places, [&](const std::vector<std::size_t>& some) {
            std::vector<std::size_t> all = kept;
            all.insert(all.end(), some.begin(), some.end());
            return fails(with_elements(from, pointer, all));
        });
    }

    /// The violated claim, and those without which it is not.
    void claims() {
        OrderedJson needed = best_;
        needed["claims"] = OrderedJson::object();
        const auto keep = [&](const std::string& property) {
            needed["claims"][property] = best_["claims"].value(property, OrderedJson::object());
        };
        for (const std::string& other : find(judgement_, signature_)->together) keep(other);
        keep(signature_.property);
        fails(needed);
    }

    void tail() {
        const auto seconds = [](Duration duration) { return (duration + 999'999'999ns) / 1s; };
        const Duration settle = duration_at(best_, "settle"), start = duration_at(best_, "duration") - settle;
        const std::int64_t shortest = least(1, seconds(settle), [&](std::int64_t s) {
            return fails(settling_from(best_, start, std::min<Duration>(Duration{1s} * s, settle)));
        });
        const Duration left = std::min<Duration>(Duration{1s} * shortest, settle);
        const OrderedJson from = best_;
        (void)least(1, seconds(start), [&](std::int64_t s) { return fails(settling_from(from, std::min<Duration>(Duration{1s} * s, start), left)); });
    }

    void nodes() {
        const OrderedJson from = best_;
        (void)reduced(names_of(array("/fleet/agents")), [&](const std::vector<std::string>& agents) {
            return !agents.empty() && fails(with_agents(from, agents));
        });
        fails(without_mirrors(best_));
    }

    void kinds() {
        std::vector<std::string> all;
        for (const OrderedJson& fault : array("/faults"))
            if (std::ranges::find(all, kind_of(fault)) == all.end()) all.push_back(kind_of(fault));
        for (const std::string& kind : all) {
            std::vector<std::size_t> others;
            for (const std::size_t place : places_of(array("/faults")))
                if (kind_of(array("/faults")[place]) != kind) others.push_back(place);
            fails(with_elements(best_, "/faults", others));
        }
    }

    void intervals() { thin("/faults"); }

    void publications() { thin("/workload/publish/revisions", 1); }

    void operations() {
        thin("/workload/decide/streams");
        OrderedJson unasked = best_;
        unasked["workload"]["health"] = "never";
        fails(unasked);
        const Duration end = duration_at(best_, "duration");
        for (std::size_t i = 0; i < array("/workload/decide/streams").size(); ++i) {
            const OrderedJson from = best_;
            const OrderedJson stream = array("/workload/decide/streams")[i];
            (void)reduced(numbers_of(stream, end), [&](const std::vector<std::uint64_t>& numbers) {
                OrderedJson candidate = from;
                candidate["workload"]["decide"]["streams"][i] = with_numbers(stream, numbers, end);
                return !numbers.empty() && fails(candidate);
            });
        }
    }

    void shorten() {
        for (std::size_t i = 0; i < array("/faults").size(); ++i) {
            const auto steps = [&] { return (duration_at(array("/faults")[i], "for") + kGrid - 1ns) / kGrid; };
            const auto shortened = [&](const OrderedJson& from, std::int64_t count, bool late) {
                OrderedJson candidate = from;
                OrderedJson& fault = candidate["faults"][i];
                const Duration length = duration_at(fault, "for"), left = std::min<Duration>(kGrid * count, length);
                if (late) fault["at"] = format_short(duration_at(fault, "at") + length - left);
                fault["for"] = format_short(left);
                return candidate;
            };
            for (const bool late : {false, true}) {
                const OrderedJson from = best_;
                (void)least(1, steps(), [&](std::int64_t count) { return fails(shortened(from, count, late)); });
            }
        }
    }

    void simplify() {
        for (std::size_t i = 0; i < array("/faults").size(); ++i) {
            const auto with = [&](const char* key, OrderedJson value) {
                OrderedJson candidate = best_;
                body_of(candidate["faults"][i])[key] = std::move(value);
                return candidate;
            };
            const auto body = [&] { return body_of(best_["faults"][i]); };
            for (const char* key : {"on", "from"}) {
                if (!body().contains(key) || body()[key].size() < 2) continue;
                (void)reduced(body()[key].get<std::vector<std::string>>(), [&](const std::vector<std::string>& nodes) {
                    return !nodes.empty() && fails(with(key, nodes));
                });
            }
            for (const auto& [key, plain] : {std::pair{"mode", "black-hole"}, {"direction", "both"}, {"state", "kept"}})
                if (body().contains(key) && body()[key] != plain) fails(with(key, plain));
            if (body().contains("offset")) simplify_offset(i);
        }
        for (std::size_t i = 0; i < array("/fleet/agents").size(); ++i)
            for (const char* key : {"config", "env", "long_poll"}) {
                OrderedJson candidate = best_;
                if (candidate["fleet"]["agents"][i].erase(key) > 0) fails(candidate);
            }
        OrderedJson plain = best_;
        if (plain.erase("simulation") > 0) fails(plain);
        OrderedJson fewest = best_;
        if (fewest["workload"]["publish"].erase("of") > 0) fails(fewest);
    }

    void simplify_offset(std::size_t i) {
        const Duration offset = duration_at(body_of(best_["faults"][i]), "offset");
        for (const Duration smaller : std::initializer_list<Duration>{1s, 10s, 1min, 10min, 1h, 24h}) {
            if (smaller >= std::chrono::abs(offset)) return;
            OrderedJson candidate = best_;
            body_of(candidate["faults"][i])["offset"] = format_short(offset < 0ns ? -smaller : smaller);
            if (fails(candidate)) return;
        }
    }

    /// Whole seconds where they do, else tenths.
    void round() {
        const auto rounded = [&](const std::string& pointer) {
            const OrderedJson::json_pointer at(pointer);
            const Duration exact = *parse_duration(best_.at(at).get<std::string>());
            for (const Duration grid : std::initializer_list<Duration>{1s, kGrid}) {
                if (exact % grid == 0ns) return;
                for (const Duration near : {exact / grid * grid, (exact / grid + 1) * grid}) {
                    OrderedJson candidate = best_;
                    candidate[at] = format_short(near);
                    if (near > 0ns && fails(candidate)) return;
                }
            }
        };
        for (std::size_t i = 0; i < array("/faults").size(); ++i)
            for (const char* key : {"at", "for"}) rounded(fmt::format("/faults/{}/{}", i, key));
        for (std::size_t i = 0; i < array("/workload/publish/revisions").size(); ++i)
            rounded(fmt::format("/workload/publish/revisions/{}/at", i));
    }

    const Judge& judge_;
    const ShrinkOptions& options_;
    OrderedJson best_, loaded_;
    scenario::Plan plan_;
    checkers::Judgement judgement_;
    Signature signature_;
    std::set<std::string> tried_;  ///< candidates, as text
    std::vector<Pass> passes_;
    Pass* pass_ = nullptr;
    std::uint64_t runs_ = 0;
    bool stopped_ = false;
    bool load_reduced_ = false;
};

}  // namespace

Size size_of(const OrderedJson& spelled) {
    Size size;
    size.agents = spelled.at("fleet").at("agents").size();
    size.faults = spelled.at("faults").size();
    size.publishes = spelled.at("workload").at("publish").at("revisions").size();
    size.duration = duration_at(spelled, "duration");
    const OrderedJson& streams = spelled.at("workload").at("decide").at("streams");
    size.sessions = streams.size();
    for (const OrderedJson& stream : streams) size.decisions += numbers_of(stream, size.duration).size();
    return size;
}

Result<Shrunk> shrink(const OrderedJson& spelled, const Judge& judge, const ShrinkOptions& options) {
    return Shrinker(spelled, judge, options).run();
}

}  // namespace mistrial::search
