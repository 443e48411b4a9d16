/* What can become of a task: one worker, which is this program anew and is replaced whenever it is lost. */
#include <courtyard.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(cyd_status_t rc, const char *what) {
    if (CYD_FAILED(rc)) {
        fprintf(stderr, "%s: %s\n", what, cyd_last_error_message());
        exit(1);
    }
}

/* In a worker: does as it is told. */
static int obey(cyd_task_t *task, const void *input, size_t len, void *unused) {
    char order[32] = "";
    bool asked = false;
    cyd_task_info_t info = {.struct_size = sizeof info};
    (void)unused;
    memcpy(order, input, len < sizeof order ? len : sizeof order - 1);
    must(cyd_task_info(task, &info), "info");
    if (strcmp(order, "give up") == 0) {
        must(cyd_task_fail(task, "it is too hard"), "fail");
        return 1;
    }
    if (strcmp(order, "leave") == 0) {
        _exit(3);
    }
    if (strcmp(order, "die once") == 0 && info.attempt == 0) {
        raise(SIGKILL);
    }
    if (strcmp(order, "listen") == 0) {
        while (!asked) {
            usleep(1000);
            must(cyd_task_is_cancelled(task, &asked), "is_cancelled");
        }
        return 1; /* with a result it would be done nevertheless */
    }
    while (strcmp(order, "sleep") == 0) {
        pause(); /* and hears nothing */
    }
    return cyd_task_return(task, &info.attempt, sizeof info.attempt);
}

static cyd_future_t *give(cyd_pool_t *pool, const char *order, const cyd_task_options_t *options) {
    cyd_future_t *future;
    must(cyd_pool_submit(pool, "obey", order, strlen(order), options, -1, &future), "submit");
    return future;
}

/* Waits until a worker is at it. */
static cyd_future_t *at_work(cyd_future_t *future) {
    cyd_future_info_t info = {.struct_size = sizeof info};
    while (info.state != CYD_TASK_RUNNING) {
        usleep(1000);
        must(cyd_future_info(future, &info), "info");
    }
    return future;
}

/* Says what has become of a task, and lets it go. */
static void tell(const char *whose, cyd_future_t *future) {
    cyd_fate_t fate = {.struct_size = sizeof fate};
    uint32_t attempt;
    char text[64];
    size_t len;
    must(cyd_future_fate(future, -1, &fate), "fate");
    printf("%s: ", whose);
    switch (fate.state) {
    case CYD_TASK_DONE:
        must(cyd_future_result(future, &attempt, sizeof attempt, 0, &len), "result");
        printf("done, in attempt %u\n", attempt + 1);
        break;
    case CYD_TASK_FAILED:
        must(cyd_future_error(future, text, sizeof text, &len), "error");
        printf("failed: %s\n", text);
        break;
    case CYD_TASK_CANCELLED:
        printf("cancelled\n");
        break;
    default:
        switch (fate.cause) {
        case CYD_LOST_EXIT_CODE: printf("lost, its worker has ended with code %d\n", fate.value); break;
        case CYD_LOST_SIGNAL: printf("lost, its worker has died of signal %d\n", fate.value); break;
        case CYD_LOST_TIME_LIMIT: printf("lost, its time was up\n"); break;
        default: printf("lost\n");
        }
    }
    cyd_future_close(future);
}

int main(int argc, char **argv) {
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    cyd_future_t *first, *second;
    bool is_so;
    cyd_pool_options_t one = {.struct_size = sizeof one, .workers = 1};
    cyd_task_options_t hurry = {.struct_size = sizeof hurry, .time_limit_ns = 50 * 1000 * 1000};
    cyd_task_options_t twice = {.struct_size = sizeof twice, .retries = 1};

    must(cyd_task_register("obey", obey, NULL), "register");
    must(cyd_init(argc, (const char *const *)argv), "init"); /* workers go no further */
    must(cyd_yard_create_anonymous(NULL, &yard), "yard");
    must(cyd_pool_create(yard, "pool", &one, &pool), "pool");

    tell("easy", give(pool, "work", NULL));
    tell("hard", give(pool, "give up", NULL));

    first = at_work(give(pool, "listen", NULL));
    second = give(pool, "work", NULL);
    must(cyd_future_cancel(second, &is_so), "cancel"); /* it waits: it never begins */
    tell("called off in time", second);
    must(cyd_future_cancel(first, &is_so), "cancel");
    printf("called off too late: %s\n", is_so ? "cancelled" : "it runs");
    must(cyd_future_stop(first, &is_so), "stop");
    tell("asked to stop", first);

    first = at_work(give(pool, "sleep", NULL));
    must(cyd_future_kill(first, &is_so), "kill");
    tell("deaf, and killed", first);
    tell("too slow", give(pool, "sleep", &hurry));
    tell("runs away", give(pool, "leave", NULL));
    tell("dies once, and may not", give(pool, "die once", NULL));
    tell("dies once, and may", give(pool, "die once", &twice));

    must(cyd_pool_shutdown(pool, false), "shutdown");
    must(cyd_pool_join(pool, -1), "join");
    cyd_pool_close(pool);
    cyd_yard_close(yard);
    return 0;
}
