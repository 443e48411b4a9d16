/* Pools: tasks in C, what becomes of them, maps, promises, callbacks; and what is refused. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

enum { LONG_RESULT = 5000 };

static int told_twice;

static int twice(cyd_task_t *task, const void *input, size_t len, void *argument) {
    int number;
    CHECK(argument == &told_twice);
    if (len != sizeof number) {
        OK(cyd_task_fail(task, "twice wants an int"));
        return 1;
    }
    memcpy(&number, input, len);
    number *= 2;
    return cyd_task_return(task, &number, sizeof number);
}

static int says_nothing(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)task, (void)input, (void)argument;
    return len == 0 ? 0 : 7;
}

static int long_one(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)input, (void)len, (void)argument;
    char bytes[LONG_RESULT];
    memset(bytes, 'x', sizeof bytes);
    return cyd_task_return(task, bytes, sizeof bytes);
}

/* Killed at its first attempts, as many as the input says. */
static int dies(cyd_task_t *task, const void *input, size_t len, void *argument) {
    cyd_task_info_t info = {.struct_size = sizeof info};
    (void)argument;
    OK(cyd_task_info(task, &info));
    CHECK(len == 1);
    if (info.attempt < *(const unsigned char *)input) {
        raise(SIGKILL);
    }
    return cyd_task_return(task, &info.attempt, sizeof info.attempt);
}

/* Takes its worker along: by abort(), or by an exit code. */
static int leaves(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)task, (void)argument;
    CHECK(len == 1);
    if (*(const char *)input == 'a') {
        abort();
    }
    _exit(3);
}

static int waits(cyd_task_t *task, const void *input, size_t len, void *argument) {
    bool asked = false;
    (void)input, (void)len, (void)argument;
    while (!asked) {
        usleep(1000);
        OK(cyd_task_is_cancelled(task, &asked));
    }
    OK(cyd_task_fail(task, "was asked"));
    return 1;
}

/* The sum of 1 to n, each step another task. */
static int sum(cyd_task_t *task, const void *input, size_t len, void *argument) {
    cyd_pool_t *pool;
    int n, rest = 0;
    size_t got;
    (void)argument;
    CHECK(len == sizeof n);
    memcpy(&n, input, len);
    if (n > 1) {
        int less = n - 1;
        OK(cyd_task_pool(task, &pool));
        OK(cyd_pool_apply(pool, "sum", &less, sizeof less, NULL, &rest, sizeof rest, &got));
        OK(cyd_pool_close(pool));
    }
    n += rest;
    return cyd_task_return(task, &n, sizeof n);
}

/* Adds to the number of this name in the pool's yard. */
static int adds(cyd_task_t *task, const void *input, size_t len, void *argument) {
    cyd_yard_t *yard;
    cyd_value_t *value;
    uint32_t one = 1;
    char name[8] = {0};
    (void)argument;
    CHECK(len < sizeof name);
    memcpy(name, input, len);
    OK(cyd_task_yard(task, &yard));
    OK(cyd_value_open(yard, name, CYD_TYPE_U32, &value));
    OK(cyd_yard_close(yard));
    OK(cyd_value_fetch(value, CYD_TYPE_U32, CYD_OP_ADD, &one, NULL));
    return cyd_value_close(value);
}

static cyd_task_t *stale;

static int is_kept(cyd_task_t *task, const void *input, size_t len, void *argument) {
    bool asked;
    (void)input, (void)len, (void)argument;
    stale = task;
    IS(cyd_task_is_cancelled(task, NULL), CYD_E_NULL);
    IS(cyd_task_is_cancelled(NULL, &asked), CYD_E_NULL);
    IS(cyd_task_return(task, NULL, 1), CYD_E_NULL);
    IS(cyd_task_fail(task, NULL), CYD_E_NAME);
    IS(cyd_task_pool(task, NULL), CYD_E_NULL);
    IS(cyd_task_yard(task, NULL), CYD_E_NULL);
    cyd_task_info_t unset = {.struct_size = 1};
    IS(cyd_task_info(task, &unset), CYD_E_INVALID);
    return 0;
}

static cyd_future_t *submit(cyd_pool_t *pool, const char *entry, const void *input, size_t len) {
    cyd_future_t *future;
    OK(cyd_pool_submit(pool, entry, input, len, NULL, -1, &future));
    return future;
}

static cyd_future_t *to_be_closed;

/* Works at a task that closes the handle through which it waits. */
static int waits_for_a_closer(cyd_task_t *task, const void *input, size_t len, void *argument) {
    cyd_pool_t *pool;
    bool cancelled;
    (void)input, (void)len, (void)argument;
    OK(cyd_task_pool(task, &pool));
    cyd_future_t *closer = submit(pool, "closes", NULL, 0), *late = submit(pool, "twice", NULL, 0);
    OK(cyd_pool_close(pool));
    to_be_closed = late;
    IS(cyd_future_wait(late, 0), CYD_E_TIMEOUT);
    CHECK(to_be_closed == late); /* who only looks works at nothing */
    IS(cyd_future_wait(late, -1), CYD_E_CLOSED);
    CHECK(to_be_closed == NULL);
    IS(cyd_future_cancel(late, &cancelled), CYD_E_CLOSED);
    return cyd_future_close(closer);
}

