#include "core/history/foreign/json_scanner.hpp"
#include "core/history/foreign/readers.hpp"
#include "core/history/foreign/transcript.hpp"

namespace mistrial::history::foreign {

std::vector<Placed> read_elle(const SourceText& source) {
    std::vector<Placed> placed;
    Transcript transcript;
    JsonScanner json(source.text());
    const auto operation = [&] {
        if (json.skip() && json.peek() != '{') json.expected("an operation, a JSON object");
        const JsonScanner::Value object = json.value();
        transcript.clear();
        transcript.quote(object.json, object.at);
        placed.push_back(transcript.record(object.at));
    };
    if (!json.skip()) return placed;
    if (!json.take('[')) {
        while (json.skip()) operation();
        return placed;
    }
    if (!json.take(']')) {
        do operation();
        while (json.take(','));
        if (!json.take(']')) json.expected("',' or ']' after an operation");
    }
    if (json.skip()) json.expected("the end after the operations");
    return placed;
}

}  // namespace mistrial::history::foreign
