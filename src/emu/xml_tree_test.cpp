#include "emu/xml_tree.h"

#include <gtest/gtest.h>

namespace spillway::emu {
namespace {

struct XmlCase {
  const char *document, *inside;  // inside: what inner_xml() makes of it; nullptr: not well-formed
};

const XmlCase kDocuments[] = {
    {"<a><b>1</b> <c/></a>", "<b>1</b><c></c>"},
    {"<?xml version=\"1.0\"?>\n<!-- x --><a xmlns=\"urn:x\"><n:b k='>'>1</n:b></a>",
     "<b>1</b>"},  // > in a value
    {"<?xml version=\"1.0\"?>\n<a xmlns=\"urn:x\">\n <n:b k='v'>1</n:b>\n</a>\n", "<b>1</b>"},
    {"<a><b>&lt;&amp;&#65;&unknown;</b></a>", "<b>&lt;&amp;A&amp;unknown;</b>"},
    {"<a><!-- </a> --><b> kept </b></a>", "<b> kept </b>"},
    {"<a/>", ""},
    {"", nullptr},
    {"text", nullptr},
    {"<a>", nullptr},
    {"<a></b>", nullptr},
    {"<a></a><b></b>", nullptr},
    {"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", nullptr},
    {"<a><!DOCTYPE b></a>", nullptr},
};

TEST(XmlTree, ReadsWhatClientsSend) {
  for (const auto& [document, inside] : kDocuments) {
    const auto read = parse_xml(document);
    ASSERT_EQ(read.has_value(), inside != nullptr) << document;
    if (read) {
      EXPECT_EQ(inner_xml(*read), inside) << document;
    }
  }
}

TEST(XmlTree, IsNotLedIntoTheDeep) {
  std::string deep;
  for (int level = 0; level < 100000; ++level) deep += "<a>";
  EXPECT_FALSE(parse_xml(deep));
}

}  // namespace
}  // namespace spillway::emu
