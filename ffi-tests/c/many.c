/* Waiting for many: every noun, wrong lists, hundreds of objects, between threads and processes. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static cyd_yard_t *yard;

static void wrong_lists(void) {
    cyd_event_t *event, *same;
    cyd_lock_t *lock;
    cyd_yard_t *other;
    cyd_event_t *foreign;
    size_t index = 77;
    bool ready[2] = {true, true};
    OK(cyd_event_create(yard, "event", 0, &event));
    OK(cyd_event_open(yard, "event", &same));
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    OK(cyd_yard_create_anonymous(NULL, &other));
    OK(cyd_event_create(other, "event", 0, &foreign));
    void *one[] = {event}, *twice[] = {event, same}, *wrong[] = {event, lock}, *null[] = {event, NULL};
    void *far[] = {event, foreign}, *none[] = {NULL};
    IS(cyd_wait_any(one, 0, -1, &index), CYD_E_INVALID);
    IS(cyd_wait_any(NULL, 1, -1, &index), CYD_E_NULL);
    IS(cyd_wait_any(one, 1, -1, NULL), CYD_E_NULL);
    IS(cyd_wait_some(one, 1, -1, NULL), CYD_E_NULL);
    IS(cyd_wait_any(none, 1, -1, &index), CYD_E_NULL);
    IS(cyd_wait_any(null, 2, -1, &index), CYD_E_NULL);
    CHECK(strstr(cyd_last_error_message(), "handle 1 ") != NULL);
    IS(cyd_wait_any(wrong, 2, -1, &index), CYD_E_TYPE);
    CHECK(strstr(cyd_last_error_message(), "handle 1 ") != NULL);
    IS(cyd_wait_all(twice, 2, -1), CYD_E_INVALID);
    CHECK(strstr(cyd_last_error_message(), "0 and 1") != NULL);
    IS(cyd_wait_any(far, 2, -1, &index), CYD_E_FOREIGN);
    IS(cyd_wait_any((void **)((char *)twice + 1), 1, -1, &index), CYD_E_INVALID);
    IS(cyd_wait_any(one, SIZE_MAX, -1, &index), CYD_E_INVALID);
    IS(cyd_wait_any(one, 1, 0, &index), CYD_E_TIMEOUT);
    IS(cyd_wait_any(one, 1, 5 * MS, &index), CYD_E_TIMEOUT);
    IS(cyd_wait_some(one, 1, 0, ready), CYD_E_TIMEOUT);
    CHECK(index == 77 && ready[0] && ready[1]);
    OK(cyd_event_set(event));
    OK(cyd_wait_any(one, 1, INT64_MAX, &index));
    CHECK(index == 0);
    OK(cyd_event_close(same));
    IS(cyd_wait_any(twice, 2, -1, &index), CYD_E_CLOSED);
    OK(cyd_event_close(event));
    OK(cyd_event_close(foreign));
    OK(cyd_lock_close(lock));
    OK(cyd_yard_close(other));
}

/* A server's loop: a stop flag, two sources of work, and the process at the other end. */
static void between_processes(void) {
    cyd_event_t *stop, *here;
    cyd_ring_t *ring;
    cyd_receiver_t *receiver;
    cyd_semaphore_t *semaphore;
    pid_t child;
    size_t which, len, cursor = 0, letters = 0, permits = 0;
    char buffer[16];
    OK(cyd_event_create(yard, "stop", 0, &stop));
    OK(cyd_event_create(yard, "here", 0, &here));
    OK(cyd_ring_create(yard, "ring", NULL, &ring));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_BLOCK, &receiver));
    OK(cyd_semaphore_create(yard, "semaphore", NULL, &semaphore));
    CHILD(child) {
        cyd_sender_t *sender;
        OK(cyd_ring_sender(ring, CYD_STRATEGY_BLOCK, &sender));
        IS(cyd_event_wait(stop, MS), CYD_E_TIMEOUT);
        OK(cyd_event_set(here));
        void *ours[] = {receiver, stop};
        IS(cyd_wait_any(ours, 2, 0, &which), CYD_E_NOT_OWNER);
        for (int i = 0; i < 10; i++) {
            usleep(2000);
            OK(cyd_sender_send(sender, "letter", 6, -1));
            OK(cyd_semaphore_release(semaphore, 1));
        }
        OK(cyd_event_set(stop));
        pause();
    }
    OK(cyd_event_wait(here, -1));
    cyd_member_t *peer;
    for (;;) {
        cyd_member_info_t info = {.struct_size = sizeof info};
        OK(cyd_yard_next_member(yard, &cursor, &peer));
        OK(cyd_member_info(peer, &info));
        if (info.pid == (uint32_t)child) {
            CHECK(info.threads == 1 && info.is_me == 0 && info.since_ns > 0 && strlen(info.name) > 0);
            break;
        }
        OK(cyd_member_close(peer));
    }
    void *work[] = {receiver, semaphore, peer, stop};
    bool ready[4];
    while (letters < 10 || permits < 10) {
        OK(cyd_wait_any(work, 3, 20000 * MS, &which));
        CHECK(which < 2);
        if (which == 0) {
            OK(cyd_receiver_recv(receiver, buffer, sizeof buffer, 0, &len));
            letters++;
        } else {
            OK(cyd_semaphore_acquire(semaphore, 0));
            permits++;
        }
    }
    OK(cyd_wait_some(work, 4, 20000 * MS, ready));
    CHECK(!ready[0] && !ready[1] && !ready[2] && ready[3]);
    kill(child, SIGKILL);
    OK(cyd_wait_any(work, 3, 20000 * MS, &which)); /* the end's holder has died, or its process is seen to be gone */
    CHECK(which == 0 || which == 2);
    OK(cyd_member_wait(peer, 20000 * MS));
    bool alive = true;
    OK(cyd_member_is_alive(peer, &alive));
    CHECK(!alive);
    WAS_KILLED(child);
    OK(cyd_member_close(peer));
    OK(cyd_semaphore_close(semaphore));
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
    OK(cyd_event_close(here));
    OK(cyd_event_close(stop));
}

