#include "nemesis/clock/vdso.hpp"

#include "nemesis/clock/clock_block.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace mistrial::nemesis {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::array<std::byte, 4> landing_pad{std::byte{0xf3}, std::byte{0x0f}, std::byte{0x1e},
                                               std::byte{0xfa}};
constexpr std::uint64_t jump_size = 5;

template <class T>
std::optional<T> read_at(Bytes image, std::uint64_t offset) {
    if (offset > image.size() || image.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, image.data() + offset, sizeof value);
    return value;
}

std::string text_at(Bytes image, std::uint64_t offset) {
    std::string text;
    for (; offset < image.size() && image[offset] != std::byte{0}; ++offset)
        text.push_back(static_cast<char>(image[offset]));
    return text;
}

struct Section {
    std::string name;
    Elf64_Shdr header;
    [[nodiscard]] VdsoRange range() const { return {header.sh_offset, header.sh_offset + header.sh_size}; }
};

Result<std::vector<Section>> read_sections(Bytes image, const Elf64_Ehdr& header) {
    std::vector<Section> sections;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        const auto section = read_at<Elf64_Shdr>(image, header.e_shoff + i * sizeof(Elf64_Shdr));
        if (!section) return fail("vDSO: its section table lies outside of it");
        if (section->sh_type != SHT_NOBITS &&
            (section->sh_offset > image.size() || section->sh_size > image.size() - section->sh_offset))
            return fail("vDSO: section {} lies outside of it", i);
        sections.push_back({{}, *section});
    }
    if (header.e_shstrndx >= sections.size()) return fail("vDSO: has no section names");
    const auto names = sections[header.e_shstrndx].header.sh_offset;
    for (auto& section : sections) section.name = text_at(image, names + section.header.sh_name);
    return sections;
}

/// First byte after all that the image uses: headers, tables, sections, segments.
Result<std::uint64_t> image_end(Bytes image, const Elf64_Ehdr& header, const std::vector<Section>& sections) {
    std::uint64_t end = header.e_shoff + std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr);
    for (const auto& section : sections)
        if (section.header.sh_type != SHT_NOBITS) end = std::max(end, section.range().end);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const auto segment = read_at<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr));
        if (!segment) return fail("vDSO: its program headers lie outside of it");
        if (segment->p_type == PT_LOAD && (segment->p_vaddr != 0 || segment->p_offset != 0))
            return fail("vDSO: it is not loaded at address 0 of its file");
        end = std::max(end, segment->p_offset + segment->p_filesz);
    }
    if (end > image.size()) return fail("vDSO: it ends outside of its mapping");
    return end;
}

VdsoPatch jump(std::uint64_t from, std::uint64_t to) {
    VdsoPatch patch{from, std::vector<std::byte>(jump_size)};
    const auto distance = static_cast<std::int32_t>(static_cast<std::int64_t>(to - from - jump_size));
    patch.bytes[0] = std::byte{0xe9};
    std::memcpy(patch.bytes.data() + 1, &distance, sizeof distance);
    return patch;
}

/// Where the jump of a function goes: its entry, behind the landing pad if it has one.
std::uint64_t entry_of(Bytes image, const VdsoFunction& function) {
    const bool padded = std::equal(landing_pad.begin(), landing_pad.end(),
                                   image.begin() + static_cast<std::ptrdiff_t>(function.range.start));
    return function.range.start + (padded ? landing_pad.size() : 0);
}

Result<> check_free(const VdsoLayout& layout, const VdsoFunction& within, const VdsoRange& range) {
    if (range.end > within.range.end)
        return fail("vDSO: {} is {} bytes, too short to redirect", within.name, within.range.size());
    for (const auto& other : layout.functions)
        if (other.range.start != within.range.start && other.range.overlaps(range))
            return fail("vDSO: {} overlaps {}", other.name, within.name);
    for (const auto& fixed : layout.fixed)
        if (fixed.overlaps(range)) return fail("vDSO: {} lies in bytes that the kernel patches", within.name);
    return {};
}

}  // namespace

const VdsoFunction* VdsoLayout::find(std::string_view name) const {
    const auto found =
        std::find_if(functions.begin(), functions.end(), [&](const auto& f) { return f.name == name; });
    return found == functions.end() ? nullptr : &*found;
}

