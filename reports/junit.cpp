#include "reports/junit.hpp"

#include "reports/wording.hpp"
#include "reports/xml.hpp"

namespace mistrial::reports {
namespace {

using checkers::ClaimResult;
using checkers::Validity;
using checkers::Violation;

std::string proofs(const ClaimResult& claim) {
    constexpr std::size_t kMost = 20;  // the rest is in results.json
    std::string text;
    for (std::size_t i = 0; i < claim.violations.size() && i < kMost; ++i) {
        const Violation& violation = claim.violations[i];
        text += fmt::format("{}. {} [{}, {}, {}]\n", i + 1, violation.summary,
                            checkers::to_text(violation.attribution),
                            interval_text(violation.from, violation.to), magnitude(violation));
        for (const std::string& sentence : violation.proof) text += fmt::format("   - {}\n", sentence);
    }
    if (claim.violations.size() > kMost)
        text += fmt::format("and {} more\n", claim.violations.size() - kMost);
    return text;
}

/// The inside of one case, empty when it passed.
std::string outcome(const ClaimResult& claim) {
    switch (claim.validity) {
        case Validity::valid:
            return {};
        case Validity::invalid: {
            const Violation* worst = worst_of(claim);
            return fmt::format("<failure type=\"violated\" message=\"{}\">{}</failure>",
                               escaped(worst != nullptr ? worst->summary : "violated"),
                               escaped(proofs(claim)));
        }
        case Validity::unknown:
            break;
    }
    return fmt::format("<error type=\"unknown\" message=\"{}\">{}</error>", escaped(explain(claim.reason)),
                       escaped(counted(claim.obligations, "obligation")));
}

std::string test_case(const Run& run, std::string_view name, const std::string& inside) {
    const std::string head = fmt::format("    <testcase classname=\"mistrial.{}\" name=\"{}\" time=\"0\"",
                                         escaped(run.scenario), escaped(name));
    return inside.empty() ? head + "/>\n" : fmt::format("{}>\n      {}\n    </testcase>\n", head, inside);
}

}  // namespace

std::string junit(const Run& run, const checkers::Judgement& judgement) {
    std::string cases;
    int tests = 0, failures = 0, errors = 0;
    const auto add = [&](std::string_view name, Validity result, const std::string& inside) {
        ++tests;
        failures += result == Validity::invalid ? 1 : 0;
        errors += result == Validity::unknown ? 1 : 0;
        cases += test_case(run, name, inside);
    };
    for (const ClaimResult& claim : judgement.claims) add(claim.property, claim.validity, outcome(claim));
    if (judgement.claims.empty())
        add("claims", Validity::unknown, "<error type=\"unknown\" message=\"nothing was claimed\"/>");
    for (const std::string& error : internal_errors(run, judgement))
        add("mistrial", Validity::unknown,
            fmt::format("<error type=\"internal\" message=\"{}\"/>", escaped(error)));

    std::string properties;
    const auto property = [&](std::string_view name, std::string_view value) {
        if (!value.empty())
            properties +=
                fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", escaped(name), escaped(value));
    };
    if (run.seed) property("seed", fmt::format("{}", *run.seed));
    property("world", run.world);
    property("fingerprint", run.fingerprint.value_or(""));
    property("command", run.command);
    for (const auto& [program, version] : run.versions) property("version." + program, version);
    for (const auto& [name, file] : run.files) property("file." + name, file);

    const std::string counts =
        fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\"", tests, failures, errors,
                    std::chrono::duration<double>(run.duration).count());
    // JUnit's time stamp has neither fraction nor zone.
    const std::string started =
        run.started ? fmt::format(" timestamp=\"{}\"", format_wall(*run.started).substr(0, 19))
                    : std::string();
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"mistrial\" {0}>\n"
        "  <testsuite name=\"{1}\" {0} skipped=\"0\"{2}>\n"
        "    <properties>\n{3}    </properties>\n{4}"
        "    <system-out>{5}</system-out>\n"
        "  </testsuite>\n</testsuites>\n",
        counts, escaped(run.scenario), started, properties, cases, escaped(verdict_sentence(run, judgement)));
}

}  // namespace mistrial::reports
