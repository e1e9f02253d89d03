#!/usr/bin/python3
"""Takes screenshots of the real window, with its own screen, bus and keyring.

    dbus-run-session -- tests/desktop/screenshots.py PROGRAM FOLDER [all | scenes [NAME …]]

By default: the two pictures of README.md, light and dark. With `all`: every view to review after a visual change, in
both themes, at three scales and three sizes. With `scenes`: only the dialogs and pages of scenes.py, or those named,
in both themes and each size once. It needs the packages of tests/setup.sh. It writes only to a new folder, and ends everything it starts.
"""

import datetime
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

import scenes

PROVIDERS = ["smartcar", "smartsense", "smartdocumentor"]
GRANTS = {"smartcar": "authorization_code", "smartsense": "client_credentials", "smartdocumentor": "client_credentials"}
SIZES = [(640, 420), (960, 640), (1440, 900)]
# Theme, size and scale of a scene's pictures: each size once, or each size in both themes and each scale twice.
LOOKS = [("light", SIZES[1], 1.0), ("dark", SIZES[0], 1.0), ("dark", SIZES[2], 1.0)]
ALL_LOOKS = [
    ("light", SIZES[0], 1.0), ("light", SIZES[1], 1.5), ("light", SIZES[2], 2.0),
    ("dark", SIZES[0], 2.0), ("dark", SIZES[1], 1.0), ("dark", SIZES[2], 1.5),
]
NAMES = ["fleet", "billing", "sensors", "archive", "staging", "reports", "partner", "sandbox", "import", "research"]


def moment(offset_secs):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_secs)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def account(number, life_secs, left_secs):
    """One account of the import file, with the seconds that its token has left; None for no token."""
    provider = PROVIDERS[number % len(PROVIDERS)]
    name = NAMES[number % len(NAMES)] + ("" if number < len(NAMES) else f" {number // len(NAMES) + 1}")
    kind = ['environment = "production"', 'environment = "staging"', 'tags = ["home"]'][number % 3]
    lines = [
        "[[account]]",
        f'name = "{name}"',
        f'provider = "{provider}"',
        f'grant = "{GRANTS[provider]}"',
        f'client_id = "client-{number}"',
        'client_secret = "not-a-secret"',
        kind,
    ]
    if provider == "smartcar":
        lines.append('scopes = ["read_odometer", "read_location", "control_security"]')
    if left_secs is not None:
        lines += [
            "[account.tokens]",
            f'access_token = "{token(number, left_secs)}"',
            f'received_at = "{moment(left_secs - life_secs)}"',
            f'expires_at = "{moment(left_secs)}"',
            'expiry_source = "server"',
            f'id_token = "{token(number, left_secs)}"',
        ]
        if provider == "smartcar":
            lines += [
                f'refresh_token = "{number:032x}"',
                f'refresh_expires_at = "{moment(3_600_000)}"',
                'scopes = ["read_odometer", "read_location"]',
            ]
    return "\n".join(lines)


def token(number, left_secs):
    """An unsigned token with claims."""
    import base64

    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    now = int(time.time())
    claims = {
        "iss": "https://auth.example.com",
        "sub": f"user-{number}",
        "aud": "https://api.example.com",
        "iat": now - 3600,
        "exp": now + left_secs,
        "roles": ["reader"],
    }
    return part({"alg": "RS256"}) + "." + part(claims) + ".bm8tc2lnbmF0dXJl"


def accounts(count):
    lefts = [(7200, 4354), (3600, 754), (3600, 200), (5_184_000, 4_320_000), (3600, -900), None]
    made = []
    for number in range(count):
        times = lefts[number % len(lefts)]
        made.append(account(number, *(times or (0, None))))
    return "\n\n".join(made) + "\n"


