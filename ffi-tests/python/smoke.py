"""Loads the shared library, asks it who it is, and shares a value, a lock and a pipe: smoke.py LIBRARY VERSION"""

import ctypes
import os
import sys

path, version = sys.argv[1:]
lib = ctypes.CDLL(path)
for name in ("cyd_version_string", "cyd_last_error_message"):
    getattr(lib, name).restype = ctypes.c_char_p
for name in ("cyd_status_name", "cyd_status_message"):
    getattr(lib, name).restype = ctypes.c_char_p
    getattr(lib, name).argtypes = [ctypes.c_int32]
lib.cyd_probe_print.restype = ctypes.c_size_t
lib.cyd_probe_print.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


class Probe(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("features", ctypes.c_uint32),
        ("cpus", ctypes.c_uint32),
        ("page_bytes", ctypes.c_uint64),
        ("shm_bytes", ctypes.c_uint64),
        ("shm_free_bytes", ctypes.c_uint64),
    ]


def equal(found, wanted):
    if found != wanted:
        raise SystemExit(f"found {found!r}, wanted {wanted!r}")


equal(lib.cyd_version_string().decode(), version)
major, minor, patch = map(int, version.split("-")[0].split("."))
equal(lib.cyd_version(), major << 16 | minor << 8 | patch)
equal(lib.cyd_status_name(0), b"CYD_OK")
equal(lib.cyd_status_name(1), b"CYD_OWNER_DIED")
equal(lib.cyd_status_name(-1012), b"CYD_E_TIMEOUT")
equal(lib.cyd_status_name(-7), b"CYD_E_UNKNOWN")

equal(lib.cyd_probe(None), -1002)
equal(lib.cyd_last_error_message(), lib.cyd_status_message(-1002))
probe = Probe(struct_size=ctypes.sizeof(Probe))
equal(lib.cyd_probe(ctypes.byref(probe)), 0)
equal(probe.cpus > 0 and probe.page_bytes >= 4096, True)

# A value and a lock, shared with a fork child.
lib.cyd_lock_acquire.argtypes = [ctypes.c_void_p, ctypes.c_int64]
for name in ("cyd_lock_release", "cyd_lock_close", "cyd_value_close", "cyd_yard_close"):
    getattr(lib, name).argtypes = [ctypes.c_void_p]
lib.cyd_yard_create_anonymous.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
for name in ("cyd_lock_create", "cyd_value_create"):
    getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32, ctypes.c_void_p]
for name in ("cyd_value_get", "cyd_value_set"):
    getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]
SCOPE_PROCESS, TYPE_I64, E_TYPE, E_BUSY, E_NOT_OWNER = 1, 7, -1003, -1013, -1030

yard, lock, value = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
equal(lib.cyd_yard_create_anonymous(None, ctypes.byref(yard)), 0)
equal(lib.cyd_lock_create(yard, b"lock", SCOPE_PROCESS, ctypes.byref(lock)), 0)
equal(lib.cyd_value_create(yard, b"value", TYPE_I64, ctypes.byref(value)), 0)
equal(lib.cyd_lock_acquire(lock, -1), 0)
child = os.fork()
if child == 0:
    number = ctypes.c_int64(-5)
    equal(lib.cyd_lock_acquire(lock, 0), E_BUSY)
    equal(lib.cyd_lock_release(lock), E_NOT_OWNER)
    equal(lib.cyd_value_set(value, TYPE_I64, ctypes.byref(number)), 0)
    os._exit(0)
equal(os.waitpid(child, 0)[1], 0)
number = ctypes.c_int64()
equal(lib.cyd_value_get(value, TYPE_I64, ctypes.byref(number)), 0)
equal(number.value, -5)
equal(lib.cyd_value_get(value, TYPE_I64 + 1, ctypes.byref(number)), E_TYPE)
equal(lib.cyd_lock_release(lock), 0)
for close, handle in ((lib.cyd_lock_close, lock), (lib.cyd_value_close, value), (lib.cyd_yard_close, yard)):
    equal(close(handle), 0)

# A pipe over fork: each closes the end that the other keeps, and the end of the stream is told.
for name in ("cyd_pipe_create", "cyd_connection_send", "cyd_connection_recv"):
    getattr(lib, name).argtypes = {
        "cyd_pipe_create": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p],
        "cyd_connection_send": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64],
        "cyd_connection_recv": [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, ctypes.c_void_p],
    }[name]
lib.cyd_pipe_end.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]
for name in ("cyd_pipe_close", "cyd_connection_close"):
    getattr(lib, name).argtypes = [ctypes.c_void_p]
E_PEER_CLOSED, SECONDS = -1022, 1_000_000_000

yard, pipe, father, mine = (ctypes.c_void_p() for _ in range(4))
equal(lib.cyd_yard_create_anonymous(None, ctypes.byref(yard)), 0)
equal(lib.cyd_pipe_create(yard, b"pipe", None, ctypes.byref(pipe)), 0)
equal(lib.cyd_pipe_end(pipe, 0, ctypes.byref(father)), 0)
equal(lib.cyd_pipe_end(pipe, 1, ctypes.byref(mine)), 0)
child = os.fork()
if child == 0:
    equal(lib.cyd_connection_close(father), 0)
    equal(lib.cyd_connection_send(mine, b"from child", 10, -1), 0)
    equal(lib.cyd_connection_close(mine), 0)
    os._exit(0)
equal(lib.cyd_connection_close(mine), 0)
buffer, length = ctypes.create_string_buffer(64), ctypes.c_size_t()
equal(lib.cyd_connection_recv(father, buffer, 64, 20 * SECONDS, ctypes.byref(length)), 0)
equal(buffer.raw[: length.value], b"from child")
equal(lib.cyd_connection_recv(father, buffer, 64, 20 * SECONDS, ctypes.byref(length)), E_PEER_CLOSED)
equal(os.waitpid(child, 0)[1], 0)
for close, handle in ((lib.cyd_connection_close, father), (lib.cyd_pipe_close, pipe), (lib.cyd_yard_close, yard)):
    equal(close(handle), 0)

text = ctypes.create_string_buffer(lib.cyd_probe_print(None, 0) + 64)
lib.cyd_probe_print(text, len(text))
print(f"courtyard {version} through ctypes\n{text.value.decode()}")
