#include "reports/html.hpp"

#include "checkers/claims.hpp"
#include "reports/timeline.hpp"
#include "reports/web/page.hpp"
#include "reports/wording.hpp"
#include "reports/xml.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace mistrial::reports {
namespace {

using checkers::ClaimResult;
using checkers::Judgement;
using checkers::Validity;
using checkers::Violation;

/// Of one claim; the rest is in results.json.
constexpr std::size_t kMostViolations = 50;

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// For the page's content policy: only the script with this digest runs, whatever else got into the page.
std::string script_digest(std::string_view script) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    MISTRIAL_INVARIANT(
        EVP_Digest(script.data(), script.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1,
        "SHA-256 of {} bytes", script.size());
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
    const int encoded = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
    return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(encoded)};
}

std::string_view class_of(Validity validity) {
    switch (validity) {
        case Validity::valid:
            return "good";
        case Validity::invalid:
            return "bad";
        default:
            return "doubtful";
    }
}

/// A number by its name: "p99_ns" is a duration, "ratio" a share, an "offset" of a clock nanoseconds.
std::string value_text(std::string_view name, const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_integer() && (name.ends_with("_ns") || name == "offset"))
        return span_text(Duration{value.get<std::int64_t>()});
    if (value.is_number_integer()) return with_thousands(value.get<std::int64_t>());
    if (value.is_number_float() && name.ends_with("ratio"))
        return fmt::format("{:.3f} %", 100 * value.get<double>());
    if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
    std::string all;
    if (value.is_array()) {
        constexpr std::size_t kMost = 8;
        for (std::size_t i = 0; i < std::min(kMost, value.size()); ++i)
            all += fmt::format("{}{}", i == 0 ? "" : ", ", value_text(name, value[i]));
        if (value.size() > kMost) all += fmt::format(" and {} more", value.size() - kMost);
        return all;
    }
    if (value.is_object()) {
        for (const auto& [key, member] : value.items())
            all += fmt::format("{}{} {}", all.empty() ? "" : " ", key, value_text(key, member));
        return all;
    }
    return value.dump();
}

std::string name_text(std::string_view name) {
    std::string text(name.ends_with("_ns") ? name.substr(0, name.size() - 3) : name);
    for (char& c : text)
        if (c == '_') c = ' ';
    return text;
}

class PageWriter {
  public:
    PageWriter(const Run& run, const Judgement& judgement, const Lanes& lanes)
        : run_(run), judgement_(judgement), lanes_(lanes), verdict_(validity(run, judgement)) {
        for (const ClaimResult& claim : judgement.claims)
            for (std::size_t i = 0; i < std::min(claim.violations.size(), kMostViolations); ++i)
                violations_.push_back(
                    {fmt::format("violation-{}", violations_.size() + 1), &claim, &claim.violations[i]});
    }

    std::string write() {
        head();
        banner();
        broken();
        picture();
        claims();
        proofs();
        faults();
        signals();
        measured();
        about();
        out_ +=
            "</main>\n<script type=\"application/json\" id=\"data\">" + timeline_data(lanes_) + "</script>\n";
        out_ += fmt::format("<script>{}</script>\n</body>\n</html>\n", text_of(web::page_js()));
        return std::move(out_);
    }

  private:
    void text(std::string_view plain) { out_ += escaped(plain); }
    void element(std::string_view tag, std::string_view plain) {
        out_ += fmt::format("<{}>{}</{}>", tag, escaped(plain), tag);
    }

    void head() {
        const std::string title = fmt::format("{} {}", verdict_word(verdict_), run_.scenario);
        out_ += fmt::format(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'; "
            "script-src 'sha256-{}'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
            "<style>\n{}</style>\n</head>\n<body>\n<main>\n",
            script_digest(text_of(web::page_js())), escaped(title), text_of(web::page_css()));
    }

