"""A whole small world for the end-to-end tests: development PKI, private mail host, gateway, clients.

Everything lives in one temporary folder: the program itself, Postfix and Dovecot from deploy/demo/mailhost, a
document repository and a tool (tests/support/repository.py), and callers that are not ours (stock grpcio, Python's
IMAP and e-mail readers). The configuration is the one in deploy/config, with other paths and ports.

    with World() as world:
        gateway = world.start_gateway()
        receipt = world.client().submit(load_event("samples/letters/pdf.yaml"))

PASSERELLE_PROGRAM names the program; without it, the CI build and then the developer's. PASSERELLE_KEEP=1
keeps the folder of a run that passed, too.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field

import grpc
import yaml
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

from passerelle.v1 import delivery_pb2, gateway_pb2, gateway_pb2_grpc

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "support"))
import mailbox as box  # noqa: E402  (ours, found through the path above before Python's own)
import repository as repo  # noqa: E402

LETTERS = REPOSITORY / "samples" / "letters"
MAILHOST = REPOSITORY / "deploy" / "demo" / "mailhost"
MAILHOST_CACHE = REPOSITORY / "build" / "mailhost-cache"
MESSAGE_BYTES_MAX = 32 * 1024 * 1024
CALL_S = 60
READY_S = 30
# Options of a client that holds little of what it does not read: gRPC's own window grows to megabytes.
SMALL_WINDOW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535))
GIVEN_PORTS: set[int] = set()
GRPC_CODES = {code.value[0]: code.name for code in grpc.StatusCode}


class Failed(AssertionError):
    """A check's finding."""


def require(condition: object, finding: object) -> None:
    if not condition:
        raise Failed(finding)


def require_equal(found: object, expected: object, what: str) -> None:
    require(found == expected, f"{what}: {found!r} instead of {expected!r}")


def wait_until(condition, finding: str, timeout_s: float = READY_S, every_s: float = 0.05):
    """What the condition gives as soon as it is true; Failed when it never is."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        require(time.monotonic() < deadline, f"{finding} (after {timeout_s:g} s)")
        time.sleep(every_s)


def find_program() -> pathlib.Path:
    given = os.environ.get("PASSERELLE_PROGRAM")
    if given:
        return pathlib.Path(given).resolve()
    builds = [REPOSITORY / "build" / preset / "passerelle" for preset in ("ci", "dev")]
    found = next((build for build in builds if build.is_file()), None)
    require(found, "no program: build it, or name it in PASSERELLE_PROGRAM")
    return found


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, below those that the system gives to callers: else a client that
    calls a server while it is down may be connected to itself, and the server finds its port taken. None is
    given twice, for many are asked for long before anything listens there."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(20000, 32000)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            if port not in GIVEN_PORTS:
                GIVEN_PORTS.add(port)
                found.append(port)
    return found


# --- events -------------------------------------------------------------------------------------------------


def load_event(path: str | os.PathLike) -> gateway_pb2.SubmitEventRequest:
    """An event file as protobuf's own JSON reader and PyYAML understand it, without any code of ours."""
    path = REPOSITORY / path
    text = path.read_text("utf-8")
    # BaseLoader leaves every scalar the text that it is: the schema says what is a number, not YAML.
    tree = json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.BaseLoader)
    return json_format.ParseDict(_with_files(tree, path.parent), gateway_pb2.SubmitEventRequest())


def letter(key: str, *targets: str) -> gateway_pb2.SubmitEventRequest:
    """A small letter under this key. Targets: "shared_record", the name of a tool, or a doctor's mailbox."""
    request = load_event(LETTERS / "several-recipients.yaml")
    request.idempotency_key = key
    doctor = copy.deepcopy(request.event.recipients[0])
    del request.event.recipients[:]
    for target in targets:
        recipient = request.event.recipients.add()
        if target == "shared_record":
            recipient.shared_record.SetInParent()
        elif "@" in target:
            recipient.CopyFrom(doctor)
            recipient.person.mailbox = target
        else:
            recipient.tool.name = target
    return request


