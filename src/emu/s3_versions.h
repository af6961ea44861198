#pragma once
#include "emu/iam.h"
#include "emu/s3.h"

// What versioning does to a bucket's objects: nothing put is lost until its version is deleted.
namespace spillway::emu {

/// Makes it the key's present object; its version id, which is "" where the bucket has no versions.
std::string store_object(Account& account, Bucket& bucket, const std::string& key, Object object);

struct Removed {
  std::string version;  // of what was removed, or of the delete marker that was made
  bool marker = false;
};
/// Without `version`, what a reader sees goes, behind a delete marker where the bucket is versioned; with it,
/// that version goes for good.
Removed remove_object(Account& account, Bucket& bucket, const std::string& key, const std::string& version);
/// That version of the key; null when there is none.
const Object* find_version(const Bucket& bucket, const std::string& key, const std::string& version);

Answer<net::Response> s3_list_versions(S3Call& call);
Answer<net::Response> s3_put_setting(S3Call& call);
Answer<net::Response> s3_get_setting(S3Call& call);
Answer<net::Response> s3_delete_setting(S3Call& call);
/// The subresource of a bucket that the request is about ("policy", "tagging" …); "" when it is about none.
std::string setting_of(const Params& query);
/// Whether the bucket's own policy forbids the caller the action.
bool bucket_forbids(const S3Call& call, const Bucket& bucket, const Question& question);
/// The text of every <name>…</name> in a small document without attributes on these elements.
std::vector<std::string> xml_elements(std::string_view document, std::string_view name);
std::string xml_unescaped(std::string_view text);

}  // namespace spillway::emu
