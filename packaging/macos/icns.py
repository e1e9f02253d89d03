#!/usr/bin/env python3
"""Writes the icon of the app for macOS: a container of the pictures in assets/icons.

    packaging/macos/icns.py OUT.icns
"""

import struct
import sys
from pathlib import Path

ICONS = Path(__file__).resolve().parents[2] / "assets" / "icons"

# The type of each entry and the size of its picture. The second name of a size is that of half of it on a Retina screen.
ENTRIES = [
    (b"icp4", 16),
    (b"icp5", 32),
    (b"ic11", 32),
    (b"icp6", 64),
    (b"ic12", 64),
    (b"ic07", 128),
    (b"ic08", 256),
    (b"ic13", 256),
    (b"ic09", 512),
    (b"ic14", 512),
    (b"ic10", 1024),
]


def main() -> None:
    chunks = []
    for kind, size in ENTRIES:
        picture = (ICONS / f"{size}.png").read_bytes()
        chunks.append(kind + struct.pack(">I", 8 + len(picture)) + picture)
    body = b"".join(chunks)
    Path(sys.argv[1]).write_bytes(b"icns" + struct.pack(">I", 8 + len(body)) + body)


if __name__ == "__main__":
    main()
