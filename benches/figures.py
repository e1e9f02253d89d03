#!/usr/bin/python3
"""Keyfob's figures, each against a named peer or limit, measured in one run on one machine.

    sh tests/setup.sh                 once: the screen, the bus and the keyring that this needs
    python3 benches/figures.py        builds the release binary, installs KeePassXC, nginx and wrk if missing; some 8 minutes
    python3 benches/figures.py start scale frame keychain cpu memory token crowd proxy   only these
    python3 benches/figures.py --binary target/debug/keyfob  another binary, not built here

Absolute times say more about the machine than about Keyfob, so the two programs of a ratio are run in turns (A B A B),
after one run of each that is not counted, and each pair gives one ratio. A line has the least, the median and the
greatest of these; the median is held against the limit. Exit status: 0 all held, 1 some did not, 2 not measured.

start      from exec until a window is mapped, against KeePassXC (welcome page, no database): at most 0.65 of its
           time. Both are looked for over the same connection to the X server, at each of its events and every 5 ms.
           Keyfob has two accounts; it shows its window once the first frame is painted, KeePassXC before.
scale      from exec until a window is mapped, with 1,000 accounts against the same with 10: at most 1.2 times. Beside
           it, without a limit, stands when the rows of the list are on the screen as they are half a second later.
           The accounts are of forty servers and seven tags, and three of four have a token.
frame      processor time of the window's thread for a frame with 1,000 accounts, without the driver's part of it:
           under 4 ms, stated as a share of that, for half of the frames and for 99 of 100. Built from benches/frame.rs.
keychain   method calls to org.freedesktop.secrets until the window is mapped, as dbus-monitor saw them: none, neither
           with accounts nor at a first start. A copy (Ctrl+C) must then be seen, or the count proves nothing.
cpu        processor time of the whole process, in percent of one core, over 20 s each: under 1 while a token counts
           down by the second (and the picture changes), under 0.1 where nothing counts.
memory     proportional set size of the window with two accounts, five seconds after it is mapped, against KeePassXC's
           with its welcome page: at most 1.1 times. Keyfob's memory is closed to other users, so this needs root.
token      `keyfob token` of a stored, valid token against `secret-tool lookup` of one item: at most twice.
crowd      `keyfob token` and `keyfob remove` among 1,000 accounts against the same among 10: at most 1.5 times. Items
           of both are in one keyring, in a collection that is kept in memory: gnome-keyring searches all of its items
           at each call, and writes a file of all of them at each change, so its own time grows with their number.
proxy      requests a second through `keyfob proxy`, of those through nginx as a reverse proxy (HTTP/1.1, kept connections
           to the upstream, no access log), both to the same nginx, by wrk with 8 connections: at least a third.

All of it runs on a bus, a keyring (gnome-keyring, unlocked) and a screen (Xvfb, openbox, drawn in software) of its own,
in a folder that is deleted afterwards. Nothing of yours is read.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

from stage import COUNTING, SECRETS, Desktop, Failed, Keyfob, until

ROOT = pathlib.Path(__file__).resolve().parent.parent
FRAME_MSECS = 4


class Report:
    """The result lines, and whether all limits held."""

    def __init__(self):
        self.held = True

    def line(self, what, values, limit, unit="", under=False):
        middle = statistics.median(values)
        held = middle < limit if under else middle <= limit
        self.held = self.held and held
        figures = " / ".join(f"{value:.3g}{unit}" for value in (min(values), middle, max(values)))
        print(f"{'PASS' if held else 'FAIL'}  {what}: {figures}  (limit {limit:g}{unit})", flush=True)

    def least(self, what, values, limit):
        middle = statistics.median(values)
        self.held = self.held and middle >= limit
        figures = " / ".join(f"{value:.3g}" for value in (min(values), middle, max(values)))
        print(f"{'PASS' if middle >= limit else 'FAIL'}  {what}: {figures}  (limit: at least {limit:.3g})", flush=True)

    def check(self, what, held):
        self.held = self.held and held
        print(f"{'PASS' if held else 'FAIL'}  {what}", flush=True)

    def note(self, what, values, unit):
        figures = " / ".join(f"{value:.3g}" for value in (min(values), statistics.median(values), max(values)))
        print(f"      {what}: {figures} {unit}", flush=True)


def in_turns(one, other, count):
    """Runs both in turns, after one uncounted run of each."""
    one(), other()
    pairs = [(one(), other()) for _ in range(count)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def ratios(report, what, peer, mine, theirs, limit=None):
    what, shares = f"{what}, of {peer}'s time", [m / t for m, t in zip(mine, theirs)]
    if limit is None:
        report.note(what, shares, "times")
    else:
        report.line(what, shares, limit)
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

    ratios(report, "window mapped", "KeePassXC", *in_turns(ours, peers, 9), 0.65)


def accounts(numbers):
    """An import file with an account for each number: of forty servers and seven tags, three of four with a token."""
    def account(number):
        tokens = ('tokens = { access_token = "figures", received_at = "2026-01-01T00:00:00Z", '
                  'expires_at = "2099-01-01T00:00:00Z" }\n') if number % 4 else ""
        return (f'[[account]]\nname = "account {number:05}"\nprovider = "custom"\ngrant = "client_credentials"\n'
                f'client_id = "figures"\nclient_secret = "figures"\ntags = ["team {number % 7}"]\n{tokens}'
                f'[account.endpoints]\ntoken = "https://{number % 40}.example/token"\n')
    return "".join(map(account, numbers)).encode()


def scale(keyfob, report):
    desktop, eyes = keyfob.desktop, keyfob.desktop.eyes

    def rows_stand():
        """The time from which the rows are unchanged for half a second."""
        window, seen, since, end = eyes.sees("keyfob"), b"", 0, time.time() + 20
        while time.time() - since < 0.5 or len({seen[at:at + 4] for at in range(0, len(seen), 4)}) < 20:
            # A part of the list: letters have many colours, an empty page has few.
            now = eyes.pixels(window, 20, 200, 240, 300)
            if now != seen:
                seen, since = now, time.time()
            if time.time() > end:
                raise Failed("the list comes to no rest")
            time.sleep(0.001)
        return since

    def opener(count):
        home = desktop.root / f"accounts-{count}"
        home.mkdir(mode=0o700)
        # Their secrets end with this process: the window reads none before it is shown.
        desktop.tool(keyfob.binary, "--vault", "memory", "import", "-", input=accounts(range(count)),
                     patience_secs=600, KEYFOB_HOME=str(home))

        def run():
            child, secs, mapped = keyfob.open(str(home))
            stand = rows_stand()
            desktop.closed(child, "keyfob")
            return secs, secs + stand - mapped
        return run

    many, few = in_turns(opener(1_000), opener(10), 9)
    for at, (what, limit) in enumerate((("window mapped", 1.2), ("the rows of the list stand", None))):
        of = [[pair[at] for pair in runs] for runs in (many, few)]
        ratios(report, f"{what} with 1,000 accounts", "10 accounts", *of, limit)


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


def memory(keyfob, report):
    desktop = keyfob.desktop

    def mebibytes(name, opened):
        child, _, _ = opened()
        time.sleep(5)
        try:
            rollup = pathlib.Path(f"/proc/{child.pid}/smaps_rollup").read_text()
        except PermissionError as error:
            raise Failed(f"{error}; run this figure as root") from error
        desktop.closed(child, name)
        return next(int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:"))

    mine, theirs = in_turns(lambda: mebibytes("keyfob", keyfob.open),
                            lambda: mebibytes("keepassxc", lambda: desktop.opened("keepassxc", "keepassxc")), 5)
    report.line("memory of the window, of KeePassXC's", [m / t for m, t in zip(mine, theirs)], 1.1)
    report.note("Keyfob", mine, "MiB")
    report.note("KeePassXC", theirs, "MiB")


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


def crowd(keyfob, report):
    desktop, number = keyfob.desktop, 9

    def use_collection(name):
        desktop.tool("dbus-send", "--session", "--print-reply", f"--dest={SECRETS}", "/org/freedesktop/secrets",
                     "org.freedesktop.Secret.Service.SetAlias", "string:default",
                     f"objpath:/org/freedesktop/secrets/collection/{name}")

    def home_of(count):
        home = desktop.root / f"crowd-{count}"
        home.mkdir(mode=0o700)
        desktop.tool(keyfob.binary, "import", "-", input=accounts(range(count)), patience_secs=600,
                     KEYFOB_HOME=str(home))
        return str(home)

    def timed(home, *words):
        began = time.perf_counter()
        keyfob.run(*words, home=home)
        return time.perf_counter() - began

    def token(home):
        return timed(home, "token", f"account {number:05}")

    def remove(home):
        secs = timed(home, "remove", f"account {number:05}", "--yes")
        keyfob.run("import", "-", home=home, input=accounts([number]))
        return secs

    use_collection("session")
    try:
        many, few = home_of(1000), home_of(10)
        for what, run in ("a stored token printed", token), ("an account removed", remove):
            times = in_turns(lambda: run(many), lambda: run(few), 25)
            ratios(report, f"{what} among 1,000 accounts", "10 accounts", *times, 1.5)
    finally:
        use_collection("login")


NGINX = """daemon off; error_log {root}/nginx-error.log; pid {root}/nginx-{name}.pid; worker_processes auto;
events {{}}
http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {root}/nginx-body;
 proxy_temp_path {root}/nginx-proxy; fastcgi_temp_path {root}/nginx-f; uwsgi_temp_path {root}/nginx-u;
 scgi_temp_path {root}/nginx-s; {servers} }}
