/* One and the same work, in processes that were made in three ways: each is asked a question, and answers it. */
#include "courtyard.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t LONG_TIME = INT64_C(30000000000);

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static void answer(cyd_yard_t *yard) {
    cyd_queue_t *questions, *answers;
    char text[64] = "hello ";
    size_t len;
    must(cyd_queue_open(yard, "questions", &questions));
    must(cyd_queue_open(yard, "answers", &answers));
    must(cyd_queue_get(questions, text + 6, sizeof text - 6, LONG_TIME, &len));
    must(cyd_queue_put(answers, text, 6 + len, LONG_TIME));
    must(cyd_queue_close(questions));
    must(cyd_queue_close(answers));
}

/* Forked: all that the parent has is here. */
static int by_fork(void *yard) {
    answer(yard);
    return 0;
}

/* Started anew, or by a fork server: it is told which descriptor is the yard's. */
static int by_name(const void *bytes, size_t len) {
    int fd;
    cyd_yard_t *yard;
    if (len != sizeof fd) { return 1; }
    memcpy(&fd, bytes, sizeof fd);
    must(cyd_yard_open_fd(fd, NULL, &yard));
    answer(yard);
    must(cyd_yard_close(yard));
    return 0;
}

static void ask(cyd_yard_t *yard, const char *question, cyd_process_t *child) {
    cyd_queue_t *questions, *answers;
    cyd_exit_t end;
    char text[64];
    size_t len;
    must(cyd_queue_open(yard, "questions", &questions));
    must(cyd_queue_open(yard, "answers", &answers));
    must(cyd_queue_put(questions, question, strlen(question), LONG_TIME));
    must(cyd_queue_get(answers, text, sizeof text, LONG_TIME, &len));
    must(cyd_process_join(child, -1, &end));
    printf("%.*s, and it has ended with code %d\n", (int)len, text, (int)end.value);
    fflush(stdout); /* or a child would say it again */
    must(cyd_process_close(child));
    must(cyd_queue_close(questions));
    must(cyd_queue_close(answers));
}

int main(int argc, char **argv) {
    cyd_yard_t *yard;
    cyd_queue_t *questions, *answers;
    cyd_process_t *child;
    cyd_fork_server_t *server;
    cyd_process_options_t options = {0};
    int fd;
    must(cyd_entry_register("answer", by_name));
    must(cyd_init(argc, (const char *const *)argv)); /* who was started anew goes to work here */

    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_queue_create(yard, "questions", NULL, &questions));
    must(cyd_queue_create(yard, "answers", NULL, &answers));
    must(cyd_yard_fd(yard, &fd));
    options.struct_size = sizeof options;
    options.inherit = &fd;
    options.inherit_count = 1;

    must(cyd_process_fork(NULL, by_fork, yard, &child));
    ask(yard, "by fork", child);
    must(cyd_process_spawn(&options, "answer", &fd, sizeof fd, &child));
    ask(yard, "by starting anew", child);
    must(cyd_fork_server_start(NULL, NULL, 0, &server));
    must(cyd_fork_server_spawn(server, &options, "answer", &fd, sizeof fd, &child));
    ask(yard, "from a fork server", child);
    must(cyd_fork_server_close(server));

    must(cyd_queue_close(questions));
    must(cyd_queue_close(answers));
    must(cyd_yard_close(yard));
    return 0;
}
