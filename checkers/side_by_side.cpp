#include "checkers/side_by_side.hpp"

#include "checkers/suite_state.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace mistrial::checkers {

namespace {

/// Batches that a thread may be behind.
constexpr std::size_t most_waiting = 16;

/// Claims that are judged together too, by the inference of what decisions without provenance saw.
constexpr std::array<std::string_view, 5> joint{"bounded-staleness", "monotonic-revisions", "monotonic-reads", "token-freshness",
                                                "pinned-snapshot"};
/// About how much of a decision's time a property takes, in tens of nanoseconds; what is not here takes two to five.
constexpr std::array<std::pair<std::string_view, int>, 7> costs{{{"monotonic-reads", 55},
                                                                {"oracle-correctness", 15},
                                                                {"revision-validity", 12},
                                                                {"authentic-activation", 10},
                                                                {"determinism", 15},
                                                                {"linearizability", 10},
                                                                {"visibility", 9}}};
constexpr int usual_cost = 4;

int cost_of(std::string_view property) {
    const auto known = std::find_if(costs.begin(), costs.end(), [&](const auto& one) { return one.first == property; });
    return known == costs.end() ? usual_cost : known->second;
}

/// The wanted properties in as many shares of about equal cost. A name that is no property's is in the first.
std::vector<std::vector<std::string>> shares_of(const std::vector<std::string>& only, std::size_t count) {
    std::vector<std::string> wanted;
    std::vector<std::vector<std::string>> shares(count);
    for (const Property& property : catalogue()) {
        const bool is_wanted = only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& name) {
            const Property* found = find_property(name);
            return found != nullptr && found->name == property.name;
        });
        if (is_wanted) wanted.emplace_back(property.name);
    }
    for (const std::string& name : only) {
        if (find_property(name) == nullptr) shares[0].push_back(name);
    }
    std::vector<int> load(count);
    for (const std::string& name : wanted) {
        if (std::find(joint.begin(), joint.end(), name) == joint.end()) continue;
        shares[0].push_back(name);
        load[0] += cost_of(name);
    }
    std::erase_if(wanted, [](const std::string& name) { return std::find(joint.begin(), joint.end(), name) != joint.end(); });
    std::stable_sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return cost_of(a) > cost_of(b); });
    for (std::string& name : wanted) {
        const auto least = std::min_element(load.begin(), load.end()) - load.begin();
        load[static_cast<std::size_t>(least)] += cost_of(name);
        shares[static_cast<std::size_t>(least)].push_back(std::move(name));
    }
    std::erase_if(shares, [](const auto& share) { return share.empty(); });
    return shares;
}

/// One suite on its thread.
class Worker {
  public:
    explicit Worker(Suite::Options options) : suite_(std::move(options)), thread_([this] { work(); }) {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() {
        (void)join();
    }

    /// False once the suite has refused something.
    [[nodiscard]] bool take(std::shared_ptr<const history::Batch> batch) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return waiting_.size() < most_waiting || refused_; });
        if (refused_) return false;
        waiting_.push_back(std::move(batch));
        lock.unlock();
        news_.notify_one();
        return true;
    }
    /// Lets it catch up and ends its thread.
    Result<> join() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        news_.notify_one();
        if (thread_.joinable()) thread_.join();
        return refused_ ? Result<>(*refused_) : Result<>{};
    }
    [[nodiscard]] Suite& suite() { return suite_; }

  private:
    void work() {
        for (;;) {
            std::shared_ptr<const history::Batch> batch;
            {
                std::unique_lock lock(mutex_);
                news_.wait(lock, [&] { return over_ || !waiting_.empty(); });
                if (waiting_.empty()) return;
                batch = std::move(waiting_.front());
                waiting_.pop_front();
            }
            room_.notify_one();
            const Result<> taken = suite_.on(*batch);
            if (taken) continue;
            {
                const std::lock_guard lock(mutex_);
                refused_ = taken.error();
            }
            room_.notify_one();
            return;
        }
    }

    Suite suite_;
    std::mutex mutex_;
    std::condition_variable news_;
    std::condition_variable room_;
    std::deque<std::shared_ptr<const history::Batch>> waiting_;
    bool over_ = false;
    std::optional<Error> refused_;
    std::thread thread_;  ///< last: it begins when all else is there
};

}  // namespace

struct SideBySide::State {
    std::vector<std::unique_ptr<Worker>> workers;
};

SideBySide::SideBySide(Suite::Options options, std::size_t threads) : state_(std::make_unique<State>()) {
    MISTRIAL_INVARIANT(threads > 0 && !options.on_hit, "{} threads", threads);
    for (std::vector<std::string>& share : shares_of(options.only, threads)) {
        Suite::Options some = options;
        some.only = std::move(share);
        state_->workers.push_back(std::make_unique<Worker>(std::move(some)));
    }
}
SideBySide::SideBySide(SideBySide&&) noexcept = default;
SideBySide& SideBySide::operator=(SideBySide&&) noexcept = default;
SideBySide::~SideBySide() = default;

Result<> SideBySide::on(history::Batch batch) {
    const auto shared = std::make_shared<const history::Batch>(std::move(batch));
    for (const auto& worker : state_->workers) {
        if (!worker->take(shared)) return worker->join();
    }
    return {};
}

Result<Judgement> SideBySide::finish() {
    for (const auto& worker : state_->workers) {
        if (const Result<> caught_up = worker->join(); !caught_up) return caught_up.error();
    }
    std::vector<std::thread> endings;
    std::vector<Suite::State*> states;
    for (const auto& worker : state_->workers) {
        Suite::State* const state = worker->suite().state_.get();
        states.push_back(state);
        endings.emplace_back([state] { state->end(); });
    }
    for (std::thread& ending : endings) ending.join();
    return Suite::State::judgement(states);
}

}  // namespace mistrial::checkers
