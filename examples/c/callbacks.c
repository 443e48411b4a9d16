/* Jobs for a pool of processes: nobody waits for one after the other. The clerk is called when each has ended; the boss waits
 * for the first that goes wrong, and then for all. */
#include <courtyard.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS = 5 };

static void must(cyd_status_t rc, const char *what) {
    if (CYD_FAILED(rc)) {
        fprintf(stderr, "%s: %s\n", what, cyd_last_error_message());
        exit(1);
    }
}

/* In a worker. Jobs 3 and 4 fail, the others are hard. */
static int job(cyd_task_t *task, const void *input, size_t len, void *unused) {
    static const char *const complaints[] = {"no luck with 3", "no luck with 4"};
    int number;
    (void)unused;
    if (len != sizeof number) {
        return 1;
    }
    memcpy(&number, input, len);
    if (number >= 3) {
        must(cyd_task_fail(task, complaints[number - 3]), "fail");
        return 1;
    }
    usleep(100000);
    return cyd_task_return(task, &number, sizeof number);
}

/* The clerk's book. Only the library's thread for callbacks writes it, one call after the other. */
struct book {
    int results, sum, errors;
};

static void ended(const cyd_fate_t *fate, void *argument) {
    struct book *book = argument;
    int number;
    if (fate->state == CYD_TASK_DONE && fate->len == sizeof number) {
        memcpy(&number, fate->data, sizeof number);
        book->sum += number;
        book->results++;
    } else {
        book->errors++;
    }
}

int main(int argc, char **argv) {
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    cyd_future_t *futures[JOBS];
    struct book book = {0, 0, 0};
    bool done[JOBS];
    size_t count;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = JOBS};

    must(cyd_task_register("job", job, NULL), "register");
    must(cyd_init(argc, (const char *const *)argv), "init"); /* workers go no further */
    must(cyd_yard_create_anonymous(NULL, &yard), "yard");
    must(cyd_pool_create(yard, "pool", &options, &pool), "pool");

    for (int i = 0; i < JOBS; i++) {
        must(cyd_pool_submit(pool, "job", &i, sizeof i, NULL, -1, &futures[i]), "submit");
        must(cyd_future_add_done_callback(futures[i], ended, &book), "callback");
    }
    must(cyd_wait_futures(futures, JOBS, CYD_RETURN_FIRST_ERROR, -1, done, NULL), "wait");
    printf("one has gone wrong, before all have ended\n");
    must(cyd_wait_futures(futures, JOBS, CYD_RETURN_ALL_COMPLETED, -1, done, &count), "wait for all");
    for (int i = 0; i < JOBS; i++) {
        cyd_future_close(futures[i]);
    }

    must(cyd_pool_shutdown(pool, false), "shutdown");
    must(cyd_pool_join(pool, -1), "join"); /* the callbacks have returned, too */
    printf("%zu jobs have ended; the clerk has heard of %d results, which are %d together, and %d errors\n", count,
           book.results, book.sum, book.errors);
    cyd_pool_close(pool);
    cyd_yard_close(yard);
    return 0;
}
