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
 *   CYD_FAILED(status), never with "!= 0" and never with "== CYD_OK" alone. Outputs are written on success only,
 *   unless a function says otherwise. cyd_last_error_message() says more about the last failure of the calling
 *   thread. What the lists of the functions do not repeat: any call may answer #CYD_E_PANIC, a defect of this library, and
 *   any that opens a handle #CYD_E_NO_MEMORY, when an object that it was to make may be there already.
 *
 * Timeouts.  `int64_t timeout_ns`: 0 tries and never waits, a negative value waits without limit, anything else is
 *   nanoseconds of the monotonic clock. A wait that gives up changes nothing (but at a barrier, which it breaks). cyd_deadline_after() makes several calls
 *   share one deadline.
 *
 * Several at once.  cyd_wait_any() and cyd_wait_all() wait for many objects, and for the ends of processes. For event
 *   loops cyd_notifier_create() makes a descriptor.
 *
 * Cancelling.  Every call that waits on an object also ends with #CYD_E_CANCELLED if a token is cancelled that the thread
 *   has entered: see cyd_cancel_t. A wait that was cancelled changes nothing, but at a barrier.
 *
 * Handles.  A handle belongs to the process that opened it; it means nothing in another one. Its memory is never
 *   returned to the allocator, so that NULL, a closed handle and a handle of another type are answered with
 *   #CYD_E_NULL, #CYD_E_CLOSED and #CYD_E_TYPE. A stale pointer is recognised until at least 1024 other handles of
 *   its type have been closed. Closing is local and like fclose(): no other call may be using the handle, but for
 *   one that waits, unless its function says otherwise: closing ends it with #CYD_E_CLOSED, and waits until it has left. If it cannot leave within 250 ms (at
 *   the end of cyd_condition_wait() it must have its lock again first) the handle is closed even so, and what it stands
 *   for goes when the wait has left. Closing NULL does nothing. Pointers to anything else than a handle are recognised as far as their first bytes can be
 *   read, which is no promise.
 *
 * Structs.  A struct led by `size_t struct_size` may grow in later versions. Clear it, set struct_size to its sizeof,
 *   then set what you need: zero is the default of every field, and a NULL options pointer means all defaults. A
 *   library that does not know a field or a flag you have set refuses with #CYD_E_VERSION.
 *
 * Threads.  Each function says how many threads may be in it. What a thread owns, such as a lock of thread scope, is
 *   released by that very thread; what a process owns, such as an end of a ring, by any thread of it. A thread enters
 *   a yard with its first call there that claims something or waits, and stays until it ends: so many slots a yard
 *   needs. Closing the process's last handle on a yard takes out the calling thread only; the others leave when they
 *   next enter a yard, or end, and until then the yard counts as open. cyd_yard_detach_thread() leaves earlier. The
 *   library starts no thread but the one for notifiers (see cyd_notifier_t), one for each pool that the process has made,
 *   the workers of #CYD_START_THREADS, and one that calls what is to be called when tasks have ended (see
 *   cyd_future_add_done_callback()).
 *
 * Signals.  A function may be called from a signal handler only if its Blocking paragraph says async-signal-safe.
 *   A signal does not end a wait, unless the yard was opened with #CYD_YARD_INTERRUPTIBLE. The library installs no
 *   handler and changes no mask.
 *
 * WHAT DIES WITH A PROCESS
 *
 *   A process may be killed at any instruction, and the others go on. What it had sent or stored, and the call had
 *   returned, stays. The one operation it was in has either happened whole or not at all; each function says in
 *   its Crash paragraph which instant decides. What it owned comes free: the next taker of a lock succeeds with
 *   #CYD_OWNER_DIED, the other end of a ring or pipe learns #CYD_E_PEER_DIED, the permits of a cyd_permits_t are back,
 *   the blocks of a cyd_blocks_t free, the task of a worker is begun again or lost; whoever waits for the dead one is
 *   woken.
 *
 *   held by               | killed, aborts, exits, execs | its thread ends | a fork() child ends | is stopped
 *   ----------------------|------------------------------|-----------------|---------------------|-----------
 *   a thread: locks of    | the next owner gets it and   | as if killed    | nothing             | nothing
 *   scope thread, rlocks, | is told                      |                 |                     |
 *   rwlocks               |                              |                 |                     |
 *   a thread: having      | the barrier breaks, and      | as if killed    | nothing             | nothing
 *   arrived at a barrier  | names it                     |                 |                     |
 *   a process: wider      | as above; permits are back,  | nothing         | nothing             | nothing
 *   locks, permits,       | blocks are free, ends can be |                 |                     |
 *   blocks, ends of rings,| taken over, the barrier      |                 |                     |
 *   declared parties of   | breaks                       |                 |                     |
 *   barriers              |                              |                 |                     |
 *   a process: messages   | they are delivered again, to | nothing         | nothing             | nothing
 *   of a queue it owes    | others, who are told         |                 |                     |
 *   a process: loans, and | the memory is free; such a   | nothing         | nothing             | nothing
 *   messages that it has  | message is lost, unless it   |                 |                     |
 *   borrowed              | is owed                      |                 |                     |
 *   a process and its     | those opposite are told, if  | nothing         | nothing, if another | nothing
 *   fork children: ends   | nobody else holds the end,   |                 | holds it            |
 *   of pipes, sides of    | or the side                  |                 |                     |
 *   queues                |                              |                 |                     |
 *   a worker: its tasks   | begun again by another one,  | as if killed    | nothing             | nothing, but a
 *                         | or lost, and say of what     |                 |                     | time limit
 *   a process: tasks that | the tasks run, and what they | nothing         | nothing             | nothing
 *   it has submitted      | give is thrown away          |                 |                     |
 *   a process: what it    | the future is lost           | nothing         | nothing             | nothing
 *   has promised          |                              |                 |                     |
 *   a process: a pool that| its workers die too; nothing | nothing         | nothing             | no worker is
 *   it has made           | more is taken                |                 |                     | replaced
 *   nobody: values,       | they stay as they are        | nothing         | nothing             | nothing
 *   structs, arrays,      |                              |                 |                     |
 *   what was put into a   |                              |                 |                     |
 *   lifo or priority queue|                              |                 |                     |
 *   semaphores, events    |                              |                 |                     |
 *
 *   cyd_yard_fault() tells who died last, doing what.
 *
 *   Dead means proved dead: a process that is stopped, swapped out or in a debugger keeps what it owns, however long
 *   others wait. A thread that ends while it owns something counts as dead for those things. Nobody owns a permit of a
 *   semaphore: what a dead one had taken stays taken. Nothing survives a power cut, and nothing is promised for memory
 *   that a wild pointer of yours has overwritten.
 *
 * FORK, EXEC, VFORK
 *
 *   fork().   Handles stay valid in the child and mean the same objects. What the parent owns stays the parent's: the
 *             child does not hold its locks, permits, blocks or ends of rings, and releasing or using them in the child is
 *             refused with #CYD_E_NOT_OWNER (a lock of #CYD_SCOPE_ANYONE may be released by anyone). The parent's registration
 *             is void in the child; the child registers itself with its first call that needs it. The functions of
 *             cyd_value_t and cyd_array_t, and cyd_struct_get(), need none, and those of cyd_semaphore_t none but to
 *             wait.
 *             Ends of pipes and sides of queues are different: the child holds, for itself and from its birth on, every one
 *             that its parent held at the fork. It takes one of the yard's places for that, if one is free.
 *   vfork().  Between vfork() and exec no function of this library may be called: the child runs in its parent's
 *             memory and would act as the parent.
 *   exec().   Ends the process for this library: what it owned comes free, as at a death. Descriptors are close-on-
 *             exec; pass a yard on by its name, or by its descriptor after cyd_yard_set_inheritable().
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
 *   T1  Parsing a segment's header and receiving from a ring are safe against a peer that writes arbitrary bytes at any
 *       moment, if the segment's size is sealed: cyd_yard_is_sealed() tells. What cyd_receiver_peek() shows can change
 *       while you read it; copy it out before you check it.
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

#include <stdbool.h>
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

/*
 * In C11 and later the compiler knows the type of a number and passes it on; nothing is left of these macros when the
 * program runs. The arguments `out`, `in`, `operand`, `old`, `expected` and `desired` are pointers to the number.
 */
#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
/** The CYD_TYPE_ number of an expression; does not compile for a type that no value can have, such as plain char. */
#define CYD_TYPE_OF(x)                                            \
    _Generic((x),                                                 \
        signed char: CYD_TYPE_I8,                                 \
        unsigned char: CYD_TYPE_U8,                               \
        short: CYD_TYPE_I16,                                      \
        unsigned short: CYD_TYPE_U16,                             \
        int: CYD_TYPE_I32,                                        \
        unsigned int: CYD_TYPE_U32,                               \
        long: sizeof(long) == 8 ? CYD_TYPE_I64 : CYD_TYPE_I32,    \
        unsigned long: sizeof(long) == 8 ? CYD_TYPE_U64 : CYD_TYPE_U32, \
        long long: CYD_TYPE_I64,                                  \
        unsigned long long: CYD_TYPE_U64,                         \
        float: CYD_TYPE_F32,                                      \
        double: CYD_TYPE_F64,                                     \
        _Bool: CYD_TYPE_BOOL)
/** cyd_value_get() of the type that `out` points to. */
#define CYD_VALUE_GET(value, out) cyd_value_get((value), CYD_TYPE_OF(*(out)), (out))
/** cyd_value_set() of the type that `in` points to. */
#define CYD_VALUE_SET(value, in) cyd_value_set((value), CYD_TYPE_OF(*(in)), (in))
/** cyd_value_fetch() of the type that `operand` points to; `old` points to the same type, or is NULL. */
#define CYD_VALUE_FETCH(value, op, operand, old) \
    cyd_value_fetch((value), CYD_TYPE_OF(*(operand)), (op), (operand), CYD_SAME_(old, operand))
/** cyd_value_compare_exchange() of the type that `expected` points to; `desired` points to the same type. */
#define CYD_VALUE_COMPARE_EXCHANGE(value, expected, desired, done) \
    cyd_value_compare_exchange((value), CYD_TYPE_OF(*(expected)), (expected), CYD_SAME_(desired, expected), (done))
/** cyd_array_get() of the type that `out` points to. */
#define CYD_ARRAY_GET(array, index, out) cyd_array_get((array), CYD_TYPE_OF(*(out)), (index), (out))
/** cyd_array_set() of the type that `in` points to. */
#define CYD_ARRAY_SET(array, index, in) cyd_array_set((array), CYD_TYPE_OF(*(in)), (index), (in))
/** cyd_array_fetch() of the type that `operand` points to; `old` points to the same type, or is NULL. */
#define CYD_ARRAY_FETCH(array, index, op, operand, old) \
    cyd_array_fetch((array), CYD_TYPE_OF(*(operand)), (index), (op), (operand), CYD_SAME_(old, operand))
/** cyd_array_compare_exchange() of the type that `expected` points to; `desired` points to the same type. */
#define CYD_ARRAY_COMPARE_EXCHANGE(array, index, expected, desired, done)            \
    cyd_array_compare_exchange((array), CYD_TYPE_OF(*(expected)), (index), (expected), \
                               CYD_SAME_(desired, expected), (done))
/** cyd_array_read() of the type that `out` points to. */
#define CYD_ARRAY_READ(array, start, count, out) \
    cyd_array_read((array), CYD_TYPE_OF(*(out)), (start), (count), (out))
/** cyd_array_write() of the type that `in` points to. */
#define CYD_ARRAY_WRITE(array, start, count, in) \
    cyd_array_write((array), CYD_TYPE_OF(*(in)), (start), (count), (in))
/** cyd_array_fill() of the type that `in` points to. */
#define CYD_ARRAY_FILL(array, start, count, in) cyd_array_fill((array), CYD_TYPE_OF(*(in)), (start), (count), (in))
/* The first pointer; the compiler warns if it does not point to what the second does. */
#define CYD_SAME_(pointer, other) ((void)sizeof((pointer) == (other)), (pointer))
#endif


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
 * Flag of a yard's options: a signal handler that ran ends a wait with #CYD_E_INTERRUPTED; else the wait goes on.
 */
#define CYD_YARD_INTERRUPTIBLE 1

/**
 * Flag of a yard's options: do without futex_waitv(2) even where the kernel has it; for tests, and for comparing.
 */
#define CYD_YARD_FALLBACK 2

/**
 * Bytes of an object's or a yard's name with its NUL.
 */
#define CYD_NAME_BYTES 64

/**
 * Kind of an object: a lock.
 */
#define CYD_OBJECT_LOCK 1

/**
 * Kind of an object: a value.
 */
#define CYD_OBJECT_VALUE 2

/**
 * Kind of an object: a ring.
 */
#define CYD_OBJECT_RING 3

/**
 * Kind of an object: a re-entrant lock.
 */
#define CYD_OBJECT_RLOCK 4

/**
 * Kind of an object: a semaphore.
 */
#define CYD_OBJECT_SEMAPHORE 6

/**
 * See cyd_struct_t.
 */
#define CYD_OBJECT_STRUCT 7

/**
 * See cyd_array_t and cyd_struct_array_t.
 */
#define CYD_OBJECT_ARRAY 8

/**
 * Kind of an object: an event.
 */
#define CYD_OBJECT_EVENT 9

/**
 * Kind of an object: permits.
 */
#define CYD_OBJECT_PERMITS 5

/**
 * Kind of an object: a lock of readers and writers.
 */
#define CYD_OBJECT_RWLOCK 10

/**
 * Kind of an object: a condition.
 */
#define CYD_OBJECT_CONDITION 11

/**
 * Kind of an object: a barrier.
 */
#define CYD_OBJECT_BARRIER 12

/**
 * Kind of an object: blocks.
 */
#define CYD_OBJECT_BLOCKS 13

/**
 * Kind of an object: a queue.
 */
#define CYD_OBJECT_QUEUE 14

/**
 * Kind of an object: a pipe.
 */
#define CYD_OBJECT_PIPE 15

/**
 * Kind of an object: a last-in-first-out queue.
 */
#define CYD_OBJECT_LIFO_QUEUE 16

/**
 * Kind of an object: a priority queue.
 */
#define CYD_OBJECT_PRIORITY_QUEUE 17

/**
 * Kind of an object: a pool.
 */
#define CYD_OBJECT_POOL 18

/**
 * Event option: it is set at first.
 */
#define CYD_EVENT_SET 1

/**
 * Event option: who goes on clears it, so that each set lets one go on.
 */
#define CYD_EVENT_AUTO_RESET 2

/**
 * Flag of a process's options: it leads a process group, and whoever is left of the group when it has ended is killed,
 * by who reaps it: this process, in its next call that makes a process, or lists them, or waits, or the fork server, at once. If
 * that one is killed before, nobody does it.
 */
#define CYD_PROCESS_GROUP 1

/**
 * Flag of a process's options: fork even if this process has other threads. What they had locked stays locked in the
 * child: only fork-safe things may be used there. No stream is flushed before the fork then, and at the child's end only
 * `stdout`, unless it is locked: what the streams held back stays the parent's, and what the child writes to others it flushes
 * by itself. A logger of the program's own that locks is not fork-safe, should the library say something in the child.
 */
#define CYD_PROCESS_DESPITE_THREADS 2

/**
 * It ended by itself; `value` is its exit code.
 */
#define CYD_EXIT_CODE 0

/**
 * It was ended by the signal `value`.
 */
#define CYD_EXIT_SIGNAL 1

/**
 * It has ended, and somebody else was told how: a handler that waits for every child, or a fork server that died.
 */
#define CYD_EXIT_UNKNOWN 2

/**
 * Its worker ended by itself; `value` is the exit code.
 */
#define CYD_LOST_EXIT_CODE 1

/**
 * Its worker was ended by the signal `value`.
 */
#define CYD_LOST_SIGNAL 2

/**
 * Its worker is gone, and nobody knows how; or who promised the result is.
 */
#define CYD_LOST_UNKNOWN 3

/**
 * Its time was up.
 */
#define CYD_LOST_TIME_LIMIT 4

/**
 * The pool's maker is gone, and no worker is left.
 */
#define CYD_LOST_NO_WORKERS 5

/**
 * No worker could begin: the initializer fails, or they cannot be made.
 */
#define CYD_LOST_UNFIT 6

/**
 * Flag of a map's options: each result comes as soon as it is there, not in the order of the inputs.
 */
#define CYD_MAP_UNORDERED 1

/**
 * Flag of a pool's options: no input or result has more than 112 bytes, and no memory is kept for longer ones.
 */
#define CYD_POOL_SHORT 1

/**
 * Numbers of one type that processes share. Fresh elements are 0: whoever opens an array between its making and the maker's
 * first store sees that.
 *
 * Each element is what a cyd_value_t is: every access is one atomic access of the number's own width. Runs of elements
 * are copied one by one, each atomically, not the run as a whole. Several threads may use a handle at a time.
 *
 * Python's type codes are these types: c U8, u WCHAR, b I8, B U8, h I16, H U16, i I32, I U32, l I64, L U64 (where long
 * has 8 bytes, else I32 and U32), q I64, Q U64, f F32, d F64.
 */
typedef struct cyd_array_t cyd_array_t;

/**
 * A barrier between processes: a fixed number of parties, threads of whatever processes, wait for each other; when the
 * last has come, all of them go on, and the barrier is ready for the next trip.
 *
 * From each trip all parties return with an index of their own, or none does. The barrier breaks when a party cannot wait
 * any longer (its time is up, a signal calls it away), by cyd_barrier_abort(), when the action of a trip fails, and when a
 * party dies that has arrived or has declared itself. Then all who wait, and all who come, get #CYD_E_BROKEN, until
 * somebody calls cyd_barrier_reset(); cyd_barrier_broken() tells why, and who has died. Several threads may use a handle at
 * a time.
 */
typedef struct cyd_barrier_t cyd_barrier_t;

/**
 * Blocks of memory in a yard, in classes of one size each: any process allocates and frees them, and hands them to
 * others.
 *
 * A block belongs to the process that allocated it: any thread of it may free it. The blocks of a process that dies,
 * or closes its last handle on the yard, are free again by themselves. A block is named by a number of 64 bits, never
 * 0, that can be sent in a message and is good in every process: whoever has it can read the block, and adopt it if it
 * is offered. After the block was freed the number is stale, and says so, also when the memory is used again (until the
 * same memory was freed 2^30 times). A request gets a block of the smallest class that is long enough, or of a larger
 * one if there is none; one that is longer than the largest class gets several of that side by side. The bytes are as
 * the last owner left them. Several threads may use a handle at a time.
 */
typedef struct cyd_blocks_t cyd_blocks_t;

/**
 * Ends waits from outside: a cancel token.
 *
 * A thread that has entered the token watches it in every call that waits, on whatever object in whatever yard, until it
 * leaves: when the token is cancelled, such a call ends with #CYD_E_CANCELLED, within microseconds, and a later one does not
 * begin to wait. What needs no waiting succeeds even so. A cancelled wait changes nothing, but that at a barrier, which
 * it breaks. Two waits go on: that for the
 * lock at the end of cyd_condition_wait(), and that of the functions that make objects.
 *
 * Several threads may use a handle at a time. A fork() child has entered what the forking thread had; a token of
 * cyd_cancel_create() is then a copy of its own there, one of cyd_cancel_from_event() means the same event.
 *
 * @code{.c}
 * static cyd_cancel_t *stop;
 * static void on_int(int signal) { if (CYD_FAILED(cyd_cancel_set(stop))) abort(); }
 * ...
 * must(cyd_cancel_create(&stop));
 * must(cyd_cancel_enter(stop));
 * signal(SIGINT, on_int);
 * rc = cyd_receiver_recv(receiver, buffer, sizeof buffer, -1, &len); // #CYD_E_CANCELLED after Ctrl-C
 * @endcode
 */
typedef struct cyd_cancel_t cyd_cancel_t;

/**
 * A condition variable between processes: who holds a lock waits here, without the lock, until somebody notifies him.
 *
 * It goes with any lock or re-entrant lock of the same yard; all who wait at a time should use the same one. Those who
 * have waited longest are notified first. A waiter that is killed when it was notified, before it has the lock again,
 * passes the notification on to the next. Several threads may use a handle at a time.
 *
 * Look at what is waited for in a loop, as with every condition variable: it may be gone again before the lock is had.
 *
 * @code{.c}
 * while (!ready && !CYD_FAILED(rc)) {
 *     rc = cyd_condition_wait(condition, lock, -1);
 * }
 * @endcode
 */
typedef struct cyd_condition_t cyd_condition_t;

/**
 * An end of a pipe, to send and receive with. Several threads may use a handle at a time.
 *
 * Senders take turns, and so do receivers: each message goes over whole, to one receiver. A turn lasts as long as the
 * copy of one message, and nobody has it while he waits for data or room. Who is stopped (not killed) in it holds up
 * the others of his side and direction: their tries answer #CYD_E_BUSY, their timed calls #CYD_E_TIMEOUT.
 */
typedef struct cyd_connection_t cyd_connection_t;

/**
 * A flag that threads and processes wait for.
 *
 * It is set, and then everybody who waits goes on, until somebody clears it; with auto-reset, who goes on clears it. What
 * was done before a set is seen by who goes on because of it. Nobody owns an event: a death leaves it as it is. Several
 * threads may use a handle at a time.
 */
typedef struct cyd_event_t cyd_event_t;

/**
 * A process that forks others when it is asked to: as quick as a fork of a small program, whatever this one has mapped, and
 * safe whatever threads this one has, because the server has one.
 *
 * It is this program, started anew, so that its children run the entries that this program has registered. Only this process
 * can ask it: over a line that has no name. It ends with this process, or when its handle is closed; its children then go on,
 * but how they ended is not told any more (#CYD_EXIT_UNKNOWN). If it is killed, calls answer #CYD_E_PEER_DIED.
 */
typedef struct cyd_fork_server_t cyd_fork_server_t;

/**
 * What becomes of a task: for the process that has submitted it. Several threads may use a handle at a time.
 *
 * Every task ends exactly once, in one of four ways: see #cyd_fate_t. The result can be had as often as one likes, until the
 * handle is closed. Then nobody wants to know any more: the task runs nevertheless, and what it gives is thrown away. The same
 * happens to the tasks of a process that dies.
 *
 * A worker that waits for a task of its own pool works at others meanwhile, one within the other: so a task may submit tasks
 * and wait for them, however few workers there are. The time of the wait is looked at between two of them, and so is whether it
 * is cancelled or the handle closed: it may last longer by one task. Who only looks, with a timeout of 0, works at none.
 */
typedef struct cyd_future_t cyd_future_t;

/**
 * Messages of 0 bytes to a fixed maximum, last in, first out.
 *
 * Any number of threads and processes put and get at a time; a fork() child may use inherited handles at once. Each does
 * it in a turn, which lasts as long as the copy of one message; nobody has it while he waits. Who is stopped (not killed) in
 * his turn holds up the others: their tries answer #CYD_E_BUSY, their timed calls #CYD_E_TIMEOUT, unless the queue is
 * empty, or full, as well. Several threads may use a handle at a time.
 */
typedef struct cyd_lifo_queue_t cyd_lifo_queue_t;

/**
 * A lock between processes that survives its owners.
 *
 * Uncontended, taking and releasing it are one compare-and-swap each and no system call. Not fair: a running taker
 * may overtake a sleeping one. Several threads may use a handle at a time.
 */
typedef struct cyd_lock_t cyd_lock_t;

/**
 * The results of many inputs, one after the other. One thread at a time may use a handle.
 */
typedef struct cyd_map_t cyd_map_t;

/**
 * A process that takes part in a yard: one stay of it there, from its first handle to its last.
 *
 * It is gone when it has closed its last handle and its threads have left, or when it is dead, by proof: a stopped one is
 * here, and another process with the same number is not taken for it. Several threads may use a handle at a time.
 */
typedef struct cyd_member_t cyd_member_t;

/**
 * A descriptor that becomes readable when an object is ready, for poll(), epoll, libuv, asyncio and whatever else waits for
 * descriptors. What ready means for each object, cyd_wait_any() says.
 *
 * It is readable as soon as the object is ready, also if it is when the notifier is made. Then:
 *
 *   1. cyd_notifier_clear(): the descriptor is not readable any more, unless the object is ready still; from now on it tells
 *      again.
 *   2. *Then* try, with a timeout of 0, until there is nothing left (#CYD_E_EMPTY, #CYD_E_BUSY, #CYD_E_FULL, #CYD_E_TIMEOUT).
 *      That may be at once: somebody else was quicker.
 *   3. Wait for the descriptor again. Nothing that came meanwhile is missed: what the tries have not seen makes it readable.
 *
 * Who has been told and does not clear is not told again, and costs those who change the object nothing. Whoever reads the
 * descriptor himself (8 bytes) instead of calling cyd_notifier_clear() hears of the next change within 250 ms only.
 *
 * All notifiers of a process share one thread of the library's, which is started for the first, blocks all signals, and ends
 * within 250 ms after the last is closed. For each change of an object that is waited for in that way it looks at all
 * objects whose notifiers have not told yet. The end of a peer is told like any change: usually within a millisecond, within
 * 250 ms at the latest.
 *
 * A notifier keeps the yard open, but holds no end of a ring or pipe, and goes on when the handle is closed that it was made
 * from. It belongs to the process that made it; a fork() child makes its own. A record that was peeked and not released counts
 * as there. Several threads may use a handle at a time.
 */
typedef struct cyd_notifier_t cyd_notifier_t;

/**
 * A number of permits, of which processes hold some for a while: a semaphore that gets them back from the dead.
 *
 * A permit belongs to the process that took it: any thread of it may give it back. The permits of a process that
 * dies, or closes its last handle on the yard, come back by themselves. There is no news of that: a permit guards no
 * data. Uncontended, taking one and giving it back are one compare-and-swap each and no system call. Not fair: a
 * running taker may overtake a sleeping one, and takers of one permit overtake who collects several. Several threads
 * may use a handle at a time.
 */
typedef struct cyd_permits_t cyd_permits_t;

/**
 * A pipe: messages, from 0 bytes to the longest that fits, go in one direction or in both between two ends.
 *
 * cyd_pipe_end() takes an end; the process holds it until it closes the last handle on it. Any number of processes
 * and threads may hold an end at a time. When the last process has gone that held an end, the other end is told so,
 * after it has received everything: #CYD_E_PEER_CLOSED or #CYD_E_PEER_DIED. A fork() child holds, from its birth on,
 * what its parent holds at that moment; a process that is made anew holds what it is given (`ends` of
 * #cyd_process_options_t). Several threads may use a handle at a time.
 */
typedef struct cyd_pipe_t cyd_pipe_t;

/**
 * Workers that do tasks: processes, or threads. Any process that has the yard open submits tasks, by the name of a function
 * that the workers have registered (cyd_task_register()), in whatever language, and learns what becomes of each. Several
 * threads may use a handle at a time.
 *
 * One death costs one task. A worker that dies is replaced; what it had in hand is begun again by another one if the task
 * allows that, or is lost, and says of what: see #cyd_fate_t. Nothing else is touched.
 *
 * Whoever made the pool looks after its workers, in a thread of its own. Closing his last handle ends the pool at once; to let
 * it finish: cyd_pool_shutdown(), cyd_pool_join(). If he dies, his workers die too, and the tasks that nobody works at any more
 * are lost, and say so.
 *
 * @code{.c}
 * static int twice(cyd_task_t *task, const void *input, size_t len, void *argument) {
 *     int number;
 *     if (len != sizeof number) { return 1; }
 *     memcpy(&number, input, len);
 *     number *= 2;
 *     return cyd_task_return(task, &number, sizeof number);
 * }
 *
 * int main(int argc, char **argv) {
 *     must(cyd_task_register("twice", twice, NULL)); // must() ends the program if CYD_FAILED()
 *     must(cyd_init(argc, (const char *const *)argv)); // workers are this program anew
 *     must(cyd_pool_create(yard, "pool", NULL, &pool));
 *     must(cyd_pool_apply(pool, "twice", &number, sizeof number, NULL, &number, sizeof number, &len));
 * @endcode
 */
typedef struct cyd_pool_t cyd_pool_t;

/**
 * Messages of 0 bytes to a fixed maximum. The one with the smallest priority goes out first, and of equals the one that was
 * put first.
 *
 * Any number of threads and processes put and get at a time; a fork() child may use inherited handles at once. Each does
 * it in a turn, which lasts as long as the copy of one message; nobody has it while he waits. Who is stopped (not killed) in
 * his turn holds up the others: their tries answer #CYD_E_BUSY, their timed calls #CYD_E_TIMEOUT, unless the queue is
 * empty, or full, as well. Several threads may use a handle at a time.
 */
typedef struct cyd_priority_queue_t cyd_priority_queue_t;

/**
 * A process that this one has made.
 *
 * There are three ways: cyd_process_fork() calls a function in a copy of this process; cyd_process_spawn() starts the program
 * anew and calls a function of a given name there; a #cyd_fork_server_t does the same by fork, from a process that is small
 * and has one thread. What lies in yards can be used in all of them. Several threads may use a handle at a time.
 *
 * Whoever has ended is reaped by the next call that makes a process, or lists them, or waits, also if its handle is closed: no
 * zombie stays. No handler of SIGCHLD is installed or needed.
 */
typedef struct cyd_process_t cyd_process_t;

/**
 * The other side of a #cyd_future_t that no worker works at: this process gives the result, whenever it has it. One thread at a
 * time may use a handle.
 *
 * Closed without a result, or if its process dies, the future tells that it was lost.
 */
typedef struct cyd_promise_t cyd_promise_t;

/**
 * A queue: messages, from 0 bytes to the longest that fits, go in order from any number of producers to any number of
 * consumers, in whatever threads and processes. Several threads may use a handle at a time.
 *
 * First in, first out. A message is there for others before the call that puts it returns. #CYD_E_FULL and #CYD_E_EMPTY
 * are exact: at some instant within the call it was so. Each putter and getter is in the middle of a move for some ten
 * nanoseconds; who is stopped (not killed) there holds up the others: their tries answer #CYD_E_BUSY, their timed calls
 * #CYD_E_TIMEOUT. What a dead one had in hand comes again, with #CYD_REDELIVERED, or never was.
 *
 * Places are used in order, too: while a message waits, the places behind it count as taken that were given up, or never
 * filled by one who died, and so do those behind a message that comes again. A queue may be full then with fewer messages
 * than it has places.
 */
typedef struct cyd_queue_t cyd_queue_t;

/**
 * The receiving end of a ring. It belongs to the process that took it; one thread at a time may use it.
 */
typedef struct cyd_receiver_t cyd_receiver_t;

/**
 * A ring of records from one sender to one receiver, which are taken with cyd_ring_sender() and cyd_ring_receiver()
 * by one process each.
 *
 * What was sent is in the ring, whoever dies: a new receiver goes on where the dead one had released, a new sender
 * where the dead one had sent. Several threads may use a handle on the ring at a time.
 */
typedef struct cyd_ring_t cyd_ring_t;

/**
 * A lock between processes that its owner, a thread, may take again, and that survives its owners.
 *
 * It is free when it has been released as often as taken. Uncontended, the first taking and the last releasing are one
 * compare-and-swap each, those between a load and a store; no system call. Not fair: a running taker may overtake a
 * sleeping one. Several threads may use a handle at a time.
 */
typedef struct cyd_rlock_t cyd_rlock_t;

/**
 * A lock between processes that many threads may hold to read, or one to write, and that survives both.
 *
 * Uncontended, each taking and releasing is one compare-and-swap and no system call; a writer also looks at the cell of
 * every possible reader. A writer that waits keeps new readers out. A thread that reads may read again; one that reads
 * cannot write before it has left, nor can one that writes read. Several threads may use a handle at a time.
 *
 * A reader's death is no news. If a writer dies that may have written, the next one in, reader or writer, is told with
 * #CYD_OWNER_DIED; so is every later one, until a writer calls cyd_rwlock_repaired().
 */
typedef struct cyd_rwlock_t cyd_rwlock_t;

/**
 * A counting semaphore between processes, which nobody owns.
 *
 * Anybody takes permits one at a time, and anybody adds some, whoever took them. Nothing comes back by itself: a process
 * that dies with a permit has taken it for good. Uncontended, taking and releasing are one compare-and-swap each and no
 * system call. What was done before a release is seen by who takes what it released. Not fair: a running taker may
 * overtake a sleeping one. Several threads may use a handle at a time.
 */
typedef struct cyd_semaphore_t cyd_semaphore_t;

/**
 * The sending end of a ring. It belongs to the process that took it; one thread at a time may use it.
 */
typedef struct cyd_sender_t cyd_sender_t;

/**
 * Structs of one size that processes share: each element is what a cyd_struct_t is.
 *
 * An element of n bytes takes 64 and twice n, rounded up to 64. Several threads may use a handle at a time.
 */
typedef struct cyd_struct_array_t cyd_struct_array_t;

/**
 * A C struct of 1 to 4096 bytes that processes share, replaced and read as a whole. Fresh ones are all zeros.
 *
 * Reading takes no lock and waits for nobody: there are two copies, and writers, one at a time, write the one that is
 * not the value. What is read is always one whole value; who reads it also sees what its writer did before. A writer
 * that dies leaves the old value, and the next one goes on at once. Several threads may use a handle at a time.
 *
 * The struct must mean the same in every process: no pointers. Padding is stored as it is.
 */
