#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# approve.sh IMEI BUSY-FILE
#
# Approves every update of the module, but defers it by an hour while BUSY-FILE exists. Needs the
# group fotad-operator. Ends, with status 1, when fotad is not there at its start: a service with
# Restart=always begins again.
set -eu
imei=$1 busy=$2
again=60 # seconds after which an answer that fotad has not taken is given again
stale=5  # fotactl's exit status: the offer is another one by now, of which an event tells

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
        until answer "$token" || [ $? = $stale ]; do
            echo "$imei: fotad did not take the answer"
            sleep $again
        done
        ;;
    *'"event":"update-finished"'*)
        result=$(printf '%s\n' "$event" | sed -n 's/.*"result":"\([a-z-]*\)".*/\1/p')
        echo "$imei: $result"
        ;;
    esac
done
exit 1
