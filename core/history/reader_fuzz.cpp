#include "core/history/reader.hpp"
#include "core/history/writer.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

/// libFuzzer's target of our own format. Whatever the bytes, the reader answers with records or with an error; and a
/// record that was read survives being written and read again.
namespace mistrial::history {
namespace {

void check_error(const Error& error) {
    MISTRIAL_INVARIANT(!error.message.empty() && error.message.size() < 4096,
                       "an error without a message, or a very long one");
}

void check_lines(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto record = parse_line(line);
        if (record.has_error()) {
            check_error(record.error());
            continue;
        }
        const std::string printed = to_line(*record);
        const auto again = parse_line(printed);
        MISTRIAL_INVARIANT(again.has_value() && *again == *record, "{}", printed);
    }
}

/// The reader of files, in blocks: dearer, so that not every input gets there.
void check_file(std::string_view text) {
    static const int kFile = ::memfd_create("history", MFD_CLOEXEC);
    MISTRIAL_INVARIANT(kFile >= 0 && ::ftruncate(kFile, 0) == 0, "no memory file");
    MISTRIAL_INVARIANT(::pwrite(kFile, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
                       "memory file is full");
    const auto records = read_all(fmt::format("/proc/self/fd/{}", kFile));
    if (records.has_error()) check_error(records.error());
}

}  // namespace
}  // namespace mistrial::history

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    mistrial::history::check_lines(text);
    if (size % 64 == 0) mistrial::history::check_file(text);
    return 0;
}
