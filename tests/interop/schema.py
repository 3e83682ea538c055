"""Holds the JSON schema against configurations: what Go loads must be valid, a key that no struct has must not be.

    schema.py SCHEMA [FOLDER] <SAMPLES      samples of `interop samples`, and a folder of generated configurations
"""

import copy
import json
import pathlib
import sys

import jsonschema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)


def documents(text):
    return list(YAML(typ="safe", pure=True).load_all(text))


def problems(document):
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(document)]


def mappings(value, schema_node):
    """The mappings of a document whose keys the schema knows all."""
    while "$ref" in schema_node:
        schema_node = schema["definitions"][schema_node["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, dict):
        if schema_node.get("additionalProperties") is False:
            yield value
        known, others = schema_node.get("properties", {}), schema_node.get("additionalProperties")
        for key, below in value.items():
            yield from mappings(below, known.get(key, others if isinstance(others, dict) else {}))
    elif isinstance(value, list):
        for item in value:
            yield from mappings(item, schema_node.get("items", {}))


def definition(document):
    kind = document.get("kind")
    if kind is None:
        return {"$ref": "#/definitions/v1alpha1.Config"}
    return next(branch["then"] for branch in schema["then"]["allOf"] if branch["if"]["properties"]["kind"]["const"] == kind)


def check(text, name):
    counts["texts"] += 1
    for document in documents(text):
        found = problems(document)
        if found:
            failures.append(f"{name}: Go takes it, the schema says {found[0]}\n{text[:2000]}")
            return
        if document is None:
            continue
        counts["documents"] += 1
        for at in range(len(list(mappings(document, definition(document))))):
            damaged = copy.deepcopy(document)
            list(mappings(damaged, definition(damaged)))[at]["noSuchKey"] = 1
            counts["damaged"] += 1
            if not problems(damaged):
                failures.append(f"{name}: the schema takes noSuchKey in mapping {at}\n{text[:2000]}")


counts, failures = {"texts": 0, "documents": 0, "damaged": 0, "refused by Go": 0, "of them by the schema": 0}, []
for number, line in enumerate(sys.stdin):
    sample = json.loads(line)
    if sample["error"] == "":
        check(sample["config"], f"sample {number}")
        continue
    counts["refused by Go"] += 1
    try:
        counts["of them by the schema"] += any(problems(document) for document in documents(sample["config"]))
    except YAMLError:
        counts["of them by the schema"] += 1
for folder in sys.argv[2:]:
    for path in sorted(pathlib.Path(folder).glob("*.yaml")):
        check(path.read_text(), path.name)
print(", ".join(f"{count} {what}" for what, count in counts.items()))
if failures:
    sys.exit(f"{len(failures)} failures\n" + "\n".join(failures[:3]))
