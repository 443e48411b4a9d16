/* The last-in-first-out queue and the priority queue: order, limits, waiting, shutting down, processes that die. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static cyd_yard_t *yard;

static void put(cyd_lifo_queue_t *queue, const char *message) {
    OK(cyd_lifo_queue_put(queue, message, strlen(message), -1));
}

static void got(cyd_lifo_queue_t *queue, const char *wanted) {
    char buffer[32];
    size_t len = 99;
    OK(cyd_lifo_queue_get(queue, buffer, sizeof buffer, -1, &len));
    CHECK(len == strlen(wanted) && memcmp(buffer, wanted, len) == 0);
}

static void put_at(cyd_priority_queue_t *queue, const char *message, int64_t priority) {
    OK(cyd_priority_queue_put(queue, message, strlen(message), priority, -1));
}

static void got_at(cyd_priority_queue_t *queue, const char *wanted, int64_t at) {
    char buffer[32];
    size_t len = 99;
    int64_t priority = 77;
    OK(cyd_priority_queue_get(queue, buffer, sizeof buffer, -1, &len, &priority));
    CHECK(len == strlen(wanted) && memcmp(buffer, wanted, len) == 0 && priority == at);
}

static void names_and_limits(void) {
    cyd_lifo_queue_options_t options = {.struct_size = sizeof options, .capacity = 3, .max_len = 10};
    cyd_lifo_queue_t *queue, *same, *none = NULL;
    cyd_priority_queue_t *other = NULL;
    OK(cyd_lifo_queue_create(yard, "limits", &options, &queue));
    IS(cyd_lifo_queue_create(yard, "limits", &options, &none), CYD_E_EXISTS);
    OK(cyd_lifo_queue_open_or_create(yard, "limits", &options, &same));
    IS(cyd_lifo_queue_open_or_create(yard, "limits", NULL, &none), CYD_E_MISMATCH);
    IS(cyd_lifo_queue_open(yard, "missing", &none), CYD_E_NOT_FOUND);
    IS(cyd_lifo_queue_open(yard, NULL, &none), CYD_E_NAME);
    IS(cyd_lifo_queue_open(NULL, "limits", &none), CYD_E_NULL);
    IS(cyd_priority_queue_open(yard, "limits", &other), CYD_E_TYPE);
    options.capacity = ((size_t)1 << 24) + 1;
    IS(cyd_lifo_queue_create(yard, "new", &options, &none), CYD_E_SIZE);
    options.capacity = 1;
    options.max_len = ((size_t)1 << 30) + 1;
    IS(cyd_lifo_queue_create(yard, "new", &options, &none), CYD_E_SIZE);
    options.struct_size = 3;
    IS(cyd_lifo_queue_create(yard, "new", &options, &none), CYD_E_INVALID);
    CHECK(none == NULL && other == NULL);

    size_t n = 99;
    bool is = false;
    OK(cyd_lifo_queue_capacity(same, &n));
    CHECK(n == 3);
    OK(cyd_lifo_queue_max_len(same, &n));
    CHECK(n == 10);
    OK(cyd_lifo_queue_is_empty(same, &is));
    CHECK(is);
    IS(cyd_lifo_queue_put(same, "eleven byte", 11, -1), CYD_E_TOO_LONG);
    CHECK(strstr(cyd_last_error_message(), "11 bytes, at most 10 fit") != NULL);
    put(same, "one");
    OK(cyd_lifo_queue_put(same, NULL, 0, 0));
    put(same, "ten bytes!");
    OK(cyd_lifo_queue_is_full(queue, &is));
    CHECK(is);
    IS(cyd_lifo_queue_put(queue, "x", 1, 0), CYD_E_FULL);
    IS(cyd_lifo_queue_put(queue, "x", 1, MS), CYD_E_FULL);
    char small[9];
    n = 99;
    IS(cyd_lifo_queue_get(queue, small, sizeof small, -1, &n), CYD_E_TOO_LONG);
    CHECK(n == 10);
    got(queue, "ten bytes!");
    OK(cyd_lifo_queue_get(queue, NULL, 0, -1, &n));
    CHECK(n == 0);
    got(queue, "one");
    OK(cyd_lifo_queue_len(queue, &n));
    CHECK(n == 0);
    n = 99;
    IS(cyd_lifo_queue_get(queue, small, sizeof small, 0, &n), CYD_E_EMPTY);
    IS(cyd_lifo_queue_get(queue, small, sizeof small, MS, &n), CYD_E_EMPTY);
    IS(cyd_lifo_queue_get(queue, NULL, 1, 0, &n), CYD_E_NULL);
    IS(cyd_lifo_queue_get(queue, small, sizeof small, 0, NULL), CYD_E_NULL);
    IS(cyd_lifo_queue_put(queue, NULL, 1, 0), CYD_E_NULL);
    CHECK(n == 99);
    OK(cyd_lifo_queue_close(same));
    OK(cyd_lifo_queue_close(queue));

    OK(cyd_lifo_queue_create(yard, "default", NULL, &queue));
    OK(cyd_lifo_queue_capacity(queue, &n));
    CHECK(n == 64);
    OK(cyd_lifo_queue_max_len(queue, &n));
    CHECK(n == 256);
    OK(cyd_lifo_queue_close(queue));
}

static void priorities(void) {
    cyd_priority_queue_t *queue, *same;
    OK(cyd_priority_queue_create(yard, "priorities", NULL, &queue));
    OK(cyd_priority_queue_open_or_create(yard, "priorities", NULL, &same));
    put_at(queue, "c", 5);
    put_at(queue, "a", INT64_MIN);
    put_at(same, "d", 5);
    put_at(queue, "e", INT64_MAX);
    put_at(queue, "b", -1);
    size_t n = 0;
    bool is = true;
    OK(cyd_priority_queue_len(same, &n));
    CHECK(n == 5);
    OK(cyd_priority_queue_is_full(same, &is));
    CHECK(!is);
    got_at(same, "a", INT64_MIN);
    got_at(same, "b", -1);
    got_at(same, "c", 5);
    char letter;
    OK(cyd_priority_queue_get(queue, &letter, 1, -1, &n, NULL));
    CHECK(letter == 'd' && n == 1);
    OK(cyd_priority_queue_shutdown(same, false));
    IS(cyd_priority_queue_put(queue, "f", 1, 0, -1), CYD_E_SHUTDOWN);
    got_at(queue, "e", INT64_MAX);
    IS(cyd_priority_queue_get(queue, &letter, 1, -1, &n, NULL), CYD_E_END);
    OK(cyd_priority_queue_is_shutdown(queue, &is));
    CHECK(is);
    OK(cyd_priority_queue_capacity(queue, &n));
    CHECK(n == 64);
    OK(cyd_priority_queue_max_len(queue, &n));
    CHECK(n == 256);
    OK(cyd_priority_queue_is_empty(queue, &is));
    CHECK(is);
    OK(cyd_priority_queue_close(same));
    OK(cyd_priority_queue_close(queue));
}

/* Children wait for messages and room; what is put is there before put returns, also when the child is killed then. */
static void processes(void) {
    cyd_lifo_queue_options_t options = {.struct_size = sizeof options, .capacity = 1, .max_len = 16};
    cyd_lifo_queue_t *queue;
    OK(cyd_lifo_queue_create(yard, "processes", &options, &queue));
    pid_t getter = fork();
    if (getter == 0) {
        got(queue, "hello world");
        put(queue, "answer");
        _exit(0);
    }
    put(queue, "hello world");
    ENDED_WELL(getter);
    pid_t putter = fork();
    if (putter == 0) {
        put(queue, "last words");
        raise(SIGKILL);
    }
    got(queue, "answer");
    WAS_KILLED(putter);
    got(queue, "last words");

    put(queue, "given up");
    pid_t waiter = fork();
    if (waiter == 0) {
        IS(cyd_lifo_queue_put(queue, "never", 5, -1), CYD_E_SHUTDOWN);
        _exit(0);
    }
    usleep(20000);
    bool is = true;
    OK(cyd_lifo_queue_is_shutdown(queue, &is));
    CHECK(!is);
    OK(cyd_lifo_queue_shutdown(queue, true));
    OK(cyd_lifo_queue_is_shutdown(queue, &is));
    CHECK(is);
    ENDED_WELL(waiter);
    size_t n = 9;
    OK(cyd_lifo_queue_len(queue, &n));
    CHECK(n == 0);
    IS(cyd_lifo_queue_get(queue, NULL, 0, -1, &n), CYD_E_SHUTDOWN);
    OK(cyd_lifo_queue_close(queue));
}

