#!/usr/bin/env python3
"""SubmitEvents through a stock gRPC client: one answer for each message, whatever it is; a sender that is too fast
waits, and costs the gateway no memory; and through kills and stops nothing is lost and nothing is there twice."""

from __future__ import annotations

import pathlib
import random
import threading
import time
from dataclasses import dataclass, field

import world as w
from world import require, require_equal, wait_until

KIB, MIB = 1024, 1024 * 1024
# The gateway reads on while 32 MiB of a stream wait for their answer (gateway/rpc/submit_stream.h); one more is on its
# way in, one or two are at the sender. In memory each becomes several times its size while it is checked and sealed:
# read as a whole, these would take more than the bound.
ON_THE_WAY_MAX = 96 * MIB
STREAM_MEMORY_MAX = 512 * MIB
LARGE_BYTES, LARGE_MESSAGES = 8 * MIB, 24
# Of a stream that is killed or stopped, and when that happens.
SENT_MAX, ANSWERED_MIN = 300, 80
# Of events whose sender reads no answer: 64, and as many as have their answers in the buffers on the way.
UNREAD_MAX = 1000


class Letters:
    """The wire form of small letters that differ in their keys, made fast."""

    def __init__(self, *targets: str):
        self._template = w.letter("0" * 12, *targets).SerializeToString()

    def __call__(self, prefix: str, number: int) -> bytes:
        return self._template.replace(b"0" * 12, self.key(prefix, number).encode(), 1)

    @staticmethod
    def key(prefix: str, number: int) -> str:
        return f"{prefix}-{number:0{11 - len(prefix)}}"


def padded(request, size: int):
    """The letter with a PDF of that size: what is added is a comment that does not compress."""
    pdf = request.event.discharge_letter.pdf
    filling = random.Random(request.idempotency_key).randbytes(size).translate(NO_LINE_END)
    at = pdf.pdf.rindex(b"startxref")
    pdf.pdf = pdf.pdf[:at] + b"%" + filling + b"\n" + pdf.pdf[at:]
    return request


ACCEPTED = ("new", "known", "twin")
NO_LINE_END = bytes(byte if byte >= 0x80 else 0x80 | byte for byte in range(256))


@dataclass
class Scene:
    world: w.World
    client: w.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.world.client()

    def restart(self) -> None:
        self.world.start_gateway()
        self.client = self.world.client()

    def keys_like(self, prefix: str) -> list[str]:
        """Keys in the ledger, as often as they are there."""
        return [key for (key,) in self.world.rows(
            f"SELECT idempotency_key FROM event WHERE idempotency_key LIKE '{prefix}%' ORDER BY idempotency_key")]

    def rss(self) -> int:
        """Resident memory of the gateway."""
        status = pathlib.Path(f"/proc/{self.world.gateway.process.pid}/status").read_text("ascii")
        return next(int(line.split()[1]) * KIB for line in status.splitlines() if line.startswith("VmRSS:"))


# --- one answer for each ------------------------------------------------------------------------------------


@dataclass
class Message:
    body: bytes
    # Echoed; empty when the message cannot be read.
    key: str
    # What is answered: "new", "known", "twin" (it is in the stream twice: one of them is new), or an error's reason.
    answer: str
    field: str = ""
    poison: bytes = b""


def ten(number: int, known) -> list[Message]:
    """Ten messages, half of them bad: of each kind one. `known` was accepted before."""
    letters = [w.letter(f"dix-{number}-{index}", "outil-demo") for index in range(6)]
    if number % 10 == 0:
        padded(letters[1], 300 * KIB)  # checked by another thread than small ones
    good = [Message(one.SerializeToString(), one.idempotency_key, "new") for one in letters[:3]]
    twin = Message(letters[3].SerializeToString(), letters[3].idempotency_key, "twin")
    latin = letters[4]
    latin.event.subject.birth_family_name = "XQXQXQ"
    nobody = w.edited(letters[5], lambda one: one.event.ClearField("recipients"))
    other = w.edited(known, lambda one: setattr(one.event.source, "software", "Poison 1"))
    return good[:2] + [
        Message(b"\xff\xff poison", "", "MESSAGE_UNREADABLE", poison=b"poison"),
        Message(latin.SerializeToString().replace(b"XQXQXQ", "HÉRITÉ".encode("latin-1")), "", "TEXT_NOT_UTF8",
                "event.subject.birth_family_name", b"RIT"),
        twin,
        Message(nobody.SerializeToString(), nobody.idempotency_key, "FIELD_INVALID", "event.recipients"),
        twin,
        Message(known.SerializeToString(), known.idempotency_key, "known"),
        Message(other.SerializeToString(), known.idempotency_key, "KEY_REUSED", poison=b"Poison"),
        good[2],
    ]


