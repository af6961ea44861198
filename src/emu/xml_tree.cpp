#include "emu/xml_tree.h"

#include <algorithm>

#include "base/text.h"
#include "emu/xml.h"

namespace spillway::emu {
namespace {

constexpr int kMaxDepth = 32;

std::string unescaped(std::string_view text) {
  constexpr std::pair<std::string_view, char> kNames[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
  std::string out;
  while (!text.empty()) {
    auto known = std::find_if(std::begin(kNames), std::end(kNames),
                              [&](const auto& entry) { return text.starts_with(entry.first); });
    const size_t semicolon = text.find(';');
    std::optional<int64_t> code;
    if (text.starts_with("&#") && semicolon != std::string_view::npos)
      code = parse_int(text.substr(2, semicolon - 2));
    if (known != std::end(kNames)) {
      out += known->second;
      text.remove_prefix(known->first.size());
    } else if (code && *code > 0 && *code < 128) {
      out += static_cast<char>(*code);
      text.remove_prefix(semicolon + 1);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string local_name(std::string_view tag) {
  const std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
  const size_t colon = name.rfind(':');
  return std::string(colon == std::string_view::npos ? name : name.substr(colon + 1));
}

/// Where the tag that `text` begins with ends: at the first > outside of an attribute's quotes.
size_t tag_end(std::string_view text) {
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i;
    }
  }
  return std::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::string_view document) : rest_(document) {}

  std::optional<Element> document() {
    if (!skip_prolog()) return std::nullopt;
    auto root = element(0);
    if (!root || !skip_prolog() || !rest_.empty()) return std::nullopt;
    return root;
  }

 private:
  bool skip_past(std::string_view end) {
    const size_t at = rest_.find(end);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + end.size());
    return true;
  }

  /// White space, declarations and comments. A DOCTYPE is not among what S3 takes.
  bool skip_prolog() {
    for (;;) {
      rest_ = rest_.substr(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
      if (rest_.starts_with("<?")) {
        if (!skip_past("?>")) return false;
      } else if (rest_.starts_with("<!--")) {
        if (!skip_past("-->")) return false;
      } else {
        return true;
      }
    }
  }

  std::optional<Element> element(int depth) {
    if (depth > kMaxDepth || !rest_.starts_with('<') || rest_.starts_with("</")) return std::nullopt;
    const size_t end = tag_end(rest_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    Element made{local_name(tag), "", {}};
    if (made.name.empty() || made.name.front() == '!') return std::nullopt;
    if (tag.ends_with('/')) return made;
    return content(std::move(made), depth);
  }

  std::optional<Element> content(Element made, int depth) {
    std::string text;
    for (;;) {
      const size_t open = rest_.find('<');
      if (open == std::string_view::npos) return std::nullopt;
      text += unescaped(rest_.substr(0, open));
      rest_.remove_prefix(open);
      if (rest_.starts_with("<!--")) {
        if (!skip_past("-->")) return std::nullopt;
      } else if (rest_.starts_with("</")) {
        const size_t end = rest_.find('>');
        if (end == std::string_view::npos || local_name(rest_.substr(2, end - 2)) != made.name)
          return std::nullopt;
        rest_.remove_prefix(end + 1);
        if (made.children.empty()) made.text = std::move(text);
        return made;
      } else {
        auto inner = element(depth + 1);
        if (!inner) return std::nullopt;
        made.children.push_back(*std::move(inner));
      }
    }
  }

  std::string_view rest_;
};

}  // namespace

const Element* Element::child(std::string_view wanted) const {
  auto found =
      std::find_if(children.begin(), children.end(), [&](const Element& e) { return e.name == wanted; });
  return found == children.end() ? nullptr : &*found;
}

std::vector<const Element*> Element::all(std::string_view wanted) const {
  std::vector<const Element*> out;
  for (const Element& element : children)
    if (element.name == wanted) out.push_back(&element);
  return out;
}

std::string Element::text_of(std::string_view wanted) const {
  const Element* found = child(wanted);
  return found ? found->text : "";
}

std::optional<Element> parse_xml(std::string_view document) {
  return Parser{document}.document();
}

std::string inner_xml(const Element& element) {
  Xml xml;
  for (const Element& child : element.children)
    xml.in(child.name, [&] { xml.raw(child.children.empty() ? xml_escaped(child.text) : inner_xml(child)); });
  return xml.str();
}

}  // namespace spillway::emu
