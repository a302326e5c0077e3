#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# approve.sh IMEI BUSY-FILE
#
# Approves each update of the module; puts it off for an hour as long as BUSY-FILE is there. Needs
# the group fotad-operator.
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

# One JSON object a line. The first is the module as it is: an offer may have come before us.
fotactl --json monitor "$imei" | while read -r event; do
    case $event in
    *'"event":"approval-requested"'* | *'"event":"module"'*'"State":"awaiting-'*)
        token=$(printf '%s\n' "$event" | sed -n 's/.*"token":"\([0-9a-f]*\)".*/\1/p')
        answer "$token" || echo "$imei: the answer was not taken"
        ;;
    *'"event":"update-finished"'*)
        result=$(printf '%s\n' "$event" | sed -n 's/.*"result":"\([a-z]*\)".*/\1/p')
        echo "$imei: $result"
        ;;
    esac
done
