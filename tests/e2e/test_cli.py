#!/usr/bin/env python3
"""The command line as an operator uses it: thousands of files over one connection, each answered once, with bad files
among them and through restarts of the gateway; what list, watch, retry and cancel print; preview and check, which need
no gateway; and completion in bash.

PASSERELLE_FILES says how many files (1,000).
"""

from __future__ import annotations

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass

import world as w
from world import repo, require, require_equal, wait_until

FILES = int(os.environ.get("PASSERELLE_FILES", "1000"))
MAILBOX = "jeanne.absente@cabinet-ferme.demo.mssante.fr"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
DONE, REFUSED, USAGE, FILE, UNAVAILABLE = range(5)


class Outbox:
    """A folder of small letters to the tool, each under a key of its own."""

    def __init__(self, folder: pathlib.Path, prefix: str, count: int):
        self.folder = folder
        folder.mkdir()
        request = w.letter("CLE", "outil-demo")
        pdf = folder / "contenu.pdf"
        pdf.write_bytes(request.event.discharge_letter.pdf.pdf)
        request.event.discharge_letter.pdf.ClearField("pdf")
        tree = json.loads(w.json_format.MessageToJson(request, preserving_proto_field_name=True))
        tree["event"]["discharge_letter"]["pdf"]["pdf_file"] = "contenu.pdf"
        text = json.dumps(tree)
        self.keys = [f"{prefix}-{number:06}" for number in range(count)]
        self.files = [folder / f"{key}.json" for key in self.keys]
        for key, file in zip(self.keys, self.files):
            file.write_text(text.replace('"CLE"', f'"{key}"'), "utf-8")

    def spoil(self, number: int) -> pathlib.Path:
        """Makes one of them bad: its tool does not exist."""
        text = self.files[number].read_text("utf-8")
        self.files[number].write_text(text.replace("outil-demo", "outil-absent"), "utf-8")
        return self.files[number]


class Connections(threading.Thread):
    """How many connections to a port were open at once, at most."""

    def __init__(self, port: int):
        super().__init__(daemon=True)
        self._remote, self._stop_asked = f":{port:04X}", threading.Event()
        self.most = 0

    def __enter__(self) -> Connections:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop_asked.set()
        self.join()

    def run(self) -> None:
        while not self._stop_asked.wait(0.02):
            self.most = max(self.most, self.now())

    def now(self) -> int:
        """Seen from the caller's side: the gateway's port is the remote one."""
        rows = [line.split() for name in ("tcp", "tcp6")
                for line in pathlib.Path(f"/proc/net/{name}").read_text("ascii").splitlines()[1:]]
        return sum(row[2].endswith(self._remote) and row[3] == "01" for row in rows)


@dataclass
class Scene:
    world: w.World

    def command(self, name: str, *words: object) -> list:
        return [self.world.program, name, "--server", f"localhost:{self.world.gateway.port}", "--pki", self.world.pki,
                *map(str, words)]

    def run(self, name: str, *words: object, expect: int = DONE, given: str = "") -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(name, *words), input=given, capture_output=True, text=True, timeout=300,
                              check=False)
        require(done.returncode == expect,
                f"{name} ended with {done.returncode} instead of {expect}: {done.stderr[-2000:]}")
        return done

    def keys_like(self, prefix: str) -> list[str]:
        """Keys in the ledger, as often as they are there."""
        return [key for (key,) in self.world.rows(
            f"SELECT idempotency_key FROM event WHERE idempotency_key LIKE '{prefix}%' ORDER BY idempotency_key")]

    def outbox(self, prefix: str, count: int) -> Outbox:
        return Outbox(self.world.folder / f"envois-{prefix}", prefix, count)

    def settled(self, status):
        return self.world.client().wait_settled(status.event_id)

    def rejected(self):
        """An event that the repository refused once; it would not again."""
        self.world.repository.fault(repo.refuse(422))
        return self.settled(self.world.client().submit(w.letter(f"cli-{time.monotonic_ns()}", "shared_record")).status)


