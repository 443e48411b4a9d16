"""Does in Python what it is told, line by line: see ffi-tests/actors/README.md. actor.py LIBRARY"""

import ctypes
import sys
import time

TYPE_I64, OP_ADD, INTERRUPTIBLE, AUTO_RESET, THREADS = 7, 1, 1, 2, 3

# What a function takes: a handle or pointer, a string, a uint32_t, an int64_t, a size_t, a bool, a uint64_t.
KINDS = {"p": ctypes.c_void_p, "s": ctypes.c_char_p, "u": ctypes.c_uint32, "i": ctypes.c_int64, "n": ctypes.c_size_t}
KINDS["b"], KINDS["l"] = ctypes.c_bool, ctypes.c_uint64
# What cyd_struct_update() calls.
CHANGE = KINDS["c"] = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
# What cyd_task_register() has called.
WORK = KINDS["w"] = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
)
SIGNATURES = {
    "yard_open_or_create": "spp",
    "lock_open_or_create": "psup",
    "lock_acquire": "pi",
    "lock_release": "p",
    "lock_repaired": "p",
    "lock_is_suspect": "pp",
    "value_open_or_create": "psup",
    "value_get": "pup",
    "value_set": "pup",
    "value_fetch": "puupp",
    "value_compare_exchange": "puppp",
    "rlock_open_or_create": "psp",
    "rlock_acquire": "pi",
    "rlock_release": "p",
    "rlock_repaired": "p",
    "rlock_count": "pp",
    "permits_open_or_create": "psup",
    "permits_acquire": "pi",
    "permits_acquire_many": "pui",
    "permits_release": "pu",
    "permits_available": "pp",
    "permits_held": "pp",
    "semaphore_open_or_create": "pspp",
    "semaphore_acquire": "pi",
    "semaphore_release": "pu",
    "semaphore_value": "pp",
    "event_open_or_create": "psup",
    "event_set": "p",
    "event_clear": "p",
    "event_wait": "pi",
    "event_is_set": "pp",
    "rwlock_open_or_create": "pspp",
    "rwlock_read": "pi",
    "rwlock_write": "pi",
    "rwlock_release": "p",
    "rwlock_repaired": "p",
    "rwlock_readers": "pp",
    "condition_open_or_create": "psp",
    "condition_wait": "ppi",
    "condition_notify": "pup",
    "condition_notify_all": "pp",
    "condition_waiters": "pp",
    "struct_open_or_create": "psnnp",
    "struct_get": "ppn",
    "struct_set": "ppni",
    "struct_update": "pnicp",
    "array_open_or_create": "psunpp",
    "array_get": "punp",
    "array_set": "punp",
    "array_fetch": "punupp",
    "array_read": "punnp",
    "array_fill": "punnp",
    "ring_open_or_create": "pspp",
    "ring_sender": "pup",
    "ring_receiver": "pup",
    "sender_send": "psni",
    "sender_reserve": "pnip",
    "sender_peer": "pp",
    "receiver_recv": "ppnip",
    "receiver_peek": "pipp",
    "receiver_release": "p",
    "receiver_peer": "pp",
    "queue_open_or_create": "pspp",
    "queue_put": "psni",
    "queue_get": "ppnip",
    "queue_get_ack": "ppnipp",
    "queue_task_done": "p",
    "queue_len": "pp",
    "queue_shutdown": "pb",
    "lifo_queue_open_or_create": "pspp",
    "lifo_queue_put": "psni",
    "lifo_queue_get": "ppnip",
    "lifo_queue_len": "pp",
    "lifo_queue_shutdown": "pb",
    "priority_queue_open_or_create": "pspp",
    "priority_queue_put": "psnii",
    "priority_queue_get": "ppnipp",
    "priority_queue_len": "pp",
    "priority_queue_shutdown": "pb",
    "blocks_open_or_create": "pspp",
    "blocks_alloc": "pnip",
    "blocks_write": "plnsn",
    "blocks_len": "plp",
    "blocks_read": "plnpn",
    "blocks_offer": "pl",
    "blocks_adopt": "pl",
    "blocks_free": "pl",
    "blocks_owned": "pp",
    "pipe_open_or_create": "pspp",
    "pipe_end": "pup",
    "connection_send": "psni",
    "connection_recv": "ppnip",
    "connection_peer": "pp",
    "task_register": "swp",
    "task_return": "ppn",
    "task_fail": "ps",
    "task_info": "pp",
    "task_is_cancelled": "pp",
    "pool_open": "psp",
    "pool_create": "pspp",
    "pool_work": "pu",
    "pool_apply": "pspnppnp",
    "pool_submit": "pspnpip",
    "pool_map": "pspnpp",
    "pool_progress": "pp",
    "pool_shutdown": "pb",
    "future_result": "ppnip",
    "future_close": "p",
    "map_next": "ppnpp",
    "map_close": "p",
}


class YardOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("size", ctypes.c_uint64)] + [
        (name, ctypes.c_uint32) for name in ("slots", "objects", "mode", "flags")
    ]


class RingOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("capacity", ctypes.c_size_t)] + [
        (name, ctypes.c_uint32) for name in ("spin_only", "reserved")
    ]


class QueueOptions(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_size_t) for name in ("struct_size", "capacity", "block_bytes")]
        + [(name, ctypes.c_uint32) for name in ("inline_max", "sides")]
        + [("blocks", ctypes.c_void_p), ("max_bytes", ctypes.c_size_t)]
        + [(name, ctypes.c_uint32) for name in ("unacked", "reserved")]
    )


class SizedQueueOptions(ctypes.Structure):
    """Of a LIFO queue, and of a priority queue."""

    _fields_ = [(name, ctypes.c_size_t) for name in ("struct_size", "capacity", "max_len")]


class BlocksOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("bytes", ctypes.c_uint64),
        ("classes", ctypes.c_void_p),
        ("class_count", ctypes.c_size_t),
    ]


class SemaphoreOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("initial", ctypes.c_uint32), ("maximum", ctypes.c_uint32)]


class PoolOptions(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_size_t) for name in ("struct_size", "workers", "most_workers", "tasks", "block_bytes")]
        + [("initializer", ctypes.c_char_p), ("initializer_bytes", ctypes.c_void_p), ("initializer_len", ctypes.c_size_t)]
        + [(name, ctypes.c_uint32) for name in ("method", "tasks_per_worker", "flags", "reserved")]
    )


class TaskOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("time_limit_ns", ctypes.c_uint64)] + [
        (name, ctypes.c_uint32) for name in ("retries", "reserved")
    ]


class MapOptions(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_size_t) for name in ("struct_size", "chunk", "window")]
        + [(name, ctypes.c_uint64) for name in ("total_time_limit_ns", "time_limit_ns")]
        + [(name, ctypes.c_uint32) for name in ("retries", "flags")]
    )


class TaskInfo(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("id", ctypes.c_uint64)] + [
        (name, ctypes.c_uint32) for name in ("attempt", "reserved")
    ]


class Progress(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("struct_size", "pending", "running", "done", "failed", "cancelled", "lost", "workers")
    ]


class Slice(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]


Plain = ctypes.c_int64 * 32


@CHANGE
def add_one(value, _context):
    numbers = Plain.from_address(value)
    numbers[:] = [number + 1 for number in numbers]


class Failure(Exception):
    """A call that failed; its argument is the status's name."""


class News(str):
    """What a call gave, with news; `code` is the status's name."""


