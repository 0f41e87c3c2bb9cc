#include "nemesis/clock/clock_page.hpp"

#include "nemesis/clock/clock_block.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace mistrial::nemesis {
namespace {

constexpr std::size_t page_size = 4096;
static_assert(sizeof(mistrial_clock_page) <= page_size);

/// With the date in 2020…2070 the wall clock then stays inside 1970…2120, where nanoseconds fit in 64 bits.
constexpr Duration largest_offset = std::chrono::hours{24} * 365 * 50;

template <class T>
void store(T& where, T value) {
    std::atomic_ref<T>(where).store(value, std::memory_order_relaxed);
}

void store(mistrial_clock_model& where, const mistrial_clock_model& model) {
    store(where.offset_ns, model.offset_ns);
    store(where.anchor_ns, model.anchor_ns);
    store(where.rate_q32, model.rate_q32);
}

}  // namespace

Result<std::shared_ptr<ClockPage>> ClockPage::create() {
    FileDescriptor memory{::memfd_create("mistrial-clock", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (memory && memory.get() < 3) memory = FileDescriptor{::fcntl(memory.get(), F_DUPFD_CLOEXEC, 3)};
    if (!memory || ::ftruncate(memory.get(), page_size) != 0)
        return fail("cannot make a clock page (memfd): {}", ::strerror(errno));
    void* const mapped = ::mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (mapped == MAP_FAILED) return fail("cannot map a clock page: {}", ::strerror(errno));
    auto* const page = static_cast<mistrial_clock_page*>(mapped);
    page->magic = MISTRIAL_CLOCK_MAGIC;
    std::shared_ptr<ClockPage> result(new ClockPage(page, std::move(memory)));
    // From here on nobody, the program that inherits the descriptor included, can resize it or map it for
    // writing.
    if (::fcntl(result->descriptor(), F_ADD_SEALS,
                F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
        return fail("cannot seal a clock page: {} (needs Linux 5.1 or later)", ::strerror(errno));
    return result;
}

ClockPage::ClockPage(mistrial_clock_page* page, FileDescriptor read_only)
    : page_(page), read_only_(std::move(read_only)) {}

ClockPage::~ClockPage() { ::munmap(page_, page_size); }

std::size_t ClockPage::size() { return page_size; }

Result<> ClockPage::set_wall_offset(Duration offset) {
    if (offset > largest_offset || offset < -largest_offset)
        return fail("a wall clock cannot be moved by {}: at most 50 years either way",
                    format_duration(offset));
    const std::lock_guard lock(mutex_);
    const unsigned char current = page_->index & 1;
    const unsigned char next = current ^ 1;
    mistrial_clock_slot& slot = page_->slot[next];
    store(slot.generation, page_->slot[current].generation + 1);
    std::atomic_thread_fence(
        std::memory_order_seq_cst);  // the slot's new generation is seen before its new model
    store(slot.realtime, mistrial_clock_model{offset.count(), 0, 0});
    store(slot.monotonic, page_->slot[current].monotonic);
    std::atomic_ref<unsigned char>(page_->index).store(next, std::memory_order_release);
    return {};
}

Duration ClockPage::wall_offset() const {
    const std::lock_guard lock(mutex_);
    return Duration{page_->slot[page_->index & 1].realtime.offset_ns};
}

}  // namespace mistrial::nemesis
