#pragma once

#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// Changes to a scenario that has been spelled out (scenario/spell_out.hpp), each of which leaves a scenario in which
/// nothing refers to what is gone. They do not ask whether it is a good one: resolving it does.
namespace mistrial::search {

[[nodiscard]] Duration duration_at(const OrderedJson& object, const char* key);
[[nodiscard]] std::vector<std::string> names_of(const OrderedJson& nodes);
/// The kind of a fault, "partition", and what it says.
[[nodiscard]] std::string kind_of(const OrderedJson& fault);
[[nodiscard]] OrderedJson& body_of(OrderedJson& fault);

/// With these agents alone; mirrors and authorities that nobody is left to ask go too.
[[nodiscard]] OrderedJson with_agents(OrderedJson scenario, const std::vector<std::string>& agents);
/// Agents ask the authorities themselves.
[[nodiscard]] OrderedJson without_mirrors(OrderedJson scenario);
/// The elements of the array at `pointer` that stand at `places`, ascending.
[[nodiscard]] OrderedJson with_elements(OrderedJson scenario, const std::string& pointer, const std::vector<std::size_t>& places);
/// Settles from `start` on, for `settle`: what would be published or begin later is gone, faults end by then.
[[nodiscard]] OrderedJson settling_from(OrderedJson scenario, Duration start, Duration settle);

/// Numbers of the decisions that a session asks for.
[[nodiscard]] std::vector<std::uint64_t> numbers_of(const OrderedJson& stream, Duration end);
/// The session with these numbers alone.
[[nodiscard]] OrderedJson with_numbers(OrderedJson stream, const std::vector<std::uint64_t>& numbers, Duration end);

}  // namespace mistrial::search
