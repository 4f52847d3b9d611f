#!/bin/sh
# A test in any language, through HTTP: here with curl and jq. Ends with 0 if all holds.
set -eu
export no_proxy=127.0.0.1 # whatever proxy this machine has, for curl and for the agent

folder=$(mktemp -d)
toggle-mock serve --http 0 --json >"$folder/out" &
trap 'kill $!; rm -r "$folder"' EXIT
until [ -s "$folder/out" ]; do sleep 0.1; done
TOGGLE=$(head -n 1 "$folder/out" | jq -r .listening)
API=$(head -n 1 "$folder/out" | jq -r .http)/api/v1
ask() { curl --silent --show-error --fail-with-body "$@"; }
post() { ask --json "$2" "$API$1"; }

# The first two calls fail, the third is as usual.
post /faults '{"method": "SendEvents", "returns": ["UNAVAILABLE", "UNAVAILABLE", "OK"]}'

# The agent under test.
TOGGLE_JWT=$(post /tokens '{"rid": "node-1"}' | jq -r .jwt)
HOME=$folder TOGGLE=$TOGGLE TOGGLE_JWT=$TOGGLE_JWT "${PYTHON:-python3}" "$(dirname "$0")/agent.py"

post /events/wait '{"query": "rid:node-1 payload:startup", "timeout": 20}' >/dev/null
post /events/verify '{"in_order": ["payload:startup", "payload:service_status"]}'
post /events/verify '{"not_received": "level:ERROR"}'
ask "$API/calls?status=UNAVAILABLE" | jq -e '.total == 2'
