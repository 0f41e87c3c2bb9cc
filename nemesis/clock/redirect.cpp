#include "nemesis/clock/redirect.hpp"

#include "nemesis/clock/clock_block.h"
#include "nemesis/clock/clock_page.hpp"
#include "nemesis/clock/vdso.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>

namespace mistrial::nemesis {
namespace {

Result<RemoteAddress> map_page(const Tracee& tracee, RemoteAddress instruction, int descriptor) {
    const auto fd = static_cast<std::uint64_t>(descriptor);
    const auto address =
        tracee.system_call(instruction, SYS_mmap, {0, ClockPage::size(), PROT_READ, MAP_SHARED, fd, 0});
    if (!address) return with_context("cannot map the clock page", address.error());
    if (const auto closed = tracee.system_call(instruction, SYS_close, {fd, 0, 0, 0, 0, 0}); !closed)
        return closed.error();
    const auto seen = tracee.read(RemoteAddress{*address}, sizeof(unsigned long long));
    if (!seen) return seen.error();
    unsigned long long magic = 0;
    std::memcpy(&magic, seen->data(), sizeof magic);
    if (magic != MISTRIAL_CLOCK_MAGIC) return fail("its mapping of the clock page is not the clock page");
    return RemoteAddress{*address};
}

}  // namespace

Result<> redirect_clock(pid_t pid, int descriptor, Tracee::WritePath path) {
    const auto vdso = find_vdso(pid);
    if (!vdso) return vdso.error();
    const auto tracee = Tracee::open(pid, path);
    if (!tracee) return tracee.error();
    auto image = tracee->read(vdso->start, vdso->size);
    if (!image) return image.error();
    const auto layout = parse_vdso(*image);
    if (!layout) return layout.error();
    const auto page = map_page(*tracee, plus(vdso->start, layout->system_call), descriptor);
    if (!page) return page.error();
    const auto patches = plan_redirect(*image, *layout, clock_blob(), static_cast<std::uint64_t>(*page));
    if (!patches) return patches.error();

    for (const auto& patch : *patches) {
        if (const auto written = tracee->write(plus(vdso->start, patch.offset), patch.bytes); !written)
            return written.error();
        std::memcpy(image->data() + patch.offset, patch.bytes.data(), patch.bytes.size());
    }
    // The whole image, so that getrandom, getcpu and clock_getres are known to be as they were.
    const auto now = tracee->read(vdso->start, vdso->size);
    if (!now) return now.error();
    if (*now != *image) return fail("its vDSO is not as it was written");
    return {};
}

}  // namespace mistrial::nemesis
