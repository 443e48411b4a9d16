/* Does in C what it is told, line by line: see ffi-tests/actors/README.md. */
#define _GNU_SOURCE
#include "courtyard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cyd_yard_t *yard;

/* What is open, by kind and name. The ends of a ring are kinds of their own. */
static struct {
    char kind[16], name[64];
    void *handle;
} things[64];

/* The handle's place; a free one if there is none yet. */
static void **find(const char *kind, const char *name) {
    size_t i = 0;
    while (things[i].handle != NULL && (strcmp(things[i].kind, kind) != 0 || strcmp(things[i].name, name) != 0)) {
        if (++i == sizeof things / sizeof *things) {
            fprintf(stderr, "too many things\n");
            exit(1);
        }
    }
    snprintf(things[i].kind, sizeof things[i].kind, "%s", kind);
    snprintf(things[i].name, sizeof things[i].name, "%s", name);
    return &things[i].handle;
}

static cyd_lock_t *lock(const char *name) { return *find("lock", name); }
static cyd_value_t *value(const char *name) { return *find("value", name); }
static cyd_rlock_t *rlock(const char *name) { return *find("rlock", name); }
static cyd_permits_t *permits(const char *name) { return *find("permits", name); }
static cyd_semaphore_t *semaphore(const char *name) { return *find("semaphore", name); }
static cyd_event_t *event(const char *name) { return *find("event", name); }
static cyd_rwlock_t *rwlock(const char *name) { return *find("rwlock", name); }
static cyd_condition_t *condition(const char *name) { return *find("condition", name); }
static cyd_struct_t *plain(const char *name) { return *find("struct", name); }
static cyd_array_t *array(const char *name) { return *find("array", name); }
static cyd_ring_t *ring(const char *name) { return *find("ring", name); }
static cyd_sender_t *sender(const char *name) { return *find("sender", name); }
static cyd_receiver_t *receiver(const char *name) { return *find("receiver", name); }
static cyd_queue_t *queue(const char *name) { return *find("queue", name); }
static cyd_lifo_queue_t *lifo(const char *name) { return *find("lifo", name); }
static cyd_priority_queue_t *priority(const char *name) { return *find("priority", name); }
static cyd_blocks_t *blocks(const char *name) { return *find("blocks", name); }
static cyd_pipe_t *pipe_of(const char *name) { return *find("pipe", name); }
static cyd_connection_t *connection(const char *name) { return *find("connection", name); }
static cyd_pool_t *pool(const char *name) { return *find("pool", name); }

static int64_t number(const char *word) { return strtoll(word, NULL, 10); }
static int64_t time_of(const char *word) { return number(word) < 0 ? -1 : number(word) * 1000000; }

static char data[1024];

/* On success, the data of the answer. */
static cyd_status_t say_number(cyd_status_t status, int64_t it) {
    snprintf(data, sizeof data, "%" PRId64, it);
    return status;
}

static cyd_status_t say_bool(cyd_status_t status, bool it) {
    snprintf(data, sizeof data, "%s", it ? "true" : "false");
    return status;
}

static cyd_status_t yard_open(char **a) { return cyd_yard_open_or_create(a[0], NULL, &yard); }

static cyd_status_t lock_open(char **a) {
    cyd_lock_t *it = NULL;
    cyd_status_t status = cyd_lock_open_or_create(yard, a[0], (cyd_scope_t)number(a[1]), &it);
    *find("lock", a[0]) = it;
    return status;
}
static cyd_status_t lock_acquire(char **a) { return cyd_lock_acquire(lock(a[0]), time_of(a[1])); }
static cyd_status_t lock_release(char **a) { return cyd_lock_release(lock(a[0])); }
static cyd_status_t lock_repaired(char **a) { return cyd_lock_repaired(lock(a[0])); }
static cyd_status_t lock_suspect(char **a) {
    bool it = false;
    cyd_status_t status = cyd_lock_is_suspect(lock(a[0]), &it);
    return say_bool(status, it);
}