def give_own_document(request, number: uuid.UUID) -> None:
    """Makes the letter a document of its own: another identifier, and version 1 of another set."""
    document_id, set_id = f"2.25.{number.int}", f"2.25.{number.int}.1"
    letter = request.event.discharge_letter
    if letter.WhichOneof("content") == "sender_cda":
        for name, value in (("id", document_id), ("setId", set_id)):
            old = re.search(rb'<%s root="([0-9.]+)"/>' % name.encode("ascii"), letter.sender_cda)[1]
            letter.sender_cda = letter.sender_cda.replace(old, value.encode("ascii"))
    else:
        metadata = getattr(letter, letter.WhichOneof("content")).metadata
        metadata.document_id, metadata.set_id = document_id, set_id


def _with_files(tree, folder: pathlib.Path):
    if isinstance(tree, list):
        return [_with_files(one, folder) for one in tree]
    if not isinstance(tree, dict):
        return {"true": True, "false": False}.get(tree, tree) if isinstance(tree, str) else tree
    result = {}
    for name, value in tree.items():
        stem = name.removesuffix("_file") if name.endswith("_file") else name.removesuffix("File")
        if stem != name:
            result[stem] = base64.b64encode((folder / value).read_bytes()).decode("ascii")
        else:
            result[name] = _with_files(value, folder)
    return result


def mailboxes_of(request: gateway_pb2.SubmitEventRequest) -> dict[int, str]:
    """The mailbox of each recipient that gets a mail, by its index."""
    result = {}
    for index, recipient in enumerate(request.event.recipients):
        target = recipient.WhichOneof("target")
        if target == "patient":
            result[index] = f"{request.event.subject.ins.matricule}@patient.mssante.fr".lower()
        elif target in ("person", "structure"):
            result[index] = getattr(recipient, target).mailbox
    return result


def index_of(request: gateway_pb2.SubmitEventRequest, target: str) -> int | None:
    """Which recipient is the shared record, or a tool; None when there is none."""
    found = [recipient.WhichOneof("target") for recipient in request.event.recipients]
    return found.index(target) if target in found else None


def preview_of(request: gateway_pb2.SubmitEventRequest) -> gateway_pb2.PreviewEventRequest:
    """The question what that submission would send."""
    return gateway_pb2.PreviewEventRequest(idempotency_key=request.idempotency_key, event=request.event)


def state_name(delivery) -> str:
    return delivery_pb2.DeliveryState.Name(delivery.state).removeprefix("DELIVERY_STATE_").lower()


def deliveries_of(status) -> list:
    return [delivery for recipient in status.recipients for delivery in recipient.deliveries]


def all_delivered(status) -> bool:
    return all(state_name(one) == "delivered" for one in deliveries_of(status))


def without_traces(raw: bytes) -> bytes:
    """A letter as it left: without the headers that mail servers put in front of it."""
    lines = raw.splitlines(keepends=True)
    while lines and lines[0].lower().startswith((b"return-path:", b"delivered-to:", b"received:")):
        del lines[0]
        while lines and lines[0][:1] in (b" ", b"\t"):
            del lines[0]
    return b"".join(lines)


# --- a caller that is not ours ------------------------------------------------------------------------------


@dataclass
class Refusal(Exception):
    """What a stock client learns of an error: the status, and the details of its trailer."""

    code: str
    message: str
    reason: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""

    def __str__(self) -> str:
        return f"{self.code} {self.reason} {self.message!r} {self.fields}"

    @staticmethod
    def of(error: grpc.RpcError) -> Refusal:
        refusal = Refusal(error.code().name, error.details() or "")
        trailers = {name: value for name, value in error.trailing_metadata() or ()}
        refusal.raw = refusal.message.encode() + b"".join(
            value if isinstance(value, bytes) else value.encode() for value in trailers.values())
        refusal._read(status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b"")))
        return refusal

    @staticmethod
    def of_status(status: status_pb2.Status) -> Refusal:
        """The same from a Status that an answer holds."""
        refusal = Refusal(GRPC_CODES[status.code], status.message, raw=status.SerializeToString())
        refusal._read(status)
        return refusal

    def _read(self, status: status_pb2.Status) -> None:
        for detail in status.details:
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                self.reason = info.reason
            elif detail.Unpack(bad):
                self.fields = {one.field: one.description for one in bad.field_violations}