/* Queues under a lock, and the ends of a pipe, whose only writer dies. */
static void queues_and_pipes(void) {
    cyd_lifo_queue_t *lifo;
    cyd_priority_queue_t *heap;
    cyd_pipe_t *pipe;
    cyd_connection_t *reader;
    cyd_event_t *stop;
    pid_t child;
    size_t which, len;
    int64_t priority;
    char buffer[16];
    OK(cyd_event_create(yard, "halt", 0, &stop));
    OK(cyd_lifo_queue_create(yard, "lifo", NULL, &lifo));
    OK(cyd_priority_queue_create(yard, "heap", NULL, &heap));
    cyd_pipe_options_t one_way = {sizeof one_way, 64, 1, 0};
    OK(cyd_pipe_create(yard, "pipe", &one_way, &pipe));
    OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &reader));
    void *all[] = {stop, lifo, heap, reader};
    IS(cyd_wait_any(all, 4, 0, &which), CYD_E_TIMEOUT);
    CHILD(child) {
        cyd_connection_t *writer;
        OK(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &writer));
        void *room[] = {stop, writer};
        OK(cyd_wait_any(room, 2, 0, &which));
        CHECK(which == 1);
        while (!CYD_FAILED(cyd_connection_send(writer, "letter", 6, 0))) {
        }
        IS(cyd_wait_any(room, 2, 0, &which), CYD_E_TIMEOUT);
        OK(cyd_wait_any(room, 2, 20000 * MS, &which)); /* until it was read */
        CHECK(which == 1);
        OK(cyd_lifo_queue_put(lifo, "pancake", 7, -1));
        usleep(2000);
        OK(cyd_priority_queue_put(heap, "urgent", 6, -1, -1));
        pause();
    }
    OK(cyd_wait_any(all, 4, 20000 * MS, &which));
    CHECK(which == 3);
    usleep(2000);
    while (!CYD_FAILED(cyd_connection_recv(reader, buffer, sizeof buffer, 0, &len))) {
    }
    OK(cyd_wait_any(all, 4, 20000 * MS, &which));
    CHECK(which == 1);
    OK(cyd_lifo_queue_get(lifo, buffer, sizeof buffer, 0, &len));
    OK(cyd_wait_any(all, 4, 20000 * MS, &which));
    CHECK(which == 2);
    OK(cyd_priority_queue_get(heap, buffer, sizeof buffer, 0, &len, &priority));
    IS(cyd_wait_any(all, 4, 20 * MS, &which), CYD_E_TIMEOUT);
    kill(child, SIGKILL);
    OK(cyd_wait_any(all, 4, 20000 * MS, &which));
    CHECK(which == 3);
    IS(cyd_connection_recv(reader, buffer, sizeof buffer, 0, &len), CYD_E_PEER_DIED);
    WAS_KILLED(child);
    OK(cyd_lifo_queue_shutdown(lifo, true));
    OK(cyd_wait_any(all, 3, 0, &which));
    CHECK(which == 1);
    OK(cyd_connection_close(reader));
    OK(cyd_pipe_close(pipe));
    OK(cyd_priority_queue_close(heap));
    OK(cyd_lifo_queue_close(lifo));
    OK(cyd_event_close(stop));
}

