#pragma once

#include "harness/workload/workload.hpp"

#include <filesystem>
#include <memory>
#include <vector>

/// Workload `own`: the user's own bundles, published in the order given, and the user's own inputs. What they
/// decide is not known, so that there is no table and no marker; everything that needs none is judged.
namespace mistrial::workload {

struct OwnParameters {
    /// Each a directory that holds what a bundle holds (`.manifest`, `data.json`, `*.rego`, `plan.json`, at
    /// any depth; other files are left out, as OPA does), or a bundle as `opa build` writes it
    /// (`bundle.tar.gz`).
    std::vector<std::filesystem::path> revisions;
    /// JSON: an object of id -> input, or an array of inputs, which then are i0, i1, ...
    std::filesystem::path inputs;
    /// Decision to ask for: "authz/allow". Absent: the only entry point of the first plan.json.
    std::optional<std::string> path;
    friend bool operator==(const OwnParameters&, const OwnParameters&) = default;
};

[[nodiscard]] Json to_json(const OwnParameters& parameters);
/// Paths are made absolute, relative ones from `directory` (the scenario file's). `where` begins the pointers
/// in errors.
[[nodiscard]] Result<OwnParameters> own_parameters(const Json& json, std::string_view where,
                                                   const std::filesystem::path& directory);

class Own final : public Workload {
  public:
    /// Reads everything. A revision is called what its manifest calls it, or r1, r2, ... by its place, which
    /// then is written into its manifest. Every mistake in one go, each a line that begins with the file.
    [[nodiscard]] static Result<std::unique_ptr<Own>> load(std::uint64_t seed,
                                                           const OwnParameters& parameters);

    [[nodiscard]] std::size_t revisions() const override { return revisions_.size(); }
    using Workload::revision;
    [[nodiscard]] Revision revision(std::size_t number, std::size_t base) const override;
    [[nodiscard]] std::string revision_name(std::size_t number) const override;
    [[nodiscard]] const std::map<std::string, Json>& pool() const override { return pool_; }
    [[nodiscard]] const Json& special() const override;
    [[nodiscard]] const std::string& path() const override { return path_; }
    [[nodiscard]] const DecisionShape& shape() const override;
    /// Every input is as likely as every other, whatever is the newest revision.
    [[nodiscard]] const std::string& input_for(std::string_view session, std::uint64_t number,
                                               std::size_t newest) const override;

  private:
    Own() = default;

    std::uint64_t seed_ = 0;
    std::vector<Revision> revisions_;
    std::map<std::string, Json> pool_;
    std::vector<std::string> ids_;
    std::string path_;
};

}  // namespace mistrial::workload
