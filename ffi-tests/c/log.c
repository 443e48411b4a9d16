/* What processes say, to a function and to standard error. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <string.h>

static char said[4096];

static void listener(cyd_log_level_t level, const char *process, const char *message, void *argument) {
    CHECK(argument == said);
    char line[256];
    snprintf(line, sizeof line, "[%u/%s] %s\n", level, process, message);
    strncat(said, line, sizeof said - strlen(said) - 1);
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

int main(void) {
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

    OK(cyd_log_to_listener(CYD_LOG_OFF, listener, NULL));
    OK(cyd_log(CYD_LOG_ERROR, "nobody listens any more"));
    return 0;
}