static cyd_status_t value_open(char **a) {
    cyd_value_t *it = NULL;
    cyd_status_t status = cyd_value_open_or_create(yard, a[0], CYD_TYPE_I64, &it);
    *find("value", a[0]) = it;
    return status;
}
static cyd_status_t value_get(char **a) {
    int64_t it = 0;
    cyd_status_t status = CYD_VALUE_GET(value(a[0]), &it);
    return say_number(status, it);
}
static cyd_status_t value_set(char **a) {
    int64_t it = number(a[1]);
    return CYD_VALUE_SET(value(a[0]), &it);
}
static cyd_status_t value_add(char **a) {
    int64_t more = number(a[1]), old = 0;
    cyd_status_t status = CYD_VALUE_FETCH(value(a[0]), CYD_OP_ADD, &more, &old);
    return say_number(status, old);
}
static cyd_status_t value_cas(char **a) {
    int64_t expected = number(a[1]), desired = number(a[2]);
    bool done = false;
    cyd_status_t status = CYD_VALUE_COMPARE_EXCHANGE(value(a[0]), &expected, &desired, &done);
    return say_bool(status, done);
}
static cyd_status_t value_count(char **a) {
    cyd_status_t status = CYD_OK;
    for (int64_t i = 0, one = 1; i < number(a[1]) && status == CYD_OK; i++) {
        status = CYD_VALUE_FETCH(value(a[0]), CYD_OP_ADD, &one, &(int64_t){0});
    }
    return status;
}

static cyd_status_t rlock_open(char **a) {
    cyd_rlock_t *it = NULL;
    cyd_status_t status = cyd_rlock_open_or_create(yard, a[0], &it);
    *find("rlock", a[0]) = it;
    return status;
}
static cyd_status_t rlock_acquire(char **a) { return cyd_rlock_acquire(rlock(a[0]), time_of(a[1])); }
static cyd_status_t rlock_release(char **a) { return cyd_rlock_release(rlock(a[0])); }
static cyd_status_t rlock_repaired(char **a) { return cyd_rlock_repaired(rlock(a[0])); }
static cyd_status_t rlock_count(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_rlock_count(rlock(a[0]), &it);
    return say_number(status, it);
}

static cyd_status_t permits_open(char **a) {
    cyd_permits_t *it = NULL;
    cyd_status_t status = cyd_permits_open_or_create(yard, a[0], (uint32_t)number(a[1]), &it);
    *find("permits", a[0]) = it;
    return status;
}
static cyd_status_t permits_acquire(char **a) {
    return number(a[1]) == 1 ? cyd_permits_acquire(permits(a[0]), time_of(a[2]))
                             : cyd_permits_acquire_many(permits(a[0]), (uint32_t)number(a[1]), time_of(a[2]));
}
static cyd_status_t permits_release(char **a) {
    return cyd_permits_release(permits(a[0]), (uint32_t)number(a[1]));
}
static cyd_status_t permits_available(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_permits_available(permits(a[0]), &it);
    return say_number(status, it);
}
static cyd_status_t permits_held(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_permits_held(permits(a[0]), &it);
    return say_number(status, it);
}

static cyd_status_t semaphore_open(char **a) {
    cyd_semaphore_options_t options = {
        .struct_size = sizeof options, .initial = (uint32_t)number(a[1]), .maximum = (uint32_t)number(a[2])};
    cyd_semaphore_t *it = NULL;
    cyd_status_t status = cyd_semaphore_open_or_create(yard, a[0], &options, &it);
    *find("semaphore", a[0]) = it;
    return status;
}
static cyd_status_t semaphore_acquire(char **a) { return cyd_semaphore_acquire(semaphore(a[0]), time_of(a[1])); }
static cyd_status_t semaphore_release(char **a) {
    return cyd_semaphore_release(semaphore(a[0]), (uint32_t)number(a[1]));
}
static cyd_status_t semaphore_value(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_semaphore_value(semaphore(a[0]), &it);
    return say_number(status, it);
}

static cyd_status_t event_open(char **a) {
    cyd_event_t *it = NULL;
    cyd_status_t status = cyd_event_open_or_create(yard, a[0], number(a[1]) == 1 ? CYD_EVENT_AUTO_RESET : 0, &it);
    *find("event", a[0]) = it;
    return status;
}
static cyd_status_t event_set(char **a) { return cyd_event_set(event(a[0])); }
static cyd_status_t event_clear(char **a) { return cyd_event_clear(event(a[0])); }
static cyd_status_t event_wait(char **a) { return cyd_event_wait(event(a[0]), time_of(a[1])); }
static cyd_status_t event_is(char **a) {
    bool it = false;
    cyd_status_t status = cyd_event_is_set(event(a[0]), &it);
    return say_bool(status, it);
}

