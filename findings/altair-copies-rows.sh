#!/bin/sh
# Altair 6.3.0: charts that are layered or concatenated copy all rows of alt.Data(values=[...]), each time.
# Expected: the chart that is made refers to the rows, as it does to a data frame.
# Seen: lists and dicts are copied value by value in Python: for two layers in a row of panels in a page each row of
#   data is copied five times, with 20 calls where it has two values (15 in Python 3.12 and later). A tuple of rows is
#   kept as it is: the calls do not depend on the number of rows, and the JSON is the same.
# So: alt.Data(values=tuple(rows)), and leave the rows as they are afterwards.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'altair==6.3.0'
"$folder/venv/bin/python" - <<'END'
import sys
import altair as alt


def combined(kind, rows):
    """The JSON of a page of 4 panels, the calls in Python that made it, and whether it holds what it was given"""
    given = [kind({"x": x, "y": x * number} for x in range(rows)) for number in range(4)]
    charts = [alt.Chart(alt.Data(values=values)).encode(x="x:Q", y="y:Q") for values in given]
    marks = [(chart.mark_line(), chart.mark_point()) for chart in charts]
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    panels = [alt.layer(line, point) for line, point in marks]
    page = alt.vconcat(alt.hconcat(*panels[:2]), alt.hconcat(*panels[2:]))
    sys.setprofile(None)
    return page.to_json(), calls, page.vconcat[1].hconcat[1].data.values is given[3]


texts, calls_a_row, kept = {}, {}, {}
for kind in (list, tuple):
    _, few, _ = combined(kind, 1000)
    texts[kind], many, kept[kind] = combined(kind, 2000)
    calls_a_row[kind] = (many - few) / 4000
    print(f"{kind.__name__}: {many:,} calls for 4 panels of 2,000 rows, {calls_a_row[kind]:g} for each row more;",
          "the page holds", "what it was given" if kept[kind] else "a copy")
print("the same JSON:", texts[list] == texts[tuple])
assert calls_a_row[list] >= 6 and not kept[list]
assert calls_a_row[tuple] == 0 and kept[tuple]
assert texts[list] == texts[tuple]
END
