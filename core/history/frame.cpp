#include "core/history/frame.hpp"

#include "core/history/line_parser.hpp"
#include "core/history/writer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

namespace mistrial::history {
namespace {

// The first word of a row: kind (3 bits), flags (13), agent or answer (16), nanoseconds since the record before (32).
constexpr std::uint64_t kind_mask = 7;
constexpr std::uint64_t flag(int bit) { return std::uint64_t{1} << (3 + bit); }
constexpr std::uint64_t has_session = flag(0), has_sched = flag(1), has_node = flag(2), has_nonce = flag(3),
                        has_token = flag(4), far_sched = flag(5);
constexpr std::uint64_t has_clock = flag(0), far_clock = flag(1), has_id = flag(2);
constexpr std::uint64_t invoke_flags = has_session | has_sched | has_node | has_nonce | has_token | far_sched;
constexpr std::uint64_t answer_flags = has_clock | far_clock | has_id;
constexpr std::uint64_t event_flags = answer_flags | has_nonce;

/// Two words between rows, where more time passed than fits into one: this kind, and the time from which the next row
/// counts.
constexpr std::uint64_t gap_kind = 5;

constexpr std::uint64_t pair(std::uint64_t low, std::uint64_t high) { return low | high << 32; }
constexpr std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
constexpr std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }

constexpr bool fits(std::int64_t value) { return value >= 0 && value <= std::int64_t{0xFFFF'FFFF}; }
constexpr bool fits_signed(std::int64_t value) { return value >= INT32_MIN && value <= INT32_MAX; }

/// Differences of times that may be anywhere in 64 bits.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json json_of(const Question& question) {
    Json json{{"path", question.path}};
    if (question.input) json["input"] = *question.input;
    if (question.input_id) json["input_id"] = *question.input_id;
    if (question.timeout) json["timeout"] = question.timeout->count();
    return json;
}

Json json_of(const Shown& shown) { return {{"revisions", shown.revisions}, {"markers", shown.markers}}; }

Json json_of(const Answer& answer) {
    if (const auto* verdict = std::get_if<Verdict>(&answer)) return {{"verdict", *verdict}};
    const auto* refused = std::get_if<Refused>(&answer);
    if (refused == nullptr) return {{"undefined", true}};
    Json json{{"status", refused->status}};
    if (refused->code) json["code"] = *refused->code;
    return {{"refused", json}};
}

const std::string& string_of(const Json& json) { return json.get_ref<const std::string&>(); }

Question question_of(const Json& json) {
    Question question;
    question.path = string_of(json.at("path"));
    if (const auto input = json.find("input"); input != json.end()) question.input = *input;
    if (const auto id = json.find("input_id"); id != json.end()) question.input_id = string_of(*id);
    if (const auto timeout = json.find("timeout"); timeout != json.end()) question.timeout = Duration{timeout->get<std::int64_t>()};
    return question;
}

Answer answer_of(const Json& json) {
    if (const auto verdict = json.find("verdict"); verdict != json.end()) {
        const auto text = canonical_text(string_of(*verdict));
        if (!text) throw std::invalid_argument(text.error().message);
        return *text;
    }
    const auto refused = json.find("refused");
    if (refused == json.end()) return Undefined{};
    Refused answer{refused->at("status").get<int>(), std::nullopt};
    if (const auto code = refused->find("code"); code != refused->end()) answer.code = string_of(*code);
    return answer;
}

}  // namespace

std::uint32_t payload_sum(std::string_view payload) {
    constexpr std::uint64_t prime = 0x100000001b3U;
    std::array<std::uint64_t, 4> lanes{0xcbf29ce484222325U, 0x9ae16a3b2f90404fU, 0xc3a5c85c97cb3127U, 0xb492b66fbe98f273U};
    const auto mix = [&](const char* from, std::size_t lane, std::size_t bytes) {
        std::uint64_t word = 0;
        std::memcpy(&word, from, bytes);
        lanes[lane] = (lanes[lane] ^ word) * prime;
        lanes[lane] ^= lanes[lane] >> 29;
    };
    std::size_t at = 0;
    for (; at + 32 <= payload.size(); at += 32)
        for (std::size_t lane = 0; lane < 4; ++lane) mix(payload.data() + at + lane * 8, lane, 8);
    for (; at < payload.size(); at += 8) mix(payload.data() + at, 1, std::min<std::size_t>(8, payload.size() - at));
    std::uint64_t sum = payload.size();
    for (const std::uint64_t lane : lanes) sum = (sum ^ lane) * prime;
    return low(sum ^ sum >> 32);
}

std::uint32_t head_sum(const FrameHead& head) {
    std::array<char, sizeof head> bytes{};
    std::memcpy(bytes.data(), &head, sizeof head);
    return payload_sum({bytes.data(), offsetof(FrameHead, head_sum)});
}

void FramePacker::side(Side kind, std::string_view text) {
    side_ += static_cast<char>(kind);
    const auto length = static_cast<std::uint32_t>(text.size());
    std::array<char, 4> bytes{};
    std::memcpy(bytes.data(), &length, 4);
    side_.append(bytes.data(), bytes.size());
    side_ += text;
}

void FramePacker::add(const Vocabulary& added) {
    for (const std::string& text : added.agents) side(Side::agent, text_of(text));
    for (const std::string& text : added.names) side(Side::name, text_of(text));
    for (const Question& question : added.questions) side(Side::question, text_of(json_of(question)));
    for (const Json& token : added.tokens) side(Side::token, text_of(token));
    for (const Shown& shown : added.shown) side(Side::shown, text_of(json_of(shown)));
    for (const Answer& answer : added.answers) side(Side::answer, text_of(json_of(answer)));
}

bool FramePacker::add(const Row& row) {
    const std::int64_t time = nanos_of(row.time);
    if (row.kind == Row::Kind::other || row.index != next_index_) return false;
    if (!fits(minus(time, last_time_))) {
        rows_.push_back(gap_kind);
        rows_.push_back(static_cast<std::uint64_t>(time));
        last_time_ = time;
    }
    const std::int64_t since = minus(time, last_time_);
    const bool begins = row.kind == Row::Kind::invoke;
    const bool logged = row.kind == Row::Kind::log;
    std::uint64_t flags = 0;
    std::array<std::uint64_t, 8> words{};
    std::size_t used = logged ? 4 : 3;
    const auto pack_nonce = [&] {
        if (row.nonce_stem == Row::none) return;
        flags |= has_nonce;
        words[used++] = pair(row.nonce_stem | std::uint64_t{row.nonce_digits} << 28, row.nonce_number);
    };
    if (begins) {
        const std::int64_t late = row.has_sched ? minus(time, nanos_of(row.sched)) : 0;
        MISTRIAL_INVARIANT(row.agent <= 0xFFFF, "agent number {} in a row", row.agent);
        flags = (row.session != Row::none ? has_session : 0) | (row.has_sched ? has_sched : 0) | (row.has_node ? has_node : 0);
        words[1] = pair(row.process, row.question);
        words[2] = pair(row.session, fits(late) ? static_cast<std::uint64_t>(late) : 0);
        if (!fits(late)) {
            flags |= far_sched;
            words[used++] = static_cast<std::uint64_t>(nanos_of(row.sched));
        }
        pack_nonce();
        if (row.token != Row::none) {
            flags |= has_token;
            words[used++] = row.token;
        }
    } else {
        MISTRIAL_INVARIANT(row.answer == Row::none || row.answer < 0xFFFF, "answer number {} in a row", row.answer);
        words[1] = pair(logged ? row.question : row.process, row.shown);
        if (logged) words[3] = pair(row.answer, row.upload);
        std::int64_t clock = 0;
        if (row.has_clock) {
            flags |= has_clock;
            const std::int64_t off = minus(nanos_of(row.clock), time);
            if (!clock_known_) head_.clock_base = off;
            clock_known_ = true;
            clock = minus(off, head_.clock_base);
            if (!fits_signed(clock)) {
                flags |= far_clock;
                words[used++] = static_cast<std::uint64_t>(nanos_of(row.clock));
                clock = 0;
            }
        }
        words[2] = pair(row.name, static_cast<std::uint64_t>(static_cast<std::uint32_t>(clock)));
        if (row.has_decision_id) {
            flags |= has_id;
            words[used++] = row.decision_id_high;
            words[used++] = row.decision_id_low;
        }
        if (logged) pack_nonce();
    }
    const std::uint64_t what = begins || logged ? row.agent : row.answer & 0xFFFFU;
    words[0] = static_cast<std::uint64_t>(row.kind) | flags | what << 16 | static_cast<std::uint64_t>(since) << 32;
    rows_.insert(rows_.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(used));
    last_time_ = time;
    ++next_index_;
    ++head_.records;
    return true;
}

void FramePacker::add(const Record& record) {
    side(Side::record, to_line(record));
    rows_.push_back(static_cast<std::uint64_t>(Row::Kind::other));
    last_time_ = nanos_of(record.time);
    next_index_ = record.index + 1;
    ++head_.records;
}

void FramePacker::finish(std::string& out) {
    side_.resize((side_.size() + 7) / 8 * 8, '\0');
    head_.side_bytes = static_cast<std::uint32_t>(side_.size());
    head_.row_bytes = static_cast<std::uint32_t>(rows_.size() * 8);
    const std::size_t begin = out.size();
    out.resize(begin + sizeof(FrameHead) + head_.side_bytes + head_.row_bytes);
    char* const payload = out.data() + begin + sizeof(FrameHead);
    if (!side_.empty()) std::memcpy(payload, side_.data(), side_.size());
    if (!rows_.empty()) std::memcpy(payload + side_.size(), rows_.data(), head_.row_bytes);
    head_.payload_sum = payload_sum({payload, side_.size() + head_.row_bytes});
    head_.head_sum = head_sum(head_);
    std::memcpy(out.data() + begin, &head_, sizeof head_);
    side_.clear();
    rows_.clear();
    head_.records = 0;
    head_.first_index = next_index_;
    head_.time_base = last_time_;
}

struct FrameUnpacker::State {
    LineParser parser;
    InFlight<Row> begun;
    std::uint32_t agents = 0, names = 0, questions = 0, tokens = 0, shown = 0, answers = 0;
    std::vector<bool> is_verdict;  ///< by answer