static cyd_status_t rwlock_open(char **a) {
    cyd_rwlock_t *it = NULL;
    cyd_status_t status = cyd_rwlock_open_or_create(yard, a[0], NULL, &it);
    *find("rwlock", a[0]) = it;
    return status;
}
static cyd_status_t rwlock_read(char **a) { return cyd_rwlock_read(rwlock(a[0]), time_of(a[1])); }
static cyd_status_t rwlock_write(char **a) { return cyd_rwlock_write(rwlock(a[0]), time_of(a[1])); }
static cyd_status_t rwlock_release(char **a) { return cyd_rwlock_release(rwlock(a[0])); }
static cyd_status_t rwlock_repaired(char **a) { return cyd_rwlock_repaired(rwlock(a[0])); }
static cyd_status_t rwlock_readers(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_rwlock_readers(rwlock(a[0]), &it);
    return say_number(status, it);
}

static cyd_status_t condition_open(char **a) {
    cyd_condition_t *it = NULL;
    cyd_status_t status = cyd_condition_open_or_create(yard, a[0], &it);
    *find("condition", a[0]) = it;
    return status;
}
static cyd_status_t condition_wait(char **a) {
    return cyd_condition_wait(condition(a[0]), lock(a[1]), time_of(a[2]));
}
static cyd_status_t condition_notify(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_condition_notify(condition(a[0]), (uint32_t)number(a[1]), &it);
    return say_number(status, it);
}
static cyd_status_t condition_all(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_condition_notify_all(condition(a[0]), &it);
    return say_number(status, it);
}
static cyd_status_t condition_waiters(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_condition_waiters(condition(a[0]), &it);
    return say_number(status, it);
}

typedef struct {
    int64_t numbers[32];
} plain_t;

static cyd_status_t struct_open(char **a) {
    cyd_struct_t *it = NULL;
    cyd_status_t status = cyd_struct_open_or_create(yard, a[0], sizeof(plain_t), _Alignof(plain_t), &it);
    *find("struct", a[0]) = it;
    return status;
}
static cyd_status_t struct_set(char **a) {
    plain_t it;
    for (int i = 0; i < 32; i++) {
        it.numbers[i] = number(a[1]);
    }
    return cyd_struct_set(plain(a[0]), &it, sizeof it, -1);
}
static cyd_status_t struct_get(char **a) {
    plain_t it = {{0}};
    cyd_status_t status = cyd_struct_get(plain(a[0]), &it, sizeof it);
    (void)say_number(status, it.numbers[0]);
    for (int i = 1; i < 32; i++) {
        if (it.numbers[i] != it.numbers[0]) {
            snprintf(data, sizeof data, "torn");
        }
    }
    return status;
}
static void add_one(void *value, void *context) {
    (void)context;
    for (int i = 0; i < 32; i++) {
        ((plain_t *)value)->numbers[i]++;
    }
}
static cyd_status_t struct_count(char **a) {
    cyd_status_t status = CYD_OK;
    for (int64_t i = 0; i < number(a[1]) && status == CYD_OK; i++) {
        status = cyd_struct_update(plain(a[0]), sizeof(plain_t), -1, add_one, NULL);
    }
    return status;
}

static cyd_status_t array_open(char **a) {
    cyd_array_t *it = NULL;
    cyd_status_t status = cyd_array_open_or_create(yard, a[0], CYD_TYPE_I64, (size_t)number(a[1]), NULL, &it);
    *find("array", a[0]) = it;
    return status;
}
static cyd_status_t array_get(char **a) {
    int64_t it = 0;
    cyd_status_t status = CYD_ARRAY_GET(array(a[0]), (size_t)number(a[1]), &it);
    return say_number(status, it);
}
static cyd_status_t array_set(char **a) {
    int64_t it = number(a[2]);
    return CYD_ARRAY_SET(array(a[0]), (size_t)number(a[1]), &it);
}
static cyd_status_t array_add(char **a) {
    int64_t more = number(a[2]), old = 0;
    cyd_status_t status = CYD_ARRAY_FETCH(array(a[0]), (size_t)number(a[1]), CYD_OP_ADD, &more, &old);
    return say_number(status, old);
}
static cyd_status_t array_fill(char **a) {
    int64_t it = number(a[3]);
    return CYD_ARRAY_FILL(array(a[0]), (size_t)number(a[1]), (size_t)number(a[2]), &it);
}
static cyd_status_t array_read(char **a) {
    int64_t all[32] = {0};
    size_t count = (size_t)number(a[2]) % 33;
    cyd_status_t status = CYD_ARRAY_READ(array(a[0]), (size_t)number(a[1]), count, all);
    for (size_t i = 0, len = 0; i < count; i++) {
        len += (size_t)snprintf(data + len, sizeof data - len, i == 0 ? "%" PRId64 : " %" PRId64, all[i]);
    }
    return status;
}
static cyd_status_t array_round(char **a) {
    cyd_status_t status = CYD_OK;
    int64_t len = number(a[1]), one = 1;
    for (int64_t i = 0; i < len * number(a[2]) && status == CYD_OK; i++) {
        status = CYD_ARRAY_FETCH(array(a[0]), (size_t)(i % len), CYD_OP_ADD, &one, &(int64_t){0});
    }
    return status;
}

