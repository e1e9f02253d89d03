#!/usr/bin/python3
"""Keyfob's figures, each against a named peer or limit, measured in one run on one machine.

    sh tests/setup.sh                 once: the screen, the bus and the keyring that this needs
    python3 benches/figures.py        builds the release binary, installs KeePassXC if it is missing; some 6 minutes
    python3 benches/figures.py start scale frame keychain cpu token      only these
    python3 benches/figures.py --binary target/debug/keyfob  another binary, not built here

Absolute times say more about the machine than about Keyfob, so the two programs of a ratio are run in turns (A B A B),
after one run of each that is not counted, and each pair gives one ratio. A line has the least, the median and the
greatest of these; the median is held against the limit. Exit status: 0 all held, 1 some did not, 2 not measured.

start      from exec until a window is mapped, against KeePassXC (welcome page, no database): at most half.
           Both are looked for over the same connection to the X server, at each of its events and every 5 ms. Keyfob
           has two accounts; it shows its window once the first frame is painted, KeePassXC before.
scale      from exec until a window is mapped with 10,000 accounts, against the same with 10: at most 1.2 times.
frame      processor time of the window's thread for a frame with 10,000 accounts, without the driver's part of it:
           under 4 ms, stated as a share of that, for half of the frames and for 99 of 100. Built from benches/frame.rs.
keychain   method calls to org.freedesktop.secrets until the window is mapped, as dbus-monitor saw them: none, neither
           with accounts nor at a first start. A copy (Ctrl+C) must then be seen, or the count proves nothing.
cpu        processor time of the whole process, in percent of one core, over 20 s each: under 1 while a token counts
           down by the second (and the picture changes), under 0.1 where nothing counts.
token      `keyfob token` of a stored, valid token against `secret-tool lookup` of one item: at most twice.

All of it runs on a bus, a keyring (gnome-keyring, unlocked) and a screen (Xvfb, openbox, drawn in software) of its own,
in a folder that is deleted afterwards. Nothing of yours is read.
"""

import argparse
import contextlib
import ctypes
import http.server
import json
import os
import pathlib
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRETS = "org.freedesktop.secrets"
FRAME_MSECS = 4
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
    """Asks until there is an answer, and gives the moment it was there."""
    end = time.monotonic() + patience_secs
    while not ask():
        if time.monotonic() > end:
            raise Failed(f"waited {patience_secs} s in vain for {what}")
        pause()
    return time.time()


class Eyes:
    """What stands on an X screen, without a process for each look."""

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

    VIEWABLE, SUBSTRUCTURE_NOTIFY = 2, 1 << 19
    HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    def __init__(self, display):
        self.x11 = ctypes.CDLL("libX11.so.6")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XDefaultRootWindow.restype = ctypes.c_ulong
        # A window may go away between two questions; the default handler would end this program.
        self.calm = self.HANDLER(lambda _display, _error: 0)
        self.x11.XSetErrorHandler(self.calm)
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(display.encode()))
        if not self.display:
            raise Failed(f"no connection to the display {display}")
        self.root = self.x11.XDefaultRootWindow(self.display)
        self.x11.XSelectInput(self.display, ctypes.c_ulong(self.root), ctypes.c_long(self.SUBSTRUCTURE_NOTIFY))

    def wait(self):
        """Until a window at the top comes, goes or changes, but no longer than 5 ms."""
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
        """Mapped, and so is all that it stands in."""
        about = self.Attributes()
        told = self.x11.XGetWindowAttributes(self.display, ctypes.c_ulong(window), ctypes.byref(about))
        return bool(told) and about.map_state == self.VIEWABLE and about.width > 200 and about.height > 200

    def sees(self, name):
        """Whether a window of this class is visible. A window manager puts each into a frame of its own."""
        tops = self.children(self.root)
        both = tops + [inner for top in tops for inner in self.children(top)]
        return any(self.class_of(w).lower() == name and self.is_visible(w) for w in both)


