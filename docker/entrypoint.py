"""Put passwords that lie in files into the URLs they belong to, then become the command.

``NORMLAB_DATABASE_URL_PASSWORD_FILE=/run/secrets/postgres_password`` gives ``NORMLAB_DATABASE_URL`` the password
in that file, percent-encoded; so with every other URL. A password that came as an environment variable of
the container could be read with ``docker inspect``, and one in the command with ``ps``.
"""

import os
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

SUFFIX = "_PASSWORD_FILE"


def with_password(url: str, password: str) -> str:
    """The URL with the password, and with the user that it had (Redis URLs usually have none)."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def fill_in(environment: dict[str, str]) -> dict[str, str]:
    """The environment with a password in each URL that has a password file.

    Exits with a sentence when a URL or its file is not there.
    """
    filled = dict(environment)
    for name, path in environment.items():
        if not name.endswith(SUFFIX):
            continue
        target = name.removesuffix(SUFFIX)
        if not environment.get(target):
            sys.exit(f"{name} is set, so {target} must be the URL (without a password) that it belongs to.")
        try:
            password = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            sys.exit(
                f"{name}: cannot read {path} ({error.strerror}). It must be readable for the user of the container."
            )
        if not password:
            sys.exit(f"{name}: {path} is empty. It must hold the password of {target}.")
        filled[target] = with_password(environment[target], password)
        del filled[name]
    return filled


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit("Say which command to run, for instance: normlab-api")
    os.execvpe(sys.argv[1], sys.argv[1:], fill_in(dict(os.environ)))  # noqa: S606 - the image's own command
