#include "core/history/writer.hpp"

#include "core/utf8.hpp"

#include <fcntl.h>
#include <fmt/compile.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <concepts>
#include <cstring>

namespace mistrial::history {
namespace {

/// How many bytes gather before they are handed to the kernel.
constexpr std::size_t kBlock = std::size_t{64} * 1024;

void append_integer(std::string& out, std::integral auto number) {
    const fmt::format_int digits(number);
    out.append(digits.data(), digits.size());
}

/// Quoted and escaped. A byte that is not UTF-8 becomes U+FFFD: a history is JSON whatever an agent answered.
void append_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t plain = 0;  // start of the run that needs no escape
    std::size_t at = 0;
    const auto replace = [&](std::string_view with, std::size_t length) {
        out.append(text, plain, at - plain);
        out += with;
        at += length;
        plain = at;
    };
    while (at < text.size()) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') [[likely]] {
            ++at;
        } else if (c >= 0x80) {
            if (const auto length = utf8_sequence(text, at); length > 0)
                at += length;
            else
                replace(kReplacement, 1);
        } else {
            switch (c) {
                case '"':
                    replace("\\\"", 1);
                    break;
                case '\\':
                    replace("\\\\", 1);
                    break;
                case '\n':
                    replace("\\n", 1);
                    break;
                case '\r':
                    replace("\\r", 1);
                    break;
                case '\t':
                    replace("\\t", 1);
                    break;
                default: {
                    std::array<char, 6> escape{};
                    fmt::format_to(escape.data(), FMT_COMPILE("\\u{:04x}"), static_cast<unsigned>(c));
                    replace({escape.data(), escape.size()}, 1);
                }
            }
        }
    }
    out.append(text, plain, at - plain);
    out += '"';
}

void append_json(std::string& out, const Json& value) {
    switch (value.type()) {
        case Json::value_t::object: {
            char before = '{';
            for (auto member = value.begin(); member != value.end(); ++member) {
                out += before;
                before = ',';
                append_string(out, member.key());
                out += ':';
                append_json(out, *member);
            }
            out += before == '{' ? "{}" : "}";
            return;
        }
        case Json::value_t::array: {
            char before = '[';
            for (const Json& element : value) {
                out += before;
                before = ',';
                append_json(out, element);
            }
            out += before == '[' ? "[]" : "]";
            return;
        }
        case Json::value_t::string:
            append_string(out, value.get_ref<const std::string&>());
            return;
        case Json::value_t::number_integer:
            append_integer(out, value.get<std::int64_t>());
            return;
        case Json::value_t::number_unsigned:
            append_integer(out, value.get<std::uint64_t>());
            return;
        case Json::value_t::boolean:
            out += value.get<bool>() ? "true" : "false";
            return;
        default:
            out += value.dump();  // null, and floating point with the fewest digits that read back
    }
}

/// One JSON object, written as it goes. Members that are not there are left out.
class Object {
  public:
    explicit Object(std::string& out) : out_(out) { out_ += '{'; }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    ~Object() { out_ += '}'; }

    std::string& key(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        append_string(out_, name);
        out_ += ':';
        return out_;
    }
    template <class T>
    void member(std::string_view name, const T& value) {
        append(key(name), value);
    }
    template <class T>
    void member(std::string_view name, const std::optional<T>& value) {
        if (value) member(name, *value);
    }
    template <class T>
    void unless_empty(std::string_view name, const T& value) {
        if (!value.empty()) member(name, value);
    }
    /// Members kept from elsewhere; `taken` tells the names that this program writes itself.
    template <class Taken>
    void others(const Json& members, Taken taken) {
        if (!members.is_object()) return;
        for (auto other = members.begin(); other != members.end(); ++other)
            if (!taken(other.key())) append_json(key(other.key()), *other);
    }

