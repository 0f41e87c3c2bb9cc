#include "core/history/binary.hpp"
#include "core/history/frame.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

/// libFuzzer's target of the binary form. The sums of a frame would keep nearly every input out, so that frames are given to
/// the unpacker without them: it answers with rows, all of which can be told, or with an error; and what it gave survives
/// being packed and unpacked again.
namespace mistrial::history {
namespace {

void check_error(const Error& error) {
    MISTRIAL_INVARIANT(!error.message.empty() && error.message.size() < 4096, "an error without a message, or a very long one");
}

/// The records of a stretch; whatever the rows name must be there.
std::vector<Record> told(RowTeller& teller, const Batch& batch) {
    teller.learn(batch.added);
    std::vector<Record> records;
    std::size_t other = 0;
    for (const Row& row : batch.rows) {
        records.push_back(row.kind == Row::Kind::other ? batch.others.at(other++) : teller.record(row));
    }
    return records;
}

class Unpacked {
  public:
    Result<std::vector<Record>> frame(const FrameHead& head, std::string_view payload) {
        bytes_.assign(payload);
        bytes_.append(FrameUnpacker::padding(), '\0');
        Batch batch;
        if (auto unpacked = unpacker_.unpack(head, std::string_view(bytes_).substr(0, payload.size()), batch); !unpacked)
            return unpacked.error();
        return told(teller_, batch);
    }

  private:
    FrameUnpacker unpacker_;
    RowTeller teller_;
    std::string bytes_;
};

/// What was told, once more through the encoder.
void check_again(const std::vector<Record>& records) {
    BinaryEncoder encoder;
    std::string bytes;
    for (const Record& record : records) encoder.add(bytes, record);
    encoder.flush(bytes);
    Unpacked again;
    std::vector<Record> back;
    while (!bytes.empty()) {
        FrameHead head;
        std::memcpy(&head, bytes.data(), sizeof head);
        const auto some = again.frame(head, std::string_view(bytes).substr(sizeof head, head.side_bytes + head.row_bytes));
        MISTRIAL_INVARIANT(some.has_value(), "{}", some.error().message);
        back.insert(back.end(), some->begin(), some->end());
        bytes.erase(0, sizeof head + head.side_bytes + head.row_bytes);
    }
    MISTRIAL_INVARIANT(back == records, "{} records became others", records.size());
}

void check_frames(std::string_view bytes) {
    Unpacked unpacked;
    std::vector<Record> all;
    while (bytes.size() >= sizeof(FrameHead)) {
        FrameHead head;
        std::memcpy(&head, bytes.data(), sizeof head);
        bytes.remove_prefix(sizeof head);
        head.row_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(head.row_bytes, bytes.size())) / 8 * 8;
        head.side_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(head.side_bytes, bytes.size() - head.row_bytes));
        const std::string_view payload = bytes.substr(0, head.side_bytes + head.row_bytes);
        bytes.remove_prefix(payload.size());
        const auto records = unpacked.frame(head, payload);
        if (records.has_error()) {
            check_error(records.error());
            break;
        }
        all.insert(all.end(), records->begin(), records->end());
    }
    if (std::is_sorted(all.begin(), all.end(), [](const Record& a, const Record& b) { return a.index <= b.index; })) check_again(all);
}

/// The reader of files: dearer, so that not every input gets there.
void check_file(std::string_view bytes) {
    static const int kFile = ::memfd_create("history", MFD_CLOEXEC);
    MISTRIAL_INVARIANT(kFile >= 0 && ::ftruncate(kFile, 0) == 0, "no memory file");
    MISTRIAL_INVARIANT(::pwrite(kFile, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "memory file is full");
    auto reader = BinaryReader::open(fmt::format("/proc/self/fd/{}", kFile));
    if (reader.has_error()) return check_error(reader.error());
    for (;;) {
        const auto record = reader->next();
        if (record.has_error()) return check_error(record.error());
        if (!*record) return;
    }
}

}  // namespace
}  // namespace mistrial::history

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (size > 16) mistrial::history::check_frames(bytes.substr(16));
    if (size % 64 == 0) mistrial::history::check_file(bytes);
    return 0;
}
