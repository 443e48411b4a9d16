/* Deadlines: one for several calls; limits that are negative, long past, or beyond the end of time. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <inttypes.h>
#include <limits.h>
#include <string.h>

static void arithmetic(void) {
    CHECK(cyd_deadline_after(-1) == -1 && cyd_deadline_left(-1) == -1);
    CHECK(cyd_deadline_after(INT64_MIN) == -1 && cyd_deadline_left(INT64_MIN) == -1);
    CHECK(cyd_deadline_after(INT64_MAX) == INT64_MAX);
    CHECK(cyd_deadline_left(INT64_MAX) > INT64_MAX / 2);
    CHECK(cyd_deadline_left(0) == 0 && cyd_deadline_left(1) == 0);
    CHECK(cyd_deadline_left(cyd_deadline_after(0)) == 0);
    int64_t before = now_ns(), deadline = cyd_deadline_after(3600000 * MS), left = cyd_deadline_left(deadline);
    CHECK(deadline - before >= 3600000 * MS && left > 0 && left <= 3600000 * MS);
}

/* Every call that waits, with every kind of limit: a try, a short one, one that cannot be counted. */
static void every_wait(cyd_yard_t *yard) {
    cyd_lock_t *lock, *held;
    cyd_event_t *event;
    cyd_semaphore_t *semaphore;
    cyd_permits_t *permits;
    cyd_condition_t *condition;
    cyd_ring_t *ring;
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    cyd_ring_options_t small = {.struct_size = sizeof small, .capacity = 64};
    char buffer[16] = "";
    size_t len;
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_PROCESS, &lock));
    OK(cyd_lock_create(yard, "held", CYD_SCOPE_THREAD, &held));
    OK(cyd_event_create(yard, "event", 0, &event));
    OK(cyd_semaphore_create(yard, "semaphore", NULL, &semaphore));
    OK(cyd_permits_create(yard, "permits", 1, &permits));
    OK(cyd_condition_create(yard, "condition", &condition));
    OK(cyd_ring_create(yard, "ring", &small, &ring));
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    OK(cyd_lock_acquire(held, 0));

    /* One deadline for all of them: the first takes the time, the others find none left. */
    int64_t deadline = cyd_deadline_after(30 * MS), begun = now_ns();
    OK(cyd_lock_acquire(lock, cyd_deadline_left(deadline)));
    OK(cyd_permits_acquire(permits, cyd_deadline_left(deadline)));
    IS(cyd_event_wait(event, cyd_deadline_left(deadline)), CYD_E_TIMEOUT);
    CHECK(now_ns() - begun >= 30 * MS && cyd_deadline_left(deadline) == 0);
    IS(cyd_lock_acquire(lock, cyd_deadline_left(deadline)), CYD_E_BUSY);
    IS(cyd_semaphore_acquire(semaphore, cyd_deadline_left(deadline)), CYD_E_BUSY);
    IS(cyd_permits_acquire(permits, cyd_deadline_left(deadline)), CYD_E_BUSY);
    IS(cyd_condition_wait(condition, held, cyd_deadline_left(deadline)), CYD_E_TIMEOUT);
    IS(cyd_receiver_recv(receiver, buffer, sizeof buffer, cyd_deadline_left(deadline), &len), CYD_E_EMPTY);
    OK(cyd_lock_release(lock));
    OK(cyd_permits_release(permits, 1));
    IS(cyd_lock_acquire(lock, 1), CYD_OK);
    IS(cyd_lock_acquire(lock, 1), CYD_E_TIMEOUT);

    /* Without limit, and as good as without: a cancel token of an event that is set ends them. */
    const int64_t endless[] = {-1, -2, INT64_MIN, INT64_MAX, INT64_MAX - 1};
    cyd_cancel_t *cancel;
    OK(cyd_permits_acquire(permits, 0));
    while (cyd_sender_send(sender, buffer, 8, 0) == CYD_OK) {
    }
    OK(cyd_cancel_create(&cancel));
    OK(cyd_cancel_enter(cancel));
    OK(cyd_cancel_set(cancel));
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        int64_t ns = endless[i];
        IS(cyd_lock_acquire(lock, ns), CYD_E_CANCELLED);
        IS(cyd_event_wait(event, ns), CYD_E_CANCELLED);
        IS(cyd_semaphore_acquire(semaphore, ns), CYD_E_CANCELLED);
        IS(cyd_permits_acquire(permits, ns), CYD_E_CANCELLED);
        IS(cyd_condition_wait(condition, held, ns), CYD_E_CANCELLED);
        IS(cyd_sender_send(sender, buffer, 8, ns), CYD_E_CANCELLED);
        IS(cyd_event_wait(event, cyd_deadline_left(cyd_deadline_after(ns))), CYD_E_CANCELLED);
    }
    OK(cyd_cancel_leave(cancel));
    OK(cyd_cancel_close(cancel));
    OK(cyd_lock_release(held));
    OK(cyd_receiver_close(receiver));
    OK(cyd_sender_close(sender));
    OK(cyd_ring_close(ring));
    OK(cyd_condition_close(condition));
    OK(cyd_permits_close(permits));
    OK(cyd_semaphore_close(semaphore));
    OK(cyd_event_close(event));
    OK(cyd_lock_close(held));
    OK(cyd_lock_close(lock));
}

int main(void) {
    cyd_yard_t *yard;
    arithmetic();
    OK(cyd_yard_create_anonymous(NULL, &yard));
    every_wait(yard);
    OK(cyd_yard_close(yard));
    return 0;
}
