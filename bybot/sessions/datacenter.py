"""Where a data centre of Telegram is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class DataCenter:
    """A data centre's id and address."""

    id: int
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> DataCenter:
        """From ``id:host:port``.

        Raises:
            ValueError: another form.
        """
        id_, _, rest = text.partition(":")
        host, _, port = rest.rpartition(":")
        if not host or not id_.isdigit() or not port.isdigit():
            raise ValueError("a data centre is id:host:port")
        return cls(int(id_), host.strip("[]"), int(port))

    @classmethod
    def parse_all(cls, text: str) -> tuple[DataCenter, ...]:
        """From ``id:host:port,id:host:port``, as TELEGRAM_DC holds them. The first is where new logins begin.

        Raises:
            ValueError: another form, or a number twice.
        """
        found = tuple(cls.parse(part.strip()) for part in text.split(","))
        if len({dc.id for dc in found}) < len(found):
            raise ValueError("a data centre is named twice")
        return found


#: Telegram's own, for logins that were brought without an address; others are asked for as they are needed.
PRODUCTION: Final[Mapping[int, DataCenter]] = {
    1: DataCenter(1, "149.154.175.53", 443),
    2: DataCenter(2, "149.154.167.51", 443),
    3: DataCenter(3, "149.154.175.100", 443),
    4: DataCenter(4, "149.154.167.91", 443),
    5: DataCenter(5, "91.108.56.130", 443),
}
