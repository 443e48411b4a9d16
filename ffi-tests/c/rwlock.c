/* Locks of readers and writers: many read or one writes, who would wait for himself is told, and what death leaves. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

static cyd_yard_t *yard;

static uint32_t readers(cyd_rwlock_t *rwlock) {
    uint32_t n = 99;
    OK(cyd_rwlock_readers(rwlock, &n));
    return n;
}

static cyd_status_t writer(cyd_rwlock_t *rwlock) {
    cyd_holder_t holder = {.struct_size = sizeof holder};
    return cyd_rwlock_writer(rwlock, &holder);
}

static void in_a_thread(void *(*work)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, work, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void *beside_a_writer(void *rwlock) {
    IS(cyd_rwlock_read(rwlock, 0), CYD_E_BUSY);
    IS(cyd_rwlock_read(rwlock, MS), CYD_E_TIMEOUT);
    IS(cyd_rwlock_write(rwlock, 0), CYD_E_BUSY);
    IS(cyd_rwlock_write(rwlock, MS), CYD_E_TIMEOUT);
    IS(cyd_rwlock_release(rwlock), CYD_E_NOT_OWNER);
    IS(cyd_rwlock_repaired(rwlock), CYD_E_NOT_OWNER);
    return NULL;
}

static void *beside_a_reader(void *rwlock) {
    IS(cyd_rwlock_write(rwlock, 0), CYD_E_BUSY);
    IS(cyd_rwlock_write(rwlock, MS), CYD_E_TIMEOUT);
    IS(cyd_rwlock_release(rwlock), CYD_E_NOT_OWNER);
    OK(cyd_rwlock_read(rwlock, 0));
    CHECK(readers(rwlock) == 2);
    OK(cyd_rwlock_release(rwlock));
    return NULL;
}

static void *read_thrice_and_end(void *rwlock) {
    for (int i = 0; i < 3; i++) {
        OK(cyd_rwlock_read(rwlock, 0));
    }
    return NULL;
}

static void *write_and_end(void *rwlock) {
    OK(cyd_rwlock_write(rwlock, 0));
    return NULL;
}

static void names(void) {
    cyd_rwlock_t *rwlock, *same, *none = NULL;
    cyd_lock_t *lock;
    cyd_rwlock_options_t options = {.struct_size = sizeof options, .readers = 5};
    uint32_t n = 0;
    OK(cyd_rwlock_create(yard, "name", &options, &rwlock));
    IS(cyd_rwlock_create(yard, "name", &options, &none), CYD_E_EXISTS);
    IS(cyd_rwlock_open(yard, "other", &none), CYD_E_NOT_FOUND);
    IS(cyd_rwlock_open(yard, "", &none), CYD_E_NAME);
    IS(cyd_rwlock_open(yard, NULL, &none), CYD_E_NAME);
    IS(cyd_rwlock_open(NULL, "name", &none), CYD_E_NULL);
    IS(cyd_rwlock_open(yard, "name", NULL), CYD_E_NULL);
    IS(cyd_lock_open(yard, "name", &lock), CYD_E_TYPE);
    OK(cyd_lock_create(yard, "plain", CYD_SCOPE_THREAD, &lock));
    IS(cyd_rwlock_open_or_create(yard, "plain", NULL, &none), CYD_E_TYPE);
    OK(cyd_lock_close(lock));
    options.readers = 6;
    IS(cyd_rwlock_open_or_create(yard, "name", &options, &none), CYD_E_MISMATCH);
    options.readers = 4097;
    IS(cyd_rwlock_create(yard, "too many", &options, &none), CYD_E_RANGE);
    options.readers = 4;
    options.reserved = 1;
    IS(cyd_rwlock_create(yard, "from later", &options, &none), CYD_E_VERSION);
    options.struct_size = 3;
    IS(cyd_rwlock_create(yard, "unset", &options, &none), CYD_E_INVALID);
    CHECK(none == NULL);
    OK(cyd_rwlock_open_or_create(yard, "name", NULL, &same));
    OK(cyd_rwlock_readers_max(same, &n));
    CHECK(n == 5);
    OK(cyd_rwlock_read(rwlock, 0));
    CHECK(readers(same) == 1);
    OK(cyd_rwlock_release(same));
    OK(cyd_rwlock_close(same));

    cyd_object_info_t info = {.struct_size = sizeof info};
    size_t cursor = 0;
    OK(cyd_yard_next_object(yard, &cursor, &info));
    CHECK(info.kind == CYD_OBJECT_RWLOCK);
    OK(cyd_rwlock_close(rwlock));
}

static void wrong_inputs(void) {
    cyd_rwlock_t *rwlock;
    cyd_holder_t unset = {.struct_size = 0};
    OK(cyd_rwlock_create(yard, "wrong", NULL, &rwlock));
    IS(cyd_rwlock_readers(rwlock, NULL), CYD_E_NULL);
    IS(cyd_rwlock_readers_max(rwlock, NULL), CYD_E_NULL);
    IS(cyd_rwlock_is_suspect(rwlock, NULL), CYD_E_NULL);
    IS(cyd_rwlock_writer(rwlock, NULL), CYD_E_NULL);
    IS(cyd_rwlock_writer(rwlock, &unset), CYD_E_INVALID);
    IS(cyd_rwlock_readers(rwlock, (uint32_t *)((char *)&unset + 1)), CYD_E_INVALID);
    OK(cyd_rwlock_close(rwlock));
    IS(cyd_rwlock_read(rwlock, -1), CYD_E_CLOSED);
    IS(cyd_rwlock_close(rwlock), CYD_E_CLOSED);
    OK(cyd_rwlock_close(NULL));
}

static void reading_and_writing(void) {
    cyd_rwlock_t *rwlock;
    cyd_holder_t holder = {.struct_size = sizeof holder};
    bool suspect = true;
    OK(cyd_rwlock_create(yard, "both", NULL, &rwlock));
    IS(cyd_rwlock_release(rwlock), CYD_E_NOT_OWNER);
    OK(cyd_rwlock_read(rwlock, -1));
    OK(cyd_rwlock_read(rwlock, 0));
    CHECK(readers(rwlock) == 1 && writer(rwlock) == CYD_E_NOT_FOUND);
    in_a_thread(beside_a_reader, rwlock);
    IS(cyd_rwlock_write(rwlock, -1), CYD_E_DEADLOCK);
    IS(cyd_rwlock_write(rwlock, 0), CYD_E_BUSY);
    IS(cyd_rwlock_write(rwlock, MS), CYD_E_TIMEOUT);
    IS(cyd_rwlock_repaired(rwlock), CYD_E_NOT_OWNER);
    OK(cyd_rwlock_release(rwlock));
    OK(cyd_rwlock_release(rwlock));
    IS(cyd_rwlock_release(rwlock), CYD_E_NOT_OWNER);
    OK(cyd_rwlock_write(rwlock, 0));
    OK(cyd_rwlock_writer(rwlock, &holder));
    CHECK(holder.pid == (uint32_t)getpid() && holder.tid == (uint32_t)syscall(SYS_gettid));
    CHECK(readers(rwlock) == 0);
    in_a_thread(beside_a_writer, rwlock);
    IS(cyd_rwlock_write(rwlock, -1), CYD_E_DEADLOCK);
    IS(cyd_rwlock_read(rwlock, -1), CYD_E_DEADLOCK);
    IS(cyd_rwlock_read(rwlock, 0), CYD_E_BUSY);
    OK(cyd_rwlock_release(rwlock));
    IS(cyd_rwlock_release(rwlock), CYD_E_NOT_OWNER);

    /* a thread that ends reading is no news, one that ends writing is */
    in_a_thread(read_thrice_and_end, rwlock);
    OK(cyd_rwlock_write(rwlock, -1));
    OK(cyd_rwlock_release(rwlock));
    OK(cyd_rwlock_is_suspect(rwlock, &suspect));
    CHECK(!suspect);
    in_a_thread(write_and_end, rwlock);
    IS(cyd_rwlock_read(rwlock, -1), CYD_OWNER_DIED);
    IS(cyd_rwlock_read(rwlock, -1), CYD_OWNER_DIED);
    OK(cyd_rwlock_release(rwlock));
    OK(cyd_rwlock_release(rwlock));
    IS(cyd_rwlock_write(rwlock, -1), CYD_OWNER_DIED);
    OK(cyd_rwlock_is_suspect(rwlock, &suspect));
    CHECK(suspect);
    OK(cyd_rwlock_repaired(rwlock));
    OK(cyd_rwlock_release(rwlock));
    OK(cyd_rwlock_read(rwlock, -1));
    OK(cyd_rwlock_release(rwlock));
    OK(cyd_rwlock_close(rwlock));
}

