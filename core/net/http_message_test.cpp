#include "core/net/http_message.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial::net {
namespace {

TEST(Headers, FindsWithoutCase) {
    const Headers headers{{"ETag", "\"a\""}, {"Content-Type", "application/json"}};
    EXPECT_EQ(headers.find("etag"), "\"a\"");
    EXPECT_EQ(headers.find("CONTENT-TYPE"), "application/json");
    EXPECT_EQ(headers.find("Content"), std::nullopt);
}

TEST(Headers, FindsTheFirstOfSeveral) {
    const Headers headers{{"Warning", "1"}, {"warning", "2"}};
    EXPECT_EQ(headers.find("Warning"), "1");
    EXPECT_EQ(headers.size(), 2U);
}

TEST(Headers, SetReplacesEveryFieldOfThatName) {
    Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    headers.set("A", "4");
    EXPECT_EQ(headers, (Headers{{"B", "2"}, {"A", "4"}}));
}

TEST(Headers, SetAcceptsViewsOfItself) {
    Headers headers{{"Name", "a value longer than any small string would hold"}};
    headers.set(headers[0].name, headers[0].value);
    EXPECT_EQ(headers, (Headers{{"Name", "a value longer than any small string would hold"}}));
}

TEST(Headers, EqualityIsExactInValuesAndWithoutCaseInNames) {
    EXPECT_EQ((Headers{{"a", "x"}}), (Headers{{"A", "x"}}));
    EXPECT_FALSE((Headers{{"a", "x"}}) == (Headers{{"a", "X"}}));
}

RC_GTEST_PROP(Headers, KeepWhatWasAddedInOrder,
              (const std::vector<std::pair<std::string, std::string>>& fields)) {
    Headers headers;
    for (const auto& [name, value] : fields) headers.add(name, value);
    RC_ASSERT(headers.size() == fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
        RC_ASSERT(headers[i].name == fields[i].first);
        RC_ASSERT(headers[i].value == fields[i].second);
    }
}

TEST(HttpHead, RequestNamesItsHostAndTheLengthOfItsBody) {
    HttpRequest request{"POST", "/v1/data", {{"Accept", "*/*"}}, "{}"};
    std::string text;
    write_head(text, request, "127.0.0.1:8181");
    EXPECT_EQ(text,
              "POST /v1/data HTTP/1.1\r\nHost: 127.0.0.1:8181\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n");
}

TEST(HttpHead, GivenHostAndLengthAreKept) {
    HttpRequest request{"PUT", "/", {{"host", "me"}, {"content-length", "9"}}, "{}"};
    std::string text;
    write_head(text, request, "127.0.0.1:8181");
    EXPECT_EQ(text, "PUT / HTTP/1.1\r\nhost: me\r\ncontent-length: 9\r\n\r\n");
}

TEST(HttpHead, ResponseTakesTheUsualReason) {
    std::string text;
    write_head(text, HttpResponse{404, "", {}, "no"}, false);
    EXPECT_EQ(text, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
}

TEST(HttpHead, NotModifiedAnnouncesNoBody) {
    std::string text;
    write_head(text, HttpResponse{304, "", {{"ETag", "x"}}, ""}, true);
    EXPECT_EQ(text, "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n");
}

TEST(Target, SplitsAtTheFirstQuestionMark) {
    EXPECT_EQ(split_target("/a?b?c").path, "/a");
    EXPECT_EQ(split_target("/a?b?c").query, "b?c");
    EXPECT_EQ(split_target("/a").query, "");
}

TEST(Target, QueryValuesAreDecoded) {
    EXPECT_EQ(query_value("metrics&name=a%2Fb+c", "name"), "a/b c");
    EXPECT_EQ(query_value("metrics&name=a", "metrics"), "");
    EXPECT_EQ(query_value("metrics", "name"), std::nullopt);
}

}  // namespace
}  // namespace mistrial::net
