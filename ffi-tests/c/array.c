/* Arrays: every operation, runs, bounds, wrong types and sizes, wide characters, structs, a signal handler, a child. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <wchar.h>

static cyd_yard_t *yard;

static void elements(void) {
    cyd_array_t *array, *same;
    OK(cyd_array_create(yard, "elements", CYD_TYPE_I16, 10, NULL, &array));
    OK(cyd_array_open(yard, "elements", CYD_TYPE_ANY, &same));
    size_t len = 0;
    cyd_type_t type = 0;
    OK(cyd_array_len(same, &len));
    OK(cyd_array_type(same, &type));
    CHECK(len == 10 && type == CYD_TYPE_I16);
    int16_t n = 5, old = 0, next = 7;
    bool done = false;
    OK(CYD_ARRAY_SET(array, 9, &n));
    OK(CYD_ARRAY_FETCH(array, 9, CYD_OP_ADD, &n, &old));
    CHECK(old == 5);
    OK(CYD_ARRAY_FETCH(array, 8, CYD_OP_MAX, &n, NULL));
    n = 3;
    OK(CYD_ARRAY_COMPARE_EXCHANGE(array, 9, &n, &next, &done));
    CHECK(!done && n == 10);
    OK(CYD_ARRAY_COMPARE_EXCHANGE(array, 9, &n, &next, &done));
    CHECK(done);
    OK(CYD_ARRAY_GET(same, 9, &n));
    CHECK(n == 7);

    int16_t run[4] = {1, 2, 3, 4}, all[10];
    OK(CYD_ARRAY_WRITE(array, 1, 4, run));
    n = -9;
    OK(CYD_ARRAY_FILL(array, 6, 2, &n));
    OK(CYD_ARRAY_READ(same, 0, 10, all));
    const int16_t wanted[10] = {0, 1, 2, 3, 4, 0, -9, -9, 5, 7};
    CHECK(memcmp(all, wanted, sizeof all) == 0);
    unsigned char room[7];
    memset(room, 0xEE, sizeof room);
    OK(cyd_array_read(array, CYD_TYPE_I16, 6, 2, room + 1)); /* not aligned */
    CHECK(room[0] == 0xEE && room[5] == 0xEE && memcmp(room + 1, &wanted[6], 4) == 0);
    OK(cyd_array_read(array, CYD_TYPE_I16, 10, 0, NULL));
    OK(cyd_array_write(array, CYD_TYPE_I16, 0, 0, NULL));
    OK(cyd_array_fill(array, CYD_TYPE_I16, 10, 0, &n));

    /* what is out of range is refused as a whole */
    const size_t far[] = {10, 11, SIZE_MAX / 2, SIZE_MAX};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        IS(CYD_ARRAY_GET(array, far[i], &n), CYD_E_RANGE);
        IS(CYD_ARRAY_SET(array, far[i], &n), CYD_E_RANGE);
        IS(CYD_ARRAY_FETCH(array, far[i], CYD_OP_ADD, &n, &old), CYD_E_RANGE);
        IS(CYD_ARRAY_COMPARE_EXCHANGE(array, far[i], &n, &next, &done), CYD_E_RANGE);
        IS(CYD_ARRAY_READ(array, far[i], 1, all), CYD_E_RANGE);
        IS(CYD_ARRAY_WRITE(array, far[i], 1, all), CYD_E_RANGE);
        IS(CYD_ARRAY_FILL(array, far[i], 1, &n), CYD_E_RANGE);
        IS(CYD_ARRAY_READ(array, 1, far[i], all), CYD_E_RANGE);
        IS(CYD_ARRAY_WRITE(array, 1, far[i], all), CYD_E_RANGE);
        IS(CYD_ARRAY_FILL(array, 1, far[i], &n), CYD_E_RANGE);
    }
    /* so is another type, and what is missing */
    const cyd_type_t others[] = {CYD_TYPE_ANY, CYD_TYPE_U16, CYD_TYPE_I8, CYD_TYPE_U64, 13, UINT32_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        IS(cyd_array_get(array, others[i], 0, all), CYD_E_TYPE);
        IS(cyd_array_set(array, others[i], 0, all), CYD_E_TYPE);
        IS(cyd_array_fetch(array, others[i], 0, CYD_OP_ADD, all, all), CYD_E_TYPE);
        IS(cyd_array_compare_exchange(array, others[i], 0, all, all, &done), CYD_E_TYPE);
        IS(cyd_array_read(array, others[i], 0, 1, all), CYD_E_TYPE);
        IS(cyd_array_write(array, others[i], 0, 1, all), CYD_E_TYPE);
        IS(cyd_array_fill(array, others[i], 0, 1, all), CYD_E_TYPE);
    }
    IS(cyd_array_read(array, CYD_TYPE_I16, 0, 1, NULL), CYD_E_NULL);
    IS(cyd_array_write(array, CYD_TYPE_I16, 0, 1, NULL), CYD_E_NULL);
    IS(cyd_array_fill(array, CYD_TYPE_I16, 0, 1, NULL), CYD_E_NULL);
    IS(CYD_ARRAY_FETCH(array, 0, 0, &n, &old), CYD_E_INVALID);
    IS(CYD_ARRAY_FETCH(array, 0, 9, &n, &old), CYD_E_INVALID);
    OK(CYD_ARRAY_READ(same, 0, 10, all));
    CHECK(memcmp(all, wanted, sizeof all) == 0);
    OK(cyd_array_close(same));
    OK(cyd_array_close(array));
    OK(cyd_array_close(NULL));
}

