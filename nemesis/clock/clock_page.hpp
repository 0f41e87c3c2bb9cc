#pragma once

#include "core/time.hpp"
#include "nemesis/process/file_descriptor.hpp"

#include <memory>
#include <mutex>

struct mistrial_clock_page;

namespace mistrial::nemesis {

/// The clock of one node: a shared page that the node's processes read at every clock call (see
/// clock_block.h), and that only we can write. It belongs to the node, not to a process: a restarted process
/// is given the same page and so starts on the node's clock. Neutral until told. A change is a few plain
/// stores (no stop of the process, no system call) and holds from the next clock read on, in the process and
/// in all that it forked.
///
/// Thread-safe.
class ClockPage {
  public:
    [[nodiscard]] static Result<std::shared_ptr<ClockPage>> create();
    ~ClockPage();
    ClockPage(const ClockPage&) = delete;
    ClockPage& operator=(const ClockPage&) = delete;

    /// Moves the wall clock (REALTIME, its COARSE and ALARM forms, TAI, gettimeofday, time) to true +
    /// `offset`; the monotonic clocks stay. 0 heals. An error when the offset exceeds 50 years.
    [[nodiscard]] Result<> set_wall_offset(Duration offset);
    /// Read back from the page.
    [[nodiscard]] Duration wall_offset() const;

    /// Read-only descriptor of the page (close-on-exec) and its size, for the launcher.
    [[nodiscard]] int descriptor() const { return read_only_.get(); }
    [[nodiscard]] static std::size_t size();
    /// The page itself, as a process reads it.
    [[nodiscard]] const mistrial_clock_page& page() const { return *page_; }

  private:
    ClockPage(mistrial_clock_page* page, FileDescriptor read_only);

    mutable std::mutex mutex_;
    mistrial_clock_page* page_;
    FileDescriptor read_only_;
};

}  // namespace mistrial::nemesis
