#include "core/history/foreign/history_text.hpp"

#include "core/history/foreign/readers.hpp"
#include "core/history/reader.hpp"
#include "core/json.hpp"

namespace mistrial::history::foreign {
namespace {

std::vector<Placed> placed_of(Format format, const SourceText& source) {
    switch (format) {
        case Format::edn:
            return read_edn(source);
        case Format::jepsen_log:
            return read_jepsen_log(source);
        case Format::porcupine:
            return read_porcupine(source);
        case Format::mst:
            throw Syntax{0, "expected a history in text, got the name of a binary one", {}};
        case Format::elle:
        case Format::jsonl:
            break;  // a line of ours is an operation of elle's
    }
    return read_elle(source);
}

}  // namespace

Result<History> parse(Format format, std::string_view text, std::string_view name) {
    const SourceText source(text, name);
    try {
        return assemble(placed_of(format, source), source);
    } catch (const Syntax& syntax) {
        return source.error(syntax);
    }
}

Result<History> read(Format format, const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) return text.error();
    return parse(format, *text, file.string());
}

}  // namespace mistrial::history::foreign
