#include "reports/terminal.hpp"

#include "core/utf8.hpp"
#include "reports/wording.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace mistrial::reports {
namespace {

using checkers::ClaimResult;
using checkers::FaultSeen;
using checkers::Judgement;
using checkers::Validity;

enum class Ink { plain, good, bad, doubtful, faint, strong };

/// Everything printed goes through here, so that no name of a history can move the cursor or fake a line.
class Page {
  public:
    explicit Page(const TerminalStyle& style) : style_(style) {}

    [[nodiscard]] std::string ink(Ink ink, std::string_view text) const {
        const std::string safe = printable(text);
        if (!style_.colour || ink == Ink::plain) return safe;
        constexpr std::array<std::string_view, 6> kCodes{"", "32", "1;31", "33", "2", "1"};
        return fmt::format("\x1B[{}m{}\x1B[0m", kCodes.at(static_cast<std::size_t>(ink)), safe);
    }

    void line(std::string_view text = {}) { out_.append(text).append("\n"); }

    /// Words of a text, no line wider than the terminal; further lines are indented by `hang`.
    void wrapped(Ink with, std::string_view first, std::string_view text, std::size_t hang) {
        const std::string safe = printable(text);
        std::string current(first);
        std::size_t column = utf8_length(current), words = 0;
        const auto emit = [&] {
            line(current);
            current.assign(hang, ' ');
            column = hang;
            words = 0;
        };
        for (std::size_t at = 0; at < safe.size();) {
            const std::size_t end = std::min(safe.find(' ', at), safe.size());
            const std::string_view word = std::string_view(safe).substr(at, end - at);
            at = end + 1;
            if (word.empty()) continue;
            const std::size_t length = utf8_length(word);
            if (words > 0 && column + 1 + length > style_.width) emit();
            if (words > 0) {
                current += ' ';
                ++column;
            }
            current += ink(with, word);
            column += length;
            ++words;
        }
        line(current);
    }

    /// Padded to its column, cut where it is longer.
    [[nodiscard]] std::string cell(Ink with, std::string_view text, std::size_t width) const {
        std::string safe = printable(text);
        const std::size_t length = utf8_length(safe);
        if (length <= width) return ink(with, safe) + std::string(width - length, ' ');
        std::size_t at = 0;
        for (std::size_t kept = 0; kept + 1 < width; ++kept)
            at += std::max<std::size_t>(1, utf8_sequence(safe, at));
        return ink(with, safe.substr(0, at) + "…");
    }

