#include "engine/shell/disk.hpp"

#include "core/json.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mistrial::shell {
namespace {

using agent::DiskStep;

class FileDescriptor {
  public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

Error refusal(const std::filesystem::path& path, std::string_view what) {
    return fail("{}: {}: {}", path.string(), what, std::strerror(errno));
}

Result<> write_bytes(const std::filesystem::path& path, std::string_view bytes) {
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return refusal(path, "cannot be written");
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return refusal(path, "cannot be written");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<> sync_path(const std::filesystem::path& path, int flags) {
    const FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
    if (file.get() < 0 || ::fsync(file.get()) != 0) return refusal(path, "cannot be synced");
    return {};
}

}  // namespace

Result<> perform(const DiskStep& step, const std::filesystem::path& root) {
    const std::filesystem::path path = root / step.path;
    switch (step.kind) {
        case DiskStep::Kind::make_directory: {
            std::error_code error;
            std::filesystem::create_directories(path, error);
            if (error) return fail("{}: cannot be made: {}", path.string(), error.message());
            return {};
        }
        case DiskStep::Kind::write:
            return write_bytes(path, http::bytes_of(step.bytes));
        case DiskStep::Kind::sync:
            return sync_path(path, O_RDONLY);
        case DiskStep::Kind::rename:
            if (::rename(path.c_str(), (root / step.to).c_str()) != 0)
                return refusal(path, "cannot be renamed");
            return {};
        case DiskStep::Kind::sync_directory:
            return sync_path(path, O_RDONLY | O_DIRECTORY);
    }
    return {};
}

agent::Persisted perform(const agent::Persist& job, const std::filesystem::path& root) {
    for (const DiskStep& step : job.steps)
        if (auto performed = perform(step, root); !performed) return {job.job, performed.error().message};
    return {job.job, std::nullopt};
}

std::vector<agent::PersistedFile> load_persisted(const std::filesystem::path& root,
                                                 std::vector<std::string>& problems) {
    std::vector<agent::PersistedFile> files;
    std::error_code error;
    const auto folder = root / "bundles";
    for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        if (!at->is_regular_file() || at->path().extension() == ".tmp") continue;
        auto bytes = read_file(at->path());
        if (!bytes)
            problems.push_back(bytes.error().message);
        else
            files.push_back({std::filesystem::relative(at->path(), root).generic_string(),
                             http::make_body(std::move(*bytes))});
    }
    if (error && error != std::errc::no_such_file_or_directory)
        problems.push_back(fmt::format("{}: {}", folder.string(), error.message()));
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return files;
}

}  // namespace mistrial::shell
