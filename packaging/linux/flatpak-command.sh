#!/bin/sh
# Starts Keyfob in the Flatpak, with a home of its own. The sandbox's folder for data would count as the default home,
# and its items in the keychain would have the same names as those of an installation outside.
KEYFOB_HOME=${KEYFOB_HOME:-$XDG_DATA_HOME/keyfob-flatpak}
export KEYFOB_HOME
exec /app/libexec/keyfob "$@"
