#include "engine/rego/plan.hpp"

#include "core/json.hpp"
#include "engine/rego/program.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace mistrial::rego {
namespace {

/// Blocks nested deeper than this are refused: the evaluator recurses once a block.
constexpr int max_nesting = 500;

/// Thrown inside this file only, caught by Plan::parse.
struct Refused {
    std::string message;
};

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
    throw Refused{fmt::format(format, std::forward<Args>(args)...)};
}

/// Reads the plan's JSON. Field names and meanings: OPA's v1/ir/ir.go and openpolicyagent.org/docs/ir.
class Reader {
  public:
    explicit Reader(const Json& json) : json_(json) {}

    Program read() {
        read_static();
        declare_functions();
        read_functions();
        read_entrypoints();
        return std::move(program_);
    }

  private:
    using StatementReader = void (Reader::*)(const Json& body, Statement& statement);
    struct StatementKind {
        std::string_view name;
        Opcode opcode;
        StatementReader read;
    };
    static const StatementKind kinds[];

    // --- finding one's way in the JSON

    static const Json& member(const Json& object, const char* key) {
        const auto at = object.is_object() ? object.find(key) : object.end();
        if (!object.is_object() || at == object.end()) refuse("no \"{}\"", key);
        return *at;
    }
    /// An array; absent and null are empty, as Go writes an empty slice.
    static const Json& list(const Json& object, const char* key) {
        static const Json none = Json::array();
        if (!object.is_object()) refuse("not an object where one with \"{}\" is expected", key);
        const auto at = object.find(key);
        if (at == object.end() || at->is_null()) return none;
        if (!at->is_array()) refuse("\"{}\" is not an array", key);
        return *at;
    }
    static std::int64_t integer(const Json& object, const char* key) {
        const Json& value = member(object, key);
        if (!value.is_number_integer()) refuse("\"{}\" is not an integer", key);
        return value.get<std::int64_t>();
    }
    static std::string text(const Json& object, const char* key) {
        const Json& value = member(object, key);
        if (!value.is_string()) refuse("\"{}\" is not a string", key);
        return value.get<std::string>();
    }
    static std::string text_of(const Json& object, const char* key) {
        const auto at = object.is_object() ? object.find(key) : object.end();
        return object.is_object() && at != object.end() && at->is_string() ? at->get<std::string>() : "?";
    }

    // --- constants

    void read_static() {
        program_.constants = {Value::boolean(false), Value::boolean(true), Value::null()};
        static const Json empty = Json::object();
        const auto at = json_.find("static");
        const Json& part = at == json_.end() || at->is_null() ? empty : *at;
        for (const Json& entry : list(part, "strings")) strings_.push_back(text(entry, "value"));
        first_string_ = program_.constants.size();
        for (const std::string& string : strings_) program_.constants.push_back(Value::string(string));
        for (const Json& entry : list(part, "files")) program_.files.push_back(text(entry, "value"));
        for (const Json& entry : list(part, "builtin_funcs")) {
            const std::string name = text(entry, "name");
            const Builtin* builtin = find_builtin(name);
            const auto declared = entry.find("decl");
            // A builtin that nothing calls is harmless; the call itself is refused, with its place.
            const bool result =
                declared == entry.end() || !declared->is_object() || declared->contains("result");
            declared_.emplace(name, Declared{builtin, result});
        }
    }

    Operand constant(Value value) {
        const auto next = ~static_cast<Operand>(program_.constants.size());
        const auto [at, added] = numbers_.emplace(to_text(value), next);
        if (added) program_.constants.push_back(std::move(value));
        return at->second;
    }

    std::size_t string_index(std::int64_t index) const {
        if (index < 0 || static_cast<std::size_t>(index) >= strings_.size())
            refuse("string {} of {}", index, strings_.size());
        return static_cast<std::size_t>(index);
    }

    // --- functions and entry points

