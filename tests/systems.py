#!/usr/bin/python3
"""Prints which promises are kept on which system, from the results of the tests.

    tests/systems.py LOG

tests/systems.txt has a row for each promise that differs by system: the promise, then a cell each for Linux, Windows
and macOS. A cell is one of

    kept TEST          the test that shows it, as named in the log
    seam TEST: WHY     the test shows only what Keyfob asks of the system; WHY the rest isn't shown
    compiled           the code is checked by the compiler and clippy for that system, and not run
    no: WHY            it isn't shown here, or the system has no such thing

Exit status: 0 if each named test passed, 1 if one failed or didn't run.
"""

import pathlib
import re
import sys

SYSTEMS = ["Linux", "Windows", "macOS"]
CELL = re.compile(r"(?:(kept|seam) ([\w:]+)|(no))(?:: (.+))?")
COMPILED = "seam macos::clippy_finds_nothing: linking needs Apple's SDK; the compiler and clippy check the code"
SHOWN = {"kept": "kept", "seam": "seam only", "no": "not possible here"}


def main():
    log = pathlib.Path(sys.argv[1]).read_text(errors="replace")
    results = dict(re.findall(r"^test (\S+) \.\.\. (\w+)", log, re.MULTILINE))
    rows, notes, held = [], [], True
    for line in pathlib.Path(__file__).with_name("systems.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        promise, *cells = (part.strip() for part in line.split("|"))
        if len(cells) != len(SYSTEMS):
            sys.exit(f"not a row of {len(SYSTEMS)} systems: {line}")
        row = [promise]
        for cell in cells:
            cell = COMPILED if cell == "compiled" else cell
            kind, test, none, why = (CELL.fullmatch(cell) or sys.exit(f"not a cell: {cell}")).groups()
            kind = kind or none
            if (kind == "kept") == bool(why):
                sys.exit(f"'kept' has no reason, all else has one: {cell}")
            shown = SHOWN[kind]
            if test and results.get(test) != "ok":
                held, shown = False, f"{results.get(test, 'not run')}: {test}"
            if why:
                if why not in notes:
                    notes.append(why)
                shown += f" ({notes.index(why) + 1})"
            row.append(shown)
        rows.append(row)
    widths = [max(len(row[at]) for row in [["promise", *SYSTEMS], *rows]) for at in range(len(SYSTEMS) + 1)]
    for row in [["promise", *SYSTEMS], *rows]:
        print("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip())
    for number, note in enumerate(notes, 1):
        print(f"({number}) {note}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
