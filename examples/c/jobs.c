/* Jobs that survive their workers: a job that was got and not acknowledged is done by another one. */
#include <courtyard.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 12, WORKERS = 3 };

static void must(cyd_status_t rc, const char *what) {
    if (CYD_FAILED(rc)) {
        fprintf(stderr, "%s: %s\n", what, cyd_last_error_message());
        exit(1);
    }
}

/* Works until everything is done; the first time that it meets job 5, it is killed in the middle of it. */
static void work(cyd_queue_t *jobs, cyd_queue_t *results) {
    int number;
    size_t len;
    uint64_t ticket;
    for (;;) {
        cyd_status_t rc = cyd_queue_get_ack(jobs, &number, sizeof number, -1, &len, &ticket);
        if (rc == CYD_E_END) {
            _exit(0);
        }
        must(rc, "a job");
        if (number == 5 && rc != CYD_REDELIVERED) {
            raise(SIGKILL);
        }
        int result[2] = {number * number, rc == CYD_REDELIVERED};
        must(cyd_queue_put(results, result, sizeof result, -1), "a result");
        must(cyd_queue_done(jobs, ticket), "done");
    }
}

int main(void) {
    cyd_yard_t *yard;
    cyd_queue_t *jobs, *results;
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = JOBS, .unacked = WORKERS};
    must(cyd_yard_create_anonymous(NULL, &yard), "yard");
    must(cyd_queue_create(yard, "jobs", &options, &jobs), "jobs");
    must(cyd_queue_create(yard, "results", NULL, &results), "results");
    for (int i = 0; i < WORKERS; i++) {
        if (fork() == 0) {
            work(jobs, results);
        }
    }
    for (int number = 1; number <= JOBS; number++) {
        must(cyd_queue_put(jobs, &number, sizeof number, -1), "put");
    }
    must(cyd_queue_join(jobs, -1), "join");
    must(cyd_queue_shutdown(jobs, false), "shutdown");

    int killed = 0, status, sum = 0, again = 0, result[2];
    size_t len;
    while (wait(&status) > 0) {
        killed += WIFSIGNALED(status) != 0;
    }
    for (int i = 0; i < JOBS; i++) {
        must(cyd_queue_get(results, result, sizeof result, 0, &len), "result");
        sum += result[0];
        again += result[1];
    }
    printf("%d jobs done, their squares are %d together\n", JOBS, sum);
    printf("%d worker was killed; %d job was done by another one\n", killed, again);
    cyd_queue_close(jobs);
    cyd_queue_close(results);
    cyd_yard_close(yard);
    return 0;
}
