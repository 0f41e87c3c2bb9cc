#pragma once

#include "core/net/http_message.hpp"
#include "core/net/loop_impl.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <type_traits>

namespace mistrial::net {

/// Beast's parser writing straight into our own message: no field container in between, no copy of the body.
template <bool is_request>
class MessageParser final : public boost::beast::http::basic_parser<is_request> {
  public:
    using Message = std::conditional_t<is_request, HttpRequest, HttpResponse>;

    explicit MessageParser(Message& message) : message_(message) { this->eager(true); }

  private:
    using ParserError = boost::beast::error_code;
    using Text = boost::beast::string_view;

    static std::string_view view(Text text) { return {text.data(), text.size()}; }

    void on_request_impl(boost::beast::http::verb, Text method, Text target, int, ParserError&) override {
        if constexpr (is_request) {
            message_.method.assign(method.data(), method.size());
            message_.target.assign(target.data(), target.size());
        }
    }
    void on_response_impl(int status, Text reason, int, ParserError&) override {
        if constexpr (!is_request) {
            message_.status = status;
            message_.reason.assign(reason.data(), reason.size());
        }
    }
    void on_field_impl(boost::beast::http::field, Text name, Text value, ParserError&) override {
        message_.headers.add(view(name), view(value));
    }
    void on_header_impl(ParserError&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, ParserError&) override {
        // Not on the other side's word alone: a false length must not cost more than this.
        constexpr std::uint64_t trusted = 4 * 1024 * 1024;
        if (length) message_.body.reserve(static_cast<std::size_t>(std::min(*length, trusted)));
    }
    std::size_t on_body_impl(Text body, ParserError&) override {
        message_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, Text, ParserError&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text body, ParserError&) override {
        message_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_finish_impl(ParserError&) override {}

    Message& message_;
};

/// The bytes of one connection that were read and not yet parsed.
class ReadBuffer {
  public:
    explicit ReadBuffer(std::size_t capacity)
        : bytes_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

    /// Room for the next read; grows by doubling while nothing is consumed (the parser bounds a header).
    [[nodiscard]] asio::mutable_buffer room() {
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ == capacity_) make_room();
        return asio::buffer(bytes_.get() + end_, capacity_ - end_);
    }
    void filled(std::size_t bytes) { end_ += bytes; }

    [[nodiscard]] bool empty() const { return begin_ == end_; }

    /// Gives the parser what is there. True when the message is complete; false when more must be read, or on
    /// error.
    template <class Parser>
    bool parse(Parser& parser, ErrorCode& error) {
        error = {};
        while (begin_ < end_ && !parser.is_done()) {
            // Beast 1.81 aborts (an assertion of its own) when it is asked again with four bytes of
            // "0\r\n\r\n". No chunked body has fewer than these five left, so that waiting for them never
            // waits in vain.
            if (parser.is_header_done() && parser.chunked() && end_ - begin_ < 5) return false;
            const auto used = parser.put(asio::const_buffer(bytes_.get() + begin_, end_ - begin_), error);
            begin_ += used;
            if (error == boost::beast::http::error::need_more) {
                error = {};
                return false;
            }
            if (error) return false;
        }
        return parser.is_done();
    }

  private:
    void make_room() {
        if (begin_ == 0) {
            auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
            std::memcpy(larger.get(), bytes_.get(), end_);
            bytes_ = std::move(larger);
            capacity_ *= 2;
        } else {
            std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace mistrial::net
