"""What both providers have in common: clients, codes, tokens that end or are taken back, and answers out of order."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

CLIENT, SECRET = "client-1", "secret-1"


@dataclass(slots=True)
class Tokens:
    """The tokens of one person, and how many times they were renewed."""

    refresh: str = "refresh-0"
    access: str = ""
    lifetime: int = 3600
    rotates: bool = False
    """Whether each renewal gives a new refresh token and ends the old one."""
    revoked: bool = False
    renewals: int = 0
    codes: dict[str, str] = field(default_factory=dict)
    """Codes a person has agreed to, each with its challenge (RFC 7636)."""
    issuer: str = ""
    """Set: answers to a code say who agreed (OpenID Connect), with the nonce that was asked with."""
    nonce: str = ""

    def end(self) -> None:
        """The access token counts no more, whatever its time says."""
        self.access = ""

    async def answer(self, request: Request) -> Response:
        """The token endpoint."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form["grant_type"] == "authorization_code":
            challenge = self.codes.pop(form["code"], None)
            verifier = form.get("code_verifier", "").encode()
            made = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).decode().rstrip("=")
            if challenge is None or made != challenge:
                return JSONResponse({"error": "invalid_grant"}, 400)
        elif self.revoked or form.get("refresh_token") != self.refresh:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.renewals += 1
        self.access = f"access-{self.renewals}"
        given = {"access_token": self.access, "expires_in": self.lifetime, "token_type": "Bearer", "scope": "calendar"}
        if self.rotates:
            self.refresh = f"refresh-{self.renewals}"
        if self.issuer and form["grant_type"] == "authorization_code":
            given["id_token"] = self._identity()
        if self.rotates or form["grant_type"] == "authorization_code":
            given["refresh_token"] = self.refresh
        return JSONResponse(given)

    def _identity(self) -> str:
        now = int(time.time())
        who = {"iss": self.issuer, "aud": CLIENT, "sub": "person-1", "iat": now, "exp": now + 600, "nonce": self.nonce}
        parts = [json.dumps(part).encode() for part in ({"alg": "none"}, who)]
        return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "signature"])

    def admits(self, request: Request) -> bool:
        """Whether a request carries the token that counts."""
        return bool(self.access) and request.headers.get("authorization") == f"Bearer {self.access}"
