#pragma once
#include <string>
#include <string_view>

#include "base/text.h"

namespace spillway::emu {

/// `text` with the five characters escaped that XML gives a meaning, and carriage returns kept as references.
std::string xml_escaped(std::string_view text);

/// The same, behind what `out` holds.
void append_escaped(std::string& out, std::string_view text);

/// Writes XML front to back; elements without attributes are all that AWS's answers need inside the root.
class Xml {
 public:
  Xml& text(std::string_view name, std::string_view value) {
    raw("<").raw(name).raw(">");
    append_escaped(out_, value);
    return raw("</").raw(name).raw(">");
  }
  Xml& flag(std::string_view name, bool value) { return text(name, value ? "true" : "false"); }
  Xml& number(std::string_view name, int64_t value) { return text(name, std::to_string(value)); }
  /// An element whose content `body` writes.
  template <class Body>
  Xml& in(std::string_view name, Body&& body) {
    raw("<").raw(name).raw(">");
    body();
    return raw("</").raw(name).raw(">");
  }
  Xml& raw(std::string_view markup) { return out_ += markup, *this; }
  const std::string& str() const { return out_; }

 private:
  std::string out_;
};

}  // namespace spillway::emu