class Stage:
    """A screen, and homes for windows on it."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = tempfile.TemporaryDirectory(prefix="keyfob-shots-")
        # It chooses a free display number and prints it.
        words = ["Xvfb", "-displayfd", "1", "-screen", "0", "2900x1900x24", "-nolisten", "tcp", "-noreset"]
        screen = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.running = [screen]
        self.env = {
            "PATH": os.environ["PATH"],
            "DBUS_SESSION_BUS_ADDRESS": os.environ["DBUS_SESSION_BUS_ADDRESS"],
            "DISPLAY": ":" + screen.stdout.readline().strip(),
            "HOME": self.root.name,
            "XDG_RUNTIME_DIR": self.root.name,
            "LANG": "C.UTF-8",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "BROWSER": "true",
        }
        self.start(["openbox", "--sm-disable"])
        keyring = ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"]
        daemon = subprocess.Popen(
            keyring, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.env
        )
        daemon.stdin.write(b"pictures")
        daemon.stdin.close()
        self.running.append(daemon)
        time.sleep(1)

    def start(self, words):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.running.append(subprocess.Popen(words, env=self.env, **quiet))

    def home(self, name, given):
        """A home with these accounts."""
        home = os.path.join(self.root.name, name)
        env = {**self.env, "KEYFOB_HOME": home}
        if given:
            words = [self.program, "import", "-"]
            subprocess.run(words, input=given.encode(), env=env, check=True, stdout=subprocess.DEVNULL)
        else:
            subprocess.run([self.program, "list"], env=env, check=True, stdout=subprocess.DEVNULL)
        return home

    def prefer(self, home, **preferences):
        """Sets preferences, or the window's placement, which is in the same table."""
        for path in pathlib.Path(home).rglob("*"):
            if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
                with sqlite3.connect(path) as database:
                    for key, value in preferences.items():
                        key = key.replace("__", ".")
                        row = (key, json.dumps(value))
                        database.execute("INSERT OR REPLACE INTO preferences VALUES (?, ?)", row)

    def shot(self, name, home, size=(1280, 800), theme="light", scale=1.0, keys=(), words=(), after=0.0, **preferences):
        """Opens the window, presses keys, takes a screenshot of the window alone, closes it."""
        width, height = size
        place = {"size": [width, height], "position": [10, 30]}
        self.prefer(home, **{"zoom_percent": 100, "theme": theme, "window__place": place, **preferences})
        env = {**self.env, "KEYFOB_HOME": home, "WINIT_X11_SCALE_FACTOR": str(scale)}
        window = subprocess.Popen([self.program, *words], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            found = self.wait_for_window()
            time.sleep(1.6)
            for key in keys:
                if isinstance(key, tuple):
                    self.tool("mousemove", "--window", found, str(int(key[0] * scale)), str(int(key[1] * scale)))
                    self.tool("click", "1")
                elif callable(key):
                    key()
                elif key.startswith(("press:", "tick:", "type:", "focus:", "wait:")):
                    command, _, rest = key.partition(":")
                    self.by_name(command, *rest.partition("=")[::2])
                else:
                    self.tool("key", "--clearmodifiers", key)
                time.sleep(0.35)
            time.sleep(0.6 + after)
            path = str(self.folder / f"{name}.png")
            subprocess.run(["import", "-window", found, path], env=self.env, check=True, timeout=20)
            print(path)
        finally:
            window.kill()
            window.wait()

    def by_name(self, command, name, text):
        """Runs an AT-SPI command, as a screen reader would."""
        atspi = str(pathlib.Path(__file__).with_name("atspi.py"))
        words = ["/usr/bin/python3", atspi, "--app", os.path.basename(self.program), "--secs", "8"]
        words += ["--role", "check box", "press", name] if command == "tick" else [command, name]
        done = subprocess.run(words, input=text, env=self.env, capture_output=True, text=True, timeout=20)
        if done.returncode:
            print(f"{command} {name}: {done.stderr[:300]}")

    def show_names(self):
        """Makes windows expose their accessible names, over a bus in the same folder."""
        own = [f"{name}={self.env[name]}" for name in ["HOME", "XDG_RUNTIME_DIR", "DISPLAY"]]
        subprocess.run(["dbus-update-activation-environment", *own], env=self.env, check=True)
        told = "<true>"
        words = ["--dest", "org.a11y.Bus", "--object-path", "/org/a11y/bus", "--method"]
        words += ["org.freedesktop.DBus.Properties.Set", "org.a11y.Status", "IsEnabled", told]
        subprocess.run(["gdbus", "call", "--session", *words], env=self.env, check=True, stdout=subprocess.DEVNULL)

    def tool(self, *words):
        words = ["xdotool", *words]
        return subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=20).stdout.strip()

    def wait_for_window(self):
        for _ in range(200):
            found = self.tool("search", "--onlyvisible", "--class", "^keyfob$").split()
            if found:
                return found[0]
            time.sleep(0.1)
        raise SystemExit("no window appeared")

    def close(self):
        for process in reversed(self.running):
            process.kill()
            process.wait()
        self.root.cleanup()


def main():
    program, folder = sys.argv[1], sys.argv[2]
    stage = Stage(program, folder)
    try:
        if sys.argv[3:4] == ["all"]:
            everything(stage)
            in_scenes(stage, [], ALL_LOOKS)
            return
        if sys.argv[3:]:
            in_scenes(stage, sys.argv[4:], LOOKS)
            return
        for theme in ["light", "dark"]:
            home = stage.home(theme, accounts(8))
            keys = ["Down", "Down", "ctrl+c"]
            stage.shot(f"screenshot-{theme}", home, (1120, 720), theme, keys=keys, after=0.6)
    finally:
        stage.close()


def everything(stage):
    empty, typical, crowded = stage.home("empty", ""), stage.home("typical", accounts(8)), stage.home("crowded", accounts(60))
    for theme in ["light", "dark"]:
        for scale in [1.0, 1.5, 2.0]:
            for size in SIZES:
                tail = f"{theme}-{scale}x-{size[0]}"
                stage.shot(f"crowded-{tail}", crowded, size, theme, scale)
                stage.shot(f"crowded-foot-{tail}", crowded, size, theme, scale, keys=["Down", "End"])
                stage.shot(f"detail-{tail}", typical, size, theme, scale, keys=["Down", "Return"])
        stage.shot(f"keys-{theme}", typical, (960, 640), theme, keys=["F1"])
        stage.shot(f"keys-small-{theme}", typical, (640, 420), theme, keys=["F1"])
        stage.shot(f"zoom-{theme}", typical, (640, 420), theme, zoom_percent=200)
        stage.shot(f"zoom-detail-{theme}", typical, (960, 640), theme, keys=["Down", "Return"], zoom_percent=200)


def in_scenes(stage, names, looks):
    stage.show_names()
    server, vault = scenes.Server(), scenes.TeamVault()
    try:
        for name, given, keys in scenes.all_scenes(server, vault, accounts, pathlib.Path(stage.root.name)):
            for theme, size, scale in looks:
                if not names or name in names:
                    # A fresh home each time, since some scenes change it.
                    home = stage.home(f"{name}-{theme}-{size[0]}", given)
                    stage.shot(f"{name}-{theme}-{size[0]}", home, size, theme, scale, keys=keys, after=0.6)
    finally:
        vault.close()


if __name__ == "__main__":
    main()