def require_answered(message: Message, answer, alone: w.Refusal | None) -> None:
    require_equal(answer.idempotency_key, message.key, "key")
    if message.answer in ACCEPTED:
        require(answer.HasField("status") and answer.status.event_id, f"refused: {answer.error}")
        require(message.answer == "twin" or answer.already_accepted == (message.answer == "known"),
                f"{message.answer}, and known before: {answer.already_accepted}")
        return
    refusal = w.Refusal.of_status(answer.error)
    require_equal(refusal.reason, message.answer, "reason")
    require_equal((refusal.code, refusal.message, refusal.fields), (alone.code, alone.message, alone.fields),
                  "the error beside that of SubmitEvent")
    require(not message.field or message.field in refusal.fields, f"the fields are {refusal.fields}")
    require(not message.poison or message.poison not in refusal.raw, "the answer repeats the value")


def check_mixed(scene: Scene) -> None:
    """500 messages, good and bad: one answer for each by its index, errors as SubmitEvent's; the stream goes on"""
    known = w.letter("connu", "outil-demo")
    scene.client.submit(known)
    messages = [message for number in range(50) for message in ten(number, known)]
    answers = list(scene.client.stream(message.body for message in messages))
    require_equal(sorted(one.index for one in answers), list(range(500)), "indexes")
    alone = {one.answer: w.refusal_of(scene.client.submit_bytes, one.body)
             for one in messages[:10] if one.answer not in ACCEPTED}
    for answer in answers:
        require_answered(messages[answer.index], answer, alone.get(messages[answer.index].answer))
    fresh = [one.idempotency_key for one in answers if one.HasField("status") and not one.already_accepted]
    expected = {one.key for one in messages if one.answer in ("new", "twin")}
    require_equal(sorted(fresh), sorted(expected), "accepted as new")
    require_equal(scene.keys_like("dix-"), sorted(fresh), "events in the ledger")
    for answer in random.Random(4).sample([one for one in answers if one.HasField("status")], 10):
        require(w.all_delivered(scene.client.wait_settled(answer.status.event_id)), "it is not delivered")


def check_ends(scene: Scene) -> None:
    """an empty stream ends well; a message above 32 MiB ends the call; what was answered before it stays answered"""
    require_equal(list(scene.client.stream([])), [], "answers to nothing")
    letters, seen = Letters("outil-demo"), threading.Event()

    def requests():
        yield letters("gros", 0)
        seen.wait(w.READY_S)
        yield bytes(33 * MIB)

    answers = scene.client.stream(requests())
    require(next(answers).HasField("status"), "the good one is refused")
    seen.set()
    require_equal(w.refusal_of(list, answers).code, "RESOURCE_EXHAUSTED", "answer to 33 MiB")
    require_equal(len(scene.keys_like("gros")), 1, "events")


