/* Semaphores: limits, releases by others and from a signal handler, sleepers, and what a death takes along. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static cyd_yard_t *yard;

static uint32_t value(cyd_semaphore_t *semaphore) {
    uint32_t n = 99;
    OK(cyd_semaphore_value(semaphore, &n));
    return n;
}

static cyd_semaphore_t *make(const char *name, uint32_t initial, uint32_t maximum) {
    cyd_semaphore_options_t options = {.struct_size = sizeof options, .initial = initial, .maximum = maximum};
    cyd_semaphore_t *semaphore;
    OK(cyd_semaphore_create(yard, name, &options, &semaphore));
    return semaphore;
}

static void names_and_limits(void) {
    cyd_semaphore_t *semaphore = make("limits", 2, 3), *same, *none = NULL;
    cyd_semaphore_options_t options = {.struct_size = sizeof options, .initial = 1, .maximum = 3};
    uint32_t n;
    OK(cyd_semaphore_maximum(semaphore, &n));
    CHECK(n == 3);
    IS(cyd_semaphore_create(yard, "limits", &options, &none), CYD_E_EXISTS);
    OK(cyd_semaphore_open_or_create(yard, "limits", &options, &same));
    CHECK(value(same) == 2);
    options.maximum = 4;
    IS(cyd_semaphore_open_or_create(yard, "limits", &options, &none), CYD_E_MISMATCH);
    IS(cyd_semaphore_open_or_create(yard, "limits", NULL, &none), CYD_E_MISMATCH);
    IS(cyd_semaphore_open(yard, "missing", &none), CYD_E_NOT_FOUND);
    IS(cyd_semaphore_open(yard, NULL, &none), CYD_E_NAME);
    IS(cyd_semaphore_open(NULL, "limits", &none), CYD_E_NULL);
    IS(cyd_semaphore_open(yard, "limits", NULL), CYD_E_NULL);
    options.initial = 5;
    IS(cyd_semaphore_create(yard, "new", &options, &none), CYD_E_RANGE);
    options.maximum = UINT32_MAX;
    IS(cyd_semaphore_create(yard, "new", &options, &none), CYD_E_RANGE);
    options.maximum = 0;
    options.initial = UINT32_C(1) << 31;
    IS(cyd_semaphore_create(yard, "new", &options, &none), CYD_E_RANGE);
    options.struct_size = 3;
    IS(cyd_semaphore_create(yard, "new", &options, &none), CYD_E_INVALID);
    CHECK(none == NULL);

    IS(cyd_semaphore_release(same, 0), CYD_E_RANGE);
    IS(cyd_semaphore_release(same, 2), CYD_E_RANGE);
    IS(cyd_semaphore_release(same, UINT32_MAX), CYD_E_RANGE);
    CHECK(value(semaphore) == 2);
    OK(cyd_semaphore_release(same, 1));
    for (int i = 0; i < 3; i++) {
        OK(cyd_semaphore_acquire(semaphore, i - 1));
    }
    IS(cyd_semaphore_acquire(semaphore, 0), CYD_E_BUSY);
    int64_t begin = now_ns();
    IS(cyd_semaphore_acquire(semaphore, 30 * MS), CYD_E_TIMEOUT);
    CHECK(now_ns() - begin >= 30 * MS);
    OK(cyd_semaphore_close(same));
    OK(cyd_semaphore_close(semaphore));

    /* no options: no permits at first, and 2^31 - 1 at most */
    OK(cyd_semaphore_create(yard, "default", NULL, &semaphore));
    OK(cyd_semaphore_maximum(semaphore, &n));
    CHECK(n == 0 && value(semaphore) == 0);
    OK(cyd_semaphore_release(semaphore, INT32_MAX));
    IS(cyd_semaphore_release(semaphore, 1), CYD_E_RANGE);
    OK(cyd_semaphore_acquire(semaphore, 0));
    CHECK(value(semaphore) == INT32_MAX - 1);
    OK(cyd_semaphore_close(semaphore));
}

