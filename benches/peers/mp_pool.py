"""What a task costs that does nothing, through CPython's multiprocessing.Pool.apply with one worker, one after the other. Prints one
line.

mp_pool.py [TASKS [total]]: with `total` the nanoseconds of all tasks, and nothing else.
"""

import multiprocessing
import sys
import time

TASKS = int(sys.argv[1]) if len(sys.argv) > 1 else 5000


def nothing():
    pass


def main():
    with multiprocessing.Pool(1) as pool:
        pool.apply(nothing)
        begin = time.perf_counter()
        for _ in range(TASKS):
            pool.apply(nothing)
        total = time.perf_counter() - begin
    if "total" in sys.argv:
        print(round(total * 1e9))
        return
    print(f"multiprocessing.Pool.apply: {total / TASKS * 1e9:.0f} ns")


if __name__ == "__main__":
    main()
