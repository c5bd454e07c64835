#!/usr/bin/env python3
"""Enrolments submitted from one file, per second, and what one costs the gateway's processor.

    build/venv/bin/python tests/bench/enrolment_bench.py [COUNT [CONNECTIONS]]      needs build/ci (./test makes it)

COUNT enrolments (40,000) of as many patients, each with a circle of five and no recipient: a whole file active of a
territory, taken over from another tool. One file, one event a line, by `passerelle submit` over CONNECTIONS (2), each
answered when it is on the disk. The gateway, its client and the disk share this machine.

In the same run the bare cost of the ledger's disk: as many commits of one page as the gateway needed, by SQLite alone.
"""

from __future__ import annotations

import json
import os
import pathlib
import sqlite3
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "e2e"))
import world as w  # noqa: E402  (found through the path above)
from google.protobuf import json_format  # noqa: E402


def name_of(number: int) -> str:
    return "".join(chr(ord("A") + int(digit)) for digit in f"{number:08d}")


def write_file(path: pathlib.Path, count: int) -> None:
    sample = w.load_event("samples/enrolment/insuffisance-cardiaque.yaml")
    sample.event.ClearField("recipients")
    sample.event.route_to_circle = False
    subject = sample.event.subject
    subject.ClearField("ins")
    subject.status = 1
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            sample.idempotency_key = f"bench-{number}"
            subject.birth_family_name = name_of(number)
            sample.event.pathway_enrolment.enrolment_id = f"BENCH-{number}"
            tree = json_format.MessageToDict(sample, preserving_proto_field_name=True)
            file.write(json.dumps(tree, ensure_ascii=False) + "\n")


def cpu_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_commits(folder: pathlib.Path, commits: int) -> float:
    """Seconds for that many transactions of one row each, as durable as the ledger's."""
    with sqlite3.connect(folder / "bare.db", isolation_level=None) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE one(content BLOB)")
        begun = time.monotonic()
        for _ in range(commits):
            database.execute("INSERT INTO one VALUES(?)", (b"x" * 2048,))
        return time.monotonic() - begun


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with w.World(mail=False) as world:
        file = world.folder / "enrolments.jsonl"
        write_file(file, count)
        gateway = world.start_gateway()
        before = cpu_s(gateway.process.pid)
        begun = time.monotonic()
        done = world.submit(file, "--connections", connections)
        took = time.monotonic() - begun
        used = cpu_s(gateway.process.pid) - before
        print(done.stderr.strip().splitlines()[-1])
        (events,), = world.rows("SELECT count(*) FROM event WHERE kind = 'pathway_enrolment'")
        w.require_equal(events, count, "enrolments in the ledger")
        size = file.stat().st_size
        print(f"{count} enrolments in {took:.1f} s: {count / took:.0f}/s, {used / count * 1e6:.0f} µs CPU of the gateway each; "
              f"file {size / 1e6:.0f} MB, ledger {world.ledger.stat().st_size / 1e6:.0f} MB")
        commits = 200
        print(f"a bare durable commit here: {bare_commits(world.folder, commits) / commits * 1e6:.0f} µs")


if __name__ == "__main__":
    main()
