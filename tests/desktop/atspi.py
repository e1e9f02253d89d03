#!/usr/bin/python3
"""Drives a window through AT-SPI, as a screen reader would: finds controls by their accessible name.

    atspi.py [--app NAME] [--secs N] [--match exact|prefix|contains] [--role ROLE] [--nth N] COMMAND [NAME]

    tree          roles, names, texts and states of the whole application, one node a line
    names         the names of its nodes, one a line
    wait NAME     until such a node is there
    gone NAME     until no such node is there
    press NAME    its first action (a click); waits until it is there and enabled
    type NAME     sets its text to what stands on standard input: text never goes in arguments
    text NAME     prints its text, or its value, or its name; of two nodes of that name, the one that is no label
    states NAME   prints its states, likewise
    focus NAME    gives it the keyboard
    focused       prints "role: name" of the innermost node that has the keyboard

Exit codes: 0; 1 not found in time, with the visible names on stderr; 2 wrong usage. It must run on the session bus of
the application, with org.a11y.Status IsEnabled set before the application's tree is asked for.
"""

import argparse
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

SHOWN = ("enabled", "sensitive", "focused", "checked", "selected", "expanded", "editable", "showing", "modal")


def application(name):
    """The application of that name whose tree can be read, or None."""
    desktop = Atspi.get_desktop(0)
    for i in range(desktop.get_child_count()):
        child = desktop.get_child_at_index(i)
        try:
            if child is not None and (child.get_name() or "").lower() == name.lower():
                # Names change meanwhile, and without a main loop libatspi's cache would be stale.
                child.set_cache_mask(Atspi.Cache.NONE)
                return child
        except GLib.Error:
            continue
    return None


def walk(node, depth=0):
    """Every descendant with its depth; skips nodes that vanish meanwhile."""
    yield node, depth
    try:
        children = [node.get_child_at_index(i) for i in range(node.get_child_count())]
    except GLib.Error:
        return
    for child in children:
        if child is not None:
            yield from walk(child, depth + 1)


def states(node):
    held = node.get_state_set()
    return [s for s in SHOWN if held.contains(getattr(Atspi.StateType, s.upper()))]


def can(node, interface):
    return interface in node.get_interfaces()


def content(node):
    """A node's text, or its value as text, or None."""
    if can(node, "Text"):
        return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))
    if can(node, "Value"):
        return f"{Atspi.Value.get_current_value(node):g}"
    return None


def line(node, depth):
    parts = ["  " * depth + node.get_role_name(), repr(node.get_name() or "")]
    text = content(node)
    if text is not None:
        parts.append(f"text={text!r}")
    description = node.get_description()
    if description:
        parts.append(f"description={description!r}")
    return " ".join(parts + [f"[{' '.join(states(node))}]"])


def lines(app):
    for node, depth in walk(app):
        try:
            yield line(node, depth)
        except GLib.Error:
            continue


def names(app):
    seen = []
    for node, _ in walk(app):
        try:
            name = node.get_name()
            if name and name not in seen:
                seen.append(name)
        except GLib.Error:
            continue
    return seen


class Driver:
    def __init__(self, options):
        self.options = options
        self.deadline = time.monotonic() + options.secs

    def late(self):
        return time.monotonic() > self.deadline

    def pause(self):
        context = GLib.MainContext.default()
        while context.pending():
            context.iteration(False)
        time.sleep(0.05)

    def app(self):
        while True:
            app = application(self.options.app)
            if app is not None or self.late():
                return app
            self.pause()

    def matches(self, name):
        wanted = self.options.name
        if self.options.match == "exact":
            return name == wanted
        return name.startswith(wanted) if self.options.match == "prefix" else wanted in name

    def find(self, suits):
        """The current nth node of that name (and role) that matches."""
        app = application(self.options.app)
        left = self.options.nth
        for node, _ in walk(app) if app is not None else ():
            try:
                if self.options.role and node.get_role_name() != self.options.role:
                    continue
                if self.matches(node.get_name() or "") and suits(node):
                    left -= 1
                    if left == 0:
                        return node
            except GLib.Error:
                continue
        return None

    def fail(self, what):
        app = application(self.options.app)
        if app is None:
            sys.exit(f"atspi: no application {self.options.app!r} on this bus")
        listed = "\n  ".join(repr(n) for n in names(app))
        wanted = f"{self.options.match} {self.options.name!r}" + (f", {self.options.role}" if self.options.role else "")
        sys.exit(f"atspi: {what} ({wanted}) within {self.options.secs:g} s; the names there are:\n  {listed}")

    def until(self, suits, act, what):
        """Finds a node and acts on it; retries until that works or the time is up."""
        while True:
            node = self.find(suits)
            try:
                if node is not None and (done := act(node)) is not None:
                    return done
            except GLib.Error:
                pass
            if self.late():
                self.fail(what)
            self.pause()


def anything(_node):
    return True


def label(node):
    return node.get_role() == Atspi.Role.LABEL


def pressable(node):
    enabled = node.get_state_set().contains(Atspi.StateType.ENABLED)
    return enabled and can(node, "Action") and Atspi.Action.get_n_actions(node) > 0


def editable(node):
    return can(node, "EditableText")


def focusable(node):
    return can(node, "Component") and not label(node)


def told(node):
    text = content(node)
    return text if text is not None else node.get_name()


def run(options):
    driver = Driver(options)
    command = options.command
    if command in ("tree", "names", "focused"):
        app = driver.app()
        if app is None:
            driver.fail("")
        if command == "tree":
            print("\n".join(lines(app)))
        elif command == "names":
            print("\n".join(names(app)))
        else:
            held = [n for n, _ in walk(app) if n.get_state_set().contains(Atspi.StateType.FOCUSED)]
            print(f"{held[-1].get_role_name()}: {held[-1].get_name() or ''}" if held else "")
    elif command == "wait":
        driver.until(anything, anything, "not there")
    elif command == "gone":
        while driver.find(anything) is not None:
            if driver.late():
                driver.fail("still there")
            driver.pause()
    elif command == "press":
        driver.until(pressable, lambda n: Atspi.Action.do_action(n, 0) or None, "nothing that can be pressed")
    elif command == "type":
        text = sys.stdin.read()
        driver.until(editable, lambda n: Atspi.EditableText.set_text_contents(n, text) or None, "no text field")
    elif command == "focus":
        driver.until(focusable, lambda n: Atspi.Component.grab_focus(n) or None, "nothing that takes the focus")
    elif command in ("text", "states"):
        # A field's label has the same name as the field.
        meant = driver.find(lambda n: not label(n)) is not None
        suits = (lambda n: not label(n)) if meant else anything
        read = told if command == "text" else lambda n: " ".join(states(n))
        print(driver.until(suits, read, "not there"))


def main():
    commands = ["tree", "names", "wait", "gone", "press", "type", "text", "states", "focus", "focused"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", default="keyfob")
    parser.add_argument("--secs", type=float, default=10)
    parser.add_argument("--match", choices=["exact", "prefix", "contains"], default="exact")
    parser.add_argument("--role", help="only nodes of this role, such as 'push button' or 'entry'")
    parser.add_argument("--nth", type=int, default=1, help="the nth such node, from 1")
    parser.add_argument("command", choices=commands)
    parser.add_argument("name", nargs="?")
    options = parser.parse_args()
    if (options.name is None) != (options.command in ("tree", "names", "focused")):
        parser.error(f"{options.command} takes {'no' if options.name is not None else 'a'} name")
    run(options)


if __name__ == "__main__":
    main()