def delivery_id(status) -> str:
    return status.recipients[0].deliveries[0].id


def named_in(lines: str) -> list[str]:
    """The files that lines of `submit` begin with."""
    return sorted(line.partition(": ")[0] for line in lines.splitlines())


# --- many files ---------------------------------------------------------------------------------------------


def check_folder(scene: Scene) -> None:
    """a folder of files: one connection, a line and a receipt for each, every one in the ledger once"""
    box = scene.outbox("dossier", FILES)
    begin = time.monotonic()
    with Connections(scene.world.gateway.port) as connections:
        done = scene.run("submit", box.folder)
    took = time.monotonic() - begin
    require(1 <= connections.most <= 2, f"{connections.most} connections at once")
    require_equal(named_in(done.stdout), sorted(map(str, box.files)), "files that are told")
    for line in done.stdout.splitlines():
        require(re.search(rf": event {UUID}  0 in progress", line), line)
    require(re.search(rf"^{FILES} events in \S+: {FILES} accepted, 0 refused$", done.stderr, re.M), done.stderr[-500:])
    require_equal(scene.keys_like("dossier-"), box.keys, "events in the ledger")
    print(f"      {FILES} events in {took:.1f} s, {connections.most} connection", flush=True)


def check_list(scene: Scene) -> None:
    """the same from a list on standard input, as JSON, over four connections: all are known; quiet says nothing"""
    files = sorted((scene.world.folder / "envois-dossier").glob("*.json"))
    names = "".join(f"{file}\n" for file in files)
    with Connections(scene.world.gateway.port) as connections:
        done = scene.run("submit", "--from-list", "-", "--json", "--connections", 4, given=names)
    require(2 <= connections.most <= 5, f"{connections.most} connections at once")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    require_equal(sorted(one["file"] for one in answers), [str(file) for file in files], "files that are told")
    require_equal(len({one["event_id"] for one in answers}), len(files), "events")
    require(f"({len(files)} of them known before)" in done.stderr, done.stderr)
    require_equal(len(scene.keys_like("dossier-")), len(files), "events in the ledger")
    listed = scene.world.folder / "liste.txt"
    listed.write_text(names)
    done = scene.run("submit", "--from-list", listed, "--quiet")
    require_equal((done.stdout, done.stderr), ("", ""), "what quiet says")


def check_bad_files(scene: Scene) -> None:
    """bad files among good ones: each is named with its reason, the others are accepted; the status is the highest"""
    box = scene.outbox("gate", 100)
    refused = box.spoil(10)
    unreadable = box.files[20]
    unreadable.write_text("{")
    done = scene.run("submit", box.folder, expect=REFUSED)
    for file in (refused, unreadable):
        require(re.search(rf"^{re.escape(str(file))}: \w+", done.stderr, re.M), f"{file.name} is not in {done.stderr}")
    require("FIELD_INVALID" in done.stderr and "outil-absent" not in done.stderr, done.stderr)
    require("98 accepted, " in done.stderr, done.stderr)
    good = [key for key, file in zip(box.keys, box.files) if file not in (refused, unreadable)]
    require_equal(scene.keys_like("gate-"), good, "events in the ledger")
    box.files[30].unlink()
    names = "".join(f"{file}\n" for file in box.files)
    done = scene.run("submit", "--from-list", "-", "--json", given=names, expect=FILE)
    answers = {one["file"]: one for one in map(json.loads, done.stdout.splitlines())}
    require_equal(len(answers), len(box.files), "files that are told")
    bad = {file: one["error"]["reason"] for file, one in answers.items() if "error" in one}
    require_equal(sorted(bad), sorted(map(str, (refused, unreadable, box.files[30]))), "bad ones")
    require_equal(bad[str(refused)], "FIELD_INVALID", "reason")


