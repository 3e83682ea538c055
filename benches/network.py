"""Puts the network results of both languages side by side: reads lines of JSON, prints tables."""

import json
import sys

FILE = 1 << 30
# Of the time a call takes, in both clients on Go's server.
GOALS = {"unary": 1.3, "unary_64": 1.3, "list": 2, "watch": None, "stream": 1.5}
results = {}
for line in sys.stdin:
    result = json.loads(line)
    results.setdefault(result["name"], {})[result["side"]] = result

print("| operation | Rust µs | Go µs | ratio | Rust p99 | Go p99 | Rust CPU µs | Go CPU µs | CPU ratio | goal | met |")
print("|---|---|---|---|---|---|---|---|---|---|---|")
for name, sides in results.items():
    rust, go = sides["rust"], sides["go"]
    wall, cpu = (go[key] / rust[key] for key in ("per_op_us", "cpu_per_op_us"))
    goal = GOALS[name]
    better = goal is not None and wall >= goal and (goal != 1.3 or rust["p99_us"] <= go["p99_us"])
    met = "" if goal is None else "yes" if better else "no"
    cells = [rust["per_op_us"], go["per_op_us"], wall, rust["p99_us"], go["p99_us"], rust["cpu_per_op_us"], go["cpu_per_op_us"], cpu]
    print(f"| {name} | " + " | ".join(f"{cell:.1f}" for cell in cells) + f" | {goal or ''} | {met} |")

print()
print("| stream of 1 GiB | MB/s | client's peak memory, MiB |")
print("|---|---|---|")
for side, what in {"go": "Go's client, Go's server", "rust": "this client, Go's server", "both": "this client, the simulator"}.items():
    result = results["stream"][side]
    print(f"| {what} | {FILE / result['per_op_us']:.0f} | {result['max_rss_kib'] / 1024:.1f} |")

print()
print("| this client on several threads | µs | p99 | CPU µs |")
print("|---|---|---|---|")
for name, sides in results.items():
    if "threads" in sides:
        print(f"| {name} | " + " | ".join(f"{sides['threads'][key]:.1f}" for key in ("per_op_us", "p99_us", "cpu_per_op_us")) + " |")
