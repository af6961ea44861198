#include "emu/params.h"

#include "base/text.h"

namespace spillway::emu {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
               hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string percent_encoded(std::string_view text, bool keep_slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (unsigned char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool digit = c >= '0' && c <= '9';
    if (letter || digit || c == '-' || c == '_' || c == '.' || c == '~' || (keep_slash && c == '/'))
      out += static_cast<char>(c);
    else
      (out += '%') += kDigits[c >> 4], out += kDigits[c & 15];
  }
  return out;
}

Params Params::parse(std::string_view form) {
  Params params;
  for (std::string_view pair : split(form, '&')) {
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    params.set(percent_decoded(pair.substr(0, equals), true), percent_decoded(value, true));
  }
  return params;
}

const std::string* Params::find(std::string_view name) const {
  auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

const std::string& Params::get(std::string_view name) const {
  static const std::string kNothing;
  const std::string* value = find(name);
  return value ? *value : kNothing;
}

std::optional<int64_t> Params::number(std::string_view name) const {
  const std::string* value = find(name);
  return value ? parse_int(*value) : std::nullopt;
}

Params Params::under(std::string_view name) const {
  Params out;
  std::string prefix = std::string(name) + ".";
  for (auto it = values_.lower_bound(prefix); it != values_.end() && it->first.starts_with(prefix); ++it)
    out.values_.emplace(it->first.substr(prefix.size()), it->second);
  return out;
}

std::vector<Params> Params::structures(std::string_view name) const {
  std::map<int64_t, Params> by_index;
  for (const auto& [key, value] : under(name).values_) {
    size_t dot = key.find('.');
    auto index = parse_int(key.substr(0, dot));
    if (!index) continue;
    by_index[*index].set(dot == std::string::npos ? "" : key.substr(dot + 1), value);
  }
  std::vector<Params> out;
  for (auto& [index, params] : by_index) out.push_back(std::move(params));
  return out;
}

std::vector<std::string> Params::list(std::string_view name) const {
  std::vector<std::string> out;
  for (const Params& item : structures(name))
    if (item.has("")) out.push_back(item.get(""));
  return out;
}

}  // namespace spillway::emu
