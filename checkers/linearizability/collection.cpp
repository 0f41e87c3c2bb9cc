#include "checkers/linearizability/collection.hpp"

#include <algorithm>
#include <array>

namespace mistrial::checkers::linearizability {

namespace {

struct Word {
    std::string_view f;
    Function function;
};
constexpr std::array words{
    Word{"read", Function::read}, Word{"write", Function::write}, Word{"cas", Function::cas},
    Word{"get", Function::read},  Word{"put", Function::write},   Word{"append", Function::append},
};

const Word* find_word(std::string_view f) {
    const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.f == f; });
    return found == words.end() ? nullptr : &*found;
}

bool is_pair(const Json& value) { return value.is_array() && value.size() == 2; }
bool has_members(const Json& value) { return value.is_object() && value.contains("key"); }

}  // namespace

bool is_call(const history::Record& record) {
    return std::holds_alternative<history::Foreign>(record.value) && std::holds_alternative<std::int64_t>(record.process) &&
           find_word(record.f) != nullptr;
}

Collection::Raw Collection::raw(const history::Record& record) {
    const Word& word = *find_word(record.f);
    Raw raw;
    raw.f = word.f;
    raw.function = word.function;
    raw.type = record.type;
    raw.index = record.index;
    raw.process = std::get<std::int64_t>(record.process);
    if (record.extra.is_object() && record.extra.contains("key")) raw.key = values_.id_of(record.extra["key"]);
    return raw;
}

void Collection::begins(const history::Record& invocation) {
    Raw raw = this->raw(invocation);
    raw.asked = values_.id_of(std::get<history::Foreign>(invocation.value).value);
    raw.inv = invocation.time;
    raw.invoke_index = invocation.index;
    in_progress_.insert_or_assign(raw.process, std::move(raw));
}

void Collection::ends(const history::Record& completion, TrueTime inv, std::optional<std::uint64_t> invoke_index) {
    Raw raw = this->raw(completion);
    if (const auto begun = in_progress_.find(raw.process); begun != in_progress_.end()) {
        raw.asked = begun->second.asked;
        if (raw.key == not_known) raw.key = begun->second.key;
        in_progress_.erase(begun);
    }
    if (raw.type == history::Type::fail) return;
    raw.answered = values_.id_of(std::get<history::Foreign>(completion.value).value);
    // An invocation's value says what was asked for; where there is none, the completion repeats it.
    if (!invoke_index && raw.type == history::Type::ok) raw.asked = raw.answered;
    // The value at first was there before everything.
    raw.inv = std::max(inv, TrueTime::min() + Duration{1});
    raw.res = completion.time;
    raw.invoke_index = invoke_index;
    raws_.push_back(std::move(raw));
}

Collection::Shape Collection::shape(const Model& model) const {
    bool tuples = true;
    bool members = true;
    for (const Raw& raw : raws_) {
        if (raw.key != not_known) return Shape::members;
        const Json value = values_.json(raw.function == Function::read && raw.type == history::Type::ok ? raw.answered : raw.asked);
        members = members && has_members(value);
        // Of a cas, [key, [old, new]]; a register of pairs is read as null at first, or before its value is known.
        tuples = tuples && is_pair(value) && !value[0].is_array() && (raw.function != Function::cas || is_pair(value[1])) &&
                 (raw.function != Function::read || !raw.invoke_index || is_pair(values_.json(raw.asked)));
    }
    if (members) return Shape::members;
    return tuples || model.keyed ? Shape::tuple : Shape::plain;
}

Result<Collection::Taken> Collection::take(const Raw& raw, Shape shape) {
    const auto refuse = [&](std::string_view expected) {
        return fail("{} of record {} has the value {}; expected {}", raw.f, raw.index, values_.text(raw.asked), expected);
    };
    Taken taken;
    Json asked = values_.json(raw.asked);
    Json answered = values_.json(raw.answered);
    if (raw.key != not_known) {
        taken.key = values_.text(raw.key);
    } else if (shape != Shape::plain) {
        const bool by_answer = raw.function == Function::read && raw.type == history::Type::ok;
        const Json& keyed = by_answer && !(is_pair(asked) || has_members(asked)) ? answered : asked;
        if (has_members(keyed)) {
            taken.key = canonical(keyed["key"]);
        } else if (is_pair(keyed)) {
            taken.key = canonical(keyed[0]);
        } else {
            return refuse("[key, value], or {\"key\": key, \"value\": value}");
        }
        for (Json* value : {&asked, &answered}) {
            if (has_members(*value)) {
                *value = Json(value->value("value", Json()));
            } else if (is_pair(*value)) {
                *value = Json((*value)[1]);
            }
        }
    }
    taken.call.function = raw.function;
    switch (raw.function) {
        case Function::read:
            if (raw.type == history::Type::ok) taken.call.result = values_.id_of(answered);
            break;
        case Function::cas:
            if (!is_pair(asked)) return refuse("[old, new]");
            taken.call.expected = values_.id_of(asked[0]);
            taken.call.argument = values_.id_of(asked[1]);
            break;
        case Function::write:
        case Function::append: taken.call.argument = values_.id_of(asked); break;
    }
    return taken;
}

Result<Collection::Gathered> Collection::gather(const std::string& name) {
    for (auto& [process, raw] : in_progress_) {
        raw.type = history::Type::info;
        raws_.push_back(raw);
    }
    in_progress_.clear();

    Gathered gathered;
    gathered.model = name.empty() ? nullptr : find_model(name);
    if (!name.empty() && gathered.model == nullptr) return fail("there is no model {}: it is {}", name, model_names());
    if (gathered.model == nullptr) {
        const auto any = [&](auto... names) {
            return std::any_of(raws_.begin(), raws_.end(), [&](const Raw& raw) { return ((raw.f == names) || ...); });
        };
        gathered.model = find_model(any("get", "put", "append") ? "key-value" : any("cas") ? "cas-register" : "register");
    }
    const Shape shape = this->shape(*gathered.model);
    std::map<std::optional<std::string>, std::size_t> places;
    for (const Raw& raw : raws_) {
        if (!gathered.model->accepts(raw.function)) {
            return fail("the model {} has no {}, but record {} is one; the models are {}", gathered.model->name, raw.f,
                        raw.index, model_names());
        }
        const bool open = raw.type != history::Type::ok;
        if (open && raw.function == Function::read) continue;  // says nothing, changes nothing
        const Result<Taken> taken = take(raw, shape);
        if (!taken) return taken.error();
        const auto [place, fresh] = places.try_emplace(taken->key, gathered.objects.size());
        if (fresh) gathered.objects.push_back({taken->key, {}});
        gathered.objects[place->second].operations.push_back({raw.inv, open ? Operation::open : raw.res, taken->call, raw.index,
                                                              raw.invoke_index, raw.process});
    }
    raws_.clear();
    std::sort(gathered.objects.begin(), gathered.objects.end(), [](const Object& a, const Object& b) { return a.key < b.key; });
    return gathered;
}

}  // namespace mistrial::checkers::linearizability
