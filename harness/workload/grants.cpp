#include "harness/workload/grants.hpp"

#include "core/random.hpp"
#include "harness/store/embedded.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace mistrial::workload {
namespace {

constexpr std::size_t bits_in_set = 64;
constexpr std::string_view root = "grants";
constexpr std::string_view package = "mistrial";
constexpr std::string_view allow_user = "canary-allow";
constexpr std::string_view deny_user = "canary-deny";
constexpr std::string_view torn_user = "torn-detector";
constexpr std::string_view documents_root = "documents";
constexpr std::string_view reader_user = "reader";

std::string action_name(std::size_t action) {
    constexpr std::array<std::string_view, 8> names = {"read",    "write", "delete", "share",
                                                       "approve", "audit", "export", "restore"};
    return action < names.size() ? std::string(names[action]) : fmt::format("action-{}", action);
}

std::string role_name(std::size_t role) {
    constexpr std::array<std::string_view, 5> names = {"viewer", "editor", "auditor", "operator", "owner"};
    return role < names.size() ? std::string(names[role]) : fmt::format("role-{}", role);
}

std::string user_name(std::size_t user) { return fmt::format("user-{:03}", user); }
std::string ladder_user(std::size_t revision) { return fmt::format("ladder-r{}", revision); }
std::string gray_user(std::size_t bit) { return fmt::format("gray-{}", bit); }
std::string grants_revision(std::size_t turn) { return fmt::format("r{}", turn); }
std::string documents_revision(std::size_t turn) { return fmt::format("d{}", turn); }
std::string enemy_user(std::size_t turn) { return "enemy-" + grants_revision(turn); }
std::string document_name(std::size_t turn) { return fmt::format("doc-{}", turn); }

constexpr std::uint64_t bit(std::size_t n) { return std::uint64_t{1} << n; }
constexpr bool has(std::uint64_t set, std::size_t n) { return (set & bit(n)) != 0; }
/// Neighbours differ in one bit (Gray, US patent 2632058, 1953).
constexpr std::uint64_t gray_code(std::uint64_t number) { return number ^ (number >> 1); }

/// A set of actions as the policy looks it up: {"read": true}.
Json action_set(std::uint64_t set) {
    Json object = Json::object();
    for (std::size_t action = 0; action < bits_in_set; ++action) {
        if (has(set, action)) object[action_name(action)] = true;
    }
    return object;
}

std::string filled_in(std::string_view path, std::string_view revision) {
    const auto text = embedded::find(path);
    MISTRIAL_INVARIANT(text.has_value(), "{} is not in the program", path);
    constexpr std::string_view mark = "@@REV@@";
    std::string filled(*text);
    for (auto at = filled.find(mark); at != std::string::npos; at = filled.find(mark, at + revision.size())) {
        filled.replace(at, mark.size(), revision);
    }
    return filled;
}

}  // namespace

Json to_json(const GrantsParameters& parameters) {
    Json json = {{"revisions", parameters.revisions},
                 {"users", parameters.users},
                 {"roles", parameters.roles},
                 {"actions", parameters.actions},
                 {"ladder_every", parameters.ladder_every},
                 {"canaries", parameters.canaries},
                 {"gray", parameters.gray}};
    if (parameters.documents)
        json["documents"] = {{"bundle", parameters.documents->bundle}, {"grants", parameters.documents->grants}};
    return json;
}

namespace {

Result<GrantsParameters::Documents> documents_parameter(const Json& json, std::string_view where) {
    GrantsParameters::Documents documents;
    if (!json.is_object()) return fail("{}: expected an object of bundle names, got {}", where, json.dump());
    for (const auto& [key, value] : json.items()) {
        if (key != "bundle" && key != "grants")
            return fail("{}/{}: unknown parameter; documents has bundle, grants", where, key);
        if (!value.is_string()) return fail("{}/{}: expected the name of a bundle, got {}", where, key, value.dump());
        (key == "bundle" ? documents.bundle : documents.grants) = value.get<std::string>();
    }
    if (documents.bundle.empty() || documents.grants.empty() || documents.bundle == documents.grants)
        return fail("{}/bundle: expected a bundle beside the one of the grants (\"{}\"), got \"{}\"", where, documents.grants,
                    documents.bundle);
    return documents;
}

}  // namespace

