#include "checkers/kernels/version_order.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>

namespace mistrial::checkers::kernels {

namespace {

using Node = std::uint32_t;
constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
/// Cycles are looked for through so many revisions of a component.
constexpr std::size_t most_starts = 256;

struct Edge {
    Node to = 0;
    std::size_t zone = none;  ///< that leads from its revision into a timeline, or out of one to its revision
};

/// Revisions first, then the timelines of all groups one after the other.
class Graph {
  public:
    explicit Graph(std::span<const VersionZone> zones);

    [[nodiscard]] std::size_t size() const { return first_.size() - 1; }
    [[nodiscard]] bool is_revision(Node node) const { return node < revisions_.size(); }
    [[nodiscard]] std::uint32_t revision(Node node) const { return revisions_[node]; }
    [[nodiscard]] std::size_t revisions() const { return revisions_.size(); }
    [[nodiscard]] std::span<const Edge> from(Node node) const {
        return {edges_.data() + first_[node], first_[node + 1] - first_[node]};
    }

  private:
    std::vector<std::uint32_t> revisions_;
    std::vector<std::size_t> first_;  ///< node -> its first edge; edges of one node lie together
    std::vector<Edge> edges_;
};

Graph::Graph(std::span<const VersionZone> zones) {
    for (const VersionZone& zone : zones) revisions_.push_back(zone.revision);
    std::sort(revisions_.begin(), revisions_.end());
    revisions_.erase(std::unique(revisions_.begin(), revisions_.end()), revisions_.end());
    const auto node_of = [&](const VersionZone& zone) {
        return static_cast<Node>(std::lower_bound(revisions_.begin(), revisions_.end(), zone.revision) - revisions_.begin());
    };

    std::vector<std::size_t> timeline(zones.size());
    std::iota(timeline.begin(), timeline.end(), std::size_t{0});
    std::stable_sort(timeline.begin(), timeline.end(), [&](std::size_t a, std::size_t b) {
        return zones[a].group != zones[b].group ? zones[a].group < zones[b].group : zones[a].shown_by < zones[b].shown_by;
    });

    std::vector<std::pair<Node, Edge>> edges;
    const auto place_node = [&](std::size_t place) { return static_cast<Node>(revisions_.size() + place); };
    for (std::size_t begin = 0; begin < timeline.size();) {
        std::size_t end = begin;
        while (end < timeline.size() && zones[timeline[end]].group == zones[timeline[begin]].group) ++end;
        for (std::size_t place = begin; place < end; ++place) {
            const VersionZone& zone = zones[timeline[place]];
            edges.push_back({node_of(zone), {place_node(place), timeline[place]}});
            if (place + 1 < end) edges.push_back({place_node(place), {place_node(place + 1), none}});
            // The last of the group that was over before this revision was last asked for.
            const auto over = std::partition_point(timeline.begin() + static_cast<std::ptrdiff_t>(begin),
                                                   timeline.begin() + static_cast<std::ptrdiff_t>(end),
                                                   [&](std::size_t other) { return zones[other].shown_by < zone.asked_at; });
            const auto last = static_cast<std::size_t>(over - timeline.begin());
            if (last > begin) edges.push_back({place_node(last - 1), {node_of(zone), timeline[place]}});
        }
        begin = end;
    }

    first_.assign(revisions_.size() + zones.size() + 1, 0);
    for (const auto& [node, edge] : edges) ++first_[node + 1];
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    edges_.resize(edges.size());
    for (const auto& [node, edge] : edges) edges_[next[node]++] = edge;
}

/// Node -> number of its strongly connected component; a component that can be reached from another has the lower number.
std::vector<std::uint32_t> components_of(const Graph& graph) {
    constexpr std::uint32_t unseen = std::numeric_limits<std::uint32_t>::max();
    struct Visit {
        Node node;
        std::size_t next_edge;
    };
    std::vector<std::uint32_t> seen(graph.size(), unseen);
    std::vector<std::uint32_t> low(graph.size(), 0);
    std::vector<std::uint32_t> component(graph.size(), unseen);
    std::vector<Node> open;
    std::vector<Visit> path;
    std::uint32_t clock = 0;
    std::uint32_t found = 0;
    const auto enter = [&](Node node) {
        seen[node] = low[node] = clock++;
        open.push_back(node);
        path.push_back({node, 0});
    };
    for (Node root = 0; root < graph.size(); ++root) {
        if (seen[root] == unseen) enter(root);
        while (!path.empty()) {
            const Node node = path.back().node;
            const std::span<const Edge> edges = graph.from(node);
            if (path.back().next_edge < edges.size()) {
                const Node to = edges[path.back().next_edge++].to;
                if (seen[to] == unseen) {
                    enter(to);
                } else if (component[to] == unseen) {
                    low[node] = std::min(low[node], seen[to]);
                }
                continue;
            }
            path.pop_back();
            if (!path.empty()) low[path.back().node] = std::min(low[path.back().node], low[node]);
            if (low[node] != seen[node]) continue;
            Node member = 0;
            do {
                member = open.back();
                open.pop_back();
                component[member] = found;
            } while (member != node);
            ++found;
        }
    }
    return component;
}

/// A shortest cycle from a revision through at least one other back to itself, in steps from revision to revision; only
/// ones shorter than `limit` are looked for. A state is a node, and whether another revision has been passed.
class CycleSearch {
  public:
    CycleSearch(const Graph& graph, const std::vector<std::uint32_t>& component)
        : graph_(graph), component_(component), came_(2 * graph.size()), seen_(2 * graph.size(), 0) {}

