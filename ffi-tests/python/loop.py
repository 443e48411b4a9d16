"""Two pipes and a queue in an asyncio loop, beside its own timers; the writers are processes, and one of them is killed: loop.py LIBRARY"""

import asyncio
import ctypes
import os
import signal
import sys

lib = ctypes.CDLL(sys.argv[1])
HANDLE, SIZE, NS = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64
lib.cyd_yard_create_anonymous.argtypes = [HANDLE, HANDLE]
for name in ("cyd_pipe_create", "cyd_queue_create"):
    getattr(lib, name).argtypes = [HANDLE, ctypes.c_char_p, HANDLE, HANDLE]
lib.cyd_pipe_end.argtypes = [HANDLE, ctypes.c_uint32, HANDLE]
for name in ("cyd_connection_send", "cyd_queue_put"):
    getattr(lib, name).argtypes = [HANDLE, ctypes.c_char_p, SIZE, NS]
lib.cyd_connection_recv.argtypes = [HANDLE, HANDLE, SIZE, NS, HANDLE]
lib.cyd_queue_get.argtypes = [HANDLE, HANDLE, SIZE, NS, HANDLE]
for name in ("cyd_notifier_create", "cyd_notifier_fd"):
    getattr(lib, name).argtypes = [HANDLE, HANDLE]
for name in ("cyd_notifier_clear", "cyd_notifier_close", "cyd_connection_close", "cyd_pipe_close", "cyd_queue_close"):
    getattr(lib, name).argtypes = [HANDLE]
lib.cyd_yard_close.argtypes = [HANDLE]
E_EMPTY, E_PEER_CLOSED, E_PEER_DIED = -1011, -1022, -1023


def must(status):
    if status < 0:
        raise SystemExit(f"status {status}")


def made(function, *arguments):
    out = HANDLE()
    must(function(*arguments, ctypes.byref(out)))
    return out


class Source:
    """Something in a yard, as a coroutine sees it. `receive` is a call that takes a message."""

    def __init__(self, handle, receive):
        self.handle, self.receive = handle, receive
        self.notifier, fd = made(lib.cyd_notifier_create, handle), ctypes.c_int()
        must(lib.cyd_notifier_fd(self.notifier, ctypes.byref(fd)))
        self.fd, self.told = fd.value, asyncio.Event()
        asyncio.get_running_loop().add_reader(self.fd, self.tell)

    def tell(self):
        """Told: clear first. Whoever waits tries then, until there is nothing left."""
        must(lib.cyd_notifier_clear(self.notifier))
        self.told.set()

    async def get(self):
        buffer, length = ctypes.create_string_buffer(64), SIZE()
        while True:
            self.told.clear()
            status = self.receive(self.handle, buffer, 64, 0, ctypes.byref(length))
            if status >= 0:
                return buffer.raw[: length.value]
            if status in (E_PEER_CLOSED, E_PEER_DIED):
                raise EOFError(status)
            if status != E_EMPTY:
                raise SystemExit(f"status {status}")
            await self.told.wait()

    def close(self):
        asyncio.get_running_loop().remove_reader(self.fd)
        must(lib.cyd_notifier_close(self.notifier))


async def everything(source):
    """What comes until nothing comes any more, and why."""
    messages = []
    try:
        while True:
            messages.append(await source.get())
    except EOFError as end:
        source.close()
        return len(messages), end.args[0]


async def main(ends, queue):
    pipes = [asyncio.create_task(everything(Source(end, lib.cyd_connection_recv))) for end in ends]
    jobs, ticks = Source(queue, lib.cyd_queue_get), 0
    for number in range(100):
        assert int(await jobs.get()) == number
    try:
        await asyncio.wait_for(jobs.get(), 0.05)
    except asyncio.TimeoutError:
        ticks += 1
    jobs.close()
    return await asyncio.gather(*pipes), ticks


yard = made(lib.cyd_yard_create_anonymous, None)
queue = made(lib.cyd_queue_create, yard, b"queue", None)
pipes = [made(lib.cyd_pipe_create, yard, name, None) for name in (b"first", b"second")]
children = []
for who, pipe in enumerate(pipes):
    child = os.fork()
    if child == 0:
        mine = made(lib.cyd_pipe_end, pipe, 1)
        for number in range(50):
            must(lib.cyd_connection_send(mine, b"letter", 6, -1))
        if who == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        for number in range(100):
            must(lib.cyd_queue_put(queue, str(number).encode(), len(str(number)), -1))
        must(lib.cyd_connection_close(mine))
        os._exit(0)
    children.append(child)
found = asyncio.run(main([made(lib.cyd_pipe_end, pipe, 0) for pipe in pipes], queue))
wanted = ([(50, E_PEER_CLOSED), (50, E_PEER_DIED)], 1)
if found != wanted:
    raise SystemExit(f"found {found!r}, wanted {wanted!r}")
for child in children:
    os.waitpid(child, 0)
for close, handle in [(lib.cyd_queue_close, queue), (lib.cyd_yard_close, yard)]:
    must(close(handle))
print("asyncio: 2 x 50 letters, one end closed and one dead; 100 jobs, and a wait that timed out")
