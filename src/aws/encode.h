#pragma once
#include <string>
#include <string_view>

namespace spillway::aws {

/// RFC 3986 percent-encoding as SigV4 wants it: all but A-Z a-z 0-9 - . _ ~, in upper-case hexadecimal.
/// `keep` lists further characters to leave alone, such as "/" in paths.
std::string percent_encode(std::string_view text, std::string_view keep = "");
/// The bytes that `text` encodes; a stray % stands for itself, + is not a blank.
std::string percent_decode(std::string_view text);

/// The parts of a URL, each as it is written. `query` is without its question mark.
struct Url {
  std::string scheme, authority, path, query;
  std::string str() const;
};
/// Splits `url`; an absent path is "/".
Url split_url(std::string_view url);

}  // namespace spillway::aws
