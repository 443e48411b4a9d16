/* Notifiers: every noun in an event loop, between processes, over a fork and a death. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

static cyd_yard_t *yard;

static bool readable(cyd_notifier_t *notifier, int ms) {
    struct pollfd it = {.fd = -1, .events = POLLIN};
    OK(cyd_notifier_fd(notifier, &it.fd));
    return poll(&it, 1, ms) == 1;
}

static cyd_notifier_t *notifier_of(void *handle) {
    cyd_notifier_t *notifier;
    OK(cyd_notifier_create(handle, &notifier));
    return notifier;
}

/* Ready, told, cleared while it is ready still, taken, cleared. */
#define TELLS(handle, make_ready, take)               \
    do {                                              \
        cyd_notifier_t *told_ = notifier_of(handle);  \
        for (int round_ = 0; round_ < 2; round_++) {  \
            CHECK(!readable(told_, 2));               \
            make_ready;                               \
            CHECK(readable(told_, 20000));            \
            OK(cyd_notifier_clear(told_));            \
            CHECK(readable(told_, 0));                \
            take;                                     \
            OK(cyd_notifier_clear(told_));            \
        }                                             \
        OK(cyd_notifier_close(told_));                \
    } while (0)

static void every_noun(void) {
    char buffer[64];
    size_t len;
    int64_t priority;
    cyd_event_t *event;
    cyd_semaphore_t *semaphore;
    cyd_permits_t *permits;
    cyd_queue_t *queue;
    cyd_lifo_queue_t *lifo;
    cyd_priority_queue_t *heap;
    cyd_pipe_t *pipe;
    cyd_connection_t *first, *second;
    cyd_ring_t *ring;
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    OK(cyd_event_create(yard, "event", 0, &event));
    OK(cyd_semaphore_create(yard, "semaphore", NULL, &semaphore));
    OK(cyd_permits_create(yard, "permits", 1, &permits));
    OK(cyd_queue_create(yard, "queue", NULL, &queue));
    OK(cyd_lifo_queue_create(yard, "lifo", NULL, &lifo));
    OK(cyd_priority_queue_create(yard, "heap", NULL, &heap));
    cyd_pipe_options_t one_way = {sizeof one_way, 64, 1, 0};
    OK(cyd_pipe_create(yard, "pipe", &one_way, &pipe));
    OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &first));
    OK(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &second));
    OK(cyd_ring_create(yard, "ring", NULL, &ring));
    OK(cyd_ring_sender(ring, CYD_STRATEGY_BLOCK, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_BLOCK, &receiver));
    TELLS(event, OK(cyd_event_set(event)), OK(cyd_event_clear(event)));
    TELLS(semaphore, OK(cyd_semaphore_release(semaphore, 1)), OK(cyd_semaphore_acquire(semaphore, 0)));
    OK(cyd_permits_acquire(permits, 0));
    TELLS(permits, OK(cyd_permits_release(permits, 1)), OK(cyd_permits_acquire(permits, 0)));
    TELLS(queue, OK(cyd_queue_put(queue, "x", 1, 0)), OK(cyd_queue_get(queue, buffer, sizeof buffer, 0, &len)));
    TELLS(lifo, OK(cyd_lifo_queue_put(lifo, "x", 1, 0)), OK(cyd_lifo_queue_get(lifo, buffer, sizeof buffer, 0, &len)));
    TELLS(heap, OK(cyd_priority_queue_put(heap, "x", 1, 7, 0)),
          OK(cyd_priority_queue_get(heap, buffer, sizeof buffer, 0, &len, &priority)));
    TELLS(first, OK(cyd_connection_send(second, "x", 1, 0)),
          OK(cyd_connection_recv(first, buffer, sizeof buffer, 0, &len)));
    TELLS(receiver, OK(cyd_sender_send(sender, "x", 1, 0)),
          OK(cyd_receiver_recv(receiver, buffer, sizeof buffer, 0, &len)));
    while (!CYD_FAILED(cyd_connection_send(second, buffer, 8, 0))) {
    }
    /* of an end that only sends: room */
    TELLS(second,
          while (!CYD_FAILED(cyd_connection_recv(first, buffer, sizeof buffer, 0, &len))) {},
          while (!CYD_FAILED(cyd_connection_send(second, buffer, 8, 0))) {});
    cyd_notifier_t *end = notifier_of(receiver), *room = notifier_of(second);
    OK(cyd_sender_close(sender));
    OK(cyd_connection_close(first));
    CHECK(readable(end, 20000) && readable(room, 20000));
    IS(cyd_connection_send(second, "x", 1, 0), CYD_E_PEER_CLOSED);
    OK(cyd_receiver_close(receiver)); /* the notifier does not mind */
    OK(cyd_notifier_clear(end));
    OK(cyd_notifier_close(end));
    OK(cyd_notifier_close(room));
    OK(cyd_notifier_close(NULL));
    OK(cyd_connection_close(second));
    OK(cyd_pipe_close(pipe));
    OK(cyd_ring_close(ring));
    OK(cyd_priority_queue_close(heap));
    OK(cyd_lifo_queue_close(lifo));
    OK(cyd_queue_close(queue));
    OK(cyd_permits_close(permits));
    OK(cyd_semaphore_close(semaphore));
    OK(cyd_event_close(event));
}

