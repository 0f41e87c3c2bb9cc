#pragma once

#include "core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// The vDSO as bytes: what is where in it, and how it looks with its clock functions redirected. No process
/// is touched here; see redirect.hpp for that.
namespace mistrial::nemesis {

/// Code that replaces the clock functions (clock_blob.c), as built.
[[nodiscard]] std::span<const std::byte> clock_blob();

/// A half-open range of offsets in the image.
struct VdsoRange {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    [[nodiscard]] std::uint64_t size() const { return end - start; }
    [[nodiscard]] bool overlaps(const VdsoRange& other) const {
        return start < other.end && other.start < end;
    }
    friend bool operator==(const VdsoRange&, const VdsoRange&) = default;
};

struct VdsoFunction {
    std::string name;
    VdsoRange range;
    friend bool operator==(const VdsoFunction&, const VdsoFunction&) = default;
};

/// What an image of the [vdso] mapping holds.
struct VdsoLayout {
    std::vector<VdsoFunction> functions;  ///< of the dynamic symbol table
    std::vector<VdsoRange>
        fixed;          ///< sections that the kernel patches from: .altinstructions, .altinstr_replacement
    VdsoRange code;     ///< the executable section that holds every clock function
    VdsoRange padding;  ///< zero bytes between the image's end and the mapping's end
    std::uint64_t system_call = 0;  ///< a `syscall` instruction

    [[nodiscard]] const VdsoFunction* find(std::string_view name) const;
};

/// Reads the ELF image of a whole [vdso] mapping; the error says what is not as expected.
[[nodiscard]] Result<VdsoLayout> parse_vdso(std::span<const std::byte> image);

/// Bytes to write, and where.
struct VdsoPatch {
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
};

/// The patches that redirect __vdso_clock_gettime, __vdso_gettimeofday and __vdso_time to `blob`, which reads
/// the clock page at `page_address`: the blob into the padding (or, where that is too small, into the rest of
/// the redirected clock_gettime itself), and a 5-byte jump at each entry, behind its `endbr64` when it has
/// one. The blob is the first patch. An error when a patch would touch anything else.
[[nodiscard]] Result<std::vector<VdsoPatch>> plan_redirect(std::span<const std::byte> image,
                                                           const VdsoLayout& layout,
                                                           std::span<const std::byte> blob,
                                                           std::uint64_t page_address);

}  // namespace mistrial::nemesis
