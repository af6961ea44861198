#include "emu/s3.h"
#include "emu/xml_tree.h"

// What is set on a bucket as a whole: tags, public access, encryption, versioning and ownership.
namespace spillway::emu {
namespace {

net::Response done(int status = 200) {
  return {status, {}, ""};
}

Answer<bool> boolean(const Element& element, std::string_view name) {
  const std::string text = element.text_of(name);
  if (text.empty() || text == "false" || text == "FALSE") return false;
  if (text == "true" || text == "TRUE") return true;
  return tl::unexpected(malformed_xml());
}

Answer<Tags> tags_in(const Element& tagging) {
  Tags tags;
  const Element* set = tagging.child("TagSet");
  if (!set) return tl::unexpected(malformed_xml());
  for (const Element* tag : set->all("Tag")) {
    const std::string key = tag->text_of("Key"), value = tag->text_of("Value");
    if (key.empty() || key.size() > 128)
      return refusal("InvalidTag", "The TagKey you have provided is invalid");
    if (value.size() > 256) return refusal("InvalidTag", "The TagValue you have provided is invalid");
    if (key.starts_with("aws:"))
      return refusal("InvalidTag", "System tags cannot be added/updated by requester");
    if (!tags.emplace(key, value).second)
      return refusal("InvalidTag", "Cannot provide multiple Tags with the same key");
  }
  if (tags.size() > 50) return refusal("BadRequest", "Bucket tag count cannot be greater than 50");
  return tags;
}

}  // namespace

Answer<net::Response> s3_put_tagging(S3Call& call) {
  Bucket& bucket = *EMU_TRY(bucket_for(call, "PutBucketTagging"));
  bucket.tags = EMU_TRY(tags_in(EMU_TRY(document_of(call, "Tagging"))));
  return done(204);
}

Answer<net::Response> s3_get_tagging(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "GetBucketTagging"));
  if (bucket.tags.empty()) return refusal("NoSuchTagSet", "The TagSet does not exist", 404);
  Xml xml;
  xml.in("TagSet", [&] {
    for (const auto& tag : bucket.tags)
      xml.in("Tag", [&] { xml.text("Key", tag.first).text("Value", tag.second); });
  });
  return s3_xml(200, "Tagging", xml);
}

Answer<net::Response> s3_delete_tagging(S3Call& call) {
  EMU_TRY(bucket_for(call, "PutBucketTagging"))->tags.clear();
  return done(204);
}

Answer<net::Response> s3_put_public_access(S3Call& call) {
  Bucket& bucket = *EMU_TRY(bucket_for(call, "PutBucketPublicAccessBlock"));
  const Element given = EMU_TRY(document_of(call, "PublicAccessBlockConfiguration"));
  PublicAccessBlock block;
  block.public_acls = EMU_TRY(boolean(given, "BlockPublicAcls"));
  block.ignore_public_acls = EMU_TRY(boolean(given, "IgnorePublicAcls"));
  block.public_policy = EMU_TRY(boolean(given, "BlockPublicPolicy"));
  block.restrict_public = EMU_TRY(boolean(given, "RestrictPublicBuckets"));
  bucket.public_access = block;
  return done();
}

Answer<net::Response> s3_get_public_access(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "GetBucketPublicAccessBlock"));
  if (!bucket.public_access)
    return refusal("NoSuchPublicAccessBlockConfiguration",
                   "The public access block configuration was not found", 404);
  const PublicAccessBlock& block = *bucket.public_access;
  Xml xml;
  xml.flag("BlockPublicAcls", block.public_acls).flag("IgnorePublicAcls", block.ignore_public_acls);
  xml.flag("BlockPublicPolicy", block.public_policy).flag("RestrictPublicBuckets", block.restrict_public);
  return s3_xml(200, "PublicAccessBlockConfiguration", xml);
}

Answer<net::Response> s3_delete_public_access(S3Call& call) {
  EMU_TRY(bucket_for(call, "PutBucketPublicAccessBlock"))->public_access.reset();
  return done(204);
}

