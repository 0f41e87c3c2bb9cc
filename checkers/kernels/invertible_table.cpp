#include "checkers/kernels/invertible_table.hpp"

#include <algorithm>

namespace mistrial::checkers::kernels {

namespace {

constexpr std::size_t rows = 4;
constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;

constexpr std::uint64_t reduced(std::uint64_t x) {
    x = (x & prime) + (x >> 61);
    return x >= prime ? x - prime : x;
}
constexpr std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return reduced(a + b); }
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide wide = static_cast<Wide>(a) * b;
    return reduced((static_cast<std::uint64_t>(wide) & prime) + static_cast<std::uint64_t>(wide >> 61));
}
/// Fermat: a^(p-2) is the inverse of a.
std::uint64_t inverse(std::uint64_t a) {
    std::uint64_t result = 1;
    for (std::uint64_t exponent = prime - 2; exponent > 0; exponent >>= 1) {
        if (exponent & 1) result = product(result, a);
        a = product(a, a);
    }
    return result;
}
std::uint64_t residue(std::int64_t times) {
    return times >= 0 ? reduced(static_cast<std::uint64_t>(times)) : prime - reduced(static_cast<std::uint64_t>(-times));
}

std::uint64_t mixed(std::uint64_t x, std::uint64_t salt) {
    x += salt * 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}
std::uint64_t check_of(const Key& residues) { return reduced(mixed(residues.low ^ mixed(residues.high, 97), 89)); }

}  // namespace

Key decodable(const Key& key) { return {reduced(key.high), reduced(key.low)}; }

InvertibleTable::InvertibleTable(std::size_t cells) : row_(std::max<std::size_t>(2, cells / rows)), cells_(row_ * rows) {}

std::size_t InvertibleTable::place(const Key& residues, std::size_t row) const {
    return row * row_ + mixed(residues.high + residues.low, row + 1) % row_;
}

void InvertibleTable::apply(const Key& residues, std::uint64_t times) {
    const std::uint64_t high = product(times, residues.high);
    const std::uint64_t low = product(times, residues.low);
    const std::uint64_t check = product(times, check_of(residues));
    for (std::size_t row = 0; row < rows; ++row) {
        Cell& cell = cells_[place(residues, row)];
        cell.times = sum(cell.times, times);
        cell.high = sum(cell.high, high);
        cell.low = sum(cell.low, low);
        cell.check = sum(cell.check, check);
    }
}

void InvertibleTable::change(const Key& key, std::int64_t times) { apply(decodable(key), residue(times)); }

bool InvertibleTable::empty() const {
    return std::all_of(cells_.begin(), cells_.end(), [](const Cell& cell) { return cell.empty(); });
}

std::optional<InvertibleTable::Difference> InvertibleTable::alone(std::size_t at) const {
    const Cell& cell = cells_[at];
    if (cell.times == 0) return std::nullopt;
    const std::uint64_t once = cell.times == 1 ? 1 : inverse(cell.times);
    const Key key{product(cell.high, once), product(cell.low, once)};
    if (product(check_of(key), cell.times) != cell.check || place(key, at / row_) != at) return std::nullopt;
    const bool added = cell.times <= prime / 2;
    return Difference{key, added ? static_cast<std::int64_t>(cell.times) : -static_cast<std::int64_t>(prime - cell.times)};
}

std::optional<std::vector<InvertibleTable::Difference>> InvertibleTable::decode() const {
    InvertibleTable rest = *this;
    std::vector<Difference> found;
    std::vector<std::size_t> open;
    for (std::size_t at = 0; at < rest.cells_.size(); ++at) open.push_back(at);
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        const std::optional<Difference> one = rest.alone(at);
        if (!one) continue;
        found.push_back(*one);
        rest.apply(one->key, residue(-one->times));
        for (std::size_t row = 0; row < rows; ++row) open.push_back(rest.place(one->key, row));
        // More than there are cells cannot have been told apart; a chance collision must not send this round in circles.
        if (found.size() > cells_.size()) return std::nullopt;
    }
    if (!rest.empty()) return std::nullopt;
    std::sort(found.begin(), found.end(), [](const Difference& a, const Difference& b) { return a.key < b.key; });
    return found;
}

}  // namespace mistrial::checkers::kernels