static void kinds(void) {
    cyd_array_t *array;
    double d[2] = {1.5, NAN};
    OK(cyd_array_create(yard, "reals", CYD_TYPE_OF(d[0]), 2, NULL, &array));
    OK(CYD_ARRAY_FILL(array, 0, 2, &d[1]));
    OK(CYD_ARRAY_FETCH(array, 1, CYD_OP_MIN, &d[0], NULL));
    OK(CYD_ARRAY_READ(array, 0, 2, d));
    CHECK(isnan(d[0]) && d[1] == 1.5); /* a number rather than NaN */
    IS(CYD_ARRAY_FETCH(array, 0, CYD_OP_OR, &d[0], NULL), CYD_E_UNSUPPORTED);
    OK(cyd_array_close(array));

    unsigned char byte = 7, bytes[3] = {0, 2, 255};
    OK(cyd_array_create(yard, "flags", CYD_TYPE_BOOL, 3, NULL, &array));
    OK(cyd_array_write(array, CYD_TYPE_BOOL, 0, 3, bytes));
    OK(cyd_array_read(array, CYD_TYPE_BOOL, 0, 3, bytes));
    CHECK(bytes[0] == 0 && bytes[1] == 1 && bytes[2] == 1);
    OK(cyd_array_set(array, CYD_TYPE_BOOL, 0, &byte));
    OK(cyd_array_get(array, CYD_TYPE_BOOL, 0, &byte));
    CHECK(byte == 1);
    OK(cyd_array_close(array));

    const wchar_t text[] = L"wide \u00e9";
    wchar_t back[8] = {0};
    uint32_t none = 0xD800, is = 0;
    _Static_assert(sizeof(wchar_t) == 4, "as everywhere on Linux");
    OK(cyd_array_create(yard, "text", CYD_TYPE_WCHAR, 8, NULL, &array));
    OK(cyd_array_write(array, CYD_TYPE_WCHAR, 0, sizeof text / 4, text));
    OK(cyd_array_read(array, CYD_TYPE_WCHAR, 0, 8, back));
    CHECK(wcscmp(back, text) == 0);
    OK(cyd_array_set(array, CYD_TYPE_WCHAR, 0, &none)); /* no code point */
    OK(cyd_array_get(array, CYD_TYPE_WCHAR, 0, &is));
    CHECK(is == 0xFFFD);
    OK(cyd_array_fetch(array, CYD_TYPE_WCHAR, 0, CYD_OP_MIN, L"m", &is));
    OK(cyd_array_get(array, CYD_TYPE_WCHAR, 0, back));
    CHECK(is == 0xFFFD && back[0] == L'm');
    IS(cyd_array_fetch(array, CYD_TYPE_WCHAR, 0, CYD_OP_ADD, L"m", NULL), CYD_E_UNSUPPORTED);
    OK(cyd_array_close(array));
}

