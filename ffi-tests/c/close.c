/* Closing a handle ends the waits through it: every noun that waits, with one thread and with several. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>

static cyd_yard_t *yard;
static cyd_lock_t *lock, *with;
static cyd_rlock_t *rlock, *rwith;
static cyd_rwlock_t *reads, *writes;
static cyd_event_t *event;
static cyd_semaphore_t *semaphore;
static cyd_permits_t *permits;
static cyd_condition_t *condition;
static cyd_sender_t *sender;
static cyd_receiver_t *receiver;
static cyd_queue_t *full_queue, *empty_queue;
static cyd_struct_t *it;
static cyd_array_t *array;
static cyd_struct_array_t *structs;
static cyd_connection_t *full_end, *empty_end;
static cyd_barrier_t *barrier;
static cyd_blocks_t *blocks;
static cyd_map_t *map;
static char buffer[64];
static size_t len;

typedef cyd_status_t (*wait_fn)(void);

static cyd_status_t on_lock(void) { return cyd_lock_acquire(lock, -1); }
static cyd_status_t on_rlock(void) { return cyd_rlock_acquire(rlock, -1); }
static cyd_status_t on_read(void) { return cyd_rwlock_read(reads, -1); }
static cyd_status_t on_write(void) { return cyd_rwlock_write(writes, -1); }
static cyd_status_t on_event(void) { return cyd_event_wait(event, 20000 * MS); }
static cyd_status_t on_semaphore(void) { return cyd_semaphore_acquire(semaphore, -1); }
static cyd_status_t on_permits(void) { return cyd_permits_acquire(permits, -1); }
static cyd_status_t on_many(void) { return cyd_permits_acquire_many(permits, 2, -1); }
static cyd_status_t on_send(void) { return cyd_sender_send(sender, buffer, 8, -1); }
static cyd_status_t on_recv(void) { return cyd_receiver_recv(receiver, buffer, sizeof buffer, -1, &len); }
static cyd_status_t on_put(void) { return cyd_queue_put(full_queue, buffer, 8, -1); }
static cyd_status_t on_get(void) { return cyd_queue_get(empty_queue, buffer, sizeof buffer, -1, &len); }
static cyd_status_t on_pipe_send(void) { return cyd_connection_send(full_end, buffer, 8, -1); }
static cyd_status_t on_pipe_recv(void) { return cyd_connection_recv(empty_end, buffer, sizeof buffer, -1, &len); }
static cyd_status_t on_pipe_poll(void) { return cyd_connection_poll(empty_end, -1, &len); }
static cyd_status_t on_barrier(void) { return cyd_barrier_wait(barrier, -1, NULL); }
static cyd_status_t on_map(void) { return cyd_map_next(map, buffer, sizeof buffer, &len, NULL); }
static cyd_status_t on_blocks(void) {
    uint64_t block;
    return cyd_blocks_alloc(blocks, 8, -1, &block);
}
static cyd_status_t on_struct(void) { return cyd_struct_set(it, buffer, 8, -1); }
static cyd_status_t on_element(void) { return cyd_struct_array_set(structs, 0, buffer, 8, -1); }
static cyd_status_t on_array(void) { return cyd_array_lock(array, -1); }

static cyd_status_t on_reserve(void) {
    void *room;
    return cyd_sender_reserve(sender, 8, -1, &room);
}

static cyd_status_t on_send_batch(void) {
    cyd_slice_t slice = {buffer, 8};
    size_t sent;
    return cyd_sender_send_batch(sender, &slice, 1, -1, &sent);
}

static cyd_status_t on_peek(void) {
    const void *data;
    return cyd_receiver_peek(receiver, -1, &data, &len);
}

static cyd_status_t on_recv_batch(void) {
    size_t lens[2], count;
    return cyd_receiver_recv_batch(receiver, buffer, sizeof buffer, lens, 2, -1, &count);
}

static void never(void *value, void *context) {
    (void)value;
    (void)context;
    CHECK(0);
}

static cyd_status_t on_update(void) { return cyd_struct_update(it, 8, -1, never, NULL); }
static cyd_status_t on_element_update(void) { return cyd_struct_array_update(structs, 0, 8, -1, never, NULL); }

/* After a wait the lock is held again, also if the condition's handle was closed. */
static cyd_status_t on_condition(void) {
    OK(cyd_lock_acquire(with, -1));
    cyd_status_t rc = cyd_condition_wait(condition, with, -1);
    OK(cyd_lock_release(with));
    return rc;
}

static cyd_status_t on_condition_rlock(void) {
    OK(cyd_rlock_acquire(rwith, -1));
    cyd_status_t rc = cyd_condition_wait_rlock(condition, rwith, -1);
    OK(cyd_rlock_release(rwith));
    return rc;
}

