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

/// Who records the events of decision logs.
constexpr std::string_view observer = "observer";

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

bool RowMaker::take_question(Question question, Row& row, Vocabulary& added) {
    const auto [number, fresh] = RowMaker::number(questions_, key_of(question), most_texts);
    if (fresh) added.questions.push_back(std::move(question));
    row.question = number;
    return number != Row::none;
}

bool RowMaker::take_nonce(const std::optional<std::string>& nonce, Row& row, Vocabulary& added) {
    if (!nonce) return true;
    const Nonce parts = split_nonce(*nonce);
    row.nonce_stem = intern(names_, added.names, parts.stem, most_texts);
    row.nonce_number = parts.number;
    row.nonce_digits = parts.digits;
    return row.nonce_stem != Row::none;
}

bool RowMaker::take_answer(const Answer& answer, Row& row, Vocabulary& added) {
    const auto [number, fresh] = RowMaker::number(answers_, key_of(answer), most_answers);
    if (fresh) added.answers.push_back(answer);
    row.answer = number;
    return number != Row::none;
}

bool RowMaker::take_shown(Shown shown, Row& row, Vocabulary& added) {
    const auto [number, fresh] = RowMaker::number(shown_, key_of(shown), most_texts);
    if (fresh) added.shown.push_back(std::move(shown));
    row.shown = number;
    return number != Row::none;
}

bool RowMaker::take_name(const std::optional<std::string>& name, Row& row, Vocabulary& added) {
    if (!name) return true;
    row.name = intern(names_, added.names, *name, most_texts);
    return row.name != Row::none;
}

bool RowMaker::take_decision_id(const std::optional<std::string>& id, Row& row) {
    if (!id) return true;
    const auto uuid = parse_uuid(*id);
    if (!uuid) return false;
    row.has_decision_id = true;
    row.decision_id_high = uuid->high;
    row.decision_id_low = uuid->low;
    return true;
}

bool RowMaker::ask(const Record& record, const Decide& decide, Row& row, Vocabulary& added) {
    const auto* process = std::get_if<std::int64_t>(&record.process);
    if (process == nullptr || *process < 0 || *process >= Row::none) return false;
    row.process = static_cast<std::uint32_t>(*process);
    if (record.node && *record.node != decide.agent) return false;
    row.has_node = record.node.has_value();
    row.agent = intern(agents_, added.agents, decide.agent, most_agents);
    if (row.agent == Row::none) return false;
    if (record.session) {
        row.session = intern(names_, added.names, *record.session, most_texts);
        if (row.session == Row::none) return false;
    }
    if (decide.exactly) return false;
    if (!take_question({decide.path, decide.input, decide.input_id, decide.timeout}, row, added)) return false;
    if (decide.at_least) {
        const auto [token, fresh_token] = RowMaker::number(tokens_, text_of(*decide.at_least), most_texts);
        if (token == Row::none) return false;
        if (fresh_token) added.tokens.push_back(*decide.at_least);
        row.token = token;
    }
    if (!take_nonce(decide.nonce, row, added)) return false;
    row.has_sched = record.sched.has_value();
    if (record.sched) row.sched = *record.sched;
    return true;
}

bool RowMaker::answer(const Record& record, const Decide& decide, Row& row, Vocabulary& added) {
    const bool answered = record.type == Type::ok;
    if (decide.answer.has_value() != answered || (answered && record.error)) return false;
    if (!answered) {
        const bool bare = decide.revisions.empty() && decide.markers.empty() && !decide.agent_time && !decide.decision_id &&
                          !decide.incarnation;
        return bare && take_name(record.error, row, added);
    }
    row.has_clock = decide.agent_time.has_value();
    if (decide.agent_time) row.clock = *decide.agent_time;
    return take_answer(*decide.answer, row, added) && take_shown({decide.revisions, decide.markers}, row, added) &&
           take_name(decide.incarnation, row, added) && take_decision_id(decide.decision_id, row);
}

bool RowMaker::event(const Record& record, const Log& log, Row& row, Vocabulary& added) {
    const auto* process = std::get_if<std::string>(&record.process);
    const bool plain = process != nullptr && *process == observer && record.f == "log" && record.type == Type::info &&
                       !record.node && !record.error && !record.session && !record.sched && record.extra.is_null() &&
                       record.value_extra.is_null() && log.upload >= 0 && log.upload < Row::none;
    if (!plain) return false;
    row.agent = intern(agents_, added.agents, log.agent, most_agents);
    row.upload = static_cast<std::uint32_t>(log.upload);
    row.has_clock = log.agent_time.has_value();
    if (log.agent_time) row.clock = *log.agent_time;
    return row.agent != Row::none && take_name(log.incarnation, row, added) && take_decision_id(log.decision_id, row) &&
           take_nonce(log.nonce, row, added) && take_question({log.path, std::nullopt, log.input_id, std::nullopt}, row, added) &&
           take_shown({log.revisions, {}}, row, added) && (!log.verdict || take_answer(*log.verdict, row, added));
}

Row RowMaker::make(const Record& record, Vocabulary& added) {
    Row other;
    other.index = record.index;
    other.time = record.time;
    const bool follows = record.index == next_index_;
    passed(record.index);
    Row row = other;
    if (const auto* log = std::get_if<Log>(&record.value)) {
        if (!follows || !event(record, *log, row, added)) return other;
        row.kind = Row::Kind::log;
        return row;
    }
    const auto* decide = std::get_if<Decide>(&record.value);
    if (decide == nullptr) return other;
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

std::optional<std::string> RowTeller::nonce_of(const Row& row) const {
    if (row.nonce_stem == Row::none) return std::nullopt;
    return join_nonce(vocabulary_.names[row.nonce_stem], row.nonce_number, row.nonce_digits);
}

std::optional<std::string> RowTeller::decision_id_of(const Row& row) {
    if (!row.has_decision_id) return std::nullopt;
    return format_uuid({row.decision_id_high, row.decision_id_low});
}

Record RowTeller::event(const Row& row) const {
    Record record;
    record.index = row.index;
    record.time = row.time;
    record.type = Type::info;
    record.process = std::string(observer);
    record.f = "log";
    const Question& question = vocabulary_.questions[row.question];
    Log log;
    log.agent = vocabulary_.agents[row.agent];
    if (row.name != Row::none) log.incarnation = vocabulary_.names[row.name];
    log.decision_id = decision_id_of(row);
    log.nonce = nonce_of(row);
    log.path = question.path;
    log.input_id = question.input_id;
    log.revisions = vocabulary_.shown[row.shown].revisions;
    if (row.answer != Row::none) log.verdict = std::get<Verdict>(vocabulary_.answers[row.answer]);
    if (row.has_clock) log.agent_time = row.clock;
    log.upload = row.upload;
    record.value = std::move(log);
    return record;
}

Record RowTeller::record(const Row& row) const {
    if (row.kind == Row::Kind::log) return event(row);
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
    decide.nonce = nonce_of(row);
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
        decide.decision_id = decision_id_of(row);
    } else if (row.kind != Row::Kind::invoke && row.name != Row::none) {
        record.error = vocabulary_.names[row.name];
    }
    record.value = std::move(decide);
    return record;
}

}  // namespace mistrial::history