    std::vector<VersionStep> through(Node start, std::size_t limit) {
        ++round_;
        std::deque<std::pair<std::size_t, std::size_t>> queue{{start, 0}};
        seen_[start] = round_;
        while (!queue.empty()) {
            const auto [state, length] = queue.front();
            queue.pop_front();
            const auto node = static_cast<Node>(state % graph_.size());
            const bool left = state >= graph_.size();
            for (const Edge& edge : graph_.from(node)) {
                if (component_[edge.to] != component_[start]) continue;
                const bool step = graph_.is_revision(edge.to);
                if (step && length + 1 >= limit) continue;
                if (edge.to == start && !left) continue;
                if (edge.to == start) return steps(state, edge.zone, start);
                const std::size_t next = edge.to + (left || step ? graph_.size() : 0);
                if (seen_[next] == round_) continue;
                seen_[next] = round_;
                came_[next] = {state, edge.zone};
                // Steps cost one, moves along a timeline nothing.
                if (step) {
                    queue.emplace_back(next, length + 1);
                } else {
                    queue.emplace_front(next, length);
                }
            }
        }
        return {};
    }

  private:
    struct Came {
        std::size_t from = 0;
        std::size_t zone = none;
    };

    std::vector<VersionStep> steps(std::size_t state, std::size_t zone, Node start) const {
        std::vector<std::size_t> zones{zone};
        while (state != start) {
            if (came_[state].zone != none) zones.push_back(came_[state].zone);
            state = came_[state].from;
        }
        std::vector<VersionStep> cycle;
        for (auto place = zones.rbegin(); place != zones.rend(); place += 2) cycle.push_back({*place, *(place + 1)});
        return cycle;
    }

    const Graph& graph_;
    const std::vector<std::uint32_t>& component_;
    std::vector<Came> came_;
    std::vector<std::uint64_t> seen_;
    std::uint64_t round_ = 0;
};

}  // namespace

std::vector<std::vector<VersionStep>> contradictions(std::span<const VersionZone> zones) {
    const Graph graph{zones};
    const std::vector<std::uint32_t> component = components_of(graph);
    std::vector<Node> nodes(graph.revisions());
    std::iota(nodes.begin(), nodes.end(), Node{0});
    std::stable_sort(nodes.begin(), nodes.end(), [&](Node a, Node b) { return component[a] < component[b]; });

    std::vector<std::vector<VersionStep>> found;
    CycleSearch search{graph, component};
    for (std::size_t begin = 0; begin < nodes.size();) {
        std::size_t end = begin;
        while (end < nodes.size() && component[nodes[end]] == component[nodes[begin]]) ++end;
        std::vector<VersionStep> shortest;
        for (std::size_t i = begin; end - begin > 1 && i < std::min(end, begin + most_starts) && shortest.size() != 2; ++i) {
            std::vector<VersionStep> cycle = search.through(nodes[i], shortest.empty() ? none : shortest.size());
            if (!cycle.empty()) shortest = std::move(cycle);
        }
        if (!shortest.empty()) found.push_back(std::move(shortest));
        begin = end;
    }
    // By the first revision of each, so that the order of findings does not hang on how components were found.
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
        return zones[a.front().before].revision < zones[b.front().before].revision;
    });
    return found;
}

std::optional<std::vector<std::uint32_t>> version_order(std::span<const VersionZone> zones) {
    const Graph graph{zones};
    const std::vector<std::uint32_t> component = components_of(graph);
    std::vector<Node> nodes(graph.revisions());
    std::iota(nodes.begin(), nodes.end(), Node{0});
    std::sort(nodes.begin(), nodes.end(), [&](Node a, Node b) { return component[a] > component[b]; });
    std::vector<std::uint32_t> order;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (i > 0 && component[nodes[i]] == component[nodes[i - 1]]) return std::nullopt;
        order.push_back(graph.revision(nodes[i]));
    }
    return order;
}

}  // namespace mistrial::checkers::kernels
