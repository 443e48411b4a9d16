/* The sides of a queue: who waits hears when the last producer, or consumer, has left or died; over fork, too. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static cyd_yard_t *yard;
static cyd_queue_t *queue;

static void is(cyd_queue_side_t side, cyd_peer_t wanted) {
    cyd_peer_t peer;
    OK(cyd_queue_side_state(queue, side, &peer));
    CHECK(peer == wanted);
}

/* What ends a row of gets, and how many came before it. */
static cyd_status_t drain(size_t *count) {
    char buffer[48];
    size_t len;
    cyd_status_t rc;
    *count = 0;
    while ((rc = cyd_queue_get(queue, buffer, sizeof buffer, -1, &len)) == CYD_OK) {
        ++*count;
    }
    return rc;
}

static void *drain_in_thread(void *count) { return (void *)(intptr_t)drain(count); }

static pid_t producer(int messages, bool dies) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        OK(cyd_queue_enter(queue, CYD_QUEUE_PRODUCERS));
        for (int i = 0; i < messages; i++) {
            OK(cyd_queue_put(queue, "x", 1, -1));
        }
        if (dies) {
            kill(getpid(), SIGKILL);
        }
        OK(cyd_queue_leave(queue, CYD_QUEUE_PRODUCERS));
        _exit(0);
    }
    return child;
}

static void last_producer(bool dies) {
    size_t count;
    pthread_t waiter;
    void *ended;
    pid_t first = producer(30, !dies), second;
    CHECK(waitpid(first, NULL, 0) == first);
    OK(cyd_queue_enter(queue, CYD_QUEUE_PRODUCERS)); /* while this one is here there is no end */
    CHECK(pthread_create(&waiter, NULL, drain_in_thread, &count) == 0);
    second = producer(12, dies);
    CHECK(waitpid(second, NULL, 0) == second);
    usleep(20000);
    is(CYD_QUEUE_PRODUCERS, CYD_PEER_HERE);
    if (dies) {
        pid_t third = fork(); /* it has entered from its birth on */
        CHECK(third >= 0);
        if (third == 0) {
            kill(getpid(), SIGSTOP);
            kill(getpid(), SIGKILL);
        }
        OK(cyd_queue_leave(queue, CYD_QUEUE_PRODUCERS));
        CHECK(waitpid(third, NULL, WUNTRACED) == third);
        is(CYD_QUEUE_PRODUCERS, CYD_PEER_HERE);
        CHECK(kill(third, SIGKILL) == 0 && waitpid(third, NULL, 0) == third);
    } else {
        OK(cyd_queue_leave(queue, CYD_QUEUE_PRODUCERS));
    }
    CHECK(pthread_join(waiter, &ended) == 0);
    CHECK((intptr_t)ended == (dies ? CYD_E_PEER_DIED : CYD_E_PEER_CLOSED) && count == 42);
    is(CYD_QUEUE_PRODUCERS, dies ? CYD_PEER_DIED : CYD_PEER_CLOSED);
}

static void last_consumer(void) {
    OK(cyd_queue_put(queue, "x", 1, -1));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        OK(cyd_queue_enter(queue, CYD_QUEUE_CONSUMERS));
        usleep(30000);
        kill(getpid(), SIGKILL);
    }
    cyd_status_t rc;
    while ((rc = cyd_queue_put(queue, "y", 1, -1)) == CYD_OK) {
    }
    CHECK(rc == CYD_E_PEER_DIED);
    CHECK(waitpid(child, NULL, 0) == child);
    IS(cyd_queue_put(queue, "y", 1, 0), CYD_E_PEER_DIED);
    is(CYD_QUEUE_CONSUMERS, CYD_PEER_DIED);
}

static void wrong_arguments(void) {
    cyd_queue_t *none;
    cyd_peer_t peer = 9;
    OK(cyd_queue_create(yard, "none", NULL, &none));
    IS(cyd_queue_enter(none, CYD_QUEUE_PRODUCERS), CYD_E_UNSUPPORTED);
    IS(cyd_queue_leave(none, CYD_QUEUE_PRODUCERS), CYD_E_NOT_OWNER);
    OK(cyd_queue_side_state(none, CYD_QUEUE_PRODUCERS, &peer));
    CHECK(peer == CYD_PEER_ABSENT);
    OK(cyd_queue_close(none));
    IS(cyd_queue_enter(queue, 2), CYD_E_INVALID);
    IS(cyd_queue_leave(queue, 2), CYD_E_INVALID);
    IS(cyd_queue_side_state(queue, 2, &peer), CYD_E_INVALID);
    IS(cyd_queue_side_state(queue, 0, NULL), CYD_E_NULL);
    IS(cyd_queue_leave(queue, CYD_QUEUE_PRODUCERS), CYD_E_NOT_OWNER);
    is(CYD_QUEUE_PRODUCERS, CYD_PEER_ABSENT);
}

int main(void) {
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 64, .sides = 1};
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_queue_create(yard, "queue", &options, &queue));
    wrong_arguments();
    last_producer(false);
    last_producer(true);
    last_consumer();
    OK(cyd_queue_close(queue));
    OK(cyd_yard_close(yard));
    return 0;
}
