/* Conditions: so many wake as are notified, the lock is held again however a wait ends, and nobody takes a notification
 * into his grave. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

static cyd_yard_t *yard;
static cyd_lock_t *lock;
static cyd_rlock_t *rlock;
static cyd_condition_t *condition;
static uint32_t *woken; /* under the lock; shared with children */

static uint32_t waiters(void) {
    uint32_t n = 99;
    OK(cyd_condition_waiters(condition, &n));
    return n;
}

static uint32_t notify(uint32_t count) {
    uint32_t n = 99;
    OK(cyd_lock_acquire(lock, -1));
    OK(cyd_condition_notify(condition, count, &n));
    OK(cyd_lock_release(lock));
    return n;
}

static void until_waiting(uint32_t count) {
    while (waiters() != count) {
        sched_yield();
    }
}

static void until_woken(uint32_t count) {
    for (uint32_t n = 0; n != count; sched_yield()) {
        OK(cyd_lock_acquire(lock, -1));
        n = *woken;
        OK(cyd_lock_release(lock));
        CHECK(n <= count);
    }
}

static void *wait_once(void *unused) {
    OK(cyd_lock_acquire(lock, -1));
    OK(cyd_condition_wait(condition, lock, -1));
    ++*woken;
    OK(cyd_lock_release(lock));
    return unused;
}

static void names(void) {
    cyd_condition_t *same, *none = NULL;
    IS(cyd_condition_create(yard, "condition", &none), CYD_E_EXISTS);
    OK(cyd_condition_open_or_create(yard, "condition", &same));
    OK(cyd_condition_close(same));
    IS(cyd_condition_open(yard, "missing", &none), CYD_E_NOT_FOUND);
    IS(cyd_condition_open(yard, "lock", &none), CYD_E_TYPE);
    IS(cyd_condition_open(yard, NULL, &none), CYD_E_NAME);
    IS(cyd_condition_create(yard, "a/b", &none), CYD_E_NAME);
    IS(cyd_condition_open(NULL, "condition", &none), CYD_E_NULL);
    IS(cyd_condition_open(yard, "condition", NULL), CYD_E_NULL);
    CHECK(none == NULL);
    OK(cyd_condition_close(NULL));
}

static void wrong_inputs(void) {
    cyd_condition_t *closed;
    uint32_t n = 7;
    OK(cyd_condition_open(yard, "condition", &closed));
    OK(cyd_condition_close(closed));
    const struct {
        void *handle;
        cyd_status_t wanted;
    } wrong[] = {
        {NULL, CYD_E_NULL}, {closed, CYD_E_CLOSED}, {yard, CYD_E_TYPE}, {(char *)condition + 4, CYD_E_INVALID}};
    OK(cyd_lock_acquire(lock, -1));
    OK(cyd_rlock_acquire(rlock, -1));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        void *it = wrong[i].handle;
        IS(cyd_condition_wait(it, lock, -1), wrong[i].wanted);
        IS(cyd_condition_wait_rlock(it, rlock, -1), wrong[i].wanted);
        IS(cyd_condition_notify(it, 1, &n), wrong[i].wanted);
        IS(cyd_condition_notify_all(it, &n), wrong[i].wanted);
        IS(cyd_condition_waiters(it, &n), wrong[i].wanted);
        IS(cyd_condition_close(it), it == NULL ? CYD_OK : wrong[i].wanted);
    }
    IS(cyd_condition_wait(condition, NULL, -1), CYD_E_NULL);
    IS(cyd_condition_wait(condition, (cyd_lock_t *)rlock, -1), CYD_E_TYPE);
    IS(cyd_condition_wait_rlock(condition, (cyd_rlock_t *)lock, -1), CYD_E_TYPE);
    IS(cyd_condition_waiters(condition, NULL), CYD_E_NULL);
    IS(cyd_condition_notify(condition, 1, (uint32_t *)((char *)&n + 1)), CYD_E_INVALID);
    OK(cyd_condition_notify(condition, 1, NULL));
    OK(cyd_condition_notify_all(condition, NULL));
    CHECK(n == 7);
    OK(cyd_rlock_release(rlock));
    OK(cyd_lock_release(lock));
    IS(cyd_condition_wait(condition, lock, -1), CYD_E_NOT_OWNER);
    IS(cyd_condition_wait_rlock(condition, rlock, -1), CYD_E_NOT_OWNER);
    CHECK(waiters() == 0);

    cyd_yard_t *other;
    cyd_lock_t *foreign;
    OK(cyd_yard_create_anonymous(NULL, &other));
    OK(cyd_lock_create(other, "lock", CYD_SCOPE_THREAD, &foreign));
    OK(cyd_lock_acquire(foreign, -1));
    IS(cyd_condition_wait(condition, foreign, -1), CYD_E_FOREIGN);
    OK(cyd_lock_release(foreign));
    OK(cyd_lock_close(foreign));
    OK(cyd_yard_close(other));
}

static void *busy(void *unused) {
    IS(cyd_lock_acquire(lock, 0), CYD_E_BUSY);
    IS(cyd_rlock_acquire(rlock, 0), CYD_E_BUSY);
    return unused;
}

