#include "reports/timeline.hpp"

#include "reports/wording.hpp"
#include "reports/xml.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mistrial::reports {

using checkers::FaultSeen;
using checkers::Judgement;

std::vector<Stretch> coarsened(const std::vector<Stretch>& stretches, TrueTime end, std::size_t most) {
    if (stretches.size() <= most || most == 0) return stretches;
    const Duration least =
        std::max(Duration{1}, end.time_since_epoch() / static_cast<std::int64_t>(most) * 2);
    std::vector<Stretch> coarse;
    std::map<std::string, Duration> lasted;  // within the stretch that is being gathered
    const auto close = [&](Stretch& gathered) {
        const auto longest =
            std::max_element(lasted.begin(), lasted.end(),
                             [](const auto& one, const auto& other) { return one.second < other.second; });
        gathered.revision = longest->first;
        coarse.push_back(std::move(gathered));
        lasted.clear();
    };
    std::optional<Stretch> gathered;
    for (const Stretch& stretch : stretches) {
        // A gap (the agent was down) is kept as one.
        if (gathered && (gathered->to != stretch.from || gathered->to - gathered->from >= least)) {
            close(*gathered);
            gathered.reset();
        }
        if (!gathered) gathered = stretch;
        gathered->to = stretch.to;
        lasted[stretch.revision] += stretch.to - stretch.from;
    }
    if (gathered) close(*gathered);
    return coarse;
}

