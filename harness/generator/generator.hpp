#pragma once

#include "harness/world/world.hpp"

#include <functional>
#include <memory>
#include <variant>
#include <vector>

/// What happens next, as a pure value. A generator is asked for its next operation and answers Done, Pending (ask
/// again after the next event) or an operation together with the generator that follows it. It holds no thread, no
/// clock and no random device, so that the same generator drives both worlds, prints a plan, and is tested by a loop
/// of ten lines. The combinators keep the names that Jepsen gave them.
namespace mistrial::generator {

struct Context {
    TrueTime now;
};

/// A command that is due at a time. The id in the command is the Conductor's to choose.
struct Operation {
    TrueTime due;
    world::Command command;
    std::string session;  ///< of a decision
};

/// What became of an operation that some generator gave.
struct Update {
    enum class Kind : std::uint8_t { ok, fail, info };
    const Operation& operation;
    Kind kind;
    TrueTime time;
};

class Generator;
struct Done {};
struct Pending {};
struct Ready;
using Step = std::variant<Done, Pending, Ready>;

class Generator {
  public:
    class Node {
      public:
        virtual ~Node() = default;
        [[nodiscard]] virtual Step next(const Context& context) const = 0;
        /// The node that follows `update`; nullptr: this one is unmoved.
        [[nodiscard]] virtual std::shared_ptr<const Node> update(const Context&, const Update&) const { return nullptr; }
    };

    /// The generator that is done at once.
    Generator() = default;
    explicit Generator(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

    [[nodiscard]] Step next(const Context& context) const;
    /// The generator after `update`; nullopt: it is unmoved, and what it would give next is unchanged.
    [[nodiscard]] std::optional<Generator> update(const Context& context, const Update& update) const;

  private:
    std::shared_ptr<const Node> node_;
};

struct Ready {
    Operation operation;
    Generator next;
};

/// These operations, one after another, each at its due time.
[[nodiscard]] Generator sequence(std::vector<Operation> operations);
/// Whichever of them is due soonest; the earlier in the list at equal times. Done when all are.
[[nodiscard]] Generator any(std::vector<Generator> generators);
/// One after the other: the next begins when the one before is done and all its operations have completed.
[[nodiscard]] Generator phases(std::vector<Generator> generators);
/// Nothing that is due at `end` or later.
[[nodiscard]] Generator time_limit(TrueTime end, Generator generator);
/// At most `count` operations.
[[nodiscard]] Generator limit(std::uint64_t count, Generator generator);
/// The same operation again, `period` after each completion that was not ok, until one is.
[[nodiscard]] Generator until_ok(Operation operation, Duration period);

/// Number n of an arithmetic stream of operations; see `stagger`.
using Make = std::function<Operation(std::uint64_t number, TrueTime due)>;
/// Operations number n = 0, 1, ... due at `from + n * period`, before `until`, without the numbers in `omit` (ascending)
/// and, when `only` has any, without those outside of it.
[[nodiscard]] Generator stagger(TrueTime from, TrueTime until, Duration period, std::vector<std::uint64_t> omit, Make make,
                                scenario::NumberRanges only = {});

}  // namespace mistrial::generator
