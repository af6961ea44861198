#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

std::string_view trim(std::string_view text);
/// The parts of `text` between separators; "a,,b" has three, "" has one empty one.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// The whole of `text` as a decimal number, or nothing.
std::optional<int64_t> parse_int(std::string_view text);
/// `text` between double quotes for a message: what a terminal would obey is escaped, a long text is cut.
std::string in_quotes(std::string_view text, size_t max_bytes = 120);
/// Of `known`, the word with the smallest edit distance to `word`, if at most a third of its letters differ.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace spillway
