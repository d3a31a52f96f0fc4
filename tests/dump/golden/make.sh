#!/bin/sh
# Makes the golden data folder of the format that the program writes now, next to this script:
#   tests/dump/golden/make.sh target/debug/haversack format-1
# Run it once per format, when that format is new, and never again: older ones stay as they are.
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
call POST /api/collections -H "$json" -d '{
	"name": "things", "listRule": "", "fields": [
		{"name": "text", "type": "text"}, {"name": "number", "type": "number"},
		{"name": "bool", "type": "bool"}, {"name": "email", "type": "email"},
		{"name": "url", "type": "url"}, {"name": "editor", "type": "editor"},
		{"name": "date", "type": "date"}, {"name": "json", "type": "json"},
		{"name": "geo", "type": "geoPoint"},
		{"name": "select", "type": "select", "values": ["a", "b"], "maxSelect": 2},
		{"name": "file", "type": "file"},
		{"name": "created", "type": "autodate", "onCreate": true}],
	"indexes": ["CREATE UNIQUE INDEX idx_text ON things (text)",
		"CREATE INDEX idx_two ON things (number, date)"]}'
call POST /api/collections/things/records -F id=thing0000000000 -F text=one -F number=0.1 -F bool=true \
	-F email=a@b.co -F url=https://a.co/ --form-string 'editor=<p>hi</p>' -F 'date=2022-10-10 09:49:46.145Z' \
	-F 'json={"b":1.0,"a":[1e2]}' -F 'geo={"lon":-0.1,"lat":89.9}' -F select=b -F select=a \
	-F 'file=@log;filename=log.txt'
call POST /api/collections/things/records -H "$json" -d '{"id": "thing0000000001", "text": "two"}'
call POST /api/collections/things/records -H "$json" -d '{"id": "thing0000000002", "text": "gone"}'
call PATCH /api/collections/things/records/thing0000000001 -H "$json" -d '{"number": 7}'
call DELETE /api/collections/things/records/thing0000000002
call POST /api/collections/users/records -H "$json" -d '{"email": "user@example.com",
	"password": "1234567890", "passwordConfirm": "1234567890", "verified": true}'
kill $server
wait $server || true
"$program" compact
"$program" check
mkdir "$target"
"$program" export --output "$target/dump.ndjson"
"$program" backup create golden.zip
mv data/backups/golden.zip "$target/backup.zip"
gzip -9n <data/data.redb >"$target/data.redb.gz"
cp -R data/storage "$target/storage"
find "$target" -name '*.attrs' -delete
