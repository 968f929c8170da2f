"""Copy a channel without the bot: python examples/mirror_script.py USER_ID SOURCE TARGET

Stops with Ctrl-C, and goes on from there when it is started again.
"""

from __future__ import annotations

import asyncio
import sys

from bybot import BybotError, LocalFileStore, Mirror, create_user_session_manager_from_config, get_config
from bybot.clock import SystemClock
from bybot.mirror import Everything, Progress


def show(progress: Progress) -> None:
    print(f"{progress.phase}: {progress.copied} copied, {progress.skipped} skipped", flush=True)


async def main(user_id: str, source: str, target: str) -> int:
    settings = get_config()
    manager = create_user_session_manager_from_config(settings)
    store = LocalFileStore(settings.sessions_dir, "mirror_script", SystemClock())  # where the cursor lasts
    await store.open()
    try:
        client = await manager.get_user_client(user_id)
        if client is None:
            print("Nobody is logged in under that id.", file=sys.stderr)
            return 1
        mirror = Mirror(client, source, target, store=store, mode=Everything(), pace=settings.pace, on_progress=show)
        await mirror.run()
        return 0
    except BybotError as error:
        print(f"{error.message} {error.next_step}", file=sys.stderr)
        return error.exit_code
    finally:
        await manager.close_all_sessions()
        await store.close()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("Usage: python examples/mirror_script.py USER_ID SOURCE TARGET")
    try:
        sys.exit(asyncio.run(main(*sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(130)
