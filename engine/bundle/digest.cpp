#include "engine/bundle/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>

namespace mistrial::bundle {
namespace {

class Sha256 {
  public:
    Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        MISTRIAL_INVARIANT(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
                           "OpenSSL has no SHA-256");
    }

    void add(std::string_view bytes) {
        MISTRIAL_INVARIANT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
                           "OpenSSL's SHA-256 failed");
    }

    [[nodiscard]] std::string hex() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
        unsigned size = 0;
        MISTRIAL_INVARIANT(EVP_DigestFinal_ex(context_.get(), sum.data(), &size) == 1,
                           "OpenSSL's SHA-256 failed");
        std::string text;
        for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", sum[i]);
        return text;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string digest(const Members& members) {
    Sha256 hash;
    for (const auto& [path, bytes] : members) {
        hash.add(path);
        hash.add(std::string_view("\0", 1));
        std::string length;
        for (int shift = 56; shift >= 0; shift -= 8)
            length += static_cast<char>(static_cast<std::uint64_t>(bytes.size()) >> shift);
        hash.add(length);
        hash.add(bytes);
    }
    return hash.hex();
}

std::string digest_of_bytes(std::string_view bytes) {
    Sha256 hash;
    hash.add(bytes);
    return hash.hex();
}

}  // namespace mistrial::bundle
