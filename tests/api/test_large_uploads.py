"""An upload of any size takes no more of the API's memory than a small one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from normlab.settings import Settings
from support.api_process import api_process

MIB = 1 << 20
UPLOADED_MIB = 96
ALLOWED_MIB = 32
"""How much more the process may ever have held: far less than a file."""

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc"),
    pytest.mark.parametrize("is_form", [False, True]),
]


def peak_mib(process: psutil.Process) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def form_of(blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    yield from blocks
    yield b"\r\n--b--\r\n"


def test_memory_stays_flat(tmp_path, sqlite_database, broker_url, is_form):
    settings = Settings(
        data_dir=tmp_path,
        database_url=sqlite_database.url.render_as_string(hide_password=False),
        broker_url=broker_url,
    )

    def upload(mib: int) -> None:
        blocks = (bytes(MIB) for _ in range(mib))
        kind = "multipart/form-data; boundary=b" if is_form else "application/octet-stream"
        content = form_of(blocks) if is_form else blocks
        response = http.post("/datasets?name=large", content=content, headers={"Content-Type": kind})
        assert response.json()["file"]["bytes"] == mib * MIB

    with api_process(settings) as http:
        process = next(child for child in psutil.Process().children() if "api" in child.cmdline())
        upload(2)
        before = peak_mib(process)
        upload(UPLOADED_MIB)
        assert peak_mib(process) - before < ALLOWED_MIB
