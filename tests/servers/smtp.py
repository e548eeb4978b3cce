"""A mail server as a process: takes letters by SMTP and writes each into a folder.

How it answers is in the recipient's name: `refused` (550), `deferred` (451 the first two times), `full` (452 to the
text, the first time), `spam` (554 to the text), `cut` (takes the text and is gone without a word), `hold` (keeps the
sender waiting for its answer until a file `release` lies in the folder), `slow` (keeps the sender waiting likewise, but
before the text). Everybody else gets their letter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
from collections import Counter
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "bot", "correct horse"


class Handler:
    """Decides by the recipient's name, and keeps what it took."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked: Counter[str] = Counter()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        who = address.partition("@")[0]
        self._asked[who] += 1
        if who == "refused":
            return "550 5.1.1 No such user here"
        if who == "deferred" and self._asked[who] <= 2:
            return "451 4.7.1 Please try again later"
        if who == "slow":
            await self._released()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        who = envelope.rcpt_tos[0].partition("@")[0]
        if who == "full" and self._asked[who] == 1:
            return "452 4.2.2 Mailbox full"
        if who == "spam":
            return "554 5.7.1 Not wanted"
        content = envelope.original_content or b""
        number = len(list(self._folder.glob("*.eml")))
        written = self._folder / f"{number:04d}.part"
        written.write_bytes(content)
        written.rename(self._folder / f"{number:04d}.eml")
        if who == "cut":
            server.transport.abort()
            return "250 OK"
        if who == "hold":
            await self._released()
        return "250 OK"

    async def _released(self) -> None:
        (self._folder / "waiting").touch()
        # A test lets go by laying a file there, because it is another process.
        while not (self._folder / "release").exists():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """One user, one password."""
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


def certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for this machine, made now; `certificate.pem` is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def main(folder: Path, security: str) -> None:
    """Listen on a free port until killed."""
    handler = Handler(folder)
    context = certificate(folder) if security != "none" else None
    options: dict[str, Any] = {"authenticator": authenticate, "auth_require_tls": security == "starttls"}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="mail.test", loop=loop, **options),
        "127.0.0.1",
        0,
        ssl=context if security == "tls" else None,
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)  # noqa: T201 - how a test hears of it
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("security", choices=["none", "starttls", "tls"])
    given = parser.parse_args()
    asyncio.run(main(given.folder, given.security))
