#pragma once

#include "core/history/operation.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace mistrial::checkers {

/// Pairs completions with their invokes. A history may leave invokes of a kind of operation out altogether; then an
/// operation began, at the earliest, when its process was last done, when it was due, and no longer ago than its
/// timeout: the widest interval is the one that accuses nobody.
class Operations {
  public:
    struct Begin {
        TrueTime inv;
        std::optional<std::uint64_t> invoke_index;
    };

    /// An invoke; an error when the process is busy.
    [[nodiscard]] Result<> invoke(const history::Record& record);
    /// A completion: when its operation began. An error when operations of this kind have invokes, but this one not.
    [[nodiscard]] Result<Begin> complete(const history::Record& record);
    /// Operations of this kind that were completed without an invoke record.
    [[nodiscard]] std::int64_t without_invoke() const { return without_invoke_; }
    /// Operations that never completed.
    [[nodiscard]] std::int64_t unfinished() const { return unfinished_; }

  private:
    struct Slot {
        bool busy = false;
        TrueTime inv;
        std::uint64_t index = 0;
        std::string f;
        std::optional<TrueTime> done;
    };
    enum class Style : std::uint8_t { with_invokes, completions_only };

    Slot& slot(const history::Process& process);

    std::unordered_map<std::int64_t, Slot> clients_;
    std::map<std::string, Slot> named_;
    std::map<std::string, Style, std::less<>> styles_;
    std::int64_t without_invoke_ = 0;
    std::int64_t unfinished_ = 0;
};

}  // namespace mistrial::checkers
