"""Check a copy without the bot: python examples/mirror_check.py USER_ID SOURCE TARGET [try|audit|fill|undo]

``try`` shows what a rule would make of the last posts, ``audit`` what the target lacks or has twice, ``fill`` copies
what is missing and deletes what is double, ``undo`` deletes all copies. SOURCE and TARGET as for mirror_script.py,
whose memory this reads; end that first.
"""

from __future__ import annotations

import asyncio
import sys

from bybot import BybotError, LocalFileStore, Mirror, create_user_session_manager_from_config, get_config
from bybot.clock import SystemClock
from bybot.mirror import Everything, Progress
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import RemoveLinks


class Check:
    """One pair, looked at and mended."""

    def __init__(self, mirror: Mirror, live: asyncio.Event) -> None:
        self.mirror = mirror
        self.live = live

    async def run(self, action: str) -> None:
        mirror = self.mirror
        if action == "try":
            for sample in await mirror.try_rules(Rules(transforms=(RemoveLinks(),))):
                print(f"{sample.id}: {sample.before!r} -> {sample.after!r}")
        elif action == "undo":
            await mirror.undo()
            await mirror.run()  # carries it out, and ends
            print(f"{mirror.counts.undone if mirror.counts else 0} copies deleted")
        else:
            found = await mirror.audit()
            print(f"{found.looked} posts compared: {len(found.missing)} missing, {len(found.doubled)} double")
            if action == "fill":
                await self.fill()

    async def fill(self) -> None:
        doubled, missing = await self.mirror.remove_doubles(), await self.mirror.fill_in()
        running, live = asyncio.create_task(self.mirror.run()), asyncio.create_task(self.live.wait())
        await asyncio.wait((running, live), return_when=asyncio.FIRST_COMPLETED)  # what was asked for comes first
        live.cancel()
        await self.mirror.stop()
        await running
        print(f"{doubled} second copies deleted, {missing} posts filled in")


async def main(user_id: str, source: str, target: str, action: str = "audit") -> int:
    settings = get_config()
    manager = create_user_session_manager_from_config(settings)
    store = LocalFileStore(settings.sessions_dir, "mirror_script", SystemClock())
    await store.open()
    try:
        client = await manager.get_user_client(user_id)
        if client is None:
            print("Nobody is logged in under that id.", file=sys.stderr)
            return 1
        live = asyncio.Event()

        def show(progress: Progress) -> None:
            if progress.phase == "live":
                live.set()

        mirror = Mirror(client, source, target, store=store, mode=Everything(), pace=settings.pace, on_progress=show)
        await Check(mirror, live).run(action)
        return 0
    except BybotError as error:
        print(f"{error.message} {error.next_step}", file=sys.stderr)
        return error.exit_code
    finally:
        await manager.close_all_sessions()
        await store.close()


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or (len(sys.argv) == 5 and sys.argv[4] not in ("try", "audit", "fill", "undo")):
        sys.exit("Usage: python examples/mirror_check.py USER_ID SOURCE TARGET [try|audit|fill|undo]")
    try:
        sys.exit(asyncio.run(main(*sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(130)