    void learn(Side kind, std::string_view text, Batch& batch) {
        const Json json = Json::parse(text);
        Vocabulary& added = batch.added;
        switch (kind) {
            case Side::agent: added.agents.push_back(string_of(json)); ++agents; break;
            case Side::name: added.names.push_back(string_of(json)); ++names; break;
            case Side::question: added.questions.push_back(question_of(json)); ++questions; break;
            case Side::token: added.tokens.push_back(json); ++tokens; break;
            case Side::shown:
                added.shown.push_back({json.at("revisions").get<Revisions>(), json.at("markers").get<Markers>()});
                ++shown;
                break;
            case Side::answer:
                added.answers.push_back(answer_of(json));
                is_verdict.push_back(std::holds_alternative<Verdict>(added.answers.back()));
                ++answers;
                break;
            case Side::record: break;
        }
    }

    /// The side table. Its strings, JSON and records come from a file: anything may be wrong with them.
    Result<> read_side(std::string_view table, std::size_t behind, Batch& batch) {
        std::size_t at = 0;
        while (at < table.size() && table[at] != '\0') {
            if (table.size() - at < 5) return fail("its side table is cut");
            std::uint32_t length = 0;
            std::memcpy(&length, table.data() + at + 1, 4);
            const auto kind = static_cast<Side>(table[at]);
            at += 5;
            if (length > table.size() - at) return fail("its side table is cut");
            const std::string_view text = table.substr(at, length);
            at += length;
            if (kind == Side::record) {
                try {
                    Record& record = batch.others.emplace_back();
                    (void)parser.parse(text, table.size() - (at - length) + behind, record);
                } catch (const Malformed& malformed) {
                    return fail("one of its records: {}", malformed.message);
                }
                continue;
            }
            try {
                learn(kind, text, batch);
            } catch (const std::exception& wrong) {
                return fail("an entry '{}' of its side table is not what it should be: {}", static_cast<char>(kind), wrong.what());
            }
        }
        return {};
    }