    [[nodiscard]] std::size_t width() const { return style_.width; }
    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    TerminalStyle style_;
    std::string out_;
};

Ink ink_of(Validity validity) {
    switch (validity) {
        case Validity::valid:
            return Ink::good;
        case Validity::invalid:
            return Ink::bad;
        default:
            return Ink::doubtful;
    }
}

/// The widest text of a column, within limits.
template <class Rows, class Text>
std::size_t column(const Rows& rows, std::size_t least, std::size_t most, Text text) {
    std::size_t widest = least;
    for (const auto& row : rows) widest = std::max(widest, utf8_length(printable(text(row))));
    return std::min(widest, most);
}

void facts(Page& page, const Run& run, const Judgement& judgement) {
    std::vector<std::string> parts;
    if (!run.scenario.empty()) parts.push_back(run.scenario);
    if (run.seed) parts.push_back(fmt::format("seed {}", *run.seed));
    if (!run.world.empty()) parts.push_back(run.world);
    if (run.duration > Duration::zero()) parts.push_back(span_text(run.duration));
    if (const auto decisions = decisions_of(judgement); decisions > 0)
        parts.push_back(counted(decisions, "decision"));
    if (run.fingerprint) parts.push_back("fingerprint " + *run.fingerprint);
    page.wrapped(Ink::faint, "", fmt::format("{}", fmt::join(parts, ", ")), 0);
}

std::string result_of(const ClaimResult& claim) {
    if (claim.validity == Validity::unknown && claim.reason != checkers::Reason::none)
        return fmt::format("unknown: {}", explain(claim.reason));
    return std::string(claim_word(claim.validity));
}

void claims(Page& page, const Judgement& judgement) {
    if (judgement.claims.empty()) return;
    const auto name = [](const ClaimResult& claim) { return claim.property; };
    const std::size_t names = column(judgement.claims, 5, 28, name);
    const std::size_t results = column(judgement.claims, 8, 40, result_of);
    page.line();
    page.line(page.ink(Ink::faint, fmt::format("  {:<{}}  {:<{}}  {:>11}  violations", "claim", names,
                                               "result", results, "obligations")));
    for (const ClaimResult& claim : judgement.claims) {
        std::string row = fmt::format("  {}  {}  {:>11}  ", page.cell(Ink::plain, claim.property, names),
                                      page.cell(ink_of(claim.validity), result_of(claim), results),
                                      with_thousands(claim.obligations));
        const std::size_t used = names + results + 19;
        const auto* worst = worst_of(claim);
        const std::string violations =
            worst == nullptr
                ? std::string("-")
                : fmt::format("{}{}{}", with_thousands(static_cast<std::int64_t>(claim.violations.size())),
                              claim.violations.size() == 1 ? ": " : ", worst ", magnitude(*worst));
        row += page.cell(Ink::plain, violations,
                         std::max<std::size_t>(12, page.width() - std::min(page.width(), used)));
        row.erase(row.find_last_not_of(' ') + 1);
        page.line(row);
    }
}

void faults(Page& page, const Judgement& judgement) {
    if (judgement.faults.empty()) return;
    const auto kind = [](const FaultSeen& fault) { return fault.kind; };
    const auto when = [](const FaultSeen& fault) { return interval_text(fault.started, fault.healed); };
    const auto target = [](const FaultSeen& fault) {
        return fmt::format("{}", fmt::join(fault.target, ", "));
    };
    constexpr std::size_t kMost = 12;
    const std::vector<FaultSeen> shown(
        judgement.faults.begin(),
        judgement.faults.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, judgement.faults.size())));
    const std::size_t kinds = column(shown, 5, 16, kind), targets = column(shown, 2, 32, target),
                      whens = column(shown, 4, 24, when);
    page.line();
    page.line(page.ink(Ink::faint, fmt::format("  {:<{}}  {:<{}}  {:<{}}  effect", "fault", kinds, "on",
                                               targets, "when", whens)));
    for (const FaultSeen& fault : shown)
        page.line(fmt::format(
            "  {}  {}  {}  {}", page.cell(Ink::plain, fault.kind, kinds),
            page.cell(Ink::plain, target(fault), targets), page.cell(Ink::plain, when(fault), whens),
            fault.bit ? page.ink(Ink::plain, "took effect") : page.ink(Ink::doubtful, "did not bite")));
    if (judgement.faults.size() > kMost)
        page.line(page.ink(Ink::faint, fmt::format("  and {} more", judgement.faults.size() - kMost)));
}

void worst(Page& page, const Judgement& judgement) {
    const Worst found = worst_violation(judgement);
    if (found.violation == nullptr) return;
    page.line();
    page.wrapped(Ink::strong, "  ",
                 fmt::format("The worst of them: {} ({}){}{}, {}", found.claim->property,
                             checkers::to_text(found.violation->attribution),
                             found.violation->agent.empty() ? "" : ", ", found.violation->agent,
                             interval_text(found.violation->from, found.violation->to)),
                 4);
    std::size_t number = 0;
    for (const std::string& sentence : found.violation->proof)
        page.wrapped(Ink::plain, fmt::format("  {:>2}. ", ++number), sentence, 6);
}

}  // namespace

TerminalStyle TerminalStyle::of(int fd) {
    TerminalStyle style;
    if (::isatty(fd) == 0) return style;
    const char* no_colour = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    style.colour =
        (no_colour == nullptr || *no_colour == '\0') && (term == nullptr || std::string_view(term) != "dumb");
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        style.width = std::clamp<std::size_t>(size.ws_col, 60, 140);
    return style;
}

std::string terminal(const Run& run, const Judgement& judgement, const TerminalStyle& style) {
    Page page(style);
    const Validity verdict = validity(run, judgement);
    const std::string sentence = verdict_sentence(run, judgement);
    page.wrapped(verdict == Validity::invalid ? Ink::bad : ink_of(verdict), "", sentence, 0);
    facts(page, run, judgement);
    claims(page, judgement);
    faults(page, judgement);
    worst(page, judgement);
    if (!internal_errors(run, judgement).empty()) {
        page.line();
        for (const std::string& error : internal_errors(run, judgement))
            page.wrapped(Ink::bad, "  mistrial failed: ", error, 6);
    }
    const auto file = run.files.find("report");
    for (const std::string& note : judgement.notes) page.wrapped(Ink::faint, "Note: ", note, 2);
    if (!run.not_tested.empty() || file != run.files.end() || !run.command.empty()) page.line();
    if (!run.not_tested.empty())
        page.wrapped(Ink::faint, "", fmt::format("Not tested: {}.", fmt::join(run.not_tested, ", ")), 2);
    if (file != run.files.end()) page.line(fmt::format("Report:  {}", page.ink(Ink::strong, file->second)));
    if (!run.command.empty()) page.line(fmt::format("Again:   {}", page.ink(Ink::plain, run.command)));
    return page.take();
}

}  // namespace mistrial::reports