static void processes(void) {
    cyd_rwlock_t *rwlock;
    pid_t child, killer;
    int pipes[2];
    char byte;
    OK(cyd_rwlock_create(yard, "processes", NULL, &rwlock));
    OK(cyd_rwlock_write(rwlock, 0));
    CHILD(child) { /* owns nothing of its parent's */
        beside_a_writer(rwlock);
    }
    ENDED_WELL(child);
    OK(cyd_rwlock_release(rwlock));

    /* killed while others wait: a reader, then a writer */
    for (int writes = 0; writes < 2; writes++) {
        CHECK(pipe(pipes) == 0);
        CHILD(child) {
            (writes ? write_and_end : read_thrice_and_end)(rwlock);
            CHECK(write(pipes[1], "x", 1) == 1);
            pause();
        }
        CHECK(read(pipes[0], &byte, 1) == 1);
        IS(cyd_rwlock_write(rwlock, 0), CYD_E_BUSY);
        CHILD(killer) {
            usleep(20000);
            kill(child, SIGKILL);
        }
        IS(cyd_rwlock_write(rwlock, -1), writes ? CYD_OWNER_DIED : CYD_OK);
        WAS_KILLED(child);
        ENDED_WELL(killer);
        OK(cyd_rwlock_repaired(rwlock));
        OK(cyd_rwlock_release(rwlock));
        close(pipes[0]);
        close(pipes[1]);
    }
    OK(cyd_rwlock_close(rwlock));
}

