/* Pipes: frames, directions, ends over fork, the end of the stream, deaths, wrong arguments. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static cyd_yard_t *yard;

static cyd_pipe_t *make(const char *name, size_t capacity, bool one_way) {
    cyd_pipe_options_t options = {sizeof options, capacity, one_way, 0};
    cyd_pipe_t *pipe;
    OK(cyd_pipe_create(yard, name, &options, &pipe));
    return pipe;
}

static cyd_connection_t *end(cyd_pipe_t *pipe, cyd_pipe_end_t which) {
    cyd_connection_t *connection;
    cyd_pipe_end_t is = 7;
    OK(cyd_pipe_end(pipe, which, &connection));
    OK(cyd_connection_end(connection, &is));
    CHECK(is == which);
    return connection;
}

static void expect(cyd_connection_t *connection, const char *text) {
    char buffer[64];
    size_t len = 99;
    OK(cyd_connection_recv(connection, buffer, sizeof buffer, 20000 * MS, &len));
    CHECK(len == strlen(text) && memcmp(buffer, text, len) == 0);
}

static void frames(void) {
    cyd_pipe_t *pipe = make("frames", 256, false);
    cyd_connection_t *first = end(pipe, CYD_PIPE_FIRST), *second = end(pipe, CYD_PIPE_SECOND);
    char buffer[16];
    size_t len = 99, number;
    bool duplex;
    OK(cyd_pipe_capacity(pipe, &number));
    CHECK(number == 256);
    OK(cyd_pipe_max_len(pipe, &number));
    CHECK(number == 120);
    OK(cyd_pipe_is_duplex(pipe, &duplex));
    CHECK(duplex);
    IS(cyd_connection_recv(first, buffer, sizeof buffer, 0, &len), CYD_E_EMPTY);
    IS(cyd_connection_recv(first, buffer, sizeof buffer, 5 * MS, &len), CYD_E_EMPTY);
    IS(cyd_connection_poll(first, 0, NULL), CYD_E_EMPTY);
    CHECK(len == 99);
    OK(cyd_connection_send(second, "a longer message than fits", 26, 0));
    OK(cyd_connection_send(second, NULL, 0, 0));
    OK(cyd_connection_poll(first, -1, &len));
    CHECK(len == 26);
    OK(cyd_connection_poll(first, 0, NULL));
    len = 0;
    IS(cyd_connection_recv(first, buffer, sizeof buffer, -1, &len), CYD_E_TOO_LONG);
    CHECK(len == 26); /* and it stays */
    expect(first, "a longer message than fits");
    expect(first, "");
    OK(cyd_connection_send(first, "back", 4, -1));
    expect(second, "back");
    IS(cyd_connection_send(first, buffer, 121, -1), CYD_E_TOO_LONG);
    for (int i = 0; i < 16; i++) {
        OK(cyd_connection_send(first, "12345678", 8, 0));
    }
    IS(cyd_connection_send(first, "", 0, 0), CYD_E_FULL);
    IS(cyd_connection_send(first, "", 0, 5 * MS), CYD_E_FULL);
    OK(cyd_connection_close(first));
    OK(cyd_connection_close(second));
    OK(cyd_pipe_close(pipe));
}

static void directions(void) {
    cyd_pipe_t *pipe = make("one-way", 1024, true);
    cyd_connection_t *reader = end(pipe, CYD_PIPE_FIRST), *writer = end(pipe, CYD_PIPE_SECOND);
    char buffer[16];
    size_t len;
    bool duplex = true;
    OK(cyd_pipe_is_duplex(pipe, &duplex));
    CHECK(!duplex);
    IS(cyd_connection_send(reader, "x", 1, -1), CYD_E_INVALID);
    IS(cyd_connection_recv(writer, buffer, sizeof buffer, -1, &len), CYD_E_INVALID);
    IS(cyd_connection_poll(writer, -1, NULL), CYD_E_INVALID);
    OK(cyd_connection_send(writer, "there", 5, -1));
    expect(reader, "there");
    OK(cyd_connection_close(reader));
    IS(cyd_connection_send(writer, "x", 1, -1), CYD_E_PEER_CLOSED);
    OK(cyd_connection_close(writer));
    OK(cyd_pipe_close(pipe));
}

static void names(void) {
    cyd_pipe_t *pipe = make("name", 64, false), *same;
    cyd_pipe_options_t options = {sizeof options, 64, 1, 0};
    cyd_connection_t *connection = NULL;
    cyd_peer_t peer = 9;
    IS(cyd_pipe_create(yard, "name", NULL, &same), CYD_E_EXISTS);
    IS(cyd_pipe_open_or_create(yard, "name", &options, &same), CYD_E_MISMATCH);
    options.one_way = 0;
    OK(cyd_pipe_open_or_create(yard, "name", &options, &same));
    OK(cyd_pipe_close(same));
    IS(cyd_pipe_open(yard, "nobody", &same), CYD_E_NOT_FOUND);
    IS(cyd_pipe_open(yard, "n/a", &same), CYD_E_NAME);
    options.capacity = 100;
    IS(cyd_pipe_create(yard, "x", &options, &same), CYD_E_SIZE);
    options.capacity = 0;
    options.one_way = 2;
    IS(cyd_pipe_create(yard, "x", &options, &same), CYD_E_VERSION);
    options.one_way = 0;
    options.reserved = 1;
    IS(cyd_pipe_create(yard, "x", &options, &same), CYD_E_VERSION);
    options.struct_size = 0;
    IS(cyd_pipe_create(yard, "x", &options, &same), CYD_E_INVALID);
    IS(cyd_pipe_create(yard, "x", NULL, NULL), CYD_E_NULL);
    IS(cyd_pipe_end(pipe, 2, &connection), CYD_E_INVALID);
    IS(cyd_pipe_end(pipe, CYD_PIPE_FIRST, NULL), CYD_E_NULL);
    IS(cyd_pipe_state(pipe, 2, &peer), CYD_E_INVALID);
    OK(cyd_pipe_state(pipe, CYD_PIPE_FIRST, &peer));
    CHECK(peer == CYD_PEER_ABSENT && connection == NULL);
    connection = end(pipe, CYD_PIPE_FIRST);
    OK(cyd_pipe_state(pipe, CYD_PIPE_FIRST, &peer));
    CHECK(peer == CYD_PEER_HERE);
    OK(cyd_connection_peer(connection, &peer));
    CHECK(peer == CYD_PEER_ABSENT);
    size_t len = 5;
    IS(cyd_connection_send(connection, NULL, 1, 0), CYD_E_NULL);
    IS(cyd_connection_recv(connection, NULL, 1, 0, &len), CYD_E_NULL);
    IS(cyd_connection_recv(connection, &len, sizeof len, 0, NULL), CYD_E_NULL);
    CHECK(len == 5);
    OK(cyd_connection_close(connection));
    IS(cyd_connection_close(connection), CYD_E_CLOSED);
    OK(cyd_pipe_close(pipe));
}

