#include "slurm/hostlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/text.h"
#include "slurm/codes.h"

namespace spillway::slurm {
namespace {

constexpr size_t kMaxNameBytes = 255;  // MAXHOSTNAMELEN and DNS agree on it
constexpr size_t kMaxDigits = 18;      // what fits into 64 bits

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
}

/// Writes `number` with at least `width` digits.
void append_number(std::string& out, uint64_t number, size_t width) {
  const fmt::format_int digits(number);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out.append(digits.data(), digits.size());
}

struct Range {
  uint64_t first, last;
  size_t width;  // of the first number as written; numbers are padded to it
};

/// A name with its ranges: text, ranges, text, ranges, ..., text.
struct Pattern {
  std::vector<std::string_view> texts;
  std::vector<std::vector<Range>> brackets;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<NodeName>> run() {
    std::vector<NodeName> names;
    names.reserve(std::min<size_t>(kMaxHosts, 1 + std::count(text_.begin(), text_.end(), ',')));
    while (at_ < text_.size()) {
      if (text_[at_] == ',') {  // Slurm skips empty items too
        ++at_;
        continue;
      }
      TRY(item(names));
      if (at_ < text_.size() && text_[at_] != ',') return problem("a comma or the end");
    }
    return names;
  }

 private:
  Error problem(std::string_view wanted) const {
    const std::string found = at_ < text_.size() ? in_quotes(text_.substr(at_, 1)) : "the end";
    return Error{
        Kind::invalid, kBadHostlist,
        fmt::format("cannot read the hostlist at character {}: found {}, want {}", at_ + 1, found, wanted)};
  }
  static Error too_many() {
    return Error{Kind::invalid, kHugeHostlist, fmt::format("the hostlist has more than {} names", kMaxHosts)};
  }

  std::string_view word() {
    const size_t start = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  Result<void> item(std::vector<NodeName>& names) {
    const size_t start = at_;
    const std::string_view first = word();
    if (at_ == text_.size() || text_[at_] == ',') {
      if (first.size() > kMaxNameBytes) return at_ = start, problem("a name of at most 255 characters");
      if (names.size() == kMaxHosts) return too_many();
      names.emplace_back(std::string(first));
      return {};
    }
    Pattern pattern{{first}, {}};
    size_t bytes = first.size();
    while (at_ < text_.size() && text_[at_] == '[') {
      pattern.brackets.push_back(TRY(bracket()));
      pattern.texts.push_back(word());
      bytes += pattern.texts.back().size() + kMaxDigits;
    }
    if (pattern.brackets.empty()) return problem("a letter, a digit, '-', '_', '.' or '['");
    if (!pattern.texts.back().empty())  // Slurm has no names that go on after their last range
      return at_ -= pattern.texts.back().size(), problem("'[', a comma or the end");
    if (bytes > kMaxNameBytes) return at_ = start, problem("a name of at most 255 characters");
    return write_out(pattern, names);
  }

  Result<std::vector<Range>> bracket() {
    std::vector<Range> ranges;
    do {
      ++at_;  // past '[' or ','
      Range range{0, 0, 0};
      const size_t start = at_;
      range.first = range.last = TRY(number());
      range.width = at_ - start;
      if (at_ < text_.size() && text_[at_] == '-') {
        ++at_;
        const size_t last_at = at_;
        range.last = TRY(number());
        if (range.last < range.first)
          return at_ = last_at, problem("a number that is not less than the first");
      }
      if (range.last - range.first >= kMaxHosts) return too_many();
      ranges.push_back(range);
    } while (at_ < text_.size() && text_[at_] == ',');
    if (at_ == text_.size() || text_[at_] != ']') return problem("',', '-' or ']'");
    ++at_;
    return ranges;
  }

  Result<uint64_t> number() {
    uint64_t value = 0;
    const size_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_]) && at_ - start < kMaxDigits)
      value = value * 10 + static_cast<uint64_t>(text_[at_++] - '0');
    if (at_ == start) return problem("a number");
    return value;
  }

  /// All names of the pattern, the last bracket varying fastest.
  static Result<void> write_out(const Pattern& pattern, std::vector<NodeName>& names) {
    size_t total = 1;
    for (const auto& ranges : pattern.brackets) {
      size_t here = 0;
      for (const Range& range : ranges) here += range.last - range.first + 1;
      if (here > kMaxHosts || (total *= here) > kMaxHosts) return too_many();
    }
    if (names.size() + total > kMaxHosts) return too_many();
    std::vector<std::string> prefixes{std::string(pattern.texts[0])};
    for (size_t i = 0; i < pattern.brackets.size(); ++i) {
      std::vector<std::string> longer;
      longer.reserve(prefixes.size());
      for (const std::string& prefix : prefixes)
        for (const Range& range : pattern.brackets[i])
          for (uint64_t number = range.first; number <= range.last; ++number) {
            std::string& name = longer.emplace_back();
            name.reserve(prefix.size() + std::max<size_t>(range.width, 6) + pattern.texts[i + 1].size());
            name = prefix;
            append_number(name, number, range.width);
            name += pattern.texts[i + 1];
          }
      prefixes = std::move(longer);
    }
    for (std::string& name : prefixes) names.emplace_back(std::move(name));
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// Names that one range can hold: the same text before the number, and the same padding. Width 1 is
/// that of numbers without padding, 0 that of names without number.
struct Family {
  std::vector<uint64_t> numbers;
};
struct FamilyKey {
  std::string_view prefix;
  size_t width;
  auto operator<=>(const FamilyKey&) const = default;
};
constexpr size_t kNoNumber = 0;
using Families = std::map<FamilyKey, Family>;

struct Parts {
  std::string_view prefix;
  std::string_view digits;
};
Parts take_apart(std::string_view name) {
  size_t start = name.size();
  while (start > 0 && name.size() - start < kMaxDigits && is_digit(name[start - 1])) --start;
  return {name.substr(0, start), name.substr(start)};
}

void sort_unique(std::vector<uint64_t>& numbers) {
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  const uint64_t first = *low, span = *high - *low;
  if (span / 64 > numbers.size()) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return;
  }
  // Node numbers are dense: a bit for each sorts 100,000 of them in a fraction of a millisecond.
  std::vector<uint64_t> bits(span / 64 + 1);
  for (const uint64_t number : numbers) bits[(number - first) / 64] |= uint64_t{1} << ((number - first) % 64);
  numbers.clear();
  for (size_t word = 0; word < bits.size(); ++word)
    for (uint64_t rest = bits[word]; rest != 0; rest &= rest - 1)
      numbers.push_back(first + word * 64 + static_cast<uint64_t>(std::countr_zero(rest)));
}

