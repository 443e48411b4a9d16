/* Values: every type, every operation, wrong types refused, use in a signal handler and in a fork child. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static cyd_yard_t *yard;

/* The compiler finds each type, and every bit comes back. */
#define ROUND_TRIP(type, constant, number)                                  \
    do {                                                                    \
        cyd_value_t *value_, *same_;                                        \
        cyd_type_t found_ = 0;                                              \
        type in_ = (number), out_ = 0;                                      \
        _Static_assert(CYD_TYPE_OF(in_) == (constant), #type);              \
        OK(cyd_value_create(yard, #type, CYD_TYPE_OF(in_), &value_));       \
        OK(cyd_value_open(yard, #type, CYD_TYPE_ANY, &same_));              \
        OK(cyd_value_type(same_, &found_));                                 \
        CHECK(found_ == (constant));                                        \
        OK(CYD_VALUE_GET(same_, &out_));                                    \
        CHECK(out_ == 0);                                                   \
        OK(CYD_VALUE_SET(value_, &in_));                                    \
        OK(CYD_VALUE_GET(same_, &out_));                                    \
        CHECK(memcmp(&in_, &out_, sizeof in_) == 0);                        \
        type zero_ = 0, old_ = 0;                                           \
        OK(CYD_VALUE_FETCH(value_, CYD_OP_SWAP, &zero_, &old_));            \
        CHECK(memcmp(&in_, &old_, sizeof in_) == 0);                        \
        OK(CYD_VALUE_FETCH(value_, CYD_OP_SWAP, &in_, NULL));               \
        bool done_ = true;                                                  \
        type guess_ = zero_;                                                \
        OK(CYD_VALUE_COMPARE_EXCHANGE(value_, &guess_, &zero_, &done_));    \
        CHECK(!done_ && memcmp(&in_, &guess_, sizeof in_) == 0);            \
        OK(CYD_VALUE_COMPARE_EXCHANGE(value_, &guess_, &zero_, &done_));    \
        CHECK(done_ && memcmp(&in_, &guess_, sizeof in_) == 0);             \
        OK(CYD_VALUE_GET(value_, &out_));                                   \
        CHECK(out_ == 0);                                                   \
        OK(cyd_value_close(value_));                                        \
        OK(cyd_value_close(same_));                                         \
    } while (0)

static void every_type(void) {
    ROUND_TRIP(int8_t, CYD_TYPE_I8, INT8_MIN);
    ROUND_TRIP(uint8_t, CYD_TYPE_U8, UINT8_MAX);
    ROUND_TRIP(int16_t, CYD_TYPE_I16, INT16_MIN);
    ROUND_TRIP(uint16_t, CYD_TYPE_U16, UINT16_MAX);
    ROUND_TRIP(int32_t, CYD_TYPE_I32, INT32_MIN);
    ROUND_TRIP(uint32_t, CYD_TYPE_U32, UINT32_MAX);
    ROUND_TRIP(int64_t, CYD_TYPE_I64, INT64_MIN);
    ROUND_TRIP(uint64_t, CYD_TYPE_U64, UINT64_MAX);
    ROUND_TRIP(float, CYD_TYPE_F32, -FLT_MIN);
    ROUND_TRIP(double, CYD_TYPE_F64, DBL_MAX);
    ROUND_TRIP(bool, CYD_TYPE_BOOL, true);
    _Static_assert(CYD_TYPE_OF(1LL) == CYD_TYPE_I64 && CYD_TYPE_OF(1ULL) == CYD_TYPE_U64, "long long");
}

static void operations(void) {
    cyd_value_t *value;
    int16_t n = INT16_MAX, one = 1, old = 0;
    OK(cyd_value_create(yard, "ops", CYD_TYPE_I16, &value));
    OK(CYD_VALUE_SET(value, &n));
    OK(CYD_VALUE_FETCH(value, CYD_OP_ADD, &one, &old));
    CHECK(old == INT16_MAX);
    const struct {
        cyd_op_t op;
        int16_t operand, becomes;
    } steps[] = {
        {CYD_OP_SUB, 0, INT16_MIN},    {CYD_OP_SUB, 1, INT16_MAX}, {CYD_OP_AND, 0x0F0F, 0x0F0F},
        {CYD_OP_OR, 0x1000, 0x1F0F},   {CYD_OP_XOR, -1, ~0x1F0F},  {CYD_OP_MAX, -5, -5},
        {CYD_OP_MIN, 3, -5},           {CYD_OP_MIN, -9, -9},       {CYD_OP_SWAP, 77, 77},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        OK(CYD_VALUE_FETCH(value, steps[i].op, &steps[i].operand, &old));
        OK(CYD_VALUE_GET(value, &n));
        CHECK(n == steps[i].becomes);
    }
    IS(CYD_VALUE_FETCH(value, 0, &one, &old), CYD_E_INVALID);
    IS(CYD_VALUE_FETCH(value, 9, &one, &old), CYD_E_INVALID);
    IS(CYD_VALUE_FETCH(value, UINT32_MAX, &one, NULL), CYD_E_INVALID);
    OK(cyd_value_close(value));

    double d = 1.5, nan = NAN;
    OK(cyd_value_create(yard, "real", CYD_TYPE_F64, &value));
    OK(CYD_VALUE_FETCH(value, CYD_OP_ADD, &d, NULL));
    OK(CYD_VALUE_FETCH(value, CYD_OP_SUB, &nan, NULL));
    OK(CYD_VALUE_FETCH(value, CYD_OP_MAX, &d, NULL));
    d = 0;
    OK(CYD_VALUE_GET(value, &d));
    CHECK(d == 1.5);
    IS(CYD_VALUE_FETCH(value, CYD_OP_AND, &d, NULL), CYD_E_UNSUPPORTED);
    OK(cyd_value_close(value));

    bool b = true, was = true;
    OK(cyd_value_create(yard, "flag", CYD_TYPE_BOOL, &value));
    OK(CYD_VALUE_FETCH(value, CYD_OP_OR, &b, &was));
    CHECK(!was);
    OK(CYD_VALUE_FETCH(value, CYD_OP_XOR, &b, &was));
    CHECK(was);
    IS(CYD_VALUE_FETCH(value, CYD_OP_ADD, &b, NULL), CYD_E_UNSUPPORTED);
    /* what is no bool goes in and comes out as one */
    unsigned char seven = 7, byte = 0;
    OK(cyd_value_set(value, CYD_TYPE_BOOL, &seven));
    OK(cyd_value_get(value, CYD_TYPE_BOOL, &byte));
    CHECK(byte == 1);
    OK(cyd_value_close(value));
}

static void wrong_types(void) {
    cyd_value_t *value, *none = NULL;
    unsigned char guard[16];
    OK(cyd_value_create(yard, "small", CYD_TYPE_U8, &value));
    memset(guard, 0xEE, sizeof guard);
    const cyd_type_t others[] = {CYD_TYPE_ANY, CYD_TYPE_I8, CYD_TYPE_U64, CYD_TYPE_BOOL, CYD_TYPE_WCHAR, 13, UINT32_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        bool done = false;
        IS(cyd_value_get(value, others[i], guard), CYD_E_TYPE);
        IS(cyd_value_set(value, others[i], guard), CYD_E_TYPE);
        IS(cyd_value_fetch(value, others[i], CYD_OP_SWAP, guard, guard), CYD_E_TYPE);
        IS(cyd_value_compare_exchange(value, others[i], guard, guard, &done), CYD_E_TYPE);
        CHECK(!done);
    }
    for (size_t i = 0; i < sizeof guard; i++) {
        CHECK(guard[i] == 0xEE);
    }
    uint8_t n = 9;
    OK(CYD_VALUE_GET(value, &n));
    CHECK(n == 0);
    IS(cyd_value_create(yard, "what", CYD_TYPE_ANY, &none), CYD_E_INVALID);
    IS(cyd_value_create(yard, "what", 13, &none), CYD_E_INVALID);
    IS(cyd_value_open_or_create(yard, "what", CYD_TYPE_ANY, &none), CYD_E_INVALID);
    IS(cyd_value_open(yard, "small", CYD_TYPE_I8, &none), CYD_E_MISMATCH);
    IS(cyd_value_open_or_create(yard, "small", CYD_TYPE_U16, &none), CYD_E_MISMATCH);
    CHECK(none == NULL);
    OK(cyd_value_open_or_create(yard, "small", CYD_TYPE_U8, &none));
    OK(cyd_value_close(none));

    /* numbers need not be aligned; bytes beside them stay */
    cyd_value_t *wide;
    OK(cyd_value_create(yard, "wide", CYD_TYPE_U64, &wide));
    for (int i = 0; i < 8; i++) {
        guard[1 + i] = (unsigned char)i;
    }
    OK(cyd_value_set(wide, CYD_TYPE_U64, guard + 1));
    memset(guard, 0xEE, sizeof guard);
    OK(cyd_value_get(wide, CYD_TYPE_U64, guard + 3));
    CHECK(guard[2] == 0xEE && guard[3] == 0 && guard[10] == 7 && guard[11] == 0xEE);
    OK(cyd_value_close(wide));
    OK(cyd_value_close(value));
}

static cyd_value_t *heard;

static void tick(int number) {
    (void)number;
    uint32_t one = 1, old, seen;
    bool done;
    CHECK(!CYD_FAILED(CYD_VALUE_FETCH(heard, CYD_OP_ADD, &one, &old)));
    CHECK(!CYD_FAILED(CYD_VALUE_GET(heard, &seen)));
    CHECK(seen > old);
    CHECK(!CYD_FAILED(CYD_VALUE_COMPARE_EXCHANGE(heard, &seen, &seen, &done)) && done);
}

static void signal_handler(void) {
    OK(cyd_value_create(yard, "heard", CYD_TYPE_U32, &heard));
    struct sigaction action = {.sa_handler = tick};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval timer = {.it_interval.tv_usec = 500, .it_value.tv_usec = 500}, off = {.it_value.tv_usec = 0};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    uint32_t n = 0;
    for (int64_t end = now_ns() + 2000 * MS; n < 50 && now_ns() < end;) {
        free(malloc(100)); /* the handler interrupts what it must not call */
        OK(CYD_VALUE_GET(heard, &n));
    }
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    CHECK(n >= 50);
    OK(cyd_value_close(heard));
}

static void *add(void *value) {
    uint64_t one = 1;
    for (int i = 0; i < 50000; i++) {
        OK(CYD_VALUE_FETCH((cyd_value_t *)value, CYD_OP_ADD, &one, NULL));
    }
    return NULL;
}

static void together(void) {
    cyd_value_t *value;
    pthread_t thread;
    pid_t child;
    OK(cyd_value_create(yard, "together", CYD_TYPE_U64, &value));
    CHILD(child) {
        add(value);
    }
    CHECK(pthread_create(&thread, NULL, add, value) == 0);
    add(value);
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(child);
    uint64_t n = 0;
    OK(CYD_VALUE_GET(value, &n));
    CHECK(n == 150000);
    OK(cyd_value_close(value));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    every_type();
    operations();
    wrong_types();
    signal_handler();
    together();
    OK(cyd_yard_close(yard));
    return 0;
}