    void declare_functions() {
        const auto part = json_.find("funcs");
        if (part == json_.end() || part->is_null()) return;
        for (const Json& entry : list(*part, "funcs")) {
            Function function;
            function.name = text(entry, "name");
            function.parameters = static_cast<std::uint32_t>(list(entry, "params").size());
            const auto index = static_cast<std::uint32_t>(program_.functions.size());
            if (!functions_.emplace(function.name, index).second)
                refuse("function {} stands twice", function.name);
            std::vector<Value> path;
            for (const Json& step : list(entry, "path")) {
                if (!step.is_string()) refuse("function {}: its path holds {}", function.name, step.dump());
                path.push_back(Value::string(step.get<std::string>()));
            }
            if (!path.empty() && function.parameters == 2) program_.paths.emplace(std::move(path), index);
            program_.functions.push_back(std::move(function));
        }
    }

    void read_functions() {
        const auto part = json_.find("funcs");
        if (part == json_.end() || part->is_null()) return;
        std::size_t index = 0;
        for (const Json& entry : list(*part, "funcs")) {
            where_ = fmt::format("function {}", program_.functions[index].name);
            slots_.clear();
            const Json& parameters = list(entry, "params");
            if (parameters.size() < 2)
                refuse("{} parameters, where input and data are the first two", parameters.size());
            for (const Json& parameter : parameters) {
                if (!parameter.is_number_integer()) refuse("a parameter is {}", parameter.dump());
                if (!slots_.emplace(parameter.get<std::int64_t>(), static_cast<Slot>(slots_.size())).second)
                    refuse("local {} is a parameter twice", parameter.dump());
            }
            const Range blocks = read_blocks(list(entry, "blocks"), 0);
            program_.functions[index].blocks = blocks;
            program_.functions[index].slots = static_cast<std::uint32_t>(slots_.size());
            ++index;
        }
    }

    void read_entrypoints() {
        for (const Json& entry : list(member(json_, "plans"), "plans")) {
            Entrypoint entrypoint;
            entrypoint.name = text(entry, "name");
            where_ = fmt::format("plan {}", entrypoint.name);
            slots_ = {{0, input_slot}, {1, data_slot}};
            entrypoint.blocks = read_blocks(list(entry, "blocks"), 0);
            entrypoint.slots = static_cast<std::uint32_t>(slots_.size());
            program_.entrypoints.push_back(std::move(entrypoint));
        }
    }

    // --- blocks and statements

    Range read_blocks(const Json& blocks, int depth) {
        // Statements of one block, and blocks of one statement, stand side by side, so the inner ones go
        // first.
        std::vector<Range> ranges;
        for (const Json& block : blocks) {
            if (depth == 0) block_ = ranges.size();
            ranges.push_back(read_block(block, depth));
        }
        const Range range{static_cast<std::uint32_t>(program_.blocks.size()),
                          static_cast<std::uint32_t>(ranges.size())};
        program_.blocks.insert(program_.blocks.end(), ranges.begin(), ranges.end());
        return range;
    }

    Range read_block(const Json& block, int depth) {
        if (depth > max_nesting) refuse("blocks nested deeper than {}", max_nesting);
        std::vector<Statement> statements;
        std::vector<Location> locations;
        for (const Json& entry : list(block, "stmts")) {
            const std::string name = text(entry, "type");
            const Json& body = member(entry, "stmt");
            if (name == "NopStmt") continue;
            const StatementKind* kind = find_kind(name);
            if (kind == nullptr) refuse("unknown statement {}", name);
            Statement statement;
            statement.opcode = kind->opcode;
            depth_ = depth;
            (this->*kind->read)(body, statement);
            statements.push_back(statement);
            locations.push_back(location(body));
        }
        const Range range{static_cast<std::uint32_t>(program_.statements.size()),
                          static_cast<std::uint32_t>(statements.size())};
        program_.statements.insert(program_.statements.end(), statements.begin(), statements.end());
        program_.locations.insert(program_.locations.end(), locations.begin(), locations.end());
        return range;
    }

    static const StatementKind* find_kind(std::string_view name);

