#include "checkers/claims.hpp"

#include <algorithm>
#include <numeric>

namespace mistrial::checkers {

const std::vector<Property>& catalogue() {
    static const std::vector<Property> properties{
        {"V1", "revision-validity", "every revision an agent shows was published, not failed, and already on its way", true},
        {"V2", "authentic-activation", "no agent activates a revision that it must refuse", true},
        {"V3", "oracle-correctness", "every verdict is what its revision says for its input and clock", true},
        {"V4", "determinism", "one revision and one input give one verdict, whatever agent and version", true},
        {"V5", "atomic-activation", "no decision sees parts of two revisions of one bundle", true},
        {"O1", "publish-order", "revisions are served in the order of their publishes, one content a name", true},
        {"O2", "fork-freedom", "no two halves of the fleet follow incomparable revisions", true},
        {"O3", "no-lost-publish", "every acknowledged publish is part of where the fleet ends", true},
        {"M1", "monotonic-revisions", "within one incarnation an agent never goes back to an older revision", true},
        {"M2", "source-fidelity", "an agent activates what its source delivered, in the order of delivery", true},
        {"M3", "durable-monotonicity", "a restart never goes back behind what was persisted", true},
        {"S1", "monotonic-reads", "a session never sees an older revision than it saw before", true},
        {"S2", "read-your-publishes", "a session sees what it published", true},
        {"S3", "no-new-enemy", "no decision combines a new bundle with an older one than it depends on", true},
        {"S3t", "token-freshness", "a decision that asks for at least a revision gets it, or a refusal", true},
        {"S4", "pinned-snapshot", "a decision that asks for exactly a revision gets it, or a refusal", true},
        {"B1", "bounded-staleness", "a connected agent enforces a published revision within the bound", true},
        {"B2", "delta-atomicity", "how long after it was overtaken a revision is still answered with", true},
        {"B3", "k-atomicity", "how many revisions behind an answer is", true},
        {"B4", "linearizability", "the fleet answers as one register would", true},
        {"B5", "visibility", "how long a revision takes to reach an agent, as a distribution", true},
        {"D1", "split-brain", "once a revision has settled, all agents give one verdict for one input", true},
        {"D2", "divergence", "how long and how widely agents disagree", false},
        {"L1", "convergence", "after faults heal and publishing rests, every agent shows the newest revision", true},
        {"L2", "progress", "a connected agent keeps asking its source", true},
        {"A1", "availability", "agents answer, and keep answering while their source is away", true},
        {"A2", "fail-closed", "nothing is allowed that no revision allows: cold, torn, refused or undefined", true},
        {"G1", "log-completeness", "every decision reaches the decision log", true},
        {"G2", "log-integrity", "the decision log says what was decided, and nothing else", true},
        {"G3", "log-order", "how far the decision log is out of order", false},
        {"T1", "status-truth", "an agent that reports a revision enforces it", true},
        {"T2", "status-freshness", "an agent that enforces a revision reports it within the bound", true},
        {"T3", "health-truth", "an agent that reports ready is ready", true},
        {"C1", "clock-justified", "time-dependent verdicts follow from a clock the agent may have had", true},
        {"C2", "clock-coherence", "one clock explains all the verdicts of an incarnation", true},
        {"C3", "clock-exposure", "how far agents' clocks were off, and what was accepted only for that", true},
    };
    return properties;
}

const Property* find_property(std::string_view name_or_id) {
    // Ids are a capital letter and a number.
    std::string id(name_or_id);
    if (!id.empty() && id.front() >= 'a' && id.front() <= 'z') id.front() = static_cast<char>(id.front() - 'a' + 'A');
    for (const Property& property : catalogue()) {
        if (property.name == name_or_id || property.id == id) return &property;
    }
    return nullptr;
}

namespace {

/// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string_view nearest_property(std::string_view name) {
    const auto& properties = catalogue();
    const auto nearest = std::min_element(properties.begin(), properties.end(), [&](const auto& a, const auto& b) {
        return distance(name, a.name) < distance(name, b.name);
    });
    return nearest->name;
}

}  // namespace mistrial::checkers
