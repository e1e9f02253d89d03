#!/bin/sh
# Prints the mirror from which this machine's apt takes its release; nothing if there is none.
. /etc/os-release
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk -v suite="$VERSION_CODENAME" '
        $1 == "deb" { for (at = 2; at < NF; at++) if ($at ~ "://" && $(at + 1) == suite) { print $at; exit } }
        $1 == "URIs:" { uri = $2 }
        $1 == "Suites:" { for (at = 2; at <= NF; at++) if ($at == suite) { print uri; exit } }'