static void held_after_a_timeout(void) {
    pthread_t thread;
    uint32_t depth = 0;
    OK(cyd_lock_acquire(lock, -1));
    for (int i = 0; i < 3; i++) {
        OK(cyd_rlock_acquire(rlock, -1));
    }
    int64_t begin = now_ns();
    IS(cyd_condition_wait(condition, lock, 20 * MS), CYD_E_TIMEOUT);
    CHECK(now_ns() - begin >= 20 * MS);
    IS(cyd_condition_wait(condition, lock, 0), CYD_E_TIMEOUT);
    IS(cyd_condition_wait_rlock(condition, rlock, 1), CYD_E_TIMEOUT);
    CHECK(pthread_create(&thread, NULL, busy, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    OK(cyd_rlock_count(rlock, &depth));
    CHECK(depth == 3);
    for (int i = 0; i < 3; i++) {
        OK(cyd_rlock_release(rlock));
    }
    OK(cyd_lock_release(lock));
}

/* As CPython tests its conditions: so many of them, then so many, then the rest. */
static void exact_counts(void) {
    enum { THREADS = 4, CHILDREN = 3 };
    pthread_t threads[THREADS];
    pid_t children[CHILDREN];
    *woken = 0;
    for (int i = 0; i < CHILDREN; i++) {
        CHILD(children[i]) {
            wait_once(NULL);
        }
        until_waiting((uint32_t)i + 1);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, wait_once, NULL) == 0);
    }
    until_waiting(7);
    CHECK(notify(0) == 0);
    CHECK(notify(3) == 3); /* the children: they have waited longest */
    for (int i = 0; i < CHILDREN; i++) {
        ENDED_WELL(children[i]);
    }
    CHECK(*woken == 3 && waiters() == 4);
    CHECK(notify(1) == 1);
    until_woken(4);
    CHECK(waiters() == 3);
    CHECK(notify(5) == 3);
    until_woken(7);
    CHECK(notify(1) == 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void the_dead_do_not_count(void) {
    pid_t first, second, dying;
    *woken = 0;
    CHILD(first) {
        wait_once(NULL);
    }
    until_waiting(1);
    CHILD(second) {
        wait_once(NULL);
    }
    until_waiting(2);
    CHECK(kill(first, SIGKILL) == 0);
    WAS_KILLED(first);
    CHECK(waiters() == 1);
    CHECK(notify(1) == 1); /* the living one */
    ENDED_WELL(second);

    /* a notified one that is killed before it has the lock */
    CHILD(first) {
        wait_once(NULL);
    }
    until_waiting(1);
    CHILD(second) {
        wait_once(NULL);
    }
    until_waiting(2);
    OK(cyd_lock_acquire(lock, -1));
    OK(cyd_condition_notify(condition, 1, NULL));
    CHECK(kill(first, SIGKILL) == 0);
    WAS_KILLED(first);
    OK(cyd_lock_release(lock));
    ENDED_WELL(second);
    CHECK(*woken == 2 && waiters() == 0);

    /* an owner that dies is told to a waiter, also when nobody has notified it */
    OK(cyd_lock_acquire(lock, -1));
    CHILD(dying) {
        OK(cyd_lock_acquire(lock, -1));
        OK(cyd_condition_notify_all(condition, NULL));
    }
    IS(cyd_condition_wait(condition, lock, -1), CYD_OWNER_DIED);
    ENDED_WELL(dying);
    bool suspect = false;
    IS(cyd_condition_wait(condition, lock, MS), CYD_E_TIMEOUT);
    OK(cyd_lock_is_suspect(lock, &suspect));
    CHECK(suspect);
    OK(cyd_lock_repaired(lock));
    OK(cyd_lock_release(lock));
}

/* A place for one thing, between processes. */
static void bounded_buffer(void) {
    enum { ROUNDS = 2000 };
    pid_t consumer;
    uint32_t *full = woken;
    *full = 0;
    cyd_condition_t *changed;
    OK(cyd_condition_create(yard, "changed", &changed));
    CHILD(consumer) {
        for (int i = 0; i < ROUNDS; i++) {
            OK(cyd_rlock_acquire(rlock, -1));
            while (*full == 0) {
                OK(cyd_condition_wait_rlock(changed, rlock, -1));
            }
            *full = 0;
            OK(cyd_condition_notify(changed, 1, NULL));
            OK(cyd_rlock_release(rlock));
        }
    }
    for (int i = 0; i < ROUNDS; i++) {
        OK(cyd_rlock_acquire(rlock, -1));
        while (*full == 1) {
            OK(cyd_condition_wait_rlock(changed, rlock, -1));
        }
        *full = 1;
        OK(cyd_condition_notify(changed, 1, NULL));
        OK(cyd_rlock_release(rlock));
    }
    ENDED_WELL(consumer);
    CHECK(*full == 0);
    OK(cyd_condition_close(changed));
}

int main(void) {
    woken = mmap(NULL, sizeof *woken, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(woken != MAP_FAILED);
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    OK(cyd_rlock_create(yard, "rlock", &rlock));
    OK(cyd_condition_create(yard, "condition", &condition));
    names();
    wrong_inputs();
    held_after_a_timeout();
    exact_counts();
    the_dead_do_not_count();
    bounded_buffer();
    OK(cyd_condition_close(condition));
    OK(cyd_rlock_close(rlock));
    OK(cyd_lock_close(lock));
    OK(cyd_yard_close(yard));
    return 0;
}
