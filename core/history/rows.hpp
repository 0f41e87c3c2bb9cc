#pragma once

#include "core/history/in_flight.hpp"
#include "core/history/operation.hpp"
#include "core/uuid.hpp"

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// A history as numbers. Nearly all of a long history is decisions and the events of their logs, and nearly all that they say
/// has been said before: by which agent, on which question, under which revisions, with which answer. A Row is one such record with its texts
/// replaced by places in a Vocabulary; what no row can hold stays a Record. Rows and records together are the history,
/// without loss.
namespace mistrial::history {

/// What a decision asks, but for the token and the nonce.
struct Question {
    std::string path;
    std::optional<Json> input;
    std::optional<std::string> input_id;
    std::optional<Duration> timeout;
    friend bool operator==(const Question&, const Question&) = default;
};

/// Under what a decision was made, as it shows itself.
struct Shown {
    Revisions revisions;
    Markers markers;
    friend bool operator==(const Shown&, const Shown&) = default;
};

/// The texts behind the numbers of rows, each named by its place. It only grows.
struct Vocabulary {
    std::vector<std::string> agents;
    std::vector<std::string> names;  ///< of sessions and incarnations, errors, and how nonces begin
    std::vector<Question> questions;
    std::vector<Json> tokens;  ///< `at_least`
    std::vector<Shown> shown;
    std::vector<Answer> answers;

    [[nodiscard]] bool empty() const {
        return agents.empty() && names.empty() && questions.empty() && tokens.empty() && shown.empty() && answers.empty();
    }
    void clear();
    void append(const Vocabulary& more);
    friend bool operator==(const Vocabulary&, const Vocabulary&) = default;
};

/// The record of a decision's begin or end, or of the event of a decision log. An end repeats what its begin said.
struct Row {
    enum class Kind : std::uint8_t { other, invoke, ok, fail, info, log = 6 };
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    Kind kind = Kind::other;  ///< `other`: the next one of the batch's records
    bool has_sched = false;
    bool has_node = false;  ///< `node` is the agent; else there is none
    bool has_clock = false;
    bool has_decision_id = false;
    std::uint8_t nonce_digits = 0;  ///< how many digits end the nonce
    std::uint64_t index = 0;
    TrueTime time;
    std::uint32_t process = 0;
    std::uint32_t agent = 0;
    std::uint32_t session = none;
    std::uint32_t question = 0;
    std::uint32_t token = none;
    std::uint32_t nonce_stem = none;  ///< none: there is no nonce
    std::uint32_t nonce_number = 0;
    TrueTime sched;
    // Of an end, or of an event of a log:
    std::uint32_t answer = none;
    std::uint32_t shown = none;
    std::uint32_t name = none;    ///< of an answer or an event its incarnation, else the error
    std::uint32_t upload = 0;     ///< of an event
    WallTime clock;
    std::uint64_t decision_id_high = 0;  ///< a UUID; other ids make no row
    std::uint64_t decision_id_low = 0;
    friend bool operator==(const Row&, const Row&) = default;
};

/// Not of `other`.
[[nodiscard]] constexpr Type type_of(Row::Kind kind) {
    switch (kind) {
        case Row::Kind::invoke: return Type::invoke;
        case Row::Kind::ok: return Type::ok;
        case Row::Kind::fail: return Type::fail;
        default: return Type::info;
    }
}

/// A stretch of a history: its rows, the records that rows of kind `other` stand for, and what the vocabulary grows by
/// before any of them.
struct Batch {
    std::vector<Row> rows;
    std::vector<Record> others;
    Vocabulary added;

    void clear() {
        rows.clear();
        others.clear();
        added.clear();
    }
};

/// Where batches come from: a file of either format, or a generator.
class BatchSource {
  public:
    virtual ~BatchSource() = default;

