"""Puts the results of both languages side by side: reads lines of JSON, prints a table."""

import json
import sys

GOALS = {"secrets": 2, "parse_yaml": None, "write_yaml": None}
results = {}
for line in sys.stdin:
    result = json.loads(line)
    results.setdefault(result["name"], {})[result["side"]] = result

print("| operation | Rust µs | Go µs | ratio | Rust CPU µs | Go CPU µs | CPU ratio | goal | met |")
print("|---|---|---|---|---|---|---|---|---|")
for name, sides in results.items():
    rust, go = sides["rust"], sides["go"]
    wall, cpu = go["p50_us"] / rust["p50_us"], go["cpu_per_op_us"] / rust["cpu_per_op_us"]
    goal = GOALS.get(name, 5)
    met = "" if goal is None else "yes" if min(wall, cpu) >= goal else "no"
    print(
        f"| {name} | {rust['p50_us']:.1f} | {go['p50_us']:.1f} | {wall:.1f} | {rust['cpu_per_op_us']:.1f} "
        f"| {go['cpu_per_op_us']:.1f} | {cpu:.1f} | {goal or ''} | {met} |"
    )
