#include "engine/rego/evaluator.hpp"

#include "engine/rego/program.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace mistrial::rego {
namespace {

/// Functions calling functions deeper than this end the query; OPA's plans never recurse.
constexpr int max_calls = 400;

/// How a block ended. Values >= 0: that many further blocks are left with it, 0 being the block alone (a
/// statement in it was undefined, or `break 0`).
enum Outcome : std::int32_t {
    completed = -1,  ///< its last statement was reached
    returned = -2,   ///< a function's return
    failed = -3,     ///< the query's end: error() says why
};

/// What leaving a block means to the statement that holds it, when more than that block is left.
constexpr std::int32_t outer(std::int32_t outcome) { return outcome < 0 ? outcome : outcome - 1; }

/// The frames of the calls in progress: slots at stable addresses, undefined when taken.
class Stack {
  public:
    Value* take(std::size_t slots) {
        while (chunk_ < chunks_.size() && used_ + slots > chunks_[chunk_].size()) {
            ends_.push_back(used_);
            ++chunk_;
            used_ = 0;
        }
        if (chunk_ == chunks_.size()) chunks_.emplace_back(std::max<std::size_t>(slots, 1024));
        Value* frame = chunks_[chunk_].data() + used_;
        used_ += slots;
        return frame;
    }
    /// The frame taken last.
    void give_back(Value* frame, std::size_t slots) {
        for (std::size_t i = 0; i < slots; ++i)
            if (frame[i].is_defined()) frame[i] = Value();
        used_ -= slots;
        while (used_ == 0 && !ends_.empty()) {
            --chunk_;
            used_ = ends_.back();
            ends_.pop_back();
        }
    }

  private:
    std::vector<std::vector<Value>> chunks_;
    std::vector<std::size_t> ends_;
    std::size_t chunk_ = 0;
    std::size_t used_ = 0;
};

/// What a function of (input, data) answered. Two a function: for the query's own documents, and for the last
/// others (inside `with`). Documents are told apart by their nodes, which the entry keeps alive.
struct Memory {
    bool known = false;
    Value input;
    Value data;
    Value result;
};

/// The virtual document under the base document: objects are merged, anything else of the rules hides the
/// base.
Value merge(const Value& base, const Value& rules) {
    if (base.type() != Type::object || rules.type() != Type::object) return rules;
    Value merged = base;
    for (const Member& member : rules.members()) {
        const Value* below = base.find(member.key);
        merged.insert(member.key, below == nullptr ? member.value : merge(*below, member.value));
    }
    return merged;
}

/// `document` with `value` at `path`, objects made where there are none.
Value upserted(const Value& document, std::span<const Value* const> path, const Value& value) {
    if (path.empty()) return value;
    Value copy = document.type() == Type::object ? document : Value::object();
    const Value* below = copy.find(*path[0]);
    copy.insert(*path[0], upserted(below == nullptr ? Value() : *below, path.subspan(1), value));
    return copy;
}

}  // namespace

class Evaluator::Machine {
  public:
    explicit Machine(Plan plan)
        : plan_(std::move(plan)),
          program_(plan_.program()),
          own_(program_.functions.size()),
          other_(program_.functions.size()) {}

    Result<std::optional<Value>> evaluate(std::string_view name, const Value& input, const Value& data,
                                          const QueryContext& context) {
        const auto& entrypoints = program_.entrypoints;
        const auto entrypoint = std::find_if(entrypoints.begin(), entrypoints.end(),
                                             [&](const Entrypoint& e) { return e.name == name; });
        if (entrypoint == entrypoints.end())
            return fail("the plan has no entry point {}; build the bundle with opa build -e {}", name, name);
        context_ = &context;
        input_ = input;
        data_ = data;
        result_ = Value();
        error_.clear();

        Value* frame = stack_.take(entrypoint->slots);
        frame[input_slot] = input;
        frame[data_slot] = data;
        const std::int32_t outcome = run_all(entrypoint->blocks, frame);
        stack_.give_back(frame, entrypoint->slots);
        forget();
        if (outcome == failed) return Error::saying(std::move(error_));
        const Value answer = std::exchange(result_, Value());
        const Value* decision = answer.find("result");
        if (decision == nullptr) return std::optional<Value>();
        return std::optional<Value>(*decision);
    }

