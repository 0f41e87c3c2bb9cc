#include "checkers/lexicon.hpp"

#include <array>
#include <string_view>

namespace mistrial::checkers {

void Lexicon::learn(const history::Vocabulary& added) {
    if (added.empty()) return;
    words_.append(added);
    teller_.learn(added);
    agents_.resize(words_.agents.size(), Names::none);
    sessions_.resize(words_.names.size(), Names::none);
    questions_.resize(words_.questions.size());
    answers_.resize(words_.answers.size(), no_answer);
}

Lexicon::Question Lexicon::ask(const history::Row& row) {
    const history::Question& asked = words_.questions[row.question];
    Question question;
    question.input = model_.intern_input(asked.input_id, asked.input);
    question.path = model_.intern_path(asked.path);
    return question;
}

Key Lexicon::nonce(const history::Row& row) const {
    if (row.nonce_stem == history::Row::none) return {};
    KeyMaker maker;
    maker.add(words_.names[row.nonce_stem]);
    std::array<char, 16> digits{};
    std::uint32_t number = row.nonce_number;
    for (std::size_t at = row.nonce_digits; at > 0; --at) {
        digits[at - 1] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
    maker.add(std::string_view(digits.data(), row.nonce_digits));
    return maker.key();
}

}  // namespace mistrial::checkers
