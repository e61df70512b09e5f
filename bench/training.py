"""Normlab side by side with other ways to train the same networks: interleaved rounds, medians, ratios.

Every peer is a process of its own on the same cores, and sleeps while another one has its turn. A round is one
epoch of each: 55,000 samples of Fashion-MNIST in batches of 32, then the validation on 5,000. The first epoch of a
process, with all that it compiles, is told apart.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from networks import NETWORKS
from peer import PEERS

HERE = Path(__file__).parent
TITLES = {
    "notebook": "the notebook: model.fit",
    "fit_steps": "fit(steps_per_execution=50)",
    "fit_jit": "fit(..., jit_compile=True)",
    "keras_on_jax": "Keras on JAX: fit",
    "jax": "JAX: hand-written lax.scan",
    "pytorch": "PyTorch: eager loop",
    "normlab": "Normlab",
}


@dataclass
class Peer:
    name: str
    process: subprocess.Popen[str]
    first: float = 0.0
    answers: list[dict[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.median("seconds")

    def median(self, figure: str) -> float:
        return median(answer[figure] for answer in self.answers)

    def run(self) -> dict[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the peer {self.name} ended with {self.process.wait()}: see above")
        answer: dict[str, float] = json.loads(line)
        return answer


def start(name: str, network: str, folder: Path, cores: int) -> Peer:
    command = [sys.executable, str(HERE / "peer.py"), name, network, str(folder), str(cores)]
    return Peer(
        name,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("BENCH_DEBUG") else subprocess.DEVNULL,
            text=True,
        ),
    )


def measure(network: str, names: list[str], folder: Path, rounds: int, cores: int) -> dict[str, Peer]:
    peers = {name: start(name, network, folder, cores) for name in names}
    try:
        for peer in peers.values():
            peer.first = peer.run()["seconds"]
        for number in range(rounds):
            for peer in peers.values():
                peer.answers.append(peer.run())
            told = ", ".join(
                f"{name} {peer.answers[-1]['seconds']:.2f} ({peer.answers[-1]['core_seconds']:.2f})"
                for name, peer in peers.items()
            )
            print(f"  round {number + 1}: {told}", file=sys.stderr)
    finally:
        for peer in peers.values():
            peer.process.kill()
            peer.process.communicate()
    return peers


def report(network: str, peers: dict[str, Peer]) -> None:
    ours = peers["normlab"].seconds
    print(f"\n### {network}\n")
    print("| | s per epoch | lowest, highest | times Normlab | first epoch | validation accuracy |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, peer in sorted(peers.items(), key=lambda item: -item[1].seconds):
        if name == "products":
            continue
        seconds = [answer["seconds"] for answer in peer.answers]
        print(
            f"| {TITLES[name]} | {peer.seconds:.2f} | {min(seconds):.2f}, {max(seconds):.2f} "
            f"| {peer.seconds / ours:.2f} | {peer.first:.1f} | {peer.answers[-1]['val_accuracy']:.4f} |"
        )
    if "products" in peers:
        floor = peers["products"]
        at_peak, products = floor.median("at_peak_seconds"), floor.median("products_seconds")
        print(
            f"\nArithmetic floor: {at_peak:.2f} s at one core's measured peak of {floor.median('peak_gflops'):.0f} "
            f"GFLOP/s; OpenBLAS on one core needs {products:.2f} s for the products alone. "
            f"Normlab takes {ours / at_peak:.2f} and {ours / products:.2f} times that."
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    options = parser.parse_args()
    names = sorted({*options.peers, "normlab"}, key=list(PEERS).index)
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.processor() or platform.machine()}, "
        f"{options.cores} cores, {options.rounds} rounds, load {os.getloadavg()[0]:.1f} at the start"
    )
    for network in options.networks:
        report(network, measure(network, names, options.data, options.rounds, options.cores))


if __name__ == "__main__":
    main()
