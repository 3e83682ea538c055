"""Runs a command a few times; prints the median of its wall time, its processor time and its peak memory."""

import os
import statistics
import sys
import time

runs = []
for _ in range(15):
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        os.execv(sys.argv[1], sys.argv[1:])
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        sys.exit(f"{sys.argv[1]} failed: {status}")
    runs.append(((time.monotonic() - start) * 1000, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024))
wall, cpu, memory = (statistics.median(column) for column in zip(*runs))
print(f"{wall:.1f} ms, {cpu:.1f} ms of processor time, {memory:.1f} MiB at most")
