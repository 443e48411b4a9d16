/* What processes say, to a function and to standard error. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

static char said[8192];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void listener(cyd_log_level_t level, const char *process, const char *message, void *argument) {
    CHECK(argument == said);
    char line[256];
    snprintf(line, sizeof line, "[%u/%s] %s\n", level, process, message);
    pthread_mutex_lock(&lock);
    strncat(said, line, sizeof said - strlen(said) - 1);
    pthread_mutex_unlock(&lock);
}

/* Waits until somebody has said this. */
static void until_said(const char *what) {
    bool is_said = false;
    for (int64_t end = now_ns() + 20000 * MS; !is_said; usleep(1000)) {
        pthread_mutex_lock(&lock);
        is_said = strstr(said, what) != NULL;
        pthread_mutex_unlock(&lock);
        CHECK(is_said || now_ns() < end);
    }
}

static int speaks(void *unused) {
    (void)unused;
    OK(cyd_log(CYD_LOG_WARN, "look"));
    CHECK(strstr(said, "[3/Process-1] begins, forked by process ") != NULL);
    CHECK(strstr(said, "[2/Process-1] look\n") != NULL);
    return 3;
}

static int prints(void *fd) {
    CHECK(dup2(*(int *)fd, 2) == 2);
    OK(cyd_log_to_stderr(CYD_LOG_INFO));
    OK(cyd_log(CYD_LOG_DEBUG, "not to be seen"));
    OK(cyd_log(CYD_LOG_INFO, "to be seen"));
    return 4;
}

static int five(const void *bytes, size_t len) {
    (void)bytes, (void)len;
    return 5;
}

static int loud(const void *bytes, size_t len) {
    (void)bytes, (void)len;
    OK(cyd_log_to_stderr(CYD_LOG_INFO));
    return 0;
}

static int dies(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)task, (void)input, (void)len, (void)argument;
    return raise(SIGKILL);
}

static int errors, line[2]; /* standard error, and what it is now and then */

static void swap_errors(int other) {
    CHECK(dup2(other, 2) == 2);
}

/* Runs "five" in a new process, of a fork server if there is one, and tells what it says on standard error. */
static const char *five_says(cyd_fork_server_t *server) {
    static char printed[256];
    cyd_process_t *child;
    cyd_exit_t end;
    cyd_process_options_t options = {.struct_size = sizeof options, .name = "anew"};
    swap_errors(line[1]);
    cyd_status_t rc = server != NULL ? cyd_fork_server_spawn(server, &options, "five", NULL, 0, &child)
                                     : cyd_process_spawn(&options, "five", NULL, 0, &child);
    swap_errors(errors);
    OK(rc);
    OK(cyd_process_join(child, -1, &end));
    CHECK(end.kind == CYD_EXIT_CODE && end.value == 5);
    ssize_t len = read(line[0], printed, sizeof printed - 1);
    printed[len > 0 ? len : 0] = 0;
    OK(cyd_process_close(child));
    return printed;
}

/* A child that is no copy of its maker says as much as he does when it is made. */
static void no_copies(void) {
    const char *lines = "[INFO/anew] begins entry five\n[INFO/anew] ends with exit code 5\n";
    cyd_fork_server_t *server, *own, *adopted;
    CHECK((errors = dup(2)) >= 0 && pipe(line) == 0 && fcntl(line[0], F_SETFL, O_NONBLOCK) == 0);
    swap_errors(line[1]);
    cyd_status_t rc = cyd_fork_server_start(NULL, NULL, 0, &server);
    swap_errors(errors);
    OK(rc);
    OK(cyd_fork_server_ready(server, -1));
    CHECK(strcmp(five_says(NULL), "") == 0);
    CHECK(strcmp(five_says(server), "") == 0);
    OK(cyd_log_to_stderr(CYD_LOG_INFO));
    CHECK(strcmp(five_says(NULL), lines) == 0);
    CHECK(strcmp(five_says(server), lines) == 0);
    swap_errors(line[1]);
    rc = cyd_fork_server_start(NULL, NULL, 0, &adopted);
    swap_errors(errors);
    OK(rc);
    OK(cyd_fork_server_ready(adopted, -1));
    CHECK(strcmp(five_says(adopted), lines) == 0);
    OK(cyd_log_to_stderr(CYD_LOG_WARN));
    CHECK(strcmp(five_says(NULL), "") == 0);
    CHECK(strcmp(five_says(server), "") == 0);
    OK(cyd_fork_server_close(server));
    OK(cyd_log_to_listener(CYD_LOG_DEBUG, listener, said));
    CHECK(strcmp(five_says(adopted), "") == 0); /* what it says there was not its own choice */
    swap_errors(line[1]); /* who says nothing there himself leaves it to the server what its children do */
    rc = cyd_fork_server_start("loud", NULL, 0, &own);
    swap_errors(errors);
    OK(rc);
    OK(cyd_fork_server_ready(own, -1));
    CHECK(strcmp(five_says(own), lines) == 0);
    OK(cyd_fork_server_close(own));
    OK(cyd_fork_server_close(adopted));
    CHECK(close(line[0]) == 0 && close(line[1]) == 0 && close(errors) == 0);
}

