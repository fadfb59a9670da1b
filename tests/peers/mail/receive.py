"""A mail server of other people (aiosmtpd) that checks what it is sent with other people's DKIM (dkimpy).

receive.py FOLDER KIND makes a key of that kind in FOLDER (key.pem), prints the port that it listens on, and then one line of
JSON for each mail.
"""

import base64
import email
import email.policy
import json
import pathlib
import socket
import subprocess
import sys
import threading

import dkim
from aiosmtpd.controller import Controller

folder, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
key = folder / "key.pem"


def openssl(*words):
    return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout


if kind == "ed25519":
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(key))
    public = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")[-32:]
else:
    openssl("genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(key))
    public = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")
record = f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}".encode()


def dns(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return record if name.rstrip(".") == "desk._domainkey.desk.example" else None


class Handler:
    async def handle_DATA(self, server, session, envelope):
        raw = envelope.original_content
        message = email.message_from_bytes(raw, policy=email.policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": message["subject"],
            "parts": [part.get_content_type() for part in message.walk()],
            "text": message.get_body(("plain",)).get_content(),
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
            "signed": dkim.verify(raw, dnsfunc=dns),
            "forged": dkim.verify(raw.replace(b"desk.example>", b"evil.example>"), dnsfunc=dns),
            "cut": dkim.verify(raw.replace(b"\r\n--", b"\r\n\r\nmore\r\n--", 1), dnsfunc=dns),
        }
        print(json.dumps(told), flush=True)
        return "250 OK"


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
Controller(Handler(), hostname="127.0.0.1", port=port).start()
print(port, flush=True)
# Until whoever started it is gone.
sys.stdin.read()
