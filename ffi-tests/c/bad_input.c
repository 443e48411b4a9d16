/* Arguments that no caller should pass, with good handles: refused with their code, and nothing is written or made. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <string.h>

/* A place for a result of this type that lies one byte off. */
#define ODD(type) ((type *)(void *)(odd + 1))

static _Alignas(64) unsigned char odd[256], untouched[256];
static cyd_yard_t *yard;

static void options(void) {
    cyd_yard_t *none = NULL;
    cyd_ring_t *ring = NULL;
    cyd_yard_options_t given = {0};
    cyd_ring_options_t ring_given = {0};
    const size_t sizes[] = {0, 1, 7, 4097, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        given.struct_size = ring_given.struct_size = sizes[i];
        IS(cyd_yard_create_anonymous(&given, &none), CYD_E_INVALID);
        IS(cyd_yard_create("bad-input", &given, &none), CYD_E_INVALID);
        IS(cyd_yard_open("bad-input", &given, &none), CYD_E_INVALID);
        IS(cyd_yard_open_or_create("bad-input", &given, &none), CYD_E_INVALID);
        IS(cyd_yard_open_fd(0, &given, &none), CYD_E_INVALID);
        IS(cyd_ring_create(yard, "bad-input", &ring_given, &ring), CYD_E_INVALID);
    }
    IS(cyd_yard_create_anonymous(ODD(cyd_yard_options_t), &none), CYD_E_INVALID);
    IS(cyd_ring_create(yard, "bad-input", ODD(cyd_ring_options_t), &ring), CYD_E_INVALID);

    const struct {
        cyd_yard_options_t options;
        cyd_status_t wanted;
    } refused[] = {
        {{.size = UINT64_MAX}, CYD_E_SIZE},        {{.size = UINT64_MAX / 2}, CYD_E_SIZE},
        {{.slots = 4096}, CYD_E_RANGE},            {{.slots = UINT32_MAX}, CYD_E_RANGE},
        {{.objects = 1048577}, CYD_E_RANGE},       {{.objects = UINT32_MAX}, CYD_E_RANGE},
        {{.flags = 4}, CYD_E_VERSION},             {{.flags = UINT32_MAX}, CYD_E_VERSION},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cyd_cost_t cost = {.struct_size = sizeof cost};
        given = refused[i].options;
        given.struct_size = sizeof given;
        IS(cyd_yard_cost(&given, &cost), refused[i].wanted);
        IS(cyd_yard_create_anonymous(&given, &none), refused[i].wanted);
        CHECK(cost.total_bytes == 0);
        cyd_object_cost_t object = {.struct_size = sizeof object};
        IS(cyd_yard_object_cost(&given, CYD_OBJECT_LOCK, &object), refused[i].wanted);
        CHECK(object.empty_bytes == 0);
    }
    const uint32_t modes[] = {01600, 0400, 0200, 0066, UINT32_MAX};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        given = (cyd_yard_options_t){.struct_size = sizeof given, .mode = modes[i]};
        IS(cyd_yard_create("bad-input", &given, &none), CYD_E_INVALID);
    }

    /* an older caller's struct ends early, a newer one's goes on */
    cyd_cost_t small = {.struct_size = sizeof small}, large = {.struct_size = sizeof large};
    given = (cyd_yard_options_t){.struct_size = offsetof(cyd_yard_options_t, slots), .slots = UINT32_MAX};
    OK(cyd_yard_cost(&given, &small));
    OK(cyd_yard_cost(NULL, &large));
    CHECK(memcmp(&small, &large, sizeof small) == 0);
    struct {
        cyd_yard_options_t known;
        uint64_t unknown;
    } newer = {{.struct_size = sizeof newer}, 0};
    OK(cyd_yard_cost(&newer.known, &small));
    newer.unknown = 1;
    IS(cyd_yard_cost(&newer.known, &small), CYD_E_VERSION);
    CHECK(none == NULL && ring == NULL);
}

