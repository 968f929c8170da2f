"""Where a data centre of Telegram is."""

from __future__ import annotations

from dataclasses import dataclass


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
