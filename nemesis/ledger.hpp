#pragma once

#include "core/json.hpp"
#include "nemesis/process/file_descriptor.hpp"
#include "nemesis/process/process_identity.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// What a run changes on the machine, written down before it is changed, so that `mistrial clean` can undo
/// what a killed run left, and nothing else.
namespace mistrial::nemesis {

/// A process is about to be started; every process that carries MISTRIAL_LEDGER=`token` in its environment is
/// it or a descendant of it. Random, 128 bits in hex.
struct ProcessIntent {
    std::string token;
    std::string argv0;
    friend bool operator==(const ProcessIntent&, const ProcessIntent&) = default;
};
/// The process of an intent, once it has a pid.
struct StartedProcess {
    std::uint64_t intent = 0;  ///< entry id of its ProcessIntent
    ProcessIdentity identity;
    friend bool operator==(const StartedProcess&, const StartedProcess&) = default;
};
/// A directory that is about to be made and belongs to the run wholly. `path` is absolute and its last name
/// starts with "mistrial-"; anything else is refused when recorded, and left alone by `clean`.
struct TemporaryDirectory {
    std::filesystem::path path;
    friend bool operator==(const TemporaryDirectory&, const TemporaryDirectory&) = default;
};
using Change = std::variant<ProcessIntent, StartedProcess, TemporaryDirectory>;

[[nodiscard]] std::string new_ledger_token();

/// The open ledger of this run. Thread-safe. The file goes when the last change is undone and the ledger is
/// closed.
class Ledger {
  public:
    /// Creates DIRECTORY/RUN.jsonl and writes its owner (this process). Errors name the file.
    [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(const std::filesystem::path& directory,
                                                              const std::string& run);
    ~Ledger();  ///< closes

    /// Appends and syncs; only when this has returned may the change be made. Returns the entry's id.
    [[nodiscard]] Result<std::uint64_t> record(const Change& change);
    /// The change has been undone (or was never made). Undoing twice is harmless.
    void undone(std::uint64_t id);
    /// Deletes the file when everything is undone, else keeps it for `clean`.
    void close();

    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  private:
    Ledger(std::filesystem::path file, FileDescriptor fd);

    std::mutex mutex_;
    std::filesystem::path file_;
    FileDescriptor fd_;
    std::uint64_t next_ = 1;
    std::set<std::uint64_t> pending_;
};

/// ${XDG_STATE_HOME:-~/.local/state}/mistrial/ledger
[[nodiscard]] std::filesystem::path ledger_directory();

/// A directory of the run, recorded before it is made, removed with all in it by the destructor. Mode 0700.
class RunDirectory {
  public:
    /// PARENT/mistrial-LABEL-RANDOM. `ledger` may be null.
    [[nodiscard]] static Result<RunDirectory> create(const std::filesystem::path& parent,
                                                     const std::string& label, Ledger* ledger);
    RunDirectory(RunDirectory&&) noexcept;
    RunDirectory& operator=(RunDirectory&&) noexcept;
    ~RunDirectory();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    RunDirectory(std::filesystem::path path, Ledger* ledger, std::uint64_t entry);
    void remove();

    std::filesystem::path path_;
    Ledger* ledger_ = nullptr;
    std::uint64_t entry_ = 0;
};

/// What `clean` did.
struct CleanReport {
    std::vector<std::string> done;     ///< a sentence each: "killed process 4711 (/x/opa) of run R"
    std::vector<std::string> running;  ///< runs left alone because their mistrial lives
    std::vector<std::string> failed;   ///< what could not be undone, and why; its ledger stays
    friend bool operator==(const CleanReport&, const CleanReport&) = default;
};

/// Undoes what killed runs left behind. Only ledgers whose owner is dead are touched; a process is killed
/// only when it is the recorded one (boot, pid and start time, checked again through its pidfd) or carries
/// the recorded token. Doing it twice does nothing the second time.
[[nodiscard]] Result<CleanReport> clean(const std::filesystem::path& directory);

}  // namespace mistrial::nemesis