class Answers:
    """What a stream answers, as it comes; a Refusal where it ends otherwise than well."""

    def __init__(self, call):
        self._call = call

    def __iter__(self) -> Answers:
        return self

    def __next__(self):
        try:
            return next(self._call)
        except grpc.RpcError as error:
            raise Refusal.of(error) from None

    def cancel(self) -> None:
        self._call.cancel()


class Client:
    """A gateway's caller with a certificate of the world's PKI. Thread safe, as its channel is.

    Calls wait for a gateway that is away. Those of grpcio that fail at once instead leave its channel without a
    thread that polls: a connection may then need a minute to come back.
    """

    def __init__(self, port: int, pki: pathlib.Path, identity: str | None, wait_for_ready: bool = True, options=()):
        self._wait_for_ready = wait_for_ready
        files = [(pki / name).read_bytes() for name in (f"{identity}.key", f"{identity}.pem")] if identity else []
        credentials = grpc.ssl_channel_credentials((pki / "ca.pem").read_bytes(), *files)
        self.channel = grpc.secure_channel(f"localhost:{port}", credentials, options=[
            ("grpc.max_send_message_length", -1),  # the gateway's limit is what is tested
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 500),
            ("grpc.use_local_subchannel_pool", 1), *options,
        ])
        self._stub = gateway_pb2_grpc.GatewayStub(self.channel)

    def submit(self, request: gateway_pb2.SubmitEventRequest) -> gateway_pb2.SubmitEventResponse:
        return self._call(self._stub.SubmitEvent, request)

    def submit_bytes(self, request: bytes) -> gateway_pb2.SubmitEventResponse:
        """Sends these bytes as they are, for what no generated stub would let a caller write."""
        call = self.channel.unary_unary("/passerelle.v1.Gateway/SubmitEvent",
                                        request_serializer=bytes,
                                        response_deserializer=gateway_pb2.SubmitEventResponse.FromString)
        return self._call(call, request)

    def get(self, **which: str):
        return self._call(self._stub.GetEvent, gateway_pb2.GetEventRequest(**which)).status

    def preview(self, request: gateway_pb2.PreviewEventRequest) -> list[gateway_pb2.PreviewEventPart]:
        return self._call(lambda message, **how: list(self._stub.PreviewEvent(message, **how)), request)

    def stream(self, requests, timeout_s: float = CALL_S) -> Answers:
        """SubmitEvents of these messages, or bytes where no generated stub would let a caller write them."""
        call = self.channel.stream_stream(
            "/passerelle.v1.Gateway/SubmitEvents",
            request_serializer=lambda one: one if isinstance(one, bytes) else one.SerializeToString(),
            response_deserializer=gateway_pb2.SubmitEventsResponse.FromString)
        return Answers(call(iter(requests), timeout=timeout_s, wait_for_ready=self._wait_for_ready))

    def list(self, tenant: str = "cpts-demo", page_size: int = 0, page_token: str = "", **filters):
        request = gateway_pb2.ListEventsRequest(tenant=tenant, page_size=page_size, page_token=page_token)
        if filters:
            request.filter.CopyFrom(gateway_pb2.EventFilter(**filters))
        return self._call(self._stub.ListEvents, request)

    def watch(self, tenant: str = "cpts-demo", timeout_s: float = CALL_S, **where) -> Answers:
        request = gateway_pb2.WatchEventsRequest(tenant=tenant, **where)
        return Answers(self._stub.WatchEvents(request, timeout=timeout_s, wait_for_ready=self._wait_for_ready))

    def retry(self, delivery_id: str, key: str) -> gateway_pb2.RetryDeliveryResponse:
        request = gateway_pb2.RetryDeliveryRequest(delivery_id=delivery_id, idempotency_key=key)
        return self._call(self._stub.RetryDelivery, request)

    def cancel(self, **which: str) -> gateway_pb2.CancelEventResponse:
        return self._call(self._stub.CancelEvent, gateway_pb2.CancelEventRequest(**which))

    def wait_settled(self, event_id: str, timeout_s: float = READY_S):
        """The event's status once no delivery will move again by itself."""
        moving = ("pending", "sending", "unknown")

        def settled():
            status = self.get(event_id=event_id)
            return status if not any(state_name(one) in moving for one in deliveries_of(status)) else None

        return wait_until(settled, "the deliveries do not settle", timeout_s)

    def close(self) -> None:
        self.channel.close()

    def _call(self, call, message):
        try:
            return call(message, timeout=CALL_S, wait_for_ready=self._wait_for_ready)
        except grpc.RpcError as error:
            raise Refusal.of(error) from None


