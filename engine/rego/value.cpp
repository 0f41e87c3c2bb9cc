#include "engine/rego/value.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace mistrial::rego {

struct Value::StringNode {
    std::atomic<std::uint32_t> references{1};
    std::string text;
};
struct Value::ListNode {
    std::atomic<std::uint32_t> references{1};
    std::vector<Value> elements;
};
struct Value::ObjectNode {
    std::atomic<std::uint32_t> references{1};
    std::vector<Member> members;
};

namespace {

const auto key_before = [](const Member& member, const Value& key) { return member.key < key; };

}  // namespace

std::string_view name_of(Type type) {
    switch (type) {
        case Type::undefined:
            return "undefined";
        case Type::null:
            return "null";
        case Type::boolean:
            return "boolean";
        case Type::number:
            return "number";
        case Type::string:
            return "string";
        case Type::array:
            return "array";
        case Type::object:
            return "object";
        case Type::set:
            return "set";
    }
    return "undefined";
}

void Value::retain() const noexcept {
    switch (tag_) {
        case Tag::decimal:
            intrusive_ptr_add_ref(decimal_);
            break;
        case Tag::string:
            string_->references.fetch_add(1, std::memory_order_relaxed);
            break;
        case Tag::array:
        case Tag::set:
            list_->references.fetch_add(1, std::memory_order_relaxed);
            break;
        case Tag::object:
            object_->references.fetch_add(1, std::memory_order_relaxed);
            break;
        default:
            break;
    }
}

