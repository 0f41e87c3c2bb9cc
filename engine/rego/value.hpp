#pragma once

#include "core/json.hpp"
#include "core/result.hpp"
#include "engine/rego/number.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The values of Rego: what JSON has, and sets, and object keys of any kind.
namespace mistrial::rego {

/// In OPA's order: every value of one type stands before every value of the next.
enum class Type : std::uint8_t { undefined, null, boolean, number, string, array, object, set };

/// What `type_name` says; "undefined" for undefined.
[[nodiscard]] std::string_view name_of(Type type);

struct Member;

/// A value of sixteen bytes; composite ones share their nodes, and copying is counting a reference. A value
/// never changes behind another's back: the three building functions copy a shared node first. A
/// default-constructed Value is undefined, which is the absence of a value: it has no JSON, is never inside a
/// collection, and equals only itself.
///
/// Threads: distinct Values may be used, and share nodes, in different threads; one Value may be read by
/// many.
class Value {
  public:
    Value() noexcept = default;
    Value(const Value& other) noexcept;
    Value(Value&& other) noexcept;
    Value& operator=(const Value& other) noexcept;
    Value& operator=(Value&& other) noexcept;
    ~Value();

    [[nodiscard]] static Value null() noexcept;
    [[nodiscard]] static Value boolean(bool value) noexcept;
    [[nodiscard]] static Value integer(std::int64_t value) noexcept;
    [[nodiscard]] static Value number(const Number& value) noexcept;
    [[nodiscard]] static Value string(std::string_view text);
    [[nodiscard]] static Value string(std::string&& text);
    [[nodiscard]] static Value array(std::vector<Value> elements = {});
    /// In any order; of equal keys the last one's value stays.
    [[nodiscard]] static Value object(std::vector<Member> members);
    [[nodiscard]] static Value object();
    /// In any order and with repetitions.
    [[nodiscard]] static Value set(std::vector<Value> elements = {});

    [[nodiscard]] Type type() const noexcept;
    [[nodiscard]] bool is_defined() const noexcept { return tag_ != Tag::undefined; }
    [[nodiscard]] bool is_true() const noexcept { return tag_ == Tag::boolean && boolean_; }
    [[nodiscard]] bool is_false() const noexcept { return tag_ == Tag::boolean && !boolean_; }

    /// The parts; asking a value of another type is a broken invariant.
    [[nodiscard]] bool as_boolean() const;
    [[nodiscard]] Number as_number() const;
    [[nodiscard]] std::string_view as_string() const;
    [[nodiscard]] std::span<const Value> elements() const;  ///< of an array; of a set, in order
    [[nodiscard]] std::span<const Member> members() const;  ///< of an object, in order of the keys

    /// The integer of 64 bits, if it is one.
    [[nodiscard]] std::optional<std::int64_t> int64() const noexcept {
        if (tag_ != Tag::integer) return std::nullopt;
        return integer_;
    }
    /// Elements of a collection; 0 for anything else.
    [[nodiscard]] std::size_t size() const noexcept;

    /// `value[key]`: an object's value, an array's element by integer, a set's element itself; null when
    /// there is none, and for every other type. The pointer lives as long as the node.
    [[nodiscard]] const Value* find(const Value& key) const noexcept;
    /// An object's value by a string.
    [[nodiscard]] const Value* find(std::string_view key) const noexcept;

    /// To an array, an object (an equal key keeps its place and gets the new value), a set. O(1) at the end
    /// of the order, O(n) elsewhere and when the node is shared.
    void append(Value element);
    void insert(Value key, Value value);
    void add(Value element);

    /// Sharing one node, or equal and without a node: never true of unequal values. O(1).
    [[nodiscard]] bool same_as(const Value& other) const noexcept;

    /// OPA's total order: types, then false < true, numbers by value, strings by bytes, arrays and sets by
    /// elements, objects by (key, value) pairs.
    friend std::strong_ordering operator<=>(const Value& a, const Value& b) noexcept { return compare(a, b); }
    friend bool operator==(const Value& a, const Value& b) noexcept;

  private:
    enum class Tag : std::uint8_t { undefined, null, boolean, integer, decimal, string, array, object, set };
    struct StringNode;
    struct ListNode;  // arrays and sets
    struct ObjectNode;

    static std::strong_ordering compare(const Value& a, const Value& b) noexcept;
    [[nodiscard]] bool shares() const noexcept { return tag_ >= Tag::decimal; }
    void retain() const noexcept;
    void release() noexcept;
    [[nodiscard]] ListNode& own_list();
    [[nodiscard]] ObjectNode& own_object();

    Tag tag_ = Tag::undefined;
    union {
        bool boolean_;
        std::int64_t integer_ = 0;
        const detail::Decimal* decimal_;
        StringNode* string_;
        ListNode* list_;
        ObjectNode* object_;
    };
};

struct Member {
    Value key;
    Value value;
    friend bool operator==(const Member&, const Member&) = default;
};

/// Depth to which JSON may nest; deeper text is refused, so that no recursion over a value can exhaust the
/// stack.
inline constexpr int max_depth = 1000;

/// A JSON text as a Value, numbers exact. The error names `where`, line and column.
[[nodiscard]] Result<Value> parse_value(std::string_view text, std::string_view where);

/// Compact JSON: sets as sorted arrays, keys that are not strings as their JSON text, bytes that are not
/// UTF-8 as U+FFFD. Equal texts for equal values, up to how numbers were written. Undefined is a broken
/// invariant.
[[nodiscard]] std::string to_text(const Value& value);
void append_text(std::string& out, const Value& value);

/// Through nlohmann: integers beyond 64 bits and decimals become doubles on the way to Json.
[[nodiscard]] Value from_json(const Json& json);
[[nodiscard]] Json to_json(const Value& value);

}  // namespace mistrial::rego