static cyd_lifo_queue_t *closing;

static void *wait_there(void *unused) {
    size_t n;
    (void)unused;
    IS(cyd_lifo_queue_get(closing, NULL, 0, -1, &n), CYD_E_CLOSED);
    return NULL;
}

static void wrong_handles(void) {
    cyd_priority_queue_t *queue, *closed;
    cyd_lifo_queue_t *lifo;
    OK(cyd_priority_queue_create(yard, "wrong", NULL, &queue));
    OK(cyd_priority_queue_open(yard, "wrong", &closed));
    OK(cyd_priority_queue_close(closed));
    OK(cyd_lifo_queue_create(yard, "lifo", NULL, &lifo));
    const struct {
        void *handle;
        cyd_status_t wanted;
    } wrong[] = {{NULL, CYD_E_NULL}, {closed, CYD_E_CLOSED}, {lifo, CYD_E_TYPE}, {(char *)queue + 4, CYD_E_INVALID}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cyd_priority_queue_t *it = wrong[i].handle;
        size_t n = 99;
        bool is;
        IS(cyd_priority_queue_put(it, "x", 1, 0, -1), wrong[i].wanted);
        IS(cyd_priority_queue_get(it, NULL, 0, -1, &n, NULL), wrong[i].wanted);
        IS(cyd_priority_queue_shutdown(it, true), wrong[i].wanted);
        IS(cyd_priority_queue_len(it, &n), wrong[i].wanted);
        IS(cyd_priority_queue_is_empty(it, &is), wrong[i].wanted);
        IS(cyd_priority_queue_is_full(it, &is), wrong[i].wanted);
        IS(cyd_priority_queue_capacity(it, &n), wrong[i].wanted);
        IS(cyd_priority_queue_max_len(it, &n), wrong[i].wanted);
        IS(cyd_priority_queue_close(it), it == NULL ? CYD_OK : wrong[i].wanted);
        CHECK(n == 99);
    }
    void *foreign[] = {NULL, queue, (char *)lifo + 4};
    cyd_status_t wanted[] = {CYD_E_NULL, CYD_E_TYPE, CYD_E_INVALID};
    for (size_t i = 0; i < 3; i++) {
        cyd_lifo_queue_t *it = foreign[i];
        size_t n;
        IS(cyd_lifo_queue_put(it, "x", 1, -1), wanted[i]);
        IS(cyd_lifo_queue_get(it, NULL, 0, -1, &n), wanted[i]);
        IS(cyd_lifo_queue_len(it, &n), wanted[i]);
        IS(cyd_lifo_queue_shutdown(it, true), wanted[i]);
        IS(cyd_lifo_queue_close(it), it == NULL ? CYD_OK : wanted[i]);
    }
    /* Closing a handle ends the wait through it. */
    closing = lifo;
    pthread_t waiter;
    CHECK(pthread_create(&waiter, NULL, wait_there, NULL) == 0);
    usleep(20000);
    OK(cyd_lifo_queue_close(closing));
    CHECK(pthread_join(waiter, NULL) == 0);
    OK(cyd_priority_queue_close(queue));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    names_and_limits();
    priorities();
    processes();
    wrong_handles();
    OK(cyd_yard_close(yard));
    return 0;
}
