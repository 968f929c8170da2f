"""Builds the Application of python-telegram-bot: who handles what, in which order, with which limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from telegram import Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    TypeHandler,
    filters,
)
from telegram.request import HTTPXRequest

from bybot.bot import handlers
from bybot.bot.access import Access
from bybot.bot.dialogues import Dialogues
from bybot.bot.failures import Failures
from bybot.bot.gate import gate
from bybot.bot.limiter import PatientLimiter
from bybot.bot.notices import ChatNotices
from bybot.bot.options import BotOptions
from bybot.bot.persistence import StorePersistence
from bybot.bot.processor import OrderedPerUser
from bybot.bot.profile import Profiles
from bybot.bot.services import Services
from bybot.bot.state import UserStates
from bybot.bot.timeouts import Timeouts
from bybot.bot.turn import adapt
from bybot.clock import Clock
from bybot.stores.base import Store

if TYPE_CHECKING:
    from bybot.mirror.supervisor import Supervisor
    from bybot.sessions.manager import UserSessionManager

BotApplication = Application[Any, Any, Any, Any, Any, Any]

#: What Telegram is asked to send. Edited messages are left out: a person corrects by writing again.
ALLOWED_UPDATES: Final = ["message", "callback_query"]
#: Seconds for one call of the Bot API.
_READ_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Bot:
    """The chat: python-telegram-bot's application, its connections, and what it works with."""

    application: BotApplication
    requests: tuple[HTTPXRequest, ...]
    services: Services
    notices: ChatNotices
    dialogues: Dialogues


def build_application(
    options: BotOptions,
    manager: UserSessionManager,
    mirror: Supervisor,
    store: Store,
    clock: Clock,
    notices: ChatNotices | None = None,
) -> Bot:
    """Put the chat together; nothing is connected and nothing runs yet.

    Args:
        options: the bot's part of the configuration.
        manager: the sessions; each person acts with their own rights only.
        mirror: the pairs, likewise.
        store: where the state of dialogues and the settings of people are kept.
        clock: the source of time.
        notices: what the mirror reports to, when it was made before; it is bound to this bot.
    """
    states = UserStates(store)
    processor = OrderedPerUser(states)
    requests = (_request(options, 64), _request(options, 2))
    application = _application(options, states, processor, clock, requests)
    services = Services(
        options=options,
        clock=clock,
        bot=application.bot,
        manager=manager,
        mirror=mirror,
        states=states,
        profiles=Profiles(store),
        access=Access(options),
        timeouts=Timeouts(clock),
    )
    failures = Failures(services)
    processor.report = failures.report
    _register(application, services, failures)
    notices = notices or ChatNotices()
    notices.bind(services)
    manager.on_news(notices.session_news)
    return Bot(application, requests, services, notices, Dialogues(services))


def _application(
    options: BotOptions,
    states: UserStates,
    processor: OrderedPerUser,
    clock: Clock,
    requests: tuple[HTTPXRequest, HTTPXRequest],
) -> BotApplication:
    builder: Any = (
        ApplicationBuilder()
        .token(options.token)
        .concurrent_updates(processor)
        .persistence(StorePersistence(states))
        .rate_limiter(PatientLimiter(clock))
        .request(requests[0])
        .get_updates_request(requests[1])
    )
    if options.api_url:
        base = options.api_url.rstrip("/")
        builder = builder.base_url(base).base_file_url(f"{base.removesuffix('/bot')}/file/bot")
    application: BotApplication = builder.build()
    return application


def _request(options: BotOptions, connections: int) -> HTTPXRequest:
    """Connections to the Bot API, through the proxy when one is set. A Bot API of one's own is asked directly."""
    return HTTPXRequest(
        connection_pool_size=connections,
        proxy=options.proxy_url,
        read_timeout=_READ_SECONDS,
        pool_timeout=_READ_SECONDS,
        httpx_kwargs={"trust_env": options.api_url is None},
    )


def _register(application: BotApplication, services: Services, failures: Failures) -> None:
    """The gate first; then exactly one handler: a command, a button, or a message."""
    application.add_handler(TypeHandler(Update, gate(services)), group=-1)
    for name, handler in handlers.COMMANDS.items():
        application.add_handler(CommandHandler(name, adapt(services, handler)))
    application.add_handler(CallbackQueryHandler(adapt(services, handlers.on_press)))
    application.add_handler(MessageHandler(filters.ALL, adapt(services, handlers.on_message)))
    application.add_error_handler(failures)
