/*
 * courtyard: shared-memory IPC that stays whole when processes die.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Generated from the sources and committed; to change it, change the sources.
 *
 * BEFORE THE FIRST CALL
 *
 * Status.  Most functions return a cyd_status_t: 0 is success, a positive number is success with news (#CYD_OWNER_DIED:
 *   you have the lock, and what it guards may be half changed), a negative number is an error. Test it with
 *   CYD_FAILED(status), never with "!= 0" and never with "== CYD_OK" alone. Outputs are written on success only.
 *   cyd_last_error_message() says more about the last failure of the calling thread.
 *
 * Timeouts.  `int64_t timeout_ns`: 0 tries and never waits, a negative value waits without limit, anything else is
 *   nanoseconds of the monotonic clock. A wait that gives up changes nothing.
 *
 * Handles.  A handle belongs to the process that opened it; it means nothing in another one. Its memory is never
 *   returned to the allocator, so that NULL, a closed handle and a handle of another type are answered with
 *   #CYD_E_NULL, #CYD_E_CLOSED and #CYD_E_TYPE. A stale pointer is recognised until at least 1024 other handles of
 *   its type have been closed. Closing is local and like fclose(): no other call may be using the handle. Closing
 *   NULL does nothing. Pointers to anything else than a handle are recognised as far as their first bytes can be
 *   read, which is no promise.
 *
 * Structs.  A struct led by `size_t struct_size` may grow in later versions. Clear it, set struct_size to its sizeof,
 *   then set what you need: zero is the default of every field, and a NULL options pointer means all defaults. A
 *   library that does not know a field you have set refuses with #CYD_E_VERSION.
 *
 * Threads.  Each function says how many threads may be in it. What a thread owns, such as a lock of thread scope, is
 *   released by that very thread; what a process owns, such as an end of a ring, by any thread of it. The library
 *   starts no thread.
 *
 * Signals.  A function may be called from a signal handler only if its Blocking paragraph says async-signal-safe.
 *   A signal does not end a wait. The library installs no handler and changes no mask.
 *
 * WHAT DIES WITH A PROCESS
 *
 *   A process may be killed at any instruction, and the others go on. What it had put, sent or stored, and the call
 *   had returned, stays. The one operation it was in has either happened whole or not at all; each function says in
 *   its Crash paragraph which instant decides. What it owned comes free: the next taker of a lock succeeds with
 *   #CYD_OWNER_DIED, the other end of a ring learns #CYD_E_PEER_DIED, whoever waits for the dead one is woken.
 *   Dead means proved dead: a process that is stopped, swapped out or in a debugger keeps what it owns, however long
 *   others wait. A thread that ends while it owns something counts as dead for those things. Nothing survives a power
 *   cut, and nothing is promised for memory that a wild pointer of yours has overwritten.
 *
 * FORK, EXEC, VFORK
 *
 *   fork().   Handles stay valid in the child and mean the same objects. What the parent owns stays the parent's: the
 *             child does not hold its locks or its ends of rings, and releasing them in the child is refused. The
 *             parent's registration is void in the child; the child registers itself with its first call that needs
 *             it. Numbers that are read or changed in one step need none, nor do set, clear and is_set of an event.
 *   vfork().  Between vfork() and exec no function of this library may be called: the child runs in its parent's
 *             memory and would act as the parent.
 *   exec().   Ends the process for this library: what it owned comes free, as at a death. Descriptors are close-on-
 *             exec; pass a yard on by its name, or by a descriptor on which you clear that flag yourself.
 *   clone().  A thread made by a bare clone() and not by the C library can own nothing and is refused.
 *
 * VERSIONS
 *
 *   The library.  The soname, libcourtyard.so.0, carries the major version. While that is 0, a new minor version may
 *             break the ABI: compare `cyd_version() >> 8`, what runs, with `CYD_VERSION >> 8`, what you compiled with.
 *             Numbers of codes never change their meaning; later versions may add some.
 *   The memory.  A segment begins with its layout version and a word that sums up sizes, alignments and the page size.
 *             A library that does not speak this layout refuses with #CYD_E_VERSION, one that was built for another
 *             word format with #CYD_E_FORMAT, and neither changes a byte. There is no conversion: let the old one end.
 *
 * PEERS YOU DO NOT TRUST
 *
 *   Whoever can write to a segment can destroy what it holds; permissions are the only wall. Behind that wall there
 *   are two promises:
 *   T1  Parsing a segment's header, receiving from a ring or a topic, and reading a dictionary are safe against a peer
 *       that writes arbitrary bytes at any moment, if the segment is a memfd whose size is sealed (the opener checks).
 *   T2  Everything else is safe against peers that crash, not against peers that lie: a hostile one can withhold,
 *       invent and spoil data and make you wait. It can not touch your private memory, lead you outside the mapping,
 *       abort you or hold you in an endless loop. A named yard can be cut short by its owner, and then you receive SIGBUS.
 *
 * HOW TO LINK
 *
 *   The README has the two lines, for the shared and for the static library; a test runs them.
 */


