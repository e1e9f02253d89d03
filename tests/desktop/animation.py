#!/usr/bin/python3
"""Records a sign-in of the demo, from the first page to the copied token, as an animated PNG.

    dbus-run-session -- tests/desktop/animation.py PROGRAM FILE

The window, its screen, its keyring and the browser are real. It needs the packages of tests/setup.sh and those of
tests/desktop/oidc. FILE stays under 2 MB.
"""

import pathlib
import struct
import subprocess
import sys
import time
import zlib

import screenshots

SIZE = (960, 640)
LIMIT_BYTES = 2_000_000
BROWSER = str(pathlib.Path(__file__).with_name("oidc") / "browser.mjs")


class Film:
    """The frames so far, each with the time that it is shown, in milliseconds."""

    def __init__(self, stage, window):
        self.stage, self.window, self.frames = stage, window, []

    def take(self, shown_ms):
        picture = ["import", "-window", self.window, "png24:-"]
        png = subprocess.run(picture, env=self.stage.env, check=True, capture_output=True, timeout=20).stdout
        self.frames.append((png, shown_ms))


def chunks(png):
    """A PNG's chunks: name and data."""
    at = 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        yield name, png[at + 8 : at + 8 + length]
        at += 12 + length


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def animated(frames):
    """Joins pictures of one size (PNG, third edition, sections 11.3.4 and 11.3.5)."""
    header = next(data for name, data in chunks(frames[0][0]) if name == b"IHDR")
    width, height = struct.unpack(">II", header[:8])
    out = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    sequence = 0
    for number, (png, shown_ms) in enumerate(frames):
        found = dict(chunks(png))
        assert found[b"IHDR"] == header, "all frames must have one size and one depth"
        control = struct.pack(">IIIIIHHBB", sequence, width, height, 0, 0, shown_ms, 1000, 0, 0)
        out.append(chunk(b"fcTL", control))
        sequence += 1
        data = zlib.decompress(b"".join(data for name, data in chunks(png) if name == b"IDAT"))
        data = zlib.compress(data, 9)
        if number == 0:
            out.append(chunk(b"IDAT", data))
        else:
            out.append(chunk(b"fdAT", struct.pack(">I", sequence) + data))
            sequence += 1
    out.append(chunk(b"IEND", b""))
    return b"".join(out)


def record(stage, program):
    stage.env["BROWSER"] = BROWSER
    stage.show_names()
    home = stage.home("film", "")
    stage.prefer(home, theme="light", window__place={"size": list(SIZE), "position": [10, 30]})
    window = subprocess.Popen([program], env={**stage.env, "KEYFOB_HOME": home}, stdout=subprocess.DEVNULL)
    try:
        film = Film(stage, stage.wait_for_window())
        time.sleep(2)
        film.take(1500)
        stage.by_name("press", "Try the demo", "")
        stage.by_name("wait", "Sign in", "")
        time.sleep(1)
        film.take(1200)
        stage.by_name("press", "Sign in", "")
        stage.by_name("wait", "Copy sign-in link", "")
        time.sleep(0.5)
        film.take(1500)
        stage.by_name("wait", "Copy token", "")
        time.sleep(1)
        film.take(1500)
        stage.by_name("press", "Copy token", "")
        stage.by_name("wait", "Clear now", "")
        for _ in range(4):
            film.take(1000)
            time.sleep(1)
        return film.frames
    finally:
        window.kill()
        window.wait()


def main():
    program, file = sys.argv[1], pathlib.Path(sys.argv[2])
    stage = screenshots.Stage(program, file.parent)
    try:
        whole = animated(record(stage, program))
    finally:
        stage.close()
    if len(whole) > LIMIT_BYTES:
        raise SystemExit(f"{len(whole)} bytes are more than {LIMIT_BYTES}")
    file.write_bytes(whole)
    print(f"{file}: {len(whole)} bytes")


if __name__ == "__main__":
    main()