static void names(void) {
    char long_name[65] = {0};
    memset(long_name, 'x', 64);
    const char *bad[] = {NULL, "", "a b", "a/b", "\xff", long_name};
    cyd_lock_t *lock = NULL;
    cyd_value_t *value = NULL;
    cyd_ring_t *ring = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        IS(cyd_lock_create(yard, bad[i], CYD_SCOPE_THREAD, &lock), CYD_E_NAME);
        IS(cyd_lock_open(yard, bad[i], &lock), CYD_E_NAME);
        IS(cyd_value_create(yard, bad[i], CYD_TYPE_U8, &value), CYD_E_NAME);
        IS(cyd_value_open_or_create(yard, bad[i], CYD_TYPE_U8, &value), CYD_E_NAME);
        IS(cyd_struct_create(yard, bad[i], 8, 8, (cyd_struct_t **)&value), CYD_E_NAME);
        IS(cyd_struct_open(yard, bad[i], 0, 0, (cyd_struct_t **)&value), CYD_E_NAME);
        IS(cyd_array_create(yard, bad[i], CYD_TYPE_U8, 1, NULL, (cyd_array_t **)&value), CYD_E_NAME);
        IS(cyd_array_open(yard, bad[i], CYD_TYPE_ANY, (cyd_array_t **)&value), CYD_E_NAME);
        IS(cyd_struct_array_create(yard, bad[i], 8, 8, 1, (cyd_struct_array_t **)&value), CYD_E_NAME);
        IS(cyd_struct_array_open(yard, bad[i], 0, 0, (cyd_struct_array_t **)&value), CYD_E_NAME);
        IS(cyd_ring_create(yard, bad[i], NULL, &ring), CYD_E_NAME);
        IS(cyd_ring_open(yard, bad[i], &ring), CYD_E_NAME);
    }
    IS(cyd_lock_create(yard, "lock", 3, &lock), CYD_E_INVALID);
    IS(cyd_lock_create(yard, "lock", UINT32_MAX, &lock), CYD_E_INVALID);
    IS(cyd_lock_open(yard, "lock", &lock), CYD_E_NOT_FOUND);
    CHECK(lock == NULL && value == NULL && ring == NULL);
}

/* NULL and misaligned places for results; `wanted` is for the place that `ODD` or NULL stands for. */
#define BOTH(call_with, type)                        \
    do {                                             \
        type *place_ = NULL;                         \
        IS(call_with, CYD_E_NULL);                   \
        place_ = ODD(type);                          \
        IS(call_with, CYD_E_INVALID);                \
        CHECK(memcmp(odd, untouched, sizeof odd) == 0); \
    } while (0)

/* As BOTH for a place that is a single byte and so never misaligned. */
#define ONLY_NULL(call_with, type) \
    do {                           \
        type *place_ = NULL;       \
        IS(call_with, CYD_E_NULL); \
    } while (0)

