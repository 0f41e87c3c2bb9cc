#include "core/uuid.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mistrial {
namespace {

RC_GTEST_PROP(Uuid, SurvivesBeingWrittenAndRead, ()) {
    const Uuid uuid{*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
    RC_ASSERT(parse_uuid(format_uuid(uuid)) == uuid);
}

TEST(Uuid, IsWrittenAsTheStandardDoes) {
    EXPECT_EQ(format_uuid({0xf81d4fae7dec11d0, 0xa76500a0c91e6bf6}), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
}

TEST(Uuid, NothingElseIsOne) {
    for (const char* text : {"", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
                             "f81d4fae07dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
                             "f81d4fae-7dec-11d0-a765-00a0c91e6bf66"}) {
        EXPECT_EQ(parse_uuid(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace mistrial
