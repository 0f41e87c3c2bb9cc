#pragma once

#include "checkers/linearizability/collection.hpp"
#include "core/history/operation.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// What others published to hold a checker of linearizability against (scripts/references).
namespace mistrial::checkers::testing {

/// The folder that scripts/references prints; an error when it cannot be had.
[[nodiscard]] Result<std::filesystem::path> references(const std::filesystem::path& source_dir);

/// The numbers of Jepsen's etcd logs, of which 95 is left out since its cluster failed to start.
[[nodiscard]] std::vector<int> etcd_logs();
/// Those of them that are linearizable; the others are not.
[[nodiscard]] const std::vector<int>& linearizable_etcd_logs();
/// One of them as records; the number of a line is its time.
[[nodiscard]] Result<std::vector<history::Record>> read_etcd_log(const std::filesystem::path& references, int number);
/// One of the logs of a key-value store: "c10-ok".
[[nodiscard]] Result<std::vector<history::Record>> read_store_log(const std::filesystem::path& references,
                                                                  const std::string& name);

/// Gathers the operations of clients.
[[nodiscard]] Result<linearizability::Collection::Gathered> gather(linearizability::Collection& collection,
                                                                   const std::vector<history::Record>& records,
                                                                   const std::string& model);

/// What Porcupine says of one history of `porcupine_line`.
struct Opinion {
    std::string verdict;  ///< ok, illegal or unknown
    Duration took{};
};
[[nodiscard]] Result<std::vector<Opinion>> ask_porcupine(const std::filesystem::path& references,
                                                         const std::vector<std::string>& lines);

}  // namespace mistrial::checkers::testing
