#include "emu/s3.h"

#include "base/text.h"
#include "emu/iam.h"

namespace spillway::emu {
namespace {

const std::map<std::string_view, S3Operation>& operations() {
  static const std::map<std::string_view, S3Operation> kTable = {
      {"GetObject", s3_get_object},
      {"HeadObject", s3_get_object},
      {"PutObject", s3_put_object},
      {"CopyObject", s3_copy_object},
      {"DeleteObject", s3_delete_object},
      {"DeleteObjects", s3_delete_objects},
      {"ListObjectsV2", s3_list_objects},
      {"ListObjects", s3_list_objects},
      {"ListObjectVersions", s3_list_versions},
      {"ListBuckets", s3_list_buckets},
      {"CreateBucket", s3_create_bucket},
      {"DeleteBucket", s3_delete_bucket},
      {"HeadBucket", s3_head_bucket},
      {"GetBucketLocation", s3_bucket_location},
      {"PutBucketTagging", s3_put_tagging},
      {"GetBucketTagging", s3_get_tagging},
      {"DeleteBucketTagging", s3_delete_tagging},
      {"PutPublicAccessBlock", s3_put_public_access},
      {"GetPublicAccessBlock", s3_get_public_access},
      {"DeletePublicAccessBlock", s3_delete_public_access},
      {"PutBucketEncryption", s3_put_encryption},
      {"GetBucketEncryption", s3_get_encryption},
      {"DeleteBucketEncryption", s3_delete_encryption},
      {"PutBucketVersioning", s3_put_versioning},
      {"GetBucketVersioning", s3_get_versioning},
      {"PutBucketOwnershipControls", s3_put_ownership},
      {"GetBucketOwnershipControls", s3_get_ownership},
      {"DeleteBucketOwnershipControls", s3_delete_ownership},
      {"PutBucketLifecycleConfiguration", s3_put_lifecycle},
      {"GetBucketLifecycleConfiguration", s3_get_lifecycle},
      {"DeleteBucketLifecycle", s3_delete_lifecycle},
      {"PutBucketPolicy", s3_put_policy},
      {"GetBucketPolicy", s3_get_policy},
      {"DeleteBucketPolicy", s3_delete_policy},
      {"CreateMultipartUpload", s3_create_upload},
      {"UploadPart", s3_upload_part},
      {"CompleteMultipartUpload", s3_complete_upload},
      {"AbortMultipartUpload", s3_abort_upload},
      {"ListMultipartUploads", s3_list_uploads},
      {"ListParts", s3_list_parts}};
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

Question question_of(const S3Call& call, std::string_view action, const std::string& bucket,
                     const std::string& key) {
  Question question{fmt::format("s3:{}", action),
                    fmt::format("arn:aws:s3:::{}{}{}", bucket, key.empty() ? "" : "/", key),
                    {}};
  auto add = [&](const char* name, const std::string* value) {
    if (value) question.context.emplace_back(name, *value);
  };
  if (action.starts_with("ListBucket")) {
    add("s3:prefix", call.query.find("prefix"));
    add("s3:delimiter", call.query.find("delimiter"));
    add("s3:max-keys", call.query.find("max-keys"));
  }
  if (action.ends_with("Version")) add("s3:VersionId", call.query.find("versionId"));
  if (action == "PutObject")
    add("s3:x-amz-server-side-encryption",
        net::find_header(call.http.headers, "x-amz-server-side-encryption"));
  return question;
}

Decision judged(const S3Call& call, const Question& question) {
  const std::string name = question.resource.substr(std::string_view("arn:aws:s3:::").size());
  auto bucket = call.account.buckets.find(name.substr(0, name.find('/')));
  static const Json kNone;
  return decide(call.account, call.who, question,
                bucket == call.account.buckets.end() ? kNone : bucket->second.policy);
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
  return judged(call, question_of(call, action, bucket, key)).may;
}

Answer<bool> demand(const S3Call& call, std::string_view action, const std::string& bucket,
                    const std::string& key) {
  const Question question = question_of(call, action, bucket, key);
  const Decision decision = judged(call, question);
  if (decision.may) return true;
  const Question quoted{question.action, "\"" + question.resource + "\"", {}};  // as S3 writes it
  return refusal("AccessDenied", not_authorized(call.who, quoted, decision), 403);
}

Answer<Bucket*> find_bucket(S3Call& call, const std::string& name) {
  auto found = call.account.buckets.find(name);
  if (found != call.account.buckets.end()) return &found->second;
  return refusal("NoSuchBucket", "The specified bucket does not exist", 404);
}

Answer<Bucket*> bucket_for(S3Call& call, std::string_view action) {
  Bucket* bucket = EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, action, call.bucket, ""));
  return bucket;
}

ApiError malformed_xml() {
  return {"MalformedXML",
          "The XML you provided was not well-formed or did not validate against our published schema"};
}

Answer<Element> document_of(const S3Call& call, std::string_view root) {
  EMU_TRY(s3_check_digests(call, true));
  auto element = parse_xml(call.body);
  if (!element || element->name != root) return tl::unexpected(malformed_xml());
  return *std::move(element);
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
              caller_of(account, arrival),
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
