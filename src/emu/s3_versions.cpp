#include "emu/s3_versions.h"

#include <algorithm>

namespace spillway::emu {
namespace {

std::string new_version(Account& account) {
  return account.make_id("v");
}

/// The key's versions that are not the present one; made when there are none.
std::vector<ObjectVersion>& older_of(Bucket& bucket, const std::string& key) {
  return bucket.older[key];
}

void forget_if_empty(Bucket& bucket, const std::string& key) {
  if (const auto found = bucket.older.find(key); found != bucket.older.end() && found->second.empty())
    bucket.older.erase(found);
}

}  // namespace

std::string store_object(Account& account, Bucket& bucket, const std::string& key, Object object) {
  object.version = bucket.versioned ? new_version(account) : "null";
  const auto before = bucket.objects.find(key);
  if (bucket.versioned && before != bucket.objects.end()) {
    auto& older = older_of(bucket, key);
    older.insert(older.begin(), {before->second.version, before->second, false});
  }
  const std::string version = object.version;
  bucket.objects[key] = std::move(object);
  return bucket.versioned ? version : "";
}

Removed remove_object(Account& account, Bucket& bucket, const std::string& key, const std::string& version) {
  const auto present = bucket.objects.find(key);
  if (version.empty() && !bucket.versioned) {
    bucket.objects.erase(key);
    return {};
  }
  auto& older = older_of(bucket, key);
  if (version.empty()) {
    if (present != bucket.objects.end())
      older.insert(older.begin(), {present->second.version, present->second, false});
    bucket.objects.erase(key);
    ObjectVersion marker{new_version(account), {}, true};
    marker.object.content = std::make_shared<const std::string>();
    marker.object.modified = account.now();
    older.insert(older.begin(), marker);
    return {marker.id, true};
  }
  Removed out{version, false};
  if (present != bucket.objects.end() && present->second.version == version) {
    bucket.objects.erase(present);
  } else {
    const auto found =
        std::find_if(older.begin(), older.end(), [&](const ObjectVersion& v) { return v.id == version; });
    if (found != older.end()) {
      out.marker = found->deleted;
      older.erase(found);
    }
  }
  // What lies on top now is what readers see, unless it is a marker.
  if (!bucket.objects.contains(key) && !older.empty() && !older.front().deleted) {
    bucket.objects[key] = older.front().object;
    older.erase(older.begin());
  }
  forget_if_empty(bucket, key);
  return out;
}

const Object* find_version(const Bucket& bucket, const std::string& key, const std::string& version) {
  const auto present = bucket.objects.find(key);
  if (present != bucket.objects.end() && present->second.version == version) return &present->second;
  const auto older = bucket.older.find(key);
  if (older != bucket.older.end())
    for (const ObjectVersion& each : older->second)
      if (each.id == version && !each.deleted) return &each.object;
  return nullptr;
}

Answer<net::Response> s3_list_versions(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, "ListBucketVersions", call.bucket, ""));
  const std::string& prefix = call.query.get("prefix");
  const bool url = call.query.get("encoding-type") == "url";
  const auto shown = [&](const std::string& name) { return url ? percent_encoded(name, true) : name; };
  std::set<std::string> keys;
  for (const auto& [key, object] : bucket.objects) keys.insert(key);
  for (const auto& [key, versions] : bucket.older) keys.insert(key);
  const size_t most =
      static_cast<size_t>(std::clamp<int64_t>(call.query.number("max-keys").value_or(1000), 1, 1000));
  const std::string &after_key = call.query.get("key-marker"),
                    &after_version = call.query.get("version-id-marker");
  Xml items;
  size_t count = 0;
  std::string last_key, last_version;
  bool truncated = false, passed = after_version.empty();
  const auto item = [&](const std::string& key, const std::string& id, const Object& object, bool deleted,
                        bool latest) {
    if (truncated) return;
    if (key == after_key && !passed) {
      passed = id == after_version;
      return;
    }
    if (count == most) {
      truncated = true;
      return;
    }
    ++count;
    last_key = key;
    last_version = id;
    items.in(deleted ? "DeleteMarker" : "Version", [&] {
      items.text("Key", shown(key)).text("VersionId", id).flag("IsLatest", latest);
      items.text("LastModified", to_iso8601(object.modified));
      if (!deleted)
        items.text("ETag", "\"" + object.etag + "\"")
            .number("Size", static_cast<int64_t>(object.content->size()))
            .text("StorageClass", "STANDARD");
    });
  };
  for (auto it = keys.lower_bound(std::max(prefix, after_key)); it != keys.end() && it->starts_with(prefix);
       ++it) {
    if (*it == after_key && after_version.empty() && !after_key.empty()) continue;
    bool latest = true;
    if (const auto present = bucket.objects.find(*it); present != bucket.objects.end()) {
      item(*it, present->second.version, present->second, false, latest);
      latest = false;
    }
    if (const auto older = bucket.older.find(*it); older != bucket.older.end())
      for (const ObjectVersion& version : older->second) {
        item(*it, version.id, version.object, version.deleted, latest);
        latest = false;
      }
  }
  Xml xml;
  xml.text("Name", bucket.name).text("Prefix", shown(prefix)).text("KeyMarker", shown(after_key));
  xml.text("VersionIdMarker", after_version)
      .number("MaxKeys", static_cast<int64_t>(most))
      .flag("IsTruncated", truncated);
  if (url) xml.text("EncodingType", "url");
  if (truncated) xml.text("NextKeyMarker", shown(last_key)).text("NextVersionIdMarker", last_version);
  xml.raw(items.str());
  return s3_xml(200, "ListVersionsResult", xml);
}

}  // namespace spillway::emu