#ifndef COURTYARD_H
#define COURTYARD_H

#include <stddef.h>
#include <stdint.h>

/** Warns when the result of a call is dropped. Define it as empty before the include to be left alone. */
#ifndef CYD_MUST_USE
#if defined(__GNUC__) || defined(__clang__)
#define CYD_MUST_USE __attribute__((warn_unused_result))
#else
#define CYD_MUST_USE
#endif
#endif

/** True if a call failed. Success with news (a positive status) is not a failure. */
#define CYD_FAILED(status) ((status) < 0)


/**
 * Major version of the header. While it is 0, a change of the minor version may break the ABI.
 */
#define CYD_VERSION_MAJOR 0

/**
 * Minor version of the header.
 */
#define CYD_VERSION_MINOR 1

/**
 * Patch version of the header.
 */
#define CYD_VERSION_PATCH 0

/**
 * The version of the header as one number that grows: major, minor and patch, 16, 8 and 8 bits.
 */
#define CYD_VERSION (((CYD_VERSION_MAJOR << 16) | (CYD_VERSION_MINOR << 8)) | CYD_VERSION_PATCH)

/**
 * Bit of cyd_probe_t.features: futex_waitv(2) works; without it sleepers look at their peers every millisecond.
 */
#define CYD_PROBE_FUTEX_WAITV 1

/**
 * Bit of cyd_probe_t.features: membarrier(2) knows its global expedited command; nothing depends on it.
 */
#define CYD_PROBE_MEMBARRIER 2

/**
 * Bit of cyd_probe_t.features: /dev/shm has O_TMPFILE; without it a yard is made under a temporary name first.
 */
#define CYD_PROBE_TMPFILE 4

/**
 * Bit of cyd_probe_t.features: memfd_create(2) with size seals works; without it there are no anonymous yards.
 */
#define CYD_PROBE_SEALS 8

/**
 * Bit of cyd_probe_t.features: the calling thread can own things; without it, it can not.
 */
#define CYD_PROBE_ROBUST_LIST 16

/**
 * Bit of cyd_probe_t.features: there is a /dev/shm; without it there are no named yards.
 */
#define CYD_PROBE_SHM 32

/**
 * How a call ended: 0 is success, a positive number is success with news, a negative number is an error.
 *
 * Test it with CYD_FAILED(). Later versions may add numbers of either sign.
 */
typedef int32_t cyd_status_t;

/**
 * What this machine allows; filled by cyd_probe().
 */
