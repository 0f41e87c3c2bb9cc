#include "harness/cli/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

namespace mistrial::cli {
namespace {

volatile sig_atomic_t interrupts = 0;
struct sigaction old_int, old_term;

void on_signal(int) {
    interrupts = interrupts + 1;
    if (interrupts > 1) ::_exit(130);
}

}  // namespace

InterruptWatch::InterruptWatch() {
    interrupts = 0;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, &old_int);
    ::sigaction(SIGTERM, &action, &old_term);
}

InterruptWatch::~InterruptWatch() {
    ::sigaction(SIGINT, &old_int, nullptr);
    ::sigaction(SIGTERM, &old_term, nullptr);
}

bool InterruptWatch::interrupted() { return interrupts > 0; }

}  // namespace mistrial::cli
