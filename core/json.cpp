#include "core/json.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

namespace mistrial {
namespace {

void append_canonical(const Json& value, std::string& out) {
    switch (value.type()) {
        case Json::value_t::object: {
            out += '{';
            bool first = true;
            for (const auto& [key, member] : value.items()) {
                if (!first) out += ',';
                first = false;
                out += Json(key).dump();
                out += ':';
                append_canonical(member, out);
            }
            out += '}';
            return;
        }
        case Json::value_t::array: {
            out += '[';
            for (std::size_t i = 0; i < value.size(); ++i) {
                if (i > 0) out += ',';
                append_canonical(value[i], out);
            }
            out += ']';
            return;
        }
        case Json::value_t::number_float: {
            const double number = value.get<double>();
            // 2^53: beyond it a double no longer names one integer.
            if (std::trunc(number) == number && std::abs(number) < 9007199254740992.0) {
                out += fmt::format("{}", static_cast<std::int64_t>(number));
                return;
            }
            out += value.dump();
            return;
        }
        default: out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
}

std::string position(std::string_view text, std::size_t byte) {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < text.size() && i + 1 < byte; ++i) {
        if (text[i] == '\n') {
            ++line;
            column = 1;
        } else {
            ++column;
        }
    }
    return fmt::format("{}:{}", line, column);
}

}  // namespace

std::string canonical(const Json& value) {
    std::string out;
    append_canonical(value, out);
    return out;
}

Result<std::string> canonical_text(std::string_view text) {
    auto value = parse_json(text, "value");
    if (!value) return value.error();
    return canonical(*value);
}

Result<Json> parse_json(std::string_view text, std::string_view where, bool comments) {
    try {
        return Json::parse(text, nullptr, true, comments);
    } catch (const Json::parse_error& error) {
        const std::string_view message = error.what();
        const auto colon = message.rfind("; ");
        return fail("{}:{}: not JSON: {}", where, position(text, error.byte),
                    colon == std::string_view::npos ? message : message.substr(colon + 2));
    }
}

namespace {

std::string on_one_line(const OrderedJson& value) {
    if (value.empty() || !value.is_structured()) return value.dump();
    std::string text;
    for (const auto& [key, member] : value.items()) {
        text += text.empty() ? "" : ", ";
        if (value.is_object()) text += OrderedJson(key).dump() + ": ";
        text += on_one_line(member);
    }
    return value.is_object() ? "{ " + text + " }" : "[" + text + "]";
}

void write_pretty(const OrderedJson& value, std::size_t width, std::size_t indent, std::size_t taken, std::string& out) {
    std::string line = on_one_line(value);
    if (value.empty() || !value.is_structured() || indent + taken + line.size() <= width) {
        out += line;
        return;
    }
    out += value.is_object() ? "{\n" : "[\n";
    bool first = true;
    for (const auto& [key, member] : value.items()) {
        if (!std::exchange(first, false)) out += ",\n";
        out.append(indent + 2, ' ');
        const std::string name = value.is_object() ? OrderedJson(key).dump() + ": " : "";
        out += name;
        write_pretty(member, width, indent + 2, name.size() + 1, out);
    }
    out += '\n';
    out.append(indent, ' ');
    out += value.is_object() ? '}' : ']';
}

}  // namespace

std::string pretty(const OrderedJson& value, std::size_t width) {
    std::string text;
    write_pretty(value, width, 0, 0, text);
    return text + "\n";
}

Result<Json> read_json(const std::filesystem::path& file, bool comments) {
    auto text = read_file(file);
    if (!text) return text.error();
    return parse_json(*text, file.string(), comments);
}

Result<std::string> read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file))
        return fail("{}: cannot be read: {}", file.string(),
                    in ? "it is a directory" : std::strerror(errno != 0 ? errno : EIO));
    std::ostringstream text;
    text << in.rdbuf();
    if (in.bad()) return fail("{}: reading stopped: {}", file.string(), std::strerror(errno));
    return std::move(text).str();
}

Result<> replace_file(const std::filesystem::path& file, std::string_view text) {
    const std::string beside = file.string() + ".new";
    const auto refuse = [&](const char* what) {
        const int error = errno;
        ::unlink(beside.c_str());
        return fail("{}: {}: {}", file.string(), what, std::strerror(error));
    };
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return refuse("cannot be written");
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            const int error = errno;
            ::close(fd);
            errno = error;
            return refuse("cannot be written");
        }
        done += static_cast<std::size_t>(n);
    }
    if (::fsync(fd) != 0) {
        const int error = errno;
        ::close(fd);
        errno = error;
        return refuse("cannot be synced");
    }
    ::close(fd);
    if (::rename(beside.c_str(), file.c_str()) != 0) return refuse("cannot be renamed");
    return {};
}

}  // namespace mistrial
