#include "reports/results_json.hpp"

#include "reports/wording.hpp"

namespace mistrial::reports {
namespace {

OrderedJson ordered(const Json& json) { return OrderedJson(json); }

OrderedJson moment(std::optional<TrueTime> time) {
    return time ? OrderedJson(nanos_of(*time)) : OrderedJson(nullptr);
}

OrderedJson to_json(const checkers::Violation& violation) {
    OrderedJson json{{"summary", violation.summary},
                     {"class", checkers::to_text(violation.attribution)},
                     {"agent", violation.agent},
                     {"from", nanos_of(violation.from)},
                     {"to", nanos_of(violation.to)},
                     {"count", violation.count},
                     {"wrongly_allowed", violation.wrongly_allowed},
                     {"wrongly_denied", violation.wrongly_denied},
                     {"witness", violation.witness},
                     {"proof", violation.proof}};
    if (!violation.together.empty()) json["together"] = violation.together;
    return json;
}

OrderedJson to_json(const checkers::ClaimResult& claim) {
    OrderedJson json{{"property", claim.property}, {"valid", ordered(checkers::to_json(claim.validity))}};
    if (claim.reason != checkers::Reason::none) json["reason"] = checkers::to_text(claim.reason);
    json["obligations"] = claim.obligations;
    json["violations"] = OrderedJson::array();
    for (const auto& violation : claim.violations) json["violations"].push_back(to_json(violation));
    json["obligations_by_agent"] = OrderedJson::object();
    for (const auto& [agent, obligations] : claim.obligations_by_agent)
        json["obligations_by_agent"][agent] = obligations;
    json["parameters"] = ordered(claim.parameters);
    return json;
}

OrderedJson to_json(const checkers::FaultSeen& fault) {
    return {{"fault", fault.fault},
            {"kind", fault.kind},
            {"target", fault.target},
            {"interval",
             {{"started", nanos_of(fault.started)},
              {"in_force", moment(fault.in_force)},
              {"heal_started", moment(fault.heal_started)},
              {"healed", moment(fault.healed)}}},
            {"bit", fault.bit},
            {"evidence", ordered(fault.evidence)}};
}

}  // namespace

OrderedJson results_json(const Run& run, const checkers::Judgement& judgement) {
    OrderedJson json{{"valid", ordered(checkers::to_json(validity(run, judgement)))},
                     {"scenario", run.scenario},
                     {"seed", run.seed ? OrderedJson(*run.seed) : OrderedJson(nullptr)},
                     {"world", run.world.empty() ? OrderedJson(nullptr) : OrderedJson(run.world)}};
    if (run.fingerprint) json["fingerprint"] = *run.fingerprint;
    json["counts"] = ordered(judgement.counts);
    json["claims"] = OrderedJson::array();
    for (const auto& claim : judgement.claims) json["claims"].push_back(to_json(claim));
    json["measured"] = OrderedJson::array();
    for (const auto& measured : judgement.measured)
        json["measured"].push_back({{"property", measured.property},
                                    {"obligations", measured.obligations},
                                    {"values", ordered(measured.values)}});
    json["faults"] = OrderedJson::array();
    for (const auto& fault : judgement.faults) json["faults"].push_back(to_json(fault));
    json["golden_signals"] = ordered(judgement.golden_signals);
    json["not_tested"] = run.not_tested;
    json["versions"] = run.versions;
    json["summary"] = verdict_sentence(run, judgement);
    json["about"] = run.about;
    json["started"] = run.started ? OrderedJson(format_wall(*run.started)) : OrderedJson(nullptr);
    json["duration"] = run.duration.count();
    json["command"] = run.command;
    json["folder"] = run.folder;
    json["files"] = run.files;
    json["interrupted"] = run.interrupted;
    json["internal_errors"] = internal_errors(run, judgement);
    json["notes"] = judgement.notes;
    return json;
}

}  // namespace mistrial::reports
