#!/usr/bin/env python3
"""Whoever watches hears every change of state exactly once, of its own events only, in order.

docs/examples/watch.py runs as a newcomer runs it: its connection is cut, the gateway stopped and killed, and so is the
program itself. The rest is asked with a stock client. PASSERELLE_PATIENCE=1 adds a watcher that never reads: it
takes the minute that the gateway gives it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import world as w
from world import require, require_equal, wait_until

PROGRAM = w.REPOSITORY / "docs" / "examples" / "watch.py"
HEARTBEAT_S = 0.2
DAY_US = 86400 * 10**6
PATIENCE_S = 60
WATCHERS_MAX = 200
STATES = {1: "pending", 2: "sending", 3: "unknown", 4: "delivered", 5: "rejected", 6: "handed_over", 7: "cancelled"}


class Line:
    """A wire between the program and the gateway that can be cut. Its port stays when the gateway's changes."""

    def __init__(self, world: w.World):
        self._world = world
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self._world.gateway.port))
            except OSError:
                near.close()
                continue
            self._ends += [near, far]
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    @staticmethod
    def _carry(near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with contextlib.suppress(OSError), near, far:
            while True:
                for one in select.select(list(other), [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    other[one].sendall(data)


class Newcomer:
    """The example program, and what it has written down."""

    def __init__(self, world: w.World, line: Line):
        self._world, self._line = world, line
        self.state = world.folder / "watch.db"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with (self._world.folder / "watch.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, PROGRAM, self.state, "--server", f"localhost:{self._line.port}",
                 "--pki", self._world.pki], stdout=output, stderr=output, env=dict(os.environ))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def rows(self, query: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.state)) as db, contextlib.suppress(sqlite3.OperationalError):
            return db.execute(query).fetchall()
        return []

    def position(self) -> int:
        return next(iter(self.rows("SELECT sequence FROM position")), (-1,))[0]

    def states(self) -> dict[str, str]:
        return {one.replace("-", ""): state.lower() for one, state in self.rows("SELECT id, state FROM delivery")}


class Hearing(threading.Thread):
    """A watcher that hears all that it is told."""

    def __init__(self, client: w.Client, **where):
        super().__init__(daemon=True)
        self._answers = client.watch(**where)
        self._told: queue.Queue = queue.Queue()
        self.heard: list = []
        self.start()

    def run(self) -> None:
        try:
            for answer in self._answers:
                self._told.put((time.monotonic(), answer))
        except w.Refusal as refusal:
            self._told.put((time.monotonic(), refusal))

    def next(self, timeout_s: float = 10):
        """When it was told, and what."""
        try:
            at, told = self._told.get(timeout=timeout_s)
        except queue.Empty:
            raise w.Failed(f"nothing is told for {timeout_s:g} s") from None
        if isinstance(told, w.Refusal):
            raise told
        self.heard.append(told)
        return at, told

    def up_to(self, sequence: int) -> list:
        """The changes that it hears until it stands there."""
        changes = []
        while not self.heard or self.heard[-1].sequence < sequence:
            _, told = self.next()
            if told.HasField("change"):
                changes.append(told)
        return changes

    def stop(self) -> None:
        self._answers.cancel()


@dataclass
class Scene:
    world: w.World
    line: Line
    newcomer: Newcomer
    number: int = 0

    def submit(self, *targets: str, client: w.Client | None = None):
        """One letter more; the status of its event."""
        self.number += 1
        return (client or self.world.client()).submit(w.letter(f"watch-{self.number}", *targets)).status

    def last(self) -> int:
        return self.world.rows("SELECT max(seq) FROM change")[0][0]

    def told(self, after: int = 0, principal: str = "hopital-demo") -> list[tuple]:
        """What must be heard: sequence, delivery and state of each change."""
        rows = self.world.rows(
            "SELECT c.seq, lower(hex(d.id)), c.state FROM change c JOIN delivery d ON d.seq = c.delivery JOIN event e "
            f"ON e.seq = c.event WHERE c.seq > {after} AND e.principal = '{principal}' ORDER BY c.seq")
        return [(sequence, delivery, STATES[state]) for sequence, delivery, state in rows]

    def wait_quiet(self) -> None:
        """Nothing is owed any more."""
        wait_until(lambda: not self.world.rows("SELECT 1 FROM delivery WHERE state IN (1, 2, 3) LIMIT 1"),
                   "something is still owed", timeout_s=60)


def as_told(changes: list) -> list[tuple]:
    return [(one.sequence, one.change.delivery_id.replace("-", ""), w.state_name(one.change)) for one in changes]


# --- a newcomer's program -----------------------------------------------------------------------------------


def check_misses_nothing(scene: Scene) -> None:
    """a newcomer's program, its line cut, the gateway stopped and killed, itself killed: it hears every change once"""
    world, newcomer = scene.world, scene.newcomer
    newcomer.start()
    wait_until(lambda: newcomer.position() >= 0, "the watcher does not begin")
    world.repository.go_down()  # so that things go on happening
    for targets in (("shared_record",), ("shared_record", "outil-demo"), ("outil-demo",)):
        scene.submit(*targets)
    for trouble in (scene.line.cut, newcomer.kill, lambda: world.gateway.stop(), scene.line.cut,
                    lambda: world.gateway.kill()):
        seen = newcomer.position()
        trouble()
        if world.gateway.process.poll() is not None:
            world.start_gateway()
        if newcomer.process.poll() is not None:
            newcomer.start()
        wait_until(lambda: newcomer.position() > seen, "the watcher does not come back", timeout_s=60)
    world.repository.come_up()
    scene.wait_quiet()
    wait_until(lambda: newcomer.position() >= scene.last(), "the watcher does not catch up")
    heard = [row[0] for row in newcomer.rows("SELECT sequence FROM change ORDER BY sequence")]
    told = [row[0] for row in world.rows("SELECT seq FROM change ORDER BY seq")]
    require_equal(heard, told, "changes")
    require(len(told) > 20, f"only {len(told)} changes: this proves little")


def check_starts_over(scene: Scene) -> None:
    """with a position that the gateway never gave, it starts over, and knows where everything stands"""
    scene.newcomer.kill()
    with contextlib.closing(sqlite3.connect(scene.newcomer.state)) as db, db:
        db.execute("UPDATE position SET sequence = 1000000")
    require_starts_over(scene)
    scene.newcomer.kill()


def require_starts_over(scene: Scene) -> None:
    """Started with a position that means nothing, and knowing nothing else."""
    with contextlib.closing(sqlite3.connect(scene.newcomer.state)) as db, db:
        db.execute("DELETE FROM delivery")
    scene.newcomer.start()
    rows = scene.world.rows("SELECT lower(hex(d.id)), d.state FROM delivery d JOIN event e ON e.seq = d.event "
                            "WHERE e.principal = 'hopital-demo'")
    expected = {delivery: STATES[state] for delivery, state in rows}
    wait_until(lambda: len(scene.newcomer.states()) == len(expected), "it does not start over", 60)
    require_equal(scene.newcomer.states(), expected, "states")


# --- what a watcher is told ---------------------------------------------------------------------------------


def check_heartbeat(scene: Scene) -> None:
    """the first answer comes at once, then a heartbeat as often as configured; one never hides a change"""
    client = scene.world.client()
    begin = time.monotonic()
    hearing = Hearing(client, from_now=True)
    at, first = hearing.next()
    require(not first.HasField("change") and first.sequence == scene.last(), f"the first answer: {first}")
    require(at - begin < 2, f"it came after {at - begin:.1f} s")
    ticks = [at] + [hearing.next()[0] for _ in range(10)]
    require(not any(one.HasField("change") for one in hearing.heard), "something happened by itself")
    gaps = [after - before for before, after in zip(ticks, ticks[1:])]
    require(0.9 * HEARTBEAT_S < sum(gaps) / len(gaps) < 3 * HEARTBEAT_S, f"heartbeats every {gaps} s")
    before = hearing.heard[-1].sequence
    scene.submit("shared_record", client=client)
    scene.wait_quiet()
    changes = hearing.up_to(scene.last())
    require_equal(as_told(changes), scene.told(before), "changes")
    sequences = [one.sequence for one in hearing.heard]
    require_equal(sequences, sorted(sequences), "sequences")
    hearing.stop()
    resumed = Hearing(client, after_sequence=before)  # a heartbeat's sequence is as good as any
    require_equal(as_told(resumed.up_to(scene.last())), scene.told(before), "changes after a heartbeat")
    resumed.stop()


def check_from_now(scene: Scene) -> None:
    """from_now tells nothing of before, from 0 all that is kept; both at once are refused, and so is the future"""
    client = scene.world.client()
    now, whole = Hearing(client, from_now=True), Hearing(client)
    now.next()
    status = scene.submit("outil-demo", client=client)
    scene.wait_quiet()
    require_equal({one.change.event_id for one in now.up_to(scene.last())}, {status.event_id}, "events")
    changes = whole.up_to(scene.last())
    require_equal(as_told(changes), scene.told(), "all changes")
    last = changes[-1].change
    delivery = client.get(event_id=status.event_id).recipients[0].deliveries[0]
    require_equal((last.delivery_id, last.adapter, last.state, last.reason, last.partner_code),
                  (delivery.id, delivery.adapter, delivery.state, delivery.reason, delivery.partner_code), "the last")
    for where in ({"after_sequence": 3, "from_now": True}, {"after_sequence": 10**9}, {"after_sequence": -1}):
        refusal = w.refusal_of(list, client.watch(**where))
        require_equal((refusal.code, refusal.reason, list(refusal.fields)),
                      ("INVALID_ARGUMENT", "FIELD_INVALID", ["after_sequence"]), f"answer to {where}")
    for hearing in (now, whole):
        hearing.stop()


def check_isolation(scene: Scene) -> None:
    """each principal hears of its own events only, an operator of all, and who may not read of none"""
    hospital, clinic, operator = (scene.world.client(name) for name in ("hopital", "clinique", "operateur"))
    before = scene.last()
    hearings = [Hearing(client, after_sequence=before) for client in (hospital, clinic, operator)]
    events = {scene.submit("shared_record", client=client).event_id for client in (hospital, clinic) for _ in range(3)}
    scene.wait_quiet()
    own, other, every = ([one for one in hearing.up_to(scene.last())] for hearing in hearings)
    require_equal(as_told(own), scene.told(before), "the hospital's")
    require_equal(as_told(other), scene.told(before, "clinique"), "the clinic's")
    require_equal(as_told(every), sorted(scene.told(before) + scene.told(before, "clinique")), "the operator's")
    require_equal({one.change.event_id for one in every}, events, "the operator's events")
    for client, tenant in ((scene.world.client("muet"), "cpts-demo"), (hospital, "cpts-voisine")):
        refusal = w.refusal_of(list, client.watch(tenant))
        require_equal((refusal.code, refusal.reason), ("PERMISSION_DENIED", "NOT_ALLOWED"), f"answer for {tenant}")
    for hearing in hearings:
        hearing.stop()


def check_many(scene: Scene) -> None:
    """twenty watchers hear the same, each from where it stands; who leaves holds nobody up"""
    client = scene.world.client()
    places = [place for place, _, _ in scene.told()]
    starts = [0, *places[::max(1, len(places) // 19)]][:20]
    hearings = [(start, Hearing(client, after_sequence=start)) for start in starts]
    for _, hearing in hearings[::3]:
        hearing.stop()
    scene.submit("shared_record", "outil-demo", client=client)
    scene.wait_quiet()
    for number, (start, hearing) in enumerate(hearings):
        if number % 3:
            require_equal(as_told(hearing.up_to(scene.last())), scene.told(start), f"changes after {start}")
            hearing.stop()


def check_too_many(scene: Scene) -> None:
    """200 may watch at once; one more is told to come later, and gets in when another has left"""
    client = scene.world.client()
    watches = [client.watch(from_now=True) for _ in range(WATCHERS_MAX)]
    for watch in watches:
        next(watch)
    refusal = w.refusal_of(next, client.watch(from_now=True))
    require_equal((refusal.code, refusal.reason), ("RESOURCE_EXHAUSTED", "BUSY"), "answer to one more")
    watches.pop().cancel()

    def gets_in():
        try:
            watches.append(client.watch(from_now=True))
            return next(watches[-1]).sequence
        except w.Refusal as refused:
            require_equal(refused.reason, "BUSY", "answer")
            return None

    wait_until(gets_in, "the place of one that has left stays taken")
    for watch in watches:
        watch.cancel()


def check_gone(scene: Scene) -> None:
    """what is no longer kept: OUT_OF_RANGE to who stands before it; from 0 the rest; a newcomer starts over"""
    world = scene.world
    places = [place for place, _, _ in scene.told()]
    kept = places[-4]
    world.gateway.stop()
    with contextlib.closing(sqlite3.connect(world.ledger)) as ledger, ledger:  # as if a hundred days had passed
        ledger.execute("UPDATE change SET at = at - ? WHERE seq < ?", (100 * DAY_US, kept))
    world.start_gateway()
    wait_until(lambda: world.rows("SELECT min(seq) FROM change") == [(kept,)], "old changes are not dropped")
    client = world.client()
    for place in (1, places[-6]):
        refusal = w.refusal_of(list, client.watch(after_sequence=place))
        require_equal((refusal.code, refusal.reason), ("OUT_OF_RANGE", "SEQUENCE_GONE"), f"answer to {place}")
    for place in (0, places[-5], places[-2]):
        hearing = Hearing(client, after_sequence=place)
        require_equal(as_told(hearing.up_to(scene.last())), scene.told(place), f"changes after {place}")
        hearing.stop()
    with contextlib.closing(sqlite3.connect(scene.newcomer.state)) as db, db:
        db.execute("UPDATE position SET sequence = 1")
    require_starts_over(scene)
    wait_until(lambda: scene.newcomer.position() == scene.last(), "it does not go on")
    status = scene.submit("outil-demo", client=client)
    delivery = status.recipients[0].deliveries[0].id.replace("-", "")
    wait_until(lambda: scene.newcomer.states().get(delivery) == "delivered", "it does not hear of what comes then")
    scene.newcomer.kill()


def check_draining(scene: Scene) -> None:
    """a gateway that stops tells its watchers so; where they stood, they go on"""
    client = scene.world.client()
    hearing = Hearing(client, from_now=True)
    _, first = hearing.next()
    require_equal(scene.world.gateway.stop(), 0, "exit status")

    def told_until_the_end():
        while True:
            hearing.next()

    refusal = w.refusal_of(told_until_the_end)
    require_equal((refusal.code, refusal.reason), ("UNAVAILABLE", "DRAINING"), "answer")
    scene.world.start_gateway()
    scene.submit("outil-demo")
    scene.wait_quiet()
    again = Hearing(scene.world.client(), after_sequence=first.sequence)
    require_equal(as_told(again.up_to(scene.last())), scene.told(first.sequence), "changes")
    again.stop()


def check_never_reads(scene: Scene) -> None:
    """a watcher that never reads holds nobody up, and is ended after a minute; where it stood, it goes on"""
    world = scene.world
    world.gateway.stop()
    with contextlib.closing(sqlite3.connect(world.ledger)) as ledger, ledger:  # more than any buffer on the way holds
        for _ in range(20_000 // len(scene.told())):
            ledger.execute("INSERT INTO change(event, delivery, state, at) SELECT event, delivery, state, at FROM "
                           "(SELECT * FROM change ORDER BY seq DESC LIMIT ?)", (len(scene.told()),))
    world.start_gateway()
    deaf = world.client(options=w.SMALL_WINDOW).watch(timeout_s=3 * PATIENCE_S)
    begin = time.monotonic()
    hearing = Hearing(world.client(), timeout_s=3 * PATIENCE_S)
    require_equal(as_told(hearing.up_to(scene.last())), scene.told(), "what another hears meanwhile")
    took = time.monotonic() - begin
    time.sleep(max(0.0, begin + PATIENCE_S + 3 - time.monotonic()))
    heard: list = []
    refusal = w.refusal_of(lambda: heard.extend(deaf))
    require_equal(refusal.code, "RESOURCE_EXHAUSTED", "answer")
    require("SLOW_READER" in refusal.message, refusal.message)
    print(f"      {len(heard)} of {len(scene.told())} changes were on the way to it; another heard all in {took:.1f} s",
          flush=True)
    again = Hearing(world.client(), after_sequence=heard[-1].sequence)
    require_equal(as_told(again.up_to(scene.last())), scene.told(heard[-1].sequence), "the rest")


def change_policy(policy: dict) -> None:
    for name, roles in (("clinique", ["submit", "read"]), ("muet", ["submit"])):
        policy["principals"].append({"name": name, "certificate_common_name": [name], "tenants": ["cpts-demo"],
                                     "kinds": ["discharge_letter"], "roles": roles})


def test(report: w.Report) -> None:
    heartbeat = {"watch_heartbeat": f"{HEARTBEAT_S}s"}
    with w.World(lambda config: config["grpc"].update(heartbeat), change_policy, mail=False) as world:
        world.start_gateway()
        for name in ("clinique", "muet"):
            world.issue_client(name)
        line = Line(world)
        scene = Scene(world, line, Newcomer(world, line))
        checks = [check_misses_nothing, check_starts_over, check_heartbeat, check_from_now, check_isolation, check_many,
                  check_too_many, check_gone, check_draining]
        if os.environ.get("PASSERELLE_PATIENCE"):
            checks.append(check_never_reads)
        for check in checks:
            report.run(check, scene)
        report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes after all this")
        report.end()


if __name__ == "__main__":
    w.main(test)