  private:
    static void append(std::string& out, bool value) { out += value ? "true" : "false"; }
    static void append(std::string& out, const std::string& value) { append_string(out, value); }
    static void append(std::string& out, const char* value) { append_string(out, value); }
    static void append(std::string& out, const Json& value) { append_json(out, value); }
    static void append(std::string& out, std::int64_t value) { append_integer(out, value); }
    static void append(std::string& out, int value) { append_integer(out, value); }
    static void append(std::string& out, Duration value) { append_integer(out, value.count()); }
    template <class Clock>
    static void append(std::string& out, std::chrono::time_point<Clock> value) {
        append_integer(out, value.time_since_epoch().count());
    }
    template <class T>
    static void append(std::string& out, const std::vector<T>& values) {
        char before = '[';
        for (const T& value : values) {
            out += before;
            before = ',';
            append(out, value);
        }
        out += before == '[' ? "[]" : "]";
    }
    template <class T>
    static void append(std::string& out, const std::map<std::string, T>& values) {
        Object object(out);
        for (const auto& [name, value] : values) object.member(name, value);
    }
    static void append(std::string& out, const RunInfo::Agent& agent) {
        Object object(out);
        object.member("driver", agent.driver);
        object.member("version", agent.version);
        object.member("bundles", agent.bundles);
        object.member("persist", agent.persist);
    }
    static void append(std::string& out, const Excuse& excuse) {
        Object object(out);
        object.member("bundles", excuse.bundles);
        object.member("status", excuse.status);
        object.member("log", excuse.log);
        object.member("answers", excuse.answers);
    }
    static void append(std::string& out, const Skew& skew) {
        Object object(out);
        object.member("wall", std::vector<Duration>{skew.low, skew.high});
    }

    std::string& out_;
    bool first_ = true;
};

/// A verdict is canonical JSON already and goes in as it is.
void append_verdict(std::string& out, const Verdict& verdict) {
    MISTRIAL_INVARIANT(!verdict.empty(), "a verdict without text is not JSON");
    out += verdict;
}

void append_members(Object& object, const RunInfo& run) {
    object.member("format", run.format);
    object.member("wall_at_zero", run.wall_at_zero);
    object.member("wall_error", run.wall_error);
    object.member("concurrency", run.concurrency);
    object.member("agents", run.agents);
    object.member("atomic", run.atomic);
    object.member("inputs", run.inputs);
    object.member("claims", run.claims);
    object.member("settle", run.settle);
}

void append_members(Object& object, const Publish& publish) {
    object.member("bundle", publish.bundle);
    object.member("revision", publish.revision);
    object.member("digest", publish.digest);
    object.member("authority", publish.authority);
    object.member("content", publish.content);
}

void append_members(Object& object, const Decide& decide) {
    object.member("agent", decide.agent);
    object.unless_empty("path", decide.path);
    object.member("input", decide.input);
    object.member("input_id", decide.input_id);
    object.member("nonce", decide.nonce);
    object.member("at_least", decide.at_least);
    object.member("exactly", decide.exactly);
    object.member("timeout", decide.timeout);
    if (decide.answer) {
        if (const auto* verdict = std::get_if<Verdict>(&*decide.answer)) {
            append_verdict(object.key("verdict"), *verdict);
        } else if (const auto* refused = std::get_if<Refused>(&*decide.answer)) {
            Object answer(object.key("refused"));
            answer.member("status", refused->status);
            answer.member("code", refused->code);
        } else {
            object.member("undefined", true);
        }
    }
    object.unless_empty("revisions", decide.revisions);
    object.unless_empty("markers", decide.markers);
    object.member("agent_time", decide.agent_time);
    object.member("decision_id", decide.decision_id);
    object.member("incarnation", decide.incarnation);
}

void append_members(Object& object, const Health& health) {
    object.member("agent", health.agent);
    object.unless_empty("query", health.query);
    object.member("status", health.status);
    object.member("incarnation", health.incarnation);
}

void append_members(Object& object, const Status& status) {
    object.member("agent", status.agent);
    object.member("incarnation", status.incarnation);
    object.member("revisions", status.revisions);
    object.member("errors", status.errors);
}

void append_members(Object& object, const Log& log) {
    object.member("agent", log.agent);
    object.member("incarnation", log.incarnation);
    object.member("decision_id", log.decision_id);
    object.member("nonce", log.nonce);
    object.unless_empty("path", log.path);
    object.member("input_id", log.input_id);
    object.member("revisions", log.revisions);
    if (log.verdict) append_verdict(object.key("verdict"), *log.verdict);
    object.member("agent_time", log.agent_time);
    object.member("upload", log.upload);
}

void append_members(Object& object, const LogUpload& upload) {
    object.member("agent", upload.agent);
    object.member("incarnation", upload.incarnation);
    object.member("upload", upload.upload);
    object.member("began", upload.began);
    object.member("status", upload.status);
    object.member("events", upload.events);
    object.member("dropped", upload.dropped);
}