Answer<net::Response> s3_put_encryption(S3Call& call) {
  Bucket& bucket = *EMU_TRY(bucket_for(call, "PutEncryptionConfiguration"));
  const Element given = EMU_TRY(document_of(call, "ServerSideEncryptionConfiguration"));
  const Element* rule = given.child("Rule");
  const Element* by_default = rule ? rule->child("ApplyServerSideEncryptionByDefault") : nullptr;
  if (!by_default || given.all("Rule").size() != 1) return tl::unexpected(malformed_xml());
  Encryption wanted;
  wanted.algorithm = by_default->text_of("SSEAlgorithm");
  wanted.key = by_default->text_of("KMSMasterKeyID");
  wanted.bucket_key = EMU_TRY(boolean(*rule, "BucketKeyEnabled"));
  const bool kms = wanted.algorithm == "aws:kms" || wanted.algorithm == "aws:kms:dsse";
  if (!kms && wanted.algorithm != "AES256") return tl::unexpected(malformed_xml());
  if (!kms && !wanted.key.empty())
    return refusal("InvalidArgument",
                   "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms");
  bucket.encryption = wanted;
  return done();
}

Answer<net::Response> s3_get_encryption(S3Call& call) {
  const Encryption& kept = EMU_TRY(bucket_for(call, "GetEncryptionConfiguration"))->encryption;
  Xml xml;
  xml.in("Rule", [&] {
    xml.in("ApplyServerSideEncryptionByDefault", [&] {
      xml.text("SSEAlgorithm", kept.algorithm);
      if (!kept.key.empty()) xml.text("KMSMasterKeyID", kept.key);
    });
    xml.flag("BucketKeyEnabled", kept.bucket_key);
  });
  return s3_xml(200, "ServerSideEncryptionConfiguration", xml);
}

Answer<net::Response> s3_delete_encryption(S3Call& call) {
  // Since January 2023 this leads back to S3's own keys: no bucket is without encryption.
  EMU_TRY(bucket_for(call, "PutEncryptionConfiguration"))->encryption = Encryption{};
  return done(204);
}

Answer<net::Response> s3_put_versioning(S3Call& call) {
  Bucket& bucket = *EMU_TRY(bucket_for(call, "PutBucketVersioning"));
  const std::string status = EMU_TRY(document_of(call, "VersioningConfiguration")).text_of("Status");
  if (status != "Enabled" && status != "Suspended")
    return refusal("IllegalVersioningConfigurationException",
                   "The Versioning element must be specified with Enabled or Suspended");
  bucket.versioning = status;
  return done();
}

Answer<net::Response> s3_get_versioning(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "GetBucketVersioning"));
  Xml xml;
  if (!bucket.versioning.empty()) xml.text("Status", bucket.versioning);
  return s3_xml(200, "VersioningConfiguration", xml);
}

Answer<net::Response> s3_put_ownership(S3Call& call) {
  Bucket& bucket = *EMU_TRY(bucket_for(call, "PutBucketOwnershipControls"));
  const Element given = EMU_TRY(document_of(call, "OwnershipControls"));
  const std::string kind = given.child("Rule") ? given.child("Rule")->text_of("ObjectOwnership") : "";
  if (kind != "BucketOwnerEnforced" && kind != "BucketOwnerPreferred" && kind != "ObjectWriter")
    return tl::unexpected(malformed_xml());
  bucket.ownership = kind;
  return done();
}

Answer<net::Response> s3_get_ownership(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "GetBucketOwnershipControls"));
  if (bucket.ownership.empty())
    return refusal("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", 404);
  Xml xml;
  xml.in("Rule", [&] { xml.text("ObjectOwnership", bucket.ownership); });
  return s3_xml(200, "OwnershipControls", xml);
}

Answer<net::Response> s3_delete_ownership(S3Call& call) {
  EMU_TRY(bucket_for(call, "PutBucketOwnershipControls"))->ownership.clear();
  return done(204);
}

}  // namespace spillway::emu
