"""The whole service on one machine, with nothing beside it: Redis, a worker and the API on one data folder.

A thread of its own starts the processes, starts one again that ends, and ends all of them. They are tied to that
thread, so that none of them is left, however this process ends.
"""

import contextlib
import importlib.util
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from normlab.errors import NormlabError, SetupError
from normlab.local.folder import make_private
from normlab.local.folder_lock import FolderLock
from normlab.local.listener import listen
from normlab.local.log_file import DEFAULT_LOG_BYTES
from normlab.local.process import Process
from normlab.local.redis import EmbeddedRedis
from normlab.local.supervisor import Component
from normlab.settings import Settings

READY_SECONDS = 60.0
LOOK_SECONDS = 2.0
"""A question whether it is ready waits in the socket until the API runs, no longer than this."""
# In it a worker gives its jobs back to the queue, and the API finishes its answers.
GRACE_SECONDS = 15.0


def _silent(_sentence: str) -> None:
    pass


class LocalService:
    """A service of our own on this machine, as a context manager.

    Args:
        data_dir: Everything it keeps; made, with mode 0700, when it is not there. Only one service at a time can use a
            folder.
        host: The address to listen at.
        port: The port to listen at, 0 for any that is free.
        processes: Children of the worker; without it one for each core, or fewer where the memory is short.
        log_bytes: A log that has grown to so much is set aside.
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
        log_bytes: int = DEFAULT_LOG_BYTES,
        announce: Callable[[str], None] = _silent,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.log_dir = self.data_dir / "logs"
        self._host = host
        self._port = port
        self._processes = processes
        self._announce = announce
        self._log_bytes = log_bytes
        self._redis = EmbeddedRedis(self.data_dir / "redis", log_folder=self.log_dir, log_bytes=log_bytes)
        self._components: list[Component] = []
        self._failure: Exception | None = None
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
        """Start it, and return when it can be used.

        Raises:
            SetupError: It cannot be started, or it was told to end before it was ready.
        """
        self.begin()
        while not self.ready.wait(0.05):
            if self.ended.is_set():
                self.raise_failure()
                raise SetupError("The service was told to end before it was ready.")

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
            make_private(self.data_dir)
            # The processes inherit the lock: nobody else gets the folder while one of them may write into it.
            with FolderLock(self.data_dir / "normlab.lock", self._refusal) as lock:
                self._serve(lock)
        except OSError as error:
            self._failure = SetupError(f"The data folder {self.data_dir} cannot be used: {error.strerror}.")
        except NormlabError as failure:
            if not self._stopping.is_set():
                self._failure = failure
        except Exception as failure:  # raised again by whoever waits for the service
            self._failure = failure
        finally:
            self.ended.set()

    def _refusal(self, owner: str) -> str:
        return (
            f"The data folder {self.data_dir} is in use by {owner}. End that one, or choose another folder."
        )

    def _serve(self, lock: FolderLock) -> None:
        lock.write_owner(f"process {os.getpid()}")
        with listen(self._host, self._port) as listener, _Gate() as gate:
            self._port = int(listener.getsockname()[1])
            try:
                self._start_all([lock.descriptor], listener.fileno(), gate)
                lock.write_owner(f"process {os.getpid()}, which serves {self.url}")
                while not self._stopping.wait(0.1):
                    for component in self._components:
                        component.process.log.rotate()
                        if component.has_ended():
                            self._start_again(component)
            finally:
                listener.close()  # nobody is to wait in it for an API that does not come back
                self._end_all()

    def _start_all(self, inherit: Sequence[int], listener: int, gate: "_Gate") -> None:
        self._redis.prepare()
        environment = self._environment()  # where the socket will be, is known only now

        def module(name: str, *arguments: str, also: Sequence[int] = ()) -> Component:
            # -P: a file of the same name in the folder we were started in is not meant.
            command = [sys.executable, "-P", "-m", "normlab.programs", name, *arguments]
            process = Process(name, self.log_dir, environment, self._log_bytes)
            return Component(process, lambda: process.start(command, [*inherit, *also]))

        # It needs neither Redis nor tables as long as it imports TensorFlow, which takes longest.
        self._start(module("worker", "--after", str(gate.descriptor), also=[gate.descriptor]))
        self._start(Component(self._redis.process, lambda: self._redis.start(inherit)))
        self._run_to_end(module("migrations"))
        gate.open()
        self._start(module("api", "--host", self._host, "--fd", str(listener), also=[listener]))
        self._wait_until_ready()

    def _environment(self) -> dict[str, str]:
        """All settings that say where things are, so that none from elsewhere (a ``.env`` file) gets in; and the worker
        ends before we would kill it."""
        in_the_folder = Settings(
            data_dir=self.data_dir, database_url=None, broker_url=None, artifacts_url=None
        )
        here = {
            "NORMLAB_DATA_DIR": str(self.data_dir),
            "NORMLAB_DATABASE_URL": in_the_folder.resolved_database_url,
            "NORMLAB_BROKER_URL": self._redis.broker_url,
            "NORMLAB_ARTIFACTS_URL": in_the_folder.resolved_artifacts_url,
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
        ended = False
        while not ended:
            if self._stopping.is_set():  # perhaps before it was started
                return
            ended = component.process.wait(0.1)
        self._components.remove(component)
        if component.process.exit_code() != 0:
            sentence = re.search(r"^Error: (.*)", component.process.log_tail(), re.MULTILINE | re.DOTALL)
            raise SetupError(sentence[1]) if sentence else component.failure()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(base_url=self.url, timeout=LOOK_SECONDS, trust_env=False) as http:
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
        with contextlib.ExitStack() as at_last:  # each of these happens, whatever fails
            at_last.callback(self._redis.stop)
            for process in others:
                at_last.callback(process.kill)
                process.ask_to_end()
            deadline = time.monotonic() + GRACE_SECONDS
            for process in others:
                process.wait(max(0.0, deadline - time.monotonic()))


class _Gate:
    """A file descriptor that processes inherit: what is read from it ends when the gate is opened, and not before."""

    def __enter__(self) -> Self:
        self.descriptor, writing = os.pipe()
        self._held: int | None = writing
        return self

    def open(self) -> None:
        """Let all go on that wait, and that will."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __exit__(self, *_: object) -> None:
        self.open()
        os.close(self.descriptor)


def _require_tensorflow() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise SetupError(
            "Training needs TensorFlow, which is not installed: `pip install 'normlab[cpu]'`, or "
            "`pip install 'normlab[gpu]'` for NVIDIA GPUs."
        )


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").is_success
    except httpx.TransportError:
        return False
