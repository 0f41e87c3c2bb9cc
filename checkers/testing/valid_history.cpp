#include "checkers/testing/valid_history.hpp"

#include "checkers/testing/valid_world.hpp"

#include <algorithm>
#include <memory>

namespace mistrial::checkers::testing {

namespace {

using history::Type;
using Ticks = ValidWorld::Ticks;

constexpr const char* input_names[] = {"x0", "x1", "t", "canary", "both"};

/// Asks the simulated fleet, and puts everything that is seen in history order: by time, invokes first.
class Client {
  public:
    Client(const ValidHistory& history, const ValidHistory::Sink& sink)
        : dials_(history.dials),
          random_(RandomStream{history.seed, "client", "decisions"}),
          world_(dials_, history.seed, [this](Ticks at, history::Record record) { emit(at, std::move(record), nullptr); }),
          sink_(sink),
          left_(history.operations),
          settle_(2 * (history.bound() / dials_.tick) + dials_.fault_lasts + dials_.fault_every) {
        for (std::size_t bundle = 0; bundle < world_.bundles().size(); ++bundle) {
            for (const char* input : input_names) inputs_.push_back(world_.bundles()[bundle].name + "." + input);
        }
    }

    std::int64_t run(const Claims& claims) {
        history::Record first;
        first.process = std::string("harness");
        first.f = "run";
        history::RunInfo info = world_.run_info();
        info.claims = to_json(claims);
        first.value = std::move(info);
        emit(0, std::move(first), nullptr);
        at(0, Event::Kind::ask, 0);
        while (!queue_.empty()) {
            // What the fleet does at an instant comes before or after what its clients do: both are possible.
            const bool world_first = world_.next() < queue_.top().at || (world_.next() == queue_.top().at && random_.chance(1, 2));
            if (world_first) {
                world_.step();
                continue;
            }
            const Event event = queue_.top();
            queue_.pop();
            now_ = event.at;
            switch (event.kind) {
                case Event::Kind::ask: ask(); break;
                case Event::Kind::evaluate: evaluate(event.slot); break;
                case Event::Kind::complete: complete(event.slot); break;
            }
        }
        flush();
        return asked_ + world_.publishes();
    }

  private:
    struct Event {
        enum class Kind : std::uint8_t { ask, evaluate, complete };
        Ticks at;
        std::uint64_t order;
        Kind kind;
        std::size_t slot;
        friend bool operator>(const Event& a, const Event& b) { return std::tie(a.at, a.order) > std::tie(b.at, b.order); }
    };
    struct Slot {
        history::Record record;
        Truth truth;
        std::size_t agent = 0;
        std::size_t bundle = 0;
        std::size_t input = 0;
        int life = 0;
        bool refused = false;  ///< nobody listened
        bool waits = false;    ///< nobody listened, but its first packet is sent again until somebody does
        Ticks latest = 0;
    };
    struct Pending {
        history::Record record;
        std::unique_ptr<Truth> truth;
    };

