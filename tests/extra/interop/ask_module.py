# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends AT commands, a line of the input each, to the tty that is named, and prints a line of JSON
for each: the lines of its answer. To be run in the environment of the simulated modules."""
import json
import os
import re
import select
import sys
import termios

END = re.compile(rb"\r\n(OK|ERROR|NO CARRIER|\+CME ERROR: [^\r]*)\r\n")
SECONDS = 60


def main():
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    mode = termios.tcgetattr(fd)
    mode[0] = mode[1] = mode[3] = 0
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    for line in sys.stdin:
        os.write(fd, line.strip().encode() + b"\r")
        answer = b""
        while not END.search(answer):
            if not select.select([fd], [], [], SECONDS)[0]:
                sys.exit(f"{line.strip()}: no answer after {SECONDS} s, but {answer}")
            answer += os.read(fd, 65536)
        print(json.dumps([text for text in re.split("[\r\n]+", answer.decode()) if text]),
              flush=True)


if __name__ == "__main__":
    main()
