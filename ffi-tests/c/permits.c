/* Permits: how many can be held, who may give them back, what a death, a fork and a signal change. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

static cyd_yard_t *yard;

static cyd_permits_t *permits_of(const char *name, uint32_t count) {
    cyd_permits_t *permits;
    OK(cyd_permits_create(yard, name, count, &permits));
    return permits;
}

/* So many are free, and so many are this process's. */
static void counts(cyd_permits_t *permits, uint32_t available, uint32_t held) {
    uint32_t is_available = UINT32_MAX, is_held = UINT32_MAX;
    OK(cyd_permits_available(permits, &is_available));
    OK(cyd_permits_held(permits, &is_held));
    CHECK(is_available == available && is_held == held);
}

static void *give_one_back(void *permits) {
    return (void *)(intptr_t)cyd_permits_release(permits, 1);
}

static void taking_and_giving(void) {
    cyd_permits_t *permits, *same;
    IS(cyd_permits_create(yard, "p", 0, &permits), CYD_E_RANGE);
    IS(cyd_permits_create(yard, "p", 4097, &permits), CYD_E_RANGE);
    IS(cyd_permits_open_or_create(yard, "p", UINT32_MAX, &permits), CYD_E_RANGE);
    IS(cyd_permits_open(yard, "p", &permits), CYD_E_NOT_FOUND);
    permits = permits_of("p", 4);
    IS(cyd_permits_create(yard, "p", 4, &same), CYD_E_EXISTS);
    IS(cyd_permits_open_or_create(yard, "p", 5, &same), CYD_E_MISMATCH);
    OK(cyd_permits_open_or_create(yard, "p", 4, &same));
    uint32_t capacity = 0;
    OK(cyd_permits_capacity(same, &capacity));
    CHECK(capacity == 4);

    IS(cyd_permits_release(permits, 1), CYD_E_NOT_OWNER);
    OK(cyd_permits_acquire(permits, -1));
    OK(cyd_permits_acquire_many(same, 2, -1));
    counts(same, 1, 3);
    IS(cyd_permits_acquire_many(permits, 2, 0), CYD_E_BUSY);
    int64_t begin = now_ns();
    IS(cyd_permits_acquire_many(permits, 2, 20 * MS), CYD_E_TIMEOUT);
    CHECK(now_ns() - begin >= 20 * MS);
    OK(cyd_permits_acquire(permits, 0));
    IS(cyd_permits_acquire(permits, 0), CYD_E_BUSY);
    IS(cyd_permits_acquire(permits, 20 * MS), CYD_E_TIMEOUT);
    counts(permits, 0, 4);
    OK(cyd_permits_release(permits, 2));
    IS(cyd_permits_release(permits, 3), CYD_E_NOT_OWNER);
    counts(permits, 2, 2);
    for (int i = 0; i < 2; i++) {
        uint32_t wrong = i == 0 ? 0 : 5;
        IS(cyd_permits_release(permits, wrong), CYD_E_RANGE);
        IS(cyd_permits_acquire_many(permits, wrong, -1), CYD_E_RANGE);
    }

    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, give_one_back, same) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    IS((cyd_status_t)(intptr_t)result, CYD_OK);
    OK(cyd_permits_close(same));
    counts(permits, 3, 1);
    OK(cyd_permits_release(permits, 1));
    OK(cyd_permits_close(permits));
}

