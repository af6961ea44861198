#include "cost/usd.h"

#include "base/text.h"

namespace spillway::cost {

Result<Usd> parse_usd(std::string_view text) {
  const Error wrong{Kind::invalid,
                    fmt::format("{} is no amount of dollars with at most six decimals", in_quotes(text))};
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string decimals(point == text.size() ? "" : text.substr(point + 1));
  if (whole.empty() || whole.size() > 12 || decimals.size() > 6 ||
      (point != text.size() && decimals.empty()) ||
      whole.find_first_not_of("0123456789") != std::string_view::npos ||
      decimals.find_first_not_of("0123456789") != std::string::npos)
    return wrong;
  decimals.resize(6, '0');
  return Usd{*parse_int(whole) * 1'000'000 + *parse_int(decimals)};
}

std::string to_string(Usd amount) {
  const uint64_t size =
      amount.micros < 0 ? 0 - static_cast<uint64_t>(amount.micros) : static_cast<uint64_t>(amount.micros);
  std::string out =
      fmt::format("{}{}.{:06}", amount.micros < 0 ? "-" : "", size / 1'000'000, size % 1'000'000);
  while (out.ends_with('0') && out[out.size() - 3] != '.') out.pop_back();
  return out;
}

std::string to_cents(Usd amount) {
  const int64_t half = amount.micros < 0 ? -5000 : 5000;
  return to_string(Usd{(amount.micros + half) / 10'000 * 10'000});
}

}  // namespace spillway::cost
