// Judges what another program saw: a policy service says which revision each answer was made under, and must never go
// back to an older one. No file, no harness: records go in, a judgement comes out. It records no boots, so that its
// service is taken not to have restarted: one that may, and then begin with an old bundle, should record them.
#include "checkers/checker.hpp"

#include <cstdio>

using namespace mistrial;
using namespace std::chrono_literals;

int main() {
    checkers::Suite::Options options;
    options.claims = checkers::parse_claims(Json{{"monotonic-revisions", Json::object()}}, "claims").value();
    checkers::Suite suite(options);

    Duration now = 0s;
    const auto tell = [&](const char* f, std::int64_t client, const history::Value& value) {
        for (const auto type : {history::Type::invoke, history::Type::ok}) {
            history::Record record{.time = TrueTime(now += 1ms), .type = type, .process = client, .f = f, .value = value};
            if (const auto taken = suite.on(record); !taken) std::fprintf(stderr, "%s\n", taken.error().message.c_str());
        }
    };
    const auto answered = [&](const char* revision) {
        history::Decide decide{.agent = "pdp-3", .path = "authz/allow", .answer = history::Verdict{"true"}};
        decide.revisions = {{"main", revision}};
        tell("decide", 2, decide);
    };
    for (const char* revision : {"r1", "r2"}) tell("publish", 1, history::Publish{.bundle = "main", .revision = revision});
    for (int i = 0; i < 20; ++i) answered("r2");
    answered("r1");  // an old bundle is back

    const checkers::Judgement judgement = suite.finish();
    for (const checkers::ClaimResult& claim : judgement.claims)
        for (const checkers::Violation& violation : claim.violations)
            for (const std::string& sentence : violation.proof) std::printf("%s\n", sentence.c_str());
    return checkers::exit_status(judgement.validity);
}
