"""python3-jsonschema judges what `config schema` prints, and whether schema and program agree on what is right."""
import json
import os
import subprocess
import tempfile
import unittest

import jsonschema

SPILLWAY = os.environ["SPILLWAY"]
GROUP = {"NodeGroupName": "c5", "MaxNodes": 4, "Region": "us-east-1", "SlurmSpecifications": {"CPUs": "2"},
         "PurchasingOption": "on-demand", "LaunchTemplateSpecification": {"LaunchTemplateName": "t", "Version": "1"},
         "LaunchTemplateOverrides": [{"InstanceType": "c5.large"}], "SubnetIds": ["subnet-1"]}
GOOD = {"apiVersion": "spillway/v1", "cluster": {"name": "tundra"}, "aws": {"region": "us-east-1"},
        "Partitions": [{"PartitionName": "cloud", "NodeGroups": [GROUP]}]}


def changed(**sections):
    """GOOD with members of its sections replaced; None removes one."""
    document = json.loads(json.dumps(GOOD))
    for name, members in sections.items():
        if not isinstance(members, dict):
            document[name] = members
            continue
        for key, value in members.items():
            document.setdefault(name, {})[key] = value
            if value is None:
                del document[name][key]
    return document


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        printed = subprocess.run([SPILLWAY, "config", "schema"], capture_output=True, text=True, check=True).stdout
        cls.schema = json.loads(printed)
        cls.validator = jsonschema.Draft202012Validator(cls.schema)

    def test_it_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)
        for name in ("cluster", "aws", "data", "fleet", "vpn", "dns", "budget"):
            self.assertFalse(self.schema["properties"][name]["additionalProperties"], name)

    def agree(self, document, right):
        self.assertEqual(self.validator.is_valid(document), right, document)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump(document, file)  # JSON is YAML
            file.flush()
            done = subprocess.run([SPILLWAY, "config", "validate", file.name], capture_output=True, text=True)
        self.assertEqual(done.returncode == 0, right, (document, done.stderr))

    def test_schema_and_program_agree(self):
        self.agree(GOOD, True)
        self.agree(changed(data={"bucket": "b", "keep_days": 30}, fleet={"poll_busy_ms": 500}), True)
        self.agree(changed(budget={"at_limit": "warn"}), True)
        for wrong in (changed(apiVersion="spillway/v2"), changed(cluster={"name": None}), changed(cluster={"nane": "x"}),
                      changed(cluster={"name": "a\nb"}), changed(aws={"region": None}), changed(data={"keep_days": 0}),
                      changed(data={"keep_days": "many"}), changed(fleet={"poll_busy_ms": 10**9}),
                      changed(budget={"at_limit": "explode"}), changed(cluster="tundra"), changed(sausage={"a": 1})):
            self.agree(wrong, False)


if __name__ == "__main__":
    unittest.main()
