#pragma once

#include "core/history/foreign/assembly.hpp"
#include "core/history/foreign/source_text.hpp"

#include <vector>

/// One function a format: the operations of a text, in the order in which they stand. All throw Syntax.
namespace mistrial::history::foreign {

/// Maps or tagged records of Jepsen's history.edn, one after another or in one vector.
[[nodiscard]] std::vector<Placed> read_edn(const SourceText& source);
/// Lines `PROCESS :TYPE :F VALUE [ERROR]`: Jepsen's history.txt, or a log in which they follow `jepsen.util`, where
/// other lines are passed over.
[[nodiscard]] std::vector<Placed> read_jepsen_log(const SourceText& source);
/// elle-cli's JSON: objects with the keys of history.jsonl, in an array or one after another.
[[nodiscard]] std::vector<Placed> read_elle(const SourceText& source);
/// An array of {"ClientId", "Call", "Return", "Input", "Output", "Metadata"}, Porcupine's Operation.
[[nodiscard]] std::vector<Placed> read_porcupine(const SourceText& source);

}  // namespace mistrial::history::foreign
