#pragma once

#include "core/result.hpp"

#include <pthread.h>

namespace mistrial::live {

/// A mutex whose holder runs at the priority of whoever waits for it (PTHREAD_PRIO_INHERIT). The load thread is a
/// real-time one where that is allowed; behind an ordinary mutex it would wait out the time slices of every agent that
/// preempts an ordinary thread inside the critical section. Meets BasicLockable.
class InheritingMutex {
  public:
    InheritingMutex() {
        pthread_mutexattr_t attributes;
        ::pthread_mutexattr_init(&attributes);
        ::pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
        const int made = ::pthread_mutex_init(&mutex_, &attributes);
        ::pthread_mutexattr_destroy(&attributes);
        MISTRIAL_INVARIANT(made == 0, "pthread_mutex_init: error {}", made);
    }
    InheritingMutex(const InheritingMutex&) = delete;
    InheritingMutex& operator=(const InheritingMutex&) = delete;
    ~InheritingMutex() { ::pthread_mutex_destroy(&mutex_); }

    void lock() {
        const int locked = ::pthread_mutex_lock(&mutex_);
        MISTRIAL_INVARIANT(locked == 0, "pthread_mutex_lock: error {}", locked);
    }
    void unlock() { ::pthread_mutex_unlock(&mutex_); }

  private:
    pthread_mutex_t mutex_;
};

}  // namespace mistrial::live
