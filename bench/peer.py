"""One peer in a process of its own: runs one epoch for each line that comes in, and says how long it took.

usage: peer.py PEER NETWORK DATA_FOLDER CORES
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time

PEERS = {
    "notebook": ("keras_fit", {"steps_per_execution": 1}),
    "fit_steps": ("keras_fit", {"steps_per_execution": 50}),
    "fit_jit": ("keras_fit", {"steps_per_execution": 50, "jit_compile": True}),
    "keras_on_jax": ("keras_fit", {"steps_per_execution": 1, "backend": "jax"}),
    "jax": ("jax_scan", {}),
    "pytorch": ("torch_loop", {}),
    "pytorch_channels_last": ("torch_loop", {"channels_last": True}),
    "pytorch_compiled": ("torch_loop", {"channels_last": True, "compiled": True}),
    "products": ("arithmetic", {}),
    "normlab": ("normlab_loop", {}),
}


def main() -> None:
    peer, network, folder, cores = sys.argv[1:]
    # The same cores for every library, whatever it calls its threads. Said before any of them is imported.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    module, options = PEERS[peer]
    os.environ["KERAS_BACKEND"] = options.pop("backend", "tensorflow")
    answers, sys.stdout = sys.stdout, sys.stderr
    epoch = import_module(f"peers.{module}").prepare(network, Path(folder), **options)
    for _ in sys.stdin:
        began, worked = perf_counter(), process_time()
        figures = epoch()
        taken = {"seconds": perf_counter() - began, "core_seconds": process_time() - worked}
        print(json.dumps(taken | figures), file=answers, flush=True)


if __name__ == "__main__":
    main()