enum { MANY = 300 };
static cyd_event_t *events[MANY];
static cyd_cancel_t *token;

static void *set_one(void *which) {
    usleep(20000);
    OK(cyd_event_set(events[(size_t)which]));
    return NULL;
}

static void *cancel(void *unused) {
    (void)unused;
    usleep(20000);
    OK(cyd_cancel_set(token));
    return NULL;
}

static void *close_one(void *which) {
    usleep(20000);
    OK(cyd_event_close(events[(size_t)which]));
    return NULL;
}

static void hundreds(size_t count) {
    pthread_t other;
    char name[16];
    size_t index;
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "e%zu", i);
        OK(cyd_event_open_or_create(yard, name, 0, &events[i]));
        OK(cyd_event_clear(events[i]));
    }
    void *const *list = (void *const *)events;
    CHECK(pthread_create(&other, NULL, set_one, (void *)(count - 1)) == 0);
    OK(cyd_wait_any(list, count, -1, &index));
    CHECK(index == count - 1);
    pthread_join(other, NULL);
    OK(cyd_event_clear(events[count - 1]));
    OK(cyd_cancel_create(&token));
    OK(cyd_cancel_enter(token));
    CHECK(pthread_create(&other, NULL, cancel, NULL) == 0);
    IS(cyd_wait_any(list, count, -1, &index), CYD_E_CANCELLED);
    IS(cyd_wait_all(list, count, -1), CYD_E_CANCELLED);
    pthread_join(other, NULL);
    OK(cyd_cancel_leave(token));
    OK(cyd_cancel_close(token));
    CHECK(pthread_create(&other, NULL, close_one, (void *)(count / 2)) == 0);
    IS(cyd_wait_any(list, count, -1, &index), CYD_E_CLOSED);
    pthread_join(other, NULL);
    for (size_t i = 0; i < count; i++) {
        IS(cyd_event_close(events[i]), i == count / 2 ? CYD_E_CLOSED : CYD_OK);
    }
}

int main(void) {
    cyd_yard_options_t options = {.struct_size = sizeof options, .objects = 400};
    for (int fallback = 0; fallback < 2; fallback++) {
        options.flags = fallback ? CYD_YARD_FALLBACK : 0;
        OK(cyd_yard_create_anonymous(&options, &yard));
        wrong_lists();
        between_processes();
        queues_and_pipes();
        hundreds(3);
        hundreds(MANY);
        OK(cyd_yard_close(yard));
    }
    return 0;
}
