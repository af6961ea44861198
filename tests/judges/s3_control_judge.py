"""boto3 judges what is set on a bucket (tags, access, encryption, lifecycle, policy), versions, and uploads in parts."""
import hashlib
import json
import unittest

from judge import ACCOUNT, Judge, allow, seed

ARN = "arn:aws:s3:::"
PAINTER = {"name": "painter", "access_keys": [{"id": "AKIASPILLWAYPAINTER0", "secret": "painter-secret"}],
           "policies": allow("s3:GetObject", "s3:ListBucket", "s3:GetBucketTagging")}
GUEST = {"name": "guest", "access_keys": [{"id": "AKIASPILLWAYGUEST000", "secret": "guest-secret"}], "policies": []}


class Bucket(Judge):
    options = {"seed": seed(users=seed()["users"] + [PAINTER, GUEST])}

    def setUp(self):
        self.s3 = self.client("s3")
        self.bucket = {"Bucket": "judge-" + hashlib.sha256(self.id().encode()).hexdigest()[:12]}
        self.s3.create_bucket(**self.bucket)

    def of(self, who):
        return self.client("s3", who["access_keys"][0]["id"], who["access_keys"][0]["secret"])

    def same(self, got, **wanted):
        self.assertEqual({name: got.get(name) for name in wanted}, wanted)