class Actor:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        self.lib.cyd_status_name.restype = ctypes.c_char_p
        for name, kinds in SIGNATURES.items():
            getattr(self.lib, "cyd_" + name).argtypes = [KINDS[kind] for kind in kinds]
        self.yard = None
        self.things = {}

    def call(self, name, *arguments):
        """Calls a function; the name of its status if that is news."""
        status = getattr(self.lib, "cyd_" + name)(*arguments)
        text = self.lib.cyd_status_name(status).decode()
        if status < 0:
            raise Failure(text)
        return text if status > 0 else None

    def fill(self, output, name, *arguments):
        """Calls a function whose last argument is an output; what is in it then."""
        self.call(name, *arguments, ctypes.byref(output))
        return output.value

    def open(self, kind, name, function, *arguments):
        self.things[kind, name] = None
        self.things[kind, name] = self.fill(ctypes.c_void_p(), function, *arguments)

    def open_yard(self, name, flags=0):
        options = YardOptions(struct_size=ctypes.sizeof(YardOptions), flags=flags)
        self.yard = self.fill(ctypes.c_void_p(), "yard_open_or_create", name.encode(), ctypes.byref(options))

    def open_ring(self, name, capacity):
        options = RingOptions(struct_size=ctypes.sizeof(RingOptions), capacity=capacity)
        self.open("ring", name, "ring_open_or_create", self.yard, name.encode(), ctypes.byref(options))

    def set(self, name, number):
        self.call("value_set", self.things["value", name], TYPE_I64, ctypes.byref(ctypes.c_int64(number)))

    def add(self, name, number):
        old = ctypes.c_int64()
        number = ctypes.byref(ctypes.c_int64(number))
        return self.fill(old, "value_fetch", self.things["value", name], TYPE_I64, OP_ADD, number)

    def compare_exchange(self, name, expected, desired):
        expected, desired = ctypes.byref(ctypes.c_int64(expected)), ctypes.byref(ctypes.c_int64(desired))
        value = self.things["value", name]
        return self.fill(ctypes.c_bool(), "value_compare_exchange", value, TYPE_I64, expected, desired)

    def count(self, name, times):
        for _ in range(times):
            self.add(name, 1)

    def acquire(self, name, count, time):
        many = ("permits_acquire",) if count == 1 else ("permits_acquire_many", count)
        self.call(many[0], self.things["permits", name], *many[1:], time)

    def open_semaphore(self, name, initial, maximum):
        options = SemaphoreOptions(ctypes.sizeof(SemaphoreOptions), initial, maximum)
        self.open("semaphore", name, "semaphore_open_or_create", self.yard, name.encode(), ctypes.byref(options))

    def open_struct(self, name):
        shape = ctypes.sizeof(Plain), ctypes.alignment(Plain)
        self.open("struct", name, "struct_open_or_create", self.yard, name.encode(), *shape)

    def set_struct(self, name, number):
        self.call("struct_set", self.things["struct", name], Plain(*[number] * 32), ctypes.sizeof(Plain), -1)

    def get_struct(self, name):
        numbers = Plain()
        self.call("struct_get", self.things["struct", name], numbers, ctypes.sizeof(numbers))
        return numbers[0] if len(set(numbers)) == 1 else "torn"

    def count_struct(self, name, times):
        for _ in range(times):
            self.call("struct_update", self.things["struct", name], ctypes.sizeof(Plain), -1, add_one, None)

    def add_element(self, name, index, number):
        number = ctypes.byref(ctypes.c_int64(number))
        return self.fill(ctypes.c_int64(), "array_fetch", self.things["array", name], TYPE_I64, index, OP_ADD, number)

    def read(self, name, start, count):
        numbers = (ctypes.c_int64 * count)()
        self.call("array_read", self.things["array", name], TYPE_I64, start, count, numbers)
        return " ".join(map(str, numbers))

    def round(self, name, length, times):
        for _ in range(times):
            for index in range(length):
                self.add_element(name, index, 1)

    def store(self, function, name, number, *where):
        """Stores a number in elements of an array."""
        number = ctypes.byref(ctypes.c_int64(number))
        self.call(function, self.things["array", name], TYPE_I64, *where, number)

    def send(self, name, text, time):
        text = text.encode()
        self.call("sender_send", self.things["sender", name], text, len(text), time)

    def half(self, name, text):
        room = self.fill(ctypes.c_void_p(), "sender_reserve", self.things["sender", name], len(text), -1)
        ctypes.memmove(room, text.encode(), len(text))

    def flood(self, name, first, last):
        for number in range(first, last + 1):
            self.send(name, str(number), -1)

    def recv(self, name, time):
        buffer, length = ctypes.create_string_buffer(1024), ctypes.c_size_t()
        receiver = self.things["receiver", name]
        news = self.call("receiver_recv", receiver, buffer, len(buffer), time, ctypes.byref(length))
        return told(buffer.raw[: length.value].decode(), news)

    def peek(self, name, time):
        first, length = ctypes.c_void_p(), ctypes.c_size_t()
        receiver = self.things["receiver", name]
        news = self.call("receiver_peek", receiver, time, ctypes.byref(first), ctypes.byref(length))
        return told(ctypes.string_at(first, length.value).decode(), news)

    def open_queue(self, name, capacity):
        options = QueueOptions(ctypes.sizeof(QueueOptions), capacity, unacked=capacity)
        self.open("queue", name, "queue_open_or_create", self.yard, name.encode(), ctypes.byref(options))

    def put(self, name, text, time):
        text = text.encode()
        self.call("queue_put", self.things["queue", name], text, len(text), time)

    def flood_queue(self, name, first, last):
        for number in range(first, last + 1):
            self.put(name, str(number), -1)

    def get(self, function, kind, name, time, *more):
        """Calls a function that copies a message out; its text."""
        buffer, length = ctypes.create_string_buffer(1024), ctypes.c_size_t()
        news = self.call(function, self.things[kind, name], buffer, len(buffer), time, ctypes.byref(length), *more)
        return told(buffer.raw[: length.value].decode(), news)

    def open_sized(self, kind, name, capacity):
        options = SizedQueueOptions(ctypes.sizeof(SizedQueueOptions), capacity, 32)
        function = kind + "_queue_open_or_create"
        self.open(kind, name, function, self.yard, name.encode(), ctypes.byref(options))

    def put_sized(self, kind, name, text, *more):
        text = text.encode()
        self.call(kind + "_queue_put", self.things[kind, name], text, len(text), *more)

    def flood_lifo(self, name, first, last):
        for number in range(first, last + 1):
            self.put_sized("lifo", name, str(number), -1)

    def flood_priority(self, name, first, last):
        for number in range(first, last + 1):
            self.put_sized("priority", name, str(number), number, -1)

    def get_priority(self, name, time):
        priority = ctypes.c_int64()
        text = self.get("priority_queue_get", "priority", name, time, ctypes.byref(priority))
        return f"{text} {priority.value}"

    def open_blocks(self, name, count):
        one = (ctypes.c_uint64 * 2)(64, count)
        options = BlocksOptions(ctypes.sizeof(BlocksOptions), 0, ctypes.addressof(one), 1)
        self.open("blocks", name, "blocks_open_or_create", self.yard, name.encode(), ctypes.byref(options))

    def alloc(self, name, text, time):
        text = text.encode()
        block = self.fill(ctypes.c_uint64(), "blocks_alloc", self.things["blocks", name], len(text), time)
        self.call("blocks_write", self.things["blocks", name], block, 0, text, len(text))
        return block

    def read_block(self, name, block):
        length = self.fill(ctypes.c_size_t(), "blocks_len", self.things["blocks", name], block)
        buffer = ctypes.create_string_buffer(length)
        self.call("blocks_read", self.things["blocks", name], block, 0, buffer, length)
        return buffer.raw.decode()

    def send_by_pipe(self, name, text, time):
        text = text.encode()
        self.call("connection_send", self.things["connection", name], text, len(text), time)

    def works(self):
        """Registers what workers do."""
        self.work = [WORK(self.square), WORK(self.once)]  # kept
        for name, work in zip((b"square", b"once"), self.work):
            self.call("task_register", name, work, None)

    def square(self, task, data, length, _argument):
        """In a worker: the square of a number that is not negative."""
        number = ctypes.c_int64.from_buffer_copy(ctypes.string_at(data, length)).value
        if number < 0:
            self.call("task_fail", task, b"it is negative")
            return 1
        self.call("task_return", task, ctypes.byref(ctypes.c_int64(number * number)), 8)
        return 0

    def once(self, task, data, length, argument):
        """The same, but its first attempt at a 1 ends only when it is asked to."""
        info = TaskInfo(struct_size=ctypes.sizeof(TaskInfo))
        self.call("task_info", task, ctypes.byref(info))
        number = ctypes.c_int64.from_buffer_copy(ctypes.string_at(data, length)).value
        while number == 1 and info.attempt == 0 and not self.fill(ctypes.c_bool(), "task_is_cancelled", task):
            time.sleep(0.001)
        return self.square(task, data, length, argument)

    def open_pool(self, name):
        options = PoolOptions(ctypes.sizeof(PoolOptions), workers=1, tasks=64, block_bytes=1 << 16, method=THREADS)
        try:
            self.open("pool", name, "pool_open", self.yard, name.encode())
        except Failure as failure:
            if str(failure) != "CYD_E_NOT_FOUND":
                raise
            self.open("pool", name, "pool_create", self.yard, name.encode(), ctypes.byref(options))

    def apply(self, name, task, number):
        number, length = ctypes.c_int64(number), ctypes.c_size_t()
        at, size = ctypes.byref(number), ctypes.sizeof(number)
        pool = self.things["pool", name]
        self.call("pool_apply", pool, task.encode(), at, size, None, at, size, ctypes.byref(length))
        return number.value

    def submit(self, name, task, number, retries):
        options = TaskOptions(ctypes.sizeof(TaskOptions), retries=retries)
        if self.things.get(("future", name)):
            self.call("future_close", self.things["future", name])
        number = ctypes.byref(ctypes.c_int64(number))
        pool = self.things["pool", name]
        self.open("future", name, "pool_submit", pool, task.encode(), number, 8, ctypes.byref(options), -1)

    def result(self, name, time):
        number, length = ctypes.c_int64(), ctypes.c_size_t()
        future = self.things["future", name]
        self.call("future_result", future, ctypes.byref(number), ctypes.sizeof(number), time, ctypes.byref(length))
        return number.value

    def map(self, name, task, count, chunk):
        numbers = (ctypes.c_int64 * count)(*range(1, count + 1))
        inputs = (Slice * count)(*[Slice(ctypes.addressof(numbers) + 8 * i, 8) for i in range(count)])
        options = MapOptions(ctypes.sizeof(MapOptions), chunk=chunk, retries=1)
        pool = self.things["pool", name]
        work = self.fill(ctypes.c_void_p(), "pool_map", pool, task.encode(), inputs, count, ctypes.byref(options))
        number, length, total = ctypes.c_int64(), ctypes.c_size_t(), 0
        for _ in range(count):
            self.call("map_next", work, ctypes.byref(number), 8, ctypes.byref(length), None)
            total += number.value
        self.call("map_close", work)
        return total

    def running(self, name):
        progress = Progress(struct_size=ctypes.sizeof(Progress))
        self.call("pool_progress", self.things["pool", name], ctypes.byref(progress))
        return progress.running

    def peer(self, name):
        end = "sender" if ("sender", name) in self.things else "receiver"
        return self.fill(ctypes.c_uint32(), end + "_peer", self.things[end, name])