    /// Replaces `batch` by the next stretch of the history; false at its end.
    [[nodiscard]] virtual Result<bool> next(Batch& batch) = 0;
    /// True once the end was reached and what had been written last was torn.
    [[nodiscard]] virtual bool torn() const = 0;
};

/// The nonce "session-1#0042" is its stem "session-1#" and four digits that make 42.
struct Nonce {
    std::string_view stem;
    std::uint32_t number = 0;
    std::uint8_t digits = 0;
};
[[nodiscard]] Nonce split_nonce(std::string_view text);
[[nodiscard]] std::string join_nonce(std::string_view stem, std::uint32_t number, std::uint8_t digits);

/// From records to rows. Feed every record of a history in order.
class RowMaker {
  public:
    /// The record as a row (of kind `other` when no row can hold it); new texts are put into `added`.
    [[nodiscard]] Row make(const Record& record, Vocabulary& added);

    // For a reader that knows what a line says without making a record of it:

    /// A text that has a number already; Row::none when it has not.
    [[nodiscard]] std::uint32_t agent(std::string_view text) const { return find(agents_, text); }
    [[nodiscard]] std::uint32_t name(std::string_view text) const { return find(names_, text); }
    [[nodiscard]] const Row* begun(std::int64_t process) { return begun_.find(process); }
    void begins(const Row& row) { begun_.at(row.process) = row; }
    void ends(std::int64_t process) { begun_.erase(process); }
    [[nodiscard]] std::uint64_t next_index() const { return next_index_; }
    void passed(std::uint64_t index) { next_index_ = index + 1; }

  private:
    /// Texts beyond these many are too many to be said again: their records stay records, and memory stays bounded.
    static constexpr std::uint32_t most_agents = 1U << 16;
    static constexpr std::uint32_t most_answers = (1U << 16) - 1;
    static constexpr std::uint32_t most_texts = 1U << 20;

    using Numbers = std::unordered_map<std::string_view, std::uint32_t>;
    struct Texts {
        std::deque<std::string> kept;  ///< never moves: the keys point into it
        Numbers numbers;
    };

    [[nodiscard]] static std::uint32_t find(const Texts& texts, std::string_view text) {
        const auto found = texts.numbers.find(text);
        return found == texts.numbers.end() ? Row::none : found->second;
    }
    /// The number of a text, and whether it is new; Row::none when there are too many.
    static std::pair<std::uint32_t, bool> number(Texts& texts, std::string_view text, std::uint32_t most);
    [[nodiscard]] std::uint32_t intern(Texts& texts, std::vector<std::string>& added, std::string_view text,
                                       std::uint32_t most);
    [[nodiscard]] bool ask(const Record& record, const Decide& decide, Row& row, Vocabulary& added);
    [[nodiscard]] bool answer(const Record& record, const Decide& decide, Row& row, Vocabulary& added);
    [[nodiscard]] bool event(const Record& record, const Log& log, Row& row, Vocabulary& added);
    // Each puts what the text has as its number into the row; false when it cannot have one.
    [[nodiscard]] bool take_question(Question question, Row& row, Vocabulary& added);
    [[nodiscard]] bool take_nonce(const std::optional<std::string>& nonce, Row& row, Vocabulary& added);
    [[nodiscard]] bool take_answer(const Answer& answer, Row& row, Vocabulary& added);
    [[nodiscard]] bool take_shown(Shown shown, Row& row, Vocabulary& added);
    [[nodiscard]] bool take_name(const std::optional<std::string>& name, Row& row, Vocabulary& added);
    [[nodiscard]] static bool take_decision_id(const std::optional<std::string>& id, Row& row);

    Texts agents_, names_, questions_, tokens_, shown_, answers_;
    InFlight<Row> begun_;
    std::uint64_t next_index_ = 0;
};

/// From rows back to records: grows with the vocabulary of each batch.
class RowTeller {
  public:
    void learn(const Vocabulary& added) { vocabulary_.append(added); }
    [[nodiscard]] Record record(const Row& row) const;

  private:
    [[nodiscard]] Record event(const Row& row) const;
    [[nodiscard]] std::optional<std::string> nonce_of(const Row& row) const;
    [[nodiscard]] static std::optional<std::string> decision_id_of(const Row& row);

    Vocabulary vocabulary_;
};

}  // namespace mistrial::history
