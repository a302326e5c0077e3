#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# approve.sh IMEI BUSY-FILE
#
# Approves every update of the module, but defers it by an hour while BUSY-FILE exists. Needs the
# group fotad-operator.
set -eu
imei=$1 busy=$2

# $1: the token, which stands for exactly the update that was shown.
answer() {
    if [ -e "$busy" ]; then
        fotactl defer 1h "$1"
    else
        fotactl approve "$1"
    fi
}

# One JSON object per line. The first is the module's state: fotad may have asked before, and may
# read the manifest again meanwhile.
fotactl --json monitor "$imei" | while read -r event; do
    case $event in
    *'"event":"approval-requested"'* | *'"event":"module"'*'"State":"awaiting-'* | \
        *'"event":"module"'*'"State":"checking"'*'"token":"'*)
        token=$(printf '%s\n' "$event" | sed -n 's/.*"token":"\([0-9a-f]*\)".*/\1/p')
        answer "$token" || echo "$imei: fotad did not accept the answer"
        ;;
    *'"event":"update-finished"'*)
        result=$(printf '%s\n' "$event" | sed -n 's/.*"result":"\([a-z-]*\)".*/\1/p')
        echo "$imei: $result"
        ;;
    esac
done
