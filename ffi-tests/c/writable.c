/* Room in queues and pipes, waited for among other things: by a thread, by an event loop, over a shutdown and a death. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define SOON (20000 * MS)

static cyd_yard_t *yard;
static cyd_event_t *never;
static char buffer[4096];

/* What is written to, and how it is filled and emptied. */
typedef struct {
    void *object;
    void (*fill)(void *object);
    void (*drain)(void *object);
    cyd_writable_t *room;
} thing_t;

/* In every list there is something else, too. */
static cyd_status_t wait_for(cyd_writable_t *room, int64_t timeout_ns) {
    void *both[] = {never, room};
    size_t which = 77;
    cyd_status_t status = cyd_wait_any(both, 2, timeout_ns, &which);
    CHECK(which == (status == CYD_OK ? 1 : 77));
    return status;
}

static void *drain_it(void *thing) {
    const thing_t *it = thing;
    usleep(20000);
    it->drain(it->object);
    return NULL;
}

static void *close_it(void *room) {
    usleep(20000);
    OK(cyd_writable_close(room));
    return NULL;
}

static void room_comes(thing_t *it) {
    pthread_t other;
    struct pollfd told = {.events = POLLIN};
    cyd_notifier_t *notifier;
    OK(wait_for(it->room, 0));
    for (int round = 0; round < 3; round++) {
        it->fill(it->object);
        IS(wait_for(it->room, 0), CYD_E_TIMEOUT);
        IS(wait_for(it->room, 5 * MS), CYD_E_TIMEOUT);
        CHECK(pthread_create(&other, NULL, drain_it, it) == 0);
        OK(wait_for(it->room, SOON));
        pthread_join(other, NULL);
    }
    it->fill(it->object);
    OK(cyd_notifier_create(it->room, &notifier));
    OK(cyd_notifier_fd(notifier, &told.fd));
    for (int round = 0; round < 3; round++) {
        CHECK(poll(&told, 1, 5) == 0);
        it->drain(it->object);
        CHECK(poll(&told, 1, 20000) == 1);
        it->fill(it->object);
        OK(cyd_notifier_clear(notifier));
    }
    OK(cyd_notifier_close(notifier));
    CHECK(pthread_create(&other, NULL, close_it, it->room) == 0);
    IS(wait_for(it->room, SOON), CYD_E_CLOSED);
    pthread_join(other, NULL);
    IS(cyd_writable_close(it->room), CYD_E_CLOSED);
    it->drain(it->object);
}

#define FILLED(name, type, put)                                   \
    static void fill_##name(void *it) {                           \
        type *object = it;                                        \
        while (!CYD_FAILED(put)) {                                \
        }                                                         \
    }
#define DRAINED(name, type, get)                                  \
    static void drain_##name(void *it) {                          \
        type *object = it;                                        \
        size_t len;                                               \
        while (!CYD_FAILED(get)) {                                \
        }                                                         \
    }

FILLED(queue, cyd_queue_t, cyd_queue_put(object, buffer, 16, 0))
DRAINED(queue, cyd_queue_t, cyd_queue_get(object, buffer, sizeof buffer, 0, &len))
FILLED(lifo, cyd_lifo_queue_t, cyd_lifo_queue_put(object, buffer, 16, 0))
DRAINED(lifo, cyd_lifo_queue_t, cyd_lifo_queue_get(object, buffer, sizeof buffer, 0, &len))
FILLED(priority, cyd_priority_queue_t, cyd_priority_queue_put(object, buffer, 16, 3, 0))
DRAINED(priority, cyd_priority_queue_t, cyd_priority_queue_get(object, buffer, sizeof buffer, 0, &len, NULL))
FILLED(pipe, cyd_connection_t, cyd_connection_send(object, buffer, 16, 0))

static cyd_connection_t *other_end;
static void drain_pipe(void *it) {
    size_t len;
    (void)it;
    while (!CYD_FAILED(cyd_connection_recv(other_end, buffer, sizeof buffer, 0, &len))) {
    }
}

static void of_queues(void) {
    cyd_queue_t *queue;
    cyd_lifo_queue_t *lifo;
    cyd_priority_queue_t *priority;
    cyd_queue_options_t few = {.struct_size = sizeof few, .capacity = 4};
    cyd_lifo_queue_options_t lifo_few = {.struct_size = sizeof lifo_few, .capacity = 4, .max_len = 16};
    cyd_priority_queue_options_t priority_few = {.struct_size = sizeof priority_few, .capacity = 4, .max_len = 16};
    OK(cyd_queue_create(yard, "queue", &few, &queue));
    OK(cyd_lifo_queue_create(yard, "lifo", &lifo_few, &lifo));
    OK(cyd_priority_queue_create(yard, "priority", &priority_few, &priority));
    thing_t things[] = {{queue, fill_queue, drain_queue, NULL},
                        {lifo, fill_lifo, drain_lifo, NULL},
                        {priority, fill_priority, drain_priority, NULL}};
    for (int round = 0; round < 2; round++) {
        OK(cyd_queue_writable(queue, &things[0].room));
        OK(cyd_lifo_queue_writable(lifo, &things[1].room));
        OK(cyd_priority_queue_writable(priority, &things[2].room));
        for (size_t i = 0; round == 0 && i < 3; i++) {
            room_comes(&things[i]); /* closes it */
        }
    }
    /* who puts after the end is told so: no room is waited for */
    for (size_t i = 0; i < 3; i++) {
        things[i].fill(things[i].object);
        IS(wait_for(things[i].room, 0), CYD_E_TIMEOUT);
    }
    OK(cyd_queue_shutdown(queue, false));
    OK(cyd_lifo_queue_shutdown(lifo, false));
    OK(cyd_priority_queue_shutdown(priority, true));
    OK(cyd_queue_close(queue)); /* what waits for it goes on */
    OK(cyd_lifo_queue_close(lifo));
    OK(cyd_priority_queue_close(priority));
    for (size_t i = 0; i < 3; i++) {
        OK(wait_for(things[i].room, SOON));
        OK(cyd_writable_close(things[i].room));
    }
    OK(cyd_writable_close(NULL));
}

