#!/usr/bin/env bash
# Starts a mock at a free port, runs the agent, and asserts what has arrived.
set -euo pipefail
cd "$(dirname "$0")"
folder=$(mktemp -d)

# What the mock prints is read through a pipe: the first lines are where it listens.
mkfifo "$folder/printed"
toggle-mock serve --port 0 --http 0 --record "$folder/run.ndjson" >"$folder/printed" &
mock=$!
trap 'kill "$mock" 2>/dev/null || true; rm -r "$folder"' EXIT
exec 3<"$folder/printed"
read -r _ _ _ toggle <&3 # Toggle mock at HOST:PORT
read -r _ _ http <&3     # HTTP at URL

export RODENT_EVENTS_TARGET=$toggle
export RODENT_EVENTS_EVENTS_DIR=$folder/spool
RODENT_EVENTS_JWT=$(toggle-mock token --rid nas-1) python boot_report.py smb nfs

# While it runs, it is asked by HTTP; where an assertion does not hold, curl fails and shows why.
verify() { curl --silent --show-error --fail-with-body --json "$1" "$http/api/v1/events/verify"; }
verify '{"received": "rid:nas-1 payload:startup", "count": 2}'
verify '{"in_order": ["metadata.component:smb", "metadata.component:nfs"]}'
if verify '{"received": "payload:shutdown", "timeout": 0}'; then exit 1; fi

# Afterwards the recording is searched.
kill "$mock"
wait "$mock" || true
echo
toggle-mock events "$folder/run.ndjson" 'services_started:nfs'
test "$(toggle-mock events "$folder/run.ndjson" 'payload:startup' | wc -l)" = 2
echo "all holds"