/* Who made a pool hears how each worker has ended. */
static void workers_end(void) {
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    cyd_future_t *lost;
    cyd_fate_t fate = {.struct_size = sizeof fate};
    char line[128];
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .method = CYD_START_SPAWN};
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_pool_create(yard, "heard", &options, &pool));
    OK(cyd_pool_submit(pool, "dies", NULL, 0, NULL, -1, &lost));
    OK(cyd_future_fate(lost, -1, &fate));
    CHECK(fate.state == CYD_TASK_LOST && fate.pid != 0);
    snprintf(line, sizeof line, "[3/MainProcess] pool heard: worker process %u ended: SIGKILL\n", fate.pid);
    until_said(line);
    OK(cyd_future_close(lost));
    OK(cyd_pool_close(pool));
    OK(cyd_yard_close(yard));
}

int main(int argc, char **argv) {
    OK(cyd_entry_register("five", five));
    OK(cyd_entry_register("loud", loud));
    OK(cyd_task_register("dies", dies, NULL));
    OK(cyd_init(argc, (const char *const *)argv));
    cyd_process_t *child;
    cyd_exit_t end;
    int line[2];
    IS(cyd_log_to_stderr(6), CYD_E_INVALID);
    IS(cyd_log_to_listener(CYD_LOG_INFO, NULL, NULL), CYD_E_NULL);
    IS(cyd_log(CYD_LOG_OFF, "x"), CYD_E_INVALID);
    IS(cyd_log(CYD_LOG_INFO, NULL), CYD_E_NULL);
    IS(cyd_log(CYD_LOG_INFO, "\xff"), CYD_E_NAME);
    OK(cyd_log(CYD_LOG_INFO, "nobody listens"));

    OK(cyd_log_to_listener(CYD_LOG_DEBUG, listener, said));
    OK(cyd_process_fork(NULL, speaks, NULL, &child));
    OK(cyd_process_join(child, -1, &end));
    CHECK(end.kind == CYD_EXIT_CODE && end.value == 3);
    OK(cyd_process_close(child));
    CHECK(strstr(said, "[4/MainProcess] has made Process-1, process ") != NULL);
    CHECK(strstr(said, "[4/MainProcess] Process-1 has ended: exit code 3\n") != NULL);
    CHECK(strstr(said, "look") == NULL); /* that was said elsewhere */

    char printed[256] = "";
    CHECK(pipe(line) == 0);
    OK(cyd_process_fork(NULL, prints, &line[1], &child));
    OK(cyd_process_join(child, -1, &end));
    CHECK(end.kind == CYD_EXIT_CODE && end.value == 4);
    CHECK(read(line[0], printed, sizeof printed - 1) > 0);
    CHECK(strcmp(printed, "[INFO/Process-2] to be seen\n[INFO/Process-2] ends with exit code 4\n") == 0);
    OK(cyd_process_close(child));

    no_copies();
    workers_end();

    OK(cyd_log_to_listener(CYD_LOG_OFF, listener, NULL));
    OK(cyd_log(CYD_LOG_ERROR, "nobody listens any more"));
    return 0;
}
