/* Futures: waiting for several of them, and being called when a task has ended; and what is refused. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

enum { MANY = 2000 };

static cyd_yard_t *yard;

static int echo(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)argument;
    return cyd_task_return(task, input, len);
}

static int fails(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)input, (void)len, (void)argument;
    OK(cyd_task_fail(task, "as it was to"));
    return 1;
}

static int dies(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)task, (void)input, (void)len, (void)argument;
    raise(SIGKILL);
    return 0;
}

static int waits(cyd_task_t *task, const void *input, size_t len, void *argument) {
    bool asked = false;
    (void)input, (void)len, (void)argument;
    while (!asked) {
        usleep(1000);
        OK(cyd_task_is_cancelled(task, &asked));
    }
    return 1;
}

static int leads(cyd_task_t *task, const void *input, size_t len, void *argument) {
    cyd_pool_t *pool;
    cyd_future_t *parts[3];
    bool done[3];
    (void)argument;
    OK(cyd_task_pool(task, &pool));
    for (int i = 0; i < 3; i++) {
        OK(cyd_pool_submit(pool, "echo", input, len, NULL, -1, &parts[i]));
    }
    OK(cyd_wait_futures(parts, 3, CYD_RETURN_ALL_COMPLETED, -1, done, NULL)); /* with one worker: it works at them */
    for (int i = 0; i < 3; i++) {
        OK(cyd_future_close(parts[i]));
    }
    OK(cyd_pool_close(pool));
    return 0;
}

static cyd_future_t *submit(cyd_pool_t *pool, const char *entry, const void *input, size_t len) {
    cyd_future_t *future;
    OK(cyd_pool_submit(pool, entry, input, len, NULL, -1, &future));
    return future;
}

static void *closes_soon(void *handle) {
    usleep(30000);
    OK(cyd_future_close(handle));
    return NULL;
}

