#include "engine/bundle/archive.hpp"

#include "engine/bundle/digest.hpp"
#include "engine/bundle/gzip.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace mistrial::bundle {
namespace {

using testing::HasSubstr;

rc::Gen<std::string> any_part() {
    return rc::gen::suchThat(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcxyz019._-+ ")))),
        [](const std::string& part) { return part != "." && part != ".."; });
}

rc::Gen<std::string> any_path() {
    return rc::gen::map(
        rc::gen::resize(6, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(any_part()))),
        [](const std::vector<std::string>& parts) {
            std::string path;
            for (const std::string& part : parts) path += (path.empty() ? "" : "/") + part;
            return path;
        });
}

rc::Gen<Members> any_members() {
    return rc::gen::container<Members>(any_path(), rc::gen::arbitrary<std::string>());
}

/// An entry that `write_archive` would never write.
using Edit = std::function<void(archive_entry*)>;
std::string archive_of(const std::vector<Edit>& entries) {
    std::string tar;
    archive* handle = archive_write_new();
    archive_write_set_format_pax_restricted(handle);
    archive_write_open(
        handle, &tar, nullptr,
        [](archive*, void* out, const void* bytes, std::size_t size) {
            static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
            return static_cast<la_ssize_t>(size);
        },
        nullptr);
    for (const Edit& edit : entries) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, 2);
        edit(entry);
        archive_write_header(handle, entry);
        if (archive_entry_size(entry) > 0) archive_write_data(handle, "{}", 2);
        archive_entry_free(entry);
    }
    archive_write_close(handle);
    archive_write_free(handle);
    return gzip(tar);
}

Edit named(std::string name) {
    return
        [name = std::move(name)](archive_entry* entry) { archive_entry_set_pathname(entry, name.c_str()); };
}

std::string refusal(std::string_view bytes, const ArchiveLimits& limits = {}) {
    const auto members = read_archive(bytes, limits);
    return members ? "accepted" : members.error().message;
}

RC_GTEST_PROP(Archive, ReadUndoesWrite, ()) {
    const Members members = *any_members();
    const auto bytes = write_archive(members);
    RC_ASSERT(bytes.has_value());
    RC_ASSERT(read_archive(*bytes).value() == members);
}

RC_GTEST_PROP(Archive, EqualMembersGiveEqualBytes, ()) {
    const Members members = *any_members();
    RC_ASSERT(write_archive(members).value() == write_archive(Members(members)).value());
}

RC_GTEST_PROP(Archive, EveryTruncationIsRefused, ()) {
    const std::string bytes = write_archive(*rc::gen::nonEmpty(any_members())).value();
    const auto size = *rc::gen::inRange<std::size_t>(0, bytes.size());
    RC_ASSERT(read_archive(std::string_view(bytes).substr(0, size)).has_error());
}

RC_GTEST_PROP(Archive, NoFlippedBitGoesUnnoticed, ()) {
    const Members members = *rc::gen::nonEmpty(any_members());
    std::string bytes = write_archive(members).value();
    // The ten bytes of the gzip header hold flags and a time that no sum covers.
    const auto at = *rc::gen::inRange<std::size_t>(10, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << *rc::gen::inRange(0, 8)));
    const auto read = read_archive(bytes);
    RC_ASSERT((read.has_error() || *read == members));
}

RC_GTEST_PROP(Archive, AnyBytesAreReadOrRefused, (const std::string& bytes)) {
    (void)read_archive(bytes).has_error();
    (void)read_archive(gzip(bytes)).has_error();
}

TEST(Archive, NamesAreNormalised) {
    const Members members =
        read_archive(archive_of({named("/data.json"), named("./.manifest"), named("a/./b")})).value();
    EXPECT_EQ(members, (Members{{"data.json", "{}"}, {".manifest", "{}"}, {"a/b", "{}"}}));
}

TEST(Archive, FoldersAreSkipped) {
    const auto folder = [](std::string name) {
        return [name](archive_entry* entry) {
            archive_entry_set_pathname(entry, name.c_str());
            archive_entry_set_filetype(entry, AE_IFDIR);
            archive_entry_set_size(entry, 0);
        };
    };
    EXPECT_EQ(read_archive(archive_of({folder("./"), folder("a/"), named("a/b")})).value(),
              (Members{{"a/b", "{}"}}));
}

TEST(Archive, PathsThatEscapeAreRefused) {
    for (const char* name : {"../x", "a/../../x", "/../x", "..", "a/.."})
        EXPECT_THAT(refusal(archive_of({named(name)})), HasSubstr("leads out of the archive")) << name;
    for (const char* name : {"//etc/passwd", "a//b"})
        EXPECT_THAT(refusal(archive_of({named(name)})), HasSubstr("empty part")) << name;
    EXPECT_THAT(refusal(archive_of({named("a\\b")})), HasSubstr("backslash"));
    EXPECT_THAT(refusal(archive_of({named("a\nb")})), HasSubstr("control character"));
}