    void at(Ticks when, Event::Kind kind, std::size_t slot) { queue_.push({when, order_++, kind, slot}); }
    bool chance(std::uint64_t per_mille) { return random_.chance(per_mille, 1'000); }
    Ticks upto(Ticks most) { return random_.between(0, most); }

    void emit(Ticks when, history::Record record, const Truth* truth) {
        if (when != pending_at_) flush();
        pending_at_ = when;
        record.time = TrueTime{when * dials_.tick};
        auto& list = record.type == Type::invoke ? invokes_ : others_;
        list.push_back({std::move(record), truth == nullptr ? nullptr : std::make_unique<Truth>(*truth)});
    }

    void flush() {
        // Invokes stand before completions: at the instant at which a process is done it cannot begin again.
        free_processes_.insert(free_processes_.end(), just_freed_.begin(), just_freed_.end());
        just_freed_.clear();
        for (auto* list : {&invokes_, &others_}) {
            // The run record stands before everything.
            if (list == &invokes_ && index_ == 0 && !others_.empty()) {
                hand_over(others_.front());
                others_.erase(others_.begin());
            }
            for (Pending& one : *list) hand_over(one);
            list->clear();
        }
    }

    void hand_over(Pending& one) {
        one.record.index = index_++;
        if (one.truth) one.truth->index = one.record.index;
        sink_(one.record, one.truth.get());
    }

    std::int64_t process() {
        if (free_processes_.empty()) return processes_++;
        const std::int64_t process = free_processes_.back();
        free_processes_.pop_back();
        return process;
    }

    void ask() {
        if (left_ > 0 && --left_ == 0) {
            world_.settle();
            until_ = now_ + settle_;
        }
        if (left_ > 0 || now_ < until_) at(now_ + upto(dials_.decide_every), Event::Kind::ask, 0);

        std::size_t place = slots_.size();
        if (free_slots_.empty()) {
            slots_.emplace_back();
        } else {
            place = free_slots_.back();
            free_slots_.pop_back();
        }
        Slot& slot = slots_[place];
        slot = Slot{};
        const std::uint64_t session = random_.below(dials_.sessions);
        slot.agent = dials_.roaming_sessions ? random_.below(dials_.agents) : session % dials_.agents;
        slot.bundle = random_.below(world_.bundles().size());
        // The last bundle combines with nobody.
        slot.input = random_.below(slot.bundle + 1 < world_.bundles().size() ? 5 : 4);
        const ValidWorld::Agent& agent = world_.agent(slot.agent);
        slot.life = agent.life;
        slot.waits = !agent.up && chance(300);
        slot.refused = !agent.up && !slot.waits;
        slot.latest = now_ + upto(dials_.decide_takes);

        history::Decide value;
        value.agent = agent.name;
        value.path = "mistrial/decision";
        value.input_id = inputs_[slot.bundle * std::size(input_names) + slot.input];
        value.nonce = "n" + std::to_string(asked_);
        slot.record.process = process();
        slot.record.f = "decide";
        slot.record.session = "s" + std::to_string(session);
        slot.record.value = std::move(value);
        slot.record.type = Type::invoke;
        emit(now_, slot.record, nullptr);
        ++asked_;
        at(random_.between(now_, slot.latest), Event::Kind::evaluate, place);
    }

    void evaluate(std::size_t place) {
        Slot& slot = slots_[place];
        ValidWorld::Agent& agent = world_.agent(slot.agent);
        if (slot.refused) {
            slot.record.type = Type::fail;
        } else if (agent.paused || (slot.waits && !agent.up)) {
            return at(now_ + 1 + upto(4), Event::Kind::evaluate, place);
        } else if (!agent.up || (!slot.waits && slot.life != agent.life)) {
            slot.record.type = Type::info;
        } else {
            answer(slot, agent);
            slot.record.type = chance(dials_.lost_answers) ? Type::info : Type::ok;
        }
        at(std::max(now_, slot.latest), Event::Kind::complete, place);
    }

    void answer(Slot& slot, ValidWorld::Agent& agent) {
        auto& decide = std::get<history::Decide>(slot.record.value);
        slot.truth.decided = TrueTime{now_ * dials_.tick};
        slot.truth.incarnation = world_.incarnation(agent);
        slot.truth.clock_offset = agent.offset * dials_.tick;
        std::vector<std::size_t> bundles{slot.bundle};
        if (slot.input == 4) bundles.push_back(slot.bundle + 1);
        for (std::size_t i = 0; i < world_.bundles().size(); ++i) {
            if (agent.active[i] != 0) slot.truth.state[world_.bundles()[i].name] = revision(i, agent).name;
        }
        const bool lost = chance(dials_.lost_provenance);
        const bool partial = chance(dials_.partial_markers);
        const bool reports = chance(500);
        for (const std::size_t i : bundles) {
            const std::string& name = world_.bundles()[i].name;
            if (agent.active[i] == 0) {
                if (!lost && reports) decide.markers[name + "/data"] = decide.markers[name + "/policy"] = "-";
                continue;
            }
            const ValidWorld::Revision& active = revision(i, agent);
            if (lost) continue;
            decide.markers[name + "/policy"] = active.policy_marker.empty() ? active.name : active.policy_marker;
            if (!partial) decide.markers[name + "/data"] = active.name;
        }
        if (reports && !lost) decide.revisions = slot.truth.state;
        const WallTime clock{(ValidWorld::wall_zero + now_ + agent.offset) * dials_.tick};
        if (!lost) decide.agent_time = clock;
        if (!dials_.records_boots || !chance(dials_.lost_echoes)) decide.incarnation = slot.truth.incarnation;
        decide.decision_id = "d" + *decide.nonce;
        decide.answer = verdict(slot, agent, now_ + agent.offset);
        if (!dials_.logs) return;
        history::Log event;
        event.agent = agent.name;
        event.incarnation = slot.truth.incarnation;
        event.decision_id = decide.decision_id;
        event.nonce = decide.nonce;
        event.path = decide.path;
        event.input_id = decide.input_id;
        event.revisions = slot.truth.state;
        if (const auto* verdict = std::get_if<history::Verdict>(&*decide.answer)) event.verdict = *verdict;
        event.agent_time = clock;
        agent.buffer.push_back(std::move(event));
    }

    const ValidWorld::Revision& revision(std::size_t bundle, const ValidWorld::Agent& agent) const {
        return world_.bundles()[bundle].revisions[static_cast<std::size_t>(agent.active[bundle])];
    }

    history::Answer verdict(const Slot& slot, const ValidWorld::Agent& agent, Ticks clock) const {
        if (agent.active[slot.bundle] == 0) return history::Undefined{};
        const int said = revision(slot.bundle, agent).verdicts[slot.input];
        if (slot.input == 4) {
            const std::size_t next = slot.bundle + 1;
            const bool other = agent.active[next] != 0 && revision(next, agent).verdicts[4] == 1;
            const bool both = slot.bundle % 2 == 0 ? said == 1 && other : said == 1 || other;
            return history::Verdict{both ? "true" : "false"};
        }
        if (said == 2) return history::Undefined{};
        return history::Verdict{(said > 2 ? ValidWorld::wall_zero + clock < said : said == 1) ? "true" : "false"};
    }

    void complete(std::size_t place) {
        Slot& slot = slots_[place];
        const Type type = slot.record.type;
        if (type != Type::ok) {
            auto& decide = std::get<history::Decide>(slot.record.value);
            decide.answer.reset();
            decide.revisions.clear();
            decide.markers.clear();
            decide.agent_time.reset();
            decide.decision_id.reset();
            decide.incarnation.reset();
            slot.record.error = type == Type::fail ? "connection-refused" : "reset";
        }
        const auto process = std::get<std::int64_t>(slot.record.process);
        emit(now_, std::move(slot.record), type == Type::ok ? &slot.truth : nullptr);
        if (type != Type::info) just_freed_.push_back(process);
        free_slots_.push_back(place);
    }

    const Dials& dials_;
    RandomSequence random_;
    Ticks now_ = 0;
    Ticks pending_at_ = 0;
    std::uint64_t index_ = 0;
    std::vector<Pending> invokes_;
    std::vector<Pending> others_;
    ValidWorld world_;
    const ValidHistory::Sink& sink_;
    std::int64_t left_;
    Ticks settle_;
    Ticks until_ = 0;
    std::int64_t asked_ = 0;
    std::vector<std::string> inputs_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
    std::uint64_t order_ = 0;
    std::vector<Slot> slots_;
    std::vector<std::size_t> free_slots_;
    std::int64_t processes_ = 0;
    std::vector<std::int64_t> free_processes_;
    std::vector<std::int64_t> just_freed_;
};

}  // namespace

Dials dials_of(std::uint64_t seed) {
    RandomSequence random{RandomStream{seed, "history", "dials"}};
    const auto one_in = [&](std::uint64_t n) { return random.below(n) == 0; };
    Dials dials;
    dials.agents = 1 + static_cast<std::uint32_t>(random.below(5));
    dials.bundles = 1 + static_cast<std::uint32_t>(random.below(3));
    dials.mirrors = 1 + static_cast<std::uint32_t>(random.below(2));
    dials.sessions = 1 + static_cast<std::uint32_t>(random.below(6));
    dials.decide_every = random.between(1, 4);
    dials.decide_takes = random.between(0, 12);
    dials.publish_every = random.between(5, 300);
    dials.publish_takes = random.between(0, 15);
    dials.poll_every = random.between(1, 50);
    dials.fetch_takes = random.between(0, 12);
    dials.activation_takes = random.between(0, 8);
    dials.mirror_keeps = random.between(0, 25);
    dials.report_takes = random.between(0, 60);
    dials.upload_every = random.between(5, 60);
    dials.fault_every = random.between(50, 800);
    dials.fault_lasts = random.between(0, 250);
    dials.lost_answers = random.below(80);
    dials.lost_provenance = one_in(3) ? 0 : random.below(400);
    dials.partial_markers = one_in(3) ? random.below(300) : 0;
    dials.lost_echoes = one_in(4) ? 1'000 : random.below(300);
    dials.overlapping_publishes = one_in(2) ? random.below(600) : 0;
    dials.indeterminate_publishes = random.below(300);
    dials.failed_publishes = random.below(200);
    dials.bad_publishes = one_in(2) ? random.below(200) : 0;
    dials.persists = one_in(2);
    dials.records_boots = !one_in(4);
    dials.records_deaths = !one_in(3);
    dials.records_deliveries = !one_in(4);
    dials.roaming_sessions = !one_in(4);
    dials.logs = one_in(3);
    return dials;
}

Duration ValidHistory::bound() const {
    // A fetch and an activation under way, the pause before the next poll, a mirror that still keeps what it had, and then
    // the fetch and the activation of the new one.
    return dials.tick *
           (dials.mirror_keeps + 2 * dials.fetch_takes + 2 * dials.activation_takes + dials.poll_every);
}

Claims ValidHistory::claims() const {
    Claims claims;
    const auto add = [&](const std::string& name, std::optional<Duration> within = std::nullopt, const Json& parameters = Json::object()) {
        Claim claim;
        claim.property = name;
        claim.within = within;
        claim.parameters = parameters;
        claims[name] = claim;
    };
    for (const char* name : {"revision-validity", "authentic-activation", "oracle-correctness", "determinism",
                             "atomic-activation", "publish-order", "monotonic-revisions", "status-truth"}) {
        add(name);
    }
    for (const char* name : {"bounded-staleness", "split-brain", "convergence"}) add(name, bound());
    add("fail-closed", std::nullopt, {{"undefined", "deny"}, {"error", "deny"}});
    return claims;
}

std::int64_t ValidHistory::generate(const Sink& sink) const { return Client{*this, sink}.run(claims()); }

std::vector<history::Record> ValidHistory::records() const {
    std::vector<history::Record> all;
    generate([&](const history::Record& record, const Truth*) { all.push_back(record); });
    return all;
}

ValidHistory valid_history(std::uint64_t seed, std::int64_t operations) { return {seed, operations, dials_of(seed)}; }

}  // namespace mistrial::checkers::testing
