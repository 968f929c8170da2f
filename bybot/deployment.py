"""Where are we, and what runs here, in which order it starts and stops. :mod:`bybot.parts` chooses implementations.

Start: the HTTP service (it answers health checks while everything else is still coming up), the store, the sessions,
the mirror, the chat. Stop: the other way round, within a deadline, so that everything is durable when the host's
patience ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from bybot import __version__
from bybot.bot.app import build_application
from bybot.bot.notices import ChatNotices
from bybot.bot.options import BotOptions
from bybot.bot.runner import BotRunner
from bybot.clock import Clock, SystemClock
from bybot.collector import Collector
from bybot.config import Settings, get_config
from bybot.config_rules import check
from bybot.errors import BybotError, ConfigurationError, Problem, StoreUnavailable
from bybot.log import setup_logging
from bybot.mirror.exchange.languages import Languages
from bybot.mirror.pairs import PairBook
from bybot.mirror.sabotage import Sabotage
from bybot.mirror.supervisor import Supervisor
from bybot.parts import create_manager, create_store, create_vault
from bybot.sessions.manager import UserSessionManager
from bybot.stopping import Stopping
from bybot.stores.budget import Budget, BudgetedStore
from bybot.web.api import create_api
from bybot.web.app import Webhook, create_app
from bybot.web.auth import Rights, operator_token
from bybot.web.metrics import create_metrics
from bybot.web.operation import Hands
from bybot.web.remembered import Remembered
from bybot.web.server import WebServer

log = logging.getLogger(__name__)

#: Seconds for stopping everything; hosts kill a process after 30.
STOP_SECONDS: Final = 25.0
#: Of these, what each part may take before the next one is stopped beside it.
_CHAT_SECONDS: Final = 4.0
_MIRROR_SECONDS: Final = 6.0
_SESSION_SECONDS: Final = 12.0
_STORE_SECONDS: Final = 2.0
#: A new process is well for so many leases before it asks an older one to hand over: 20 seconds by default.
_WELL_LEASES: Final = 2 / 3
#: Seconds for which an answer of /health holds.
_HEALTH_HOLDS: Final = 1.0
_ANY_HOST: Final = ("0.0.0.0", "::")
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 30.0)


def create_user_session_manager_from_config(settings: Settings | None = None) -> UserSessionManager:
    """The session manager alone, for programs of your own. It opens its store and contends for its lease when it is
    first used; end it with ``close_all_sessions()``.

    Args:
        settings: None: the environment and the env file.

    Raises:
        ConfigurationError: see :func:`bybot.config.load_settings`.
    """
    settings = settings or get_config()
    clock = SystemClock()
    store = create_store(settings, clock)
    manager = create_manager(settings, store, clock, owns_store=True)
    manager.housework.keep_while(PairBook(store).in_use)  # although no mirror runs here
    return manager


# What this deployment is --------------------------------------------------------------------------------------


class DeploymentManager:
    """Says where this process runs and what it uses.

    Args:
        settings: checked already.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def get_deployment_info(self) -> dict[str, Any]:
        """Plain facts, none of them secret."""
        s = self.settings
        storage = "local" if s.local_storage else "firebase"
        return {
            "environment": s.environment,
            "bot_id": s.data_space,
            "is_render": s.is_render,
            "use_local_storage": s.local_storage,
            "firebase_project_id": None if s.local_storage else s.firebase_project,
            "port": s.port,
            "render_url": s.render_external_url,
            "session_storage": storage,
            "data_storage": storage,
        }

    def log_deployment_info(self) -> None:
        """Write the facts into the log, a line each."""
        for name, value in self.get_deployment_info().items():
            log.info("%s: %s", name, value)

    def validate_deployment_config(self) -> bool:
        """True when the configuration can be used.

        Raises:
            ConfigurationError: everything that is wrong with it.
        """
        problems = check(self.settings)
        if problems:
            raise ConfigurationError(problems)
        return True


def create_deployment_manager(settings: Settings | None = None) -> DeploymentManager:
    """For the given settings, or those of the environment.

    Raises:
        ConfigurationError: see :func:`bybot.config.load_settings`.
    """
    return DeploymentManager(settings or get_config())


# A running deployment -----------------------------------------------------------------------------------------


