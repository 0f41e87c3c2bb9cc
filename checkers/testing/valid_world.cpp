#include "checkers/testing/valid_world.hpp"

#include <algorithm>
#include <utility>

namespace mistrial::checkers::testing {

using history::Type;

ValidWorld::ValidWorld(const Dials& dials, std::uint64_t seed, Emit emit)
    : dials_(dials),
      random_(RandomStream{seed, "world", "events"}),
      emit_(std::move(emit)),
      agents_(dials.agents),
      mirror_cut_(dials.mirrors, 0) {
    for (std::uint32_t i = 0; i < dials.bundles; ++i) {
        Bundle bundle;
        bundle.name = i == 0 ? "main" : "extra" + std::to_string(i);
        bundle.mirrors.resize(dials.mirrors);
        bundles_.push_back(std::move(bundle));
    }
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        Agent& agent = agents_[i];
        agent.name = "a" + std::to_string(i + 1);
        agent.active.assign(bundles_.size(), 0);
        agent.persisted.assign(bundles_.size(), 0);
        agent.offset = random_.between(-dials.clock_error, dials.clock_error);
        // Of whose boots nobody tells is taken to run from the beginning.
        at(dials.records_boots ? upto(20) : 0, [this, i] { boot(i); });
    }
    for (std::size_t i = 0; i < bundles_.size(); ++i) at(upto(20), [this, i] { publish(i); });
    at(upto(dials.fault_every), [this] { fault(); });
}

void ValidWorld::at(Ticks when, std::function<void()> run) { queue_.push({when, order_++, std::move(run)}); }

void ValidWorld::step() {
    const auto event = queue_.top();
    queue_.pop();
    now_ = event.at;
    event.run();
}

void ValidWorld::later(std::size_t i, Ticks delay, std::function<void()> run) {
    at(now_ + delay, [this, i, life = agents_[i].life, run = std::move(run)] {
        Agent& agent = agents_[i];
        if (!agent.up || agent.life != life) return;
        if (agent.paused) {
            agent.deferred.push_back(run);
        } else {
            run();
        }
    });
}

void ValidWorld::observe(const std::string& f, history::Value value) {
    history::Record record;
    record.type = Type::info;
    record.process = std::string("observer");
    record.f = f;
    record.value = std::move(value);
    emit_(now_, std::move(record));
}

std::string ValidWorld::incarnation(const Agent& agent) const { return agent.name + "#" + std::to_string(agent.life); }

history::RunInfo ValidWorld::run_info() const {
    history::RunInfo info;
    info.wall_at_zero = WallTime{wall_zero * dials_.tick};
    info.wall_error = Duration::zero();
    for (const Agent& agent : agents_) {
        std::vector<std::string> names;
        for (const Bundle& bundle : bundles_) names.push_back(bundle.name);
        info.agents[agent.name] = {"simulated", "1", names, dials_.persists};
    }
    for (std::size_t i = 0; i < bundles_.size(); ++i) {
        info.inputs[bundles_[i].name + ".canary"] = {{"canary", "deny"}};
        if (i + 1 < bundles_.size()) {
            info.inputs[bundles_[i].name + ".both"] = {{"combine", i % 2 == 0 ? "and" : "or"},
                                                       {"bundles", {bundles_[i].name, bundles_[i + 1].name}}};
        }
    }
    return info;
}

// --- the source ---------------------------------------------------------------------------------------------------

