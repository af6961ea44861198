#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::emu {

/// An element of a document that a client sent. Attributes, comments and namespace prefixes are dropped: none
/// of S3's documents says anything by them.
struct Element {
  std::string name, text;  // text: all of it, without what stands between children
  std::vector<Element> children;

  const Element* child(std::string_view wanted) const;
  std::vector<const Element*> all(std::string_view wanted) const;
  /// The text of a child, or "".
  std::string text_of(std::string_view wanted) const;
};

/// The document's root; nothing when it is not well-formed, or nested deeper than any of S3's.
std::optional<Element> parse_xml(std::string_view document);
/// The children as markup, without white space between them.
std::string inner_xml(const Element& element);

}  // namespace spillway::emu
