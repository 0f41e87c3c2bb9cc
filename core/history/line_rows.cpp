#include "core/history/line_rows.hpp"

#include <cstring>

namespace mistrial::history {
namespace {

constexpr std::size_t batch_rows = 1024;

/// Walks along a line; every step says whether what it expects is there.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    [[nodiscard]] bool literal(std::string_view text) {
        if (rest().size() < text.size() || std::memcmp(at_, text.data(), text.size()) != 0) return false;
        at_ += text.size();
        return true;
    }
    /// An integer of 64 bits as JSON writes it; the least one of all is left to the parser.
    [[nodiscard]] bool integer(std::int64_t& into) {
        const bool negative = at_ != end_ && *at_ == '-';
        if (negative) ++at_;
        const char* const first = at_;
        std::uint64_t value = 0;  // 19 digits fit
        for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
            if (at_ - first == 19) return false;
            value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
        }
        if (at_ == first || (*first == '0' && (at_ - first > 1 || negative)) || value > INT64_MAX) return false;
        into = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
        return true;
    }
    /// Up to the next quote, which is passed too. The line holds no backslash.
    [[nodiscard]] bool quoted(std::string_view& into) {
        const void* const quote = std::memchr(at_, '"', rest().size());
        if (quote == nullptr) return false;
        const char* const end = static_cast<const char*>(quote);
        into = {at_, static_cast<std::size_t>(end - at_)};
        at_ = end + 1;
        return true;
    }
    [[nodiscard]] std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
    [[nodiscard]] bool done() const { return at_ == end_; }

  private:
    const char* at_;
    const char* end_;
};

std::size_t find(std::string_view text, std::string_view what) {
    const void* const found = ::memmem(text.data(), text.size(), what.data(), what.size());
    return found == nullptr ? std::string_view::npos
                            : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

/// Characters that stand in JSON strings for themselves, whatever the encoding.
bool is_plain(std::string_view text) {
    for (const char c : text)
        if (c < 0x20 || c == 0x7F || c == '"' || c == '\\') return false;
    return true;
}

constexpr std::string_view nonce_key = ",\"nonce\":\"";
constexpr std::string_view clock_key = ",\"agent_time\":";
constexpr std::string_view id_key = ",\"decision_id\":\"";
constexpr std::string_view incarnation_key = ",\"incarnation\":\"";

constexpr std::string_view upload_key = ",\"upload\":";

/// The value of an event: agent, incarnation, id and nonce where they are, fixed text, clock, upload.
struct Event {
    std::string_view agent, incarnation, id, nonce, fixed;
    std::int64_t clock = 0, upload = 0;
    bool has_incarnation = false, has_id = false, has_nonce = false, has_clock = false;

    /// `rest` goes from the value to the end of the line.
    static std::optional<Event> of(std::string_view rest) {
        Event event;
        Cursor cursor(rest);
        if (!cursor.literal("{\"agent\":\"") || !cursor.quoted(event.agent)) return std::nullopt;
        event.has_incarnation = cursor.literal(incarnation_key);
        if (event.has_incarnation && !cursor.quoted(event.incarnation)) return std::nullopt;
        event.has_id = cursor.literal(id_key);
        if (event.has_id && !cursor.quoted(event.id)) return std::nullopt;
        event.has_nonce = cursor.literal(nonce_key);
        if (event.has_nonce && !cursor.quoted(event.nonce)) return std::nullopt;
        const std::string_view text = cursor.rest();
        std::size_t end = find(text, clock_key);
        if (end == std::string_view::npos) end = find(text, upload_key);
        if (end == std::string_view::npos) return std::nullopt;
        event.fixed = text.substr(0, end);
        Cursor tail(text.substr(end));
        event.has_clock = tail.literal(clock_key);
        if (event.has_clock && !tail.integer(event.clock)) return std::nullopt;
        if (!tail.literal(upload_key) || !tail.integer(event.upload) || !tail.literal("}}") || !tail.done()) return std::nullopt;
        return event;
    }
};

/// The value of a begin: agent, fixed text, nonce, fixed text.
struct Asking {
    std::string_view agent, head, nonce, tail;
    bool has_nonce = false;

    static std::optional<Asking> of(std::string_view value) {
        Asking asking;
        Cursor cursor(value);
        if (!cursor.literal("{\"agent\":\"") || !cursor.quoted(asking.agent)) return std::nullopt;
        const std::string_view rest = cursor.rest();
        const std::size_t nonce = find(rest, nonce_key);
        asking.head = rest.substr(0, nonce);
        if (nonce == std::string_view::npos) return asking;
        asking.has_nonce = true;
        Cursor after(rest.substr(nonce + nonce_key.size()));
        if (!after.quoted(asking.nonce)) return std::nullopt;
        asking.tail = after.rest();
        return asking;
    }

    void key(std::string& into) const {
        into.assign(head);
        into += has_nonce ? '\1' : '\0';
        into += tail;
    }
};

/// What an end adds to the value of its begin: fixed text, then clock, id and incarnation where they are.
struct Results {
    std::string_view fixed, id, incarnation;
    std::int64_t clock = 0;
    bool has_clock = false, has_id = false, has_incarnation = false;

    static std::optional<Results> of(std::string_view text) {
        Results results;
        std::size_t end = find(text, clock_key);
        if (end == std::string_view::npos) end = find(text, id_key);
        if (end == std::string_view::npos) end = find(text, incarnation_key);
        if (end == std::string_view::npos) end = text.size();
        results.fixed = text.substr(0, end);
        Cursor cursor(text.substr(end));
        results.has_clock = cursor.literal(clock_key);
        if (results.has_clock && !cursor.integer(results.clock)) return std::nullopt;
        results.has_id = cursor.literal(id_key);
        if (results.has_id && !cursor.quoted(results.id)) return std::nullopt;
        results.has_incarnation = cursor.literal(incarnation_key);
        if (results.has_incarnation && !cursor.quoted(results.incarnation)) return std::nullopt;
        return cursor.done() ? std::optional(results) : std::nullopt;
    }
};

}  // namespace