def refusal_of(call, *inputs) -> Refusal:
    """The refusal that the call must end with."""
    try:
        call(*inputs)
    except Refusal as refusal:
        return refusal
    raise Failed("it was accepted")


# --- the gateway --------------------------------------------------------------------------------------------


class Gateway:
    """One process of `passerelle serve`. Its log goes on in the same file when it is started again."""

    def __init__(self, program: pathlib.Path, config: pathlib.Path, log: pathlib.Path):
        self._log = log
        self._skipped = log.stat().st_size if log.exists() else 0
        self.port = self.http_port = 0
        with log.open("ab") as output:
            self.process = subprocess.Popen([program, "serve", "--config", config], stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output)

    def lines(self) -> list[dict]:
        """What this process has logged so far, fact by fact."""
        with self._log.open("rb") as log:
            log.seek(self._skipped)
            whole = [line for line in log.read().splitlines(keepends=True) if line.endswith(b"\n")]
        facts = []
        for line in whole:
            with contextlib.suppress(ValueError):  # what a library writes by itself is not ours
                facts.append(json.loads(line))
        return facts

    def logged(self, fact: str, **fields) -> dict | None:
        return next((line for line in self.lines() if line.get("fact") == fact and
                     all(line.get(name) == value for name, value in fields.items())), None)

    def wait_logged(self, fact: str, timeout_s: float = READY_S, **fields) -> dict:
        return wait_until(lambda: self.logged(fact, **fields), f"the log does not say: {fact} {fields}", timeout_s)

    def wait_serving(self) -> Gateway:
        def serving():
            require(self.process.poll() is None, f"the gateway ended with {self.process.returncode}:\n{self._tail()}")
            return self.logged("serving")

        fact = wait_until(serving, "the gateway does not serve")
        self.port, self.http_port = fact["grpc_port"], fact["http_port"]
        return self

    def http(self, path: str) -> tuple[int, str]:
        """What the operators' port answers: status and body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode("utf-8")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8")

    def stop(self) -> int:
        """SIGTERM, as an operator does; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._wait(60)

    def kill(self) -> None:
        self.process.kill()
        self._wait(30)

    def _wait(self, timeout_s: float) -> int:
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"the gateway did not stop in {timeout_s:g} s") from None

    def _tail(self) -> str:
        return self._log.read_bytes()[self._skipped:][-2000:].decode("utf-8", "replace")


# --- the mail partner ---------------------------------------------------------------------------------------


