/* Re-entrant locks: taken again by their owner and by nobody else, released as often as taken, and left behind. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

static cyd_yard_t *yard;

static uint32_t count(cyd_rlock_t *rlock) {
    uint32_t n = 99;
    OK(cyd_rlock_count(rlock, &n));
    return n;
}

static void *strange(void *rlock) {
    IS(cyd_rlock_acquire(rlock, 0), CYD_E_BUSY);
    IS(cyd_rlock_acquire(rlock, MS), CYD_E_TIMEOUT);
    IS(cyd_rlock_release(rlock), CYD_E_NOT_OWNER);
    IS(cyd_rlock_repaired(rlock), CYD_E_NOT_OWNER);
    CHECK(count(rlock) == 0);
    return NULL;
}

static void *take_thrice_and_end(void *rlock) {
    for (int i = 0; i < 3; i++) {
        OK(cyd_rlock_acquire(rlock, 0));
    }
    return NULL;
}

static void in_a_thread(void *(*work)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, work, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void names(void) {
    cyd_rlock_t *rlock, *same, *none = NULL;
    cyd_lock_t *lock;
    OK(cyd_rlock_create(yard, "name", &rlock));
    IS(cyd_rlock_create(yard, "name", &none), CYD_E_EXISTS);
    IS(cyd_rlock_open(yard, "other", &none), CYD_E_NOT_FOUND);
    IS(cyd_rlock_open(yard, "", &none), CYD_E_NAME);
    IS(cyd_rlock_open(yard, NULL, &none), CYD_E_NAME);
    IS(cyd_rlock_open(NULL, "name", &none), CYD_E_NULL);
    IS(cyd_rlock_open(yard, "name", NULL), CYD_E_NULL);
    IS(cyd_lock_open(yard, "name", &lock), CYD_E_TYPE);
    OK(cyd_lock_create(yard, "plain", CYD_SCOPE_THREAD, &lock));
    IS(cyd_rlock_open_or_create(yard, "plain", &none), CYD_E_TYPE);
    CHECK(none == NULL);
    OK(cyd_lock_close(lock));
    OK(cyd_rlock_open_or_create(yard, "name", &same));
    OK(cyd_rlock_acquire(rlock, 0));
    CHECK(count(same) == 1);
    OK(cyd_rlock_release(same));
    OK(cyd_rlock_close(same));

    cyd_object_info_t info = {.struct_size = sizeof info};
    size_t cursor = 0;
    OK(cyd_yard_next_object(yard, &cursor, &info));
    CHECK(info.kind == CYD_OBJECT_RLOCK);
    OK(cyd_rlock_close(rlock));
}

static void wrong_inputs(void) {
    cyd_rlock_t *rlock, *closed;
    cyd_lock_t *lock;
    uint32_t n;
    bool truth;
    cyd_holder_t holder = {.struct_size = sizeof holder}, unset = {.struct_size = 0};
    OK(cyd_rlock_open_or_create(yard, "wrong", &rlock));
    OK(cyd_rlock_open(yard, "wrong", &closed));
    OK(cyd_rlock_close(closed));
    OK(cyd_lock_open_or_create(yard, "plain", CYD_SCOPE_THREAD, &lock));
    const struct {
        void *handle;
        cyd_status_t wanted;
    } wrong[] = {{NULL, CYD_E_NULL}, {closed, CYD_E_CLOSED}, {lock, CYD_E_TYPE}, {(char *)rlock + 4, CYD_E_INVALID}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cyd_rlock_t *it = wrong[i].handle;
        IS(cyd_rlock_acquire(it, -1), wrong[i].wanted);
        IS(cyd_rlock_release(it), wrong[i].wanted);
        IS(cyd_rlock_repaired(it), wrong[i].wanted);
        IS(cyd_rlock_count(it, &n), wrong[i].wanted);
        IS(cyd_rlock_holder(it, &holder), wrong[i].wanted);
        IS(cyd_rlock_is_suspect(it, &truth), wrong[i].wanted);
        IS(cyd_rlock_close(it), it == NULL ? CYD_OK : wrong[i].wanted);
    }
    IS(cyd_rlock_count(rlock, NULL), CYD_E_NULL);
    IS(cyd_rlock_is_suspect(rlock, NULL), CYD_E_NULL);
    IS(cyd_rlock_holder(rlock, NULL), CYD_E_NULL);
    IS(cyd_rlock_holder(rlock, &unset), CYD_E_INVALID);
    OK(cyd_lock_close(lock));
    OK(cyd_rlock_close(rlock));
}

static void nesting(void) {
    cyd_rlock_t *rlock;
    cyd_holder_t holder = {.struct_size = sizeof holder};
    OK(cyd_rlock_create(yard, "nesting", &rlock));
    IS(cyd_rlock_release(rlock), CYD_E_NOT_OWNER);
    IS(cyd_rlock_holder(rlock, &holder), CYD_E_NOT_FOUND);
    for (uint32_t i = 1; i <= 1000; i++) {
        OK(cyd_rlock_acquire(rlock, i % 2 ? -1 : 0));
        CHECK(count(rlock) == i);
    }
    OK(cyd_rlock_holder(rlock, &holder));
    CHECK(holder.pid == (uint32_t)getpid() && holder.tid == (uint32_t)syscall(SYS_gettid));
    for (uint32_t i = 999; i > 0; i--) {
        OK(cyd_rlock_release(rlock));
        CHECK(count(rlock) == i);
    }
    in_a_thread(strange, rlock);
    OK(cyd_rlock_release(rlock));
    IS(cyd_rlock_release(rlock), CYD_E_NOT_OWNER);
    IS(cyd_rlock_holder(rlock, &holder), CYD_E_NOT_FOUND);

    /* a thread that ends deep in it is a dead owner, and the next is in once */
    bool suspect = true;
    OK(cyd_rlock_is_suspect(rlock, &suspect));
    CHECK(!suspect);
    in_a_thread(take_thrice_and_end, rlock);
    IS(cyd_rlock_acquire(rlock, -1), CYD_OWNER_DIED);
    CHECK(count(rlock) == 1);
    IS(cyd_rlock_acquire(rlock, -1), CYD_OWNER_DIED);
    OK(cyd_rlock_is_suspect(rlock, &suspect));
    CHECK(suspect);
    OK(cyd_rlock_repaired(rlock));
    OK(cyd_rlock_acquire(rlock, -1));
    CHECK(count(rlock) == 3);
    for (int i = 0; i < 3; i++) {
        OK(cyd_rlock_release(rlock));
    }
    OK(cyd_rlock_close(rlock));
}