/// A line as the writer writes it, up to its value.
struct LineRows::Parts {
    std::int64_t index = 0;
    std::int64_t time = 0;
    std::int64_t process = 0;
    Row::Kind kind = Row::Kind::other;
    std::string_view rest;  ///< from the value on

    static std::optional<Parts> of(std::string_view line) {
        Parts parts;
        Cursor cursor(line);
        if (!cursor.literal("{\"index\":") || !cursor.integer(parts.index) || !cursor.literal(",\"time\":") ||
            !cursor.integer(parts.time) || !cursor.literal(",\"type\":\"")) {
            return std::nullopt;
        }
        if (cursor.literal("info\",\"process\":\"observer\",\"f\":\"log\",\"value\":")) {
            parts.kind = Row::Kind::log;
        } else {
            if (cursor.literal("invoke\""))
                parts.kind = Row::Kind::invoke;
            else if (cursor.literal("ok\""))
                parts.kind = Row::Kind::ok;
            else
                return std::nullopt;
            if (!cursor.literal(",\"process\":") || !cursor.integer(parts.process) || parts.process < 0 ||
                parts.process >= Row::none || !cursor.literal(",\"f\":\"decide\",\"value\":")) {
                return std::nullopt;
            }
        }
        parts.rest = cursor.rest();
        if (std::memchr(line.data(), '\\', line.size()) != nullptr) return std::nullopt;
        return parts;
    }

    /// The value up to the brace that closes it, where the line ends as ours do: the one before the line's own.
    [[nodiscard]] std::optional<std::string_view> value() const {
        if (rest.size() < 2 || rest.back() != '}') return std::nullopt;
        const void* const brace = ::memrchr(rest.data(), '}', rest.size() - 1);
        if (brace == nullptr) return std::nullopt;
        return rest.substr(0, static_cast<std::size_t>(static_cast<const char*>(brace) - rest.data()));
    }
};

Result<LineRows> LineRows::open(const std::filesystem::path& file) {
    auto reader = Reader::open(file);
    if (!reader) return reader.error();
    return LineRows(std::move(*reader));
}