    [[nodiscard]] Location location(const Json& body) const {
        const auto number = [&](const char* key) -> std::uint32_t {
            const auto at = body.find(key);
            return at != body.end() && at->is_number_unsigned() ? at->get<std::uint32_t>() : 0;
        };
        return {number("file"), number("row")};
    }

    // --- operands

    Slot slot(std::int64_t local) {
        if (local < 0) refuse("local {}", local);
        return slots_.emplace(local, static_cast<Slot>(slots_.size())).first->second;
    }
    Slot slot(const Json& body, const char* key) { return slot(integer(body, key)); }

    Operand operand(const Json& entry) {
        const std::string type = text(entry, "type");
        const Json& value = member(entry, "value");
        if (type == "local" && value.is_number_integer()) return slot(value.get<std::int64_t>());
        if (type == "bool" && value.is_boolean()) return ~static_cast<Operand>(value.get<bool>() ? 1 : 0);
        if (type == "string_index" && value.is_number_integer())
            return ~static_cast<Operand>(first_string_ + string_index(value.get<std::int64_t>()));
        refuse("operand {}", entry.dump());
    }
    Operand operand(const Json& body, const char* key) { return operand(member(body, key)); }

    Range keep(const std::vector<Operand>& operands) {
        const Range range{static_cast<std::uint32_t>(program_.operands.size()),
                          static_cast<std::uint32_t>(operands.size())};
        program_.operands.insert(program_.operands.end(), operands.begin(), operands.end());
        return range;
    }
    Range operands(const Json& body, const char* key) {
        std::vector<Operand> read;
        for (const Json& entry : list(body, key)) read.push_back(operand(entry));
        return keep(read);
    }

    Range inner_block(const Json& body) {
        const Range block = read_block(member(body, "block"), depth_ + 1);
        program_.blocks.push_back(block);
        return {static_cast<std::uint32_t>(program_.blocks.size() - 1), 1};
    }

    // --- one function a kind of statement, named by the fields it reads

