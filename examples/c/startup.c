/* A server and its client start together; a server that dies on the way is named. What fails prints its reason. */
#include "courtyard.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

/* Run by one of both, before either goes on. */
static int open_doors(void *doors) {
    *(int *)doors += 1;
    return 0;
}

static pid_t server(cyd_barrier_t *start, int dies) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int doors = 0;
        must(cyd_barrier_declare(start));
        if (dies) { raise(SIGKILL); }
        must(cyd_barrier_wait_with(start, INT64_C(30000000000), open_doors, &doors, NULL));
        _exit(doors);
    }
    return child;
}

int main(void) {
    cyd_yard_t *yard;
    cyd_barrier_t *start;
    cyd_broken_t broken;
    int doors = 0, status;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_barrier_create(yard, "start", 2, &start));

    pid_t child = server(start, 1);
    waitpid(child, &status, 0);
    cyd_status_t waited = cyd_barrier_wait_with(start, -1, open_doors, &doors, NULL);
    must(cyd_barrier_broken(start, &broken));
    if (waited != CYD_E_BROKEN || broken.cause != CYD_BROKEN_DIED || broken.pid != (uint32_t)child) { return 1; }
    printf("the first server died\n");

    must(cyd_barrier_reset(start));
    child = server(start, 0);
    must(cyd_barrier_wait_with(start, INT64_C(30000000000), open_doors, &doors, NULL));
    waitpid(child, &status, 0);
    printf("the second one and its client started, the doors were opened %d time\n", doors + WEXITSTATUS(status));
    must(cyd_barrier_close(start));
    return cyd_yard_close(yard);
}
