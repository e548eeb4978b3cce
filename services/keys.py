"""The installation's key: signs links that leave the house, and encrypts secrets that others entrusted to us."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadSignature, URLSafeSerializer

from domain.errors import Code, Refused


@dataclass(frozen=True, slots=True)
class Keys:
    """One secret, from which a key of its own is derived for each purpose (HKDF, RFC 5869)."""

    secret: bytes | None = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """None: this process has no key, and what needs one fails."""

    def _derived(self, purpose: str) -> bytes:
        if self.secret is None:
            raise RuntimeError("SECRET_KEY is not set.")
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(self.secret)

    def sign(self, purpose: str, content: Any) -> str:
        """A token for a link. Readable by everybody, so nothing secret and nobody's name goes into it; when it ends
        is the record's matter, so that an end can be changed."""
        return str(URLSafeSerializer(self._derived(f"sign:{purpose}")).dumps(content))

    def read(self, purpose: str, token: str) -> Any:
        """What was signed for this purpose. Refused: INVALID for a token that we did not make."""
        try:
            return URLSafeSerializer(self._derived(f"sign:{purpose}")).loads(token)
        except BadSignature as forged:
            raise Refused(Code.INVALID, "token") from forged

    def encrypt(self, text: str) -> str:
        """A secret as it is stored."""
        return self._fernet().encrypt(text.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """A secret that was stored. Refused: INVALID when it was encrypted with another key."""
        try:
            return self._fernet().decrypt(stored.encode()).decode()
        except InvalidToken as other_key:
            raise Refused(Code.INVALID, "secret") from other_key

    def fingerprint(self, text: str) -> str:
        """By which a text is known again that is kept nowhere: without the installation's key nobody can try which text
        it is of."""
        return hmac.new(self._derived("fingerprint"), text.encode(), hashlib.sha256).hexdigest()

    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._derived("encrypt")))