void append_members(Object& object, const Serve& serve) {
    object.member("server", serve.server);
    object.member("agent", serve.agent);
    object.member("bundle", serve.bundle);
    object.member("revision", serve.revision);
    object.member("digest", serve.digest);
    object.member("began", serve.began);
    object.member("status", serve.status);
    object.member("bytes", serve.bytes);
    object.member("complete", serve.complete);
}

void append_members(Object& object, const Boot& boot) {
    object.member("agent", boot.agent);
    object.member("incarnation", boot.incarnation);
    object.member("persisted", boot.persisted);
}

void append_members(Object& object, const Death& death) {
    object.member("agent", death.agent);
    object.member("incarnation", death.incarnation);
    object.member("how", death.how);
}

void append_members(Object& object, const ClockSample& sample) {
    if (!sample.agent.empty()) object.member("agent", sample.agent);
    object.member("wall_offset", std::vector<Duration>{sample.low, sample.high});
}

void append_members(Object& object, const Barrier& barrier) {
    object.member("revision", barrier.revision);
    object.member("agents", barrier.agents);
}

void append_members(Object& object, const Stall& stall) { object.member("began", stall.began); }

void append_members(Object& object, const Fault& fault) {
    object.member("fault", fault.fault);
    object.member("kind", fault.kind);
    object.member("target", fault.target);
    object.member("parameters", fault.parameters);
    object.member("excuses", fault.excuses);
    object.member("skews", fault.skews);
    object.member("evidence", fault.evidence);
}

bool is_record_key(std::string_view key) {
    constexpr std::array<std::string_view, 10> keys{"index", "time", "type",  "process", "f",
                                                    "value", "node", "error", "session", "sched"};
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void append_line(std::string& out, const Record& record) {
    Object line(out);
    append_integer(line.key("index"), record.index);
    line.member("time", record.time);
    append_string(line.key("type"), to_text(record.type));
    if (const auto* number = std::get_if<std::int64_t>(&record.process))
        line.member("process", *number);
    else
        line.member("process", std::get<std::string>(record.process));
    line.member("f", record.f);
    std::visit(
        [&]<class T>(const T& value) {
            if constexpr (std::is_same_v<T, Foreign>) {
                append_json(line.key("value"), value.value);
            } else {
                Object object(line.key("value"));
                append_members(object, value);
                object.others(record.value_extra, [](std::string_view) { return false; });
            }
        },
        record.value);
    line.member("node", record.node);
    line.member("error", record.error);
    line.member("session", record.session);
    line.member("sched", record.sched);
    line.others(record.extra, is_record_key);
}

}  // namespace

std::string to_line(const Record& record) {
    std::string out;
    out.reserve(512);
    append_line(out, record);
    return out;
}

struct Writer::State {
    std::string name;
    int fd = -1;
    std::uint64_t next_index = 0;
    std::string pending;  ///< whole lines, or the rest of one that the kernel took in part

    ~State() {
        if (fd < 0) return;
        (void)hand_over();
        ::close(fd);
    }

    Result<> hand_over() {
        std::size_t done = 0;
        while (done < pending.size()) {
            const ssize_t n = ::write(fd, pending.data() + done, pending.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) {
                const int error = errno;
                pending.erase(0, done);
                return fail("{}: cannot be written: {}", name, std::strerror(error));
            }
            done += static_cast<std::size_t>(n);
        }
        pending.clear();
        return {};
    }
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::create(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST) return fail("{}: exists; a history is never written over", file.string());
    if (fd < 0) return fail("{}: cannot be created: {}", file.string(), std::strerror(errno));
    auto state = std::make_unique<State>();
    state->name = file.string();
    state->fd = fd;
    state->pending.reserve(2 * kBlock);
    return Writer(std::move(state));
}

Result<Record> Writer::append(Record record) {
    if (state_->fd < 0) return fail("{}: is closed", state_->name);
    record.index = state_->next_index++;
    append_line(state_->pending, record);
    state_->pending += '\n';
    if (state_->pending.size() >= kBlock)
        if (auto written = state_->hand_over(); !written) return written.error();
    return record;
}

Result<> Writer::flush() {
    if (state_->fd < 0) return fail("{}: is closed", state_->name);
    return state_->hand_over();
}

Result<> Writer::close() {
    if (auto flushed = flush(); !flushed) return flushed;
    const int synced = ::fsync(state_->fd);
    const int error = errno;
    ::close(std::exchange(state_->fd, -1));
    if (synced != 0) return fail("{}: cannot be synced: {}", state_->name, std::strerror(error));
    return {};
}

}  // namespace mistrial::history