    [[nodiscard]] bool knows(std::uint32_t number, std::uint32_t count) const { return number < count; }
    [[nodiscard]] bool knows_or_none(std::uint32_t number, std::uint32_t count) const {
        return number == Row::none || number < count;
    }

    /// Takes words off a row; whether there are enough of them is asked before.
    class Words {
      public:
        explicit Words(const char* at) : at_(at) {}
        std::uint64_t next() {
            std::uint64_t value = 0;
            std::memcpy(&value, at_, 8);
            at_ += 8;
            return value;
        }
        [[nodiscard]] const char* at() const { return at_; }

      private:
        const char* at_;
    };

    static bool whole(const char* at, const char* end, std::uint64_t first, std::uint64_t flags, std::size_t words) {
        return (first & 0xFFFFU & ~(kind_mask | flags)) == 0 && static_cast<std::size_t>(end - at) >= words * 8;
    }
    static void read_nonce(std::uint64_t nonce, Row& row) {
        row.nonce_stem = low(nonce) & 0x0FFF'FFFFU;
        row.nonce_digits = static_cast<std::uint8_t>(low(nonce) >> 28);
        row.nonce_number = high(nonce);
    }
    static void read_clock(Words& words, std::uint64_t first, std::uint64_t third, const FrameHead& head, Row& row) {
        row.has_clock = (first & has_clock) != 0;
        if ((first & far_clock) != 0) {
            row.clock = at_nanos<WallTime>(static_cast<std::int64_t>(words.next()));
        } else if (row.has_clock) {
            const auto off = static_cast<std::int32_t>(high(third));
            row.clock = at_nanos<WallTime>(plus(plus(nanos_of(row.time), head.clock_base), off));
        }
    }
    static void read_id(Words& words, std::uint64_t first, Row& row) {
        row.has_decision_id = (first & has_id) != 0;
        if (!row.has_decision_id) return;
        row.decision_id_high = words.next();
        row.decision_id_low = words.next();
    }

