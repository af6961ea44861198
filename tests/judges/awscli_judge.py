"""AWS's command line on `spillway lab aws`, the program as people start it: alone, without root, with state and faults."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from judge import IMAGE, KEY, SECRET, SUBNET_A, seed

NOBODY = 65534


class Emulator:
    def __init__(self, folder, *options):
        # As nobody where we are root; the program may lie where nobody else can look.
        program = shutil.copy(os.environ["SPILLWAY_LAB"], folder)
        argv = [program, "lab", "aws", "--listen", "127.0.0.1:0", "--seed", f"{folder}/seed.json", *options]
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **user)
        for line in self.process.stdout:
            if line.startswith("endpoint "):
                self.endpoint = line.split()[1]
                break

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, "the emulator did not end well"
        self.process.stdout.close()


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.chmod(self.folder.name, 0o777)
        self.write("seed.json", seed())
        self.emulator = None

    def write(self, name, content):
        with open(f"{self.folder.name}/{name}", "w") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return f"{self.folder.name}/{name}"

    def start(self, *options):
        self.emulator = Emulator(self.folder.name, *options)
        self.addCleanup(lambda started=self.emulator: started.process.poll() is None and started.end())

    def run_aws(self, *words, secret=SECRET):
        environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1",
                       "AWS_EC2_METADATA_DISABLED": "true", "HOME": self.folder.name, "LC_ALL": "C.UTF-8"}
        return subprocess.run(["/usr/bin/aws", "--endpoint-url", self.emulator.endpoint, "--output", "json", *words],
                              env=environment, capture_output=True, text=True, timeout=120)

    def aws(self, *words):
        done = self.run_aws(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, code, *words, **options):
        done = self.run_aws(*words, **options)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"({code})", done.stderr)

    def test_a_fleet_from_template_to_terminated(self):
        self.start()
        self.aws("ec2", "create-launch-template", "--launch-template-name", "burst", "--launch-template-data",
                 json.dumps({"ImageId": IMAGE, "InstanceType": "c5.large"}))
        request = {"Type": "instant", "LaunchTemplateConfigs": [
            {"LaunchTemplateSpecification": {"LaunchTemplateName": "burst", "Version": "$Latest"},
             "Overrides": [{"InstanceType": "c5.xlarge", "SubnetId": SUBNET_A}]}],
            "TargetCapacitySpecification": {"TotalTargetCapacity": 2, "DefaultTargetCapacityType": "on-demand"},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "spillway:cluster", "Value": "c1"}]}]}
        made = self.aws("ec2", "create-fleet", "--cli-input-json", json.dumps(request))
        ids = made["Instances"][0]["InstanceIds"]
        self.assertEqual(len(ids), 2)
        self.aws("ec2", "create-tags", "--resources", ids[0], "--tags", "Key=Name,Value=cloud-c5-0")
        self.assertEqual(self.aws("ec2", "describe-instances", "--filters", "Name=tag:Name,Values=cloud-c5-*", "--query",
                                  "Reservations[].Instances[].InstanceId"), [ids[0]])
        self.aws("ec2", "wait", "instance-running", "--instance-ids", *ids)
        self.aws("ec2", "terminate-instances", "--instance-ids", *ids)
        self.aws("ec2", "wait", "instance-terminated", "--instance-ids", *ids)
        self.refused("InvalidInstanceID.NotFound", "ec2", "describe-instances", "--instance-ids", "i-0000000000000dead")
        self.refused("InvalidLaunchTemplateName.NotFoundException", "ec2", "describe-launch-templates",
                     "--launch-template-names", "none")

    def test_2500_instances_in_pages(self):
        self.start()
        for count in ("1000", "1000", "500"):
            self.aws("ec2", "run-instances", "--image-id", IMAGE, "--subnet-id", SUBNET_A, "--count", count, "--query",
                     "Instances[0].InstanceId")
        ids = self.aws("ec2", "describe-instances", "--page-size", "700", "--query", "Reservations[].Instances[].InstanceId")
        self.assertEqual((len(ids), len(set(ids))), (2500, 2500))

    def test_parameters_identity_and_objects(self):
        self.start()
        self.aws("ssm", "put-parameter", "--name", "/c1/secret", "--type", "SecureString", "--value", "s3cr3t")
        self.assertEqual(self.aws("ssm", "get-parameter", "--name", "/c1/secret", "--with-decryption", "--query",
                                  "Parameter.Value"), "s3cr3t")
        self.refused("ParameterNotFound", "ssm", "get-parameter", "--name", "/none")
        self.assertEqual(self.aws("sts", "get-caller-identity")["Arn"].split("/")[-1], "admin")
        source = self.write("source", "x" * 100_000)
        self.aws("s3api", "put-object", "--bucket", "burst", "--key", "a/b c", "--body", source)
        self.assertEqual(self.aws("s3api", "head-object", "--bucket", "burst", "--key", "a/b c")["ContentLength"], 100_000)
        self.aws("s3api", "get-object", "--bucket", "burst", "--key", "a/b c", f"{self.folder.name}/back")
        with open(source) as a, open(f"{self.folder.name}/back") as b:
            self.assertEqual(a.read(), b.read())
        self.refused("NoSuchKey", "s3api", "get-object", "--bucket", "burst", "--key", "none", f"{self.folder.name}/none")

    def test_a_wrong_secret_is_refused(self):
        self.start()
        self.refused("AuthFailure", "ec2", "describe-instances", secret="wrong")
        self.refused("SignatureDoesNotMatch", "s3api", "list-objects-v2", "--bucket", "burst", secret="wrong")
        self.refused("SignatureDoesNotMatch", "sts", "get-caller-identity", secret="wrong")

    def test_state_outlives_the_program(self):
        self.start("--state", f"{self.folder.name}/state")
        made = self.aws("ec2", "run-instances", "--image-id", IMAGE, "--subnet-id", SUBNET_A, "--query", "Instances[0].InstanceId")
        self.emulator.end()
        self.start("--state", f"{self.folder.name}/state", "--latency", "20")
        self.assertEqual(self.aws("ec2", "describe-instances", "--query", "Reservations[].Instances[].InstanceId"), [made])

    def test_throttling_is_borne_by_the_clients_retries(self):
        rules = [{"operation": "DescribeVpcs", "effect": "error", "code": "RequestLimitExceeded", "status": 503, "count": 2}]
        self.start("--faults", self.write("faults.json", rules))
        self.assertEqual(len(self.aws("ec2", "describe-vpcs")["Vpcs"]), 1)


if __name__ == "__main__":
    unittest.main()
