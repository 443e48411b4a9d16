/* Hello through a pipe with one way, and buns through queues: an eater who leaves when none comes any more, and a counter
 * with room for ten, where the baker has to wait. What fails prints its reason. */
#include "courtyard.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS 1000000 /* nanoseconds */

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static pid_t flush_and_fork(void) {
    fflush(stdout); /* or the child prints it again */
    return fork();
}

/* How a child has ended: its exit code. */
static int code_of(pid_t child) {
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static cyd_queue_t *queue(cyd_yard_t *yard, const char *name) {
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 10};
    cyd_queue_t *queue;
    must(cyd_queue_create(yard, name, &options, &queue));
    return queue;
}

static void hello(cyd_yard_t *yard) {
    cyd_pipe_options_t options = {.struct_size = sizeof options, .one_way = 1};
    cyd_pipe_t *pipe;
    cyd_connection_t *reader, *writer;
    char text[64];
    size_t len;
    must(cyd_pipe_create(yard, "pipe", &options, &pipe));
    must(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &reader));
    cyd_status_t early = cyd_connection_recv(reader, text, sizeof text, 50 * MS, &len);
    printf("before the child starts: %s\n", cyd_status_message(early));
    pid_t child = flush_and_fork();
    if (child == 0) {
        must(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &writer));
        must(cyd_connection_send(writer, "Hello, pipe!", 12, -1));
        exit(0);
    }
    must(cyd_connection_recv(reader, text, sizeof text, -1, &len));
    printf("Received: %.*s\n", (int)len, text);
    must(cyd_connection_close(reader));
    if (code_of(child) != 0) { exit(1); }
}

/* Buns come now and then; who waits too long for one goes home. */
static void few(cyd_yard_t *yard) {
    cyd_queue_t *plate = queue(yard, "plate");
    int bun, eaten = 0;
    size_t len;
    pid_t baker = flush_and_fork();
    if (baker == 0) {
        for (bun = 1; bun <= 5; bun++) {
            usleep(10000 * (unsigned)(1 + bun % 3));
            must(cyd_queue_put(plate, &bun, sizeof bun, -1));
        }
        exit(0);
    }
    cyd_status_t status;
    while ((status = cyd_queue_get(plate, &bun, sizeof bun, 1000 * MS, &len)) == CYD_OK) {
        if (bun != ++eaten) { exit(1); }
    }
    printf("%d buns in the order of baking, then %s\n", eaten, cyd_status_message(status));
    if (code_of(baker) != 0) { exit(1); }
}

/* Eats until there are none any more; the exit code says how many. */
static void eat(cyd_queue_t *counter) {
    int bun, last = 0, eaten = 0;
    size_t len;
    cyd_status_t status;
    while ((status = cyd_queue_get(counter, &bun, sizeof bun, -1, &len)) == CYD_OK) {
        if (bun <= last) { exit(101); }
        last = bun;
        eaten++;
        usleep(1000);
    }
    exit(status == CYD_E_END ? eaten : 102);
}

static void many(cyd_yard_t *yard) {
    cyd_queue_t *counter = queue(yard, "counter");
    int bun = 1;
    size_t most = 0, there;
    pid_t eaters[2];
    while (cyd_queue_put(counter, &bun, sizeof bun, 0) == CYD_OK) { bun++; } /* until it is full */
    int first = bun - 1;
    for (int i = 0; i < 2; i++) {
        if ((eaters[i] = flush_and_fork()) == 0) { eat(counter); }
    }
    for (; bun <= 60; bun++) {
        must(cyd_queue_put(counter, &bun, sizeof bun, -1)); /* waits for room */
        must(cyd_queue_len(counter, &there));
        if (there > most) { most = there; }
    }
    must(cyd_queue_shutdown(counter, false)); /* what is there is eaten */
    int eaten = code_of(eaters[0]) + code_of(eaters[1]);
    printf("%d buns eaten, %d of them baked before anybody came, never more than 10 at the counter: %s\n", eaten, first,
           most <= 10 ? "right" : "wrong");
}

int main(void) {
    cyd_yard_t *yard;
    must(cyd_yard_create_anonymous(NULL, &yard));
    hello(yard);
    few(yard);
    many(yard);
    return 0;
}
