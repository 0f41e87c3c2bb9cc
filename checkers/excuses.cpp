#include "checkers/excuses.hpp"

namespace mistrial::checkers {
namespace {

/// Whether another process runs after the window than before it, however short it was.
bool parts_processes(const ExcuseWindow& window) { return window.cause == ExcuseCause::not_running; }

}  // namespace

bool ExcuseWindow::suspends(Duty duty) const {
    if (!channel) return !(suspected && duty == Duty::answer);
    const bool cuts_deliveries = *channel == Channel::deliveries;
    switch (duty) {
        case Duty::enforce: return cuts_deliveries;
        case Duty::enforce_always: return cuts_deliveries && cause != ExcuseCause::fault;
        case Duty::poll: return cuts_deliveries && cause == ExcuseCause::fault;
        case Duty::report: return *channel == Channel::status || (cuts_deliveries && cause == ExcuseCause::fault);
        case Duty::answer: return *channel == Channel::answers;
        case Duty::log: return *channel == Channel::log;
    }
    MISTRIAL_INVARIANT(false, "duty {}", static_cast<int>(duty));
}

FloorTable& Excuses::table(Duration within, Duty duty) {
    return tables_.try_emplace({within, duty}, within, duty).first->second;
}

kernels::DeadlineFloor& Excuses::make_floor(FloorTable& table, AgentId agent, BundleId bundle) const {
    const auto [entry, made] = table.floors_.try_emplace({agent, bundle}, table.within_);
    kernels::DeadlineFloor& floor = entry->second;
    if (bundle != no_bundle) {
        if (table.known_.size() <= agent) table.known_.resize(agent + 1);
        if (table.known_[agent].size() <= bundle) table.known_[agent].resize(bundle + 1, nullptr);
        table.known_[agent][bundle] = &floor;
    }
    if (!made) return floor;
    const kernels::Acknowledged& acknowledged = acknowledged_of_(context_, bundle);
    for (const ExcuseWindow& window : windows_) {
        if (!table.heeds(window) || !window.concerns(agent, bundle)) continue;
        if (window.to) {
            floor.excuse(window.from, *window.to, acknowledged);
            if (parts_processes(window)) floor.restarts(*window.to, acknowledged);
        } else {
            floor.excuse_begins(window.from, acknowledged);
        }
    }
    return floor;
}

Excuses::WindowId Excuses::begins(ExcuseWindow window) {
    for (auto& [key, table] : tables_) {
        if (!table.heeds(window)) continue;
        for (auto& [subject, floor] : table.floors_) {
            if (!window.concerns(subject.first, subject.second)) continue;
            floor.excuse_begins(window.from, acknowledged_of_(context_, subject.second));
        }
    }
    windows_.push_back(std::move(window));
    return windows_.size() - 1;
}

void Excuses::ends(WindowId id, TrueTime at) {
    ExcuseWindow& window = windows_[id];
    if (window.to) return;
    window.to = at;
    for (auto& [key, table] : tables_) {
        if (!table.heeds(window)) continue;
        for (auto& [subject, floor] : table.floors_) {
            if (!window.concerns(subject.first, subject.second)) continue;
            if (parts_processes(window)) floor.restarts(at, acknowledged_of_(context_, subject.second));
            floor.excuse_ends(at);
        }
    }
}

void Excuses::was(ExcuseWindow window) {
    for (auto& [key, table] : tables_) {
        if (!table.heeds(window)) continue;
        for (auto& [subject, floor] : table.floors_) {
            if (!window.concerns(subject.first, subject.second)) continue;
            const kernels::Acknowledged& acknowledged = acknowledged_of_(context_, subject.second);
            floor.excuse(window.from, *window.to, acknowledged);
            if (parts_processes(window)) floor.restarts(*window.to, acknowledged);
        }
    }
    windows_.push_back(std::move(window));
}

}  // namespace mistrial::checkers
