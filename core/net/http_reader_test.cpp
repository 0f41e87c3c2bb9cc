#include "core/net/http_reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::net {
namespace {

struct Reading {
    HttpResponse response;
    bool complete = false;
    ErrorCode error;
};

/// Reads `text` cut into pieces of the given sizes (at least one byte each; the last size repeats).
Reading read_in_pieces(std::string_view text, const std::vector<std::uint8_t>& sizes) {
    Reading reading;
    MessageParser<false> parser(reading.response);
    ReadBuffer buffer(16);  // smaller than any header, so that it must grow and move
    for (std::size_t i = 0; !text.empty() && !reading.complete && !reading.error; ++i) {
        const std::size_t asked =
            sizes.empty() ? text.size() : sizes[std::min(i, sizes.size() - 1)] + std::size_t{1};
        const auto room = buffer.room();
        const std::size_t size = std::min({asked, text.size(), room.size()});
        std::memcpy(room.data(), text.data(), size);
        buffer.filled(size);
        text.remove_prefix(size);
        reading.complete = buffer.parse(parser, reading.error);
    }
    return reading;
}

RC_GTEST_PROP(HttpReader, AResponseIsTheSameHoweverItIsCutIntoPieces,
              (const std::string& body, bool chunked, const std::vector<std::uint8_t>& sizes)) {
    std::string text = "HTTP/1.1 200 OK\r\nETag: \"0123456789abcdef\"\r\n";
    if (chunked) {
        text += "Transfer-Encoding: chunked\r\n\r\n";
        for (std::size_t i = 0; i < body.size(); i += 3) {
            const auto part = std::string_view(body).substr(i, 3);
            text += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
        }
        text += "0\r\n\r\n";
    } else {
        text += fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
    }
    const auto reading = read_in_pieces(text, sizes);
    RC_ASSERT(reading.complete);
    RC_ASSERT(reading.response.status == 200);
    RC_ASSERT(reading.response.headers.find("etag") == "\"0123456789abcdef\"");
    RC_ASSERT(reading.response.body == body);
}

RC_GTEST_PROP(HttpReader, AResponseThatIsCutShortIsNeverComplete,
              (const std::string& body, const std::vector<std::uint8_t>& sizes)) {
    const std::string text =
        fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
    const auto kept = *rc::gen::inRange<std::size_t>(0, text.size());
    RC_ASSERT(!read_in_pieces(text.substr(0, kept), sizes).complete);
}

TEST(HttpReader, AnEmptyChunkedBodyMayComeByteByByte) {
    const auto reading =
        read_in_pieces("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {0});
    EXPECT_TRUE(reading.complete);
    EXPECT_EQ(reading.response.body, "");
}

RC_GTEST_PROP(HttpReader, NoBytesWhateverBreakIt, (const std::vector<std::uint8_t>& sizes)) {
    const auto piece = rc::gen::element<std::string>(
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 304 \r\n", "HTTP/1.0 200 OK\r\n", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\n", "Connection: close\r\n", "\r\n", "0\r\n", "3\r\nabc\r\n", "3;x=y\r\n",
        "fffffffffffffffff\r\n", "A: b\r\n", " folded\r\n", "x", "\r", "\n", "");
    std::string text;
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
    const auto reading = read_in_pieces(text, sizes);
    RC_ASSERT(!(reading.complete && reading.error));
}

RC_GTEST_PROP(HttpReader, WhatTheClientWritesTheServerReads,
              (const std::string& body, const std::vector<std::uint8_t>& name)) {
    HttpRequest request{"POST", "/v1/data?x=1", {}, body};
    std::string field = "X-";
    for (const auto c : name) field += static_cast<char>('a' + c % 26);
    request.headers.add(field, "value of it");
    std::string text;
    write_head(text, request, "127.0.0.1:1");
    text += request.body;

    HttpRequest read;
    MessageParser<true> parser(read);
    ReadBuffer buffer(text.size());
    std::memcpy(buffer.room().data(), text.data(), text.size());
    buffer.filled(text.size());
    ErrorCode error;
    RC_ASSERT(buffer.parse(parser, error));
    RC_ASSERT(read.method == request.method);
    RC_ASSERT(read.target == request.target);
    RC_ASSERT(read.headers.find(field) == "value of it");
    RC_ASSERT(read.body == body);
}

TEST(HttpReader, AHeaderAboveTheLimitIsAnErrorAndNotAWait) {
    HttpResponse response;
    MessageParser<false> parser(response);
    parser.header_limit(64);
    const std::string text = "HTTP/1.1 200 OK\r\nX: " + std::string(200, 'x');
    ReadBuffer buffer(text.size());
    std::memcpy(buffer.room().data(), text.data(), text.size());
    buffer.filled(text.size());
    ErrorCode error;
    EXPECT_FALSE(buffer.parse(parser, error));
    EXPECT_EQ(error, boost::beast::http::error::header_limit);
}

}  // namespace
}  // namespace mistrial::net