static cyd_status_t ring_open(char **a) {
    cyd_ring_options_t options = {.struct_size = sizeof options, .capacity = (size_t)number(a[1])};
    cyd_ring_t *it = NULL;
    cyd_status_t status = cyd_ring_open_or_create(yard, a[0], &options, &it);
    *find("ring", a[0]) = it;
    return status;
}
static cyd_status_t ring_sender(char **a) {
    cyd_sender_t *it = NULL;
    cyd_status_t status = cyd_ring_sender(ring(a[0]), CYD_STRATEGY_ADAPTIVE, &it);
    *find("sender", a[0]) = it;
    return status;
}
static cyd_status_t ring_receiver(char **a) {
    cyd_receiver_t *it = NULL;
    cyd_status_t status = cyd_ring_receiver(ring(a[0]), CYD_STRATEGY_ADAPTIVE, &it);
    *find("receiver", a[0]) = it;
    return status;
}
static cyd_status_t ring_send(char **a) { return cyd_sender_send(sender(a[0]), a[1], strlen(a[1]), time_of(a[2])); }
static cyd_status_t ring_half(char **a) {
    void *room = NULL;
    cyd_status_t status = cyd_sender_reserve(sender(a[0]), strlen(a[1]), -1, &room);
    if (!CYD_FAILED(status)) {
        memcpy(room, a[1], strlen(a[1]));
    }
    return status;
}
static cyd_status_t ring_flood(char **a) {
    cyd_status_t status = CYD_OK;
    for (int64_t i = number(a[1]); i <= number(a[2]) && status == CYD_OK; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "%" PRId64, i);
        status = cyd_sender_send(sender(a[0]), text, (size_t)len, -1);
    }
    return status;
}
static cyd_status_t ring_recv(char **a) {
    size_t len = 0;
    cyd_status_t status = cyd_receiver_recv(receiver(a[0]), data, sizeof data - 1, time_of(a[1]), &len);
    data[CYD_FAILED(status) ? 0 : len] = 0;
    return status;
}
static cyd_status_t ring_peek(char **a) {
    const void *first = NULL;
    size_t len = 0;
    cyd_status_t status = cyd_receiver_peek(receiver(a[0]), time_of(a[1]), &first, &len);
    if (!CYD_FAILED(status)) {
        snprintf(data, sizeof data, "%.*s", (int)len, (const char *)first);
    }
    return status;
}
static cyd_status_t ring_release(char **a) { return cyd_receiver_release(receiver(a[0])); }
static cyd_status_t ring_peer(char **a) {
    cyd_peer_t it = 0;
    cyd_status_t status = sender(a[0]) != NULL ? cyd_sender_peer(sender(a[0]), &it)
                                               : cyd_receiver_peer(receiver(a[0]), &it);
    return say_number(status, it);
}