typedef struct cyd_struct_t cyd_struct_t;

/**
 * What a function that works at a task is told of it: for the call, and for the thread that it is called in.
 */
typedef struct cyd_task_t cyd_task_t;

/**
 * A number of at most 8 bytes that processes share. Fresh ones are 0: whoever opens one between its making and the maker's
 * first store sees that.
 *
 * Every access is one atomic access of the number's own width: never torn, never waiting, no system call, nothing to
 * repair after a death. Reading acquires, writing releases, changing does both: who reads a value also sees what its
 * writer did before. There is no one order over several values. Several threads may use a handle at a time.
 */
typedef struct cyd_value_t cyd_value_t;

/**
 * A queue or an end of a pipe as something to wait for until it can be written to, in the lists of cyd_wait_any() and its
 * sisters and as the object of a cyd_notifier_t. The handle of the queue or the end itself stands for what comes out of it.
 *
 * @code{.c}
 * cyd_writable_t *room;
 * size_t which;
 * rc = cyd_queue_writable(jobs, &room);
 * void *either[] = {answers, room};
 * rc = cyd_wait_any(either, 2, -1, &which);
 * if (rc == CYD_OK && which == 1) {
 *     rc = cyd_queue_put(jobs, &job, sizeof job, 0);
 * }
 * @endcode
 *
 * It keeps the yard open, but holds no end and no side of anything, and goes on when the handle is closed that it was made
 * from. Any number of threads may use it at a time, and a fork() child may, too.
 */
typedef struct cyd_writable_t cyd_writable_t;

/**
 * A shared-memory segment with a directory of named objects.
 *
 * All handles of a process on one yard share one mapping. Several threads may use a handle at a time.
 */
typedef struct cyd_yard_t cyd_yard_t;

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
     * How many CPUs the calling thread may use, by its affinity and its cgroup's quota.
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
 * How a yard is made and opened. Zero means default; a NULL pointer to it means all defaults.
 *
 * What concerns the making (size, slots, objects, mode) is ignored by whoever opens a yard that exists; the flags
 * concern this handle, and the objects opened through it.
 */
typedef struct {
    /**
     * sizeof(cyd_yard_options_t)
     */
    size_t struct_size;
    /**
     * Bytes for objects, rounded up to whole pages; 0 means 1 MiB. Each object takes a multiple of 128.
     */
    uint64_t size;
    /**
     * How many threads, and how many processes, can take part at a time: 1 to 4095; 0 means 64.
     */
    uint32_t slots;
    /**
     * How many objects the directory can name: 1 to 1048576; 0 means 256.
     */
    uint32_t objects;
    /**
     * Access mode of a named yard as chmod(2) takes it, whatever the umask; 0 means 0600. All users need both to
     * read and to write.
     */
    uint32_t mode;
    /**
     * CYD_YARD_ bits; one that this version does not know is refused with #CYD_E_VERSION.
     */
    uint32_t flags;
} cyd_yard_options_t;

/**
 * What a yard costs; filled by cyd_yard_cost() and cyd_yard_get_cost().
 */
typedef struct {
    /**
     * Set to sizeof(cyd_cost_t) before the call.
     */
    size_t struct_size;
    /**
     * Bytes of the whole file; all of them are reserved when the yard is made.
     */
    uint64_t total_bytes;
    /**
     * Bytes that objects can have.
     */
    uint64_t object_bytes;
    /**
     * Bytes for one participating thread: its slot, its process's entry, its page.
     */
    uint64_t slot_bytes;
    /**
     * Bytes a lock takes.
     */
    uint64_t lock_bytes;
    /**
     * Bytes a value takes.
     */
    uint64_t value_bytes;
    /**
     * Bytes a ring takes besides its capacity.
     */
    uint64_t ring_bytes;
} cyd_cost_t;

/**
 * What an object takes of a yard; filled by cyd_yard_object_cost().
 */
typedef struct {
    /**
     * Set to sizeof(cyd_object_cost_t) before the call.
     */
    size_t struct_size;
    /**
     * Bytes without any item.
     */
    uint64_t empty_bytes;
    /**
     * Bytes for each item besides what it has itself.
     */
    uint64_t item_bytes;
} cyd_object_cost_t;

/**
 * An object in a yard's directory; filled by cyd_yard_next_object().
 */
typedef struct {
    /**
     * Set to sizeof(cyd_object_info_t) before the call.
     */
    size_t struct_size;
    /**
     * Bytes it takes.
     */
    uint64_t bytes;
    /**
     * What it is: a CYD_OBJECT_ number. Later versions may add some.
     */
    uint32_t kind;
    /**
     * 0
     */
    uint32_t reserved;
    /**
     * The name it was made under, with its NUL.
     */
    char name[64];
} cyd_object_info_t;

/**
 * A repair that somebody made behind a dead participant; filled by cyd_yard_fault().
 */
typedef struct {
    /**
     * Set to sizeof(cyd_fault_t) before the call.
     */
    size_t struct_size;
    /**
     * Counts the yard's faults from 0.
     */
    uint64_t number;
    /**
     * How much was repaired: 1, or the number of things that came back.
     */
    uint64_t count;
    /**
     * When it was repaired, in nanoseconds since 1970.
     */
    int64_t time_ns;
    /**
     * The process that died, or whose thread did, in its own PID namespace; 0 if nobody knows any more.
     */
    uint32_t pid;
    /**
     * The thread; 0 if the whole process owned what was repaired.
     */
    uint32_t tid;
    /**
     * What he was doing: a CYD_FAULT_ number.
     */
    uint32_t kind;
    /**
     * The type of the object, a CYD_OBJECT_ number; 0 if none was repaired.
     */
    uint32_t object_kind;
    /**
     * The name of the object, with its NUL; empty if none was repaired.
     */
    char object[64];
} cyd_fault_t;

/**
 * Whom a lock takes for its owner: a CYD_SCOPE_ number. Fixed when the lock is made.
 */
typedef uint32_t cyd_scope_t;

/**
 * Who holds a lock; filled by cyd_lock_holder().
 */
typedef struct {
    /**
     * Set to sizeof(cyd_holder_t) before the call.
     */
    size_t struct_size;
    /**
     * The process, numbered in its own PID namespace.
     */
    uint32_t pid;
    /**
     * The thread, numbered likewise; 0 if a whole process holds the lock.
     */
    uint32_t tid;
} cyd_holder_t;

/**
 * How a lock of readers and writers is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_rwlock_options_t)
     */
    size_t struct_size;
    /**
     * How many threads can read at a time: 1 to 4096; 0 for as many as the yard has slots for threads. Each takes 8 bytes.
     */
    uint32_t readers;
    /**
     * 0
     */
    uint32_t reserved;
} cyd_rwlock_options_t;

/**
 * Who holds permits, and how many; see cyd_permits_holders().
 */
typedef struct {
    /**
     * The process, numbered in its own PID namespace.
     */
    uint32_t pid;
    /**
     * Its permits.
     */
    uint32_t count;
} cyd_permit_holder_t;

/**
 * How a semaphore is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_semaphore_options_t)
     */
    size_t struct_size;
    /**
     * How many permits there are at first.
     */
    uint32_t initial;
    /**
     * How many there can be, at most 2147483647; 0 sets no maximum but that number.
     */
    uint32_t maximum;
} cyd_semaphore_options_t;

/**
 * Why a barrier is broken: a CYD_BROKEN_ number. Later versions may add some.
 */
typedef uint32_t cyd_broken_cause_t;

/**
 * Why a barrier is broken; filled by cyd_barrier_broken().
 */
typedef struct {
    /**
     * A CYD_BROKEN_ number.
     */
    cyd_broken_cause_t cause;
    /**
     * For #CYD_BROKEN_DIED: the process, numbered in its own PID namespace; 0 if nobody knows any more.
     */
    uint32_t pid;
    /**
     * Likewise: the thread that had arrived; 0 for a process that had declared itself.
     */
    uint32_t tid;
} cyd_broken_t;

/**
 * Who takes part; filled by cyd_member_info().
 */
typedef struct {
    /**
     * Set to sizeof(cyd_member_info_t) before the call.
     */
    size_t struct_size;
    /**
     * When it came, in nanoseconds since 1970.
     */
    uint64_t since_ns;
    /**
     * The process, numbered in its own PID namespace.
     */
    uint32_t pid;
    /**
     * How many of its threads are registered now.
     */
    uint32_t threads;
    /**
     * 1 if it is the calling process, else 0.
     */
    uint32_t is_me;
    /**
     * 0
     */
    uint32_t reserved;
    /**
     * The name of its program, as far as there is room, with its NUL.
     */
    char name[32];
} cyd_member_info_t;

/**
 * What becomes of a child when the process that made it ends: a CYD_AT_EXIT_ number.
 */
typedef uint32_t cyd_at_exit_t;

/**
 * A side of a queue that was made with `sides`.
 */
typedef uint32_t cyd_queue_side_t;

/**
 * An end of a pipe, or a side of a queue, for a child to hold. One of the two pointers is NULL.
 */
typedef struct {
    /**
     * The end of a pipe.
     */
    cyd_connection_t *connection;
    /**
     * A queue that was made with sides.
     */
    cyd_queue_t *queue;
    /**
     * Which side of it: a CYD_QUEUE_ number.
     */
    cyd_queue_side_t side;
    /**
     * 0
     */
    uint32_t reserved;
} cyd_held_end_t;

/**
 * How a process is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_process_options_t)
     */
    size_t struct_size;
    /**
     * 1 to 63 characters of A-Z a-z 0-9 . _ : - ; NULL: "Process-1", "Process-2" and so on, and in a child its own name, a
     * colon and the number. ps(1) shows 15 of them.
     */
    const char *name;
    /**
     * Descriptors that the child is to have under the same numbers, by cyd_process_spawn() or a fork server: besides the
     * three standard ones it has no others. A yard's among them needs no cyd_yard_set_inheritable(). A forked child has all.
     */
    const int *inherit;
    /**
     * How many those are.
     */
    size_t inherit_count;
    /**
     * What becomes of it at this process's end; 0 is #CYD_AT_EXIT_WAIT.
     */
    cyd_at_exit_t at_exit;
    /**
     * CYD_PROCESS_ flags, or 0.
     */
    uint32_t flags;
    /**
     * Ends of pipes and sides of queues that the child holds from its birth on, by cyd_process_spawn() or a fork server: those
     * opposite see no end of the stream between this process's last handle on it and the child's first. The child opens
     * the yard and takes the end there; it holds it until it closes its last handle on it, or on the yard, or ends. A
     * forked child holds all that its parent holds. Until it opens the yard its death is noticed within a slice of 250 ms.
     */
    const cyd_held_end_t *ends;
    /**
     * How many those are.
     */
    size_t end_count;
} cyd_process_options_t;

/**
 * How important a message is: a CYD_LOG_ number. As a limit: this and whatever is more important.
 */
typedef uint32_t cyd_log_level_t;

/**
 * A process's number and name.
 */
typedef struct {
    /**
     * Set to sizeof(cyd_process_info_t) before the call.
     */
    size_t struct_size;
    /**
     * Its number. It may mean another process once this one was waited for.
     */
    uint32_t pid;
    /**
     * 0
     */
    uint32_t reserved;
    /**
     * Its name, with its NUL.
     */
    char name[64];
} cyd_process_info_t;

/**
 * How a process ended.
 */
typedef struct {
    /**
     * A CYD_EXIT_ number.
     */
    uint32_t kind;
    /**
     * The exit code, 0 to 255, or the number of the signal (signal(7)), or 0.
     */
    int32_t value;
} cyd_exit_t;

/**
 * How far a task is: a CYD_TASK_ number.
 */
typedef uint32_t cyd_task_state_t;

/**
 * How far a task is, and who is at it.
 */
typedef struct {
    /**
     * Set to sizeof(cyd_future_info_t) before the call.
     */
    size_t struct_size;
    /**
     * The task's number: it never means another task of this pool. See cyd_pool_future().
     */
    uint64_t id;
    /**
     * How far it is.
     */
    cyd_task_state_t state;
    /**
     * If it runs: its worker's process; else 0.
     */
    uint32_t pid;
    /**
     * If it runs: how many workers were lost with it before.
     */
    uint32_t attempt;
    /**
     * 1 if it runs and was asked to stop, or its worker is going to be killed; else 0.
     */
    uint32_t is_asked;
} cyd_future_info_t;

/**
 * How a task has ended.
 */
typedef struct {
    /**
     * Set to sizeof(cyd_fate_t) before the call of cyd_future_fate().
     */
    size_t struct_size;
    /**
     * #CYD_TASK_DONE, #CYD_TASK_FAILED, #CYD_TASK_CANCELLED or #CYD_TASK_LOST.
     */
    cyd_task_state_t state;
    /**
     * If it was lost: a CYD_LOST_ number; else 0.
     */
    uint32_t cause;
    /**
     * The exit code, or the signal, of a lost worker.
     */
    int32_t value;
    /**
     * A lost worker's process; 0: there was none.
     */
    uint32_t pid;
    /**
     * If it was lost: how many workers were lost with it before.
     */
    uint32_t attempt;
    /**
     * 0
     */
    uint32_t reserved;
    /**
     * To a callback: the result, or the error's text, with a NUL behind it; gone when it returns. Else NULL: cyd_future_result()
     * and cyd_future_error() copy them.
     */
    const void *data;
    /**
     * How many bytes the result, or the error's text, has.
     */
    size_t len;
} cyd_fate_t;

/**
 * Bytes to send: one record of a batch.
 */
typedef struct {
    /**
     * The first byte; may be NULL when `len` is 0.
     */
    const void *data;
    /**
     * How many bytes.
     */
    size_t len;
} cyd_slice_t;

/**
 * How many inputs are given to the workers. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_map_options_t)
     */
    size_t struct_size;
    /**
     * How many inputs make one task; 0: of cyd_pool_map() so many that each worker gets four tasks, or fewer, so that the pool's
     * blocks have room for what is on its way; of cyd_pool_imap() one.
     */
    size_t chunk;
    /**
     * How many tasks may be on their way at a time; 0: twice as many as there are workers. Fewer are, if the pool has no room for
     * so many tasks, or bytes.
     */
    size_t window;
    /**
     * How long all of it may take, in nanoseconds, from the call that makes it; 0: as long as it likes.
     */
    uint64_t total_time_limit_ns;
    /**
     * As in #cyd_task_options_t, of each task.
     */
    uint64_t time_limit_ns;
    /**
     * As in #cyd_task_options_t, of each task. A chunk that is lost is lost with all that it has.
     */
    uint32_t retries;
    /**
     * #CYD_MAP_UNORDERED, or 0.
     */
    uint32_t flags;
} cyd_map_options_t;

/**
 * How the workers of a pool are made: a CYD_START_ number.
 */
typedef uint32_t cyd_start_t;

/**
 * What a pool is made as. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_pool_options_t)
     */
    size_t struct_size;
    /**
     * How many workers there are at first, 1 to 4094; 0: as many as this process may use CPUs, but so few that a quarter of the
     * yard's slots, and at least four, are left for others. Each takes one of the slots.
     */
    size_t workers;
    /**
     * How many there can be at a time, with those who come from elsewhere (cyd_pool_work()); 0: twice as many as at first, and
     * 16.
     */
    size_t most_workers;
    /**
     * How many tasks can be known at a time, 1 to 8388608: those that wait, run, or have ended and whose futures are kept; 0
     * means 1024.
     */
    size_t tasks;
    /**
     * Bytes for inputs and results of more than 112 bytes; 0 means 262144. They are there until the
     * task's future is closed. Each takes a block whose size is a power of two, and half of the bytes are in the largest ones: many of
     * one length may need four times as much as they have together. For an input nobody waits (#CYD_E_NO_SPACE); a result
     * that finds no room within a second fails its task.
     */
    size_t block_bytes;
    /**
     * An entry (cyd_entry_register()) that each worker runs before its first task; NULL: none. If it does not return 0, that
     * worker ends; if three in a row do, and as many as there are to be, the pool gives up and says so.
     */
    const char *initializer;
    /**
     * What it is given; copied. May be NULL if `initializer_len` is 0.
     */
    const void *initializer_bytes;
    /**
     * How many bytes.
     */
    size_t initializer_len;
    /**
     * How workers are made; 0 is #CYD_START_FORK_SERVER.
     */
    cyd_start_t method;
    /**
     * A worker is replaced after so many tasks; 0: never.
     */
    uint32_t tasks_per_worker;
    /**
     * CYD_POOL_ flags, or 0.
     */
    uint32_t flags;
    /**
     * Must be 0.
     */
    uint32_t reserved;
} cyd_pool_options_t;

/**
 * What is asked of one task. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_task_options_t)
     */
    size_t struct_size;
    /**
     * How long it may run in one attempt, in nanoseconds; 0: as long as it likes. What it waits for a worker does not count, and each
     * attempt has all of it anew: a task with retries can take longer altogether. When the time is up, its worker is killed and
     * replaced, and the task is lost, whatever retries are left; in a pool of threads, and in another PID
     * namespace than its maker's, the task is asked to stop. When the maker is gone, whoever waits for the task asks it.
     */
    uint64_t time_limit_ns;
    /**
     * How often it is begun again when its worker dies at it, at most 255; 0: it is lost with its first worker. What it has
     * done by then is done: only a task that may be done twice should have more.
     */
    uint32_t retries;
    /**
     * Must be 0.
     */
    uint32_t reserved;
} cyd_task_options_t;

/**
 * How the tasks of a pool stand.
 */
typedef struct {
    /**
     * Set to sizeof(cyd_progress_t) before the call.
     */
    size_t struct_size;
    /**
     * Wait for a worker.
     */
    size_t pending;
    /**
     * Workers are at them.
     */
    size_t running;
    /**
     * Have ended with a result that their owners have not thrown away.
     */
    size_t done;
    /**
     * Likewise, with an error.
     */
    size_t failed;
    /**
     * Likewise, cancelled.
     */
    size_t cancelled;
    /**
     * Likewise, lost.
     */
    size_t lost;
    /**
     * Workers there are.
     */
    size_t workers;
} cyd_progress_t;

/**
 * Memory for a message, from cyd_queue_loan(), or for a task's input, from cyd_pool_alloc().
 */
typedef struct {
    /**
     * The first byte, aligned to 64. Good until the loan is put, submitted or given back, or the process closes its last handle on
     * the yard, of the yard itself or of an object in it: then the memory is free. The handle that has lent it may be closed.
     */
    void *data;
    /**
     * Bytes of the message, or of the input.
     */
    size_t len;
    /**
     * The number of the block of which it is the memory: see cyd_blocks_t.
     */
    uint64_t block;
} cyd_loan_t;

/**
 * A task's number, and how often it was begun before.
 */
typedef struct {
    /**
     * Set to sizeof(cyd_task_info_t) before the call.
     */
    size_t struct_size;
    /**
     * As cyd_future_info() tells it.
     */
    uint64_t id;
    /**
     * How many workers were lost with this task before: not 0 means that a part of it may be done already.
     */
    uint32_t attempt;
    /**
     * 0
     */
    uint32_t reserved;
} cyd_task_info_t;

/**
 * Until when cyd_wait_futures() waits: a CYD_RETURN_ number.
 */
typedef uint32_t cyd_return_when_t;

/**
 * The type of a value, or of the elements of an array: a CYD_TYPE_ number. CYD_TYPE_OF() finds it for a C expression.
 */
typedef uint32_t cyd_type_t;

/**
 * What cyd_value_fetch() and cyd_array_fetch() do: a CYD_OP_ number.
 */
typedef uint32_t cyd_op_t;

/**
 * How an array is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_array_options_t)
     */
    size_t struct_size;
    /**
     * 1: the array has a lock of its own, for cyd_array_lock().
     */
    uint32_t lock;
    /**
     * Must be 0.
     */
    uint32_t reserved;
} cyd_array_options_t;

/**
 * How a ring is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_ring_options_t)
     */
    size_t struct_size;
    /**
     * Bytes for records: a power of two from 64 on; 0 means 65536. A record takes its length, rounded up to 8, and 8
     * more, and can be at most capacity / 2 - 8 long.
     */
    size_t capacity;
    /**
     * 1: nobody ever sleeps on this ring, both ends spin, and sending is a few nanoseconds cheaper.
     */
    uint32_t spin_only;
    /**
     * Must be 0.
     */
    uint32_t reserved;
} cyd_ring_options_t;

/**
 * What is known of the process at an end: a CYD_PEER_ number.
 */
typedef uint32_t cyd_peer_t;

/**
 * How an end waits: a CYD_STRATEGY_ number.
 */
typedef uint32_t cyd_strategy_t;

/**
 * A message that was got and not copied, from cyd_queue_get_borrow() or cyd_queue_get_borrow_ack(). The struct stays where it is
 * until the message has been read: `data` may lead into it.
 */
typedef struct {
    /**
     * The first byte. Good until the message is given back or acknowledged, or the process closes its last handle on the yard, of
     * the yard itself or of an object in it; in `bytes`, as long as the struct is.
     */
    const void *data;
    /**
     * Bytes.
     */
    size_t len;
    /**
     * The number of the block in which it lies, to be given back with cyd_queue_release() unless it is to be acknowledged; 0: it
     * lies in `bytes`.
     */
    uint64_t block;
    /**
     * A short message.
     */
    uint8_t bytes[112];
} cyd_message_t;

/**
 * How a queue is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_queue_options_t)
     */
    size_t struct_size;
    /**
     * How many messages it can hold, 1 to 16777216; 0 means 1024.
     */
    size_t capacity;
    /**
     * Bytes for messages that are longer than `inline_max`, at least 2048; 0: there are none. They lie in blocks, made
     * beside the queue under its name and ".blocks".
     */
    size_t block_bytes;
    /**
     * How many bytes of a message lie in the queue itself: a multiple of 16, from 16 to 112; 0 means 48. Each message takes
     * 16 bytes more than that, however short it is, and between two CPUs time is what it takes: as many as most need.
     */
    uint32_t inline_max;
    /**
     * 1: the queue tells of its sides, see cyd_queue_enter().
     */
    uint32_t sides;
    /**
     * Blocks of the same yard in which longer messages are to lie, with those of other queues, or whatever else uses
     * them; `block_bytes` is 0 then. Borrowed for the call; NULL: the queue has its own, or none.
     */
    const cyd_blocks_t *blocks;
    /**
     * How many bytes all messages together may have, wherever they lie; 0: as many as there is room for. With a limit,
     * putters take turns, and one that finds little room left looks at each place of the queue. A long message may wait
     * while shorter ones find room.
     */
    size_t max_bytes;
    /**
     * How many messages may have been got with cyd_queue_get_ack() or cyd_queue_get_borrow_ack() and not yet acknowledged, by
     * all processes together, at most 65536; 0: such a get is not possible. Each takes as much as a message in the queue, and 16 bytes.
     */
    uint32_t unacked;
    /**
     * Must be 0.
     */
    uint32_t reserved;
} cyd_queue_options_t;

/**
 * Refers to an object of a yard: plain numbers, to be sent in a message or kept in a struct. Every process that has the
 * yard open can find the object by it: cyd_yard_resolve() tells its name and kind, and cyd_lock_open() or whatever it
 * is opens it.
 */
typedef struct {
    /**
     * The file system of the yard's file, and its number there.
     */
    uint64_t yard[2];
    /**
     * Where the object is in the yard's directory.
     */
    uint32_t place;
    /**
     * How often the place was given to another object.
     */
    uint32_t generation;
    /**
     * A CYD_OBJECT_ number.
     */
    uint32_t kind;
    /**
     * 0.
     */
    uint32_t reserved;
} cyd_ref_t;

/**
 * Blocks of one size; see cyd_blocks_options_t.
 */
typedef struct {
    /**
     * Bytes of a block: 1 to 2^40, rounded up to a multiple of 64.
     */
    uint64_t size;
    /**
     * How many blocks of that size: 1 and more.
     */
    uint64_t count;
} cyd_block_class_t;

/**
 * What blocks are made as. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_blocks_options_t)
     */
    size_t struct_size;
    /**
     * Bytes for blocks, if there are no classes: half of them go to the largest class, of which long requests take
     * several blocks, the rest in equal parts to classes of 128 bytes, 256, and so on. At least 2048; 0 means 262144.
     */
    uint64_t bytes;
    /**
     * At most 16 classes, of different sizes, in any order; NULL if `class_count` is 0. Altogether at most 4194304
     * blocks.
     */
    const cyd_block_class_t *classes;
    /**
     * How many there are; 0 means as `bytes` says.
     */
    size_t class_count;
} cyd_blocks_options_t;

/**
 * How one class of blocks stands at some instant; see cyd_blocks_usage().
 */
typedef struct {
    /**
     * Bytes of a block.
     */
    uint64_t size;
    /**
     * How often a block was taken, as far as the blocks remember: each counts to 2^30 and begins anew.
     */
    uint64_t taken;
    /**
     * How many blocks there are.
     */
    uint32_t count;
    /**
     * Nobody's.
     */
    uint32_t free;
    /**
     * Somebody's.
     */
    uint32_t owned;
    /**
     * Offered, and not yet adopted.
     */
    uint32_t offered;
    /**
     * In a queue, or a task's.
     */
    uint32_t linked;
    /**
     * How often a request that this class fits best found nothing at first, or nothing at all.
     */
    uint32_t failures;
} cyd_block_use_t;

/**
 * Who owns blocks, and how many; see cyd_blocks_owners().
 */
typedef struct {
    /**
     * The process, numbered in its own PID namespace.
     */
    uint32_t pid;
    /**
     * Its blocks, and those it offers; several that were taken for one request count once.
     */
    uint32_t count;
    /**
     * Their bytes.
     */
    uint64_t bytes;
} cyd_block_owner_t;

/**
 * How a pipe is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_pipe_options_t)
     */
    size_t struct_size;
    /**
     * Bytes for messages, in each direction: a power of two from 64 on; 0 means 65536. A message takes its length,
     * rounded up to 8, and 8 more, and can be at most capacity / 2 - 8 long.
     */
    size_t capacity;
    /**
     * 1: the second end sends and the first one receives; 0: both do both.
     */
    uint32_t one_way;
    /**
     * Must be 0.
     */
    uint32_t reserved;
} cyd_pipe_options_t;

/**
 * An end of a pipe: a CYD_PIPE_ number.
 */
typedef uint32_t cyd_pipe_end_t;

/**
 * How a last-in-first-out queue is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_lifo_queue_options_t)
     */
    size_t struct_size;
    /**
     * How many messages it holds at most: up to 2^24; 0 means 64.
     */
    size_t capacity;
    /**
     * How many bytes a message has at most: up to 2^30; 0 means 256. Each has so much room, whatever its length.
     */
    size_t max_len;
} cyd_lifo_queue_options_t;

/**
 * How a priority queue is made. Zero means default; a NULL pointer to it means all defaults.
 */
typedef struct {
    /**
     * sizeof(cyd_priority_queue_options_t)
     */
    size_t struct_size;
    /**
     * How many messages it holds at most: up to 2^24; 0 means 64.
     */
    size_t capacity;
    /**
     * How many bytes a message has at most: up to 2^30; 0 means 256. Each has so much room, whatever its length.
     */
    size_t max_len;
} cyd_priority_queue_options_t;

/**
 * What somebody was doing when he died: a CYD_FAULT_ number. Later versions may add some.
 */
typedef uint32_t cyd_fault_kind_t;

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
 * Nothing is left, and nothing more comes.
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
 * The object was found inconsistent. Kept for later: this version answers it nowhere, and says #CYD_E_CORRUPT.
 */
#define CYD_E_POISONED -1083

/**
 * He was in the yard. His place was given back.
 */
#define CYD_FAULT_MEMBER 1

/**
 * He was making an object. Nothing of it is left.
 */
#define CYD_FAULT_MAKING 2

/**
 * He held a lock. The next owner gets it and is told.
 */
#define CYD_FAULT_OWNER 3

/**
 * He held a ring's sending end. What he sent is there; a successor can take the end.
 */
#define CYD_FAULT_SENDER 4

/**
 * He held a ring's receiving end. A successor gets again, flagged, what he may have seen.
 */
#define CYD_FAULT_RECEIVER 5

/**
 * He held permits. They are back.
 */
#define CYD_FAULT_PERMITS 6

/**
 * He was collecting permits, or blocks for one request. His process, if it lives, got all of them or none.
 */
#define CYD_FAULT_COLLECTOR 7

/**
 * He was storing a struct. The old value is there, or the new one; the next writer goes on.
 */
#define CYD_FAULT_WRITER 8

/**
 * He was a party of a barrier. It is broken until somebody resets it.
 */
#define CYD_FAULT_PARTY 9

/**
 * He owned blocks, or offered them. They are free.
 */
#define CYD_FAULT_BLOCKS 10

/**
 * He was putting into a queue, or getting from it. What he had not put never was; what he had not got comes again.
 */
#define CYD_FAULT_MESSENGER 11

/**
 * He held an end of a pipe, or was sending or receiving. What he had sent is there; the others go on.
 */
#define CYD_FAULT_CONNECTION 12

/**
 * He was putting to or getting from a last-in-first-out queue. He has done so or not; the others go on.
 */
#define CYD_FAULT_LIFO_TURN 13

/**
 * He was putting to or getting from a priority queue. He has done so or not; the others go on.
 */
#define CYD_FAULT_PRIORITY_TURN 14

/**
 * He was giving a pool a task, or had promised a result. The task never was, or is lost; or he was a worker of a pool that
 * nobody keeps any more: what he had in hand waits again, or is lost.
 */
#define CYD_FAULT_TASK 15

/**
 * The thread that took it: only it may release it, taking it twice is a deadlock that is found, and the lock is taken
 * over when the thread dies.
 */
#define CYD_SCOPE_THREAD 0

/**
 * The process that took it: any of its threads may release it; taken over when the process dies.
 */
#define CYD_SCOPE_PROCESS 1

/**
 * As #CYD_SCOPE_PROCESS, but any process may release it, as with Python's multiprocessing.Lock.
 */
#define CYD_SCOPE_ANYONE 2

/**
 * It is not broken.
 */
#define CYD_BROKEN_NOT 0

/**
 * Somebody has aborted it.
 */
#define CYD_BROKEN_ABORTED 1

/**
 * The time of a party was up.
 */
#define CYD_BROKEN_TIMED_OUT 2

/**
 * A signal has called a party away.
 */
#define CYD_BROKEN_INTERRUPTED 3

/**
 * The wait of a party was cancelled, or the handle closed through which it waited.
 */
#define CYD_BROKEN_CANCELLED 4

/**
 * The action of a trip has failed.
 */
#define CYD_BROKEN_FAILED 5

/**
 * A party has died.
 */
#define CYD_BROKEN_DIED 6

/**
 * As a limit: nothing.
 */
#define CYD_LOG_OFF 0

/**
 * Something has failed.
 */
#define CYD_LOG_ERROR 1

/**
 * Something may fail.
 */
#define CYD_LOG_WARN 2

/**
 * A child begins, or ends by itself.
 */
#define CYD_LOG_INFO 3

/**
 * A child was made, or its end was heard of.
 */
#define CYD_LOG_DEBUG 4

/**
 * Every step.
 */
#define CYD_LOG_TRACE 5

/**
 * The parent waits for it when it ends by itself; if the parent is killed, the child goes on.
 */
#define CYD_AT_EXIT_WAIT 0

/**
 * It ends with its parent, however that ends: asked with SIGTERM and killed half a second later if the parent ends by
 * itself, killed at once by the kernel if not. So does the program that it becomes by exec(3), if it keeps the one descriptor
 * besides the standard ones that it finds open then; children of its own do not.
 */
#define CYD_AT_EXIT_KILL 1

/**
 * It goes on.
 */
#define CYD_AT_EXIT_DETACH 2

/**
 * It waits for a worker.
 */
#define CYD_TASK_PENDING 0

/**
 * A worker is at it.
 */
#define CYD_TASK_RUNNING 1

/**
 * It has ended with a result.
 */
#define CYD_TASK_DONE 2

/**
 * It has ended with an error.
 */
#define CYD_TASK_FAILED 3

/**
 * It was cancelled.
 */
#define CYD_TASK_CANCELLED 4

/**
 * It was lost with its worker.
 */
#define CYD_TASK_LOST 5

/**
 * By a fork server of the pool's own. The program must have called cyd_init().
 */
#define CYD_START_FORK_SERVER 0

/**
 * Each is the program anew: see cyd_process_spawn(). It must have called cyd_init().
 */
#define CYD_START_SPAWN 1

/**
 * By a fork of this process, which is made with the pool and must have no other threads then.
 */
#define CYD_START_FORK 2

/**
 * They are threads of this process: no one's death is another's, and no task can be killed.
 */
#define CYD_START_THREADS 3

/**
 * Until all have ended, however.
 */
#define CYD_RETURN_ALL_COMPLETED 0

/**
 * Until one has ended, however.
 */
#define CYD_RETURN_FIRST_COMPLETED 1

/**
 * Until one has failed or was lost, or all have ended. One that was cancelled is no error.
 */
#define CYD_RETURN_FIRST_ERROR 2

/**
 * Only for cyd_value_open() and cyd_array_open(): whatever type it has.
 */
#define CYD_TYPE_ANY 0

