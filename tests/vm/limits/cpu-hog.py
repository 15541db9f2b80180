# SPDX-License-Identifier: Apache-2.0
"""Burns CPU in as many processes as the argument says, for ever."""

import os
import sys

for _ in range(int(sys.argv[1]) - 1):
    if os.fork() == 0:
        break
while True:
    pass
