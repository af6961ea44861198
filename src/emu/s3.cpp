#include "emu/s3.h"

#include "base/text.h"
#include "emu/iam.h"

namespace spillway::emu {
namespace {

const std::map<std::string_view, S3Operation>& operations() {
  static const std::map<std::string_view, S3Operation> kTable = {{"GetObject", s3_get_object},
                                                                 {"HeadObject", s3_get_object},
                                                                 {"PutObject", s3_put_object},
                                                                 {"CopyObject", s3_copy_object},
                                                                 {"DeleteObject", s3_delete_object},
                                                                 {"DeleteObjects", s3_delete_objects},
                                                                 {"ListObjectsV2", s3_list_objects},
                                                                 {"ListObjects", s3_list_objects},
                                                                 {"ListBuckets", s3_list_buckets},
                                                                 {"CreateBucket", s3_create_bucket},
                                                                 {"DeleteBucket", s3_delete_bucket},
                                                                 {"HeadBucket", s3_head_bucket},
                                                                 {"GetBucketLocation", s3_bucket_location}};
  return kTable;
}

/// Splits the path, or host and path, into bucket and key.
void locate(S3Call& call) {
  std::string path = percent_decoded(call.http.target.substr(0, call.http.target.find('?')), false);
  std::string rest = path.substr(path.empty() ? 0 : 1);
  std::string host = header(call, "host");
  if (size_t mark = host.find(".s3."); mark != std::string::npos) {
    call.bucket = host.substr(0, mark);
    call.key = rest;
    return;
  }
  size_t slash = rest.find('/');
  call.bucket = rest.substr(0, slash);
  call.key = slash == std::string::npos ? "" : rest.substr(slash + 1);
}

Answer<net::Response> perform(S3Call& call) {
  auto operation = operations().find(call.operation);
  if (operation == operations().end())
    return refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
  call.body = EMU_TRY(unchunked(call.http, call.signature));
  return operation->second(call);
}

}  // namespace

std::string header(const S3Call& call, std::string_view name) {
  const std::string* value = net::find_header(call.http.headers, name);
  return value ? *value : "";
}

std::string http_date(Time time) {
  time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

bool may(const S3Call& call, std::string_view action, const std::string& bucket, const std::string& key) {
  Question question{fmt::format("s3:{}", action),
                    fmt::format("arn:aws:s3:::{}{}{}", bucket, key.empty() ? "" : "/", key),
                    {}};
  if (action == "ListBucket") question.context.emplace_back("s3:prefix", call.query.get("prefix"));
  return allowed(call.account, call.who, question);
}

Answer<bool> demand(const S3Call& call, std::string_view action, const std::string& bucket,
                    const std::string& key) {
  if (may(call, action, bucket, key)) return true;
  return refusal(
      "AccessDenied",
      fmt::format("User: {} is not authorized to perform: s3:{} on resource: \"arn:aws:s3:::{}{}{}\" "
                  "because no identity-based policy allows the s3:{} action",
                  call.who.arn, action, bucket, key.empty() ? "" : "/", key, action),
      403);
}

Answer<Bucket*> find_bucket(S3Call& call, const std::string& name) {
  auto found = call.account.buckets.find(name);
  if (found != call.account.buckets.end()) return &found->second;
  return refusal("NoSuchBucket", "The specified bucket does not exist", 404);
}

net::Response s3_xml(int status, std::string_view root, const Xml& content) {
  Xml xml;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<").raw(root);
  xml.raw(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">").raw(content.str());
  xml.raw("</").raw(root).raw(">");
  return {status, {{"Content-Type", "application/xml"}}, xml.str()};
}

net::Response answer_s3(Account& account, const Arrival& arrival) {
  size_t mark = arrival.http.target.find('?');
  S3Call call{account,
              arrival.http,
              arrival.signature,
              identity_of(account, *arrival.signature.key),
              arrival.request_id,
              operation_of(arrival.http, "s3"),
              "",
              "",
              Params::parse(mark == std::string::npos ? "" : arrival.http.target.substr(mark + 1)),
              ""};
  locate(call);
  auto answer = perform(call);
  net::Response response = answer ? *std::move(answer) : refuse("s3", answer.error(), arrival);
  if (answer) response.headers.push_back({"x-amz-request-id", arrival.request_id});
  return response;
}

}  // namespace spillway::emu