class Deployment:
    """Everything that runs in one process. An async context manager.

    Args:
        settings: checked already.
        clock: where time comes from.
        watchdog: see :func:`create_manager`.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, watchdog: bool = False) -> None:
        self.settings = settings
        self.clock = clock = clock or SystemClock()
        self.store = create_store(settings, clock)
        self.manager = create_manager(settings, self.store, clock, watchdog=watchdog)
        self._collector = Collector(clock)
        self._notices = ChatNotices()
        sabotage = Sabotage.parse(settings.bybot_sabotage) if settings.bybot_sabotage else None
        self.mirror = Supervisor(
            self.manager,
            self.store,
            clock,
            pace=settings.pace,
            notices=self._notices,
            admins=settings.admin_ids,
            sabotage=sabotage,
        )
        self.manager.housework.keep_while(self.mirror.in_use)
        options = BotOptions.from_settings(settings)
        bot = build_application(options, self.manager, self.mirror, self.store, clock, self._notices)
        self.runner = BotRunner(bot)
        webhook = None
        if options.webhook_url:
            webhook = Webhook(options.webhook_path, options.header_secret, self.runner.feed)
        token = operator_token(settings.bot_token.get_secret_value(), settings.data_space)
        languages = Languages(self.store, bot.services.profiles.forget_cache)
        hands = Hands(self.manager.as_operator(), create_vault(settings), self.mirror, languages)
        rights = Rights(token, hands, self.manager.records)
        budget = self.store.budget if isinstance(self.store, BudgetedStore) else Budget(clock)
        budget.on_change = self.manager.tell_writes
        metrics = create_metrics(self.manager.measure, rights.is_operator, self.mirror.figures, budget)
        routers = [create_api(rights, about=self.about), metrics]
        # Anybody may ask, and each answer reads the store.
        health = Remembered(self.health, clock, seconds=_HEALTH_HOLDS)
        app = create_app(health=health, status=self.status, webhook=webhook, routers=routers)
        self.web = WebServer(app, settings.bind_host, settings.port)
        self._started_at = clock.now()
        self._up: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._trouble: BybotError | None = None
        self._stopped = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, and bring up the rest in the background, patiently: a store that does not answer is asked again.

        Raises:
            ConfigurationError: the port cannot be used.
        """
        await self.web.start()
        self.manager.serves_at(self._address())
        self._up = asyncio.create_task(self._bring_up(), name="deployment")

    def _address(self) -> str:
        """Where the operator's command line reaches this service."""
        if self.settings.is_render and self.settings.public_url:
            return self.settings.public_url
        host = self.settings.bind_host
        host = "127.0.0.1" if host in _ANY_HOST else f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.web.port}"

    async def ready(self) -> None:
        """Until store, sessions, mirror and chat were started (this process may still wait for its turn).

        Raises:
            BybotError: what cannot be mended by waiting, such as a wrong encryption key.
        """
        assert self._up is not None, "start() comes first"
        await asyncio.shield(self._up)

    async def _bring_up(self) -> None:
        await self._patiently("The store", self.store.open)
        await self._patiently("The store", self.manager.start)
        self._trouble = None
        await self.mirror.start()
        self._collector.start()
        await self.runner.start()
        self._asking = asyncio.create_task(self._ask_when_well(), name="ask for the handover")

    async def _ask_when_well(self) -> None:
        """An older process is asked to hand over once this one was well for a while: a deploy that does not work
        changes nothing. Its first update from the webhook makes it ask, too."""
        well = self.settings.lease_seconds * _WELL_LEASES
        since = self.clock.elapsed()
        while self.clock.elapsed() - since < well:
            await self.clock.sleep(well / 10)
            if (await self.health())["status"] == "error":
                since = self.clock.elapsed()
        self.manager.ask_for_handover()

    async def _patiently(self, what: str, step: Any) -> None:
        """Try until the store answers; other errors are final."""
        for attempt in range(1_000_000):
            try:
                await step()
                return
            except StoreUnavailable as error:
                self._trouble = error
                pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
                log.warning("%s does not answer: %s Trying again in %g s.", what, error.message, pause)
                await self.clock.sleep(pause)

    async def failed(self) -> BybotError:
        """Waits until something failed for good, and tells what."""
        assert self._up is not None, "start() comes first"
        try:
            await asyncio.shield(self._up)
        except BybotError as error:
            return error
        return await self.runner.wait_failed()

    async def stop(self) -> None:
        """Chat, mirror, sessions, service, store: each made durable, all within STOP_SECONDS. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        for task in (self._up, self._asking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._collector.stop()
        async with Stopping(STOP_SECONDS) as stopping:
            await stopping.stop("the chat", self.runner.stop(), seconds=_CHAT_SECONDS)
            await stopping.stop("the mirror", self.mirror.stop(), seconds=_MIRROR_SECONDS)
            await stopping.stop("the sessions", self.manager.close_all_sessions(_SESSION_SECONDS), seconds=STOP_SECONDS)
            await stopping.stop("the service", self.web.stop(), seconds=STOP_SECONDS)
            await stopping.all_stopped(spare=_STORE_SECONDS)  # all of them use the store
            await stopping.stop("the store", self.store.close(), seconds=STOP_SECONDS)

    # What the service answers ---------------------------------------------------------------------------------

    async def health(self) -> dict[str, Any]:
        """For /health: the condition of everything, without secrets."""
        if self._up is None or not self._up.done():
            status = "degraded" if self._trouble else "healthy"
            message = self._trouble.message if self._trouble else "starting"
            facts: dict[str, Any] = {"status": status, "message": message, "bot_id": self.settings.data_space}
            return facts | {"timestamp": self.clock.now(), "state": "starting", "bot": self.runner.state}
        if not self._up.cancelled() and (error := self._up.exception()) is not None:
            code = error.code if isinstance(error, BybotError) else "error"
            facts = {"status": "error", "message": code, "bot_id": self.settings.data_space}
            return facts | {"timestamp": self.clock.now(), "state": "failed", "bot": self.runner.state}
        return {**await self.manager.health_check(), "state": self.manager.state, "bot": self.runner.state}

    async def status(self) -> dict[str, Any]:
        """For /status: facts that anybody may see."""
        return {
            "version": __version__,
            "environment": self.settings.environment,
            "state": self.manager.state,
            "bot": self.runner.state,
            "uptime_seconds": round((self.clock.now() - self._started_at).total_seconds()),
            "sessions": self._counts(),
        }

    def about(self) -> dict[str, Any]:
        """For the operator's API: which process this is."""
        manager = self.manager
        facts = {"bot_id": self.settings.data_space, "instance": manager.instance, "state": manager.state}
        return facts | {"version": __version__, "environment": self.settings.environment, "bot": self.runner.state}

    def _counts(self) -> Mapping[str, int]:
        """Sessions of this process, from memory: strangers may ask as often as they like."""
        if self._up is None or not self._up.done() or self._stopped:
            return {}
        clients = self.manager.measure().clients
        return {"held": clients["connected"] + clients["closed"], "connected": clients["connected"]}


