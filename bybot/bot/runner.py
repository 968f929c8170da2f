"""Runs the chat: by polling, or fed by the web service's webhook; only while this process is the active one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from telegram import BotCommand, BotCommandScopeAllPrivateChats, Update
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from bybot.bot.app import ALLOWED_UPDATES, Bot
from bybot.bot.handlers import MENU
from bybot.bot.limiter import seconds_of
from bybot.bot.texts import LANGUAGES, plain
from bybot.errors import BybotError, ConfigurationError, Problem, StoreError

_log = logging.getLogger(__name__)
#: Seconds between tries while the Bot API does not answer: first and most.
_FIRST, _MOST = 1.0, 30.0
#: Seconds between looks at whether this process is still the active one.
_LOOK: Final = 0.5
#: Seconds for saying goodbye to Telegram when stopping.
_GOODBYE: Final = 8.0
#: Seconds for which an update from the webhook is held while another process hands over to this one.
_HOLD: Final = 10.0
_HOLD_LOOK: Final = 0.05


class _Over(Exception):
    """Another process is to serve the chat; this one has not even begun."""


class BotRunner:
    """Owns the running bot.

    Attributes:
        state: ``stopped``, ``waiting`` (another process is active), ``connecting``, ``polling``, ``webhook`` or
            ``failed``.
        failure: why it failed, for good.
    """

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.state = "stopped"
        self.failure: BybotError | None = None
        self._task: asyncio.Task[None] | None = None
        self._complained = 0.0
        self._leaving = asyncio.Event()
        self._left = asyncio.Event()
        self._left.set()
        bot.services.manager.on_leaving(self.leave)

    async def start(self) -> None:
        """Begin; returns at once. The bot answers as soon as this process is active and Telegram is reached."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="bot")

    async def stop(self) -> None:
        """Finish the updates under way and let go of everything. May be called twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self.state != "failed":
            self.state = "stopped"

    async def leave(self) -> None:
        """Another process takes over: take nothing new, finish the updates under way; returns when that is done."""
        self._leaving.set()
        await self._left.wait()

    async def wait_failed(self) -> BybotError:
        """Wait until the bot failed for good (a refused token); never returns otherwise."""
        if self._task is not None:
            await asyncio.wait([self._task])
        if self.failure is None:
            await asyncio.Event().wait()
        assert self.failure is not None
        return self.failure

    async def feed(self, payload: Mapping[str, Any]) -> bool:
        """Take an update that came to the webhook. That one came here means that this process is meant to take over.

        Returns:
            False when this process does not take updates, also after some seconds: Telegram shall send it again.
        """
        if not await self._takes_updates():
            return False
        application = self.bot.application
        update = Update.de_json(dict(payload), application.bot)
        if update is not None:
            await application.update_queue.put(update)
        return True

    async def _takes_updates(self) -> bool:
        services = self.bot.services
        began = services.clock.elapsed()
        if self.state == "waiting":
            services.manager.ask_for_handover()
        while self.state != "webhook":
            # Whoever handed over itself does not get updates back by waiting.
            over = self._task is None or self.state == "failed" or self._leaving.is_set()
            if over or services.clock.elapsed() - began >= _HOLD:
                return False
            await services.clock.sleep(_HOLD_LOOK)
        return True

    # Running ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        manager = self.bot.services.manager
        try:
            while True:
                self.state = "waiting"
                await manager.wait_active()
                self.state = "connecting"
                self._leaving.clear()
                self._left.clear()
                try:
                    async with self._connected():
                        await self._until_over()
                except _Over:
                    pass
                except (StoreError, NetworkError) as error:
                    if isinstance(error, BadRequest):
                        raise
                    _log.warning("the bot could not start (%s); trying again", type(error).__name__)
                    self._left.set()
                    await self.bot.services.clock.sleep(_FIRST)
                finally:
                    self._left.set()
        except InvalidToken:
            # The text of the original error holds the token.
            self._fail(Problem("BOT_TOKEN", "Telegram does not accept it", "Copy it again from @BotFather."))
        except BadRequest as error:
            self._fail(Problem("WEBHOOK_URL", f"Telegram refuses it ({error.message})", "It must be public HTTPS."))
        except Exception:
            _log.exception("the bot stopped unexpectedly")
            self.state, self.failure = "failed", BybotError("The bot stopped unexpectedly; the log says why.")
        finally:
            if self.state != "failed":
                self.state = "stopped"

    def _over(self) -> bool:
        """Is another process to serve the chat?"""
        return self._leaving.is_set() or self.bot.services.manager.state != "active"

    async def _until_over(self) -> None:
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            while not self._over():
                look = asyncio.create_task(self.bot.services.clock.sleep(_LOOK))
                await asyncio.wait({leaving, look}, return_when=asyncio.FIRST_COMPLETED)
                look.cancel()
        finally:
            leaving.cancel()

    def _fail(self, problem: Problem) -> None:
        self.state, self.failure = "failed", ConfigurationError([problem])
        _log.error("%s: %s", problem.variable, problem.fact)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        """The application, initialised and started, with its background work and its source of updates."""
        bot, application = self.bot, self.bot.application
        try:
            await self._patiently("say who the bot is", application.initialize)
            bot.services.states.forget_cache()
            bot.services.profiles.forget_cache()
            await application.start()
            bot.services.tasks.open()
            bot.services.tasks.start("timeouts", bot.services.timeouts.run())
            bot.services.tasks.start("notices", bot.notices.run())
            bot.services.tasks.start("menu", self._set_menu())
            await bot.dialogues.resume()
            await self._listen()
            yield
        finally:
            await self._disconnect()

    async def _listen(self) -> None:
        application, options = self.bot.application, self.bot.services.options
        if options.webhook_url:
            await self._patiently("set the webhook", self._set_webhook)
            self.state = "webhook"
        else:
            updater = application.updater
            assert updater is not None
            await updater.start_polling(
                allowed_updates=ALLOWED_UPDATES,
                drop_pending_updates=False,
                bootstrap_retries=-1,
                error_callback=self._on_polling_error,
            )
            self.state = "polling"
        _log.info("the bot @%s answers (%s)", application.bot.username, self.state)

    async def _set_webhook(self) -> None:
        options = self.bot.services.options
        await self.bot.application.bot.set_webhook(
            f"{options.webhook_url}{options.webhook_path}",
            secret_token=options.header_secret,
            allowed_updates=ALLOWED_UPDATES,
            drop_pending_updates=False,
        )

    async def _disconnect(self) -> None:
        """Every step is tried and has a limit of time; the webhook stays set, for the next process."""
        application, self.state = self.bot.application, "connecting"
        updater = application.updater
        if updater is not None and updater.running:
            await self._within(updater.stop())
        await self.bot.services.tasks.close()
        if application.running:
            await self._within(application.stop())
        await self._within(application.shutdown())
        for request in self.bot.requests:  # what never got as far as being initialised is left open by the above
            await self._within(request.shutdown())

    async def _within(self, step: Any) -> None:
        try:
            async with asyncio.timeout(_GOODBYE):
                await step
        except (TelegramError, TimeoutError, BybotError) as error:
            _log.warning("while stopping the bot: %s", type(error).__name__)

    async def _patiently(self, what: str, step: Any) -> None:
        """Try until the Bot API answers."""
        pause = _FIRST
        while True:
            try:
                await step()
                return
            except (InvalidToken, BadRequest):
                raise
            except RetryAfter as refused:
                pause = seconds_of(refused)
            except NetworkError as error:
                _log.warning(
                    "Telegram's Bot API does not answer (%s, to %s); trying again in %g s. Check the network, or set "
                    "PROXY_URL where Telegram is blocked.",
                    type(error).__name__,
                    what,
                    pause,
                )
            await self.bot.services.clock.sleep(pause)
            if self._over():
                raise _Over
            pause = min(_MOST, pause * 2)

    async def _set_menu(self) -> None:
        """The commands that Telegram offers, in each language; the bot works without them."""
        scope = BotCommandScopeAllPrivateChats()
        for language in LANGUAGES:
            commands = [BotCommand(name, plain(language, f"command.{name}")) for name in MENU]
            code = None if language == "en" else language
            try:
                await self.bot.application.bot.set_my_commands(commands, scope=scope, language_code=code)
            except TelegramError as error:
                _log.warning("the menu of commands was not set: %s", type(error).__name__)

    def _on_polling_error(self, error: TelegramError) -> None:
        """python-telegram-bot tries again by itself; say why once a minute."""
        now = self.bot.services.clock.elapsed()
        if now - self._complained < 60 and self._complained:
            return
        self._complained = now
        if isinstance(error, Conflict):
            _log.error("another program reads the updates of this bot: stop it, or use another BOT_TOKEN")
        else:
            _log.warning("Telegram's Bot API did not answer (%s); trying again", type(error).__name__)