static int closes(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)task, (void)input, (void)len, (void)argument;
    OK(cyd_future_close(to_be_closed));
    to_be_closed = NULL;
    return 0;
}

static int swallows(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)task, (void)input, (void)len, (void)argument;
    return 0;
}

static cyd_event_t *gate_of(cyd_yard_t *yard) {
    cyd_event_t *gate;
    OK(cyd_event_open_or_create(yard, "gate", 0, &gate));
    return gate;
}

/* Who is told 0 waits at the gate, which a 2 opens, if it is told to. */
static int gated(cyd_task_t *task, const void *input, size_t len, void *argument) {
    const unsigned char *told = input;
    cyd_yard_t *yard;
    (void)argument;
    CHECK(len == 2);
    OK(cyd_task_yard(task, &yard));
    cyd_event_t *gate = gate_of(yard);
    OK(cyd_yard_close(yard));
    if (told[0] == 0) {
        OK(cyd_event_wait(gate, 20000 * MS));
    } else if (told[0] == 2 && told[1] == 1) {
        OK(cyd_event_set(gate));
    }
    OK(cyd_event_close(gate));
    return cyd_task_return(task, told, 1);
}

static int task_id(cyd_task_t *task, const void *input, size_t len, void *argument) {
    cyd_task_info_t info = {.struct_size = sizeof info};
    (void)input, (void)len, (void)argument;
    OK(cyd_task_info(task, &info));
    return cyd_task_return(task, &info.id, sizeof info.id);
}

static int worker_pid(cyd_task_t *task, const void *input, size_t len, void *argument) {
    const uint32_t pid = (uint32_t)getpid();
    (void)input, (void)len, (void)argument;
    return cyd_task_return(task, &pid, sizeof pid);
}

static int never_begins(const void *bytes, size_t len) { return len == 1 ? *(const unsigned char *)bytes : 0; }

static void results(cyd_pool_t *pool) {
    int number = 21;
    size_t len = 0;
    char text[64], large[LONG_RESULT];
    cyd_fate_t fate = {.struct_size = sizeof fate};
    OK(cyd_pool_apply(pool, "twice", &number, sizeof number, NULL, &number, sizeof number, &len));
    CHECK(number == 42 && len == sizeof number);
    IS(cyd_pool_apply(pool, "twice", &number, sizeof number, NULL, NULL, 0, &len), CYD_E_TOO_LONG);
    CHECK(len == sizeof number);

    cyd_future_t *failed = submit(pool, "twice", NULL, 0);
    IS(cyd_future_result(failed, text, sizeof text, -1, &len), CYD_E_FAILED);
    CHECK(strstr(cyd_last_error_message(), "twice wants an int") != NULL);
    OK(cyd_future_error(failed, text, 6, &len));
    CHECK(strcmp(text, "twice") == 0 && len == strlen("twice wants an int"));
    OK(cyd_future_fate(failed, 0, &fate));
    CHECK(fate.state == CYD_TASK_FAILED && fate.data == NULL && fate.len == len);
    OK(cyd_future_close(failed));

    cyd_future_t *coded = submit(pool, "says-nothing", "x", 1);
    IS(cyd_future_result(coded, NULL, 0, -1, &len), CYD_E_FAILED);
    OK(cyd_future_error(coded, text, sizeof text, NULL));
    CHECK(strcmp(text, "it returned 7") == 0);
    OK(cyd_future_close(coded));

    cyd_future_t *empty = submit(pool, "says-nothing", NULL, 0);
    OK(cyd_future_result(empty, NULL, 0, -1, &len));
    CHECK(len == 0);
    IS(cyd_future_error(empty, text, sizeof text, NULL), CYD_E_STATE);
    OK(cyd_future_close(empty));

    cyd_future_t *large_one = submit(pool, "long", NULL, 0);
    IS(cyd_future_result(large_one, large, 10, -1, &len), CYD_E_TOO_LONG);
    CHECK(len == LONG_RESULT);
    OK(cyd_future_result(large_one, large, sizeof large, 0, &len)); /* it stayed */
    CHECK(len == LONG_RESULT && large[LONG_RESULT - 1] == 'x');
    OK(cyd_future_close(large_one));

    cyd_future_t *unknown = submit(pool, "nobody", NULL, 0);
    IS(cyd_future_result(unknown, NULL, 0, -1, &len), CYD_E_FAILED);
    OK(cyd_future_close(unknown));
    OK(cyd_pool_submit(pool, "says-nothing", NULL, 0, NULL, -1, NULL)); /* nobody wants to know */

    int ten = 10;
    OK(cyd_pool_apply(pool, "sum", &ten, sizeof ten, NULL, &number, sizeof number, &len));
    CHECK(number == 55);

    cyd_yard_t *yard;
    cyd_value_t *value;
    uint32_t none = 0, now;
    OK(cyd_pool_yard(pool, &yard));
    OK(cyd_value_open_or_create(yard, "here", CYD_TYPE_U32, &value));
    OK(cyd_yard_close(yard));
    OK(cyd_value_set(value, CYD_TYPE_U32, &none));
    for (int i = 0; i < 3; i++) {
        OK(cyd_pool_apply(pool, "adds", "here", 4, NULL, NULL, 0, &len));
    }
    OK(cyd_value_get(value, CYD_TYPE_U32, &now));
    CHECK(now == 3);
    OK(cyd_value_close(value));
}

