#!/usr/bin/env python3
"""Compares a conformance run with what is expected of it.

    check.py RUNNER_DIR BINARY [--update]

Runs the cases that were taken from PocketBase's own API tests and compares the failures with
`expected_failures.txt`: a case that fails without being listed is an error, and so is a listed one
that passes. `--update` rewrites the list, keeping the reasons of cases that stay.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

EXPECTED = Path(__file__).with_name("expected_failures.txt")
NO_REASON = "no reason given yet"


def read_expected() -> dict[str, str]:
    """Case id to the reason it stands under. Reasons are lines that begin with `# `."""
    expected, reason = {}, NO_REASON
    for line in EXPECTED.read_text().splitlines() if EXPECTED.exists() else []:
        if line.startswith("# "):
            reason = line[2:].strip()
        elif line.strip():
            expected[line.strip()] = reason
    return expected


def write_expected(cases: dict[str, str]) -> None:
    reasons = sorted(set(cases.values()))
    parts = []
    for reason in reasons:
        ids = sorted(case for case, why in cases.items() if why == reason)
        parts.append("\n".join([f"# {reason}", *ids]))
    EXPECTED.write_text("\n\n".join(parts) + "\n")


def run(runner: Path, binary: Path) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [sys.executable, str(runner / "run.py"), "--bin", str(binary), "--json", str(out)]
        done = subprocess.run([*command, "--quiet"], stdout=subprocess.PIPE, text=True)
        if done.returncode not in (0, 1):
            sys.exit(f"the conformance runner could not run:\n{done.stdout}")
        print("\n".join(line for line in done.stdout.splitlines() if line.startswith("split")))
        return json.loads(out.read_text())["results"]


def main() -> int:
    runner, binary = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    expected = read_expected()
    results = run(runner, binary)
    failed = {r["id"] for r in results if r["outcome"] == "fail"}
    passed = {r["id"] for r in results if r["outcome"] == "pass"}
    if "--update" in sys.argv:
        write_expected({case: expected.get(case, NO_REASON) for case in failed})
        return 0
    broken = sorted(failed - expected.keys())
    mended = sorted(expected.keys() & passed)
    for case in broken:
        print(f"new failure: {case}")
    for case in mended:
        print(f"passes now, take it off the list: {case}")
    print(f"{len(passed)} passed, {len(broken) + len(mended)} failed")
    return 1 if broken or mended else 0


if __name__ == "__main__":
    sys.exit(main())
