#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Machines that wait for each other.

usage: barrier.py serve COUNT     on the first machine, for ever
       barrier.py wait NAME       returns when all COUNT machines wait for NAME
"""

import os
import socket
import sys
import time

PORT = 9999
PATIENCE = int(os.environ.get("BARRIER_SECONDS", "90"))


def serve(count):
    waiting = {}
    with socket.create_server(("0.0.0.0", PORT), backlog=16) as server:
        while True:
            peer, _ = server.accept()
            name = peer.makefile().readline()
            waiting.setdefault(name, []).append(peer)
            if len(waiting[name]) == count:
                for peer in waiting.pop(name):
                    peer.sendall(b"go\n")
                    peer.close()


def wait(name):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection((os.environ.get("FIRST", "10.77.0.1"), PORT), 5) as peer:
                peer.settimeout(PATIENCE)
                peer.sendall(name.encode() + b"\n")
                return peer.makefile().readline() == "go\n"
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
sys.exit(0 if wait(sys.argv[2]) else 1)
