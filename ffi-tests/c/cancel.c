/* Cancel tokens: from another thread, from another process, from a signal handler; entered, left, nested. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static cyd_yard_t *yard;
static cyd_cancel_t *token;

static void *cancel_soon(void *unused) {
    (void)unused;
    usleep(20000);
    OK(cyd_cancel_set(token));
    return NULL;
}

/* Each call waits for ever but for the token. */
#define CANCELLED(call)                                              \
    do {                                                             \
        pthread_t other;                                             \
        OK(cyd_cancel_create(&token));                               \
        OK(cyd_cancel_enter(token));                                 \
        CHECK(pthread_create(&other, NULL, cancel_soon, NULL) == 0); \
        IS(call, CYD_E_CANCELLED);                                   \
        IS(call, CYD_E_CANCELLED);                                   \
        pthread_join(other, NULL);                                   \
        OK(cyd_cancel_leave(token));                                 \
        OK(cyd_cancel_close(token));                                 \
    } while (0)

static void every_wait(void) {
    cyd_lock_t *lock, *mine;
    cyd_rlock_t *rlock;
    cyd_event_t *event;
    cyd_semaphore_t *semaphore;
    cyd_permits_t *permits;
    cyd_condition_t *condition;
    cyd_ring_t *ring;
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    cyd_ring_options_t small = {.struct_size = sizeof small, .capacity = 64};
    char buffer[16] = "";
    size_t len;
    void *room;
    const void *data;
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_PROCESS, &lock));
    OK(cyd_lock_acquire(lock, 0));
    OK(cyd_lock_create(yard, "mine", CYD_SCOPE_THREAD, &mine));
    OK(cyd_rlock_create(yard, "rlock", &rlock));
    OK(cyd_event_create(yard, "event", 0, &event));
    OK(cyd_semaphore_create(yard, "semaphore", NULL, &semaphore));
    OK(cyd_permits_create(yard, "permits", 2, &permits));
    OK(cyd_permits_acquire_many(permits, 2, 0));
    OK(cyd_condition_create(yard, "condition", &condition));
    OK(cyd_ring_create(yard, "ring", &small, &ring));
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    CANCELLED(cyd_lock_acquire(lock, -1));
    CANCELLED(cyd_event_wait(event, -1));
    CANCELLED(cyd_semaphore_acquire(semaphore, -1));
    CANCELLED(cyd_permits_acquire(permits, -1));
    CANCELLED(cyd_permits_acquire_many(permits, 2, -1));
    OK(cyd_lock_acquire(mine, 0));
    CANCELLED(cyd_condition_wait(condition, mine, -1));
    OK(cyd_lock_release(mine)); /* it was held again */
    OK(cyd_rlock_acquire(rlock, 0));
    OK(cyd_rlock_acquire(rlock, 0));
    CANCELLED(cyd_condition_wait_rlock(condition, rlock, -1));
    OK(cyd_rlock_release(rlock));
    OK(cyd_rlock_release(rlock));
    CANCELLED(cyd_receiver_recv(receiver, buffer, sizeof buffer, -1, &len));
    CANCELLED(cyd_receiver_peek(receiver, -1, &data, &len));
    while (cyd_sender_send(sender, buffer, 8, 0) == CYD_OK) {
    }
    CANCELLED(cyd_sender_send(sender, buffer, 8, -1));
    CANCELLED(cyd_sender_reserve(sender, 8, -1, &room));
    OK(cyd_receiver_close(receiver));
    OK(cyd_sender_close(sender));
    OK(cyd_ring_close(ring));
    OK(cyd_condition_close(condition));
    OK(cyd_permits_close(permits));
    OK(cyd_semaphore_close(semaphore));
    OK(cyd_event_close(event));
    OK(cyd_rlock_close(rlock));
    OK(cyd_lock_close(mine));
    OK(cyd_lock_close(lock));
}

