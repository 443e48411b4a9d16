"""What a message of 64 bytes costs through CPython's multiprocessing.Queue, there and back. Prints one line.

mp_queue.py [ROUNDS [total]]: with `total` the nanoseconds of all rounds, and nothing else.
"""

import multiprocessing
import sys
import time

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20000


def echo(there, back, rounds):
    for _ in range(rounds):
        back.put(there.get())


def main():
    there, back = multiprocessing.Queue(), multiprocessing.Queue()
    child = multiprocessing.Process(target=echo, args=(there, back, ROUNDS))
    child.start()
    message = b"x" * 64
    begin = time.perf_counter()
    for _ in range(ROUNDS):
        there.put(message)
        back.get()
    total = time.perf_counter() - begin
    child.join()
    if "total" in sys.argv:
        print(round(total * 1e9))
        return
    each = total / ROUNDS
    print(f"multiprocessing.Queue, 64 bytes there and back: {each * 1e9:.0f} ns")


if __name__ == "__main__":
    main()