TEST(Archive, LinksAndDevicesAreRefused) {
    const auto special = [](unsigned type) {
        return [type](archive_entry* entry) {
            archive_entry_set_pathname(entry, "x");
            archive_entry_set_filetype(entry, type);
            archive_entry_set_size(entry, 0);
            if (type == AE_IFLNK) archive_entry_set_symlink(entry, "/etc/passwd");
        };
    };
    EXPECT_THAT(refusal(archive_of({special(AE_IFLNK)})), HasSubstr("symbolic link"));
    EXPECT_THAT(refusal(archive_of({special(AE_IFCHR)})), HasSubstr("device"));
    EXPECT_THAT(refusal(archive_of({special(AE_IFIFO)})), HasSubstr("pipe"));
    EXPECT_THAT(refusal(archive_of({named("a"),
                                    [](archive_entry* entry) {
                                        archive_entry_set_pathname(entry, "b");
                                        archive_entry_set_hardlink(entry, "a");
                                        archive_entry_set_size(entry, 0);
                                    }})),
                HasSubstr("hard link"));
}

TEST(Archive, AMemberTwiceIsRefusedHoweverItIsSpelled) {
    EXPECT_THAT(refusal(archive_of({named("a"), named("a")})), HasSubstr("there twice"));
    EXPECT_THAT(refusal(archive_of({named("data.json"), named("/data.json")})), HasSubstr("there twice"));
}

TEST(Archive, LimitsHold) {
    const std::string three = write_archive({{"a", "1"}, {"b", "2"}, {"c", "3"}}).value();
    EXPECT_EQ(refusal(three, {.members = 3}), "accepted");
    EXPECT_THAT(refusal(three, {.members = 2}), HasSubstr("more than 2 members"));
    const std::string large = write_archive({{"a", std::string(100'000, 'x')}}).value();
    EXPECT_THAT(refusal(large, {.member_bytes = 99'999}), HasSubstr("'a' has more than 99999 bytes"));
    EXPECT_THAT(refusal(large, {.total_bytes = 50'000}), HasSubstr("more than 50000 bytes"));
    const std::string bomb = write_archive({{"a", std::string(8 << 20, '\0')}}).value();
    EXPECT_THAT(refusal(bomb), HasSubstr("more than 1000 times its size"));
    EXPECT_EQ(refusal(bomb, {.expansion = 2000}), "accepted");
    EXPECT_EQ(refusal(write_archive({{"a", std::string(500'000, '\0')}}).value()), "accepted")
        << "what is small may be as dull as it likes";
}

TEST(Archive, WhatIsNoArchiveIsRefused) {
    EXPECT_THAT(refusal(""), HasSubstr("not gzip"));
    EXPECT_THAT(refusal("<html>"), HasSubstr("not gzip"));
    EXPECT_THAT(refusal(gzip("<html>no bundle here</html>")), HasSubstr("not a tar"));
    const std::string good = write_archive({{"a", "1"}}).value();
    EXPECT_THAT(refusal(good + "x"), HasSubstr("follow the end"));
    EXPECT_THAT(refusal(std::string_view(good).substr(0, good.size() - 1)), HasSubstr("end early"));
    std::string damaged = good;
    damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);
    EXPECT_THAT(refusal(damaged), HasSubstr("damaged"));
}

TEST(Archive, WritingRefusesNamesThatReadingWouldChange) {
    EXPECT_TRUE(write_archive({{"/a", ""}}).has_error());
    EXPECT_TRUE(write_archive({{"../a", ""}}).has_error());
    EXPECT_TRUE(write_archive({{"", ""}}).has_error());
}

TEST(Archive, LongAndForeignNamesSurvive) {
    const Members members{{std::string(300, 'a') + "/" + std::string(300, 'b'), "1"},
                          {"gr\xc3\xbc\xc3\x9f/data.json", "2"}};
    EXPECT_EQ(read_archive(write_archive(members).value()).value(), members);
}

RC_GTEST_PROP(Digest, DependsOnMembersAlone, ()) {
    const Members members = *any_members();
    std::vector<std::pair<std::string, std::string>> shuffled(members.begin(), members.end());
    std::reverse(shuffled.begin(), shuffled.end());
    RC_ASSERT(digest(members) == digest(Members(shuffled.begin(), shuffled.end())));
    RC_ASSERT(digest(read_archive(write_archive(members).value()).value()) == digest(members));
}

TEST(Digest, TellsPathsFromBytes) {
    EXPECT_NE(digest({{"ab", "c"}}), digest({{"a", "bc"}}));
    EXPECT_NE(digest({{"a", ""}, {"b", ""}}), digest({{"a", "b"}}));
    EXPECT_NE(digest({{"a", "1"}}), digest({{"a", "2"}}));
    EXPECT_EQ(digest({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, OfOneMemberByHand) {
    // printf 'a\0\0\0\0\0\0\0\0\1x' | sha256sum
    EXPECT_EQ(digest({{"a", "x"}}), digest_of_bytes(std::string_view("a\0\0\0\0\0\0\0\0\1x", 11)));
}

}  // namespace
}  // namespace mistrial::bundle
