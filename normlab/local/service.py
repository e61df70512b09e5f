"""The whole service on one machine, with nothing beside it: Redis, a worker and the API on one data folder.

A thread of its own starts the processes, starts one again that ends, and ends all of them. They are tied to that
thread, so that none of them is left, however this process ends.
"""

import errno
import importlib.util
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from normlab.errors import NormlabError, SetupError
from normlab.local.folder_lock import FolderLock
from normlab.local.process import Process
from normlab.local.redis import EmbeddedRedis
from normlab.local.supervisor import Component

READY_SECONDS = 60.0
# In it a worker gives its jobs back to the queue, and the API finishes its answers.
GRACE_SECONDS = 15.0


def _silent(_sentence: str) -> None:
    pass


class LocalService:
    """A service of our own on this machine, as a context manager.

    Args:
        data_dir: Everything it keeps; made when it is not there. Only one service at a time can use a folder.
        host: The address to listen at.
        port: The port to listen at, 0 for any that is free.
        processes: Children of the worker; without it as many as there are cores.
        announce: Called with a sentence when something happens that its user should know.

    Raises:
        SetupError: It cannot be started; the sentence says what would be needed.

    Example:
        ::

            with LocalService(Path("data")) as service, Client(service.url) as client:
                client.wait(client.submit("baseline").id)
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        processes: int | None = None,
        announce: Callable[[str], None] = _silent,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.log_dir = self.data_dir / "logs"
        self._host = host
        self._port = port
        self._processes = processes
        self._announce = announce
        self._redis = EmbeddedRedis(self.data_dir / "redis", log_folder=self.log_dir)
        self._components: list[Component] = []
        self._failure: NormlabError | None = None
        self._stopping = threading.Event()
        self.ready = threading.Event()
        """Set when the service can be used."""
        self.ended = threading.Event()
        """Set when no process of it is left."""

    @property
    def url(self) -> str:
        """Where this machine reaches the service. Its port is known when ``ready`` is set."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be told apart, not to be bound
        host = everywhere.get(self._host, self._host)
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    def begin(self) -> None:
        """Begin to start it, and return at once: ``ready`` or ``ended`` will be set."""
        threading.Thread(target=self._run, name="normlab-supervisor", daemon=True).start()

    def start(self) -> None:
        """Start it, and return when it can be used."""
        self.begin()
        while not self.ready.wait(0.05):
            if self.ended.is_set():
                self.raise_failure()
                return

    def request_stop(self) -> None:
        """Begin to end it, and return at once: ``ended`` will be set. A signal handler may call it."""
        self._stopping.set()

    def stop(self) -> None:
        """End it: running jobs go back to the queue."""
        self.request_stop()
        self.ended.wait()

    def kill(self) -> None:
        """End it at once. The next service takes up the jobs that run when their lease is over."""
        self._stopping.set()
        for component in [*self._components]:
            component.process.kill()

    def raise_failure(self) -> None:
        """Raise what it ended of; nothing when it runs or was asked to end."""
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # Ctrl-C, too
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            _require_tensorflow()
            self.data_dir.mkdir(parents=True, exist_ok=True)
            refusal = f"The data folder {self.data_dir} is in use by {{owner}}. End that one, or choose another folder."
            # The processes inherit the lock: nobody else gets the folder while one of them may write into it.
            with FolderLock(self.data_dir / "normlab.lock", refusal) as lock:
                self._serve(lock)
        except OSError as error:
            self._failure = SetupError(f"The data folder {self.data_dir} cannot be used: {error.strerror}.")
        except NormlabError as failure:
            if not self._stopping.is_set():
                self._failure = failure
        finally:
            self.ended.set()

    def _serve(self, lock: FolderLock) -> None:
        lock.write_owner(f"process {os.getpid()}")
        self._port = _free_port(self._host, self._port)
        try:
            self._start_all([lock.descriptor])
            lock.write_owner(f"process {os.getpid()}, which serves {self.url}")
            while not self._stopping.wait(0.1):
                for component in self._components:
                    if component.has_ended():
                        self._start_again(component)
        finally:
            self._end_all()

    def _start_all(self, inherit: Sequence[int]) -> None:
        self._start(Component(self._redis.process, lambda: self._redis.start(inherit)))
        environment = self._environment()  # where the socket is, is known only now

        def module(name: str, *arguments: str) -> Component:
            # -P: a file of the same name in the folder we were started in is not meant.
            command = [sys.executable, "-P", "-m", name, *arguments]
            process = Process(name, self.log_dir, environment)
            return Component(process, lambda: process.start(command, inherit))

        self._run_to_end(module("migrations"))
        self._start(module("worker"))
        self._start(module("api", "--host", self._host, "--port", str(self._port)))
        self._wait_until_ready()

    def _environment(self) -> dict[str, str]:
        """All settings that say where things are, so that none from elsewhere (a ``.env`` file) gets in; and the worker
        ends before we would kill it."""
        here = {
            "NORMLAB_DATA_DIR": str(self.data_dir),
            "NORMLAB_DATABASE_URL": f"sqlite:///{self.data_dir / 'normlab.db'}",
            "NORMLAB_BROKER_URL": self._redis.broker_url,
            "NORMLAB_ARTIFACTS_URL": str(self.data_dir / "artifacts"),
            "NORMLAB_SHUTDOWN_GRACE_SECONDS": str(GRACE_SECONDS - 3),
            "PYTHONUNBUFFERED": "1",
        }
        if self._processes is not None:
            here["NORMLAB_WORKER_PROCESSES"] = str(self._processes)
        return {**os.environ, **here}

    def _start(self, component: Component) -> None:
        if not self._stopping.is_set():
            self._components.append(component)
            component.start()

    def _run_to_end(self, component: Component) -> None:
        self._start(component)
        while not component.process.wait(0.1):
            if self._stopping.is_set():
                return
        self._components.remove(component)
        if component.process.exit_code() != 0:
            raise component.failure()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(base_url=self.url, timeout=5, trust_env=False) as http:
            while not self._stopping.wait(0.1):
                if _is_ready(http):
                    self.ready.set()
                    return
                for component in self._components:
                    if component.has_ended():
                        raise component.failure()
                if time.monotonic() > deadline:
                    raise SetupError(
                        f"The service is not ready after {READY_SECONDS:.0f} s; see {self.log_dir}."
                    )

    def _start_again(self, component: Component) -> None:
        times = component.note_end()
        self._announce(
            f"The {component.process.name} process ended ({component.reason()}) and is started again."
        )
        if not self._stopping.wait(times - 1):
            component.start()

    def _end_all(self) -> None:
        """Redis last: the others say goodbye through it."""
        others = [
            component.process
            for component in self._components
            if component.process is not self._redis.process
        ]
        for process in others:
            process.ask_to_end()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in others:
            process.wait(max(0.0, deadline - time.monotonic()))
            process.kill()
        self._redis.stop()


def _require_tensorflow() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise SetupError(
            "Training needs TensorFlow, which is not installed: `pip install 'normlab[cpu]'`, or "
            "`pip install 'normlab[gpu]'` for NVIDIA GPUs."
        )


def _free_port(host: str, port: int) -> int:
    """The port if it is free, or any free one for 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = (
                "is in use"
                if error.errno == errno.EADDRINUSE
                else f"cannot be listened at ({error.strerror})"
            )
            raise SetupError(
                f"Port {port} of {host} {why}. Choose another one, or 0 for any that is free."
            ) from error
        return int(probe.getsockname()[1])


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").is_success
    except httpx.TransportError:
        return False
