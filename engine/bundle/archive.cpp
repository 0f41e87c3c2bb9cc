#include "engine/bundle/archive.hpp"

#include "engine/bundle/gzip.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace mistrial::bundle {
namespace {

struct ReadFree {
    void operator()(archive* handle) const { archive_read_free(handle); }
};
struct WriteFree {
    void operator()(archive* handle) const { archive_write_free(handle); }
};
struct EntryFree {
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

/// libarchive's message, or its number where it has none.
std::string message_of(archive* handle) {
    const char* text = archive_error_string(handle);
    return text != nullptr ? text : fmt::format("libarchive error {}", archive_errno(handle));
}

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t size) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
}

std::string_view kind_of(archive_entry* entry) {
    if (archive_entry_hardlink(entry) != nullptr) return "a hard link";
    switch (archive_entry_filetype(entry)) {
        case AE_IFLNK:
            return "a symbolic link";
        case AE_IFBLK:
        case AE_IFCHR:
            return "a device";
        case AE_IFIFO:
            return "a pipe";
        case AE_IFSOCK:
            return "a socket";
        default:
            return "of no known kind";
    }
}

Result<std::string> read_member(archive* handle, const std::string& name, std::uint64_t limit) {
    std::string bytes;
    std::array<char, 65536> buffer;
    while (true) {
        const la_ssize_t size = archive_read_data(handle, buffer.data(), buffer.size());
        if (size == 0) return bytes;
        if (size < 0) return fail("archive member '{}': {}", name, message_of(handle));
        bytes.append(buffer.data(), static_cast<std::size_t>(size));
        if (bytes.size() > limit) return fail("archive member '{}' has more than {} bytes", name, limit);
    }
}

}  // namespace

Result<std::string> normal_member_name(std::string_view name) {
    const auto refuse = [&](std::string_view why) { return fail("archive member '{}' {}", name, why); };
    std::string_view rest = name;
    if (rest.starts_with('/')) rest.remove_prefix(1);
    for (const char c : rest)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return refuse("has a control character in its name");
    if (rest.find('\\') != std::string_view::npos) return refuse("has a backslash in its name");
    std::string normal;
    while (!rest.empty()) {
        const auto slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
        if (part.empty()) return refuse("has an empty part in its path");
        if (part == ".") continue;
        if (part == "..") return refuse("leads out of the archive");
        if (!normal.empty()) normal += '/';
        normal += part;
    }
    if (normal.empty()) return refuse("has no name");
    return normal;
}

Result<std::string> write_archive(const Members& members) {
    // Before the handle, for freeing that writes what is left, on a way out by an error too.
    std::string tar;
    const std::unique_ptr<archive, WriteFree> handle(archive_write_new());
    const std::unique_ptr<archive_entry, EntryFree> entry(archive_entry_new());
    if (!handle || !entry) return fail("no memory to write an archive");
    archive_write_set_format_pax_restricted(handle.get());
    archive_write_set_options(handle.get(), "hdrcharset=BINARY");
    archive_write_set_bytes_in_last_block(handle.get(), 1);
    if (archive_write_open(handle.get(), &tar, nullptr, append, nullptr) != ARCHIVE_OK)
        return fail("cannot write an archive: {}", message_of(handle.get()));
    for (const auto& [name, bytes] : members) {
        auto normal = normal_member_name(name);
        if (!normal) return normal.error();
        if (*normal != name) return fail("archive member '{}' should be named '{}'", name, *normal);
        archive_entry_clear(entry.get());
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
        archive_entry_set_mtime(entry.get(), 0, 0);
        if (archive_write_header(handle.get(), entry.get()) != ARCHIVE_OK ||
            archive_write_data(handle.get(), bytes.data(), bytes.size()) !=
                static_cast<la_ssize_t>(bytes.size()))
            return fail("archive member '{}': {}", name, message_of(handle.get()));
    }
    if (archive_write_close(handle.get()) != ARCHIVE_OK)
        return fail("cannot write an archive: {}", message_of(handle.get()));
    return gzip(tar);
}

Result<Members> read_archive(std::string_view bytes, const ArchiveLimits& limits) {
    auto tar = gunzip(bytes, {.bytes = limits.total_bytes, .expansion = limits.expansion});
    if (!tar) return with_context("archive", tar.error());
    const std::unique_ptr<archive, ReadFree> handle(archive_read_new());
    if (!handle) return fail("no memory to read an archive");
    archive_read_support_format_tar(handle.get());
    // Names are bytes: the process's locale must not decide what they are.
    archive_read_set_options(handle.get(), "hdrcharset=BINARY");
    if (archive_read_open_memory(handle.get(), tar->data(), tar->size()) != ARCHIVE_OK)
        return fail("archive: not a tar file: {}", message_of(handle.get()));

    Members members;
    std::uint64_t count = 0, total = 0;
    while (true) {
        archive_entry* entry = nullptr;
        const int result = archive_read_next_header(handle.get(), &entry);
        if (result == ARCHIVE_EOF) break;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            return fail("archive: not a tar file, or damaged: {}", message_of(handle.get()));
        if (++count > limits.members) return fail("archive: more than {} members", limits.members);
        const char* written = archive_entry_pathname(entry);
        if (written == nullptr) return fail("archive: member {} has no readable name", count);
        const bool directory =
            archive_entry_filetype(entry) == AE_IFDIR && archive_entry_hardlink(entry) == nullptr;
        std::string_view spelled = written;
        if (directory) {
            while (spelled.ends_with('/')) spelled.remove_suffix(1);
            if (spelled.empty() || spelled == ".") continue;
        }
        auto name = normal_member_name(spelled);
        if (!name) return name.error();
        if (directory) continue;
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr)
            return fail("archive member '{}' is {}; only files and folders are taken", *name, kind_of(entry));
        if (archive_entry_sparse_count(entry) > 0) return fail("archive member '{}' is a sparse file", *name);
        if (members.contains(*name)) return fail("archive member '{}' is there twice", *name);
        auto content = read_member(handle.get(), *name, limits.member_bytes);
        if (!content) return content.error();
        total += content->size();
        if (total > limits.total_bytes)
            return fail("archive: members of more than {} bytes", limits.total_bytes);
        members.emplace(std::move(*name), std::move(*content));
    }
    if (count == 0 && tar->find_first_not_of('\0') != std::string::npos)
        return fail("archive: not a tar file");
    return members;
}

}  // namespace mistrial::bundle
