#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace mistrial::checkers::kernels {

/// When a process certainly was under one version: from the end of the first operation that shows it to the begin of the
/// last one. Sound while the process never goes back to an older version (properties.md, O2). Operations come in the
/// order of their ends; O(1) each. A regular value.
class CertainInterval {
  public:
    struct Closed {
        std::uint32_t version;
        TrueTime from;
        TrueTime to;
    };

    /// An operation of `process` in [inv, res] shows `version`. Gives what is over with it, when that had any length.
    std::optional<Closed> shows(std::uint32_t process, std::uint32_t version, TrueTime inv, TrueTime res) {
        std::optional<Closed> over;
        if (!set_ || process != process_ || version != version_) {
            // Concurrent with the first that showed the newer one: it says nothing new.
            if (set_ && process == process_ && version < version_ && inv <= from_) return over;
            over = close();
            set_ = true;
            process_ = process;
            version_ = version;
            from_ = to_ = res;
        }
        if (inv >= from_) to_ = std::max(to_, inv);
        return over;
    }

    /// What is certain so far, when that has any length; it goes on from its end.
    std::optional<Closed> close() {
        if (!set_ || to_ <= from_) return std::nullopt;
        const Closed closed{version_, from_, to_};
        from_ = to_;
        return closed;
    }

    /// Where what is still to come begins; the end of time when nothing is under way.
    [[nodiscard]] TrueTime from() const { return set_ ? from_ : TrueTime::max(); }

  private:
    bool set_ = false;
    std::uint32_t process_ = 0;
    std::uint32_t version_ = 0;
    TrueTime from_;
    TrueTime to_;
};

}  // namespace mistrial::checkers::kernels
