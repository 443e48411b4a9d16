/* Structs: whole values only, sizes that lie, changes in a function, writers that die, readers in a fork child. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static cyd_yard_t *yard;

typedef struct {
    double x, y;
    int32_t turns;
    char name[13];
} thing_t;

static cyd_struct_t *make(const char *name) {
    cyd_struct_t *it = NULL;
    OK(cyd_struct_create(yard, name, sizeof(thing_t), _Alignof(thing_t), &it));
    return it;
}

static void whole(void) {
    cyd_struct_t *it = make("whole"), *same;
    thing_t in = {1.5, -2.5, 7, "a thing"}, out;
    memset(&out, 0xEE, sizeof out);
    OK(cyd_struct_get(it, &out, sizeof out));
    CHECK(out.x == 0 && out.turns == 0 && out.name[12] == 0);
    OK(cyd_struct_set(it, &in, sizeof in, 0));
    OK(cyd_struct_open(yard, "whole", 0, 0, &same));
    size_t size = 0, alignment = 0;
    OK(cyd_struct_size(same, &size, &alignment));
    CHECK(size == sizeof(thing_t) && alignment == _Alignof(thing_t));
    OK(cyd_struct_size(same, &size, NULL));
    OK(cyd_struct_get(same, &out, sizeof out));
    CHECK(out.y == -2.5 && strcmp(out.name, "a thing") == 0);
    /* neither place need be aligned, and bytes beside them stay */
    unsigned char room[sizeof(thing_t) + 2];
    memset(room, 0xEE, sizeof room);
    OK(cyd_struct_get(same, room + 1, sizeof(thing_t)));
    CHECK(room[0] == 0xEE && room[sizeof room - 1] == 0xEE && memcmp(room + 1, &out, 20) == 0);
    OK(cyd_struct_set(same, room + 1, sizeof(thing_t), -1));
    OK(cyd_struct_close(same));
    OK(cyd_struct_open_or_create(yard, "whole", sizeof(thing_t), _Alignof(thing_t), &same));
    OK(cyd_struct_close(same));
    OK(cyd_struct_close(it));
    OK(cyd_struct_close(NULL));
}

static void lies(void) {
    cyd_struct_t *it = make("lies"), *none = NULL;
    thing_t thing;
    memset(&thing, 0xEE, sizeof thing);
    const size_t wrong[] = {0, 1, sizeof thing - 1, sizeof thing + 1, 4096, 4097, SIZE_MAX / 2};
    unsigned char room[5000];
    memset(room, 0xEE, sizeof room);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        IS(cyd_struct_get(it, room, wrong[i]), CYD_E_SIZE);
        IS(cyd_struct_set(it, room, wrong[i], 0), CYD_E_SIZE);
    }
    IS(cyd_struct_get(it, room, SIZE_MAX), CYD_E_INVALID);
    IS(cyd_struct_set(it, room, SIZE_MAX, 0), CYD_E_INVALID);
    IS(cyd_struct_get(it, NULL, sizeof thing), CYD_E_NULL);
    IS(cyd_struct_set(it, NULL, sizeof thing, 0), CYD_E_NULL);
    IS(cyd_struct_update(it, sizeof thing, 0, NULL, NULL), CYD_E_NULL);
    CHECK(room[0] == 0xEE && room[sizeof room - 1] == 0xEE);
    const struct {
        size_t size, alignment;
    } none_such[] = {{0, 1}, {4097, 1}, {8192, 64}, {8, 0}, {8, 3}, {8, 16}, {128, 128}, {SIZE_MAX, 1}, {8, SIZE_MAX}};
    for (size_t i = 0; i < sizeof none_such / sizeof *none_such; i++) {
        IS(cyd_struct_create(yard, "n", none_such[i].size, none_such[i].alignment, &none), CYD_E_SIZE);
        IS(cyd_struct_open_or_create(yard, "n", none_such[i].size, none_such[i].alignment, &none), CYD_E_SIZE);
    }
    IS(cyd_struct_create(yard, "lies", 8, 8, &none), CYD_E_EXISTS);
    IS(cyd_struct_open(yard, "lies", 8, 8, &none), CYD_E_MISMATCH);
    const char *said = cyd_last_error_message();
    CHECK(strstr(said, "8 bytes aligned to 8") != NULL && strstr(said, "40 bytes") != NULL);
    IS(cyd_struct_open(yard, "lies", sizeof thing, 4, &none), CYD_E_MISMATCH);
    IS(cyd_struct_open_or_create(yard, "lies", 8, 8, &none), CYD_E_MISMATCH);
    IS(cyd_struct_open(yard, "no such", 8, 8, &none), CYD_E_NAME);
    IS(cyd_struct_open(yard, "nothing", 8, 8, &none), CYD_E_NOT_FOUND);
    CHECK(none == NULL);
    OK(cyd_struct_close(it));
}

static cyd_struct_t *inner;

