#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace mistrial::reports {

using checkers::ClaimResult;
using checkers::Judgement;
using checkers::Reason;
using checkers::Validity;
using checkers::Violation;

std::vector<std::string> internal_errors(const Run& run, const Judgement& judgement) {
    std::vector<std::string> all = run.internal_errors;
    all.insert(all.end(), judgement.internal_errors.begin(), judgement.internal_errors.end());
    return all;
}

Validity validity(const Run& run, const Judgement& judgement) {
    return internal_errors(run, judgement).empty() ? judgement.validity
                                                   : judgement.validity | Validity::unknown;
}

std::string_view verdict_word(Validity validity) {
    switch (validity) {
        case Validity::valid:
            return "VALID";
        case Validity::invalid:
            return "INVALID";
        default:
            return "UNKNOWN";
    }
}

std::string_view claim_word(Validity validity) {
    switch (validity) {
        case Validity::valid:
            return "held";
        case Validity::invalid:
            return "violated";
        default:
            return "unknown";
    }
}

std::string_view explain(Reason reason) {
    switch (reason) {
        case Reason::none:
            return "";
        case Reason::not_exercised:
            return "not exercised";
        case Reason::fault_did_not_bite:
            return "a fault did not bite";
        case Reason::time:
            return "time ran out";
        case Reason::no_evidence:
            return "no evidence in the history";
        case Reason::pending:
            return "the run ended too early";
    }
    return "";
}

const Violation* worst_of(const ClaimResult& claim) {
    const auto badness = [](const Violation& violation) {
        return std::tuple(violation.wrongly_allowed, violation.to - violation.from, violation.count);
    };
    const auto worst =
        std::max_element(claim.violations.begin(), claim.violations.end(),
                         [&](const auto& one, const auto& other) { return badness(one) < badness(other); });
    return worst == claim.violations.end() ? nullptr : &*worst;
}

Worst worst_violation(const Judgement& judgement) {
    for (const ClaimResult& claim : judgement.claims)
        if (claim.validity == Validity::invalid)
            if (const Violation* worst = worst_of(claim)) return {&claim, worst};
    return {};
}

std::string with_thousands(std::int64_t number) {
    std::string digits = fmt::format("{}", number);
    const std::size_t sign = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, ",");
    return digits;
}

std::string counted(std::int64_t number, std::string_view noun) {
    return fmt::format("{} {}{}", with_thousands(number), noun, number == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
        text += names[i];
    }
    return text;
}