def told(data, news):
    """A call's data, with its news if there are some."""
    if news is None:
        return data
    data = News(data)
    data.code = news
    return data


def time_of(word):
    return -1 if int(word) < 0 else int(word) * 1_000_000


# Each takes the actor and the words after the verb.
VERBS = {
    ("yard", "open"): lambda me, name: me.open_yard(name),
    ("lock", "open"): lambda me, name, scope: me.open(
        "lock", name, "lock_open_or_create", me.yard, name.encode(), int(scope)
    ),
    ("lock", "acquire"): lambda me, name, time: told(
        "", me.call("lock_acquire", me.things["lock", name], time_of(time))
    ),
    ("lock", "release"): lambda me, name: me.call("lock_release", me.things["lock", name]),
    ("lock", "repaired"): lambda me, name: me.call("lock_repaired", me.things["lock", name]),
    ("lock", "suspect"): lambda me, name: me.fill(ctypes.c_bool(), "lock_is_suspect", me.things["lock", name]),
    ("value", "open"): lambda me, name: me.open(
        "value", name, "value_open_or_create", me.yard, name.encode(), TYPE_I64
    ),
    ("value", "get"): lambda me, name: me.fill(ctypes.c_int64(), "value_get", me.things["value", name], TYPE_I64),
    ("value", "set"): lambda me, name, number: me.set(name, int(number)),
    ("value", "add"): lambda me, name, number: me.add(name, int(number)),
    ("value", "cas"): lambda me, name, old, new: me.compare_exchange(name, int(old), int(new)),
    ("value", "count"): lambda me, name, times: me.count(name, int(times)),
    ("rlock", "open"): lambda me, name: me.open("rlock", name, "rlock_open_or_create", me.yard, name.encode()),
    ("rlock", "acquire"): lambda me, name, time: told(
        "", me.call("rlock_acquire", me.things["rlock", name], time_of(time))
    ),
    ("rlock", "release"): lambda me, name: me.call("rlock_release", me.things["rlock", name]),
    ("rlock", "repaired"): lambda me, name: me.call("rlock_repaired", me.things["rlock", name]),
    ("rlock", "count"): lambda me, name: me.fill(ctypes.c_uint32(), "rlock_count", me.things["rlock", name]),
    ("permits", "open"): lambda me, name, count: me.open(
        "permits", name, "permits_open_or_create", me.yard, name.encode(), int(count)
    ),
    ("permits", "acquire"): lambda me, name, count, time: me.acquire(name, int(count), time_of(time)),
    ("permits", "release"): lambda me, name, count: me.call("permits_release", me.things["permits", name], int(count)),
    ("permits", "available"): lambda me, name: me.fill(
        ctypes.c_uint32(), "permits_available", me.things["permits", name]
    ),
    ("permits", "held"): lambda me, name: me.fill(ctypes.c_uint32(), "permits_held", me.things["permits", name]),
    ("semaphore", "open"): lambda me, name, initial, maximum: me.open_semaphore(name, int(initial), int(maximum)),
    ("semaphore", "acquire"): lambda me, name, time: me.call(
        "semaphore_acquire", me.things["semaphore", name], time_of(time)
    ),
    ("semaphore", "release"): lambda me, name, count: me.call(
        "semaphore_release", me.things["semaphore", name], int(count)
    ),
    ("semaphore", "value"): lambda me, name: me.fill(
        ctypes.c_uint32(), "semaphore_value", me.things["semaphore", name]
    ),
    ("event", "open"): lambda me, name, auto: me.open(
        "event", name, "event_open_or_create", me.yard, name.encode(), AUTO_RESET if auto == "1" else 0
    ),
    ("event", "set"): lambda me, name: me.call("event_set", me.things["event", name]),
    ("event", "clear"): lambda me, name: me.call("event_clear", me.things["event", name]),
    ("event", "wait"): lambda me, name, time: me.call("event_wait", me.things["event", name], time_of(time)),
    ("event", "is"): lambda me, name: me.fill(ctypes.c_bool(), "event_is_set", me.things["event", name]),
    ("rwlock", "open"): lambda me, name: me.open(
        "rwlock", name, "rwlock_open_or_create", me.yard, name.encode(), None
    ),
    ("rwlock", "read"): lambda me, name, time: told(
        "", me.call("rwlock_read", me.things["rwlock", name], time_of(time))
    ),
    ("rwlock", "write"): lambda me, name, time: told(
        "", me.call("rwlock_write", me.things["rwlock", name], time_of(time))
    ),
    ("rwlock", "release"): lambda me, name: me.call("rwlock_release", me.things["rwlock", name]),
    ("rwlock", "repaired"): lambda me, name: me.call("rwlock_repaired", me.things["rwlock", name]),
    ("rwlock", "readers"): lambda me, name: me.fill(ctypes.c_uint32(), "rwlock_readers", me.things["rwlock", name]),
    ("condition", "open"): lambda me, name: me.open(
        "condition", name, "condition_open_or_create", me.yard, name.encode()
    ),
    ("condition", "wait"): lambda me, name, lock, time: told(
        "", me.call("condition_wait", me.things["condition", name], me.things["lock", lock], time_of(time))
    ),
    ("condition", "notify"): lambda me, name, count: me.fill(
        ctypes.c_uint32(), "condition_notify", me.things["condition", name], int(count)
    ),
    ("condition", "all"): lambda me, name: me.fill(
        ctypes.c_uint32(), "condition_notify_all", me.things["condition", name]
    ),
    ("condition", "waiters"): lambda me, name: me.fill(
        ctypes.c_uint32(), "condition_waiters", me.things["condition", name]
    ),
    ("struct", "open"): lambda me, name: me.open_struct(name),
    ("struct", "set"): lambda me, name, number: me.set_struct(name, int(number)),
    ("struct", "get"): lambda me, name: me.get_struct(name),
    ("struct", "count"): lambda me, name, times: me.count_struct(name, int(times)),
    ("array", "open"): lambda me, name, length: me.open(
        "array", name, "array_open_or_create", me.yard, name.encode(), TYPE_I64, int(length), None
    ),
    ("array", "get"): lambda me, name, index: me.fill(
        ctypes.c_int64(), "array_get", me.things["array", name], TYPE_I64, int(index)
    ),
    ("array", "set"): lambda me, name, index, number: me.store("array_set", name, int(number), int(index)),
    ("array", "add"): lambda me, name, index, number: me.add_element(name, int(index), int(number)),
    ("array", "fill"): lambda me, name, start, count, number: me.store(
        "array_fill", name, int(number), int(start), int(count)
    ),
    ("array", "read"): lambda me, name, start, count: me.read(name, int(start), int(count)),
    ("array", "round"): lambda me, name, length, times: me.round(name, int(length), int(times)),
    ("ring", "open"): lambda me, name, capacity: me.open_ring(name, int(capacity)),
    ("ring", "sender"): lambda me, name: me.open("sender", name, "ring_sender", me.things["ring", name], 0),
    ("ring", "receiver"): lambda me, name: me.open("receiver", name, "ring_receiver", me.things["ring", name], 0),
    ("ring", "send"): lambda me, name, text, time: me.send(name, text, time_of(time)),
    ("ring", "half"): lambda me, name, text: me.half(name, text),
    ("ring", "flood"): lambda me, name, first, last: me.flood(name, int(first), int(last)),
    ("ring", "recv"): lambda me, name, time: me.recv(name, time_of(time)),
    ("ring", "peek"): lambda me, name, time: me.peek(name, time_of(time)),
    ("ring", "release"): lambda me, name: me.call("receiver_release", me.things["receiver", name]),
    ("ring", "peer"): lambda me, name: me.peer(name),
    ("queue", "open"): lambda me, name, capacity: me.open_queue(name, int(capacity)),
    ("queue", "put"): lambda me, name, text, time: me.put(name, text, time_of(time)),
    ("queue", "flood"): lambda me, name, first, last: me.flood_queue(name, int(first), int(last)),
    ("queue", "get"): lambda me, name, time: me.get("queue_get", "queue", name, time_of(time)),
    ("queue", "owe"): lambda me, name, time: me.get(
        "queue_get_ack", "queue", name, time_of(time), ctypes.byref(ctypes.c_uint64())
    ),
    ("queue", "done"): lambda me, name: me.call("queue_task_done", me.things["queue", name]),
    ("queue", "len"): lambda me, name: me.fill(ctypes.c_size_t(), "queue_len", me.things["queue", name]),
    ("queue", "shutdown"): lambda me, name: me.call("queue_shutdown", me.things["queue", name], False),
    ("lifo", "open"): lambda me, name, capacity: me.open_sized("lifo", name, int(capacity)),
    ("lifo", "put"): lambda me, name, text, time: me.put_sized("lifo", name, text, time_of(time)),
    ("lifo", "flood"): lambda me, name, first, last: me.flood_lifo(name, int(first), int(last)),
    ("lifo", "get"): lambda me, name, time: me.get("lifo_queue_get", "lifo", name, time_of(time)),
    ("lifo", "len"): lambda me, name: me.fill(ctypes.c_size_t(), "lifo_queue_len", me.things["lifo", name]),
    ("lifo", "shutdown"): lambda me, name: me.call("lifo_queue_shutdown", me.things["lifo", name], False),
    ("priority", "open"): lambda me, name, capacity: me.open_sized("priority", name, int(capacity)),
    ("priority", "put"): lambda me, name, text, priority, time: me.put_sized(
        "priority", name, text, int(priority), time_of(time)
    ),
    ("priority", "flood"): lambda me, name, first, last: me.flood_priority(name, int(first), int(last)),
    ("priority", "get"): lambda me, name, time: me.get_priority(name, time_of(time)),
    ("priority", "len"): lambda me, name: me.fill(
        ctypes.c_size_t(), "priority_queue_len", me.things["priority", name]
    ),
    ("priority", "shutdown"): lambda me, name: me.call(
        "priority_queue_shutdown", me.things["priority", name], False
    ),
    ("blocks", "open"): lambda me, name, count: me.open_blocks(name, int(count)),
    ("blocks", "alloc"): lambda me, name, text, time: me.alloc(name, text, time_of(time)),
    ("blocks", "read"): lambda me, name, block: me.read_block(name, int(block)),
    ("blocks", "offer"): lambda me, name, block: me.call("blocks_offer", me.things["blocks", name], int(block)),
    ("blocks", "adopt"): lambda me, name, block: me.call("blocks_adopt", me.things["blocks", name], int(block)),
    ("blocks", "free"): lambda me, name, block: me.call("blocks_free", me.things["blocks", name], int(block)),
    ("blocks", "owned"): lambda me, name: me.fill(ctypes.c_uint32(), "blocks_owned", me.things["blocks", name]),
    ("pipe", "open"): lambda me, name: me.open("pipe", name, "pipe_open_or_create", me.yard, name.encode(), None),
    ("pipe", "end"): lambda me, name, which: me.open(
        "connection", name, "pipe_end", me.things["pipe", name], int(which)
    ),
    ("pipe", "send"): lambda me, name, text, time: me.send_by_pipe(name, text, time_of(time)),
    ("pipe", "recv"): lambda me, name, time: me.get("connection_recv", "connection", name, time_of(time)),
    ("pipe", "peer"): lambda me, name: me.fill(
        ctypes.c_uint32(), "connection_peer", me.things["connection", name]
    ),
    ("pool", "open"): lambda me, name: me.open_pool(name),
    ("pool", "work"): lambda me, name: me.call("pool_work", me.things["pool", name], 0),
    ("pool", "apply"): lambda me, name, task, number: me.apply(name, task, int(number)),
    ("pool", "submit"): lambda me, name, task, number, retries: me.submit(name, task, int(number), int(retries)),
    ("pool", "result"): lambda me, name, time: me.result(name, time_of(time)),
    ("pool", "map"): lambda me, name, task, count, chunk: me.map(name, task, int(count), int(chunk)),
    ("pool", "running"): lambda me, name: me.running(name),
    ("pool", "shutdown"): lambda me, name: me.call("pool_shutdown", me.things["pool", name], True),
}


def play(me, noun="", verb="", *words):
    """Plays one command; the answer."""
    action = VERBS.get((noun, verb))
    if action is None or action.__code__.co_argcount != len(words) + 1:
        return "err usage"
    try:
        data = action(me, *words)
    except Failure as failure:
        return f"err {failure}"
    head = f"news {data.code}" if isinstance(data, News) else "ok"
    data = "" if data is None else str(data).lower() if isinstance(data, bool) else str(data)
    return f"{head} {data}".strip()


if __name__ == "__main__":
    actor = Actor(sys.argv[1])
    actor.works()
    for line in sys.stdin:
        print(play(actor, *line.split()), flush=True)