Result<GrantsParameters> grants_parameters(const Json& json, std::string_view where) {
    if (!json.is_object()) return fail("{}: expected an object of parameters, got {}", where, json.dump());
    GrantsParameters parameters;
    for (const auto& [key, value] : json.items()) {
        if (key == "canaries" || key == "gray") {
            if (!value.is_boolean())
                return fail("{}/{}: expected true or false, got {}", where, key, value.dump());
            (key == "gray" ? parameters.gray : parameters.canaries) = value.get<bool>();
            continue;
        }
        if (key == "documents") {
            auto documents = documents_parameter(value, fmt::format("{}/{}", where, key));
            if (!documents) return documents.error();
            parameters.documents = std::move(*documents);
            continue;
        }
        std::size_t* const number = key == "revisions"      ? &parameters.revisions
                                    : key == "users"        ? &parameters.users
                                    : key == "roles"        ? &parameters.roles
                                    : key == "actions"      ? &parameters.actions
                                    : key == "ladder_every" ? &parameters.ladder_every
                                                            : nullptr;
        if (number == nullptr) {
            return fail(
                "{}/{}: unknown parameter; grants has revisions, users, roles, actions, ladder_every, "
                "canaries, gray, documents",
                where, key);
        }
        if (!value.is_number_integer() || value < 0) {
            return fail("{}/{}: expected a whole number, not negative, got {}", where, key, value.dump());
        }
        *number = value.get<std::size_t>();
    }
    return parameters;
}

Result<std::unique_ptr<Grants>> Grants::make(std::uint64_t seed, const GrantsParameters& parameters) {
    constexpr std::size_t most_revisions = 10'000;
    const auto in_range = [](std::string_view name, std::size_t value, std::size_t low,
                             std::size_t high) -> Result<> {
        if (value >= low && value <= high) return {};
        return fail("workload grants: {} is {}, expected {} to {}", name, value, low, high);
    };
    for (const auto& checked : {in_range("revisions", parameters.revisions, 1, most_revisions),
                                in_range("users", parameters.users, 1, pool_limit),
                                in_range("roles", parameters.roles, 1, bits_in_set),
                                in_range("actions", parameters.actions, 1, bits_in_set)}) {
        if (!checked) return checked.error();
    }
    const std::size_t ladders =
        parameters.ladder_every == 0 ? 0 : parameters.revisions / parameters.ladder_every;
    const std::size_t about_documents = parameters.documents ? 2 * (parameters.revisions - 1) : 0;
    const std::size_t inputs = parameters.users * parameters.actions + ladders + 3 +
                               (parameters.gray ? std::bit_width(parameters.revisions) : 0) + about_documents;
    if (inputs > pool_limit) {
        return fail(
            "workload grants: {} users x {} actions and {} ladders make {} inputs{}, at most {} are possible",
            parameters.users, parameters.actions, ladders, inputs,
            about_documents == 0 ? std::string() : fmt::format(", {} of them about documents", about_documents), pool_limit);
    }
    return std::unique_ptr<Grants>(new Grants(seed, parameters));
}

Grants::Grants(std::uint64_t seed, const GrantsParameters& parameters)
    : seed_(seed),
      parameters_(parameters),
      shape_{.verdict = "/allow",
             .markers = {{"policy", "/policy"}, {"data", "/data"}},
             .agent_time = "/now",
             .nonce = "/nonce",
             .instance = "/instance",
             .nonce_in_input = "/nonce"} {
    if (parameters_.documents) shape_.markers[fmt::format("{}/{}", parameters_.documents->bundle, documents_root)] = "/documents";
    states_.push_back(first_state());
    for (std::size_t number = 1; number <= parameters_.revisions; ++number) {
        states_.push_back(next_state(states_.back(), number));
    }
    for (std::size_t user = 0; user < parameters_.users; ++user) {
        for (std::size_t action = 0; action < parameters_.actions; ++action) {
            const std::size_t pair = user * parameters_.actions + action;
            add({fmt::format("i{}", pair), Kind::pair, pair}, user_name(user), action_name(action));
        }
    }
    ladder_at_.resize(parameters_.revisions + 1);
    for (std::size_t number = 1; number <= parameters_.revisions; ++number) {
        if (!has_ladder(number)) continue;
        ladder_at_[number] = entries_.size();
        const std::string user = ladder_user(number);
        special_[user] = {{"ladder", revision_name(number)}};
        add({user, Kind::ladder, number}, user, action_name(0));
    }
    if (parameters_.canaries) {
        canaries_at_ = entries_.size();
        special_[allow_user] = {{"canary", "allow"}};
        special_[deny_user] = {{"canary", "deny"}};
        special_[torn_user] = {{"canary", "allow"}};
        add({std::string(allow_user), Kind::allow, 0}, allow_user, action_name(0));
        add({std::string(deny_user), Kind::deny, 0}, deny_user, action_name(0));
        add({std::string(torn_user), Kind::torn, 0}, torn_user, action_name(0));
    }
    gray_at_ = entries_.size();
    for (std::size_t n = 0; n < gray_bits(); ++n) add({gray_user(n), Kind::gray, n}, gray_user(n), action_name(0));
    documents_at_ = entries_.size();
    // Before the first turn nobody could be revoked.
    for (std::size_t turn = 2; parameters_.documents && turn <= turns(); ++turn) add_document(turn);
}

