"""What `%load_ext nbrerun` costs a cell that does nothing: `python -m benchmarks.live`.

Of many cells, the processor time of the kernel and the median time from the request to the answer are compared with
those in a kernel without nbrerun. The second is only worth something while nothing else runs on the machine.
"""

from __future__ import annotations

import statistics
import time

import psutil
from jupyter_client.manager import start_new_kernel

CELLS = 60
SETTINGS = {
    "an empty kernel": "",
    "NumPy, pandas, scikit-learn and Matplotlib imported": "import numpy, pandas, sklearn.linear_model\n"
    "import matplotlib.pyplot",
    "arrays of 1 GB": "import numpy\ndata = [numpy.ones(1 << 24) for _ in range(8)]",
}
_SECONDS = 120


def milliseconds(first: str, load: bool) -> tuple[float, float]:
    """The processor time that the kernel takes for a quiet cell, and how long its user waits.

    Args:
        first: a cell that is run before.
        load: nbrerun is loaded.
    """
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        for source in [first, *(["%load_ext nbrerun"] if load else []), "x = 1"]:
            client.execute_interactive(source, timeout=_SECONDS)
        kernel = psutil.Process(manager.provisioner.pid)
        before, taken = kernel.cpu_times(), []
        for number in range(CELLS):
            began = time.perf_counter()
            client.execute_interactive(f"x = {number}", timeout=_SECONDS)
            taken.append(time.perf_counter() - began)
        after = kernel.cpu_times()
        used = after.user + after.system - before.user - before.system
        return 1000 * used / CELLS, 1000 * statistics.median(taken)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> None:
    """Print a table."""
    print("| kernel | processor time without nbrerun | with | wait without | with |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, first in SETTINGS.items():
        both = [milliseconds(first, load=False), milliseconds(first, load=True)]
        used, waited = ([f"{each[which]:.0f} ms" for each in both] for which in (0, 1))
        print(f"| {name} | {used[0]} | {used[1]} | {waited[0]} | {waited[1]} |", flush=True)


if __name__ == "__main__":
    main()
