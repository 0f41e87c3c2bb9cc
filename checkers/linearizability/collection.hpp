#pragma once

#include "checkers/linearizability/model.hpp"
#include "core/history/operation.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers::linearizability {

/// True for records of the operations that models know: `read` (`get`), `write` (`put`), `cas` and `append`, by a client.
[[nodiscard]] bool is_call(const history::Record& record);

/// The operations on one object; without a key where the history has one object only.
struct Object {
    std::optional<std::string> key;
    std::vector<Operation> operations;
};

/// Gathers the operations of clients from the records of a history: Jepsen's shapes (`read` v or null, `write` v, `cas`
/// [old, new]; for independent keys all of them as [key, value]), and stores' with a member `key` beside `value`, in the
/// record or in its value. `fail` operations are left out, since they had no effect; `info` ones and those that never
/// completed may take effect at any time or never. Memory grows with operations: that is what the problem is like.
class Collection {
  public:
    void begins(const history::Record& invocation);
    void ends(const history::Record& completion, TrueTime inv, std::optional<std::uint64_t> invoke_index);

    [[nodiscard]] bool empty() const { return raws_.empty(); }
    [[nodiscard]] Values& values() { return values_; }

    struct Gathered {
        const Model* model = nullptr;
        std::vector<Object> objects;  ///< by key
    };
    /// After the last record. `model` empty: the smallest one that has all the operations. An error says which operation
    /// does not fit the model, and what to do.
    [[nodiscard]] Result<Gathered> gather(const std::string& model);

  private:
    enum class Shape : std::uint8_t { plain, tuple, members };
    struct Raw {
        std::string_view f;
        Function function = Function::read;
        history::Type type = history::Type::info;
        TrueTime inv;
        TrueTime res;
        std::uint64_t index = 0;
        std::optional<std::uint64_t> invoke_index;
        std::int64_t process = 0;
        ValueId asked = nothing;     ///< the invocation's value
        ValueId answered = nothing;  ///< the completion's
        ValueId key = not_known;     ///< the record's own member `key`
    };
    struct Taken {
        std::optional<std::string> key;
        Call call;
    };

    Raw raw(const history::Record& record);
    [[nodiscard]] Shape shape(const Model& model) const;
    [[nodiscard]] Result<Taken> take(const Raw& raw, Shape shape);

    Values values_;
    std::vector<Raw> raws_;                     ///< completed, in the order of their ends
    std::map<std::int64_t, Raw> in_progress_;   ///< by process
};

}  // namespace mistrial::checkers::linearizability
