"""Copies an HAProxy configuration with every `bind` moved to a free port of 127.0.0.1, and prints {old port: new port}.

    rebind.py FROM TO
"""

import json
import re
import socket
import sys

taken, ports = [], {}


def rebind(match):
    listener = socket.create_server(("127.0.0.1", 0))
    taken.append(listener)
    ports[match["port"]] = listener.getsockname()[1]
    return f"{match['head']}127.0.0.1:{ports[match['port']]}"


with open(sys.argv[1]) as source, open(sys.argv[2], "w") as copy:
    copy.write(re.sub(r"(?m)^(?P<head>\s*bind\s+)\S*:(?P<port>\d+)", rebind, source.read()))
for listener in taken:
    listener.close()
print(json.dumps(ports))
