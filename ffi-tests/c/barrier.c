/* Barriers: trips, actions, what breaks one and what mends it, who declares himself, what a death and a fork change. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

static cyd_yard_t *yard;

static cyd_barrier_t *barrier_of(const char *name, uint32_t parties) {
    cyd_barrier_t *barrier;
    OK(cyd_barrier_create(yard, name, parties, &barrier));
    return barrier;
}

static cyd_broken_t broken(const cyd_barrier_t *barrier) {
    cyd_broken_t out = {99, 99, 99};
    OK(cyd_barrier_broken(barrier, &out));
    return out;
}

static uint32_t waiting(const cyd_barrier_t *barrier) {
    uint32_t out = 99;
    OK(cyd_barrier_waiting(barrier, &out));
    return out;
}

static uint32_t declared(const cyd_barrier_t *barrier) {
    uint32_t out = 99;
    OK(cyd_barrier_declared(barrier, &out));
    return out;
}

static void until_waiting(const cyd_barrier_t *barrier, uint32_t wanted) {
    while (waiting(barrier) != wanted) {
        usleep(200);
    }
}

static void *wait_long(void *barrier) {
    return (void *)(intptr_t)cyd_barrier_wait(barrier, 20000 * MS, NULL);
}

static void making(void) {
    cyd_barrier_t *barrier, *same;
    IS(cyd_barrier_create(yard, "b", 0, &barrier), CYD_E_RANGE);
    IS(cyd_barrier_create(yard, "b", 17, &barrier), CYD_E_RANGE);
    CHECK(strstr(cyd_last_error_message(), "17 parties") && strstr(cyd_last_error_message(), "16 thread slots"));
    IS(cyd_barrier_open_or_create(yard, "b", UINT32_MAX, &barrier), CYD_E_RANGE);
    IS(cyd_barrier_open(yard, "b", &barrier), CYD_E_NOT_FOUND);
    barrier = barrier_of("b", 16);
    IS(cyd_barrier_create(yard, "b", 16, &same), CYD_E_EXISTS);
    IS(cyd_barrier_open_or_create(yard, "b", 15, &same), CYD_E_MISMATCH);
    OK(cyd_barrier_open_or_create(yard, "b", 16, &same));
    uint32_t parties = 0;
    OK(cyd_barrier_parties(same, &parties));
    CHECK(parties == 16);
    OK(cyd_barrier_close(same));
    IS(cyd_barrier_parties(barrier, NULL), CYD_E_NULL);
    IS(cyd_barrier_broken(barrier, NULL), CYD_E_NULL);
    IS(cyd_barrier_wait(barrier, 0, (uint32_t *)((char *)&parties + 1)), CYD_E_INVALID);
    CHECK(broken(barrier).cause == CYD_BROKEN_NOT);
    OK(cyd_barrier_close(barrier));
}

/* Shared with the children: how often the action ran, and who got which number. */
static struct {
    uint32_t actions, numbers[3];
} *shared;

static int count(void *argument) {
    CHECK(argument == shared);
    __atomic_fetch_add(&shared->actions, 1, __ATOMIC_RELAXED);
    return 0;
}

static void trips(void) {
    cyd_barrier_t *barrier = barrier_of("trips", 3);
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        CHILD(children[i]) {
            for (uint32_t trip = 1; trip <= 100; trip++) {
                OK(cyd_barrier_wait(barrier, -1, NULL));
                OK(cyd_barrier_wait_with(barrier, -1, count, shared, NULL));
            }
        }
    }
    for (uint32_t trip = 1; trip <= 100; trip++) {
        uint32_t index = 9;
        OK(cyd_barrier_wait(barrier, -1, &index));
        CHECK(index < 3 && shared->actions == trip - 1);
        OK(cyd_barrier_wait_with(barrier, -1, count, shared, &index));
        CHECK(index < 3 && shared->actions == trip);
    }
    ENDED_WELL(children[0]);
    ENDED_WELL(children[1]);
    OK(cyd_barrier_close(barrier));
}

static int fail(void *unused) {
    (void)unused;
    return 7;
}

static int again(void *barrier) {
    IS(cyd_barrier_wait(barrier, -1, NULL), CYD_E_DEADLOCK);
    OK(cyd_barrier_abort(barrier));
    return 0;
}

static void breaking(void) {
    cyd_barrier_t *barrier = barrier_of("breaking", 2);
    uint32_t index = 77;
    IS(cyd_barrier_wait(barrier, 0, &index), CYD_E_TIMEOUT);
    CHECK(index == 77 && broken(barrier).cause == CYD_BROKEN_TIMED_OUT);
    IS(cyd_barrier_wait(barrier, -1, &index), CYD_E_BROKEN);
    CHECK(strstr(cyd_last_error_message(), "the time of a party was up") != NULL);
    OK(cyd_barrier_reset(barrier));
    int64_t begin = now_ns();
    IS(cyd_barrier_wait(barrier, 20 * MS, &index), CYD_E_TIMEOUT);
    CHECK(now_ns() - begin >= 20 * MS);
    OK(cyd_barrier_reset(barrier));

    const struct {
        cyd_status_t (*call)(cyd_barrier_t *);
        uint32_t cause;
    } ways[] = {{cyd_barrier_abort, CYD_BROKEN_ABORTED}, {cyd_barrier_reset, CYD_BROKEN_NOT}};
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        void *result;
        CHECK(pthread_create(&thread, NULL, wait_long, barrier) == 0);
        until_waiting(barrier, 1);
        OK(ways[i].call(barrier));
        CHECK(pthread_join(thread, &result) == 0);
        IS((cyd_status_t)(intptr_t)result, CYD_E_BROKEN);
        CHECK(broken(barrier).cause == ways[i].cause && waiting(barrier) == 0);
        OK(cyd_barrier_reset(barrier));
    }

    cyd_barrier_t *alone = barrier_of("alone", 1);
    IS(cyd_barrier_wait_with(alone, -1, fail, NULL, &index), CYD_E_FAILED);
    CHECK(broken(alone).cause == CYD_BROKEN_FAILED && index == 77);
    OK(cyd_barrier_reset(alone));
    IS(cyd_barrier_wait_with(alone, -1, again, alone, &index), CYD_E_BROKEN);
    OK(cyd_barrier_reset(alone));
    OK(cyd_barrier_wait_with(alone, 0, NULL, NULL, &index));
    CHECK(index == 0);
    OK(cyd_barrier_close(alone));
    OK(cyd_barrier_close(barrier));
}

