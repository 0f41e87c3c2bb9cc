#pragma once

#include "harness/scenario/mistakes.hpp"

namespace mistrial::scenario {

/// Checks `document` against a JSON Schema (draft 7, with the keywords that our schemas use). valijson is the judge of
/// validity; the words are those of `explain`, because a schema library's are not for people.
void check_schema(const Json& document, const Json& schema, Mistakes& mistakes);

/// Tells every mistake at its pointer: "expected TITLE, got VALUE", where TITLE is the schema's own words; unknown keys
/// with the nearest known one.
void explain(const Json& document, const Json& schema, Mistakes& mistakes);

/// What valijson says of the same: one sentence each, empty when the document is valid.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> judge(const Json& document, const Json& schema);

}  // namespace mistrial::scenario
