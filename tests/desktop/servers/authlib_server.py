#!/usr/bin/env python3
"""An authorization server of Authlib on loopback: authlib_server.py

It has the JWT bearer grant (RFC 7523), which the other servers lack, in Authlib's own implementation. It has one
client, with new keys, and one user, "somebody". It listens on a free port, and then prints one line of JSON (token
endpoint, keys).
"""
import json
import os

# Everything is on this machine and unencrypted.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, list_to_scope, scope_to_list
from authlib.oauth2.rfc7523 import JWTBearerGrant
from flask import Flask
from joserfc.jwk import ECKey, KeySet, RSAKey
from werkzeug.serving import make_server

KEYS = {"RS256": RSAKey.generate_key(2048, {"kid": "RS256"}), "ES256": ECKey.generate_key("P-256", {"kid": "ES256"})}


class Client(ClientMixin):
    def get_client_id(self):
        return "machine@example.com"

    def get_allowed_scope(self, scope):
        return list_to_scope([name for name in scope_to_list(scope) if name == "read"])

    def check_grant_type(self, grant_type):
        return grant_type == JWTBearerGrant.GRANT_TYPE


client = Client()


class Bearer(JWTBearerGrant):
    def resolve_issuer_client(self, issuer):
        return client if issuer == client.get_client_id() else None

    def resolve_client_public_key(self, _client):
        return KeySet([type(key).import_key(key.as_dict(private=False)) for key in KEYS.values()])

    def authenticate_user(self, subject):
        return subject if subject == "somebody" else None

    def has_granted_permission(self, _client, user):
        return user == "somebody"

    def get_audiences(self):
        return [f"{issuer}/token"]


app = Flask(__name__)
app.config["OAUTH2_SCOPES_SUPPORTED"] = ["read"]
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {JWTBearerGrant.GRANT_TYPE: 600}
server = AuthorizationServer(app, query_client=lambda _id: None, save_token=lambda _token, _request: None)
server.register_grant(Bearer)
app.add_url_rule("/token", view_func=server.create_token_response, methods=["POST"])

http = make_server("127.0.0.1", 0, app, threaded=True)
issuer = f"http://127.0.0.1:{http.port}"
print(json.dumps({
    "token": f"{issuer}/token",
    "client_id": client.get_client_id(),
    "private_keys": {alg: key.as_pem(private=True).decode() for alg, key in KEYS.items()},
}), flush=True)
http.serve_forever()
