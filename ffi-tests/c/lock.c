/* Locks: who may take and release them, what the next taker learns of a death, and what a signal or a fork changes. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <string.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

static cyd_yard_t *yard;

static void *release_it(void *lock) {
    return (void *)(intptr_t)cyd_lock_release(lock);
}

static void *take_it_and_end(void *lock) {
    return (void *)(intptr_t)cyd_lock_acquire(lock, 0);
}

static cyd_status_t in_a_thread(void *(*work)(void *), void *argument) {
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, work, argument) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    return (cyd_status_t)(intptr_t)result;
}

static void thread_scope(void) {
    cyd_lock_t *lock, *same;
    OK(cyd_lock_create(yard, "thread", CYD_SCOPE_THREAD, &lock));
    IS(cyd_lock_create(yard, "thread", CYD_SCOPE_THREAD, &same), CYD_E_EXISTS);
    IS(cyd_lock_open_or_create(yard, "thread", CYD_SCOPE_ANYONE, &same), CYD_E_MISMATCH);
    OK(cyd_lock_open(yard, "thread", &same));
    cyd_scope_t scope = 9;
    OK(cyd_lock_scope(same, &scope));
    CHECK(scope == CYD_SCOPE_THREAD);

    cyd_holder_t holder = {.struct_size = sizeof holder};
    IS(cyd_lock_holder(lock, &holder), CYD_E_NOT_FOUND);
    IS(cyd_lock_release(lock), CYD_E_NOT_OWNER);
    IS(cyd_lock_repaired(lock), CYD_E_NOT_OWNER);
    OK(cyd_lock_acquire(lock, -1));
    OK(cyd_lock_holder(same, &holder));
    CHECK(holder.pid == (uint32_t)getpid() && holder.tid == (uint32_t)syscall(SYS_gettid));
    IS(cyd_lock_acquire(same, -1), CYD_E_DEADLOCK);
    IS(cyd_lock_acquire(same, 0), CYD_E_BUSY);
    int64_t begin = now_ns();
    IS(cyd_lock_acquire(same, 30 * MS), CYD_E_TIMEOUT);
    CHECK(now_ns() - begin >= 30 * MS);
    IS(in_a_thread(release_it, lock), CYD_E_NOT_OWNER);
    OK(cyd_lock_release(same));

    /* a thread that ends with it is a dead owner */
    bool suspect = true;
    OK(cyd_lock_is_suspect(lock, &suspect));
    CHECK(!suspect);
    OK(in_a_thread(take_it_and_end, lock));
    IS(cyd_lock_acquire(lock, -1), CYD_OWNER_DIED);
    OK(cyd_lock_release(lock));
    OK(cyd_lock_is_suspect(lock, &suspect));
    CHECK(suspect);
    IS(cyd_lock_acquire(lock, 0), CYD_OWNER_DIED);
    OK(cyd_lock_repaired(lock));
    OK(cyd_lock_release(lock));
    OK(cyd_lock_acquire(lock, 0));
    OK(cyd_lock_release(lock));
    OK(cyd_lock_close(same));
    OK(cyd_lock_close(lock));
}

static void wide_scopes(void) {
    cyd_lock_t *process, *anyone;
    OK(cyd_lock_create(yard, "process", CYD_SCOPE_PROCESS, &process));
    OK(cyd_lock_create(yard, "anyone", CYD_SCOPE_ANYONE, &anyone));
    OK(cyd_lock_acquire(process, 0));
    OK(cyd_lock_acquire(anyone, 0));
    IS(cyd_lock_acquire(process, MS), CYD_E_TIMEOUT);
    cyd_holder_t holder = {.struct_size = sizeof holder};
    OK(cyd_lock_holder(process, &holder));
    CHECK(holder.pid == (uint32_t)getpid() && holder.tid == 0);
    pid_t child;
    CHILD(child) {
        IS(cyd_lock_release(process), CYD_E_NOT_OWNER);
        OK(cyd_lock_release(anyone));
        IS(cyd_lock_release(anyone), CYD_E_NOT_OWNER);
    }
    ENDED_WELL(child);
    OK(in_a_thread(release_it, process));
    IS(cyd_lock_release(process), CYD_E_NOT_OWNER);
    OK(cyd_lock_acquire(anyone, 0));
    OK(cyd_lock_release(anyone));
    OK(cyd_lock_close(process));
    OK(cyd_lock_close(anyone));
}

