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
///
/// With `documents` there is a second bundle, of documents, and two revisions belong together: r12 of the grants revokes
/// `enemy-r12` for good, and d12, published after it and presuming it (`depends`), lists document `doc-12`, which whoever may
/// read may read. Nobody is allowed enemy-r12's reading of it but by a new enemy's state: d12 or newer with grants older
/// than r12. `reader` may read whatever is listed, so that the bundle shows its effect. Odd numbers of revisions are
/// those of the grants, even ones those of the documents.
namespace mistrial::workload {

struct GrantsParameters {
    std::size_t revisions = 20;  ///< of the grants
    std::size_t users = 40;
    std::size_t roles = 5;         ///< at most 64
    std::size_t actions = 8;       ///< at most 64
    std::size_t ladder_every = 1;  ///< a ladder user for each k-th revision; 0: none
    bool canaries = true;
    bool gray = true;  ///< Gray-coded revision probes, one for each bit of `revisions`
    struct Documents {
        std::string bundle;  ///< of the documents
        std::string grants;  ///< the bundle of the grants, which the documents depend on
        friend bool operator==(const Documents&, const Documents&) = default;
    };
    std::optional<Documents> documents = std::nullopt;  ///< `revisions` of them too
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

    [[nodiscard]] std::size_t revisions() const override { return turns() * in_a_turn(); }
    using Workload::revision;
    [[nodiscard]] std::size_t before(std::size_t number) const override {
        return number > in_a_turn() ? number - in_a_turn() : 0;
    }
    [[nodiscard]] std::optional<std::string> beside(std::size_t number) const override {
        return lists_documents(number) ? std::optional(parameters_.documents->bundle) : std::nullopt;
    }
    [[nodiscard]] Revision revision(std::size_t number, std::size_t base) const override;
    [[nodiscard]] std::string revision_name(std::size_t number) const override;
    [[nodiscard]] const std::map<std::string, Json>& pool() const override { return pool_; }
    [[nodiscard]] const Json& special() const override { return special_; }
    [[nodiscard]] const std::string& path() const override;
    [[nodiscard]] const DecisionShape& shape() const override { return shape_; }
    [[nodiscard]] const std::string& input_for(std::string_view session, std::uint64_t number,
                                               std::size_t newest) const override;

    /// Whether revision `number` allows pool entry `id`; of a question about a document, as far as its own bundle goes.
    [[nodiscard]] bool allows(std::size_t number, const std::string& id) const;

    /// The pool entry whose verdict revision `turn` of the grants was made to change.
    [[nodiscard]] const std::string& subject(std::size_t turn) const;

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
    enum class Kind : std::uint8_t { pair, ladder, allow, deny, torn, gray, enemy, reader };
    struct Entry {
        std::string id;
        Kind kind = Kind::pair;
        /// Of a pair: user * actions + action; of a ladder, a document's enemy or reader: its turn; of a gray probe: its bit.
        std::size_t number = 0;
    };

    Grants(std::uint64_t seed, const GrantsParameters& parameters);

    [[nodiscard]] State first_state() const;
    [[nodiscard]] State next_state(const State& before, std::size_t number) const;
    [[nodiscard]] bool allows(const State& state, std::size_t pair) const;
    [[nodiscard]] bool allows(std::size_t turn, const Entry& entry) const;
    [[nodiscard]] bool has_ladder(std::size_t turn) const;
    // A revision of each bundle makes a turn; turns are counted from 1.
    [[nodiscard]] std::size_t turns() const { return states_.size() - 1; }
    [[nodiscard]] std::size_t in_a_turn() const { return parameters_.documents ? 2 : 1; }
    [[nodiscard]] std::size_t turn_of(std::size_t number) const { return (number + in_a_turn() - 1) / in_a_turn(); }
    [[nodiscard]] bool lists_documents(std::size_t number) const { return parameters_.documents && number % 2 == 0; }
    [[nodiscard]] static bool about_document(const Entry& entry) {
        return entry.kind == Kind::enemy || entry.kind == Kind::reader;
    }
    [[nodiscard]] Revision revision_of_grants(std::size_t turn, std::size_t base) const;
    [[nodiscard]] Revision revision_of_documents(std::size_t turn, std::size_t base) const;
    /// How many Gray-coded probes there are.
    [[nodiscard]] std::size_t gray_bits() const;
    [[nodiscard]] Json data(std::size_t turn) const;
    void add(Entry entry, std::string_view user, std::string_view action);
    void add_document(std::size_t turn);

    std::uint64_t seed_;
    GrantsParameters parameters_;
    std::vector<State> states_;           ///< by revision; the one at 0 is what revision 1 starts from
    std::vector<Entry> entries_;          ///< pairs first, by number
    std::vector<std::size_t> ladder_at_;  ///< by revision: index in entries_, 0 for none
    std::size_t canaries_at_ = 0;         ///< index of the first of the three canaries
    std::size_t gray_at_ = 0;             ///< index of the first Gray-coded probe
    std::size_t documents_at_ = 0;        ///< index of the enemy of the second turn; its reader and the third turn follow
    DecisionShape shape_;
    std::map<std::string, Json> pool_;
    std::map<std::string, std::size_t> index_;
    Json special_ = Json::object();
};

}  // namespace mistrial::workload
