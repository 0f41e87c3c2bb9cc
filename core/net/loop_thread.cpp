#include "core/net/loop_thread.hpp"

#include <pthread.h>

namespace mistrial::net {

LoopThread::LoopThread(std::string name, std::function<void()> before)
    : thread_([this, name = std::move(name), before = std::move(before)] {
          pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
          if (before) before();
          loop_.run();
      }) {}

LoopThread::~LoopThread() {
    loop_.stop();
    thread_.join();
}

}  // namespace mistrial::net
