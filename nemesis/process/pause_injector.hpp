#pragma once

#include "nemesis/injector.hpp"
#include "nemesis/process/node.hpp"

namespace mistrial::nemesis {

/// `pause`: SIGSTOP at the start of the interval, SIGCONT at its end. Bit when /proc says that the process is stopped at
/// both ends of the interval, and nothing that was asked inside it was answered inside it.
class PauseInjector final : public Injector {
  public:
    explicit PauseInjector(const Nodes& nodes) : nodes_(nodes) {}

    std::vector<std::string> needs() const override { return {"pidfd"}; }
    void inject(const FaultInterval& interval, Done done) override;
    void heal(const FaultInterval& interval, Done done) override;
    Evidence evidence(const FaultInterval& interval) override;

  private:
    struct Seen {
        Node::AnswerCount answers;
        char state_at_start = '?';
        char state_at_end = '?';
        std::int64_t answered = 0;
    };
    const Nodes& nodes_;
    std::map<std::string, std::map<std::string, Seen>> seen_;
};

}  // namespace mistrial::nemesis
