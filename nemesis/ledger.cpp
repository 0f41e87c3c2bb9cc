#include "nemesis/ledger.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>

namespace mistrial::nemesis {
namespace {

constexpr std::string_view directory_prefix = "mistrial-";

/// What JSON can hold of a name that is only there to be read: a path may be any bytes.
std::string printable(std::string text) {
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    return text;
}

Json to_json(const ProcessIntent& intent) {
    return {{"kind", "process-intent"}, {"token", intent.token}, {"argv0", printable(intent.argv0)}};
}
Json to_json(const StartedProcess& started) {
    return {{"kind", "process"}, {"intent", started.intent}, {"process", nemesis::to_json(started.identity)}};
}
Json to_json(const TemporaryDirectory& directory) { return {{"kind", "directory"}, {"path", directory.path.string()}}; }
Json to_json(const Change& change) {
    return std::visit([](const auto& one) { return to_json(one); }, change);
}

std::string text_of(const Json& json, const char* key) {
    return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

Result<Change> change_from_json(const Json& json) {
    const auto kind = text_of(json, "kind");
    if (kind == "process-intent" && text_of(json, "token").size() == 32)
        return Change{ProcessIntent{text_of(json, "token"), text_of(json, "argv0")}};
    if (kind == "process" && json.contains("process") && json.contains("intent") &&
        json["intent"].is_number_unsigned()) {
        auto identity = identity_from_json(json["process"]);
        if (!identity) return identity.error();
        return Change{StartedProcess{json["intent"].get<std::uint64_t>(), std::move(*identity)}};
    }
    if (kind == "directory" && json.contains("path"))
        return Change{TemporaryDirectory{text_of(json, "path")}};
    return fail("a change of unknown kind \"{}\"", kind);
}

Result<> check_directory(const std::filesystem::path& path) {
    if (!path.is_absolute() || path.lexically_normal() != path ||
        !path.filename().string().starts_with(directory_prefix))
        return fail("{}: a run's directory must be an absolute path whose last name starts with \"{}\"",
                    path.string(), directory_prefix);
    if (printable(path.string()) != path.string())
        return fail("{}: the path of a run's directory must be plain ASCII", printable(path.string()));
    return {};
}

/// Appends all of `line` and syncs it, or leaves the file as it was: half a line would hide what comes after
/// it.
bool append(int fd, std::string_view line, bool sync) {
    struct stat before {};
    if (::fstat(fd, &before) != 0) return false;
    while (!line.empty()) {
        const auto put = ::write(fd, line.data(), line.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            const int error = errno;
            (void)!::ftruncate(fd, before.st_size);
            errno = error;
            return false;
        }
        line.remove_prefix(static_cast<std::size_t>(put));
    }
    return !sync || ::fdatasync(fd) == 0;
}

void sync_directory(const std::filesystem::path& directory) {
    const FileDescriptor fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (fd) ::fsync(fd.get());
}

int remove_entry(const char* path, const struct stat*, int, struct FTW*) {
    return ::remove(path) == 0 || errno == ENOENT ? 0 : errno;
}

/// Removes a tree without following links or crossing into another file system. Absent already: fine.
Result<> remove_tree(const std::filesystem::path& path) {
    if (const auto checked = check_directory(path); !checked) return checked.error();
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return {};
        return fail("{}: {}", path.string(), ::strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) return fail("{}: is no directory, left alone", path.string());
    if (status.st_uid != ::geteuid()) return fail("{}: belongs to another user, left alone", path.string());
    const int error = ::nftw(path.c_str(), remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    if (error != 0)
        return fail("{}: cannot remove it: {}", path.string(), ::strerror(error > 0 ? error : errno));
    return {};
}

/// Where process numbers mean what they say: a state directory may be shared by machines and containers.
struct Place {
    std::string host;
    std::string pid_namespace;
    friend bool operator==(const Place&, const Place&) = default;
};

Place here() {
    utsname names{};
    ::uname(&names);
    std::error_code ignored;
    return {printable(names.nodename), std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string()};
}

struct ReadLedger {
    std::string run;
    ProcessIdentity owner;
    Place place;
    std::map<std::uint64_t, Change> pending;
};

/// A torn last line is what a kill in mid-write leaves: it was never acted on, because acting waits for the
/// sync.
Result<ReadLedger> read_ledger(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) return text.error();
    ReadLedger ledger;
    bool owned = false;
    std::istringstream lines(*text);
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (lines.eof() && text->back() != '\n') break;
        const auto where = fmt::format("{} line {}", file.string(), number);
        const auto json = parse_json(line, where);
        if (!json) return json.error();
        if (!json->is_object()) return fail("{}: expected an object", where);
        if (json->contains("owner")) {
            auto owner = identity_from_json((*json)["owner"]);
            if (!owner) return with_context(where, owner.error());
            ledger.owner = std::move(*owner);
            ledger.run = text_of(*json, "run");
            ledger.place = {text_of(*json, "host"), text_of(*json, "pid_namespace")};
            owned = true;
        } else if (json->contains("undone") && (*json)["undone"].is_number_unsigned()) {
            ledger.pending.erase((*json)["undone"].get<std::uint64_t>());
        } else if (json->contains("change") && json->contains("entry") &&
                   (*json)["entry"].is_number_unsigned()) {
            auto change = change_from_json((*json)["change"]);
            if (!change) return with_context(where, change.error());
            ledger.pending.emplace((*json)["entry"].get<std::uint64_t>(), std::move(*change));
        } else {
            return fail("{}: not understood", where);
        }
    }
    if (!owned) return fail("{}: does not say whose it is", file.string());
    return ledger;
}

/// No whole line: its writer did not get as far as its name.
bool is_unowned(const std::filesystem::path& file) {
    const auto text = read_file(file);
    return text && text->find('\n') == std::string::npos;
}

/// Kills the process that `is_the_one` still recognises after its pidfd is open (so that no other process can
/// have taken the number between the check and the signal), and waits until it is gone. False: it was another
/// one, or had ended.
Result<bool> kill_checked(pid_t pid, const std::function<bool()>& is_the_one) {
    const FileDescriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    if (!pidfd || !is_the_one()) return false;
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0) {
        if (errno == ESRCH) return false;
        return fail("process {}: cannot kill it: {}", pid, ::strerror(errno));
    }
    pollfd watched{pidfd.get(), POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&watched, 1, 5000);
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) return fail("process {}: was sent SIGKILL but has not ended after 5s", pid);
    return true;
}

