#include "harness/generator/generator.hpp"

#include <algorithm>
#include <utility>

namespace mistrial::generator {
namespace {

template <class Node, class... Args>
Generator make(Args&&... args) {
    return Generator(std::make_shared<const Node>(std::forward<Args>(args)...));
}

class Sequence final : public Generator::Node {
  public:
    using Operations = std::shared_ptr<const std::vector<Operation>>;
    Sequence(Operations operations, std::size_t at) : operations_(std::move(operations)), at_(at) {}

    Step next(const Context&) const override {
        if (at_ == operations_->size()) return Done{};
        return Ready{(*operations_)[at_], make<Sequence>(operations_, at_ + 1)};
    }

  private:
    Operations operations_;
    std::size_t at_;
};

class Any final : public Generator::Node {
  public:
    /// A child with what it gives next, so that taking from one does not ask the others again.
    struct Child {
        Generator generator;
        std::shared_ptr<const Ready> peeked;
    };
    explicit Any(std::vector<Child> children) : children_(std::move(children)) {}

    Step next(const Context& context) const override {
        std::vector<Child> after = children_;
        Child* soonest = nullptr;
        bool pending = false;
        for (Child& child : after) {
            if (!child.peeked) {
                Step step = child.generator.next(context);
                if (auto* ready = std::get_if<Ready>(&step))
                    child.peeked = std::make_shared<const Ready>(std::move(*ready));
                else if (std::holds_alternative<Pending>(step))
                    pending = true;
            }
            if (child.peeked && (!soonest || child.peeked->operation.due < soonest->peeked->operation.due))
                soonest = &child;
        }
        if (!soonest) return pending ? Step{Pending{}} : Step{Done{}};
        const auto taken = std::exchange(soonest->peeked, nullptr);
        soonest->generator = taken->next;
        return Ready{taken->operation, make<Any>(std::move(after))};
    }

    std::shared_ptr<const Node> update(const Context& context, const Update& update) const override {
        std::optional<std::vector<Child>> after;
        for (std::size_t i = 0; i < children_.size(); ++i) {
            auto moved = children_[i].generator.update(context, update);
            if (!moved) continue;
            if (!after) after = children_;
            (*after)[i] = Child{std::move(*moved), nullptr};
        }
        return after ? std::make_shared<const Any>(std::move(*after)) : nullptr;
    }

  private:
    std::vector<Child> children_;
};

class Phases final : public Generator::Node {
  public:
    Phases(std::vector<Generator> rest, std::int64_t open) : rest_(std::move(rest)), open_(open) {}

    Step next(const Context& context) const override {
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            Step step = rest_[i].next(context);
            if (auto* ready = std::get_if<Ready>(&step)) {
                std::vector<Generator> after(rest_.begin() + static_cast<std::ptrdiff_t>(i), rest_.end());
                after.front() = std::move(ready->next);
                return Ready{std::move(ready->operation), make<Phases>(std::move(after), open_ + 1)};
            }
            if (std::holds_alternative<Pending>(step) || open_ > 0) return Pending{};
        }
        return Done{};
    }

    std::shared_ptr<const Node> update(const Context& context, const Update& update) const override {
        if (rest_.empty()) return nullptr;
        std::vector<Generator> after = rest_;
        if (auto moved = after.front().update(context, update)) after.front() = std::move(*moved);
        return std::make_shared<const Phases>(std::move(after), open_ - 1);
    }

  private:
    std::vector<Generator> rest_;
    std::int64_t open_;  ///< operations given and not completed
};

class TimeLimit final : public Generator::Node {
  public:
    TimeLimit(TrueTime end, Generator inner) : end_(end), inner_(std::move(inner)) {}

    Step next(const Context& context) const override {
        Step step = inner_.next(context);
        if (auto* ready = std::get_if<Ready>(&step)) {
            if (ready->operation.due >= end_) return Done{};
            ready->next = make<TimeLimit>(end_, std::move(ready->next));
        } else if (std::holds_alternative<Pending>(step) && context.now >= end_) {
            return Done{};
        }
        return step;
    }

    std::shared_ptr<const Node> update(const Context& context, const Update& update) const override {
        auto moved = inner_.update(context, update);
        return moved ? std::make_shared<const TimeLimit>(end_, std::move(*moved)) : nullptr;
    }

  private:
    TrueTime end_;
    Generator inner_;
};

class Limit final : public Generator::Node {
  public:
    Limit(std::uint64_t left, Generator inner) : left_(left), inner_(std::move(inner)) {}

