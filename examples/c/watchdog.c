/* A watchdog makes its worker anew each time that it comes to grief, and stops the last one step by step. Each worker finds in a
 * number of the yard where the one before it was. */
#include "courtyard.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cyd_value_t *progress;
static cyd_event_t *stop;

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

/* Takes ten steps in all, with two mishaps, and then waits to be told that it can go. */
static int work(void *unused) {
    uint32_t one = 1, step = 0;
    (void)unused;
    while (step < 10) {
        must(CYD_VALUE_FETCH(progress, CYD_OP_ADD, &one, &step));
        if (step == 3) { abort(); }
        if (step == 6) { return 7; }
    }
    must(cyd_event_wait(stop, -1));
    return 0;
}

static void ask(void *event) { must(cyd_event_set(event)); }

static cyd_process_t *start(void) {
    cyd_process_t *worker;
    cyd_process_options_t options = {0};
    options.struct_size = sizeof options;
    options.at_exit = CYD_AT_EXIT_KILL; /* no worker without its watchdog */
    must(cyd_process_fork(&options, work, NULL, &worker));
    return worker;
}

static void tell(const cyd_process_t *worker, cyd_exit_t end) {
    cyd_process_info_t info = {0};
    info.struct_size = sizeof info;
    must(cyd_process_info(worker, &info));
    if (end.kind == CYD_EXIT_SIGNAL) {
        printf("%s was ended by signal %s\n", info.name, end.value == SIGABRT ? "SIGABRT" : "?");
    } else {
        printf("%s has ended with code %d\n", info.name, (int)end.value);
    }
}

int main(void) {
    cyd_yard_t *yard;
    cyd_exit_t end;
    uint32_t steps = 0;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_value_create(yard, "progress", CYD_TYPE_U32, &progress));
    must(cyd_event_create(yard, "stop", 0, &stop));
    cyd_process_t *worker = start();
    while (steps < 11) { /* it looks once more than it steps */
        if (!CYD_FAILED(cyd_process_join(worker, 1000000, &end))) {
            tell(worker, end);
            must(cyd_process_close(worker));
            worker = start();
        }
        must(CYD_VALUE_GET(progress, &steps));
    }
    must(cyd_process_stop(worker, ask, stop, INT64_C(5000000000), INT64_C(1000000000), &end));
    tell(worker, end);
    printf("%d steps\n", (int)steps - 1);
    must(cyd_process_close(worker));
    return 0;
}
