"""The session manager alone: python examples/session_manager.py USER_ID"""

from __future__ import annotations

import asyncio
import sys

from bybot import BybotError, create_user_session_manager_from_config


async def main(user_id: str) -> int:
    manager = create_user_session_manager_from_config()
    try:
        if not await manager.create_user_session(user_id):
            info = await manager.get_session_info(user_id)
            print(f"No session that works: {info['status']}")
            return 1
        client = await manager.get_user_client(user_id)  # a telethon.TelegramClient
        assert client is not None
        me = await client.get_me()
        print(f"Logged in as {me.first_name} ({me.id})")
        stats = await manager.get_session_stats()
        print(f"{stats['active_sessions']} of {stats['total_sessions']} sessions are connected")
        return 0
    except BybotError as error:
        print(f"{error.message} {error.next_step}", file=sys.stderr)
        return error.exit_code
    finally:
        await manager.close_all_sessions()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python examples/session_manager.py USER_ID")
    sys.exit(asyncio.run(main(sys.argv[1])))
