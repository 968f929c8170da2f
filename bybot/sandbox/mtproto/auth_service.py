"""Who may log in, and how: codes, passwords, QR tokens, and the keys that are logged in.

The rules stand here; ``bybot.sandbox.rpc.auth`` only speaks them over the wire.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bybot.sandbox.mtproto.codes import CodeLogin, appears, digits_of, new_code
from bybot.sandbox.mtproto.keys import AuthKey, AuthKeys
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.mtproto.transfers import Transfers
from bybot.sandbox.rpc.registry import RpcError
from bybot.sandbox.srp import Challenge, PasswordRecord
from bybot.sandbox.world.events import EditedMessage, Event, NewMessage
from bybot.sandbox.world.model import SERVICE_ACCOUNT

if TYPE_CHECKING:
    from bybot.sandbox.mtproto.session import Session
    from bybot.sandbox.world.model import Account
    from bybot.sandbox.world.world import World

KEYS_FILE = "auth_keys.jsonl"

_CODE_TEXT = (
    "Login code: {code}. Do not give this code to anyone, even if they say they are from Telegram!\n\n"
    "This code can be used to log in to your Telegram account. We never ask it for anything else.\n\n"
    "If you didn't request this code by trying to log in on another device, simply ignore this message."
)


@dataclass(slots=True, eq=False)
class QrLogin:
    """One token shown as a QR picture."""

    token: bytes = field(repr=False)
    session: Session
    expires: datetime
    account_id: int | None = None


class AuthService:
    """Logins of one world.

    Args:
        world: whose accounts log in.
        switches: limits and unproved rules.
        state_dir: where the keys are kept; None keeps them in memory.

    Attributes:
        keys: every auth key that this Telegram knows.
        banned: phone numbers (digits) that may not log in.
        transfers: logins on their way to another data centre.
        nearest_dc: the data centre that new clients are sent to before they log in; None: whichever they came to.
    """

    def __init__(self, world: World, *, switches: Switches | None = None, state_dir: Path | None = None) -> None:
        self.world = world
        self.switches = switches or Switches()
        self.keys = AuthKeys(state_dir / KEYS_FILE if state_dir is not None else None)
        self.banned: set[str] = set()
        self.transfers = Transfers(world, self.keys)
        self.nearest_dc: int | None = None
        self._logins: dict[str, CodeLogin] = {}
        self._newest: dict[str, CodeLogin] = {}
        self._sends: dict[str, list[datetime]] = {}
        self._blocked: dict[str, datetime] = {}
        self._awaiting_password: dict[int, int] = {}
        self._challenges: dict[int, tuple[int, Challenge]] = {}
        self._wrong_passwords: dict[int, int] = {}
        self._qr: dict[bytes, QrLogin] = {}
        self._qr_of_key: dict[int, QrLogin] = {}
        self._stop_observing = world.events.observe(self._on_event)

    def close(self) -> None:
        """Stop watching the world, and close the file of keys."""
        self._stop_observing()
        self.keys.close()

    # For tests and control -------------------------------------------------------------------------------------

    def next_code(self, phone: str) -> str | None:
        """The newest code sent to a number, None when none was."""
        login = self._newest.get(digits_of(phone))
        return None if login is None else login.code

    def set_password(self, account: Account, password: str | None, hint: str = "") -> None:
        """Give an account a two-step password, or (None) take it away. Takes about 60 ms."""
        account.password = None if password is None else PasswordRecord.make(password, hint)

    def add_ready_key(self, data: bytes, account_id: int, *, age_days: float = 7) -> AuthKey:
        """Know a key that is logged in already, at the account's data centre: put its 256 bytes into a session.

        Args:
            age_days: how long ago it logged in; young authorizations cannot end others.
        """
        then = self.world.clock.now() - timedelta(days=age_days)
        return self.keys.add(data, then, account_id=account_id, dc=self.world.account(account_id).dc_id)

    def revoke(self, target: int | AuthKey, *, code: int = 401, message: str = "AUTH_KEY_UNREGISTERED") -> int:
        """End a key, or all keys of an account: requests that need a login get this error from now on.

        Returns:
            how many keys were ended.
        """
        keys = [target] if isinstance(target, AuthKey) else self.keys.of_account(target)
        for key in keys:
            self.keys.end(key, code, message)
        return len(keys)

    def require_settled(self, key: AuthKey) -> None:
        """
        Raises:
            RpcError: FRESH_RESET_AUTHORISATION_FORBIDDEN, this login is too young to end others.
        """
        age = (self.world.clock.now() - (key.logged_in or key.created)).total_seconds()
        if age < self.switches.fresh_session_seconds:
            raise RpcError(406, "FRESH_RESET_AUTHORISATION_FORBIDDEN")

    def ban(self, account: Account) -> None:
        """Ban an account: its keys get USER_DEACTIVATED_BAN, its number cannot log in."""
        account.deactivated = True
        if account.phone:
            self.banned.add(account.phone)

    def deactivate(self, account: Account, *, on: bool = True) -> None:
        """Delete an account: its keys get USER_DEACTIVATED. Or let it (a banned one too) come back."""
        account.deactivated = on
        if account.phone:
            self.banned.discard(account.phone)

    def age(self, account: Account, days: float) -> None:
        """Let every login of an account be that old."""
        for key in self.keys.of_account(account.id):
            key.logged_in = self.world.clock.now() - timedelta(days=days)
            self.keys.changed(key)

    # By code ---------------------------------------------------------------------------------------------------

    def send_code(self, key: AuthKey, phone: str) -> CodeLogin:
        """Make a code and send it to the account's chat with "Telegram".

        Raises:
            RpcError: PHONE_NUMBER_INVALID, PHONE_NUMBER_BANNED, PHONE_NUMBER_UNOCCUPIED, FLOOD_WAIT_X; 303
                NETWORK_MIGRATE_X or PHONE_MIGRATE_X, the data centre to ask instead.
        """
        if self.nearest_dc not in (None, key.dc):
            raise RpcError(303, f"NETWORK_MIGRATE_{self.nearest_dc}")
        digits = digits_of(phone)
        if not 7 <= len(digits) <= 15 or not set(phone) <= set("+0123456789 -()"):
            raise RpcError(400, "PHONE_NUMBER_INVALID")
        account = self.world.account_by_phone(digits)
        if digits in self.banned or (account is not None and account.deactivated):
            raise RpcError(400, "PHONE_NUMBER_BANNED")
        if account is None or account.is_bot:
            raise RpcError(400, "PHONE_NUMBER_UNOCCUPIED")
        if account.dc_id != key.dc:
            raise RpcError(303, f"PHONE_MIGRATE_{account.dc_id}")
        self._count_send(digits)
        login = CodeLogin(
            phone=digits,
            account_id=account.id,
            hash=secrets.token_hex(9),
            key_id=key.id,
            sent=self.world.clock.now(),
            code=new_code(self.switches.code_length),
        )
        self._logins[login.hash] = self._newest[digits] = login
        self.world.send_login_code(account, _CODE_TEXT.format(code=login.code))
        return login

    def resend_code(self, key: AuthKey, phone: str, hash_: str) -> CodeLogin:
        """Send another code; the one before is good no more.

        Raises:
            RpcError: as :meth:`send_code`; PHONE_CODE_EXPIRED, SEND_CODE_UNAVAILABLE.
        """
        if not hash_:
            raise RpcError(400, "PHONE_CODE_HASH_EMPTY")
        login = self._logins.get(hash_)
        if login is None or login.phone != digits_of(phone):
            raise RpcError(400, "PHONE_CODE_EXPIRED")
        if not self.switches.resend_code:
            raise RpcError(406, "SEND_CODE_UNAVAILABLE")
        again = self.send_code(key, phone)
        login.dead = "resent"
        return again

    def cancel_code(self, phone: str, hash_: str) -> None:
        """Give a login up.

        Raises:
            RpcError: PHONE_CODE_EXPIRED, there is none.
        """
        login = self._logins.get(hash_)
        if login is None or login.dead or login.phone != digits_of(phone):
            raise RpcError(400, "PHONE_CODE_EXPIRED")
        login.dead = "cancelled"

    def sign_in(self, key: AuthKey, phone: str, hash_: str, code: str) -> Account:
        """Log a key in by code.

        Raises:
            RpcError: why not; 401 SESSION_PASSWORD_NEEDED when the code was right and a password is set; 303
                USER_MIGRATE_X when the account moved since the code was sent, which is good there too.
        """
        if not hash_:
            raise RpcError(400, "PHONE_CODE_HASH_EMPTY")
        if not code:
            raise RpcError(400, "PHONE_CODE_EMPTY")
        login = self._logins.get(hash_)
        if login is None or login.phone != digits_of(phone):
            raise RpcError(400, "PHONE_CODE_EXPIRED")
        self._check_blocked(login.phone)
        age = (self.world.clock.now() - login.sent).total_seconds()
        if login.dead or age > self.switches.code_seconds:
            raise RpcError(400, "PHONE_CODE_EXPIRED")
        if (home := self.world.account(login.account_id).dc_id) != key.dc:
            raise RpcError(303, f"USER_MIGRATE_{home}")
        if not secrets.compare_digest(login.code.encode(), code.encode()):
            login.tries += 1
            if login.tries > self.switches.code_tries:
                login.dead = "flood"
                self._block(login.phone)
            raise RpcError(400, "PHONE_CODE_INVALID")
        login.dead = "used"
        return self._enter(key, login.account_id)

    def _enter(self, key: AuthKey, account_id: int) -> Account:
        account = self.world.account(account_id)
        if account.deactivated:
            raise RpcError(400, "PHONE_NUMBER_BANNED")
        if account.password is not None:
            self._awaiting_password[key.id] = account_id
            raise RpcError(401, "SESSION_PASSWORD_NEEDED")
        self.keys.log_in(key, account_id, self.world.clock.now())
        return account

    def _count_send(self, digits: str) -> None:
        self._check_blocked(digits)
        now = self.world.clock.now()
        since = now - timedelta(seconds=self.switches.flood_seconds)
        recent = [sent for sent in self._sends.get(digits, []) if sent > since]
        self._sends[digits] = [*recent, now]
        if len(recent) >= self.switches.code_sends:
            self._sends.pop(digits)
            self._block(digits)

    def _block(self, digits: str) -> None:
        self._blocked[digits] = self.world.clock.now() + timedelta(seconds=self.switches.flood_seconds)
        self._check_blocked(digits)

    def _check_blocked(self, digits: str) -> None:
        until = self._blocked.get(digits)
        if until is None:
            return
        seconds = (until - self.world.clock.now()).total_seconds()
        if seconds <= 0:
            del self._blocked[digits]
        elif self.switches.send_flood == "FLOOD_WAIT":
            raise RpcError(420, f"FLOOD_WAIT_{max(1, round(seconds))}")
        else:
            raise RpcError(406, "PHONE_PASSWORD_FLOOD")

    # Codes die when they are typed -----------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        if not self._logins or not isinstance(event, NewMessage | EditedMessage):
            return
        message = event.message
        if not message.text or message.author_id == SERVICE_ACCOUNT or not self.switches.codes_die_in_chats:
            return
        oldest = self.world.clock.now() - timedelta(seconds=self.switches.code_seconds)
        for hash_, login in list(self._logins.items()):
            if login.sent < oldest - timedelta(hours=1):
                del self._logins[hash_]
            elif not login.dead and appears(login.code, message.text):
                login.dead = "typed into a chat"

    # By password -----------------------------------------------------------------------------------------------

    def password_owner(self, key: AuthKey) -> Account:
        """Whose password this key is asked for: of its account, or of the login that waits for it.

        Raises:
            RpcError: 401, nobody's.
        """
        account_id = key.account_id or self._awaiting_password.get(key.id)
        if account_id is None:
            raise RpcError(*(key.ended or (401, "AUTH_KEY_UNREGISTERED")))
        return self.world.account(account_id)

    def challenge(self, key: AuthKey, record: PasswordRecord) -> Challenge:
        """A new question; an earlier one of this key is void."""
        challenge = Challenge(record)
        self._challenges[key.id] = (self.password_owner(key).id, challenge)
        return challenge

    def check_password(self, key: AuthKey, srp_id: int, a_public: bytes, proof: bytes) -> Account:
        """Finish a login that waits for the password, or confirm the password of the account logged in.

        Raises:
            RpcError: PASSWORD_HASH_INVALID, SRP_ID_INVALID, FLOOD_WAIT_X.
        """
        account = self.password_owner(key)
        self._check_blocked(f"password:{account.id}")
        if account.password is None:
            raise RpcError(400, "PASSWORD_EMPTY")
        owner_id, challenge = self._challenges.pop(key.id, (0, None))
        if challenge is None or challenge.id != srp_id or owner_id != account.id:
            raise RpcError(400, "SRP_ID_INVALID")
        if not challenge.accepts(a_public, proof):
            wrong = self._wrong_passwords[account.id] = self._wrong_passwords.get(account.id, 0) + 1
            if wrong > self.switches.password_tries:
                self._wrong_passwords.pop(account.id)
                self._block(f"password:{account.id}")
            raise RpcError(400, "PASSWORD_HASH_INVALID")
        self._wrong_passwords.pop(account.id, None)
        if self._awaiting_password.pop(key.id, None) is not None:
            self.keys.log_in(key, account.id, self.world.clock.now())
        return account

    # By QR -----------------------------------------------------------------------------------------------------

    def export_token(self, session: Session) -> QrLogin | Account:
        """A token to show, or the account once another session accepted the one before.

        A token that was accepted by an account of another data centre is answered again: it is good there.

        Raises:
            RpcError: 401 SESSION_PASSWORD_NEEDED after it was accepted.
        """
        login = self._qr_of_key.get(session.key.id)
        if login is not None and login.account_id is not None:
            return self._use_token(session.key, login, login.account_id)
        if login is not None:
            self._forget_qr(login)
        expires = self.world.clock.now() + timedelta(seconds=self.switches.qr_seconds)
        login = QrLogin(secrets.token_bytes(32), session, expires)
        self._qr[login.token] = self._qr_of_key[session.key.id] = login
        return login

    def accept_token(self, account: Account, token: bytes) -> QrLogin:
        """Let the session that shows this token in.

        Raises:
            RpcError: AUTH_TOKEN_INVALIDX, AUTH_TOKEN_EXPIRED, AUTH_TOKEN_ALREADY_ACCEPTED.
        """
        login = self._live_token(token)
        if login.account_id is not None:
            raise RpcError(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
        login.account_id = account.id
        return login

    def import_token(self, session: Session, token: bytes) -> QrLogin | Account:
        """As :meth:`export_token`, for a client that was sent here from another data centre."""
        login = self._live_token(token)
        if login.account_id is not None:
            return self._use_token(session.key, login, login.account_id)
        self._qr_of_key.pop(login.session.key.id, None)
        login.session = session
        self._qr_of_key[session.key.id] = login
        return login

    def home_of(self, login: QrLogin) -> int | None:
        """The data centre at which an accepted token is to be imported; None while nobody accepted it."""
        return None if login.account_id is None else self.world.account(login.account_id).dc_id

    def _use_token(self, key: AuthKey, login: QrLogin, account_id: int) -> QrLogin | Account:
        if self.world.account(account_id).dc_id != key.dc:
            return login
        self._forget_qr(login)
        return self._enter(key, account_id)

    def newest_qr(self) -> QrLogin | None:
        """The newest token that is shown and waits for somebody; None when there is none."""
        now = self.world.clock.now()
        waiting = [login for login in self._qr.values() if login.account_id is None and login.expires > now]
        return waiting[-1] if waiting else None

    def _live_token(self, token: bytes) -> QrLogin:
        login = self._qr.get(token)
        if login is None:
            raise RpcError(400, "AUTH_TOKEN_INVALIDX")
        if login.account_id is None and login.expires < self.world.clock.now():
            raise RpcError(400, "AUTH_TOKEN_EXPIRED")
        return login

    def _forget_qr(self, login: QrLogin) -> None:
        self._qr.pop(login.token, None)
        if self._qr_of_key.get(login.session.key.id) is login:
            del self._qr_of_key[login.session.key.id]