/* Takes for good what the others will wait for, from another thread. */
static void hold_still(void *value, void *context);
static pthread_barrier_t held;

static void hold_element(void *value, void *context) {
    (void)value;
    (void)context;
    OK(cyd_struct_update(it, 8, -1, hold_still, NULL));
}

static void hold_still(void *value, void *context) {
    (void)value;
    (void)context;
    pthread_barrier_wait(&held);
    pause();
}

static void *holder(void *unused) {
    cyd_rlock_t *r;
    cyd_rwlock_t *rw;
    cyd_array_t *a;
    cyd_struct_array_t *s;
    (void)unused;
    OK(cyd_rlock_open(yard, "rlock", &r));
    OK(cyd_rlock_acquire(r, -1));
    OK(cyd_rwlock_open(yard, "rwlock", &rw));
    OK(cyd_rwlock_write(rw, -1));
    OK(cyd_array_open(yard, "array", CYD_TYPE_U8, &a));
    OK(cyd_array_lock(a, -1));
    OK(cyd_struct_open(yard, "struct", 8, 8, &it)); /* stays open under the one that is closed */
    OK(cyd_struct_array_open(yard, "structs", 8, 8, &s));
    OK(cyd_struct_array_update(s, 0, 8, -1, hold_element, NULL));
    return NULL;
}

static void *waiter(void *wait) {
    IS((*(wait_fn *)wait)(), CYD_E_CLOSED);
    return NULL;
}

/* So many threads wait; the handle is closed; all of them are told, and it is gone. */
#define CLOSED(wait, count, opened, closed)                                             \
    do {                                                                                \
        wait_fn f_ = (wait);                                                            \
        pthread_t threads_[count];                                                      \
        opened;                                                                         \
        for (int i_ = 0; i_ < (count); i_++) {                                          \
            CHECK(pthread_create(&threads_[i_], NULL, waiter, &f_) == 0);               \
        }                                                                               \
        usleep(20000);                                                                  \
        OK(closed);                                                                     \
        IS(closed, CYD_E_CLOSED);                                                       \
        for (int i_ = 0; i_ < (count); i_++) {                                          \
            pthread_join(threads_[i_], NULL);                                           \
        }                                                                               \
    } while (0)

static int lasts(cyd_task_t *task, const void *bytes, size_t count, void *argument) {
    bool asked = false;
    (void)bytes, (void)count, (void)argument;
    while (!asked) {
        usleep(1000);
        OK(cyd_task_is_cancelled(task, &asked));
    }
    return 0;
}

