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

    async def wait_failed(self) -> BybotError:
        """Wait until the bot failed for good (a refused token); never returns otherwise."""
        if self._task is not None:
            await asyncio.wait([self._task])
        if self.failure is None:
            await asyncio.Event().wait()
        assert self.failure is not None
        return self.failure

    async def feed(self, payload: Mapping[str, Any]) -> bool:
        """Take an update that came to the webhook.

        Returns:
            False when this process does not take updates now: Telegram shall send it again.
        """
        if self.state != "webhook":
            return False
        application = self.bot.application
        update = Update.de_json(dict(payload), application.bot)
        if update is not None:
            await application.update_queue.put(update)
        return True

    # Running ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        manager = self.bot.services.manager
        try:
            while True:
                self.state = "waiting"
                await manager.wait_active()
                self.state = "connecting"
                try:
                    async with self._connected():
                        while manager.state == "active":
                            await self.bot.services.clock.sleep(_LOOK)
                except (StoreError, NetworkError) as error:
                    if isinstance(error, BadRequest):
                        raise
                    _log.warning("the bot could not start (%s); trying again", type(error).__name__)
                    await self.bot.services.clock.sleep(_FIRST)
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
