#!/usr/bin/env python3
"""Sends event files one after the other and shows, live, where each recipient stands.

    send_letters.py --program build/release/passerelle --config deploy/config/passerelle.yaml \\
        --server localhost:8443 --pki build/demo/pki --out build/demo/letters samples/letters/*.yaml

Each letter is followed to its end before the next one leaves: a replacement would otherwise withdraw the letter that it
replaces, if that one is still waiting. Beside what it prints it writes, under --out, a preview of each letter and
sent.tsv: letter, mailbox and event id of each mailbox reached. It succeeds when all are reached.
"""

from __future__ import annotations

import argparse
import dataclasses
import email
import email.policy
import json
import pathlib
import shutil
import subprocess
import sys
import time

# A delivery takes a tenth of a second; one that does not end at once is retried after seconds.
_FIRST_LOOKS_S, _LOOK_INTERVAL_S, _LATER_INTERVAL_S = 2, 0.02, 0.25
_UNAVAILABLE = 4  # exit status of passerelle: the gateway cannot be reached
_MISSED_LOOKS_MAX = 10
_MAILBOX_COLUMN = 54


class Failed(Exception):
    """No use going on: the text says why."""


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *words], text=True, encoding="utf-8", capture_output=True, check=False)


def short(enumerator: str, prefix: str) -> str:
    return enumerator.removeprefix(prefix).lower().replace("_", " ")


@dataclasses.dataclass
class Recipient:
    """What one recipient's line says, word by word: accepted → sending → delivered."""

    label: str
    is_mailbox: bool = False
    steps: list[str] = dataclasses.field(default_factory=list)
    seen: dict[str, tuple[int, str]] = dataclasses.field(default_factory=dict)
    final: str = ""
    reason_fr: str = ""
    ended_s: float = 0.0

    def update(self, status: dict, elapsed_s: float) -> None:
        for delivery in status["deliveries"]:
            self._follow(delivery)
        if waits_its_turn(status) and not self.final:
            self.steps.append("waits for its turn")
            self.final = "WAITING"
            return
        if status["state"] != "RECIPIENT_STATE_IN_PROGRESS" and not self.final:
            self.final, self.reason_fr, self.ended_s = status["state"], status["reason_fr"], elapsed_s

    def _follow(self, delivery: dict) -> None:
        state = short(delivery["state"], "DELIVERY_STATE_")
        attempts = delivery["attempts"]
        attempts_before, state_before = self.seen.get(delivery["id"], (0, "pending"))
        self.seen[delivery["id"]] = (attempts, state)
        # An attempt can begin and end between two looks: the count of attempts tells that it was.
        if attempts > attempts_before:
            self.steps.append("sending" if attempts == 1 else f"sending (attempt {attempts})")
        if state == "sending" or (attempts, state) == (attempts_before, state_before):
            return
        answer = " ".join(filter(None, (delivery["reason"], delivery["partner_code"])))
        self.steps.append(state if state == "delivered" or not answer else f"{state} ({answer})")

    def reached(self) -> bool:
        return self.final in ("RECIPIENT_STATE_REACHED", "WAITING")


def waits_its_turn(status: dict) -> bool:
    """A candidate who is asked only when the one before has not accepted: days, and no matter of sending."""
    return status["origin"] == "RECIPIENT_ORIGIN_CANDIDATE" and bool(status["deliveries"]) and all(
        one["state"] == "DELIVERY_STATE_PENDING" and "due_at" not in one for one in status["deliveries"])


class Board:
    """Prints one line for each recipient, in order, each word when it becomes true."""

    def __init__(self, recipients: list[Recipient]) -> None:
        self._recipients = recipients
        self._width = max(_MAILBOX_COLUMN, *(len(one.label) for one in recipients))
        self._line = 0
        self._printed = 0

    def show(self) -> None:
        while self._line < len(self._recipients):
            one = self._recipients[self._line]
            for step in one.steps[self._printed:]:
                begin = f"      {one.label:<{self._width}}  " if self._printed == 0 else " → "
                print(begin + step, end="", flush=True)
                self._printed += 1
            if not one.final:
                return
            print("" if one.final == "WAITING" else f", {one.ended_s:.1f} s" if one.reached() else f"\n      NOT REACHED: {one.reason_fr}")
            self._line += 1
            self._printed = 0

    def break_off(self) -> None:
        if self._printed:
            print(" …", flush=True)


def preview(given: argparse.Namespace, file: str) -> dict[int, Recipient]:
    """Each recipient by its index, as its preview tells. The status, made for the sender, names none."""
    folder = given.out / pathlib.Path(file).stem
    # What follows from the ledger (a care circle, an orientation) is known to the gateway only.
    where = ("--ask", "--server", given.server, "--pki", given.pki) if given.ask else ("--config", given.config)
    made = run(given.program, "preview", file, *where, "--out", str(folder))
    if made.returncode != 0:
        raise Failed(made.stderr.strip())
    return dict(recipient_of(part) for part in sorted(folder.iterdir()))