  private:
    [[nodiscard]] const Value& get(Operand operand, const Value* frame) const {
        return operand >= 0 ? frame[operand] : program_.constants[static_cast<std::size_t>(~operand)];
    }

    /// Blocks one after another; each may be undefined without the next being less run.
    std::int32_t run_all(Range blocks, Value* frame) {
        for (std::uint32_t i = 0; i < blocks.count; ++i) {
            const std::int32_t outcome = run(program_.blocks[blocks.first + i], frame);
            if (outcome != completed && outcome != 0) return outer(outcome);
        }
        return completed;
    }

    std::int32_t run(Range block, Value* frame) {
        const Statement* statement = program_.statements.data() + block.first;
        for (const Statement* end = statement + block.count; statement != end; ++statement) {
            const std::int32_t outcome = step(*statement, frame);
            if (outcome != completed) return outcome;
        }
        return completed;
    }

    std::int32_t step(const Statement& s, Value* frame) {
        constexpr std::int32_t undefined = 0;
        switch (s.opcode) {
            case Opcode::dot: {
                const Value* found = get(s.a, frame).find(get(s.b, frame));
                if (found == nullptr) return undefined;
                frame[s.target] = Value(*found);  // a copy first: the target may hold the source
                return completed;
            }
            case Opcode::assign_var:
            case Opcode::assign_int:
                frame[s.target] = get(s.a, frame);
                return completed;
            case Opcode::assign_var_once:
                return assign_once(s, frame);
            case Opcode::call:
                return call(s, s.callee, frame);
            case Opcode::call_builtin:
                return call_builtin(s, frame);
            case Opcode::call_dynamic:
                return call_dynamic(s, frame);
            case Opcode::equal:
                return get(s.a, frame) == get(s.b, frame) ? completed : undefined;
            case Opcode::not_equal:
                return get(s.a, frame) == get(s.b, frame) ? undefined : completed;
            case Opcode::block:
                return run_all(s.blocks, frame);
            case Opcode::break_out:
                return static_cast<std::int32_t>(s.callee);
            case Opcode::scan:
                return scan(s, frame);
            case Opcode::negate: {
                const std::int32_t outcome = run(program_.blocks[s.blocks.first], frame);
                if (outcome == completed) return undefined;
                return outcome == undefined ? completed : outer(outcome);
            }
            case Opcode::with:
                return with(s, frame);
            case Opcode::is_array:
                return get(s.a, frame).type() == Type::array ? completed : undefined;
            case Opcode::is_object:
                return get(s.a, frame).type() == Type::object ? completed : undefined;
            case Opcode::is_set:
                return get(s.a, frame).type() == Type::set ? completed : undefined;
            case Opcode::is_defined:
                return frame[s.a].is_defined() ? completed : undefined;
            case Opcode::is_undefined:
                return frame[s.a].is_defined() ? undefined : completed;
            case Opcode::len:
                frame[s.target] = Value::integer(static_cast<std::int64_t>(length(get(s.a, frame))));
                return completed;
            case Opcode::make_array:
                frame[s.target] = Value::array();
                return completed;
            case Opcode::make_object:
                frame[s.target] = Value::object();
                return completed;
            case Opcode::make_set:
                frame[s.target] = Value::set();
                return completed;
            case Opcode::reset_local:
                frame[s.target] = Value();
                return completed;
            case Opcode::array_append:
            case Opcode::set_add: {
                const Value& value = get(s.a, frame);
                const Type wanted = s.opcode == Opcode::set_add ? Type::set : Type::array;
                if (!value.is_defined() || frame[s.target].type() != wanted) return inconsistent(s);
                if (wanted == Type::set)
                    frame[s.target].add(value);
                else
                    frame[s.target].append(value);
                return completed;
            }
            case Opcode::object_insert:
                return insert(s, frame);
            case Opcode::object_insert_once: {
                const Value* present = frame[s.target].find(get(s.a, frame));
                if (present == nullptr) return insert(s, frame);
                return *present == get(s.b, frame) ? completed : conflict(s, "object keys must be unique");
            }
            case Opcode::object_merge:
                frame[s.target] = merge(frame[s.a], frame[s.b]);
                return completed;
            case Opcode::result_set_add:
                result_ = frame[s.a];
                return completed;
            case Opcode::return_local:
                returned_ = frame[s.a];
                return returned;
        }
        return inconsistent(s);
    }