/// The families of `names`, whose text they point into.
Families families_of(const std::vector<NodeName>& names) {
  Families families;
  // Beside padded names, a number without leading zero counts as padded to its own length: c08, c09 and c10
  // are c[08-10]. Without them it has no width: c9 and c10 are c[9-10]. Which it is shows only at the end.
  std::map<FamilyKey, Family> unpadded;
  FamilyKey last_key{};
  Family* last = nullptr;
  for (const NodeName& name : names) {
    const auto [prefix, digits] = take_apart(name.value);
    const bool padded = digits.size() > 1 && digits[0] == '0';
    const FamilyKey key{prefix, digits.empty() ? kNoNumber : digits.size()};
    Families& into = padded || digits.empty() ? families : unpadded;
    uint64_t number = 0;
    for (const char digit : digits) number = number * 10 + static_cast<uint64_t>(digit - '0');
    if (!last || padded || digits.empty() || key != last_key) {
      Family& family = into[key];
      if (!padded && !digits.empty()) last = &family, last_key = key;
      family.numbers.push_back(number);
    } else {
      last->numbers.push_back(number);
    }
  }
  for (auto& [key, family] : unpadded) {
    const auto padded = families.lower_bound({key.prefix, 2});
    const bool beside_padded = padded != families.end() && padded->first.prefix == key.prefix;
    Family& home = families[{key.prefix, beside_padded ? key.width : 1}];
    home.numbers.insert(home.numbers.end(), family.numbers.begin(), family.numbers.end());
  }
  for (auto& [key, family] : families) sort_unique(family.numbers);
  return families;
}

/// The items of a bracket: "0-2,5", with the commas.
void append_ranges(std::string& out, const FamilyKey& key, const std::vector<uint64_t>& numbers) {
  for (size_t i = 0; i < numbers.size();) {
    size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    append_number(out, numbers[i], key.width);
    if (end - i > 1) {
      out += '-';
      append_number(out, numbers[end - 1], key.width);
    }
    out += ',';
    i = end;
  }
}

}  // namespace

Result<std::vector<NodeName>> expand(std::string_view hostlist) {
  if (hostlist.size() > kMaxHostlistBytes)
    return Error{Kind::invalid, kHugeHostlist,
                 fmt::format("the hostlist has {} bytes, more than {}", hostlist.size(), kMaxHostlistBytes)};
  return Parser{hostlist}.run();
}

std::string fold(std::vector<NodeName> names) {
  std::string out;
  const Families families = families_of(names);
  for (auto it = families.begin(); it != families.end();) {
    const std::string_view prefix = it->first.prefix;
    if (!out.empty()) out += ',';
    out += prefix;
    if (it->first.width == kNoNumber) {
      ++it;
      continue;
    }
    const size_t numbers_at = out.size();
    size_t count = 0;
    for (; it != families.end() && it->first.prefix == prefix; ++it) {
      append_ranges(out, it->first, it->second.numbers);
      count += it->second.numbers.size();
    }
    out.pop_back();
    if (count > 1) out.insert(numbers_at, 1, '['), out += ']';
  }
  return out;
}

void sort_names(std::vector<NodeName>& names) {
  std::vector<NodeName> sorted;
  sorted.reserve(names.size());
  for (const auto& [key, family] : families_of(names)) {
    for (const uint64_t number : family.numbers) {
      std::string& name = sorted.emplace_back().value;
      name = key.prefix;
      if (key.width != kNoNumber) append_number(name, number, key.width);
    }
  }
  names = std::move(sorted);
}

std::vector<std::vector<NodeName>> chunks(std::vector<NodeName> names, size_t names_per_chunk) {
  sort_names(names);
  std::vector<std::vector<NodeName>> out;
  for (size_t i = 0; i < names.size(); i += names_per_chunk) {
    const auto first = names.begin() + static_cast<std::ptrdiff_t>(i);
    const auto count = static_cast<std::ptrdiff_t>(std::min(names_per_chunk, names.size() - i));
    out.emplace_back(first, first + count);
  }
  return out;
}

}  // namespace spillway::slurm
