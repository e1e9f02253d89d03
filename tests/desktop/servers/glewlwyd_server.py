#!/usr/bin/env python3
"""Debian's glewlwyd on loopback, in a folder of its own: glewlwyd_server.py FOLDER

It writes its database and its configuration there and starts the server on a free port. Through the server's own API it
adds the OpenID plugin, a user ("somebody", password "password") and clients with new secrets. Then it prints one line
of JSON (endpoints, clients).
"""
import http.cookiejar
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

folder = sys.argv[1]


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


port, back = free_port(), free_port()
issuer = f"http://127.0.0.1:{port}"
database = os.path.join(folder, "glewlwyd.db")
with sqlite3.connect(database) as made, open("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3") as script:
    made.executescript(script.read())
# The whole configuration: /etc/glewlwyd/glewlwyd.conf is generated at package setup and differs between machines.
configuration = os.path.join(folder, "glewlwyd.conf")
with open(configuration, "w") as file:
    file.write(f"""
port={port}
bind_address="127.0.0.1"
external_url="{issuer}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
static_files_mime_types=({{ extension=".html"; mime_type="text/html"; }})
log_mode="console"
log_level="WARNING"
cookie_secure=0
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database={{ type="sqlite3"; path="{database}"; }};
""")
server = subprocess.Popen(["glewlwyd", f"--config-file={configuration}"], stdout=sys.stderr)

browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))


def ask(method, path, body=None):
    request = urllib.request.Request(f"{issuer}/api/{path}", method=method)
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    try:
        with browser.open(request) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.code} {error.read()[:2000]}")


for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)
ask("POST", "auth/", {"username": "admin", "password": "password"})
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ask("POST", "mod/plugin/", {
    "module": "oidc",
    "name": "oidc",
    "display_name": "OpenID",
    "parameters": {
        "iss": f"{issuer}/api/oidc",
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "cert": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "access-token-duration": 3600,
        "refresh-token-duration": 86400,
        "code-duration": 600,
        "refresh-token-rolling": True,
        "allow-non-oidc": True,
        "auth-type-code-enabled": True,
        "auth-type-token-enabled": False,
        "auth-type-id-token-enabled": True,
        "auth-type-password-enabled": True,
        "auth-type-client-enabled": True,
        "auth-type-device-enabled": True,
        "auth-type-refresh-enabled": True,
        "device-authorization-expiration": 600,
        "device-authorization-interval": 5,
        "subject-type": "public",
        "pkce-allowed": True,
        "pkce-required": True,
        "introspection-revocation-allowed": True,
        "introspection-revocation-allow-target-client": True,
        "request-parameter-allow": True,
        "resource-allowed": True,
        "resource-scope": {"read": ["https://api.example/"]},
        "oauth-par-allowed": True,
        "oauth-par-required": False,
        "oauth-par-duration": 90,
        "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:",
        "jwks-show": True,
        "client-jwks-parameter": "jwks",
        "client-pubkey-parameter": "pubkey",
        "scope": [],
        "additional-parameters": [],
        "claims": [],
    },
})
ask("POST", "scope/", {"name": "read", "display_name": "reading", "password_required": False, "scheme": {}})
scopes = ["openid", "read"]
ask("POST", "user/", {"username": "somebody", "name": "Somebody", "password": "password", "scope": scopes, "enabled": True})
clients = {}
for way in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]:
    secret = None if way in ("none", "private_key_jwt") else f"CANARY-{secrets.token_urlsafe(24)}"
    client = {
        "client_id": f"every-{way}",
        "name": way,
        "confidential": secret is not None,
        "enabled": True,
        "authorization_type": ["code", "password", "refresh_token", "device_authorization"],
        "redirect_uri": [f"http://127.0.0.1:{back}/callback"],
        "token_endpoint_auth_method": [way],
        "scope": scopes,
    }
    private_key = None
    if way != "none":
        client["confidential"] = True
        client["authorization_type"].append("client_credentials")
    if secret:
        client.update({"password": secret, "client_secret": secret})
    elif way == "private_key_jwt":
        pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private_key = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        client["pubkey"] = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    ask("POST", "client/", client)
    clients[way] = {"client_id": client["client_id"], "client_secret": secret, "private_key": private_key}
print(json.dumps({
    "origin": issuer,
    "issuer": f"{issuer}/api/oidc",
    "redirect_uri": f"http://127.0.0.1:{back}/callback",
    "authorize": f"{issuer}/api/oidc/auth",
    "token": f"{issuer}/api/oidc/token",
    "device": f"{issuer}/api/oidc/device_authorization",
    "par": f"{issuer}/api/oidc/par",
    "introspect": f"{issuer}/api/oidc/introspect",
    "revoke": f"{issuer}/api/oidc/revoke",
    "userinfo": f"{issuer}/api/oidc/userinfo",
    "clients": clients,
}), flush=True)
server.wait()
