#include "harness/search/confusion.hpp"

#include "checkers/claims.hpp"
#include "checkers/testing/effort.hpp"
#include "core/history/test_folder.hpp"
#include "harness/search/showcase.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

/// Every seeded defect is found by the property that its entry names, where there is what its entry says it needs and
/// nothing else; and the same run without it violates nothing.
namespace mistrial::search {
namespace {

using defects::Defect;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kSeed = 1;

/// The run of a fleet without defects; many defects need the same one.
const Trial& without_defect(const Json& showcase) {
    static std::map<std::string, Trial> tried;
    const auto [at, fresh] = tried.try_emplace(showcase.dump());
    if (fresh) at->second = try_showcase(showcase, kSeed);
    return at->second;
}

class SeededDefect : public testing::TestWithParam<std::string> {};

TEST_P(SeededDefect, IsFoundByItsPropertyAndTheSameRunWithoutItIsInnocent) {
    static const history::TestFolder folder;
    const Defect& defect = *defects::find(GetParam());
    const Json showcase = showcase_of(defect, folder / "revisions");
    ConfusionRow row{&defect, {}, {}, {}, {}};
    row.add(kSeed, try_showcase(with_defect(showcase, defect), kSeed), without_defect(showcase));
    EXPECT_THAT(wrong_with(row), IsEmpty()) << "detection matrix --seeds 1 --only " << defect.name;
}

TEST(Confusion, ARowIsWrongWhenItsPropertyMissesASeedOrAnotherOneFiresOrTheInnocentIsAccused) {
    ConfusionRow row{defects::find("loses-data"), {}, {}, {}, {}};
    const Trial found{{{"oracle-correctness", "wrong"}, {"determinism", "two verdicts"}}, {}};
    row.add(1, found, {});
    EXPECT_THAT(wrong_with(row), IsEmpty());
    row.add(2, {}, {});
    EXPECT_THAT(wrong_with(row), ElementsAre("oracle-correctness did not find it in seed 2"));
    row.add(3, {{{"oracle-correctness", "wrong"}, {"progress", "no poll"}}, {}}, {});
    EXPECT_THAT(wrong_with(row), ElementsAre(HasSubstr("seed 2"), "unforeseen: progress (seed 3: no poll)"));
    row.add(4, found, {{{"availability", "silent"}}, {"pause did not bite"}});
    EXPECT_THAT(wrong_with(row), ElementsAre(HasSubstr("seed 2"), HasSubstr("progress"), "without the defect: availability (seed 4: silent)",
                                             "without it, seed 4: pause did not bite"));
}

/// Every property that is judged has a defect that it must find, apart from those whose evidence no scenario can make yet.
TEST(SeededDefects, CoverEveryPropertyThatCanBePutToTheTest) {
    const std::map<std::string_view, std::string_view> without = {
        {"fork-freedom", "a bundle has one authority"},
        {"no-new-enemy", "a run publishes one bundle"},
        {"pinned-snapshot", "no request asks for exactly a revision"},
        {"divergence", "measured"},
        {"log-order", "measured"},
        {"clock-exposure", "measured"}};
    for (const checkers::Property& property : checkers::catalogue()) {
        const bool found = std::ranges::any_of(
            defects::all(), [&](const Defect& defect) { return defect.finds == property.name; });
        EXPECT_NE(found, without.contains(property.name)) << property.name;
    }
    for (const Defect& defect : defects::all()) {
        EXPECT_NE(checkers::find_property(defect.finds), nullptr) << defect.name;
        for (const defects::Beside& one : defect.beside)
            EXPECT_NE(checkers::find_property(one.property), nullptr) << defect.name << ": " << one.property;
    }
}

/// All of them; under a sanitizer one of each few.
std::vector<std::string> names_to_try() {
    std::vector<std::string> names;
    const auto& all = defects::all();
    for (std::size_t i = 0; i < all.size(); i += std::min<std::int64_t>(checkers::testing::one_case_in, 6)) names.emplace_back(all[i].name);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Search, SeededDefect, testing::ValuesIn(names_to_try()), [](const auto& param_info) {
    std::string name = param_info.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace mistrial::search
