#include "core/net/endpoint.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::net {
namespace {

TEST(Endpoint, ReadsAddressAndPort) {
    EXPECT_EQ(parse_endpoint("127.0.0.2:8181").value(), (Endpoint{"127.0.0.2", 8181}));
    EXPECT_EQ(parse_endpoint("[::1]:80").value(), (Endpoint{"::1", 80}));
}

TEST(Endpoint, LocalhostIsTheLoopbackAddress) {
    EXPECT_EQ(parse_endpoint("localhost:1").value(), (Endpoint{"127.0.0.1", 1}));
}

TEST(Endpoint, RefusesWhatIsNotAnAddressAndAPort) {
    for (const auto* text : {"", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:65536", "127.0.0.1:-1",
                             "127.0.0.1:80x", "example.org:80", "::1:80", "[127.0.0.1]:80", "256.0.0.1:1"}) {
        const auto read = parse_endpoint(text);
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().message.find("expected ADDRESS:PORT"), std::string::npos);
    }
}

RC_GTEST_PROP(Endpoint, WhatIsPrintedIsReadBack, (std::uint16_t port, bool v6)) {
    const Endpoint endpoint{v6 ? "::1" : "127.0.0.1", port};
    RC_ASSERT(parse_endpoint(to_string(endpoint)).value() == endpoint);
}

}  // namespace
}  // namespace mistrial::net