static void change(void *value, void *context) {
    thing_t *thing = value;
    CHECK(((uintptr_t)value & 63) == 0);
    thing->turns += *(int *)context;
    thing_t old;
    OK(cyd_struct_get(inner, &old, sizeof old)); /* others see the old value */
    CHECK(old.turns + *(int *)context == thing->turns);
    IS(cyd_struct_set(inner, &old, sizeof old, -1), CYD_E_DEADLOCK);
    IS(cyd_struct_set(inner, &old, sizeof old, 0), CYD_E_BUSY);
    IS(cyd_struct_set(inner, &old, sizeof old, MS), CYD_E_TIMEOUT);
    IS(cyd_struct_update(inner, sizeof old, -1, change, context), CYD_E_DEADLOCK);
}

static void updates(void) {
    inner = make("updates");
    int three = 3;
    OK(cyd_struct_update(inner, sizeof(thing_t), -1, change, &three));
    OK(cyd_struct_update(inner, sizeof(thing_t), 0, change, &three));
    IS(cyd_struct_update(inner, 8, 0, change, &three), CYD_E_SIZE);
    thing_t out;
    OK(cyd_struct_get(inner, &out, sizeof out));
    CHECK(out.turns == 6);
    OK(cyd_struct_close(inner));
}

static void die(void *value, void *context) {
    (void)context;
    memset(value, 0xFF, sizeof(thing_t));
    kill(getpid(), SIGKILL);
}

static void fork_in_change(void *value, void *context) {
    ((thing_t *)value)->turns = 99;
    *(pid_t *)context = fork();
}

static void deaths(void) {
    cyd_struct_t *it = make("deaths");
    thing_t in = {1, 2, 3, "kept"}, out;
    OK(cyd_struct_set(it, &in, sizeof in, -1));
    pid_t child;
    for (int i = 0; i < 3; i++) {
        CHILD(child) {
            (void)!cyd_struct_update(it, sizeof in, -1, die, NULL);
        }
        WAS_KILLED(child);
        OK(cyd_struct_get(it, &out, sizeof out));
        CHECK(out.turns == 3 + i && strcmp(out.name, "kept") == 0);
        out.turns++;
        OK(cyd_struct_set(it, &out, sizeof out, 5000 * MS)); /* nobody is told, nothing is to be repaired */
    }
    /* a child may read at once and write in its turn; one that was forked inside a change stores nothing */
    CHILD(child) {
        OK(cyd_struct_get(it, &out, sizeof out));
        CHECK(out.turns == 6);
        OK(cyd_struct_set(it, &in, sizeof in, -1));
    }
    ENDED_WELL(child);
    child = -1;
    cyd_status_t status = cyd_struct_update(it, sizeof in, -1, fork_in_change, &child);
    if (child == 0) {
        _exit(status == CYD_E_NOT_OWNER ? 0 : 1);
    }
    CHECK(status == CYD_OK);
    ENDED_WELL(child);
    OK(cyd_struct_get(it, &out, sizeof out));
    CHECK(out.turns == 99);
    OK(cyd_struct_close(it));
}

typedef struct {
    uint64_t words[40];
} wide_t;

static void count(void *value, void *context) {
    (void)context;
    wide_t *wide = value;
    for (int i = 0; i < 40; i++) {
        wide->words[i]++;
    }
}

static void *writer(void *it) {
    for (int i = 0; i < 20000; i++) {
        OK(cyd_struct_update((cyd_struct_t *)it, sizeof(wide_t), -1, count, NULL));
    }
    return NULL;
}

static void reader(cyd_struct_t *it, uint64_t until) {
    wide_t out = {{0}};
    uint64_t last = 0;
    while (last < until) {
        OK(cyd_struct_get(it, &out, sizeof out));
        for (int i = 1; i < 40; i++) {
            CHECK(out.words[i] == out.words[0]);
        }
        CHECK(out.words[0] >= last);
        last = out.words[0];
    }
}

/* Two processes write, two read, and one writer is killed again and again: no half value is ever seen. */
static void together(void) {
    cyd_struct_t *it;
    pthread_t thread;
    pid_t other, reading, victim;
    OK(cyd_struct_create(yard, "together", sizeof(wide_t), _Alignof(wide_t), &it));
    CHILD(other) {
        writer(it);
    }
    CHILD(reading) {
        reader(it, 40000);
    }
    CHECK(pthread_create(&thread, NULL, writer, it) == 0);
    for (int i = 0; i < 20; i++) {
        CHILD(victim) {
            for (;;) {
                wide_t out;
                OK(cyd_struct_get(it, &out, sizeof out));
                OK(cyd_struct_update(it, sizeof out, -1, count, NULL));
            }
        }
        usleep(500);
        CHECK(kill(victim, SIGKILL) == 0);
        WAS_KILLED(victim);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(other);
    reader(it, 40000);
    ENDED_WELL(reading);
    OK(cyd_struct_close(it));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    whole();
    lies();
    updates();
    deaths();
    together();
    OK(cyd_yard_close(yard));
    return 0;
}
