#include "harness/cli/progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace mistrial::cli {

using namespace std::chrono_literals;

namespace {

/// "r57", or "d12+r57" of two bundles, from what is keyed BUNDLE or BUNDLE/ROOT.
std::string one_of_each_bundle(const std::map<std::string, std::string>& shown) {
    std::string text, last;
    for (const auto& [key, revision] : shown) {
        const std::string bundle = key.substr(0, key.find('/'));
        if (!text.empty() && bundle == last) continue;
        text += (text.empty() ? "" : "+") + revision;
        last = bundle;
    }
    return text;
}

}  // namespace

Progress::Progress(Duration duration, bool quiet)
    : duration_(duration), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (!quiet_ && terminal_) std::fputs("\r\x1b[K", stderr);
}

void Progress::on(const history::Record& record) {
    if (quiet_) return;
    if (const auto* decide = std::get_if<history::Decide>(&record.value); decide != nullptr && record.type == history::Type::ok) {
        ++decisions_;
        if (!decide->markers.empty())
            revisions_[decide->agent] = one_of_each_bundle(decide->markers);
        else if (!decide->revisions.empty())
            revisions_[decide->agent] = one_of_each_bundle(decide->revisions);
    } else if (const auto* fault = std::get_if<history::Fault>(&record.value)) {
        const std::string name = fault->kind + " " + (fault->target.empty() ? fault->fault : fmt::format("{}", fmt::join(fault->target, ",")));
        if (record.f == fault->kind)
            faults_.insert(name);
        else if (fault->evidence)
            faults_.erase(name);
    } else if (const auto* death = std::get_if<history::Death>(&record.value)) {
        revisions_[death->agent] = "down";
    }
    if (record.time - drawn_ >= (terminal_ ? Duration(500ms) : Duration(5s))) draw(record.time);
}

void Progress::draw(TrueTime now) {
    const double seconds = std::chrono::duration<double>(now - drawn_).count();
    const double rate = seconds > 0 ? static_cast<double>(decisions_ - decisions_drawn_) / seconds : 0;
    drawn_ = now;
    decisions_drawn_ = decisions_;
    std::string line = fmt::format("{:>6.1f} s of {}  {:>6.0f} decisions/s ",
                                   std::chrono::duration<double>(now.time_since_epoch()).count(), format_duration(duration_), rate);
    for (const auto& [agent, revision] : revisions_) line += fmt::format(" {}:{}", agent, revision);
    if (!faults_.empty()) line += fmt::format("  [{}]", fmt::join(faults_, "; "));
    if (terminal_)
        std::fprintf(stderr, "\r%.200s\x1b[K", line.c_str());
    else
        std::fprintf(stderr, "%s\n", line.c_str());
    std::fflush(stderr);
}

}  // namespace mistrial::cli