std::string span_text(Duration duration) {
    const double nanos = static_cast<double>(duration.count());
    const double magnitude = std::abs(nanos);
    if (magnitude == 0) return "0 s";
    if (magnitude < 1'000) return fmt::format("{:.0f} ns", nanos);
    if (magnitude < 999'500) return fmt::format("{:.0f} us", nanos / 1e3);
    if (magnitude < 99'950'000) return fmt::format("{:.1f} ms", nanos / 1e6);
    if (magnitude < 999'500'000) return fmt::format("{:.0f} ms", nanos / 1e6);
    if (magnitude < 119'950'000'000) return fmt::format("{:.1f} s", nanos / 1e9);
    const std::int64_t seconds = (std::abs(duration.count()) + 500'000'000) / 1'000'000'000;
    const std::string_view sign = nanos < 0 ? "-" : "";
    const auto two = [&](std::int64_t big, std::string_view big_unit, std::int64_t small,
                         std::string_view small_unit) {
        if (small == 0) return fmt::format("{}{} {}", sign, big, big_unit);
        return fmt::format("{}{} {} {} {}", sign, big, big_unit, small, small_unit);
    };
    if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
    return two(seconds / 3600, "h", seconds / 60 % 60, "min");
}

std::string seconds_text(TrueTime time, int decimals) {
    return fmt::format("{:.{}f}", static_cast<double>(nanos_of(time)) / 1e9, decimals);
}

std::string interval_text(TrueTime from, std::optional<TrueTime> to) {
    // A history that only counts: its times are numbers of records, or as good as that.
    const auto counts = [](TrueTime time) { return nanos_of(time) >= 0 && nanos_of(time) < 1'000'000; };
    if (to && nanos_of(*to) != 0 && counts(from) && counts(*to)) return fmt::format("{} to {} ns", nanos_of(from), nanos_of(*to));
    if (from == TrueTime::min()) return to ? fmt::format("up to {} s", seconds_text(*to)) : std::string("all along");
    if (!to) return fmt::format("{} s to the end", seconds_text(from));
    return fmt::format("{} to {} s", seconds_text(from), seconds_text(*to));
}

std::string magnitude(const Violation& violation) {
    std::string text = span_text(violation.to - violation.from);
    if (violation.wrongly_allowed > 0)
        text += fmt::format(", {} wrongly allowed", with_thousands(violation.wrongly_allowed));
    if (violation.wrongly_denied > 0)
        text += fmt::format(", {} wrongly denied", with_thousands(violation.wrongly_denied));
    if (violation.wrongly_allowed == 0 && violation.wrongly_denied == 0 && violation.count > 0)
        text += fmt::format(", {}", counted(violation.count, "decision"));
    return text;
}

std::int64_t decisions_of(const Judgement& judgement) {
    const auto decide = judgement.counts.find("decide");
    if (decide == judgement.counts.end() || !decide->is_object()) return 0;
    const auto count = [&](const char* type) {
        const auto found = decide->find(type);
        return found != decide->end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
    };
    // A history written by hand may hold completions alone.
    return std::max(count("invoke"), count("ok") + count("fail") + count("info"));
}

namespace {

std::string held_sentence(const Judgement& judgement) {
    std::int64_t obligations = 0;
    for (const ClaimResult& claim : judgement.claims) obligations += claim.obligations;
    const std::string faults =
        judgement.faults.empty()
            ? std::string("without a fault")
            : fmt::format("through {}", counted(static_cast<std::int64_t>(judgement.faults.size()), "fault"));
    const std::string claims = judgement.claims.size() == 1
                                   ? std::string("the one claim")
                                   : fmt::format("all {} claims", judgement.claims.size());
    return fmt::format("{} held {}, {} checked", claims, faults, counted(obligations, "obligation"));
}

std::string undecided_sentence(const Run& run, const Judgement& judgement) {
    if (const auto errors = internal_errors(run, judgement); !errors.empty())
        return fmt::format("mistrial itself failed: {}", errors.front());
    if (judgement.claims.empty()) return "nothing was claimed, so that nothing was judged";
    std::vector<std::string> undecided;
    for (const ClaimResult& claim : judgement.claims)
        if (claim.validity == Validity::unknown)
            undecided.push_back(claim.reason == Reason::none
                                    ? claim.property
                                    : fmt::format("{} ({})", claim.property, explain(claim.reason)));
    if (undecided.empty()) return "the run cannot be judged";
    return fmt::format("{} of {} could not be decided: {}", undecided.size(),
                       counted(static_cast<std::int64_t>(judgement.claims.size()), "claim"),
                       listed(undecided));
}

std::string violated_sentence(const Judgement& judgement) {
    const auto violated =
        std::count_if(judgement.claims.begin(), judgement.claims.end(),
                      [](const auto& claim) { return claim.validity == Validity::invalid; });
    std::string text = fmt::format("{} of {} violated", violated,
                                   counted(static_cast<std::int64_t>(judgement.claims.size()), "claim"));
    if (const Worst worst = worst_violation(judgement); worst.violation != nullptr)
        text += ": " + worst.violation->summary;
    return text;
}

}  // namespace

std::string verdict_sentence(const Run& run, const Judgement& judgement) {
    const Validity verdict = validity(run, judgement);
    std::string text = fmt::format("{}: ", verdict_word(verdict));
    switch (verdict) {
        case Validity::valid:
            text += held_sentence(judgement);
            break;
        case Validity::invalid:
            text += violated_sentence(judgement);
            break;
        default:
            text += undecided_sentence(run, judgement);
    }
    if (!text.ends_with('.')) text += '.';
    if (run.interrupted) text += " The run was interrupted and judged as far as it went.";
    return text;
}

}  // namespace mistrial::reports