static void who_holds(void) {
    cyd_permits_t *permits = permits_of("who", 8);
    cyd_permit_holder_t list[3] = {{0, 0}, {0, 0}, {7, 7}};
    size_t count = 9;
    OK(cyd_permits_holders(permits, list, 3, &count));
    CHECK(count == 0 && list[0].pid == 0);
    OK(cyd_permits_acquire_many(permits, 3, 0));
    int pipes[2][2];
    char byte = 0;
    CHECK(pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0);
    pid_t child;
    CHILD(child) {
        OK(cyd_permits_acquire_many(permits, 2, 0));
        CHECK(write(pipes[0][1], "x", 1) == 1);
        CHECK(read(pipes[1][0], &byte, 1) == 1);
        OK(cyd_permits_release(permits, 2));
    }
    CHECK(read(pipes[0][0], &byte, 1) == 1);
    OK(cyd_permits_holders(permits, list, 3, &count));
    CHECK(count == 2 && list[2].pid == 7 && list[2].count == 7);
    for (int i = 0; i < 2; i++) {
        uint32_t wanted = list[i].pid == (uint32_t)child ? 2 : 3;
        CHECK(list[i].pid == (uint32_t)child || list[i].pid == (uint32_t)getpid());
        CHECK(list[i].count == wanted);
    }
    OK(cyd_permits_holders(permits, NULL, 0, &count));
    CHECK(count == 2);
    CHECK(write(pipes[1][1], "x", 1) == 1);
    ENDED_WELL(child);

    IS(cyd_permits_holders(permits, NULL, 1, &count), CYD_E_NULL);
    IS(cyd_permits_holders(permits, list, SIZE_MAX, &count), CYD_E_INVALID);
    IS(cyd_permits_holders(permits, (cyd_permit_holder_t *)((char *)list + 1), 1, &count), CYD_E_INVALID);
    IS(cyd_permits_holders(permits, list, 3, NULL), CYD_E_NULL);
    IS(cyd_permits_holders(permits, list, 3, (size_t *)((char *)&count + 1)), CYD_E_INVALID);
    OK(cyd_permits_release(permits, 3));
    OK(cyd_permits_close(permits));
    for (int i = 0; i < 4; i++) {
        close(pipes[i / 2][i % 2]);
    }
}

static void wrong_places(void) {
    cyd_permits_t *permits = permits_of("places", 1);
    uint32_t number = 5;
    uint32_t *misaligned = (uint32_t *)((char *)&number + 1);
    cyd_permits_t **nowhere = (cyd_permits_t **)((char *)&permits + 1);
    IS(cyd_permits_available(permits, NULL), CYD_E_NULL);
    IS(cyd_permits_capacity(permits, NULL), CYD_E_NULL);
    IS(cyd_permits_held(permits, NULL), CYD_E_NULL);
    IS(cyd_permits_available(permits, misaligned), CYD_E_INVALID);
    IS(cyd_permits_capacity(permits, misaligned), CYD_E_INVALID);
    IS(cyd_permits_held(permits, misaligned), CYD_E_INVALID);
    IS(cyd_permits_create(yard, "n", 1, NULL), CYD_E_NULL);
    IS(cyd_permits_open(yard, "places", NULL), CYD_E_NULL);
    IS(cyd_permits_open_or_create(yard, "places", 1, NULL), CYD_E_NULL);
    IS(cyd_permits_create(yard, "n", 1, nowhere), CYD_E_INVALID);
    IS(cyd_permits_open(yard, "places", nowhere), CYD_E_INVALID);
    IS(cyd_permits_open_or_create(yard, "places", 1, nowhere), CYD_E_INVALID);
    const char *bad[] = {NULL, "", "a/b", "\xff"};
    cyd_permits_t *none = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        IS(cyd_permits_create(yard, bad[i], 1, &none), CYD_E_NAME);
        IS(cyd_permits_open(yard, bad[i], &none), CYD_E_NAME);
        IS(cyd_permits_open_or_create(yard, bad[i], 1, &none), CYD_E_NAME);
    }
    cyd_lock_t *lock = NULL;
    IS(cyd_lock_open(yard, "places", &lock), CYD_E_TYPE);
    OK(cyd_lock_create(yard, "a-lock", CYD_SCOPE_THREAD, &lock));
    IS(cyd_permits_open(yard, "a-lock", &none), CYD_E_TYPE);
    CHECK(none == NULL && number == 5);
    OK(cyd_lock_close(lock));
    OK(cyd_permits_close(permits));
}

