#!/bin/sh
# SQLAlchemy 2.1.9: a SQLite database whose path holds "?" or "%2F" is another file than the one that was named.
# Expected: an error, or the part after "?" kept as a query.
# Seen: of "sqlite:////data/what?/app.db" everything from "?" on is dropped without a word, so that two folders, "what?a"
#   and "what?b", share one database; "%2F" in the name of a folder becomes a slash.
# So: URL.create("sqlite", database=path), which takes the path as it stands.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'sqlalchemy==2.1.9'
"$folder/venv/bin/python" - <<'END'
import sqlalchemy
from sqlalchemy import URL, make_url

assert sqlalchemy.__version__ == "2.1.9"
for path in ("/data/what?/app.db", "/data/a%2Fb/app.db"):
    glued, made = make_url(f"sqlite:///{path}"), URL.create("sqlite", database=path)
    print("path:", path, "- glued:", glued.database, dict(glued.query), "- made:", made.database)
    assert made.database == path
assert make_url("sqlite:////data/what?/app.db").database == "/data/what"
assert make_url("sqlite:////data/what?/app.db").query == {}
assert make_url("sqlite:////data/a%2Fb/app.db").database == "/data/a/b/app.db"
END
