#include "nemesis/ledger.hpp"

#include "harness/cli/commands.hpp"
#include "harness/cli/refusal.hpp"

namespace mistrial::cli {

void add_clean(CLI::App& app, int& status) {
    CLI::App* command = app.add_subcommand("clean", "undo whatever killed runs left behind, and nothing else");
    command->footer("Example:\n  mistrial clean");
    command->callback([&status] {
        const auto report = nemesis::clean(nemesis::ledger_directory());
        if (!report) {
            status = refuse(report.error());
            return;
        }
        for (const std::string& line : report->done) std::puts(line.c_str());
        for (const std::string& line : report->running) std::puts(line.c_str());
        for (const std::string& line : report->failed) std::fprintf(stderr, "mistrial: %s\n", line.c_str());
        if (report->done.empty() && report->failed.empty()) std::puts("nothing to clean");
        status = report->failed.empty() ? kValid : kInternalError;
    });
}

}  // namespace mistrial::cli