    std::int32_t assign_once(const Statement& s, Value* frame) {
        const Value& value = get(s.a, frame);
        Value& target = frame[s.target];
        if (!target.is_defined())
            target = value;
        else if (target != value)
            return conflict(s, "complete rules must not produce multiple outputs");
        return completed;
    }

    std::int32_t insert(const Statement& s, Value* frame) {
        const Value& key = get(s.a, frame);
        const Value& value = get(s.b, frame);
        if (!key.is_defined() || !value.is_defined() || frame[s.target].type() != Type::object)
            return inconsistent(s);
        frame[s.target].insert(key, value);
        return completed;
    }

    std::int32_t call(const Statement& s, std::uint32_t callee, Value* frame) {
        const Function& function = program_.functions[callee];
        const Operand* arguments = program_.operands.data() + s.operands.first;
        Memory* memory = nullptr;
        if (function.parameters == 2) {
            const Value& input = get(arguments[0], frame);
            const Value& data = get(arguments[1], frame);
            const bool own = input.same_as(input_) && data.same_as(data_);
            memory = own ? &own_[callee] : &other_[callee];
            if (memory->known && (own || (memory->input.same_as(input) && memory->data.same_as(data)))) {
                if (!memory->result.is_defined()) return 0;
                frame[s.target] = memory->result;
                return completed;
            }
        }
        if (calls_ == max_calls)
            return error(s, "eval_recursion_error", "functions call each other too deeply");
        ++calls_;
        Value* inner = stack_.take(function.slots);
        for (std::uint32_t i = 0; i < function.parameters; ++i) inner[i] = get(arguments[i], frame);
        const std::int32_t outcome = run_all(function.blocks, inner);
        stack_.give_back(inner, function.slots);
        --calls_;
        if (outcome == failed) return failed;
        Value result = outcome == returned ? std::exchange(returned_, Value()) : Value();
        if (memory != nullptr) {
            memory->input = get(arguments[0], frame);
            memory->data = get(arguments[1], frame);
            memory->result = result;
            if (!memory->known) used_.push_back(memory);
            memory->known = true;
        }
        if (!result.is_defined()) return 0;
        frame[s.target] = std::move(result);
        return completed;
    }

    std::int32_t call_builtin(const Statement& s, Value* frame) {
        std::array<const Value*, 8> values{};
        const Operand* arguments = program_.operands.data() + s.operands.first;
        for (std::uint32_t i = 0; i < s.operands.count; ++i) {
            values[i] = &get(arguments[i], frame);
            if (!values[i]->is_defined()) return 0;
        }
        const Builtin& builtin = *program_.builtins[s.callee];
        Value result = builtin.function(Arguments({values.data(), s.operands.count}, *context_, refusal_));
        if (!result.is_defined()) {
            if (refusal_.empty()) return s.b == 0 ? completed : 0;
            const std::string why = fmt::format("{}: {}", builtin.name, std::exchange(refusal_, {}));
            return error(s, "eval_builtin_error", why);
        }
        if (s.b == 0) return completed;
        frame[s.target] = std::move(result);
        return completed;
    }

    std::int32_t call_dynamic(const Statement& s, Value* frame) {
        path_.clear();
        for (std::uint32_t i = 0; i < s.path.count; ++i)
            path_.push_back(get(program_.operands[s.path.first + i], frame));
        const auto found = program_.paths.find(path_);
        if (found == program_.paths.end()) return 0;
        const std::int32_t outcome = call(s, found->second, frame);
        // OPA's planner wraps a dynamic call in three more blocks, and a function that is there but undefined
        // leaves them all, so that the base document is not asked in its place.
        return outcome == 0 ? 3 : outcome;
    }

