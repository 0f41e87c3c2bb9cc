#include "checkers/testing/references.hpp"

#include "checkers/operations.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <regex>

#include <unistd.h>

namespace mistrial::checkers::testing {

namespace {

Result<std::string> output_of(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return fail("cannot run {}", command);
    std::string output;
    std::array<char, 65'536> block{};
    for (std::size_t n = 0; (n = std::fread(block.data(), 1, block.size(), pipe)) > 0;) output.append(block.data(), n);
    if (const int status = ::pclose(pipe); status != 0) return fail("{} ended with status {}", command, status);
    return output;
}

history::Record record_of(std::int64_t line, const std::string& process, const std::string& type, const std::string& f, Json value) {
    history::Record record;
    record.index = static_cast<std::uint64_t>(line);
    record.time = at_nanos<TrueTime>(line);
    record.process = std::stoll(process);
    record.type = type == "invoke" ? history::Type::invoke
                  : type == "ok"   ? history::Type::ok
                  : type == "fail" ? history::Type::fail
                                   : history::Type::info;
    record.f = f;
    record.value = history::Foreign{std::move(value)};
    return record;
}

template <class Line>
Result<std::vector<history::Record>> read_lines(const std::filesystem::path& file, const Line& read) {
    std::ifstream lines(file);
    if (!lines) return fail("{}: cannot be read", file.string());
    std::vector<history::Record> records;
    std::int64_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        if (auto record = read(line, number)) {
            records.push_back(std::move(*record));
            ++number;
        }
    }
    return records;
}

}  // namespace

Result<std::filesystem::path> references(const std::filesystem::path& source_dir) {
    auto output = output_of((source_dir / "scripts/references").string());
    if (!output) return output.error();
    while (!output->empty() && output->back() == '\n') output->pop_back();
    return std::filesystem::path(*output);
}

std::vector<int> etcd_logs() {
    std::vector<int> numbers;
    for (int number = 0; number <= 102; ++number) {
        if (number != 95) numbers.push_back(number);
    }
    return numbers;
}

const std::vector<int>& linearizable_etcd_logs() {
    static const std::vector<int> numbers{2,  5,  7,  18, 25, 31, 38, 45, 48,  49,  51, 53,
                                          56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102};
    return numbers;
}

Result<std::vector<history::Record>> read_etcd_log(const std::filesystem::path& references, int number) {
    static const std::regex form(R"re(INFO\s+jepsen\.util\s+-\s+(\d+)\s+:(\w+)\s+:(\w+)\s+(.*?)\s*)re");
    return read_lines(references / fmt::format("data/jepsen/etcd_{:03}.log", number),
                      [&](const std::string& line, std::int64_t at) -> std::optional<history::Record> {
                          std::smatch parts;
                          if (!std::regex_match(line, parts, form)) return std::nullopt;
                          std::string value = parts[4];
                          std::replace(value.begin(), value.end(), ' ', ',');
                          if (value == "nil") value = "null";
                          if (value.starts_with(':')) value = '"' + value + '"';
                          return record_of(at, parts[1], parts[2], parts[3], Json::parse(value));
                      });
}

Result<std::vector<history::Record>> read_store_log(const std::filesystem::path& references, const std::string& name) {
    static const std::regex form(R"re(\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (nil|".*")\})re");
    return read_lines(references / ("data/kv/" + name + ".txt"),
                      [&](const std::string& line, std::int64_t at) -> std::optional<history::Record> {
                          std::smatch parts;
                          if (!std::regex_match(line, parts, form)) return std::nullopt;
                          const std::string value = parts[5];
                          return record_of(at, parts[1], parts[2], parts[3],
                                           Json::array({std::string(parts[4]), value == "nil" ? Json() : Json::parse(value)}));
                      });
}

Result<linearizability::Collection::Gathered> gather(linearizability::Collection& collection,
                                                     const std::vector<history::Record>& records, const std::string& model) {
    Operations operations;
    for (const history::Record& record : records) {
        if (!linearizability::is_call(record)) continue;
        if (record.type == history::Type::invoke) {
            if (const auto begun = operations.invoke(record); !begun) return begun.error();
            collection.begins(record);
        } else {
            const auto begin = operations.complete(record);
            if (!begin) return begin.error();
            collection.ends(record, begin->inv, begin->invoke_index);
        }
    }
    return collection.gather(model);
}

Result<std::vector<Opinion>> ask_porcupine(const std::filesystem::path& references, const std::vector<std::string>& lines) {
    std::string name = (std::filesystem::temp_directory_path() / "mistrial-porcupine-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) return fail("{}: cannot be made", name);
    ::close(descriptor);
    {
        std::ofstream file(name, std::ios::binary);
        for (const std::string& line : lines) file << line;
    }
    const auto output = output_of(fmt::format("'{}' <'{}'", (references / "porcupine").string(), name));
    std::filesystem::remove(name);
    if (!output) return output.error();
    std::vector<Opinion> opinions;
    std::istringstream answers(*output);
    for (std::string line; std::getline(answers, line);) {
        const Json answer = Json::parse(line);
        opinions.push_back({answer["verdict"], Duration{answer["ns"].get<std::int64_t>()}});
    }
    if (opinions.size() != lines.size()) return fail("porcupine answered {} of {} histories", opinions.size(), lines.size());
    return opinions;
}

}  // namespace mistrial::checkers::testing