typedef struct {
    /**
     * Set to sizeof(cyd_probe_t) before the call.
     */
    size_t struct_size;
    /**
     * What works: CYD_PROBE_ bits.
     */
    uint32_t features;
    /**
     * How many CPUs this process may use; with one, nobody spins.
     */
    uint32_t cpus;
    /**
     * Bytes of a page.
     */
    uint64_t page_bytes;
    /**
     * Size of /dev/shm in bytes; 0 without #CYD_PROBE_SHM.
     */
    uint64_t shm_bytes;
    /**
     * Free bytes in /dev/shm; 0 without #CYD_PROBE_SHM.
     */
    uint64_t shm_free_bytes;
} cyd_probe_t;

/**
 * Success.
 */
#define CYD_OK 0

/**
 * Success, and: the previous owner died; what it guarded may be half changed.
 */
#define CYD_OWNER_DIED 1

/**
 * Success, and: the record may have been seen before, by a receiver that died.
 */
#define CYD_REDELIVERED 2

/**
 * An argument is outside its range or meaning.
 */
#define CYD_E_INVALID -1001

/**
 * A pointer that must not be NULL is NULL.
 */
#define CYD_E_NULL -1002

/**
 * The object or handle is of another type.
 */
#define CYD_E_TYPE -1003

/**
 * An index or count is out of range.
 */
#define CYD_E_RANGE -1004

/**
 * A name must be 1 to 63 characters of A-Z a-z 0-9 . _ -.
 */
#define CYD_E_NAME -1005

/**
 * There was no room.
 */
#define CYD_E_FULL -1010

/**
 * There was nothing to take.
 */
#define CYD_E_EMPTY -1011

/**
 * The wait gave up.
 */
#define CYD_E_TIMEOUT -1012

/**
 * Somebody else has it, or is in the middle of an operation.
 */
#define CYD_E_BUSY -1013

/**
 * The handle or object is closed.
 */
#define CYD_E_CLOSED -1020

/**
 * The object was shut down.
 */
#define CYD_E_SHUTDOWN -1021

/**
 * The other end has closed.
 */
#define CYD_E_PEER_CLOSED -1022

/**
 * The process at the other end has died.
 */
#define CYD_E_PEER_DIED -1023

/**
 * The wait was cancelled.
 */
#define CYD_E_CANCELLED -1024

/**
 * A signal ended the wait.
 */
#define CYD_E_INTERRUPTED -1025

/**
 * The iteration is over.
 */
#define CYD_E_END -1026

/**
 * The caller does not own it.
 */
#define CYD_E_NOT_OWNER -1030

/**
 * The caller would wait for itself.
 */
#define CYD_E_DEADLOCK -1031

/**
 * The barrier is broken.
 */
#define CYD_E_BROKEN -1032

/**
 * The call does not fit the state of the object.
 */
#define CYD_E_STATE -1033

/**
 * The task was lost with its worker.
 */
#define CYD_E_LOST -1040

/**
 * There is no child to wait for.
 */
#define CYD_E_NO_CHILD -1041

/**
 * A task or an initializer failed.
 */
#define CYD_E_FAILED -1042

/**
 * The claim was taken back.
 */
#define CYD_E_REVOKED -1043

/**
 * The yard or its file system has no room left.
 */
#define CYD_E_NO_SPACE -1050

/**
 * A table is full.
 */
#define CYD_E_NO_SLOTS -1051

/**
 * The system has no memory or address space left.
 */
#define CYD_E_NO_MEMORY -1052

/**
 * The record can never fit.
 */
#define CYD_E_TOO_LONG -1053

/**
 * The name is taken.
 */
#define CYD_E_EXISTS -1060

/**
 * There is nothing of that name.
 */
#define CYD_E_NOT_FOUND -1061

/**
 * The object exists with other parameters.
 */
#define CYD_E_MISMATCH -1062

/**
 * Permission denied.
 */
#define CYD_E_PERMISSION -1063

/**
 * Not a yard, or an object of another yard.
 */
#define CYD_E_FOREIGN -1070

/**
 * The file is shorter than its header says.
 */
#define CYD_E_TRUNCATED -1071

/**
 * The file is longer than its header says, or a size is impossible.
 */
