"""Who may call: the app's credentials, codes on their way to becoming tokens, members' tokens, tokens taken back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

CODE_SECONDS = 600.0
TOKEN_SECONDS = 43_200
"""How long a token is good where tokens are rotated."""
LIVE_TOKENS = 2
"""How many such tokens are good at the same time: with the next one, the oldest ends."""


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
        # Where tokens are rotated: the bot's, and when each ends, the oldest first; what the next is had for, once.
        self.rotating: dict[str, float] = {}
        self.refresh_tokens: set[str] = set()

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

    def rotate(self) -> tuple[str, str]:
        """A new token of the bot that ends after `TOKEN_SECONDS`, and the refresh token for the one after it."""
        token, refresh_token = f"xoxe.xoxb-1-{secrets.token_hex(32)}", f"xoxe-1-{secrets.token_hex(32)}"
        live = [one for one in self.rotating if self.opens(one)]
        for one in live[: max(0, len(live) - LIVE_TOKENS + 1)]:
            self.dead[one] = "token_expired"
        self.rotating[token] = self._clock() + TOKEN_SECONDS
        self.refresh_tokens.add(refresh_token)
        return token, refresh_token

    def refresh(self, refresh_token: str) -> tuple[str, str] | None:
        """The next token and refresh token; None where this one has been used, or was never given."""
        if refresh_token not in self.refresh_tokens:
            return None
        self.refresh_tokens.remove(refresh_token)
        return self.rotate()

    def opens(self, token: str) -> bool:
        """Whether this is a rotated token of the bot that is good still. One that has ended is dead from now on."""
        if token in self.rotating and self._clock() >= self.rotating[token]:
            self.dead.setdefault(token, "token_expired")
        return token in self.rotating and token not in self.dead

    def end(self, token: str) -> None:
        """The app was removed: this token and all rotated ones are worth nothing."""
        for one in (token, *self.rotating, *self.user_tokens):
            self.dead.setdefault(one, "account_inactive")
        self.refresh_tokens.clear()

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
