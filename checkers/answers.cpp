#include "checkers/answers.hpp"

#include <algorithm>

namespace mistrial::checkers {

namespace {
constexpr Duration float_seconds_error = std::chrono::microseconds{1};
}

bool allows(const Json& verdict) {
    if (verdict.is_boolean()) return verdict.get<bool>();
    if (!verdict.is_object()) return false;
    const auto allow = verdict.find("allow");
    return allow != verdict.end() && allow->is_boolean() && allow->get<bool>();
}

Answers::Answers() : texts_{"(not known)", "undefined", "refused"}, allows_{false, false, false} {
    true_ = verdict(true);
    false_ = verdict(false);
    expectations_.push_back({});
    (void)expected_keys_.intern("");
}

AnswerId Answers::id_of(const history::Answer& answer) {
    if (std::holds_alternative<history::Undefined>(answer)) return undefined_answer;
    if (std::holds_alternative<history::Refused>(answer)) return refused_answer;
    const history::Verdict& text = std::get<history::Verdict>(answer);
    if (const std::uint32_t known = verdicts_.find(text); known != Names::none) return by_verdict_[known];
    const Json value = Json::parse(text, nullptr, false);
    if (!value.is_discarded()) return verdict(value);
    return verdict(Json(text));
}

AnswerId Answers::verdict(const Json& value) {
    const std::string text = canonical(value);
    const std::uint32_t number = verdicts_.intern(text);
    if (number < by_verdict_.size()) return by_verdict_[number];
    const auto id = static_cast<AnswerId>(texts_.size());
    by_verdict_.push_back(id);
    texts_.push_back(text);
    allows_.push_back(checkers::allows(value));
    return id;
}

ExpectedId Answers::add(std::vector<Piece> pieces, std::string_view key) {
    const std::uint32_t id = expected_keys_.intern(key);
    if (id == expectations_.size()) expectations_.push_back(std::move(pieces));
    return id;
}

Result<ExpectedId> Answers::expected(const Json& value) {
    if (value.is_object() && value.size() == 1) {
        if (const auto found = value.find("undefined"); found != value.end() && *found == true) {
            return add({{WallTime::max(), undefined_answer}}, "undefined");
        }
        if (const auto found = value.find("pieces"); found != value.end()) {
            if (!found->is_array() || found->empty()) return fail("\"pieces\" is not a list of pieces");
            std::vector<Piece> pieces;
            for (const Json& piece : *found) {
                if (!piece.is_object() || !piece.contains("verdict")) return fail("a piece has no \"verdict\"");
                const auto until = piece.find("until");
                const bool last = pieces.size() + 1 == found->size();
                if (!last && (until == piece.end() || !until->is_number_integer())) {
                    return fail("a piece before the last has no \"until\" in nanoseconds");
                }
                const WallTime end =
                    last ? WallTime::max() : at_nanos<WallTime>(until->get<std::int64_t>());
                pieces.push_back({end, verdict(piece["verdict"])});
            }
            return add(std::move(pieces), "pieces " + found->dump());
        }
    }
    const AnswerId answer = verdict(value);
    return add({{WallTime::max(), answer}}, "= " + texts_[answer]);
}

std::vector<AnswerId> Answers::possible(ExpectedId expected, std::optional<ClockWindow> clock) const {
    std::vector<AnswerId> answers;
    for (const Piece& piece : expectations_[expected]) {
        const bool there = std::find(answers.begin(), answers.end(), piece.answer) != answers.end();
        if (!there && admits(expected, clock, piece.answer)) answers.push_back(piece.answer);
    }
    return answers;
}

bool Answers::may_allow(ExpectedId expected) const {
    const std::vector<Piece>& pieces = expectations_[expected];
    return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
        return allows(piece.answer) && admits(expected, std::nullopt, piece.answer);
    });
}

bool Answers::admits_by_clock(const std::vector<Piece>& pieces, std::optional<ClockWindow> clock, AnswerId answer) {
    WallTime start = WallTime::min();
    for (const Piece& piece : pieces) {
        const bool reachable = !clock || (start <= clock->to + float_seconds_error &&
                                          (piece.until == WallTime::max() || clock->from - float_seconds_error < piece.until));
        if (reachable && piece.answer == answer) return true;
        start = piece.until;
    }
    return false;
}

std::optional<std::uint32_t> Answers::piece(ExpectedId expected, std::optional<WallTime> clock) const {
    const std::vector<Piece>& pieces = expectations_[expected];
    if (pieces.size() == 1) return 0;
    if (!clock) return std::nullopt;
    std::optional<std::uint32_t> found;
    WallTime start = WallTime::min();
    for (std::uint32_t place = 0; place < pieces.size(); ++place) {
        const bool last = place + 1 == pieces.size();
        if (start <= *clock + float_seconds_error && (last || *clock - float_seconds_error < pieces[place].until)) {
            if (found) return std::nullopt;
            found = place;
        }
        start = pieces[place].until;
    }
    return found;
}

std::vector<ClockWindow> Answers::when(ExpectedId expected, AnswerId answer) const {
    std::vector<ClockWindow> windows;
    WallTime start = WallTime::min();
    for (const Piece& piece : expectations_[expected]) {
        if (piece.answer == answer && !windows.empty() && windows.back().to == start) {
            windows.back().to = piece.until;
        } else if (piece.answer == answer) {
            windows.emplace_back(start, piece.until);
        }
        start = piece.until;
    }
    return windows;
}

}  // namespace mistrial::checkers
