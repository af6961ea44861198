"""boto3 and awscli over HTTPS, which changes how they send: bodies in chunks, with their checksums behind them."""
import io
import json
import os
import subprocess
import tempfile
import unittest

import boto3
import botocore.client

from judge import KEY, SECRET, IMAGE, SUBNET_A, Judge


class Https(Judge):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        certificate, key = os.path.join(cls.folder.name, "cert.pem"), os.path.join(cls.folder.name, "key.pem")
        subprocess.run(["/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=emulator", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        cls.ca = certificate
        with open(certificate) as c, open(key) as k:
            cls.options = {"certificate": c.read(), "key": k.read()}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def secure(self, service, **config):
        made = boto3.client(service, region_name="us-east-1", endpoint_url=f"https://127.0.0.1:{self.ports['api']}",
                            aws_access_key_id=KEY, aws_secret_access_key=SECRET, verify=self.ca,
                            config=botocore.client.Config(retries={"total_max_attempts": 1}, **config))
        self.addCleanup(made.close)
        return made

    def test_chunks_with_trailing_checksums(self):
        s3 = self.secure("s3", s3={"addressing_style": "path"})
        sent = []
        s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(request.headers))
        for size in (0, 1, 65536, 3 << 20):
            body = os.urandom(size)
            s3.put_object(Bucket="burst", Key=f"k{size}", Body=io.BytesIO(body), ChecksumAlgorithm="CRC32")
            self.assertEqual(s3.get_object(Bucket="burst", Key=f"k{size}")["Body"].read(), body)
        self.assertIn(b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", [h["X-Amz-Content-SHA256"] if isinstance(h["X-Amz-Content-SHA256"], bytes)
                                                              else h["X-Amz-Content-SHA256"].encode() for h in sent])
        wrong = self.client_with_false_trailer(s3)
        self.refused("BadDigest", wrong.put_object, Bucket="burst", Key="false", Body=io.BytesIO(b"hello"),
                     ChecksumAlgorithm="CRC32", status=400)

    def client_with_false_trailer(self, s3):
        """Turns a letter of the body around after its checksum was announced, on the way out."""
        def spoil(request, **_):
            request.body = io.BytesIO(request.body.read().replace(b"hello", b"hellO"))
        s3.meta.events.register("before-send.s3.PutObject", spoil)
        return s3

    def test_a_bucket_that_takes_tls_only(self):
        s3 = self.secure("s3", s3={"addressing_style": "path"})
        s3.create_bucket(Bucket="tls-only")
        s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}))
        s3.put_object(Bucket="tls-only", Key="k", Body=b"1")
        self.assertIn("Policy", s3.get_bucket_policy(Bucket="tls-only"))

    def awscli(self, *args):
        environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
                       "AWS_CA_BUNDLE": self.ca, "AWS_EC2_METADATA_DISABLED": "true", "HOME": self.folder.name,
                       "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", f"https://127.0.0.1:{self.ports['api']}", "--output",
                               "text", *args], env=environment, capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_awscli(self):
        source, back = os.path.join(self.folder.name, "source"), os.path.join(self.folder.name, "back")
        with open(source, "wb") as file:
            file.write(os.urandom(20 << 20))  # large enough to go in parts
        self.awscli("s3", "cp", source, "s3://burst/cli/file")
        self.awscli("s3", "cp", "s3://burst/cli/file", back)
        with open(source, "rb") as a, open(back, "rb") as b:
            self.assertEqual(a.read(), b.read())
        self.assertIn("cli/file", self.awscli("s3", "ls", "--recursive", "s3://burst/cli/"))
        made = self.awscli("ec2", "run-instances", "--image-id", IMAGE, "--subnet-id", SUBNET_A, "--query",
                           "Instances[0].InstanceId").strip()
        self.assertEqual(self.awscli("ec2", "describe-instances", "--instance-ids", made, "--query",
                                     "Reservations[].Instances[].SubnetId").strip(), SUBNET_A)


if __name__ == "__main__":
    unittest.main()
