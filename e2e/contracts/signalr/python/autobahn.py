"""Autobahn's WebSocket cases against the example server's echo endpoint, whose upgrade is that of the hubs.

Left out: 12 and 13, which are about compression. The server does not offer it, for its memory.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

url, kosoku = sys.argv[1:]
with tempfile.TemporaryDirectory() as reports:
    command = [kosoku, "--exclude", "12.*", "--exclude", "13.*", "--outdir", reports]
    subprocess.run([*command, url.removeprefix("http://") + "/echo"], check=False, stdout=subprocess.DEVNULL)
    index = json.loads((pathlib.Path(reports) / "index.json").read_text())
    cases = {case: verdict for agent in index.values() for case, verdict in agent.items()}
    allowed = {"OK", "NON-STRICT", "INFORMATIONAL"}
    failed = {
        case: verdict
        for case, verdict in cases.items()
        if not {verdict["behavior"], verdict["behaviorClose"]} <= allowed
    }
    for case, verdict in sorted(failed.items()):
        print(f"FAILED  {case}: {verdict['behavior']}, {verdict['behaviorClose']}")
    print(f"{len(cases) - len(failed)} of {len(cases)} cases passed")
    sys.exit(bool(failed) or not cases)