bool LineRows::tell(std::string_view line, Row& row) {
    const auto parts = Parts::of(line);
    if (!parts || static_cast<std::uint64_t>(parts->index) != maker_.next_index()) return false;
    row.index = maker_.next_index();
    row.time = at_nanos<TrueTime>(parts->time);
    if (parts->kind == Row::Kind::log) return tell_event(*parts, row);
    row.process = static_cast<std::uint32_t>(parts->process);
    return parts->kind == Row::Kind::invoke ? tell_begin(*parts, row) : tell_end(*parts, row);
}

bool LineRows::tell_nonce(std::string_view nonce, Row& row) const {
    if (!is_plain(nonce)) return false;
    const Nonce parts = split_nonce(nonce);
    row.nonce_stem = maker_.name(parts.stem);
    row.nonce_number = parts.number;
    row.nonce_digits = parts.digits;
    return row.nonce_stem != Row::none;
}

bool LineRows::tell_id(std::string_view id, Row& row) {
    const auto uuid = parse_uuid(id);
    if (!uuid) return false;
    row.has_decision_id = true;
    row.decision_id_high = uuid->high;
    row.decision_id_low = uuid->low;
    return true;
}

bool LineRows::tell_event(const Parts& parts, Row& row) {
    const auto event = Event::of(parts.rest);
    if (!event || event->upload < 0 || event->upload >= Row::none) return false;
    const Logged* const logged = logged_.find(event->fixed);
    if (logged == nullptr) return false;
    row.agent = maker_.agent(event->agent);
    if (row.agent == Row::none) return false;
    if (event->has_incarnation) {
        if (!is_plain(event->incarnation)) return false;
        row.name = maker_.name(event->incarnation);
        if (row.name == Row::none) return false;
    }
    if (event->has_id && !tell_id(event->id, row)) return false;
    if (event->has_nonce && !tell_nonce(event->nonce, row)) return false;
    row.kind = Row::Kind::log;
    row.question = logged->question;
    row.shown = logged->shown;
    row.answer = logged->answer;
    row.has_clock = event->has_clock;
    if (row.has_clock) row.clock = at_nanos<WallTime>(event->clock);
    row.upload = static_cast<std::uint32_t>(event->upload);
    return true;
}

bool LineRows::tell_begin(const Parts& parts, Row& row) {
    const auto value = parts.value();
    if (!value) return false;
    const auto asking = Asking::of(*value);
    if (!asking) return false;
    row.agent = maker_.agent(asking->agent);
    if (row.agent == Row::none) return false;
    asking->key(key_);
    const Asked* const asked = asked_.find(key_);
    if (asked == nullptr) return false;
    row.question = asked->question;
    row.token = asked->token;
    if (asking->has_nonce && !tell_nonce(asking->nonce, row)) return false;
    const std::string_view tail = parts.rest.substr(value->size());
    Cursor cursor(tail);
    std::string_view text;
    if (!cursor.literal("}")) return false;
    row.has_node = cursor.literal(",\"node\":\"");
    if (row.has_node && (!cursor.quoted(text) || text != asking->agent)) return false;
    if (cursor.literal(",\"session\":\"")) {
        if (!cursor.quoted(text) || !is_plain(text)) return false;
        row.session = maker_.name(text);
        if (row.session == Row::none) return false;
    }
    std::int64_t sched = 0;
    row.has_sched = cursor.literal(",\"sched\":");
    if (row.has_sched && !cursor.integer(sched)) return false;
    if (row.has_sched) row.sched = at_nanos<TrueTime>(sched);
    if (!cursor.literal("}") || !cursor.done()) return false;
    row.kind = Row::Kind::invoke;
    Begun& begun = begun_at(row.process);
    begun.index = row.index;
    begun.value.assign(*value);
    begun.tail.assign(tail);
    maker_.begins(row);
    return true;
}

bool LineRows::tell_end(const Parts& parts, Row& row) {
    const Row* const begin = maker_.begun(parts.process);
    if (begin == nullptr) return false;
    const Begun& begun = begun_at(parts.process);
    if (begun.index != begin->index || !parts.rest.starts_with(begun.value)) return false;
    std::string_view added = parts.rest.substr(begun.value.size());
    if (!added.ends_with(begun.tail)) return false;
    added.remove_suffix(begun.tail.size());
    const auto results = Results::of(added);
    if (!results) return false;
    const Answered* const answered = answered_.find(results->fixed);
    if (answered == nullptr) return false;
    const Row mine = row;
    row = *begin;
    row.kind = Row::Kind::ok;
    row.index = mine.index;
    row.time = mine.time;
    row.answer = answered->answer;
    row.shown = answered->shown;
    row.has_clock = results->has_clock;
    if (row.has_clock) row.clock = at_nanos<WallTime>(results->clock);
    if (results->has_id && !tell_id(results->id, row)) return false;
    if (results->has_incarnation) {
        if (!is_plain(results->incarnation)) return false;
        row.name = maker_.name(results->incarnation);
        if (row.name == Row::none) return false;
    }
    maker_.ends(parts.process);
    return true;
}

