#include "harness/live/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace mistrial::live {
namespace {

constexpr std::uint16_t kLowest = 15000;

std::uint16_t first_ephemeral_port() {
    std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
    int low = 32768;
    range >> low;
    return static_cast<std::uint16_t>(std::clamp(low, kLowest + 1000, 65535));
}

bool is_free(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0;
    ::close(fd);
    return free;
}

}  // namespace

PortAllocator::PortAllocator() : low_(kLowest), high_(first_ephemeral_port()) {
    const auto span = static_cast<std::uint16_t>(high_ - low_);
    next_ = static_cast<std::uint16_t>(low_ + (static_cast<std::uint32_t>(::getpid()) * 61U) % span);
    left_ = span;
}

Result<std::uint16_t> PortAllocator::take() {
    while (left_ > 0) {
        --left_;
        const std::uint16_t port = next_;
        next_ = static_cast<std::uint16_t>(next_ + 1 == high_ ? low_ : next_ + 1);
        if (is_free(port)) return port;
    }
    return fail("no free loopback port between {} and {}", low_, high_);
}

}  // namespace mistrial::live
