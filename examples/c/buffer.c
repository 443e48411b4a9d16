/* A producer and a consumer of a buffer for three numbers wait for each other, each on a condition of its own. */
#include "courtyard.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 3, THINGS = 1000 };

static cyd_lock_t *lock;
static cyd_condition_t *made, *used;
static cyd_array_t *things;
static cyd_value_t *count; /* how many are there */

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static int there(void) {
    int now = 0;
    must(CYD_VALUE_GET(count, &now));
    return now;
}

static void change(int by, cyd_condition_t *what) {
    must(CYD_VALUE_FETCH(count, CYD_OP_ADD, &by, NULL));
    must(cyd_condition_notify(what, 1, NULL));
}

static void produce(int thing) {
    must(cyd_lock_acquire(lock, -1));
    while (there() == ROOM) { must(cyd_condition_wait(used, lock, -1)); }
    must(CYD_ARRAY_SET(things, (size_t)(thing % ROOM), &thing));
    change(1, made);
    must(cyd_lock_release(lock));
}

static int consume(int number) {
    int thing = 0;
    must(cyd_lock_acquire(lock, -1));
    while (there() == 0) { must(cyd_condition_wait(made, lock, -1)); }
    must(CYD_ARRAY_GET(things, (size_t)(number % ROOM), &thing));
    change(-1, used);
    must(cyd_lock_release(lock));
    return thing;
}

int main(void) {
    cyd_yard_t *yard;
    int status, right = 0;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    must(cyd_condition_create(yard, "made", &made));
    must(cyd_condition_create(yard, "used", &used));
    must(cyd_array_create(yard, "things", CYD_TYPE_I32, ROOM, NULL, &things));
    must(cyd_value_create(yard, "count", CYD_TYPE_I32, &count));
    if (fork() == 0) {
        for (int i = 0; i < THINGS; i++) { produce(i); }
        return 0;
    }
    for (int i = 0; i < THINGS; i++) { right += consume(i) == i; }
    wait(&status);
    /* Nobody makes any more: who waits is told in time, and has the lock again. */
    must(cyd_lock_acquire(lock, -1));
    cyd_status_t ended = cyd_condition_wait(made, lock, 20000000);
    printf("%d of %d things in order, %d left, then %s\n", right, THINGS, there(), cyd_status_name(ended));
    must(cyd_lock_release(lock));
    return status;
}