    void banner() {
        const std::string sentence = verdict_sentence(run_, judgement_);
        const std::string_view word = verdict_word(verdict_);
        // The word stands before the sentence, as a sign of its own.
        const std::string rest = sentence.substr(std::min(sentence.size(), word.size() + 2));
        out_ += fmt::format(
            "<header class=\"banner {}\"><span class=\"word\">{}</span><h1>{}</h1>", class_of(verdict_), word,
            escaped(rest.empty() ? rest
                                 : static_cast<char>(std::toupper(static_cast<unsigned char>(rest[0]))) +
                                       rest.substr(1)));
        if (!run_.about.empty()) element("p", run_.about);
        std::vector<std::pair<std::string, std::string>> facts;
        facts.emplace_back("scenario", run_.scenario);
        if (run_.seed) facts.emplace_back("seed", fmt::format("{}", *run_.seed));
        facts.emplace_back("world", run_.world);
        if (run_.started) facts.emplace_back("started", format_wall(*run_.started));
        if (run_.duration > Duration::zero()) facts.emplace_back("duration", span_text(run_.duration));
        facts.emplace_back("agents", with_thousands(static_cast<std::int64_t>(lanes_.agents.size())));
        if (const auto decisions = decisions_of(judgement_); decisions > 0)
            facts.emplace_back("decisions", with_thousands(decisions));
        facts.emplace_back("publishes", with_thousands(static_cast<std::int64_t>(lanes_.publishes.size())));
        if (run_.fingerprint) facts.emplace_back("fingerprint", *run_.fingerprint);
        out_ += "<dl class=\"facts\">";
        for (const auto& [name, value] : facts)
            if (!value.empty())
                out_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value));
        out_ += "</dl></header>\n";
    }

    void broken() {
        const auto errors = internal_errors(run_, judgement_);
        if (errors.empty() && judgement_.notes.empty()) return;
        out_ += "<section class=\"notes\">";
        for (const std::string& error : errors)
            out_ += fmt::format("<p class=\"error\">mistrial itself failed: {}</p>", escaped(error));
        for (const std::string& note : judgement_.notes) element("p", note);
        out_ += "</section>\n";
    }

    void picture() {
        if (lanes_.agents.empty() && lanes_.publishes.empty()) return;
        out_ +=
            "<section><div class=\"heading\"><h2>What happened</h2><span class=\"controls\" id=\"controls\" "
            "hidden>"
            "<span id=\"shown\"></span><button id=\"wider\" type=\"button\">wider</button>"
            "<button id=\"closer\" type=\"button\">closer</button><button id=\"whole\" type=\"button\">whole "
            "run</button>"
            "</span></div>\n";
        out_ += timeline(judgement_, lanes_, violations_);
        out_ +=
            "<p class=\"legend\"><span><i class=\"key revisions\"></i>one colour a revision: a lane whose "
            "colour differs from "
            "the row <em>published</em> is behind</span>"
            "<span><i class=\"key lag\"></i>behind the newest acknowledged revision, darker the "
            "further</span>"
            "<span><i class=\"key excused\"></i>excused by a fault</span>"
            "<span><i class=\"key violated\"></i>violation (click for its proof)</span>"
            "<span><i class=\"key answered\"></i>decisions answered</span>"
            "<span><i class=\"key asked\"></i>not answered with a verdict</span>"
            "<span><i class=\"key latency\"></i>slowest answer, 0.1 ms to 10 s, logarithmic</span></p>\n"
            "<div class=\"hint\" id=\"hint\" hidden></div></section>\n";
    }

    void claims() {
        out_ += "<section><h2>Claims</h2>\n";
        if (judgement_.claims.empty()) {
            out_ += "<p>Nothing was claimed, so that nothing was judged.</p></section>\n";
            return;
        }
        out_ +=
            "<table class=\"claims\"><thead><tr><th>claim</th><th>result</th><th "
            "class=\"number\">obligations</th>"
            "<th class=\"number\">violations</th><th>worst</th><th>parameters</th></tr></thead><tbody>\n";
        for (const ClaimResult& claim : judgement_.claims) {
            const auto* property = checkers::find_property(claim.property);
            out_ += fmt::format("<tr><td><b>{}</b>", escaped(claim.property));
            if (property != nullptr) out_ += fmt::format("<small>{}</small>", escaped(property->about));
            out_ += fmt::format("</td><td><span class=\"chip {}\">{}</span>", class_of(claim.validity),
                                claim_word(claim.validity));
            if (claim.reason != checkers::Reason::none)
                out_ += fmt::format("<small>{}</small>", explain(claim.reason));
            std::string by_agent;
            for (const auto& [agent, count] : claim.obligations_by_agent)
                by_agent +=
                    fmt::format("{}{} {}", by_agent.empty() ? "" : ", ", agent, with_thousands(count));
            out_ +=
                fmt::format("</td><td class=\"number\" title=\"{}\">{}</td><td class=\"number\">{}</td><td>",
                            escaped(by_agent), with_thousands(claim.obligations),
                            claim.violations.empty()
                                ? std::string("–")
                                : with_thousands(static_cast<std::int64_t>(claim.violations.size())));
            if (const Violation* worst = worst_of(claim))
                out_ += fmt::format("<a href=\"#{}\">{}</a>", anchor_of(worst), escaped(magnitude(*worst)));
            out_ += "</td><td>";
            parameters(claim.parameters);
            out_ += "</td></tr>\n";
        }
        out_ += "</tbody></table></section>\n";
    }

    /// The terms of a derived bound are long and folded away.
    void parameters(const Json& claimed) {
        if (!claimed.is_object()) return;
        Json others = claimed;
        others.erase("terms");
        members(others);
        const auto terms = claimed.find("terms");
        if (terms == claimed.end() || !terms->is_array()) return;
        out_ += "<details class=\"derived\"><summary>how it was derived</summary><ul class=\"members\">";
        for (const Json& term : *terms) element("li", value_text("", term));
        out_ += "</ul></details>";
    }

    [[nodiscard]] std::string anchor_of(const Violation* violation) const {
        for (const Anchored& one : violations_)
            if (one.violation == violation) return one.anchor;
        return "proofs";
    }

    /// Claim by claim, each with its first violations in sight and the others folded away.
    void proofs() {
        if (violations_.empty()) return;
        out_ += "<section id=\"proofs\"><h2>Violations and their proofs</h2>\n";
        constexpr std::size_t kInSight = 4;
        const Worst worst = worst_violation(judgement_);
        for (const ClaimResult& claim : judgement_.claims) {
            std::vector<const Anchored*> own;
            for (const Anchored& one : violations_)
                if (one.claim == &claim) own.push_back(&one);
            const std::size_t in_sight = own.size() <= kInSight + 1 ? own.size() : kInSight;
            for (std::size_t i = 0; i < own.size(); ++i) {
                if (i == in_sight)
                    out_ += fmt::format("<details class=\"more\"><summary>{} more of {}</summary>\n",
                                        own.size() - in_sight, escaped(claim.property));
                proof(*own[i], own[i]->violation == worst.violation || violations_.size() <= 3);
            }
            if (own.size() > in_sight) out_ += "</details>\n";
            if (claim.violations.size() > own.size())
                out_ += fmt::format(
                    "<p>{} more of {} in results.json.</p>",
                    with_thousands(static_cast<std::int64_t>(claim.violations.size() - own.size())),
                    escaped(claim.property));
        }
        out_ += "</section>\n";
    }

    void proof(const Anchored& one, bool open) {
        const Violation& violation = *one.violation;
        out_ += fmt::format("<details class=\"proof\" id=\"{}\" data-a=\"{}\" data-b=\"{}\"{}>", one.anchor,
                            nanos_of(violation.from) / 1'000'000, nanos_of(violation.to) / 1'000'000,
                            open ? " open" : "");
        out_ += fmt::format("<summary><span class=\"chip bad\">{}</span> {}</summary>",
                            escaped(one.claim->property), escaped(violation.summary));
        out_ += fmt::format(
            "<p class=\"facts-line\">{} · {} to {} s · {} · class {}"
            " <button class=\"find\" type=\"button\" hidden>show in the picture</button></p><ol>",
            escaped(violation.agent.empty() ? "no one agent" : violation.agent),
            seconds_text(violation.from, 3), seconds_text(violation.to, 3), escaped(magnitude(violation)),
            checkers::to_text(violation.attribution));
        for (const std::string& sentence : violation.proof) element("li", sentence);
        out_ += "</ol>";
        if (!violation.witness.empty())
            out_ += fmt::format("<p class=\"facts-line\">Witnesses: records {} of the history.</p>",
                                escaped(fmt::format("{}", fmt::join(violation.witness, ", "))));
        out_ += "</details>\n";
    }

    void faults() {
        if (judgement_.faults.empty()) return;
        out_ +=
            "<section><h2>Faults and their "
            "evidence</h2>\n<table><thead><tr><th>fault</th><th>on</th><th>when</th>"
            "<th>effect</th><th>parameters</th><th>evidence</th></tr></thead><tbody>\n";
        constexpr std::size_t kMost = 500;
        for (std::size_t i = 0; i < std::min(kMost, judgement_.faults.size()); ++i) {
            const checkers::FaultSeen& fault = judgement_.faults[i];
            const auto when = [](std::optional<TrueTime> time) {
                return time ? seconds_text(*time, 2) : std::string("–");
            };
            out_ += fmt::format("<tr id=\"fault-{}\"><td><b>{}</b><small>{}</small></td><td>{}</td>",
                                escaped(fault.fault), escaped(fault.kind), escaped(fault.fault),
                                escaped(fmt::format("{}", fmt::join(fault.target, ", "))));
            out_ += fmt::format(
                "<td title=\"started, in force, heal started, healed\">{} to {} s<small>in force {} to "
                "{}</small></td>",
                when(fault.started), when(fault.healed), when(fault.in_force), when(fault.heal_started));
            out_ += fmt::format("<td><span class=\"chip {}\">{}</span></td><td>",
                                fault.bit ? "plain" : "doubtful", fault.bit ? "took effect" : "did not bite");
            const auto detail = lanes_.faults.find(fault.fault);
            if (detail != lanes_.faults.end()) members(detail->second.parameters);
            out_ += "</td><td>";
            members(fault.evidence);
            out_ += "</td></tr>\n";
        }
        out_ += "</tbody></table>";
        if (judgement_.faults.size() > kMost)
            out_ += fmt::format("<p>{} more in results.json.</p>", judgement_.faults.size() - kMost);
        out_ += "</section>\n";
    }

    void signals() {
        if (!judgement_.golden_signals.is_object() || judgement_.golden_signals.empty()) return;
        out_ += "<section><h2>Golden signals</h2><div class=\"tiles\">";
        for (const auto& [name, value] : judgement_.golden_signals.items()) {
            if (value.is_object())
                tile(name_text(name), value);
            else
                out_ += fmt::format("<div class=\"tile\"><h3>{}</h3><b>{}</b></div>",
                                    escaped(name_text(name)), escaped(value_text(name, value)));
        }
        out_ += "</div></section>\n";
    }

    void tile(const std::string& title, const Json& values) {
        out_ += fmt::format("<div class=\"tile\"><h3>{}</h3><dl>", escaped(title));
        for (const auto& [name, value] : values.items())
            out_ += fmt::format("<dt>{}</dt><dd>{}</dd>", escaped(name_text(name)),
                                escaped(value_text(name, value)));
        out_ += "</dl></div>";
    }

    void measured() {
        if (judgement_.measured.empty()) return;
        out_ +=
            "<section><h2>Measured, not claimed</h2>\n<table><thead><tr><th>property</th><th "
            "class=\"number\">obligations</th>"
            "<th>values</th></tr></thead><tbody>\n";
        for (const checkers::Measured& one : judgement_.measured) {
            const auto* property = checkers::find_property(one.property);
            out_ += fmt::format("<tr><td><b>{}</b>", escaped(one.property));
            if (property != nullptr) out_ += fmt::format("<small>{}</small>", escaped(property->about));
            out_ += fmt::format("</td><td class=\"number\">{}</td><td>", with_thousands(one.obligations));
            members(one.values);
            out_ += "</td></tr>\n";
        }
        out_ += "</tbody></table></section>\n";
    }

    /// A JSON object in small print: a line a member, an object within it behind its name.
    void members(const Json& json, std::string_view prefix = {}) {
        if (!json.is_object()) {
            if (!json.is_null()) text(value_text("", json));
            return;
        }
        constexpr std::size_t kMost = 24;
        const bool outermost = prefix.empty();
        if (outermost) out_ += "<ul class=\"members\">";
        std::size_t count = 0;
        for (const auto& [name, value] : json.items()) {
            const std::string shown =
                outermost ? name_text(name) : fmt::format("{} {}", prefix, name_text(name));
            if (++count > kMost) {
                out_ += fmt::format("<li>and {} more</li>", json.size() - kMost);
                break;
            }
            const bool of_objects =
                value.is_object() && !value.empty() &&
                std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_object(); });
            if (of_objects && outermost) {
                members(value, shown);
                continue;
            }
            out_ += fmt::format("<li><span>{}</span> ", escaped(shown));
            if (value.is_object())
                for (const auto& [inner, one] : value.items())
                    out_ += fmt::format("<span>{}</span> {} ", escaped(name_text(inner)),
                                        escaped(value_text(inner, one)));
            else
                text(value_text(name, value));
            out_ += "</li>";
        }
        if (outermost) out_ += "</ul>";
    }

    void about() {
        out_ += "<section class=\"about\"><h2>About this run</h2>\n<dl>";
        if (!run_.not_tested.empty())
            out_ += fmt::format("<dt>not tested</dt><dd>{}</dd>",
                                escaped(fmt::format("{}", fmt::join(run_.not_tested, ", "))));
        if (!run_.command.empty())
            out_ += fmt::format("<dt>to run it again</dt><dd><code>{}</code></dd>", escaped(run_.command));
        std::vector<std::string> versions;
        for (const auto& [program, version] : run_.versions) versions.push_back(program + " " + version);
        if (!versions.empty())
            out_ += fmt::format("<dt>versions</dt><dd>{}</dd>",
                                escaped(fmt::format("{}", fmt::join(versions, ", "))));
        for (const auto& [name, file] : run_.files)
            out_ += fmt::format("<dt>{}</dt><dd><code>{}</code></dd>", escaped(name), escaped(file));
        out_ += "</dl></section>\n";
    }

    const Run& run_;
    const Judgement& judgement_;
    const Lanes& lanes_;
    Validity verdict_;
    std::vector<Anchored> violations_;
    std::string out_;
};

}  // namespace

std::string html(const Run& run, const Judgement& judgement, const Lanes& lanes) {
    return PageWriter(run, judgement, lanes).write();
}

}  // namespace mistrial::reports
