# SPDX-License-Identifier: Apache-2.0
"""Peers that break the protocol, stall, or flood."""

import os
import random
import socket
import struct
import time

from harness import LOOPBACK, Failure

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ASK = os.path.join(TOP, "tests/data/conversations/3.5.9/registration-worker/001-c.bin")
# What a daemon may take at its peak: the queue towards a peer that does not read (64 MiB), one
# message being decoded, and what it has anyway.
PEAK_KIB = 256 * 1024

IDLE_CONNECTIONS = 300
FLOOD_SECONDS = 3


def connect(port):
    return socket.create_connection((LOOPBACK, port), timeout=10)


def send(port, data):
    """Sends what the peer takes; it may close at any point."""
    connection = connect(port)
    try:
        connection.sendall(data)
    except (ConnectionError, TimeoutError):
        pass
    return connection


def must_be_closed(connection, what):
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        raise Failure(f"the connection stayed open after {what}") from None
    connection.close()


def frame(body, kind=9):
    """A one-way message (or another type with the same header) around a body."""
    header = struct.pack(">bi", kind, len(body))
    return struct.pack(">q", 8 + len(header) + len(body)) + header + body


def envelope(stream):
    """To the endpoint Master, from nobody."""
    return b"\0\0" + struct.pack(">H", 6) + b"Master" + stream


def depth_bomb():
    """Arrays in arrays: each has one element, the next array."""
    array = b"ur\0\x13[Ljava.lang.Object;" + struct.pack(">qbh", -8012369246846506644, 2, 0) + b"xp"
    array += struct.pack(">i", 1)
    again = b"uq\0\x7e\0\0" + struct.pack(">i", 1)
    return b"\xac\xed\0\5" + array + again * 100000


def bodies():
    """Frames that are whole while what they carry is not; the connection may well stay open."""
    yield b""
    yield b"\1\xff\xff"
    yield envelope(b"")
    yield envelope(b"\xac\xed\0\5")
    yield envelope(b"\xac\xed\0\5q\0\x7e\0\5")  # a reference to nothing
    yield envelope(b"\xac\xed\0\5t\xff\xffshort")
    yield envelope(b"\xac\xed\0\5|" + struct.pack(">q", 1 << 62))
    yield envelope(b"\xac\xed\0\5ur\0\x02[B" + b"\xac\xf3\x17\xf8\x06\x08\x54\xe0\2\0\0xp\x7f\xff\xff\xff")
    yield envelope(depth_bomb())
    yield envelope(random.Random(3).randbytes(100000))


def break_framing(port):
    must_be_closed(send(port, random.Random(1).randbytes(1 << 20)), "garbage")
    # Spark's own bound: a body of 2 GiB - 1
    must_be_closed(send(port, struct.pack(">q", (1 << 31) + 8) + b"\x09" + bytes(4096)), "2 GiB")
    must_be_closed(send(port, struct.pack(">q", -1) + b"\x09"), "a negative length")
    must_be_closed(send(port, struct.pack(">q", 8) + b"\x09"), "a length without a type")
    must_be_closed(send(port, struct.pack(">q", 13) + b"\x63" + bytes(4)), "an unknown type")


def flood(port):
    """Asks without ever reading an answer."""
    with open(ASK, "rb") as file:
        ask = file.read() * 64
    connection = connect(port)
    connection.settimeout(1)
    end = time.monotonic() + FLOOD_SECONDS
    try:
        while time.monotonic() < end:
            connection.sendall(ask)
    except (ConnectionError, TimeoutError):
        pass
    return connection


def attack(port, ui_port):
    """All of it, one after the other; some connections stay open until the end."""
    held = [connect(port) for _ in range(IDLE_CONNECTIONS)]
    held += [connect(ui_port) for _ in range(20)]
    held.append(send(port, struct.pack(">q", 5000) + b"\x09half a frame"))
    held.append(send(port, b"\0\0\0"))
    held.append(send(port, struct.pack(">q", (1 << 31) - 1) + b"\x09" + bytes(1 << 20)))
    for body in bodies():
        held.append(send(port, frame(body)))
    break_framing(port)
    held.append(flood(port))
    held.append(send(ui_port, b"GET / HTTP/1.1\r\nHost: half a request\r\n"))
    held.append(send(ui_port, random.Random(2).randbytes(100000)))
    for connection in held:
        connection.close()


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
