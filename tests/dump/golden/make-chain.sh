#!/bin/sh
# Makes a full backup, an increment and the dump of what comes of both, in the layout of archives that
# the program writes now, next to this script:
#   tests/dump/golden/make-chain.sh target/debug/haversack chain-2
# Run it once per layout, when that is new, and never again: older ones stay as they are.
set -eu
program=$(realpath "$1")
target=$(dirname "$(realpath "$0")")/$2
[ ! -e "$target" ] || { echo "$target exists already"; exit 1; }
work=$(mktemp -d)
cd "$work"
"$program" superuser upsert root@example.com 1234567890
"$program" serve --http 127.0.0.1:0 >log 2>/dev/null &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
until grep -q "listening on" log; do sleep 0.1; done
url=$(sed -n 's/^listening on //p' log)
token=$(curl -sSf "$url/api/collections/_superusers/auth-with-password" \
	-d identity=root@example.com -d password=1234567890 | sed 's/.*"token":"\([^"]*\)".*/\1/')
call() {
	method=$1 path=$2
	shift 2
	curl -sSf -o /dev/null -X "$method" -H "Authorization: $token" "$url$path" "$@"
}
json="Content-Type: application/json"
call PATCH /api/settings -H "$json" -d '{"backups": {"fullEvery": 5}}'
call POST /api/collections -H "$json" -d '{"name": "things", "fields": [
	{"name": "text", "type": "text"}, {"name": "file", "type": "file"}],
	"indexes": ["CREATE UNIQUE INDEX idx_text ON things (text)"]}'
records=/api/collections/things/records
call POST $records -F id=thing0000000000 -F text=one -F 'file=@log;filename=log.txt'
call POST $records -H "$json" -d '{"id": "thing0000000001", "text": "gone"}'
call POST /api/backups -H "$json" -d '{"name": "full.zip"}'
call DELETE $records/thing0000000001
call POST $records -F id=thing0000000002 -F text=two -F 'file=@log;filename=log.txt'
call PATCH $records/thing0000000000 -H "$json" -d '{"text": "three", "file": null}'
call POST /api/collections -H "$json" -d '{"name": "later"}'
call POST /api/backups -H "$json" -d '{"name": "one.zip", "incremental": true}'
"$program" backup verify one.zip
sleep 1
"$program" export --output "$work/dump.ndjson"
mkdir "$target"
mv "$work/dump.ndjson" data/backups/full.zip data/backups/one.zip "$target"