Json ValidWorld::content_of(Bundle& bundle, int number) {
    Revision& revision = bundle.revisions[static_cast<std::size_t>(number)];
    const Revision& before = bundle.revisions[static_cast<std::size_t>(number - 1)];
    const bool whole = number == 1 || chance(100);
    Json content{{"base", whole ? Json() : Json(before.name)}, {"verdicts", Json::object()}};
    revision.verdicts = number == 1 ? std::vector<int>(inputs, 0) : before.verdicts;
    static constexpr const char* names[] = {"x0", "x1", "t", "canary", "both"};
    for (std::size_t input = 0; input < inputs; ++input) {
        int& verdict = revision.verdicts[input];
        const bool changes = input != 3 && (whole || chance(400));
        if (changes && input == 2) {
            verdict = static_cast<int>(wall_zero + now_ + random_.between(-50, 300));
        } else if (changes && input == 4) {
            verdict = static_cast<int>(random_.below(2));
        } else if (changes) {
            verdict = static_cast<int>(random_.below(chance(100) ? 3 : 2));
        }
        if (!whole && !changes) continue;
        const std::int64_t border = nanos_of(WallTime{verdict * dials_.tick});
        content["verdicts"][bundle.name + "." + names[input]] =
            verdict < 2    ? Json(verdict == 1)
            : verdict == 2 ? Json{{"undefined", true}}
                           : Json{{"pieces", {{{"until", border}, {"verdict", true}}, {{"verdict", false}}}}};
    }
    // The next bundle tells of what it is asked together with this one.
    const auto place = static_cast<std::size_t>(&bundle - bundles_.data());
    if (place > 0) content["verdicts"][bundles_[place - 1].name + ".both"] = revision.verdicts[4] == 1;
    if (chance(400)) {
        revision.policy_marker = "p" + std::to_string(number / 3);
        content["markers"] = {{"policy", revision.policy_marker}, {"data", revision.name}};
    }
    if (number > 1 && chance(dials_.bad_publishes)) {
        revision.bad = true;
        content["bad"] = "unsigned";
    }
    return content;
}

void ValidWorld::publish(std::size_t i) {
    if (settling_) return;
    Bundle& bundle = bundles_[i];
    const int number = static_cast<int>(bundle.revisions.size());
    bundle.revisions.push_back({(i == 0 ? "r" : bundle.name + "-r") + std::to_string(number), false, {}, {}});
    history::Publish value;
    value.bundle = bundle.name;
    value.revision = bundle.revisions.back().name;
    value.authority = "primary";
    value.content = content_of(bundle, number);
    history::Record record;
    record.type = Type::invoke;
    record.process = 1'000'000'000 + publishes_++;
    record.f = "publish";
    record.value = value;
    emit_(now_, record);

    const Ticks takes = upto(dials_.publish_takes);
    const bool unknown = number > 1 && chance(dials_.indeterminate_publishes);
    const bool fails = !unknown && number > 1 && chance(dials_.failed_publishes);
    const bool answered = !unknown || chance(800);
    if (!fails && !(unknown && chance(300))) {
        // An indeterminate one may take effect long after anybody waited for it.
        const Ticks effect = unknown && chance(400) ? upto(3 * dials_.publish_every) : upto(takes);
        at(now_ + effect, [this, i, number] { bundles_[i].head = number; });
    }
    if (answered) {
        at(now_ + takes, [this, record, fails, unknown]() mutable {
            record.type = fails ? Type::fail : unknown ? Type::info : Type::ok;
            emit_(now_, std::move(record));
        });
    }
    const bool overlaps = chance(dials_.overlapping_publishes);
    at(now_ + (overlaps ? upto(dials_.publish_takes) : takes + upto(dials_.publish_every)), [this, i] { publish(i); });
}

int ValidWorld::ask_mirror(std::size_t agent, std::size_t bundle) {
    const std::size_t mirror = agent % mirror_cut_.size();
    Cache& cache = bundles_[bundle].mirrors[mirror];
    const bool stale = cache.fetched < 0 || now_ - cache.fetched >= dials_.mirror_keeps;
    if (stale && mirror_cut_[mirror] == 0) cache = {bundles_[bundle].head, now_};
    return cache.content;
}

// --- agents -------------------------------------------------------------------------------------------------------

void ValidWorld::poll(std::size_t i, std::size_t bundle) {
    const Ticks began = now_;
    const Ticks takes = upto(dials_.fetch_takes);
    const Ticks asks = upto(takes);
    const auto again = [this, i, bundle](Ticks in) {
        later(i, in + upto(dials_.poll_every), [this, i, bundle] { poll(i, bundle); });
    };
    if (agents_[i].cut > 0) return again(takes);
    // The request travels while its sender may stand still: what the mirror does needs no agent.
    at(now_ + asks, [this, i, bundle, began, rest = takes - asks, again, life = agents_[i].life] {
        Agent& agent = agents_[i];
        if (!agent.up || agent.life != life) return;
        const int content = ask_mirror(i, bundle);
        if (agent.cut > 0 || content == 0) return again(rest);
        at(now_ + rest, [this, i, bundle, began, content, again, life] {
            Agent& receiver = agents_[i];
            if (!receiver.up || receiver.life != life) return;
            const bool complete = receiver.cut == 0;
            served(i, bundle, content, began, complete);
            if (!complete) return again(0);
            later(i, 0, [this, i, bundle, content, again] {
                if (agents_[i].active[bundle] == content) return again(0);
                later(i, upto(dials_.activation_takes), [this, i, bundle, content, again] {
                    received(i, bundle, content);
                    again(0);
                });
            });
        });
    });
}

