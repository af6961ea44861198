#include "emu/s3_versions.h"

#include <algorithm>

#include "base/crypto.h"
#include "emu/s3.h"

namespace spillway::emu {
namespace {

std::string make_version(Account& account) {  // 32 letters and digits, as S3's
  return to_hex(sha256(account.make_id("version"))).substr(0, 32);
}

std::string next_version(Account& account, const Bucket& bucket) {
  return bucket.versioning == "Enabled" ? make_version(account) : "null";
}

/// Moves what is current into the history, but for a null version that another one replaces.
void retire(Bucket& bucket, const std::string& key, const std::string& next) {
  auto is_replaced = [&](const Object& object) { return next == "null" && object.version == "null"; };
  if (auto history = bucket.history.find(key); history != bucket.history.end())
    std::erase_if(history->second, is_replaced);
  if (auto current = bucket.objects.find(key); current != bucket.objects.end()) {
    if (!is_replaced(current->second)) bucket.history[key].push_back(std::move(current->second));
    bucket.objects.erase(current);
  }
  if (auto history = bucket.history.find(key); history != bucket.history.end() && history->second.empty())
    bucket.history.erase(history);
}

/// A key without a current object gets the youngest of its history, unless that is a delete marker.
void promote(Bucket& bucket, const std::string& key) {
  auto history = bucket.history.find(key);
  if (history == bucket.history.end()) return;
  std::vector<Object>& versions = history->second;
  if (!bucket.objects.contains(key) && !versions.empty() && !versions.back().delete_marker) {
    bucket.objects[key] = std::move(versions.back());
    versions.pop_back();
  }
  if (versions.empty()) bucket.history.erase(history);
}

struct Shown {
  const std::string& key;
  const Object& object;
  bool latest;
};

/// All versions, by key and then the youngest first.
std::vector<Shown> all_versions(const Bucket& bucket, const std::string& prefix) {
  std::vector<Shown> out;
  std::map<std::string_view, std::pair<const std::string*, bool>> keys;
  for (const auto& entry : bucket.objects) keys.try_emplace(entry.first, &entry.first, true);
  for (const auto& entry : bucket.history) keys.try_emplace(entry.first, &entry.first, false);
  for (const auto& [name, entry] : keys) {
    const auto& [key, current] = entry;
    if (!name.starts_with(prefix)) continue;
    if (current) out.push_back({*key, bucket.objects.at(*key), true});
    auto history = bucket.history.find(*key);
    if (history == bucket.history.end()) continue;
    for (auto it = history->second.rbegin(); it != history->second.rend(); ++it)
      out.push_back({*key, *it, !current && it == history->second.rbegin()});
  }
  return out;
}

struct Wish {
  std::string prefix, delimiter, key_marker, version_marker;
  size_t most = 1000;
};

struct Listing {
  std::vector<Shown> versions;
  std::vector<std::string> prefixes;
  std::string last_key, last_version;  // where a page ends that is not the last
  bool truncated = false;
};

Listing listing_of(const Bucket& bucket, const Wish& wish) {
  Listing out;
  bool passed = false;  // the version marker, within the key that the page before ended in
  for (const Shown& one : all_versions(bucket, wish.prefix)) {
    if (one.key < wish.key_marker || (one.key == wish.key_marker && wish.version_marker.empty())) continue;
    if (one.key == wish.key_marker && !passed) {
      passed = one.object.version == wish.version_marker;
      continue;
    }
    const size_t cut =
        wish.delimiter.empty() ? std::string::npos : one.key.find(wish.delimiter, wish.prefix.size());
    const bool folded = cut != std::string::npos;
    const std::string name = folded ? one.key.substr(0, cut + wish.delimiter.size()) : one.key;
    if (folded && (name == wish.key_marker || (!out.prefixes.empty() && out.prefixes.back() == name)))
      continue;
    if (out.versions.size() + out.prefixes.size() >= wish.most) {
      out.truncated = wish.most > 0;
      break;
    }
    out.last_key = name;
    out.last_version = folded ? "" : one.object.version;
    if (folded)
      out.prefixes.push_back(name);
    else
      out.versions.push_back(one);
  }
  return out;
}

}  // namespace

std::string put_version(Account& account, Bucket& bucket, const std::string& key, Object object) {
  object.version = next_version(account, bucket);
  retire(bucket, key, object.version);
  std::string version = object.version;
  bucket.objects[key] = std::move(object);
  return version;
}

Deletion delete_current(Account& account, Bucket& bucket, const std::string& key) {
  if (bucket.versioning.empty()) {
    bucket.objects.erase(key);
    return {};
  }
  Object marker;
  marker.delete_marker = true;
  marker.version = next_version(account, bucket);
  marker.modified = account.now();
  retire(bucket, key, marker.version);
  const std::string version = marker.version;
  bucket.history[key].push_back(std::move(marker));
  return {version, true};
}

Deletion delete_version(Bucket& bucket, const std::string& key, const std::string& version) {
  Deletion done{version, false};
  if (auto current = bucket.objects.find(key);
      current != bucket.objects.end() && current->second.version == version)
    bucket.objects.erase(current);
  if (auto history = bucket.history.find(key); history != bucket.history.end()) {
    auto& versions = history->second;
    auto found = std::find_if(versions.begin(), versions.end(),
                              [&](const Object& object) { return object.version == version; });
    if (found != versions.end()) {
      done.marker = found->delete_marker;
      versions.erase(found);
    }
  }
  promote(bucket, key);
  return done;
}

const Object* find_version(const Bucket& bucket, const std::string& key, const std::string& version) {
  auto current = bucket.objects.find(key);
  if (current != bucket.objects.end() && current->second.version == version) return &current->second;
  auto history = bucket.history.find(key);
  if (history == bucket.history.end()) return nullptr;
  for (const Object& object : history->second)
    if (object.version == version) return &object;
  return nullptr;
}

Answer<net::Response> s3_list_versions(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "ListBucketVersions"));
  const bool url = call.query.get("encoding-type") == "url";
  auto shown = [&](const std::string& name) { return url ? percent_encoded(name, true) : name; };
  const int64_t most = call.query.number("max-keys").value_or(1000);
  if (most < 0)
    return refusal("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647");
  const Wish wish{call.query.get("prefix"), call.query.get("delimiter"), call.query.get("key-marker"),
                  call.query.get("version-id-marker"), static_cast<size_t>(std::min<int64_t>(most, 1000))};
  const Listing listing = listing_of(bucket, wish);
  Xml xml;
  xml.text("Name", bucket.name).text("Prefix", shown(wish.prefix)).text("KeyMarker", shown(wish.key_marker));
  xml.text("VersionIdMarker", wish.version_marker).number("MaxKeys", most);
  xml.flag("IsTruncated", listing.truncated);
  if (!wish.delimiter.empty()) xml.text("Delimiter", shown(wish.delimiter));
  if (url) xml.text("EncodingType", "url");
  if (listing.truncated) {
    xml.text("NextKeyMarker", shown(listing.last_key));
    if (!listing.last_version.empty()) xml.text("NextVersionIdMarker", listing.last_version);
  }
  for (const Shown& one : listing.versions)
    xml.in(one.object.delete_marker ? "DeleteMarker" : "Version", [&] {
      xml.text("Key", shown(one.key)).text("VersionId", one.object.version).flag("IsLatest", one.latest);
      xml.text("LastModified", to_iso8601(one.object.modified));
      if (!one.object.delete_marker)
        xml.text("ETag", "\"" + one.object.etag + "\"")
            .number("Size", static_cast<int64_t>(one.object.content->size()))
            .text("StorageClass", "STANDARD");
      xml.in("Owner", [&] { xml.text("ID", call.account.settings.account); });
    });
  for (const std::string& folder : listing.prefixes)
    xml.in("CommonPrefixes", [&] { xml.text("Prefix", shown(folder)); });
  return s3_xml(200, "ListVersionsResult", xml);
}

}  // namespace spillway::emu