namespace {

constexpr std::size_t kColours = 7;
constexpr std::size_t kMostStretches = 20'000;  ///< of all lanes
constexpr std::size_t kMostPoints = 60'000;     ///< of all graphs
constexpr std::size_t kMostLabels = 3'000;
constexpr std::size_t kFewViolations =
    16;                        ///< beyond, they are bars without a tint, which would cover the lanes
constexpr double kGraph = 24;  ///< height of a graph's own coordinates

/// Milliseconds, the unit of all SVG and of the script: as short as is exact enough.
std::string ms(TrueTime time) {
    std::string text = fmt::format("{:.2f}", static_cast<double>(nanos_of(time)) / 1e6);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}
TrueTime after(TrueTime from, Duration span) { return from + span; }

class Timeline {
  public:
    Timeline(const Judgement& judgement, const Lanes& lanes, const std::vector<Anchored>& violations)
        : judgement_(judgement), lanes_(lanes), violations_(violations) {
        end_ = std::max(lanes.end, TrueTime{Duration{1'000'000}});
        for (const auto& fault : judgement.faults)
            end_ = std::max(end_, fault.healed.value_or(fault.started));
        std::size_t strips = 0, points = 0, decisions = 0;
        for (const AgentLane& lane : lanes.agents) {
            strips += lane.bundles.size();
            points += lane.slices.size();
            for (const Slice& slice : lane.slices)
                decisions += static_cast<std::size_t>(slice.answered + slice.refused + slice.unanswered);
            for (const auto& [bundle, stretches] : lane.bundles) bundles_.insert(bundle);
        }
        for (const PublishMark& publish : lanes.publishes) {
            bundles_.insert(publish.bundle);
            orders_[publish.bundle].try_emplace(publish.revision, publish.order);
        }
        most_stretches_ =
            std::clamp<std::size_t>(kMostStretches / std::max<std::size_t>(1, strips), 100, 4'000);
        // Few enough points for the page, and each of enough decisions that a steady rate looks steady.
        const auto upwards = [](std::size_t one, std::size_t by) {
            return (one + by - 1) / std::max<std::size_t>(1, by);
        };
        constexpr std::size_t kSteady = 24;
        merge_ = std::max({std::size_t{1}, upwards(points, kMostPoints),
                           std::min<std::size_t>(upwards(kSteady * points, decisions), 12)});
        for (const AgentLane& lane : lanes.agents)
            for (const Slice& slice : merged(lane.slices))
                busiest_ = std::max(busiest_, slice.answered + slice.refused + slice.unanswered);
    }

    std::string draw() {
        out_ += fmt::format("<div class=\"timeline{}\" id=\"timeline\" data-end=\"{}\">\n",
                            violations_.size() > kFewViolations ? " many" : "", ms(end_));
        axis();
        for (const std::string& bundle : bundles_) publisher(bundle);
        faults();
        for (const AgentLane& lane : lanes_.agents) agent(lane);
        elsewhere();
        out_ += "<div class=\"cursor\" id=\"cursor\" hidden></div>\n</div>\n";
        return std::move(out_);
    }

  private:
    // -- pieces
    // ------------------------------------------------------------------------------------------------------

    [[nodiscard]] double per_cent(TrueTime time) const {
        return 100.0 * static_cast<double>(nanos_of(time)) / static_cast<double>(nanos_of(end_));
    }

    /// `style` and data of something laid over a row: the script moves it by the data.
    [[nodiscard]] std::string placed(TrueTime from, TrueTime to) const {
        return fmt::format("style=\"left:{:.3f}%;width:{:.3f}%\" data-a=\"{}\" data-b=\"{}\"", per_cent(from),
                           std::max(0.0, per_cent(to) - per_cent(from)), ms(from), ms(to));
    }

    void row(std::string_view kind, const std::string& label, std::string_view note) {
        out_ += fmt::format("<div class=\"row {}\"><div class=\"name\">{}", kind, label);
        if (!note.empty()) out_ += fmt::format("<small title=\"{0}\">{0}</small>", escaped(note));
        out_ += "</div><div class=\"plot\">\n";
    }
    void end_row() { out_ += "</div></div>\n"; }

    void svg(double height, std::string_view kind) {
        out_ += fmt::format(
            "<svg class=\"{}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
            kind, ms(end_), height);
    }
    void end_svg() { out_ += "</svg>\n"; }

    void rect(std::string_view kind, TrueTime from, TrueTime to, double height) {
        out_ += fmt::format("<rect class=\"{}\" x=\"{}\" width=\"{}\" height=\"{}\"/>", kind, ms(from),
                            ms(TrueTime{to - from}), height);
    }

    void label(std::string_view kind, TrueTime from, TrueTime to, std::string_view text) {
        if (labels_ >= kMostLabels || text.empty()) return;
        ++labels_;
        // What is too narrow at first is hidden until zoomed into; 11 px a character of a plot 1,000 px wide.
        const bool fits = (per_cent(to) - per_cent(from)) * 10 > 7.0 * static_cast<double>(text.size()) + 4;
        out_ += fmt::format("<span class=\"t label {}{}\" {}>{}</span>", kind, fits ? "" : " narrow",
                            placed(from, to), escaped(text));
    }

    [[nodiscard]] std::optional<std::size_t> order(const std::string& bundle,
                                                   const std::string& revision) const {
        const auto revisions = orders_.find(bundle);
        if (revisions == orders_.end()) return std::nullopt;
        const auto found = revisions->second.find(revision);
        return found == revisions->second.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] std::string colour(const std::string& bundle, const std::string& revision) const {
        const auto number = order(bundle, revision);
        return number ? fmt::format("r{}", *number % kColours) : std::string("unknown");
    }

    // -- rows
    // --------------------------------------------------------------------------------------------------------

    void axis() {
        row("axis", "", "");
        out_ += "<div class=\"ticks\" id=\"ticks\">";
        constexpr std::array kSteps{1e9,  2e9,   5e9,   10e9,  15e9,   30e9,
                                    60e9, 120e9, 300e9, 600e9, 1800e9, 3600e9};
        double step = 0.1e9;
        for (const double candidate : kSteps)
            if (static_cast<double>(nanos_of(end_)) / step > 12) step = candidate;
        for (double at = 0; at <= static_cast<double>(nanos_of(end_)); at += step) {
            const TrueTime time{Duration{static_cast<std::int64_t>(at)}};
            out_ += fmt::format("<span class=\"tick\" style=\"left:{:.3f}%\">{} s</span>", per_cent(time),
                                seconds_text(time, step < 1e9 ? 1 : 0));
        }
        out_ += "</div>";
        if (lanes_.settle_start && *lanes_.settle_start < end_)
            out_ +=
                fmt::format("<span class=\"t settle\" {} title=\"settle: no publish and no fault\"></span>",
                            placed(*lanes_.settle_start, end_));
        end_row();
    }

    /// What an agent that is up to date shows: the newest acknowledged revision, and every publish as a mark.
    void publisher(const std::string& bundle) {
        std::vector<const PublishMark*> marks;
        for (const PublishMark& publish : lanes_.publishes)
            if (publish.bundle == bundle) marks.push_back(&publish);
        if (marks.empty()) return;
        row("publisher", "published", bundles_.size() > 1 ? bundle : std::string());
        std::vector<Stretch> newest;
        for (const PublishMark* mark : marks) {
            if (mark->outcome != history::Type::ok || !mark->completed || mark->bad) continue;
            if (!newest.empty()) newest.back().to = std::max(newest.back().from, *mark->completed);
            newest.push_back({*mark->completed, end_, mark->revision});
        }
        strip(bundle, coarsened(newest, end_, most_stretches_));
        if (marks.size() <= kMostLabels)
            for (const PublishMark* mark : marks) {
                if (mark->outcome == history::Type::ok && !mark->bad) continue;
                const std::string_view what =
                    mark->bad
                        ? "must be refused"
                        : (mark->outcome == history::Type::fail ? "failed" : "may or may not have happened");
                out_ += fmt::format("<span class=\"t mark {}\" {} title=\"{}\"></span>",
                                    mark->outcome == history::Type::info && !mark->bad ? "maybe" : "failed",
                                    placed(mark->invoked, mark->invoked),
                                    escaped(fmt::format("publish of {}: {}", mark->revision, what)));
            }
        end_row();
    }

    void strip(const std::string& bundle, const std::vector<Stretch>& stretches) {
        out_ += "<div class=\"strip\">";
        svg(1, "band");
        for (const Stretch& stretch : stretches)
            rect(stretch.revision.empty() ? "none" : colour(bundle, stretch.revision), stretch.from,
                 stretch.to, 1);
        end_svg();
        for (const Stretch& stretch : stretches)
            label("", stretch.from, stretch.to, stretch.revision.empty() ? "none" : stretch.revision);
        out_ += "</div>\n";
    }

    /// Intervals in as few rows as they need: each goes into the first row that is free.
    void faults() {
        std::vector<const FaultSeen*> order;
        for (const FaultSeen& fault : judgement_.faults) order.push_back(&fault);
        std::stable_sort(order.begin(), order.end(),
                         [](const auto* one, const auto* other) { return one->started < other->started; });
        std::vector<std::vector<const FaultSeen*>> rows;
        for (const FaultSeen* fault : order) {
            const auto free = std::find_if(rows.begin(), rows.end(), [&](const auto& row) {
                return row.back()->healed.value_or(end_) <= fault->started;
            });
            if (free == rows.end())
                rows.push_back({fault});
            else
                free->push_back(fault);
        }
        constexpr std::size_t kMostRows = 12;
        for (std::size_t i = 0; i < std::min(rows.size(), kMostRows); ++i) {
            const bool more = i + 1 == kMostRows && rows.size() > kMostRows;
            row("faults", i == 0 ? "faults" : "", more ? "more in the table below" : "");
            for (const FaultSeen* fault : rows[i]) one_fault(*fault);
            end_row();
        }
    }

    void one_fault(const FaultSeen& fault) {
        const std::string text = fmt::format("{} {}", fault.kind, fmt::join(fault.target, ", "));
        const std::string title =
            fmt::format("{} {}, {}{}", fault.fault, text, interval_text(fault.started, fault.healed),
                        fault.bit ? "" : ", did not bite");
        out_ += fmt::format("<a class=\"t fault kind-{}{}\" href=\"#fault-{}\" {} title=\"{}\">",
                            kind_class(fault.kind), fault.bit ? "" : " toothless", escaped(fault.fault),
                            placed(fault.started, fault.healed.value_or(end_)), escaped(title));
        out_ += fmt::format("<span class=\"text\">{}</span></a>", escaped(text));
        if (fault.in_force)
            out_ += fmt::format("<span class=\"t force kind-{}\" {}></span>", kind_class(fault.kind),
                                placed(*fault.in_force, fault.heal_started.value_or(end_)));
    }

    static std::string_view kind_class(std::string_view kind) {
        for (const std::string_view known : {"partition", "clock", "kill", "pause", "disk", "control-plane"})
            if (kind == known) return known;
        return "other";
    }

    void agent(const AgentLane& lane) {
        row("agent", fmt::format("<b>{}</b>", escaped(lane.agent)), lane.driver);
        marks_of(lane.agent);
        for (const auto& [bundle, stretches] : lane.bundles) {
            if (bundles_.size() > 1) out_ += fmt::format("<div class=\"bundle\">{}</div>", escaped(bundle));
            strip(bundle, coarsened(stretches, end_, most_stretches_));
            behind(bundle, stretches);
        }
        if (lane.bundles.empty()) out_ += "<div class=\"strip empty\"></div>";
        clock(lane);
        graph(lane);
        for (const Gap& gap : lane.down) {
            out_ += fmt::format("<span class=\"t down\" {}><span class=\"text\">down</span></span>",
                                placed(gap.from, gap.to));
        }
        for (const FaultSeen& fault : judgement_.faults) {
            const auto detail = lanes_.faults.find(fault.fault);
            if (detail == lanes_.faults.end() || !detail->second.excused.contains(lane.agent)) continue;
            out_ += fmt::format("<span class=\"t excused\" {}></span>",
                                placed(fault.started, fault.healed.value_or(end_)));
        }
        end_row();
    }

    /// Where the agent was behind the newest acknowledged revision, and by how many.
    void behind(const std::string& bundle, const std::vector<Stretch>& stretches) {
        std::vector<std::pair<TrueTime, std::size_t>> newest;  // from when on which order was acknowledged
        for (const PublishMark& mark : lanes_.publishes)
            if (mark.bundle == bundle && mark.outcome == history::Type::ok && mark.completed && !mark.bad)
                newest.emplace_back(*mark.completed, mark.order);
        std::vector<Stretch> levels;  // its class in the style sheet stands for the revision
        std::size_t next = 0;
        for (const Stretch& stretch : stretches) {
            const auto shown = order(bundle, stretch.revision);
            while (next < newest.size() && newest[next].first <= stretch.from) ++next;
            TrueTime from = stretch.from;
            for (std::size_t i = next; from < stretch.to; ++i) {
                const TrueTime to = i < newest.size() ? std::min(newest[i].first, stretch.to) : stretch.to;
                const auto due = i == 0 ? std::optional<std::size_t>() : std::optional(newest[i - 1].second);
                std::size_t by = 0;
                if (due && (!shown || *shown < *due)) by = shown ? *due - *shown : *due + 1;
                const char* level = by == 0 ? "" : (by == 1 ? "l1" : (by <= 3 ? "l2" : "l3"));
                if (!levels.empty() && levels.back().to == from && levels.back().revision == level)
                    levels.back().to = to;
                else
                    levels.push_back({from, to, level});
                from = to;
            }
        }
        svg(1, "lag");
        for (const Stretch& level : coarsened(levels, end_, most_stretches_))
            if (!level.revision.empty()) rect(level.revision, level.from, level.to, 1);
        end_svg();
    }

    [[nodiscard]] std::vector<Slice> merged(const std::vector<Slice>& slices) const {
        if (merge_ == 1) return slices;
        std::vector<Slice> wide((slices.size() + merge_ - 1) / merge_);
        for (std::size_t i = 0; i < slices.size(); ++i) wide[i / merge_].add(slices[i]);
        return wide;
    }

    /// Decisions over time: asked for in red, answered before it, so that what stays red was not; and the
    /// slowest answer.
    void graph(const AgentLane& lane) {
        if (lane.slices.empty()) return;
        const std::vector<Slice> slices = merged(lane.slices);
        const Duration width = lanes_.slice * static_cast<std::int64_t>(merge_);
        const auto step = [&](auto count) {
            std::string path = fmt::format("M0,{}", kGraph);
            double before = kGraph;
            TrueTime at{};
            for (const Slice& slice : slices) {
                const double y =
                    kGraph - kGraph * static_cast<double>(count(slice)) /
                                 (1.15 * static_cast<double>(std::max<std::int64_t>(1, busiest_)));
                if (std::abs(y - before) > 0.05) path += fmt::format("H{}V{:.1f}", ms(at), y), before = y;
                at = after(at, width);
            }
            return path + fmt::format("H{}V{}Z", ms(std::min(at, end_)), kGraph);
        };
        svg(kGraph, "graph");
        out_ += fmt::format("<path class=\"asked\" d=\"{}\"/>", step([](const Slice& slice) {
                                return slice.answered + slice.refused + slice.unanswered;
                            }));
        out_ += fmt::format("<path class=\"answered\" d=\"{}\"/>",
                            step([](const Slice& slice) { return slice.answered; }));
        std::string line;
        TrueTime at{};
        bool drawing = false;
        for (const Slice& slice : slices) {
            const bool any = slice.answered + slice.refused > 0;
            // 0.1 ms at the bottom, 10 s at the top.
            const double level = std::clamp(
                (std::log10(std::max<double>(1.0, static_cast<double>(slice.latency_max.count()))) - 5) / 5,
                0.0, 1.0);
            if (any)
                line += fmt::format("{}{},{:.1f}", drawing ? "L" : "M", ms(after(at, width / 2)),
                                    kGraph - 1 - (kGraph - 2) * level);
            drawing = any;
            at = after(at, width);
        }
        if (!line.empty()) out_ += fmt::format("<path class=\"latency\" d=\"{}\"/>", line);
        end_svg();
    }

    /// Where the agent's own clock is off by more than anything that the network could explain.
    void clock(const AgentLane& lane) {
        constexpr Duration kNoticed = std::chrono::milliseconds(250);
        struct Off {
            TrueTime from, to;
            Duration by;
        };
        std::vector<Off> offs;
        for (std::size_t i = 0; i < lane.slices.size(); ++i) {
            const Slice& slice = lane.slices[i];
            if (!slice.offset_low || !slice.offset_high) continue;
            const Duration by = std::abs(slice.offset_low->count()) > std::abs(slice.offset_high->count())
                                    ? *slice.offset_low
                                    : *slice.offset_high;
            if (std::abs(by.count()) < kNoticed.count()) continue;
            const TrueTime from{lanes_.slice * static_cast<std::int64_t>(i)};
            const TrueTime to = std::min(end_, from + lanes_.slice);
            // Stays one stretch while the error changes by less than a tenth, over slices without an answer
            // as well.
            if (!offs.empty() && from - offs.back().to < 20 * lanes_.slice &&
                std::abs((by - offs.back().by).count()) < std::abs(by.count()) / 10 + kNoticed.count())
                offs.back().to = to;
            else
                offs.push_back({from, to, by});
        }
        if (offs.empty() || offs.size() > 200) return;
        out_ += "<div class=\"clock\">";
        for (const Off& off : offs)
            out_ += fmt::format(
                "<span class=\"t off\" {} title=\"the agent's own clock\"><span class=\"text\">clock "
                "{}{}</span></span>",
                placed(off.from, off.to), off.by.count() > 0 ? "+" : "", span_text(off.by));
        out_ += "</div>";
    }

    // -- violations
    // --------------------------------------------------------------------------------------------------

    /// The lanes that a violation is about: its agent, or every agent named in it ("a1 and a2", "a1#2").
    static std::vector<std::string> agents_of(const checkers::Violation& violation, const Lanes& lanes) {
        std::vector<std::string> found;
        for (const AgentLane& lane : lanes.agents) {
            for (std::size_t at = violation.agent.find(lane.agent); at != std::string::npos;
                 at = violation.agent.find(lane.agent, at + 1)) {
                const auto edge = [](char c) {
                    return std::string_view(" ,#;/").find(c) != std::string_view::npos;
                };
                const std::size_t behind = at + lane.agent.size();
                if ((at == 0 || edge(violation.agent[at - 1])) &&
                    (behind == violation.agent.size() || edge(violation.agent[behind]))) {
                    found.push_back(lane.agent);
                    break;
                }
            }
        }
        return found;
    }

    void mark(const Anchored& one) {
        const auto& violation = *one.violation;
        const std::string title = fmt::format("{}: {}", one.claim->property, violation.summary);
        out_ += fmt::format("<a class=\"t violation\" href=\"#{}\" {} title=\"{}\"></a>", escaped(one.anchor),
                            placed(violation.from, std::max(violation.from, violation.to)), escaped(title));
    }

    void marks_of(const std::string& agent) {
        for (const Anchored& one : violations_) {
            const auto agents = agents_of(*one.violation, lanes_);
            if (std::find(agents.begin(), agents.end(), agent) != agents.end()) mark(one);
        }
    }

    /// Violations that belong to no lane.
    void elsewhere() {
        std::vector<const Anchored*> left;
        for (const Anchored& one : violations_)
            if (agents_of(*one.violation, lanes_).empty()) left.push_back(&one);
        if (left.empty()) return;
        row("elsewhere", "violations", "of no one agent");
        for (const Anchored* one : left) mark(*one);
        end_row();
    }

    const Judgement& judgement_;
    const Lanes& lanes_;
    const std::vector<Anchored>& violations_;
    TrueTime end_;
    std::set<std::string> bundles_;
    std::map<std::string, std::map<std::string, std::size_t>> orders_;
    std::int64_t busiest_ = 0;
    std::size_t most_stretches_ = 0;
    std::size_t merge_ = 1;
    std::size_t labels_ = 0;
    std::string out_;
};

}  // namespace

std::string timeline(const Judgement& judgement, const Lanes& lanes,
                     const std::vector<Anchored>& violations) {
    return Timeline(judgement, lanes, violations).draw();
}

std::string timeline_data(const Lanes& lanes) {
    Json data{{"slice", std::chrono::duration<double, std::milli>(lanes.slice).count()},
              {"agents", Json::array()}};
    std::size_t points = 0;
    for (const AgentLane& lane : lanes.agents) points += lane.slices.size();
    for (const AgentLane& lane : lanes.agents) {
        Json agent{{"name", lane.agent}, {"bundles", Json::object()}, {"slices", Json::array()}};
        for (const auto& [bundle, stretches] : lane.bundles)
            for (const Stretch& stretch : coarsened(stretches, lanes.end, 2'000))
                agent["bundles"][bundle].push_back(
                    {nanos_of(stretch.from) / 1'000'000, nanos_of(stretch.to) / 1'000'000, stretch.revision});
        if (points <= kMostPoints)
            for (const Slice& slice : lane.slices)
                agent["slices"].push_back(
                    {slice.answered, slice.refused, slice.unanswered, slice.latency_max.count() / 1000});
        data["agents"].push_back(std::move(agent));
    }
    std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
    // So that no name can end the script element.
    for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; at += 6)
        text.replace(at, 1, "\\u003c");
    return text;
}

}  // namespace mistrial::reports