bool carries_token(pid_t pid, const std::string& token) {
    const auto environment = read_file(fmt::format("/proc/{}/environ", pid));
    if (!environment) return false;
    const std::string wanted = "MISTRIAL_LEDGER=" + token;
    const std::string_view all = *environment;
    for (std::size_t at = 0; at < all.size();) {
        const auto end = std::min(all.find('\0', at), all.size());
        if (all.substr(at, end - at) == wanted) return true;
        at = end + 1;
    }
    return false;
}

std::vector<pid_t> all_processes() {
    std::vector<pid_t> pids;
    DIR* const directory = ::opendir("/proc");
    if (directory == nullptr) return pids;
    while (const dirent* const entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc{} && end == name.data() + name.size()) pids.push_back(pid);
    }
    ::closedir(directory);
    return pids;
}

class Undoing {
  public:
    Undoing(const ReadLedger& ledger, CleanReport& report) : ledger_(ledger), report_(report) {}

    /// True when everything is undone.
    bool run() {
        for (const auto& [id, change] : ledger_.pending)
            if (const auto* started = std::get_if<StartedProcess>(&change)) undo(*started);
        for (const auto& [id, change] : ledger_.pending)
            if (const auto* intent = std::get_if<ProcessIntent>(&change)) undo(*intent);
        for (const auto& [id, change] : ledger_.pending)
            if (const auto* directory = std::get_if<TemporaryDirectory>(&change)) undo(*directory);
        return all_undone_;
    }

  private:
    void undo(const StartedProcess& started) {
        const auto& identity = started.identity;
        note(kill_checked(identity.pid, [&] { return is_alive(identity); }), identity.pid,
             argv0_of(started.intent));
    }

