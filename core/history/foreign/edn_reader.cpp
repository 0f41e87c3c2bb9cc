#include "core/history/foreign/readers.hpp"
#include "core/history/foreign/transcript.hpp"

namespace mistrial::history::foreign {
namespace {

/// What our records have as text; other harnesses may number their nodes.
bool is_text_of_ours(std::string_view key) { return key == "node" || key == "session"; }

const edn::Value& untagged(const edn::Value& value) {
    const edn::Value* inner = &value;
    while (inner->kind == edn::Kind::tagged) inner = &inner->items.front();
    return *inner;
}

Placed operation(const edn::Value& form, std::string_view text, Transcript& transcript) {
    const edn::Value& map = untagged(form);
    if (map.kind != edn::Kind::map)
        throw Syntax{form.at,
                     fmt::format("expected an operation, a map such as {{:process 0, :type :invoke, …}}, got {}",
                                 shown_at(text, form.at)),
                     std::nullopt};
    transcript.clear();
    transcript.put("{");
    for (std::size_t i = 0; i < map.items.size(); i += 2) {
        const edn::Value& key = map.items[i];
        const edn::Value& value = map.items[i + 1];
        if (key.kind != edn::Kind::keyword && key.kind != edn::Kind::text)
            throw Syntax{key.at, fmt::format("expected a key such as :process, got {}", shown_at(text, key.at)),
                         std::nullopt};
        if (key.text == "index" && value.kind == edn::Kind::integer && value.text.starts_with('-'))
            continue;  // none, as Jepsen has it
        transcript.key(key.text);
        if (is_text_of_ours(key.text) && value.kind == edn::Kind::integer)
            transcript.put_text(value.text);
        else
            transcript.put(value);
    }
    transcript.put("}");
    return transcript.record(form.at);
}

}  // namespace

std::vector<Placed> read_edn(const SourceText& source) {
    std::vector<Placed> placed;
    Transcript transcript;
    edn::FormReader reader(source.text());
    if (!reader.skip()) return placed;
    const std::size_t opened = reader.at();
    const char close = reader.peek() == '[' ? ']' : reader.peek() == '(' ? ')' : '\0';
    if (close != '\0') reader.step();
    while (reader.skip()) {
        if (close != '\0' && reader.peek() == close) {
            reader.step();
            if (reader.skip())
                throw Syntax{
                    reader.at(),
                    fmt::format("expected the end after the operations, got {}", shown_at(source.text(), reader.at())),
                    std::nullopt};
            return placed;
        }
        placed.push_back(operation(reader.form(), source.text(), transcript));
    }
    if (close != '\0')
        throw Syntax{reader.at(), fmt::format("expected an operation or '{}', got the end of the text", close), opened};
    return placed;
}

}  // namespace mistrial::history::foreign