    Step next(const Context& context) const override {
        if (left_ == 0) return Done{};
        Step step = inner_.next(context);
        if (auto* ready = std::get_if<Ready>(&step)) ready->next = make<Limit>(left_ - 1, std::move(ready->next));
        return step;
    }

    std::shared_ptr<const Node> update(const Context& context, const Update& update) const override {
        auto moved = inner_.update(context, update);
        return moved ? std::make_shared<const Limit>(left_, std::move(*moved)) : nullptr;
    }

  private:
    std::uint64_t left_;
    Generator inner_;
};

class UntilOk final : public Generator::Node {
  public:
    enum class State : std::uint8_t { due, waiting, done };
    UntilOk(Operation operation, Duration period, State state)
        : operation_(std::move(operation)), period_(period), state_(state) {}

    Step next(const Context&) const override {
        if (state_ == State::done) return Done{};
        if (state_ == State::waiting) return Pending{};
        return Ready{operation_, make<UntilOk>(operation_, period_, State::waiting)};
    }

    std::shared_ptr<const Node> update(const Context&, const Update& update) const override {
        if (state_ != State::waiting || update.operation.command.index() != operation_.command.index() ||
            update.operation.due != operation_.due)
            return nullptr;
        if (update.kind == Update::Kind::ok) return std::make_shared<const UntilOk>(operation_, period_, State::done);
        Operation again = operation_;
        again.due = update.time + period_;
        return std::make_shared<const UntilOk>(std::move(again), period_, State::due);
    }

  private:
    Operation operation_;
    Duration period_;
    State state_;
};

class Stagger final : public Generator::Node {
  public:
    struct Stream {
        TrueTime from, until;
        Duration period;
        std::vector<std::uint64_t> omit;
        Make make;
        scenario::NumberRanges only;
    };
    Stagger(std::shared_ptr<const Stream> stream, std::uint64_t number) : stream_(std::move(stream)), number_(number) {}

    Step next(const Context&) const override {
        std::uint64_t number = number_;
        while (std::binary_search(stream_->omit.begin(), stream_->omit.end(), number)) ++number;
        if (const auto& only = stream_->only; !only.empty()) {
            const auto range = std::ranges::find_if(only, [&](const auto& one) { return number <= one.second; });
            if (range == only.end()) return Done{};
            if (number < range->first) return Stagger(stream_, range->first).next({});
        }
        const TrueTime due = stream_->from + stream_->period * static_cast<std::int64_t>(number);
        if (due >= stream_->until) return Done{};
        return Ready{stream_->make(number, due), generator::make<Stagger>(stream_, number + 1)};
    }

  private:
    std::shared_ptr<const Stream> stream_;
    std::uint64_t number_;
};

}  // namespace

Step Generator::next(const Context& context) const {
    if (!node_) return Done{};
    return node_->next(context);
}

std::optional<Generator> Generator::update(const Context& context, const Update& update) const {
    auto moved = node_ ? node_->update(context, update) : nullptr;
    if (!moved) return std::nullopt;
    return Generator(std::move(moved));
}

Generator sequence(std::vector<Operation> operations) {
    return make<Sequence>(std::make_shared<const std::vector<Operation>>(std::move(operations)), std::size_t{0});
}
Generator any(std::vector<Generator> generators) {
    std::vector<Any::Child> children;
    for (Generator& generator : generators) children.push_back({std::move(generator), nullptr});
    return make<Any>(std::move(children));
}
Generator phases(std::vector<Generator> generators) { return make<Phases>(std::move(generators), std::int64_t{0}); }
Generator time_limit(TrueTime end, Generator generator) { return make<TimeLimit>(end, std::move(generator)); }
Generator limit(std::uint64_t count, Generator generator) { return make<Limit>(count, std::move(generator)); }
Generator until_ok(Operation operation, Duration period) {
    return make<UntilOk>(std::move(operation), period, UntilOk::State::due);
}
Generator stagger(TrueTime from, TrueTime until, Duration period, std::vector<std::uint64_t> omit, Make make_operation,
                  scenario::NumberRanges only) {
    MISTRIAL_INVARIANT(period > Duration::zero(), "a stream with no time between its operations");
    return make<Stagger>(
        std::make_shared<const Stagger::Stream>(Stagger::Stream{from, until, period, std::move(omit), std::move(make_operation), std::move(only)}),
        std::uint64_t{0});
}

}  // namespace mistrial::generator