class MailHost:
    def __init__(self, folder: pathlib.Path, pki: pathlib.Path):
        self.folder, self._pki = folder, pki
        self.smtp, self.imap = free_ports(2)

    def start(self) -> MailHost:
        self._run("fetch", MAILHOST_CACHE)
        for attempt in (1, 2, 3):  # another program may take a port between our look and its use
            try:
                self._run("start", self.folder, "--cache", MAILHOST_CACHE, "--pki", self._pki,
                          "--smtp", self.smtp, "--imap", self.imap)
                return self
            except Failed as failure:
                if attempt == 3 or "taken" not in str(failure):
                    raise
                self.smtp, self.imap = free_ports(2)
        return self

    def stop(self) -> None:
        self._run("stop", self.folder)

    def go_down(self) -> None:
        # Stopped in the middle of a delivery of its own, Postfix may make it again after its start.
        self._wait_idle()
        self._run("stop-smtp", self.folder)

    def come_up(self) -> None:
        self._run("start-smtp", self.folder)

    def mailbox(self, address: str) -> box.Mailbox:
        """That mailbox, with all that this host has accepted for it so far."""
        self._wait_idle()
        password = (self.folder / "imap-password").read_text("ascii").strip()
        return box.Mailbox("localhost", self.imap, self._pki / "ca.pem", address.lower(), password)

    def _wait_idle(self) -> None:
        queues = [self.folder / "postfix" / "queue" / name for name in ("maildrop", "incoming", "active")]
        wait_until(lambda: not any(one.is_file() for queue in queues for one in queue.rglob("*")),
                   "letters are stuck in the mail host's queue")

    @staticmethod
    def _run(*words: object) -> None:
        done = subprocess.run([MAILHOST, *map(str, words)], capture_output=True, text=True, timeout=900,
                              check=False)
        require(done.returncode == 0, f"mailhost {words[0]} failed: {done.stderr.strip()}")


# --- the world ----------------------------------------------------------------------------------------------