/* fork(), and each closes the end that the other keeps: the classic. */
static void over_fork(void) {
    for (int round = 0; round < 20; round++) {
        cyd_pipe_t *pipe;
        OK(cyd_pipe_open_or_create(yard, "fork", NULL, &pipe));
        cyd_connection_t *father = end(pipe, CYD_PIPE_FIRST), *child = end(pipe, CYD_PIPE_SECOND);
        pid_t pid;
        CHILD(pid) {
            OK(cyd_connection_close(father));
            OK(cyd_connection_send(child, "from child", 10, -1));
            expect(child, "from father");
            OK(cyd_connection_close(child));
        }
        OK(cyd_connection_close(child));
        expect(father, "from child");
        OK(cyd_connection_send(father, "from father", 11, -1));
        char byte;
        size_t len;
        IS(cyd_connection_recv(father, &byte, 1, 20000 * MS, &len), CYD_E_PEER_CLOSED);
        ENDED_WELL(pid);
        OK(cyd_connection_close(father));
        OK(cyd_pipe_close(pipe));
    }
}

static void deaths(void) {
    cyd_pipe_t *pipe = make("death", 1024, false);
    cyd_connection_t *mine = end(pipe, CYD_PIPE_FIRST), *theirs = end(pipe, CYD_PIPE_SECOND);
    pid_t pid;
    CHILD(pid) {
        OK(cyd_connection_send(theirs, "last words", 10, -1));
        kill(getpid(), SIGKILL);
    }
    OK(cyd_connection_close(theirs));
    char byte;
    size_t len;
    cyd_peer_t peer;
    expect(mine, "last words");
    IS(cyd_connection_recv(mine, &byte, 1, 20000 * MS, &len), CYD_E_PEER_DIED);
    IS(cyd_connection_send(mine, &byte, 1, 20000 * MS), CYD_E_PEER_DIED);
    OK(cyd_connection_peer(mine, &peer));
    CHECK(peer == CYD_PEER_DIED);
    WAS_KILLED(pid);
    cyd_fault_t fault = {sizeof fault, 0, 0, 0, 0, 0, 0, 0, ""};
    bool noted = false;
    for (uint32_t back = 0; cyd_yard_fault(yard, back, &fault) == CYD_OK; back++) {
        noted |= fault.kind == CYD_FAULT_CONNECTION && fault.object_kind == CYD_OBJECT_PIPE && fault.pid == (uint32_t)pid;
    }
    CHECK(noted);
    theirs = end(pipe, CYD_PIPE_SECOND); /* and on it goes */
    OK(cyd_connection_send(mine, "new", 3, -1));
    expect(theirs, "new");
    OK(cyd_connection_close(mine));
    OK(cyd_connection_close(theirs));
    OK(cyd_pipe_close(pipe));
}

enum { EACH = 3000 };

static void *writer(void *connection) {
    for (uint64_t i = 1; i <= EACH; i++) {
        uint64_t message[2] = {i, ~i};
        OK(cyd_connection_send(connection, message, sizeof message, 20000 * MS));
    }
    return NULL;
}

/* Two threads and a process write, and two threads read, with the same handles. */
static void *reader(void *connection) {
    static _Thread_local uint64_t sum;
    for (int i = 0; i < 3 * EACH / 2; i++) {
        uint64_t message[3];
        size_t len;
        OK(cyd_connection_recv(connection, message, sizeof message, 20000 * MS, &len));
        CHECK(len == 16 && message[0] == ~message[1]);
        sum += message[0];
    }
    return (void *)(uintptr_t)sum;
}

static void crowds(void) {
    cyd_pipe_t *pipe = make("crowd", 512, true);
    cyd_connection_t *first = end(pipe, CYD_PIPE_FIRST), *second = end(pipe, CYD_PIPE_SECOND);
    pid_t pid;
    CHILD(pid) {
        writer(second);
    }
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, i < 2 ? writer : reader, i < 2 ? second : first) == 0);
    }
    uint64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        void *part;
        CHECK(pthread_join(threads[i], &part) == 0);
        sum += (uintptr_t)part;
    }
    ENDED_WELL(pid);
    CHECK(sum == 3 * ((uint64_t)EACH * (EACH + 1) / 2));
    OK(cyd_connection_close(first));
    OK(cyd_connection_close(second));
    OK(cyd_pipe_close(pipe));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    frames();
    directions();
    names();
    over_fork();
    deaths();
    crowds();
    OK(cyd_yard_close(yard));
    return 0;
}