static cyd_status_t queue_open(char **a) {
    cyd_queue_options_t options = {
        .struct_size = sizeof options, .capacity = (size_t)number(a[1]), .unacked = (uint32_t)number(a[1])};
    cyd_queue_t *it = NULL;
    cyd_status_t status = cyd_queue_open_or_create(yard, a[0], &options, &it);
    *find("queue", a[0]) = it;
    return status;
}
static cyd_status_t queue_put(char **a) { return cyd_queue_put(queue(a[0]), a[1], strlen(a[1]), time_of(a[2])); }
static cyd_status_t queue_flood(char **a) {
    cyd_status_t status = CYD_OK;
    for (int64_t i = number(a[1]); i <= number(a[2]) && status == CYD_OK; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "%" PRId64, i);
        status = cyd_queue_put(queue(a[0]), text, (size_t)len, -1);
    }
    return status;
}
static cyd_status_t queue_get(char **a) {
    size_t len = 0;
    cyd_status_t status = cyd_queue_get(queue(a[0]), data, sizeof data - 1, time_of(a[1]), &len);
    data[CYD_FAILED(status) ? 0 : len] = 0;
    return status;
}
static cyd_status_t queue_owe(char **a) {
    size_t len = 0;
    uint64_t ticket;
    cyd_status_t status = cyd_queue_get_ack(queue(a[0]), data, sizeof data - 1, time_of(a[1]), &len, &ticket);
    data[CYD_FAILED(status) ? 0 : len] = 0;
    return status;
}
static cyd_status_t queue_done(char **a) { return cyd_queue_task_done(queue(a[0])); }
static cyd_status_t queue_len(char **a) {
    size_t it = 0;
    cyd_status_t status = cyd_queue_len(queue(a[0]), &it);
    return say_number(status, (int64_t)it);
}
static cyd_status_t queue_shutdown(char **a) { return cyd_queue_shutdown(queue(a[0]), false); }

static cyd_status_t lifo_open(char **a) {
    cyd_lifo_queue_options_t options = {
        .struct_size = sizeof options, .capacity = (size_t)number(a[1]), .max_len = 32};
    cyd_lifo_queue_t *it = NULL;
    cyd_status_t status = cyd_lifo_queue_open_or_create(yard, a[0], &options, &it);
    *find("lifo", a[0]) = it;
    return status;
}
static cyd_status_t lifo_put(char **a) { return cyd_lifo_queue_put(lifo(a[0]), a[1], strlen(a[1]), time_of(a[2])); }
static cyd_status_t lifo_flood(char **a) {
    cyd_status_t status = CYD_OK;
    for (int64_t i = number(a[1]); i <= number(a[2]) && status == CYD_OK; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "%" PRId64, i);
        status = cyd_lifo_queue_put(lifo(a[0]), text, (size_t)len, -1);
    }
    return status;
}
static cyd_status_t lifo_get(char **a) {
    size_t len = 0;
    cyd_status_t status = cyd_lifo_queue_get(lifo(a[0]), data, sizeof data - 1, time_of(a[1]), &len);
    data[CYD_FAILED(status) ? 0 : len] = 0;
    return status;
}
static cyd_status_t lifo_len(char **a) {
    size_t it = 0;
    cyd_status_t status = cyd_lifo_queue_len(lifo(a[0]), &it);
    return say_number(status, (int64_t)it);
}
static cyd_status_t lifo_shutdown(char **a) { return cyd_lifo_queue_shutdown(lifo(a[0]), false); }

static cyd_status_t priority_open(char **a) {
    cyd_priority_queue_options_t options = {
        .struct_size = sizeof options, .capacity = (size_t)number(a[1]), .max_len = 32};
    cyd_priority_queue_t *it = NULL;
    cyd_status_t status = cyd_priority_queue_open_or_create(yard, a[0], &options, &it);
    *find("priority", a[0]) = it;
    return status;
}
static cyd_status_t priority_put(char **a) {
    return cyd_priority_queue_put(priority(a[0]), a[1], strlen(a[1]), number(a[2]), time_of(a[3]));
}
static cyd_status_t priority_flood(char **a) {
    cyd_status_t status = CYD_OK;
    for (int64_t i = number(a[1]); i <= number(a[2]) && status == CYD_OK; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "%" PRId64, i);
        status = cyd_priority_queue_put(priority(a[0]), text, (size_t)len, i, -1);
    }
    return status;
}
static cyd_status_t priority_get(char **a) {
    size_t len = 0;
    int64_t it = 0;
    cyd_status_t status = cyd_priority_queue_get(priority(a[0]), data, 64, time_of(a[1]), &len, &it);
    snprintf(data + (CYD_FAILED(status) ? 0 : len), 32, " %" PRId64, it);
    return status;
}
static cyd_status_t priority_len(char **a) {
    size_t it = 0;
    cyd_status_t status = cyd_priority_queue_len(priority(a[0]), &it);
    return say_number(status, (int64_t)it);
}
static cyd_status_t priority_shutdown(char **a) {
    return cyd_priority_queue_shutdown(priority(a[0]), false);
}