/* A child that arrives, and is killed while it waits. */
static void deaths(void) {
    cyd_barrier_t *barrier = barrier_of("deaths", 3);
    pid_t child;
    CHILD(child) {
        (void)!cyd_barrier_wait(barrier, -1, NULL);
    }
    until_waiting(barrier, 1);
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, wait_long, barrier) == 0);
    until_waiting(barrier, 2);
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    IS((cyd_status_t)(intptr_t)result, CYD_E_BROKEN);
    WAS_KILLED(child);
    for (int i = 0; i < 2; i++) {
        cyd_broken_t cause = broken(barrier);
        CHECK(cause.cause == CYD_BROKEN_DIED && cause.pid == (uint32_t)child && cause.tid == (uint32_t)child);
        IS(cyd_barrier_wait(barrier, -1, NULL), CYD_E_BROKEN);
        OK(cyd_yard_sweep(yard)); /* its place is given away: the name stays */
    }
    cyd_fault_t fault = {.struct_size = sizeof fault};
    for (uint32_t back = 0; fault.kind != CYD_FAULT_PARTY; back++) {
        OK(cyd_yard_fault(yard, back, &fault));
    }
    CHECK(fault.pid == (uint32_t)child && fault.tid == (uint32_t)child);
    OK(cyd_barrier_reset(barrier));
    CHECK(broken(barrier).cause == CYD_BROKEN_NOT);
    OK(cyd_barrier_close(barrier));
}

/* A child that has declared itself, and is killed before it arrives. */
static void declarations(void) {
    cyd_barrier_t *barrier = barrier_of("declared", 2);
    IS(cyd_barrier_leave(barrier), CYD_E_NOT_OWNER);
    OK(cyd_barrier_declare(barrier));
    int ready[2];
    char byte;
    CHECK(pipe(ready) == 0);
    pid_t child;
    CHILD(child) {
        IS(cyd_barrier_leave(barrier), CYD_E_NOT_OWNER);
        OK(cyd_barrier_declare(barrier));
        IS(cyd_barrier_declare(barrier), CYD_E_NO_SLOTS);
        CHECK(write(ready[1], "x", 1) == 1);
        pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(declared(barrier) == 2);
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, wait_long, barrier) == 0);
    until_waiting(barrier, 1);
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    IS((cyd_status_t)(intptr_t)result, CYD_E_BROKEN);
    WAS_KILLED(child);
    cyd_broken_t cause = broken(barrier);
    CHECK(cause.cause == CYD_BROKEN_DIED && cause.pid == (uint32_t)child && cause.tid == 0);
    CHECK(declared(barrier) == 1);
    OK(cyd_barrier_reset(barrier));
    CHECK(broken(barrier).cause == CYD_BROKEN_NOT);

    /* who closes the yard, or the handle, leaves */
    CHILD(child) {
        OK(cyd_barrier_declare(barrier));
        OK(cyd_barrier_close(barrier));
    }
    ENDED_WELL(child);
    CHECK(declared(barrier) == 1 && broken(barrier).cause == CYD_BROKEN_NOT);
    OK(cyd_barrier_leave(barrier));
    CHECK(declared(barrier) == 0);
    OK(cyd_barrier_close(barrier));
    close(ready[0]);
    close(ready[1]);
}

static void nothing(int signal) {
    (void)signal;
}

static void signals(void) {
    cyd_barrier_t *barrier = barrier_of("signals", 2), *again;
    cyd_yard_options_t options = {.struct_size = sizeof options, .flags = CYD_YARD_INTERRUPTIBLE};
    int fd;
    OK(cyd_yard_fd(yard, &fd));
    cyd_yard_t *interruptible;
    OK(cyd_yard_open_fd(fd, &options, &interruptible));
    OK(cyd_barrier_open(interruptible, "signals", &again));
    struct sigaction action = {.sa_handler = nothing};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    ualarm(20000, 20000);
    IS(cyd_barrier_wait(again, -1, NULL), CYD_E_INTERRUPTED);
    ualarm(0, 0);
    CHECK(broken(barrier).cause == CYD_BROKEN_INTERRUPTED);
    OK(cyd_barrier_close(again));
    OK(cyd_yard_close(interruptible));
    OK(cyd_barrier_close(barrier));
}

int main(void) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    cyd_yard_options_t options = {.struct_size = sizeof options, .slots = 16};
    OK(cyd_yard_create_anonymous(&options, &yard));
    making();
    trips();
    breaking();
    deaths();
    declarations();
    signals();
    OK(cyd_yard_close(yard));
    return 0;
}
