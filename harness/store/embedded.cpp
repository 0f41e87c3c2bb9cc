#include "harness/store/embedded.hpp"

#include <algorithm>

namespace mistrial::embedded {

std::span<const File> files_below(std::string_view folder) {
    const auto all = files();
    const auto first = std::ranges::lower_bound(all, folder, {}, &File::path);
    const auto last =
        std::find_if_not(first, all.end(), [&](const File& file) { return file.path.starts_with(folder); });
    return {first, last};
}

std::optional<std::string_view> find(std::string_view path) {
    const auto all = files();
    const auto found = std::ranges::lower_bound(all, path, {}, &File::path);
    if (found == all.end() || found->path != path) return std::nullopt;
    return found->bytes;
}

}  // namespace mistrial::embedded