/* A server with an epoll loop; its clients write, close or are killed. */
static void server(void) {
    enum { CLIENTS = 3, LETTERS = 100 };
    cyd_pipe_t *pipes[CLIENTS];
    cyd_connection_t *ends[CLIENTS];
    cyd_notifier_t *notifiers[CLIENTS];
    pid_t clients[CLIENTS];
    int letters = 0, closed = 0, died = 0, loop = epoll_create1(EPOLL_CLOEXEC), fd;
    CHECK(loop >= 0);
    for (int i = 0; i < CLIENTS; i++) {
        char name[16], buffer[16];
        snprintf(name, sizeof name, "client-%d", i);
        OK(cyd_pipe_create(yard, name, NULL, &pipes[i]));
        OK(cyd_pipe_end(pipes[i], CYD_PIPE_FIRST, &ends[i]));
        CHILD(clients[i]) {
            cyd_connection_t *mine;
            OK(cyd_pipe_end(pipes[i], CYD_PIPE_SECOND, &mine));
            for (int n = 0; n < LETTERS; n++) {
                snprintf(buffer, sizeof buffer, "letter %d", n);
                OK(cyd_connection_send(mine, buffer, strlen(buffer), -1));
            }
            if (i == 0) {
                raise(SIGKILL);
            }
            OK(cyd_connection_close(mine));
        }
        notifiers[i] = notifier_of(ends[i]);
        OK(cyd_notifier_fd(notifiers[i], &fd));
        struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &wanted) == 0);
    }
    while (closed + died < CLIENTS) {
        struct epoll_event ready[CLIENTS];
        int count = epoll_wait(loop, ready, CLIENTS, 20000);
        CHECK(count > 0);
        for (int n = 0; n < count; n++) {
            int i = (int)ready[n].data.u32;
            char buffer[16];
            size_t len;
            cyd_status_t rc;
            OK(cyd_notifier_clear(notifiers[i]));
            while ((rc = cyd_connection_recv(ends[i], buffer, sizeof buffer, 0, &len)) == CYD_OK) {
                letters++;
            }
            if (rc == CYD_E_PEER_CLOSED || rc == CYD_E_PEER_DIED) {
                closed += rc == CYD_E_PEER_CLOSED;
                died += rc == CYD_E_PEER_DIED;
                OK(cyd_notifier_fd(notifiers[i], &fd));
                CHECK(epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL) == 0);
                OK(cyd_notifier_close(notifiers[i]));
                OK(cyd_connection_close(ends[i]));
                OK(cyd_pipe_close(pipes[i]));
            } else {
                IS(rc, CYD_E_EMPTY);
            }
        }
    }
    CHECK(letters == CLIENTS * LETTERS && closed == CLIENTS - 1 && died == 1);
    for (int i = 0; i < CLIENTS; i++) {
        int status;
        CHECK(waitpid(clients[i], &status, 0) == clients[i]);
    }
    close(loop);
}

static void fork_and_limits(void) {
    cyd_event_t *event;
    cyd_lock_t *lock;
    cyd_notifier_t *notifier, *more = NULL;
    pid_t child;
    int fd = -7, status;
    OK(cyd_event_create(yard, "again", 0, &event));
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    IS(cyd_notifier_create(lock, &more), CYD_E_TYPE);
    IS(cyd_notifier_create(NULL, &more), CYD_E_NULL);
    IS(cyd_notifier_create(event, NULL), CYD_E_NULL);
    CHECK(more == NULL);
    notifier = notifier_of(event);
    IS(cyd_notifier_fd(notifier, NULL), CYD_E_NULL);
    CHECK(fd == -7);
    CHILD(child) {
        IS(cyd_notifier_clear(notifier), CYD_E_NOT_OWNER);
        more = notifier_of(event);
        OK(cyd_event_set(event));
        CHECK(readable(more, 20000));
        OK(cyd_notifier_close(more));
        OK(cyd_notifier_close(notifier));
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(readable(notifier, 20000));
    struct rlimit limit, few;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    few = limit;
    few.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    IS(cyd_notifier_create(event, &more), CYD_E_NO_MEMORY);
    CHECK(cyd_last_os_error() == EMFILE);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    OK(cyd_notifier_close(notifier));
    IS(cyd_notifier_clear(notifier), CYD_E_CLOSED);
    OK(cyd_lock_close(lock));
    OK(cyd_event_close(event));
}

int main(void) {
    cyd_yard_options_t options = {.struct_size = sizeof options};
    for (int fallback = 0; fallback < 2; fallback++) {
        options.flags = fallback ? CYD_YARD_FALLBACK : 0;
        OK(cyd_yard_create_anonymous(&options, &yard));
        every_noun();
        server();
        fork_and_limits();
        OK(cyd_yard_close(yard));
    }
    return 0;
}
