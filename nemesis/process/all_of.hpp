#pragma once

#include "nemesis/injector.hpp"

#include <memory>

namespace mistrial::nemesis {

/// `done` once, when as many parts as were taken have reported; the first failure is the result.
class AllOf {
  public:
    explicit AllOf(Injector::Done done) : state_(std::make_shared<State>(std::move(done))) {}
    /// Reports when the last part and this object are gone.
    [[nodiscard]] Injector::Done part() const {
        return [state = state_](Result<> result) {
            if (!result && state->result) state->result = result;
        };
    }

  private:
    struct State {
        explicit State(Injector::Done d) : done(std::move(d)) {}
        ~State() { done(result); }
        Injector::Done done;
        Result<> result;
    };
    std::shared_ptr<State> state_;
};

}  // namespace mistrial::nemesis
