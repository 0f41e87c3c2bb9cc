#pragma once

#include "checkers/key.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mistrial::checkers::kernels {

/// The part of a key that an InvertibleTable can give back: two residues modulo the prime 2^61 - 1, 122 bits together.
[[nodiscard]] Key decodable(const Key& key);

/// Kernel K8, bounded: the difference of two multisets of keys in a fixed number of cells, however many keys pass by (an
/// invertible Bloom lookup table; Goodrich and Mitzenmacher, *Invertible Bloom lookup tables*, 2011; Eppstein, Goodrich,
/// Uyeda and Varghese, *What's the difference?*, SIGCOMM 2011). A key that was added as often as it was taken leaves no
/// trace. What is left can be read back while it is less than about two thirds of the cells. Sums are kept modulo a prime,
/// and not as XORs, so that a key taken several times too often decodes as well. A regular value; not thread-safe.
class InvertibleTable {
  public:
    struct Difference {
        Key key;             ///< `decodable` of what was given
        std::int64_t times;  ///< added minus taken
        friend bool operator==(const Difference&, const Difference&) = default;
    };

    /// `cells` of 32 bytes each, at least 8.
    explicit InvertibleTable(std::size_t cells = 2048);

    void add(const Key& key) { change(key, 1); }
    void take(const Key& key) { change(key, -1); }

    /// True when every key was taken as often as it was added (up to a chance of 2^-61 a cell).
    [[nodiscard]] bool empty() const;
    /// The difference, ascending by key; nullopt when there is too much of it to be told.
    [[nodiscard]] std::optional<std::vector<Difference>> decode() const;

  private:
    struct Cell {
        std::uint64_t times = 0;  ///< all modulo the prime
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::uint64_t check = 0;
        [[nodiscard]] bool empty() const { return times == 0 && high == 0 && low == 0 && check == 0; }
    };

    void change(const Key& key, std::int64_t times);
    void apply(const Key& residues, std::uint64_t times);
    [[nodiscard]] std::size_t place(const Key& residues, std::size_t row) const;
    [[nodiscard]] std::optional<Difference> alone(std::size_t cell) const;

    std::size_t row_;  ///< cells of one of the rows, in each of which a key has one cell
    std::vector<Cell> cells_;
};

}  // namespace mistrial::checkers::kernels
