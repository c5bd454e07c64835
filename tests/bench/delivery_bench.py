#!/usr/bin/env python3
"""Mails and bundles delivered per second, and what one costs the gateway's processor.

    build/venv/bin/python tests/bench/delivery_bench.py [COUNT]        needs build/ci (./test makes it), and root or sudo

COUNT letters (400) are accepted while their partner is away; then the gateway is started on that ledger with the partner
there, and empties it. So the figure is of delivery alone: reading and opening the ledger, the translation, the recorded
attempt, the send, the recorded outcome. Partners: the private Postfix of the tests, which queues and delivers to Dovecot
on the same two cores; and `passerelle sandbox`, which checks each bundle, in memory.

In the same run send_bench gives the limit: the same bytes, to the same partner, from as many connections, with nothing
around the send.
"""

from __future__ import annotations

import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "e2e"))
import world as w  # noqa: E402  (found through the path above)

SAMPLE = REPOSITORY / "samples" / "letters" / "cda-passthrough.yaml"
CONNECTIONS = 4


def letters(count: int, target: str) -> list:
    """The sample for one recipient, under a key and a document identifier of its own each."""
    sample = w.load_event(SAMPLE)
    kept = [one for one in sample.event.recipients if one.WhichOneof("target") == target][:1]
    del sample.event.recipients[:]
    sample.event.recipients.extend(kept)
    cda = sample.event.discharge_letter.sender_cda
    begin = cda.index(b'<id root="', cda.index(b"typeId")) + 10
    old = cda[begin:cda.index(b'"', begin)]
    made = []
    for number in range(count):
        one = w.gateway_pb2.SubmitEventRequest()
        one.CopyFrom(sample)
        one.idempotency_key = f"bench-{target}-{number}"
        one.event.discharge_letter.sender_cda = cda.replace(old, b"2.25.%d" % (8_000_000_000 + number), 1)
        made.append(one)
    return made


def cpu_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def drain(world: w.World, count: int) -> tuple[float, float]:
    """Deliveries per second and CPU microseconds each, of a gateway that is started with all of them waiting."""
    gateway = world.start_gateway()
    ledger = sqlite3.connect(f"file:{world.ledger}?mode=ro", uri=True)
    w.wait_until(lambda: ledger.execute("SELECT count(*) FROM delivery WHERE state = 4").fetchone()[0] == count,
                 "not all is delivered", timeout_s=300, every_s=0.1)
    spent = cpu_s(gateway.process.pid)
    first = ledger.execute("SELECT min(started_at) FROM attempt WHERE happening = 'partner_accepted'").fetchone()[0]
    last = ledger.execute("SELECT max(delivered_at) FROM delivery").fetchone()[0]
    gateway.stop()
    return count / ((last - first) / 1e6), spent / count * 1e6


def accept_while_away(world: w.World, requests: list) -> None:
    world.start_gateway()
    client = world.client()
    for request in requests:
        client.submit(request)
    w.require(world.gateway.stop() == 0, "the gateway did not stop well")


def peer(*words: object) -> str:
    done = subprocess.run([REPOSITORY / "build" / "ci" / "send_bench", *map(str, words)], capture_output=True, text=True,
                          check=True)
    return done.stdout.strip()


def preview_file(world: w.World, request, name: str) -> pathlib.Path:
    """What the gateway would send for the request."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=world.folder))
    parts = world.client().preview(w.gateway_pb2.PreviewEventRequest(idempotency_key=request.idempotency_key,
                                                                     event=request.event))
    content = b"".join(part.content for part in parts if part.file_name == name)
    path = folder / name
    path.write_bytes(content)
    return path


def concurrency(config: dict) -> None:
    config["mssante"][0]["concurrency"] = config["repositories"][0]["concurrency"] = CONNECTIONS


def mails(count: int) -> None:
    with w.World(change=concurrency) as world:
        world.mail.go_down()
        requests = letters(count, "person")
        accept_while_away(world, requests)
        world.mail.come_up()
        rate, cpu = drain(world, count)
        print(f"| mail, Postfix | {rate:.1f} | {cpu:.0f} |", end=" ", flush=True)
        world.start_gateway()
        message = preview_file(world, requests[0], "message.eml")
        address = w.mailboxes_of(requests[0])[0]
        print(peer("smtp", "localhost", world.mail.smtp, world.pki, world.config["mssante"][0]["sender_mailbox"], address,
                   message, count, CONNECTIONS), "|", flush=True)


def bundles(count: int) -> None:
    ports = w.free_ports(2)
    base_url = f"https://localhost:{ports[0]}/fhir"

    def change(config: dict) -> None:
        concurrency(config)
        config["repositories"][0]["base_url"] = base_url

    with w.World(change=change, mail=False) as world:
        requests = letters(count, "shared_record")
        accept_while_away(world, requests)
        sandbox = subprocess.Popen([world.program, "sandbox", "--pki", world.pki, "--listen", f"127.0.0.1:{ports[0]}",
                                    "--page", f"127.0.0.1:{ports[1]}"], stdout=subprocess.DEVNULL)
        try:
            w.wait_until(lambda: _listens(ports[0]), "the sandbox does not listen")
            rate, cpu = drain(world, count)
            print(f"| bundle, sandbox | {rate:.1f} | {cpu:.0f} |", end=" ", flush=True)
            world.start_gateway()
            bundle = preview_file(world, requests[0], "bundle.json")
            print(peer("https", base_url, world.pki, bundle, count, CONNECTIONS), "|", flush=True)
        finally:
            sandbox.terminate()
            sandbox.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    w.as_root()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    begun = time.monotonic()
    print(f"{count} letters, {CONNECTIONS} connections\n")
    print("| partner | delivered/s | gateway CPU us each | the same bytes, sent alone |\n| --- | --- | --- | --- |")
    mails(count)
    bundles(count)
    print(f"\n{time.monotonic() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