async def start_local_deployment(settings: Settings | None = None) -> Deployment:
    """Start bot, sessions, mirror and HTTP service on this machine; ``await deployment.stop()`` ends them.

    Raises:
        ConfigurationError: it is wrong, or this is Render.
    """
    return await _start(settings or get_config(), render=False)


async def start_render_deployment(settings: Settings | None = None) -> Deployment:
    """The same on Render.

    Raises:
        ConfigurationError: it is wrong, or this is not Render.
    """
    return await _start(settings or get_config(), render=True)


async def _start(settings: Settings, *, render: bool) -> Deployment:
    if settings.is_render != render:
        fact = "is not set, so this is not Render" if render else "is set, so this is Render"
        name = "start_local_deployment()" if render else "start_render_deployment()"
        raise ConfigurationError([Problem("RENDER", fact, f"Use {name}.")])
    deployment = Deployment(settings)
    try:
        await deployment.start()
        await deployment.ready()
    except BaseException:
        await deployment.stop()
        raise
    return deployment


async def run_forever(settings: Settings) -> int:
    """Run until SIGTERM, SIGINT or a failure for good.

    Returns:
        The exit code: 0 after a signal.

    Raises:
        BybotError: what failed for good; everything was stopped.
    """
    setup_logging(settings.log_level, settings.log_format, settings.secret_texts)
    DeploymentManager(settings).log_deployment_info()
    if not settings.session_encryption_keys:
        log.warning("SESSION_ENCRYPTION_KEYS is not set: sessions lie readable in %s.", settings.sessions_dir)
    async with _signals() as asked, Deployment(settings, watchdog=True) as deployment:
        stopping = asyncio.create_task(asked.wait())
        failing = asyncio.create_task(deployment.failed())
        try:
            await asyncio.wait({stopping, failing}, return_when=asyncio.FIRST_COMPLETED)
            if failing.done() and not asked.is_set():
                raise failing.result()
        finally:
            for task in (stopping, failing):
                task.cancel()
            await asyncio.gather(stopping, failing, return_exceptions=True)
        log.info("Stopping.")
    return 0


@contextlib.asynccontextmanager
async def _signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; the second signal has its usual effect."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask(number: int) -> None:
        asked.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    try:
        yield asked
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
