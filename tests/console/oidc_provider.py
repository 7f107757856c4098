"""An OpenID Connect provider on loopback, which says of whoever comes what the test wants it to say."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "sealink", "secret-of-the-client"


class OidcProvider:
    """`with OidcProvider() as provider:` … `claims` are in the next tokens, besides and instead of the usual ones;
    `in_userinfo` is what is only told when it is asked for; `error` is what people are sent back with; `key` signs."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.published = KeySet([self.key])
        self.claims: dict[str, Any] = {}
        self.in_userinfo: dict[str, Any] = {}
        self.error = ""
        self.is_away = False
        self.asked: dict[str, str] = {}
        """What the last browser was sent with."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._get(self, urlsplit(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                provider._give_token(self, dict(parse_qsl(body)))

            def answer(self, status: int, body: Any, **headers: str) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def _get(self, handler: Any, url: Any) -> None:
        if self.is_away:
            handler.answer(503, {})
        elif url.path == "/.well-known/openid-configuration":
            places = ("authorization", "token", "userinfo")
            endpoints = {f"{place}_endpoint": f"{self.issuer}/{place}" for place in places}
            handler.answer(200, {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **endpoints})
        elif url.path == "/keys":
            handler.answer(200, self.published.as_dict(private=False))
        elif url.path == "/userinfo":
            handler.answer(200, {"sub": "17", **self.in_userinfo})
        else:
            self.asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            told = {"error": "access_denied", "error_description": self.error} if self.error else {"code": "a-code"}
            back = urlencode({**told, "state": self.asked["state"]})
            handler.answer(303, {}, location=f"{self.asked['redirect_uri']}?{back}")

    def _give_token(self, handler: Any, form: dict[str, str]) -> None:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_right = (
            handler.headers["authorization"] == f"Basic {basic}"
            and (form["grant_type"], form["code"]) == ("authorization_code", "a-code")
            and form["redirect_uri"] == self.asked["redirect_uri"]
            and (self.asked["code_challenge"], self.asked["code_challenge_method"]) == (challenge, "S256")
        )
        if not is_right:
            handler.answer(400, {"error": "invalid_grant", "error_description": "wrong code or secret"})
            return
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "sub": "17", "iat": now, "exp": now + 60}
        claims = {**usual, "nonce": self.asked["nonce"], **self.claims}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        handler.answer(200, {"access_token": "an-access-token", "token_type": "Bearer", "id_token": token})

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
