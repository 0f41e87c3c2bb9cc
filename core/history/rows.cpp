#include "core/history/rows.hpp"

#include <algorithm>
#include <charconv>

namespace mistrial::history {
namespace {

template <class T>
void add_all(std::vector<T>& to, const std::vector<T>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

/// As a history line would hold it: bytes that are no text are replaced.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Parts of a key, each with its length before it: a text may hold any byte.
void add_part(std::string& key, std::string_view part) {
    key += fmt::format("{}:", part.size());
    key += part;
}

std::string key_of(const Question& question) {
    std::string key;
    add_part(key, question.path);
    if (question.input) add_part(key += 'i', text_of(*question.input));
    if (question.input_id) add_part(key += 'n', *question.input_id);
    if (question.timeout) add_part(key += 't', fmt::format("{}", question.timeout->count()));
    return key;
}

std::string key_of(const Shown& shown) {
    std::string key;
    for (const auto* texts : {&shown.revisions, &shown.markers}) {
        for (const auto& [name, revision] : *texts) {
            add_part(key, name);
            add_part(key, revision);
        }
        key += '\1';
    }
    return key;
}

std::string key_of(const Answer& answer) {
    if (const auto* verdict = std::get_if<Verdict>(&answer)) return "v" + *verdict;
    const auto* refused = std::get_if<Refused>(&answer);
    if (refused == nullptr) return "u";
    return fmt::format("r{}{}", refused->status, refused->code ? "c" + *refused->code : "");
}

}  // namespace

void Vocabulary::clear() {
    agents.clear();
    names.clear();
    questions.clear();
    tokens.clear();
    shown.clear();
    answers.clear();
}

void Vocabulary::append(const Vocabulary& more) {
    add_all(agents, more.agents);
    add_all(names, more.names);
    add_all(questions, more.questions);
    add_all(tokens, more.tokens);
    add_all(shown, more.shown);
    add_all(answers, more.answers);
}

Nonce split_nonce(std::string_view text) {
    constexpr std::size_t most_digits = 9;
    std::size_t at = text.size();
    while (at > 0 && text.size() - at < most_digits && text[at - 1] >= '0' && text[at - 1] <= '9') --at;
    Nonce nonce{text.substr(0, at), 0, static_cast<std::uint8_t>(text.size() - at)};
    std::from_chars(text.data() + at, text.data() + text.size(), nonce.number);
    return nonce;
}

std::string join_nonce(std::string_view stem, std::uint32_t number, std::uint8_t digits) {
    return digits == 0 ? std::string(stem) : fmt::format("{}{:0{}}", stem, number, static_cast<int>(digits));
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
    Uuid uuid;
    std::size_t digits = 0;
    for (const char c : text) {
        if (c == '-') continue;
        const bool decimal = c >= '0' && c <= '9';
        if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
        std::uint64_t& half = digits < 16 ? uuid.high : uuid.low;
        half = half << 4 | digit;
        ++digits;
    }
    return digits == 32 ? std::optional(uuid) : std::nullopt;
}

std::string format_uuid(Uuid uuid) {
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", uuid.high >> 32, uuid.high >> 16 & 0xFFFFU,
                       uuid.high & 0xFFFFU, uuid.low >> 48, uuid.low & 0xFFFFFFFFFFFFU);
}

std::pair<std::uint32_t, bool> RowMaker::number(Texts& texts, std::string_view text, std::uint32_t most) {
    if (const auto found = texts.numbers.find(text); found != texts.numbers.end()) return {found->second, false};
    const auto number = static_cast<std::uint32_t>(texts.kept.size());
    if (number >= most) return {Row::none, false};
    texts.kept.emplace_back(text);
    texts.numbers.emplace(texts.kept.back(), number);
    return {number, true};
}

std::uint32_t RowMaker::intern(Texts& texts, std::vector<std::string>& added, std::string_view text, std::uint32_t most) {
    const auto [number, fresh] = RowMaker::number(texts, text, most);
    if (fresh) added.emplace_back(text);
    return number;
}

bool RowMaker::ask(const Record& record, const Decide& decide, Row& row, Vocabulary& added) {
    const auto* process = std::get_if<std::int64_t>(&record.process);
    if (process == nullptr || *process < 0 || *process >= Row::none) return false;
    row.process = static_cast<std::uint32_t>(*process);
    if (record.node && *record.node != decide.agent) return false;
    if (decide.exactly) return false;
    row.has_node = record.node.has_value();
    row.agent = intern(agents_, added.agents, decide.agent, most_agents);
    if (row.agent == Row::none) return false;
    if (record.session) {
        row.session = intern(names_, added.names, *record.session, most_texts);
        if (row.session == Row::none) return false;
    }
    Question question{decide.path, decide.input, decide.input_id, decide.timeout};
    const auto [number, fresh] = RowMaker::number(questions_, key_of(question), most_texts);
    if (number == Row::none) return false;
    if (fresh) added.questions.push_back(std::move(question));
    row.question = number;
    if (decide.at_least) {
        const auto [token, fresh_token] = RowMaker::number(tokens_, text_of(*decide.at_least), most_texts);
        if (token == Row::none) return false;
        if (fresh_token) added.tokens.push_back(*decide.at_least);
        row.token = token;
    }
    if (decide.nonce) {
        const Nonce nonce = split_nonce(*decide.nonce);
        row.nonce_stem = intern(names_, added.names, nonce.stem, most_texts);
        if (row.nonce_stem == Row::none) return false;
        row.nonce_number = nonce.number;
        row.nonce_digits = nonce.digits;
    }
    row.has_sched = record.sched.has_value();
    if (record.sched) row.sched = *record.sched;
    return true;
}

bool RowMaker::answer(const Record& record, const Decide& decide, Row& row, Vocabulary& added) {
    const bool answered = record.type == Type::ok;
    if (decide.answer.has_value() != answered || (answered && record.error)) return false;
    if (!answered) {
        if (!decide.revisions.empty() || !decide.markers.empty() || decide.agent_time || decide.decision_id ||
            decide.incarnation) {
            return false;
        }
        if (record.error) {
            row.name = intern(names_, added.names, *record.error, most_texts);
            if (row.name == Row::none) return false;
        }
        return true;
    }
    const auto [number, fresh] = RowMaker::number(answers_, key_of(*decide.answer), most_answers);
    if (number == Row::none) return false;
    if (fresh) added.answers.push_back(*decide.answer);
    row.answer = number;
    Shown shown{decide.revisions, decide.markers};
    const auto [showing, fresh_showing] = RowMaker::number(shown_, key_of(shown), most_texts);
    if (showing == Row::none) return false;
    if (fresh_showing) added.shown.push_back(std::move(shown));
    row.shown = showing;
    if (decide.incarnation) {
        row.name = intern(names_, added.names, *decide.incarnation, most_texts);
        if (row.name == Row::none) return false;
    }
    row.has_clock = decide.agent_time.has_value();
    if (decide.agent_time) row.clock = *decide.agent_time;
    if (decide.decision_id) {
        const auto uuid = parse_uuid(*decide.decision_id);
        if (!uuid) return false;
        row.has_decision_id = true;
        row.decision_id_high = uuid->high;
        row.decision_id_low = uuid->low;
    }
    return true;
}

Row RowMaker::make(const Record& record, Vocabulary& added) {
    Row other;
    other.index = record.index;
    other.time = record.time;
    const bool follows = record.index == next_index_;
    passed(record.index);
    const auto* decide = std::get_if<Decide>(&record.value);
    if (decide == nullptr) return other;
    Row row = other;
    const bool plain = follows && record.f == "decide" && record.extra.is_null() && record.value_extra.is_null() &&
                       ask(record, *decide, row, added);
    if (record.type == Type::invoke) {
        const Decide& asked = *decide;
        const bool only_asks = !asked.answer && asked.revisions.empty() && asked.markers.empty() && !asked.agent_time &&
                               !asked.decision_id && !asked.incarnation && !record.error;
        if (!plain || !only_asks) {
            if (const auto* process = std::get_if<std::int64_t>(&record.process)) ends(*process);
            return other;
        }
        row.kind = Row::Kind::invoke;
        begins(row);
        return row;
    }
    if (const auto* process = std::get_if<std::int64_t>(&record.process)) {
        const Row* begun = this->begun(*process);
        Row expected = begun == nullptr ? Row{} : *begun;
        ends(*process);
        if (begun == nullptr || !plain) return other;
        expected.kind = row.kind;
        expected.index = row.index;
        expected.time = row.time;
        if (expected != row || !answer(record, *decide, row, added)) return other;
        row.kind = record.type == Type::ok ? Row::Kind::ok : record.type == Type::fail ? Row::Kind::fail : Row::Kind::info;
        return row;
    }
    return other;
}

Record RowTeller::record(const Row& row) const {
    Record record;
    record.index = row.index;
    record.time = row.time;
    record.type = type_of(row.kind);
    record.process = std::int64_t{row.process};
    record.f = "decide";
    const Question& question = vocabulary_.questions[row.question];
    Decide decide;
    decide.agent = vocabulary_.agents[row.agent];
    decide.path = question.path;
    decide.input = question.input;
    decide.input_id = question.input_id;
    decide.timeout = question.timeout;
    if (row.nonce_stem != Row::none) {
        decide.nonce = join_nonce(vocabulary_.names[row.nonce_stem], row.nonce_number, row.nonce_digits);
    }
    if (row.token != Row::none) decide.at_least = vocabulary_.tokens[row.token];
    if (row.has_node) record.node = decide.agent;
    if (row.session != Row::none) record.session = vocabulary_.names[row.session];
    if (row.has_sched) record.sched = row.sched;
    if (row.kind == Row::Kind::ok) {
        decide.answer = vocabulary_.answers[row.answer];
        decide.revisions = vocabulary_.shown[row.shown].revisions;
        decide.markers = vocabulary_.shown[row.shown].markers;
        if (row.name != Row::none) decide.incarnation = vocabulary_.names[row.name];
        if (row.has_clock) decide.agent_time = row.clock;
        if (row.has_decision_id) decide.decision_id = format_uuid({row.decision_id_high, row.decision_id_low});
    } else if (row.kind != Row::Kind::invoke && row.name != Row::none) {
        record.error = vocabulary_.names[row.name];
    }
    record.value = std::move(decide);
    return record;
}

}  // namespace mistrial::history
