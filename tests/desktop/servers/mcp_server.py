#!/usr/bin/env python3
"""An MCP server with authorization on loopback: mcp_server.py

The Model Context Protocol's own SDK answers for both, the protected resource and the authorization server: metadata,
dynamic registration, PKCE, resource indicators. It compares redirect URIs with their ports. The user agrees at once.
It listens on a free port, and then prints one line of JSON (the address).
"""
import json
import secrets
import socket
import time

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthToken

LIFE_SECS = 3600


class Everybody(OAuthAuthorizationServerProvider):
    """Keeps everything in memory and lets everybody in."""

    def __init__(self):
        self.clients, self.codes, self.access, self.refresh = {}, {}, {}, {}

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client_info):
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client, params):
        code = secrets.token_urlsafe(32)
        self.codes[code] = AuthorizationCode(
            code=code,
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
        )
        return construct_redirect_uri(str(params.redirect_uri), code=code, state=params.state)

    async def load_authorization_code(self, client, authorization_code):
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client, authorization_code):
        del self.codes[authorization_code.code]
        return self.give(client.client_id, authorization_code.scopes, authorization_code.resource)

    async def load_refresh_token(self, client, refresh_token):
        return self.refresh.get(refresh_token)

    async def exchange_refresh_token(self, client, refresh_token, scopes):
        del self.refresh[refresh_token.token]
        return self.give(client.client_id, scopes, refresh_token.resource)

    async def load_access_token(self, token):
        return self.access.get(token)

    async def revoke_token(self, token):
        self.access.pop(token.token, None)
        self.refresh.pop(token.token, None)

    def give(self, client_id, scopes, resource):
        given = {"client_id": client_id, "scopes": scopes, "resource": resource}
        access, refresh = (f"CANARY-{secrets.token_urlsafe(24)}" for _ in range(2))
        self.access[access] = AccessToken(token=access, expires_at=int(time.time()) + LIFE_SECS, **given)
        self.refresh[refresh] = RefreshToken(token=refresh, **given)
        return OAuthToken(
            access_token=access,
            refresh_token=refresh,
            token_type="Bearer",
            expires_in=LIFE_SECS,
            scope=" ".join(scopes),
        )


listener = socket.create_server(("127.0.0.1", 0))
base = f"http://127.0.0.1:{listener.getsockname()[1]}"
app = MCPServer(
    "tests",
    auth_server_provider=Everybody(),
    auth=AuthSettings(
        issuer_url=base,
        resource_server_url=f"{base}/mcp",
        validate_token_resource=True,
        required_scopes=["user"],
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=["user"]),
        revocation_options=RevocationOptions(enabled=True),
    ),
)


@app.tool()
def greet() -> str:
    return "hello"


print(json.dumps({"mcp": f"{base}/mcp"}), flush=True)
uvicorn.Server(uvicorn.Config(app.streamable_http_app(json_response=True), log_level="warning")).run(sockets=[listener])