/// A line that was parsed, and of which a row could be made: what its fixed text means.
void LineRows::learn(std::string_view line, const Record& record, const Row& row) {
    const auto parts = Parts::of(line);
    if (!parts) return;
    if (row.kind == Row::Kind::log) {
        const auto event = Event::of(parts->rest);
        if (!event) return;
        logged_.learn(event->fixed, {row.question, row.shown, row.answer});
        Row again;
        again.index = row.index;
        again.time = row.time;
        // Whether what looks like a clock is one, and not something of the verdict.
        if (!tell_event(*parts, again) || again != row) logged_.forget(event->fixed);
        return;
    }
    const auto* decide = std::get_if<Decide>(&record.value);
    if (decide == nullptr) return;
    if (row.kind == Row::Kind::invoke) {
        const auto value = parts->value();
        if (!value) return;
        const auto asking = Asking::of(*value);
        // Whether the text in question is the agent and the nonce, and not something deeper of the same look.
        if (!asking || asking->agent != decide->agent || asking->has_nonce != decide->nonce.has_value()) return;
        if (asking->has_nonce && (asking->nonce != *decide->nonce || find(asking->tail, "\"nonce\":") != std::string_view::npos))
            return;
        asking->key(key_);
        asked_.learn(key_, {row.question, row.token});
        Row again;
        again.index = row.index;
        again.time = row.time;
        again.process = row.process;
        if (tell_begin(*parts, again) && again == row) return;
        asking->key(key_);
        asked_.forget(key_);
        begun_at(row.process).index = Begun{}.index;
        maker_.begins(row);
    } else if (row.kind == Row::Kind::ok) {
        const Begun& begun = begun_at(row.process);
        if (begun.index >= row.index || !parts->rest.starts_with(begun.value)) return;
        std::string_view added = parts->rest.substr(begun.value.size());
        if (!added.ends_with(begun.tail)) return;
        added.remove_suffix(begun.tail.size());
        const auto results = Results::of(added);
        if (!results || results->has_clock != decide->agent_time.has_value() || results->has_id != decide->decision_id.has_value() ||
            results->has_incarnation != decide->incarnation.has_value()) {
            return;
        }
        if (results->has_clock && nanos_of(*decide->agent_time) != results->clock) return;
        if (results->has_id && *decide->decision_id != results->id) return;
        if (results->has_incarnation && *decide->incarnation != results->incarnation) return;
        answered_.learn(results->fixed, {row.answer, row.shown});
    }
}

Result<bool> LineRows::next(Batch& batch) {
    batch.clear();
    if (wrong_) return *wrong_;
    batch.rows.reserve(batch_rows);
    // Whoever reads on must have seen all that stands before what is wrong.
    const auto end_with = [&](const Error& error) -> Result<bool> {
        wrong_ = error;
        if (batch.rows.empty()) return error;
        return true;
    };
    while (batch.rows.size() < batch_rows) {
        const auto line = reader_.next_line();
        if (!line) return end_with(line.error());
        if (!*line) break;
        Row told;
        if (tell((*line)->text, told)) {
            maker_.passed(told.index);
            reader_.passed(told.index);
            batch.rows.push_back(told);
            continue;
        }
        auto record = reader_.parse(**line);
        if (!record) return end_with(record.error());
        if (!*record) break;
        const Row row = maker_.make(**record, batch.added);
        batch.rows.push_back(row);
        if (row.kind == Row::Kind::other)
            batch.others.push_back(std::move(**record));
        else
            learn((*line)->text, **record, row);
    }
    return !batch.rows.empty();
}

}  // namespace mistrial::history
