#include "base/crypto.h"
#include "base/text.h"
#include "emu/checksum.h"
#include "emu/s3.h"

// aws-chunked bodies. Each chunk is SIZE[;chunk-signature=SIG]\r\nDATA\r\n, the last of size 0, then
// trailers. A trailing checksum is checked, the trailers' own signature is not. Source: S3 API Reference,
// "Signature Calculations ... Transferring Payload in Multiple Chunks".
namespace spillway::emu {
namespace {

tl::unexpected<ApiError> broken() {
  return refusal("IncompleteBody", "The request body terminated unexpectedly");
}

std::optional<size_t> parse_hex(std::string_view text) {
  if (text.empty() || text.size() > 8) return std::nullopt;
  size_t value = 0;
  for (char c : text) {
    size_t digit =
        std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + digit;
  }
  return value;
}

/// What follows the last chunk: lines of name:value.
Answer<bool> check_trailers(std::string_view trailers, std::string_view body) {
  for (const std::string_view line : split(trailers, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto right = checksum(to_lower(trim(line.substr(0, colon))), body);
    if (right && trim(line.substr(colon + 1)) != *right)
      return refusal("BadDigest", "The checksum in the trailer did not match the calculated checksum.");
  }
  return true;
}

}  // namespace

Answer<std::string> unchunked(const net::Incoming& request, const Signature& signature) {
  const std::string* kind = net::find_header(request.headers, "x-amz-content-sha256");
  if (!kind || !kind->starts_with("STREAMING-")) return request.body;
  const bool is_signed = kind->starts_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
  std::string key, previous = signature.value;
  if (is_signed)
    key = signing_key(signature.key->secret, signature.date, signature.region, signature.service);
  std::string_view rest = request.body;
  std::string out;
  for (;;) {
    size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return broken();
    std::string_view head = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    auto size = parse_hex(head.substr(0, head.find(';')));
    if (!size || rest.size() < *size) return broken();
    std::string_view data = rest.substr(0, *size);
    if (is_signed) {
      constexpr std::string_view kName = ";chunk-signature=";
      size_t at = head.find(kName);
      std::string to_sign = "AWS4-HMAC-SHA256-PAYLOAD\n" + signature.time + "\n" + signature.scope + "\n" +
                            previous + "\n" + to_hex(sha256("")) + "\n" + to_hex(sha256(data));
      previous = to_hex(hmac_sha256(key, to_sign));
      if (at == std::string_view::npos || !equal_in_constant_time(head.substr(at + kName.size()), previous))
        return tl::unexpected(signature_error("s3", Signature{Flaw::mismatch}));
    }
    if (*size == 0) break;
    out += data;
    rest.remove_prefix(*size);
    if (!rest.starts_with("\r\n")) return broken();
    rest.remove_prefix(2);
  }
  EMU_TRY(check_trailers(rest, out));
  const std::string* length = net::find_header(request.headers, "x-amz-decoded-content-length");
  if (length && parse_int(*length) != static_cast<int64_t>(out.size())) return broken();
  return out;
}

}  // namespace spillway::emu
