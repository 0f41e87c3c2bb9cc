#pragma once

#include "checkers/definitional/view.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::checkers::definitional {

/// False for the texts that stand for "there is none": empty, or the dash of a policy's default rule.
[[nodiscard]] inline bool names_something(const std::string& text) { return !text.empty() && text != "-"; }

/// The record tells of a decision that found no process, or of one whose connection may have broken: it has no answer, and
/// says why, and that is not that it ran out of time.
[[nodiscard]] bool loses_connection(const history::Record& record);

/// Which process of an agent gave an answer, and when none may have run (docs/properties.md, "Who answered").
class Lives {
  public:
    /// `records` must outlive this.
    explicit Lives(const std::vector<history::Record>& records);

    /// When agents did not run, or may not have.
    [[nodiscard]] const std::vector<Window>& windows() const { return windows_; }
    /// By agent: the newest record that told of a process of which no boot is recorded, while another was thought to run.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& strangers() const { return strangers_; }
    /// The name of the process behind the operation that ends with record `place` and echoes `echo`; empty: it cannot be told.
    [[nodiscard]] std::string incarnation(const Operation& operation, const std::optional<std::string>& echo,
                                          std::size_t place) const;

  private:
    /// A restart that no boot record tells of, but an answer, a report or a refusal does.
    struct Implied {
        std::size_t place = 0;
        std::string agent;
        TrueTime heard = TrueTime::min();  ///< when the process before was last heard of
        TrueTime at;
    };

    void find();

    const std::vector<history::Record>& records_;
    std::vector<Implied> implied_;
    std::vector<Window> windows_;
    std::map<std::string, std::uint64_t> strangers_;
};

}  // namespace mistrial::checkers::definitional