static void wrong_inputs(void) {
    cyd_semaphore_t *semaphore = make("wrong", 1, 0), *closed, *none;
    cyd_lock_t *lock;
    uint32_t n;
    OK(cyd_semaphore_open(yard, "wrong", &closed));
    OK(cyd_semaphore_close(closed));
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    IS(cyd_semaphore_open(yard, "lock", &none), CYD_E_TYPE);
    const struct {
        void *handle;
        cyd_status_t wanted;
    } wrong[] = {
        {NULL, CYD_E_NULL}, {closed, CYD_E_CLOSED}, {lock, CYD_E_TYPE}, {(char *)semaphore + 4, CYD_E_INVALID}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cyd_semaphore_t *it = wrong[i].handle;
        IS(cyd_semaphore_acquire(it, -1), wrong[i].wanted);
        IS(cyd_semaphore_release(it, 1), wrong[i].wanted);
        IS(cyd_semaphore_value(it, &n), wrong[i].wanted);
        IS(cyd_semaphore_maximum(it, &n), wrong[i].wanted);
        IS(cyd_semaphore_close(it), it == NULL ? CYD_OK : wrong[i].wanted);
    }
    IS(cyd_semaphore_value(semaphore, NULL), CYD_E_NULL);
    IS(cyd_semaphore_maximum(semaphore, NULL), CYD_E_NULL);
    CHECK(value(semaphore) == 1);
    OK(cyd_lock_close(lock));
    OK(cyd_semaphore_close(semaphore));
}

static void processes(void) {
    cyd_semaphore_t *semaphore = make("processes", 1, 0);
    pid_t child, sleepers[2];
    OK(cyd_semaphore_acquire(semaphore, 0));
    CHILD(child) { /* who has taken none may release */
        OK(cyd_semaphore_release(semaphore, 1));
    }
    OK(cyd_semaphore_acquire(semaphore, -1));
    ENDED_WELL(child);

    /* what a dead one had taken is gone */
    OK(cyd_semaphore_release(semaphore, 2));
    CHILD(child) {
        OK(cyd_semaphore_acquire(semaphore, 0));
        kill(getpid(), SIGKILL);
    }
    WAS_KILLED(child);
    OK(cyd_yard_sweep(yard));
    CHECK(value(semaphore) == 1);
    OK(cyd_semaphore_acquire(semaphore, 0));

    /* of three sleepers one is killed; the permits are for the others */
    for (int i = 0; i < 2; i++) {
        CHILD(sleepers[i]) {
            OK(cyd_semaphore_acquire(semaphore, -1));
        }
    }
    CHILD(child) {
        OK(cyd_semaphore_acquire(semaphore, -1));
    }
    usleep(20000);
    kill(child, SIGKILL);
    WAS_KILLED(child);
    OK(cyd_semaphore_release(semaphore, 1));
    OK(cyd_semaphore_release(semaphore, 1));
    ENDED_WELL(sleepers[0]);
    ENDED_WELL(sleepers[1]);
    CHECK(value(semaphore) == 0);
    OK(cyd_semaphore_close(semaphore));
}

static cyd_semaphore_t *heard;

/* Not checks with messages: nothing else may be called here. */
static void tick(int number) {
    (void)number;
    uint32_t n;
    if (cyd_semaphore_release(heard, 1) != CYD_OK || cyd_semaphore_value(heard, &n) != CYD_OK ||
        cyd_semaphore_release(heard, 0) != CYD_E_RANGE) {
        abort();
    }
}

static void signal_handler(void) {
    heard = make("heard", 0, 0);
    struct sigaction action = {.sa_handler = tick};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval timer = {.it_interval.tv_usec = 500, .it_value.tv_usec = 500}, off = {.it_value.tv_usec = 0};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    for (int i = 0; i < 50; i++) {
        free(malloc(100)); /* the handler interrupts what it must not call */
        OK(cyd_semaphore_acquire(heard, 20000 * MS));
    }
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    OK(cyd_semaphore_close(heard));
}

/* A store of two places between makers and takers. */
enum { GOODS = 20000 };

struct store {
    cyd_semaphore_t *places, *goods;
};

static void *take_goods(void *argument) {
    struct store *store = argument;
    for (int i = 0; i < GOODS; i++) {
        OK(cyd_semaphore_acquire(store->goods, -1));
        OK(cyd_semaphore_release(store->places, 1));
    }
    return NULL;
}

static void together(void) {
    struct store store = {make("places", 2, 2), make("goods", 0, 2)};
    pid_t child;
    pthread_t thread;
    CHILD(child) {
        take_goods(&store);
    }
    CHECK(pthread_create(&thread, NULL, take_goods, &store) == 0);
    for (int i = 0; i < 2 * GOODS; i++) {
        OK(cyd_semaphore_acquire(store.places, -1));
        OK(cyd_semaphore_release(store.goods, 1));
    }
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(child);
    CHECK(value(store.places) == 2 && value(store.goods) == 0);
    OK(cyd_semaphore_close(store.places));
    OK(cyd_semaphore_close(store.goods));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    names_and_limits();
    wrong_inputs();
    processes();
    signal_handler();
    together();
    OK(cyd_yard_close(yard));
    return 0;
}
