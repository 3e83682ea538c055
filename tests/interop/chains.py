"""Asks `interop cert` about the chains in a folder: accepted for their use and refused for another, with the fields
that Talos gives them.

    chains.py FOLDER INTEROP
"""

import json
import pathlib
import subprocess
import sys

folder, interop = pathlib.Path(sys.argv[1]), sys.argv[2]
text = {path.name: path.read_text() for path in folder.iterdir()}


def ask(**request):
    run = subprocess.run([interop, "cert"], input=json.dumps(request), capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def verify(name, usage, host=""):
    return ask(op="verify", pem=text[name], roots=text["ca.crt"], usage=usage, host=host)


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"interop: FAILED: {folder.name}: {what}: {got!r}, not {wanted!r}")


expect("client as client", verify("client.crt", "client"), {"ok": True, "error": ""})
for host in ("node-1", "node-1.example.org", "10.5.0.2", "fd00::2"):
    expect(f"server as {host}", verify("server.crt", "server", host), {"ok": True, "error": ""})
expect("client as server", verify("client.crt", "server")["ok"], False)
expect("server as client", verify("server.crt", "client")["ok"], False)
expect("another host", verify("server.crt", "server", "node-2")["ok"], False)

facts = {name: ask(op="parse", pem=pem)["items"][0] for name, pem in text.items()}
for name, item in facts.items():
    expect(f"{name}: error", item.get("error", ""), "")
    expect(f"{name}: canonical PEM", item["canonical_pem"], True)


def order(name):
    short = {"2.5.29.15": "KU", "2.5.29.37": "EKU", "2.5.29.19": "BC", "2.5.29.14": "SKI", "2.5.29.35": "AKI", "2.5.29.17": "SAN"}
    return [short[extension["oid"]] + "!" * extension["critical"] for extension in facts[name]["extensions"]]


ca, client, server = (facts[name] for name in ("ca.crt", "client.crt", "server.crt"))
expect("extensions of the authority", order("ca.crt"), ["KU!", "EKU", "BC!", "SKI"])
expect("extensions of the client", order("client.crt"), ["KU!", "EKU", "AKI"])
expect("extensions of the server", order("server.crt"), ["KU!", "EKU", "AKI", "SAN"])
expect("key usage of the authority", ca["key_usage"], ["digitalSignature", "keyCertSign"])
expect("key usage of the client", client["key_usage"], ["digitalSignature"])
expect("validity", [item["validity_seconds"] for item in (ca, client, server)], [87600 * 3600, 8760 * 3600, 24 * 3600])
expect("key identifiers", {client["authority_key_id"], server["authority_key_id"]}, {ca["subject_key_id"]})
expect("length of a key identifier", len(ca["subject_key_id"]), 40)
roles = [[{"oid": "2.5.4.10", "asn1_tag": 19, "value": role} for role in ("os:admin", "os:reader")]]
expect("roles share one relative name", client["subject"]["rdns"], roles)
expect("roles of the request", facts["client.csr"]["subject"]["rdns"], roles)
expect("the key is the certificate's", facts["client.key"]["key"]["spki_fingerprint"], client["key"]["spki_fingerprint"])