/**
 * int8_t
 */
#define CYD_TYPE_I8 1

/**
 * uint8_t
 */
#define CYD_TYPE_U8 2

/**
 * int16_t
 */
#define CYD_TYPE_I16 3

/**
 * uint16_t
 */
#define CYD_TYPE_U16 4

/**
 * int32_t
 */
#define CYD_TYPE_I32 5

/**
 * uint32_t
 */
#define CYD_TYPE_U32 6

/**
 * int64_t
 */
#define CYD_TYPE_I64 7

/**
 * uint64_t
 */
#define CYD_TYPE_U64 8

/**
 * float
 */
#define CYD_TYPE_F32 9

/**
 * double
 */
#define CYD_TYPE_F64 10

/**
 * bool: one byte, 0 or 1; any other byte counts as 1.
 */
#define CYD_TYPE_BOOL 11

/**
 * wchar_t or char32_t: a Unicode code point, 4 bytes; any other number counts as U+FFFD. CYD_TYPE_OF() cannot find it:
 * to the compiler these types are numbers.
 */
#define CYD_TYPE_WCHAR 12

/**
 * The sum; integers wrap around. Not for bool and wchar_t.
 */
#define CYD_OP_ADD 1

/**
 * The difference; integers wrap around. Not for bool and wchar_t.
 */
#define CYD_OP_SUB 2

/**
 * Bits set in both. Not for float, double and wchar_t.
 */
#define CYD_OP_AND 3

/**
 * Bits set in one or both. Not for float, double and wchar_t.
 */
#define CYD_OP_OR 4

/**
 * Bits set in one only. Not for float, double and wchar_t.
 */
#define CYD_OP_XOR 5

/**
 * The smaller one; a number rather than NaN. Not for bool.
 */
#define CYD_OP_MIN 6

/**
 * The larger one; a number rather than NaN. Not for bool.
 */
#define CYD_OP_MAX 7

/**
 * The operand.
 */
#define CYD_OP_SWAP 8

/**
 * Poll for a few microseconds, then sleep. Where the process has one CPU only, sleep at once.
 */
#define CYD_STRATEGY_ADAPTIVE 0

/**
 * Poll until the wait is over: lowest latency, one CPU busy.
 */
#define CYD_STRATEGY_SPIN 1

/**
 * Sleep at once.
 */
#define CYD_STRATEGY_BLOCK 2

/**
 * Nobody has taken the end yet.
 */
#define CYD_PEER_ABSENT 0

/**
 * A process holds it.
 */
#define CYD_PEER_HERE 1

/**
 * Its last holder closed it.
 */
#define CYD_PEER_CLOSED 2

/**
 * Its last holder died.
 */
#define CYD_PEER_DIED 3

/**
 * Those who put.
 */
#define CYD_QUEUE_PRODUCERS 0

/**
 * Those who get.
 */
#define CYD_QUEUE_CONSUMERS 1

/**
 * The end that receives; in a duplex pipe it sends too.
 */
#define CYD_PIPE_FIRST 0

/**
 * The end that sends; in a duplex pipe it receives too.
 */
#define CYD_PIPE_SECOND 1

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

/**
 * Makes a yard under a name. An abandoned one of that name, which nobody has open, is replaced.
 *
 * The name stands for a file in /dev/shm that lives until cyd_yard_unlink(), or until the machine restarts.
 *
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_yard_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS      somebody has a yard of that name open
 *   - #CYD_E_FOREIGN     the name belongs to something that is no yard
 *   - #CYD_E_NAME        `name` is no legal name, or NULL
 *   - #CYD_E_RANGE       `slots` or `objects` is out of range
 *   - #CYD_E_SIZE        `size` is impossible
 *   - #CYD_E_NO_SPACE    /dev/shm or the control group has not so much memory left
 *   - #CYD_E_PERMISSION  the system does not allow it
 *   - #CYD_E_NO_MEMORY   no address space or no descriptor is left
 *   - #CYD_E_BUSY        somebody is removing or replacing it just now
 *   - #CYD_E_INVALID     `mode` is no mode of a file, a pointer is misaligned, `struct_size` is not set
 *   - #CYD_E_VERSION     an option is set that this version does not know
 *   - #CYD_E_NULL        `out` is NULL
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Never waits for others; system calls, and time for the kernel to provide the memory.
 * \par Crash      Killed before the name is given: nothing is left. Killed after: an abandoned yard, which the next
 *   open adopts and the next create replaces.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_create(const char *name, const cyd_yard_options_t *options, cyd_yard_t **out);

/**
 * Opens the yard of a name. What its dead users have left is cleared up; the data is kept.
 *
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Only the flags matter. Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_yard_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND   there is no yard of that name
 *   - #CYD_E_NAME        `name` is no legal name, or NULL
 *   - #CYD_E_FOREIGN     what has the name is no yard
 *   - #CYD_E_TRUNCATED, #CYD_E_SIZE, #CYD_E_FORMAT, #CYD_E_VERSION, #CYD_E_CORRUPT  it is none of this version, or
 *     no whole one
 *   - #CYD_E_NO_SLOTS    the yard's table of processes is full, or the process has 1024 yards open
 *   - #CYD_E_PERMISSION  the system does not allow it
 *   - #CYD_E_NO_MEMORY   no address space or no descriptor is left
 *   - #CYD_E_BUSY        it is being replaced all the time
 *   - #CYD_E_INVALID     a pointer is misaligned, `struct_size` is not set
 *   - #CYD_E_NULL        `out` is NULL
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits for others; some twenty system calls the first time in a process.
 * \par Crash      Killed in the middle: whoever comes next clears up.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_open(const char *name, const cyd_yard_options_t *options, cyd_yard_t **out);

/**
 * Opens the yard of a name, or makes it if there is none.
 *
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  As for cyd_yard_create(); of a yard that exists, only the flags matter.
 * \param out      Receives the handle; close it with cyd_yard_close().
 *
 * \return As cyd_yard_open() and cyd_yard_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same yard.
 * \par Blocking   As cyd_yard_create().
 * \par Crash      As cyd_yard_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_open_or_create(const char *name, const cyd_yard_options_t *options, cyd_yard_t **out);

/**
 * Makes a yard without a name, of sealed size, that lives as long as somebody has it open.
 *
 * Others get it by fork(), or through its descriptor: see cyd_yard_fd().
 *
 * \param options  As for cyd_yard_create(), without the mode.
 * \param out      Receives the handle; close it with cyd_yard_close().
 *
 * \return As cyd_yard_create(), as far as it concerns no name; #CYD_E_UNSUPPORTED where the kernel has no memfd.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_yard_create().
 * \par Crash      Leaves nothing behind.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_create_anonymous(const cyd_yard_options_t *options, cyd_yard_t **out);

/**
 * Opens the yard behind a descriptor, which stays the caller's and may be closed afterwards.
 *
 * \param fd       A descriptor of a yard: inherited, or received over a socket.
 * \param options  Only the flags matter. Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_yard_close().
 *
 * \return As cyd_yard_open(), as far as it concerns no name; #CYD_E_INVALID also for a negative `fd`, #CYD_E_OS for
 *   one that is not open.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_yard_open().
 * \par Crash      As cyd_yard_open().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_open_fd(int fd, const cyd_yard_options_t *options, cyd_yard_t **out);

/**
 * Closes a handle on a yard. NULL is harmless.
 *
 * Handles on objects of the yard stay good. With the last handle, of the yard or of an object in it, the process
 * gives back what it owns there, and the calling thread leaves; other threads leave when they next enter a yard, or at
 * their end, and until then the yard counts as open.
 *
 * \param yard  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle.
 * \par Processes  Closes this process's handle only. A fork() child closes its own copy; its parent keeps all.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As at a death: whatever is not given back yet comes free.
 * \par Since      0.1
 */
cyd_status_t cyd_yard_close(cyd_yard_t *yard);

/**
 * Takes a yard's name away. Who has the yard open keeps it; the memory goes with the last of them.
 *
 * \param name  The name of a yard.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND   there is no yard of that name
 *   - #CYD_E_NAME        `name` is no legal name, or NULL
 *   - #CYD_E_FOREIGN     what has the name is no yard; it is left alone
 *   - #CYD_E_PERMISSION  the system does not allow it
 *   - #CYD_E_BUSY        somebody is removing or replacing it just now
 *
 * \par Threads    Any.
 * \par Processes  One of several that call it at once takes the name away.
 * \par Blocking   Never waits for others; some system calls.
 * \par Crash      The name is gone, or it is not.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_unlink(const char *name);

/**
 * Tells what a yard of these options would cost, before anything is made.
 *
 * \param options  As for cyd_yard_create(). Borrowed for the call; NULL means all defaults.
 * \param out      Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, #CYD_E_RANGE, #CYD_E_SIZE, #CYD_E_VERSION, #CYD_E_NULL (`out`) or #CYD_E_INVALID (a misaligned
 *   pointer, `struct_size` is not set).
 *
 * \par Threads    Any.
 * \par Processes  Any; no yard is needed.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_cost(const cyd_yard_options_t *options, cyd_cost_t *out);

/**
 * Tells what an object would take of a yard: so much, and so much for each item and what the item has itself; and up to
 * 255 bytes more, since objects, and some parts of them, begin at multiples of 128.
 *
 * Permits: an item is a permit. Lock of readers and writers: a reader at a time. Barrier: a party. Blocks: a block, and its
 * bytes rounded up to 64. Ring and pipe: a message, and its length rounded up to 8; all of them lie in the capacity, which
 * comes on top, for a two-way pipe twice. Queue: a message of up to 48 bytes; with another `inline_max` so many bytes more or less; with
 * `sides`, 8 more for each slot of the yard. Last-in-first-out and priority queue: a message, and the longest one, rounded up
 * to 8, at least 8. Struct: two copies, each rounded up to 64. Array: its elements: numbers, or structs as here; a lock of the
 * array takes 128 more. Pool: a task; a place for a worker takes 64 more, and the queue and the blocks that lie beside it are
 * objects of their own. The others have no items.
 *
 * \param options  As for cyd_yard_create(). Borrowed for the call; NULL means all defaults.
 * \param kind     A CYD_OBJECT_ number.
 * \param out      Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, #CYD_E_RANGE, #CYD_E_SIZE, #CYD_E_VERSION, #CYD_E_TYPE (no such kind), #CYD_E_NULL (`out`) or
 *   #CYD_E_INVALID (a misaligned pointer, `struct_size` is not set).
 *
 * \par Threads    Any.
 * \par Processes  Any; no yard is needed.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_object_cost(const cyd_yard_options_t *options, uint32_t kind, cyd_object_cost_t *out);

/**
 * Tells how large a yard and its parts are.
 *
 * \param yard  Borrowed.
 * \param out   Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, `struct_size` is
 *   not set).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_get_cost(const cyd_yard_t *yard, cyd_cost_t *out);

/**
 * Clears up behind dead participants now; behind those at whom another process is just doing so, it leaves it to that one.
 *
 * Nobody needs to call this: whoever opens the yard, needs a place in it or waits does it too.
 *
 * \param yard  Borrowed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any; several may sweep at once.
 * \par Blocking   Never waits; a system call for each participant in doubt.
 * \par Crash      The next sweep goes on.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_sweep(cyd_yard_t *yard);

/**
 * Takes the calling thread out of the yard now instead of at its end.
 *
 * What the thread still owns there counts as a dead owner's. A later call that claims something or waits registers
 * it again. A thread that uses a yard briefly and lives long frees its slot for others this way.
 *
 * \param yard  Borrowed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Concerns the calling thread only.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As a death: what the thread owned comes free, with #CYD_OWNER_DIED.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_detach_thread(cyd_yard_t *yard);

/**
 * Tells whether the yard's size is sealed, so that not even a hostile peer can cut it short.
 *
 * \param yard  Borrowed.
 * \param out   Receives true for anonymous yards, false for named ones.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_is_sealed(const cyd_yard_t *yard, bool *out);

/**
 * Gives the yard's descriptor, to hand it to another process: over a socket, or by exec() after
 * cyd_yard_set_inheritable().
 *
 * \param yard  Borrowed.
 * \param out   Receives the number. It stays the library's: do not close it, and do not use it after the last handle
 *              on the yard is closed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  The number means something in this process, in its fork() children and, if made inheritable, after
 *   exec() of any of them.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_fd(const cyd_yard_t *yard, int *out);

/**
 * Says whether the yard's descriptor survives exec(), so that the new program can open it by its number with
 * cyd_yard_open_fd(). At first it does not.
 *
 * \param yard         Borrowed.
 * \param inheritable  True: it survives.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID (a misaligned pointer) or #CYD_E_OS.
 *
 * \par Threads    Any.
 * \par Processes  Concerns the descriptor of this process.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_set_inheritable(cyd_yard_t *yard, bool inheritable);

/**
 * Lists the objects of a yard, one with each call.
 *
 * Objects made meanwhile may or may not be listed; none is listed twice.
 *
 * \param yard    Borrowed.
 * \param cursor  Set it to 0 before the first call; moved on by each call that succeeds.
 * \param out     Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_END      there are no more
 *   - #CYD_E_NULL     a pointer is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any, each with a cursor of its own.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed. An object whose maker died before it was whole is not listed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_next_object(const cyd_yard_t *yard, size_t *cursor, cyd_object_info_t *out);

/**
 * Tells one of the last repairs behind dead participants: who died, doing what. For people and logs.
 *
 * A yard remembers sixteen. A repairer that is killed just after its repair leaves no note.
 *
 * \param yard  Borrowed.
 * \param back  Which: 0 is the newest, 1 the one before it, and so on.
 * \param out   Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_END      there are not so many
 *   - #CYD_E_NULL     a pointer is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any. A fault that happens between two calls moves the others back by one: compare `number`.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_fault(const cyd_yard_t *yard, uint32_t back, cyd_fault_t *out);

/**
 * Makes a lock.
 *
 * \param yard   Where. Borrowed; the lock keeps the yard open by itself.
 * \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param scope  A CYD_SCOPE_ number.
 * \param out    Receives the handle; close it with cyd_lock_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   `scope` is no scope, a pointer is misaligned
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The lock exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_create(cyd_yard_t *yard, const char *name, cyd_scope_t scope, cyd_lock_t **out);

/**
 * Opens a lock, whatever its scope.
 *
 * \param yard  Where. Borrowed; the lock keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_lock_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no lock; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_open(cyd_yard_t *yard, const char *name, cyd_lock_t **out);

/**
 * Opens a lock of this scope, or makes it.
 *
 * \param yard   Where. Borrowed; the lock keeps the yard open by itself.
 * \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param scope  A CYD_SCOPE_ number.
 * \param out    Receives the handle; close it with cyd_lock_close().
 *
 * \return As cyd_lock_open() and cyd_lock_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with another scope.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same lock.
 * \par Blocking   As cyd_lock_create().
 * \par Crash      As cyd_lock_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_open_or_create(cyd_yard_t *yard, const char *name, cyd_scope_t scope, cyd_lock_t **out);

/**
 * Takes the lock.
 *
 * If the owner dies, the next taker gets the lock and #CYD_OWNER_DIED: make the guarded data whole, then call
 * cyd_lock_repaired(). Until somebody does, every taker gets that news.
 *
 * \param lock        Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK or #CYD_OWNER_DIED: the lock is yours; or
 *   - #CYD_E_BUSY         it was taken, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      still taken after `timeout_ns`
 *   - #CYD_E_DEADLOCK     this thread holds it already and would wait without limit (thread scope)
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `lock` is NULL, closed, no lock, misaligned
 *
 * \par Threads    Any. With thread scope the calling thread owns it, else the process.
 * \par Processes  Any. A fork() child takes it for itself: it is not its parent.
 * \par Blocking   Sleeps in the kernel while another owner lives, however long. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: not taken. Killed after: taken by a dead owner, and the
 *   next taker has it at once.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_acquire(cyd_lock_t *lock, int64_t timeout_ns);

/**
 * Releases the lock.
 *
 * \param lock  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  nobody holds it, or somebody else does: another thread (thread scope), another process
 *     (process scope; a fork() child is another process)
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `lock` is NULL, closed, no lock, misaligned
 *
 * \par Threads    With thread scope the owner; else any of the owning process (process scope), or any at all.
 * \par Processes  As said.
 * \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
 * \par Crash      Killed before the one store that frees it: a dead owner's. Killed after: free, and a sleeper that
 *   was not woken looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_release(cyd_lock_t *lock);

/**
 * Declares the guarded data whole again after an owner died: later takers are no longer warned.
 *
 * \param lock  Held by the caller. Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the caller does not hold it; with #CYD_SCOPE_ANYONE: nobody does
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `lock` is NULL, closed, no lock, misaligned
 *
 * \par Threads    As cyd_lock_release().
 * \par Processes  As cyd_lock_release().
 * \par Blocking   Never.
 * \par Crash      Declared, or not; the lock itself is a dead owner's.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_repaired(cyd_lock_t *lock);

/**
 * Tells who holds the lock at this instant.
 *
 * \param lock  Borrowed.
 * \param out   Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  nobody holds it, or a dead one does
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `lock` or `out` is NULL, `lock` is closed or no lock
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never; with a wide scope it may cost a system call.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_holder(const cyd_lock_t *lock, cyd_holder_t *out);

/**
 * Tells whether an owner has died and nobody has declared the data repaired: a fact at some instant.
 *
 * \param lock  Borrowed.
 * \param out   Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_is_suspect(const cyd_lock_t *lock, bool *out);

/**
 * Tells whom the lock takes for its owner.
 *
 * \param lock  Borrowed.
 * \param out   Receives a CYD_SCOPE_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lock_scope(const cyd_lock_t *lock, cyd_scope_t *out);

/**
 * Closes a handle on a lock. NULL is harmless.
 *
 * The lock itself, and who holds it, stays as it is, unless this was the process's last handle on the yard: see
 * cyd_yard_close().
 *
 * \param lock  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_lock_close(cyd_lock_t *lock);

/**
 * Makes a re-entrant lock.
 *
 * \param yard  Where. Borrowed; the lock keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_rlock_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   a pointer is misaligned
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The lock exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_create(cyd_yard_t *yard, const char *name, cyd_rlock_t **out);

/**
 * Opens a re-entrant lock.
 *
 * \param yard  Where. Borrowed; the lock keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_rlock_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no re-entrant lock; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_open(cyd_yard_t *yard, const char *name, cyd_rlock_t **out);

/**
 * Opens a re-entrant lock, or makes it.
 *
 * \param yard  Where. Borrowed; the lock keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_rlock_close().
 *
 * \return As cyd_rlock_open() and cyd_rlock_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same lock.
 * \par Blocking   As cyd_rlock_create().
 * \par Crash      As cyd_rlock_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_open_or_create(cyd_yard_t *yard, const char *name, cyd_rlock_t **out);

/**
 * Takes the lock, at once if the calling thread holds it already. Each taking needs its own cyd_rlock_release().
 *
 * If the owner dies, the next taker gets the lock, taken once, and #CYD_OWNER_DIED: make the guarded data whole, then
 * call cyd_rlock_repaired(). Until somebody does, every taking gets that news.
 *
 * \param rlock       Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK or #CYD_OWNER_DIED: the lock is yours; or
 *   - #CYD_E_BUSY         another thread has it, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      another thread still has it after `timeout_ns`
 *   - #CYD_E_RANGE        the calling thread has taken it 2^32 - 1 times; nothing is changed
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rlock` is NULL, closed, no re-entrant lock, misaligned
 *
 * \par Threads    Any. The calling thread owns it.
 * \par Processes  Any. A fork() child takes it for itself: it is not its parent.
 * \par Blocking   Sleeps in the kernel while another owner lives, however long; never for the owner itself. Not
 *   async-signal-safe.
 * \par Crash      Killed before the one store that takes it: not taken. Killed after, however often it was taken: a dead
 *   owner's, and the next taker has it at once, taken once.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_acquire(cyd_rlock_t *rlock, int64_t timeout_ns);

/**
 * Releases the lock once. It is free when it has been released as often as taken.
 *
 * \param rlock  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the calling thread does not hold it (a fork() child does not hold what its parent does)
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rlock` is NULL, closed, no re-entrant lock, misaligned
 *
 * \par Threads    The owner.
 * \par Processes  The owner's.
 * \par Blocking   Never; one system call if somebody sleeps and it was the last release. Not async-signal-safe.
 * \par Crash      Killed before the last release's one store: a dead owner's. Killed after: free, and a sleeper that was
 *   not woken looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_release(cyd_rlock_t *rlock);

/**
 * Declares the guarded data whole again after an owner died: later takers are no longer warned.
 *
 * \param rlock  Held by the calling thread. Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the calling thread does not hold it
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rlock` is NULL, closed, no re-entrant lock, misaligned
 *
 * \par Threads    The owner.
 * \par Processes  The owner's.
 * \par Blocking   Never.
 * \par Crash      Declared, or not; the lock itself is a dead owner's.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_repaired(cyd_rlock_t *rlock);

/**
 * Tells how many releases the calling thread owes.
 *
 * \param rlock  Borrowed.
 * \param out    Receives the number; 0 if the calling thread does not hold the lock.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_count(const cyd_rlock_t *rlock, uint32_t *out);

/**
 * Tells who holds the lock at this instant.
 *
 * \param rlock  Borrowed.
 * \param out    Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  nobody holds it, or a dead one does
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `rlock` or `out` is NULL, `rlock` is closed or no re-entrant lock
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_holder(const cyd_rlock_t *rlock, cyd_holder_t *out);

/**
 * Tells whether an owner has died and nobody has declared the data repaired: a fact at some instant.
 *
 * \param rlock  Borrowed.
 * \param out    Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rlock_is_suspect(const cyd_rlock_t *rlock, bool *out);

/**
 * Closes a handle on a re-entrant lock. NULL is harmless.
 *
 * The lock itself, and who holds it how often, stays as it is, unless this was the process's last handle on the yard:
 * see cyd_yard_close().
 *
 * \param rlock  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_rlock_close(cyd_rlock_t *rlock);

/**
 * Makes a lock of readers and writers.
 *
 * \param yard     Where. Borrowed; the lock keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_rwlock_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE     more than 4096 readers
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   `struct_size` is impossible, a pointer is misaligned
 *   - #CYD_E_VERSION   the options hold something that this version does not know
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The lock exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_create(cyd_yard_t *yard, const char *name, const cyd_rwlock_options_t *options, cyd_rwlock_t **out);

/**
 * Opens a lock of readers and writers, however many may read.
 *
 * \param yard  Where. Borrowed; the lock keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_rwlock_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is something else; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_open(cyd_yard_t *yard, const char *name, cyd_rwlock_t **out);

/**
 * Opens a lock of readers and writers, or makes it.
 *
 * \param yard     Where. Borrowed; the lock keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults: also one for another number of readers will do.
 * \param out      Receives the handle; close it with cyd_rwlock_close().
 *
 * \return As cyd_rwlock_open() and cyd_rwlock_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if a number of readers was asked for and it has another one.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same lock.
 * \par Blocking   As cyd_rwlock_create().
 * \par Crash      As cyd_rwlock_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_open_or_create(cyd_yard_t *yard, const char *name, const cyd_rwlock_options_t *options, cyd_rwlock_t **out);

/**
 * Takes the lock to read, at once if the calling thread reads already. Each taking needs its own cyd_rwlock_release().
 *
 * \param rwlock      Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK or #CYD_OWNER_DIED (a writer died that may have written, see cyd_rwlock_repaired()): you read; or
 *   - #CYD_E_BUSY         somebody writes, wants to or is on his way in, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      the same, still after `timeout_ns`
 *   - #CYD_E_DEADLOCK     the calling thread writes, and `timeout_ns` is negative
 *   - #CYD_E_RANGE        the calling thread has taken it 2^32 times; nothing is changed
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     as many threads read as can at a time; or the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
 *
 * \par Threads    Any. The calling thread owns it.
 * \par Processes  Any. A fork() child takes it for itself: it is not its parent.
 * \par Blocking   Sleeps in the kernel while a living thread writes or waits to write, however long. Not
 *   async-signal-safe.
 * \par Crash      Killed on the way in or inside: its read is over as soon as a writer looks; nobody is told.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_read(cyd_rwlock_t *rwlock, int64_t timeout_ns);

/**
 * Takes the lock to write. New readers stay out from now on; those who read are waited for.
 *
 * If a writer dies that may have written, the next one in gets #CYD_OWNER_DIED: make the guarded data whole, then call
 * cyd_rwlock_repaired(). Until somebody does, every reader and writer gets that news.
 *
 * \param rwlock      Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK or #CYD_OWNER_DIED: you write; or
 *   - #CYD_E_BUSY         somebody reads, writes or is on his way in, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      the same, still after `timeout_ns`
 *   - #CYD_E_DEADLOCK     the calling thread reads or writes, and `timeout_ns` is negative
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
 *
 * \par Threads    Any. The calling thread owns it.
 * \par Processes  Any. A fork() child takes it for itself: it is not its parent.
 * \par Blocking   Sleeps in the kernel while living threads read or write, however long. Not async-signal-safe.
 * \par Crash      Killed while it waits: nobody is told. Killed from the one store on after which it may write: a dead
 *   writer's, and the next one in is told.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_write(cyd_rwlock_t *rwlock, int64_t timeout_ns);

/**
 * Gives back what the calling thread has: writing, or one of its reads.
 *
 * \param rwlock  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the calling thread has nothing (a fork() child does not have what its parent has)
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
 *
 * \par Threads    The owner.
 * \par Processes  The owner's.
 * \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
 * \par Crash      Killed before the one store that says that a writer writes no more: a dead writer's. Killed after:
 *   free, and nobody is told. A sleeper that was not woken looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_release(cyd_rwlock_t *rwlock);

/**
 * Declares the guarded data whole again after a writer died: later readers and writers are no longer warned.
 *
 * \param rwlock  Held by the calling thread to write. Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the calling thread does not hold it to write
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
 *
 * \par Threads    The writer.
 * \par Processes  The writer's.
 * \par Blocking   Never.
 * \par Crash      Declared, or not; the lock itself is a dead writer's.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_repaired(cyd_rwlock_t *rwlock);

/**
 * Tells who writes at this instant.
 *
 * \param rwlock  Borrowed.
 * \param out     Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  nobody writes, or a dead one did
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `rwlock` or `out` is NULL, `rwlock` is closed or something else
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_writer(const cyd_rwlock_t *rwlock, cyd_holder_t *out);

/**
 * Tells how many living threads read at this instant.
 *
 * \param rwlock  Borrowed.
 * \param out     Receives the number; a thread that reads several times counts once.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_readers(const cyd_rwlock_t *rwlock, uint32_t *out);

/**
 * Tells how many threads can read at a time.
 *
 * \param rwlock  Borrowed.
 * \param out     Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_readers_max(const cyd_rwlock_t *rwlock, uint32_t *out);

/**
 * Tells whether a writer has died that may have written, and nobody has declared the data whole: a fact at some
 * instant.
 *
 * \param rwlock  Borrowed.
 * \param out     Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_rwlock_is_suspect(const cyd_rwlock_t *rwlock, bool *out);

/**
 * Closes a handle on a lock of readers and writers. NULL is harmless.
 *
 * The lock itself, and who holds it, stays as it is, unless this was the process's last handle on the yard: see
 * cyd_yard_close().
 *
 * \param rwlock  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_rwlock_close(cyd_rwlock_t *rwlock);

/**
 * Makes permits; all of them are free.
 *
 * \param yard   Where. Borrowed; the permits keep the yard open by themselves.
 * \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param count  How many: 1 to 4096. They take 128 bytes and 4 for each.
 * \param out    Receives the handle; close it with cyd_permits_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE     `count` is 0 or above 4096
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   a pointer is misaligned
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The permits exist, all free, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_create(cyd_yard_t *yard, const char *name, uint32_t count, cyd_permits_t **out);

/**
 * Opens permits, however many they are.
 *
 * \param yard  Where. Borrowed; the permits keep the yard open by themselves.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_permits_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is something else; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NO_SLOTS   the table of processes is full (in a fork() child)
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_open(cyd_yard_t *yard, const char *name, cyd_permits_t **out);

/**
 * Opens so many permits, or makes them.
 *
 * \param yard   Where. Borrowed; the permits keep the yard open by themselves.
 * \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param count  How many: 1 to 4096.
 * \param out    Receives the handle; close it with cyd_permits_close().
 *
 * \return As cyd_permits_open() and cyd_permits_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if there are more or fewer.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same permits.
 * \par Blocking   As cyd_permits_create().
 * \par Crash      As cyd_permits_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_open_or_create(cyd_yard_t *yard, const char *name, uint32_t count, cyd_permits_t **out);

/**
 * Takes a permit.
 *
 * A try answers #CYD_E_BUSY only after it has looked at every permit and found it taken. Those of the dead it frees
 * on the way, if a thread of theirs was known here and is seen to have died; about others it asks the kernel at the
 * handle's first failed try and at every 256th after it. A call that waits asks always.
 *
 * \param permits     Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK: the process has one more; or
 *   - #CYD_E_BUSY         all were taken, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      still none after `timeout_ns`
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the thread would have to wait and cannot: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `permits` is NULL, closed, something else, misaligned
 *
 * \par Threads    Any. The process owns the permit: any thread may give it back.
 * \par Processes  Any. A fork() child takes it for itself: it is not its parent.
 * \par Blocking   Sleeps in the kernel while living processes hold all of them, however long. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: not taken. Killed after: taken by a dead process, and
 *   free again as soon as somebody looks.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_acquire(cyd_permits_t *permits, int64_t timeout_ns);

/**
 * Takes several permits at once, or none.
 *
 * One caller at a time collects, permit by permit, and keeps what it has while it waits for the rest: two of them
 * cannot block each other. Takers of one permit may overtake it. Who holds permits and waits for more may still wait
 * for himself, or in a circle with others, as with any semaphore.
 *
 * \param permits     Borrowed.
 * \param count       How many: from 1 to as many as there are.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return As cyd_permits_acquire(); #CYD_E_BUSY also if somebody else is collecting, #CYD_E_RANGE if `count` is 0 or
 *   more than there are.
 *
 * \par Threads    As cyd_permits_acquire().
 * \par Processes  As cyd_permits_acquire().
 * \par Blocking   As cyd_permits_acquire(), and while another one collects.
 * \par Crash      One store decides whether it has all or none. If the thread dies in here and its process lives,
 *   the process has all or none.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_acquire_many(cyd_permits_t *permits, uint32_t count, int64_t timeout_ns);

/**
 * Gives back permits of this process, whichever thread took them.
 *
 * \param permits  Borrowed.
 * \param count    How many: from 1 to as many as there are.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the process holds fewer. Nothing is changed then, unless several threads give back more than
 *     the process holds at the same time; each permit is given back once even so
 *   - #CYD_E_RANGE      `count` is 0 or more than there are
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `permits` is NULL, closed, something else, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that took them; a fork() child is another process.
 * \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
 * \par Crash      Killed on the way: some are given back, the others are a dead process's. A sleeper that was not
 *   woken looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_release(cyd_permits_t *permits, uint32_t count);

/**
 * Tells how many permits are free: a fact at some instant.
 *
 * Those of the dead count, if they show a sign of death or somebody has noticed; those that somebody is collecting
 * just now do not.
 *
 * \param permits  Borrowed.
 * \param out      Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_available(const cyd_permits_t *permits, uint32_t *out);

/**
 * Tells how many permits there are.
 *
 * \param permits  Borrowed.
 * \param out      Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_capacity(const cyd_permits_t *permits, uint32_t *out);

/**
 * Tells how many permits this process holds. A fork() child does not hold its parent's.
 *
 * \param permits  Borrowed.
 * \param out      Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_held(const cyd_permits_t *permits, uint32_t *out);

/**
 * Tells who holds permits, and how many: a fact at some instant, in no order.
 *
 * Neither the dead are told, nor those who are still collecting.
 *
 * \param permits  Borrowed.
 * \param list     Receives the first `room` of them; NULL if `room` is 0.
 * \param room     How many `list` has room for.
 * \param out      Receives how many there are, which may be more.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
 *   `room`).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; costs system calls.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_permits_holders(const cyd_permits_t *permits, cyd_permit_holder_t *list, size_t room, size_t *out);

/**
 * Closes a handle on permits. NULL is harmless.
 *
 * What the process holds stays held, unless this was its last handle on the yard: see cyd_yard_close().
 *
 * \param permits  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_permits_close(cyd_permits_t *permits);

/**
 * Makes a semaphore.
 *
 * \param yard     Where. Borrowed; the semaphore keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  NULL: no permits at first, and no maximum.
 * \param out      Receives the handle; close it with cyd_semaphore_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_RANGE     more permits at first than the maximum, or than 2147483647; a maximum above that
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   `struct_size` is impossible, a pointer is misaligned
 *   - #CYD_E_VERSION   the options hold something that this version does not know
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The semaphore exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_semaphore_create(cyd_yard_t *yard, const char *name, const cyd_semaphore_options_t *options, cyd_semaphore_t **out);

/**
 * Opens a semaphore, whatever its maximum.
 *
 * \param yard  Where. Borrowed; the semaphore keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_semaphore_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no semaphore; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_semaphore_open(cyd_yard_t *yard, const char *name, cyd_semaphore_t **out);

/**
 * Opens a semaphore of this maximum, or makes it. `initial` counts for who makes it only.
 *
 * \param yard     Where. Borrowed; the semaphore keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  NULL: no permits at first, and no maximum.
 * \param out      Receives the handle; close it with cyd_semaphore_close().
 *
 * \return As cyd_semaphore_open() and cyd_semaphore_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with another maximum.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same semaphore.
 * \par Blocking   As cyd_semaphore_create().
 * \par Crash      As cyd_semaphore_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_semaphore_open_or_create(cyd_yard_t *yard, const char *name, const cyd_semaphore_options_t *options, cyd_semaphore_t **out);

/**
 * Takes a permit.
 *
 * \param semaphore   Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_BUSY         there was none, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      there was none in `timeout_ns`
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     there was none, and the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  there was none, and the thread was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `semaphore` is NULL, closed, no semaphore, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Sleeps in the kernel while there is no permit, however long. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes the permit: not taken. Killed after: taken for good; nothing
 *   comes back with a death. Others wait no longer than 250 ms while permits are there.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_semaphore_acquire(cyd_semaphore_t *semaphore, int64_t timeout_ns);

/**
 * Adds permits, whoever took them or whether anybody did, and wakes as many who wait.
 *
 * Leaves no message for cyd_last_error_message().
 *
 * \param semaphore  Borrowed.
 * \param count      How many, at least 1.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE  `count` is 0, or there would be more than the maximum (without one: than 2147483647); nothing is
 *     changed
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `semaphore` is NULL, closed, no semaphore, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never; one system call if somebody sleeps. Async-signal-safe.
 * \par Crash      All of them are added, or none. Killed after the one store that adds them: a sleeper that was not
 *   woken looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_semaphore_release(cyd_semaphore_t *semaphore, uint32_t count);

/**
 * Tells how many permits there are at this instant.
 *
 * Leaves no message for cyd_last_error_message().
 *
 * \param semaphore  Borrowed.
 * \param out        Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_semaphore_value(const cyd_semaphore_t *semaphore, uint32_t *out);

/**
 * Tells how many permits there can be.
 *
 * \param semaphore  Borrowed.
 * \param out        Receives the maximum it was made with; 0 if none was set.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_semaphore_maximum(const cyd_semaphore_t *semaphore, uint32_t *out);

/**
 * Closes a handle on a semaphore. NULL is harmless.
 *
 * The semaphore stays as it is; what this process has taken stays taken.
 *
 * \param semaphore  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_semaphore_close(cyd_semaphore_t *semaphore);

/**
 * Makes a barrier, whole and with nobody there.
 *
 * \param yard     Where. Borrowed; the barrier keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param parties  How many make a trip: from 1 to the yard's number of thread slots. It takes 128 bytes, 12 for each of
 *   them, and 8 for each slot.
 * \param out      Receives the handle; close it with cyd_barrier_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE     `parties` is 0, or more than the yard has slots; the message names both
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   a pointer is misaligned
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The barrier exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_create(cyd_yard_t *yard, const char *name, uint32_t parties, cyd_barrier_t **out);

/**
 * Opens a barrier, for however many parties it is.
 *
 * \param yard  Where. Borrowed; the barrier keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_barrier_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no barrier; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_open(cyd_yard_t *yard, const char *name, cyd_barrier_t **out);

/**
 * Opens a barrier for so many parties, or makes it.
 *
 * \param yard     Where. Borrowed; the barrier keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param parties  As in cyd_barrier_create().
 * \param out      Receives the handle; close it with cyd_barrier_close().
 *
 * \return As cyd_barrier_open() and cyd_barrier_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it is for more or fewer parties.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same barrier.
 * \par Blocking   As cyd_barrier_create().
 * \par Crash      As cyd_barrier_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_open_or_create(cyd_yard_t *yard, const char *name, uint32_t parties, cyd_barrier_t **out);

/**
 * Waits until as many have arrived as there are parties.
 *
 * A wait whose time is up breaks the barrier, also one of 0 that is not the last to arrive; but if its trip was made
 * meanwhile, it has passed. If more threads come than there are parties, those that find a trip full wait for the next one,
 * and break nothing if their time is up meanwhile.
 *
 * \param barrier     Borrowed.
 * \param timeout_ns  0 does not wait; a negative value waits without limit.
 * \param index       Receives which of the parties the caller is: from each trip every number from 0 to the number of parties
 *   less 1 is given once, in no order. May be NULL.
 *
 * \return #CYD_OK: all have arrived; or
 *   - #CYD_E_BROKEN       the barrier is or was broken: see cyd_barrier_broken(); the message says why, too
 *   - #CYD_E_TIMEOUT      the caller's time was up, and that broke the barrier
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled, and that broke it
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE), and that broke it
 *   - #CYD_E_DEADLOCK     the calling thread runs the barrier's action
 *   - #CYD_E_NO_SLOTS     the yard's table of threads is full
 *   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `barrier` is NULL, closed (also during the wait, and that broke
 *     it), no barrier; a pointer is misaligned
 *
 * \par Threads    Any, and another one at each trip.
 * \par Processes  Any. A fork() child takes part for itself.
 * \par Blocking   Sleeps in the kernel until all have arrived. A stopped party is waited for. Not async-signal-safe.
 * \par Crash      Killed before the one store by which it arrives: it has not. Killed after it: the barrier breaks, and names
 *   it, unless the trip was made. One store makes the trip: killed before it, nobody has passed; killed after it, all others
 *   have. They learn of it within 250 ms, as a rule within one.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_wait(cyd_barrier_t *barrier, int64_t timeout_ns, uint32_t *index);

/**
 * As cyd_barrier_wait(), with an action: one party of each trip, as a rule the last to arrive, runs its own before anybody
 * goes on. What it does is seen by all of them.
 *
 * The action may break or reset the barrier, and so may anybody else while it runs: then it has run, and there is no trip. It
 * must not close the handle, and must return (no longjmp(), no C++ exception).
 *
 * \param barrier     Borrowed.
 * \param timeout_ns  0 does not wait; a negative value waits without limit.
 * \param action      Called at most once, by the calling thread. What it returns: 0 if it is done; anything else breaks the
 *   barrier, and the caller gets #CYD_E_FAILED. NULL: no action.
 * \param argument    Passed to it.
 * \param index       As in cyd_barrier_wait(); may be NULL.
 *
 * \return As cyd_barrier_wait(); #CYD_E_FAILED if the action has failed; #CYD_E_NOT_OWNER to a fork() child that it has made,
 *   and that comes back: the trip is its parent's.
 *
 * \par Threads    Any, and another one at each trip.
 * \par Processes  Any. A fork() child takes part for itself.
 * \par Blocking   As cyd_barrier_wait(), and while the action runs.
 * \par Crash      As cyd_barrier_wait(). Killed while it runs the action: the barrier breaks, and names it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_wait_with(cyd_barrier_t *barrier, int64_t timeout_ns, int (*action)(void *argument), void *argument, uint32_t *index);

/**
 * Breaks the barrier: who waits, and who comes, gets #CYD_E_BROKEN, until it is reset. Nothing changes if it is broken.
 *
 * \param barrier  Borrowed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
 * \par Crash      One store breaks it. A sleeper that was not woken looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_abort(cyd_barrier_t *barrier);

/**
 * Makes the barrier whole, with nobody there. Who waits at that moment gets #CYD_E_BROKEN. Declarations of the dead are
 * forgotten.
 *
 * \param barrier  Borrowed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; a system call if somebody sleeps, and for each declared party. Not async-signal-safe.
 * \par Crash      One store begins it, and whoever comes next finishes it; those who wait get #CYD_E_BROKEN from then on,
 *   within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_reset(cyd_barrier_t *barrier);

/**
 * Tells why the barrier is broken: a fact at some instant.
 *
 * \param barrier  Borrowed.
 * \param out      Receives the cause; #CYD_BROKEN_NOT if it is whole.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death that was found breaks it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_broken(const cyd_barrier_t *barrier, cyd_broken_t *out);

/**
 * Tells how many parties make a trip.
 *
 * \param barrier  Borrowed.
 * \param out      Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_parties(const cyd_barrier_t *barrier, uint32_t *out);

/**
 * Tells how many have arrived and wait at this instant; 0 if the barrier is broken.
 *
 * \param barrier  Borrowed.
 * \param out      Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death that was found breaks it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_waiting(const cyd_barrier_t *barrier, uint32_t *out);

/**
 * Declares that this process takes part: if it dies, also before any thread of it has arrived, the barrier breaks at once
 * instead of leaving the others waiting.
 *
 * A process may do so once for each of its threads that take part; nobody needs to, and who has not may take part as well.
 * It lasts until cyd_barrier_leave(), until this handle or the process's last one on the yard is closed, or until the
 * process dies and somebody resets the barrier.
 *
 * \param barrier  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NO_SLOTS  as many living parties have declared themselves as there are; or the table of processes is full
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `barrier` is NULL, closed, no barrier, misaligned
 *
 * \par Threads    Any. The process has declared itself, not the thread.
 * \par Processes  Any. A fork() child has declared nothing, whatever its parent has.
 * \par Blocking   Never waits; costs system calls if the places are taken. Not async-signal-safe.
 * \par Crash      Killed before the one store that declares it: it is not. Killed after: the barrier breaks, and names it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_declare(cyd_barrier_t *barrier);

/**
 * Takes back one declaration of this process, whichever thread made it. Nothing breaks: the others then wait for whoever
 * comes.
 *
 * \param barrier  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the process has declared nothing
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `barrier` is NULL, closed, no barrier, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that declared itself; a fork() child is another process.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      One store takes it back.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_leave(cyd_barrier_t *barrier);

/**
 * Tells how many parties have declared themselves at this instant. A dead one counts until somebody has noticed.
 *
 * \param barrier  Borrowed.
 * \param out      Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_barrier_declared(const cyd_barrier_t *barrier, uint32_t *out);

/**
 * Closes the handle, and takes back what was declared through it. NULL is allowed.
 *
 * The barrier itself stays in the yard, and whoever waits there waits on, but for those who wait through this handle: one who
 * has arrived and leaves breaks it.
 *
 * \param barrier  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED or #CYD_E_BROKEN.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close(). What is still declared is a dead process's.
 * \par Since      0.1
 */