class Settings(Bucket):
    def test_a_new_bucket_is_as_aws_makes_it(self):
        block = self.s3.get_public_access_block(**self.bucket)["PublicAccessBlockConfiguration"]
        self.assertEqual(set(block.values()), {True})
        rule = self.s3.get_bucket_encryption(**self.bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        self.assertEqual(rule, {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False})
        owner = self.s3.get_bucket_ownership_controls(**self.bucket)["OwnershipControls"]["Rules"]
        self.assertEqual(owner, [{"ObjectOwnership": "BucketOwnerEnforced"}])
        self.assertNotIn("Status", self.s3.get_bucket_versioning(**self.bucket))
        self.refused("NoSuchTagSet", self.s3.get_bucket_tagging, **self.bucket, status=404)
        self.refused("NoSuchBucketPolicy", self.s3.get_bucket_policy, **self.bucket, status=404)
        self.refused("NoSuchLifecycleConfiguration", self.s3.get_bucket_lifecycle_configuration, **self.bucket, status=404)
        self.refused("NoSuchBucket", self.s3.get_bucket_tagging, Bucket="nobody-made-this", status=404)

    def test_tags(self):
        tags = [{"Key": "a & <b>", "Value": "ü"}, {"Key": "spillway:cluster", "Value": "uuid-1"}]
        self.s3.put_bucket_tagging(**self.bucket, Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_bucket_tagging(**self.bucket)["TagSet"], tags)
        put = self.s3.put_bucket_tagging
        self.refused("InvalidTag", put, **self.bucket, Tagging={"TagSet": tags + tags[:1]}, status=400)
        self.refused("InvalidTag", put, **self.bucket, Tagging={"TagSet": [{"Key": "aws:x", "Value": ""}]}, status=400)
        self.s3.delete_bucket_tagging(**self.bucket)
        self.refused("NoSuchTagSet", self.s3.get_bucket_tagging, **self.bucket, status=404)

    def test_public_access(self):
        half = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}
        self.s3.put_public_access_block(**self.bucket, PublicAccessBlockConfiguration=half)
        self.assertEqual(self.s3.get_public_access_block(**self.bucket)["PublicAccessBlockConfiguration"], half)
        self.s3.delete_public_access_block(**self.bucket)
        self.refused("NoSuchPublicAccessBlockConfiguration", self.s3.get_public_access_block, **self.bucket, status=404)

    def test_encryption(self):
        def rules(**by_default):
            return {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]}
        wanted = rules(SSEAlgorithm="aws:kms", KMSMasterKeyID="alias/ours")
        self.s3.put_bucket_encryption(**self.bucket, ServerSideEncryptionConfiguration=wanted)
        self.assertEqual(self.s3.get_bucket_encryption(**self.bucket)["ServerSideEncryptionConfiguration"], wanted)
        self.assertEqual(self.s3.put_object(**self.bucket, Key="k", Body=b"")["ServerSideEncryption"], "aws:kms")
        self.refused("MalformedXML", self.s3.put_bucket_encryption, **self.bucket,
                     ServerSideEncryptionConfiguration=rules(SSEAlgorithm="rot13"), status=400)
        self.s3.delete_bucket_encryption(**self.bucket)
        rule = self.s3.get_bucket_encryption(**self.bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})

    def test_lifecycle(self):
        put = self.s3.put_bucket_lifecycle_configuration
        rules = [{"ID": "parts", "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
                 {"ID": "jobs", "Status": "Enabled", "Filter": {"Prefix": "jobs/"}, "Expiration": {"Days": 14},
                  "NoncurrentVersionExpiration": {"NoncurrentDays": 3}}]
        put(**self.bucket, LifecycleConfiguration={"Rules": rules})
        self.assertEqual(self.s3.get_bucket_lifecycle_configuration(**self.bucket)["Rules"], rules)
        unnamed = {name: value for name, value in rules[0].items() if name != "ID"}
        put(**self.bucket, LifecycleConfiguration={"Rules": [unnamed]})
        self.assertTrue(self.s3.get_bucket_lifecycle_configuration(**self.bucket)["Rules"][0]["ID"])
        idle = {"Status": "Enabled", "Filter": {"Prefix": ""}}
        for rule, code in (({**idle}, "InvalidRequest"), ({**idle, "Expiration": {"Days": 0}}, "InvalidArgument"),
                           ({"Status": "Enabled", "Expiration": {"Days": 1}}, "MalformedXML")):
            with self.subTest(rule=rule):
                self.refused(code, put, **self.bucket, LifecycleConfiguration={"Rules": [rule]}, status=400)
        self.refused("InvalidArgument", put, **self.bucket, LifecycleConfiguration={"Rules": [rules[0], rules[0]]}, status=400)
        self.s3.delete_bucket_lifecycle(**self.bucket)
        self.refused("NoSuchLifecycleConfiguration", self.s3.get_bucket_lifecycle_configuration, **self.bucket, status=404)

    def test_a_document_needs_its_digest(self):
        def without(request, **_):
            for name in ("Content-MD5", "x-amz-checksum-crc32"):
                del request.headers[name]
        self.s3.meta.events.register("before-sign.s3.PutBucketTagging", without)
        self.refused("InvalidRequest", self.s3.put_bucket_tagging, **self.bucket, Tagging={"TagSet": []}, status=400)

    def test_what_the_emulator_lacks_is_not_taken_for_the_bucket(self):
        for ask in (self.s3.get_bucket_acl, self.s3.get_bucket_cors, self.s3.get_bucket_website):
            self.refused("MethodNotAllowed", ask, **self.bucket, status=405)

    def test_each_setting_needs_its_right(self):
        painter = self.of(PAINTER)
        self.refused("NoSuchTagSet", painter.get_bucket_tagging, **self.bucket, status=404)
        for ask, more in ((painter.put_bucket_tagging, {"Tagging": {"TagSet": []}}), (painter.get_bucket_policy, {}),
                          (painter.get_public_access_block, {}), (painter.get_bucket_versioning, {}),
                          (painter.delete_bucket_lifecycle, {}), (painter.list_object_versions, {})):
            with self.subTest(ask=ask):
                self.refused("AccessDenied", ask, **self.bucket, **more, status=403)


class BucketPolicy(Bucket):
    def setUp(self):
        super().setUp()
        self.arn = ARN + self.bucket["Bucket"]
        self.s3.put_object(**self.bucket, Key="open/k", Body=b"1")
        self.s3.put_object(**self.bucket, Key="shut/k", Body=b"1")

    def put(self, *statements):
        self.s3.put_bucket_policy(**self.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))

    def statement(self, effect, who, action, *resources, **more):
        return {"Effect": effect, "Principal": who, "Action": action, "Resource": [self.arn + r for r in resources], **more}

    def test_a_policy_is_kept_and_deleted(self):
        wanted = self.statement("Deny", "*", "s3:DeleteBucket", "")
        self.put(wanted)
        self.assertEqual(json.loads(self.s3.get_bucket_policy(**self.bucket)["Policy"])["Statement"], [wanted])
        self.s3.delete_bucket_policy(**self.bucket)
        self.refused("NoSuchBucketPolicy", self.s3.get_bucket_policy, **self.bucket, status=404)

    def test_a_denial_binds_even_an_administrator(self):
        self.put(self.statement("Deny", "*", "s3:*", "/shut/*"))
        get = self.s3.get_object
        answer = self.refused("AccessDenied", get, **self.bucket, Key="shut/k", status=403)
        self.assertIn("with an explicit deny in a resource-based policy", answer["Error"]["Message"])
        self.assertEqual(get(**self.bucket, Key="open/k")["Body"].read(), b"1")
        answer = self.s3.delete_objects(**self.bucket, Delete={"Objects": [{"Key": "shut/k"}, {"Key": "open/k"}]})
        self.assertEqual(([e["Key"] for e in answer["Errors"]], [d["Key"] for d in answer["Deleted"]]), (["shut/k"], ["open/k"]))

    def test_a_bucket_that_takes_tls_only(self):
        self.put(self.statement("Deny", "*", "s3:*", "", "/*", Condition={"Bool": {"aws:SecureTransport": "false"}}))
        self.refused("AccessDenied", self.s3.get_object, **self.bucket, Key="open/k", status=403)
        self.refused("AccessDenied", self.s3.get_bucket_policy, **self.bucket, status=403)

    def test_a_principal_is_let_in_by_name(self):
        guest = self.of(GUEST)
        self.refused("AccessDenied", guest.get_object, **self.bucket, Key="open/k", status=403)
        self.put(self.statement("Allow", {"AWS": f"arn:aws:iam::{ACCOUNT}:user/guest"}, "s3:GetObject", "/open/*"))
        guest.get_object(**self.bucket, Key="open/k")
        self.refused("AccessDenied", guest.get_object, **self.bucket, Key="shut/k", status=403)
        self.put(self.statement("Allow", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "s3:GetObject", "/open/*"))
        self.refused("AccessDenied", guest.get_object, **self.bucket, Key="open/k", status=403)

    def test_what_is_no_policy(self):
        put = self.put
        stranger = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}
        for statement in ({"Effect": "Allow", "Action": "s3:*", "Resource": self.arn}, self.statement("Allow", "me", "s3:*", ""),
                          self.statement("Deny", stranger, "s3:*", ""), self.statement("Deny", "*", "s3:*", "-other")):
            with self.subTest(statement=statement):
                self.refused("MalformedPolicy", put, statement, status=400)
        self.refused("MalformedPolicy", self.s3.put_bucket_policy, **self.bucket, Policy="{", status=400)
        everybody = self.statement("Allow", "*", "s3:GetObject", "/*")
        self.refused("AccessDenied", put, everybody, status=403)
        self.s3.delete_public_access_block(**self.bucket)
        put(everybody)
        self.of(GUEST).get_object(**self.bucket, Key="open/k")