static void places(void) {
    cyd_lock_t *lock;
    cyd_value_t *value;
    cyd_ring_t *ring;
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    size_t n, cursor = 0;
    const void *data;
    unsigned char byte = 0, old;
    cyd_object_info_t info = {.struct_size = sizeof info};
    cyd_slice_t slice = {"x", 1};
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    OK(cyd_value_create(yard, "value", CYD_TYPE_U8, &value));
    cyd_struct_t *it;
    cyd_array_t *array;
    cyd_struct_array_t *structs;
    OK(cyd_struct_create(yard, "struct", 8, 8, &it));
    OK(cyd_array_create(yard, "array", CYD_TYPE_U8, 2, NULL, &array));
    OK(cyd_struct_array_create(yard, "structs", 8, 8, 2, &structs));
    OK(cyd_ring_create(yard, "ring", NULL, &ring));
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    OK(cyd_lock_acquire(lock, 0));
    OK(cyd_sender_send(sender, "x", 1, 0));

    BOTH(cyd_yard_create("bad-input", NULL, place_), cyd_yard_t *);
    BOTH(cyd_yard_open("bad-input", NULL, place_), cyd_yard_t *);
    BOTH(cyd_yard_open_or_create("bad-input", NULL, place_), cyd_yard_t *);
    BOTH(cyd_yard_create_anonymous(NULL, place_), cyd_yard_t *);
    BOTH(cyd_yard_open_fd(0, NULL, place_), cyd_yard_t *);
    BOTH(cyd_yard_cost(NULL, place_), cyd_cost_t);
    BOTH(cyd_yard_get_cost(yard, place_), cyd_cost_t);
    BOTH(cyd_yard_fd(yard, place_), int);
    BOTH(cyd_yard_next_object(yard, place_, &info), size_t);
    BOTH(cyd_yard_next_object(yard, &cursor, place_), cyd_object_info_t);
    BOTH(cyd_yard_fault(yard, 0, place_), cyd_fault_t);
    ONLY_NULL(cyd_yard_is_sealed(yard, place_), bool);
    CHECK(cursor == 0 && info.bytes == 0);

    BOTH(cyd_lock_create(yard, "n", CYD_SCOPE_THREAD, place_), cyd_lock_t *);
    BOTH(cyd_lock_open(yard, "lock", place_), cyd_lock_t *);
    BOTH(cyd_lock_open_or_create(yard, "lock", CYD_SCOPE_THREAD, place_), cyd_lock_t *);
    BOTH(cyd_lock_holder(lock, place_), cyd_holder_t);
    BOTH(cyd_lock_scope(lock, place_), cyd_scope_t);
    ONLY_NULL(cyd_lock_is_suspect(lock, place_), bool);

    BOTH(cyd_value_create(yard, "n", CYD_TYPE_U8, place_), cyd_value_t *);
    BOTH(cyd_value_open(yard, "value", CYD_TYPE_U8, place_), cyd_value_t *);
    BOTH(cyd_value_open_or_create(yard, "value", CYD_TYPE_U8, place_), cyd_value_t *);
    BOTH(cyd_value_type(value, place_), cyd_type_t);
    ONLY_NULL(cyd_value_get(value, CYD_TYPE_U8, place_), void);
    ONLY_NULL(cyd_value_set(value, CYD_TYPE_U8, place_), void);
    ONLY_NULL(cyd_value_fetch(value, CYD_TYPE_U8, CYD_OP_ADD, place_, &old), void);
    ONLY_NULL(cyd_value_compare_exchange(value, CYD_TYPE_U8, &byte, &byte, place_), bool);
    ONLY_NULL(cyd_value_compare_exchange(value, CYD_TYPE_U8, place_, &byte, (bool *)&old), void);
    ONLY_NULL(cyd_value_compare_exchange(value, CYD_TYPE_U8, &byte, place_, (bool *)&old), void);

    BOTH(cyd_struct_create(yard, "n", 8, 8, place_), cyd_struct_t *);
    BOTH(cyd_struct_open(yard, "struct", 0, 0, place_), cyd_struct_t *);
    BOTH(cyd_struct_open_or_create(yard, "struct", 8, 8, place_), cyd_struct_t *);
    BOTH(cyd_struct_size(it, place_, NULL), size_t);
    IS(cyd_struct_size(it, &n, ODD(size_t)), CYD_E_INVALID);
    ONLY_NULL(cyd_struct_get(it, place_, 8), void);
    ONLY_NULL(cyd_struct_set(it, place_, 8, 0), void);
    BOTH(cyd_array_create(yard, "n", CYD_TYPE_U8, 2, NULL, place_), cyd_array_t *);
    BOTH(cyd_array_open(yard, "array", CYD_TYPE_U8, place_), cyd_array_t *);
    BOTH(cyd_array_open_or_create(yard, "array", CYD_TYPE_U8, 2, NULL, place_), cyd_array_t *);
    IS(cyd_array_create(yard, "n", CYD_TYPE_U8, 2, ODD(cyd_array_options_t), &array), CYD_E_INVALID);
    BOTH(cyd_array_len(array, place_), size_t);
    BOTH(cyd_array_type(array, place_), cyd_type_t);
    ONLY_NULL(cyd_array_get(array, CYD_TYPE_U8, 0, place_), void);
    ONLY_NULL(cyd_array_set(array, CYD_TYPE_U8, 0, place_), void);
    ONLY_NULL(cyd_array_fetch(array, CYD_TYPE_U8, 0, CYD_OP_ADD, place_, &old), void);
    ONLY_NULL(cyd_array_compare_exchange(array, CYD_TYPE_U8, 0, &byte, &byte, place_), bool);
    ONLY_NULL(cyd_array_compare_exchange(array, CYD_TYPE_U8, 0, place_, &byte, (bool *)&old), void);
    ONLY_NULL(cyd_array_compare_exchange(array, CYD_TYPE_U8, 0, &byte, place_, (bool *)&old), void);
    BOTH(cyd_struct_array_create(yard, "n", 8, 8, 2, place_), cyd_struct_array_t *);
    BOTH(cyd_struct_array_open(yard, "structs", 0, 0, place_), cyd_struct_array_t *);
    BOTH(cyd_struct_array_open_or_create(yard, "structs", 8, 8, 2, place_), cyd_struct_array_t *);
    BOTH(cyd_struct_array_len(structs, place_), size_t);
    BOTH(cyd_struct_array_size(structs, place_, NULL), size_t);
    ONLY_NULL(cyd_struct_array_get(structs, 0, place_, 8), void);
    ONLY_NULL(cyd_struct_array_set(structs, 0, place_, 8, 0), void);

    BOTH(cyd_ring_create(yard, "n", NULL, place_), cyd_ring_t *);
    BOTH(cyd_ring_open(yard, "ring", place_), cyd_ring_t *);
    BOTH(cyd_ring_open_or_create(yard, "ring", NULL, place_), cyd_ring_t *);
    BOTH(cyd_ring_capacity(ring, place_), size_t);
    BOTH(cyd_ring_max_len(ring, place_), size_t);
    BOTH(cyd_ring_sender_state(ring, place_), cyd_peer_t);
    BOTH(cyd_ring_receiver_state(ring, place_), cyd_peer_t);
    BOTH(cyd_ring_sender(ring, CYD_STRATEGY_SPIN, place_), cyd_sender_t *);
    BOTH(cyd_ring_receiver(ring, CYD_STRATEGY_SPIN, place_), cyd_receiver_t *);

    ONLY_NULL(cyd_sender_send(sender, place_, 1, 0), void);
    BOTH(cyd_sender_send_batch(sender, place_, 1, 0, &n), cyd_slice_t);
    BOTH(cyd_sender_send_batch(sender, &slice, 1, 0, place_), size_t);
    BOTH(cyd_sender_reserve(sender, 1, 0, place_), void *);
    BOTH(cyd_sender_peer(sender, place_), cyd_peer_t);
    ONLY_NULL(cyd_receiver_recv(receiver, place_, 1, 0, &n), void);
    BOTH(cyd_receiver_recv(receiver, &byte, 1, 0, place_), size_t);
    BOTH(cyd_receiver_recv_batch(receiver, &byte, 1, place_, 1, 0, &n), size_t);
    BOTH(cyd_receiver_recv_batch(receiver, &byte, 1, &n, 1, 0, place_), size_t);
    BOTH(cyd_receiver_peek(receiver, 0, place_, &n), const void *);
    BOTH(cyd_receiver_peek(receiver, 0, &data, place_), size_t);
    BOTH(cyd_receiver_peer(receiver, place_), cyd_peer_t);
    IS(cyd_receiver_recv(receiver, &byte, SIZE_MAX, 0, &n), CYD_E_INVALID);

    /* the one record is still the only one, and nothing was made */
    OK(cyd_receiver_recv(receiver, &byte, 1, 0, &n));
    IS(cyd_receiver_recv(receiver, &byte, 1, 0, &n), CYD_E_EMPTY);
    for (int i = 0; i < 6; i++) {
        OK(cyd_yard_next_object(yard, &cursor, &info));
    }
    IS(cyd_yard_next_object(yard, &cursor, &info), CYD_E_END);
    OK(cyd_lock_release(lock));
    OK(cyd_struct_array_close(structs));
    OK(cyd_array_close(array));
    OK(cyd_struct_close(it));
    OK(cyd_receiver_close(receiver));
    OK(cyd_sender_close(sender));
    OK(cyd_ring_close(ring));
    OK(cyd_value_close(value));
    OK(cyd_lock_close(lock));
}

/* Timeouts at the ends of their range. */
static void timeouts(void) {
    cyd_lock_t *lock;
    OK(cyd_lock_create(yard, "timeouts", CYD_SCOPE_PROCESS, &lock));
    OK(cyd_lock_acquire(lock, INT64_MIN));
    IS(cyd_lock_acquire(lock, 1), CYD_E_TIMEOUT);
    OK(cyd_lock_release(lock));
    OK(cyd_lock_acquire(lock, INT64_MAX));
    pid_t child;
    CHILD(child) {
        alarm(1);
        (void)!cyd_lock_acquire(lock, INT64_MAX); /* waits; the alarm ends the process */
    }
    WAS_KILLED(child);
    OK(cyd_lock_release(lock));
    OK(cyd_lock_close(lock));
}

int main(void) {
    memset(odd, 0xEE, sizeof odd);
    memset(untouched, 0xEE, sizeof untouched);
    OK(cyd_yard_create_anonymous(NULL, &yard));
    options();
    names();
    places();
    timeouts();
    OK(cyd_yard_close(yard));
    return 0;
}
