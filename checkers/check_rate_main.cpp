#include "checkers/checker.hpp"
#include "checkers/side_by_side.hpp"
#include "checkers/testing/fleet_history.hpp"
#include "core/history/binary.hpp"
#include "core/history/line_rows.hpp"
#include "core/history/read_ahead.hpp"
#include "core/history/writer.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

/// How fast histories are judged: makes them, and judges them from either format or as they happen.
///
///     check-rate make DECISIONS FILE [ids] [logs]   a valid fleet's history; .mst is binary, else lines
///     check-rate judge FILE [threads] [PROPERTY…]   prints: decisions, seconds, ns a decision, peak resident MB, findings
///     check-rate live RATE SECONDS                  feeds at RATE decisions a second in real time; prints the greatest lag
namespace mistrial {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void stop(const std::string& why) {
    std::fprintf(stderr, "check-rate: %s\n", why.c_str());
    std::exit(254);
}

template <class T>
T must(Result<T> result) {
    if (!result) stop(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// The most that was resident of this process, in MB.
double peak_resident() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

checkers::testing::FleetShape shape_of(std::uint64_t decisions, int count, char** options) {
    checkers::testing::FleetShape shape;
    shape.decisions = decisions;
    for (int i = 0; i < count; ++i) {
        shape.logged = shape.logged || std::strcmp(options[i], "logs") == 0;
        shape.identified = shape.identified || shape.logged || std::strcmp(options[i], "ids") == 0;
    }
    return shape;
}

void make(const checkers::testing::FleetShape& shape, const std::filesystem::path& file) {
    checkers::testing::FleetHistory source(shape);
    if (file.extension() == ".mst") return must(history::write_binary(source, file));
    auto writer = must(history::Writer::create(file));
    history::Batch batch;
    history::RowTeller teller;
    while (must(source.next(batch))) {
        teller.learn(batch.added);
        auto other = batch.others.begin();
        for (const history::Row& row : batch.rows) {
            (void)must(writer.append(row.kind == history::Row::Kind::other ? std::move(*other++) : teller.record(row)));
        }
    }
    must(writer.close());
}

int judge(const std::filesystem::path& file, bool threads, std::vector<std::string> only) {
    const auto begin = Clock::now();
    std::unique_ptr<history::BatchSource> source;
    if (file.extension() == ".mst") {
        source = std::make_unique<history::BinaryReader>(must(history::BinaryReader::open(file)));
    } else {
        source = std::make_unique<history::LineRows>(must(history::LineRows::open(file)));
    }
    if (threads) source = std::make_unique<history::ReadAhead>(std::move(source));
    checkers::Suite::Options options;
    options.only = std::move(only);
    checkers::SideBySide suites(options, threads ? std::max(1U, std::thread::hardware_concurrency()) : 1U);
    history::Batch batch;
    std::int64_t decisions = 0;
    while (must(source->next(batch))) {
        for (const history::Row& row : batch.rows) decisions += row.kind == history::Row::Kind::ok ? 1 : 0;
        must(suites.on(std::move(batch)));
    }
    const checkers::Judgement judgement = must(suites.finish());
    const double seconds = seconds_since(begin);
    std::size_t violations = 0;
    std::size_t unknown = 0;
    for (const auto& claim : judgement.claims) {
        violations += claim.violations.size();
        unknown += claim.validity == checkers::Validity::unknown ? 1 : 0;
        if (claim.validity != checkers::Validity::valid) {
            std::fprintf(stderr, "check-rate: %s is not valid: %s\n", claim.property.c_str(),
                         claim.violations.empty() ? std::string(to_text(claim.reason)).c_str() : claim.violations[0].summary.c_str());
        }
    }
    std::printf("%lld %.3f %.1f %.0f %zu claims, %zu violations, %zu unknown\n", static_cast<long long>(decisions), seconds,
                seconds * 1e9 / static_cast<double>(std::max<std::int64_t>(decisions, 1)), peak_resident(), judgement.claims.size(),
                violations, unknown);
    return violations == 0 ? 0 : 1;
}

/// Every record is handed over at its own time on the history's clock, in slices of a millisecond, as a run would; the lag
/// is how long after its own time a record has been judged.
int live(std::uint64_t rate, double seconds) {
    auto shape = shape_of(static_cast<std::uint64_t>(static_cast<double>(rate) * seconds), 0, nullptr);
    shape.decisions_per_second = rate;
    checkers::testing::FleetHistory source(shape);
    checkers::Suite suite;
    history::Batch made;
    Duration worst{};
    double busy = 0;
    const auto zero = Clock::now();
    const auto now = [&] { return TrueTime{} + std::chrono::duration_cast<Duration>(Clock::now() - zero); };
    while (must(source.next(made))) {
        std::size_t from = 0;
        std::size_t other = 0;
        while (from < made.rows.size()) {
            history::Batch slice;
            if (from == 0) slice.added = std::move(made.added);
            const TrueTime end = std::max(made.rows[from].time, now()) + std::chrono::milliseconds{1};
            std::size_t to = from;
            for (; to < made.rows.size() && made.rows[to].time < end; ++to) {
                if (made.rows[to].kind == history::Row::Kind::other) slice.others.push_back(std::move(made.others[other++]));
            }
            slice.rows.assign(made.rows.begin() + static_cast<std::ptrdiff_t>(from), made.rows.begin() + static_cast<std::ptrdiff_t>(to));
            from = to;
            const TrueTime last = slice.rows.back().time;
            std::this_thread::sleep_until(zero + std::chrono::duration_cast<Clock::duration>(last.time_since_epoch()));
            const auto begin = Clock::now();
            must(suite.on(slice));
            busy += seconds_since(begin);
            worst = std::max(worst, now() - slice.rows.front().time);
        }
    }
    (void)suite.finish();
    std::printf("%llu decisions/s: greatest lag %.1f ms (1 ms of it is the slice), %.1f %% of a core\n",
                static_cast<unsigned long long>(rate), static_cast<double>(worst.count()) / 1e6, busy / seconds_since(zero) * 100);
    return worst <= std::chrono::milliseconds{100} ? 0 : 1;
}

}  // namespace
}  // namespace mistrial

int main(int count, char** arguments) {
    using namespace mistrial;
    const std::string what = count > 1 ? arguments[1] : "";
    if (what == "make" && count >= 4) {
        make(shape_of(std::strtoull(arguments[2], nullptr, 10), count - 4, arguments + 4), arguments[3]);
        return 0;
    }
    if (what == "judge" && count >= 3) {
        const bool threads = count > 3 && std::strcmp(arguments[3], "threads") == 0;
        return judge(arguments[2], threads, {arguments + 3 + (threads ? 1 : 0), arguments + count});
    }
    if (what == "live" && count == 4) return live(std::strtoull(arguments[2], nullptr, 10), std::strtod(arguments[3], nullptr));
    stop("usage: check-rate make DECISIONS FILE [ids] [logs] | judge FILE [threads] [PROPERTY...] | live RATE SECONDS");
}
