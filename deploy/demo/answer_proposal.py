#!/usr/bin/env python3
"""Answers the last proposal in a mailbox as its reader would: opens the link of the mail and presses a button.

    answer_proposal.py --port 2143 --ca ca.pem --user dr.martin@cabinet.example --password-file imap-password \\
        --answer accept

It prints what the page says, in French. It succeeds when the answer was taken.
"""

from __future__ import annotations

import argparse
import html
import pathlib
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "support"))
import mailbox as box  # noqa: E402  (found through the path above, before Python's own mailbox)

_LINK = re.compile(r"https://\S+/r/[A-Za-z0-9._~-]+")


def last_link(given: argparse.Namespace) -> str:
    password = given.password_file.read_text("ascii").strip()
    mails = box.Mailbox("localhost", given.port, given.ca, given.user, password).letters()
    for mail in reversed(mails):
        if found := _LINK.search(box.body_text(mail)):
            return found[0]
    raise SystemExit("no mail of this mailbox holds a link")


def text_of(page: str) -> str:
    body = re.sub(r"(?s)<(style|head|script)\b.*?</\1>", "", page)
    lines = (html.unescape(re.sub(r"<[^>]+>", " ", line)).strip() for line in re.sub(r"(?i)</(p|h\d|dt|dd|li|div)>", "\n", body).splitlines())
    return "\n".join(f"    {' '.join(line.split())}" for line in lines if line)


def ask(context: ssl.SSLContext, url: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    body = urllib.parse.urlencode(form).encode("ascii") if form else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20, context=context) as answer:
            return answer.status, answer.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8")


def form_of(page: str, answer: str) -> dict[str, str]:
    form = next((one for one in re.findall(r"(?s)<form.*?</form>", page) if f'value="{answer}"' in one), "")
    fields = re.findall(r'<(?:input|button)[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)
    return {html.unescape(name): html.unescape(value) for name, value in fields}


def main() -> int:
    parser = argparse.ArgumentParser(description="Answer the last proposal of a mailbox by its link.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=pathlib.Path, required=True)
    parser.add_argument("--answer", default="accept", choices=("accept",))
    given = parser.parse_args()
    context = ssl.create_default_context(cafile=given.ca)
    link = last_link(given)
    _, page = ask(context, link)
    print(text_of(page))
    form = form_of(page, given.answer)
    if not form:
        return 1
    print("\n    [J'accepte]\n")
    code, page = ask(context, link, form)
    print(text_of(page))
    return 0 if code == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