static void fork_and_death(void) {
    cyd_permits_t *permits = permits_of("forked", 4);
    OK(cyd_permits_acquire(permits, 0));
    pid_t child;
    CHILD(child) {
        counts(permits, 3, 0);
        IS(cyd_permits_release(permits, 1), CYD_E_NOT_OWNER);
        IS(cyd_permits_acquire_many(permits, 4, MS), CYD_E_TIMEOUT);
        OK(cyd_permits_acquire_many(permits, 3, 0));
        IS(cyd_permits_release(permits, 4), CYD_E_NOT_OWNER);
        counts(permits, 0, 3);
    } /* ends with three of them, without closing anything */
    ENDED_WELL(child);
    OK(cyd_permits_acquire_many(permits, 3, -1));
    counts(permits, 0, 4);
    OK(cyd_permits_release(permits, 4));

    /* killed while it holds three, and somebody waits for all */
    int pipes[2];
    char byte = 0;
    CHECK(pipe(pipes) == 0);
    CHILD(child) {
        OK(cyd_permits_acquire_many(permits, 3, -1));
        CHECK(write(pipes[1], "x", 1) == 1);
        pause();
    }
    CHECK(read(pipes[0], &byte, 1) == 1);
    OK(cyd_permits_acquire(permits, 0));
    IS(cyd_permits_acquire(permits, 0), CYD_E_BUSY);
    pid_t killer;
    CHILD(killer) {
        usleep(20000);
        kill(child, SIGKILL);
    }
    int64_t begin = now_ns();
    OK(cyd_permits_acquire_many(permits, 3, -1));
    printf("three permits of a dead process came after %.1f ms, the kill was due after 20\n",
           (double)(now_ns() - begin) / 1e6);
    WAS_KILLED(child);
    ENDED_WELL(killer);
    counts(permits, 0, 4);
    OK(cyd_permits_release(permits, 4));
    close(pipes[0]);
    close(pipes[1]);

    /* a clean close gives back as well */
    CHILD(child) {
        OK(cyd_permits_acquire_many(permits, 2, 0));
        OK(cyd_permits_close(permits));
        OK(cyd_yard_close(yard));
    }
    ENDED_WELL(child);
    counts(permits, 4, 0);
    OK(cyd_permits_close(permits));
}

static volatile sig_atomic_t ticks;

static void tick(int number) {
    (void)number;
    ticks++;
}

static void signals(void) {
    struct sigaction action = {.sa_handler = tick}; /* without SA_RESTART */
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    cyd_yard_options_t options = {.struct_size = sizeof options, .flags = CYD_YARD_INTERRUPTIBLE};
    cyd_yard_t *interruptible;
    cyd_permits_t *permits = permits_of("signals", 2), *fragile;
    int fd;
    OK(cyd_yard_fd(yard, &fd));
    OK(cyd_yard_open_fd(fd, &options, &interruptible));
    OK(cyd_permits_open(interruptible, "signals", &fragile));
    OK(cyd_permits_acquire(permits, 0));
    struct itimerval timer = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000}, none = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    cyd_status_t patient = cyd_permits_acquire_many(permits, 2, 50 * MS);
    int seen = ticks;
    cyd_status_t ended = cyd_permits_acquire_many(fragile, 2, 10000 * MS);
    CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
    IS(patient, CYD_E_TIMEOUT);
    IS(ended, CYD_E_INTERRUPTED);
    CHECK(seen > 5);
    counts(permits, 1, 1);
    OK(cyd_permits_release(fragile, 1));
    OK(cyd_permits_close(fragile));
    OK(cyd_permits_close(permits));
    OK(cyd_yard_close(interruptible));
}

/* Never more inside than there are permits, among processes and threads. */
enum { ROUNDS = 5000, PERMITS = 3 };

struct work {
    cyd_permits_t *permits;
    cyd_value_t *inside;
};

static void *go_in_and_out(void *argument) {
    struct work *work = argument;
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t count = 1 + (uint32_t)i % PERMITS;
        uint64_t change = count, before;
        OK(count == 1 ? cyd_permits_acquire(work->permits, -1) : cyd_permits_acquire_many(work->permits, count, -1));
        OK(CYD_VALUE_FETCH(work->inside, CYD_OP_ADD, &change, &before));
        CHECK(before + count <= PERMITS);
        OK(CYD_VALUE_FETCH(work->inside, CYD_OP_SUB, &change, &before));
        OK(cyd_permits_release(work->permits, count));
    }
    return NULL;
}

static void exclusion(void) {
    struct work work = {.permits = permits_of("exclusion", PERMITS)};
    OK(cyd_value_create(yard, "inside", CYD_TYPE_U64, &work.inside));
    pid_t child;
    CHILD(child) {
        go_in_and_out(&work);
    }
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, go_in_and_out, &work) == 0);
    go_in_and_out(&work);
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(child);
    counts(work.permits, PERMITS, 0);
    OK(cyd_value_close(work.inside));
    OK(cyd_permits_close(work.permits));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    taking_and_giving();
    who_holds();
    wrong_places();
    fork_and_death();
    signals();
    exclusion();
    OK(cyd_yard_close(yard));
    return 0;
}