static void deaths(cyd_pool_t *pool) {
    const unsigned char once = 1, thrice = 3;
    uint32_t attempts = 0;
    size_t len;
    cyd_fate_t fate = {.struct_size = sizeof fate};
    cyd_task_options_t options = {.struct_size = sizeof options, .retries = 1};
    OK(cyd_pool_apply(pool, "dies", &once, 1, &options, &attempts, sizeof attempts, &len));
    CHECK(attempts == 1);
    cyd_future_t *lost;
    OK(cyd_pool_submit(pool, "dies", &thrice, 1, &options, -1, &lost));
    IS(cyd_future_result(lost, NULL, 0, -1, &len), CYD_E_LOST);
    OK(cyd_future_fate(lost, -1, &fate));
    CHECK(fate.state == CYD_TASK_LOST && fate.cause == CYD_LOST_SIGNAL && fate.value == SIGKILL);
    CHECK(fate.attempt == 1 && fate.pid != 0 && fate.len == 0);
    OK(cyd_future_close(lost));
    const struct {
        const char *how;
        uint32_t cause;
        int32_t value;
    } ways[] = {{"a", CYD_LOST_SIGNAL, SIGABRT}, {"e", CYD_LOST_EXIT_CODE, 3}};
    for (int i = 0; i < 2; i++) {
        OK(cyd_pool_submit(pool, "leaves", ways[i].how, 1, NULL, -1, &lost));
        OK(cyd_future_fate(lost, -1, &fate));
        CHECK(fate.state == CYD_TASK_LOST && fate.cause == ways[i].cause && fate.value == ways[i].value);
        CHECK(fate.attempt == 0 && fate.pid != 0);
        OK(cyd_future_close(lost));
    }
    options.retries = 0;
    options.time_limit_ns = 50 * MS;
    OK(cyd_pool_submit(pool, "waits", NULL, 0, &options, -1, &lost));
    OK(cyd_future_fate(lost, -1, &fate));
    CHECK(fate.state == CYD_TASK_LOST && fate.cause == CYD_LOST_TIME_LIMIT);
    OK(cyd_future_close(lost));
    options.retries = 256;
    IS(cyd_pool_submit(pool, "dies", &once, 1, &options, -1, &lost), CYD_E_RANGE);
}

/* Waits until a worker is at it. */
static cyd_future_info_t running(cyd_future_t *future) {
    cyd_future_info_t info = {.struct_size = sizeof info};
    do {
        usleep(500);
        OK(cyd_future_info(future, &info));
    } while (info.state == CYD_TASK_PENDING);
    return info;
}

static void ends(cyd_pool_t *pool, bool threads) {
    bool did = false, shut = true;
    size_t len, which;
    cyd_future_t *busy[2], *later, *onlooker;
    cyd_progress_t progress = {.struct_size = sizeof progress};
    cyd_fate_t fate = {.struct_size = sizeof fate};
    for (int i = 0; i < 2; i++) {
        busy[i] = submit(pool, "waits", NULL, 0);
        CHECK(running(busy[i]).state == CYD_TASK_RUNNING);
    }
    later = submit(pool, "waits", NULL, 0);
    IS(cyd_future_wait(later, 0), CYD_E_TIMEOUT);
    IS(cyd_future_wait(later, MS), CYD_E_TIMEOUT);
    OK(cyd_pool_progress(pool, &progress));
    CHECK(progress.pending == 1 && progress.running == 2 && progress.workers == 2);
    uint32_t pids[3] = {0};
    OK(cyd_pool_workers(pool, pids, 3, &len));
    CHECK(len == 2 && pids[2] == 0);
    for (int i = 0; i < 2; i++) {
        CHECK(running(busy[i]).pid == pids[0] || running(busy[i]).pid == pids[1]);
    }
    OK(cyd_pool_workers(pool, NULL, 0, &len));
    CHECK(len == 2);
    IS(cyd_pool_workers(pool, NULL, 1, &len), CYD_E_NULL);
    IS(cyd_pool_workers(pool, pids, 3, NULL), CYD_E_NULL);
    OK(cyd_future_cancel(busy[0], &did));
    CHECK(!did);
    OK(cyd_future_cancel(later, &did));
    CHECK(did);
    IS(cyd_future_result(later, NULL, 0, 0, &len), CYD_E_CANCELLED);

    cyd_future_info_t info = running(busy[0]);
    CHECK(info.is_asked == 0 && info.pid != 0);
    OK(cyd_pool_future(pool, info.id, &onlooker));
    OK(cyd_future_stop(onlooker, NULL));
    void *both[] = {busy[1], busy[0]};
    OK(cyd_wait_any(both, 2, -1, &which));
    CHECK(which == 1);
    OK(cyd_future_fate(onlooker, 0, &fate));
    CHECK(fate.state == CYD_TASK_CANCELLED);
    if (threads) {
        IS(cyd_future_kill(busy[1], &did), CYD_E_UNSUPPORTED);
        OK(cyd_future_stop(busy[1], &did));
    } else {
        OK(cyd_future_kill(busy[1], &did));
    }
    CHECK(did);
    OK(cyd_wait_all(both, 2, -1));
    OK(cyd_future_fate(busy[1], 0, &fate));
    CHECK(fate.state == CYD_TASK_CANCELLED);
    for (int i = 0; i < 2; i++) {
        OK(cyd_future_close(busy[i]));
    }
    OK(cyd_future_close(later));
    IS(cyd_future_wait(onlooker, 0), CYD_E_NOT_FOUND);
    OK(cyd_future_close(onlooker));
    IS(cyd_pool_future(pool, info.id, &onlooker), CYD_E_NOT_FOUND);
    OK(cyd_pool_is_shutdown(pool, &shut));
    CHECK(!shut);
    IS(cyd_pool_join(pool, 0), CYD_E_STATE);
}

struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t state;
    int number;
    bool called;
};

static void done(const cyd_fate_t *fate, void *argument) {
    struct told *told = argument;
    pthread_mutex_lock(&told->lock);
    told->called = true;
    told->state = fate->state;
    if (fate->state == CYD_TASK_DONE && fate->len == sizeof told->number) {
        memcpy(&told->number, fate->data, fate->len);
    } else {
        CHECK(strcmp(fate->data, "twice wants an int") == 0); /* with its NUL */
    }
    pthread_cond_signal(&told->changed);
    pthread_mutex_unlock(&told->lock);
}

static void callbacks(cyd_pool_t *pool) {
    static struct told told = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    int number = 4;
    for (int round = 0; round < 2; round++) {
        told.called = false;
        OK(cyd_pool_apply_async(pool, "twice", &number, round == 0 ? sizeof number : 1, NULL, done, &told));
        pthread_mutex_lock(&told.lock);
        while (!told.called) {
            pthread_cond_wait(&told.changed, &told.lock);
        }
        pthread_mutex_unlock(&told.lock);
        CHECK(told.number == 8 && told.state == (round == 0 ? CYD_TASK_DONE : CYD_TASK_FAILED));
    }
    IS(cyd_pool_apply_async(pool, "twice", NULL, 0, NULL, NULL, NULL), CYD_E_NULL);
}

/* The map is closed while somebody waits for its next result: there is no other, and it is whole until he has left. */
static int closes_the_map(cyd_slice_t *input, void *map) {
    (void)input;
    OK(cyd_map_close(*(cyd_map_t **)map));
    return 0;
}

/* An input, and then one that is none. */
static int then_none(cyd_slice_t *input, void *number) {
    *input = (cyd_slice_t){*(int *)number == 0 ? number : NULL, sizeof(int)};
    *(int *)number += 1;
    return 1;
}

static int count_up(cyd_slice_t *input, void *argument) {
    int *number = argument;
    ++*number;
    *input = (cyd_slice_t){number, sizeof *number};
    return *number <= 50;
}

static void maps(cyd_pool_t *pool) {
    enum { COUNT = 100 };
    int numbers[COUNT], result, seen = 0;
    size_t len, index;
    cyd_slice_t inputs[COUNT];
    cyd_map_t *map;
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = i;
        inputs[i] = (cyd_slice_t){&numbers[i], sizeof numbers[i]};
    }
    inputs[40].len = 1;
    OK(cyd_pool_map(pool, "twice", inputs, COUNT, NULL, &map));
    memset(numbers, 0xff, sizeof numbers); /* they were copied */
    for (int i = 0; i < COUNT; i++) {
        if (i == 40) {
            IS(cyd_map_next(map, &result, sizeof result, &len, &index), CYD_E_FAILED);
            CHECK(index == 40 && strstr(cyd_last_error_message(), "twice wants an int") != NULL);
            continue;
        }
        IS(cyd_map_next(map, NULL, 0, &len, &index), CYD_E_TOO_LONG); /* it stays */
        OK(cyd_map_next(map, &result, sizeof result, &len, &index));
        CHECK(result == 2 * i && len == sizeof result && index == (size_t)i);
    }
    IS(cyd_map_next(map, &result, sizeof result, &len, NULL), CYD_E_END);
    OK(cyd_map_close(map));

    int number = 0;
    cyd_map_options_t options = {.struct_size = sizeof options, .chunk = 3, .window = 2, .flags = CYD_MAP_UNORDERED};
    OK(cyd_pool_imap(pool, "twice", count_up, &number, &options, &map));
    CHECK(number == 0); /* nothing was asked for */
    cyd_status_t rc;
    while ((rc = cyd_map_next(map, &result, sizeof result, &len, &index)) == CYD_OK) {
        CHECK(result == 2 * (int)(index + 1));
        seen += result;
    }
    CHECK(rc == CYD_E_END && seen == 50 * 51);
    OK(cyd_map_close(map));

    number = 0;
    OK(cyd_pool_imap(pool, "twice", then_none, &number, NULL, &map));
    OK(cyd_map_next(map, &result, sizeof result, &len, &index));
    CHECK(result == 2 && index == 0);
    IS(cyd_map_next(map, &result, sizeof result, &len, NULL), CYD_E_NULL); /* and not the end, as if all were well */
    IS(cyd_map_next(map, &result, sizeof result, &len, NULL), CYD_E_NULL);
    OK(cyd_map_close(map));

    OK(cyd_pool_imap(pool, "twice", closes_the_map, &map, NULL, &map));
    IS(cyd_map_next(map, &result, sizeof result, &len, NULL), CYD_E_END);
    IS(cyd_map_close(map), CYD_E_CLOSED);

    static cyd_slice_t many[1000];
    static char bytes[10 << 10];
    for (int i = 0; i < 1000; i++) {
        many[i] = (cyd_slice_t){bytes, sizeof bytes}; /* more than the pool has blocks for */
    }
    OK(cyd_pool_map(pool, "swallows", many, 1000, NULL, &map));
    for (int i = 0; i < 1000; i++) {
        OK(cyd_map_next(map, NULL, 0, &len, &index));
        CHECK(len == 0 && index == (size_t)i);
    }
    OK(cyd_map_close(map));

    pid_t pid;
    OK(cyd_pool_map(pool, "swallows", many, 2, NULL, &map));
    OK(cyd_map_next(map, NULL, 0, &len, &index));
    CHILD(pid) {
        IS(cyd_map_next(map, NULL, 0, &len, &index), CYD_E_NOT_OWNER);
        OK(cyd_map_close(map));
    }
    ENDED_WELL(pid);
    OK(cyd_map_next(map, NULL, 0, &len, &index));
    CHECK(index == 1);
    OK(cyd_map_close(map));

    cyd_slice_t one = {NULL, 0};
    options = (cyd_map_options_t){.struct_size = sizeof options, .total_time_limit_ns = 20 * MS};
    OK(cyd_pool_map(pool, "waits", &one, 1, &options, &map));
    IS(cyd_map_next(map, NULL, 0, &len, &index), CYD_E_TIMEOUT);
    OK(cyd_map_close(map));
    options.flags = 2;
    IS(cyd_pool_map(pool, "twice", &one, 1, &options, &map), CYD_E_VERSION);
    IS(cyd_pool_map(pool, "twice", NULL, 1, NULL, &map), CYD_E_NULL);
    IS(cyd_pool_imap(pool, "twice", NULL, NULL, NULL, &map), CYD_E_NULL);
    IS(cyd_map_next(NULL, NULL, 0, &len, NULL), CYD_E_NULL);
    IS(cyd_map_next(map, NULL, 0, &len, NULL), CYD_E_CLOSED);
}

