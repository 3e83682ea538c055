"""Asks for the machine configurations of a cluster again: prints the request that `interop gen` takes.

stored.py REPORT STATE PATCH PATCH_CONTROL_PLANE PATCH_WORKER: REPORT is what `cluster_up --output json` printed, STATE the
folder of the cluster, the patches are files.
"""
import json
import re
import sys

report_file, state, *patch_files = sys.argv[1:]
with open(report_file) as file:
    report = json.load(file)


def read(path):
    with open(path) as file:
        return file.read()


host = re.fullmatch(r"https://(.+):\d+", report["endpoint"]).group(1)
addresses = [node["address"] for node in report["nodes"] if node["role"] == "control-plane"]
config = read(f"{state}/controlplane.yaml")
everyone, control_planes, workers = ([read(path)] for path in patch_files)
print(json.dumps({
    "secrets": read(f"{state}/secrets.yaml"),
    "contract": "v1.9",
    "cluster": report["name"],
    "endpoint": report["endpoint"],
    "k8s_version": "1.30.4",
    "additional_sans": [host, *addresses],
    # The simulated factory listens on another port in each run.
    "install_image": re.search(r"^ {8}image: (\S+/installer/\S+)$", config, re.MULTILINE).group(1),
    "patches": everyone,
    "patches_controlplane": control_planes,
    "patches_worker": workers,
}))