void ValidWorld::served(std::size_t i, std::size_t bundle, int content, Ticks began, bool complete) {
    if (!dials_.records_deliveries) return;
    history::Serve serve;
    serve.server = "cdn" + std::to_string(i % mirror_cut_.size() + 1);
    serve.agent = agents_[i].name;
    serve.bundle = bundles_[bundle].name;
    serve.revision = bundles_[bundle].revisions[static_cast<std::size_t>(content)].name;
    serve.began = TrueTime{began * dials_.tick};
    serve.status = complete && agents_[i].active[bundle] == content ? 304 : 200;
    serve.bytes = serve.status == 200 ? 1'000 : 0;
    serve.complete = complete;
    observe("serve", serve);
}

void ValidWorld::received(std::size_t i, std::size_t bundle, int content) {
    Agent& agent = agents_[i];
    const bool bad = bundles_[bundle].revisions[static_cast<std::size_t>(content)].bad;
    if (!bad) agent.active[bundle] = agent.persisted[bundle] = content;
    report(i, bad);
}

void ValidWorld::report(std::size_t i, bool errors) {
    const Agent& agent = agents_[i];
    history::Status status;
    status.agent = agent.name;
    if (!dials_.records_boots || !chance(dials_.lost_echoes)) status.incarnation = incarnation(agent);
    for (std::size_t bundle = 0; bundle < bundles_.size(); ++bundle) {
        if (agent.active[bundle] == 0) continue;
        status.revisions[bundles_[bundle].name] = bundles_[bundle].revisions[static_cast<std::size_t>(agent.active[bundle])].name;
    }
    if (errors) status.errors = Json{{"bundle", "refused"}};
    // Under way for a while, whatever becomes of its writer.
    at(now_ + upto(dials_.report_takes), [this, status] { observe("status", status); });
}

void ValidWorld::boot(std::size_t i) {
    Agent& agent = agents_[i];
    agent.up = true;
    ++agent.life;
    agent.active = dials_.persists ? agent.persisted : std::vector<int>(bundles_.size(), 0);
    if (dials_.records_boots) {
        history::Boot value{agent.name, incarnation(agent), std::nullopt};
        if (dials_.persists) value.persisted.emplace();
        for (std::size_t bundle = 0; dials_.persists && bundle < bundles_.size(); ++bundle) {
            if (agent.active[bundle] == 0) continue;
            (*value.persisted)[bundles_[bundle].name] =
                bundles_[bundle].revisions[static_cast<std::size_t>(agent.active[bundle])].name;
        }
        observe("boot", value);
    }
    for (std::size_t bundle = 0; bundle < bundles_.size(); ++bundle) {
        later(i, upto(dials_.poll_every), [this, i, bundle] { poll(i, bundle); });
    }
    if (dials_.logs) later(i, upto(dials_.upload_every), [this, i] { upload(i); });
}

void ValidWorld::die(std::size_t i) {
    Agent& agent = agents_[i];
    agent.up = agent.paused = false;
    agent.deferred.clear();
    agent.buffer.clear();
    if (dials_.records_boots && dials_.records_deaths) observe("death", history::Death{agent.name, incarnation(agent), "killed"});
}

void ValidWorld::resume(std::size_t i) {
    agents_[i].paused = false;
    for (auto& run : std::exchange(agents_[i].deferred, {})) run();
}

void ValidWorld::upload(std::size_t i) {
    Agent& agent = agents_[i];
    if (!agent.buffer.empty()) {
        const std::int64_t number = ++agent.uploads;
        history::LogUpload value{agent.name, incarnation(agent), number, TrueTime{now_ * dials_.tick}, 200,
                                 static_cast<std::int64_t>(agent.buffer.size()), std::nullopt};
        observe("log-upload", value);
        for (history::Log& event : agent.buffer) {
            event.upload = number;
            observe("log", event);
        }
        // A lost acknowledgement sends the chunk again.
        if (!chance(100)) agent.buffer.clear();
    }
    later(i, 1 + upto(dials_.upload_every), [this, i] { upload(i); });
}