#define CYD_E_SIZE -1072

/**
 * The yard was made with another word format.
 */
#define CYD_E_FORMAT -1073

/**
 * The yard was made with another layout version.
 */
#define CYD_E_VERSION -1074

/**
 * The contents contradict themselves.
 */
#define CYD_E_CORRUPT -1075

/**
 * This platform or type cannot do it.
 */
#define CYD_E_UNSUPPORTED -1080

/**
 * The operating system refused.
 */
#define CYD_E_OS -1081

/**
 * A defect in the library was caught at the boundary.
 */
#define CYD_E_PANIC -1082

/**
 * The object was found inconsistent.
 */
#define CYD_E_POISONED -1083

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Gives the name of a status code.
 *
 * \param status  Any number.
 *
 * \return The name of the constant, for example "CYD_E_TIMEOUT"; "CYD_E_UNKNOWN" or "CYD_NEWS_UNKNOWN" for a number
 *   that this version does not know. Never NULL, valid for ever.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
const char *cyd_status_name(cyd_status_t status);

/**
 * Says in one English sentence what a status code means.
 *
 * cyd_last_error_message() often knows more.
 *
 * \param status  Any number.
 *
 * \return The sentence, without a full stop; one that says so for a number that this version does not know. Never
 *   NULL, valid for ever.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
const char *cyd_status_message(cyd_status_t status);

/**
 * Gives the version of the library that runs.
 *
 * Compare it with #CYD_VERSION, the version of the header that the program was compiled with.
 *
 * \return major << 16 | minor << 8 | patch
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
uint32_t cyd_version(void);

/**
 * Gives the version of the library that runs, for people.
 *
 * \return For example "0.1.0"; never NULL, valid for ever.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
const char *cyd_version_string(void);

/**
 * Says in words what the last failing call of this thread met.
 *
 * More precise than cyd_status_message(): it may name the object, the sizes or the system call.
 *
 * \return A string in UTF-8, never NULL; empty if no call of this thread has failed yet. It belongs to the thread
 *   and stays valid until the next failing call in this thread, or until the thread ends. Calls that succeed, and
 *   the functions documented as async-signal-safe, leave it as it is.
 *
 * \par Threads    Each thread has its own.
 * \par Processes  A fork() child starts with a copy of its parent's.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
const char *cyd_last_error_message(void);

/**
 * Gives the operating system's `errno` behind the last failing call of this thread.
 *
 * \return The number, or 0 if no call of this thread has failed yet or the last failure did not come from the
 *   operating system.
 *
 * \par Threads    Each thread has its own.
 * \par Processes  A fork() child starts with a copy of its parent's.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
int32_t cyd_last_os_error(void);

/**
 * Finds out what this machine allows, by trying.
 *
 * \param out  Filled as far as its `struct_size` reaches. A newer caller finds 0 in fields that this version
 *             does not know.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL     `out` is NULL
 *   - #CYD_E_INVALID  `out` is misaligned, or `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any; nothing is kept and no yard is needed.
 * \par Blocking   Never waits; makes some twenty system calls. Not async-signal-safe.
 * \par Crash      Leaves nothing behind.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_probe(cyd_probe_t *out);

/**
 * Prints what this machine allows and what the library does where it does not, one line each, for people and for
 * reports of defects.
 *
 * \param buffer  Receives the text, cut to fit, with a NUL. May be NULL to ask for the length only.
 * \param room    Bytes of `buffer`.
 *
 * \return The length of the whole text without its NUL, as snprintf() does: the text was cut if this is not below
 *   `room`. 0 if the library failed.
 *
 * \par Threads    Any.
 * \par Processes  Any; nothing is kept and no yard is needed.
 * \par Blocking   Never waits; makes some twenty system calls. Not async-signal-safe.
 * \par Crash      Leaves nothing behind.
 * \par Since      0.1
 */
size_t cyd_probe_print(char *buffer, size_t room);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* COURTYARD_H */