void Grants::add_document(std::size_t turn) {
    const Json both = {{"combine", "and"}, {"bundles", {parameters_.documents->grants, parameters_.documents->bundle}}};
    const std::string enemy = enemy_user(turn);
    add({enemy, Kind::enemy, turn}, enemy, action_name(0));
    special_[enemy] = both;
    special_[enemy]["new_enemy"] = {{"newer", {{parameters_.documents->bundle, documents_revision(turn)}}},
                                    {"older", {{parameters_.documents->grants, grants_revision(turn)}}}};
    const std::string reading = document_name(turn);
    add({reading, Kind::reader, turn}, reader_user, action_name(0));
    special_[reading] = both;
    for (const std::string& id : {enemy, reading}) pool_[id]["document"] = document_name(turn);
}

void Grants::add(Entry entry, std::string_view user, std::string_view action) {
    pool_[entry.id] = {{"user", user}, {"action", action}};
    index_[entry.id] = entries_.size();
    entries_.push_back(std::move(entry));
}

Grants::State Grants::first_state() const {
    RandomSequence draw(RandomStream(seed_, "workload", "first"));
    State state;
    for (std::size_t role = 0; role < parameters_.roles; ++role) {
        std::uint64_t actions = bit(draw.below(parameters_.actions));
        for (std::size_t action = 0; action < parameters_.actions; ++action) {
            if (draw.chance(1, 3)) actions |= bit(action);
        }
        state.roles.push_back(actions);
    }
    for (std::size_t user = 0; user < parameters_.users; ++user) {
        User made;
        made.roles = bit(draw.below(parameters_.roles));
        if (draw.chance(1, 3)) made.roles |= bit(draw.below(parameters_.roles));
        if (draw.chance(1, 3)) made.grants = bit(draw.below(parameters_.actions));
        if (draw.chance(1, 6)) made.revoked = bit(draw.below(parameters_.actions));
        made.suspended = draw.chance(1, 16);
        state.users.push_back(made);
    }
    return state;
}

Grants::State Grants::next_state(const State& before, std::size_t number) const {
    RandomSequence draw(RandomStream(seed_, "workload", fmt::format("revision-{}", number)));
    State state = before;
    if (draw.chance(1, 8)) {
        const std::size_t role = draw.below(parameters_.roles);
        state.roles[role] ^= bit(draw.below(parameters_.actions));
    }
    state.subject = draw.below(parameters_.users * parameters_.actions);
    const std::size_t action = state.subject % parameters_.actions;
    User& user = state.users[state.subject / parameters_.actions];
    if (allows(before, state.subject)) {
        user.revoked |= bit(action);
        if (draw.chance(1, 8)) user.suspended = true;
    } else {
        user.suspended = false;
        user.revoked &= ~bit(action);
        if (!allows(state, state.subject)) {
            const std::size_t role = draw.below(parameters_.roles);
            if (has(state.roles[role], action)) {
                user.roles |= bit(role);
            } else {
                user.grants |= bit(action);
            }
        }
    }
    MISTRIAL_INVARIANT(allows(state, state.subject) != allows(before, state.subject),
                       "revision {} changes nothing", number);
    return state;
}

bool Grants::allows(const State& state, std::size_t pair) const {
    const User& user = state.users[pair / parameters_.actions];
    const std::size_t action = pair % parameters_.actions;
    if (user.suspended || has(user.revoked, action)) return false;
    if (has(user.grants, action)) return true;
    for (std::size_t role = 0; role < state.roles.size(); ++role) {
        if (has(user.roles, role) && has(state.roles[role], action)) return true;
    }
    return false;
}