/* Two numbers that a lock keeps equal, changed and read by processes and threads. */
enum { ROUNDS = 3000 };

struct work {
    cyd_rwlock_t *rwlock;
    cyd_value_t *one, *other;
};

static void *many_rounds(void *argument) {
    struct work *work = argument;
    uint64_t one, other;
    for (int i = 0; i < ROUNDS; i++) {
        bool writes = i % 3 == 0;
        OK(writes ? cyd_rwlock_write(work->rwlock, -1) : cyd_rwlock_read(work->rwlock, -1));
        OK(CYD_VALUE_GET(work->one, &one));
        OK(CYD_VALUE_GET(work->other, &other));
        CHECK(one == other);
        if (writes) {
            one++;
            OK(CYD_VALUE_SET(work->one, &one));
            OK(CYD_VALUE_SET(work->other, &one));
        }
        OK(cyd_rwlock_release(work->rwlock));
    }
    return NULL;
}

static void exclusion(void) {
    struct work work;
    pid_t child;
    pthread_t thread;
    uint64_t n = 0;
    OK(cyd_rwlock_create(yard, "exclusion", NULL, &work.rwlock));
    OK(cyd_value_create(yard, "one", CYD_TYPE_U64, &work.one));
    OK(cyd_value_create(yard, "two", CYD_TYPE_U64, &work.other));
    CHILD(child) {
        many_rounds(&work);
    }
    CHECK(pthread_create(&thread, NULL, many_rounds, &work) == 0);
    many_rounds(&work);
    CHECK(pthread_join(thread, NULL) == 0);
    ENDED_WELL(child);
    OK(CYD_VALUE_GET(work.one, &n));
    CHECK(n == ROUNDS);
    OK(cyd_value_close(work.other));
    OK(cyd_value_close(work.one));
    OK(cyd_rwlock_close(work.rwlock));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    names();
    wrong_inputs();
    reading_and_writing();
    processes();
    exclusion();
    OK(cyd_yard_close(yard));
    return 0;
}
