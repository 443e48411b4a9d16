/* Two tasks of a pool talk to each other: through two queues, one for each direction, which they find by their names or which
 * an initializer has opened; and through a pipe, of which each takes an end. */
#include <courtyard.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUESTION "how are you?"
#define ANSWER "well, and you?"

static void must(cyd_status_t rc, const char *what) {
    if (CYD_FAILED(rc)) {
        fprintf(stderr, "%s: %s\n", what, cyd_last_error_message());
        exit(1);
    }
}

/* What a task has heard becomes its result. */
static int heard(cyd_task_t *task, const char *text, size_t len) {
    return cyd_task_return(task, text, len);
}

static int talk_through(cyd_task_t *task, cyd_queue_t *questions, cyd_queue_t *answers, bool asks) {
    char text[64];
    size_t len;
    if (asks) {
        must(cyd_queue_put(questions, QUESTION, strlen(QUESTION), -1), "put");
        must(cyd_queue_get(answers, text, sizeof text, -1, &len), "get");
    } else {
        must(cyd_queue_get(questions, text, sizeof text, -1, &len), "get");
        must(cyd_queue_put(answers, ANSWER, strlen(ANSWER), -1), "put");
    }
    return heard(task, text, len);
}

/* In a worker. The input says who speaks: '?' asks, '!' answers. */
static int by_name(cyd_task_t *task, const void *input, size_t len, void *unused) {
    cyd_yard_t *yard;
    cyd_queue_t *questions, *answers;
    (void)len, (void)unused;
    must(cyd_task_yard(task, &yard), "yard");
    must(cyd_queue_open(yard, "questions", &questions), "open");
    must(cyd_queue_open(yard, "answers", &answers), "open");
    int rc = talk_through(task, questions, answers, *(const char *)input == '?');
    cyd_queue_close(questions);
    cyd_queue_close(answers);
    cyd_yard_close(yard);
    return rc;
}

static int by_pipe(cyd_task_t *task, const void *input, size_t size, void *unused) {
    bool asks = *(const char *)input == '?';
    cyd_yard_t *yard;
    cyd_pipe_t *pipe;
    cyd_connection_t *end;
    char text[64];
    size_t len;
    (void)size, (void)unused;
    must(cyd_task_yard(task, &yard), "yard");
    must(cyd_pipe_open(yard, "pipe", &pipe), "open");
    must(cyd_pipe_end(pipe, asks ? CYD_PIPE_FIRST : CYD_PIPE_SECOND, &end), "end");
    if (asks) {
        must(cyd_connection_send(end, QUESTION, strlen(QUESTION), -1), "send");
    }
    must(cyd_connection_recv(end, text, sizeof text, -1, &len), "recv");
    if (!asks) {
        must(cyd_connection_send(end, ANSWER, strlen(ANSWER), -1), "send");
    }
    cyd_connection_close(end);
    cyd_pipe_close(pipe);
    cyd_yard_close(yard);
    return heard(task, text, len);
}

/* What the initializer has opened in this worker. */
static cyd_queue_t *my_questions, *my_answers;

static int hand_over(const void *name, size_t len) {
    char text[64];
    cyd_yard_t *yard;
    snprintf(text, sizeof text, "%.*s", (int)len, (const char *)name);
    must(cyd_yard_open(text, NULL, &yard), "yard");
    must(cyd_queue_open(yard, "questions", &my_questions), "open");
    must(cyd_queue_open(yard, "answers", &my_answers), "open");
    return 0;
}

static int handed_over(cyd_task_t *task, const void *input, size_t len, void *unused) {
    (void)len, (void)unused;
    return talk_through(task, my_questions, my_answers, *(const char *)input == '?');
}

static void converse(cyd_pool_t *pool, const char *how, const char *entry) {
    static const char who[] = {'!', '?'};
    cyd_future_t *futures[2];
    char texts[2][64];
    size_t lens[2];
    for (int i = 0; i < 2; i++) {
        must(cyd_pool_submit(pool, entry, &who[i], 1, NULL, -1, &futures[i]), "submit");
    }
    for (int i = 0; i < 2; i++) {
        must(cyd_future_result(futures[i], texts[i], sizeof texts[i], -1, &lens[i]), "result");
        cyd_future_close(futures[i]);
    }
    printf("%s: one heard: %.*s the other: %.*s\n", how, (int)lens[0], texts[0], (int)lens[1], texts[1]);
}

int main(int argc, char **argv) {
    must(cyd_task_register("by-name", by_name, NULL), "register");
    must(cyd_task_register("by-pipe", by_pipe, NULL), "register");
    must(cyd_task_register("handed-over", handed_over, NULL), "register");
    must(cyd_entry_register("hand-over", hand_over), "register");
    must(cyd_init(argc, (const char *const *)argv), "init"); /* workers go no further */

    char name[64];
    snprintf(name, sizeof name, "talk-%ld", (long)getpid());
    cyd_yard_t *yard;
    cyd_queue_t *questions, *answers;
    cyd_pipe_t *pipe;
    cyd_pool_t *pool;
    cyd_yard_options_t large = {.struct_size = sizeof large, .size = 4 << 20};
    must(cyd_yard_create(name, &large, &yard), "yard");
    must(cyd_queue_create(yard, "questions", NULL, &questions), "queue");
    must(cyd_queue_create(yard, "answers", NULL, &answers), "queue");
    must(cyd_pipe_create(yard, "pipe", NULL, &pipe), "pipe");

    cyd_pool_options_t options = {.struct_size = sizeof options,
                                  .workers = 2,
                                  .initializer = "hand-over",
                                  .initializer_bytes = name,
                                  .initializer_len = strlen(name)};
    must(cyd_pool_create(yard, "pool", &options, &pool), "pool");
    converse(pool, "by name", "by-name");
    converse(pool, "handed over", "handed-over");
    converse(pool, "through a pipe", "by-pipe");
    must(cyd_pool_shutdown(pool, false), "shutdown");
    must(cyd_pool_join(pool, -1), "join");
    cyd_pool_close(pool);
    cyd_pipe_close(pipe);
    cyd_queue_close(questions);
    cyd_queue_close(answers);
    must(cyd_yard_unlink(name), "unlink");
    cyd_yard_close(yard);
    return 0;
}