/* A queue: for a message, for room, for a block, for the end of a debt. */
static void every_wait_of_a_queue(void) {
    cyd_block_class_t one = {64, 1};
    cyd_blocks_options_t single = {.struct_size = sizeof single, .classes = &one, .class_count = 1};
    cyd_queue_options_t small = {.struct_size = sizeof small, .capacity = 2, .unacked = 1};
    cyd_blocks_t *blocks;
    cyd_queue_t *queue;
    cyd_loan_t loan;
    cyd_message_t message;
    char buffer[64] = "";
    size_t len;
    uint64_t block, ticket, owed;
    OK(cyd_blocks_create(yard, "blocks", &single, &blocks));
    small.blocks = blocks;
    OK(cyd_queue_create(yard, "queue", &small, &queue));
    CANCELLED(cyd_queue_get(queue, buffer, sizeof buffer, -1, &len));
    CANCELLED(cyd_queue_get_ack(queue, buffer, sizeof buffer, -1, &len, &ticket));
    CANCELLED(cyd_queue_get_borrow(queue, -1, &message));
    CANCELLED(cyd_queue_get_borrow_ack(queue, -1, &message, &ticket));
    OK(cyd_blocks_alloc(blocks, 8, 0, &block));
    CANCELLED(cyd_blocks_alloc(blocks, 8, -1, &ticket));
    CANCELLED(cyd_queue_loan(queue, 60, -1, &loan));
    CANCELLED(cyd_queue_put(queue, buffer, 60, -1));
    OK(cyd_blocks_free(blocks, block));
    while (cyd_queue_put(queue, buffer, 8, 0) == CYD_OK) {
    }
    CANCELLED(cyd_queue_put(queue, buffer, 8, -1));
    OK(cyd_queue_get_ack(queue, buffer, sizeof buffer, 0, &len, &owed));
    CANCELLED(cyd_queue_get_ack(queue, buffer, sizeof buffer, -1, &len, &ticket));
    CANCELLED(cyd_queue_join(queue, -1));
    OK(cyd_queue_done(queue, owed));
    OK(cyd_queue_close(queue));
    OK(cyd_blocks_close(blocks));
}

/* The other queues, and a pipe. */
static void every_wait_of_other_queues(void) {
    cyd_lifo_queue_options_t two = {.struct_size = sizeof two, .capacity = 2, .max_len = 8};
    cyd_priority_queue_options_t three = {.struct_size = sizeof three, .capacity = 3, .max_len = 8};
    cyd_pipe_options_t small = {.struct_size = sizeof small, .capacity = 64};
    cyd_lifo_queue_t *lifo;
    cyd_priority_queue_t *priority;
    cyd_pipe_t *pipe;
    cyd_connection_t *ends[2];
    char buffer[16] = "";
    size_t len;
    int64_t first;
    OK(cyd_lifo_queue_create(yard, "lifo", &two, &lifo));
    OK(cyd_priority_queue_create(yard, "priority", &three, &priority));
    OK(cyd_pipe_create(yard, "pipe", &small, &pipe));
    OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &ends[0]));
    OK(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &ends[1]));
    CANCELLED(cyd_lifo_queue_get(lifo, buffer, sizeof buffer, -1, &len));
    CANCELLED(cyd_priority_queue_get(priority, buffer, sizeof buffer, -1, &len, &first));
    CANCELLED(cyd_connection_recv(ends[0], buffer, sizeof buffer, -1, &len));
    CANCELLED(cyd_connection_poll(ends[0], -1, &len));
    while (cyd_lifo_queue_put(lifo, buffer, 8, 0) == CYD_OK) {
    }
    while (cyd_priority_queue_put(priority, buffer, 8, 1, 0) == CYD_OK) {
    }
    while (cyd_connection_send(ends[1], buffer, 8, 0) == CYD_OK) {
    }
    CANCELLED(cyd_lifo_queue_put(lifo, buffer, 8, -1));
    CANCELLED(cyd_priority_queue_put(priority, buffer, 8, 1, -1));
    CANCELLED(cyd_connection_send(ends[1], buffer, 8, -1));
    OK(cyd_connection_close(ends[1]));
    OK(cyd_connection_close(ends[0]));
    OK(cyd_pipe_close(pipe));
    OK(cyd_priority_queue_close(priority));
    OK(cyd_lifo_queue_close(lifo));
}

static void entered_and_left(void) {
    cyd_cancel_t *tokens[5];
    cyd_event_t *event;
    bool set = true;
    OK(cyd_event_create(yard, "never", 0, &event));
    for (int i = 0; i < 5; i++) {
        OK(cyd_cancel_create(&tokens[i]));
    }
    OK(cyd_cancel_is_set(tokens[0], &set));
    CHECK(!set);
    IS(cyd_cancel_leave(tokens[0]), CYD_E_STATE);
    for (int i = 0; i < 4; i++) {
        OK(cyd_cancel_enter(tokens[i / 2])); /* twice each */
    }
    IS(cyd_cancel_enter(tokens[4]), CYD_E_RANGE);
    OK(cyd_cancel_leave(tokens[0]));
    OK(cyd_cancel_set(tokens[0]));
    OK(cyd_cancel_set(tokens[0]));
    IS(cyd_event_wait(event, -1), CYD_E_CANCELLED);
    OK(cyd_event_set(event));
    OK(cyd_event_wait(event, -1)); /* what needs no waiting succeeds */
    OK(cyd_event_clear(event));
    OK(cyd_cancel_leave(tokens[0]));
    IS(cyd_cancel_leave(tokens[0]), CYD_E_STATE);
    IS(cyd_event_wait(event, 5 * MS), CYD_E_TIMEOUT);
    OK(cyd_cancel_leave(tokens[1]));
    OK(cyd_cancel_leave(tokens[1]));
    for (int i = 0; i < 5; i++) {
        OK(cyd_cancel_close(tokens[i]));
    }
    OK(cyd_event_close(event));
}

