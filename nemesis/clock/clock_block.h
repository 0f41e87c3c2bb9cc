/* The clock page: what the code in a program's vDSO (clock_blob.c) reads at every clock call and what ClockPage writes.
 * C and C++; no header of the C library, because the code runs where there is none.
 *
 * fake = real + offset_ns + ((monotonic - anchor_ns) * rate_q32 >> 32), for each class of clocks. All zero is neutral:
 * exactly the kernel's value.
 *
 * Publication: two slots, the index says which one holds. The writer gives the idle slot a generation of its own, fills
 * it, then writes the index. A reader takes index, generation, model, and starts again when either has changed since.
 */
#ifndef MISTRIAL_CLOCK_BLOCK_H
#define MISTRIAL_CLOCK_BLOCK_H

#define MISTRIAL_CLOCK_MAGIC 0x314b4c434c525449ULL /* "ITRLCLK1" */

struct mistrial_clock_model {
    long long offset_ns;
    long long anchor_ns; /* of CLOCK_MONOTONIC */
    long long rate_q32;  /* what the rate exceeds 1 by, in 2^-32 */
};

struct mistrial_clock_slot {
    unsigned long long generation;
    struct mistrial_clock_model realtime;  /* REALTIME, REALTIME_COARSE, REALTIME_ALARM, TAI */
    struct mistrial_clock_model monotonic; /* MONOTONIC, its RAW and COARSE, BOOTTIME and its ALARM */
};

struct mistrial_clock_page {
    unsigned long long magic;
    unsigned char index;
    unsigned char reserved[7];
    struct mistrial_clock_slot slot[2];
};

/* The first bytes of the code: the page's address (0 in the file, filled in for each process) and where its functions
 * start, counted from this header. */
struct mistrial_clock_header {
    const struct mistrial_clock_page* page;
    unsigned int clock_gettime;
    unsigned int gettimeofday;
    unsigned int time;
    unsigned int reserved;
};

#endif