static void making(void) {
    cyd_array_t *array = NULL;
    cyd_struct_array_t *structs = NULL;
    cyd_array_options_t options = {.struct_size = sizeof options};
    IS(cyd_array_create(yard, "n", CYD_TYPE_U8, 0, NULL, &array), CYD_E_RANGE);
    IS(cyd_array_create(yard, "n", CYD_TYPE_U64, SIZE_MAX, NULL, &array), CYD_E_SIZE);
    IS(cyd_array_create(yard, "n", CYD_TYPE_U64, SIZE_MAX / 8 + 2, NULL, &array), CYD_E_SIZE);
    IS(cyd_array_create(yard, "n", CYD_TYPE_U8, (size_t)1 << 32, NULL, &array), CYD_E_NO_SPACE);
    IS(cyd_array_create(yard, "n", CYD_TYPE_ANY, 1, NULL, &array), CYD_E_INVALID);
    IS(cyd_array_create(yard, "n", 13, 1, NULL, &array), CYD_E_INVALID);
    options.reserved = 1;
    IS(cyd_array_create(yard, "n", CYD_TYPE_U8, 1, &options, &array), CYD_E_VERSION);
    options.reserved = 0;
    options.lock = 2;
    IS(cyd_array_create(yard, "n", CYD_TYPE_U8, 1, &options, &array), CYD_E_VERSION);
    IS(cyd_struct_array_create(yard, "n", 8, 8, 0, &structs), CYD_E_RANGE);
    IS(cyd_struct_array_create(yard, "n", 0, 8, 1, &structs), CYD_E_SIZE);
    IS(cyd_struct_array_create(yard, "n", 8, 3, 1, &structs), CYD_E_SIZE);
    IS(cyd_struct_array_create(yard, "n", 4096, 64, SIZE_MAX / 4096, &structs), CYD_E_SIZE);
    OK(cyd_array_open_or_create(yard, "made", CYD_TYPE_U8, 3, NULL, &array));
    OK(cyd_array_close(array));
    OK(cyd_array_open_or_create(yard, "made", CYD_TYPE_U8, 3, NULL, &array));
    OK(cyd_array_close(array));
    array = NULL;
    IS(cyd_array_open_or_create(yard, "made", CYD_TYPE_U8, 4, NULL, &array), CYD_E_MISMATCH);
    IS(cyd_array_open_or_create(yard, "made", CYD_TYPE_I8, 3, NULL, &array), CYD_E_MISMATCH);
    IS(cyd_array_open(yard, "made", CYD_TYPE_BOOL, &array), CYD_E_MISMATCH);
    IS(cyd_array_create(yard, "made", CYD_TYPE_U8, 3, NULL, &array), CYD_E_EXISTS);
    IS(cyd_struct_array_open(yard, "made", 0, 0, &structs), CYD_E_MISMATCH);
    IS(cyd_array_open(yard, "nothing", CYD_TYPE_ANY, &array), CYD_E_NOT_FOUND);
    CHECK(array == NULL && structs == NULL);
}

typedef struct {
    uint32_t a, b, c;
} triple_t;

static void add(void *value, void *context) {
    triple_t *triple = value;
    triple->a++, triple->b++, triple->c++;
    if (context != NULL) {
        kill(getpid(), SIGKILL);
    }
}

static void structs(void) {
    cyd_struct_array_t *array, *same = NULL;
    OK(cyd_struct_array_create(yard, "structs", sizeof(triple_t), _Alignof(triple_t), 4, &array));
    OK(cyd_struct_array_open(yard, "structs", 0, 0, &same));
    size_t len = 0, size = 0, alignment = 0;
    OK(cyd_struct_array_len(same, &len));
    OK(cyd_struct_array_size(same, &size, &alignment));
    CHECK(len == 4 && size == 12 && alignment == 4);
    OK(cyd_struct_array_close(same));
    same = NULL;
    IS(cyd_struct_array_open(yard, "structs", 16, 4, &same), CYD_E_MISMATCH);
    IS(cyd_struct_array_open_or_create(yard, "structs", 12, 4, 5, &same), CYD_E_MISMATCH);
    OK(cyd_struct_array_open_or_create(yard, "structs", 12, 4, 4, &same));
    triple_t in = {7, 8, 9}, out = {0, 0, 0};
    OK(cyd_struct_array_set(array, 3, &in, sizeof in, 0));
    OK(cyd_struct_array_update(array, 3, sizeof in, -1, add, NULL));
    OK(cyd_struct_array_get(same, 3, &out, sizeof out));
    CHECK(out.a == 8 && out.b == 9 && out.c == 10);
    OK(cyd_struct_array_get(same, 2, &out, sizeof out));
    CHECK(out.a == 0 && out.c == 0);
    IS(cyd_struct_array_get(same, 4, &out, sizeof out), CYD_E_RANGE);
    IS(cyd_struct_array_get(same, SIZE_MAX, &out, sizeof out), CYD_E_RANGE);
    IS(cyd_struct_array_set(same, 4, &out, sizeof out, 0), CYD_E_RANGE);
    IS(cyd_struct_array_update(same, 4, sizeof out, 0, add, NULL), CYD_E_RANGE);
    IS(cyd_struct_array_get(same, 0, &out, 8), CYD_E_SIZE);
    IS(cyd_struct_array_set(same, 0, &out, 13, 0), CYD_E_SIZE);
    IS(cyd_struct_array_update(same, 0, sizeof out, 0, NULL, NULL), CYD_E_NULL);
    IS(cyd_struct_array_get(same, 0, NULL, sizeof out), CYD_E_NULL);
    pid_t child;
    for (size_t i = 0; i < 4; i++) {
        CHILD(child) {
            (void)!cyd_struct_array_update(array, i, sizeof in, -1, add, &child);
        }
        WAS_KILLED(child);
        OK(cyd_struct_array_update(array, i, sizeof in, 5000 * MS, add, NULL));
    }
    OK(cyd_struct_array_get(same, 3, &out, sizeof out));
    CHECK(out.a == 9 && out.b == 10 && out.c == 11);
    OK(cyd_struct_array_close(same));
    OK(cyd_struct_array_close(array));
    OK(cyd_struct_array_close(NULL));
}

