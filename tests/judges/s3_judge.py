"""boto3 judges the emulator's S3: objects, copies, conditions, lists, presigned URLs, and who may what."""
import base64
import hashlib
import io
import unittest
import urllib.error
import urllib.request

from judge import Judge, allow, seed

READER = {"name": "reader", "access_keys": [{"id": "AKIASPILLWAYREADER00", "secret": "reader-secret"}],
          "policies": allow("s3:GetObject", resource="arn:aws:s3:::burst/open/*")}
LISTER = {"name": "lister", "access_keys": [{"id": "AKIASPILLWAYLISTER00", "secret": "lister-secret"}],
          "policies": allow("s3:GetObject", "s3:ListBucket")}


class Objects(Judge):
    options = {"seed": seed(users=seed()["users"] + [READER, LISTER])}

    def setUp(self):
        self.s3 = self.client("s3")
        self.bucket = "judge-" + hashlib.sha256(self.id().encode()).hexdigest()[:12]
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key, body=b"x", **more):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def get(self, key, **more):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **more)

    def test_what_is_put_is_got(self):
        for key in ("plain", "with space+plus", "deep/er/key", "ümlaut/é", "a=b&c?d#e", "dots/../kept", "tail/"):
            body = key.encode() * 100
            put = self.put(key, body, ContentType="text/x-judge", Metadata={"spillway": "yes"})
            self.assertEqual(put["ETag"], f'"{hashlib.md5(body).hexdigest()}"')
            got = self.get(key)
            self.assertEqual(got["Body"].read(), body, key)
            self.assertEqual((got["ContentType"], got["Metadata"], got["ETag"]), ("text/x-judge", {"spillway": "yes"}, put["ETag"]))
            head = self.s3.head_object(Bucket=self.bucket, Key=key)
            self.assertEqual(head["ContentLength"], len(body))
        self.assertEqual(len(self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]), 7)

    def test_a_large_body(self):
        body = bytes(range(256)) * (16 << 12)
        self.put("large", io.BytesIO(body))
        self.assertEqual(self.get("large")["Body"].read(), body)

    def test_digests(self):
        digest = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
        put = self.put("summed", b"hello", ChecksumAlgorithm="SHA256")
        self.assertEqual(put["ChecksumSHA256"], digest)
        self.assertEqual(self.get("summed", ChecksumMode="ENABLED")["ChecksumSHA256"], digest)
        self.assertEqual(self.put("crc", b"hello", ChecksumAlgorithm="CRC32")["ChecksumCRC32"], "NhCmhg==")
        self.refused("BadDigest", self.put, "wrong", b"other", ContentMD5="XrY7u+Ae7tCTyyK7j1rNww==")

    def test_ranges(self):
        self.put("digits", b"0123456789")
        part = self.get("digits", Range="bytes=2-4")
        self.assertEqual((part["Body"].read(), part["ContentRange"]), (b"234", "bytes 2-4/10"))
        self.assertEqual(part["ResponseMetadata"]["HTTPStatusCode"], 206)
        self.assertEqual(self.get("digits", Range="bytes=-3")["Body"].read(), b"789")
        self.assertEqual(self.get("digits", Range="bytes=7-")["Body"].read(), b"789")
        self.refused("InvalidRange", self.get, "digits", Range="bytes=10-", status=416)

    def test_conditions(self):
        etag = self.put("k", b"1")["ETag"]
        self.assertEqual(self.get("k", IfMatch=etag)["Body"].read(), b"1")
        self.refused("PreconditionFailed", self.get, "k", IfMatch='"other"', status=412)
        self.refused("304", self.get, "k", IfNoneMatch=etag, status=304)

        # This boto3 does not know If-None-Match of PutObject: it is added before signing.
        def only_new(request, **_):
            request.headers["If-None-Match"] = "*"

        fresh = self.client("s3")
        fresh.meta.events.register("before-sign.s3.PutObject", only_new)
        self.refused("PreconditionFailed", fresh.put_object, Bucket=self.bucket, Key="k", Body=b"2", status=412)
        fresh.put_object(Bucket=self.bucket, Key="new", Body=b"2")
        self.assertEqual((self.get("k")["Body"].read(), self.get("new")["Body"].read()), (b"1", b"2"))

    def test_copies(self):
        self.put("from/ü +", b"data", Metadata={"a": "1"})
        copied = self.s3.copy_object(Bucket=self.bucket, Key="to", CopySource={"Bucket": self.bucket, "Key": "from/ü +"})
        self.assertEqual(copied["CopyObjectResult"]["ETag"], f'"{hashlib.md5(b"data").hexdigest()}"')
        got = self.get("to")
        self.assertEqual((got["Body"].read(), got["Metadata"]), (b"data", {"a": "1"}))
        self.s3.copy_object(Bucket=self.bucket, Key="to", CopySource=f"{self.bucket}/to", MetadataDirective="REPLACE",
                            Metadata={"b": "2"})
        self.assertEqual(self.get("to")["Metadata"], {"b": "2"})
        self.refused("NoSuchKey", self.s3.copy_object, Bucket=self.bucket, Key="x", CopySource=f"{self.bucket}/none")

    def test_lists_with_delimiter_and_pages(self):
        for number in range(25):
            self.put(f"run/{number:02}/out")
        self.put("run.log")
        top = self.s3.list_objects_v2(Bucket=self.bucket, Delimiter="/")
        self.assertEqual([p["Prefix"] for p in top["CommonPrefixes"]], ["run/"])
        self.assertEqual([c["Key"] for c in top["Contents"]], ["run.log"])
        keys, pages = [], 0
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="run/",
                                                                      PaginationConfig={"PageSize": 10}):
            keys += [c["Key"] for c in page["Contents"]]
            pages += 1
        self.assertEqual((keys, pages), ([f"run/{n:02}/out" for n in range(25)], 3))
        folders = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="run/", Delimiter="/",
                                                                      PaginationConfig={"PageSize": 10}):
            self.assertLessEqual(page["KeyCount"], 10)
            folders += [p["Prefix"] for p in page["CommonPrefixes"]]
        self.assertEqual(folders, [f"run/{n:02}/" for n in range(25)])
        after = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="run/", StartAfter="run/23/out")
        self.assertEqual([c["Key"] for c in after["Contents"]], ["run/24/out"])

    def test_deletes(self):
        for key in ("a", "b & <c>", "d"):
            self.put(key)
        done = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b & <c>"}, {"Key": "none"}]})
        self.assertEqual(sorted(d["Key"] for d in done["Deleted"]), ["a", "b & <c>", "none"])
        self.assertEqual([c["Key"] for c in self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]], ["d"])
        self.refused("BucketNotEmpty", self.s3.delete_bucket, Bucket=self.bucket, status=409)
        self.s3.delete_object(Bucket=self.bucket, Key="d")
        self.s3.delete_object(Bucket=self.bucket, Key="d")
        self.s3.delete_bucket(Bucket=self.bucket)
        self.refused("404", self.s3.head_bucket, Bucket=self.bucket, status=404)

    def test_what_is_missing(self):
        self.refused("NoSuchKey", self.get, "none", status=404)
        self.refused("404", self.s3.head_object, Bucket=self.bucket, Key="none", status=404)
        self.refused("NoSuchBucket", self.s3.get_object, Bucket="nobody-made-this", Key="k", status=404)
        self.assertIn(self.bucket, [b["Name"] for b in self.s3.list_buckets()["Buckets"]])

    def test_a_missing_key_is_denied_to_who_may_not_list(self):
        self.s3.put_object(Bucket="burst", Key="open/here", Body=b"1")
        self.s3.put_object(Bucket="burst", Key="shut/here", Body=b"1")
        reader = self.client("s3", READER["access_keys"][0]["id"], "reader-secret")
        self.assertEqual(reader.get_object(Bucket="burst", Key="open/here")["Body"].read(), b"1")
        self.refused("AccessDenied", reader.get_object, Bucket="burst", Key="open/none", status=403)
        self.refused("AccessDenied", reader.get_object, Bucket="burst", Key="shut/here", status=403)
        self.refused("AccessDenied", reader.put_object, Bucket="burst", Key="open/new", Body=b"", status=403)
        self.refused("AccessDenied", reader.list_objects_v2, Bucket="burst", status=403)
        lister = self.client("s3", LISTER["access_keys"][0]["id"], "lister-secret")
        self.refused("NoSuchKey", lister.get_object, Bucket="burst", Key="open/none", status=404)

    def test_presigned_urls(self):
        self.put("k", b"signed")
        signer = self.client("s3", signature_version="s3v4")
        url = signer.generate_presigned_url("get_object", {"Bucket": self.bucket, "Key": "k"}, ExpiresIn=60)
        with urllib.request.urlopen(url) as answer:
            self.assertEqual(answer.read(), b"signed")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace("/k?", "/other?"))
        self.assertEqual(caught.exception.code, 403)
        caught.exception.close()
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.split("?")[0])
        self.assertEqual(caught.exception.code, 403)
        caught.exception.close()

    def test_wrong_secret_and_unknown_key(self):
        self.refused("SignatureDoesNotMatch", self.client("s3", secret="wrong").list_buckets, status=403)
        self.refused("InvalidAccessKeyId", self.client("s3", key="AKIANOBODY").list_buckets, status=403)


if __name__ == "__main__":
    unittest.main()
