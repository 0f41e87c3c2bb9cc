#pragma once

#include <optional>
#include <span>
#include <string_view>

/// The data of the folder scenarios/ (scenario library, workloads, agent drivers, JSON Schemas) as it was
/// when the program was built, so that the program finds it from any directory. Constant data: any thread may
/// read it.
namespace mistrial::embedded {

struct File {
    std::string_view path;  ///< relative to scenarios/: "workloads/grants/policy.rego"
    std::string_view bytes;
};

/// Every *.json and *.rego below scenarios/, ascending by path.
[[nodiscard]] std::span<const File> files();

/// Those below a folder ("agents/", with the slash), ascending by path.
[[nodiscard]] std::span<const File> files_below(std::string_view folder);

/// The bytes of one, nothing when there is none.
[[nodiscard]] std::optional<std::string_view> find(std::string_view path);

}  // namespace mistrial::embedded
