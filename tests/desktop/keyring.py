#!/usr/bin/python3
"""What the tests do to the Secret Service on the session bus, beside storing and reading.

    keyring.py lock                locks the default collection
    keyring.py unlock              unlocks it with the password on standard input, without a prompt
    keyring.py locked              prints true or false
    keyring.py items               every item as a line of JSON: collection, label, attributes (no secrets)
    keyring.py prompter dismiss    is the keyring's prompt, and cancels each at once; runs until killed
    keyring.py prompter hang       is the keyring's prompt, and leaves each open
    keyring.py silent              owns org.freedesktop.secrets and never answers a call; runs until killed
    keyring.py leaving             owns org.freedesktop.secrets, and ends when the first session is asked for
    keyring.py leaving later       the same at the second session; until then it has no item and no collection

The last five print "ready" once they hold their name.
"""

import json
import os
import sys

from gi.repository import Gio, GLib

SECRETS = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
SERVICE = "org.freedesktop.Secret.Service"
PROMPTER = "org.gnome.keyring.internal.Prompter"
PROMPTER_XML = f"""<node><interface name="{PROMPTER}">
<method name="BeginPrompting"><arg type="o" direction="in"/></method>
<method name="PerformPrompt"><arg type="o" direction="in"/><arg type="s" direction="in"/>
<arg type="a{{sv}}" direction="in"/><arg type="s" direction="in"/></method>
<method name="StopPrompting"><arg type="o" direction="in"/></method></interface></node>"""

bus = Gio.bus_get_sync(Gio.BusType.SESSION)


def call(path, interface, method, arguments, answer):
    return bus.call_sync(SECRETS, path, interface, method, arguments, GLib.VariantType(answer), 0, 5000, None).unpack()


def get(path, interface, name):
    asked = GLib.Variant("(ss)", (interface, name))
    return call(path, "org.freedesktop.DBus.Properties", "Get", asked, "(v)")[0]


def default_collection():
    path = call(ROOT, SERVICE, "ReadAlias", GLib.Variant("(s)", ("default",)), "(o)")[0]
    if path == "/":
        sys.exit("keyring: there is no default collection")
    return path


def lock():
    call(ROOT, SERVICE, "Lock", GLib.Variant("(ao)", ([default_collection()],)), "(aoo)")


def unlock():
    password = sys.stdin.buffer.read()
    plain = GLib.Variant("(sv)", ("plain", GLib.Variant("s", "")))
    _, session = call(ROOT, SERVICE, "OpenSession", plain, "(vo)")
    secret = (session, b"", password, "text/plain")
    arguments = GLib.Variant("(o(oayays))", (default_collection(), secret))
    interface = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
    call(ROOT, interface, "UnlockWithMasterPassword", arguments, "()")


def items():
    for collection in get(ROOT, SERVICE, "Collections"):
        for item in get(collection, "org.freedesktop.Secret.Collection", "Items"):
            about = {name.lower(): get(item, "org.freedesktop.Secret.Item", name) for name in ("Label", "Attributes")}
            print(json.dumps({"collection": collection.rsplit("/", 1)[-1], **about}, ensure_ascii=False))


def own(name):
    flags = Gio.BusNameOwnerFlags.REPLACE | Gio.BusNameOwnerFlags.ALLOW_REPLACEMENT
    Gio.bus_own_name_on_connection(bus, name, flags, lambda *_: print("ready", flush=True), lambda *_: sys.exit(1))
    GLib.MainLoop().run()


def prompter(answer):
    def tell(sender, path, method, arguments):
        bus.call(sender, path, PROMPTER + ".Callback", method, arguments, None, 0, -1, None, None)

    def reply(text):
        return GLib.Variant("(sa{sv}s)", (text, {}, ""))

    def asked(_bus, sender, _path, _interface, method, arguments, invocation):
        callback = arguments.unpack()[0]
        invocation.return_value(None)
        if method == "BeginPrompting":
            tell(sender, callback, "PromptReady", reply(""))
        elif method == "StopPrompting":
            tell(sender, callback, "PromptDone", None)
        elif answer == "dismiss":
            tell(sender, callback, "PromptReady", reply("no"))

    interface = Gio.DBusNodeInfo.new_for_xml(PROMPTER_XML).interfaces[0]
    bus.register_object("/org/gnome/keyring/Prompter", interface, asked, None, None)
    own("org.gnome.keyring.SystemPrompter")


def silent():
    # GDBus replies to calls to unknown objects by itself; this filter drops them instead.
    def swallow(_bus, message, incoming):
        mine = incoming and message.get_message_type() == Gio.DBusMessageType.METHOD_CALL
        return None if mine else message

    bus.add_filter(swallow)
    own(SECRETS)


def leaving(at_session):
    key = GLib.Variant("ay", b"\x02" * 128)
    answers = {"OpenSession": GLib.Variant("(vo)", (key, ROOT + "/session/s1")),
               "SearchItems": GLib.Variant("(aoao)", ([], [])), "ReadAlias": GLib.Variant("(o)", ("/",))}
    sessions = 0

    def leave(_bus, message, incoming):
        nonlocal sessions
        member = message.get_member()
        if not incoming or member not in answers:
            return message
        sessions += member == "OpenSession"
        if sessions == at_session:
            os._exit(0)
        reply = message.new_method_reply()
        reply.set_body(answers[member])
        bus.send_message(reply, Gio.DBusSendMessageFlags.NONE)
        return None

    bus.add_filter(leave)
    own(SECRETS)


def main(words):
    match words:
        case ["lock"]:
            lock()
        case ["unlock"]:
            unlock()
        case ["locked"]:
            print(str(get(default_collection(), "org.freedesktop.Secret.Collection", "Locked")).lower())
        case ["items"]:
            items()
        case ["prompter", ("dismiss" | "hang") as answer]:
            prompter(answer)
        case ["silent"]:
            silent()
        case ["leaving"]:
            leaving(at_session=1)
        case ["leaving", "later"]:
            leaving(at_session=2)
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
