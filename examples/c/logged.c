/* What processes do and say: to a function of this program, and in lines on standard error. */
#include "courtyard.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static const char *const LEVELS[] = {"off", "error", "warning", "info", "debug", "trace"};

/* In whatever thread or forked child says something. What comes after a comma differs from run to run. */
static void hear(cyd_log_level_t level, const char *process, const char *message, void *prefix) {
    printf("%s%s, %s: %.*s\n", (const char *)prefix, process, LEVELS[level], (int)strcspn(message, ","), message);
    fflush(stdout);
}

static int child(void *unused) {
    (void)unused;
    must(cyd_log(CYD_LOG_WARN, "it may fail"));
    must(cyd_log(CYD_LOG_DEBUG, "nobody wants to know this"));
    return 3;
}

static int talks_to_stderr(void *unused) {
    (void)unused;
    must(cyd_log_to_stderr(CYD_LOG_WARN));
    must(cyd_log(CYD_LOG_ERROR, "nothing has failed yet"));
    must(cyd_log(CYD_LOG_INFO, "this is not important enough"));
    return 0;
}

static void run(int (*work)(void *)) {
    cyd_process_t *process;
    must(cyd_process_fork(NULL, work, NULL, &process));
    must(cyd_process_join(process, -1, NULL));
    must(cyd_process_close(process));
}

int main(void) {
    static char prefix[] = "heard: ";
    must(cyd_log_to_listener(CYD_LOG_INFO, hear, prefix));
    must(cyd_log(CYD_LOG_INFO, "there will be a child"));
    run(child);
    must(cyd_log_to_listener(CYD_LOG_OFF, hear, NULL));
    run(talks_to_stderr);
    return 0;
}