def check_rights(scene: Scene) -> None:
    """each event is judged by the caller's rights, the others go on; who is nobody gets no stream"""
    letters = [w.letter("droit-1", "outil-demo"), w.letter("droit-2", "outil-demo")]
    letters[0].event.tenant = "cpts-voisine"
    answers = {answer.index: answer for answer in scene.client.stream(letters)}
    require_equal(w.Refusal.of_status(answers[0].error).reason, "NOT_ALLOWED", "another tenant")
    require(answers[1].HasField("status"), "the other one is refused")
    for answer in scene.world.client("operateur").stream(letters):
        require_equal(w.Refusal.of_status(answer.error).code, "PERMISSION_DENIED", "who may not submit")
    scene.world.issue_client("inconnu")
    refusal = w.refusal_of(list, scene.world.client("inconnu").stream(letters))
    require_equal((refusal.code, refusal.reason), ("UNAUTHENTICATED", "NO_PRINCIPAL"), "a certificate of nobody")


def check_leaves(scene: Scene) -> None:
    """a sender that leaves in the middle loses nothing that was answered, and sends all again under the same keys"""
    letters, count = Letters("outil-demo"), 300
    answers = scene.client.stream(letters("part", number) for number in range(count))
    answered = [next(answers).idempotency_key for _ in range(count // 3)]
    answers.cancel()
    require(set(answered) <= set(scene.keys_like("part-")), "an answered event is not in the ledger")
    again = list(scene.client.stream(letters("part", number) for number in range(count)))
    require(all(one.HasField("status") for one in again), "one is refused")
    require(set(answered) <= {one.idempotency_key for one in again if one.already_accepted}, "one was taken twice")
    require_equal(scene.keys_like("part-"), [letters.key("part", number) for number in range(count)], "events")


# --- too fast -----------------------------------------------------------------------------------------------


def check_reads_nothing(scene: Scene) -> None:
    """a sender that reads no answer is soon made to wait; when it reads, all goes on and all is answered"""
    letters, count, sent = Letters("outil-demo"), 2000, [0]
    scene.world.repository.go_down()  # letters that leave are not what this is about

    def requests():
        for number in range(count):
            sent[0] += 1
            yield letters("muet", number)

    answers = scene.world.client(options=w.SMALL_WINDOW).stream(requests())
    before, taken = -1, 0
    while before != taken:
        time.sleep(1)
        before, taken = taken, len(scene.keys_like("muet"))
    print(f"      the gateway waits after {taken} events; {sent[0]} left the sender", flush=True)
    require(0 < taken < UNREAD_MAX, f"the gateway took {taken} events whose answers nobody reads")
    indexes = sorted(answer.index for answer in answers if answer.HasField("status"))
    require_equal(indexes, list(range(count)), "indexes")
    scene.world.repository.come_up()


def check_memory(scene: Scene) -> None:
    """a sender of large messages, faster than the gateway, waits: memory stays under a bound, and all is accepted"""
    scene.world.repository.go_down()
    template = padded(w.letter("0" * 12, "outil-demo"), LARGE_BYTES).SerializeToString()
    before, most, done = scene.rss(), [0], threading.Event()
    answers: list = []
    ahead = [0]

    def look() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], scene.rss())

    def requests():
        for number in range(LARGE_MESSAGES):
            ahead.append(number + 1 - len(answers))
            yield template.replace(b"0" * 12, Letters.key("lourd", number).encode(), 1)

    looking = threading.Thread(target=look)
    looking.start()
    begin = time.monotonic()
    try:
        for answer in scene.client.stream(requests(), timeout_s=3 * w.CALL_S):
            answers.append(answer)
    finally:
        done.set()
        looking.join()
    took, grown = time.monotonic() - begin, most[0] - before
    accepted = sorted(one.index for one in answers if one.HasField("status"))
    require_equal(accepted, list(range(LARGE_MESSAGES)), "indexes")
    print(f"      {LARGE_MESSAGES} messages of {LARGE_BYTES // MIB} MiB in {took:.1f} s, at most {max(ahead)} on the "
          f"way; memory grew by {grown // MIB} MiB", flush=True)
    require(max(ahead) * LARGE_BYTES <= ON_THE_WAY_MAX, f"{max(ahead)} messages on the way at once")
    require(grown < STREAM_MEMORY_MAX, f"memory grew by {grown // MIB} MiB")
    scene.world.repository.come_up()


# --- kill and stop ------------------------------------------------------------------------------------------


