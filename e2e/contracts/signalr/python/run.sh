#!/bin/sh
# Runs pysignalr and Autobahn's WebSocket cases against the server at $1, in a virtual environment made here.
set -eu
url=${1:?usage: run.sh http://127.0.0.1:PORT}
here=$(cd "$(dirname "$0")" && pwd)
venv=${SIGNALR_VENV:-$here/.venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --requirement "$here/requirements.txt"
"$venv/bin/python" "$here/client.py" "$url"
"$venv/bin/python" "$here/autobahn.py" "$url" "$venv/bin/kosoku"