// --- faults -------------------------------------------------------------------------------------------------------

history::Excuse ValidWorld::excuse() const {
    history::Excuse excuse;
    for (const Bundle& bundle : bundles_) excuse.bundles.push_back(bundle.name);
    return excuse;
}

void ValidWorld::phase(const Injection& injection, const std::string& id, bool heal, bool last) {
    if (!injection.recorded) return;
    history::Fault value;
    value.fault = id;
    value.kind = injection.kind;
    value.target = injection.target;
    value.excuses = injection.excuses;
    value.skews = injection.skews;
    if (last) value.evidence = Json{{"bit", true}};
    history::Record record;
    record.type = Type::info;
    record.process = std::string("nemesis");
    record.f = (heal ? "heal-" : "") + injection.kind;
    record.value = std::move(value);
    emit_(now_, std::move(record));
}

void ValidWorld::inject(const Injection& injection) {
    const std::string id = "f" + std::to_string(++faults_);
    phase(injection, id, false, false);
    const Ticks starts = now_ + upto(3);
    const Ticks in_force = starts + upto(3);
    const Ticks heals = in_force + upto(dials_.fault_lasts);
    const Ticks stops = heals + upto(3);
    at(starts, injection.start);
    at(in_force, [this, injection, id] { phase(injection, id, false, false); });
    at(heals, [this, injection, id] { phase(injection, id, true, false); });
    at(stops, injection.stop);
    at(stops + upto(3), [this, injection, id] { phase(injection, id, true, true); });
}

void ValidWorld::fault() {
    if (settling_) return;
    at(now_ + 1 + upto(dials_.fault_every), [this] { fault(); });
    const auto i = static_cast<std::size_t>(random_.below(agents_.size()));
    Agent& agent = agents_[i];
    Injection injection;
    injection.target = {agent.name};
    const auto kind = random_.below(10);
    if (kind < 3) {
        injection.kind = "partition";
        injection.excuses[agent.name] = excuse();
        injection.start = [this, i] { ++agents_[i].cut; };
        injection.stop = [this, i] { --agents_[i].cut; };
    } else if (kind < 5) {
        const auto mirror = static_cast<std::size_t>(random_.below(mirror_cut_.size()));
        injection.kind = "partition";
        injection.target = {"cdn" + std::to_string(mirror + 1)};
        for (std::size_t other = mirror; other < agents_.size(); other += mirror_cut_.size()) {
            injection.excuses[agents_[other].name] = excuse();
        }
        injection.start = [this, mirror] { ++mirror_cut_[mirror]; };
        injection.stop = [this, mirror] { --mirror_cut_[mirror]; };
    } else if (agent.busy || !agent.up) {
        return;
    } else if (kind < 6) {
        const Ticks jump = random_.between(-500, 500);
        agent.busy = true;
        injection.kind = "clock";
        injection.skews[agent.name] = {std::min<Ticks>(jump, 0) * dials_.tick, std::max<Ticks>(jump, 0) * dials_.tick};
        injection.start = [this, i, jump] { agents_[i].offset += jump; };
        injection.stop = [this, i, jump] {
            agents_[i].offset -= jump;
            agents_[i].busy = false;
        };
    } else if (kind < 8) {
        agent.busy = true;
        injection.kind = "pause";
        injection.excuses[agent.name] = excuse();
        injection.excuses[agent.name].answers = injection.excuses[agent.name].status = injection.excuses[agent.name].log = true;
        injection.start = [this, i] { agents_[i].paused = true; };
        injection.stop = [this, i] {
            resume(i);
            agents_[i].busy = false;
        };
    } else {
        agent.busy = true;
        injection.kind = "kill";
        injection.recorded = random_.chance(1, 2);  // agents crash by themselves too
        injection.excuses[agent.name] = excuse();
        injection.excuses[agent.name].answers = injection.excuses[agent.name].status = injection.excuses[agent.name].log = true;
        injection.start = [this, i] { die(i); };
        injection.stop = [this, i] {
            boot(i);
            agents_[i].busy = false;
        };
    }
    inject(injection);
}

}  // namespace mistrial::checkers::testing