    std::int32_t scan(const Statement& s, Value* frame) {
        const Value source = frame[s.target];  // held: the body may write the slot
        const Range body = program_.blocks[s.blocks.first];
        const auto turn = [&](const Value& key, const Value& value) {
            frame[s.a] = key;
            frame[s.b] = value;
            const std::int32_t outcome = run(body, frame);
            return outcome == 0 ? static_cast<std::int32_t>(completed) : outcome;
        };
        switch (source.type()) {
            case Type::array: {
                std::int64_t index = 0;
                for (const Value& element : source.elements())
                    if (const auto outcome = turn(Value::integer(index++), element); outcome != completed)
                        return outer(outcome);
                break;
            }
            case Type::set:
                for (const Value& element : source.elements())
                    if (const auto outcome = turn(element, element); outcome != completed)
                        return outer(outcome);
                break;
            case Type::object:
                for (const Member& member : source.members())
                    if (const auto outcome = turn(member.key, member.value); outcome != completed)
                        return outer(outcome);
                break;
            default:
                break;
        }
        return completed;
    }

    std::int32_t with(const Statement& s, Value* frame) {
        Value saved = frame[s.target];
        if (s.operands.count == 0) {
            frame[s.target] = get(s.a, frame);
        } else {
            std::vector<const Value*> path;
            for (std::uint32_t i = 0; i < s.operands.count; ++i)
                path.push_back(&get(program_.operands[s.operands.first + i], frame));
            frame[s.target] = upserted(saved, path, get(s.a, frame));
        }
        const std::int32_t outcome = run(program_.blocks[s.blocks.first], frame);
        frame[s.target] = std::move(saved);
        if (outcome == completed || outcome == 0) return outcome;
        return outer(outcome);
    }

    static std::size_t length(const Value& value) {
        if (value.type() != Type::string) return value.size();
        const std::string_view text = value.as_string();
        return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
        }));
    }

    std::int32_t conflict(const Statement& s, std::string_view what) {
        return error(s, "eval_conflict_error", what);
    }
    std::int32_t inconsistent(const Statement& s) {
        return error(s, "eval_internal_error",
                     "the plan builds on a value that is not there; build it again with opa build");
    }
    std::int32_t error(const Statement& s, std::string_view code, std::string_view what) {
        const Location& at = program_.locations[static_cast<std::size_t>(&s - program_.statements.data())];
        const std::string_view file =
            at.file < program_.files.size() ? std::string_view(program_.files[at.file]) : "?";
        error_ = fmt::format("{}:{}: {}: {}", file, at.row, code, what);
        return failed;
    }

    void forget() {
        for (Memory* memory : used_) *memory = Memory();
        used_.clear();
        path_.clear();
        input_ = Value();
        data_ = Value();
        returned_ = Value();
        context_ = nullptr;
        calls_ = 0;
    }

    Plan plan_;
    const Program& program_;
    Stack stack_;
    std::vector<Memory> own_;
    std::vector<Memory> other_;
    std::vector<Memory*> used_;
    std::vector<Value> path_;
    const QueryContext* context_ = nullptr;
    Value input_;
    Value data_;
    Value returned_;
    Value result_;
    std::string error_;
    std::string refusal_;
    int calls_ = 0;
};

Evaluator::Evaluator(Plan plan) : machine_(std::make_unique<Machine>(std::move(plan))) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

Result<std::optional<Value>> Evaluator::evaluate(std::string_view entrypoint, const Value& input,
                                                 const Value& data, const QueryContext& context) {
    return machine_->evaluate(entrypoint, input, data, context);
}

Result<std::optional<Value>> evaluate(const Plan& plan, std::string_view entrypoint, const Value& input,
                                      const Value& data, const QueryContext& context) {
    return Evaluator(plan).evaluate(entrypoint, input, data, context);
}

}  // namespace mistrial::rego