"""
UPSTREAM = "server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{body}'; }} }}"
REVERSE = ("upstream api {{ server 127.0.0.1:{to}; keepalive 32; keepalive_requests 1000000; }} "
           "server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://api; proxy_http_version 1.1; "
           "proxy_set_header Connection ''; }} }}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def proxy(keyfob, report):
    desktop = keyfob.desktop
    install("nginx", "wrk")

    def nginx(name, servers):
        config = desktop.root / f"nginx-{name}.conf"
        config.write_text(NGINX.format(root=desktop.root, name=name, servers=servers))
        desktop.spawn(shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), "-c", str(config), "-p", str(desktop.root))

    upstream, reverse = free_port(), free_port()
    nginx("upstream", UPSTREAM.format(port=upstream, body=json.dumps({"figures": "x" * 200})))
    nginx("reverse", REVERSE.format(port=reverse, to=upstream))
    home = desktop.root / "proxy"
    home.mkdir(mode=0o700)
    account = (f'[[account]]\nname = "api"\nprovider = "custom"\ngrant = "client_credentials"\nclient_id = "figures"\n'
               f'client_secret = "figures"\n[account.api]\nbase_url = "http://127.0.0.1:{upstream}"\n'
               f'[account.endpoints]\ntoken = "{desktop.tokens}/counting"\n')
    keyfob.run("import", "-", home=str(home), input=account.encode())
    ours = desktop.spawn(keyfob.binary, "proxy", "api", stdout=subprocess.PIPE, KEYFOB_HOME=str(home))
    url, key = (ours.stdout.readline().decode().strip().split("=", 1)[1] for _ in range(2))

    def rate(*words):
        said = desktop.tool("wrk", "-t1", "-c8", "-d3s", *words).stdout.decode()
        if "Non-2xx" in said:
            raise Failed(f"some requests failed: {said}")
        return float(said.split("Requests/sec:")[1].split()[0])

    until("nginx", lambda: b"figures" in desktop.tool("curl", "-s", f"http://127.0.0.1:{reverse}/", check=False).stdout)
    mine, theirs = in_turns(lambda: rate("-H", f"Authorization: Bearer {key}", f"{url}/api/"),
                            lambda: rate(f"http://127.0.0.1:{reverse}/"), 5)
    report.least("requests through the proxy, of nginx's", [m / t for m, t in zip(mine, theirs)], 1 / 3)
    report.note("Keyfob", mine, "requests/s")
    report.note("nginx", theirs, "requests/s")
    desktop.end(ours)


def install(*programs):
    """Installs the Debian packages of programs that are missing, to compare with."""
    missing = [name for name in programs if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]
    if not missing:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    words = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y",
             "--no-install-recommends", *missing]
    print(f"Installing {' '.join(missing)}, to compare with.", flush=True)
    if subprocess.run(words, stdout=sys.stderr).returncode != 0:
        raise Failed(f"{' '.join(missing)} can't be installed; try: " + " ".join(words))


def prepare(binary):
    """Builds the release binary unless another was given, and checks that the peer is installed."""
    missing = [name for name in ("dbus-daemon", "gnome-keyring-daemon", "secret-tool", "Xvfb", "openbox", "xdotool",
                                 "dbus-monitor", "import") if not shutil.which(name)]
    if missing:
        raise Failed(f"missing: {', '.join(missing)}; run sh tests/setup.sh")
    install("keepassxc")
    if binary:
        return pathlib.Path(binary).resolve(strict=True)
    if subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT).returncode != 0:
        raise Failed("the release binary can't be built")
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "release/keyfob"


def main():
    benches = {bench.__name__: bench for bench in (start, scale, frame, keychain, cpu, memory, token, crowd, proxy)}
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
