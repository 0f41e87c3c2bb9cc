#pragma once

#include "core/history/in_flight.hpp"
#include "core/history/operation.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

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

    // The same of a decision of a client, for a history of rows. False, or nullopt, where the one above says why not.
    [[nodiscard]] bool invoke_decision(std::int64_t client, std::uint64_t index, TrueTime at);
    [[nodiscard]] std::optional<Begin> complete_decision(std::int64_t client, TrueTime at, bool crashes);

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
        [[nodiscard]] bool decides() const { return f == "decide"; }
    };
    enum class Style : std::uint8_t { with_invokes, completions_only };

    Slot& slot(const history::Process& process);

    void begin(Slot& slot, const std::string& f, std::uint64_t index, TrueTime at);

    history::InFlight<Slot> clients_;
    std::map<std::string, Slot> named_;
    std::map<std::string, Style, std::less<>> styles_;
    bool decisions_begin_ = false;  ///< they have invokes
    std::int64_t without_invoke_ = 0;
    std::int64_t unfinished_ = 0;
};

}  // namespace mistrial::checkers
