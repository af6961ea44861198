#pragma once
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "emu/account.h"
#include "emu/params.h"
#include "emu/xml.h"
#include "net/http.h"

namespace spillway::emu {

/// An error as AWS tells it.
struct ApiError {
  std::string code, message;
  int status = 400;
};
template <class T>
using Answer = tl::expected<T, ApiError>;

inline tl::unexpected<ApiError> refusal(std::string code, std::string message, int status = 400) {
  return tl::unexpected(ApiError{std::move(code), std::move(message), status});
}

/// The value of an Answer, or return its error from this function.
#define EMU_TRY(...)                                                 \
  ({                                                                 \
    auto&& answer_ = (__VA_ARGS__);                                  \
    if (!answer_) return tl::unexpected(std::move(answer_).error()); \
    std::move(answer_).value();                                      \
  })

/// Who signed a request.
struct Identity {
  std::string arn, user_id;  // user_id: what ${aws:userid} stands for
  const Principal* principal = nullptr;
  std::string key_id;
  std::string principal_arn;  // of the user, or of the role that was assumed
  Json session_policy;        // null, or what the session was narrowed to
  std::string source_ip;
  bool secure = false;  // the request came by TLS
};

/// One request to EC2, STS or SSM, its signature checked and its body read.
struct Call {
  std::string service, operation, request_id;
  Params params;  // of the query protocols
  Json json;      // of JSON 1.1
  Identity who;
};

/// Content of the answer's root element (EC2), or of its result element (query protocol).
using XmlOperation = Answer<Xml> (*)(Account&, const Call&);
using XmlOperations = std::map<std::string_view, XmlOperation>;
using JsonOperation = Answer<Json> (*)(Account&, const Call&);
using JsonOperations = std::map<std::string_view, JsonOperation>;

}  // namespace spillway::emu