static void every_noun(void) {
    pthread_t thread;
    cyd_ring_t *full, *empty;
    cyd_ring_options_t small = {.struct_size = sizeof small, .capacity = 64};
    cyd_array_options_t locked = {.struct_size = sizeof locked, .lock = 1};
    cyd_struct_t *own;
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_PROCESS, &lock));
    OK(cyd_lock_acquire(lock, 0));
    OK(cyd_lock_close(lock));
    OK(cyd_lock_create(yard, "with", CYD_SCOPE_THREAD, &with));
    OK(cyd_rlock_create(yard, "rwith", &rwith));
    OK(cyd_rlock_create(yard, "rlock", &rlock));
    OK(cyd_rwlock_create(yard, "rwlock", NULL, &reads));
    OK(cyd_rwlock_close(reads));
    OK(cyd_event_create(yard, "event", 0, &event));
    OK(cyd_semaphore_create(yard, "semaphore", NULL, &semaphore));
    OK(cyd_permits_create(yard, "permits", 2, &permits));
    OK(cyd_permits_acquire_many(permits, 2, 0));
    OK(cyd_condition_create(yard, "condition", &condition));
    OK(cyd_condition_close(condition));
    OK(cyd_ring_create(yard, "full", &small, &full));
    OK(cyd_ring_sender(full, CYD_STRATEGY_ADAPTIVE, &sender));
    while (cyd_sender_send(sender, buffer, 8, 0) == CYD_OK) {
    }
    OK(cyd_sender_close(sender));
    OK(cyd_ring_create(yard, "empty", NULL, &empty));
    OK(cyd_struct_create(yard, "struct", 8, 8, &own));
    OK(cyd_array_create(yard, "array", CYD_TYPE_U8, 8, &locked, &array));
    OK(cyd_struct_array_create(yard, "structs", 8, 8, 2, &structs));
    CHECK(pthread_barrier_init(&held, NULL, 2) == 0);
    CHECK(pthread_create(&thread, NULL, holder, NULL) == 0);
    pthread_barrier_wait(&held);
    OK(cyd_struct_close(own));

    CLOSED(on_lock, 1, OK(cyd_lock_open(yard, "lock", &lock)), cyd_lock_close(lock));
    CLOSED(on_lock, 5, OK(cyd_lock_open(yard, "lock", &lock)), cyd_lock_close(lock));
    CLOSED(on_rlock, 3, , cyd_rlock_close(rlock));
    CLOSED(on_read, 3, OK(cyd_rwlock_open(yard, "rwlock", &reads)), cyd_rwlock_close(reads));
    CLOSED(on_write, 3, OK(cyd_rwlock_open(yard, "rwlock", &writes)), cyd_rwlock_close(writes));
    CLOSED(on_event, 4, , cyd_event_close(event));
    CLOSED(on_event, 4, OK(cyd_event_create(yard, "auto", CYD_EVENT_AUTO_RESET, &event)), cyd_event_close(event));
    CLOSED(on_semaphore, 4, , cyd_semaphore_close(semaphore));
    CLOSED(on_permits, 4, , cyd_permits_close(permits));
    CLOSED(on_many, 4, OK(cyd_permits_open(yard, "permits", &permits)), cyd_permits_close(permits));
    cyd_queue_options_t one = {.struct_size = sizeof one, .capacity = 1};
    OK(cyd_queue_create(yard, "full-queue", &one, &full_queue));
    OK(cyd_queue_put(full_queue, buffer, 8, 0));
    OK(cyd_queue_create(yard, "empty-queue", &one, &empty_queue));
    CLOSED(on_put, 3, , cyd_queue_close(full_queue));
    CLOSED(on_get, 3, , cyd_queue_close(empty_queue));
    cyd_pipe_t *pipe;
    cyd_pipe_options_t narrow = {.struct_size = sizeof narrow, .capacity = 64};
    OK(cyd_pipe_create(yard, "pipe", &narrow, &pipe));
    OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &full_end));
    while (cyd_connection_send(full_end, buffer, 8, 0) == CYD_OK) {
    }
    CLOSED(on_pipe_send, 3, , cyd_connection_close(full_end));
    CLOSED(on_pipe_recv, 3, OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &empty_end)), cyd_connection_close(empty_end));
    CLOSED(on_pipe_poll, 3, OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &empty_end)), cyd_connection_close(empty_end));
    OK(cyd_pipe_close(pipe));
    CLOSED(on_barrier, 1, OK(cyd_barrier_create(yard, "barrier", 2, &barrier)), cyd_barrier_close(barrier));
    cyd_broken_t broken;
    OK(cyd_barrier_open(yard, "barrier", &barrier));
    OK(cyd_barrier_broken(barrier, &broken));
    CHECK(broken.cause == CYD_BROKEN_CANCELLED);
    OK(cyd_barrier_close(barrier));
    cyd_block_class_t two = {.size = 64, .count = 2};
    cyd_blocks_options_t of_two = {.struct_size = sizeof of_two, .classes = &two, .class_count = 1};
    uint64_t block;
    OK(cyd_blocks_create(yard, "blocks", &of_two, &blocks));
    while (cyd_blocks_alloc(blocks, 8, 0, &block) == CYD_OK) {
    }
    CLOSED(on_blocks, 3, , cyd_blocks_close(blocks));
    cyd_pool_t *pool;
    cyd_pool_options_t threads = {.struct_size = sizeof threads, .workers = 1, .method = CYD_START_THREADS};
    cyd_slice_t input = {buffer, 1};
    OK(cyd_pool_create(yard, "pool", &threads, &pool));
    CLOSED(on_map, 1, OK(cyd_pool_map(pool, "lasts", &input, 1, NULL, &map)), cyd_map_close(map));
    OK(cyd_pool_shutdown(pool, true));
    OK(cyd_pool_close(pool));
    const wait_fn conditions[] = {on_condition, on_condition_rlock};
    for (int i = 0; i < 2; i++) {
        CLOSED(conditions[i], 4, OK(cyd_condition_open(yard, "condition", &condition)),
               cyd_condition_close(condition));
    }
    for (cyd_strategy_t s = CYD_STRATEGY_ADAPTIVE; s <= CYD_STRATEGY_BLOCK; s++) {
        const wait_fn sends[] = {on_send, on_reserve, on_send_batch}, recvs[] = {on_recv, on_peek, on_recv_batch};
        for (int i = 0; i < 3; i++) {
            CLOSED(sends[i], 1, OK(cyd_ring_sender(full, s, &sender)), cyd_sender_close(sender));
            CLOSED(recvs[i], 1, OK(cyd_ring_receiver(empty, s, &receiver)), cyd_receiver_close(receiver));
        }
    }
    cyd_peer_t peer;
    OK(cyd_ring_receiver_state(empty, &peer)); /* the end itself is closed, not only its handle */
    CHECK(peer == CYD_PEER_CLOSED);
    OK(cyd_ring_sender_state(full, &peer));
    CHECK(peer == CYD_PEER_CLOSED);
    CLOSED(on_struct, 2, OK(cyd_struct_open(yard, "struct", 8, 8, &it)), cyd_struct_close(it));
    CLOSED(on_update, 2, OK(cyd_struct_open(yard, "struct", 8, 8, &it)), cyd_struct_close(it));
    CLOSED(on_element, 2, , cyd_struct_array_close(structs));
    CLOSED(on_element_update, 2, OK(cyd_struct_array_open(yard, "structs", 8, 8, &structs)),
           cyd_struct_array_close(structs));
    CLOSED(on_array, 2, , cyd_array_close(array));
    OK(cyd_ring_close(full));
    OK(cyd_ring_close(empty));
}