/* Whoever sets the event ends the waits of every process that has entered its token. */
static void between_processes(void) {
    cyd_event_t *stop, *once;
    cyd_semaphore_t *semaphore;
    cyd_cancel_t *cancel;
    pid_t children[3];
    OK(cyd_event_create(yard, "stop", 0, &stop));
    OK(cyd_event_create(yard, "once", CYD_EVENT_AUTO_RESET, &once));
    OK(cyd_semaphore_create(yard, "none", NULL, &semaphore));
    IS(cyd_cancel_from_event(once, &cancel), CYD_E_INVALID);
    OK(cyd_cancel_from_event(stop, &cancel));
    OK(cyd_cancel_enter(cancel));
    for (int i = 0; i < 3; i++) {
        CHILD(children[i]) { /* has entered, as its parent */
            IS(cyd_semaphore_acquire(semaphore, -1), CYD_E_CANCELLED);
            OK(cyd_cancel_leave(cancel));
            IS(cyd_semaphore_acquire(semaphore, MS), CYD_E_TIMEOUT);
        }
    }
    usleep(20000);
    OK(cyd_event_set(stop));
    for (int i = 0; i < 3; i++) {
        ENDED_WELL(children[i]);
    }
    OK(cyd_event_clear(stop));
    IS(cyd_semaphore_acquire(semaphore, -1), CYD_E_CANCELLED); /* entered before it was set */
    OK(cyd_cancel_leave(cancel));
    OK(cyd_cancel_enter(cancel));
    IS(cyd_semaphore_acquire(semaphore, MS), CYD_E_TIMEOUT);
    OK(cyd_cancel_leave(cancel));
    OK(cyd_cancel_close(cancel));
    OK(cyd_semaphore_close(semaphore));
    OK(cyd_event_close(once));
    OK(cyd_event_close(stop));
}

/* A child's token is a copy of its own. */
static void after_fork(void) {
    cyd_cancel_t *own;
    bool set = true;
    pid_t child;
    OK(cyd_cancel_create(&own));
    OK(cyd_cancel_enter(own));
    CHILD(child) {
        cyd_event_t *event;
        OK(cyd_event_create(yard, "of-a-child", 0, &event));
        OK(cyd_cancel_set(own));
        IS(cyd_event_wait(event, -1), CYD_E_CANCELLED);
    }
    ENDED_WELL(child);
    OK(cyd_cancel_is_set(own, &set));
    CHECK(!set);
    OK(cyd_cancel_leave(own));
    OK(cyd_cancel_close(own));
}

static void on_signal(int number) {
    (void)number;
    if (CYD_FAILED(cyd_cancel_set(token))) {
        abort();
    }
}

/* The idiom for Ctrl-C: the handler cancels, whatever the main thread waits for. */
static void from_a_signal_handler(void) {
    struct sigaction action;
    struct itimerval soon = {{0, 0}, {0, 20000}};
    cyd_ring_t *ring;
    cyd_receiver_t *receiver;
    char buffer[16];
    size_t len;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGALRM, &action, NULL);
    OK(cyd_ring_create(yard, "mail", NULL, &ring));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_BLOCK, &receiver));
    for (int i = 0; i < 20; i++) {
        OK(cyd_cancel_create(&token));
        OK(cyd_cancel_enter(token));
        soon.it_value.tv_usec = 100 + 500 * i; /* before the wait, in the middle of it, long after */
        setitimer(ITIMER_REAL, &soon, NULL);
        IS(cyd_receiver_recv(receiver, buffer, sizeof buffer, -1, &len), CYD_E_CANCELLED);
        OK(cyd_cancel_leave(token));
        OK(cyd_cancel_close(token));
    }
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    every_wait();
    every_wait_of_a_queue();
    every_wait_of_other_queues();
    entered_and_left();
    between_processes();
    after_fork();
    from_a_signal_handler();
    OK(cyd_yard_close(yard));
    /* and where the kernel has no futex_waitv */
    cyd_yard_options_t options = {.struct_size = sizeof options, .flags = CYD_YARD_FALLBACK};
    OK(cyd_yard_create_anonymous(&options, &yard));
    every_wait();
    every_wait_of_a_queue();
    every_wait_of_other_queues();
    between_processes();
    OK(cyd_yard_close(yard));
    return 0;
}
