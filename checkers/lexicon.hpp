#pragma once

#include "checkers/key.hpp"
#include "checkers/model.hpp"
#include "core/history/rows.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace mistrial::checkers {

/// The numbers of a history's rows as those of the model. A text is given to the model when the first row says it, in the
/// order in which records would, so that both judge alike.
class Lexicon {
  public:
    explicit Lexicon(Model& model) : model_(model) {}

    struct Question {
        InputId input = no_input;
        PathId path = 0;
    };

    void learn(const history::Vocabulary& added);

    [[nodiscard]] AgentId agent(const history::Row& row) {
        AgentId& id = agents_[row.agent];
        if (id == Names::none) id = model_.intern_agent(words_.agents[row.agent]);
        return id;
    }
    [[nodiscard]] SessionId session(const history::Row& row) {
        if (row.session == history::Row::none) return no_session;
        SessionId& id = sessions_[row.session];
        if (id == Names::none) id = model_.intern_session(words_.names[row.session]);
        return id;
    }
    [[nodiscard]] const Question& question(const history::Row& row) {
        std::optional<Question>& question = questions_[row.question];
        if (!question) question = ask(row);
        return *question;
    }
    [[nodiscard]] AnswerId answer(const history::Row& row) {
        AnswerId& id = answers_[row.answer];
        if (id == no_answer) id = model_.intern_answer(words_.answers[row.answer]);
        return id;
    }
    [[nodiscard]] const history::Shown& shown(const history::Row& row) const { return words_.shown[row.shown]; }
    /// Who an answer says it is of; nullopt when it does not say.
    [[nodiscard]] std::optional<std::string_view> incarnation(const history::Row& row) const {
        return row.name == history::Row::none ? std::nullopt : std::optional<std::string_view>(words_.names[row.name]);
    }
    [[nodiscard]] const Json* token(const history::Row& row) const {
        return row.token == history::Row::none ? nullptr : &words_.tokens[row.token];
    }
    [[nodiscard]] Key nonce(const history::Row& row) const;
    [[nodiscard]] static Key decision_id(const history::Row& row) {
        return row.has_decision_id ? key_of(Uuid{row.decision_id_high, row.decision_id_low}) : Key{};
    }
    /// Why a decision was not answered; empty when the history does not say.
    [[nodiscard]] std::string_view error(const history::Row& row) const {
        return row.name == history::Row::none ? std::string_view{} : std::string_view(words_.names[row.name]);
    }
    /// The row's text, for an error that names the record.
    [[nodiscard]] history::Record record(const history::Row& row) const { return teller_.record(row); }

  private:
    [[nodiscard]] Question ask(const history::Row& row);

    Model& model_;
    history::Vocabulary words_;
    history::RowTeller teller_;
    std::vector<AgentId> agents_;
    std::vector<SessionId> sessions_;  ///< by name
    std::vector<std::optional<Question>> questions_;
    std::vector<AnswerId> answers_;
};

}  // namespace mistrial::checkers