class World:
    """Made by `with`; taken down at the end whatever happened. `change` may edit the configuration, a tree of
    plain values, before it is written; `change_policy` the policy. Without `mail` there is no mail host, only its
    ports."""

    def __init__(self, change=None, change_policy=None, mail: bool = True):
        self._change, self._change_policy, self._with_mail = change, change_policy, mail
        self.program = find_program()
        # Short, because the mail host's sockets lie below it, and open to the mail programs' own users.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="psl-e2e-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.pki = self.folder / "pki"
        self.log = self.folder / "gateway.log"
        self.ledger = self.folder / "ledger.db"
        self.config_file = self.folder / "passerelle.yaml"
        self.config: dict = {}
        # Where candidates answer; links name it before anything listens there.
        self.answer_port = free_ports(1)[0]
        self.mail: MailHost | None = None
        self.repository: repo.Repository | None = None
        self.gateways: list[Gateway] = []
        self._clients: list[Client] = []

    def __enter__(self) -> World:
        try:
            self.run("pki", "dev", "--out", self.pki)
            self.mail = MailHost(self.folder / "mail", self.pki)
            if self._with_mail:
                self.mail.start()
            self.repository = repo.Repository(self.pki / "repository.pem", self.pki / "repository.key",
                                              self.pki / "ca.pem", self.pki / "tool.key", *free_ports(1)).come_up()
            self.write_config(self._change)
            self._write_policy()
        except BaseException:
            self._take_down(keep=True)
            raise
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._take_down(keep=kind is not None or bool(os.environ.get("PASSERELLE_KEEP")))

    def _take_down(self, keep: bool) -> None:
        for client in self._clients:
            client.close()
        for gateway in self.gateways:
            if gateway.process.poll() is None:
                gateway.kill()
        with contextlib.suppress(Failed):
            if self.mail:
                self.mail.stop()
        if self.repository:
            self.repository.go_down()
        if keep:
            print(f"the folder of this run is kept: {self.folder} (gateway.log, mail/postfix/mail.log)", flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def write_config(self, change=None, path: pathlib.Path | None = None) -> pathlib.Path:
        """The demonstration's configuration, with this world's paths and ports, then with `change`."""
        config = yaml.safe_load((REPOSITORY / "deploy" / "config" / "passerelle.yaml").read_text("utf-8"))
        config["grpc"]["listen"] = "127.0.0.1:0"
        config["ledger"]["path"] = str(self.ledger)
        config["tenants"][0]["key"]["file"] = str(self.pki / "tenant.key")
        config["http"]["listen"] = "127.0.0.1:0"
        mail, record, tool, territory = (config[kind][0]
                                         for kind in ("mssante", "repositories", "webhooks", "fhir"))
        mail["port"] = self.mail.smtp
        mail["imap"].update(port=self.mail.imap, password_file=str(self.mail.folder / "imap-password"), poll_every="1s")
        record["base_url"], tool["url"] = self.repository.base_url, self.repository.tool_url
        territory["base_url"] = self.repository.territory_url
        tool["signing_key_file"] = str(self.pki / "tool.key")
        config["answers"].update(self._answer_place(), certificate_file=str(self.pki / "gateway.pem"),
                                 key_file=str(self.pki / "gateway.key"))
        for tls in (config["grpc"]["tls"], mail["tls"], record["tls"], tool["tls"], territory["tls"]):
            for name in tls:
                tls[name] = str(self.pki / pathlib.Path(tls[name]).name)
        # A test that waits for an operator's patience would be slow.
        config["retry"] = {"first": "0.2s", "most": "1s", "breaker_failures": 5, "breaker_pause": "1s"}
        if change:
            change(config)
        self.config = config
        return self._save_config(path or self.config_file)

    def _answer_place(self) -> dict[str, str]:
        return {"listen": f"127.0.0.1:{self.answer_port}", "public_url": f"https://localhost:{self.answer_port}"}

    def _save_config(self, path: pathlib.Path) -> pathlib.Path:
        path.write_text(yaml.safe_dump(self.config, allow_unicode=True, sort_keys=False), "utf-8")
        return path

    def _write_policy(self) -> None:
        policy = yaml.safe_load((REPOSITORY / "deploy" / "config" / "policy.yaml").read_text("utf-8"))
        if self._change_policy:
            self._change_policy(policy)
        (self.folder / "policy.yaml").write_text(yaml.safe_dump(policy, allow_unicode=True), "utf-8")

    def run(self, *words: object, expect: int | None = 0, timeout_s: float = 180) -> subprocess.CompletedProcess:
        """The program's command line; `expect` its exit status, None for any."""
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True,
                              timeout=timeout_s, check=False, cwd=REPOSITORY)
        if expect is not None and done.returncode != expect:
            raise Failed(f"passerelle {words[0]} ended with {done.returncode} instead of {expect}:\n"
                         f"{done.stdout}{done.stderr}")
        return done

    def submit(self, *words: object, expect: int | None = 0) -> subprocess.CompletedProcess:
        """`passerelle submit` to the running gateway."""
        return self.run("submit", "--server", f"localhost:{self.gateway.port}", "--pki", self.pki, *words,
                        expect=expect)

    def start_gateway(self, config: pathlib.Path | None = None) -> Gateway:
        while True:
            gateway = Gateway(self.program, config or self.config_file, self.log)
            self.gateways.append(gateway)
            try:
                return gateway.wait_serving()
            except Failed as failure:
                # Another program may take a port between our look and its use. After a first gateway there may be
                # links that name it.
                taken = "answers." in str(failure) and "already in use" in str(failure)
                if not taken or config or any(one.logged("serving") for one in self.gateways):
                    raise
                self.answer_port, = free_ports(1)
                self.config["answers"].update(self._answer_place())
                self._save_config(self.config_file)

    @property
    def gateway(self) -> Gateway:
        """The one started last."""
        return self.gateways[-1]

    def client(self, identity: str | None = "hopital", wait_for_ready: bool = True, options=()) -> Client:
        client = Client(self.gateway.port, self.pki, identity, wait_for_ready, options)
        self._clients.append(client)
        return client

    def issue_client(self, name: str) -> None:
        """One more client certificate of the world's PKI."""
        self.run("pki", "dev", "--out", self.pki, "--client", name)

    def letters_to(self, address: str, count: int = 1) -> list[bytes]:
        """The letters of a mailbox byte for byte, oldest first, once there are `count`."""
        mailbox = self.mail.mailbox(address)
        mailbox.wait_letters(count, READY_S)
        return mailbox.raw_letters()

    def rows(self, query: str) -> list[tuple]:
        """What the ledger answers to this query; only its clear columns mean anything."""
        with contextlib.closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as ledger:
            return ledger.execute(query).fetchall()

    def verify_audit(self) -> int:
        """How many records `audit verify` counts."""
        said = self.run("audit", "verify", "--config", self.config_file).stdout
        return int(said.split()[0])

    def traces(self) -> dict[str, bytes]:
        """What stays on the machine's disk: the ledger's files and the log."""
        names = [self.log] + sorted(self.folder.glob(self.ledger.name + "*"))
        return {path.name: path.read_bytes() for path in names}