class Versions(Bucket):
    def setUp(self):
        super().setUp()
        self.key = {**self.bucket, "Key": "k"}

    def version(self, status):
        self.s3.put_bucket_versioning(**self.bucket, VersioningConfiguration={"Status": status})

    def put(self, body, **more):
        return self.s3.put_object(**{**self.key, **more}, Body=body).get("VersionId")

    def get(self, **more):
        return self.s3.get_object(**self.key, **more)["Body"].read()

    def listed(self):
        found = self.s3.list_object_versions(**self.bucket)
        return [(v["VersionId"], v["IsLatest"]) for v in found.get("Versions", [])], \
               [(m["VersionId"], m["IsLatest"]) for m in found.get("DeleteMarkers", [])]

    def test_older_versions_stay(self):
        self.assertIsNone(self.put(b"0"))
        self.version("Enabled")
        self.assertEqual(self.s3.get_bucket_versioning(**self.bucket)["Status"], "Enabled")
        first, second = self.put(b"1"), self.put(b"2")
        self.assertEqual((self.get(), self.get(VersionId=first), self.get(VersionId="null")), (b"2", b"1", b"0"))
        self.assertEqual(self.s3.head_object(**self.key)["VersionId"], second)
        self.assertEqual(self.listed(), ([(second, True), (first, False), ("null", False)], []))
        self.refused("NoSuchVersion", self.get, VersionId="0" * 32, status=404)
        self.s3.copy_object(**self.bucket, Key="copy", CopySource={**self.key, "VersionId": first})
        self.assertEqual(self.s3.get_object(**self.bucket, Key="copy")["Body"].read(), b"1")

    def test_a_delete_leaves_a_marker(self):
        self.version("Enabled")
        first = self.put(b"1")
        gone = self.s3.delete_object(**self.key)
        self.assertTrue(gone["DeleteMarker"])
        self.refused("NoSuchKey", self.get, status=404)
        self.refused("MethodNotAllowed", self.get, VersionId=gone["VersionId"], status=405)
        self.assertEqual(self.s3.list_objects_v2(**self.bucket)["KeyCount"], 0)
        self.assertEqual(self.listed(), ([(first, False)], [(gone["VersionId"], True)]))
        self.refused("BucketNotEmpty", self.s3.delete_bucket, **self.bucket, status=409)
        undone = self.s3.delete_object(**self.key, VersionId=gone["VersionId"])
        self.assertTrue(undone["DeleteMarker"])
        self.assertEqual(self.get(), b"1")
        second = self.put(b"2")
        self.assertNotIn("DeleteMarker", self.s3.delete_object(**self.key, VersionId=second))
        self.assertEqual(self.get(), b"1")

    def test_a_suspended_bucket_keeps_one_null_version(self):
        self.version("Enabled")
        first = self.put(b"1")
        self.version("Suspended")
        self.assertEqual([self.put(b"2"), self.put(b"3")], ["null", "null"])
        self.assertEqual(self.listed(), ([("null", True), (first, False)], []))
        self.assertEqual(self.s3.delete_object(**self.key)["VersionId"], "null")
        self.assertEqual(self.listed(), ([(first, False)], [("null", True)]))

    def test_a_bucket_is_emptied_page_by_page(self):
        self.version("Enabled")
        for key in ("a", "b/1", "b/2"):
            for body in (b"1", b"2", b"3"):
                self.put(body, Key=key)
            self.s3.delete_object(**self.bucket, Key=key)
        found, pages = [], 0
        for page in self.s3.get_paginator("list_object_versions").paginate(**self.bucket, PaginationConfig={"PageSize": 5}):
            found += [{"Key": v["Key"], "VersionId": v["VersionId"]} for kind in ("Versions", "DeleteMarkers") for v in page.get(kind, [])]
            pages += 1
        self.assertEqual((len(found), len({v["VersionId"] for v in found}), pages), (12, 12, 3))
        top = self.s3.list_object_versions(**self.bucket, Delimiter="/")
        self.assertEqual(([p["Prefix"] for p in top["CommonPrefixes"]], len(top["Versions"]), len(top["DeleteMarkers"])), (["b/"], 3, 1))
        self.assertEqual(len(self.s3.list_object_versions(**self.bucket, Prefix="b/")["Versions"]), 6)
        done = self.s3.delete_objects(**self.bucket, Delete={"Objects": found})
        self.assertEqual((len(done["Deleted"]), sum(d.get("DeleteMarker", False) for d in done["Deleted"])), (12, 3))
        self.s3.delete_bucket(**self.bucket)


