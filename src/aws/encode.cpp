#include "aws/encode.h"

#include <cctype>

namespace spillway::aws {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view keep) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain || keep.find(static_cast<char>(c)) != std::string_view::npos) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Url::str() const {
  return (scheme.empty() ? "" : scheme + "://") + authority + path + (query.empty() ? "" : "?" + query);
}

Url split_url(std::string_view url) {
  Url out;
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    out.scheme = url.substr(0, scheme);
    url.remove_prefix(scheme + 3);
    const size_t end = std::min(url.find_first_of("/?#"), url.size());
    out.authority = url.substr(0, end);
    url.remove_prefix(end);
  }
  url = url.substr(0, url.find('#'));
  const size_t question = url.find('?');
  out.path = url.substr(0, question);
  if (question != std::string_view::npos) out.query = url.substr(question + 1);
  if (out.path.empty()) out.path = "/";
  return out;
}

}  // namespace spillway::aws
