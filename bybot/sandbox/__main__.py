"""``python -m bybot.sandbox``: run a sandbox Telegram as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.serve import ServeOptions, serve
from bybot.sandbox.world.model import HOME_DC


def _options(arguments: list[str]) -> ServeOptions:
    parser = argparse.ArgumentParser(prog="python -m bybot.sandbox", description="A Telegram of your own, offline.")
    parser.add_argument("--host", default="127.0.0.1", help="address of all servers")
    parser.add_argument("--mtproto-port", type=int, default=0, metavar="PORT", help="0: any")
    parser.add_argument("--dc", type=int, action="append", metavar="N",
                        help="a data centre's number; give several for logins and files elsewhere; 2")  # fmt: skip
    parser.add_argument("--http-port", type=int, default=0, metavar="PORT", help="Bot API, control and page; 0: any")
    parser.add_argument("--firestore-port", type=int, metavar="PORT", help="serve Firestore too; 0: any")
    parser.add_argument("--socks-port", type=int, metavar="PORT", help="serve SOCKS too; 0: any")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="keep keys there over a restart")
    parser.add_argument("--seed", default="demo", help="a seed file, 'demo' or 'none'")
    parser.add_argument("--duplicate-key", choices=["any", "different", "never"], default="any",
                        help="which use of one auth key over two connections ends it")  # fmt: skip
    parser.add_argument("--with-bot", action="store_true", help="run bybot against it too")
    parser.add_argument("--ready-json", action="store_true", help="print one line of JSON when ready")
    given = parser.parse_args(arguments)
    return ServeOptions(
        host=given.host,
        dcs=tuple(given.dc or (HOME_DC,)),
        mtproto_port=given.mtproto_port,
        http_port=given.http_port,
        firestore_port=given.firestore_port,
        socks_port=given.socks_port,
        state_dir=given.state_dir,
        seed=None if given.seed == "none" else given.seed,
        with_bot=given.with_bot,
        ready_json=given.ready_json,
        switches=Switches(duplicate_key=given.duplicate_key),
    )


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped.

    Returns:
        0, or 1 when it could not start (one line on standard error says why).
    """
    options = _options(sys.argv[1:] if arguments is None else arguments)
    try:
        asyncio.run(serve(options))
    except (OSError, ValueError, LookupError) as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
