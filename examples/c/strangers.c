/* A pool for whoever knows its name: one process has made it, another one submits, others come to work. The first who comes is
 * killed at a job, which the second one begins again. */
#include <courtyard.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 10 };

struct answer {
    int square;
    uint32_t workers_lost;
    pid_t by;
};

static void must(cyd_status_t rc, const char *what) {
    if (CYD_FAILED(rc)) {
        fprintf(stderr, "%s: %s\n", what, cyd_last_error_message());
        exit(1);
    }
}

/* In a worker. Job 5 kills the first one that begins it. */
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
    memset(&answer, 0, sizeof answer);
    answer.square = number * number;
    answer.workers_lost = info.attempt;
    answer.by = getpid();
    return cyd_task_return(task, &answer, sizeof answer);
}

/* Keeps the pool's own worker busy until it is asked to stop. */
static int idle(cyd_task_t *task, const void *input, size_t len, void *unused) {
    bool asked = false;
    (void)input, (void)len, (void)unused;
    while (!asked) {
        usleep(1000);
        must(cyd_task_is_cancelled(task, &asked), "is_cancelled");
    }
    return 0;
}

/* Whoever comes from elsewhere knows two names. */
static cyd_pool_t *come(const char *name) {
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    must(cyd_yard_open(name, NULL, &yard), "yard");
    must(cyd_pool_open(yard, "pool", &pool), "pool");
    cyd_yard_close(yard); /* the pool keeps it open */
    return pool;
}

static int work(const char *name) {
    cyd_pool_t *pool = come(name);
    must(cyd_pool_work(pool, 0), "work"); /* until the pool is shut down */
    cyd_pool_close(pool);
    return 0;
}

static int submit(const char *name) {
    cyd_pool_t *pool = come(name);
    cyd_future_t *futures[JOBS];
    cyd_task_options_t twice = {.struct_size = sizeof twice, .retries = 1};
    struct answer answer;
    pid_t last = 0;
    int sum = 0, again = 0, workers = 0;
    size_t len;
    for (int i = 0; i < JOBS; i++) {
        int number = i + 1;
        must(cyd_pool_submit(pool, "square", &number, sizeof number, &twice, -1, &futures[i]), "submit");
    }
    for (int i = 0; i < JOBS; i++) {
        must(cyd_future_result(futures[i], &answer, sizeof answer, -1, &len), "result");
        sum += answer.square;
        again += answer.workers_lost > 0;
        workers += answer.by != last;
        last = answer.by;
        cyd_future_close(futures[i]);
    }
    printf("%d jobs done, their squares are %d together; %d was begun again\n", JOBS, sum, again);
    printf("%d workers have done them, one after the other\n", workers);
    cyd_pool_close(pool);
    return 0;
}

/* This program anew, in another role: it has nothing of ours but the name. */
static pid_t start(const char *role, const char *name) {
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "strangers", role, name, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int ended(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
}

int main(int argc, char **argv) {
    char name[32];
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    cyd_future_t *busy;
    pid_t first, second, customer;
    int status;
    bool asked;
    cyd_pool_options_t one = {.struct_size = sizeof one, .workers = 1};
    cyd_progress_t progress = {.struct_size = sizeof progress};

    must(cyd_task_register("square", square, NULL), "register");
    must(cyd_task_register("idle", idle, NULL), "register");
    must(cyd_init(argc, (const char *const *)argv), "init"); /* the pool's own worker goes no further */
    if (argc == 3) {
        return strcmp(argv[1], "work") == 0 ? work(argv[2]) : submit(argv[2]);
    }
    snprintf(name, sizeof name, "strangers-%d", (int)getpid());
    must(cyd_yard_create(name, NULL, &yard), "yard");
    must(cyd_pool_create(yard, "pool", &one, &pool), "pool");
    must(cyd_pool_submit(pool, "idle", NULL, 0, NULL, -1, &busy), "submit");
    while (progress.running == 0) { /* so that others do the rest */
        usleep(1000);
        must(cyd_pool_progress(pool, &progress), "progress");
    }

    first = start("work", name);
    customer = start("submit", name);
    status = ended(first);
    printf("the first worker from elsewhere has died of signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    fflush(stdout);
    second = start("work", name);
    if (ended(customer) != 0) {
        return 1;
    }

    must(cyd_future_stop(busy, &asked), "stop");
    cyd_future_close(busy);
    must(cyd_pool_shutdown(pool, false), "shutdown");
    must(cyd_pool_join(pool, -1), "join");
    status = ended(second);
    printf("the second one went home: %d\n", status);
    cyd_pool_close(pool);
    must(cyd_yard_unlink(name), "unlink");
    cyd_yard_close(yard);
    return 0;
}
