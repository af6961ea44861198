#include "dns/session.h"

#include "base/crypto.h"
#include "base/log.h"
#include "dns/codes.h"

namespace spillway::dns {

uint64_t Session::now() const {
  return tsig_seconds(clock_.now() + offset_);
}

Result<std::vector<SignedMessage>> Session::prepare(std::vector<std::string> messages) {
  std::vector<SignedMessage> ready;
  ready.reserve(messages.size());
  for (std::string& message : messages) {
    std::string id;
    put16(id, next_id_++);
    message.replace(0, 2, id);
    if (key_)
      ready.push_back(TRY(sign(std::move(message), *key_, Tsig{.signed_at = now()})));
    else
      ready.push_back({std::move(message), {}});
  }
  return ready;
}

Result<Session::Verdict> Session::judge(std::string_view bytes, const Message& answer,
                                        const std::string& request_mac) {
  const auto says = [&](std::string_view what) { return fmt::format("name server {} {}", peer(), what); };
  if (!answer.is_answer) return Error{Kind::invalid, kBadMessage, says("answered with a question")};
  if (!key_) return Verdict::good;
  const auto refuse = [&](const Code& code, std::string_view what) {
    Error error{Kind::denied, code, says(fmt::format("{} (key {})", what, key_->name))};
    return error;
  };
  if (answer.signature_at == 0) {
    // A server that refuses before it looks at the key has nothing to sign with; a plain yes must be signed.
    if (answer.rcode != Rcode::noerror && answer.rcode != Rcode::nxdomain) return Verdict::good;
    return refuse(kUnsigned, "gave an answer without a signature");
  }
  const Tsig tsig = TRY(read_tsig(answer));
  if (tsig.error == TsigError::bad_key) return refuse(kUnknownKey, "does not know the key: BADKEY");
  if (tsig.error == TsigError::bad_signature)
    return refuse(kWrongKey, "does not accept the signature: BADSIG");
  if (!verifies(bytes, answer, tsig, *key_, request_mac))
    return refuse(kUnsigned, "gave an answer with a wrong signature");
  if (tsig.error == TsigError::bad_time) {
    const auto theirs = static_cast<int64_t>(other_time(tsig));
    const auto ours = static_cast<int64_t>(tsig_seconds(clock_.now()));
    offset_ = std::chrono::seconds{theirs - ours};
    return Verdict::repeat;
  }
  const auto apart = static_cast<int64_t>(tsig.signed_at) - static_cast<int64_t>(now());
  if (std::abs(apart) > tsig.fudge)
    return refuse(kClockOff, fmt::format("signed its answer {} s off our clock", apart));
  if (tsig.error != TsigError::none) return refuse(kUnsigned, "complains: " + to_string(tsig.error));
  return Verdict::good;
}

Result<std::vector<Message>> Session::ask(std::vector<std::string> messages, Deadline deadline) {
  if (messages.empty()) return std::vector<Message>{};
  std::vector<Message> all(messages.size());
  std::vector<size_t> open(messages.size());
  for (size_t i = 0; i < open.size(); ++i) open[i] = i;
  for (int attempt = 0; !open.empty(); ++attempt) {
    std::vector<std::string> bare, bytes;
    for (const size_t i : open) bare.push_back(messages[i]);
    const std::vector<SignedMessage> signed_messages = TRY(prepare(std::move(bare)));
    for (const SignedMessage& each : signed_messages) bytes.push_back(each.bytes);
    const std::vector<std::string> answers = TRY(exchange_.send(bytes, deadline));
    std::vector<size_t> again;
    for (size_t i = 0; i < open.size(); ++i) {
      Message answer = TRY(parse(answers[i]));
      if (TRY(judge(answers[i], answer, signed_messages[i].mac)) == Verdict::repeat)
        again.push_back(open[i]);
      else
        all[open[i]] = std::move(answer);
    }
    if (!again.empty() && attempt > 0)
      return Error{Kind::denied, kClockOff,
                   fmt::format("name server {} says BADTIME to its own time too", peer())};
    if (!again.empty())
      log::warning("dns", "the clock of name server {} is {} s ahead of ours; signing with its time", peer(),
                   offset_.count());
    open = std::move(again);
  }
  return all;
}

bool is_conflict(Rcode rcode) {
  return rcode == Rcode::yxdomain || rcode == Rcode::yxrrset || rcode == Rcode::nxrrset ||
         rcode == Rcode::nxdomain;
}

Error rcode_error(Rcode rcode, std::string_view doing, std::string_view server) {
  const auto make = [&](Kind kind, const Code& code) {
    Error error{kind, code, fmt::format("{}: name server {} says {}", doing, server, to_string(rcode))};
    error.peer_code = to_string(rcode);
    return error;
  };
  switch (rcode) {
    case Rcode::refused:
      return make(Kind::denied, kRefused);
    case Rcode::notauth:
    case Rcode::notzone:
      return make(Kind::invalid, kWrongZone);
    case Rcode::servfail:
      return make(Kind::unavailable, kServerFailed);
    default:
      return is_conflict(rcode) ? make(Kind::conflict, kForeign) : make(Kind::internal, kOddAnswer);
  }
}

}  // namespace spillway::dns
