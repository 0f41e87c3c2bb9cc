#include "nemesis/doctor.hpp"

#include "nemesis/doctor_probes.hpp"

#include <algorithm>
#include <array>

namespace mistrial::nemesis {
namespace {

struct Entry {
    std::string_view name;
    probes::Outcome (*run)();
    std::string_view enables;
    std::string_view how_to_get;
};

constexpr std::string_view own_network = "partitions, loss and delay below TCP, in namespaces of our own";

constexpr std::array entries{
    Entry{"pidfd", probes::pidfd, "starting and stopping agents", "Linux 5.4 or later"},
    Entry{"ledger", probes::ledger, "`mistrial clean` after a killed run",
          "a state directory that can be written: set XDG_STATE_HOME"},
    Entry{"loopback", probes::loopback, "every port and proxy of a run",
          "a loopback interface that is up: ip link set lo up"},
    Entry{"tcp-refuse", probes::tcp_refuse, "partitions of mode refuse",
          "Linux; a sandboxed TCP stack (gVisor) will not do"},
    Entry{"tcp-black-hole", probes::tcp_black_hole, "partitions of mode black-hole",
          "Linux; a sandboxed TCP stack (gVisor) will not do"},
    Entry{"exec-stop", probes::exec_stop, "clock faults of one process",
          "ptrace of own children: kernel.yama.ptrace_scope at most 2 (as root) or 1, and a seccomp profile "
          "that allows "
          "ptrace (docker run --cap-add SYS_PTRACE)"},
    Entry{"code-write", probes::code_write, "clock faults of one process", "Linux; gVisor will not do"},
    Entry{"vdso-layout", probes::vdso_layout, "clock faults of one process",
          "Linux on x86-64 with its vDSO (no vdso=0)"},
    Entry{"vdso-clock", probes::vdso_clock, "clock faults of one process",
          "what exec-stop, code-write and vdso-layout ask for"},
    Entry{"real-time", probes::real_time, "an exact load: decisions sent within 0.2 ms of their time",
          "ulimit -r 10, or CAP_SYS_NICE (setcap cap_sys_nice+ep mistrial), or root; without it the load is "
          "within 3 ms"},
    Entry{"time-slice", probes::time_slice, "a steadier load where real-time is not allowed",
          "Linux 6.12 or later"},
    Entry{"opa", probes::opa, "agents of driver opa", "scripts/opa 1.19.1, or OPA_BINARY=PATH"},
    Entry{"user-namespace", probes::user_namespace, own_network,
          "root, or sysctl kernel.unprivileged_userns_clone=1 and "
          "kernel.apparmor_restrict_unprivileged_userns=0"},
    Entry{"network-namespace", probes::network_namespace, own_network,
          "as user-namespace, and a kernel with CONFIG_NET_NS"},
    Entry{"nftables", probes::nftables, own_network,
          "as network-namespace, and a kernel with CONFIG_NF_TABLES"},
    Entry{"netem", probes::netem, "delay and jitter by the kernel (the proxy has its own)",
          "as network-namespace, and a kernel with CONFIG_NET_SCH_NETEM"},
    Entry{"cgroup", probes::cgroup, "limits of CPU and memory on an agent",
          "cgroup v2 at /sys/fs/cgroup, with a group of ours that can be written (root, or systemd-run "
          "--user --scope -p "
          "Delegate=yes)"},
};

Probe examine(const Entry& entry) {
    const auto outcome = entry.run();
    return {std::string(entry.name), outcome.ok, outcome.detail, std::string(entry.enables),
            std::string(outcome.ok ? "" : entry.how_to_get)};
}

}  // namespace

std::vector<std::string_view> probe_names() {
    std::vector<std::string_view> names;
    for (const auto& entry : entries) names.push_back(entry.name);
    return names;
}

Result<Probe> run_probe(std::string_view name) {
    const auto* const entry =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
    if (entry == entries.end())
        return fail("there is no probe \"{}\": {}", name, fmt::join(probe_names(), ", "));
    return examine(*entry);
}

std::vector<Probe> examine_machine() {
    std::vector<Probe> all;
    for (const auto& entry : entries) all.push_back(examine(entry));
    return all;
}

std::vector<Probe> missing(const std::vector<std::string>& needs) {
    std::vector<Probe> result;
    for (const auto& need : needs) {
        auto probe = run_probe(need);
        if (!probe) probe = Probe{need, false, probe.error().message, "", "a newer mistrial"};
        if (!probe->ok) result.push_back(std::move(*probe));
    }
    return result;
}

}  // namespace mistrial::nemesis