cyd_status_t cyd_barrier_close(cyd_barrier_t *barrier);

/**
 * Makes a condition.
 *
 * \param yard  Where. Borrowed; the condition keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_condition_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   a pointer is misaligned
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The condition exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_create(cyd_yard_t *yard, const char *name, cyd_condition_t **out);

/**
 * Opens a condition.
 *
 * \param yard  Where. Borrowed; the condition keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_condition_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no condition; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_open(cyd_yard_t *yard, const char *name, cyd_condition_t **out);

/**
 * Opens a condition, or makes it.
 *
 * \param yard  Where. Borrowed; the condition keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_condition_close().
 *
 * \return As cyd_condition_open() and cyd_condition_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same condition.
 * \par Blocking   As cyd_condition_create().
 * \par Crash      As cyd_condition_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_open_or_create(cyd_yard_t *yard, const char *name, cyd_condition_t **out);

/**
 * Releases the lock, waits to be notified, and takes the lock again.
 *
 * The caller holds the lock again after #CYD_OK, #CYD_OWNER_DIED, #CYD_E_TIMEOUT, #CYD_E_INTERRUPTED and #CYD_E_CANCELLED.
 * After the last three an owner may have died as well: cyd_lock_is_suspect() tells. `timeout_ns` limits the wait for a notification;
 * taking the lock again has no limit.
 *
 * \param condition   Borrowed.
 * \param lock        In the same yard, held by the caller: his thread, or for the scopes #CYD_SCOPE_PROCESS and
 *   #CYD_SCOPE_ANYONE his process. Borrowed.
 * \param timeout_ns  0 gives the lock up for a moment and takes it again; a negative value waits without limit.
 *
 * \return #CYD_OK: notified; or
 *   - #CYD_OWNER_DIED     notified, and an owner of the lock has died: see cyd_lock_acquire()
 *   - #CYD_E_TIMEOUT      nobody has notified the caller in time; the lock is held
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE); the lock is held
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t; the lock is held
 *   - #CYD_E_CLOSED       `condition` or `lock` was closed during the wait; the lock is held, and is released through
 *     another handle if it was that one
 *   - #CYD_E_NOT_OWNER    the caller does not hold the lock; nothing is changed
 *   - #CYD_E_FOREIGN      the lock lies in another yard; nothing is changed
 *   - #CYD_E_NO_SLOTS     the yard's table of threads is full; nothing is changed
 *   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  a handle is NULL, closed, of another type, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child waits for nothing of its parent's.
 * \par Blocking   Sleeps in the kernel until notified, then until the lock is free. Not async-signal-safe.
 * \par Crash      Killed while it waits: it does not count any more. Killed when it was notified, before it has the lock:
 *   the next waiter is notified in its place, within 250 ms at the latest. Killed after: a dead owner's lock.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_wait(cyd_condition_t *condition, cyd_lock_t *lock, int64_t timeout_ns);

/**
 * As cyd_condition_wait(), with a re-entrant lock: it is released however often the calling thread has taken it, and
 * taken as often again.
 *
 * \param condition   Borrowed.
 * \param rlock       In the same yard, held by the calling thread. Borrowed.
 * \param timeout_ns  0 gives the lock up for a moment and takes it again; a negative value waits without limit.
 *
 * \return As cyd_condition_wait(); cyd_rlock_is_suspect() tells whether an owner has died.
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child waits for nothing of its parent's.
 * \par Blocking   As cyd_condition_wait().
 * \par Crash      As cyd_condition_wait().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_wait_rlock(cyd_condition_t *condition, cyd_rlock_t *rlock, int64_t timeout_ns);

/**
 * Notifies so many of those who wait, the longest waiting first, or all if there are fewer. The dead do not count.
 *
 * The caller may hold the lock. If he does not, it is up to him that who is about to wait does not miss it.
 *
 * \param condition  Borrowed.
 * \param count      At most so many; UINT32_MAX for all.
 * \param notified   Receives how many were notified; may be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `condition` is NULL, closed, no condition; a pointer is
 *     misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never; one system call for each that is notified. Not async-signal-safe.
 * \par Crash      Some of them are notified, the longest waiting, or none. One that was not woken looks again within
 *   250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_notify(cyd_condition_t *condition, uint32_t count, uint32_t *notified);

/**
 * Notifies all who wait.
 *
 * \param condition  Borrowed.
 * \param notified   Receives how many were notified; may be NULL.
 *
 * \return As cyd_condition_notify().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_condition_notify().
 * \par Crash      As cyd_condition_notify().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_notify_all(cyd_condition_t *condition, uint32_t *notified);

/**
 * Tells how many wait at this instant and are not notified yet. The dead do not count.
 *
 * \param condition  Borrowed.
 * \param out        Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_condition_waiters(const cyd_condition_t *condition, uint32_t *out);

/**
 * Closes the handle. NULL is allowed.
 *
 * The condition itself stays in the yard, and whoever waits there waits on.
 *
 * \param condition  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_condition_close(cyd_condition_t *condition);

/**
 * Makes an event.
 *
 * \param yard   Where. Borrowed; the event keeps the yard open by itself.
 * \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param flags  0, or any of #CYD_EVENT_SET and #CYD_EVENT_AUTO_RESET.
 * \param out    Receives the handle; close it with cyd_event_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_VERSION   `flags` holds something that this version does not know
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *   - #CYD_E_INVALID   a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The event exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_event_create(cyd_yard_t *yard, const char *name, uint32_t flags, cyd_event_t **out);

/**
 * Opens an event, of either kind.
 *
 * \param yard  Where. Borrowed; the event keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_event_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no event; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_event_open(cyd_yard_t *yard, const char *name, cyd_event_t **out);

/**
 * Opens an event of this kind, or makes it. #CYD_EVENT_SET counts for who makes it only.
 *
 * \param yard   Where. Borrowed; the event keeps the yard open by itself.
 * \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param flags  0, or any of #CYD_EVENT_SET and #CYD_EVENT_AUTO_RESET.
 * \param out    Receives the handle; close it with cyd_event_close().
 *
 * \return As cyd_event_open() and cyd_event_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS; and
 *   - #CYD_E_MISMATCH  it is of the other kind
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same event.
 * \par Blocking   As cyd_event_create().
 * \par Crash      As cyd_event_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_event_open_or_create(cyd_yard_t *yard, const char *name, uint32_t flags, cyd_event_t **out);

/**
 * Sets an event: everybody who waits goes on, or one of them with auto-reset. If it is set already, stores nothing.
 *
 * \param event  Borrowed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE (no event) or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never; a system call only if somebody sleeps. Async-signal-safe.
 * \par Crash      It is set or not. Killed between the set and the wake, the sleepers wake within a slice of 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_event_set(cyd_event_t *event);

/**
 * Clears an event.
 *
 * \param event  Borrowed.
 *
 * \return As cyd_event_set().
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      It is cleared or not: one atomic step.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_event_clear(cyd_event_t *event);

/**
 * Tells whether an event is set at this instant.
 *
 * \param event  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_event_set(), and #CYD_E_NULL if `out` is NULL.
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_event_is_set(const cyd_event_t *event, bool *out);

/**
 * Waits until an event is set; with auto-reset, clears it.
 *
 * Who waits misses no set, also if it is cleared at once (not with auto-reset, where one of all takes it).
 *
 * \param event       Borrowed.
 * \param timeout_ns  Nanoseconds; 0 looks only, a negative number waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT      it was not set in time
 *   - #CYD_E_INTERRUPTED  a signal handler ran; only if the yard was opened with #CYD_YARD_INTERRUPTIBLE
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     it is not set, and the table of threads is full: who waits needs a place
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `event` is NULL, closed, no event, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   At most `timeout_ns`; no system call if the event is set.
 * \par Crash      Killed in the moment of taking an auto-reset event, the event may have been taken.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_event_wait(cyd_event_t *event, int64_t timeout_ns);

/**
 * Closes the handle. The event stays in the yard.
 *
 * \param event  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_event_close(cyd_event_t *event);

/**
 * Makes a cancel token for the threads of this process.
 *
 * \param out  Receives the handle; close it with cyd_cancel_close().
 *
 * \return #CYD_OK, #CYD_E_NULL (`out` is NULL), #CYD_E_INVALID (a misaligned pointer) or #CYD_E_NO_MEMORY.
 *
 * \par Threads    Any.
 * \par Processes  For this one only.
 * \par Blocking   Never.
 * \par Crash      Nothing is left.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_cancel_create(cyd_cancel_t **out);

/**
 * Makes a cancel token of an event: whoever sets the event cancels, in whatever process. Clearing the event makes the token
 * new; who had entered it when it was set stays cancelled until he leaves.
 *
 * \param event  Without #CYD_EVENT_AUTO_RESET. Borrowed; the token keeps its yard open by itself.
 * \param out    Receives the handle; close it with cyd_cancel_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_INVALID  the event is reset by who waits for it; or a pointer is misaligned
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `event` or `out` is NULL; `event` is closed, or no event
 *   - #CYD_E_NO_MEMORY
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_cancel_from_event(const cyd_event_t *event, cyd_cancel_t **out);

/**
 * Cancels: ends the waits of all threads that have entered the token, and of all that will.
 *
 * \param cancel  Borrowed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE (no token) or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  As cyd_cancel_create() and cyd_cancel_from_event() say.
 * \par Blocking   Never; a system call only if somebody sleeps. Async-signal-safe.
 * \par Crash      It is cancelled or not. Killed before the wake, the sleepers wake within a slice of 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_cancel_set(cyd_cancel_t *cancel);

/**
 * Tells whether a token is cancelled at this instant.
 *
 * \param cancel  Borrowed.
 * \param out     Receives the answer.
 *
 * \return As cyd_cancel_set(), and #CYD_E_NULL if `out` is NULL.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_cancel_is_set(const cyd_cancel_t *cancel, bool *out);

/**
 * From now on the token ends the waits of the calling thread, until cyd_cancel_leave().
 *
 * A thread can enter several tokens, and one several times: each is watched, and each is left once. Leave before you close
 * the handle; the thread's end leaves nothing.
 *
 * \param cancel  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE  the thread has entered four times already
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `cancel` is NULL, closed, no token, misaligned
 *
 * \par Threads    For the calling one only.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_cancel_enter(const cyd_cancel_t *cancel);

/**
 * The token no longer ends the waits of the calling thread, if it has entered once. Tokens are left in any order.
 *
 * \param cancel  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE  the thread has not entered it, or has left it again
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `cancel` is NULL, closed, no token, misaligned
 *
 * \par Threads    The one that has entered.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_cancel_leave(const cyd_cancel_t *cancel);

/**
 * Closes the handle. NULL is harmless. Threads that have entered the token stay in it.
 *
 * \param cancel  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_cancel_close(cyd_cancel_t *cancel);

/**
 * The instant that lies so long from now, for cyd_deadline_left().
 *
 * @code{.c}
 * int64_t deadline = cyd_deadline_after(timeout_ns);
 * rc = cyd_lock_acquire(lock, cyd_deadline_left(deadline));
 * if (!CYD_FAILED(rc)) {
 *     rc = cyd_condition_wait(condition, lock, cyd_deadline_left(deadline));
 * }
 * @endcode
 *
 * \param timeout_ns  Nanoseconds; a negative value is no limit.
 *
 * \return Nanoseconds of CLOCK_MONOTONIC, INT64_MAX at most; -1 for no limit. It means something in this process and its
 *   fork() children.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
int64_t cyd_deadline_after(int64_t timeout_ns);

/**
 * How long it is until a deadline: the `timeout_ns` of the next call.
 *
 * \param deadline  From cyd_deadline_after().
 *
 * \return Nanoseconds; 0 if it has passed, -1 if there is no limit.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
int64_t cyd_deadline_left(int64_t deadline);

/**
 * Lists the processes that take part in a yard, one with each call; the calling one is among them.
 *
 * \param yard    Borrowed.
 * \param cursor  Set it to 0 before the first call; moved on by each call that succeeds.
 * \param out     Receives the handle; close it with cyd_member_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_END      there are no more
 *   - #CYD_E_NULL     a pointer is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *   - #CYD_E_INVALID  a pointer is misaligned
 *   - #CYD_E_NO_MEMORY
 *
 * \par Threads    Any, each with a cursor of its own.
 * \par Processes  Any. Who comes or goes meanwhile may or may not be listed.
 * \par Blocking   Never; a system call for each.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_next_member(const cyd_yard_t *yard, size_t *cursor, cyd_member_t **out);

/**
 * Tells who a member is.
 *
 * \param member  Borrowed.
 * \param out     Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `member` or `out` is NULL, `member` is closed or no member
 *   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_member_info(const cyd_member_t *member, cyd_member_info_t *out);

/**
 * Tells whether a member is here still.
 *
 * \param member  Borrowed.
 * \param out     Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never; one system call.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_member_is_alive(const cyd_member_t *member, bool *out);

/**
 * Waits until a member is gone. cyd_wait_any() waits for several, and for other things as well.
 *
 * After a kill that usually takes less than a millisecond, and more than a slice of 250 ms only while the kernel still tears
 * the dead process down.
 *
 * \param member      Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT      it is still here
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_DEADLOCK     it is the calling process, and `timeout_ns` is negative
 *   - #CYD_E_NO_SLOTS     the table of threads is full: who waits needs a place
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `member` is NULL, closed, no member, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_member_wait(const cyd_member_t *member, int64_t timeout_ns);

/**
 * Closes the handle. NULL is harmless.
 *
 * \param member  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_member_close(cyd_member_t *member);

/**
 * Starts a fork server.
 *
 * \param preload  An entry that the server runs before it serves: what it has done, the server's children find done. If it
 *   does not return 0, the server ends with what it returns. NULL: none.
 * \param bytes    What the entry is called with; copied. May be NULL if `len` is 0.
 * \param len      How many bytes.
 * \param out      Receives the handle; close it with cyd_fork_server_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE      cyd_init() was not called here, so would not be called there
 *   - #CYD_E_UNSUPPORTED  this program has more rights than its caller, so a child would not heed what it is told
 *   - #CYD_E_NOT_FOUND  there is no entry `preload`
 *   - #CYD_E_NO_MEMORY  there is no memory, or no descriptor, left
 *   - #CYD_E_OS, #CYD_E_PERMISSION  the system refuses
 *   - #CYD_E_NAME, #CYD_E_NULL, #CYD_E_INVALID  `preload` is no text; `out`, or `bytes` with a `len`, is NULL; a pointer is
 *     misaligned
 *
 * \par Threads    Any.
 * \par Processes  The server is the calling process's.
 * \par Blocking   Until the program is started; not until it serves.
 * \par Crash      Killed in it, there is a server or none, and it ends.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_fork_server_start(const char *preload, const void *bytes, size_t len, cyd_fork_server_t **out);

/**
 * Waits until a fork server serves.
 *
 * \param server      Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT    it does not yet
 *   - #CYD_E_PEER_DIED  it has ended
 *   - #CYD_E_CANCELLED  a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NOT_OWNER  this is a fork child of the process that started it
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `server` is NULL, closed, no fork server, misaligned
 *
 * \par Threads    Any; another call on the server is waited for.
 * \par Processes  The one that started it.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_fork_server_ready(cyd_fork_server_t *server, int64_t timeout_ns);

/**
 * Tells a fork server's number.
 *
 * \param server  Borrowed.
 * \param out     Receives it.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_fork_server_pid(const cyd_fork_server_t *server, uint32_t *out);

/**
 * Has a fork server make a process that calls the function registered under `entry`, and ends with what that returns.
 *
 * #CYD_PROCESS_DESPITE_THREADS means nothing here.
 *
 * \param server   Borrowed.
 * \param options  Borrowed for the call; NULL means all defaults. At most 251 descriptors can be inherited.
 * \param entry    What cyd_entry_register() was told.
 * \param bytes    What the function is called with; copied. May be NULL if `len` is 0.
 * \param len      How many bytes.
 * \param out      Receives the handle; close it with cyd_process_close(). NULL: none is wanted.
 *
 * \return As cyd_process_spawn(), or
 *   - #CYD_E_PEER_DIED  the server has ended, or has been killed because it did not answer within 10 s: a child may have been
 *     made, which nobody has a handle of, and which goes on
 *   - #CYD_E_STATE      the `preload` entry has left threads in the server
 *   - #CYD_E_RANGE      more than 251 descriptors and ends are to be inherited
 *   - #CYD_E_NOT_OWNER  this is a fork child of the process that started the server
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `server` is closed, or no fork server; a descriptor is not open
 *
 * \par Threads    Any, one after the other.
 * \par Processes  The one that started it.
 * \par Blocking   Until the server serves, and has forked.
 * \par Crash      Killed in it, there is a child or none. One of #CYD_AT_EXIT_KILL dies too.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_fork_server_spawn(cyd_fork_server_t *server, const cyd_process_options_t *options, const char *entry, const void *bytes, size_t len, cyd_process_t **out);

/**
 * Closes the handle: the server ends, its children go on. NULL is harmless.
 *
 * \param server  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but cyd_fork_server_ready(): it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only; in a fork child nothing else happens.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
cyd_status_t cyd_fork_server_close(cyd_fork_server_t *server);

/**
 * Prints every message of at least this importance to standard error, as "[INFO/Process-1] message", one write(2) for each line.
 * Children, however they are made, begin as their maker is then.
 *
 * \param level  A CYD_LOG_ number; #CYD_LOG_OFF ends it.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_INVALID  `level` is no CYD_LOG_ number
 *   - #CYD_E_STATE    a Rust program that this library is linked into has another logger
 *
 * \par Threads    Any.
 * \par Processes  Each for itself; a child begins as its maker.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_log_to_stderr(cyd_log_level_t level);

/**
 * Calls a function with every message of at least this importance, instead of printing it.
 *
 * \param level     A CYD_LOG_ number; #CYD_LOG_OFF ends it.
 * \param listener  Called with the level, the name of the process, the message, both as text that is gone afterwards, and
 *   `argument`. It may be called by several threads at once, and may call this library; a C++ exception must not leave it.
 * \param argument  Whatever `listener` is to have, for as long as the process runs.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_INVALID  `level` is no CYD_LOG_ number
 *   - #CYD_E_NULL     `listener` is NULL
 *   - #CYD_E_STATE    a Rust program that this library is linked into has another logger
 *
 * \par Threads    Any.
 * \par Processes  Each for itself; a forked child begins as its parent, and one that is no copy of its maker has no listener.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_log_to_listener(cyd_log_level_t level, void (*listener)(cyd_log_level_t level, const char *process, const char *message, void *argument), void *argument);

/**
 * Says something, in the name of the calling process.
 *
 * \param level    #CYD_LOG_ERROR to #CYD_LOG_TRACE.
 * \param message  What to say; a text in UTF-8 without a line's end.
 *
 * \return #CYD_OK, also if nobody listens; or
 *   - #CYD_E_INVALID  `level` is none of those
 *   - #CYD_E_NULL     `message` is NULL
 *   - #CYD_E_NAME     `message` is no UTF-8
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As long as who listens.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_log(cyd_log_level_t level, const char *message);

/**
 * Makes a program one that can be started with an entry: in a process that was (cyd_process_spawn(), #cyd_fork_server_t), it
 * runs that entry and does not return. In any other it returns at once.
 *
 * To be called first in main, once the entries are registered: everything before it happens in each of these processes too. A
 * process that cannot read what it was told ends with exit code 126, one that has no such entry with 127. The environment of a
 * program with more rights than its caller (setuid) is not looked at.
 *
 * \param argc  As main has it, or 0.
 * \param argv  As main has it, or NULL. They are not changed; a started process has no arguments but its program's name.
 *
 * \return #CYD_OK.
 *
 * \par Threads    The calling one must be the only one.
 * \par Processes  Each that runs the program.
 * \par Blocking   Never, where it returns.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_init(int argc, const char *const *argv);

/**
 * Has `work` called by each process that is started with this name, which ends with what it returns.
 *
 * A started process runs the same program, so it must register the same entries, before it calls cyd_init().
 *
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param work  Called with the bytes that the process was started with, which are its own as long as it runs; returns
 *   the exit code, of which 8 bits count. A C++ exception must not leave it.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS  the name is taken
 *   - #CYD_E_NAME    `name` is no legal name, or NULL
 *   - #CYD_E_NULL    `work` is NULL
 *
 * \par Threads    Any.
 * \par Processes  Each for itself.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_entry_register(const char *name, int (*work)(const void *bytes, size_t len));

/**
 * Calls `work` in a copy of this process, which ends with what it returns. Returns at once, and in this process only.
 *
 * The child has everything that this process has; handles of this library may be used there at once. It has one thread, a
 * copy of the calling one. At its end it flushes the standard streams and leaves its yards as one who closes, or, if
 * other threads of it run then, as one who died, and flushes `stdout` only, unless somebody has it locked; handlers of
 * atexit(3) are the parent's, and do not run there. What this process's streams hold back is flushed before, if it has no
 * other threads.
 *
 * \param options   Borrowed for the call; NULL means all defaults.
 * \param work      Called in the child with `argument`; returns the exit code, of which 8 bits count. A C++ exception must
 *   not leave it.
 * \param argument  Whatever `work` is to have.
 * \param out       Receives the handle; close it with cyd_process_close(). NULL: none is wanted.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE      this process has other threads than those for notifiers and callbacks: see
 *     #CYD_PROCESS_DESPITE_THREADS. Who has made a pool has one more until the pool has ended
 *   - #CYD_E_NAME       the name in `options` is no legal one
 *   - #CYD_E_NO_MEMORY  there is no memory, or no descriptor, left
 *   - #CYD_E_OS         the system refuses: there may be too many processes
 *   - #CYD_E_NULL       `work` is NULL
 *   - #CYD_E_VERSION    an option is set that this version does not know
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set, `at_exit` is no CYD_AT_EXIT_ number
 *
 * \par Threads    Any; with others about, see #CYD_PROCESS_DESPITE_THREADS.
 * \par Processes  A fork child may fork itself.
 * \par Blocking   Never; a fork takes the longer the more memory this process has.
 * \par Crash      Killed in it, there is a child or none. One of #CYD_AT_EXIT_KILL dies too.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_fork(const cyd_process_options_t *options, int (*work)(void *argument), void *argument, cyd_process_t **out);

/**
 * Starts this program anew, which calls the function that is registered under `entry` as soon as it comes to cyd_init(), and
 * ends with what that returns. Returns as soon as the program runs.
 *
 * The child has no arguments of a command line, the same environment, the standard streams, and the descriptors that `options`
 * name. It finds yards by their names, or by such a descriptor. What this process's streams hold back stays there, and is not
 * flushed.
 *
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param entry    What cyd_entry_register() was told.
 * \param bytes    What the function is called with; copied. May be NULL if `len` is 0.
 * \param len      How many bytes.
 * \param out      Receives the handle; close it with cyd_process_close(). NULL: none is wanted.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE      cyd_init() was not called here, so would not be called there
 *   - #CYD_E_UNSUPPORTED  this program has more rights than its caller, so a child would not heed what it is told
 *   - #CYD_E_NOT_FOUND  there is no such entry
 *   - #CYD_E_NAME       a name is no legal one, or `entry` is NULL
 *   - #CYD_E_NO_MEMORY  there is no memory, or no descriptor, left
 *   - #CYD_E_OS, #CYD_E_PERMISSION  the system refuses
 *   - #CYD_E_NULL       `bytes` is NULL, and `len` is not 0
 *   - #CYD_E_NO_SLOTS   the yard of an end that the child is to hold has no room for one more process
 *   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_UNSUPPORTED  such an end is a closed handle, another noun's, a queue made without sides
 *   - #CYD_E_CLOSED     a descriptor that it is to inherit is not open
 *   - #CYD_E_VERSION    an option is set that this version does not know
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set, `at_exit` is no CYD_AT_EXIT_ number, an end that the
 *     child is to hold is not one thing
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Until the program is started.
 * \par Crash      Killed in it, there is a child or none. One of #CYD_AT_EXIT_KILL dies too.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_spawn(const cyd_process_options_t *options, const char *entry, const void *bytes, size_t len, cyd_process_t **out);

/**
 * Tells a child's number and name.
 *
 * \param process  Borrowed.
 * \param out      Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `process` or `out` is NULL, `process` is closed or no process
 *   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any: a fork child may ask too.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_info(const cyd_process_t *process, cyd_process_info_t *out);

/**
 * Tells whether a child still runs: exact, also right after a signal.
 *
 * \param process  Borrowed.
 * \param out      Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any: a fork child may ask too.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_is_alive(const cyd_process_t *process, bool *out);

/**
 * Waits until a child has ended, and tells how. May be asked again, with the same answer.
 *
 * \param process     Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 * \param out         Receives how it ended. May be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT    it still runs
 *   - #CYD_E_CANCELLED  a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NOT_OWNER  this is a fork child of the process that made it
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `process` is NULL, closed, no process, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that made it.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_join(cyd_process_t *process, int64_t timeout_ns, cyd_exit_t *out);

/**
 * Sends a child a signal. Nothing happens if it has ended: no other process gets it.
 *
 * \param process  Borrowed.
 * \param number   signal(7); SIGTERM asks it to end, SIGKILL kills it.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER   this is a fork child of the process that made it
 *   - #CYD_E_PERMISSION  it has become another user's
 *   - #CYD_E_INVALID     there is no such signal; or `process` is misaligned
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `process` is NULL, closed, no process
 *
 * \par Threads    Any.
 * \par Processes  The one that made it.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_signal(cyd_process_t *process, int number);

/**
 * Asks a child to end: SIGTERM.
 *
 * \param process  Borrowed.
 *
 * \return As cyd_process_signal().
 *
 * \par Threads    Any.
 * \par Processes  The one that made it.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_terminate(cyd_process_t *process);

/**
 * Kills a child: SIGKILL.
 *
 * \param process  Borrowed.
 *
 * \return As cyd_process_signal().
 *
 * \par Threads    Any.
 * \par Processes  The one that made it.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_kill(cyd_process_t *process);

/**
 * Ends a child in steps: calls `ask`; sends SIGTERM if it still runs `asked_ns` later; kills it if it still runs
 * `terminated_ns` after that. Returns when it is reaped.
 *
 * \param process        Borrowed.
 * \param ask            Called once with `argument`; tells the child in whatever way it understands. NULL: it is not asked.
 * \param argument       Whatever `ask` is to have.
 * \param asked_ns       Nanoseconds; 0: SIGTERM at once. A negative value waits without limit.
 * \param terminated_ns  Nanoseconds; 0: SIGKILL at once. A negative value waits without limit.
 * \param out            Receives how it ended. May be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_CANCELLED  a token was cancelled: it may run still
 *   - #CYD_E_NOT_OWNER  this is a fork child of the process that made it
 *   - #CYD_E_PERMISSION  it has become another user's, and has not ended when it was asked
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `process` is NULL, closed, no process, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that made it.
 * \par Blocking   At most both times, and what the kernel needs to end a killed process. Not async-signal-safe.
 * \par Crash      Nothing is shared. Killed in it, the child goes on as its CYD_AT_EXIT_ number says.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_stop(cyd_process_t *process, void (*ask)(void *argument), void *argument, int64_t asked_ns, int64_t terminated_ns, cyd_exit_t *out);

/**
 * A descriptor that poll(2) calls readable when the child has ended: a pidfd (pidfd_open(2)), unless somebody else had reaped the
 * child before it had one. It is the handle's: do not close it.
 *
 * \param process  Borrowed.
 * \param out      Receives the descriptor.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_process_fd(const cyd_process_t *process, int *out);

/**
 * Closes the handle. The child goes on. NULL is harmless.
 *
 * \param process  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
cyd_status_t cyd_process_close(cyd_process_t *process);

/**
 * Waits until whichever child of this process has ended, and tells which, and how. One that has ended before is told as well, if
 * nobody has asked for its end. Of those that nobody has a handle of any more, the last 16 are remembered.
 *
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 * \param out         Receives a handle of it; close it with cyd_process_close(). May be NULL.
 * \param exit        Receives how it ended. May be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT    there are children, and none has ended
 *   - #CYD_E_NO_CHILD   there are none that have not been waited for
 *   - #CYD_E_CANCELLED  a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_MEMORY  there is no memory left
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any. Each child is told to one of them.
 * \par Processes  Each for its own.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_wait_any_child(int64_t timeout_ns, cyd_process_t **out, cyd_exit_t *exit);

/**
 * Lists the children of this process that have not ended, one with each call, in the order in which they were made.
 *
 * \param cursor  Set it to 0 before the first call; moved on by each call that succeeds.
 * \param out     Receives a handle of it; close it with cyd_process_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_END      there are no more
 *   - #CYD_E_NULL     a pointer is NULL
 *   - #CYD_E_INVALID  a pointer is misaligned
 *   - #CYD_E_NO_MEMORY
 *
 * \par Threads    Any, each with a cursor of its own.
 * \par Processes  Each for its own.
 * \par Blocking   Never. Reaps those that have ended.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_next_active_child(size_t *cursor, cyd_process_t **out);

/**
 * Tells the number and the name of the calling process; the name is "MainProcess" if it was not made by this library.
 *
 * \param out  Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, #CYD_E_NULL or #CYD_E_INVALID (a misaligned pointer, `struct_size` is not set).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_this_process(cyd_process_info_t *out);

/**
 * Tells the number of the process that made this one, when it did.
 *
 * \param out  Receives it.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  this process was not made by this library, nor forked from one that uses it
 *   - #CYD_E_NULL, #CYD_E_INVALID  `out` is NULL, or misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_parent_pid(uint32_t *out);

/**
 * Waits until the process that made this one is gone, however it went.
 *
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT      it is still there
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NOT_FOUND, #CYD_E_UNSUPPORTED  this process was not made by this library
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_parent_wait(int64_t timeout_ns);

/**
 * A descriptor that poll(2) calls hung up when the process that made this one is gone. It is the library's: do not close it,
 * and read nothing from it.
 *
 * \param out  Receives the descriptor.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND, #CYD_E_UNSUPPORTED  this process was not made by this library
 *   - #CYD_E_NULL, #CYD_E_INVALID  `out` is NULL, or misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_parent_fd(int *out);

/**
 * Tells a task's number, how far it is, and who is at it.
 *
 * \param future  Borrowed.
 * \param out     Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  this future only looks on (cyd_pool_future()), and the task's owner has no use for it any more
 *   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `future` or `out` is NULL, `future` is closed or no future
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  A fork child may ask too.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_info(const cyd_future_t *future, cyd_future_info_t *out);

/**
 * Waits until a task has ended, however. cyd_wait_futures(), cyd_wait_any() and cyd_wait_all() wait for many.
 *
 * \param future      Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT      it has not; it goes on
 *   - #CYD_E_DEADLOCK     the caller is in this very task
 *   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NOT_FOUND    this future only looks on, and the task's owner has no use for it any more
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      somebody has written into the yard who keeps no rules
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `future` is NULL, closed, no future, misaligned
 *
 * \par Threads    Any.
 * \par Processes  A fork child may wait too.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_wait(cyd_future_t *future, int64_t timeout_ns);

/**
 * Waits until a task has ended, and tells how.
 *
 * \param future      Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 * \param out         Filled as far as its `struct_size` reaches.
 *
 * \return As cyd_future_wait(); #CYD_E_NULL also if `out` is NULL, #CYD_E_INVALID if `struct_size` is not set.
 *
 * \par Threads    Any.
 * \par Processes  A fork child may ask too.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_fate(cyd_future_t *future, int64_t timeout_ns, cyd_fate_t *out);

/**
 * Waits until a task has ended, and copies its result.
 *
 * \param future      Borrowed.
 * \param buffer      Receives the result. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 * \param len         Receives the result's length; with #CYD_E_TOO_LONG too.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_FAILED     the task has; cyd_last_error_message() has its error, as far as it fits: see cyd_future_error()
 *   - #CYD_E_LOST       it was lost; cyd_last_error_message() says of what, cyd_future_fate() too
 *   - #CYD_E_CANCELLED  the task was, or this wait: cyd_future_info() tells
 *   - #CYD_E_TOO_LONG   it is longer than `room` and stays; `len` tells how long
 *   - whatever else cyd_future_wait() answers; #CYD_E_NULL also if `len` is NULL, or `buffer` is and `room` is not 0
 *
 * \par Threads    Any.
 * \par Processes  A fork child may ask too.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_result(cyd_future_t *future, void *buffer, size_t room, int64_t timeout_ns, size_t *len);

/**
 * Copies the error of a task that has failed, as snprintf(3) does: cut to fit, always with a NUL.
 *
 * \param future  Borrowed.
 * \param buffer  Receives the text. NULL with a `room` of 0 only asks for the length.
 * \param room    Bytes of `buffer`.
 * \param len     Receives the length of the whole text, without its NUL; may be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE      the task has not failed
 *   - #CYD_E_NOT_FOUND  this future only looks on, and the task's owner has no use for it any more
 *   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `future` is NULL, closed, no future, misaligned
 *
 * \par Threads    Any.
 * \par Processes  A fork child may ask too.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_error(cyd_future_t *future, char *buffer, size_t room, size_t *len);

/**
 * Has `done` called, once, with how a task has ended: soon after that, or soon if it has ended already.
 *
 * One thread of this process calls all callbacks of all pools, one after the other; those of one task in the order in which
 * they were added. So one that takes its time holds up the others, and nothing else; it may submit tasks, wait for them, and
 * add callbacks.
 *
 * It is called however the task ends: also when the pool is shut down, gives up, or loses its maker. Closing the future takes
 * nothing back: the task stays this process's until its callbacks were called, and the yard stays open. If it cannot be known
 * any more how it has ended (this future only looks on, and the task's owner has no use for it any more), it is told as
 * #CYD_TASK_LOST with #CYD_LOST_UNKNOWN. cyd_pool_join() waits for the callbacks of its pool; the end of the process does not,
 * and those that were not called by then are not called.
 *
 * \param future    Borrowed.
 * \param done      The fate, with its bytes, is gone when it returns. A C++ exception must not leave it.
 * \param argument  Whatever `done` is to have, until it was called.
 *
 * \return #CYD_OK; else `done` will not be called:
 *   - #CYD_E_NO_MEMORY  the process may have no more threads
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `future` or `done` is NULL, `future` is closed or no future
 *   - #CYD_E_INVALID    a misaligned pointer
 *
 * \par Threads    Any. `done` runs in the library's thread for that, which blocks all signals.
 * \par Processes  A fork child calls none of its parent's, and may add its own. One that `done` has forked must not return
 *   from it.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_add_done_callback(const cyd_future_t *future, void (*done)(const cyd_fate_t *fate, void *argument), void *argument);

/**
 * Cancels a task if it waits for a worker still: then it never runs.
 *
 * \param future  Borrowed.
 * \param out     Receives whether it is cancelled; may be NULL.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  A fork child may do it too.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed before the one swap: nothing has changed. Killed after: it is cancelled, and who waits finds it within
 *   a quarter of a second.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_cancel(cyd_future_t *future, bool *out);

/**
 * Cancels a task if it waits, or asks it to stop if it runs: its waits end with #CYD_E_CANCELLED, and cyd_task_is_cancelled()
 * tells it. It may end with a result nevertheless.
 *
 * \param future  Borrowed.
 * \param out     Receives whether it is cancelled, or asked; may be NULL.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  A fork child may do it too.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      It is cancelled, or asked, or not; if it is asked, its waits end within a quarter of a second.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_stop(cyd_future_t *future, bool *out);

/**
 * Cancels a task if it waits, or has its worker killed if it runs: only this task ends with it, and what its worker has in hand
 * because this one waits for it.
 *
 * \param future  Borrowed.
 * \param out     Receives whether it is cancelled, or is going to be; may be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_UNSUPPORTED  it runs in a thread, or is a promise: there is nothing to kill; or in another PID namespace than the
 *     pool's maker is in, who could kill somebody else; or he is gone, and with him who kills: cyd_future_stop() asks all of these
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `future` is NULL, closed, no future, a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  A fork child may do it too.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      It is cancelled, or its worker is condemned, or nothing has changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_future_kill(cyd_future_t *future, bool *out);

/**
 * Closes the handle: its task's result is thrown away, whenever it comes. NULL is harmless.
 *
 * \param future  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  In a fork child nothing else happens: the task is its parent's.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      The result is there until whoever sweeps throws it away.
 * \par Since      0.1
 */
