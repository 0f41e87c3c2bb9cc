#pragma once

#include "engine/rego/builtins/builtin.hpp"
#include "engine/rego/value.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What a Plan is made of: the flat program that the evaluator runs. Made by plan.cpp, which checks every
/// index, so that the evaluator checks none.
namespace mistrial::rego {

enum class Opcode : std::uint8_t {
    array_append,
    assign_int,
    assign_var,
    assign_var_once,
    block,
    break_out,
    call,
    call_builtin,
    call_dynamic,
    dot,
    equal,
    is_array,
    is_defined,
    is_object,
    is_set,
    is_undefined,
    len,
    make_array,
    make_object,
    make_set,
    negate,
    not_equal,
    object_insert,
    object_insert_once,
    object_merge,
    reset_local,
    result_set_add,
    return_local,
    scan,
    set_add,
    with,
};

/// A local's slot when >= 0, else the constant at ~operand.
using Operand = std::int32_t;
using Slot = std::int32_t;

/// A run of consecutive entries in one of the program's pools.
struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// One statement. `a` and `b` are the operands in the order in which the plan names them, `target` the slot
/// written.
struct Statement {
    Opcode opcode = Opcode::block;
    Operand a = 0;
    Operand b = 0;
    Slot target = 0;
    std::uint32_t callee =
        0;           ///< call: function; call_builtin: row of `builtins`; break_out: how many blocks
    Range blocks;    ///< block, scan, negate, with: the blocks inside
    Range operands;  ///< calls: arguments; with: the path
    Range path;      ///< call_dynamic: what names the function
};

/// Where a statement comes from in the policy's text, for errors.
struct Location {
    std::uint32_t file = 0;
    std::uint32_t row = 0;
};

struct Function {
    std::string name;
    Range blocks;
    std::uint32_t parameters = 0;  ///< the first slots of the frame
    std::uint32_t slots = 0;
};

struct Entrypoint {
    std::string name;
    Range blocks;
    std::uint32_t slots = 0;
};

struct Program {
    std::vector<Value> constants;
    std::vector<Statement> statements;
    std::vector<Location> locations;  ///< beside statements
    std::vector<Range> blocks;        ///< of statements
    std::vector<Operand> operands;
    std::vector<Function> functions;
    std::vector<Entrypoint> entrypoints;
    std::vector<const Builtin*> builtins;
    std::vector<std::string> files;
    std::map<std::vector<Value>, std::uint32_t> paths;  ///< of functions of (input, data), for dynamic calls
};

/// Slots of the two documents in every frame.
inline constexpr Slot input_slot = 0;
inline constexpr Slot data_slot = 1;

}  // namespace mistrial::rego
