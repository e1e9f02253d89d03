"""The environment of the benchmarks: a private desktop with Keyfob on it.

It has a bus, a keyring, a screen, a token endpoint, and a watcher for windows. All of it is in a folder of its own and
ends with the desktop.
"""

import contextlib
import ctypes
import http.server
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time

SECRETS = "org.freedesktop.secrets"
COUNTING, STILL = "A counting", "B still"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={0}/bus</listen><auth>EXTERNAL</auth>
<servicedir>{0}/services</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"""
ACCESSIBILITY = "[D-BUS Service]\nName=org.a11y.Bus\nExec=/usr/libexec/at-spi-bus-launcher\n"


class Failed(Exception):
    """Something could not be measured."""


def until(what, ask, patience_secs=20, pause=lambda: time.sleep(0.005)):
    """Polls until `ask` is true; returns the time then."""
    end = time.monotonic() + patience_secs
    while not ask():
        if time.monotonic() > end:
            raise Failed(f"waited {patience_secs} s in vain for {what}")
        pause()
    return time.time()


class Eyes:
    """Reads the windows of an X screen without a process per look."""

    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_int) for name in ("x", "y", "width", "height", "border", "depth")] + [
            ("visual", ctypes.c_void_p), ("root", ctypes.c_ulong),
            *((name, ctypes.c_int) for name in ("class_", "bit_gravity", "win_gravity", "backing_store")),
            ("planes", ctypes.c_ulong), ("pixel", ctypes.c_ulong), ("save_under", ctypes.c_int),
            ("colormap", ctypes.c_ulong), ("map_installed", ctypes.c_int), ("map_state", ctypes.c_int),
            ("all_events", ctypes.c_long), ("your_events", ctypes.c_long), ("no_propagate", ctypes.c_long),
            ("override_redirect", ctypes.c_int), ("screen", ctypes.c_void_p)]

    class Hint(ctypes.Structure):
        _fields_ = [("name", ctypes.c_void_p), ("class_", ctypes.c_void_p)]

    class Image(ctypes.Structure):
        _fields_ = [*((name, ctypes.c_int) for name in ("width", "height", "offset", "format")),
                    ("data", ctypes.c_void_p),
                    *((name, ctypes.c_int) for name in ("order", "unit", "bits", "pad", "depth", "line_bytes"))]

    VIEWABLE, SUBSTRUCTURE_NOTIFY = 2, 1 << 19
    HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    def __init__(self, display):
        self.x11 = ctypes.CDLL("libX11.so.6")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self.x11.XGetImage.restype = ctypes.POINTER(self.Image)
        # A window may go away between two questions; the default handler would end this program.
        self.calm = self.HANDLER(lambda _display, _error: 0)
        self.x11.XSetErrorHandler(self.calm)
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(display.encode()))
        if not self.display:
            raise Failed(f"no connection to the display {display}")
        self.root = self.x11.XDefaultRootWindow(self.display)
        self.x11.XSelectInput(self.display, ctypes.c_ulong(self.root), ctypes.c_long(self.SUBSTRUCTURE_NOTIFY))

    def wait(self):
        """Waits until a top-level window appears, disappears or changes, for at most 5 ms."""
        if not self.x11.XPending(self.display):
            select.select([self.x11.XConnectionNumber(self.display)], [], [], 0.005)
        event = ctypes.create_string_buffer(192)
        while self.x11.XPending(self.display):
            self.x11.XNextEvent(self.display, event)

    def children(self, window):
        root, parent = ctypes.c_ulong(), ctypes.c_ulong()
        listed, count = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        found = self.x11.XQueryTree(self.display, ctypes.c_ulong(window), *map(
            ctypes.byref, (root, parent, listed, count)))
        windows = listed[: count.value] if found and listed else []
        if listed:
            self.x11.XFree(listed)
        return windows

    def class_of(self, window):
        hint = self.Hint()
        if not self.x11.XGetClassHint(self.display, ctypes.c_ulong(window), ctypes.byref(hint)):
            return ""
        text = ctypes.string_at(hint.class_).decode(errors="replace")
        for part in (hint.name, hint.class_):
            self.x11.XFree(ctypes.c_void_p(part))
        return text

    def is_visible(self, window):
        """Whether the window and its ancestors are mapped."""
        about = self.Attributes()
        told = self.x11.XGetWindowAttributes(self.display, ctypes.c_ulong(window), ctypes.byref(about))
        return bool(told) and about.map_state == self.VIEWABLE and about.width > 200 and about.height > 200

    def sees(self, name):
        """A visible window of this class, if any. A window manager puts each into a frame."""
        tops = self.children(self.root)
        both = tops + [inner for top in tops for inner in self.children(top)]
        return next((w for w in both if self.class_of(w).lower() == name and self.is_visible(w)), None)

    def pixels(self, window, x, y, width, height):
        """The pixels of a part of a window, four bytes each."""
        whole, pixmap = ctypes.c_ulong(0xFFFF_FFFF), 2
        got = self.x11.XGetImage(self.display, ctypes.c_ulong(window), x, y, width, height, whole, pixmap)
        if not got:
            raise Failed("a window can't be looked at")
        data = got.contents.data
        seen = ctypes.string_at(data, got.contents.line_bytes * height)
        for part in (ctypes.c_void_p(data), got):
            self.x11.XFree(part)
        return seen


class Tokens(http.server.BaseHTTPRequestHandler):
    """A token endpoint: /counting returns a lifetime of just under an hour, /still returns none."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = {"access_token": "figures-" + "x" * 600, "token_type": "Bearer"}
        if self.path == "/counting":
            answer["expires_in"] = 3590
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Desktop(contextlib.ExitStack):
    """A bus, a keyring, a screen and a token endpoint, all private; leaving it ends everything started on it."""

    def __enter__(self):
        # Not below $TMPDIR: a socket's path may have 107 bytes at most.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="keyfob-figures-", dir="/tmp"))
        self.callback(shutil.rmtree, self.root, ignore_errors=True)
        self.running = []
        self.callback(self.end_all)
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def start(self):
        for folder in ("services", "home", "data", "config/keepassxc", "cache", "state", "run", "first", "still", "keyfob"):
            (self.root / folder).mkdir(parents=True, mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.root / "home"),
            "XDG_RUNTIME_DIR": str(self.root / "run"), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.root}/bus",
            # Without it the accessibility bus asks dconf, which is not here.
            "GSETTINGS_BACKEND": "memory", "XDG_SESSION_TYPE": "x11", "LIBGL_ALWAYS_SOFTWARE": "1",
            **{f"XDG_{name.upper()}_HOME": str(self.root / name) for name in ("data", "config", "cache", "state")}}
        # The question of a first start would stand before KeePassXC's window.
        settings = "[General]\nUpdateCheckMessageShown=true\n\n[GUI]\nCheckForUpdates=false\n"
        (self.root / "config/keepassxc/keepassxc.ini").write_text(settings)
        (self.root / "services/org.a11y.Bus.service").write_text(ACCESSIBILITY)
        (self.root / "session.conf").write_text(BUS.format(self.root))
        self.spawn("dbus-daemon", "--nofork", f"--config-file={self.root}/session.conf")
        until("the bus", (self.root / "bus").is_socket)
        keyring = self.spawn("gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock",
                             stdin=subprocess.PIPE)
        keyring.stdin.write(b"figures")
        keyring.stdin.close()
        until("the keyring", self.keyring_name)
        server = self.spawn("Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0", "1280x800x24",
                            stdout=subprocess.PIPE)
        self.environment["DISPLAY"] = ":" + server.stdout.readline().decode().strip()
        self.spawn("openbox", "--sm-disable")
        until("the window manager", lambda: self.tool("xdotool", "get_num_desktops", check=False).stderr == b"")
        self.eyes = Eyes(self.environment["DISPLAY"])
        tokens = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
        threading.Thread(target=tokens.serve_forever, daemon=True).start()
        self.tokens = f"http://127.0.0.1:{tokens.server_address[1]}"

    def spawn(self, *words, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **more):
        """Starts a program in its own process group."""
        environment = {**self.environment, **more}
        with open(self.root / "log", "ab") as log:
            child = subprocess.Popen(words, env=environment, stdin=stdin, stdout=stdout, stderr=log,
                                     cwd=self.root, start_new_session=True)
        self.running.append(child)
        return child

    def end(self, child):
        """Ends a program with SIGTERM, then SIGKILL, and waits for it."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5)
                break
        self.running.remove(child)

    def end_all(self):
        for child in reversed(self.running[:]):
            self.end(child)

    def tool(self, *words, input=None, check=True, patience_secs=60, **more):
        """Runs a program to its end."""
        done = subprocess.run(words, env={**self.environment, **more}, input=input, capture_output=True,
                              timeout=patience_secs)
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(words)}: {done.stderr.decode(errors='replace').strip()}")
        return done

    def keyring_name(self):
        """The unique name of the keyring's connection."""
        words = ("dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus",
                 "/org/freedesktop/DBus", "org.freedesktop.DBus.GetNameOwner", f"string:{SECRETS}")
        return self.tool(*words, check=False).stdout.decode().strip()

    def opened(self, window_class, *words, **more):
        """Starts a program; returns it, the seconds until its window was visible, and that time."""
        start = time.time()
        child = self.spawn(*words, **more)

        def seen():
            if child.poll() is not None:
                log = (self.root / "log").read_text(errors="replace")[-2000:]
                raise Failed(f"{words[0]} ended with {child.returncode} instead of opening a window:\n{log}")
            return self.eyes.sees(window_class)

        moment = until(f"the window of {words[0]}", seen, pause=self.eyes.wait)
        return child, moment - start, moment

    def closed(self, child, window_class):
        self.end(child)
        until("the end of a window", lambda: not self.eyes.sees(window_class))

    def picture(self):
        return self.tool("import", "-window", "root", "rgb:-").stdout

    @contextlib.contextmanager
    def calls(self):
        """The method calls to the keyring within the block, from dbus-monitor: (time, member) each."""
        seen, names = [], (SECRETS, self.keyring_name())
        monitor = self.spawn("dbus-monitor", "--session", "--profile", "type='method_call'", stdout=subprocess.PIPE)
        ready = threading.Event()

        def read():
            for line in monitor.stdout:
                part = line.decode(errors="replace").rstrip("\n").split("\t")
                # kind, moment, serial, sender, destination, path, interface, member
                if part[0] == "mc" and part[-1] == "GetId":
                    ready.set()
                elif part[0] == "mc" and part[4] in names:
                    seen.append((float(part[1]), part[-1]))

        threading.Thread(target=read, daemon=True).start()
        # A call of our own shows that it listens.
        hello = ("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
                 "org.freedesktop.DBus.GetId")
        until("dbus-monitor", lambda: self.tool(*hello) and ready.wait(0.1))
        yield seen
        self.end(monitor)


class Keyfob:
    """The binary on a desktop."""

    def __init__(self, desktop, binary):
        self.desktop, self.binary = desktop, str(binary)
        self.home = str(desktop.root / "keyfob")
        both = self.accounts((COUNTING, "counting"), (STILL, "still"))
        self.fill(self.home, both, COUNTING, STILL)
        self.fill(str(desktop.root / "still"), self.accounts((STILL, "still")), STILL)

    def accounts(self, *rows):
        return "".join(
            f'[[account]]\nname = "{name}"\nprovider = "custom"\ngrant = "client_credentials"\nclient_id = "figures"\n'
            f'client_secret = "figures"\n[account.endpoints]\ntoken = "{self.desktop.tokens}/{path}"\n'
            for name, path in rows)

    def fill(self, home, accounts, *names):
        self.run("import", "-", home=home, input=accounts.encode())
        for name in names:
            self.run("refresh", name, home=home)

    def run(self, *words, home=None, input=None):
        return self.desktop.tool(self.binary, *words, input=input, KEYFOB_HOME=home or self.home).stdout

    def open(self, home=None):
        return self.desktop.opened("keyfob", self.binary, KEYFOB_HOME=home or self.home)
