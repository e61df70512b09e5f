"""Normlab side by side with other ways to train the same networks: interleaved rounds, medians, ratios.

Every peer is a process of its own on the same cores, and sleeps while another one has its turn. A round is one
epoch of each: 55,000 samples of Fashion-MNIST in batches of 32, then the validation on 5,000. The first epoch of a
process, with all that it compiles, is told apart. A peer whose first epoch takes longer than ``--patience`` has no
further ones: its row has the seconds of that one. ``--old`` puts another build of Normlab, a checkout, beside this
one. Of ``resnet20`` an epoch is 3,200 samples.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from networks import NETWORKS
from peer import PEERS

from normlab.training.compiled.devices import processor_name

HERE = Path(__file__).parent
PATIENCE_SECONDS = 30.0
CONVOLUTIONAL = {"convolutional", "resnet20"}
MIN_TIMES_NOTEBOOK = {"baseline": 10.0, "batch_norm": 7.5}
TITLES = {
    "notebook": "the notebook: model.fit",
    "fit_steps": "fit(steps_per_execution=50)",
    "fit_jit": "fit(..., jit_compile=True)",
    "keras_on_jax": "Keras on JAX: fit",
    "jax": "JAX: hand-written lax.scan",
    "pytorch": "PyTorch: eager loop",
    "pytorch_channels_last": "PyTorch: eager, channels_last",
    "pytorch_compiled": "PyTorch: torch.compile, channels_last",
    "old": "the old build",
    "normlab": "Normlab",
}


@dataclass
class Peer:
    name: str
    process: subprocess.Popen[str]
    first: dict[str, float] = field(default_factory=dict)
    answers: list[dict[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.median("seconds")

    @property
    def core_seconds(self) -> float:
        return self.median("core_seconds")

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


def start(name: str, network: str, folder: Path, cores: int, old: Path | None) -> Peer:
    script, environment, peer = HERE / "peer.py", None, name
    if name == "old" and old is not None:
        script, environment, peer = (
            old / "bench" / "peer.py",
            os.environ | {"PYTHONPATH": str(old)},
            "normlab",
        )
    return Peer(
        name,
        subprocess.Popen(
            [sys.executable, str(script), peer, network, str(folder), str(cores)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("BENCH_DEBUG") else subprocess.DEVNULL,
            text=True,
        ),
    )


def measure(network: str, names: list[str], options: argparse.Namespace) -> dict[str, Peer]:
    peers = {name: start(name, network, options.data, options.cores, options.old) for name in names}
    try:
        for peer in peers.values():
            peer.first = peer.run()
        bearable = [peer for peer in peers.values() if peer.first["seconds"] <= options.patience]
        for number in range(options.rounds):
            for peer in bearable:
                peer.answers.append(peer.run())
            told = ", ".join(
                f"{peer.name} {peer.answers[-1]['seconds']:.2f} ({peer.answers[-1]['core_seconds']:.2f})"
                for peer in bearable
            )
            print(f"  round {number + 1}: {told}", file=sys.stderr)
    finally:
        for peer in peers.values():
            peer.process.kill()
            peer.process.communicate()
    for peer in peers.values():
        peer.answers = peer.answers or [peer.first]
    return peers


def report(network: str, peers: dict[str, Peer]) -> None:
    ours = peers["normlab"].seconds
    print(f"\n### {network}\n")
    print(
        "| | s per epoch | lowest, highest | times Normlab | core-seconds | times Normlab "
        "| first epoch | validation accuracy |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, peer in sorted(peers.items(), key=lambda item: -item[1].seconds):
        if name == "products":
            continue
        seconds = [answer["seconds"] for answer in peer.answers]
        print(
            f"| {TITLES[name]} | {peer.seconds:.2f} | {min(seconds):.2f}, {max(seconds):.2f} "
            f"| {peer.seconds / ours:.2f} | {peer.core_seconds:.2f} "
            f"| {peer.core_seconds / peers['normlab'].core_seconds:.2f} "
            f"| {peer.first['seconds']:.1f} | {peer.answers[-1]['val_accuracy']:.4f} |"
        )
    if "products" in peers:
        floor = peers["products"]
        at_peak, products = floor.median("at_peak_seconds"), floor.median("products_seconds")
        print(
            f"\nArithmetic floor: {at_peak:.2f} s at one core's measured peak of {floor.median('peak_gflops'):.0f} "
            f"GFLOP/s; OpenBLAS on one core needs {products:.2f} s for the products alone. "
            f"Normlab takes {ours / at_peak:.2f} and {ours / products:.2f} times that."
        )


def bars(measured: dict[str, dict[str, Peer]]) -> None:
    """What is asked of Normlab, beside what came out."""
    print("\n### Against the bars\n\n| bar | found | reached |\n| --- | --- | --- |")
    for network, peers in measured.items():
        ours = peers["normlab"].seconds
        least = MIN_TIMES_NOTEBOOK.get(network)
        if least and "notebook" in peers:
            bar = f"{network}: {least} times as fast as the notebook"
            tell(bar, peers["notebook"].seconds / ours, least)
        others = [peer for name, peer in peers.items() if name not in {"normlab", "old", "jax", "products"}]
        torch = [peer for name, peer in peers.items() if name.startswith("pytorch")]
        if network in CONVOLUTIONAL and torch:
            fastest = min(torch, key=lambda peer: peer.core_seconds)
            times = fastest.core_seconds / peers["normlab"].core_seconds
            tell(f"{network}: twice as fast as {TITLES[fastest.name]}, core-seconds", times, 2.0)
        if network in CONVOLUTIONAL and "old" in peers:
            times = peers["old"].core_seconds / peers["normlab"].core_seconds
            tell(f"{network}: half of what the old build takes, core-seconds", times, 2.0)
        if others:
            fastest = min(others, key=lambda peer: peer.seconds)
            tell(
                f"{network}: as fast as {TITLES[fastest.name]}, the fastest but JAX",
                fastest.seconds / ours,
                1.0,
            )
        if "jax" in peers and network not in CONVOLUTIONAL:
            tell(f"{network}: as fast as JAX by hand", peers["jax"].seconds / ours, 1.0)
        if network == "baseline" and "products" in peers:
            times = ours / peers["products"].median("at_peak_seconds")
            reached = "yes" if times <= 1.25 else "**no**"
            print(f"| baseline: at most 1.25 times the floor | {times:.2f} times | {reached} |")


def tell(bar: str, times: float, least: float) -> None:
    print(f"| {bar} | {times:.2f} times | {'yes' if times >= least else '**no**'} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--old", type=Path, help="a checkout of Normlab to put beside this one")
    parser.add_argument("--patience", type=float, default=PATIENCE_SECONDS)
    parser.add_argument("--no-drift", action="store_true", help="leave out the drift from model.fit")
    options = parser.parse_args()
    names = sorted({*options.peers, "normlab"}, key=list(PEERS).index)
    if options.old:
        names.append("old")
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {processor_name()}, "
        f"{options.cores} cores, {options.rounds} rounds, load {os.getloadavg()[0]:.1f} at the start"
    )
    measured = {}
    for network in options.networks:
        measured[network] = measure(network, names, options)
        report(network, measured[network])
    bars(measured)
    if not options.no_drift:
        subprocess.run([sys.executable, str(HERE / "drift.py"), "--data", str(options.data)], check=True)


if __name__ == "__main__":
    main()
