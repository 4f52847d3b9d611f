#!/usr/bin/env bash
# Starts a mock Toggle that outlives this step, and tells the job where it is.
#
# FOLDER is for its files, ARGUMENTS has more of them for toggle-mock serve, one a line, RID is the Rodent's
# id, TIMEOUT seconds are the longest that it may take to answer.
set -euo pipefail

mkdir -p "$FOLDER"
ready=$FOLDER/ready.json
log=$FOLDER/log.txt
mapfile -t lines <<<"${ARGUMENTS-}"
more=()
for line in "${lines[@]}"; do [[ $line =~ [^[:space:]] ]] && more+=("$line"); done

# The end of a step ends what holds its output.
nohup toggle-mock serve --http 0 --quiet --record "$FOLDER/recording.ndjson" --ready-file "$ready" \
    "${more[@]}" >"$log" 2>&1 </dev/null &
pid=$!
until [[ -s $ready ]]; do
    if ! kill -0 "$pid" 2>/dev/null || ((SECONDS >= TIMEOUT)); then
        echo "::error title=Toggle mock::it did not start within $TIMEOUT s"
        cat "$log"
        kill "$pid" 2>/dev/null || true
        exit 1
    fi
    sleep 0.1
done

# field NAME: that of the JSON object on stdin.
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

address=$(field listening <"$ready")
url=$(field http <"$ready")
asked=$(python3 -c 'import json, sys; print(json.dumps({"rid": sys.argv[1], "expires_in": 86400}))' "$RID")
jwt=$(curl --silent --show-error --fail --noproxy '*' --header 'Content-Type: application/json' \
    --data "$asked" "$url/api/v1/tokens" | field jwt)

echo "::add-mask::$jwt"
echo "Toggle mock at $address, HTTP at $url"
printf '%s\n' "address=$address" "url=$url" "jwt=$jwt" "pid=$pid" >>"$GITHUB_OUTPUT"
printf '%s\n' "TOGGLE_ADDRESS=$address" "TOGGLE_JWT=$jwt" "TOGGLE_MOCK_URL=$url" >>"$GITHUB_ENV"