class Sending(threading.Thread):
    """A stream that does not end by itself: what was sent, what was answered, and how it ended."""

    def __init__(self, client: w.Client, prefix: str, target: str):
        super().__init__(daemon=True)
        self._letters, self._prefix, self._client = Letters(target), prefix, client
        self._over = threading.Event()
        self.sent = 0
        self.receipts: dict[str, object] = {}
        self.end: w.Refusal | None = None
        self.start()

    def body(self, number: int) -> bytes:
        return self._letters(self._prefix, number)

    def _requests(self):
        while self.sent < SENT_MAX:
            self.sent += 1
            yield self.body(self.sent - 1)
        self._over.wait()

    def run(self) -> None:
        try:
            for answer in self._client.stream(self._requests()):
                self.receipts[answer.idempotency_key] = answer.status
        except w.Refusal as refusal:
            self.end = refusal
        self._over.set()


def require_all_once(scene: Scene, prefix: str, sending: Sending) -> list:
    """All are sent again: each is in the ledger once, under the receipt that it had, and is delivered. The answers."""
    answers = list(scene.client.stream(sending.body(number) for number in range(sending.sent)))
    require(all(one.HasField("status") for one in answers), "one is refused when it is sent again")
    for answer in answers:
        known = sending.receipts.get(answer.idempotency_key)
        require(not known or (answer.already_accepted and answer.status.event_id == known.event_id),
                "an answered event was lost, or has another receipt")
    keys = [Letters.key(prefix, number) for number in range(sending.sent)]
    require_equal(scene.keys_like(prefix), keys, "events in the ledger")
    undelivered = "SELECT 1 FROM delivery WHERE state != 4 LIMIT 1"
    wait_until(lambda: not scene.world.rows(undelivered), "not all are delivered", 90)
    return answers


def check_killed(scene: Scene) -> None:
    """killed in the middle: all sent again under the same keys is in the ledger once, and arrives once"""
    sending = Sending(scene.client, "tue", "shared_record")
    wait_until(lambda: len(sending.receipts) >= ANSWERED_MIN, "nothing is answered")
    scene.world.gateway.kill()
    sending.join(w.READY_S)
    require_equal(sending.end and sending.end.code, "UNAVAILABLE", "how the call ends")
    require(set(sending.receipts) <= set(scene.keys_like("tue")), "an answered event is not in the ledger")
    scene.restart()
    print(f"      {sending.sent} were sent, {len(sending.receipts)} answered", flush=True)
    answers = require_all_once(scene, "tue", sending)
    for answer in answers:
        scene.world.repository.document(answer.status.document_id)


def check_stopped(scene: Scene) -> None:
    """stopped in the middle: the call ends with DRAINING, and every event that it took was answered"""
    sending = Sending(scene.client, "fin", "outil-demo")
    wait_until(lambda: len(sending.receipts) >= ANSWERED_MIN, "nothing is answered")
    begin = time.monotonic()
    require_equal(scene.world.gateway.stop(), 0, "exit status")
    took = time.monotonic() - begin
    sending.join(w.READY_S)
    require_equal((sending.end.code, sending.end.reason), ("UNAVAILABLE", "DRAINING"), "how the call ends")
    require_equal(scene.keys_like("fin"), sorted(sending.receipts), "events in the ledger, beside the answered")
    print(f"      {len(sending.receipts)} were answered; it stopped in {took:.1f} s", flush=True)
    scene.restart()
    require_all_once(scene, "fin", sending)


def change(config: dict) -> None:
    config["repositories"][0]["concurrency"] = 4
    config["retry"]["most"] = "0.5s"


def test(report: w.Report) -> None:
    # Two of them leave thousands of letters behind.
    for checks in ((check_mixed, check_ends, check_rights, check_leaves, check_killed, check_stopped),
                   (check_reads_nothing,), (check_memory,)):
        with w.World(change, mail=False) as world:
            world.start_gateway()
            scene = Scene(world)
            for check in checks:
                report.run(check, scene)
            report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes")


if __name__ == "__main__":
    w.main(test)