def check_statuses(scene: Scene) -> None:
    """the exit status says what to do: wrong use, wrong file, not reached"""
    box = scene.outbox("statut", 3)
    scene.run("submit", expect=USAGE)
    scene.run("submit", "--connections", 17, box.folder, expect=USAGE)
    scene.run("submit", scene.world.folder / "absent.json", expect=FILE)
    empty = scene.world.folder / "vide"
    empty.mkdir()
    scene.run("submit", empty, expect=FILE)
    scene.run("submit", "--from-list", "-", expect=FILE)
    nowhere = w.free_ports(1)[0]
    for words in ((box.folder,), (box.files[0],)):
        done = scene.world.run("submit", "--server", f"localhost:{nowhere}", "--pki", scene.world.pki, "--patience", 0,
                               *words, expect=UNAVAILABLE)
        require("INPUT_OUTPUT" in done.stderr, done.stderr)
    for words in (("show", uuid.uuid4()), ("cancel", uuid.uuid4()), ("retry", uuid.uuid4())):
        require("NOT_FOUND" in scene.run(*words, expect=REFUSED).stderr, f"{words[0]}")
    require_equal(scene.keys_like("statut-"), [], "events in the ledger")


def check_terminal(scene: Scene) -> None:
    """on a terminal a bar shows how far it is, and the summary stays"""
    box = scene.outbox("barre", 300)
    shown, terminal = pty.openpty()
    said = bytearray()

    def read() -> None:
        while True:
            try:
                said.extend(os.read(shown, 65536))
            except OSError:  # the other side is closed
                return

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    done = subprocess.run(scene.command("submit", box.folder), stdout=subprocess.DEVNULL, stderr=terminal, timeout=120,
                          check=False)
    os.close(terminal)
    reading.join(10)
    text = said.decode()
    require_equal(done.returncode, DONE, "exit status")
    require(re.search(r"\r\x1b\[K\[=*>? *\] \d+/300 sent", text), f"no bar: {text[:300]!r}")
    require(text.rstrip().endswith("300 accepted, 0 refused"), text[-200:])
    os.close(shown)


def check_progress_lines(scene: Scene) -> None:
    """without a terminal a line every five seconds says how far it is, also while the gateway says nothing"""
    box = scene.outbox("lignes", 200)
    scene.world.gateway.process.send_signal(signal.SIGSTOP)
    with (scene.world.folder / "lignes.err").open("wb+") as said:
        running = subprocess.Popen(scene.command("submit", box.folder), stdout=subprocess.DEVNULL, stderr=said)
        time.sleep(6.5)
        scene.world.gateway.process.send_signal(signal.SIGCONT)
        require_equal(running.wait(60), DONE, "exit status")
        said.seek(0)
        text = said.read().decode()
    require(re.search(r"^0 of 200 sent$", text, re.M), text)
    require("200 accepted, 0 refused" in text, text)
    require_equal(len(scene.keys_like("lignes-")), 200, "events in the ledger")