    /// Also finds what the process itself started, and a process that was forked but not yet recorded. Again
    /// until a whole pass over /proc finds none: the killed may have forked meanwhile.
    void undo(const ProcessIntent& intent) {
        for (bool found = true; found;) {
            found = false;
            for (const pid_t pid : all_processes()) {
                if (!carries_token(pid, intent.token)) continue;
                const auto killed = kill_checked(pid, [&] { return carries_token(pid, intent.token); });
                note(killed, pid, intent.argv0);
                found = found || (killed && *killed);
            }
        }
    }

    void undo(const TemporaryDirectory& directory) {
        std::error_code ignored;
        const bool there = std::filesystem::exists(std::filesystem::symlink_status(directory.path, ignored));
        if (const auto removed = remove_tree(directory.path); !removed)
            note_failure(removed.error());
        else if (there)
            report_.done.push_back(fmt::format("removed {} of run {}", directory.path.string(), ledger_.run));
    }

    std::string argv0_of(std::uint64_t intent) const {
        const auto found = ledger_.pending.find(intent);
        if (found == ledger_.pending.end()) return "?";
        const auto* entry = std::get_if<ProcessIntent>(&found->second);
        return entry != nullptr ? entry->argv0 : "?";
    }

    void note(const Result<bool>& killed, pid_t pid, const std::string& argv0) {
        if (!killed)
            note_failure(killed.error());
        else if (*killed)
            report_.done.push_back(fmt::format("killed process {} ({}) of run {}", pid, argv0, ledger_.run));
    }

    void note_failure(const Error& error) {
        report_.failed.push_back(fmt::format("run {}: {}", ledger_.run, error.message));
        all_undone_ = false;
    }

    const ReadLedger& ledger_;
    CleanReport& report_;
    bool all_undone_ = true;
};

}  // namespace

std::string new_ledger_token() {
    std::array<unsigned char, 16> bytes{};
    std::size_t got = 0;
    while (got < bytes.size()) {
        const auto more = ::getrandom(bytes.data() + got, bytes.size() - got, 0);
        if (more > 0) got += static_cast<std::size_t>(more);
        MISTRIAL_INVARIANT(more > 0 || errno == EINTR, "getrandom: {}", ::strerror(errno));
    }
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

std::filesystem::path ledger_directory() {
    const char* state = std::getenv("XDG_STATE_HOME");
    if (state != nullptr && *state == '/') return std::filesystem::path(state) / "mistrial" / "ledger";
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr && *home != '\0' ? home : "/tmp") /
           ".local/state/mistrial/ledger";
}

Result<std::unique_ptr<Ledger>> Ledger::open(const std::filesystem::path& directory, const std::string& run) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return fail("{}: {}", directory.string(), error.message());
    const auto file = directory / (run + ".jsonl");
    FileDescriptor fd{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600)};
    if (!fd)
        return fail("{}: {}{}", file.string(), ::strerror(errno),
                    errno == EEXIST ? " (a run of this name lives, or `mistrial clean` is due)" : "");
    const auto owner = identify(::getpid());
    if (!owner) return owner.error();
    const auto place = here();
    const Json first{{"run", printable(run)},
                     {"owner", nemesis::to_json(*owner)},
                     {"host", place.host},
                     {"pid_namespace", place.pid_namespace}};
    if (!append(fd.get(), first.dump() + "\n", true)) {
        const auto failure = fail("{}: {}", file.string(), ::strerror(errno));
        ::unlink(file.c_str());
        return failure;
    }
    sync_directory(directory);
    return std::unique_ptr<Ledger>(new Ledger(file, std::move(fd)));
}

Ledger::Ledger(std::filesystem::path file, FileDescriptor fd) : file_(std::move(file)), fd_(std::move(fd)) {}

Ledger::~Ledger() { close(); }

