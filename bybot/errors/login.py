"""What keeps somebody from logging in."""

from __future__ import annotations

from bybot.errors.base import BybotError


class LoginError(BybotError):
    code = "login"


class InvalidPhone(LoginError):
    code = "invalid_phone"
    next_step = "Send the number with its country code, such as +44 7700 900123."


class InvalidCode(LoginError):
    code = "invalid_code"
    next_step = "Look at the newest message from Telegram and enter its code again."


class CodeExpired(LoginError):
    code = "code_expired"
    next_step = "Ask for a new code."


class WrongPassword(LoginError):
    code = "wrong_password"
    next_step = "Try the password again."


class LoginBanned(LoginError):
    code = "login_banned"
    next_step = "Telegram has banned this number; write to recover@telegram.org."


class LoginFlood(LoginError):
    code = "login_flood"

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message, next_step=f"Wait {seconds} seconds and try again.")
        self.seconds = seconds


class LoginTimeout(LoginError):
    code = "login_timeout"
    next_step = "Start again: /login."


class LoginCancelled(LoginError):
    code = "login_cancelled"
    next_step = "Start again: /login."


class NoLogin(LoginError):
    code = "no_login"
    next_step = "Start one: /login."


class AlreadyLoggedIn(LoginError):
    code = "already_logged_in"
    next_step = "Log out first: /logout."


class AccountFrozen(LoginError):
    code = "account_frozen"
    next_step = "Write to @SpamBot in Telegram to appeal, then log in again."


class AccountMismatch(LoginError):
    """A session belongs to one Telegram account, and another one signed in."""

    code = "account_mismatch"
    next_step = "Log in with the account of this session, or add the other one as a further account."


class TooManyAccounts(LoginError):
    code = "too_many_accounts"
    next_step = "Log one of the others out first."

    def __init__(self, message: str, *, most: int) -> None:
        super().__init__(message)
        self.most = most