static void fork_and_death(void) {
    cyd_lock_t *lock, *own;
    OK(cyd_lock_create(yard, "forked", CYD_SCOPE_THREAD, &lock));
    OK(cyd_lock_acquire(lock, 0));
    pid_t child;
    CHILD(child) {
        IS(cyd_lock_release(lock), CYD_E_NOT_OWNER);
        IS(cyd_lock_repaired(lock), CYD_E_NOT_OWNER);
        IS(cyd_lock_acquire(lock, 0), CYD_E_BUSY);
        OK(cyd_lock_create(yard, "childs", CYD_SCOPE_THREAD, &own));
        OK(cyd_lock_acquire(own, -1));
        IS(cyd_lock_acquire(own, -1), CYD_E_DEADLOCK);
        OK(cyd_lock_release(own));
        OK(cyd_lock_close(own));
        OK(cyd_lock_close(lock)); /* the child's handle; the parent's lock stays taken */
    }
    ENDED_WELL(child);
    cyd_holder_t holder = {.struct_size = sizeof holder};
    OK(cyd_lock_holder(lock, &holder));
    CHECK(holder.pid == (uint32_t)getpid());
    OK(cyd_lock_release(lock));

    /* killed while it holds the lock, and others wait */
    int pipes[2];
    char byte = 0;
    CHECK(pipe(pipes) == 0);
    CHILD(child) {
        OK(cyd_lock_acquire(lock, -1));
        CHECK(write(pipes[1], "x", 1) == 1);
        pause();
    }
    CHECK(read(pipes[0], &byte, 1) == 1);
    IS(cyd_lock_acquire(lock, 0), CYD_E_BUSY);
    pid_t killer;
    CHILD(killer) {
        usleep(20000);
        kill(child, SIGKILL);
    }
    int64_t begin = now_ns();
    IS(cyd_lock_acquire(lock, -1), CYD_OWNER_DIED);
    printf("owner died: the lock came after %.1f ms, the kill was due after 20\n", (double)(now_ns() - begin) / 1e6);
    cyd_fault_t fault = {.struct_size = sizeof fault};
    OK(cyd_yard_fault(yard, 0, &fault));
    CHECK(fault.kind == CYD_FAULT_OWNER && fault.pid == (uint32_t)child && fault.tid == (uint32_t)child);
    CHECK(strcmp(fault.object, "forked") == 0 && fault.object_kind == CYD_OBJECT_LOCK && fault.count == 1);
    IS(cyd_yard_fault(yard, UINT32_MAX, &fault), CYD_E_END);
    WAS_KILLED(child);
    ENDED_WELL(killer);
    OK(cyd_lock_repaired(lock));
    OK(cyd_lock_release(lock));
    close(pipes[0]);
    close(pipes[1]);
    OK(cyd_lock_close(lock));
}

static volatile sig_atomic_t ticks;

static void tick(int number) {
    (void)number;
    ticks++;
}

static void storm(int64_t every_us) {
    struct itimerval timer = {.it_interval.tv_usec = every_us, .it_value.tv_usec = every_us};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void signals(void) {
    struct sigaction action = {.sa_handler = tick}; /* without SA_RESTART */
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    cyd_yard_options_t options = {.struct_size = sizeof options, .flags = CYD_YARD_INTERRUPTIBLE};
    cyd_yard_t *interruptible;
    cyd_lock_t *lock, *fragile;
    int fd;
    OK(cyd_yard_fd(yard, &fd));
    OK(cyd_yard_open_fd(fd, &options, &interruptible));
    OK(cyd_lock_create(yard, "signals", CYD_SCOPE_PROCESS, &lock));
    OK(cyd_lock_open(interruptible, "signals", &fragile));
    OK(cyd_lock_acquire(lock, 0));

    ticks = 0;
    storm(1000);
    int64_t begin = now_ns();
    cyd_status_t patient = cyd_lock_acquire(lock, 200 * MS);
    int64_t waited = now_ns() - begin;
    int seen = ticks;
    cyd_status_t ended = cyd_lock_acquire(fragile, 10000 * MS);
    storm(0);
    IS(patient, CYD_E_TIMEOUT);
    IS(ended, CYD_E_INTERRUPTED);
    CHECK(waited >= 200 * MS && seen > 20);
    printf("%d signals in a wait of 200 ms that took %.1f ms\n", seen, (double)waited / 1e6);
    OK(cyd_lock_release(fragile));
    OK(cyd_lock_close(fragile));
    OK(cyd_lock_close(lock));
    OK(cyd_yard_close(interruptible));
}

/* A counter that a lock guards, changed by processes and threads. */
enum { ROUNDS = 20000 };

struct work {
    cyd_lock_t *lock;
    cyd_value_t *count;
};

static void *count_up(void *argument) {
    struct work *work = argument;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t n;
        OK(cyd_lock_acquire(work->lock, -1));
        OK(CYD_VALUE_GET(work->count, &n));
        n++;
        OK(CYD_VALUE_SET(work->count, &n));
        OK(cyd_lock_release(work->lock));
    }
    return NULL;
}

static void exclusion(void) {
    struct work work;
    OK(cyd_lock_create(yard, "exclusion", CYD_SCOPE_THREAD, &work.lock));
    OK(cyd_value_create(yard, "count", CYD_TYPE_U64, &work.count));
    pid_t child;
    CHILD(child) {
        count_up(&work);
    }
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, count_up, &work) == 0);
    count_up(&work);
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(child);
    uint64_t n = 0;
    OK(CYD_VALUE_GET(work.count, &n));
    CHECK(n == 3 * ROUNDS);
    OK(cyd_value_close(work.count));
    OK(cyd_lock_close(work.lock));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    thread_scope();
    wide_scopes();
    fork_and_death();
    signals();
    exclusion();
    OK(cyd_yard_close(yard));
    return 0;
}