Result<std::uint64_t> Ledger::record(const Change& change) {
    if (const auto* directory = std::get_if<TemporaryDirectory>(&change))
        if (const auto checked = check_directory(directory->path); !checked) return checked.error();
    const std::lock_guard lock(mutex_);
    if (!fd_) return fail("{}: the ledger is closed", file_.string());
    const auto id = next_++;
    const Json line{{"entry", id}, {"change", to_json(change)}};
    pending_.insert(id);
    if (!append(fd_.get(), line.dump() + "\n", true)) {
        pending_.erase(id);
        return fail("{}: cannot record a change before it is made: {}", file_.string(), ::strerror(errno));
    }
    return id;
}

void Ledger::undone(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (pending_.erase(id) == 0 || !fd_) return;
    // Not synced: where this line is lost, `clean` finds nothing to undo.
    (void)append(fd_.get(), Json{{"undone", id}}.dump() + "\n", false);
}

void Ledger::close() {
    const std::lock_guard lock(mutex_);
    if (!fd_) return;
    if (pending_.empty()) ::unlink(file_.c_str());
    fd_.reset();
}

Result<RunDirectory> RunDirectory::create(const std::filesystem::path& parent, const std::string& label,
                                          Ledger* ledger) {
    std::error_code unknown;
    const auto path = (std::filesystem::absolute(parent, unknown) /
                       fmt::format("{}{}-{}", directory_prefix, label, new_ledger_token().substr(0, 12)))
                          .lexically_normal();
    if (unknown) return fail("{}: {}", parent.string(), unknown.message());
    std::uint64_t entry = 0;
    if (ledger != nullptr) {
        const auto recorded = ledger->record(TemporaryDirectory{path});
        if (!recorded) return recorded.error();
        entry = *recorded;
    }
    if (::mkdir(path.c_str(), 0700) != 0) {
        const auto error = fail("{}: {}", path.string(), ::strerror(errno));
        if (ledger != nullptr) ledger->undone(entry);
        return error;
    }
    return RunDirectory{path, ledger, entry};
}

RunDirectory::RunDirectory(std::filesystem::path path, Ledger* ledger, std::uint64_t entry)
    : path_(std::move(path)), ledger_(ledger), entry_(entry) {}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})), ledger_(other.ledger_), entry_(other.entry_) {}

RunDirectory& RunDirectory::operator=(RunDirectory&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
        ledger_ = other.ledger_;
        entry_ = other.entry_;
    }
    return *this;
}

RunDirectory::~RunDirectory() { remove(); }

void RunDirectory::remove() {
    if (path_.empty()) return;
    if (remove_tree(path_) && ledger_ != nullptr) ledger_->undone(entry_);
    path_.clear();
}

Result<CleanReport> clean(const std::filesystem::path& directory) {
    CleanReport report;
    std::error_code error;
    if (!std::filesystem::exists(directory, error)) return report;
    std::vector<std::filesystem::path> files;
    for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error))
        if (at->path().extension() == ".jsonl" && at->is_regular_file(error)) files.push_back(at->path());
    if (error) return fail("{}: {}", directory.string(), error.message());
    std::sort(files.begin(), files.end());

    for (const auto& file : files) {
        const auto ledger = read_ledger(file);
        if (!ledger) {
            // Killed before it had written whose it is: nothing had been changed under it. A newer one may be
            // starting.
            const auto written = std::filesystem::last_write_time(file, error);
            const bool abandoned =
                is_unowned(file) && !error &&
                std::filesystem::file_time_type::clock::now() - written > std::chrono::minutes{1};
            if (!abandoned || ::unlink(file.c_str()) != 0) report.failed.push_back(ledger.error().message);
            continue;
        }
        if (ledger->place != here()) {
            report.running.push_back(fmt::format("{} (of {}, {}: clean it there)", ledger->run,
                                                 ledger->place.host, ledger->place.pid_namespace));
            continue;
        }
        if (is_alive(ledger->owner)) {
            report.running.push_back(ledger->run);
            continue;
        }
        if (Undoing(*ledger, report).run()) {
            if (::unlink(file.c_str()) != 0)
                report.failed.push_back(fmt::format("{}: {}", file.string(), ::strerror(errno)));
        }
    }
    return report;
}

}  // namespace mistrial::nemesis
