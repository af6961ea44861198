#include "aws/s3_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <pugixml.hpp>

#include "aws/encode.h"
#include "aws/errors.h"

namespace spillway::aws {
namespace {

Result<pugi::xml_node> root_of(pugi::xml_document& document, const std::string& body) {
  const auto parsed =
      document.load_buffer(body.data(), body.size(), pugi::parse_minimal | pugi::parse_escapes);
  if (!parsed)
    return Error{Kind::internal, kBadAnswer, fmt::format("S3's answer is no XML: {}", parsed.description())};
  return document.document_element();
}

std::string unquoted(const char* text) {
  std::string out(text);
  std::erase(out, '"');
  return out;
}

// With encoding-type=url a blank comes as a plus sign.
std::string decoded(const char* text) {
  std::string plain(text);
  std::ranges::replace(plain, '+', ' ');
  return percent_decode(plain);
}

// "2026-11-22T21:54:03.000Z", which is in every line of a listing; anything else goes the long way.
int64_t nanoseconds_of(const char* text) {
  const auto digits = [&](size_t at, size_t count) {
    int value = 0;
    for (size_t i = at; i < at + count; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  const size_t size = std::strlen(text);
  if (size == 24 && text[10] == 'T' && text[23] == 'Z') {
    using namespace std::chrono;
    const sys_days day = year{digits(0, 4)} / digits(5, 2) / digits(8, 2);
    return (std::chrono::nanoseconds(day.time_since_epoch()) + hours{digits(11, 2)} + minutes{digits(14, 2)} +
            seconds{digits(17, 2)} + milliseconds{digits(20, 3)})
        .count();
  }
  const auto time = parse_iso8601(std::string_view(text, size));
  return time ? time->time_since_epoch().count() * 1000 : 0;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("&#{};", static_cast<int>(c));
    else
      out += c;
  }
  return out;
}

}  // namespace

S3Fault read_s3_fault(std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return {};
  const pugi::xml_node root = document.document_element();
  if (std::string_view(root.name()) != "Error") return {};
  return {root.child_value("Code"), root.child_value("Message"), root.child_value("Region")};
}

Result<S3Page> read_s3_page(const std::string& body) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(root_of(document, body));
  if (std::string_view(root.name()) != "ListBucketResult")
    return Error{Kind::internal, kBadAnswer, fmt::format("S3 lists with a <{}>", root.name())};
  const bool url = std::string_view(root.child_value("EncodingType")) == "url";
  S3Page page;
  page.objects.reserve(1000);
  for (const pugi::xml_node one : root.children("Contents")) {
    const char* key = one.child_value("Key");
    page.objects.push_back({url ? decoded(key) : std::string(key), unquoted(one.child_value("ETag")),
                            one.child("Size").text().as_llong(),
                            nanoseconds_of(one.child_value("LastModified"))});
  }
  if (root.child("IsTruncated").text().as_bool()) {
    page.next = root.child_value("NextContinuationToken");
    if (page.next.empty()) return Error{Kind::internal, kBadAnswer, "a page of a list names no next one"};
  }
  return page;
}

Result<S3PartsPage> read_s3_parts(const std::string& body) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(root_of(document, body));
  S3PartsPage page;
  for (const pugi::xml_node one : root.children("Part"))
    page.parts.push_back({one.child("PartNumber").text().as_llong(), one.child("Size").text().as_llong(),
                          unquoted(one.child_value("ETag")), one.child_value("ChecksumCRC64NVME")});
  if (root.child("IsTruncated").text().as_bool()) page.next_marker = root.child_value("NextPartNumberMarker");
  return page;
}

Result<std::string> read_s3_element(const std::string& body, const char* name) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(root_of(document, body));
  if (const pugi::xml_node found = root.child(name)) return std::string(found.child_value());
  return Error{Kind::internal, kBadAnswer, fmt::format("S3's <{}> has no {}", root.name(), name)};
}

std::string write_s3_parts(const std::vector<S3Part>& parts) {
  std::string out = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const S3Part& part : parts) {
    out +=
        fmt::format("<Part><PartNumber>{}</PartNumber><ETag>&quot;{}&quot;</ETag>", part.number, part.etag);
    if (!part.crc64.empty()) out += fmt::format("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", part.crc64);
    out += "</Part>";
  }
  return out + "</CompleteMultipartUpload>";
}

std::string write_s3_deletions(const std::vector<std::string>& keys) {
  std::string out = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const std::string& key : keys) out += fmt::format("<Object><Key>{}</Key></Object>", escaped(key));
  return out + "</Delete>";
}

Result<std::vector<S3NotDeleted>> read_s3_deletions(const std::string& body) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(root_of(document, body));
  std::vector<S3NotDeleted> out;
  for (const pugi::xml_node one : root.children("Error"))
    out.push_back({one.child_value("Key"), one.child_value("Code"), one.child_value("Message")});
  return out;
}

}  // namespace spillway::aws
