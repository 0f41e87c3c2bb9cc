#include "core/history/foreign/printer.hpp"

#include "core/history/foreign/edn.hpp"
#include "core/history/writer.hpp"
#include "core/json.hpp"

#include <limits>

namespace mistrial::history::foreign {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// The record as the members of its line of history.jsonl: what is in it is known to the writer alone.
Json members_of(const Record& record) { return Json::parse(to_line(record)); }

edn::Value scalar(edn::Kind kind, std::string text) { return {kind, std::move(text), {}, 0}; }

edn::Value edn_of(const Json& json) {
    using edn::Kind;
    switch (json.type()) {
        case Json::value_t::object: {
            edn::Value map{Kind::map, {}, {}, 0};
            for (const auto& [key, member] : json.items()) {
                map.items.push_back(edn::name(key));
                map.items.push_back(edn_of(member));
            }
            return map;
        }
        case Json::value_t::array: {
            edn::Value vector{Kind::vector, {}, {}, 0};
            for (const Json& element : json) vector.items.push_back(edn_of(element));
            return vector;
        }
        case Json::value_t::string:
            return edn::text(json.get<std::string>());
        case Json::value_t::boolean:
            return scalar(Kind::boolean, json.get<bool>() ? "true" : "false");
        case Json::value_t::number_unsigned: {
            // Beyond a Java long it needs the N of a big integer.
            const auto number = json.get<std::uint64_t>();
            return scalar(Kind::integer, fmt::format("{}{}", number, number > std::uint64_t{kNever} ? "N" : ""));
        }
        case Json::value_t::number_integer:
            return scalar(Kind::integer, fmt::format("{}", json.get<std::int64_t>()));
        case Json::value_t::number_float:
            return scalar(Kind::decimal, json.dump());
        default:
            return {};
    }
}

edn::Value name_of(const Json& json) { return json.is_string() ? edn::name(json.get<std::string>()) : edn_of(json); }

/// The first element of each micro-operation of a transaction is a keyword: [:append "x" 1].
edn::Value value_of(const Json& members) {
    edn::Value value = edn_of(members.at("value"));
    if (members.at("f") != "txn" || value.kind != edn::Kind::vector) return value;
    for (edn::Value& operation : value.items)
        if (operation.kind == edn::Kind::vector && !operation.items.empty() &&
            operation.items.front().kind == edn::Kind::text)
            operation.items.front() = edn::name(operation.items.front().text);
    return value;
}

/// As Jepsen prints it: what was done first, index and time last.
void append_edn(std::string& out, const Record& record) {
    const Json members = members_of(record);
    edn::Value map{edn::Kind::map, {}, {}, 0};
    const auto put = [&](std::string_view key, edn::Value value) {
        map.items.push_back(edn::name(std::string(key)));
        map.items.push_back(std::move(value));
    };
    for (const std::string_view key : {"process", "type", "f"}) put(key, name_of(members.at(key)));
    put("value", value_of(members));
    for (const auto& [key, member] : members.items())
        if (key != "process" && key != "type" && key != "f" && key != "value" && key != "index" && key != "time")
            put(key, edn_of(member));
    for (const std::string_view key : {"index", "time"}) put(key, edn_of(members.at(key)));
    edn::append(out, map);
    out += '\n';
}

void append_log(std::string& out, const Record& record, bool log_lines) {
    const Json members = members_of(record);
    if (log_lines) out += "INFO  jepsen.util - ";
    for (const std::string_view key : {"process", "type", "f"}) {
        edn::append(out, name_of(members.at(key)));
        out += '\t';
    }
    edn::append(out, value_of(members));
    if (const auto error = members.find("error"); error != members.end()) {
        out += '\t';
        edn::append(out, edn_of(*error));
    }
    out += '\n';
}

/// What a record says beside its operation.
Json others(const Json& members) {
    Json rest = members;
    for (const char* key : {"index", "time", "type", "process", "f", "value"}) rest.erase(key);
    return rest;
}

/// JSON for Porcupine: {"f", "value"}, or the bare value of what was read from an input that does not say what it does.
Json input_of(const Json& members) {
    const Json& value = members.at("value");
    const bool says_f = value.is_object() && value.contains("f");
    if (members.at("f") == "call" && !says_f) return value;
    return {{"f", members.at("f")}, {"value", value}};
}

std::string dumped(const OrderedJson& json) { return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

OrderedJson porcupine_operation(const Record& invoke, const Record* completion) {
    const Json call = members_of(invoke);
    const Json end = completion != nullptr ? members_of(*completion) : Json();
    OrderedJson operation{{"ClientId", std::get<std::int64_t>(invoke.process)},
                          {"Call", nanos_of(invoke.time)},
                          {"Return", completion != nullptr ? nanos_of(completion->time) : kNever},
                          {"Input", input_of(call)},
                          {"Output", completion != nullptr ? end.at("value") : Json()}};
    Json metadata = Json::object();
    if (Json rest = others(call); !rest.empty()) metadata["invoke"] = std::move(rest);
    if (completion != nullptr)
        if (Json rest = others(end); !rest.empty()) metadata["ok"] = std::move(rest);
    if (!metadata.empty()) operation["Metadata"] = metadata;
    return operation;
}

}  // namespace

Printer::Printer(Format format, Options options) : format_(format), options_(options) {
    if (format == Format::mst) binary_.emplace();
}

void Printer::begin(std::string& out) const {
    if (binary_) BinaryEncoder::begin(out);
    if (format_ == Format::elle || format_ == Format::porcupine) out += '[';
}

void Printer::next_element(std::string& out) {
    out += first_ ? "\n" : ",\n";
    first_ = false;
}

void Printer::add(std::string& out, const Record& record) {
    switch (format_) {
        case Format::jsonl:
            out += to_line(record);
            out += '\n';
            return;
        case Format::mst:
            return binary_->add(out, record);
        case Format::edn:
            return append_edn(out, record);
        case Format::jepsen_log:
            return append_log(out, record, options_.log_lines);
        case Format::elle:
            next_element(out);
            out += to_line(record);
            return;
        case Format::porcupine:
            return add_porcupine(out, record);
    }
}

void Printer::add_porcupine(std::string& out, const Record& record) {
    const auto* client = std::get_if<std::int64_t>(&record.process);
    if (client == nullptr) {
        ++left_out_;
        return;
    }
    if (record.type == Type::invoke) {
        open_.insert_or_assign(*client, record);
        return;
    }
    const auto invoke = open_.find(*client);
    if (invoke == open_.end()) {
        ++left_out_;
        return;
    }
    if (record.type == Type::ok || record.type == Type::info) {
        next_element(out);
        out += dumped(porcupine_operation(invoke->second, record.type == Type::ok ? &record : nullptr));
    } else {
        left_out_ += 2;
    }
    open_.erase(invoke);
}

void Printer::end(std::string& out) {
    for (const auto& [client, invoke] : open_) {
        next_element(out);
        out += dumped(porcupine_operation(invoke, nullptr));
    }
    open_.clear();
    if (binary_) binary_->flush(out);
    if (format_ == Format::elle || format_ == Format::porcupine) out += first_ ? "]\n" : "\n]\n";
}

std::string print(Format format, const std::vector<Record>& records, Printer::Options options) {
    Printer printer(format, options);
    std::string out;
    printer.begin(out);
    for (const Record& record : records) printer.add(out, record);
    printer.end(out);
    return out;
}

}  // namespace mistrial::history::foreign