static void own_lock(void) {
    cyd_array_t *array, *same = NULL, *none = NULL;
    cyd_array_options_t options = {.struct_size = sizeof options, .lock = 1};
    OK(cyd_array_create(yard, "locked", CYD_TYPE_I64, 3, &options, &array));
    IS(cyd_array_open_or_create(yard, "locked", CYD_TYPE_I64, 3, NULL, &none), CYD_E_MISMATCH);
    OK(cyd_array_open_or_create(yard, "locked", CYD_TYPE_I64, 3, &options, &same));
    IS(cyd_array_unlock(array), CYD_E_NOT_OWNER);
    IS(cyd_array_repaired(array), CYD_E_NOT_OWNER);
    OK(cyd_array_lock(array, 0));
    OK(cyd_array_lock(same, -1)); /* again */
    pid_t child;
    CHILD(child) {
        int64_t n = 5;
        OK(CYD_ARRAY_SET(array, 0, &n)); /* no call waits for the lock */
        IS(cyd_array_lock(array, 0), CYD_E_BUSY);
        IS(cyd_array_lock(array, MS), CYD_E_TIMEOUT);
        IS(cyd_array_unlock(array), CYD_E_NOT_OWNER);
    }
    ENDED_WELL(child);
    OK(cyd_array_unlock(array));
    OK(cyd_array_unlock(same));
    IS(cyd_array_unlock(array), CYD_E_NOT_OWNER);
    CHILD(child) {
        OK(cyd_array_lock(array, -1));
        kill(getpid(), SIGKILL);
    }
    WAS_KILLED(child);
    IS(cyd_array_lock(array, 5000 * MS), CYD_OWNER_DIED);
    OK(cyd_array_repaired(array));
    OK(cyd_array_unlock(array));
    OK(cyd_array_lock(same, 0));
    OK(cyd_array_unlock(same));
    int64_t all[3];
    OK(CYD_ARRAY_READ(same, 0, 3, all));
    CHECK(all[0] == 5 && all[1] == 0 && all[2] == 0);
    OK(cyd_array_close(same));
    OK(cyd_array_close(array));
    OK(cyd_array_create(yard, "unlocked", CYD_TYPE_U8, 1, NULL, &array));
    IS(cyd_array_lock(array, 0), CYD_E_UNSUPPORTED);
    IS(cyd_array_unlock(array), CYD_E_UNSUPPORTED);
    IS(cyd_array_repaired(array), CYD_E_UNSUPPORTED);
    OK(cyd_array_close(array));
    CHECK(none == NULL);
}

static cyd_array_t *shared;

static void tick(int number) {
    (void)number;
    uint32_t one = 1, four[4];
    CHECK(!CYD_FAILED(CYD_ARRAY_FETCH(shared, 3, CYD_OP_ADD, &one, NULL)));
    CHECK(!CYD_FAILED(CYD_ARRAY_READ(shared, 0, 4, four)));
    CHECK(CYD_ARRAY_GET(shared, 4, &one) == CYD_E_RANGE);
}

static void *count(void *index) {
    uint32_t one = 1;
    for (int i = 0; i < 50000; i++) {
        OK(CYD_ARRAY_FETCH(shared, *(size_t *)index, CYD_OP_ADD, &one, NULL));
        OK(CYD_ARRAY_FETCH(shared, 2, CYD_OP_ADD, &one, NULL));
    }
    return NULL;
}

static void together(void) {
    size_t first = 0, second = 1;
    pthread_t thread;
    pid_t child;
    OK(cyd_array_create(yard, "together", CYD_TYPE_U32, 4, NULL, &shared));
    struct sigaction action = {.sa_handler = tick};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHILD(child) {
        count(&first);
    }
    CHECK(pthread_create(&thread, NULL, count, &second) == 0);
    for (int i = 0; i < 100; i++) {
        CHECK(raise(SIGUSR1) == 0);
    }
    count(&first);
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(child);
    uint32_t all[4];
    OK(CYD_ARRAY_READ(shared, 0, 4, all));
    CHECK(all[0] == 100000 && all[1] == 50000 && all[2] == 150000 && all[3] == 100);
    OK(cyd_array_close(shared));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    elements();
    kinds();
    making();
    structs();
    own_lock();
    together();
    OK(cyd_yard_close(yard));
    return 0;
}