def recipient_of(part: pathlib.Path) -> tuple[int, Recipient]:
    """The folder of one recipient's preview is named by its index and its partner."""
    index, partner = part.name.split("-", 1)
    message = part / "message.eml"
    if not message.exists():
        return int(index), Recipient(partner)
    with message.open("rb") as source:
        headers = email.message_from_binary_file(source, policy=email.policy.default)
    return int(index), Recipient(str(headers["To"]), is_mailbox=True)


def client_words(given: argparse.Namespace) -> tuple[str, ...]:
    return ("--server", given.server, "--pki", given.pki, "--json")


def submit(given: argparse.Namespace, file: str) -> dict:
    done = run(given.program, "submit", *client_words(given), "--patience", "5", file)
    answer = json.loads(done.stdout) if done.stdout else {"error": {"reason": "", "text": done.stderr, "faults": []}}
    if "error" in answer:
        error = answer["error"]
        places = "".join(f"\n      {fault['path']}: {fault['text']}" for fault in error["faults"])
        raise Failed(f"not accepted: {error['reason']} {error['text'].strip()}{places}")
    return answer


def look(given: argparse.Namespace, event_id: str) -> dict | None:
    """The event's status; None when the gateway did not answer, which may pass."""
    done = run(given.program, "show", *client_words(given), event_id)
    if done.returncode == _UNAVAILABLE:
        return None
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return json.loads(done.stdout)


def follow(given: argparse.Namespace, status: dict, recipients: dict[int, Recipient]) -> None:
    if not recipients:
        print("      accepted: it changes what is known, and is sent to nobody", flush=True)
        return
    board = Board(list(recipients.values()))
    begun = time.monotonic()
    missed = 0
    for one in recipients.values():
        one.steps.append("accepted")
    try:
        while True:
            elapsed_s = time.monotonic() - begun
            for part in status["recipients"]:
                recipients[part["recipient_index"]].update(part, elapsed_s)
            board.show()
            if all(one.final for one in recipients.values()):
                return
            if elapsed_s > given.wait_seconds:
                raise Failed(f"still not all reached after {given.wait_seconds} s")
            time.sleep(_LOOK_INTERVAL_S if elapsed_s < _FIRST_LOOKS_S else _LATER_INTERVAL_S)
            news = look(given, status["event_id"])
            missed = 0 if news else missed + 1
            if missed > _MISSED_LOOKS_MAX:
                raise Failed("the gateway does not answer any more")
            status = news or status
    except Failed:
        board.break_off()
        raise


def send(given: argparse.Namespace, file: str) -> tuple[str, list[Recipient]]:
    """Sends one letter and stays until it ended: its event id, and its recipients."""
    print(f"   {pathlib.Path(file).name}", flush=True)
    previewed = preview(given, file)
    status = submit(given, file)
    indexes = sorted(part["recipient_index"] for part in status["recipients"])
    recipients = {index: previewed.get(index, Recipient(f"recipient {index}")) for index in indexes}
    follow(given, status, recipients)
    return status["event_id"], list(recipients.values())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send letters and show where each recipient stands.")
    parser.add_argument("--program", required=True, help="passerelle")
    parser.add_argument("--config", required=True, help="the gateway's configuration, for the previews")
    parser.add_argument("--server", required=True, help="host:port of the gateway")
    parser.add_argument("--pki", required=True, help="folder of the development PKI")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for previews and sent.tsv: made anew")
    parser.add_argument("--ask", action="store_true", help="previews by the gateway, which knows circles and orientations")
    parser.add_argument("--wait-seconds", type=int, default=30, help="for each letter; then the rest is not sent")
    parser.add_argument("files", nargs="+", metavar="FILE", help="event files, in this order")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(mode=0o700, parents=True)
    begun = time.monotonic()
    count = reached = 0
    rows: list[str] = []
    try:
        for file in given.files:
            event_id, recipients = send(given, file)
            count += len(recipients)
            reached += sum(one.reached() for one in recipients)
            rows += [f"{file}\t{one.label}\t{event_id}\n" for one in recipients if one.reached() and one.is_mailbox]
    except Failed as failed:
        print(f"      {failed}", flush=True)
        return 1
    (given.out / "sent.tsv").write_text("".join(rows), encoding="utf-8")
    print(f"\n   {len(given.files)} events, {reached} of {count} recipients reached, "
          f"{time.monotonic() - begun:.1f} s", flush=True)
    return 0 if reached == count else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
