"""Who may call: the app's credentials, codes on their way to becoming tokens, members' tokens, tokens taken back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

CODE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Code:
    """A member's consent on its way to the app. `challenge` and `method` are those of PKCE (S256 or plain)."""

    user: str
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    redirect_uri: str | None
    issued: float
    challenge: str | None = None
    method: str = "plain"


@dataclass(frozen=True, slots=True)
class UserToken:
    """A token with which the app acts as a member."""

    user: str
    scopes: tuple[str, ...]


class Grants:
    """Credentials and tokens besides the bot's and the app's own. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.client_id = f"{secrets.randbelow(9 * 10**12) + 10**12}.{secrets.randbelow(9 * 10**12) + 10**12}"
        self.client_secret = secrets.token_hex(16)
        self._codes: dict[str, Code] = {}
        self.user_tokens: dict[str, UserToken] = {}
        # token → the code Slack answers with from now on: `token_revoked`, or `account_inactive` after an uninstall
        self.dead: dict[str, str] = {}

    def consent(
        self,
        user: str,
        scopes: tuple[str, ...],
        user_scopes: tuple[str, ...],
        redirect_uri: str | None,
        challenge: str | None = None,
        method: str = "plain",
    ) -> str:
        """A code that becomes tokens once, within ten minutes."""
        now = self._clock()
        self._codes = {text: code for text, code in self._codes.items() if now - code.issued <= CODE_SECONDS}
        text = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(32)}"
        self._codes[text] = Code(user, scopes, user_scopes, redirect_uri, now, challenge, method)
        return text

    def look_at(self, text: str) -> Code | None:
        """The consent behind a code; None where there is none any more."""
        code = self._codes.get(text)
        if code is None or self._clock() - code.issued > CODE_SECONDS:
            return None
        return code

    def spend(self, text: str) -> None:
        """Makes a code worthless."""
        self._codes.pop(text, None)

    def user_token(self, user: str, scopes: tuple[str, ...]) -> str:
        """The member's token for the app, with these scopes from now on: the same one as before, as in Slack."""
        for token, known in self.user_tokens.items():
            if known.user == user and token not in self.dead:
                self.user_tokens[token] = UserToken(user, tuple(dict.fromkeys((*known.scopes, *scopes))))
                return token
        token = f"xoxp-{secrets.token_hex(16)}"
        self.user_tokens[token] = UserToken(user, scopes)
        return token


def proves(code: Code, verifier: str | None) -> bool:
    """Whether the verifier belongs to the challenge the code was asked for with."""
    if code.challenge is None:
        return True
    if not verifier:
        return False
    if code.method == "plain":
        return hmac.compare_digest(code.challenge.encode(), verifier.encode())
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), code.challenge)
