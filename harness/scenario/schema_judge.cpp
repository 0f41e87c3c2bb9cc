#include "harness/scenario/schema.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace mistrial::scenario {
namespace {

/// valijson's path, "<root>", "[faults]", "[0]", as a JSON Pointer.
std::string pointer_of(const std::vector<std::string>& context) {
    std::string pointer;
    for (const std::string& part : context)
        if (part.starts_with('[') && part.ends_with(']'))
            pointer = pointer_to(pointer, std::string_view(part).substr(1, part.size() - 2));
    return pointer;
}

/// valijson reads every integer as a signed one, so that a seed from 2^63 on would be negative: such are made smaller
/// here, which is the same to every keyword that we use.
void make_signed(Json& value) {
    if (value.is_structured())
        for (Json& member : value) make_signed(member);
    else if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)
        value = INT64_MAX;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> judge(const Json& written, const Json& schema) {
    Json document = written;
    make_signed(document);
    using Adapter = valijson::adapters::NlohmannJsonAdapter;
    std::vector<std::pair<std::string, std::string>> said;
    try {
        valijson::Schema compiled;
        valijson::SchemaParser parser;
        parser.populateSchema(Adapter(schema), compiled);
        valijson::Validator validator;
        valijson::ValidationResults results;
        if (!validator.validate(compiled, Adapter(document), &results))
            for (const auto& error : results) said.emplace_back(pointer_of(error.context), error.description);
    } catch (const std::exception& error) {
        MISTRIAL_INVARIANT(false, "a JSON Schema of ours cannot be used: {}", error.what());
    }
    return said;
}

}  // namespace mistrial::scenario
