/* The clock functions that run inside a program in place of the vDSO's. Freestanding and position-independent: no call
 * outside, no store but to what the caller handed in, no SSE register (Go keeps X15 zero and does not restore it after a
 * vDSO call). The kernel is asked by system call, and its answer is moved by the model in the node's clock page.
 */
#include "nemesis/clock/clock_block.h"

#if !defined(__x86_64__)
#error "the clock code is written for x86-64"
#endif

struct timespec {
    long long seconds;
    long long nanoseconds;
};
struct timeval {
    long long seconds;
    long long microseconds;
};

enum {
    system_gettimeofday = 96,
    system_clock_gettime = 228,
    realtime = 0,
    monotonic = 1,
    realtime_coarse = 5,
    monotonic_coarse = 6,
};

#define BIT(n) (1U << (n))
static const unsigned realtime_class = BIT(0) | BIT(5) | BIT(8) | BIT(11);
static const unsigned monotonic_class = BIT(1) | BIT(4) | BIT(6) | BIT(7) | BIT(9);
static const unsigned coarse_clocks = BIT(5) | BIT(6);
static const long long second = 1000000000;

#define EXPORT __attribute__((used, visibility("hidden")))

extern const struct mistrial_clock_header mistrial_clock_header __attribute__((visibility("hidden")));
__asm__(
    ".pushsection .header, \"ax\", @progbits\n"
    ".globl mistrial_clock_header\n"
    ".hidden mistrial_clock_header\n"
    "mistrial_clock_header:\n"
    ".quad 0\n"
    ".long mistrial_clock_gettime - mistrial_clock_header\n"
    ".long mistrial_gettimeofday - mistrial_clock_header\n"
    ".long mistrial_time - mistrial_clock_header\n"
    ".long 0\n"
    ".popsection\n");

static inline __attribute__((always_inline)) long ask_kernel(long number, long first, void* second_argument) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second_argument)
                     : "rcx", "r11", "memory");
    return result;
}

static inline __attribute__((always_inline)) struct mistrial_clock_model current_model(int of_realtime) {
    const struct mistrial_clock_page* const page = mistrial_clock_header.page;
    for (;;) {
        const unsigned char index = __atomic_load_n(&page->index, __ATOMIC_ACQUIRE) & 1;
        const struct mistrial_clock_slot* const slot = &page->slot[index];
        const unsigned long long generation = __atomic_load_n(&slot->generation, __ATOMIC_ACQUIRE);
        const struct mistrial_clock_model* const from = of_realtime ? &slot->realtime : &slot->monotonic;
        struct mistrial_clock_model model;
        model.offset_ns = __atomic_load_n(&from->offset_ns, __ATOMIC_RELAXED);
        model.anchor_ns = __atomic_load_n(&from->anchor_ns, __ATOMIC_RELAXED);
        model.rate_q32 = __atomic_load_n(&from->rate_q32, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(&slot->generation, __ATOMIC_RELAXED) == generation &&
            (__atomic_load_n(&page->index, __ATOMIC_RELAXED) & 1) == index)
            return model;
    }
}

EXPORT int mistrial_clock_gettime(int id, struct timespec* out) {
    const long error = ask_kernel(system_clock_gettime, id, out);
    if (error != 0 || id < 0 || id > 31) return (int)error;
    const unsigned bit = BIT(id);
    if (!(bit & (realtime_class | monotonic_class))) return 0;

    const struct mistrial_clock_model model = current_model((bit & realtime_class) != 0);
    if (model.offset_ns == 0 && model.rate_q32 == 0) return 0;

    long long now = out->seconds * second + out->nanoseconds + model.offset_ns;
    if (model.rate_q32 != 0) {
        /* Coarse clocks drift by the coarse monotonic clock, so that they never run ahead of the fine ones. */
        struct timespec base;
        ask_kernel(system_clock_gettime, (bit & coarse_clocks) ? monotonic_coarse : monotonic, &base);
        const long long elapsed = base.seconds * second + base.nanoseconds - model.anchor_ns;
        now += (long long)(((__int128)elapsed * model.rate_q32) >> 32);
    }
    long long seconds = now / second;
    long long nanoseconds = now % second;
    if (nanoseconds < 0) {
        nanoseconds += second;
        --seconds;
    }
    out->seconds = seconds;
    out->nanoseconds = nanoseconds;
    return 0;
}

EXPORT int mistrial_gettimeofday(struct timeval* out, void* zone) {
    if (zone != 0) {
        const long error = ask_kernel(system_gettimeofday, 0, zone);
        if (error != 0) return (int)error;
    }
    if (out != 0) {
        struct timespec now;
        mistrial_clock_gettime(realtime, &now);
        out->seconds = now.seconds;
        out->microseconds = now.nanoseconds / 1000;
    }
    return 0;
}

EXPORT long long mistrial_time(long long* out) {
    struct timespec now;
    mistrial_clock_gettime(realtime_coarse, &now);
    if (out != 0) *out = now.seconds;
    return now.seconds;
}
