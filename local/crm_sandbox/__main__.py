"""`python -m local.crm_sandbox --port 5067 [--state DIR]`: serve until told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from local.crm_sandbox.server import Sandbox


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="local.crm_sandbox", description="HubSpot and Salesforce in one process"
    )
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0: any free one")
    parser.add_argument("--state", type=Path, help="folder where records survive a restart")
    given = parser.parse_args()
    try:
        sandbox = Sandbox(given.port, given.state)
    except OSError as exc:
        print(
            f"Port {given.port} cannot be used ({exc.strerror}): choose another with --port.", file=sys.stderr
        )
        return 1

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=sandbox.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(
        f"CRM sandbox: {sandbox.url}/  (HubSpot {sandbox.url}/hubspot, Salesforce {sandbox.url}/salesforce)"
    )
    sandbox.serve_forever(poll_interval=0.1)
    sandbox.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
