"""One TCP connection: packets in, packets out, and the service messages of MTProto.

Answers that become ready in one turn of the event loop leave in one packet.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from typing import TYPE_CHECKING, Any, cast

from telethon.tl import functions, types

from bybot.sandbox import tl
from bybot.sandbox.mtproto.cipher import BadPacket, Packet, decrypt, encrypt
from bybot.sandbox.mtproto.handshake import ExchangeFailed, Handshake
from bybot.sandbox.mtproto.keys import AuthKey
from bybot.sandbox.mtproto.session import Session
from bybot.sandbox.transport import BadTransport, Framing

if TYPE_CHECKING:
    from bybot.sandbox.mtproto.server import MtprotoServer

_log = logging.getLogger(__name__)

UNKNOWN_KEY = -404
_TOO_OLD, _TOO_NEW, _NOT_MODULO_4, _BAD_CONTAINER, _BAD_SALT = 16, 17, 18, 64, 48
_MAX_CONTAINER_MESSAGES = 1020
_CONTAINER_MESSAGES, _CONTAINER_BYTES = 100, 512 << 10


class Connection(asyncio.Protocol):
    """The protocol object of one socket.

    Attributes:
        number: later connections have higher ones.
        address: the other side's IP address.
    """

    def __init__(self, server: MtprotoServer, number: int) -> None:
        self._server = server
        self._framing = Framing(server.proxy_secret)
        self._handshake: Handshake | None = None
        self._transport: asyncio.Transport | None = None
        self._sessions: dict[tuple[int, int], Session] = {}
        self._out: list[tuple[Session, bytes, bool, bool]] = []
        self._flushing = False
        self.number = number
        self.address = ""
        self.closed = False

    @property
    def transport_name(self) -> str:
        """Which transport the client speaks: full, abridged, intermediate, padded, obfuscated or proxy."""
        return self._framing.name

    # asyncio's side --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._out.clear()
        self._server.left(self)
        for session in self._sessions.values():
            if session.connection is self:
                self._server.park(session)

    def pause_writing(self) -> None:
        # A client that does not read its answers is not read either.
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        try:
            for packet in self._framing.feed(data):
                if self.closed:
                    return
                self._packet(packet)
        except (BadTransport, BadPacket, ExchangeFailed, tl.NotTl, struct.error) as error:
            _log.info("closing connection %d: %s", self.number, error)
            self.close()

    def close(self, *, at_once: bool = False) -> None:
        """Close the socket, ``at_once`` without what is still to be written."""
        self.closed = True
        self._out.clear()
        if self._transport is not None:
            if at_once:
                self._transport.abort()
            else:
                self._transport.close()

    # Packets in ------------------------------------------------------------------------------------------------

    def _packet(self, packet: bytes) -> None:
        if len(packet) < 24:
            raise BadTransport("a packet without a message")
        key_id = int.from_bytes(packet[:8], "little")
        if key_id == 0:
            self._plain(packet)
            return
        key = self._server.key(key_id)
        if key is None:
            self._write(struct.pack("<i", UNKNOWN_KEY))
            self.close()
            return
        self._encrypted(key, decrypt(key.data, packet))

    def _plain(self, packet: bytes) -> None:
        if self._handshake is None:
            self._handshake = self._server.new_handshake()
        self._write(self._handshake.answer(packet))

    def _encrypted(self, key: AuthKey, packet: Packet) -> None:
        if packet.msg_id % 4:
            self._refuse(self._session(key, packet), packet, _NOT_MODULO_4)
            return
        age = time.time() + self._server.skew - (packet.msg_id >> 32)
        if not -30 <= age <= 300:
            # The client corrects its clock by the first refusal, so nothing else may come before it.
            session = self._sessions.get((key.id, packet.session_id)) or Session(key, packet.session_id)
            self._refuse(session, packet, _TOO_OLD if age > 300 else _TOO_NEW)
            return
        session = self._session(key, packet)
        if packet.salt != key.salt:
            bad = types.BadServerSalt(packet.msg_id, packet.seq_no, _BAD_SALT, key.salt)
            self.send(session, bytes(bad), content=False)
            return
        if tl.constructor(packet.body) != tl.MSG_CONTAINER:
            self._message(session, tl.Incoming(packet.msg_id, packet.seq_no, packet.body))
            return
        messages = tl.open_container(packet.body)
        if len(messages) > _MAX_CONTAINER_MESSAGES:
            self._refuse(session, packet, _BAD_CONTAINER)
            return
        for message in messages:
            if message.msg_id % 4:
                self._refuse(session, message, _NOT_MODULO_4)
            elif tl.constructor(message.body) == tl.MSG_CONTAINER:
                self._refuse(session, message, _BAD_CONTAINER)
            else:
                self._message(session, message)

    def _session(self, key: AuthKey, packet: Packet) -> Session:
        session = self._sessions.get((key.id, packet.session_id))
        if session is not None and session.connection is self:
            return session
        session, created = self._server.session(key, packet.session_id)
        self._sessions[key.id, packet.session_id] = session
        session.connection = self
        if created:
            news = types.NewSessionCreated(packet.msg_id, session.unique_id, key.salt)
            self.send(session, bytes(news), answer=False)
        return session

    def _refuse(self, session: Session, message: Packet | tl.Incoming, code: int) -> None:
        notice = types.BadMsgNotification(message.msg_id, message.seq_no, code)
        self.send(session, bytes(notice), content=False)

    def _message(self, session: Session, message: tl.Incoming) -> None:
        if message.msg_id in session.running:
            return
        if (stored := session.answer_to(message.msg_id)) is not None:
            self.send(session, stored)
            return
        service = _SERVICE.get(tl.constructor(message.body))
        if service is None:
            self._server.carry_out(self, session, message)
            return
        if reply := service(self, session, message.msg_id, tl.read(message.body)):
            self.send(session, reply, content=False)

    # Packets out -----------------------------------------------------------------------------------------------

    def send(self, session: Session, body: bytes, *, content: bool = True, answer: bool = True) -> None:
        """Send one message at the end of this turn of the event loop.

        Args:
            content: whether the client acknowledges it.
            answer: whether it answers something; pushes do not.
        """
        if self.closed:
            return
        self._out.append((session, body, content, answer))
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        out, self._out = self._out, []
        start = 0
        while start < len(out) and not self.closed:
            session, size, end = out[start][0], 0, start
            while end < len(out) and out[end][0] is session and end - start < _CONTAINER_MESSAGES:
                size += len(out[end][1])
                if size > _CONTAINER_BYTES and end > start:
                    break
                end += 1
            self._send_together(session, out[start:end])
            start = end

    def _send_together(self, session: Session, batch: list[tuple[Session, bytes, bool, bool]]) -> None:
        skew, key = self._server.skew, session.key
        numbered = [
            (session.next_id(skew, answer=answer), session.next_sequence(content=content), body)
            for _, body, content, answer in batch
        ]
        if len(numbered) == 1:
            msg_id, seq_no, body = numbered[0]
        else:
            body = tl.container(numbered)
            msg_id, seq_no = session.next_id(skew, answer=True), session.next_sequence(content=False)
        packet = Packet(key.salt, session.ref.session_id, msg_id, seq_no, body)
        self._write(encrypt(key.id, key.data, packet))

    def _write(self, payload: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._framing.pack(payload))


# Service messages: what the layer itself answers ----------------------------------------------------------------


def _nothing(_connection: Connection, _session: Session, _msg_id: int, _request: Any) -> bytes:
    return b""


def _pong(_connection: Connection, _session: Session, msg_id: int, request: Any) -> bytes:
    return bytes(types.Pong(msg_id, request.ping_id))


def _future_salts(_connection: Connection, session: Session, msg_id: int, request: Any) -> bytes:
    now = int(time.time())
    salts = [(now, now + 3600, session.key.salt)][: request.num]
    packed = b"".join(struct.pack("<iiq", *salt) for salt in salts)
    return struct.pack("<Iqii", 0xAE500895, msg_id, now, len(salts)) + packed


def _states(_connection: Connection, session: Session, msg_id: int, request: Any) -> bytes:
    known = bytes(
        4 if session.answer_to(each) is not None or each in session.running else 1 for each in request.msg_ids
    )
    return struct.pack("<Iq", types.MsgsStateInfo.CONSTRUCTOR_ID, msg_id) + bytes(
        types.MsgsStateInfo.serialize_bytes(known)
    )


def _destroy_session(connection: Connection, session: Session, msg_id: int, request: Any) -> bytes:
    gone = connection._server.forget_session(session.key, request.session_id)
    kind = types.DestroySessionOk if gone else types.DestroySessionNone
    return bytes(kind(request.session_id))


_SERVICE = {
    types.MsgsAck.CONSTRUCTOR_ID: _nothing,
    types.MsgsStateInfo.CONSTRUCTOR_ID: _nothing,
    types.MsgsAllInfo.CONSTRUCTOR_ID: _nothing,
    functions.PingRequest.CONSTRUCTOR_ID: _pong,
    functions.PingDelayDisconnectRequest.CONSTRUCTOR_ID: _pong,
    functions.GetFutureSaltsRequest.CONSTRUCTOR_ID: _future_salts,
    types.MsgsStateReq.CONSTRUCTOR_ID: _states,
    functions.DestroySessionRequest.CONSTRUCTOR_ID: _destroy_session,
}
