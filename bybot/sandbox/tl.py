"""Reading and writing TL on top of Telethon's own classes: the only file that touches Telethon's internals."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from telethon.extensions import BinaryReader
from telethon.tl import TLObject, functions, types
from telethon.tl.core import GzipPacked

GZIP_PACKED = 0x3072CFA1
MSG_CONTAINER = 0x73F1F8DC
RPC_RESULT = 0xF35C6D01
VECTOR = 0x1CB5C415
BOOL_TRUE = struct.pack("<I", 0x997275B5)
BOOL_FALSE = struct.pack("<I", 0xBC799737)

_MAX_UNPACKED = 64 << 20

_U32 = struct.Struct("<I")
_MESSAGE = struct.Struct("<qii")
_RESULT = struct.Struct("<Iq")


class NotTl(ValueError):
    """These bytes are no TL object of this layer.

    Attributes:
        constructor: the number that was not known, None when the body was broken.
    """

    def __init__(self, reason: str, constructor: int | None = None) -> None:
        super().__init__(reason)
        self.constructor = constructor


class Incoming(NamedTuple):
    """One message of a client, container already opened; ``body`` still packed."""

    msg_id: int
    seq_no: int
    body: bytes


def constructor(body: bytes) -> int:
    """The number that a body starts with.

    Raises:
        NotTl: fewer than four bytes.
    """
    if len(body) < 4:
        raise NotTl("fewer than four bytes")
    return int(_U32.unpack_from(body)[0])


def read(body: bytes) -> Any:
    """One TL object, unzipped when packed.

    Raises:
        NotTl: unknown constructor or broken body.
    """
    try:
        if constructor(body) == GZIP_PACKED:
            body = unzip(body)
        reader = BinaryReader(body)
        return reader.tgread_object()
    except NotTl:
        raise
    except Exception as error:
        number = getattr(error, "invalid_constructor_id", None)
        raise NotTl(f"{type(error).__name__} in a body of {len(body)} bytes", number) from error


def unzip(body: bytes) -> bytes:
    """The contents of a ``gzip_packed`` body.

    Raises:
        NotTl: not gzip, or too much of it.
    """
    reader = BinaryReader(body)
    try:
        reader.read_int()
        packed = reader.tgread_bytes()
        contents = gzip.decompress(packed)
    except Exception as error:
        raise NotTl("broken gzip") from error
    if len(contents) > _MAX_UNPACKED:
        raise NotTl("too much in a gzip")
    return contents


def open_container(body: bytes) -> list[Incoming]:
    """The messages of a container, found by their lengths, so that a broken body does not lose the others.

    Raises:
        NotTl: lengths beyond the end.
    """
    messages: list[Incoming] = []
    position, end = 8, len(body)
    try:
        (count,) = _U32.unpack_from(body, 4)
        for _ in range(count):
            msg_id, seq_no, length = _MESSAGE.unpack_from(body, position)
            position += 16
            if length < 4 or position + length > end:
                raise NotTl("a container's message ends behind its end")
            messages.append(Incoming(msg_id, seq_no, body[position : position + length]))
            position += length
    except struct.error as error:
        raise NotTl("a container ends early") from error
    return messages


def write(value: Any) -> bytes:
    """An answer as bytes: a TL object, a bool, a list of TL objects, or bytes that are packed already."""
    if value is True:
        return BOOL_TRUE
    if value is False:
        return BOOL_FALSE
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        return b"".join((struct.pack("<Ii", VECTOR, len(value)), *(item._bytes() for item in value)))
    return bytes(value._bytes())


def vector_of_ints(values: Sequence[int]) -> bytes:
    """A bare ``Vector<int>``: an answer that only the request's type tells from longs."""
    return struct.pack(f"<Ii{len(values)}i", VECTOR, len(values), *values)


def vector_of_longs(values: Sequence[int]) -> bytes:
    """A bare ``Vector<long>``."""
    return struct.pack(f"<Ii{len(values)}q", VECTOR, len(values), *values)


def zipped(body: bytes) -> bytes:
    """The body as ``gzip_packed``, or itself when that would not be shorter."""
    packed = _U32.pack(GZIP_PACKED) + bytes(TLObject.serialize_bytes(gzip.compress(body, 1, mtime=0)))
    return packed if len(packed) < len(body) else body


def rpc_result(msg_id: int, answer: bytes) -> bytes:
    """The answer to the request with this message id."""
    return _RESULT.pack(RPC_RESULT, msg_id) + answer


def is_error(result: bytes | None) -> bool:
    """Whether a body written by :func:`rpc_result` carries an error."""
    return result is not None and result[12:16] == _U32.pack(types.RpcError.CONSTRUCTOR_ID)


def container(messages: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Several messages (id, sequence number, body) as one body."""
    parts = [struct.pack("<Ii", MSG_CONTAINER, len(messages))]
    for msg_id, seq_no, body in messages:
        parts.append(_MESSAGE.pack(msg_id, seq_no, len(body)))
        parts.append(body)
    return b"".join(parts)


class Unwrapped(NamedTuple):
    """A request without its wrappers, and what they said."""

    request: Any
    layer: int | None
    client: Any
    without_updates: bool
    after: tuple[int, ...]


def unwrap(request: Any) -> Unwrapped:
    """Take off invokeWithLayer, initConnection, invokeWithoutUpdates, invokeAfterMsg(s) in any nesting.

    Raises:
        NotTl: the packed request inside is broken.
    """
    layer: int | None = None
    client: Any = None
    without_updates = False
    after: tuple[int, ...] = ()
    while True:
        if isinstance(request, GzipPacked):
            request = read(request.data)
        elif isinstance(request, functions.InvokeWithLayerRequest):
            layer, request = request.layer, request.query
        elif isinstance(request, functions.InitConnectionRequest):
            client, request = request, request.query
        elif isinstance(request, functions.InvokeWithoutUpdatesRequest):
            without_updates, request = True, request.query
        elif isinstance(request, functions.InvokeAfterMsgRequest):
            after, request = (*after, request.msg_id), request.query
        elif isinstance(request, functions.InvokeAfterMsgsRequest):
            after, request = (*after, *request.msg_ids), request.query
        else:
            return Unwrapped(request, layer, client, without_updates, after)
