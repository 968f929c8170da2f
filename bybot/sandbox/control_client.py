"""A client of the control surface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx

Message = dict[str, Any]
_POLL_SECONDS = 0.03


class ControlError(Exception):
    """The sandbox refused; its text is the message."""


class ControlClient:
    """Moves people and faults of a sandbox that runs anywhere.

    Args:
        base_url: the sandbox's ``control_url`` or ``http_url``.
        timeout: seconds that one call may take.
    """

    def __init__(self, base_url: str, *, timeout: float = 30.0) -> None:
        base = base_url.rstrip("/").removesuffix("/control")
        self._http = httpx.AsyncClient(base_url=f"{base}/control/", timeout=timeout, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, name: str, **params: Any) -> dict[str, Any]:
        """``GET /control/<name>``; a trailing underscore of a parameter's name is dropped (``as_``)."""
        return _checked(await self._http.get(name, params=_named(params)))

    async def do(self, name: str, **params: Any) -> dict[str, Any]:
        """``POST /control/<name>``."""
        return _checked(await self._http.post(name, json=_named(params)))

    # Reading --------------------------------------------------------------------------------------------------

    async def world(self) -> dict[str, Any]:
        """Accounts, channels and addresses."""
        return await self.get("world")

    async def chat(self, as_: int | str, with_: int | str, *, after: int = 0, limit: int = 100) -> list[Message]:
        """The newest messages of a chat as one person sees them, oldest first."""
        answer = await self.get("chat", as_=as_, with_=with_, after=after, limit=limit)
        return list(answer["messages"])

    async def code(self, phone: str) -> str | None:
        """The newest login code that was sent to a number."""
        value = (await self.get("code", phone=phone))["code"]
        return None if value is None else str(value)

    async def counters(self) -> dict[str, Any]:
        """See :meth:`bybot.sandbox.faults.Counters.as_json`."""
        return await self.get("counters")

    async def calls_of(self, method: str, account: int | None = None) -> int:
        """How often a request was made (``messages.forwardMessages``), by one account or all."""
        calls = (await self.counters())["calls"]
        return sum(
            int(call["count"]) for call in calls if call["method"] == method and account in (None, call["account"])
        )

    async def faults(self) -> list[dict[str, Any]]:
        """All faults with how often they took effect (``fired``)."""
        return list((await self.get("faults"))["faults"])

    async def authorizations(self, as_: int | str) -> list[dict[str, Any]]:
        """The logins of an account."""
        return list((await self.get("authorizations", as_=as_))["authorizations"])

    async def file(self, url: str) -> bytes:
        """The bytes of a message's ``media["url"]``."""
        response = await self._http.get(url.removeprefix("/control/"))
        response.raise_for_status()
        return response.content

    # Acting ---------------------------------------------------------------------------------------------------

    async def seed(self, seed: dict[str, Any]) -> dict[str, Any]:
        """Add what a seed describes; the world afterwards."""
        return await self.do("seed", **seed)

    async def post(self, as_: int | str, chat: int | str, text: str = "", **item: Any) -> list[int]:
        """Post into a channel: ``html``, ``photo=1``, ``album=[1, 2]``, ``reply_to``, … The new ids."""
        return list((await self.do("post", as_=as_, chat=chat, text=text, **item))["ids"])

    async def say(self, as_: int | str, bot: int | str, text: str, **item: Any) -> int:
        """Write to a bot; the id in the person's numbering."""
        return int((await self.do("say", as_=as_, bot=bot, text=text, **item))["ids"][0])

    async def press(
        self,
        as_: int | str,
        bot: int | str,
        message_id: int,
        *,
        label: str | None = None,
        data: str | None = None,
    ) -> dict[str, Any]:
        """Press a button; what the bot answered."""
        return await self.do("press", as_=as_, bot=bot, message_id=message_id, label=label, data=data)

    async def fault(self, kind: str, **spec: Any) -> int:
        """Put a fault in place; its id."""
        return int((await self.do("fault", kind=kind, **spec))["id"])

    async def wait_fault(self, fault_id: int, *, timeout: float = 30.0) -> bool:
        """Wait until a fault has taken effect; False when it did not within ``timeout`` seconds."""
        params = {"id": fault_id, "timeout": timeout}
        return bool(_checked(await self._http.post("wait_fault", json=params, timeout=timeout + 5))["fired"])

    async def clear_faults(self, fault_id: int | None = None) -> None:
        """Remove one fault or all."""
        params = {} if fault_id is None else {"id": fault_id}
        _checked(await self._http.delete("faults", params=params))

    async def reset_counters(self) -> None:
        """Count from zero."""
        _checked(await self._http.delete("counters"))

    async def revoke(
        self,
        account: int | str,
        *,
        error: str = "AUTH_KEY_UNREGISTERED",
        hash_: str | None = None,
        destroy: bool | None = None,
    ) -> int:
        """End all logins of an account, or the one with a hash; how many there were."""
        return int((await self.do("revoke", account=account, error=error, hash_=hash_, destroy=destroy))["revoked"])

    async def age(self, account: int | str, days: float) -> None:
        """Let the logins of an account be that old."""
        await self.do("age", account=account, days=days)

    async def ban(self, account: int | str) -> None:
        """Let Telegram ban an account."""
        await self.do("ban", account=account)

    async def deactivate(self, account: int | str, *, on: bool = True) -> None:
        """Delete an account, or let a deleted or banned one come back."""
        await self.do("deactivate", account=account, on=on)

    async def freeze(self, account: int | str, *, on: bool = True) -> None:
        """Let an account read but not write, or write again."""
        await self.do("freeze", account=account, on=on)

    async def move(self, account: int | str, dc: int) -> None:
        """Move an account to another data centre."""
        await self.do("move", account=account, dc=dc)

    async def place(self, dc: int, file: int | None = None) -> int:
        """Let another data centre serve a file, or all; how many."""
        return int((await self.do("place", file=file, dc=dc))["moved"])

    async def nearest(self, dc: int | None) -> None:
        """Send new clients to a data centre before they log in; None: no more."""
        await self.do("nearest", dc=dc)

    async def accept_qr(self, as_: int | str, url: str | None = None) -> None:
        """Approve a login shown as a QR picture: of that ``tg://login`` address, or the newest."""
        await self.do("accept_qr", as_=as_, url=url)

    async def stop(self) -> None:
        """End the sandbox, where it runs as a process of its own."""
        await self.do("stop")

    # Waiting --------------------------------------------------------------------------------------------------

    async def wait_message(
        self,
        as_: int | str,
        with_: int | str,
        wanted: Callable[[Message], bool],
        *,
        after: int = 0,
        timeout: float = 10.0,
    ) -> Message:
        """The oldest of a chat's newest 100 messages that is as wanted, as soon as there is one.

        Raises:
            TimeoutError: there was none within ``timeout`` seconds; the newest messages are in its text.
        """
        messages: list[Message] = []
        try:
            async with asyncio.timeout(timeout):
                while True:
                    messages = await self.chat(as_, with_, after=after)
                    for message in messages:
                        if wanted(message):
                            return message
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            newest = [message["text"] for message in messages[-3:]]
            raise TimeoutError(f"no such message within {timeout} s; the newest are {newest}") from None

    async def wait_code(self, phone: str, *, other_than: str | None = None, timeout: float = 10.0) -> str:
        """The newest login code, once there is one that differs from ``other_than``.

        Raises:
            TimeoutError: there was none within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                code = await self.code(phone)
                if code is not None and code != other_than:
                    return code
                await asyncio.sleep(_POLL_SECONDS)


def _named(params: dict[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_"): value for name, value in params.items() if value is not None}


def _checked(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = {"error": f"HTTP {response.status_code}"}
    if response.is_error:
        raise ControlError(body.get("error", f"HTTP {response.status_code}"))
    return dict(body)