/* In order nothing comes before the first; otherwise what is ready does. */
static void order(cyd_pool_t *pool) {
    unsigned char told[3][2] = {{0, 1}, {1, 1}, {2, 1}}, result;
    const cyd_slice_t inputs[] = {{told[0], 2}, {told[1], 2}, {told[2], 2}};
    const size_t as_ready[] = {1, 2, 0};
    size_t len, index;
    cyd_map_t *map;
    cyd_yard_t *yard;
    cyd_map_options_t options = {.struct_size = sizeof options, .chunk = 1, .total_time_limit_ns = 20000 * MS};
    OK(cyd_pool_yard(pool, &yard));
    cyd_event_t *gate = gate_of(yard);
    OK(cyd_yard_close(yard));
    OK(cyd_event_clear(gate));
    OK(cyd_pool_map(pool, "gated", inputs, 3, &options, &map));
    for (size_t i = 0; i < 3; i++) {
        OK(cyd_map_next(map, &result, 1, &len, &index));
        CHECK(index == i && result == i);
    }
    OK(cyd_map_close(map));

    OK(cyd_event_clear(gate));
    told[2][1] = 0;
    options.flags = CYD_MAP_UNORDERED;
    OK(cyd_pool_map(pool, "gated", inputs, 3, &options, &map));
    for (int i = 0; i < 3; i++) {
        if (as_ready[i] == 0) {
            OK(cyd_event_set(gate)); /* not before the others have come */
        }
        OK(cyd_map_next(map, &result, 1, &len, &index));
        CHECK(index == as_ready[i] && result == index);
    }
    IS(cyd_map_next(map, &result, 1, &len, &index), CYD_E_END);
    OK(cyd_map_close(map));
    OK(cyd_event_close(gate));
}

/* How many tasks the inputs are, of which each tells its task. */
static int tasks_of(cyd_pool_t *pool, size_t count, size_t chunk) {
    static cyd_slice_t inputs[1000];
    uint64_t last = UINT64_MAX, id;
    size_t len;
    int tasks = 0;
    cyd_map_t *map;
    cyd_map_options_t options = {.struct_size = sizeof options, .chunk = chunk};
    OK(cyd_pool_map(pool, "task-id", inputs, count, &options, &map));
    for (size_t i = 0; i < count; i++) {
        OK(cyd_map_next(map, &id, sizeof id, &len, NULL));
        tasks += id != last;
        last = id;
    }
    OK(cyd_map_close(map));
    return tasks;
}

/* Four tasks for each worker, of which there are two, if nobody says anything else. */
static void chunks(cyd_pool_t *pool) {
    CHECK(tasks_of(pool, 1000, 0) == 8);
    CHECK(tasks_of(pool, 5, 0) == 5);
    CHECK(tasks_of(pool, 1000, 300) == 4);
}

