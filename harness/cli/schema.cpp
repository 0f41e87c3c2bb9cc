#include "harness/cli/commands.hpp"
#include "harness/store/embedded.hpp"

#include <cstdio>
#include <memory>

namespace mistrial::cli {

void add_schema(CLI::App& app, int& status) {
    auto what = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("schema", "print the JSON Schema of a file format");
    command->add_option("what", *what)->required()->check(CLI::IsMember({"scenario", "driver", "results", "history"}));
    command->footer("Example:\n  mistrial schema scenario > scenario.schema.json");
    command->callback([what, &status] {
        const auto text = embedded::find("schema/" + *what + ".schema.json");
        if (!text) {
            status = kInternalError;
            return;
        }
        std::fwrite(text->data(), 1, text->size(), stdout);
    });
}

}  // namespace mistrial::cli