cyd_status_t cyd_future_close(cyd_future_t *future);

/**
 * Calls `entry` with each of the inputs, in chunks of which each is one task. cyd_map_next() gives the results.
 *
 * A function of several arguments takes them as one struct: so this is Python's starmap as well.
 *
 * \param pool     Borrowed; its handle may be closed before the map's.
 * \param entry    As cyd_pool_submit().
 * \param inputs   Borrowed for the call, with their bytes, which are copied; may be NULL when `count` is 0.
 * \param count    How many.
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_map_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NAME     `entry` is no legal name, or NULL
 *   - #CYD_E_RANGE    more than 255 retries
 *   - #CYD_E_VERSION  an option is set that this version does not know
 *   - #CYD_E_NULL     `pool` or `out` is NULL; an input is, and is not empty
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `pool` is closed, or no pool
 *   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never: tasks are submitted as results are asked for.
 * \par Crash      As cyd_pool_submit(), for each.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_map(cyd_pool_t *pool, const char *entry, const cyd_slice_t *inputs, size_t count, const cyd_map_options_t *options, cyd_map_t **out);

/**
 * Calls `entry` with what `next` gives, as long as it gives something: there may be no end of it. cyd_map_next() gives the
 * results.
 *
 * `next` is called by cyd_map_next(), in its thread, as often as the window allows.
 *
 * \param pool      Borrowed; its handle may be closed before the map's.
 * \param entry     As cyd_pool_submit().
 * \param next      Sets its argument to the next input, whose bytes stay until it is called again, and returns 1; or returns 0 if
 *   there is none. A C++ exception must not leave it.
 * \param argument  Whatever `next` is to have, until the map is closed.
 * \param options   Borrowed for the call; NULL means all defaults.
 * \param out       Receives the handle; close it with cyd_map_close().
 *
 * \return As cyd_pool_map(); #CYD_E_NULL also if `next` is NULL.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never: tasks are submitted as results are asked for.
 * \par Crash      As cyd_pool_submit(), for each.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_imap(cyd_pool_t *pool, const char *entry, int (*next)(cyd_slice_t *input, void *argument), void *argument, const cyd_map_options_t *options, cyd_map_t **out);

/**
 * Waits for the next result, and copies it.
 *
 * \param map     Borrowed.
 * \param buffer  Receives the result. May be NULL when `room` is 0.
 * \param room    Bytes of `buffer`.
 * \param len     Receives the result's length; with #CYD_E_TOO_LONG too.
 * \param index   Receives which input it is of, counted from 0, whenever the call is about one; may be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_END       there were no more inputs
 *   - #CYD_E_NULL, #CYD_E_INVALID  also, instead of it: the next input of cyd_pool_imap() is NULL and not empty, or longer than
 *     any memory; the map ends there
 *   - #CYD_E_FAILED    this input has; cyd_last_error_message() has its error
 *   - #CYD_E_LOST      it was lost with its chunk; cyd_last_error_message() says of what
 *   - #CYD_E_CANCELLED  it was cancelled; or the wait was: then nothing is lost, `index` stays as it is, and who asks again goes on
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE): as when the wait was cancelled
 *   - #CYD_E_TIMEOUT   the time is up
 *   - #CYD_E_TOO_LONG  it is longer than `room` and stays; `len` tells how long
 *   - #CYD_E_NOT_OWNER  this is a fork child of the process that made it
 *   - whatever cyd_pool_submit() answers: this input, and all that come, could not be submitted
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `map` or `len` is NULL, or `buffer` is and `room` is not 0; `map`
 *     is closed, no map, misaligned
 *
 * \par Threads    One at a time. What is called meanwhile, the function for the inputs, and in a worker other tasks, must not
 *   ask for a result of the same map.
 * \par Processes  The one that made it.
 * \par Blocking   Until the result is there, or the map's time is up. Not async-signal-safe.
 * \par Crash      As cyd_pool_submit().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_map_next(cyd_map_t *map, void *buffer, size_t room, size_t *len, size_t *index);

/**
 * Closes the handle; what waits for a worker still is cancelled. NULL is harmless.
 *
 * \param map  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  In a fork child nothing else happens: the tasks are its parent's.
 * \par Blocking   Until who waited through it has left, at most 250 ms. Not async-signal-safe.
 * \par Crash      What waits runs, and its results are thrown away.
 * \par Since      0.1
 */
cyd_status_t cyd_map_close(cyd_map_t *map);

/**
 * Makes a pool, and its workers. Beside it lie its queue and its blocks, under its name and ".tasks", ".blocks".
 *
 * \param yard     Where. Borrowed; the pool keeps the yard open by itself.
 * \param name     1 to 56 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_pool_close().
 *
 * If it fails, the name is free still; what there was no more room for may be there already, for whoever makes the same pool.
 *
 * The thread that looks after the workers is one of this process: from here on it has two, and cyd_process_fork() answers
 * #CYD_E_STATE until the pool has ended, unless it is told #CYD_PROCESS_DESPITE_THREADS.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE      cyd_init() was not called; or other threads run, with #CYD_START_FORK
 *   - #CYD_E_UNSUPPORTED  this program has more rights than its caller (setuid), and workers would be it anew
 *   - #CYD_E_NOT_FOUND  there is no such initializer
 *   - #CYD_E_RANGE      an option is out of its range
 *   - #CYD_E_SIZE       `block_bytes` is too little
 *   - #CYD_E_EXISTS     the name is taken
 *   - #CYD_E_NAME       `name` is no legal name, or NULL; it has more than 56 characters
 *   - #CYD_E_NO_SPACE   the yard has no room for it
 *   - #CYD_E_NO_SLOTS   the directory, or the table of processes or threads, is full
 *   - #CYD_E_NO_MEMORY, #CYD_E_OS  no process, thread or descriptor can be made
 *   - #CYD_E_TIMEOUT    another object has been in the making for ten seconds
 *   - #CYD_E_VERSION    an option is set that this version does not know
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set, `method` is no CYD_START_ number
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any; with #CYD_START_FORK the calling one must be the only one.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Until the fork server serves; for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      Killed in it, the pool is there or not, and its workers die too.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_create(cyd_yard_t *yard, const char *name, const cyd_pool_options_t *options, cyd_pool_t **out);

/**
 * Opens a pool that somebody has made, to submit tasks, or to work.
 *
 * \param yard  Where. Borrowed; the pool keeps the yard open by itself.
 * \param name  1 to 56 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_pool_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no pool; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_open(cyd_yard_t *yard, const char *name, cyd_pool_t **out);

/**
 * Gives the pool a task: what the workers have registered under `entry`, with this input. Does not wait for it.
 *
 * An entry that no worker knows fails the task, which says so. In a task of this pool it does not wait for a place: #CYD_E_FULL,
 * when it has worked at all that waits and there is none.
 *
 * \param pool        Borrowed.
 * \param entry       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param input       What the function is called with; copied. May be NULL if `len` is 0.
 * \param len         How many bytes.
 * \param options     Borrowed for the call; NULL means all defaults.
 * \param timeout_ns  How long to wait for a place: 0 tries and never waits, a negative value waits without limit.
 * \param out         Receives the handle of its future; close it with cyd_future_close(). NULL: nobody wants to know.
 *
 * \return #CYD_OK; else nothing was submitted:
 *   - #CYD_E_FULL         there is no place for another task within `timeout_ns`
 *   - #CYD_E_STATE        the pool is shut down, or has given up: cyd_last_error_message() says why
 *   - #CYD_E_TOO_LONG     the input can never fit
 *   - #CYD_E_NO_SPACE     no block is free for it now
 *   - #CYD_E_NAME         `entry` is no legal name, or NULL
 *   - #CYD_E_RANGE        more than 255 retries
 *   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      somebody has written into the yard who keeps no rules
 *   - #CYD_E_VERSION      an option is set that this version does not know
 *   - #CYD_E_NULL         `pool` is NULL, or `input` is and `len` is not 0
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `pool` is closed, or no pool
 *   - #CYD_E_INVALID      a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   At most `timeout_ns`, while there is no place. Not async-signal-safe.
 * \par Crash      Killed before the one store: nothing was submitted. Killed after: it is done, and nobody wants its result.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_submit(cyd_pool_t *pool, const char *entry, const void *input, size_t len, const cyd_task_options_t *options, int64_t timeout_ns, cyd_future_t **out);

/**
 * Has a task done, waits for it, and copies its result.
 *
 * \param pool     Borrowed.
 * \param entry    As cyd_pool_submit().
 * \param input    As cyd_pool_submit().
 * \param len      As cyd_pool_submit().
 * \param options  As cyd_pool_submit().
 * \param buffer   Receives the result. May be NULL when `room` is 0.
 * \param room     Bytes of `buffer`.
 * \param out_len  Receives the result's length; with #CYD_E_TOO_LONG too.
 *
 * \return As cyd_pool_submit() and cyd_future_result(). With #CYD_E_TOO_LONG the result is gone: take cyd_pool_submit() and
 *   cyd_future_result() where nobody knows how long it can be. #CYD_E_INTERRUPTED and #CYD_E_CANCELLED may be of the wait for a
 *   place or of that for the result: the task may be done nevertheless, and nobody hears of it.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Until the task has ended. Not async-signal-safe.
 * \par Crash      As cyd_pool_submit().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_apply(cyd_pool_t *pool, const char *entry, const void *input, size_t len, const cyd_task_options_t *options, void *buffer, size_t room, size_t *out_len);

/**
 * Gives the pool a task, and has `done` called with what became of it: as cyd_future_add_done_callback(), without a future.
 *
 * \param pool      Borrowed.
 * \param entry     As cyd_pool_submit().
 * \param input     As cyd_pool_submit().
 * \param len       As cyd_pool_submit().
 * \param options   As cyd_pool_submit().
 * \param done      As cyd_future_add_done_callback().
 * \param argument  As cyd_future_add_done_callback().
 *
 * \return As cyd_pool_submit(), but that it waits for a place without limit; #CYD_E_NULL also if `done` is NULL;
 *   #CYD_E_NO_MEMORY if the process may have no more threads: then `done` is not called, and the task is cancelled, if it
 *   waits still.
 *
 * \par Threads    Any. `done` runs in the library's thread for that.
 * \par Processes  Any; a fork child has no callbacks of its parent's.
 * \par Blocking   While there is no place. Not async-signal-safe.
 * \par Crash      As cyd_pool_submit().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_apply_async(cyd_pool_t *pool, const char *entry, const void *input, size_t len, const cyd_task_options_t *options, void (*done)(const cyd_fate_t *fate, void *argument), void *argument);

/**
 * Opens the future of a task that somebody else has submitted, for who looks on: it can wait, look and cancel.
 *
 * \param pool  Borrowed.
 * \param id    As cyd_future_info() told it.
 * \param out   Receives the handle; close it with cyd_future_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  its owner has no use for it any more, or it never was
 *   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` or `out` is NULL, `pool` is closed, no pool, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_future(cyd_pool_t *pool, uint64_t id, cyd_future_t **out);

/**
 * Tells how many workers there are to be.
 *
 * \param pool  Borrowed.
 * \param out   Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_size(const cyd_pool_t *pool, size_t *out);

/**
 * Says how many workers there are to be. Those that are too many end when they have nothing in hand.
 *
 * \param pool     Borrowed.
 * \param workers  1 to the `most_workers` that it was made with.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE  it is 0, or too many
 *   - #CYD_E_NO_SLOTS  the yard's tables have fewer places for processes, or threads
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any; the pool's maker sees to it.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      It was said, or not.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_resize(cyd_pool_t *pool, size_t workers);

/**
 * Tells how the tasks stand. Looks at each of them.
 *
 * \param pool  Borrowed.
 * \param out   Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `pool` or `out` is NULL, `pool` is closed or no pool
 *   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_progress(const cyd_pool_t *pool, cyd_progress_t *out);

/**
 * Tells the process numbers of those who work for a pool at this instant, in no order; one that has several threads at work is
 * there so many times.
 *
 * \param pool  Borrowed.
 * \param pids  Receives the first `room` of them; NULL if `room` is 0.
 * \param room  How many `pids` has room for.
 * \param out   Receives how many there are, which may be more.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
 *   `room`).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost system calls.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_workers(const cyd_pool_t *pool, uint32_t *pids, size_t room, size_t *out);

/**
 * Opens the yard that a pool lies in.
 *
 * \param pool  Borrowed.
 * \param out   Receives the handle; close it with cyd_yard_close().
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_yard(const cyd_pool_t *pool, cyd_yard_t **out);

/**
 * Works for a pool in this thread, as one of its workers, until it is shut down and everything is done. Whoever made the pool,
 * and whatever it is written in: who has registered tasks does them.
 *
 * \param pool   Borrowed.
 * \param tasks  Ends also when it has done so many; 0: goes on.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NO_SLOTS   there are as many workers as there can be, or the yard's table of threads is full
 *   - #CYD_E_REVOKED    this worker is to be killed
 *   - #CYD_E_DEADLOCK   the caller is in one of the pool's tasks
 *   - #CYD_E_CANCELLED  the wait was cancelled: see cyd_cancel_t
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
 *
 * \par Threads    Any; each is a worker.
 * \par Processes  Any.
 * \par Blocking   Until the pool is shut down and everything is done, or `tasks` are. Not async-signal-safe.
 * \par Crash      What this worker had in hand is begun again by another one, or lost, and says so.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_work(cyd_pool_t *pool, uint32_t tasks);

/**
 * Shuts a pool down, for everybody and for good.
 *
 * \param pool  Borrowed.
 * \param now   False: no more tasks are taken, what was submitted is done, then the workers end. True: what waits is cancelled,
 *   and so is what runs, whose workers are killed; threads, and workers in another PID namespace than the maker's, are asked to
 *   stop, as everybody is when the maker is gone. It may follow the other.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed before the one store: nothing has changed. Killed after: the pool is shut down, and who waits finds it
 *   within a quarter of a second.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_shutdown(cyd_pool_t *pool, bool now);

/**
 * Tells whether a pool was shut down, or has given up.
 *
 * \param pool  Borrowed.
 * \param out   Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_is_shutdown(const cyd_pool_t *pool, bool *out);

/**
 * Waits until all is done, and the callbacks of this process for its tasks have returned (not if one of them joins); who made the
 * pool also waits until its workers have ended.
 *
 * \param pool        Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE        it was not shut down
 *   - #CYD_E_DEADLOCK     the caller is in one of its tasks
 *   - #CYD_E_TIMEOUT      not yet
 *   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_join(cyd_pool_t *pool, int64_t timeout_ns);

/**
 * Closes the handle. The maker's last one ends the pool at once, as cyd_pool_shutdown() does. NULL is harmless.
 *
 * \param pool  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only; in a fork child of the maker nothing else happens.
 * \par Blocking   Until those have left who waited through it, at most 250 ms, and the maker's workers have ended: in a pool of
 *   threads, as long as the tasks that they are at take, which cannot be killed. Not async-signal-safe.
 * \par Crash      Killed in it, the pool ends as with its maker.
 * \par Since      0.1
 */
cyd_status_t cyd_pool_close(cyd_pool_t *pool);

/**
 * Lends memory for a task's input, to be filled and submitted with cyd_pool_submit_block(), without a copy: one of the pool's own
 * blocks.
 *
 * \param pool        Borrowed.
 * \param len         Bytes of the input.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit. In a task of this pool nobody waits.
 * \param out         Receives the loan: it is this process's until it is submitted, or given back with cyd_pool_free(). The bytes
 *                    are as their last owner left them.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_UNSUPPORTED  the pool was made with #CYD_POOL_SHORT
 *   - #CYD_E_TOO_LONG     no room for it even if nobody had any
 *   - #CYD_E_NO_SPACE     no room now, and `timeout_ns` is 0, or the caller is in a task of this pool
 *   - #CYD_E_BUSY         likewise; it takes several blocks, and somebody else is looking for some
 *   - #CYD_E_TIMEOUT      still no room after `timeout_ns`
 *   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_NULL         `pool` or `out` is NULL
 *   - #CYD_E_INVALID      a pointer is misaligned
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `pool` is closed, or no pool
 *
 * \par Threads    Any. The process owns the loan: any thread may submit it.
 * \par Processes  Any. A fork() child does not own its parent's loans.
 * \par Blocking   Sleeps in the kernel while others have all the blocks that would do. Not async-signal-safe.
 * \par Crash      What a dead process had on loan is free again as soon as somebody looks.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_alloc(cyd_pool_t *pool, size_t len, int64_t timeout_ns, cyd_loan_t *out);

/**
 * Gives the pool a task whose input is what lies in a block: as cyd_pool_submit(), without a copy. A worker whose function is
 * registered with cyd_task_register_block() makes none either.
 *
 * \param pool        Borrowed.
 * \param entry       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param block       A loan's number, or that of any block of this process in the pool's blocks, whose length is the input's. When
 *                    it was submitted it is the task's, comes free with it, and is not to be touched any more.
 * \param options     Borrowed for the call; NULL means all defaults.
 * \param timeout_ns  How long to wait for a place: 0 tries and never waits, a negative value waits without limit.
 * \param out         Receives the handle of its future; close it with cyd_future_close(). NULL: nobody wants to know.
 *
 * \return #CYD_OK; else nothing was submitted, and the block is still the process's if it was:
 *   - #CYD_E_UNSUPPORTED  the pool was made with #CYD_POOL_SHORT
 *   - #CYD_E_STATE        the block was freed a moment ago, is offered, or was submitted already; or as cyd_pool_submit()
 *   - #CYD_E_NOT_FOUND    the number is stale
 *   - #CYD_E_NOT_OWNER    the block is another process's
 *   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
 *   - as cyd_pool_submit(), but neither #CYD_E_TOO_LONG nor #CYD_E_NO_SPACE
 *
 * \par Threads    Any.
 * \par Processes  The one that owns the block.
 * \par Blocking   At most `timeout_ns`, while there is no place. Not async-signal-safe.
 * \par Crash      Killed before the one store: nothing was submitted, and the memory is free again. Killed after: it is done, and
 *   nobody wants its result.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_submit_block(cyd_pool_t *pool, const char *entry, uint64_t block, const cyd_task_options_t *options, int64_t timeout_ns, cyd_future_t **out);

/**
 * Gives a loan back that is not submitted.
 *
 * \param pool   Borrowed.
 * \param block  The number in the loan; 0 is harmless.
 *
 * \return #CYD_OK, or, with nothing changed,
 *   - #CYD_E_STATE        it was given back a moment ago, or submitted
 *   - #CYD_E_NOT_FOUND    the number is stale
 *   - #CYD_E_NOT_OWNER    the block is another process's
 *   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
 *   - #CYD_E_UNSUPPORTED  the pool was made with #CYD_POOL_SHORT
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that owns the memory.
 * \par Blocking   Never; one system call if somebody waits for memory. Not async-signal-safe.
 * \par Crash      Killed on the way: it is free, or a dead process's, which is free as soon as somebody looks.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_free(cyd_pool_t *pool, uint64_t block);

/**
 * Makes a future whose result this process gives itself. It takes a place as a task does.
 *
 * \param pool        Borrowed.
 * \param timeout_ns  How long to wait for a place: 0 tries and never waits, a negative value waits without limit.
 * \param promise     Receives the handle of who gives the result; close it with cyd_promise_close().
 * \param future      Receives the handle of who waits for it; close it with cyd_future_close().
 *
 * \return As cyd_pool_submit(); #CYD_E_NULL also if `promise` or `future` is NULL.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   At most `timeout_ns`, while there is no place. Not async-signal-safe.
 * \par Crash      Killed in it, nothing was promised.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pool_promise(cyd_pool_t *pool, int64_t timeout_ns, cyd_promise_t **promise, cyd_future_t **future);

/**
 * Gives the result.
 *
 * \param promise  Borrowed; it has to be closed still.
 * \param data     The first byte; copied. May be NULL if `len` is 0.
 * \param len      How many bytes.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TOO_LONG, #CYD_E_NO_SPACE  there is no block for it: the future fails, and says so
 *   - #CYD_E_STATE      it was kept already
 *   - #CYD_E_NOT_OWNER  this is a fork child of who promised
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `promise` is NULL, or `data` is and `len` is not 0; `promise` is closed or none
 *   - #CYD_E_INVALID    `len` is more than any memory, `promise` is misaligned
 *
 * \par Threads    One at a time.
 * \par Processes  The one that promised.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed before the one swap: it is lost. Killed after: the result is there, whole.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_promise_set(cyd_promise_t *promise, const void *data, size_t len);

/**
 * Gives an error instead.
 *
 * \param promise  Borrowed; it has to be closed still.
 * \param text     In UTF-8; copied.
 *
 * \return As cyd_promise_set(); #CYD_E_NAME if `text` is NULL, or not UTF-8.
 *
 * \par Threads    One at a time.
 * \par Processes  The one that promised.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As cyd_promise_set().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_promise_fail(cyd_promise_t *promise, const char *text);

/**
 * Tells whether somebody has asked it to stop, or nobody wants its result any more.
 *
 * \param promise  Borrowed.
 * \param out      Receives the answer; true also once it was kept.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    One at a time.
 * \par Processes  A fork child may ask too.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_promise_is_cancelled(cyd_promise_t *promise, bool *out);

/**
 * Closes the handle; a promise that was not kept is broken. NULL is harmless.
 *
 * \param promise  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle.
 * \par Processes  In a fork child nothing else happens: the promise is its parent's.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      The future tells that it was lost.
 * \par Since      0.1
 */