static void promises(cyd_pool_t *pool) {
    cyd_promise_t *promise;
    cyd_future_t *future;
    char text[16];
    size_t len;
    bool cancelled = true;
    cyd_fate_t fate = {.struct_size = sizeof fate};
    OK(cyd_pool_promise(pool, -1, &promise, &future));
    OK(cyd_promise_is_cancelled(promise, &cancelled));
    CHECK(!cancelled);
    IS(cyd_future_wait(future, 0), CYD_E_TIMEOUT);
    OK(cyd_promise_set(promise, "kept", 4));
    IS(cyd_promise_set(promise, "again", 5), CYD_E_STATE);
    OK(cyd_promise_is_cancelled(promise, &cancelled));
    CHECK(cancelled);
    OK(cyd_promise_close(promise));
    OK(cyd_future_result(future, text, sizeof text, 0, &len));
    CHECK(len == 4 && memcmp(text, "kept", 4) == 0);
    OK(cyd_future_close(future));

    OK(cyd_pool_promise(pool, 0, &promise, &future));
    IS(cyd_promise_fail(promise, NULL), CYD_E_NAME);
    OK(cyd_promise_fail(promise, "cannot"));
    OK(cyd_promise_close(promise));
    IS(cyd_future_result(future, NULL, 0, 0, &len), CYD_E_FAILED);
    OK(cyd_future_close(future));

    OK(cyd_pool_promise(pool, 0, &promise, &future));
    OK(cyd_promise_close(promise)); /* broken */
    OK(cyd_future_fate(future, 0, &fate));
    CHECK(fate.state == CYD_TASK_LOST && fate.cause == CYD_LOST_UNKNOWN);
    OK(cyd_future_close(future));
    IS(cyd_pool_promise(pool, 0, NULL, &future), CYD_E_NULL);
    IS(cyd_pool_promise(pool, 0, &promise, NULL), CYD_E_NULL);
}

static void *closes_soon(void *handle) {
    usleep(30000);
    OK(cyd_future_close(handle));
    return NULL;
}

static void closing(cyd_pool_t *pool) {
    pthread_t closer;
    cyd_future_t *future = submit(pool, "waits", NULL, 0);
    running(future);
    CHECK(pthread_create(&closer, NULL, closes_soon, future) == 0);
    IS(cyd_future_wait(future, -1), CYD_E_CLOSED);
    CHECK(pthread_join(closer, NULL) == 0);
    IS(cyd_future_wait(future, 0), CYD_E_CLOSED);
    IS(cyd_future_close(future), CYD_E_CLOSED);
}

static void *works(void *pool) {
    OK(cyd_pool_work(pool, 0));
    return NULL;
}

static void strangers(cyd_yard_t *yard) {
    cyd_pool_t *maker, *pool;
    cyd_ref_t ref;
    cyd_object_info_t object = {.struct_size = sizeof object};
    pthread_t worker;
    int number = 5;
    size_t len, size = 0;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .method = CYD_START_THREADS, .flags = CYD_POOL_SHORT};
    OK(cyd_pool_create(yard, "strangers", &options, &maker));
    OK(cyd_pool_open(yard, "strangers", &pool));
    OK(cyd_yard_ref(yard, "strangers", &ref));
    OK(cyd_yard_resolve(yard, &ref, &object));
    CHECK(object.kind == CYD_OBJECT_POOL && strcmp(object.name, "strangers") == 0);
    CHECK(pthread_create(&worker, NULL, works, pool) == 0);
    OK(cyd_pool_apply(pool, "twice", &number, sizeof number, NULL, &number, sizeof number, &len));
    CHECK(number == 10);
    IS(cyd_pool_apply(pool, "twice", yard, 113, NULL, &number, sizeof number, &len), CYD_E_TOO_LONG);
    OK(cyd_pool_resize(pool, 2));
    OK(cyd_pool_size(maker, &size));
    CHECK(size == 2);
    IS(cyd_pool_resize(pool, 0), CYD_E_RANGE);
    IS(cyd_pool_resize(pool, 1000), CYD_E_RANGE);
    OK(cyd_pool_shutdown(pool, false));
    IS(cyd_pool_submit(pool, "twice", NULL, 0, NULL, 0, NULL), CYD_E_STATE);
    OK(cyd_pool_join(pool, 20000 * MS));
    OK(cyd_pool_join(maker, 20000 * MS));
    CHECK(pthread_join(worker, NULL) == 0);
    OK(cyd_pool_close(pool));
    OK(cyd_pool_close(maker));
}

/* Who is allowed so many CPUs. */
static void with_cpus(int count) {
    cpu_set_t all, some;
    size_t size = 0;
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    cyd_probe_t probe = {.struct_size = sizeof probe};
    CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
    CPU_ZERO(&some);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&some) < count; cpu++) {
        if (CPU_ISSET(cpu, &all)) {
            CPU_SET(cpu, &some);
        }
    }
    CHECK(sched_setaffinity(0, sizeof some, &some) == 0);
    OK(cyd_probe(&probe)); /* the cgroup may allow less */
    CHECK(probe.cpus >= 1 && probe.cpus <= (uint32_t)CPU_COUNT(&some));
    cyd_pool_options_t zeroed = {.struct_size = sizeof zeroed};
    const cyd_pool_options_t *const options[] = {&zeroed, NULL};
    for (int i = 0; i < 2; i++) {
        OK(cyd_yard_create_anonymous(NULL, &yard));
        OK(cyd_pool_create(yard, "pool", options[i], &pool));
        OK(cyd_pool_size(pool, &size));
        CHECK(size == probe.cpus);
        OK(cyd_pool_close(pool));
        OK(cyd_yard_close(yard));
    }
}

