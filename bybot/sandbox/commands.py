"""What ``python -m bybot sandbox`` does: serve the sandbox with its page and the bot, or play the tour."""

from __future__ import annotations

import errno
from typing import Any

from bybot.errors import BybotError, ConfigurationError, Problem


async def serve_page(*, port: int, with_bot: bool) -> int:
    """Run the sandbox with its chat page on 127.0.0.1 until Ctrl-C.

    Args:
        port: of the page; 0 takes any free one.
        with_bot: run the bot against it, as a process of its own.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: the port is in use.
    """
    from bybot.sandbox.serve import ServeOptions, serve

    try:
        await serve(ServeOptions(http_port=port, with_bot=with_bot))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ConfigurationError([Problem("--port", f"port {port} is in use", "Choose another with --port.")]) from None
    return 0


async def play_tour(*, as_json: bool, store: Any, sabotage: str, history: int, live: int) -> int:
    """Play the tour.

    Returns:
        The exit code: 0 only when nothing is missing or doubled.

    Raises:
        BybotError: the options make no sense, or the tour could not be played to its end.
    """
    from bybot.sandbox.tour.play import Sabotage, TourOptions, play

    if store not in ("local", "firestore"):
        raise BybotError(f"--store {store}: there is no such store.", next_step="Say local or firestore.")
    try:
        spoil = Sabotage.parse(sabotage)
    except ValueError as error:
        raise BybotError(f"{error}.", next_step="For example: --sabotage drop=1,double=1") from None
    return await play(TourOptions(store=store, history=history, live=live, sabotage=spoil, as_json=as_json))