    void target(const Json& body, Statement& s) { s.target = slot(body, "target"); }
    void source(const Json& body, Statement& s) { s.a = operand(body, "source"); }
    void source_local(const Json& body, Statement& s) { s.a = slot(body, "source"); }
    void source_target(const Json& body, Statement& s) {
        s.a = operand(body, "source");
        s.target = slot(body, "target");
    }
    void a_b(const Json& body, Statement& s) {
        s.a = operand(body, "a");
        s.b = operand(body, "b");
    }
    void value_local(const Json& body, Statement& s) { s.a = slot(body, "value"); }
    void make_array(const Json& body, Statement& s) { s.target = slot(body, "target"); }
    void value_array(const Json& body, Statement& s) {
        s.a = operand(body, "value");
        s.target = slot(body, "array");
    }
    void value_set(const Json& body, Statement& s) {
        s.a = operand(body, "value");
        s.target = slot(body, "set");
    }
    void key_value_object(const Json& body, Statement& s) {
        s.a = operand(body, "key");
        s.b = operand(body, "value");
        s.target = slot(body, "object");
    }
    void a_b_target(const Json& body, Statement& s) {
        s.a = slot(body, "a");
        s.b = slot(body, "b");
        s.target = slot(body, "target");
    }
    void source_key_target(const Json& body, Statement& s) {
        s.a = operand(body, "source");
        s.b = operand(body, "key");
        s.target = slot(body, "target");
    }
    void integer_target(const Json& body, Statement& s) {
        s.a = constant(Value::integer(integer(body, "value")));
        s.target = slot(body, "target");
    }
    void null_target(const Json& body, Statement& s) {
        s.a = ~Operand{2};
        s.target = slot(body, "target");
    }
    void number_target(const Json& body, Statement& s) {
        // OPA before 1.x wrote "Index".
        const std::int64_t index = integer(body, body.contains("index") ? "index" : "Index");
        const std::string& written = strings_[string_index(index)];
        const auto number = Number::parse(written);
        if (!number) refuse("\"{}\" is not a number", written);
        s.a = constant(Value::number(*number));
        s.target = slot(body, "target");
    }
    void break_index(const Json& body, Statement& s) {
        const std::int64_t index = integer(body, "index");
        if (index < 0 || index > depth_)
            refuse("break out of {} blocks where {} are open", index + 1, depth_ + 1);
        s.callee = static_cast<std::uint32_t>(index);
    }
    void blocks(const Json& body, Statement& s) { s.blocks = read_blocks(list(body, "blocks"), depth_ + 1); }
    void block(const Json& body, Statement& s) { s.blocks = inner_block(body); }
    void scan(const Json& body, Statement& s) {
        s.target = slot(body, "source");
        s.a = slot(body, "key");
        s.b = slot(body, "value");
        s.blocks = inner_block(body);
    }
    void with(const Json& body, Statement& s) {
        s.target = slot(body, "local");
        s.a = operand(body, "value");
        std::vector<Operand> path;
        for (const Json& step : list(body, "path")) {
            if (!step.is_number_integer()) refuse("the path of a with holds {}", step.dump());
            path.push_back(~static_cast<Operand>(first_string_ + string_index(step.get<std::int64_t>())));
        }
        s.operands = keep(path);
        s.blocks = inner_block(body);
    }
    void call(const Json& body, Statement& s) {
        const std::string name = text(body, "func");
        s.operands = operands(body, "args");
        s.target = slot(body, "result");
        if (const auto function = functions_.find(name); function != functions_.end()) {
            s.callee = function->second;
            const std::uint32_t parameters = program_.functions[s.callee].parameters;
            if (s.operands.count != parameters)
                refuse("{} called with {} arguments for {} parameters", name, s.operands.count, parameters);
            return;
        }
        const auto declared = declared_.find(name);
        const Builtin* builtin = declared == declared_.end() ? find_builtin(name) : declared->second.builtin;
        if (builtin == nullptr)
            refuse(
                "unknown builtin {}: the embedded agent does not have it; write the rule without it, or run "
                "OPA",
                name);
        if (s.operands.count != builtin->arity)
            refuse("{} called with {} arguments for {} parameters", name, s.operands.count, builtin->arity);
        s.opcode = Opcode::call_builtin;
        // A builtin without a result (print) never stops a block.
        s.b = declared == declared_.end() || declared->second.has_result ? 1 : 0;
        auto& table = program_.builtins;
        const auto at = std::find(table.begin(), table.end(), builtin);
        s.callee = static_cast<std::uint32_t>(at - table.begin());
        if (at == table.end()) table.push_back(builtin);
    }
    void call_dynamic(const Json& body, Statement& s) {
        std::vector<Operand> arguments;
        for (const Json& argument : list(body, "args")) {
            if (!argument.is_number_integer()) refuse("an argument of a dynamic call is {}", argument.dump());
            arguments.push_back(slot(argument.get<std::int64_t>()));
        }
        if (arguments.size() != 2) refuse("a dynamic call with {} arguments", arguments.size());
        s.operands = keep(arguments);
        s.path = operands(body, "path");
        s.target = slot(body, "result");
    }

  public:
    /// "function NAME, block 3", for an error.
    [[nodiscard]] std::string place() const {
        return where_.empty() ? "" : fmt::format("{}, block {}: ", where_, block_);
    }

  private:
    struct Declared {
        const Builtin* builtin;
        bool has_result;
    };

    const Json& json_;
    Program program_;
    std::vector<std::string> strings_;
    std::size_t first_string_ = 0;
    std::map<std::string, Operand> numbers_;  ///< constants by their text
    std::map<std::string, Declared> declared_;
    std::unordered_map<std::string, std::uint32_t> functions_;
    std::map<std::int64_t, Slot> slots_;  ///< of the function being read
    std::string where_;
    std::size_t block_ = 0;
    int depth_ = 0;
};

