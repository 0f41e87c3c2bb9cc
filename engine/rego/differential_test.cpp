#include "core/json.hpp"
#include "core/random.hpp"
#include "engine/rego/evaluator.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

/// The evaluator against OPA 1.19.1 itself, on policies written for it (testdata/differential): every pair of
/// a random bundle's data and a random input must be answered alike, undefined included.
namespace mistrial::rego {
namespace {

const std::filesystem::path testdata =
    std::filesystem::path(MISTRIAL_SOURCE_DIR) / "engine/rego/testdata/differential";

std::string output_of(const std::string& command) {
    std::string output;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return output;
    std::array<char, 65536> buffer{};
    while (const std::size_t read = fread(buffer.data(), 1, buffer.size(), pipe))
        output.append(buffer.data(), read);
    if (pclose(pipe) != 0) ADD_FAILURE() << command << "\n" << output;
    return output;
}

/// A real OPA 1.19.1; scripts/opa honours OPA_BINARY and PATH and builds one where neither serves.
const std::string& opa() {
    static const std::string path = [] {
        std::string found = output_of(std::string(MISTRIAL_SOURCE_DIR) + "/scripts/opa 1.19.1");
        while (!found.empty() && found.back() == '\n') found.pop_back();
        return found;
    }();
    return path;
}

/// A directory of the test's own, gone with it.
class Scratch {
  public:
    Scratch() {
        std::string pattern = (std::filesystem::temp_directory_path() / "mistrial-rego-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
    }
    ~Scratch() { std::filesystem::remove_all(directory_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    [[nodiscard]] std::string operator/(const std::string& name) const {
        return (directory_ / name).string();
    }

  private:
    std::filesystem::path directory_;
};

/// Random documents: small pools, so that things meet, with every type where a policy would not expect it.
class Draw {
  public:
    explicit Draw(RandomSequence random) : random_(random) {}

    bool chance(unsigned percent) { return random_.chance(percent, 100); }
    std::size_t size(std::size_t most) { return random_.below(most + 1); }

    Json pick(const Json& from) { return from[random_.below(from.size())]; }
    Json word() {
        static const Json words = {"ann",  "bob",   "cat",  "dan", "nobody",  "admin", "a-b",   "-aa-", "",
                                   "read", "write", "list", "ä-Ö", "日本-語", "x y",   "\"q\"", "1"};
        return pick(words);
    }
    Json user() { return pick({"ann", "bob", "cat", "nobody", "admin"}); }
    Json action() { return pick({"read", "write", "delete", "list"}); }
    Json number() {
        if (chance(70)) return random_.between(-3, 12);
        static const Json numbers = {0.1,
                                     0.5,
                                     -0.5,
                                     1.5,
                                     2.25,
                                     -7.75,
                                     1e-7,
                                     123456.789,
                                     0.3333333333333333,
                                     9007199254740993,
                                     9223372036854775807,
                                     -9223372036854775807,
                                     18446744073709551615U,
                                     1234567.25};
        return pick(numbers);
    }
    Json scalar() {
        switch (random_.below(8)) {
            case 0:
                return nullptr;
            case 1:
                return chance(50);
            case 2:
            case 3:
            case 4:
                return number();
            default:
                return word();
        }
    }
    Json value(int depth) {
        if (depth == 0 || chance(60)) return scalar();
        if (chance(50)) return array(3, [&] { return value(depth - 1); });
        return object(
            3,
            [&] {
                return pick({"a", "b", "c", "k"});
            },
            [&] { return value(depth - 1); });
    }
    Json array(std::size_t most, const std::function<Json()>& element) {
        Json all = Json::array();
        for (std::size_t n = size(most); n > 0; --n) all.push_back(element());
        return all;
    }
    Json object(std::size_t most, const std::function<Json()>& key, const std::function<Json()>& element) {
        Json all = Json::object();
        for (std::size_t n = size(most); n > 0; --n) {
            const Json name = key();
            all[name.get<std::string>()] = element();
        }
        return all;
    }
    /// Mostly what a policy expects; now and then absent or something else altogether.
    void put(Json& object, const char* key, const Json& expected) {
        if (chance(6)) return;
        object[key] = chance(6) ? value(2) : expected;
    }

  private:
    RandomSequence random_;
};

struct Case {
    Json base = Json::object();
    Json input = Json::object();
};

Case draw_sets(Draw& d) {
    Case c;
    d.put(c.base, "tags", d.array(5, [&] { return d.value(1); }));
    d.put(c.base, "roles",
          d.object(
              4, [&] { return d.user(); }, [&] { return d.array(3, [&] { return d.word(); }); }));
    d.put(c.base, "grants",
          d.object(
              5, [&] { return d.word(); }, [&] { return d.array(3, [&] { return d.action(); }); }));
    d.put(c.base, "denied",
          d.object(
              2, [&] { return d.user(); }, [&] { return d.array(2, [&] { return d.action(); }); }));
    d.put(c.input, "user", d.user());
    d.put(c.input, "action", d.action());
    const int kind = static_cast<int>(d.size(2));
    d.put(c.input, "wanted", d.array(4, [&] {
        return kind == 0 ? d.number() : kind == 1 ? d.word() : d.value(1);
    }));
    return c;
}

Case draw_comprehensions(Draw& d) {
    Case c;
    d.put(c.base, "items", d.array(4, [&] {
        Json item = Json::object();
        d.put(item, "kind", d.pick({"tool", "toy", "book"}));
        d.put(item, "name", d.word());
        d.put(item, "price", d.number());
        return item;
    }));
    d.put(c.base, "overlay", d.value(2));
    d.put(c.input, "matrix", d.array(3, [&] { return d.array(3, [&] { return d.number(); }); }));
    d.put(c.input, "numbers", d.array(4, [&] { return d.number(); }));
    d.put(c.input, "texts", d.array(4, [&] { return d.word(); }));
    d.put(c.input, "tree", d.value(3));
    return c;
}

Case draw_negation(Draw& d) {
    Case c;
    d.put(c.base, "banned", d.array(3, [&] { return d.user(); }));
    d.put(c.base, "limits", d.array(3, [&] { return d.number(); }));
    d.put(c.base, "mixed", d.array(3, [&] { return d.value(2); }));
    Json flags = Json::object();
    if (d.chance(30)) flags["blocked"] = d.chance(50);
    if (d.chance(30)) flags["suspicious"] = d.chance(50);
    if (d.chance(30)) flags["a"] = d.value(3);
    d.put(c.input, "flags", flags);
    d.put(c.input, "user", d.user());
    d.put(c.input, "users", d.array(3, [&] { return d.user(); }));
    d.put(c.input, "count", d.number());
    d.put(c.input, "mixed", d.array(4, [&] { return d.value(2); }));
    return c;
}

Case draw_replacement(Draw& d) {
    Case c;
    d.put(c.base, "roles",
          d.object(
              4, [&] { return d.user(); }, [&] { return d.array(2, [&] { return d.word(); }); }));
    d.put(c.base, "grants",
          d.object(
              6, [&] { return d.word(); }, [&] { return d.array(3, [&] { return d.action(); }); }));
    d.put(c.base, "frozen",
          d.object(
              2, [&] { return d.user(); }, [&] { return d.chance(70); }));
    d.put(c.base, "level", d.scalar());
    if (d.chance(20)) d.put(c.base, "x", d.value(2));
    d.put(c.input, "user", d.user());
    d.put(c.input, "other", d.user());
    d.put(c.input, "action", d.action());
    if (d.chance(40)) c.input["a"] = d.value(3);
    return c;
}

Case draw_partial(Draw& d) {
    Case c;
    d.put(c.base, "owners", d.array(3, [&] { return d.user(); }));
    d.put(c.base, "things", d.array(4, [&] {
        Json thing = Json::object();
        d.put(thing, "name", d.user());
        d.put(thing, "kind", d.pick({"disk", "net"}));
        d.put(thing, "level", d.number());
        return thing;
    }));
    d.put(c.base, "edges",
          d.object(
              4, [&] { return d.user(); }, [&] { return d.array(3, [&] { return d.user(); }); }));
    d.put(c.input, "user", d.user());
    d.put(c.input, "action", d.chance(80) ? d.action() : d.value(1));
    d.put(c.input, "matrix", d.array(3, [&] { return d.array(2, [&] { return d.scalar(); }); }));
    static const Json patterns = {
        {1, "b", {{"k", {0, "deep"}}}}, {1, "c"}, {"x", "c"}, {"first", 2}, {1, "b", {{"k", 1}}}};
    d.put(c.input, "pattern", d.chance(70) ? d.pick(patterns) : d.value(2));
    return c;
}

/// Arguments of every type for every builtin; half the time of the types that most builtins take.
Case draw_builtins(Draw& d) {
    static const Json texts = {"2026-11-23T07:35:00Z",
                               "1969-12-31T23:59:59.000000001+02:30",
                               "2026-02-30T00:00:00Z",
                               "YW5u",
                               "YW4=",
                               "YQ==",
                               "YQ",
                               "_-8=",
                               "616e6e",
                               "{\"a\": [1, 2.50, null]}",
                               "[1, 2",
                               "12",
                               "-0.5",
                               "a,b,,c",
                               "  padded\t",
                               "ÄÖß",
                               "aaa",
                               "aXbXc",
                               "<&>\u2028"};
    static const Json formats = {"%d|%v", "%s %q",    "%5.2f|%-8v|", "%x %X",       "%05d|%+d", "%[2]v %[1]v",
                                 "%v",    "%v %v %v", "100%% %t",    "%e %g",       "%T %c",    "%08.3f|%+v",
                                 "%o|%O", "%",        "%*d",         "%.3s|%6.2v|", "% d|%U"};
    const auto text = [&] { return d.chance(50) ? d.word() : d.pick(texts); };
    const auto list = [&] { return d.array(4, [&] { return d.chance(70) ? d.number() : d.value(1); }); };
    const auto any = [&]() -> Json {
        switch (d.size(5)) {
            case 0:
                return text();
            case 1:
                return d.number();
            case 2:
                return list();
            case 3:
                return d.array(3, text);
            case 4:
                return d.object(
                    3, [&] { return d.user(); }, [&] { return d.array(2, [&] { return d.user(); }); });
            default:
                return d.value(3);
        }
    };
    Case c;
    c.input = {
        {"one", Json::array()}, {"two", Json::array()}, {"three", Json::array()}, {"formats", Json::array()}};
    for (int i = 0; i < 3; ++i) {
        c.input["one"].push_back({any()});
        switch (d.size(5)) {
            case 0:
                c.input["two"].push_back({d.number(), d.number()});
                break;
            case 1:
                c.input["two"].push_back({text(), text()});
                break;
            case 2:
                c.input["two"].push_back({d.word(), d.array(3, text)});
                break;
            default:
                c.input["two"].push_back({any(), any()});
        }
        switch (d.size(4)) {
            case 0:
                c.input["three"].push_back({d.number(), d.number(), d.number()});
                break;
            case 1:
                c.input["three"].push_back({text(), text(), text()});
                break;
            case 2:
                c.input["three"].push_back({text(), text(), d.number()});
                break;
            case 3:
                c.input["three"].push_back({d.chance(50) ? text() : list(), d.size(4), d.number()});
                break;
            default:
                c.input["three"].push_back({any(), any(), any()});
        }
    }
    c.input["formats"] = {d.pick(formats), d.pick(formats)};
    return c;
}

struct Policy {
    const char* name;
    Case (*draw)(Draw&);
    int cases = 2'000;
};

class Differential : public testing::TestWithParam<Policy> {};

TEST_P(Differential, AnswersAsOpaDoes) {
    const auto [name, draw, wanted] = GetParam();
    ASSERT_FALSE(opa().empty());
    const char* given = std::getenv("MISTRIAL_SEED");
    const std::uint64_t seed = given == nullptr ? 20'261'123 : std::strtoull(given, nullptr, 10);
    SCOPED_TRACE(
        fmt::format("again: MISTRIAL_SEED={} engine_tests --gtest_filter='*Differential*/{}'", seed, name));
    Draw d(RandomSequence(RandomStream(seed, name, "differential")));
    Json cases = Json::array();
    for (int i = 0; i < wanted; ++i) {
        Case drawn = draw(d);
        cases.push_back({{"base", std::move(drawn.base)}, {"input", std::move(drawn.input)}});
    }
    const Scratch scratch;
    ASSERT_TRUE(replace_file(scratch / "cases.json", cases.dump()).has_value());
    const std::string query = fmt::format(
        "[[d, m] | some c in input; i := c.input; b := c.base; "
        "d := [x | x := data.{0}.decision with input as i with data.base as b]; "
        "m := [x | x := data.{0}.maybe with input as i with data.base as b]]",
        name);
    const std::string said =
        output_of(fmt::format("{} eval -f raw --data '{}' --input '{}' '{}'", opa(),
                              (testdata / name).string() + ".rego", scratch / "cases.json", query));
    const auto expected = parse_value(said, "opa eval");
    ASSERT_TRUE(expected.has_value()) << expected.error().message;
    ASSERT_EQ(expected->size(), cases.size());

    const auto text = read_file((testdata / name).string() + ".plan.json");
    ASSERT_TRUE(text.has_value()) << text.error().message;
    const auto plan = Plan::parse(*text, name);
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    Evaluator evaluator(*plan);
    int different = 0;
    for (std::size_t i = 0; i < cases.size() && different < 5; ++i) {
        const Value input = from_json(cases[i]["input"]);
        const Value data = from_json({{"base", cases[i]["base"]}});
        std::size_t part = 0;
        for (const char* rule : {"decision", "maybe"}) {
            const auto got = evaluator.evaluate(fmt::format("{}/{}", name, rule), input, data, {});
            const Value answer = Value::array(got && *got ? std::vector{**got} : std::vector<Value>{});
            // OPA's answer is JSON, where a set is an array; so is ours once printed.
            const Value printed = *parse_value(to_text(answer), "ours");
            const Value& theirs = expected->elements()[i].elements()[part++];
            if (got && printed == theirs) continue;
            ++different;
            ADD_FAILURE() << name << '/' << rule << " of case " << i << "\n  OPA:  " << to_text(theirs)
                          << "\n  ours: " << (got ? to_text(printed) : got.error().message)
                          << "\n  data:  " << cases[i]["base"] << "\n  input: " << cases[i]["input"];
        }
    }
}

/// The plans beside the policies are what OPA makes of them.
TEST_P(Differential, PlanIsWhatOpaCompiles) {
    const std::string name = GetParam().name;
    const Scratch scratch;
    const std::string compile = fmt::format(
        "cd {0} && {1} build -t plan -e {2}/decision -e {2}/maybe {2}.rego -o {3} && "
        "tar -xzPOf {3} /plan.json",
        testdata.string(), opa(), name, scratch / "bundle.tar.gz");
    const auto compiled = parse_json(output_of(compile), "opa build");
    ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
    const auto kept = read_json((testdata / name).string() + ".plan.json");
    ASSERT_TRUE(kept.has_value()) << kept.error().message;
    EXPECT_TRUE(*compiled == *kept) << name << ".rego was changed without its plan; compile it again:\n("
                                    << compile << ") > " << name << ".plan.json";
}

INSTANTIATE_TEST_SUITE_P(
    Policies, Differential,
    testing::Values(Policy{"sets", draw_sets}, Policy{"comprehensions", draw_comprehensions},
                    Policy{"negation", draw_negation}, Policy{"replacement", draw_replacement},
                    Policy{"partial", draw_partial}, Policy{"builtins", draw_builtins, 150}),
    [](const auto& policy) { return std::string(policy.param.name); });

}  // namespace
}  // namespace mistrial::rego