    Result<const char*> begin(const char* at, const char* end, std::uint64_t first, Row& row) {
        const std::size_t need = std::size_t{2} + ((first & far_sched) != 0 ? 1 : 0) + ((first & has_nonce) != 0 ? 1 : 0) +
                                 ((first & has_token) != 0 ? 1 : 0);
        if (!whole(at, end, first, invoke_flags, need)) return fail("a row is cut");
        Words words(at);
        row.agent = static_cast<std::uint32_t>(first >> 16 & 0xFFFFU);
        row.has_node = (first & has_node) != 0;
        const std::uint64_t second = words.next();
        row.process = low(second);
        row.question = high(second);
        const std::uint64_t third = words.next();
        row.session = (first & has_session) != 0 ? low(third) : Row::none;
        row.has_sched = (first & has_sched) != 0;
        if (row.has_sched) row.sched = at_nanos<TrueTime>(minus(nanos_of(row.time), high(third)));
        if ((first & far_sched) != 0) row.sched = at_nanos<TrueTime>(static_cast<std::int64_t>(words.next()));
        if ((first & has_nonce) != 0) read_nonce(words.next(), row);
        if ((first & has_token) != 0) row.token = low(words.next());
        if (!knows(row.agent, agents) || !knows(row.question, questions) || !knows_or_none(row.session, names) ||
            !knows_or_none(row.nonce_stem, names) || !knows_or_none(row.token, tokens)) {
            return fail("a row names a text that is not there");
        }
        begun.at(row.process) = row;
        return words.at();
    }

    Result<const char*> end(const char* at, const char* end, std::uint64_t first, const FrameHead& head, Row& row) {
        const std::size_t need = std::size_t{2} + ((first & far_clock) != 0 ? 1 : 0) + ((first & has_id) != 0 ? 2 : 0);
        if (!whole(at, end, first, answer_flags, need)) return fail("a row is cut");
        Words words(at);
        const std::uint64_t second = words.next();
        const Row* const begin = begun.find(low(second));
        if (begin == nullptr) return fail("a decision ends that never began");
        const Row mine = row;
        row = *begin;
        row.kind = mine.kind;
        row.index = mine.index;
        row.time = mine.time;
        row.shown = high(second);
        const auto answer = static_cast<std::uint32_t>(first >> 16 & 0xFFFFU);
        row.answer = answer == 0xFFFFU ? Row::none : answer;
        const std::uint64_t third = words.next();
        row.name = low(third);
        read_clock(words, first, third, head, row);
        read_id(words, first, row);
        begun.erase(row.process);
        const bool answered = row.kind == Row::Kind::ok;
        if (answered ? !knows(row.answer, answers) || !knows(row.shown, shown) : row.answer != Row::none)
            return fail("a row names an answer that is not there");
        if (!knows_or_none(row.name, names)) return fail("a row names a text that is not there");
        return words.at();
    }