/* Nobody says how many workers there are to be. */
static void as_many_as_cpus(void) {
    for (int cpus = 1; cpus <= 2; cpus++) {
        pid_t pid;
        CHILD(pid) {
            with_cpus(cpus);
        }
        ENDED_WELL(pid);
    }
}

/* Two tasks, and the worker is replaced. */
static void two_for_each(cyd_yard_t *yard) {
    const cyd_start_t methods[] = {CYD_START_FORK_SERVER, CYD_START_SPAWN};
    for (int i = 0; i < 2; i++) {
        cyd_pool_t *pool;
        uint32_t pids[6];
        size_t len;
        const char *name = i == 0 ? "two-server" : "two-spawn";
        cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .method = methods[i], .tasks_per_worker = 2};
        OK(cyd_pool_create(yard, name, &options, &pool));
        for (int n = 0; n < 6; n++) {
            OK(cyd_pool_apply(pool, "worker-pid", NULL, 0, NULL, &pids[n], sizeof *pids, &len));
        }
        CHECK(pids[0] == pids[1] && pids[2] == pids[3] && pids[4] == pids[5]);
        CHECK(pids[1] != pids[2] && pids[3] != pids[4]);
        OK(cyd_pool_close(pool));
    }
}

static void one_by_one(cyd_yard_t *yard) {
    cyd_pool_t *pool;
    cyd_future_t *busy, *waiting;
    bool asked;
    size_t len;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .tasks = 2, .method = CYD_START_THREADS};
    OK(cyd_pool_create(yard, "one", &options, &pool));
    OK(cyd_pool_apply(pool, "is-kept", NULL, 0, NULL, NULL, 0, &len));
    IS(cyd_task_is_cancelled(stale, &asked), CYD_E_CLOSED);
    busy = submit(pool, "waits", NULL, 0);
    running(busy);
    waiting = submit(pool, "waits", NULL, 0);
    IS(cyd_pool_submit(pool, "waits", NULL, 0, NULL, 0, NULL), CYD_E_FULL);
    IS(cyd_pool_submit(pool, "waits", NULL, 0, NULL, MS, NULL), CYD_E_FULL);
    OK(cyd_pool_shutdown(pool, true));
    OK(cyd_pool_join(pool, 20000 * MS));
    IS(cyd_future_result(busy, NULL, 0, 0, &len), CYD_E_CANCELLED);
    IS(cyd_future_result(waiting, NULL, 0, 0, &len), CYD_E_CANCELLED);
    OK(cyd_future_close(busy));
    OK(cyd_future_close(waiting));
    OK(cyd_pool_close(pool));
}

static void closed_by_a_task(cyd_yard_t *yard) {
    cyd_pool_t *pool;
    size_t len;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .method = CYD_START_THREADS};
    OK(cyd_pool_create(yard, "closers", &options, &pool));
    OK(cyd_pool_apply(pool, "waits-for-a-closer", NULL, 0, NULL, NULL, 0, &len));
    OK(cyd_pool_close(pool));
}

static void unfit(cyd_yard_t *yard) {
    const unsigned char three = 3;
    cyd_pool_t *pool;
    cyd_fate_t fate = {.struct_size = sizeof fate};
    cyd_pool_options_t options = {
        .struct_size = sizeof options, .workers = 1, .initializer = "never-begins", .initializer_bytes = &three, .initializer_len = 1};
    OK(cyd_pool_create(yard, "unfit", &options, &pool));
    cyd_future_t *future = submit(pool, "twice", NULL, 0);
    OK(cyd_future_fate(future, -1, &fate));
    CHECK(fate.state == CYD_TASK_LOST && fate.cause == CYD_LOST_UNFIT && fate.pid == 0);
    OK(cyd_future_close(future));
    IS(cyd_pool_submit(pool, "twice", NULL, 0, NULL, 0, NULL), CYD_E_STATE);
    OK(cyd_pool_close(pool));
}

/* A result for which there is no room is the task's failure, and says so. */
static void too_much(cyd_yard_t *yard) {
    cyd_pool_t *pool;
    size_t len;
    char text[200];
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .flags = CYD_POOL_SHORT};
    OK(cyd_pool_create(yard, "short", &options, &pool));
    cyd_future_t *future = submit(pool, "long", NULL, 0);
    IS(cyd_future_result(future, text, sizeof text, -1, &len), CYD_E_FAILED);
    CHECK(strstr(cyd_last_error_message(), "5000") != NULL);
    OK(cyd_future_close(future));
    int two = 2, four;
    OK(cyd_pool_apply(pool, "twice", &two, sizeof two, NULL, &four, sizeof four, &len));
    CHECK(four == 4);
    OK(cyd_pool_close(pool));
}