void Value::release() noexcept {
    switch (tag_) {
        case Tag::decimal:
            intrusive_ptr_release(decimal_);
            break;
        case Tag::string:
            if (string_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete string_;
            break;
        case Tag::array:
        case Tag::set:
            if (list_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete list_;
            break;
        case Tag::object:
            if (object_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete object_;
            break;
        default:
            break;
    }
    tag_ = Tag::undefined;
}

Value::Value(const Value& other) noexcept : tag_(other.tag_), integer_(other.integer_) {
    if (shares()) retain();
}

Value::Value(Value&& other) noexcept : tag_(other.tag_), integer_(other.integer_) {
    other.tag_ = Tag::undefined;
}

Value& Value::operator=(const Value& other) noexcept {
    if (other.shares()) other.retain();
    const Tag tag = other.tag_;
    const std::int64_t payload = other.integer_;
    if (shares()) release();
    tag_ = tag;
    integer_ = payload;
    return *this;
}

Value& Value::operator=(Value&& other) noexcept {
    if (this == &other) return *this;
    const Tag tag = other.tag_;
    const std::int64_t payload = other.integer_;
    other.tag_ = Tag::undefined;
    if (shares()) release();
    tag_ = tag;
    integer_ = payload;
    return *this;
}

Value::~Value() {
    if (shares()) release();
}

Value Value::null() noexcept {
    Value value;
    value.tag_ = Tag::null;
    return value;
}

Value Value::boolean(bool boolean) noexcept {
    Value value;
    value.tag_ = Tag::boolean;
    value.boolean_ = boolean;
    return value;
}

Value Value::integer(std::int64_t integer) noexcept {
    Value value;
    value.tag_ = Tag::integer;
    value.integer_ = integer;
    return value;
}

Value Value::number(const Number& number) noexcept {
    if (!number.decimal_) return integer(number.integer_);
    Value value;
    value.tag_ = Tag::decimal;
    value.decimal_ = number.decimal_.get();
    value.retain();
    return value;
}

Value Value::string(std::string_view text) { return string(std::string(text)); }

Value Value::string(std::string&& text) {
    Value value;
    auto* node = new StringNode;
    node->text = std::move(text);
    value.tag_ = Tag::string;
    value.string_ = node;
    return value;
}

Value Value::array(std::vector<Value> elements) {
    Value value;
    auto* node = new ListNode;
    node->elements = std::move(elements);
    value.tag_ = Tag::array;
    value.list_ = node;
    return value;
}

Value Value::set(std::vector<Value> elements) {
    std::stable_sort(elements.begin(), elements.end(), [](const Value& a, const Value& b) { return a < b; });
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
    Value value = array(std::move(elements));
    value.tag_ = Tag::set;
    return value;
}

Value Value::object() { return object(std::vector<Member>{}); }

Value Value::object(std::vector<Member> members) {
    std::stable_sort(members.begin(), members.end(),
                     [](const Member& a, const Member& b) { return a.key < b.key; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (kept > 0 && members[kept - 1].key == members[i].key) {
            members[kept - 1].value = std::move(members[i].value);
        } else {
            if (kept != i) members[kept] = std::move(members[i]);
            ++kept;
        }
    }
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(kept), members.end());
    Value value;
    auto* node = new ObjectNode;
    node->members = std::move(members);
    value.tag_ = Tag::object;
    value.object_ = node;
    return value;
}

Type Value::type() const noexcept {
    switch (tag_) {
        case Tag::undefined:
            return Type::undefined;
        case Tag::null:
            return Type::null;
        case Tag::boolean:
            return Type::boolean;
        case Tag::integer:
        case Tag::decimal:
            return Type::number;
        case Tag::string:
            return Type::string;
        case Tag::array:
            return Type::array;
        case Tag::object:
            return Type::object;
        case Tag::set:
            return Type::set;
    }
    return Type::undefined;
}

bool Value::as_boolean() const {
    MISTRIAL_INVARIANT(tag_ == Tag::boolean, "a {} was read as a boolean", name_of(type()));
    return boolean_;
}

Number Value::as_number() const {
    if (tag_ == Tag::integer) return Number(integer_);
    MISTRIAL_INVARIANT(tag_ == Tag::decimal, "a {} was read as a number", name_of(type()));
    return Number(Number::DecimalPointer(decimal_));
}

std::string_view Value::as_string() const {
    MISTRIAL_INVARIANT(tag_ == Tag::string, "a {} was read as a string", name_of(type()));
    return string_->text;
}

std::span<const Value> Value::elements() const {
    MISTRIAL_INVARIANT(tag_ == Tag::array || tag_ == Tag::set, "a {} was read as a list", name_of(type()));
    return list_->elements;
}

std::span<const Member> Value::members() const {
    MISTRIAL_INVARIANT(tag_ == Tag::object, "a {} was read as an object", name_of(type()));
    return object_->members;
}

std::size_t Value::size() const noexcept {
    switch (tag_) {
        case Tag::array:
        case Tag::set:
            return list_->elements.size();
        case Tag::object:
            return object_->members.size();
        default:
            return 0;
    }
}

const Value* Value::find(const Value& key) const noexcept {
    switch (tag_) {
        case Tag::object: {
            if (key.tag_ == Tag::string) return find(std::string_view(key.string_->text));
            const auto& members = object_->members;
            const auto at = std::lower_bound(members.begin(), members.end(), key, key_before);
            return at != members.end() && at->key == key ? &at->value : nullptr;
        }
        case Tag::array: {
            if (key.tag_ != Tag::integer || key.integer_ < 0) return nullptr;
            const auto index = static_cast<std::size_t>(key.integer_);
            return index < list_->elements.size() ? &list_->elements[index] : nullptr;
        }
        case Tag::set: {
            const auto& elements = list_->elements;
            const auto at = std::lower_bound(elements.begin(), elements.end(), key);
            return at != elements.end() && *at == key ? &*at : nullptr;
        }
        default:
            return nullptr;
    }
}

const Value* Value::find(std::string_view key) const noexcept {
    if (tag_ != Tag::object) return nullptr;
    const auto& members = object_->members;
    const auto at =
        std::lower_bound(members.begin(), members.end(), key, [](const Member& member, std::string_view k) {
            return member.key.tag_ == Tag::string ? member.key.string_->text < k
                                                  : member.key.tag_ < Tag::string;
        });
    const bool found = at != members.end() && at->key.tag_ == Tag::string && at->key.string_->text == key;
    return found ? &at->value : nullptr;
}

Value::ListNode& Value::own_list() {
    if (list_->references.load(std::memory_order_acquire) != 1) {
        auto* copy = new ListNode;
        copy->elements.reserve(list_->elements.size() + 1);
        copy->elements = list_->elements;
        const Tag tag = tag_;
        release();
        tag_ = tag;
        list_ = copy;
    }
    return *list_;
}

Value::ObjectNode& Value::own_object() {
    if (object_->references.load(std::memory_order_acquire) != 1) {
        auto* copy = new ObjectNode;
        copy->members.reserve(object_->members.size() + 1);
        copy->members = object_->members;
        release();
        tag_ = Tag::object;
        object_ = copy;
    }
    return *object_;
}

void Value::append(Value element) {
    MISTRIAL_INVARIANT(tag_ == Tag::array && element.is_defined(), "append of {} to {}",
                       name_of(element.type()), name_of(type()));
    own_list().elements.push_back(std::move(element));
}

void Value::insert(Value key, Value value) {
    MISTRIAL_INVARIANT(tag_ == Tag::object && key.is_defined() && value.is_defined(),
                       "insert of {}: {} into {}", name_of(key.type()), name_of(value.type()),
                       name_of(type()));
    auto& members = own_object().members;
    if (members.empty() || members.back().key < key) {
        members.push_back({std::move(key), std::move(value)});
        return;
    }
    const auto at = std::lower_bound(members.begin(), members.end(), key, key_before);
    if (at != members.end() && at->key == key)
        at->value = std::move(value);
    else
        members.insert(at, {std::move(key), std::move(value)});
}

void Value::add(Value element) {
    MISTRIAL_INVARIANT(tag_ == Tag::set && element.is_defined(), "add of {} to {}", name_of(element.type()),
                       name_of(type()));
    auto& elements = own_list().elements;
    if (elements.empty() || elements.back() < element) {
        elements.push_back(std::move(element));
        return;
    }
    const auto at = std::lower_bound(elements.begin(), elements.end(), element);
    if (at == elements.end() || *at != element) elements.insert(at, std::move(element));
}

bool Value::same_as(const Value& other) const noexcept {
    if (tag_ != other.tag_) return false;
    switch (tag_) {
        case Tag::undefined:
        case Tag::null:
            return true;
        case Tag::boolean:
            return boolean_ == other.boolean_;
        default:
            return integer_ == other.integer_;  // the pointer, for those that have one
    }
}

std::strong_ordering Value::compare(const Value& a, const Value& b) noexcept {
    if (a.tag_ == Tag::integer && b.tag_ == Tag::integer) return a.integer_ <=> b.integer_;
    const Type type_a = a.type();
    const Type type_b = b.type();
    if (type_a != type_b) return type_a <=> type_b;
    switch (a.tag_) {
        case Tag::undefined:
        case Tag::null:
            return std::strong_ordering::equal;
        case Tag::boolean:
            return a.boolean_ <=> b.boolean_;
        case Tag::integer:
        case Tag::decimal:
            return a.as_number() <=> b.as_number();
        case Tag::string:
            if (a.string_ == b.string_) return std::strong_ordering::equal;
            return a.string_->text <=> b.string_->text;
        case Tag::array:
        case Tag::set: {
            if (a.list_ == b.list_) return std::strong_ordering::equal;
            const auto& x = a.list_->elements;
            const auto& y = b.list_->elements;
            return std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
        }
        case Tag::object: {
            if (a.object_ == b.object_) return std::strong_ordering::equal;
            const auto& x = a.object_->members;
            const auto& y = b.object_->members;
            return std::lexicographical_compare_three_way(
                x.begin(), x.end(), y.begin(), y.end(), [](const Member& m, const Member& n) {
                    const auto keys = compare(m.key, n.key);
                    return keys != 0 ? keys : compare(m.value, n.value);
                });
        }
    }
    return std::strong_ordering::equal;
}

bool operator==(const Value& a, const Value& b) noexcept {
    if (a.tag_ == Value::Tag::string && b.tag_ == Value::Tag::string)
        return a.string_ == b.string_ || a.string_->text == b.string_->text;
    if (a.size() != b.size()) return false;
    return Value::compare(a, b) == 0;
}

}  // namespace mistrial::rego
