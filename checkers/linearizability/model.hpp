#pragma once

#include "checkers/names.hpp"
#include "core/json.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// General linearizability (Herlihy and Wing, TOPLAS 1990) of objects whose order of writes nobody knows.
namespace mistrial::checkers::linearizability {

/// A value that an object may hold, as a number: equal JSON values are equal numbers.
using ValueId = std::uint32_t;
inline constexpr ValueId nothing = 0;     ///< null: what every object holds at first
inline constexpr ValueId empty_text = 1;  ///< ""
inline constexpr ValueId not_known = Names::none;

/// The values of one history. Not thread-safe.
class Values {
  public:
    Values();

    [[nodiscard]] ValueId id_of(const Json& value);
    /// Canonical JSON text, as ids are given out for.
    [[nodiscard]] const std::string& text(ValueId value) const { return names_.text(value); }
    [[nodiscard]] Json json(ValueId value) const { return Json::parse(text(value)); }
    /// `value` with `more` at its end: texts are joined, anything else becomes a list. Remembered.
    [[nodiscard]] ValueId appended(ValueId value, ValueId more);
    /// What the texts take, roughly.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    [[nodiscard]] ValueId intern(std::string_view text);

    Names names_;
    std::unordered_map<std::uint64_t, ValueId> appended_;
    std::uint64_t bytes_ = 0;
};

/// What a client asked of one object, and what it was told.
enum class Function : std::uint8_t { read, write, cas, append };

struct Call {
    Function function = Function::read;
    ValueId argument = not_known;  ///< written or appended; of a cas, what it puts there
    ValueId expected = not_known;  ///< of a cas: what must be there
    ValueId result = not_known;    ///< of a read that was answered
    friend bool operator==(const Call&, const Call&) = default;
};

/// One operation on one object. What may never take effect has no end.
struct Operation {
    static constexpr TrueTime open = TrueTime::max();

    TrueTime inv;
    TrueTime res = open;
    Call call;
    std::uint64_t index = 0;  ///< of its completion's record, else of its invocation's
    std::optional<std::uint64_t> invoke_index;
    std::int64_t process = 0;

    [[nodiscard]] bool is_open() const { return res == open; }
};

/// The state of an object; what a call cannot do to it is `impossible`.
using State = ValueId;
inline constexpr State impossible = Names::none;

/// A sequential specification. A value: whoever wants another object writes one like those in model.cpp, whose states
/// are JSON values made through `Values`.
struct Model {
    std::string_view name;  ///< "cas-register"
    std::string_view about;
    std::vector<Function> takes;
    bool keyed = false;  ///< always many objects, one a key; other models may have keys or not, as the history shows
    /// The state after `call` in `state`, or `impossible` where it could not have been answered so. A call without a
    /// result may have had any.
    State (*step)(Values& values, State state, const Call& call) = nullptr;

    [[nodiscard]] bool accepts(Function function) const;
};

/// register, cas-register, key-value.
[[nodiscard]] const std::vector<Model>& models();
/// nullptr when there is none of this name.
[[nodiscard]] const Model* find_model(std::string_view name);
/// "register, cas-register or key-value"
[[nodiscard]] std::string model_names();

/// "read 3", "write 3", "cas 1 -> 3", "append \"x\""; a read that nobody saw answered is "read".
[[nodiscard]] std::string describe(const Values& values, const Call& call);

}  // namespace mistrial::checkers::linearizability
