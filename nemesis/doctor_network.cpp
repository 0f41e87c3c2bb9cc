#include "nemesis/doctor_probes.hpp"
#include "nemesis/process/file_descriptor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>

namespace mistrial::nemesis::probes {
namespace {

constexpr int drop_patience_ms =
    250;  // a connect on loopback takes microseconds; a dropped one is retried after 1 s

std::string errno_text(std::string_view what, int error = errno) {
    return fmt::format("{}: {}", what, ::strerror(error));
}

FileDescriptor stream_socket() {
    return FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

struct Listener {
    FileDescriptor fd;
    sockaddr_in address{};
};

/// `port` in network order; 0 is one of the kernel's choice.
Listener listen_on_loopback(int backlog, in_port_t port = 0) {
    Listener listener{stream_socket(), {}};
    listener.address.sin_port = port;
    listener.address.sin_family = AF_INET;
    listener.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof listener.address;
    auto* const address = reinterpret_cast<sockaddr*>(&listener.address);
    if (::bind(listener.fd.get(), address, size) != 0 || ::listen(listener.fd.get(), backlog) != 0 ||
        ::getsockname(listener.fd.get(), address, &size) != 0)
        listener.fd.reset();
    return listener;
}

/// What became of a connect: 0 when made, an errno, or ETIMEDOUT when nothing came within `patience`.
int try_connect(const FileDescriptor& socket, const sockaddr_in& address, int patience_ms) {
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd watched{socket.get(), POLLOUT, 0};
    int ready = 0;
    do {
        ready = ::poll(&watched, 1, patience_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

/// Tries `attempt` in a child of ours, which then ends: namespaces that it enters go with it. `attempt`
/// returns 0 or an errno and may not allocate.
Outcome in_child(int (*attempt)(), std::string detail) {
    const pid_t pid = ::fork();
    if (pid < 0) return {false, errno_text("fork")};
    if (pid == 0) ::_exit(attempt());
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status))
        return {false, fmt::format("the child was killed by signal {}", WTERMSIG(status))};
    if (WEXITSTATUS(status) != 0) return {false, ::strerror(WEXITSTATUS(status))};
    return {true, std::move(detail)};
}

int enter_network_namespace() {
    // Root needs no user namespace, and some containers give root no new ones.
    if (::geteuid() == 0 && ::unshare(CLONE_NEWNET) == 0) return 0;
    return ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : errno;
}

/// Sends one netlink request and returns 0, or the errno of the kernel's answer.
int ask_netlink(int protocol, const void* request, std::size_t size) {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) return errno;
    alignas(nlmsghdr) char answer[4096];
    int result = 0;
    if (::send(fd, request, size, 0) < 0) result = errno;
    const auto got = result == 0 ? ::recv(fd, answer, sizeof answer, 0) : 0;
    if (got < 0) result = errno;
    if (got >= static_cast<ssize_t>(NLMSG_LENGTH(sizeof(int)))) {
        const auto* const header = reinterpret_cast<const nlmsghdr*>(answer);
        if (header->nlmsg_type == NLMSG_ERROR)
            result = -reinterpret_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
    }
    ::close(fd);
    return result;
}

int try_nftables() {
    if (const int error = enter_network_namespace(); error != 0) return error;
    struct {
        nlmsghdr header;
        nfgenmsg message;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    return ask_netlink(NETLINK_NETFILTER, &request, sizeof request);
}

int try_netem() {
    if (const int error = enter_network_namespace(); error != 0) return error;
    struct {
        nlmsghdr header;
        tcmsg message;
        rtattr kind;
        char name[8];
        rtattr options;
        tc_netem_qopt values;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_NEWQDISC;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    request.message.tcm_family = AF_UNSPEC;
    request.message.tcm_ifindex = 1;  // lo of the new namespace
    request.message.tcm_parent = TC_H_ROOT;
    request.kind = {static_cast<unsigned short>(RTA_LENGTH(6)), TCA_KIND};
    ::strcpy(request.name, "netem");
    request.options = {static_cast<unsigned short>(RTA_LENGTH(sizeof request.values)), TCA_OPTIONS};
    request.values.limit = 1000;
    return ask_netlink(NETLINK_ROUTE, &request, sizeof request);
}

}  // namespace

Outcome loopback() {
    const auto listener = listen_on_loopback(16);
    if (!listener.fd) return {false, errno_text("listen on 127.0.0.1")};
    const auto client = stream_socket();
    const int error = try_connect(client, listener.address, 2000);
    if (error != 0) return {false, errno_text("connect to 127.0.0.1", error)};
    return {true, "127.0.0.1 listens and connects"};
}

Outcome tcp_refuse() {
    // A listener that is shut keeps its port only when it was bound to it by number.
    const auto port = listen_on_loopback(16).address.sin_port;
    const auto listener = listen_on_loopback(16, port);
    if (!listener.fd) return {false, errno_text("listen on 127.0.0.1")};
    if (::shutdown(listener.fd.get(), SHUT_RD) != 0) return {false, errno_text("shutdown of a listener")};
    const auto refused = stream_socket();
    const int error = try_connect(refused, listener.address, 2000);
    if (error != ECONNREFUSED) return {false, errno_text("a shut listener answered", error)};
    if (::listen(listener.fd.get(), 16) != 0) return {false, errno_text("listen again")};
    const auto healed = stream_socket();
    const int after = try_connect(healed, listener.address, 2000);
    if (after != 0) return {false, errno_text("a listener opened again answered", after)};
    return {true, "a listener shut for reading refuses, and accepts again after listen"};
}

Outcome tcp_black_hole() {
    const auto listener = listen_on_loopback(0);
    if (!listener.fd) return {false, errno_text("listen on 127.0.0.1")};
    const auto filler = stream_socket();
    if (const int error = try_connect(filler, listener.address, 2000); error != 0)
        return {false, errno_text("the filler's connect", error)};
    const auto victim = stream_socket();
    const int error = try_connect(victim, listener.address, drop_patience_ms);
    if (error != ETIMEDOUT)
        return {false, error == 0 ? "a connect behind a full queue was answered"
                                  : errno_text("a connect behind a full queue", error)};
    return {true, "connects behind a full queue get no answer"};
}

Outcome user_namespace() {
    return in_child([] { return ::unshare(CLONE_NEWUSER) == 0 ? 0 : errno; }, "can be made");
}

Outcome network_namespace() { return in_child(enter_network_namespace, "can be made"); }

Outcome nftables() { return in_child(try_nftables, "answers in a network namespace of our own"); }

Outcome netem() {
    auto outcome = in_child(try_netem, "can be set in a network namespace of our own");
    if (!outcome.ok && outcome.detail == ::strerror(ENOENT)) outcome.detail = "this kernel has no netem";
    return outcome;
}

Outcome cgroup() {
    constexpr long cgroup2_magic = 0x63677270;
    struct statfs status {};
    if (::statfs("/sys/fs/cgroup", &status) != 0) return {false, errno_text("/sys/fs/cgroup")};
    if (status.f_type != cgroup2_magic) return {false, "/sys/fs/cgroup is not cgroup v2"};
    std::ifstream file("/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line) && !line.starts_with("0::")) {
    }
    if (!line.starts_with("0::")) return {false, "this process is in no group of cgroup v2"};
    const auto path = "/sys/fs/cgroup" + line.substr(3);
    if (::access(path.c_str(), W_OK) != 0) return {false, errno_text(path)};
    return {true, path};
}

}  // namespace mistrial::nemesis::probes