Result<VdsoLayout> parse_vdso(Bytes image) {
    const auto header = read_at<Elf64_Ehdr>(image, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return fail("vDSO: it is no ELF image");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
        return fail("vDSO: it is not of a 64-bit x86 program");
    const auto sections = read_sections(image, *header);
    if (!sections) return sections.error();

    VdsoLayout layout;
    for (const auto& section : *sections) {
        if (section.name.starts_with(".altinstr")) layout.fixed.push_back(section.range());
        if (section.name == ".text") layout.code = section.range();
        if (section.header.sh_type != SHT_DYNSYM) continue;
        if (section.header.sh_link >= sections->size()) return fail("vDSO: its symbols have no names");
        const auto names = (*sections)[section.header.sh_link].header.sh_offset;
        for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.header.sh_size;
             at += sizeof(Elf64_Sym)) {
            const auto symbol = read_at<Elf64_Sym>(image, section.header.sh_offset + at);
            if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
                continue;
            if (symbol->st_value > image.size() || symbol->st_size > image.size() - symbol->st_value)
                return fail("vDSO: a function lies outside of it");
            layout.functions.push_back({text_at(image, names + symbol->st_name),
                                        {symbol->st_value, symbol->st_value + symbol->st_size}});
        }
    }
    if (layout.code.size() == 0) return fail("vDSO: it has no .text section");

    const auto end = image_end(image, *header, *sections);
    if (!end) return end.error();
    layout.padding = {(*end + 15) & ~std::uint64_t{15}, image.size()};
    layout.padding.start = std::min(layout.padding.start, layout.padding.end);
    if (std::any_of(image.begin() + static_cast<std::ptrdiff_t>(*end), image.end(),
                    [](std::byte b) { return b != std::byte{0}; }))
        layout.padding.start = layout.padding.end;  // something unknown is there: not ours to use

    for (std::uint64_t at = layout.code.start; at + 1 < layout.code.end && layout.system_call == 0; ++at)
        if (image[at] == std::byte{0x0f} && image[at + 1] == std::byte{0x05}) layout.system_call = at;
    if (layout.system_call == 0) return fail("vDSO: it has no system call instruction");
    return layout;
}

Result<std::vector<VdsoPatch>> plan_redirect(Bytes image, const VdsoLayout& layout, Bytes blob,
                                             std::uint64_t page_address) {
    auto code_header = read_at<mistrial_clock_header>(blob, 0);
    if (!code_header) return fail("this build has no clock code for this architecture");
    code_header->page = reinterpret_cast<const mistrial_clock_page*>(page_address);

    struct Redirect {
        const char* name;
        std::uint64_t target;  // in the blob
    };
    const std::array redirects{Redirect{"__vdso_clock_gettime", code_header->clock_gettime},
                               Redirect{"__vdso_gettimeofday", code_header->gettimeofday},
                               Redirect{"__vdso_time", code_header->time}};

    std::uint64_t base = layout.padding.start;
    if (layout.padding.size() < blob.size()) {
        const auto* host = layout.find(redirects.front().name);
        if (host == nullptr) return fail("vDSO: it has no {}", redirects.front().name);
        base = (entry_of(image, *host) + jump_size + 15) & ~std::uint64_t{15};
        if (const auto free = check_free(layout, *host, {base, base + blob.size()}); !free)
            return fail("vDSO: no room for {} bytes of clock code ({} free at its end)", blob.size(),
                        layout.padding.size());
    }

    std::vector<VdsoPatch> patches{{base, {blob.begin(), blob.end()}}};
    std::memcpy(patches.front().bytes.data(), &*code_header, sizeof *code_header);
    for (const auto& redirect : redirects) {
        const auto* function = layout.find(redirect.name);
        if (function == nullptr) return fail("vDSO: it has no {}", redirect.name);
        if (function->range.start < layout.code.start || function->range.end > layout.code.end)
            return fail("vDSO: {} lies outside of .text", redirect.name);
        auto patch = jump(entry_of(image, *function), base + redirect.target);
        if (const auto free = check_free(layout, *function, {patch.offset, patch.offset + jump_size}); !free)
            return free.error();
        patches.push_back(std::move(patch));
    }
    return patches;
}

}  // namespace mistrial::nemesis
