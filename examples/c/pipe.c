/* A duplex pipe over fork: each closes the end that the other one keeps, the child asks, the parent answers, and both
 * see where the stream ends. What fails prints its reason. */
#include "courtyard.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static void say(cyd_connection_t *connection, const char *text) {
    must(cyd_connection_send(connection, text, strlen(text), -1));
}

int main(void) {
    cyd_yard_t *yard;
    cyd_pipe_t *pipe;
    cyd_connection_t *father, *child;
    char text[64];
    size_t len;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_pipe_create(yard, "talk", NULL, &pipe));
    must(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &father));
    must(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &child));
    pid_t pid = fork();
    if (pid == 0) {
        must(cyd_connection_close(father));
        say(child, "6 times 7?");
        must(cyd_connection_recv(child, text, sizeof text, -1, &len));
        printf("child received: %.*s\n", (int)len, text);
        return cyd_connection_close(child);
    }
    must(cyd_connection_close(child));
    cyd_status_t status;
    while ((status = cyd_connection_recv(father, text, sizeof text, -1, &len)) == CYD_OK) {
        printf("father received: %.*s\n", (int)len, text);
        fflush(stdout);
        say(father, "42");
    }
    waitpid(pid, NULL, 0);
    printf("the end: %s\n", cyd_status_message(status));
    return status == CYD_E_PEER_CLOSED ? 0 : 1;
}
