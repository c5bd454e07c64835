#!/usr/bin/env python3
"""Reads a mailbox of a real Dovecot with the gateway's IMAP client, by certificate and by password.

The client is the gtest RealMailbox of t_mssante, beside the program: it stays silent without what is told here.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import subprocess

from world import Report, World, issue, main, require

MAILBOX = "passerelle@cpts-demo.mssante.fr"
MAIL = """From: Camille Essai <dr.essai@demo.mssante.fr>\r
To: <{mailbox}>\r
Subject: RE: Orientation\r
Message-ID: <{number}@demo.mssante.fr>\r
In-Reply-To: <0f0e0d0c-0b0a-0908-0706-050403020100.0@cpts-demo.mssante.fr>\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
{text}\r
"""


def send(world: World, number: int, text: str) -> None:
    context = ssl.create_default_context(cafile=world.pki / "ca.pem")
    context.load_cert_chain(world.pki / "mail-client.pem", world.pki / "mail-client.key")
    with smtplib.SMTP("localhost", world.mail.smtp) as host:
        host.starttls(context=context)
        host.sendmail("dr.essai@demo.mssante.fr", [MAILBOX],
                      MAIL.format(mailbox=MAILBOX, number=number, text=text).encode("utf-8"))


def read(world: World, password: bool, letters: int) -> None:
    """The test of t_mssante finds the two answers, marks them, and finds nothing more."""
    send(world, 1, "J'accepte\r\n\r\n> JE REFUSE")
    send(world, 2, "Bonjour,\r\nJe refuse." + "\r\nP1 OK x" * 40000)
    world.mail.mailbox(MAILBOX).wait_letters(letters)
    known = {"PASSERELLE_IMAP_PORT": str(world.mail.imap), "PASSERELLE_IMAP_PKI": str(world.pki),
             "PASSERELLE_IMAP_CERTIFICATE": "mail-client" if password else "mailbox",
             "PASSERELLE_IMAP_MAILBOX": MAILBOX,
             "PASSERELLE_IMAP_PASSWORD_FILE": str(world.mail.folder / "imap-password") if password else ""}
    done = subprocess.run([world.program.parent / "t_mssante", "--gtest_filter=RealMailbox.*"],
                          env={**os.environ, **known}, capture_output=True, text=True, timeout=120, check=False)
    require(done.returncode == 0 and "[  PASSED  ] 1 test" in done.stdout, done.stdout + done.stderr)


def test(report: Report) -> None:
    with World() as world:
        issue(world.pki, "mailbox", f"mailbox/x500UniqueIdentifier={MAILBOX}")
        report.run(read, world, False, 2, claim="replies are read by SASL EXTERNAL, once")
        report.run(read, world, True, 4, claim="replies are read by password, once")
        report.end()


if __name__ == "__main__":
    main(test)