static cyd_status_t blocks_open(char **a) {
    cyd_block_class_t class = {.size = 64, .count = (uint64_t)number(a[1])};
    cyd_blocks_options_t options = {.struct_size = sizeof options, .classes = &class, .class_count = 1};
    cyd_blocks_t *it = NULL;
    cyd_status_t status = cyd_blocks_open_or_create(yard, a[0], &options, &it);
    *find("blocks", a[0]) = it;
    return status;
}
static uint64_t block(const char *word) { return strtoull(word, NULL, 10); }
static cyd_status_t blocks_alloc(char **a) {
    uint64_t it = 0;
    cyd_status_t status = cyd_blocks_alloc(blocks(a[0]), strlen(a[1]), time_of(a[2]), &it);
    if (status == CYD_OK) {
        status = cyd_blocks_write(blocks(a[0]), it, 0, a[1], strlen(a[1]));
    }
    snprintf(data, sizeof data, "%" PRIu64, it);
    return status;
}
static cyd_status_t blocks_read(char **a) {
    size_t len = 0;
    cyd_status_t status = cyd_blocks_len(blocks(a[0]), block(a[1]), &len);
    if (status == CYD_OK) {
        status = cyd_blocks_read(blocks(a[0]), block(a[1]), 0, data, len);
    }
    data[CYD_FAILED(status) ? 0 : len] = 0;
    return status;
}
static cyd_status_t blocks_offer(char **a) { return cyd_blocks_offer(blocks(a[0]), block(a[1])); }
static cyd_status_t blocks_adopt(char **a) { return cyd_blocks_adopt(blocks(a[0]), block(a[1])); }
static cyd_status_t blocks_free(char **a) { return cyd_blocks_free(blocks(a[0]), block(a[1])); }
static cyd_status_t blocks_owned(char **a) {
    uint32_t it = 0;
    cyd_status_t status = cyd_blocks_owned(blocks(a[0]), &it);
    return say_number(status, it);
}

static cyd_status_t pipe_open(char **a) {
    cyd_pipe_t *it = NULL;
    cyd_status_t status = cyd_pipe_open_or_create(yard, a[0], NULL, &it);
    *find("pipe", a[0]) = it;
    return status;
}
static cyd_status_t pipe_end(char **a) {
    cyd_connection_t *it = NULL;
    cyd_status_t status = cyd_pipe_end(pipe_of(a[0]), (cyd_pipe_end_t)number(a[1]), &it);
    *find("connection", a[0]) = it;
    return status;
}
static cyd_status_t pipe_send(char **a) {
    return cyd_connection_send(connection(a[0]), a[1], strlen(a[1]), time_of(a[2]));
}
static cyd_status_t pipe_recv(char **a) {
    size_t len = 0;
    cyd_status_t status = cyd_connection_recv(connection(a[0]), data, sizeof data - 1, time_of(a[1]), &len);
    data[CYD_FAILED(status) ? 0 : len] = 0;
    return status;
}
static cyd_status_t pipe_peer(char **a) {
    cyd_peer_t it = 0;
    cyd_status_t status = cyd_connection_peer(connection(a[0]), &it);
    return say_number(status, it);
}

/* In a worker: the square of a number that is not negative. */
static int square(cyd_task_t *task, const void *input, size_t len, void *argument) {
    int64_t it = 0;
    (void)argument;
    memcpy(&it, input, len < sizeof it ? len : sizeof it);
    if (it < 0) {
        return CYD_FAILED(cyd_task_fail(task, "it is negative")) ? 2 : 1;
    }
    it *= it;
    return cyd_task_return(task, &it, sizeof it);
}

/* The same, but its first attempt at a 1 ends only when it is asked to. */
static int once(cyd_task_t *task, const void *input, size_t len, void *argument) {
    cyd_task_info_t info = {.struct_size = sizeof info};
    const int64_t one = 1;
    bool asked = cyd_task_info(task, &info) != CYD_OK || info.attempt > 0 || len != 8 || memcmp(input, &one, 8) != 0;
    while (!asked && cyd_task_is_cancelled(task, &asked) == CYD_OK) {
        usleep(1000);
    }
    return square(task, input, len, argument);
}

