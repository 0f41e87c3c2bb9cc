#pragma once

#include "harness/workload/workload.hpp"

#include <memory>
#include <string>
#include <vector>

/// Workload `grants`: users with roles, roles with actions, direct grants, revocations, suspensions. Rego and
/// plan come from scenarios/workloads/grants (in the program); the data and the verdicts are made here, in
/// closed form.
///
/// Special users: `ladder-rN` may read before revision N and never again from N on, so that a single stale
/// verdict names a bound for the revision behind it; `canary-allow` and `canary-deny` never change;
/// `torn-detector` is denied only where policy and data are of two revisions; `gray-B` may read where bit B of the Gray
/// code of the revision's number is set, so that one question to each tells the revision without any provenance, at most
/// one off when it changes between the questions.
namespace mistrial::workload {

struct GrantsParameters {
    std::size_t revisions = 20;
    std::size_t users = 40;
    std::size_t roles = 5;         ///< at most 64
    std::size_t actions = 8;       ///< at most 64
    std::size_t ladder_every = 1;  ///< a ladder user for each k-th revision; 0: none
    bool canaries = true;
    bool gray = true;  ///< Gray-coded revision probes, one for each bit of `revisions`
    friend bool operator==(const GrantsParameters&, const GrantsParameters&) = default;
};

[[nodiscard]] Json to_json(const GrantsParameters& parameters);
/// Missing keys have their defaults; unknown ones are an error. `where` begins the pointers in errors.
[[nodiscard]] Result<GrantsParameters> grants_parameters(const Json& json, std::string_view where);

class Grants final : public Workload {
  public:
    /// Errors: a parameter out of range, a pool larger than `pool_limit`.
    [[nodiscard]] static Result<std::unique_ptr<Grants>> make(std::uint64_t seed,
                                                              const GrantsParameters& parameters);

    [[nodiscard]] std::size_t revisions() const override { return states_.size() - 1; }
    using Workload::revision;
    [[nodiscard]] Revision revision(std::size_t number, std::size_t base) const override;
    [[nodiscard]] std::string revision_name(std::size_t number) const override;
    [[nodiscard]] const std::map<std::string, Json>& pool() const override { return pool_; }
    [[nodiscard]] const Json& special() const override { return special_; }
    [[nodiscard]] const std::string& path() const override;
    [[nodiscard]] const DecisionShape& shape() const override;
    [[nodiscard]] const std::string& input_for(std::string_view session, std::uint64_t number,
                                               std::size_t newest) const override;

    /// Whether revision `number` allows pool entry `id`.
    [[nodiscard]] bool allows(std::size_t number, const std::string& id) const;

    /// The pool entry whose verdict revision `number` was made to change.
    [[nodiscard]] const std::string& subject(std::size_t number) const;

  private:
    // Sets of roles and of actions are bits.
    struct User {
        std::uint64_t roles = 0;
        std::uint64_t grants = 0;
        std::uint64_t revoked = 0;
        bool suspended = false;
    };
    struct State {
        std::vector<User> users;
        std::vector<std::uint64_t> roles;  ///< role -> actions
        std::size_t subject = 0;           ///< index of the pair that this revision changed
    };
    enum class Kind : std::uint8_t { pair, ladder, allow, deny, torn, gray };
    struct Entry {
        std::string id;
        Kind kind = Kind::pair;
        std::size_t number = 0;  ///< of a pair: user * actions + action; of a ladder: its revision; of a gray probe: its bit
    };

    Grants(std::uint64_t seed, const GrantsParameters& parameters);

    [[nodiscard]] State first_state() const;
    [[nodiscard]] State next_state(const State& before, std::size_t number) const;
    [[nodiscard]] bool allows(const State& state, std::size_t pair) const;
    [[nodiscard]] bool allows(std::size_t number, const Entry& entry) const;
    [[nodiscard]] bool has_ladder(std::size_t number) const;
    /// How many Gray-coded probes there are.
    [[nodiscard]] std::size_t gray_bits() const;
    [[nodiscard]] Json data(std::size_t number) const;
    void add(Entry entry, std::string_view user, std::string_view action);

    std::uint64_t seed_;
    GrantsParameters parameters_;
    std::vector<State> states_;           ///< by revision; the one at 0 is what revision 1 starts from
    std::vector<Entry> entries_;          ///< pairs first, by number
    std::vector<std::size_t> ladder_at_;  ///< by revision: index in entries_, 0 for none
    std::size_t canaries_at_ = 0;         ///< index of the first of the three canaries
    std::size_t gray_at_ = 0;             ///< index of the first Gray-coded probe
    std::map<std::string, Json> pool_;
    std::map<std::string, std::size_t> index_;
    Json special_ = Json::object();
};

}  // namespace mistrial::workload