def openssl(*words: object) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"openssl {words[0]}: {done.stderr}")


def issue(pki: pathlib.Path, name: str, common_name: str, usage: str = "clientAuth") -> None:
    """A certificate of that folder's authority, made by another program than ours; for a server, of localhost."""
    extensions = pki / f"{name}.ext"
    extensions.write_text(f"subjectAltName=DNS:localhost\nextendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={common_name}",
              "-keyout", pki / f"{name}.key", "-out", pki / f"{name}.csr")
    (pki / f"{name}.key").chmod(0o600)
    openssl("x509", "-req", "-in", pki / f"{name}.csr", "-CA", pki / "ca.pem", "-CAkey", pki / "ca.key", "-days", "2",
              "-set_serial", uuid.uuid4().int >> 64, "-extfile", extensions, "-out", pki / f"{name}.pem")


def issue_expired(pki: pathlib.Path, name: str, usage: str = "clientAuth") -> None:
    """A certificate of the world's authority that was good for a month of 2020. `openssl ca` alone sets dates."""
    folder = pki / f"{name}-work"
    folder.mkdir()
    (folder / "index.txt").write_text("")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=one\n[one]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\nrand_serial=yes\n"
        f"default_md=sha256\npolicy=any\nx509_extensions=leaf\n[any]\ncommonName=supplied\n"
        f"[leaf]\nextendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", pki / f"{name}.key", "-out", folder / "csr")
    (pki / f"{name}.key").chmod(0o600)
    openssl("ca", "-batch", "-notext", "-config", folder / "ca.cnf", "-cert", pki / "ca.pem", "-keyfile",
            pki / "ca.key", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-in", folder / "csr",
            "-out", pki / f"{name}.pem")


def edited(request, edit):
    """A copy of the request, after `edit` worked on it."""
    twin = copy.deepcopy(request)
    edit(twin)
    return twin


# --- the run ------------------------------------------------------------------------------------------------


def as_root() -> None:
    """Starts this test again as root, which the private mail programs need."""
    if os.geteuid() == 0:
        return
    kept = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("PASSERELLE_")]
    words = ["sudo", "env", "PYTHONDONTWRITEBYTECODE=1", *kept, sys.executable, *sys.argv]
    os.execvp("sudo", words)


class Report:
    """Runs checks one after the other; each says in its first line what it proves."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def run(self, check, *inputs: object, claim: str = "") -> None:
        claim = claim or (check.__doc__ or check.__name__).strip().splitlines()[0]
        begin = time.monotonic()
        try:
            check(*inputs)
        except Exception as error:  # whatever it is, the other checks still count
            self.failed += 1
            print(f"FAIL  {claim}: {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, (Failed, Refusal)):
                traceback.print_exc(file=sys.stdout)
        else:
            self.passed += 1
            print(f"ok    {claim} ({time.monotonic() - begin:.1f} s)", flush=True)

    def end(self) -> None:
        """Fails the world it stands in, so that its folder is kept for a look."""
        require(not self.failed, f"{self.failed} checks failed")


def main(test) -> None:
    """Runs `test(report)` and ends the process: 0 when everything that it checked was right."""
    as_root()
    report = Report()
    try:
        test(report)
    except Failed as failure:
        if not report.failed:
            report.failed += 1
        print(f"FAIL  {failure}", flush=True)
    except Exception:
        report.failed += 1
        traceback.print_exc(file=sys.stdout)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    sys.exit(1 if report.failed else 0)
