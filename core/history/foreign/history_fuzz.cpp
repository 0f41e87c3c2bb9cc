#include "core/history/foreign/history_text.hpp"
#include "core/history/foreign/printer.hpp"

#include <cstdint>

/// libFuzzer's target, compiled once a format. Whatever the bytes, a reader answers with a history or with an error
/// that has a place; and a history that was read survives being printed and read again.
namespace mistrial::history {
namespace {

constexpr Format kFormat = Format::MISTRIAL_FUZZ_FORMAT;

void check_error(const Error& error) {
    MISTRIAL_INVARIANT(!error.message.empty() && error.message.size() < 4096,
                       "an error without a message, or a very long one");
}

void check_text(std::string_view text) {
    const auto first = foreign::parse(kFormat, text, "fuzz");
    if (first.has_error()) {
        check_error(first.error());
        return;
    }
    const auto again = [](const foreign::History& history) {
        const std::string printed = foreign::print(kFormat, history.records);
        auto read = foreign::parse(kFormat, printed, "printed");
        MISTRIAL_INVARIANT(read.has_value(), "{}\n{}", read.error().message, printed);
        return std::move(*read);
    };
    const foreign::History second = again(*first);
    // Porcupine's operations have no order among equals but that of their times.
    if (kFormat != Format::porcupine)
        MISTRIAL_INVARIANT(second.records == first->records, "{}", foreign::print(kFormat, first->records));
    MISTRIAL_INVARIANT(again(second).records == second.records, "{}", foreign::print(kFormat, second.records));
}

}  // namespace
}  // namespace mistrial::history

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mistrial::history;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_text(text);
    return 0;
}