/* Who closes a condition's handle with the lock in his hands: the waiter leaves when he has released it. */
static void *close_with_the_lock(void *unused) {
    (void)unused;
    OK(cyd_lock_acquire(with, -1));
    OK(cyd_condition_close(condition));
    OK(cyd_lock_release(with));
    return NULL;
}

static void with_the_lock(void) {
    pthread_t closer;
    OK(cyd_condition_open(yard, "condition", &condition));
    OK(cyd_lock_acquire(with, -1));
    CHECK(pthread_create(&closer, NULL, close_with_the_lock, NULL) == 0);
    IS(cyd_condition_wait(condition, with, -1), CYD_E_CLOSED);
    OK(cyd_lock_release(with));
    pthread_join(closer, NULL);
}

/* Or the lock's handle. */
static void *close_the_lock(void *unused) {
    (void)unused;
    usleep(20000);
    OK(cyd_lock_close(with));
    return NULL;
}

static void the_lock_itself(void) {
    pthread_t closer;
    cyd_lock_t *again;
    OK(cyd_condition_open(yard, "condition", &condition));
    OK(cyd_lock_open(yard, "with", &again));
    OK(cyd_lock_acquire(with, -1));
    CHECK(pthread_create(&closer, NULL, close_the_lock, NULL) == 0);
    IS(cyd_condition_wait(condition, with, -1), CYD_E_CLOSED);
    pthread_join(closer, NULL);
    OK(cyd_lock_release(again)); /* it was held again */
    OK(cyd_condition_close(condition));
    OK(cyd_lock_close(again));
}

/* A child closes handles through which the parent's other threads wait: they are not there. */
static cyd_event_t *shared;

static void *on_shared(void *unused) {
    (void)unused;
    OK(cyd_event_wait(shared, -1));
    return NULL;
}

static void in_a_child(void) {
    pthread_t thread;
    pid_t child;
    OK(cyd_event_create(yard, "shared", 0, &shared));
    CHECK(pthread_create(&thread, NULL, on_shared, NULL) == 0);
    usleep(20000);
    CHILD(child) {
        OK(cyd_event_close(shared));
        IS(cyd_event_wait(shared, -1), CYD_E_CLOSED);
    }
    ENDED_WELL(child);
    OK(cyd_event_set(shared));
    pthread_join(thread, NULL);
    OK(cyd_event_close(shared));
}

/* Closing while threads come and go: each gets the event, or is told, and nothing is left behind. */
static void *come_and_go(void *count) {
    cyd_status_t rc;
    do {
        rc = cyd_event_wait(event, 1000);
        __atomic_add_fetch((int *)count, 1, __ATOMIC_RELAXED);
    } while (rc == CYD_E_TIMEOUT);
    CHECK(rc == CYD_E_CLOSED);
    return NULL;
}

static void in_full_swing(void) {
    for (int round = 0; round < 20; round++) {
        pthread_t threads[4];
        int count = 0;
        OK(cyd_event_open(yard, "event", &event));
        for (int i = 0; i < 4; i++) {
            CHECK(pthread_create(&threads[i], NULL, come_and_go, &count) == 0);
        }
        while (__atomic_load_n(&count, __ATOMIC_RELAXED) < 40) {
            usleep(100);
        }
        OK(cyd_event_close(event));
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
        }
    }
}

static void all_of_it(void) {
    every_noun();
    with_the_lock();
    the_lock_itself();
    in_a_child();
    in_full_swing();
}

int main(void) {
    OK(cyd_task_register("lasts", lasts, NULL));
    OK(cyd_yard_create_anonymous(NULL, &yard));
    all_of_it();
    OK(cyd_yard_close(yard));
    cyd_yard_options_t options = {.struct_size = sizeof options, .flags = CYD_YARD_FALLBACK};
    OK(cyd_yard_create_anonymous(&options, &yard));
    all_of_it();
    OK(cyd_yard_close(yard));
    return 0;
}