cyd_status_t cyd_promise_close(cyd_promise_t *promise);

/**
 * Has workers of this program call `work` for tasks that are submitted under this name.
 *
 * Every process whose workers are to know it registers it before its workers begin: a program that starts itself anew for them
 * does so before it calls cyd_init(). Programs in other languages register what they like under the same name.
 *
 * \param name      1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param work      Called with the task, its input, which is gone afterwards, and `argument`. It gives the result with
 *   cyd_task_return(), or an error with cyd_task_fail(), and returns 0 if the task is done, anything else if it has failed. A
 *   C++ exception must not leave it. In a pool of threads it is called by several at once.
 * \param argument  Whatever `work` is to have, for as long as the process runs.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS  the name is taken
 *   - #CYD_E_NAME    `name` is no legal name, or NULL
 *   - #CYD_E_NULL    `work` is NULL
 *
 * \par Threads    Any.
 * \par Processes  Each for itself.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_register(const char *name, int (*work)(cyd_task_t *task, const void *input, size_t len, void *argument), void *argument);

/**
 * As cyd_task_register(), for a function that reads its input where it lies: a long one is not copied, whether it was submitted
 * by cyd_pool_submit() or by cyd_pool_submit_block(). Whoever submits need not know which of the two is registered.
 *
 * \param name      As cyd_task_register().
 * \param work      As cyd_task_register(). Its input stays until the task has ended, also if who submitted it dies; a task that is
 *   begun again finds it again. A peer that keeps no rules may change the bytes at any time.
 * \param argument  As cyd_task_register().
 *
 * \return As cyd_task_register().
 *
 * \par Threads    Any.
 * \par Processes  Each for itself.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_register_block(const char *name, int (*work)(cyd_task_t *task, const void *input, size_t len, void *argument), void *argument);

/**
 * Gives a task's result; the last one counts. Without it the result is empty.
 *
 * \param task  What the function was called with.
 * \param data  The first byte; copied. May be NULL if `len` is 0.
 * \param len   How many bytes. More than the pool's blocks have room for fail the task.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL     `task` is NULL, or `data` is and `len` is not 0
 *   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
 *   - #CYD_E_INVALID  `len` is more than any memory, `task` is misaligned
 *
 * \par Threads    The one that the function was called in.
 * \par Processes  The worker.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared before the function has returned.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_return(cyd_task_t *task, const void *data, size_t len);

/**
 * Says why a task fails, for a function that returns something else than 0 then; the last one counts.
 *
 * \param task  What the function was called with.
 * \param text  In UTF-8; copied.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL     `task` is NULL
 *   - #CYD_E_NAME     `text` is NULL, or not UTF-8
 *   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
 *   - #CYD_E_INVALID  `task` is misaligned
 *
 * \par Threads    The one that the function was called in.
 * \par Processes  The worker.
 * \par Blocking   Never.
 * \par Crash      Nothing is shared before the function has returned.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_fail(cyd_task_t *task, const char *text);

/**
 * Tells a task's number, and how often it was begun before.
 *
 * \param task  What the function was called with.
 * \param out   Filled as far as its `struct_size` reaches.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL     `task` or `out` is NULL
 *   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
 *   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    The one that the function was called in.
 * \par Processes  The worker.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_info(const cyd_task_t *task, cyd_task_info_t *out);

/**
 * Tells whether a task was asked to stop. Its waits end with #CYD_E_CANCELLED then; one that only computes looks here from
 * time to time.
 *
 * \param task  What the function was called with.
 * \param out   Receives the answer.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL     `task` or `out` is NULL
 *   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
 *   - #CYD_E_INVALID  a pointer is misaligned
 *
 * \par Threads    The one that the function was called in.
 * \par Processes  The worker.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_is_cancelled(const cyd_task_t *task, bool *out);

/**
 * Opens the pool that a task is one of, to submit others. Who waits for them works at others meanwhile.
 *
 * \param task  What the function was called with.
 * \param out   Receives the handle; close it with cyd_pool_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL     `task` or `out` is NULL
 *   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
 *   - #CYD_E_INVALID  a pointer is misaligned
 *
 * \par Threads    The one that the function was called in; the pool's handle is good for any.
 * \par Processes  The worker.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_pool(const cyd_task_t *task, cyd_pool_t **out);

/**
 * Opens the yard that a task's pool lies in, to open there what the input refers to.
 *
 * \param task  What the function was called with.
 * \param out   Receives the handle; close it with cyd_yard_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NULL     `task` or `out` is NULL
 *   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
 *   - #CYD_E_INVALID  a pointer is misaligned
 *
 * \par Threads    The one that the function was called in; the yard's handle is good for any.
 * \par Processes  The worker.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_task_yard(const cyd_task_t *task, cyd_yard_t **out);

/**
 * Waits until one of several objects is ready; tells which. If several are, the one that comes first in the list: begin the
 * next list with another one if none may starve.
 *
 * Ready means what poll() means by it: nothing is taken. Try then, with a timeout of 0, and wait again if somebody else was
 * quicker. What is ready for a moment only, as an event that is cleared at once, may be missed.
 *
 *   a handle of           | is ready when
 *   ----------------------|-----------------------------------------------------------------------
 *   cyd_event_t           | it is set
 *   cyd_semaphore_t       | there is a permit
 *   cyd_queue_t           | there is something to get, or it is shut down
 *   cyd_lifo_queue_t      | the same
 *   cyd_priority_queue_t  | the same
 *   cyd_permits_t         | one is free
 *   cyd_receiver_t        | there is something to receive, or the sender is gone
 *   cyd_sender_t          | there is room for the longest record, or the receiver is gone
 *   cyd_connection_t      | there is something to receive, or nobody holds the other end any more; of
 *                         | one that only sends: there is room for the longest message, or the same
 *   cyd_writable_t        | there is room in the queue or the pipe, or will never be any more
 *   cyd_member_t          | its process is gone
 *   cyd_future_t          | its task has ended
 *   cyd_process_t         | it has ended, and its exit is known
 *
 * @code{.c}
 * void *both[] = {stop, receiver};
 * size_t which;
 * rc = cyd_wait_any(both, 2, -1, &which);
 * if (rc == CYD_OK && which == 1) {
 *     rc = cyd_receiver_recv(receiver, buffer, sizeof buffer, 0, &len);
 * }
 * @endcode
 *
 * Up to 16 objects the caller is woken by these alone. With more it is woken by others of the yard as well that become
 * ready while somebody waits for many; it then looks at all of its own and goes on waiting. With a process among them it
 * waits on descriptors, and the thread that serves cyd_notifier_t tells it of the others.
 *
 * \param handles     Pointers to handles of the types above, all of one yard (a process is of none), none of them twice.
 *                    Borrowed.
 * \param count       How many; at least 1.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 * \param index       Receives the place in the list.
 *
 * \return #CYD_OK, or, and cyd_last_error_message() names the place that is meant,
 *   - #CYD_E_TIMEOUT      none was ready in time
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_INVALID      the list is empty, has an object twice, or a misaligned pointer
 *   - #CYD_E_FOREIGN      an object lies in another yard than the others
 *   - #CYD_E_DEADLOCK     it is the very task that the caller is in
 *   - #CYD_E_NOT_OWNER    an end of a ring is held by the parent of this fork() child, or a process is its child
 *   - #CYD_E_UNSUPPORTED  an end of a ring that was made for spinning
 *   - #CYD_E_NO_SLOTS     none is ready, and the table of threads is full
 *   - #CYD_E_NO_MEMORY    a process is among them, and this one may have no more descriptors or threads
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  a pointer is NULL; a handle is closed (also during the wait), or nothing
 *     that can be waited for
 *
 * \par Threads    Any; an end of a ring by one at a time, as in its other calls.
 * \par Processes  Any; an end of a ring in the one that took it.
 * \par Blocking   At most `timeout_ns`; no system call if one is ready. Not async-signal-safe.
 * \par Crash      Nothing is taken. Who waits for the same goes on within a slice of 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_wait_any(void *const *handles, size_t count, int64_t timeout_ns, size_t *index);

/**
 * As cyd_wait_any(), and tells of each object whether it is ready.
 *
 * \param handles     As cyd_wait_any().
 * \param count       As cyd_wait_any().
 * \param timeout_ns  As cyd_wait_any().
 * \param ready       Room for `count`; receives true for each that is ready.
 *
 * \return As cyd_wait_any().
 *
 * \par Threads    As cyd_wait_any().
 * \par Processes  As cyd_wait_any().
 * \par Blocking   As cyd_wait_any().
 * \par Crash      As cyd_wait_any().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_wait_some(void *const *handles, size_t count, int64_t timeout_ns, bool *ready);

/**
 * Waits until all of several objects were ready in one look. What is ready for a moment only, while another is not, does
 * not count.
 *
 * \param handles     As cyd_wait_any().
 * \param count       As cyd_wait_any().
 * \param timeout_ns  As cyd_wait_any().
 *
 * \return As cyd_wait_any().
 *
 * \par Threads    As cyd_wait_any().
 * \par Processes  As cyd_wait_any().
 * \par Blocking   As cyd_wait_any().
 * \par Crash      As cyd_wait_any().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_wait_all(void *const *handles, size_t count, int64_t timeout_ns);

/**
 * Waits until one of several tasks has ended, or one with an error, or all; tells which have.
 *
 * A worker that waits for tasks of its own pool works at others meanwhile, as in cyd_future_wait().
 *
 * To take them as they come: wait for the first, take those that have ended off the list, and wait for the others.
 *
 * \param futures     Futures of pools of one yard, none of them twice. Borrowed.
 * \param count       How many; at least 1.
 * \param until       A CYD_RETURN_ number.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 * \param done        Room for `count`; receives true for each whose task has ended. With #CYD_E_TIMEOUT too.
 * \param done_count  Receives how many those are, likewise; may be NULL.
 *
 * \return #CYD_OK, or, and cyd_last_error_message() names the place that is meant,
 *   - #CYD_E_TIMEOUT      not yet; `done` tells which have ended
 *   - #CYD_E_CANCELLED    the wait was: see cyd_cancel_t
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_INVALID      the list is empty, has a task twice, or a misaligned pointer; `until` is no CYD_RETURN_ number
 *   - #CYD_E_FOREIGN      a future is of a pool in another yard than the first
 *   - #CYD_E_DEADLOCK     it is the very task that the caller is in
 *   - #CYD_E_NO_SLOTS     the yard's table of threads is full
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  a pointer is NULL; a handle is closed (also during the wait), or no future
 *
 * \par Threads    Any.
 * \par Processes  A fork child may wait too.
 * \par Blocking   At most `timeout_ns`. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_wait_futures(cyd_future_t *const *futures, size_t count, cyd_return_when_t until, int64_t timeout_ns, bool *done, size_t *done_count);

/**
 * Makes a descriptor that tells when an object is ready.
 *
 * @code{.c}
 * cyd_notifier_t *notifier;
 * struct pollfd it = {.events = POLLIN};
 * rc = cyd_notifier_create(queue, &notifier);
 * rc = cyd_notifier_fd(notifier, &it.fd);
 * for (;;) {
 *     poll(&it, 1, -1);
 *     rc = cyd_notifier_clear(notifier);
 *     while (cyd_queue_get(queue, buffer, sizeof buffer, 0, &len) == CYD_OK) {
 *         work(buffer, len);
 *     }
 * }
 * @endcode
 *
 * \param handle  A handle of a type that cyd_wait_any() takes. Borrowed for the call.
 * \param out     Receives the handle; close it with cyd_notifier_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NO_MEMORY    the process may have no more descriptors (cyd_last_os_error() is EMFILE), or threads
 *   - #CYD_E_NOT_OWNER    an end of a ring is held by the parent of this fork() child
 *   - #CYD_E_UNSUPPORTED  an end of a ring that was made for spinning; a process, which has a descriptor: cyd_process_fd()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  a pointer is NULL; `handle` is closed, or nothing that can be waited for
 *   - #CYD_E_INVALID      a pointer is misaligned
 *
 * \par Threads    Any; an end of a ring by one at a time, as in its other calls.
 * \par Processes  Any. The descriptor is closed by exec().
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is taken; what was announced in the object goes with the next change of it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_notifier_create(void *handle, cyd_notifier_t **out);

/**
 * Gives the descriptor of a notifier.
 *
 * \param notifier  Borrowed.
 * \param out       Receives the number. It stays the library's: do not close it, and do not use it after the notifier is closed.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  In a fork() child it is the parent's descriptor too: what one reads the other does not.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_notifier_fd(const cyd_notifier_t *notifier, int *out);

/**
 * Makes the descriptor not readable, and readable again as soon as the object is ready, which may be at once.
 *
 * \param notifier  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the caller is a fork() child of the process that made it
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `notifier` is NULL, closed, no notifier, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that made it.
 * \par Blocking   Never; one system call, or two. Not async-signal-safe.
 * \par Crash      Nothing is taken. Who waits for the same object goes on as ever.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_notifier_clear(const cyd_notifier_t *notifier);

/**
 * Closes the notifier, and its descriptor. NULL is harmless. Take the descriptor out of whatever waits for it before.
 *
 * \param notifier  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_notifier_close(cyd_notifier_t *notifier);

/**
 * A queue as something to wait for: any message that needs no block can be put, which is one of up to `inline_max` bytes, or the
 * queue is shut down, or, of a queue that tells of its sides, the last consumer is gone.
 *
 * A longer message may still find no block, and in a queue with a limit in bytes no room: then wait with the put itself.
 *
 * \param queue  Borrowed for the call.
 * \param out    Receives the handle; close it with cyd_writable_close().
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID (a misaligned pointer) or #CYD_E_NO_MEMORY.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_writable(const cyd_queue_t *queue, cyd_writable_t **out);

/**
 * A last-in-first-out queue as something to wait for: there is room for a message, or it is shut down.
 *
 * \param queue  Borrowed for the call.
 * \param out    As cyd_queue_writable().
 *
 * \return As cyd_queue_writable().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_writable(const cyd_lifo_queue_t *queue, cyd_writable_t **out);

/**
 * A priority queue as something to wait for: there is room for a message, or it is shut down.
 *
 * \param queue  Borrowed for the call.
 * \param out    As cyd_queue_writable().
 *
 * \return As cyd_queue_writable().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_writable(const cyd_priority_queue_t *queue, cyd_writable_t **out);

/**
 * An end of a pipe as something to wait for: there is room for the longest message, or nobody holds the other end any more.
 *
 * \param connection  Borrowed for the call.
 * \param out         As cyd_queue_writable().
 *
 * \return As cyd_queue_writable(); #CYD_E_INVALID also if the end does not send.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_connection_writable(const cyd_connection_t *connection, cyd_writable_t **out);

/**
 * Closes a handle. NULL is harmless.
 *
 * \param writable  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_writable_close(cyd_writable_t *writable);

/**
 * Makes a value; it is 0.
 *
 * \param yard  Where. Borrowed; the value keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param type  A CYD_TYPE_ number.
 * \param out   Receives the handle; close it with cyd_value_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   `type` is no type, a pointer is misaligned
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The value exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_create(cyd_yard_t *yard, const char *name, cyd_type_t type, cyd_value_t **out);

/**
 * Opens a value.
 *
 * \param yard  Where. Borrowed; the value keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param type  A CYD_TYPE_ number, or #CYD_TYPE_ANY.
 * \param out   Receives the handle; close it with cyd_value_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no value; or `yard` is no yard
 *   - #CYD_E_MISMATCH   it is a value of another type
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_INVALID    `type` is no type, a pointer is misaligned
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_open(cyd_yard_t *yard, const char *name, cyd_type_t type, cyd_value_t **out);

/**
 * Opens a value of this type, or makes it.
 *
 * \param yard  Where. Borrowed; the value keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param type  A CYD_TYPE_ number.
 * \param out   Receives the handle; close it with cyd_value_close().
 *
 * \return As cyd_value_open() and cyd_value_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same value.
 * \par Blocking   As cyd_value_create().
 * \par Crash      As cyd_value_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_open_or_create(cyd_yard_t *yard, const char *name, cyd_type_t type, cyd_value_t **out);

/**
 * Tells the type of a value.
 *
 * \param value  Borrowed.
 * \param out    Receives a CYD_TYPE_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_type(const cyd_value_t *value, cyd_type_t *out);

/**
 * Reads a value.
 *
 * CYD_VALUE_GET(value, &x) finds the type by itself.
 *
 * \param value  Borrowed.
 * \param type   What the caller takes it for.
 * \param out    Receives the number: as many bytes as the type has, which need not be aligned.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TYPE  the value is of another type, or `value` is no value
 *   - #CYD_E_NULL  `value` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_INVALID  `value` is closed, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_get(const cyd_value_t *value, cyd_type_t type, void *out);

/**
 * Stores a number.
 *
 * CYD_VALUE_SET(value, &x) finds the type by itself.
 *
 * \param value  Borrowed.
 * \param type   What the caller takes it for.
 * \param in     The number: as many bytes as the type has, which need not be aligned. Borrowed for the call.
 *
 * \return As cyd_value_get().
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Stored, or not: one store.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_set(cyd_value_t *value, cyd_type_t type, const void *in);

/**
 * Combines the value with a number in one step, and tells what it was before.
 *
 * CYD_VALUE_FETCH(value, op, &x, &old) finds the type by itself.
 *
 * \param value    Borrowed.
 * \param type     What the caller takes it for.
 * \param op       A CYD_OP_ number.
 * \param operand  As many bytes as the type has, which need not be aligned. Borrowed for the call.
 * \param old      Receives the number as it was before; may be NULL.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TYPE         the value is of another type, or `value` is no value
 *   - #CYD_E_UNSUPPORTED  the type does not know the operation
 *   - #CYD_E_INVALID      `op` is no operation, `value` is misaligned
 *   - #CYD_E_NULL         `value` or `operand` is NULL
 *   - #CYD_E_CLOSED       `value` is closed
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never: lock-free. Async-signal-safe.
 * \par Crash      Done, or not: one atomic step.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_fetch(cyd_value_t *value, cyd_type_t type, cyd_op_t op, const void *operand, void *old);

/**
 * Stores a number if the value is, bit for bit, the expected one.
 *
 * CYD_VALUE_COMPARE_EXCHANGE(value, &expected, &desired, &done) finds the type by itself.
 *
 * \param value     Borrowed.
 * \param type      What the caller takes it for.
 * \param expected  As many bytes as the type has, which need not be aligned. If the value is another, that is
 *                  written here.
 * \param desired   The number to store. Borrowed for the call.
 * \param done      Receives true if it was stored, false if the value is another.
 *
 * \return #CYD_OK, whether or not it was stored, or
 *   - #CYD_E_TYPE     the value is of another type, or `value` is no value
 *   - #CYD_E_NULL     a pointer is NULL
 *   - #CYD_E_CLOSED, #CYD_E_INVALID  `value` is closed, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Done, or not: one atomic step.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_value_compare_exchange(cyd_value_t *value, cyd_type_t type, void *expected, const void *desired, bool *done);

/**
 * Closes a handle on a value. NULL is harmless.
 *
 * \param value  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_value_close(cyd_value_t *value);

/**
 * Makes a struct; it is all zeros.
 *
 * \param yard       Where. Borrowed; the struct keeps the yard open by itself.
 * \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param size       sizeof the struct: 1 to 4096.
 * \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
 * \param out        Receives the handle; close it with cyd_struct_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_SIZE      there is no such struct: `size` or `alignment` is out of range
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   a pointer is misaligned
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The struct exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_create(cyd_yard_t *yard, const char *name, size_t size, size_t alignment, cyd_struct_t **out);

/**
 * Opens a struct.
 *
 * \param yard       Where. Borrowed; the struct keeps the yard open by itself.
 * \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param size       sizeof the struct; 0: whatever it has.
 * \param alignment  _Alignof the struct; ignored if `size` is 0.
 * \param out        Receives the handle; close it with cyd_struct_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no struct; or `yard` is no yard
 *   - #CYD_E_MISMATCH   it has another size or alignment; cyd_last_error_message() names both
 *   - #CYD_E_SIZE       there is no such struct: `size` or `alignment` is out of range
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_INVALID    a pointer is misaligned
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_open(cyd_yard_t *yard, const char *name, size_t size, size_t alignment, cyd_struct_t **out);

/**
 * Opens a struct of this size and alignment, or makes it.
 *
 * \param yard       Where. Borrowed; the struct keeps the yard open by itself.
 * \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param size       sizeof the struct: 1 to 4096.
 * \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
 * \param out        Receives the handle; close it with cyd_struct_close().
 *
 * \return As cyd_struct_open() and cyd_struct_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same struct.
 * \par Blocking   As cyd_struct_create().
 * \par Crash      As cyd_struct_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_open_or_create(cyd_yard_t *yard, const char *name, size_t size, size_t alignment, cyd_struct_t **out);

/**
 * Tells size and alignment of a struct.
 *
 * \param it         Borrowed.
 * \param size       Receives its bytes.
 * \param alignment  Receives its alignment; may be NULL.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_size(const cyd_struct_t *it, size_t *size, size_t *alignment);

/**
 * Reads a struct.
 *
 * \param it    Borrowed.
 * \param out   Receives the value; it need not be aligned. After an error other than those of the arguments its bytes
 *              are no value.
 * \param size  Of the value: what the struct has.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_SIZE     `size` is not what the struct has
 *   - #CYD_E_TIMEOUT  for ten seconds writers left no moment to read
 *   - #CYD_E_CORRUPT  somebody writes without keeping the rules
 *   - #CYD_E_NO_SLOTS, #CYD_E_UNSUPPORTED, #CYD_E_INTERRUPTED  as cyd_struct_set(), if the writers' lock was needed
 *   - #CYD_E_NULL     `it` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `it` is closed, no struct, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   No lock and no system call, unless writers came in between 64 times running; then it waits for their
 *   lock, ten seconds at most. A writer that is stopped or dead holds up nobody. Not async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_get(const cyd_struct_t *it, void *out, size_t size);

/**
 * Stores a struct.
 *
 * \param it          Borrowed.
 * \param in          The value; it need not be aligned. Borrowed for the call.
 * \param size        Of the value: what the struct has.
 * \param timeout_ns  For other writers: 0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_SIZE         `size` is not what the struct has
 *   - #CYD_E_BUSY         somebody else is writing, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      somebody else still is after `timeout_ns`
 *   - #CYD_E_DEADLOCK     in a function that cyd_struct_update() calls for the same struct, without limit
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_NULL         `it` or `in` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `it` is closed, no struct, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Sleeps in the kernel while another writer lives and is not done. Not async-signal-safe.
 * \par Crash      Killed before the one store that commits: the old value. Killed after: the new one. The next writer
 *   goes on at once.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_set(cyd_struct_t *it, const void *in, size_t size, int64_t timeout_ns);

/**
 * Changes a struct: `change` gets a private copy, which is stored when it returns. Writers wait meanwhile, readers get
 * the old value.
 *
 * \param it          Borrowed.
 * \param size        What `change` takes the struct for: what it has.
 * \param timeout_ns  As cyd_struct_set().
 * \param change      Called once, in the calling thread, with the copy, which is aligned to 64. It may read the
 *                    struct; it must not store it. It must return: not by longjmp(), not by an exception.
 * \param context     Handed to `change`.
 *
 * \return As cyd_struct_set(), and
 *   - #CYD_E_NULL       `it` or `change` is NULL
 *   - #CYD_E_CORRUPT    somebody writes without keeping the rules; `change` was not called
 *   - #CYD_E_NOT_OWNER  `change` has called fork() and this is the child, or has taken the thread out of the yard:
 *     nothing is stored
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_struct_set(). Not async-signal-safe.
 * \par Crash      As cyd_struct_set().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_update(cyd_struct_t *it, size_t size, int64_t timeout_ns, void (*change)(void *value, void *context), void *context);

/**
 * Closes a handle on a struct. NULL is harmless.
 *
 * \param it    Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_struct_close(cyd_struct_t *it);

/**
 * Makes an array; its elements are 0.
 *
 * \param yard     Where. Borrowed; the array keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param type     A CYD_TYPE_ number.
 * \param len      How many elements: at least 1.
 * \param options  NULL for all defaults. Borrowed for the call.
 * \param out      Receives the handle; close it with cyd_array_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE                `len` is 0
 *   - #CYD_E_SIZE                 there cannot be so many bytes
 *   - #CYD_E_EXISTS               the name is taken
 *   - #CYD_E_NAME                 `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE             the yard is full
 *   - #CYD_E_NO_SLOTS             the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT              another object has been in the making for ten seconds
 *   - #CYD_E_INVALID              `type` is no type, a pointer is misaligned, `struct_size` is not set
 *   - #CYD_E_VERSION              `options` asks for what this library does not know
 *   - #CYD_E_NULL                 `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The array exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_create(cyd_yard_t *yard, const char *name, cyd_type_t type, size_t len, const cyd_array_options_t *options, cyd_array_t **out);

/**
 * Opens an array, however long.
 *
 * \param yard  Where. Borrowed; the array keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param type  A CYD_TYPE_ number, or #CYD_TYPE_ANY.
 * \param out   Receives the handle; close it with cyd_array_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no array; or `yard` is no yard
 *   - #CYD_E_MISMATCH   its elements are of another type, or structs
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_INVALID    `type` is no type, a pointer is misaligned
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_open(cyd_yard_t *yard, const char *name, cyd_type_t type, cyd_array_t **out);

/**
 * Opens an array of this type, length and options, or makes it.
 *
 * \param yard     Where. Borrowed; the array keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param type     A CYD_TYPE_ number.
 * \param len      How many elements: at least 1.
 * \param options  NULL for all defaults. Borrowed for the call.
 * \param out      Receives the handle; close it with cyd_array_close().
 *
 * \return As cyd_array_open() and cyd_array_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH also if it has another length or other options.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same array.
 * \par Blocking   As cyd_array_create().
 * \par Crash      As cyd_array_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_open_or_create(cyd_yard_t *yard, const char *name, cyd_type_t type, size_t len, const cyd_array_options_t *options, cyd_array_t **out);

/**
 * Tells how many elements an array has.
 *
 * \param array  Borrowed.
 * \param out    Receives the answer: at least 1.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_len(const cyd_array_t *array, size_t *out);

/**
 * Tells the type of an array's elements.
 *
 * \param array  Borrowed.
 * \param out    Receives a CYD_TYPE_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_type(const cyd_array_t *array, cyd_type_t *out);

/**
 * Reads an element.
 *
 * CYD_ARRAY_GET(array, index, &x) finds the type by itself.
 *
 * \param array  Borrowed.
 * \param type   What the caller takes the elements for.
 * \param index  From 0 on.
 * \param out    Receives the number: as many bytes as the type has, which need not be aligned.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE                   there is no such element
 *   - #CYD_E_TYPE                    the array is of another type, or `array` is no array
 *   - #CYD_E_NULL                    `array` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_INVALID  `array` is closed, misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_get(const cyd_array_t *array, cyd_type_t type, size_t index, void *out);

/**
 * Stores an element.
 *
 * CYD_ARRAY_SET(array, index, &x) finds the type by itself.
 *
 * \param array  Borrowed.
 * \param type   What the caller takes the elements for.
 * \param index  From 0 on.
 * \param in     The number: as many bytes as the type has, which need not be aligned. Borrowed for the call.
 *
 * \return As cyd_array_get().
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Stored, or not: one store.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_set(cyd_array_t *array, cyd_type_t type, size_t index, const void *in);

/**
 * Combines an element with a number in one step, and tells what it was before.
 *
 * CYD_ARRAY_FETCH(array, index, op, &x, &old) finds the type by itself.
 *
 * \param array    Borrowed.
 * \param type     What the caller takes the elements for.
 * \param index    From 0 on.
 * \param op       A CYD_OP_ number.
 * \param operand  As many bytes as the type has, which need not be aligned. Borrowed for the call.
 * \param old      Receives the number as it was before; may be NULL.
 *
 * \return As cyd_array_get(), and
 *   - #CYD_E_UNSUPPORTED  the type does not know the operation
 *   - #CYD_E_INVALID      `op` is no operation
 *   - #CYD_E_NULL         `operand` is NULL
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never: lock-free. Async-signal-safe.
 * \par Crash      Done, or not: one atomic step.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_fetch(cyd_array_t *array, cyd_type_t type, size_t index, cyd_op_t op, const void *operand, void *old);

/**
 * Stores a number if the element is, bit for bit, the expected one.
 *
 * CYD_ARRAY_COMPARE_EXCHANGE(array, index, &expected, &desired, &done) finds the type by itself.
 *
 * \param array     Borrowed.
 * \param type      What the caller takes the elements for.
 * \param index     From 0 on.
 * \param expected  As many bytes as the type has, which need not be aligned. If the element is another, that is
 *                  written here.
 * \param desired   The number to store. Borrowed for the call.
 * \param done      Receives true if it was stored, false if the element is another.
 *
 * \return #CYD_OK, whether or not it was stored, or as cyd_array_get(); #CYD_E_INVALID also if `done` is misaligned.
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Done, or not: one atomic step.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_compare_exchange(cyd_array_t *array, cyd_type_t type, size_t index, void *expected, const void *desired, bool *done);

/**
 * Reads a run of elements, each atomically, in their order; not the run as a whole.
 *
 * CYD_ARRAY_READ(array, start, count, first) finds the type by itself.
 *
 * \param array  Borrowed.
 * \param type   What the caller takes the elements for.
 * \param start  The first element.
 * \param count  How many; 0 is nothing.
 * \param out    Receives the numbers, side by side; they need not be aligned. May be NULL if `count` is 0.
 *
 * \return As cyd_array_get(); #CYD_E_RANGE if the array does not have them all: then none is read.
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_read(const cyd_array_t *array, cyd_type_t type, size_t start, size_t count, void *out);

/**
 * Stores a run of elements, each atomically, in their order; not the run as a whole.
 *
 * CYD_ARRAY_WRITE(array, start, count, first) finds the type by itself.
 *
 * \param array  Borrowed.
 * \param type   What the caller takes the elements for.
 * \param start  The first element.
 * \param count  How many; 0 is nothing.
 * \param in     The numbers, side by side; they need not be aligned. Borrowed for the call. May be NULL if `count` is 0.
 *
 * \return As cyd_array_get(); #CYD_E_RANGE if the array does not have them all: then none is stored.
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      A beginning of them is stored; no element is torn.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_write(cyd_array_t *array, cyd_type_t type, size_t start, size_t count, const void *in);

/**
 * Stores one number in a run of elements, each atomically, in their order.
 *
 * CYD_ARRAY_FILL(array, start, count, &x) finds the type by itself.
 *
 * \param array  Borrowed.
 * \param type   What the caller takes the elements for.
 * \param start  The first element.
 * \param count  How many; 0 is nothing.
 * \param in     The number: as many bytes as the type has, which need not be aligned. Borrowed for the call.
 *
 * \return As cyd_array_get(); #CYD_E_RANGE if the array does not have them all: then none is stored.
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Never. Async-signal-safe.
 * \par Crash      A beginning of them is stored; no element is torn.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_fill(cyd_array_t *array, cyd_type_t type, size_t start, size_t count, const void *in);

/**
 * Takes the array's own lock, at once if the calling thread holds it already. Each taking needs its own
 * cyd_array_unlock().
 *
 * It is for changes of several elements that others, who take the lock too, must see together. Nothing takes it by
 * itself, and no other call waits for it. If the owner dies, the next taker gets the lock and #CYD_OWNER_DIED: make
 * the elements whole, then call cyd_array_repaired().
 *
 * \param array       Borrowed. Made with cyd_array_options_t.lock.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK or #CYD_OWNER_DIED: the lock is yours; or
 *   - #CYD_E_UNSUPPORTED  the array has no lock; or the thread can own nothing: it was made by a bare clone()
 *   - #CYD_E_BUSY         another thread has it, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      another thread still has it after `timeout_ns`
 *   - #CYD_E_RANGE        the calling thread has taken it 2^32 - 1 times; nothing is changed
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `array` is NULL, closed, no array, misaligned
 *
 * \par Threads    Any. The calling thread owns it.
 * \par Processes  Any. A fork() child takes it for itself: it is not its parent.
 * \par Blocking   As cyd_rlock_acquire(). Not async-signal-safe.
 * \par Crash      As cyd_rlock_acquire().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_lock(cyd_array_t *array, int64_t timeout_ns);

/**
 * Releases the array's own lock once. It is free when it has been released as often as taken.
 *
 * \param array  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER    the calling thread does not hold it (a fork() child does not hold what its parent does)
 *   - #CYD_E_UNSUPPORTED  the array has no lock
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `array` is NULL, closed, no array, misaligned
 *
 * \par Threads    The owner.
 * \par Processes  The owner's.
 * \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
 * \par Crash      As cyd_rlock_release().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_unlock(cyd_array_t *array);

/**
 * Declares the elements whole again after an owner of the array's own lock died: later takers are no longer warned.
 *
 * \param array  Its lock held by the calling thread. Borrowed.
 *
 * \return As cyd_array_unlock().
 *
 * \par Threads    The owner.
 * \par Processes  The owner's.
 * \par Blocking   Never.
 * \par Crash      Declared, or not; the lock itself is a dead owner's.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_array_repaired(cyd_array_t *array);

/**
 * Closes a handle on an array. NULL is harmless.
 *
 * \param array  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_array_close(cyd_array_t *array);

/**
 * Makes an array of structs; they are all zeros.
 *
 * \param yard       Where. Borrowed; the array keeps the yard open by itself.
 * \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param size       sizeof one struct: 1 to 4096.
 * \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
 * \param len        How many elements: at least 1.
 * \param out        Receives the handle; close it with cyd_struct_array_close().
 *
 * \return As cyd_struct_create(); #CYD_E_SIZE also if there cannot be so many bytes, and #CYD_E_RANGE if `len` is 0.
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The array exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_create(cyd_yard_t *yard, const char *name, size_t size, size_t alignment, size_t len, cyd_struct_array_t **out);

/**
 * Opens an array of structs, however long.
 *
 * \param yard       Where. Borrowed; the array keeps the yard open by itself.
 * \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param size       sizeof one struct; 0: whatever it has.
 * \param alignment  _Alignof the struct; ignored if `size` is 0.
 * \param out        Receives the handle; close it with cyd_struct_array_close().
 *
 * \return As cyd_struct_open(), of an array; #CYD_E_MISMATCH also if its elements are numbers.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_open(cyd_yard_t *yard, const char *name, size_t size, size_t alignment, cyd_struct_array_t **out);

/**
 * Opens an array of structs of this size, alignment and length, or makes it.
 *
 * \param yard       Where. Borrowed; the array keeps the yard open by itself.
 * \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param size       sizeof one struct: 1 to 4096.
 * \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
 * \param len        How many elements: at least 1.
 * \param out        Receives the handle; close it with cyd_struct_array_close().
 *
 * \return As cyd_struct_array_open() and cyd_struct_array_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH also if it has another length.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same array.
 * \par Blocking   As cyd_struct_array_create().
 * \par Crash      As cyd_struct_array_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_open_or_create(cyd_yard_t *yard, const char *name, size_t size, size_t alignment, size_t len, cyd_struct_array_t **out);

/**
 * Tells how many structs an array has.
 *
 * \param array  Borrowed.
 * \param out    Receives the answer: at least 1.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_len(const cyd_struct_array_t *array, size_t *out);

/**
 * Tells size and alignment of an array's structs.
 *
 * \param array      Borrowed.
 * \param size       Receives the bytes of one.
 * \param alignment  Receives the alignment; may be NULL.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_size(const cyd_struct_array_t *array, size_t *size, size_t *alignment);

/**
 * Reads one of an array's structs.
 *
 * \param array  Borrowed.
 * \param index  From 0 on.
 * \param out    As cyd_struct_get().
 * \param size   As cyd_struct_get().
 *
 * \return As cyd_struct_get(); #CYD_E_RANGE if there is no such element.
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   As cyd_struct_get().
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_get(const cyd_struct_array_t *array, size_t index, void *out, size_t size);

/**
 * Stores one of an array's structs. Writers of other elements are not waited for.
 *
 * \param array       Borrowed.
 * \param index       From 0 on.
 * \param in          As cyd_struct_set().
 * \param size        As cyd_struct_set().
 * \param timeout_ns  As cyd_struct_set().
 *
 * \return As cyd_struct_set(); #CYD_E_RANGE if there is no such element.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_struct_set().
 * \par Crash      As cyd_struct_set().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_set(cyd_struct_array_t *array, size_t index, const void *in, size_t size, int64_t timeout_ns);

/**
 * Changes one of an array's structs: see cyd_struct_update().
 *
 * \param array       Borrowed.
 * \param index       From 0 on.
 * \param size        As cyd_struct_update().
 * \param timeout_ns  As cyd_struct_update().
 * \param change      As cyd_struct_update(). It may store other elements.
 * \param context     Handed to `change`.
 *
 * \return As cyd_struct_update(); #CYD_E_RANGE if there is no such element.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_struct_set().
 * \par Crash      As cyd_struct_set().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_struct_array_update(cyd_struct_array_t *array, size_t index, size_t size, int64_t timeout_ns, void (*change)(void *value, void *context), void *context);

/**
 * Closes a handle on an array. NULL is harmless.
 *
 * \param array  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_struct_array_close(cyd_struct_array_t *array);

/**
 * Makes a ring.
 *
 * \param yard     Where. Borrowed; the ring keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_ring_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_SIZE      `capacity` is no power of two, below 64, or above 1 TiB
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard has no room for it
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_VERSION   an option is set that this version does not know
 *   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The ring exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_create(cyd_yard_t *yard, const char *name, const cyd_ring_options_t *options, cyd_ring_t **out);

/**
 * Opens a ring, whatever its options.
 *
 * \param yard  Where. Borrowed; the ring keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_ring_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no ring; or `yard` is no yard
 *   - #CYD_E_MISMATCH   it is a ring of elements of one size, made in another language
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_open(cyd_yard_t *yard, const char *name, cyd_ring_t **out);

/**
 * Opens a ring of these options, or makes it.
 *
 * \param yard     Where. Borrowed; the ring keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_ring_close().
 *
 * \return As cyd_ring_open() and cyd_ring_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with other options.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same ring.
 * \par Blocking   As cyd_ring_create().
 * \par Crash      As cyd_ring_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_open_or_create(cyd_yard_t *yard, const char *name, const cyd_ring_options_t *options, cyd_ring_t **out);

/**
 * Tells how many bytes the ring has for records.
 *
 * \param ring  Borrowed.
 * \param out   Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_capacity(const cyd_ring_t *ring, size_t *out);

/**
 * Tells how long the longest record can be.
 *
 * \param ring  Borrowed.
 * \param out   Receives the number of bytes.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_max_len(const cyd_ring_t *ring, size_t *out);

/**
 * Tells how the sender's end stands.
 *
 * \param ring  Borrowed.
 * \param out   Receives a CYD_PEER_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_sender_state(const cyd_ring_t *ring, cyd_peer_t *out);

/**
 * Tells how the receiver's end stands.
 *
 * \param ring  Borrowed.
 * \param out   Receives a CYD_PEER_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_receiver_state(const cyd_ring_t *ring, cyd_peer_t *out);

/**
 * Takes the sender's end for this process. If the last holder closed it or died, the new one goes on where he had
 * sent.
 *
 * \param ring      Borrowed; the end keeps the yard open by itself.
 * \param strategy  A CYD_STRATEGY_ number; a ring made `spin_only` spins whatever is said here.
 * \param out       Receives the handle; close it with cyd_sender_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_BUSY      a living process holds the end, perhaps this one
 *   - #CYD_E_NO_SLOTS  the yard's table of processes is full
 *   - #CYD_E_INVALID   `strategy` is no strategy, a pointer is misaligned
 *   - #CYD_E_CORRUPT   the ring's words contradict themselves
 *   - #CYD_E_NULL      `ring` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `ring` is closed, or no ring
 *
 * \par Threads    Any.
 * \par Processes  One at a time. A fork() child does not hold what its parent took, and may take it later.
 * \par Blocking   Never.
 * \par Crash      Taken by a dead one: the next who asks gets it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_sender(cyd_ring_t *ring, cyd_strategy_t strategy, cyd_sender_t **out);

/**
 * Takes the receiver's end for this process. If the last holder died, what he had not released is delivered again,
 * with #CYD_REDELIVERED.
 *
 * \param ring      Borrowed; the end keeps the yard open by itself.
 * \param strategy  A CYD_STRATEGY_ number; a ring made `spin_only` spins whatever is said here.
 * \param out       Receives the handle; close it with cyd_receiver_close().
 *
 * \return As cyd_ring_sender().
 *
 * \par Threads    Any.
 * \par Processes  One at a time. A fork() child does not hold what its parent took, and may take it later.
 * \par Blocking   Never.
 * \par Crash      Taken by a dead one: the next who asks gets it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_ring_receiver(cyd_ring_t *ring, cyd_strategy_t strategy, cyd_receiver_t **out);

/**
 * Closes a handle on a ring. NULL is harmless. The ends that were taken through it stay good.
 *
 * \param ring  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_ring_close(cyd_ring_t *ring);

/**
 * Sends one record; waits for room if the ring is full.
 *
 * As long as there is room, sending does not ask how the receiver stands: what is sent waits in the ring for whoever
 * receives next. Without room, a receiver that closed or died ends the wait at once.
 *
 * \param sender      Borrowed.
 * \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
 * \param len         Bytes, at most cyd_ring_max_len().
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK; else nothing was sent:
 *   - #CYD_E_FULL         no room within `timeout_ns`
 *   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  no room, and the receiver is gone
 *   - #CYD_E_TOO_LONG     the record can never fit
 *   - #CYD_E_STATE        a reservation is open
 *   - #CYD_E_NOT_OWNER    the end is the parent's of this fork() child
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_CORRUPT      the ring's words contradict themselves
 *   - #CYD_E_NULL         `sender` is NULL, or `data` is and `len` is not 0
 *   - #CYD_E_INVALID      `len` is more than any memory, `sender` is misaligned
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `sender` is closed, or no sender
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   Polls or sleeps as the strategy says, while the ring is full. Not async-signal-safe.
 * \par Crash      Killed before the one store that shows it: nothing was sent. Killed after: it was, whole.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_sender_send(cyd_sender_t *sender, const void *data, size_t len, int64_t timeout_ns);

/**
 * Sends as many of the records as fit, in order, and shows them to the receiver all at once; waits only while not
 * even the first fits.
 *
 * \param sender      Borrowed.
 * \param records     Borrowed for the call, with their bytes; may be NULL when `count` is 0.
 * \param count       How many.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param sent        Receives how many were sent. A record that can never fit ends the batch before it.
 *
 * \return As cyd_sender_send(); #CYD_E_TOO_LONG if the first can never fit; #CYD_E_NULL also if a record is NULL and
 *   not empty, or `sent` is NULL.
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   As cyd_sender_send().
 * \par Crash      Killed before the one store that shows them: nothing was sent. Killed after: all of them.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_sender_send_batch(cyd_sender_t *sender, const cyd_slice_t *records, size_t count, int64_t timeout_ns, size_t *sent);

/**
 * Reserves room for a record of at most `len` bytes, to be written in place: no copy is made.
 *
 * End it with cyd_sender_commit() or cyd_sender_abort(); until then every other way to send is #CYD_E_STATE.
 *
 * \param sender      Borrowed.
 * \param len         Bytes, at most cyd_ring_max_len().
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param out         Receives the first byte, aligned to 8. It lies in shared memory and is good until the
 *                    reservation or the end is closed.
 *
 * \return As cyd_sender_send(); #CYD_E_STATE if a reservation is open already.
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   As cyd_sender_send().
 * \par Crash      Nothing was sent; a successor finds the room free.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_sender_reserve(cyd_sender_t *sender, size_t len, int64_t timeout_ns, void **out);

/**
 * Sends the first bytes of what is reserved as one record.
 *
 * \param sender  Borrowed.
 * \param len     Bytes, at most as many as were reserved.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE      nothing is reserved
 *   - #CYD_E_RANGE      `len` is more than was reserved; the reservation stays open
 *   - #CYD_E_NOT_OWNER  the end is the parent's of this fork() child
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `sender` is NULL, closed, no sender, misaligned
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   Never; one system call if the receiver sleeps. Not async-signal-safe.
 * \par Crash      As cyd_sender_send().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_sender_commit(cyd_sender_t *sender, size_t len);

/**
 * Gives up what is reserved; nothing is sent.
 *
 * \param sender  Borrowed.
 *
 * \return As cyd_sender_commit().
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   Never.
 * \par Crash      Nothing was sent.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_sender_abort(cyd_sender_t *sender);

/**
 * Tells how the receiver stands.
 *
 * \param sender  Borrowed.
 * \param out     Receives a CYD_PEER_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    One at a time per end.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_sender_peer(cyd_sender_t *sender, cyd_peer_t *out);

/**
 * Closes the sending end. NULL is harmless.
 *
 * What was sent stays; the receiver learns #CYD_E_PEER_CLOSED when he has taken all of it. An open reservation is
 * given up.
 *
 * \param sender  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  In a fork() child it closes the child's handle; the end stays the parent's.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      Closed, or its holder died.
 * \par Since      0.1
 */
