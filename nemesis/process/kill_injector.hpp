#pragma once

#include "nemesis/injector.hpp"
#include "nemesis/process/node.hpp"

namespace mistrial::nemesis {

/// `kill`: SIGKILL at the start of the interval, a new incarnation at its end, with what the old one had persisted
/// (`"state": "kept"`) or with nothing (`"lost"`). Bit when the kernel reports the signal as the cause of death, nothing
/// was answered in between, and another incarnation answers.
class KillInjector final : public Injector {
  public:
    explicit KillInjector(const Nodes& nodes) : nodes_(nodes) {}

    std::vector<std::string> needs() const override { return {"pidfd"}; }
    void inject(const FaultInterval& interval, Done done) override;
    void heal(const FaultInterval& interval, Done done) override;
    Evidence evidence(const FaultInterval& interval) override;

  private:
    struct Seen {
        std::string before;
        Node::AnswerCount answers;
        std::int64_t answered = 0;
        std::string end;
        std::string after;
    };
    const Nodes& nodes_;
    std::map<std::string, std::map<std::string, Seen>> seen_;  ///< by interval and node
};

}  // namespace mistrial::nemesis