static cyd_status_t pool_open(char **a) {
    cyd_pool_t *it = NULL;
    cyd_pool_options_t options = {
        .struct_size = sizeof options, .workers = 1, .tasks = 64, .block_bytes = 1 << 16, .method = CYD_START_THREADS};
    cyd_status_t status = cyd_pool_open(yard, a[0], &it);
    if (status == CYD_E_NOT_FOUND) {
        status = cyd_pool_create(yard, a[0], &options, &it);
    }
    *find("pool", a[0]) = it;
    return status;
}
static cyd_status_t pool_work(char **a) { return cyd_pool_work(pool(a[0]), 0); }
static cyd_status_t pool_apply(char **a) {
    int64_t input = number(a[2]), it = 0;
    size_t len;
    cyd_status_t status = cyd_pool_apply(pool(a[0]), a[1], &input, sizeof input, NULL, &it, sizeof it, &len);
    return say_number(status, it);
}
static cyd_status_t pool_submit(char **a) {
    int64_t input = number(a[2]);
    cyd_future_t *it = NULL;
    cyd_task_options_t options = {.struct_size = sizeof options, .retries = (uint32_t)number(a[3])};
    cyd_status_t status = cyd_pool_submit(pool(a[0]), a[1], &input, sizeof input, &options, -1, &it);
    void **place = find("future", a[0]);
    if (cyd_future_close(*place) != CYD_OK) {
        fprintf(stderr, "the last future cannot be closed\n");
        exit(1);
    }
    *place = it;
    return status;
}
static cyd_status_t pool_result(char **a) {
    int64_t it = 0;
    size_t len;
    cyd_status_t status = cyd_future_result(*find("future", a[0]), &it, sizeof it, time_of(a[1]), &len);
    return say_number(status, it);
}
static cyd_status_t pool_map(char **a) {
    int64_t numbers[64], it, sum = 0;
    cyd_slice_t inputs[64];
    size_t count = (size_t)number(a[2]), len;
    cyd_map_t *map = NULL;
    cyd_map_options_t options = {.struct_size = sizeof options, .chunk = (size_t)number(a[3]), .retries = 1};
    for (size_t i = 0; i < count && i < 64; i++) {
        numbers[i] = (int64_t)i + 1;
        inputs[i] = (cyd_slice_t){&numbers[i], sizeof numbers[i]};
    }
    cyd_status_t status = count > 64 ? CYD_E_RANGE : cyd_pool_map(pool(a[0]), a[1], inputs, count, &options, &map);
    while (status == CYD_OK && (status = cyd_map_next(map, &it, sizeof it, &len, NULL)) == CYD_OK) {
        sum += it;
    }
    cyd_status_t closed = cyd_map_close(map);
    return say_number(status == CYD_E_END ? closed : status, sum);
}
static cyd_status_t pool_running(char **a) {
    cyd_progress_t it = {.struct_size = sizeof it};
    cyd_status_t status = cyd_pool_progress(pool(a[0]), &it);
    return say_number(status, (int64_t)it.running);
}
static cyd_status_t pool_shutdown(char **a) { return cyd_pool_shutdown(pool(a[0]), true); }


