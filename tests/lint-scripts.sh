#!/bin/sh
# Checks the scripts with shellcheck and the workflows with actionlint.
set -eu
cd "$(dirname "$0")/.."
# Not followed: files of the system. Not reached, as it seems: functions that are called by their name in a variable.
git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck --exclude=SC1091,SC2317
# It succeeds as well where it finds no workflow.
said=$(node tests/tools/actionlint.cjs) || { echo "$said"; exit 1; }
case $said in *passed*) ;; *) echo "$said"; exit 1 ;; esac
