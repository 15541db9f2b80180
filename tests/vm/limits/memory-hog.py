# SPDX-License-Identifier: Apache-2.0
"""Takes memory, a MiB at a time, until it is stopped."""

import time

held = []
while True:
    held.append(bytearray(b"x") * (1 << 20))
    time.sleep(0.003)
