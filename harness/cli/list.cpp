#include "checkers/claims.hpp"
#include "engine/defects/defects.hpp"
#include "harness/cli/commands.hpp"
#include "harness/driver/driver.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/workload/workload.hpp"
#include "nemesis/fault.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace mistrial::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

/// Whose it is, what it does, what must find it and where.
std::string about(const defects::Defect& defect) {
    std::string text = fmt::format("of the {}: {} Found by {}", to_text(defect.of), defect.about, defect.finds);
    std::string needs;
    for (const defects::Need need : defect.needs) needs += fmt::format("{}{}", needs.empty() ? "" : ", ", to_text(need));
    if (!needs.empty()) text += fmt::format(" (needs {})", needs);
    return text + ".";
}

Rows rows_of(const std::string& what) {
    Rows rows;
    if (what == "scenarios")
        for (const auto& entry : scenario::library()) rows.emplace_back(entry.name, entry.about);
    if (what == "properties")
        for (const auto& property : checkers::catalogue())
            rows.emplace_back(fmt::format("{} {}", property.id, property.name),
                              fmt::format("{}{}", property.about, property.judged ? "" : " (not judged in this version)"));
    if (what == "faults")
        for (const auto& kind : nemesis::fault_kinds())
            rows.emplace_back(kind.name, fmt::format("{}{}", kind.about, kind.in_sim ? "" : " (live only)"));
    if (what == "agents")
        for (const auto& [name, about] : driver::list()) rows.emplace_back(name, about);
    if (what == "workloads")
        for (const auto& kind : workload::kinds()) rows.emplace_back(kind.name, kind.about);
    if (what == "defects")
        for (const auto& defect : defects::all()) rows.emplace_back(defect.name, about(defect));
    return rows;
}

}  // namespace

void add_list(CLI::App& app, int&) {
    auto what = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("list", "list what there is");
    command->add_option("what", *what)
        ->required()
        ->check(CLI::IsMember({"scenarios", "properties", "faults", "agents", "workloads", "defects"}));
    command->footer("Example:\n  mistrial list scenarios");
    command->callback([what] {
        const Rows rows = rows_of(*what);
        std::size_t width = 0;
        for (const auto& [name, about] : rows) width = std::max(width, name.size());
        for (const auto& [name, about] : rows) std::puts(fmt::format("{:<{}}  {}", name, width, about).c_str());
    });
}

}  // namespace mistrial::cli
