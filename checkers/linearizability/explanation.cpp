#include "checkers/linearizability/explanation.hpp"

#include "checkers/linearizability/event_order.hpp"
#include "checkers/proof.hpp"

#include <algorithm>

namespace mistrial::checkers::linearizability {

namespace {

constexpr std::size_t most_told = 6;       ///< operations of a list; what is left out is counted
constexpr std::size_t most_witnesses = 4;  ///< operations, each with two records

class Explanation {
  public:
    Explanation(const Model& model, const Values& values, const Object& object, const Verdict& verdict, State initial)
        : model_(model), values_(values), object_(object), verdict_(verdict), initial_(initial), stuck_(*verdict.outcome.stuck) {}

    Violation make() {
        const Operation& stuck = operation(stuck_);
        violation_.attribution = Attribution::system;
        violation_.from = stuck.inv;
        violation_.to = stuck.res;
        violation_.count = 1;
        violation_.summary = fmt::format(
            "no order of the operations{} is one of a {} that holds {} at first: up to {} there is one, and none with the {} of "
            "record {} (process {})",
            key(), model_.name, values_.text(initial_), run_time(stuck.res), describe(values_, stuck.call), stuck.index, stuck.process);
        witness(stuck_);
        if (verdict_.contradiction) {
            tell_contradiction(*verdict_.contradiction);
        } else {
            tell_search();
        }
        violation_.proof.push_back(
            "Operations that failed are left out; those whose outcome nobody knows may take effect at any time from their "
            "invocation on, or never. Equal times are concurrent.");
        violation_.proof.push_back(
            fmt::format("Nearest passing history: without the answer of record {}, everything that had ended by then has an order.",
                        stuck.index));
        std::sort(violation_.witness.begin(), violation_.witness.end());
        violation_.witness.erase(std::unique(violation_.witness.begin(), violation_.witness.end()), violation_.witness.end());
        return std::move(violation_);
    }

  private:
    [[nodiscard]] const Operation& operation(std::uint32_t i) const { return object_.operations[i]; }
    [[nodiscard]] std::string key() const { return object_.key ? " on key " + *object_.key : std::string{}; }

    void witness(std::uint32_t i) {
        if (operation(i).invoke_index) violation_.witness.push_back(*operation(i).invoke_index);
        violation_.witness.push_back(operation(i).index);
    }

    [[nodiscard]] std::string tell(std::uint32_t i) const {
        const Operation& one = operation(i);
        return fmt::format("{} (record {}, process {}, {} .. {})", describe(values_, one.call), one.index, one.process,
                           run_time(one.inv), one.is_open() ? std::string("outcome unknown") : run_time(one.res));
    }

    [[nodiscard]] std::string list(const std::vector<std::uint32_t>& operations) const {
        std::string text;
        for (std::size_t i = 0; i < operations.size() && i < most_told; ++i) {
            text += (i == 0 ? "" : ", ") + tell(operations[i]);
        }
        if (operations.size() > most_told) text += fmt::format(" and {} more", operations.size() - most_told);
        return text;
    }

    void tell_search() {
        const Outcome& outcome = verdict_.outcome;
        const auto count = static_cast<std::int64_t>(outcome.order.size());
        std::vector<std::uint32_t> last(outcome.order.end() - std::min<std::int64_t>(count, 3), outcome.order.end());
        violation_.proof.push_back(
            count == 0 ? fmt::format("At first the {} holds {}.", model_.name, values_.text(outcome.state))
                       : fmt::format("The longest order found has {}, and ends with {}; the {} then holds {}.",
                                     counted(count, "operation"), list(last), model_.name, values_.text(outcome.state)));
        violation_.proof.push_back(fmt::format("What has no place is {}.", tell(stuck_)));
        std::vector<bool> placed(object_.operations.size(), false);
        for (const std::uint32_t i : outcome.order) placed[i] = true;
        std::vector<std::uint32_t> others;
        const EventOrder order(object_.operations);
        for (const EventOrder::Event& event : order.events()) {
            const bool concurrent = event.begins && operation(event.operation).inv <= operation(stuck_).res;
            if (concurrent && !placed[event.operation] && event.operation != stuck_) others.push_back(event.operation);
        }
        violation_.proof.push_back(
            others.empty() ? std::string("Nothing else had begun by its end that could come in between.")
                           : fmt::format("What had begun by its end and could still come in between does not help: {}.", list(others)));
        violation_.proof.push_back(
            fmt::format("{} (what has taken effect, and what the {} holds then) were reached; none gets past the end of "
                        "record {}.",
                        counted(static_cast<std::int64_t>(outcome.configurations), "configuration"), model_.name,
                        operation(stuck_).index));
        for (auto i = last.rbegin(); i != last.rend() && violation_.witness.size() < 2 * most_witnesses; ++i) witness(*i);
        for (const std::uint32_t i : others) {
            if (violation_.witness.size() < 2 * most_witnesses) witness(i);
        }
    }

    [[nodiscard]] std::string value_of(std::uint32_t i) const {
        const Call& call = operation(i).call;
        return values_.text(call.function == Function::write ? call.argument : call.result);
    }

    void tell_contradiction(const Contradiction& contradiction) {
        const auto& [a, b] = contradiction.sides;
        if (contradiction.before_its_write) {
            const std::string value = value_of(a.first_end);
            violation_.proof.push_back(tell(a.first_end) + ".");
            violation_.proof.push_back(
                a.write ? fmt::format("{} is the only write of {}, and began only after that had ended.", tell(*a.write), value)
                        : fmt::format("Nobody had begun to write {} by then, and it is not what the {} holds at first, which is {}.",
                                          value, model_.name, values_.text(initial_)));
            witness(a.first_end);
            if (a.write) witness(*a.write);
            return;
        }
        // f(a) < s(b) and f(b) < s(a).
        tell_before(a, b);
        tell_before(b, a);
        violation_.proof.push_back("Each value is written once, so each of the two would have to come before the other.");
    }

    /// That `earlier` was there before the last that is known of `later` began.
    void tell_before(const Contradiction::Side& earlier, const Contradiction::Side& later) {
        const std::string late = tell(later.last_begin);
        for (const Contradiction::Side* side : {&earlier, &later}) {
            if (side->write) witness(*side->write);
        }
        witness(later.last_begin);
        if (!earlier.has_first_end) {
            violation_.proof.push_back(
                fmt::format("What was there at first ({}) was there before {} began: {}.", values_.text(initial_),
                            value_of(later.last_begin), late));
            return;
        }
        witness(earlier.first_end);
        violation_.proof.push_back(fmt::format("{} was there by the end of {}, before the begin of {}.", value_of(earlier.first_end),
                                               tell(earlier.first_end), late));
    }

    const Model& model_;
    const Values& values_;
    const Object& object_;
    const Verdict& verdict_;
    State initial_;
    std::uint32_t stuck_;
    Violation violation_;
};

}  // namespace

Violation explain(const Model& model, const Values& values, const Object& object, const Verdict& verdict, State initial) {
    return Explanation{model, values, object, verdict, initial}.make();
}

}  // namespace mistrial::checkers::linearizability