def check_restart(scene: Scene) -> None:
    """the gateway is killed and stopped in the middle: the same command goes on, and each file is in the ledger once"""
    box = scene.outbox("reprise", max(FILES // 2, 400))
    running = subprocess.Popen(scene.command("submit", box.folder, "--json"), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    said: list[str] = []
    reading = threading.Thread(target=lambda: said.extend(running.stdout), daemon=True)
    reading.start()
    for part, trouble in ((4, scene.world.gateway.kill), (2, lambda: scene.world.gateway.stop())):
        wait_until(lambda p=part: len(said) >= len(box.files) // p, "it does not go on", every_s=0.005)
        require(running.poll() is None, "it ended before the trouble: this proves nothing")
        trouble()
        scene.world.start_gateway()
    require_equal(running.wait(120), DONE, "exit status")
    reading.join(10)
    answers = [json.loads(line) for line in said]
    require_equal(sorted(one["file"] for one in answers), sorted(map(str, box.files)), "files that are told")
    require(all("event_id" in one for one in answers), "one has no receipt")
    require_equal(scene.keys_like("reprise-"), box.keys, "events in the ledger")
    done = scene.run("submit", box.folder, "--quiet", "--wait")
    require_equal(done.stderr, "", "what it says when all are delivered")


# --- what is printed ----------------------------------------------------------------------------------------


def check_list_output(scene: Scene) -> None:
    """list tells who is not reached in French, filters, counts, and gives each event whole as JSON"""
    status = scene.rejected()
    said = scene.run("list", "--stuck").stdout
    require(said.startswith("EVENT") and status.event_id in said, said)
    require("recipient 0  NOT REACHED  dmp-demo: rejected, attempts 1, CONTENT_REFUSED (422" in said, said)
    require(status.recipients[0].reason_fr in said, said)
    line = json.loads(scene.run("list", "--state", "rejected", "--since", "10min", "--json").stdout)
    found = line["event_id"], line["recipients"][0]["deliveries"][0]["id"]
    require_equal(found, (status.event_id, delivery_id(status)), "as JSON")
    done = scene.run("list", "--limit", 3)
    require_equal(len(re.findall(rf"^{UUID}", done.stdout, re.M)), 3, "events")
    require("there may be more" in done.stderr, done.stderr)
    done = scene.run("list", "--adapter", "mail-demo")
    require_equal((done.stdout, done.stderr), ("", "no event\n"), "nothing found")
    every = scene.run("list", "--limit", 100000, "--json").stdout.splitlines()
    require_equal(len(every), scene.world.rows("SELECT count(*) FROM event")[0][0], "events over many pages")
    for words in (("--state", "poison"), ("--since", "gestern"), ("--limit", 0)):
        scene.run("list", *words, expect=USAGE)
    scene.run("list", "--tenant", "cpts-voisine", expect=REFUSED)
    scene.run("retry", delivery_id(status))
    scene.settled(status)


def check_retry_output(scene: Scene) -> None:
    """retry names what it tries again; --stuck asks first; the same key says so; what cannot be retried is status 1"""
    status = scene.rejected()
    delivery = delivery_id(status)
    done = scene.run("retry", "--stuck", given="n\n", expect=REFUSED)
    require(delivery in done.stderr and "nothing was done" in done.stderr, done.stderr)
    done = scene.run("retry", "--stuck", "--identity", "operateur", given="y\n")
    require(f"{delivery}: is tried again, event {status.event_id}, now " in done.stdout, done.stdout)
    require(w.all_delivered(scene.settled(status)), "it is not delivered")
    require("nothing is stuck" in scene.run("retry", "--stuck", "--yes").stderr, "what it says when nothing is stuck")
    require("CANNOT_RETRY" in scene.run("retry", delivery, expect=REFUSED).stderr, "what was delivered")
    delivery = delivery_id(scene.rejected())
    first = json.loads(scene.run("retry", delivery, "--idempotency-key", "cli-1", "--json").stdout)
    again = json.loads(scene.run("retry", delivery, "--idempotency-key", "cli-1", "--json").stdout)
    require_equal([(one["delivery_id"], one["already_retried"]) for one in (first, again)],
                  [(delivery, False), (delivery, True)], "as JSON")


def check_cancel_output(scene: Scene) -> None:
    """cancel tells what each delivery came to, by id and by key; what has left is status 1"""
    client = scene.world.client()
    statuses = [client.submit(w.letter(f"retrait-{number}", MAILBOX)).status for number in (1, 2)]

    def cancel(*words):
        """Again while an attempt is under way, which is short: nothing listens there."""
        def done():
            found = subprocess.run(scene.command("cancel", *words), capture_output=True, text=True, check=False)
            return found if found.returncode == DONE else require(
                "CANNOT_CANCEL" in found.stderr, f"status {found.returncode}: {found.stderr}")
        return wait_until(done, "it is never withdrawn")

    said = cancel(statuses[0].event_id).stdout
    require(said.startswith(f"{statuses[0].event_id}: 1 deliveries withdrawn\n"), said)
    require("  recipient 0  NOT REACHED  mail-demo: cancelled" in said, said)
    answer = json.loads(cancel("--idempotency-key", "retrait-2", "--tenant", "cpts-demo", "--json").stdout)
    require_equal((answer["event"], answer["cancelled"], answer["status"]["event_id"]),
                  ("retrait-2", 1, statuses[1].event_id), "as JSON")
    delivered = client.submit(w.letter("retrait-3", "outil-demo")).status
    client.wait_settled(delivered.event_id)
    require("CANNOT_CANCEL" in scene.run("cancel", delivered.event_id, expect=REFUSED).stderr, "what was delivered")
    scene.run("cancel", expect=USAGE)


class Watching:
    """`passerelle watch --json` with a state file."""

    def __init__(self, scene: Scene, *words: object):
        self.lines: list[dict] = []
        self._process = subprocess.Popen(scene.command("watch", "--json", *words), stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def wait_sequence(self, sequence: int) -> None:
        def caught_up():
            require(self._process.poll() is None, f"the watcher ended with {self._process.returncode}")
            return self.lines and self.lines[-1]["sequence"] == str(sequence)

        wait_until(caught_up, "the watcher does not catch up")

    def end(self, with_signal: int) -> tuple[int, str]:
        """Exit status, and what it said on stderr."""
        self._process.send_signal(with_signal)
        said = self._process.stderr.read()
        self._reading.join(10)
        return self._process.wait(10), said


def check_watch_output(scene: Scene) -> None:
    """watch tells every change, through a restart of the gateway; killed and started again it goes on where it was"""
    client, state = scene.world.client(), scene.world.folder / "position"
    last = scene.world.rows("SELECT max(seq) FROM change")[0][0]
    state.write_text(f"{last}\n")

    def happen(number: int) -> int:
        status = scene.world.client().submit(w.letter(f"suivi-{number}", "outil-demo")).status
        scene.settled(status)
        return scene.world.rows("SELECT max(seq) FROM change")[0][0]

    watching = Watching(scene, "--state-file", state)
    watching.wait_sequence(happen(1))
    scene.world.gateway.stop()
    scene.world.start_gateway()
    watching.wait_sequence(happen(2))
    told = watching.lines[:]
    status, said = watching.end(signal.SIGTERM)
    require_equal(status, DONE, "exit status after a signal")
    require("the line broke, trying again" in said and "watching again" in said, said)
    require_equal(state.read_text(), f"{told[-1]['sequence']}\n", "position")
    happen(3)
    watching = Watching(scene, "--state-file", state)
    watching.wait_sequence(happen(4))
    watching.end(signal.SIGKILL)
    watching2 = Watching(scene, "--state-file", state)
    watching2.wait_sequence(happen(5))
    require_equal(watching2.end(signal.SIGINT)[0], DONE, "exit status after a signal")
    heard = {int(one["sequence"]) for one in told + watching.lines + watching2.lines}
    expected = {seq for (seq,) in scene.world.rows(f"SELECT seq FROM change WHERE seq > {last}")}
    require_equal(heard, expected, "sequences")
    one = told[0]["change"]
    require_equal([one[name] for name in ("kind", "adapter", "state")],
                  ["discharge_letter", "outil-demo", "DELIVERY_STATE_PENDING"], "a change as JSON")
    require("suivi" not in json.dumps(told), "it tells the key")
    client.close()
    done = scene.run("watch", "--after", 10**9, expect=REFUSED)
    require("after_sequence" in done.stderr, done.stderr)


# --- without a gateway --------------------------------------------------------------------------------------


def check_preview_open(scene: Scene) -> None:
    """preview --open shows a letter of fields as a page or as its PDF, another as its PDF; no program, no failure"""
    opened, opener = scene.world.folder / "ouvert", scene.world.folder / "lecteur"
    opener.write_text(f'#!/bin/sh\necho "$1" >{opened}.new && mv {opened}.new {opened}\n')
    opener.chmod(0o755)
    for sample, word, expected in (("minimal", "--open", "document.html"), ("minimal", "--open=pdf", "document.pdf"),
                                   ("pdf", "--open", "document.pdf"), ("minimal", "--open", "")):
        out = scene.world.folder / "apercu"
        program = opener if expected else scene.world.folder / "absent"
        done = subprocess.run([scene.world.program, "preview", w.LETTERS / f"{sample}.yaml", "--out", out, "--config",
                               scene.world.config_file, word], capture_output=True, text=True, check=False,
                              env=os.environ | {"PASSERELLE_OPEN": str(program)})
        require_equal(done.returncode, DONE, f"exit status, with {done.stderr}")
        path = str(out / "0-mail-demo" / (expected or "document.html"))
        require(path in done.stdout, f"the path is not told: {done.stdout}")
        if not expected:
            require("PASSERELLE_OPEN" in done.stderr, f"it does not say what to set: {done.stderr}")
            continue
        wait_until(opened.exists, "nothing was opened")
        require_equal(opened.read_text().strip(), path, "what was opened")
        opened.unlink()


def check_check_output(scene: Scene) -> None:
    """check knows a file by its content and reads standard input; errors are status 1, a file that it cannot read 3"""
    out = scene.world.folder / "controle"
    scene.world.run("preview", w.LETTERS / "complete.yaml", "--out", out, "--config", scene.world.config_file)
    folder = out / "0-mail-demo"
    kinds = {"document.xml": "cda", "IHE_XDM.zip": "archive", "message.eml": "mail", "document.pdf": "pdf",
             "issues.json": "unknown"}
    for name, kind in kinds.items():
        renamed = folder / f"{kind}.bin"
        renamed.write_bytes((folder / name).read_bytes())
        done = scene.world.run("check", "--json", renamed, expect=REFUSED if kind == "unknown" else DONE)
        require_equal(json.loads(done.stdout)["kind"], kind, f"kind of {name}")
    broken = (folder / "document.xml").read_bytes().replace(b'<realmCode code="FR"/>', b"", 1)
    done = subprocess.run([scene.world.program, "check", "-", folder / "absent.xml", folder / "document.xml"],
                          input=broken, capture_output=True, check=False)
    require_equal(done.returncode, FILE, "exit status with a file that is not there")
    require(b"error  REALM_WRONG" in done.stdout and b"no issues" in done.stdout, done.stdout.decode())
    require(b"absent.xml" in done.stderr, done.stderr.decode())


# --- completion ---------------------------------------------------------------------------------------------


def check_completion(scene: Scene) -> None:
    """completion for bash offers commands, options and states, as a shell that sources it does"""
    script = scene.world.folder / "completion.bash"
    script.write_text(scene.world.run("completion", "bash").stdout)
    for words, expected in (("su", {"submit"}), ("list --state h", {"handed_over"}), ("pki d", {"dev"}),
                            ("submit --from", {"--from-list"}), ("completion ", {"bash"}), ("doctor --q", {"--quick"}),
                            ("", {"serve", "submit", "preview", "check", "show", "list", "watch", "retry", "cancel",
                                  "doctor", "pki", "audit", "completion", "sandbox"})):
        line = f"passerelle {words}"
        asked = (f'source {script}; words=({line}); [[ "{line}" == *" " ]] && words+=(""); '
                 'COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1)); _passerelle; '
                 'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", asked], capture_output=True, text=True, check=False)
        require_equal((set(done.stdout.split()), done.stderr), (expected, ""), f"what is offered after: {line}")
    scene.world.run("completion", "fish", expect=USAGE)


def test(report: w.Report) -> None:
    def change(config: dict) -> None:
        config["grpc"]["listen"] = f"127.0.0.1:{w.free_ports(1)[0]}"  # the same after each start
        config["webhooks"][0]["concurrency"] = 8

    with w.World(change, mail=False) as world:
        world.start_gateway()
        scene = Scene(world)
        for check in (check_folder, check_list, check_bad_files, check_statuses, check_terminal, check_progress_lines,
                      check_restart, check_list_output, check_retry_output, check_cancel_output, check_watch_output,
                      check_preview_open, check_check_output, check_completion):
            report.run(check, scene)
            world.repository.heal()
        report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes after all this")
        report.end()


if __name__ == "__main__":
    w.main(test)
