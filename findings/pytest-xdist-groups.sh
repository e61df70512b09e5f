#!/bin/sh
# pytest-xdist 3.8.0 with pytest 9.2.0: --dist loadgroup keeps no group of tests together.
# Expected: tests marked xdist_group("one") all run in one process, so that they share what is made once.
# Seen: they are spread over all processes, without a word. xdist writes the group into the item's _nodeid, which
#   pytest 9.2 does not read any more; with pytest 9.0.2 the group stays together.
# So: until xdist follows, --dist loadfile, or count on each process making shared things anew.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
cat > "$folder/test_group.py" <<'END'
import os
import time
from pathlib import Path

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_where(number):
    time.sleep(0.1)
    Path(os.environ["SEEN"], f"{number}-{os.getpid()}").touch()
END
for version in 9.0.2 9.2.0; do
    "${PYTHON:-python3}" -m venv "$folder/venv-$version"
    "$folder/venv-$version/bin/pip" install --quiet "pytest==$version" 'pytest-xdist==3.8.0'
    mkdir "$folder/seen-$version"
    SEEN="$folder/seen-$version" "$folder/venv-$version/bin/pytest" --quiet -n 2 --dist loadgroup "$folder/test_group.py" > /dev/null
    processes=$(ls "$folder/seen-$version" | sed 's/.*-//' | sort -u | wc -l)
    echo "pytest $version: one group, $processes process(es)"
    case $version in 9.0.2) [ "$processes" -eq 1 ] ;; *) [ "$processes" -eq 2 ] ;; esac
done