static void processes(void) {
    cyd_rlock_t *rlock;
    pid_t child;
    int pipes[2];
    char byte;
    OK(cyd_rlock_create(yard, "processes", &rlock));
    OK(cyd_rlock_acquire(rlock, 0));
    OK(cyd_rlock_acquire(rlock, 0));
    CHILD(child) { /* owns nothing of its parent's, and is no obstacle to it */
        strange(rlock);
    }
    ENDED_WELL(child);
    CHECK(count(rlock) == 2);
    OK(cyd_rlock_release(rlock));
    OK(cyd_rlock_release(rlock));

    /* killed deep in it while others wait */
    CHECK(pipe(pipes) == 0);
    CHILD(child) {
        take_thrice_and_end(rlock);
        CHECK(write(pipes[1], "x", 1) == 1);
        pause();
    }
    CHECK(read(pipes[0], &byte, 1) == 1);
    IS(cyd_rlock_acquire(rlock, 0), CYD_E_BUSY);
    pid_t killer;
    CHILD(killer) {
        usleep(20000);
        kill(child, SIGKILL);
    }
    IS(cyd_rlock_acquire(rlock, -1), CYD_OWNER_DIED);
    WAS_KILLED(child);
    ENDED_WELL(killer);
    CHECK(count(rlock) == 1);
    OK(cyd_rlock_repaired(rlock));
    OK(cyd_rlock_release(rlock));
    IS(cyd_rlock_release(rlock), CYD_E_NOT_OWNER);
    close(pipes[0]);
    close(pipes[1]);
    OK(cyd_rlock_close(rlock));
}

/* A counter that a lock guards, changed by processes and threads, in a function that calls itself. */
enum { ROUNDS = 5000 };

struct work {
    cyd_rlock_t *rlock;
    cyd_value_t *count;
};

static void count_up(struct work *work, int depth) {
    uint64_t n;
    OK(cyd_rlock_acquire(work->rlock, -1));
    if (depth > 0) {
        count_up(work, depth - 1);
    }
    OK(CYD_VALUE_GET(work->count, &n));
    n++;
    OK(CYD_VALUE_SET(work->count, &n));
    OK(cyd_rlock_release(work->rlock));
}

static void *many_rounds(void *work) {
    for (int i = 0; i < ROUNDS; i++) {
        count_up(work, 3);
    }
    return NULL;
}

static void exclusion(void) {
    struct work work;
    pid_t child;
    pthread_t thread;
    uint64_t n = 0;
    OK(cyd_rlock_create(yard, "exclusion", &work.rlock));
    OK(cyd_value_create(yard, "count", CYD_TYPE_U64, &work.count));
    CHILD(child) {
        many_rounds(&work);
    }
    CHECK(pthread_create(&thread, NULL, many_rounds, &work) == 0);
    many_rounds(&work);
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(child);
    OK(CYD_VALUE_GET(work.count, &n));
    CHECK(n == 3 * 4 * ROUNDS);
    OK(cyd_value_close(work.count));
    OK(cyd_rlock_close(work.rlock));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    names();
    wrong_inputs();
    nesting();
    processes();
    exclusion();
    OK(cyd_yard_close(yard));
    return 0;
}