/* Room in bytes is room. */
static void of_a_queue_with_a_limit_in_bytes(void) {
    cyd_queue_t *queue;
    cyd_writable_t *room;
    size_t len;
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 64, .max_bytes = 200};
    OK(cyd_queue_create(yard, "bytes", &options, &queue));
    OK(cyd_queue_writable(queue, &room));
    thing_t it = {queue, fill_queue, drain_queue, room};
    fill_queue(queue);
    OK(cyd_queue_len(queue, &len));
    CHECK(len == 12); /* of 64 */
    drain_queue(queue);
    room_comes(&it);
    fill_queue(queue);
    OK(cyd_queue_writable(queue, &room));
    IS(wait_for(room, 0), CYD_E_TIMEOUT);
    OK(cyd_queue_shutdown(queue, false));
    OK(wait_for(room, 0));
    OK(cyd_writable_close(room));
    OK(cyd_queue_close(queue));
}

static void of_pipes(void) {
    cyd_pipe_t *pipe, *one_way;
    cyd_connection_t *first, *reader;
    cyd_writable_t *room;
    cyd_pipe_options_t duplex = {.struct_size = sizeof duplex, .capacity = 64};
    cyd_pipe_options_t simplex = {sizeof simplex, 64, 1, 0};
    OK(cyd_pipe_create(yard, "pipe", &duplex, &pipe));
    OK(cyd_pipe_create(yard, "one-way", &simplex, &one_way));
    OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &first));
    OK(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &other_end));
    OK(cyd_pipe_end(one_way, CYD_PIPE_FIRST, &reader));
    IS(cyd_connection_writable(reader, &room), CYD_E_INVALID);
    OK(cyd_connection_writable(first, &room));
    thing_t it = {first, fill_pipe, drain_pipe, room};
    room_comes(&it);
    OK(cyd_connection_writable(first, &room));
    fill_pipe(first);
    IS(wait_for(room, 0), CYD_E_TIMEOUT);
    OK(cyd_connection_close(other_end));
    OK(wait_for(room, SOON));
    IS(cyd_connection_send(first, "x", 1, 0), CYD_E_PEER_CLOSED);
    OK(cyd_writable_close(room));
    OK(cyd_connection_close(first));
    OK(cyd_connection_close(reader));
    OK(cyd_pipe_close(one_way));
    OK(cyd_pipe_close(pipe));
}

/* The only consumer dies while somebody waits for room. */
static void over_a_death(void) {
    cyd_queue_t *queue;
    cyd_pipe_t *pipe;
    cyd_connection_t *mine, *theirs;
    cyd_writable_t *of_queue, *of_pipe;
    cyd_event_t *ready;
    pid_t pid;
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 4, .sides = 1};
    cyd_pipe_options_t small = {.struct_size = sizeof small, .capacity = 64};
    OK(cyd_queue_create(yard, "sides", &options, &queue));
    OK(cyd_pipe_create(yard, "deaths", &small, &pipe));
    OK(cyd_event_create(yard, "ready", 0, &ready));
    CHILD(pid) {
        OK(cyd_queue_enter(queue, CYD_QUEUE_CONSUMERS));
        OK(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &theirs));
        OK(cyd_event_set(ready));
        pause();
    }
    OK(cyd_event_wait(ready, SOON));
    OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &mine));
    fill_queue(queue);
    fill_pipe(mine);
    OK(cyd_queue_writable(queue, &of_queue));
    OK(cyd_connection_writable(mine, &of_pipe));
    IS(wait_for(of_queue, 5 * MS), CYD_E_TIMEOUT);
    IS(wait_for(of_pipe, 5 * MS), CYD_E_TIMEOUT);
    CHECK(kill(pid, SIGKILL) == 0);
    OK(wait_for(of_queue, SOON));
    OK(wait_for(of_pipe, SOON));
    WAS_KILLED(pid);
    IS(cyd_queue_put(queue, "x", 1, 0), CYD_E_PEER_DIED);
    IS(cyd_connection_send(mine, "x", 1, 0), CYD_E_PEER_DIED);
    OK(cyd_writable_close(of_queue));
    OK(cyd_writable_close(of_pipe));
    OK(cyd_connection_close(mine));
    OK(cyd_pipe_close(pipe));
    OK(cyd_queue_close(queue));
    OK(cyd_event_close(ready));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_event_create(yard, "never", 0, &never));
    of_queues();
    of_a_queue_with_a_limit_in_bytes();
    of_pipes();
    over_a_death();
    OK(cyd_event_close(never));
    OK(cyd_yard_close(yard));
    printf("writable: all checks passed\n");
    return 0;
}
