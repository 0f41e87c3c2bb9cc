#include "core/version.hpp"
#include "harness/cli/commands.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    using namespace mistrial::cli;
    CLI::App app{
        "mistrial puts a fleet of policy agents on trial: it runs them, lets bundles propagate, breaks networks, clocks and "
        "processes while they do, records every decision, and says which verdicts should never have been given."};
    app.name("mistrial");
    app.set_version_flag("--version", std::string("mistrial ") + mistrial::version);
    app.require_subcommand(1);
    app.footer(
        "Example:\n  mistrial run demo\n  mistrial run scenarios/revocation-under-partition.json --agent opa\n\n"
        "Exit status: 0 valid, 1 a claim is violated, 2 unknown, 254 bad arguments or input, 255 internal error.");
    int status = kValid;
    add_run(app, status);
    add_plan(app, status);
    add_check(app, status);
    add_convert(app, status);
    add_search(app, status);
    add_merge(app, status);
    add_shrink(app, status);
    add_replay(app, status);
    add_report(app, status);
    add_list(app, status);
    add_schema(app, status);
    add_doctor(app, status);
    add_clean(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kValid : kBadInput;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "mistrial: internal error: %s\n", error.what());
        return kInternalError;
    }
    return status;
}
