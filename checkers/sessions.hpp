#pragma once

#include "checkers/kernels/episodes.hpp"
#include "checkers/kernels/step_function.hpp"
#include "checkers/proof.hpp"
#include "checkers/property_checker.hpp"

#include <optional>
#include <variant>
#include <vector>

namespace mistrial::checkers {

/// What is remembered of each session, for the newest `limit` of them: one that is crowded out starts anew when it comes
/// back, with nothing held against it.
template <class Memory>
class SessionTable {
  public:
    explicit SessionTable(std::uint32_t limit = 65'536) : limit_(limit) {}

    Memory& of(SessionId session) {
        const std::uint32_t place = session % limit_;
        if (slots_.size() <= place) slots_.resize(place + 1);
        Slot& slot = slots_[place];
        if (slot.session != session) slot = Slot{session, Memory{}};
        return slot.memory;
    }
    [[nodiscard]] const Memory* find(SessionId session) const {
        const std::uint32_t place = session % limit_;
        return place < slots_.size() && slots_[place].session == session ? &slots_[place].memory : nullptr;
    }

  private:
    struct Slot {
        SessionId session = no_session;
        Memory memory;
    };
    std::uint32_t limit_;
    std::vector<Slot> slots_;
};

/// S1, monotonic reads (Terry et al., "Session guarantees", 1994): what a session asked after it saw a revision is
/// answered under that one or a newer one, whichever agent answers.
class MonotonicReads final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    using Order = kernels::StepFunction<OperationNote>;
    struct Detail {
        BundleId bundle = 0;
        OperationNote newer;
        OperationNote older;
        Wrongs wrongs;
    };

    SessionTable<std::vector<Order>> orders_;  ///< by bundle
    kernels::Episodes<Detail> episodes_;
};

/// S2, read your writes: what a session asks after its publish was acknowledged is answered under that revision or a
/// newer one. A barrier holds the agents that it names, in its own session, or in all when it has none.
class ReadYourPublishes final : public PropertyChecker {
  public:
    using PropertyChecker::PropertyChecker;
    void on_decision(const Decision& decision) override;
    void on_publish_ends(BundleId bundle, RevisionNumber number) override;
    void on_event(const history::Record& record) override;
    [[nodiscard]] std::vector<Violation> violations() const override;

  private:
    struct Passed {
        std::uint64_t index = 0;  ///< of the barrier's completion; 0 for a publish
    };
    using Order = kernels::StepFunction<Passed>;
    struct Barriers {
        SessionId session = no_session;
        BundleId bundle = 0;
        Order order;
    };
    struct Detail {
        BundleId bundle = 0;
        RevisionNumber due = nothing_active;
        TrueTime since;
        Passed passed;
        OperationNote note;
        Wrongs wrongs;
    };

    void judge(const Decision& decision, const Seen& seen, const Order* own);

    SessionTable<std::vector<Order>> published_;   ///< by bundle
    std::vector<std::vector<Barriers>> barriers_;  ///< by agent
    kernels::Episodes<Detail> episodes_;
};

}  // namespace mistrial::checkers
