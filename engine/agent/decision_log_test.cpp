#include "engine/agent/decision_log.hpp"

#include "core/json.hpp"
#include "core/random.hpp"
#include "engine/bundle/gzip.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace mistrial::agent {
namespace {

std::vector<int> events_of(const http::Body& chunk) {
    std::vector<int> numbers;
    for (const Json& event : Json::parse(bundle::gunzip(http::bytes_of(chunk)).value()))
        numbers.push_back(event.at("n").get<int>());
    return numbers;
}

std::string event(int number, std::size_t padding = 0) {
    return Json{{"n", number}, {"pad", std::string(padding, 'x')}}.dump();
}

/// Everything that waits, acknowledged chunk by chunk.
std::vector<int> drain(DecisionLog& log, std::size_t* chunks = nullptr, std::size_t* largest = nullptr) {
    std::vector<int> all;
    while (const http::Body chunk = log.next_chunk()) {
        if (chunks != nullptr) ++*chunks;
        if (largest != nullptr) *largest = std::max(*largest, http::bytes_of(chunk).size());
        for (const int number : events_of(chunk)) all.push_back(number);
        log.acknowledged();
    }
    return all;
}

TEST(DecisionLog, HasNoChunkWhenNothingWaits) {
    DecisionLog log({});
    EXPECT_EQ(log.next_chunk(), nullptr);
    log.add(event(1));
    EXPECT_NE(log.next_chunk(), nullptr);
    log.acknowledged();
    EXPECT_EQ(log.next_chunk(), nullptr);
}

RC_GTEST_PROP(DecisionLog, EveryEventGoesOutOnceInOrderInChunksWithinTheLimit, ()) {
    const auto limit = *rc::gen::inRange<std::uint64_t>(90, 5000);
    DecisionLog log({.upload_bytes = limit, .buffer_bytes = {}, .buffer_events = {}});
    const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 300));
    std::vector<int> added;
    for (const std::size_t size : sizes) {
        added.push_back(static_cast<int>(added.size()));
        log.add(event(added.back(), size));
    }
    std::size_t largest = 0;
    RC_ASSERT(drain(log, nullptr, &largest) == added);
    // A single event of up to 300 repeated letters packs to less than 90 bytes.
    RC_ASSERT(largest <= limit);
}

RC_GTEST_PROP(DecisionLog, AFailedChunkWaitsBeforeAllOthers, ()) {
    DecisionLog log({.upload_bytes = 120, .buffer_bytes = {}, .buffer_events = {}});
    std::vector<int> added, received;
    for (int step = 0; step < 60; ++step) {
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                added.push_back(step);
                log.add(event(step, 40));
                break;
            case 1:
                if (log.next_chunk()) log.failed();
                break;
            default:
                if (const auto chunk = log.next_chunk()) {
                    for (const int number : events_of(chunk)) received.push_back(number);
                    log.acknowledged();
                }
        }
    }
    for (const int number : drain(log)) received.push_back(number);
    RC_ASSERT(received == added);
}

TEST(DecisionLog, WhatCompressesWellGoesInFewChunks) {
    DecisionLog log({.upload_bytes = 32'768, .buffer_bytes = {}, .buffer_events = {}});
    for (int i = 0; i < 5000; ++i) log.add(event(i, 200));
    std::size_t chunks = 0;
    EXPECT_EQ(drain(log, &chunks).size(), 5000U);
    EXPECT_LT(chunks, 12U) << "the target follows the compression: 1.1 MB of JSON in 32 KiB uploads";
}

TEST(DecisionLog, AnEventThatIsTooLargeGoesAlone) {
    DecisionLog log({.upload_bytes = 90, .buffer_bytes = {}, .buffer_events = {}});
    std::string noise;
    for (int i = 0; i < 200; ++i) noise += fmt::format("{:x}", fnv1a(std::to_string(i)));
    log.add(event(1));
    log.add(Json{{"n", 2}, {"pad", noise}}.dump());
    log.add(event(3));
    std::size_t chunks = 0;
    EXPECT_EQ(drain(log, &chunks), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(chunks, 3U);
}

TEST(DecisionLog, TheOldestAreDroppedBeyondTheLimits) {
    DecisionLog by_events({.upload_bytes = 32'768, .buffer_bytes = {}, .buffer_events = 3});
    for (int i = 0; i < 5; ++i) by_events.add(event(i));
    EXPECT_EQ(by_events.dropped(), 2U);
    EXPECT_EQ(drain(by_events), (std::vector<int>{2, 3, 4}));

    const std::uint64_t two = event(0).size() * 2;
    DecisionLog by_bytes({.upload_bytes = 32'768, .buffer_bytes = two, .buffer_events = {}});
    for (int i = 0; i < 5; ++i) by_bytes.add(event(i));
    EXPECT_EQ(by_bytes.dropped(), 3U);
    EXPECT_EQ(drain(by_bytes), (std::vector<int>{3, 4}));
}

TEST(DecisionLog, AChunkUnderWayIsNotDroppedByWhatComesAfter) {
    DecisionLog log({.upload_bytes = 32'768, .buffer_bytes = {}, .buffer_events = 2});
    log.add(event(1));
    log.add(event(2));
    const http::Body chunk = log.next_chunk();
    log.add(event(3));
    log.add(event(4));
    EXPECT_EQ(log.dropped(), 0U);
    log.failed();
    EXPECT_EQ(log.dropped(), 2U) << "back in the buffer, the oldest go";
    EXPECT_EQ(drain(log), (std::vector<int>{3, 4}));
}

}  // namespace
}  // namespace mistrial::agent
