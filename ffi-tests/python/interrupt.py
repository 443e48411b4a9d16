"""Ctrl-C ends a wait in a yard that was opened interruptible: interrupt.py LIBRARY YARD NOUN

The lock `door` is somebody else's, the ring `mail` is empty. Says when it begins to wait, and then how it ended.
"""

import sys
import time

from actor import INTERRUPTIBLE, Actor, play

LIMIT_MS = 10_000

me = Actor(sys.argv[1])
me.open_yard(sys.argv[2], INTERRUPTIBLE)
prepare, wait = {
    "lock": ("lock open door 1", f"lock acquire door {LIMIT_MS}"),
    "ring": ("ring open mail 1024\nring receiver mail", f"ring recv mail {LIMIT_MS}"),
}[sys.argv[3]]
for line in prepare.splitlines():
    if play(me, *line.split()) != "ok":
        raise SystemExit(line)
begin = time.monotonic()
try:
    print("waiting", flush=True)
    print(play(me, *wait.split()))
except KeyboardInterrupt:
    print("KeyboardInterrupt", "in time" if time.monotonic() - begin < LIMIT_MS / 1000 else "too late")