class Parts(Bucket):
    MIB = 1 << 20

    def setUp(self):
        super().setUp()
        self.key = {**self.bucket, "Key": "jobs/ü out"}

    def begin(self, **more):
        return {**self.key, "UploadId": self.s3.create_multipart_upload(**self.key, **more)["UploadId"]}

    def part(self, upload, number, body):
        return {"PartNumber": number, "ETag": self.s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}

    def complete(self, upload, *parts):
        return self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": list(parts)})

    def test_parts_become_an_object(self):
        upload = self.begin(ContentType="text/x-judge", Metadata={"a": "1"})
        bodies = [b"1" * 5 * self.MIB, b"2" * 5 * self.MIB, b"3"]
        parts = [self.part(upload, number, body) for number, body in enumerate(bodies, 1)]
        self.refused("NoSuchKey", self.s3.get_object, **self.key, status=404)
        digest = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
        self.assertEqual(self.complete(upload, *parts)["ETag"], f'"{digest}-3"')
        got = self.s3.get_object(**self.key)
        self.assertEqual((got["Body"].read(), got["ContentType"], got["Metadata"]), (b"".join(bodies), "text/x-judge", {"a": "1"}))
        self.refused("NoSuchUpload", self.complete, upload, *parts, status=404)

    def test_what_does_not_fit_together(self):
        upload = self.begin()
        small, last = self.part(upload, 1, b"1"), self.part(upload, 2, b"2")
        self.refused("EntityTooSmall", self.complete, upload, small, last, status=400)
        self.refused("InvalidPartOrder", self.complete, upload, last, small, status=400)
        self.refused("InvalidPart", self.complete, upload, {**small, "ETag": '"other"'}, status=400)
        self.refused("InvalidPart", self.complete, upload, small | {"PartNumber": 7}, status=400)
        self.refused("InvalidArgument", self.part, upload, 10001, b"", status=400)
        self.complete(upload, last)
        self.assertEqual(self.s3.get_object(**self.key)["Body"].read(), b"2")

    def test_unfinished_uploads_are_listed_and_aborted(self):
        uploads = [self.begin() for _ in range(3)]
        for number in range(1, 6):
            self.part(uploads[0], number, b"x" * number)
        pages = list(self.s3.get_paginator("list_parts").paginate(**uploads[0], PaginationConfig={"PageSize": 2}))
        self.assertEqual([p["Size"] for page in pages for p in page["Parts"]], [1, 2, 3, 4, 5])
        found = list(self.s3.get_paginator("list_multipart_uploads").paginate(**self.bucket, PaginationConfig={"PageSize": 2}))
        self.assertEqual({u["UploadId"] for page in found for u in page["Uploads"]}, {u["UploadId"] for u in uploads})
        self.assertEqual({u["Key"] for page in found for u in page["Uploads"]}, {self.key["Key"]})
        self.assertNotIn("Uploads", self.s3.list_multipart_uploads(**self.bucket, Prefix="other"))
        for upload in uploads:
            self.s3.abort_multipart_upload(**upload)
        self.assertNotIn("Uploads", self.s3.list_multipart_uploads(**self.bucket))
        self.refused("NoSuchUpload", self.s3.abort_multipart_upload, **uploads[0], status=404)


if __name__ == "__main__":
    unittest.main()
