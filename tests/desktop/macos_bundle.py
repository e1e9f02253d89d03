"""Reads Keyfob.app as macOS does: its property list and its icon.

    tests/desktop/macos_bundle.py Keyfob.app VERSION
"""

import plistlib
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pictures(icon: bytes) -> dict[str, int]:
    """The types in an .icns file, each with the width of its PNG."""
    assert icon[:4] == b"icns" and struct.unpack(">I", icon[4:8])[0] == len(icon), "the icon's header is wrong"
    found, at = {}, 8
    while at < len(icon):
        kind, size = icon[at : at + 4].decode(), struct.unpack(">I", icon[at + 4 : at + 8])[0]
        picture = icon[at + 8 : at + size]
        assert picture[:8] == b"\x89PNG\r\n\x1a\n", f"{kind} is no PNG"
        width, height = struct.unpack(">II", picture[16:24])
        assert width == height, f"{kind} is not square"
        found[kind] = width
        at += size
    assert at == len(icon), "the last picture is cut off"
    return found


def main() -> None:
    contents, version = Path(sys.argv[1]) / "Contents", sys.argv[2]
    info = plistlib.loads((contents / "Info.plist").read_bytes())
    assert info["CFBundleShortVersionString"] == version.split("-")[0], info
    program = contents / "MacOS" / info["CFBundleExecutable"]
    assert program.stat().st_mode & 0o111, "the program can't be run"
    component = (ROOT / "packaging/linux/metainfo.xml").read_text()
    assert re.search(r"<id>(.*)</id>", component)[1] == info["CFBundleIdentifier"], info
    icon = (contents / "Resources" / f"{info['CFBundleIconFile']}.icns").read_bytes()
    # As `iconutil` names them: 16 to 512 points, each for screens of one and of two pixels a point.
    sizes = {"icp4": 16, "ic11": 32, "icp5": 32, "ic12": 64, "ic07": 128, "ic13": 256, "ic08": 256, "ic14": 512}
    sizes |= {"ic09": 512, "ic10": 1024}
    found = pictures(icon)
    assert {kind: found.get(kind) for kind in sizes} == sizes, found


if __name__ == "__main__":
    main()