bool Grants::allows(std::size_t turn, const Entry& entry) const {
    switch (entry.kind) {
        case Kind::pair:
            return allows(states_[turn], entry.number);
        case Kind::ladder:
        case Kind::enemy:
            return turn < entry.number;
        case Kind::allow:
        case Kind::torn:
        case Kind::reader:
            return true;
        case Kind::deny:
            return false;
        case Kind::gray:
            return has(gray_code(turn), entry.number);
    }
    return false;
}

bool Grants::allows(std::size_t number, const std::string& id) const {
    const auto found = index_.find(id);
    MISTRIAL_INVARIANT(found != index_.end() && number >= 1 && number <= revisions(),
                       "no input {} at revision {}", id, number);
    const Entry& entry = entries_[found->second];
    if (!lists_documents(number)) return allows(turn_of(number), entry);
    MISTRIAL_INVARIANT(about_document(entry), "revision {} of the documents says nothing of {}", number, id);
    return turn_of(number) >= entry.number;
}

bool Grants::has_ladder(std::size_t turn) const {
    // Revision 1 has nothing before it to be allowed by.
    return parameters_.ladder_every != 0 && turn > 1 && turn % parameters_.ladder_every == 0;
}

std::size_t Grants::gray_bits() const {
    return parameters_.gray ? static_cast<std::size_t>(std::bit_width(parameters_.revisions)) : 0;
}

std::string Grants::revision_name(std::size_t number) const {
    return lists_documents(number) ? documents_revision(turn_of(number)) : grants_revision(turn_of(number));
}

const std::string& Grants::subject(std::size_t turn) const { return entries_[states_[turn].subject].id; }

Json Grants::data(std::size_t turn) const {
    const State& state = states_[turn];
    Json users = Json::object();
    Json suspended = Json::object();
    for (std::size_t n = 0; n < state.users.size(); ++n) {
        const User& user = state.users[n];
        Json roles = Json::array();
        for (std::size_t role = 0; role < state.roles.size(); ++role) {
            if (has(user.roles, role)) roles.push_back(role_name(role));
        }
        users[user_name(n)] = {
            {"roles", roles}, {"grants", action_set(user.grants)}, {"revoked", action_set(user.revoked)}};
        if (user.suspended) suspended[user_name(n)] = true;
    }
    const auto reader = [](bool revoked) {
        return Json{
            {"roles", Json::array()}, {"grants", action_set(1)}, {"revoked", action_set(revoked ? 1 : 0)}};
    };
    for (std::size_t ladder = 1; ladder <= turns(); ++ladder) {
        if (has_ladder(ladder)) users[ladder_user(ladder)] = reader(turn >= ladder);
    }
    for (std::size_t n = 0; n < gray_bits(); ++n) users[gray_user(n)] = reader(!has(gray_code(turn), n));
    if (parameters_.documents) {
        for (std::size_t enemy = 2; enemy <= turns(); ++enemy) users[enemy_user(enemy)] = reader(turn >= enemy);
        users[std::string(reader_user)] = reader(false);
    }
    if (parameters_.canaries) {
        users[std::string(allow_user)] = reader(false);
        users[std::string(deny_user)] = reader(true);
        suspended[std::string(deny_user)] = true;
    }
    Json roles = Json::object();
    for (std::size_t role = 0; role < state.roles.size(); ++role) {
        roles[role_name(role)] = action_set(state.roles[role]);
    }
    return {
        {std::string(root),
         {{"marker", grants_revision(turn)}, {"users", users}, {"suspended", suspended}, {"roles", roles}}}};
}

Revision Grants::revision(std::size_t number, std::size_t base) const {
    MISTRIAL_INVARIANT(number >= 1 && number <= revisions() && base < number &&
                           (base == 0 || lists_documents(base) == lists_documents(number)),
                       "revision {} from {}", number, base);
    const std::size_t from = base == 0 ? 0 : turn_of(base);
    return lists_documents(number) ? revision_of_documents(turn_of(number), from) : revision_of_grants(turn_of(number), from);
}