class Tokens(http.server.BaseHTTPRequestHandler):
    """A token endpoint: /counting gives a life of just under an hour, /still gives none."""

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
    """A bus, a keyring, a screen and a token endpoint, all private; leaving it ends whatever was started on it."""

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
        """Starts a program in a group of its own."""
        environment = {**self.environment, **more}
        with open(self.root / "log", "ab") as log:
            child = subprocess.Popen(words, env=environment, stdin=stdin, stdout=stdout, stderr=log,
                                     cwd=self.root, start_new_session=True)
        self.running.append(child)
        return child

    def end(self, child):
        """Ends a program, kindly at first, and waits for it."""
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
        """Starts a program; gives it, the seconds until its window was seen, and that moment."""
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
        """The method calls to the keyring within, as dbus-monitor sees them: (moment, member) each."""
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


class Report:
    """The lines, and whether all held."""

    def __init__(self):
        self.held = True

    def line(self, what, values, limit, unit="", under=False):
        middle = statistics.median(values)
        held = middle < limit if under else middle <= limit
        self.held = self.held and held
        figures = " / ".join(f"{value:.3g}{unit}" for value in (min(values), middle, max(values)))
        print(f"{'PASS' if held else 'FAIL'}  {what}: {figures}  (limit {limit:g}{unit})", flush=True)

    def check(self, what, held):
        self.held = self.held and held
        print(f"{'PASS' if held else 'FAIL'}  {what}", flush=True)

    def note(self, what, values, unit):
        figures = " / ".join(f"{value:.1f}" for value in (min(values), statistics.median(values), max(values)))
        print(f"      {what}: {figures} {unit}", flush=True)


