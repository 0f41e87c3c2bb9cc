#include "harness/search/space.hpp"

#include "harness/search/edit.hpp"
#include "nemesis/fault.hpp"

#include <algorithm>

namespace mistrial::search {
namespace {

using namespace std::chrono_literals;

/// A killed agent is left alone until it is back.
constexpr Duration kRest = 1s;
constexpr Duration kLengths[] = {200ms, 500ms, 1s, 2s, 4s, 8s};
constexpr Duration kOffsets[] = {1s, 1min, 1h, 24h};
constexpr const char* kModes[] = {"black-hole", "stall", "refuse", "reset"};

/// Ascending places of `count` of `size` elements.
std::vector<std::size_t> choose(std::size_t count, std::size_t size, RandomSequence& dice) {
    std::vector<std::size_t> order(size);
    for (std::size_t i = 0; i < size; ++i) order[i] = i;
    for (std::size_t i = 0; i < count; ++i) std::swap(order[i], order[i + dice.below(size - i)]);
    order.resize(count);
    std::ranges::sort(order);
    return order;
}

/// One in half of the draws, else a minority, a majority or all.
std::size_t how_many(std::size_t size, RandomSequence& dice) {
    const std::uint64_t draw = dice.below(6);
    const std::size_t count = draw < 3 ? 1 : draw == 3 ? (size - 1) / 2 : draw == 4 ? size / 2 + 1 : size;
    return std::clamp<std::size_t>(count, 1, size);
}

OrderedJson draw_partition(const Space& space, RandomSequence& dice) {
    std::vector<std::string> on, from;
    // Most of what goes wrong goes wrong between a node and its source.
    const std::uint64_t where = dice.below(6);
    if (where < 4) {
        for (const std::size_t place : choose(how_many(space.sources.size(), dice), space.sources.size(), dice)) {
            const auto& [node, source] = space.sources[place];
            on.push_back(node);
            if (std::ranges::find(from, source) == from.end()) from.push_back(source);
        }
    } else {
        for (const std::size_t place : choose(how_many(space.agents.size(), dice), space.agents.size(), dice)) on.push_back(space.agents[place]);
        const char* ends[] = {"status", "logs", "clients"};
        from.emplace_back(ends[dice.below(3)]);
    }
    const std::string mode = kModes[dice.below(std::size(kModes))];
    const bool one_way = (mode == "black-hole" || mode == "stall") && dice.chance(1, 3);
    const std::string direction = !one_way ? "both" : dice.chance(1, 2) ? "inbound" : "outbound";
    return {{"on", on}, {"from", from}, {"mode", mode}, {"direction", direction}};
}

std::vector<std::string> held(const OrderedJson& fault) {
    const std::string kind = kind_of(fault);
    const OrderedJson& body = fault.at(kind);
    std::vector<std::string> all;
    for (const OrderedJson& on : body.at("on")) {
        const auto node = on.get<std::string>();
        if (kind != "partition") {
            all.push_back(fmt::format("{} of {}", kind == "clock" ? "clock" : "process", node));
            continue;
        }
        for (const OrderedJson& from : body.at("from")) {
            const auto other = from.get<std::string>();
            all.push_back(fmt::format("edge {} {}", std::min(node, other), std::max(node, other)));
        }
    }
    return all;
}

}  // namespace

Space space_of(const OrderedJson& spelled) {
    Space space;
    const OrderedJson& fleet = spelled.at("fleet");
    for (const OrderedJson& agent : fleet.at("agents")) {
        space.agents.push_back(agent.at("name"));
        space.sources.emplace_back(agent.at("name"), agent.at("from"));
    }
    for (const OrderedJson& mirror : fleet.value("mirrors", OrderedJson::array())) space.sources.emplace_back(mirror.at("name"), mirror.at("of"));
    for (const nemesis::FaultKind& kind : nemesis::fault_kinds())
        if (kind.in_sim) space.kinds.emplace_back(kind.name);
    space.begin = 1s;
    space.end = duration_at(spelled, "duration") - duration_at(spelled, "settle");
    return space;
}

OrderedJson draw_fault(const Space& space, const std::string& kind, RandomSequence& dice) {
    const Duration at = std::chrono::milliseconds(dice.between(space.begin / 1ms, std::max(space.begin, space.end - 200ms) / 1ms));
    const Duration length = std::min<Duration>(kLengths[dice.below(std::size(kLengths))], std::max<Duration>(space.end - at, 1ms));
    OrderedJson body;
    if (kind == "partition") {
        body = draw_partition(space, dice);
    } else {
        body = {{"on", OrderedJson::array()}};
        for (const std::size_t place : choose(how_many(space.agents.size(), dice), space.agents.size(), dice)) body["on"].push_back(space.agents[place]);
        if (kind == "clock") {
            const Duration offset = kOffsets[dice.below(std::size(kOffsets))];
            body["offset"] = format_short(dice.chance(1, 2) ? offset : -offset);
        }
        if (kind == "kill") body["state"] = dice.chance(1, 3) ? "lost" : "kept";
    }
    return {{"at", format_short(at)}, {"for", format_short(length)}, {kind, std::move(body)}};
}

bool meet(const OrderedJson& a, const OrderedJson& b) {
    const Duration a_at = duration_at(a, "at"), b_at = duration_at(b, "at");
    if (a_at >= b_at + duration_at(b, "for") + kRest || b_at >= a_at + duration_at(a, "for") + kRest) return false;
    const auto taken = held(a);
    return std::ranges::any_of(held(b), [&](const std::string& one) { return std::ranges::find(taken, one) != taken.end(); });
}

bool add_fault(OrderedJson& faults, OrderedJson fault) {
    if (std::any_of(faults.begin(), faults.end(), [&](const OrderedJson& one) { return meet(one, fault); })) return false;
    const auto later = std::find_if(faults.begin(), faults.end(), [&](const OrderedJson& one) { return duration_at(one, "at") > duration_at(fault, "at"); });
    faults.insert(later, std::move(fault));
    return true;
}

std::uint64_t mix_of(std::uint64_t seed) {
    const std::uint64_t draw = RandomStream(seed, "publishes", "mix").below(0, 2 * (mixes - 1));
    return draw < mixes - 1 ? 0 : draw - (mixes - 2);
}

OrderedJson varied(OrderedJson base, const Variation& variation) {
    base["seed"] = variation.seed;
    base["faults"] = variation.faults;
    if (variation.order != 0) base["simulation"] = {{"order", variation.order}, {"delay", {{"min", "100us"}, {"max", "10ms"}}}};
    const std::size_t count = base["workload"]["publish"]["revisions"].size();
    std::vector<std::size_t> places;
    for (std::size_t place = 0; place < count; ++place) {
        const std::uint64_t mix = variation.mix;
        const bool published = mix == 0 || (mix == 1 && place % 3 == 0) || (mix == 2 && place % 4 == 0) || (mix == 3 && 2 * place <= count);
        if (published) places.push_back(place);
    }
    return with_elements(std::move(base), "/workload/publish/revisions", places);
}

}  // namespace mistrial::search