static void waiting(cyd_pool_t *pool) {
    cyd_future_t *all[4] = {submit(pool, "waits", NULL, 0), submit(pool, "echo", "x", 1), submit(pool, "fails", NULL, 0),
                            submit(pool, "echo", "y", 1)};
    bool done[4] = {true, true, true, true};
    size_t count = 77;
    pthread_t closer;
    OK(cyd_wait_futures(&all[1], 1, CYD_RETURN_FIRST_ERROR, -1, done, &count)); /* all have ended, none with an error */
    CHECK(done[0] && count == 1);
    OK(cyd_wait_futures(all, 4, CYD_RETURN_FIRST_COMPLETED, 20000 * MS, done, &count));
    CHECK(!done[0] && done[1] && count >= 1 && count < 4);
    OK(cyd_wait_futures(all, 4, CYD_RETURN_FIRST_ERROR, 20000 * MS, done, NULL));
    CHECK(!done[0] && done[2]);
    OK(cyd_wait_futures(&all[1], 3, CYD_RETURN_ALL_COMPLETED, -1, done, &count));
    CHECK(done[0] && done[1] && done[2] && count == 3);
    for (int64_t timeout = 0; timeout <= 5 * MS; timeout += 5 * MS) {
        done[0] = true;
        count = 77;
        IS(cyd_wait_futures(all, 4, CYD_RETURN_ALL_COMPLETED, timeout, done, &count), CYD_E_TIMEOUT);
        CHECK(!done[0] && done[1] && done[2] && done[3] && count == 3);
    }
    IS(cyd_wait_futures(all, 1, CYD_RETURN_FIRST_COMPLETED, 0, done, NULL), CYD_E_TIMEOUT);
    CHECK(pthread_create(&closer, NULL, closes_soon, all[0]) == 0);
    IS(cyd_wait_futures(all, 4, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_CLOSED);
    CHECK(pthread_join(closer, NULL) == 0);
    IS(cyd_wait_futures(all, 4, CYD_RETURN_ALL_COMPLETED, 0, done, &count), CYD_E_CLOSED);
    CHECK(strstr(cyd_last_error_message(), "handle 0 ") != NULL && count == 3);
    for (int i = 1; i < 4; i++) {
        OK(cyd_future_close(all[i]));
    }
    cyd_future_t *leader = submit(pool, "leads", "z", 1);
    OK(cyd_wait_futures(&leader, 1, CYD_RETURN_FIRST_COMPLETED, -1, done, NULL));
    OK(cyd_future_close(leader));
}

static void wrong_lists(cyd_pool_t *pool) {
    cyd_yard_t *elsewhere;
    cyd_pool_t *other;
    cyd_event_t *event;
    cyd_promise_t *promise, *far_promise;
    cyd_future_t *future, *far;
    bool done[2] = {true, true};
    size_t count = 77;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .tasks = 4, .method = CYD_START_THREADS};
    OK(cyd_yard_create_anonymous(NULL, &elsewhere));
    OK(cyd_pool_create(elsewhere, "other", &options, &other));
    OK(cyd_pool_promise(pool, -1, &promise, &future));
    OK(cyd_pool_promise(other, -1, &far_promise, &far));
    OK(cyd_event_create(yard, "event", 0, &event));
    cyd_future_t *twice[] = {future, future}, *foreign[] = {future, far}, *null[] = {future, NULL};
    cyd_future_t *wrong[] = {future, (cyd_future_t *)event};
    IS(cyd_wait_futures(twice, 0, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_INVALID);
    IS(cyd_wait_futures(NULL, 1, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_NULL);
    IS(cyd_wait_futures(twice, 1, CYD_RETURN_ALL_COMPLETED, -1, NULL, &count), CYD_E_NULL);
    IS(cyd_wait_futures(twice, 1, 3, -1, done, &count), CYD_E_INVALID);
    CHECK(strstr(cyd_last_error_message(), "CYD_RETURN_") != NULL);
    IS(cyd_wait_futures(twice, 2, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_INVALID);
    IS(cyd_wait_futures(foreign, 2, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_FOREIGN);
    IS(cyd_wait_futures(null, 2, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_NULL);
    CHECK(strstr(cyd_last_error_message(), "handle 1 ") != NULL);
    IS(cyd_wait_futures(wrong, 2, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_TYPE);
    IS(cyd_wait_futures(twice, SIZE_MAX, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_INVALID);
    IS(cyd_wait_futures((cyd_future_t **)((char *)twice + 1), 1, CYD_RETURN_ALL_COMPLETED, -1, done, &count), CYD_E_INVALID);
    CHECK(done[0] && done[1] && count == 77); /* nothing was written */
    OK(cyd_promise_set(promise, NULL, 0));
    IS(cyd_wait_futures(foreign, 2, CYD_RETURN_FIRST_COMPLETED, 0, done, &count), CYD_E_FOREIGN); /* whatever has ended */
    IS(cyd_wait_futures(twice, 2, CYD_RETURN_FIRST_COMPLETED, 0, done, &count), CYD_E_INVALID);
    OK(cyd_promise_close(promise));
    OK(cyd_promise_close(far_promise));
    OK(cyd_future_close(future));
    OK(cyd_future_close(far));
    OK(cyd_event_close(event));
    OK(cyd_pool_close(other));
    OK(cyd_yard_close(elsewhere));
}

struct book {
    pthread_mutex_t lock;
    size_t calls;
    uint32_t states[8];
    size_t lengths;
    pthread_t thread;
};

static void note(const cyd_fate_t *fate, void *argument) {
    struct book *book = argument;
    pthread_mutex_lock(&book->lock);
    CHECK(fate->struct_size == sizeof *fate && ((const char *)fate->data)[fate->len] == '\0');
    CHECK(book->calls == 0 || pthread_equal(book->thread, pthread_self()));
    book->thread = pthread_self();
    if (book->calls < 8) {
        book->states[book->calls] = fate->state;
    }
    book->calls++;
    book->lengths += fate->len;
    pthread_mutex_unlock(&book->lock);
}

static size_t calls_of(struct book *book) {
    pthread_mutex_lock(&book->lock);
    size_t calls = book->calls;
    pthread_mutex_unlock(&book->lock);
    return calls;
}

/* A callback may ask for another one. */
static void asks_again(const cyd_fate_t *fate, void *argument) {
    void **both = argument;
    CHECK(fate->state == CYD_TASK_CANCELLED);
    OK(cyd_future_add_done_callback(both[0], note, both[1]));
    OK(cyd_future_close(both[0]));
}

static void callbacks(void) {
    static struct book book = {.lock = PTHREAD_MUTEX_INITIALIZER};
    cyd_pool_t *pool;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 2, .tasks = MANY + 8};
    OK(cyd_pool_create(yard, "calls", &options, &pool));
    cyd_future_t *busy = submit(pool, "waits", NULL, 0);
    IS(cyd_future_add_done_callback(busy, NULL, &book), CYD_E_NULL);
    OK(cyd_future_add_done_callback(busy, note, &book));
    OK(cyd_future_add_done_callback(busy, note, &book));
    void *both[] = {busy, &book};
    OK(cyd_future_add_done_callback(busy, asks_again, both));
    cyd_future_t *dead = submit(pool, "dies", NULL, 0);
    OK(cyd_future_add_done_callback(dead, note, &book));
    OK(cyd_future_close(dead)); /* nevertheless */
    while (calls_of(&book) < 1) {
        usleep(1000);
    }
    CHECK(book.states[0] == CYD_TASK_LOST);
    OK(cyd_future_stop(busy, NULL));
    while (calls_of(&book) < 4) {
        usleep(1000);
    }
    CHECK(book.states[1] == CYD_TASK_CANCELLED && book.states[2] == CYD_TASK_CANCELLED && book.states[3] == CYD_TASK_CANCELLED);
    IS(cyd_future_wait(busy, 0), CYD_E_CLOSED);
    for (int i = 0; i < MANY; i++) {
        if (i % 2 == 0) {
            OK(cyd_pool_apply_async(pool, "echo", "abc", 3, NULL, note, &book));
        } else {
            cyd_future_t *one = submit(pool, "echo", "abc", 3);
            OK(cyd_future_add_done_callback(one, note, &book));
            OK(cyd_future_close(one));
        }
    }
    OK(cyd_pool_shutdown(pool, false));
    OK(cyd_pool_join(pool, 20000 * MS)); /* it waits for the callbacks */
    CHECK(calls_of(&book) == MANY + 4 && book.lengths == 3 * MANY);
    OK(cyd_pool_close(pool));
}

int main(int argc, char **argv) {
    cyd_pool_t *pool;
    OK(cyd_task_register("echo", echo, NULL));
    OK(cyd_task_register("fails", fails, NULL));
    OK(cyd_task_register("dies", dies, NULL));
    OK(cyd_task_register("waits", waits, NULL));
    OK(cyd_task_register("leads", leads, NULL));
    OK(cyd_init(argc, (const char *const *)argv));
    cyd_yard_options_t large = {.struct_size = sizeof large, .size = 16 << 20};
    OK(cyd_yard_create_anonymous(&large, &yard));
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 2, .tasks = 64};
    OK(cyd_pool_create(yard, "pool", &options, &pool));
    waiting(pool);
    wrong_lists(pool);
    OK(cyd_pool_close(pool));
    callbacks();
    OK(cyd_yard_close(yard));
    return 0;
}