def in_turns(one, other, count):
    """Runs both in turns, after one run of each that is not counted."""
    one(), other()
    pairs = [(one(), other()) for _ in range(count)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def ratios(report, what, peer, mine, theirs, limit):
    report.line(f"{what}, of {peer}'s time", [m / t for m, t in zip(mine, theirs)], limit)
    report.note("Keyfob", [1000 * secs for secs in mine], "ms")
    report.note(peer, [1000 * secs for secs in theirs], "ms")


def start(keyfob, report):
    desktop = keyfob.desktop

    def ours():
        child, secs, _ = keyfob.open()
        desktop.closed(child, "keyfob")
        return secs

    def peers():
        child, secs, _ = desktop.opened("keepassxc", "keepassxc")
        desktop.closed(child, "keepassxc")
        return secs

    ratios(report, "window mapped", "KeePassXC", *in_turns(ours, peers, 9), 0.5)


def scale(keyfob, report):
    desktop = keyfob.desktop

    def opener(count):
        home = desktop.root / f"accounts-{count}"
        home.mkdir(mode=0o700)
        rows = keyfob.accounts(*((f"account {number:05}", "still") for number in range(count)))
        # Their secrets end with this process: the window reads none before it is shown.
        desktop.tool(keyfob.binary, "--vault", "memory", "import", "-", input=rows.encode(), patience_secs=600,
                     KEYFOB_HOME=str(home))

        def run():
            child, secs, _ = keyfob.open(str(home))
            desktop.closed(child, "keyfob")
            return secs
        return run

    ratios(report, "window mapped with 10,000 accounts", "10 accounts", *in_turns(opener(10_000), opener(10), 9), 1.2)


def frame(_, report):
    words = ("cargo", "bench", "--quiet", "--locked", "--bench", "frame")
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        what, *frames = line.split("\t")
        shares = sorted(float(msecs) / FRAME_MSECS for msecs in frames)
        report.line(f"a frame while {what}, of {FRAME_MSECS} ms", shares, 1, under=True)
        report.line("99 of 100 such frames", [shares[-1 - len(shares) // 100]], 1, under=True)


def keychain(keyfob, report):
    desktop, before, first, copied = keyfob.desktop, [], [], []
    for _ in range(5):
        with desktop.calls() as calls:
            child, _, moment = keyfob.open()
            time.sleep(1)
            before.append(sum(at <= moment for at, _ in calls))
            if not before[1:]:
                desktop.tool("xdotool", "key", "--clearmodifiers", "ctrl+c")
                until("a call to the keyring after a copy", lambda: calls)
                time.sleep(1)
                copied.append(len(calls))
            desktop.closed(child, "keyfob")
        with desktop.calls() as calls:
            child, _, moment = keyfob.open(str(desktop.root / "first"))
            until("the first start's try of the keyring", lambda: calls)
            first.append(sum(at <= moment for at, _ in calls))
            desktop.closed(child, "keyfob")
    report.line("keychain calls until the window is mapped, with accounts", before, 0)
    report.line("keychain calls until the window is mapped, at a first start", first, 0)
    report.check(f"the same count sees a copy: {copied[0]} calls", copied[0] > 0)


def cpu(keyfob, report):
    desktop, root = keyfob.desktop, keyfob.desktop.root
    cases = [("while a token counts down", keyfob.home, 1, True),
             ("with a token without expiry", str(root / "still"), 0.1, False),
             ("without an account", str(root / "first"), 0.1, False)]
    for what, home, limit, counts in cases:
        child, _, _ = keyfob.open(home)
        # Linux' own clock of another process's processor time: all threads, those that ended too, in nanoseconds.
        clock = (~child.pid << 3) | 2
        time.sleep(5)
        shares, changes = [], []
        for _ in range(3):
            picture, used, began = desktop.picture(), time.clock_gettime(clock), time.monotonic()
            time.sleep(20)
            used, span = time.clock_gettime(clock) - used, time.monotonic() - began
            shares.append(100 * used / span)
            changes.append(desktop.picture() != picture)
        desktop.closed(child, "keyfob")
        report.line(f"processor time {what}, of one core", shares, limit, " %", under=True)
        if counts:
            report.check("the picture changed meanwhile", all(changes))


def token(keyfob, report):
    desktop = keyfob.desktop
    desktop.tool("secret-tool", "store", "--label", "figures", "figures", "peer", input=b"x" * 800)

    def timed(words, **more):
        def run():
            began = time.perf_counter()
            done = subprocess.run(words, env={**desktop.environment, **more}, stdin=subprocess.DEVNULL,
                                  capture_output=True)
            secs = time.perf_counter() - began
            if done.returncode != 0 or len(done.stdout) < 600:
                raise Failed(f"{words[0]} gave no secret: {done.stderr.decode(errors='replace')}")
            return secs
        return run

    ours = timed([keyfob.binary, "token", COUNTING], KEYFOB_HOME=keyfob.home)
    mine, theirs = in_turns(ours, timed(["secret-tool", "lookup", "figures", "peer"]), 40)
    ratios(report, "a stored token printed", "secret-tool lookup", mine, theirs, 2)
    report.line("the same, median by median", [statistics.median(mine) / statistics.median(theirs)], 2)


def prepare(binary):
    """Builds the release binary unless another was named, and sees that the peer is there."""
    missing = [name for name in ("dbus-daemon", "gnome-keyring-daemon", "secret-tool", "Xvfb", "openbox", "xdotool",
                                 "dbus-monitor", "import") if not shutil.which(name)]
    if missing:
        raise Failed(f"missing: {', '.join(missing)}; run sh tests/setup.sh")
    if not shutil.which("keepassxc"):
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        words = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y",
                 "--no-install-recommends", "keepassxc"]
        print("Installing keepassxc, to compare with.", flush=True)
        if subprocess.run(words, stdout=sys.stderr).returncode != 0:
            raise Failed("keepassxc can't be installed; try: " + " ".join(words))
    if binary:
        return pathlib.Path(binary).resolve(strict=True)
    if subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT).returncode != 0:
        raise Failed("the release binary can't be built")
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "release/keyfob"


def main():
    benches = {bench.__name__: bench for bench in (start, scale, frame, keychain, cpu, token)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", help="measure this one, and build none")
    parser.add_argument("which", nargs="*", metavar="FIGURE", help=f"{', '.join(benches)}; none: all of them")
    options = parser.parse_args()
    if unknown := set(options.which) - set(benches):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    report = Report()
    try:
        binary = prepare(options.binary)
        print("Each line: least / median / greatest; the median is held against the limit.", flush=True)
        with Desktop() as desktop:
            keyfob = Keyfob(desktop, binary)
            for name in options.which or benches:
                benches[name](keyfob, report)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 2
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
