#include "core/history/foreign/policy_export.hpp"
#include "core/history/foreign/printer.hpp"
#include "core/history/foreign/source.hpp"
#include "harness/cli/commands.hpp"
#include "harness/cli/refusal.hpp"
#include "reports/wording.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace mistrial::cli {
namespace {

using history::Format;
using history::foreign::Printer;

struct Options {
    std::filesystem::path in;
    std::filesystem::path out;
    std::string from;
    std::string to;
    std::string as;
    std::string delta;
};

/// A file that was not there before, and is gone again unless it was finished.
class NewFile {
  public:
    static Result<NewFile> create(const std::filesystem::path& path) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 && errno == EEXIST) return fail("{}: exists; convert writes over nothing", path.string());
        if (fd < 0) return fail("{}: cannot be created: {}", path.string(), std::strerror(errno));
        return NewFile(path, fd);
    }
    NewFile(NewFile&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile() {
        if (fd_ < 0) return;
        ::close(fd_);
        ::unlink(path_.c_str());
    }

    Result<> write(std::string_view text) {
        while (!text.empty()) {
            const ssize_t n = ::write(fd_, text.data(), text.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail("{}: cannot be written: {}", path_.string(), std::strerror(errno));
            text.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }
    Result<> finish() {
        if (::fsync(fd_) != 0 && errno != EINVAL)
            return fail("{}: cannot be synced: {}", path_.string(), std::strerror(errno));
        ::close(std::exchange(fd_, -1));
        return {};
    }

  private:
    NewFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
    std::filesystem::path path_;
    int fd_;
};

/// Prints as it goes.
class Output {
  public:
    Output(NewFile file, Format format, Printer::Options options) : file_(std::move(file)), printer_(format, options) {
        printer_.begin(text_);
    }

    Result<> add(const history::Record& record) {
        printer_.add(text_, record);
        ++records_;
        constexpr std::size_t kBlock = std::size_t{1} << 16;
        return text_.size() < kBlock ? Result<>() : flush();
    }
    Result<> finish() {
        printer_.end(text_);
        if (auto flushed = flush(); !flushed) return flushed;
        return file_.finish();
    }
    [[nodiscard]] std::uint64_t written() const { return records_ - printer_.left_out(); }
    [[nodiscard]] std::uint64_t left_out() const { return printer_.left_out(); }

  private:
    Result<> flush() {
        auto written = file_.write(text_);
        text_.clear();
        return written;
    }
    NewFile file_;
    Printer printer_;
    std::string text_;
    std::uint64_t records_ = 0;
};

Result<Format> target_of(const Options& options) {
    if (!options.to.empty()) return *history::format_named(options.to);
    if (const auto named = history::format_of_name(options.out)) return *named;
    if (options.out.extension() == ".json" && options.as == "list-append") return Format::elle;
    if (options.out.extension() == ".json" && options.as == "register") return Format::porcupine;
    return fail("{}: its name does not say which format it is to have; give --to {}", options.out.string(),
                fmt::join(history::format_names(), "|"));
}

/// The words of another checker need the whole history: what a publish came to is known only later.
Result<> export_policy(history::Source& source, const Options& options, Duration delta, Output& output) {
    std::vector<history::Record> records;
    while (true) {
        auto record = source.next();
        if (!record) return record.error();
        if (!*record) break;
        if (std::holds_alternative<history::Publish>((*record)->value) ||
            std::holds_alternative<history::Decide>((*record)->value))
            records.push_back(std::move(**record));
    }
    const auto exported = options.as == "register" ? history::foreign::register_history(records, delta)
                                                   : history::foreign::list_append(records);
    if (!exported) return with_context(options.in.string(), exported.error());
    for (const history::Record& record : *exported)
        if (auto added = output.add(record); !added) return added;
    return {};
}

Result<> copy(history::Source& source, Output& output) {
    while (true) {
        const auto record = source.next();
        if (!record) return record.error();
        if (!*record) return {};
        if (auto added = output.add(**record); !added) return added;
    }
}

Result<> convert(Options options) {
    Duration delta{};
    if (!options.delta.empty()) {
        if (options.as != "register")
            return fail("--delta: moves the decisions of a register history; give --as register with it");
        const auto parsed = parse_duration(options.delta);
        if (!parsed) return with_context("--delta", parsed.error());
        if (*parsed < Duration::zero())
            return fail("--delta: expected a duration, not negative, got {}", options.delta);
        delta = *parsed;
    }
    std::error_code ignored;
    if (!std::filesystem::exists(options.in, ignored))
        return fail("{}: no such file; expected a history or a run's folder", options.in.string());
    if (std::filesystem::is_directory(options.in, ignored)) options.in /= "history.jsonl";
    const auto to = target_of(options);
    if (!to) return to.error();
    const auto from =
        options.from.empty() ? history::guess_format(options.in) : Result<Format>(*history::format_named(options.from));
    if (!from) return from.error();
    auto file = NewFile::create(options.out);
    if (!file) return file.error();
    auto source = history::Source::open(options.in, *from);
    if (!source) return source.error();
    Output output(std::move(*file), *to, {.log_lines = options.out.extension() == ".log"});
    if (auto copied = options.as.empty() ? copy(*source, output) : export_policy(*source, options, delta, output);
        !copied)
        return copied;
    if (auto finished = output.finish(); !finished) return finished;
    if (source->torn())
        std::fprintf(stderr, "mistrial: %s: its last %s was torn and is left out\n", options.in.c_str(),
                     *from == Format::mst ? "frame" : "line");
    if (output.left_out() > 0)
        std::fprintf(stderr, "mistrial: %s records are no operation that %s can say, and are left out\n",
                     reports::with_thousands(static_cast<std::int64_t>(output.left_out())).c_str(),
                     std::string(to_text(*to)).c_str());
    std::printf("%s: %s records as %s\n", options.out.c_str(),
                reports::with_thousands(static_cast<std::int64_t>(output.written())).c_str(),
                std::string(to_text(*to)).c_str());
    return {};
}

}  // namespace

void add_convert(CLI::App& app, int& status) {
    auto options = std::make_shared<Options>();
    std::vector<std::string> names;
    for (const std::string_view name : history::format_names()) names.emplace_back(name);
    CLI::App* command =
        app.add_subcommand("convert", "write a history in another format, or in the words of another checker");
    command->add_option("in", options->in, "a history of any format, or a run's folder")->required();
    command->add_option("out", options->out, "the file to write; it must not exist")->required();
    command
        ->add_option("--from", options->from, "the format of IN; guessed from its name, else from what it begins with")
        ->check(CLI::IsMember(names));
    command->add_option("--to", options->to, "the format of OUT; told from its name (.jsonl, .mst, .edn, .txt or .log)")
        ->check(CLI::IsMember(names));
    command
        ->add_option(
            "--as", options->as,
            "list-append: publishing a bundle's k-th revision appends k, a decision under it reads 1 to k (for Elle); "
            "register: it writes k, the decision reads k (for Porcupine and Knossos)")
        ->check(CLI::IsMember({"list-append", "register"}));
    command->add_option("--delta", options->delta,
                        "of a register history: every decision is called so much earlier, so that it is linearizable "
                        "exactly when none is "
                        "stale by more");
    command->footer(
        "Examples:\n  mistrial convert store/latest history.edn\n  mistrial convert store/latest history.mst\n"
        "  mistrial convert store/latest elle.json --as list-append\n"
        "  mistrial convert store/latest ops.json --as register --delta 250ms\n  mistrial convert etcd_000.log "
        "history.jsonl");
    command->callback([options, &status] {
        const auto converted = convert(*options);
        status = converted ? kValid : refuse(converted.error());
    });
}

}  // namespace mistrial::cli
