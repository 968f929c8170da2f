"""What a killed process had written does not arrive afterwards: another one may speak by then."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

CHILD = """
import socket, sys, time
from bybot.clock import SystemClock
from bybot.sessions.permit import Instant, Permit, Term
from bybot.sessions.socket import PermitSocket

clock = SystemClock()
permit = Permit(Term("a", clock=clock, seconds=None, sent=Instant.of(clock)), "1", 1)
sock = PermitSocket(permit, socket.AF_INET, unsent_for=8)
sock.setblocking(True)
sock.connect(("127.0.0.1", int(sys.argv[1])))
sock.setblocking(False)
count = 0
try:
    while True:
        count += sock.send(bytes(10_000))
except BlockingIOError:
    print(count, flush=True)
time.sleep(60)
"""


def received(connection: socket.socket) -> int:
    """Everything until the connection ends, however it ends."""
    count = 0
    try:
        while data := connection.recv(65_536):
            count += len(data)
    except ConnectionResetError:
        pass
    return count


def test_bytes_that_a_killed_process_left_in_its_kernel_are_dropped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        command = [sys.executable, "-c", CHILD, str(server.getsockname()[1])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            connection, _ = server.accept()
            with connection:
                assert child.stdout is not None
                written = int(child.stdout.readline())
                child.send_signal(signal.SIGKILL)
                child.wait(10)
                connection.settimeout(10)
                assert received(connection) < written
