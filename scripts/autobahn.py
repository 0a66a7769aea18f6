"""Autobahn's cases by the runner kosoku, repaired where it misjudges permessage-deflate.

Usage: autobahn.py HOST:PORT OUTDIR [-i CASE | -x CASE]…

What is repaired, in the cases 12.* and 13.* only:
- A message that the server left uncompressed (as RFC 7692, section 6, lets it) is handed to the case as text, not as
  bytes: "Strings must be encoded before hashing".
- A ping from the server (as RFC 6455, section 5.5.2, lets it) ends the case at once: "did not finish".
What is expected: a server may decline an offer (RFC 7692, section 5). Ours declines windows below 32 KiB, which 13.3.* and
13.5.* ask for; there, UNIMPLEMENTED is right and everything else is wrong.
"""

import asyncio
import fnmatch
import sys

from kosoku import FailureError, run_fuzzingclient
from kosoku._report import write_reports
from kosoku.cases import CASES

AT_ONCE = 4
DECLINED = ["13.3.*", "13.5.*"]
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}


def repair(case):
    heard = case.onMessage

    def on_message(self, message, binary):
        if isinstance(message, str):
            message = message.encode("latin-1" if binary else "utf-8")
        heard(self, message, binary)

    case.onMessage = on_message
    case.onPing = lambda self, payload: None


def is_right(result):
    behavior, close = result.behavior.value, result.behavior_close.value
    if any(fnmatch.fnmatch(result.case_id, pattern) for pattern in DECLINED):
        return behavior == "UNIMPLEMENTED" and close == "OK"
    return behavior in GOOD and close in {"OK", "INFORMATIONAL"}


async def main(address, folder, selection):
    for name, case in CASES.items():
        if name.startswith(("12.", "13.")):
            repair(case)
    chosen = {"-i": [], "-x": []}
    for flag, pattern in zip(selection[::2], selection[1::2]):
        chosen[flag].append(pattern)
    try:
        results = await run_fuzzingclient(address, chosen["-i"] or None, chosen["-x"] or None, concurrency=AT_ONCE)
    except FailureError as failure:
        results = failure.results
    write_reports(results, folder)
    wrong = [result for result in results if not is_right(result)]
    for result in wrong:
        print(f"{result.case_id}: {result.behavior.value}, close {result.behavior_close.value}: {result.result}", file=sys.stderr)
    counts = {}
    for result in results:
        counts[result.behavior.value] = counts.get(result.behavior.value, 0) + 1
    print(f"{len(results) - len(wrong)} of {len(results)} as they should be ({counts}); reports in {folder}")
    return 1 if wrong or not results else 0


sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:])))
