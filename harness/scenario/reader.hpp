#pragma once

#include "core/time.hpp"
#include "harness/scenario/mistakes.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mistrial::scenario {

/// A place in a JSON document that is being read: a value that may be missing, with its pointer and the list that its
/// mistakes go to. Reading never fails: what is wrong is told once, and the caller goes on with nothing.
/// Lives no longer than the document and the list.
class Reader {
  public:
    Reader(const Json& document, Mistakes& mistakes) : json_(&document), mistakes_(&mistakes) {}

    [[nodiscard]] Reader at(std::string_view key) const;
    [[nodiscard]] Reader at(std::size_t index) const;
    /// Elements of an array; none when it is missing or no array.
    [[nodiscard]] std::vector<Reader> elements() const;
    /// Members of an object, in order of their keys; none when it is missing or no object.
    [[nodiscard]] std::vector<std::pair<std::string, Reader>> members() const;

    [[nodiscard]] bool present() const { return json_ != nullptr; }
    [[nodiscard]] bool is_string() const { return present() && json_->is_string(); }
    [[nodiscard]] bool is_object() const { return present() && json_->is_object(); }
    [[nodiscard]] bool is_array() const { return present() && json_->is_array(); }
    [[nodiscard]] const Json& json() const;
    [[nodiscard]] const std::string& pointer() const { return pointer_; }
    [[nodiscard]] Mistakes& mistakes() const { return *mistakes_; }

    /// The value, when it is there and of the right type; a wrong type is told.
    [[nodiscard]] std::optional<std::string> text() const;
    [[nodiscard]] std::optional<bool> boolean() const;
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] std::optional<std::uint64_t> natural() const;
    /// Written as text: "250ms".
    [[nodiscard]] std::optional<Duration> duration() const;
    [[nodiscard]] std::vector<std::string> names() const;
    /// [[first, last], ...], both included, ascending and apart; none when it is missing.
    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges() const;

    /// The same, and missing is a mistake too.
    [[nodiscard]] std::string need_text() const;
    [[nodiscard]] bool need_boolean() const;
    [[nodiscard]] std::int64_t need_integer() const;
    [[nodiscard]] std::uint64_t need_natural() const;
    [[nodiscard]] Duration need_duration() const;
    [[nodiscard]] Json need_object() const;
    [[nodiscard]] std::vector<std::string> need_names() const;

    /// Tells every key that is not among `known`, with the one that was probably meant.
    void only(std::initializer_list<std::string_view> known) const;

    /// "expected EXPECTED, got VALUE" at this place.
    void wrong(std::string_view expected) const;
    /// A mistake at this place, in a sentence.
    void tell(std::string sentence) const { mistakes_->add_once(pointer_, std::move(sentence)); }

  private:
    Reader(const Json* json, Mistakes* mistakes, std::string pointer)
        : json_(json), mistakes_(mistakes), pointer_(std::move(pointer)) {}

    template <class T>
    [[nodiscard]] T needed(std::optional<T> value, std::string_view expected) const;

    const Json* json_;
    Mistakes* mistakes_;
    std::string pointer_;
};

}  // namespace mistrial::scenario