cyd_status_t cyd_sender_close(cyd_sender_t *sender);

/**
 * Copies the next record out and releases it; waits if there is none.
 *
 * At most once: a receiver killed before it has used its copy has lost that one. See cyd_receiver_peek() for at least
 * once.
 *
 * \param receiver    Borrowed.
 * \param buffer      Receives the record. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param len         Receives the record's length; with #CYD_E_TOO_LONG too.
 *
 * \return #CYD_OK, or #CYD_REDELIVERED: as #CYD_OK, and a receiver that died may have seen the record; or
 *   - #CYD_E_EMPTY        nothing came within `timeout_ns`
 *   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nothing is left, and the sender is gone
 *   - #CYD_E_TOO_LONG     the record is longer than `room` and stays; `len` tells how long
 *   - #CYD_E_STATE        a peeked record is not released
 *   - #CYD_E_NOT_OWNER    the end is the parent's of this fork() child
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
 *   - #CYD_E_CORRUPT      the ring's words contradict themselves
 *   - #CYD_E_NULL         `receiver` or `len` is NULL, or `buffer` is and `room` is not 0
 *   - #CYD_E_INVALID      `room` is more than any memory, a pointer is misaligned
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `receiver` is closed, or no receiver
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   Polls or sleeps as the strategy says, while the ring is empty. Not async-signal-safe.
 * \par Crash      Killed before the one store that releases it: the record is delivered again, to the next receiver.
 *   Killed after: it is gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_receiver_recv(cyd_receiver_t *receiver, void *buffer, size_t room, int64_t timeout_ns, size_t *len);

/**
 * Copies records one after the other into a buffer while they are there and fit, and releases them all at once; waits
 * only while there is not even one.
 *
 * \param receiver    Borrowed.
 * \param buffer      Receives the records without gaps. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param lens        Receives the length of each; with #CYD_E_TOO_LONG the first tells how long that record is.
 * \param max         How many lengths there is room for; at least 1.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param count       Receives how many records came.
 *
 * \return As cyd_receiver_recv(); #CYD_REDELIVERED if it is true of one of them; #CYD_E_TOO_LONG if the first does
 *   not fit; #CYD_E_INVALID also if `max` is 0 or impossible.
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   As cyd_receiver_recv().
 * \par Crash      Killed before the one store that releases them: all are delivered again. Killed after: all are gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_receiver_recv_batch(cyd_receiver_t *receiver, void *buffer, size_t room, size_t *lens, size_t max, int64_t timeout_ns, size_t *count);

/**
 * Shows the next record, which stays in the ring until cyd_receiver_release(); waits if there is none.
 *
 * At least once: a receiver killed before the release leaves the record to its successor, with #CYD_REDELIVERED. To
 * peek again without a release shows the same record. Until the release every other way to receive is #CYD_E_STATE.
 *
 * \param receiver    Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param data        Receives the first byte, aligned to 8. It lies in shared memory and is good until the release
 *                    or the close; a hostile sender can change it while you read.
 * \param len         Receives the record's length.
 *
 * \return As cyd_receiver_recv(), but neither #CYD_E_TOO_LONG nor #CYD_E_STATE.
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   As cyd_receiver_recv().
 * \par Crash      The record is delivered again, to the next receiver.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_receiver_peek(cyd_receiver_t *receiver, int64_t timeout_ns, const void **data, size_t *len);

/**
 * Done with the peeked record: it is delivered for good, and its room is given back.
 *
 * \param receiver  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE      nothing is peeked
 *   - #CYD_E_NOT_OWNER  the end is the parent's of this fork() child
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `receiver` is NULL, closed, no receiver, misaligned
 *
 * \par Threads    One at a time per end.
 * \par Processes  The one that took the end.
 * \par Blocking   Never; one system call if the sender sleeps. Not async-signal-safe.
 * \par Crash      Killed before the one store that releases it: the record is delivered again. Killed after: gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_receiver_release(cyd_receiver_t *receiver);

/**
 * Tells how the sender stands.
 *
 * \param receiver  Borrowed.
 * \param out       Receives a CYD_PEER_ number. Records may still be there whatever it says.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    One at a time per end.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_receiver_peer(cyd_receiver_t *receiver, cyd_peer_t *out);

/**
 * Closes the receiving end. NULL is harmless.
 *
 * What was not received stays in the ring for the next receiver, a peeked record among it.
 *
 * \param receiver  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  In a fork() child it closes the child's handle; the end stays the parent's.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      Closed, or its holder died.
 * \par Since      0.1
 */
cyd_status_t cyd_receiver_close(cyd_receiver_t *receiver);

