"""Loads the shared library and asks it who it is: smoke.py LIBRARY VERSION"""

import ctypes
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

text = ctypes.create_string_buffer(lib.cyd_probe_print(None, 0) + 64)
lib.cyd_probe_print(text, len(text))
print(f"courtyard {version} through ctypes\n{text.value.decode()}")
