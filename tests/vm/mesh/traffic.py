#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One TCP connection that must not break.

usage: traffic.py serve ADDRESS           echoes lines, for ever
       traffic.py send ADDRESS SECONDS    sends numbered lines; each must come back, in order
"""

import socket
import sys
import time

PORT = 9998


def serve(address):
    with socket.create_server((address, PORT)) as server:
        while True:
            peer, _ = server.accept()
            with peer:
                while data := peer.recv(65536):
                    peer.sendall(data)


def connect(address):
    """The server may still be starting."""
    end = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection((address, PORT), 10)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def send(address, seconds):
    with connect(address) as peer:
        end, number, longest = time.monotonic() + seconds, 0, 0.0
        peer.settimeout(30)
        answers = peer.makefile("rb")
        while time.monotonic() < end:
            start = time.monotonic()
            peer.sendall(b"%d\n" % number)
            if answers.readline() != b"%d\n" % number:
                sys.exit(f"the connection broke at line {number}")
            longest = max(longest, time.monotonic() - start)
            number += 1
            time.sleep(0.01)
    print(f"{number} lines, the longest silence {longest:.2f} s")
    sys.exit(0 if number > 10 * seconds and longest < 10 else 1)


if sys.argv[1] == "serve":
    serve(sys.argv[2])
send(sys.argv[2], float(sys.argv[3]))
