#pragma once

#include "core/history/binary.hpp"
#include "core/history/foreign/format.hpp"
#include "core/history/operation.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mistrial::history::foreign {

/// Prints records one by one in any format: `begin`, `add` for each in history order, `end`. What a format cannot say
/// is left out: a Jepsen log has no times, Porcupine neither failures nor what nobody invoked (`left_out` counts
/// these).
class Printer {
  public:
    struct Options {
        /// Of a Jepsen log: every line as in a log, "INFO  jepsen.util - …", instead of as in history.txt.
        bool log_lines = false;
    };
    explicit Printer(Format format) : Printer(format, Options{}) {}
    Printer(Format format, Options options);

    void begin(std::string& out) const;
    void add(std::string& out, const Record& record);
    void end(std::string& out);
    [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  private:
    void add_porcupine(std::string& out, const Record& record);
    void next_element(std::string& out);

    Format format_;
    Options options_;
    bool first_ = true;
    std::uint64_t left_out_ = 0;
    std::optional<BinaryEncoder> binary_;  ///< of `Format::mst`
    std::map<std::int64_t, Record> open_;  ///< Porcupine: invoked, not yet completed
};

/// The whole history at once.
[[nodiscard]] std::string print(Format format, const std::vector<Record>& records, Printer::Options options = {});

}  // namespace mistrial::history::foreign
