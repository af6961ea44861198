#!/usr/bin/env python3
"""Reduces botocore's service descriptions to the operations that we name, without their documentation, and writes them
as C++ string literals.  Usage: generate.py OPERATIONS.json OVERLAY.json OUTPUT.cpp"""
import json
import pathlib
import sys

DATA = pathlib.Path("/usr/lib/python3/dist-packages/botocore/data")  # Debian's python3-botocore
METADATA = {"apiVersion", "endpointPrefix", "globalEndpoint", "jsonVersion", "protocol", "signingName", "targetPrefix",
            "xmlNamespace"}
OPERATION = {"name", "http", "input", "output", "endpoint", "authtype", "httpChecksum", "httpChecksumRequired"}
SHAPE = {"type", "members", "member", "key", "value", "required", "payload", "flattened", "locationName", "queryName",
         "xmlNamespace", "timestampFormat", "document", "union", "eventstream"}
REFERENCE = {"shape", "locationName", "queryName", "location", "timestampFormat", "flattened", "xmlAttribute",
             "hostLabel", "idempotencyToken", "jsonvalue", "resultWrapper", "streaming", "xmlNamespace"}
PAGES = {"input_token", "output_token", "result_key", "more_results", "limit_key"}


def merged(base, over):
    """`over` put upon `base`, object by object."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}
    return over


def kept(source, keys):
    return {key: source[key] for key in source if key in keys}


def reduced_shape(shape):
    out = kept(shape, SHAPE)
    if "members" in out:
        out["members"] = {name: kept(use, REFERENCE) for name, use in out["members"].items()}
    for part in ("member", "key", "value"):
        if part in out:
            out[part] = kept(out[part], REFERENCE)
    return out


def references(shape):
    yield from (use["shape"] for use in shape.get("members", {}).values())
    yield from (shape[part]["shape"] for part in ("member", "key", "value") if part in shape)


def reduced_service(service, names, overlay):
    versions = sorted(entry for entry in (DATA / service).iterdir() if (entry / "service-2.json").exists())
    description = merged(json.loads((versions[-1] / "service-2.json").read_text()), overlay)
    pages = json.loads((versions[-1] / "paginators-1.json").read_text())["pagination"]
    operations, shapes = {}, {}
    wanted = []
    for name in names:
        operation = kept(description["operations"][name], OPERATION)
        for side in ("input", "output"):
            if side in operation:
                operation[side] = kept(operation[side], REFERENCE)
                wanted.append(operation[side]["shape"])
        if name in pages:
            operation["paginator"] = kept(pages[name], PAGES)
        operations[name] = operation
    while wanted:
        name = wanted.pop()
        if name not in shapes:
            shapes[name] = reduced_shape(description["shapes"][name])
            wanted.extend(references(shapes[name]))
    return {"metadata": kept(description["metadata"], METADATA), "operations": operations,
            "shapes": dict(sorted(shapes.items()))}


def main(operations_file, overlay_file, output):
    operations = json.loads(pathlib.Path(operations_file).read_text())
    overlay = json.loads(pathlib.Path(overlay_file).read_text())
    lines = ["// Generated from botocore's service descriptions (Apache License 2.0; see NOTICE).",
             '#include "aws/models.h"', "", "namespace spillway::aws {", "",
             "const EmbeddedModel kEmbeddedModels[] = {"]
    for service, names in operations.items():
        text = json.dumps(reduced_service(service, names, overlay.get(service, {})), separators=(",", ":"))
        assert ')json"' not in text
        lines.append(f'    {{"{service}", R"json({text})json"}},')
    lines += ["};", "", "const size_t kEmbeddedModelCount = sizeof kEmbeddedModels / sizeof *kEmbeddedModels;", "",
              "}  // namespace spillway::aws", ""]
    pathlib.Path(output).write_text("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