    Result<const char*> event(const char* at, const char* end, std::uint64_t first, const FrameHead& head, Row& row) {
        const std::size_t need = std::size_t{3} + ((first & far_clock) != 0 ? 1 : 0) + ((first & has_id) != 0 ? 2 : 0) +
                                 ((first & has_nonce) != 0 ? 1 : 0);
        if (!whole(at, end, first, event_flags, need)) return fail("a row is cut");
        Words words(at);
        row.agent = static_cast<std::uint32_t>(first >> 16 & 0xFFFFU);
        const std::uint64_t second = words.next();
        row.question = low(second);
        row.shown = high(second);
        const std::uint64_t third = words.next();
        row.name = low(third);
        const std::uint64_t fourth = words.next();
        row.answer = low(fourth);
        row.upload = high(fourth);
        read_clock(words, first, third, head, row);
        read_id(words, first, row);
        if ((first & has_nonce) != 0) read_nonce(words.next(), row);
        if (!knows(row.agent, agents) || !knows(row.question, questions) || !knows(row.shown, shown) ||
            !knows_or_none(row.name, names) || !knows_or_none(row.nonce_stem, names)) {
            return fail("a row names a text that is not there");
        }
        if (row.answer != Row::none && (row.answer >= answers || !is_verdict[row.answer]))
            return fail("a row names a verdict that is not there");
        return words.at();
    }

    Result<> read_rows(const FrameHead& head, std::string_view bytes, Batch& batch) {
        const char* at = bytes.data();
        const char* const last = at + bytes.size();
        std::int64_t time = head.time_base;
        std::uint64_t index = head.first_index;
        std::size_t other = 0;
        batch.rows.reserve(std::min<std::size_t>(head.records, bytes.size() / 8));
        while (at != last) {
            std::uint64_t first = 0;
            std::memcpy(&first, at, 8);
            at += 8;
            if ((first & kind_mask) == gap_kind) {
                if (last - at < 8) return fail("a row is cut");
                std::memcpy(&time, at, 8);
                at += 8;
                continue;
            }
            Row& row = batch.rows.emplace_back();
            const auto kind = static_cast<std::uint8_t>(first & kind_mask);
            row.kind = static_cast<Row::Kind>(kind);
            if (row.kind > Row::Kind::info && row.kind != Row::Kind::log) return fail("a row is of no known kind");
            if (row.kind == Row::Kind::other) {
                if (other == batch.others.size()) return fail("a record is missing in its side table");
                const Record& record = batch.others[other++];
                if (record.index < index) return fail("index {} follows {}", record.index, index);
                row.index = record.index;
                row.time = record.time;
                time = nanos_of(record.time);
                index = record.index + 1;
                continue;
            }
            time = plus(time, high(first));
            row.index = index++;
            row.time = at_nanos<TrueTime>(time);
            const auto next = row.kind == Row::Kind::invoke ? begin(at, last, first, row)
                              : row.kind == Row::Kind::log  ? event(at, last, first, head, row)
                                                            : end(at, last, first, head, row);
            if (!next) return next.error();
            at = *next;
        }
        if (other != batch.others.size() || batch.rows.size() != head.records) return fail("it holds another number of records than it says");
        return {};
    }
};

FrameUnpacker::FrameUnpacker() : state_(std::make_unique<State>()) {}
FrameUnpacker::~FrameUnpacker() = default;
FrameUnpacker::FrameUnpacker(FrameUnpacker&&) noexcept = default;
FrameUnpacker& FrameUnpacker::operator=(FrameUnpacker&&) noexcept = default;

std::size_t FrameUnpacker::padding() { return LineParser::padding(); }

Result<> FrameUnpacker::unpack(const FrameHead& head, std::string_view payload, Batch& batch) {
    batch.clear();
    if (auto side = state_->read_side(payload.substr(0, head.side_bytes), head.row_bytes + padding(), batch); !side) return side;
    return state_->read_rows(head, payload.substr(head.side_bytes), batch);
}

}  // namespace mistrial::history