const Reader::StatementKind Reader::kinds[] = {
    {"ArrayAppendStmt", Opcode::array_append, &Reader::value_array},
    {"AssignIntStmt", Opcode::assign_int, &Reader::integer_target},
    {"AssignVarOnceStmt", Opcode::assign_var_once, &Reader::source_target},
    {"AssignVarStmt", Opcode::assign_var, &Reader::source_target},
    {"BlockStmt", Opcode::block, &Reader::blocks},
    {"BreakStmt", Opcode::break_out, &Reader::break_index},
    {"CallDynamicStmt", Opcode::call_dynamic, &Reader::call_dynamic},
    {"CallStmt", Opcode::call, &Reader::call},
    {"DotStmt", Opcode::dot, &Reader::source_key_target},
    {"EqualStmt", Opcode::equal, &Reader::a_b},
    {"IsArrayStmt", Opcode::is_array, &Reader::source},
    {"IsDefinedStmt", Opcode::is_defined, &Reader::source_local},
    {"IsObjectStmt", Opcode::is_object, &Reader::source},
    {"IsSetStmt", Opcode::is_set, &Reader::source},
    {"IsUndefinedStmt", Opcode::is_undefined, &Reader::source_local},
    {"LenStmt", Opcode::len, &Reader::source_target},
    {"MakeArrayStmt", Opcode::make_array, &Reader::make_array},
    {"MakeNullStmt", Opcode::assign_var, &Reader::null_target},
    {"MakeNumberIntStmt", Opcode::assign_var, &Reader::integer_target},
    {"MakeNumberRefStmt", Opcode::assign_var, &Reader::number_target},
    {"MakeObjectStmt", Opcode::make_object, &Reader::target},
    {"MakeSetStmt", Opcode::make_set, &Reader::target},
    {"NotEqualStmt", Opcode::not_equal, &Reader::a_b},
    {"NotStmt", Opcode::negate, &Reader::block},
    {"ObjectInsertOnceStmt", Opcode::object_insert_once, &Reader::key_value_object},
    {"ObjectInsertStmt", Opcode::object_insert, &Reader::key_value_object},
    {"ObjectMergeStmt", Opcode::object_merge, &Reader::a_b_target},
    {"ResetLocalStmt", Opcode::reset_local, &Reader::target},
    {"ResultSetAddStmt", Opcode::result_set_add, &Reader::value_local},
    {"ReturnLocalStmt", Opcode::return_local, &Reader::source_local},
    {"ScanStmt", Opcode::scan, &Reader::scan},
    {"SetAddStmt", Opcode::set_add, &Reader::value_set},
    {"WithStmt", Opcode::with, &Reader::with},
};

const Reader::StatementKind* Reader::find_kind(std::string_view name) {
    const auto at =
        std::lower_bound(std::begin(kinds), std::end(kinds), name,
                         [](const StatementKind& kind, std::string_view n) { return kind.name < n; });
    return at != std::end(kinds) && at->name == name ? at : nullptr;
}

}  // namespace

Result<Plan> Plan::parse(std::string_view text, std::string_view where) {
    auto json = parse_json(text, where);
    if (!json) return json.error();
    if (!json->is_object()) return fail("{}: not a plan: an object is expected", where);
    Reader reader(*json);
    try {
        return Plan(std::make_shared<const Program>(reader.read()));
    } catch (const Refused& refused) {
        return fail("{}: {}{}", where, reader.place(), refused.message);
    } catch (const Json::exception& error) {
        return fail("{}: {}{}", where, reader.place(), error.what());
    }
}

std::vector<std::string> Plan::entrypoints() const {
    std::vector<std::string> names;
    for (const Entrypoint& entrypoint : program_->entrypoints) names.push_back(entrypoint.name);
    return names;
}

bool Plan::has_entrypoint(std::string_view name) const {
    return std::any_of(program_->entrypoints.begin(), program_->entrypoints.end(),
                       [&](const Entrypoint& entrypoint) { return entrypoint.name == name; });
}

}  // namespace mistrial::rego