/**
 * Lends memory for a message, to be filled and put with cyd_queue_put_loan(), without a copy.
 *
 * \param queue       Borrowed.
 * \param len         Bytes of the message, at most cyd_queue_max_len().
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param out         Receives the loan: it is this process's until it is put, or given back with cyd_queue_release().
 *                    The bytes are as their last owner left them.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_UNSUPPORTED  the queue was made without blocks
 *   - #CYD_E_TOO_LONG     no room for it even if nobody had any
 *   - #CYD_E_NO_SPACE     no room now, and `timeout_ns` is 0
 *   - #CYD_E_BUSY         it takes several blocks, somebody else is looking for some, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      still no room after `timeout_ns`
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_NULL         `queue` or `out` is NULL
 *   - #CYD_E_INVALID      a pointer is misaligned
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
 *
 * \par Threads    Any. The process owns the loan: any thread may put it.
 * \par Processes  Any. A fork() child does not own its parent's loans.
 * \par Blocking   Sleeps in the kernel while others have all the blocks that would do. Not async-signal-safe.
 * \par Crash      What a dead process had on loan is free again as soon as somebody looks.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_loan(cyd_queue_t *queue, size_t len, int64_t timeout_ns, cyd_loan_t *out);

/**
 * Puts the message that lies in a loan; waits for room if the queue is full. It can be got before this returns.
 *
 * \param queue       Borrowed.
 * \param block       The loan's number, or that of any block of this process in the queue's blocks, whose length is the
 *                    message's. When it was put it is the queue's, and not to be touched any more.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK; else nothing was put, and the loan is still the process's if it was:
 *   - #CYD_E_FULL         no room within `timeout_ns`
 *   - #CYD_E_TOO_LONG     it is more than all messages of the queue together may have
 *   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  as cyd_queue_put()
 *   - #CYD_E_SHUTDOWN     the queue is shut down
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_STATE        the block was freed a moment ago, is offered, or was put already
 *   - #CYD_E_NOT_FOUND    the number is stale
 *   - #CYD_E_NOT_OWNER    the block is another process's
 *   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
 *   - #CYD_E_UNSUPPORTED  the queue was made without blocks
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is NULL, closed, no queue, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that owns the loan.
 * \par Blocking   As cyd_queue_put().
 * \par Crash      Killed before the one store that shows it: nothing was put, and the memory is free again. Killed
 *   after: it was, whole.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_put_loan(cyd_queue_t *queue, uint64_t block, int64_t timeout_ns);

/**
 * Takes the next message without copying it, unless it is short; waits if there is none.
 *
 * At most once: a consumer killed before he has read it has lost that one.
 *
 * \param queue       Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param out         Receives the message: it is this process's. When it has been read, and `block` is not 0, give it
 *                    back with cyd_queue_release(). A peer that keeps no rules may change the bytes at any time.
 *
 * \return As cyd_queue_get(), but never #CYD_E_TOO_LONG; #CYD_E_NULL if `queue` or `out` is NULL.
 *
 * \par Threads    Any; each message goes to one of them.
 * \par Processes  Any. A fork() child does not own its parent's messages.
 * \par Blocking   As cyd_queue_get().
 * \par Crash      As cyd_queue_get(). The memory of a message that a dead process had is free again.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_get_borrow(cyd_queue_t *queue, int64_t timeout_ns, cyd_message_t *out);

/**
 * Gives memory back: a loan that is not put, or a message that has been read. Not a message that is still to be acknowledged: it
 * would be lost.
 *
 * \param queue  Borrowed.
 * \param block  The number in the loan, or in the message; 0 is harmless.
 *
 * \return #CYD_OK, or, with nothing changed,
 *   - #CYD_E_STATE        it was given back a moment ago, or put
 *   - #CYD_E_NOT_FOUND    the number is stale
 *   - #CYD_E_NOT_OWNER    the block is another process's
 *   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
 *   - #CYD_E_UNSUPPORTED  the queue was made without blocks
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is NULL, closed, no queue, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that owns the memory.
 * \par Blocking   Never; one system call if somebody waits for memory. Not async-signal-safe.
 * \par Crash      Killed on the way: it is free, or a dead process's, which is free as soon as somebody looks.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_release(cyd_queue_t *queue, uint64_t block);

/**
 * Makes a queue, empty.
 *
 * \param yard     Where. Borrowed; the queue keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_queue_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE     `capacity` is above 16777216, or `unacked` above 65536
 *   - #CYD_E_SIZE      `inline_max` is no multiple of 16 from 16 to 112, or `block_bytes` below 2048
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL; with `block_bytes`, it has more than 56 characters
 *   - #CYD_E_NO_SPACE  the yard has no room for it
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_VERSION   an option is set that this version does not know
 *   - #CYD_E_FOREIGN   `options->blocks` are another yard's
 *   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set, `blocks` is set with `block_bytes`
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` or `options->blocks` is closed, or something else
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The queue exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_create(cyd_yard_t *yard, const char *name, const cyd_queue_options_t *options, cyd_queue_t **out);

/**
 * Opens a queue, whatever its options.
 *
 * \param yard  Where. Borrowed; the queue keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_queue_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no queue; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_open(cyd_yard_t *yard, const char *name, cyd_queue_t **out);

/**
 * Opens a queue of these options, or makes it.
 *
 * \param yard     Where. Borrowed; the queue keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_queue_close().
 *
 * \return As cyd_queue_open() and cyd_queue_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with other options.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same queue.
 * \par Blocking   As cyd_queue_create().
 * \par Crash      As cyd_queue_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_open_or_create(cyd_yard_t *yard, const char *name, const cyd_queue_options_t *options, cyd_queue_t **out);

/**
 * Puts one message; waits for room if the queue is full. It can be got before this returns.
 *
 * \param queue       Borrowed.
 * \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
 * \param len         Bytes, at most cyd_queue_max_len().
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK; else nothing was put:
 *   - #CYD_E_FULL         no room, or no block for it, or too many bytes, within `timeout_ns`
 *   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  no room, and the last consumer has left, or died (see cyd_queue_enter())
 *   - #CYD_E_SHUTDOWN     the queue is shut down
 *   - #CYD_E_TOO_LONG     the message can never fit
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_NULL         `queue` is NULL, or `data` is and `len` is not 0
 *   - #CYD_E_INVALID      `len` is more than any memory, `queue` is misaligned
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Polls for some microseconds, then sleeps, while the queue is full. Not async-signal-safe.
 * \par Crash      Killed before the one store that shows it: nothing was put. Killed after: it was, whole.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_put(cyd_queue_t *queue, const void *data, size_t len, int64_t timeout_ns);

/**
 * Puts messages in order while there is room; waits only while there is none for the first.
 *
 * Each is put by itself: messages of others may come between.
 *
 * \param queue       Borrowed.
 * \param messages    Borrowed for the call, with their bytes; may be NULL when `count` is 0.
 * \param count       How many.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param put         Receives how many were put. A message that can never fit ends the row before it.
 *
 * \return As cyd_queue_put(), if not even the first was put; #CYD_E_NULL also if a message is NULL and not empty, or
 *   `put` is NULL.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_queue_put().
 * \par Crash      As cyd_queue_put(), for each: a beginning of the row was put.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_put_many(cyd_queue_t *queue, const cyd_slice_t *messages, size_t count, int64_t timeout_ns, size_t *put);

/**
 * Copies the next message out and takes it; waits if there is none.
 *
 * At most once: a consumer killed before his caller had the message has lost that one.
 *
 * \param queue       Borrowed.
 * \param buffer      Receives the message. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
 *
 * \return #CYD_OK; #CYD_REDELIVERED if somebody who died may have seen it already; or
 *   - #CYD_E_EMPTY        nothing came within `timeout_ns`
 *   - #CYD_E_END          the queue was shut down, and everything has been got
 *   - #CYD_E_SHUTDOWN     it was shut down at once
 *   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nothing is there, and the last producer has left, or died (see
 *     cyd_queue_enter())
 *   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` tells how long
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_NULL         `queue` or `len` is NULL, or `buffer` is and `room` is not 0
 *   - #CYD_E_INVALID      `room` is more than any memory, a pointer is misaligned
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
 *
 * \par Threads    Any; each message goes to one of them.
 * \par Processes  Any.
 * \par Blocking   Polls for some microseconds, then sleeps, while the queue is empty. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: the message comes again, to the next consumer. Killed
 *   after: it is gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_get(cyd_queue_t *queue, void *buffer, size_t room, int64_t timeout_ns, size_t *len);

/**
 * Copies messages one after the other into a buffer while they are there and fit, and takes them; waits only while
 * there is not even one.
 *
 * Each is got by itself: others may get some between.
 *
 * \param queue       Borrowed.
 * \param buffer      Receives the messages without gaps. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param lens        Receives the length of each.
 * \param max         How many lengths there is room for; at least 1.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param count       Receives how many messages came.
 *
 * \return As cyd_queue_get(); #CYD_REDELIVERED if it is true of one of them; #CYD_E_TOO_LONG if the first does not fit (cyd_queue_get()
 *   tells how long it is);
 *   #CYD_E_INVALID also if `max` is 0 or impossible.
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   As cyd_queue_get().
 * \par Crash      As cyd_queue_get(), for each; those that were taken before are gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_get_many(cyd_queue_t *queue, void *buffer, size_t room, size_t *lens, size_t max, int64_t timeout_ns, size_t *count);

/**
 * Shuts the queue down, for everybody and for good. Who waits in it is woken.
 *
 * \param queue  Borrowed.
 * \param now    False: every put answers #CYD_E_SHUTDOWN; gets go on until everything has been got, then answer
 *               #CYD_E_END, and nothing is put any more after the first #CYD_E_END. True: every get answers
 *               #CYD_E_SHUTDOWN too, and what is there stays there. It may follow the other.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed before the one store: nothing has changed. Killed after: the queue is shut down, and who waits
 *   finds it within a quarter of a second.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_shutdown(cyd_queue_t *queue, bool now);

/**
 * Tells whether the queue has been shut down.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_is_shutdown(const cyd_queue_t *queue, bool *out);

/**
 * Tells how many messages there are to be got: exact while nobody is in the middle of a call, else within as many as come and
 * go meanwhile. Looks at each of them.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_len(const cyd_queue_t *queue, size_t *out);

/**
 * Tells whether there is nothing to get at this instant. Looks as cyd_queue_len().
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_is_empty(const cyd_queue_t *queue, bool *out);

/**
 * Tells whether a cyd_queue_put() would answer #CYD_E_FULL at this instant, or nothing is left of the limit in bytes. The place of
 * a message that is in the middle of a move counts as room; so there may be fewer messages than places when it is full,
 * see #cyd_queue_t.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_is_full(const cyd_queue_t *queue, bool *out);

/**
 * Tells how many bytes all messages have together: exact while nobody is in the middle of a call. Looks at each place.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number of bytes.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_bytes(const cyd_queue_t *queue, size_t *out);

/**
 * Tells how many messages the queue has room for.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_capacity(const cyd_queue_t *queue, size_t *out);

/**
 * Tells how long the longest message can be.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number of bytes.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_max_len(const cyd_queue_t *queue, size_t *out);

/**
 * Closes a handle on a queue. NULL is harmless. What is in the queue stays there. Calls that wait through the handle end
 * with #CYD_E_CLOSED.
 *
 * \param queue  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_queue_close(cyd_queue_t *queue);

/**
 * Copies the next message out, and goes on to owe it: it is not forgotten before cyd_queue_done().
 *
 * At least once: if this process is killed before it has acknowledged the message, or closes its last handle on the yard,
 * the message is delivered again, to whoever gets next, with #CYD_REDELIVERED. The queue must have been made with `unacked`, which
 * says how many messages may be owed at a time, by all processes together.
 *
 * \param queue       Borrowed.
 * \param buffer      Receives the message. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
 * \param ticket      Receives the number that names this delivery, in any thread of this process.
 *
 * \return #CYD_OK; #CYD_REDELIVERED if somebody may have seen it already, who died or gave it back; or
 *   - #CYD_E_FULL         there is a message, but as many are owed as may be, and none was acknowledged within `timeout_ns`
 *   - #CYD_E_UNSUPPORTED  the queue was made with `unacked` 0
 *   - #CYD_E_EMPTY        nothing came within `timeout_ns`
 *   - #CYD_E_END          the queue was shut down, and everything has been got; what is owed may still come back
 *   - #CYD_E_SHUTDOWN     it was shut down at once
 *   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` as for cyd_queue_get()
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_NULL         `queue`, `len` or `ticket` is NULL, or `buffer` is and `room` is not 0
 *   - #CYD_E_INVALID      `room` is more than any memory, a pointer is misaligned
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
 *
 * \par Threads    Any; each message goes to one of them, and the process owes it.
 * \par Processes  Any. A fork() child does not owe what its parent got.
 * \par Blocking   Polls for some microseconds, then sleeps, while there is no message, or nobody acknowledges. Not
 *   async-signal-safe.
 * \par Crash      Killed at any instruction: the message is delivered again, to another one, or has not been got.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_get_ack(cyd_queue_t *queue, void *buffer, size_t room, int64_t timeout_ns, size_t *len, uint64_t *ticket);

/**
 * As cyd_queue_get_ack(), without copying the message, unless it is short: it lies where it was put until it is acknowledged
 * with cyd_queue_done(), which frees its memory; cyd_queue_release() is not for it.
 *
 * \param queue       Borrowed.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param out         Receives the message. `data` is good until the message is acknowledged or given back. A peer that keeps no
 *                    rules may change the bytes at any time.
 * \param ticket      Receives the number that names this delivery, in any thread of this process.
 *
 * \return As cyd_queue_get_ack(), but never #CYD_E_TOO_LONG; #CYD_E_NULL if `queue`, `out` or `ticket` is NULL.
 *
 * \par Threads    As cyd_queue_get_ack(). While it is owed and the thread lives that got it, no other thread's
 *   cyd_queue_task_done() means it.
 * \par Processes  As cyd_queue_get_ack().
 * \par Blocking   As cyd_queue_get_ack().
 * \par Crash      As cyd_queue_get_ack().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_get_borrow_ack(cyd_queue_t *queue, int64_t timeout_ns, cyd_message_t *out, uint64_t *ticket);

/**
 * Acknowledges a message that this process got with cyd_queue_get_ack() or cyd_queue_get_borrow_ack(): it is out of the queue for
 * good.
 *
 * \param queue   Borrowed.
 * \param ticket  From there.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_STATE        it was acknowledged or given back already
 *   - #CYD_E_NOT_FOUND    the same, longer ago; or the number never was a ticket
 *   - #CYD_E_NOT_OWNER    another process owes it: a fork() child does not owe what its parent got
 *   - #CYD_E_FOREIGN      a ticket of another queue
 *   - #CYD_E_UNSUPPORTED  the queue was made with `unacked` 0
 *   - #CYD_E_NULL         `queue` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is closed, or no queue, or misaligned
 *
 * \par Threads    Any, also others than the one that got the message.
 * \par Processes  The one that got the message.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed before the one swap: the message is delivered again. Killed after: it is out of the queue.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_done(cyd_queue_t *queue, uint64_t ticket);

/**
 * Gives a message back that this process got with cyd_queue_get_ack() or cyd_queue_get_borrow_ack(): it is the next that is
 * delivered, with #CYD_REDELIVERED.
 *
 * \param queue   Borrowed.
 * \param ticket  From there.
 *
 * \return As cyd_queue_done().
 *
 * \par Threads    As cyd_queue_done().
 * \par Processes  As cyd_queue_done().
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      The message is delivered again in any case; killed before it could tell, who sleeps finds it within
 *   a quarter of a second.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_put_back(cyd_queue_t *queue, uint64_t ticket);

/**
 * Acknowledges a message without its ticket: the oldest of those that the calling thread got with cyd_queue_get_ack() or
 * cyd_queue_get_borrow_ack(); if it owes none, the oldest that this process owes and no other thread may be reading where it lies.
 *
 * \param queue  Borrowed.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE        there is none
 *   - #CYD_E_UNSUPPORTED, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  as cyd_queue_done()
 *
 * \par Threads    Any.
 * \par Processes  The one that got the message.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As cyd_queue_done().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_task_done(cyd_queue_t *queue);

/**
 * Waits until everything that had been put when this was called was got and acknowledged. A message that is got without
 * an acknowledgement counts with the get.
 *
 * \param queue       Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_TIMEOUT      something was not acknowledged within `timeout_ns`
 *   - #CYD_E_SHUTDOWN     the queue was shut down at once, and something is left
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the queue was made with `unacked` 0
 *   - #CYD_E_NULL         `queue` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is closed, or no queue, or misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Sleeps until the last of them is acknowledged. Not async-signal-safe.
 * \par Crash      Nothing is changed. What somebody owed who died counts when another one has got it and acknowledged it.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_join(cyd_queue_t *queue, int64_t timeout_ns);

/**
 * Tells how many messages were put and not yet acknowledged; in a queue that was made with `unacked` 0, how many there
 * are to be got. Exact while nobody is in the middle of a call. Looks at each of them.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_unfinished(const cyd_queue_t *queue, size_t *out);

/**
 * Says that this process produces, or consumes, until it leaves the side as often as it has entered it, closes its last
 * handle on the yard, or ends.
 *
 * When the last producer has left, who waits for a message hears so, after everything has been got; and when the last
 * consumer has left, who waits for room. Who comes later is heard again. Who puts and gets without this does not count. A
 * fork() child has entered, from its birth on, what its parent has at that moment.
 *
 * \param queue  Borrowed. Closing it does not leave the side.
 * \param side   #CYD_QUEUE_PRODUCERS or #CYD_QUEUE_CONSUMERS.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_UNSUPPORTED  the queue was made without `sides`
 *   - #CYD_E_NO_SLOTS     the table of processes is full (in a fork() child)
 *   - #CYD_E_INVALID      no such side, `queue` is misaligned
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is NULL, closed, or no queue
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed before the one store: it has not entered. Killed after: it has left, as the dead do.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_enter(cyd_queue_t *queue, cyd_queue_side_t side);

/**
 * Takes back one cyd_queue_enter(). The last one tells who waits.
 *
 * \param queue  Borrowed; any handle of the process on this queue.
 * \param side   #CYD_QUEUE_PRODUCERS or #CYD_QUEUE_CONSUMERS.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_OWNER  the process has not entered the side, or has left it
 *   - #CYD_E_INVALID    no such side, `queue` is misaligned
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is NULL, closed, or no queue
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed on the way: it has left, or has as the dead do. Who waits finds it within a quarter of a second.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_leave(cyd_queue_t *queue, cyd_queue_side_t side);

/**
 * Tells how a side stands.
 *
 * \param queue  Borrowed.
 * \param side   #CYD_QUEUE_PRODUCERS or #CYD_QUEUE_CONSUMERS.
 * \param out    Receives a CYD_PEER_ number; #CYD_PEER_ABSENT also if the queue was made without `sides`.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (no such side, a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call for each process of the side.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_queue_side_state(const cyd_queue_t *queue, cyd_queue_side_t side, cyd_peer_t *out);

/**
 * Makes a reference to an object, by its name.
 *
 * \param yard  Borrowed.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the reference: a plain value.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_ref(const cyd_yard_t *yard, const char *name, cyd_ref_t *out);

/**
 * Tells what a reference refers to, wherever it came from.
 *
 * \param yard  Borrowed.
 * \param of    The reference. Borrowed for the call; any bytes.
 * \param out   Filled as far as its `struct_size` reaches: open the object by its name.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_FOREIGN    it refers to an object of another yard
 *   - #CYD_E_NOT_FOUND  the object is not there any more, or never was
 *   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
 *   - #CYD_E_NULL       `yard`, `of` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_yard_resolve(const cyd_yard_t *yard, const cyd_ref_t *of, cyd_object_info_t *out);

/**
 * Makes blocks; all of them are free.
 *
 * \param yard     Where. Borrowed; the blocks keep the yard open by themselves.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call, with the classes it points to; NULL means all defaults. Besides the blocks it
 *                 takes 384 bytes, and 32 for each block.
 * \param out      Receives the handle; close it with cyd_blocks_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_RANGE     more than 16 classes; a class of no blocks; more than 4194304 blocks
 *   - #CYD_E_SIZE      a size of 0, above 2^40, or of two classes; `bytes` below 2048; too much
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard is full
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_INVALID   a pointer is misaligned; `struct_size` is wrong
 *   - #CYD_E_VERSION   `options` has a part that this library does not know
 *   - #CYD_E_NULL      `yard` or `out` is NULL, or `options->classes` with a count
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The blocks exist, all free, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_create(cyd_yard_t *yard, const char *name, const cyd_blocks_options_t *options, cyd_blocks_t **out);

/**
 * Opens blocks, whatever classes there are.
 *
 * \param yard  Where. Borrowed; the blocks keep the yard open by themselves.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_blocks_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is something else; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
 *   - #CYD_E_NO_SLOTS   the table of processes is full (in a fork() child)
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_open(cyd_yard_t *yard, const char *name, cyd_blocks_t **out);

/**
 * Opens blocks of these classes, or makes them.
 *
 * \param yard     Where. Borrowed; the blocks keep the yard open by themselves.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_blocks_close().
 *
 * \return As cyd_blocks_open() and cyd_blocks_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with other classes.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same blocks.
 * \par Blocking   As cyd_blocks_create().
 * \par Crash      As cyd_blocks_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_open_or_create(cyd_yard_t *yard, const char *name, const cyd_blocks_options_t *options, cyd_blocks_t **out);

/**
 * Allocates a block.
 *
 * A try answers #CYD_E_NO_SPACE only after it has looked at every block that would do. Those of the dead it frees on
 * the way, if a thread of theirs was known here and is seen to have died; about others it asks the kernel at the
 * handle's first failed try and at every 256th after it. A call that waits asks always.
 *
 * \param blocks      Borrowed.
 * \param len         How many bytes; 0 is a block as any.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param out         Receives the block's number.
 *
 * \return #CYD_OK: the block is the process's; or
 *   - #CYD_E_TOO_LONG     no room for it even if all blocks were free
 *   - #CYD_E_NO_SPACE     nothing that would do was free, and `timeout_ns` is 0; cyd_last_error_message() has figures
 *   - #CYD_E_BUSY         more than the largest class was asked for, somebody else stands still while he looks for
 *     neighbours, and `timeout_ns` is 0
 *   - #CYD_E_TIMEOUT      still nothing after `timeout_ns`
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_UNSUPPORTED  the thread would have to wait and cannot: it was made by a bare clone()
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` or `out` is NULL, closed (also during the
 *     wait), something else, misaligned
 *
 * \par Threads    Any. The process owns the block: any thread may free it.
 * \par Processes  Any. A fork() child allocates for itself: it is not its parent.
 * \par Blocking   Sleeps in the kernel while living processes own what would do, however long. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: free. Killed after: a dead process's, and free again as
 *   soon as somebody looks. Of several blocks side by side it has all or none.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_alloc(cyd_blocks_t *blocks, size_t len, int64_t timeout_ns, uint64_t *out);

/**
 * Frees a block of this process, whichever thread allocated it.
 *
 * \param blocks  Borrowed.
 * \param block   Its number.
 *
 * \return #CYD_OK, or, with nothing changed,
 *   - #CYD_E_STATE      it was freed a moment ago; or it is offered: adopt it first
 *   - #CYD_E_NOT_FOUND  the number is stale
 *   - #CYD_E_NOT_OWNER  the block is another process's
 *   - #CYD_E_FOREIGN    the number is of other blocks, or none at all
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` is NULL, closed, something else, misaligned
 *
 * \par Threads    Any.
 * \par Processes  The one that owns it; a fork() child is another process.
 * \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
 * \par Crash      Killed on the way: it is free, or a dead process's, which is free as soon as somebody looks. A sleeper
 *   that was not woken looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_free(cyd_blocks_t *blocks, uint64_t block);

/**
 * Lets whoever is told the number adopt a block of this process.
 *
 * Until then it is this process's: if it dies, the block is freed and the number stale. To take it back, adopt it.
 *
 * \param blocks  Borrowed.
 * \param block   Its number.
 *
 * \return As cyd_blocks_free().
 *
 * \par Threads    Any.
 * \par Processes  The one that owns it; a fork() child is another process.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Offered or not, it is a dead process's, and free as soon as somebody looks.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_offer(cyd_blocks_t *blocks, uint64_t block);

/**
 * Makes an offered block this process's own, with everything that its last owner wrote.
 *
 * \param blocks  Borrowed.
 * \param block   Its number.
 *
 * \return #CYD_OK: free it with cyd_blocks_free(), or offer it again; or
 *   - #CYD_E_STATE      it is not offered, or was freed a moment ago
 *   - #CYD_E_NOT_FOUND  the number is stale: the block was freed, perhaps because who offered it died
 *   - #CYD_E_FOREIGN    the number is of other blocks, or none at all
 *   - #CYD_E_NO_SLOTS   the table of processes is full (in a fork() child)
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` is NULL, closed, something else, misaligned
 *
 * \par Threads    Any.
 * \par Processes  One of several that adopt the same block gets it.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: still offered. Killed after: a dead process's, and free
 *   as soon as somebody looks.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_adopt(cyd_blocks_t *blocks, uint64_t block);

/**
 * Copies bytes into a block of this process.
 *
 * \param blocks  Borrowed.
 * \param block   Its number.
 * \param at      From which byte of the block on.
 * \param data    Borrowed for the call; NULL if `len` is 0.
 * \param len     How many bytes.
 *
 * \return As cyd_blocks_free(); #CYD_E_RANGE if it is more than was asked for when the block was allocated;
 *   #CYD_E_NULL or #CYD_E_INVALID also for `data`.
 *
 * \par Threads    Any; two that write the same bytes at once may mix them.
 * \par Processes  The one that owns the block.
 * \par Blocking   Never.
 * \par Crash      Some of the bytes may have been copied; the block is a dead process's.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_write(cyd_blocks_t *blocks, uint64_t block, size_t at, const void *data, size_t len);

/**
 * Copies bytes out of a block, whoever's it is.
 *
 * What was copied is of the block that the number names, never of a later use of its memory. If its owner writes
 * meanwhile, old and new bytes may be mixed: that is between the two.
 *
 * \param blocks  Borrowed.
 * \param block   Its number.
 * \param at      From which byte of the block on.
 * \param to      Receives the bytes; NULL if `len` is 0. What it has after an error means nothing.
 * \param len     How many bytes.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  the number is stale, or became so on the way
 *   - #CYD_E_STATE      the same, and the block was freed a moment ago
 *   - #CYD_E_FOREIGN    the number is of other blocks, or none at all
 *   - #CYD_E_RANGE      it is more than was asked for when the block was allocated
 *   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` or `to` is NULL, closed, something else,
 *     misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_read(const cyd_blocks_t *blocks, uint64_t block, size_t at, void *to, size_t len);

/**
 * Tells how many bytes were asked for when a block was allocated, whoever's it is.
 *
 * \param blocks  Borrowed.
 * \param block   Its number.
 * \param out     Receives the number of bytes.
 *
 * \return As cyd_blocks_read().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_len(const cyd_blocks_t *blocks, uint64_t block, size_t *out);

/**
 * Tells where a block of this process lies.
 *
 * The address is good in this process until the block is freed or given away, or the process closes its last handle on the
 * yard, of the yard itself or of an object in it. Others who have the number may read there at any time.
 *
 * \param blocks  Borrowed.
 * \param block   Its number.
 * \param data    Receives the address, aligned to 64.
 * \param room    Receives how many bytes there are, which may be more than was asked for; NULL if nobody wants to know.
 *
 * \return As cyd_blocks_free(); #CYD_E_NULL or #CYD_E_INVALID also for `data` and `room`.
 *
 * \par Threads    Any.
 * \par Processes  The one that owns the block.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_data(cyd_blocks_t *blocks, uint64_t block, void **data, size_t *room);

/**
 * Tells how many blocks this process owns or offers; several that were taken for one request count once. A fork()
 * child does not own its parent's.
 *
 * \param blocks  Borrowed.
 * \param out     Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never; looks at every block.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_owned(const cyd_blocks_t *blocks, uint32_t *out);

/**
 * Tells the longest request there can be room for: all blocks of the largest class, side by side.
 *
 * \param blocks  Borrowed.
 * \param out     Receives the number of bytes.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_max_len(const cyd_blocks_t *blocks, size_t *out);

/**
 * Tells how each class stands: a fact at some instant, the smallest class first.
 *
 * \param blocks  Borrowed.
 * \param list    Receives the first `room` of them; NULL if `room` is 0.
 * \param room    How many `list` has room for.
 * \param out     Receives how many there are, which may be more.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
 *   `room`).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never; looks at every block.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_usage(const cyd_blocks_t *blocks, cyd_block_use_t *list, size_t room, size_t *out);

/**
 * Tells who owns or offers blocks: a fact at some instant, in no order. The dead are not told.
 *
 * \param blocks  Borrowed.
 * \param list    Receives the first `room` of them; NULL if `room` is 0.
 * \param room    How many `list` has room for.
 * \param out     Receives how many there are, which may be more.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
 *   `room`).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; looks at every block, and costs system calls.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_blocks_owners(const cyd_blocks_t *blocks, cyd_block_owner_t *list, size_t room, size_t *out);

/**
 * Closes a handle on blocks. NULL is harmless.
 *
 * What the process owns stays owned, unless this was its last handle on the yard: see cyd_yard_close().
 *
 * \param blocks  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_blocks_close(cyd_blocks_t *blocks);

/**
 * Makes a pipe. Nobody holds its ends yet.
 *
 * \param yard     Where. Borrowed; the pipe keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_pipe_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_SIZE      `capacity` is no power of two, below 64, or above 1 TiB
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard has no room for it
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_VERSION   an option is set that this version does not know
 *   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The pipe exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_create(cyd_yard_t *yard, const char *name, const cyd_pipe_options_t *options, cyd_pipe_t **out);

/**
 * Opens a pipe, whatever its options.
 *
 * \param yard  Where. Borrowed; the pipe keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_pipe_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no pipe; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_open(cyd_yard_t *yard, const char *name, cyd_pipe_t **out);

/**
 * Opens a pipe of these options, or makes it.
 *
 * \param yard     Where. Borrowed; the pipe keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_pipe_close().
 *
 * \return As cyd_pipe_open() and cyd_pipe_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with other options.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same pipe.
 * \par Blocking   As cyd_pipe_create().
 * \par Crash      As cyd_pipe_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_open_or_create(cyd_yard_t *yard, const char *name, const cyd_pipe_options_t *options, cyd_pipe_t **out);

/**
 * Takes an end for this process, which may hold it already: each handle counts.
 *
 * \param pipe  Borrowed; the connection keeps the yard open by itself.
 * \param end   #CYD_PIPE_FIRST or #CYD_PIPE_SECOND.
 * \param out   Receives the handle; close it with cyd_connection_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NO_SLOTS  the yard's table of processes is full (in a fork() child)
 *   - #CYD_E_INVALID   `end` is no end, a pointer is misaligned
 *   - #CYD_E_NULL      `pipe` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `pipe` is closed, or no pipe
 *
 * \par Threads    Any.
 * \par Processes  Any, at the same time. A fork() child holds what its parent holds when it is born, for itself: both
 *   close what they do not want. It takes one of the yard's places at once for that; where none is free, it takes one
 *   with its first call, and does not hold the end until then. exec ends the hold as a death does.
 * \par Blocking   Never.
 * \par Crash      Killed in here: he holds the end or not, and is dead.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_end(cyd_pipe_t *pipe, cyd_pipe_end_t end, cyd_connection_t **out);

/**
 * Tells how an end stands.
 *
 * \param pipe  Borrowed.
 * \param end   #CYD_PIPE_FIRST or #CYD_PIPE_SECOND.
 * \param out   Receives a CYD_PEER_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (no end, a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_state(const cyd_pipe_t *pipe, cyd_pipe_end_t end, cyd_peer_t *out);

/**
 * Tells how many bytes the pipe has for messages, in each direction.
 *
 * \param pipe  Borrowed.
 * \param out   Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_capacity(const cyd_pipe_t *pipe, size_t *out);

/**
 * Tells how long the longest message can be.
 *
 * \param pipe  Borrowed.
 * \param out   Receives the number of bytes.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_max_len(const cyd_pipe_t *pipe, size_t *out);

/**
 * Tells whether both ends send and receive.
 *
 * \param pipe  Borrowed.
 * \param out   Receives the answer.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_pipe_is_duplex(const cyd_pipe_t *pipe, bool *out);

/**
 * Closes a handle on a pipe. NULL is harmless. The ends that were taken through it stay good.
 *
 * \param pipe  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Never. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_pipe_close(cyd_pipe_t *pipe);

/**
 * Sends one message; waits for room if the pipe is full.
 *
 * As long as nobody has ever left the other end, messages wait in the pipe for whoever takes it.
 *
 * \param connection  Borrowed.
 * \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
 * \param len         Bytes, at most cyd_pipe_max_len().
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK; else nothing was sent:
 *   - #CYD_E_FULL         no room within `timeout_ns`
 *   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nobody holds the other end any more
 *   - #CYD_E_TOO_LONG     the message can never fit
 *   - #CYD_E_INVALID      the end does not send; `len` is more than any memory; `connection` is misaligned
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  another sender stands still in his turn (a try, a timed call)
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the pipe's words contradict themselves
 *   - #CYD_E_NULL         `connection` is NULL, or `data` is and `len` is not 0
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `connection` is closed (also during the wait), or no connection
 *
 * \par Threads    Any.
 * \par Processes  Any that hold the end.
 * \par Blocking   Polls for some microseconds, then sleeps, while the pipe is full. Not async-signal-safe.
 * \par Crash      Killed before the one store that shows it: nothing was sent. Killed after: it was, whole.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_connection_send(cyd_connection_t *connection, const void *data, size_t len, int64_t timeout_ns);

/**
 * Copies the next message out and takes it; waits if there is none.
 *
 * At most once: a receiver killed before his caller had the message has lost that one.
 *
 * \param connection  Borrowed.
 * \param buffer      Receives the message. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EMPTY        nothing came within `timeout_ns`
 *   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nothing is left, and nobody holds the other end any more: the end of the
 *     stream
 *   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` tells how long
 *   - #CYD_E_INVALID      the end does not receive; `room` is more than any memory; a pointer is misaligned
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  another receiver stands still in his turn (a try, a timed call)
 *   - #CYD_E_CANCELLED    the thread's wait was cancelled
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the pipe's words contradict themselves
 *   - #CYD_E_NULL         `connection` or `len` is NULL, or `buffer` is and `room` is not 0
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `connection` is closed (also during the wait), or no connection
 *
 * \par Threads    Any; each message goes to one of them.
 * \par Processes  Any that hold the end.
 * \par Blocking   Polls for some microseconds, then sleeps, while the pipe is empty. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: the message is the next receiver's. Killed after: it is
 *   gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_connection_recv(cyd_connection_t *connection, void *buffer, size_t room, int64_t timeout_ns, size_t *len);

/**
 * Waits for a message and tells its length; the message stays. Another receiver may take it before you do.
 *
 * \param connection  Borrowed.
 * \param timeout_ns  0 looks and never waits; a negative value waits without limit.
 * \param len         Receives the message's length. NULL if that is not wanted: then this is a poll.
 *
 * \return As cyd_connection_recv(), but for #CYD_E_TOO_LONG: #CYD_OK if there is a message, #CYD_E_EMPTY if none came
 *   within `timeout_ns`, #CYD_E_PEER_CLOSED or #CYD_E_PEER_DIED at the end of the stream.
 *
 * \par Threads    Any.
 * \par Processes  Any that hold the end.
 * \par Blocking   As cyd_connection_recv().
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_connection_poll(cyd_connection_t *connection, int64_t timeout_ns, size_t *len);

/**
 * Tells how the other end stands.
 *
 * \param connection  Borrowed.
 * \param out         Receives a CYD_PEER_ number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never waits; may cost a system call.
 * \par Crash      Nothing is changed, but that a death is noted.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_connection_peer(const cyd_connection_t *connection, cyd_peer_t *out);

/**
 * Tells which end of its pipe this is.
 *
 * \param connection  Borrowed.
 * \param out         Receives #CYD_PIPE_FIRST or #CYD_PIPE_SECOND.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_connection_end(const cyd_connection_t *connection, cyd_pipe_end_t *out);

/**
 * Closes a handle on an end. NULL is harmless.
 *
 * When this process has closed the last of its handles on the end, it holds it no more. What was sent stays; the
 * other end learns #CYD_E_PEER_CLOSED when nobody else holds this one and it has received everything.
 *
 * \param connection  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only: parent and child of a fork() close each their own.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      Closed, or its holder died.
 * \par Since      0.1
 */
cyd_status_t cyd_connection_close(cyd_connection_t *connection);

/**
 * Makes a last-in-first-out queue.
 *
 * \param yard     Where. Borrowed; the queue keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_lifo_queue_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_SIZE      `capacity` is above 2^24, or `max_len` above 2^30
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard has no room for it
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_VERSION   an option is set that this version does not know
 *   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The queue exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_create(cyd_yard_t *yard, const char *name, const cyd_lifo_queue_options_t *options, cyd_lifo_queue_t **out);

/**
 * Opens a last-in-first-out queue, whatever its options.
 *
 * \param yard  Where. Borrowed; the queue keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_lifo_queue_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no last-in-first-out queue; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_open(cyd_yard_t *yard, const char *name, cyd_lifo_queue_t **out);

/**
 * Opens a last-in-first-out queue of these options, or makes it.
 *
 * \param yard     Where. Borrowed; the queue keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_lifo_queue_close().
 *
 * \return As cyd_lifo_queue_open() and cyd_lifo_queue_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with other options.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same queue.
 * \par Blocking   As cyd_lifo_queue_create().
 * \par Crash      As cyd_lifo_queue_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_open_or_create(cyd_yard_t *yard, const char *name, const cyd_lifo_queue_options_t *options, cyd_lifo_queue_t **out);

/**
 * Puts one message; waits for room if the queue is full. It is there before this returns.
 *
 * \param queue       Borrowed.
 * \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
 * \param len         Bytes, at most cyd_lifo_queue_max_len().
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK; else nothing was put:
 *   - #CYD_E_FULL         no room within `timeout_ns`
 *   - #CYD_E_SHUTDOWN     the queue was shut down
 *   - #CYD_E_TOO_LONG     longer than any message may be
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in his turn (a try, a timed call)
 *   - #CYD_E_CANCELLED    a token was cancelled that the thread had entered
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_INVALID      `len` is more than any memory; `queue` is misaligned
 *   - #CYD_E_NULL         `queue` is NULL, or `data` is and `len` is not 0
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no last-in-first-out queue
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Polls for some microseconds, then sleeps, while the queue is full. Not async-signal-safe.
 * \par Crash      Killed before the one store that puts it: nothing was put. Killed after: it was, whole.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_put(cyd_lifo_queue_t *queue, const void *data, size_t len, int64_t timeout_ns);

/**
 * Copies the next message out and takes it; waits if there is none.
 *
 * At most once: who is killed before his caller had the message has lost that one.
 *
 * \param queue       Borrowed.
 * \param buffer      Receives the message. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EMPTY        nothing came within `timeout_ns`
 *   - #CYD_E_END          the queue was shut down, and everything has been got
 *   - #CYD_E_SHUTDOWN     it was shut down at once
 *   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` tells how long
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in his turn (a try, a timed call)
 *   - #CYD_E_CANCELLED    a token was cancelled that the thread had entered
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_INVALID      `room` is more than any memory; a pointer is misaligned
 *   - #CYD_E_NULL         `queue` or `len` is NULL, or `buffer` is and `room` is not 0
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no last-in-first-out queue
 *
 * \par Threads    Any; each message goes to one of them.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Polls for some microseconds, then sleeps, while the queue is empty. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: the message is the next one's. Killed after: it is gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_get(cyd_lifo_queue_t *queue, void *buffer, size_t room, int64_t timeout_ns, size_t *len);

/**
 * Shuts the queue down, for everybody and for good; whoever waits is told.
 *
 * Putting answers #CYD_E_SHUTDOWN from now on; only a put that has begun before may still come in. Getting does so if it was shut
 * down `now`; else it goes on until everything has been got, and then answers #CYD_E_END. After the first #CYD_E_END nothing comes
 * in any more.
 *
 * \param queue  Borrowed.
 * \param now    What is there stays there. May follow an orderly shutdown.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      It is shut down, or not. Killed after: who sleeps looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_shutdown(cyd_lifo_queue_t *queue, bool now);

/**
 * Tells whether the queue was shut down.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_lifo_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_is_shutdown(const cyd_lifo_queue_t *queue, bool *out);

/**
 * Tells how many messages there are at this instant; none after it was shut down `now`.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_len(const cyd_lifo_queue_t *queue, size_t *out);

/**
 * Tells whether there is no message at this instant.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_lifo_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_is_empty(const cyd_lifo_queue_t *queue, bool *out);

/**
 * Tells whether there is no room at this instant.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_lifo_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_is_full(const cyd_lifo_queue_t *queue, bool *out);

/**
 * Tells how many messages the queue holds at most.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return As cyd_lifo_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_capacity(const cyd_lifo_queue_t *queue, size_t *out);

/**
 * Tells how many bytes a message has at most.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return As cyd_lifo_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_lifo_queue_max_len(const cyd_lifo_queue_t *queue, size_t *out);

/**
 * Closes a handle on a last-in-first-out queue. NULL is harmless. The queue and its messages stay.
 *
 * \param queue  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_lifo_queue_close(cyd_lifo_queue_t *queue);

/**
 * Makes a priority queue.
 *
 * \param yard     Where. Borrowed; the queue keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_priority_queue_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_SIZE      `capacity` is above 2^24, or `max_len` above 2^30
 *   - #CYD_E_EXISTS    the name is taken
 *   - #CYD_E_NAME      `name` is no legal name, or NULL
 *   - #CYD_E_NO_SPACE  the yard has no room for it
 *   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
 *   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
 *   - #CYD_E_VERSION   an option is set that this version does not know
 *   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set
 *   - #CYD_E_NULL      `yard` or `out` is NULL
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
 *
 * \par Threads    Any.
 * \par Processes  One of several that create the same name at once succeeds.
 * \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
 * \par Crash      The queue exists whole, or not at all.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_create(cyd_yard_t *yard, const char *name, const cyd_priority_queue_options_t *options, cyd_priority_queue_t **out);

/**
 * Opens a priority queue, whatever its options.
 *
 * \param yard  Where. Borrowed; the queue keeps the yard open by itself.
 * \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param out   Receives the handle; close it with cyd_priority_queue_close().
 *
 * \return #CYD_OK, or
 *   - #CYD_E_NOT_FOUND  there is no object of that name
 *   - #CYD_E_TYPE       the object of that name is no priority queue; or `yard` is no yard
 *   - #CYD_E_NAME       `name` is no legal name, or NULL
 *   - #CYD_E_NULL       `yard` or `out` is NULL
 *   - #CYD_E_CLOSED     `yard` is closed
 *   - #CYD_E_INVALID    a pointer is misaligned
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_open(cyd_yard_t *yard, const char *name, cyd_priority_queue_t **out);

/**
 * Opens a priority queue of these options, or makes it.
 *
 * \param yard     Where. Borrowed; the queue keeps the yard open by itself.
 * \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
 * \param options  Borrowed for the call; NULL means all defaults.
 * \param out      Receives the handle; close it with cyd_priority_queue_close().
 *
 * \return As cyd_priority_queue_open() and cyd_priority_queue_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
 *   #CYD_E_MISMATCH if it exists with other options.
 *
 * \par Threads    Any.
 * \par Processes  Several that call it at once get the same queue.
 * \par Blocking   As cyd_priority_queue_create().
 * \par Crash      As cyd_priority_queue_create().
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_open_or_create(cyd_yard_t *yard, const char *name, const cyd_priority_queue_options_t *options, cyd_priority_queue_t **out);

/**
 * Puts one message; waits for room if the queue is full. It is there before this returns.
 *
 * \param queue       Borrowed.
 * \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
 * \param len         Bytes, at most cyd_priority_queue_max_len().
 * \param priority    Any number; the smallest goes out first.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 *
 * \return #CYD_OK; else nothing was put:
 *   - #CYD_E_FULL         no room within `timeout_ns`
 *   - #CYD_E_SHUTDOWN     the queue was shut down
 *   - #CYD_E_TOO_LONG     longer than any message may be
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in his turn (a try, a timed call)
 *   - #CYD_E_CANCELLED    a token was cancelled that the thread had entered
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_INVALID      `len` is more than any memory; `queue` is misaligned
 *   - #CYD_E_NULL         `queue` is NULL, or `data` is and `len` is not 0
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no priority queue
 *
 * \par Threads    Any.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Polls for some microseconds, then sleeps, while the queue is full. Not async-signal-safe.
 * \par Crash      Killed before the one store that puts it: nothing was put. Killed after: it was, whole.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_put(cyd_priority_queue_t *queue, const void *data, size_t len, int64_t priority, int64_t timeout_ns);

/**
 * Copies the next message out and takes it; waits if there is none.
 *
 * At most once: who is killed before his caller had the message has lost that one.
 *
 * \param queue       Borrowed.
 * \param buffer      Receives the message. May be NULL when `room` is 0.
 * \param room        Bytes of `buffer`.
 * \param timeout_ns  0 tries and never waits; a negative value waits without limit.
 * \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
 * \param priority    Receives the message's priority. NULL if that is not wanted.
 *
 * \return #CYD_OK, or
 *   - #CYD_E_EMPTY        nothing came within `timeout_ns`
 *   - #CYD_E_END          the queue was shut down, and everything has been got
 *   - #CYD_E_SHUTDOWN     it was shut down at once
 *   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` tells how long
 *   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in his turn (a try, a timed call)
 *   - #CYD_E_CANCELLED    a token was cancelled that the thread had entered
 *   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
 *   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
 *   - #CYD_E_CORRUPT      the queue's words contradict themselves
 *   - #CYD_E_INVALID      `room` is more than any memory; a pointer is misaligned
 *   - #CYD_E_NULL         `queue` or `len` is NULL, or `buffer` is and `room` is not 0
 *   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no priority queue
 *
 * \par Threads    Any; each message goes to one of them.
 * \par Processes  Any. A fork() child may use inherited handles at once.
 * \par Blocking   Polls for some microseconds, then sleeps, while the queue is empty. Not async-signal-safe.
 * \par Crash      Killed before the one store that takes it: the message is the next one's. Killed after: it is gone.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_get(cyd_priority_queue_t *queue, void *buffer, size_t room, int64_t timeout_ns, size_t *len, int64_t *priority);

/**
 * Shuts the queue down, for everybody and for good; whoever waits is told.
 *
 * Putting answers #CYD_E_SHUTDOWN from now on; only a put that has begun before may still come in. Getting does so if it was shut
 * down `now`; else it goes on until everything has been got, and then answers #CYD_E_END. After the first #CYD_E_END nothing comes
 * in any more.
 *
 * \param queue  Borrowed.
 * \param now    What is there stays there. May follow an orderly shutdown.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      It is shut down, or not. Killed after: who sleeps looks again within 250 ms.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_shutdown(cyd_priority_queue_t *queue, bool now);

/**
 * Tells whether the queue was shut down.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_priority_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_is_shutdown(const cyd_priority_queue_t *queue, bool *out);

/**
 * Tells how many messages there are at this instant; none after it was shut down `now`.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_len(const cyd_priority_queue_t *queue, size_t *out);

/**
 * Tells whether there is no message at this instant.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_priority_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_is_empty(const cyd_priority_queue_t *queue, bool *out);

/**
 * Tells whether there is no room at this instant.
 *
 * \param queue  Borrowed.
 * \param out    Receives the answer.
 *
 * \return As cyd_priority_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_is_full(const cyd_priority_queue_t *queue, bool *out);

/**
 * Tells how many messages the queue holds at most.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return As cyd_priority_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_capacity(const cyd_priority_queue_t *queue, size_t *out);

/**
 * Tells how many bytes a message has at most.
 *
 * \param queue  Borrowed.
 * \param out    Receives the number.
 *
 * \return As cyd_priority_queue_len().
 *
 * \par Threads    Any.
 * \par Processes  Any.
 * \par Blocking   Never.
 * \par Crash      Nothing is changed.
 * \par Since      0.1
 */
CYD_MUST_USE cyd_status_t cyd_priority_queue_max_len(const cyd_priority_queue_t *queue, size_t *out);

/**
 * Closes a handle on a priority queue. NULL is harmless. The queue and its messages stay.
 *
 * \param queue  Not to be used afterwards.
 *
 * \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
 *
 * \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
 * \par Processes  Closes this process's handle only.
 * \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
 * \par Crash      As cyd_yard_close().
 * \par Since      0.1
 */
cyd_status_t cyd_priority_queue_close(cyd_priority_queue_t *queue);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* COURTYARD_H */
