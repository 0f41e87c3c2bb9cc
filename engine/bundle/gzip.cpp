#include "engine/bundle/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace mistrial::bundle {
namespace {

/// 15: the largest window; 16 added: a gzip wrapper.
constexpr int kGzipWindow = 15 + 16;
constexpr std::uint64_t kAlwaysAllowed = 1ULL << 20;

Bytef* input_of(std::string_view bytes) {
    // zlib takes a pointer to non-const by habit; it does not write there.
    return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

uInt chunk(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

/// Owns zlib's inflate state.
class Inflate {
  public:
    Inflate() { ready_ = inflateInit2(&stream, kGzipWindow) == Z_OK; }
    ~Inflate() {
        if (ready_) inflateEnd(&stream);
    }
    Inflate(const Inflate&) = delete;
    Inflate& operator=(const Inflate&) = delete;
    [[nodiscard]] bool ready() const { return ready_; }

    z_stream stream{};

  private:
    bool ready_ = false;
};

}  // namespace

std::string gzip(std::string_view bytes, Effort effort) {
    z_stream stream{};
    const int level = effort == Effort::fastest ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION;
    MISTRIAL_INVARIANT(
        deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "no memory for zlib");
    std::string out;
    std::array<char, 65536> buffer;
    int result = Z_OK;
    std::string_view rest = bytes;
    do {
        if (stream.avail_in == 0) {
            const uInt size = chunk(rest.size());
            stream.next_in = input_of(rest);
            stream.avail_in = size;
            rest.remove_prefix(size);
        }
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = buffer.size();
        result = deflate(&stream, rest.empty() ? Z_FINISH : Z_NO_FLUSH);
        out.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (result == Z_OK || result == Z_BUF_ERROR);
    deflateEnd(&stream);
    MISTRIAL_INVARIANT(result == Z_STREAM_END, "zlib: {}", result);
    return out;
}

Result<std::string> gunzip(std::string_view bytes, const GunzipLimits& limits) {
    if (bytes.size() < 2 || bytes.substr(0, 2) != "\x1f\x8b")
        return fail("not gzip: the first bytes are not 1f 8b");
    Inflate inflater;
    if (!inflater.ready()) return fail("no memory to unpack gzip");
    z_stream& stream = inflater.stream;
    std::string out;
    std::array<char, 65536> buffer;
    std::string_view rest = bytes;
    while (true) {
        if (stream.avail_in == 0) {
            const uInt size = chunk(rest.size());
            stream.next_in = input_of(rest);
            stream.avail_in = size;
            rest.remove_prefix(size);
        }
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = buffer.size();
        const int result = inflate(&stream, Z_NO_FLUSH);
        out.append(buffer.data(), buffer.size() - stream.avail_out);
        if (out.size() > limits.bytes) return fail("unpacks to more than {} bytes", limits.bytes);
        if (out.size() > kAlwaysAllowed && out.size() / limits.expansion > bytes.size())
            return fail("unpacks to more than {} times its size", limits.expansion);
        if (result == Z_STREAM_END) {
            const std::size_t left = stream.avail_in + rest.size();
            if (left == 0) return out;
            const std::string_view next = bytes.substr(bytes.size() - left);
            if (!next.starts_with("\x1f\x8b")) return fail("{} bytes follow the end of the gzip data", left);
            if (inflateReset(&stream) != Z_OK) return fail("no memory to unpack gzip");
            continue;
        }
        if (result == Z_BUF_ERROR ||
            (result == Z_OK && stream.avail_in == 0 && rest.empty() && stream.avail_out > 0))
            return fail("the gzip data end early, after {} bytes", bytes.size());
        if (result == Z_NEED_DICT) return fail("the gzip data want a preset dictionary");
        if (result != Z_OK)
            return fail("the gzip data are damaged: {}",
                        stream.msg != nullptr ? stream.msg : "unknown error");
    }
}

}  // namespace mistrial::bundle