static void bad_input(cyd_yard_t *yard) {
    cyd_pool_t *pool = NULL;
    cyd_pool_options_t options = {.struct_size = sizeof options, .method = 4};
    IS(cyd_pool_create(yard, "bad", &options, &pool), CYD_E_INVALID);
    options = (cyd_pool_options_t){.struct_size = sizeof options, .flags = 2};
    IS(cyd_pool_create(yard, "bad", &options, &pool), CYD_E_VERSION);
    options = (cyd_pool_options_t){.struct_size = sizeof options, .flags = CYD_POOL_SHORT, .block_bytes = 4096};
    IS(cyd_pool_create(yard, "bad", &options, &pool), CYD_E_INVALID);
    options = (cyd_pool_options_t){.struct_size = sizeof options, .initializer = "nobody"};
    IS(cyd_pool_create(yard, "bad", &options, &pool), CYD_E_NOT_FOUND);
    options = (cyd_pool_options_t){.struct_size = sizeof options, .workers = 5000};
    IS(cyd_pool_create(yard, "bad", &options, &pool), CYD_E_RANGE);
    options = (cyd_pool_options_t){.struct_size = 4};
    IS(cyd_pool_create(yard, "bad", &options, &pool), CYD_E_INVALID);
    cyd_yard_t *tiny;
    cyd_yard_options_t few = {.struct_size = sizeof few, .size = 4 << 20, .slots = 4};
    OK(cyd_yard_create_anonymous(&few, &tiny));
    options = (cyd_pool_options_t){.struct_size = sizeof options, .workers = 4};
    IS(cyd_pool_create(tiny, "bad", &options, &pool), CYD_E_NO_SLOTS);
    OK(cyd_yard_close(tiny));
    IS(cyd_pool_create(yard, "a b", NULL, &pool), CYD_E_NAME);
    IS(cyd_pool_create(NULL, "bad", NULL, &pool), CYD_E_NULL);
    IS(cyd_pool_create(yard, "bad", NULL, NULL), CYD_E_NULL);
    IS(cyd_pool_open(yard, "bad", &pool), CYD_E_NOT_FOUND);
    CHECK(pool == NULL);
    IS(cyd_pool_submit(NULL, "twice", NULL, 0, NULL, 0, NULL), CYD_E_NULL);
    IS(cyd_pool_work(NULL, 0), CYD_E_NULL);
    IS(cyd_task_register("twice", twice, NULL), CYD_E_EXISTS);
    IS(cyd_task_register("a b", twice, NULL), CYD_E_NAME);
    IS(cyd_task_register("other", NULL, NULL), CYD_E_NULL);
    OK(cyd_pool_close(NULL));
    OK(cyd_future_close(NULL));
    OK(cyd_promise_close(NULL));
    OK(cyd_map_close(NULL));
}

int main(int argc, char **argv) {
    OK(cyd_task_register("twice", twice, &told_twice));
    OK(cyd_task_register("says-nothing", says_nothing, NULL));
    OK(cyd_task_register("waits-for-a-closer", waits_for_a_closer, NULL));
    OK(cyd_task_register("closes", closes, NULL));
    OK(cyd_task_register("swallows", swallows, NULL));
    OK(cyd_task_register("long", long_one, NULL));
    OK(cyd_task_register("dies", dies, NULL));
    OK(cyd_task_register("leaves", leaves, NULL));
    OK(cyd_task_register("waits", waits, NULL));
    OK(cyd_task_register("sum", sum, NULL));
    OK(cyd_task_register("adds", adds, NULL));
    OK(cyd_task_register("is-kept", is_kept, NULL));
    OK(cyd_task_register("gated", gated, NULL));
    OK(cyd_task_register("task-id", task_id, NULL));
    OK(cyd_task_register("worker-pid", worker_pid, NULL));
    OK(cyd_entry_register("never-begins", never_begins));
    OK(cyd_init(argc, (const char *const *)argv));

    as_many_as_cpus();
    cyd_yard_t *yard;
    cyd_yard_options_t large = {.struct_size = sizeof large, .size = 16 << 20};
    OK(cyd_yard_create_anonymous(&large, &yard));
    /* By fork first: it wants a process of one thread. */
    const cyd_start_t methods[] = {CYD_START_FORK, CYD_START_FORK_SERVER, CYD_START_SPAWN, CYD_START_THREADS};
    for (int i = 0; i < 4; i++) {
        const cyd_start_t method = methods[i];
        cyd_pool_t *pool, *other;
        char name[8];
        snprintf(name, sizeof name, "pool%u", (unsigned)method);
        bool threads = method == CYD_START_THREADS;
        cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 2, .method = method};
        OK(cyd_pool_create(yard, name, &options, &pool));
        IS(cyd_pool_create(yard, name, &options, &other), CYD_E_EXISTS);
        options.method = CYD_START_FORK; /* the keeper of the first one is a thread */
        snprintf(name, sizeof name, "fork%u", (unsigned)method);
        IS(cyd_pool_create(yard, name, &options, &other), CYD_E_STATE);
        IS(cyd_pool_open(yard, name, &other), CYD_E_NOT_FOUND); /* the name is free still */
        results(pool);
        if (!threads) {
            deaths(pool);
        }
        ends(pool, threads);
        callbacks(pool);
        order(pool);
        chunks(pool);
        maps(pool); /* leaves one worker at a task that waits */
        promises(pool);
        if (!threads) {
            closing(pool);
        }
        OK(cyd_pool_close(pool));
        IS(cyd_pool_shutdown(pool, true), CYD_E_CLOSED);
    }
    strangers(yard);
    one_by_one(yard);
    closed_by_a_task(yard);
    two_for_each(yard);
    unfit(yard);
    too_much(yard);
    bad_input(yard);
    OK(cyd_yard_close(yard));
    return 0;
}