static const struct {
    const char *noun, *verb;
    int arguments;
    cyd_status_t (*play)(char **arguments);
} verbs[] = {
    {"yard", "open", 1, yard_open},
    {"lock", "open", 2, lock_open},
    {"lock", "acquire", 2, lock_acquire},
    {"lock", "release", 1, lock_release},
    {"lock", "repaired", 1, lock_repaired},
    {"lock", "suspect", 1, lock_suspect},
    {"value", "open", 1, value_open},
    {"value", "get", 1, value_get},
    {"value", "set", 2, value_set},
    {"value", "add", 2, value_add},
    {"value", "cas", 3, value_cas},
    {"value", "count", 2, value_count},
    {"rlock", "open", 1, rlock_open},
    {"rlock", "acquire", 2, rlock_acquire},
    {"rlock", "release", 1, rlock_release},
    {"rlock", "repaired", 1, rlock_repaired},
    {"rlock", "count", 1, rlock_count},
    {"permits", "open", 2, permits_open},
    {"permits", "acquire", 3, permits_acquire},
    {"permits", "release", 2, permits_release},
    {"permits", "available", 1, permits_available},
    {"permits", "held", 1, permits_held},
    {"semaphore", "open", 3, semaphore_open},
    {"semaphore", "acquire", 2, semaphore_acquire},
    {"semaphore", "release", 2, semaphore_release},
    {"semaphore", "value", 1, semaphore_value},
    {"event", "open", 2, event_open},
    {"event", "set", 1, event_set},
    {"event", "clear", 1, event_clear},
    {"event", "wait", 2, event_wait},
    {"event", "is", 1, event_is},
    {"rwlock", "open", 1, rwlock_open},
    {"rwlock", "read", 2, rwlock_read},
    {"rwlock", "write", 2, rwlock_write},
    {"rwlock", "release", 1, rwlock_release},
    {"rwlock", "repaired", 1, rwlock_repaired},
    {"rwlock", "readers", 1, rwlock_readers},
    {"condition", "open", 1, condition_open},
    {"condition", "wait", 3, condition_wait},
    {"condition", "notify", 2, condition_notify},
    {"condition", "all", 1, condition_all},
    {"condition", "waiters", 1, condition_waiters},
    {"struct", "open", 1, struct_open},
    {"struct", "set", 2, struct_set},
    {"struct", "get", 1, struct_get},
    {"struct", "count", 2, struct_count},
    {"array", "open", 2, array_open},
    {"array", "get", 2, array_get},
    {"array", "set", 3, array_set},
    {"array", "add", 3, array_add},
    {"array", "fill", 4, array_fill},
    {"array", "read", 3, array_read},
    {"array", "round", 3, array_round},
    {"ring", "open", 2, ring_open},
    {"ring", "sender", 1, ring_sender},
    {"ring", "receiver", 1, ring_receiver},
    {"ring", "send", 3, ring_send},
    {"ring", "half", 2, ring_half},
    {"ring", "flood", 3, ring_flood},
    {"ring", "recv", 2, ring_recv},
    {"ring", "peek", 2, ring_peek},
    {"ring", "release", 1, ring_release},
    {"ring", "peer", 1, ring_peer},
    {"queue", "open", 2, queue_open},
    {"queue", "put", 3, queue_put},
    {"queue", "flood", 3, queue_flood},
    {"queue", "get", 2, queue_get},
    {"queue", "owe", 2, queue_owe},
    {"queue", "done", 1, queue_done},
    {"queue", "len", 1, queue_len},
    {"queue", "shutdown", 1, queue_shutdown},
    {"lifo", "open", 2, lifo_open},
    {"lifo", "put", 3, lifo_put},
    {"lifo", "flood", 3, lifo_flood},
    {"lifo", "get", 2, lifo_get},
    {"lifo", "len", 1, lifo_len},
    {"lifo", "shutdown", 1, lifo_shutdown},
    {"priority", "open", 2, priority_open},
    {"priority", "put", 4, priority_put},
    {"priority", "flood", 3, priority_flood},
    {"priority", "get", 2, priority_get},
    {"priority", "len", 1, priority_len},
    {"priority", "shutdown", 1, priority_shutdown},
    {"blocks", "open", 2, blocks_open},
    {"blocks", "alloc", 3, blocks_alloc},
    {"blocks", "read", 2, blocks_read},
    {"blocks", "offer", 2, blocks_offer},
    {"blocks", "adopt", 2, blocks_adopt},
    {"blocks", "free", 2, blocks_free},
    {"blocks", "owned", 1, blocks_owned},
    {"pipe", "open", 1, pipe_open},
    {"pipe", "end", 2, pipe_end},
    {"pipe", "send", 3, pipe_send},
    {"pipe", "recv", 2, pipe_recv},
    {"pipe", "peer", 1, pipe_peer},
    {"pool", "open", 1, pool_open},
    {"pool", "work", 1, pool_work},
    {"pool", "apply", 3, pool_apply},
    {"pool", "submit", 4, pool_submit},
    {"pool", "result", 2, pool_result},
    {"pool", "map", 4, pool_map},
    {"pool", "running", 1, pool_running},
    {"pool", "shutdown", 1, pool_shutdown},
};

static void play(char **words, int count) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (count == verbs[i].arguments + 2 && strcmp(words[0], verbs[i].noun) == 0 &&
            strcmp(words[1], verbs[i].verb) == 0) {
            data[0] = 0;
            cyd_status_t status = verbs[i].play(words + 2);
            if (CYD_FAILED(status)) {
                printf("err %s\n", cyd_status_name(status));
            } else {
                printf(status == CYD_OK ? "ok" : "news %s", cyd_status_name(status));
                printf(data[0] == 0 ? "\n" : " %s\n", data);
            }
            return;
        }
    }
    printf("err usage\n");
}

int main(void) {
    char line[1024];
    if (cyd_task_register("square", square, NULL) != CYD_OK || cyd_task_register("once", once, NULL) != CYD_OK) {
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *words[8];
        int count = 0;
        for (char *word = strtok(line, " \n"); word != NULL && count < 8; word = strtok(NULL, " \n")) {
            words[count++] = word;
        }
        play(words, count);
        fflush(stdout);
    }
    return 0;
}
