/* Ten jobs for a pool of five processes, which are this program anew. One job kills its worker, and is begun again. */
#include <courtyard.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS = 10, WORKERS = 5 };

struct answer {
    int square;
    uint32_t workers_lost;
};

static void must(cyd_status_t rc, const char *what) {
    if (CYD_FAILED(rc)) {
        fprintf(stderr, "%s: %s\n", what, cyd_last_error_message());
        exit(1);
    }
}

/* In a worker. */
static int square(cyd_task_t *task, const void *input, size_t len, void *unused) {
    cyd_task_info_t info = {.struct_size = sizeof info};
    struct answer answer;
    int number;
    (void)unused;
    if (len != sizeof number) {
        must(cyd_task_fail(task, "square wants an int"), "fail");
        return 1;
    }
    memcpy(&number, input, len);
    must(cyd_task_info(task, &info), "info");
    if (number == 5 && info.attempt == 0) {
        raise(SIGKILL);
    }
    usleep(20000); /* it is hard */
    memset(&answer, 0, sizeof answer);
    answer.square = number * number;
    answer.workers_lost = info.attempt;
    return cyd_task_return(task, &answer, sizeof answer);
}

int main(int argc, char **argv) {
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    cyd_future_t *futures[JOBS];
    cyd_map_t *map;
    cyd_slice_t inputs[JOBS];
    struct answer answer;
    int numbers[JOBS], sum = 0, again = 0;
    size_t len, index;
    cyd_status_t rc;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = WORKERS};
    cyd_task_options_t twice = {.struct_size = sizeof twice, .retries = 1};

    must(cyd_task_register("square", square, NULL), "register");
    must(cyd_init(argc, (const char *const *)argv), "init"); /* workers go no further */
    must(cyd_yard_create_anonymous(NULL, &yard), "yard");
    must(cyd_pool_create(yard, "pool", &options, &pool), "pool");

    /* One by one: each has a future. */
    for (int i = 0; i < JOBS; i++) {
        numbers[i] = i + 1;
        must(cyd_pool_submit(pool, "square", &numbers[i], sizeof numbers[i], &twice, -1, &futures[i]), "submit");
    }
    for (int i = 0; i < JOBS; i++) {
        must(cyd_future_result(futures[i], &answer, sizeof answer, -1, &len), "result");
        sum += answer.square;
        again += answer.workers_lost > 0;
        cyd_future_close(futures[i]);
    }
    printf("%d jobs done, their squares are %d together; %d was begun again\n", JOBS, sum, again);

    /* All at once: the results come in the order of the inputs, and each says whether it went well. */
    for (int i = 0; i < JOBS; i++) {
        inputs[i].data = &numbers[i];
        inputs[i].len = i == 4 ? 1 : sizeof numbers[i]; /* no int; the real job 5 would take its worker along */
    }
    must(cyd_pool_map(pool, "square", inputs, JOBS, NULL, &map), "map");
    while ((rc = cyd_map_next(map, &answer, sizeof answer, &len, &index)) != CYD_E_END) {
        if (rc == CYD_E_FAILED) {
            printf("(%s) ", cyd_last_error_message());
            continue;
        }
        must(rc, "next");
        printf("%d ", answer.square);
    }
    cyd_map_close(map);

    must(cyd_pool_shutdown(pool, false), "shutdown");
    must(cyd_pool_join(pool, -1), "join");
    printf("over\n");
    cyd_pool_close(pool);
    cyd_yard_close(yard);
    return 0;
}
