#!/usr/bin/env python3
"""Records what talosctl does with the commands of commands.txt.

    record.py TALOSCTL PATCHES > NAME.jsonl

PATCHES is a folder with three patches, for all machines, control planes and workers in the order of their names.
The commands run one after another in one folder. Every line of the output is one of them: its words, exit status,
standard output and the files it made or changed, with their modes. Keys, certificates and what else is random in a
file is left out.
"""
import glob, json, os, re, shlex, shutil, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
program, patches = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def snapshot():
    found = {}
    for folder, _, names in os.walk("."):
        for name in names:
            path = os.path.normpath(os.path.join(folder, name))
            with open(path) as file:
                found[path] = (oct(os.stat(path).st_mode & 0o777)[2:], file.read())
    return found


def steady(path, text):
    """The text without what differs from run to run."""
    if path.endswith("talosconfig"):
        return re.sub(r"((?:ca|crt|key): )\S{100,}", r"\1[random]", text)
    if path == "other.yaml":
        return re.sub(r": \S+", ": [random]", text)
    text = re.sub(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", r"[\1]", text, flags=re.S)
    return re.sub(r"^sha256:[0-9a-f]{64}$", "sha256:[random]", text)


with tempfile.TemporaryDirectory() as folder:
    os.umask(0o022)
    os.chdir(folder)
    os.mkdir("patch")
    for name, patch in zip(["all.yaml", "control-plane.yaml", "worker.yaml"], sorted(glob.glob("*.yaml", root_dir=patches))):
        shutil.copyfile(os.path.join(patches, patch), os.path.join("patch", name))
    shutil.copyfile(os.path.join(here, "secrets.yaml"), "secrets.yaml")
    before = snapshot()
    for line in open(os.path.join(here, "commands.txt")):
        if not line.strip() or line.startswith("#"):
            continue
        words = shlex.split(line)
        done = subprocess.run([program] + words[1:], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={"HOME": folder, "PATH": os.environ["PATH"]})
        after = snapshot()
        files = {path: {"mode": mode, "text": steady(path, text)}
                 for path, (mode, text) in sorted(after.items()) if before.get(path) != (mode, text)}
        print(json.dumps({"words": words, "exit": done.returncode, "stdout": done.stdout,
                          "stderr": done.stderr, "files": files}))
        before = after
