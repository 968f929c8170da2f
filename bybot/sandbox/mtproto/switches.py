"""Rules of the real server that are a matter of choice here: unproved ones, and limits that a test wants smaller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """How this Telegram behaves where the real one's rule is not known, or is too slow to wait for.

    Attributes:
        duplicate_key: when an auth key counts as used twice at once: an older connection makes a request after a
            newer one did, from ``any`` address or only from two ``different`` ones; ``never`` only counts it.
        code_seconds: how long a login code is good for.
        code_length: digits of a login code.
        code_tries: wrong codes for one login before FLOOD_WAIT.
        code_sends: codes sent to one number within ``flood_seconds`` before the flood error.
        password_tries: wrong passwords of one key before FLOOD_WAIT.
        flood_seconds: the length of these waits.
        send_flood: what too many codes are answered with.
        resend_code: whether a code can be sent again, or the answer is SEND_CODE_UNAVAILABLE.
        resend_after_seconds: the ``timeout`` in auth.sentCode; None leaves it out.
        codes_die_in_chats: a code that appears in the text of any chat ends that login.
        qr_seconds: how long a QR token is good for.
        fresh_session_seconds: an authorization younger than this cannot end others; 0 lets all.
        exports_after_a_move: an account that moved to another data centre may still carry its logins over from the
            one before; otherwise every request there gets USER_MIGRATE and the logins are lost.
        gzip_above: answers longer than this many bytes are compressed.
        repeated_forward: a forward of many random ids of which some were used before: ``replay`` those and send
            the others, ``partly``: replay those and send none of the others, or ``refuse`` all of it with
            RANDOM_ID_DUPLICATE.
        forwarded_buttons: what a forward keeps of the buttons below a post: a keyboard of nothing but links
            (``links``), or ``none``.
    """

    duplicate_key: Literal["any", "different", "never"] = "any"
    code_seconds: float = 300
    code_length: int = 5
    code_tries: int = 5
    code_sends: int = 10
    password_tries: int = 5
    flood_seconds: float = 600
    send_flood: Literal["FLOOD_WAIT", "PHONE_PASSWORD_FLOOD"] = "FLOOD_WAIT"
    resend_code: bool = True
    resend_after_seconds: int | None = None
    codes_die_in_chats: bool = True
    qr_seconds: float = 30
    fresh_session_seconds: float = 24 * 3600
    exports_after_a_move: bool = True
    gzip_above: int = 1024
    repeated_forward: Literal["replay", "partly", "refuse"] = "replay"
    forwarded_buttons: Literal["links", "none"] = "links"
