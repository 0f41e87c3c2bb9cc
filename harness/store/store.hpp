#pragma once

#include "core/result.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace mistrial::store {

/// The folder of one run: STORE/SCENARIO/YYYYMMDDTHHMMSSZ-SEED[-2, -3, ...]/ with a folder `logs`. STORE/latest and
/// STORE/SCENARIO/latest point to the newest run, replaced by rename.
class RunFolder {
  public:
    /// A search is no run: STORE/latest stays where it was.
    enum class Of : std::uint8_t { run, search };
    [[nodiscard]] static Result<RunFolder> create(const std::filesystem::path& store, const std::string& scenario,
                                                  std::uint64_t seed, WallTime started, Of of = Of::run);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path logs() const { return path_ / "logs"; }
    /// Unique among the runs of a store: "demo-20260101T000000Z-42".
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    RunFolder(std::filesystem::path path, std::string name) : path_(std::move(path)), name_(std::move(name)) {}
    std::filesystem::path path_;
    std::string name_;
};

}  // namespace mistrial::store
