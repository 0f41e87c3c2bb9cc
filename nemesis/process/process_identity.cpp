#include "nemesis/process/process_identity.hpp"

#include <charconv>
#include <string_view>

namespace mistrial::nemesis {
namespace {

struct Stat {
    char state;
    std::uint64_t start_ticks;
};

/// Fields 3 and 22 of /proc/PID/stat. The second field is the program's name in parentheses and may itself
/// hold spaces and parentheses: counting starts after the last one.
Result<Stat> read_stat(pid_t pid) {
    const auto text = read_file(fmt::format("/proc/{}/stat", pid));
    if (!text) return fail("no process {}", pid);
    const auto close = text->rfind(')');
    if (close == std::string::npos || close + 2 >= text->size())
        return fail("/proc/{}/stat: not understood", pid);
    std::string_view rest = std::string_view{*text}.substr(close + 2);
    const char state = rest.front();
    for (int field = 3; field < 22; ++field) {
        const auto space = rest.find(' ');
        if (space == std::string_view::npos) return fail("/proc/{}/stat: fewer than 22 fields", pid);
        rest.remove_prefix(space + 1);
    }
    std::uint64_t ticks = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), ticks).ec != std::errc{})
        return fail("/proc/{}/stat: field 22 is no number", pid);
    return Stat{state, ticks};
}

Result<std::string> boot_id() {
    auto text = read_file("/proc/sys/kernel/random/boot_id");
    if (!text) return text.error();
    while (!text->empty() && text->back() == '\n') text->pop_back();
    return *text;
}

}  // namespace

Result<ProcessIdentity> identify(pid_t pid) {
    const auto stat = read_stat(pid);
    if (!stat) return stat.error();
    auto boot = boot_id();
    if (!boot) return boot.error();
    return ProcessIdentity{std::move(*boot), pid, stat->start_ticks};
}

bool is_alive(const ProcessIdentity& identity) {
    const auto now = identify(identity.pid);
    if (!now || *now != identity) return false;
    const auto state = process_state(identity.pid);
    return state && *state != 'Z' && *state != 'X';
}

Result<char> process_state(pid_t pid) {
    const auto stat = read_stat(pid);
    if (!stat) return stat.error();
    return stat->state;
}

Json to_json(const ProcessIdentity& identity) {
    return {{"boot", identity.boot_id}, {"pid", identity.pid}, {"start", identity.start_ticks}};
}

Result<ProcessIdentity> identity_from_json(const Json& json) {
    if (!json.is_object()) return fail("expected a process: an object with boot, pid and start");
    const auto boot = json.find("boot");
    const auto pid = json.find("pid");
    const auto start = json.find("start");
    if (boot == json.end() || !boot->is_string() || pid == json.end() || !pid->is_number_integer() ||
        start == json.end() || !start->is_number_unsigned())
        return fail("expected a process: boot (text), pid and start (numbers)");
    return ProcessIdentity{boot->get<std::string>(), pid->get<pid_t>(), start->get<std::uint64_t>()};
}

}  // namespace mistrial::nemesis
