#include "harness/search/signature.hpp"

#include <algorithm>

namespace mistrial::search {
namespace {

using checkers::Attribution;

constexpr std::string_view kLetsIn = ", wrongly allowed";
constexpr Attribution kAttributions[] = {Attribution::agent, Attribution::source, Attribution::system, Attribution::environment};

Signature signature_of(const checkers::ClaimResult& claim, const checkers::Violation& violation) {
    return {claim.property, violation.attribution, violation.wrongly_allowed > 0};
}

}  // namespace

std::string to_text(const Signature& signature) {
    return fmt::format("{} {}{}", signature.property, checkers::to_text(signature.attribution), signature.lets_in ? kLetsIn : "");
}

Result<Signature> signature_from_text(const std::string& text) {
    for (const Attribution attribution : kAttributions)
        for (const bool lets_in : {false, true}) {
            const std::string end = fmt::format(" {}{}", checkers::to_text(attribution), lets_in ? kLetsIn : "");
            if (text.size() > end.size() && text.ends_with(end)) return Signature{text.substr(0, text.size() - end.size()), attribution, lets_in};
        }
    return fail("expected a signature such as \"bounded-staleness AGENT\", got \"{}\"", text);
}

std::vector<Signature> signatures_of(const checkers::Judgement& judgement) {
    std::vector<Signature> all;
    for (const checkers::ClaimResult& claim : judgement.claims)
        for (const checkers::Violation& violation : claim.violations)
            if (const Signature one = signature_of(claim, violation); std::ranges::find(all, one) == all.end()) all.push_back(one);
    return all;
}

const checkers::Violation* find(const checkers::Judgement& judgement, const Signature& signature) {
    for (const checkers::ClaimResult& claim : judgement.claims)
        for (const checkers::Violation& violation : claim.violations) {
            const Signature one = signature_of(claim, violation);
            if (one.property == signature.property && one.attribution == signature.attribution && (one.lets_in || !signature.lets_in))
                return &violation;
        }
    return nullptr;
}

}  // namespace mistrial::search