Revision Grants::revision_of_grants(std::size_t turn, std::size_t base) const {
    Revision revision;
    revision.name = grants_revision(turn);

    const std::string_view template_of = parameters_.documents ? "grants-documents" : "grants";
    const Json manifest = {{"revision", revision.name}, {"roots", {package, root}}, {"rego_version", 0}};
    revision.members = {
        {".manifest", manifest.dump()},
        {"data.json", data(turn).dump()},
        {"policy.rego", filled_in(fmt::format("workloads/{}/policy.rego", template_of), revision.name)},
        {"plan.json", filled_in(fmt::format("workloads/{}/plan.json", template_of), revision.name)}};

    Json verdicts = Json::object();
    for (const Entry& entry : entries_) {
        const bool verdict = allows(turn, entry);
        if (base == 0 || verdict != allows(base, entry)) verdicts[entry.id] = verdict;
    }
    revision.content = Json{{"base", base == 0 ? Json(nullptr) : Json(grants_revision(base))},
                            {"verdicts", std::move(verdicts)},
                            {"markers", {{"policy", revision.name}, {"data", revision.name}}}};
    return revision;
}

Revision Grants::revision_of_documents(std::size_t turn, std::size_t base) const {
    Revision revision;
    revision.name = documents_revision(turn);

    const Json manifest = {{"revision", revision.name}, {"roots", {documents_root}}};
    Json listed = Json::object();
    for (std::size_t document = 2; document <= turn; ++document) listed[document_name(document)] = true;
    const Json data = {{std::string(documents_root), {{"marker", revision.name}, {"listed", std::move(listed)}}}};
    revision.members = {{".manifest", manifest.dump()}, {"data.json", data.dump()}};

    Json verdicts = Json::object();
    for (std::size_t n = documents_at_; n < entries_.size(); ++n) {
        const Entry& entry = entries_[n];
        if (base == 0 || (entry.number > base && entry.number <= turn)) verdicts[entry.id] = entry.number <= turn;
    }
    revision.content = Json{{"base", base == 0 ? Json(nullptr) : Json(documents_revision(base))},
                            {"verdicts", std::move(verdicts)},
                            {"markers", {{documents_root, revision.name}}},
                            {"depends", {{parameters_.documents->grants, grants_revision(turn)}}}};
    return revision;
}

const std::string& Grants::path() const {
    static const std::string path = "mistrial/decision";
    return path;
}

const std::string& Grants::input_for(std::string_view session, std::uint64_t number,
                                     std::size_t newest) const {
    const RandomStream stream(seed_, session, "input");
    // Four draws of the stream belong to each number.
    const std::uint64_t at = number * 4;
    const std::size_t pairs = parameters_.users * parameters_.actions;
    const std::uint64_t lot = stream.below(at, 100);
    newest = std::min(newest, revisions());
    const std::size_t newest_listed = parameters_.documents ? newest / 2 : 0;  // turn of the newest documents
    newest = turn_of(newest);

    if (lot < 35) {
        // Around the newest revision: the one before it tells a fresh agent from a late one, the one after it
        // a rollback from an agent that is ahead, earlier ones how late an agent is.
        constexpr std::array<int, 8> steps = {0, 0, 0, -1, -1, 1, -2, -4};
        const auto ladder = static_cast<std::int64_t>(newest) + steps[stream.below(at + 1, steps.size())];
        const auto every = static_cast<std::int64_t>(std::max<std::size_t>(parameters_.ladder_every, 1));
        const std::int64_t rung = ladder - ladder % every;
        if (rung > 0 && rung <= static_cast<std::int64_t>(turns())) {
            const std::size_t entry = ladder_at_[static_cast<std::size_t>(rung)];
            if (entry != 0) return entries_[entry].id;
        }
    } else if (lot < 50) {
        if (canaries_at_ != 0) return entries_[canaries_at_ + stream.below(at + 2, 3)].id;
    } else if (lot < 65) {
        if (newest > 0) return subject(newest);
    } else if (lot < 72) {
        if (gray_bits() != 0) return entries_[gray_at_ + stream.below(at + 1, gray_bits())].id;
    } else if (lot < 92) {
        // The enemy of the newest document is the one to let in; that of the one before tells for how long.
        constexpr std::array<int, 8> steps = {0, 0, 0, 0, 0, 0, -1, 1};
        const auto turn = static_cast<std::int64_t>(newest_listed) + steps[stream.below(at + 1, steps.size())];
        if (parameters_.documents && turn >= 2 && turn <= static_cast<std::int64_t>(turns())) {
            const bool by_reader = stream.below(at + 2, 4) == 0;
            return entries_[documents_at_ + 2 * static_cast<std::size_t>(turn - 2) + (by_reader ? 1 : 0)].id;
        }
    }
    return entries_[stream.below(at + 3, pairs)].id;
}

}  // namespace mistrial::workload
