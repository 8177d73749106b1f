"""What the comparison runs on, and whether it is idle."""

import os
import platform
import subprocess
import time
from pathlib import Path

IDLE_MIN = 90  # per cent
LOOK_SECONDS = 3


def processor_times():
    """(idle, all) in ticks since the start of the machine."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def idle_percent():
    idle, total = processor_times()
    time.sleep(LOOK_SECONDS)
    idle_later, total_later = processor_times()
    return 100 * (idle_later - idle) / max(1, total_later - total)


def versions(packages):
    query = subprocess.run(["dpkg-query", "-W", "-f=${Package} ${Version}\n", *packages],
                           capture_output=True, text=True, check=False)
    return query.stdout.strip().splitlines()


def describe(folder):
    """Of the machine and of the disk that `folder` is on, a line each."""
    model = next((line.split(":", 1)[1].strip()
                  for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True,
                          check=False).stdout.strip()
    return [f"{os.cpu_count()} processors, {model}, {gib:.0f} GiB of memory",
            f"Linux {platform.release()}, {kind}, a sync of 4 KiB takes "
            f"{sync_microseconds(folder):.0f} µs (median)"]


def sync_microseconds(folder):
    """The median time of writing 4 KiB into a preallocated file and waiting for the disk."""
    path = Path(folder) / "sync-probe"
    block = b"x" * 4096
    with open(path, "wb", buffering=0) as file:
        file.write(block * 64)
        os.fsync(file.fileno())
        times = []
        for number in range(200):
            file.seek(number % 64 * 4096)
            begin = time.monotonic()
            file.write(block)
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - begin)
    path.unlink()
    return 1e6 * sorted(times)[len(times) // 2]
