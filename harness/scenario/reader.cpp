#include "harness/scenario/reader.hpp"

#include <algorithm>

namespace mistrial::scenario {

Reader Reader::at(std::string_view key) const {
    const Json* member = nullptr;
    if (is_object())
        if (const auto found = json_->find(std::string(key)); found != json_->end()) member = &*found;
    return {member, mistakes_, pointer_to(pointer_, key)};
}

Reader Reader::at(std::size_t index) const {
    return {is_array() && index < json_->size() ? &(*json_)[index] : nullptr, mistakes_, pointer_to(pointer_, index)};
}

std::vector<Reader> Reader::elements() const {
    std::vector<Reader> all;
    if (is_array())
        for (std::size_t i = 0; i < json_->size(); ++i) all.push_back(at(i));
    return all;
}

std::vector<std::pair<std::string, Reader>> Reader::members() const {
    std::vector<std::pair<std::string, Reader>> all;
    if (is_object())
        for (const auto& [key, value] : json_->items()) all.emplace_back(key, at(key));
    return all;
}

const Json& Reader::json() const {
    static const Json nothing;
    return present() ? *json_ : nothing;
}

std::optional<std::string> Reader::text() const {
    if (!present()) return std::nullopt;
    if (!json_->is_string()) {
        wrong("a string");
        return std::nullopt;
    }
    return json_->get<std::string>();
}

std::optional<bool> Reader::boolean() const {
    if (!present()) return std::nullopt;
    if (!json_->is_boolean()) {
        wrong("true or false");
        return std::nullopt;
    }
    return json_->get<bool>();
}

std::optional<std::int64_t> Reader::integer() const {
    if (!present()) return std::nullopt;
    const bool too_large = json_->is_number_unsigned() && json_->get<std::uint64_t>() > INT64_MAX;
    if (!json_->is_number_integer() || too_large) {
        wrong("an integer");
        return std::nullopt;
    }
    return json_->get<std::int64_t>();
}

std::optional<std::uint64_t> Reader::natural() const {
    if (!present()) return std::nullopt;
    if (!json_->is_number_unsigned() && !(json_->is_number_integer() && json_->get<std::int64_t>() >= 0)) {
        wrong("an integer of at least 0");
        return std::nullopt;
    }
    return json_->get<std::uint64_t>();
}

std::optional<Duration> Reader::duration() const {
    if (!present()) return std::nullopt;
    if (json_->is_string())
        if (const auto parsed = parse_duration(json_->get_ref<const std::string&>())) return *parsed;
    wrong("a duration such as \"250ms\", \"5s\", \"2m\" or \"1h\"");
    return std::nullopt;
}

std::vector<std::string> Reader::names() const {
    std::vector<std::string> all;
    if (present() && !is_array()) wrong("an array of names");
    for (const Reader& element : elements())
        if (auto name = element.text()) all.push_back(std::move(*name));
    return all;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Reader::ranges() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    if (present() && !is_array()) wrong("an array of ranges, each [first, last]");
    for (const Reader& element : elements()) {
        if (!element.is_array() || element.json().size() != 2) {
            element.wrong("a range, [first, last]");
            continue;
        }
        const auto first = element.at(std::size_t{0}).need_natural(), last = element.at(std::size_t{1}).need_natural();
        if (last < first || (!all.empty() && first <= all.back().second))
            element.wrong("a first number at most the last, after the range before it");
        all.emplace_back(first, last);
    }
    return all;
}

template <class T>
T Reader::needed(std::optional<T> value, std::string_view expected) const {
    if (!value) wrong(expected);
    return value.value_or(T{});
}

std::string Reader::need_text() const { return needed(text(), "a string"); }
bool Reader::need_boolean() const { return needed(boolean(), "true or false"); }
std::int64_t Reader::need_integer() const { return needed(integer(), "an integer"); }
std::uint64_t Reader::need_natural() const { return needed(natural(), "an integer of at least 0"); }
Duration Reader::need_duration() const { return needed(duration(), "a duration such as \"250ms\" or \"5s\""); }

Json Reader::need_object() const {
    if (!is_object()) {
        wrong("an object");
        return Json::object();
    }
    return *json_;
}

std::vector<std::string> Reader::need_names() const {
    if (!present()) wrong("an array of names");
    return names();
}

void Reader::only(std::initializer_list<std::string_view> known) const {
    const std::vector<std::string> names(known.begin(), known.end());
    for (const auto& [key, member] : members())
        if (std::ranges::find(names, key) == names.end())
            member.tell(fmt::format("no such key here{}; known are {}", did_you_mean(key, names),
                                    fmt::join(names, ", ")));
}

void Reader::wrong(std::string_view expected) const {
    mistakes_->add_once(pointer_, fmt::format("expected {}, got {}", expected, present() ? shown(*json_) : "nothing"));
}

}  // namespace mistrial::scenario
