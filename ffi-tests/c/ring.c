/* Rings: records arrive whole and in order, ends are held, closed, mourned and taken over. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static cyd_yard_t *yard;

static cyd_ring_t *ring_of(const char *name, size_t capacity) {
    cyd_ring_options_t options = {.struct_size = sizeof options, .capacity = capacity};
    cyd_ring_t *ring;
    OK(cyd_ring_create(yard, name, &options, &ring));
    return ring;
}

static void making(void) {
    cyd_ring_t *ring = NULL, *same = NULL;
    const size_t impossible[] = {1, 63, 65, 1000, SIZE_MAX, SIZE_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        cyd_ring_options_t options = {.struct_size = sizeof options, .capacity = impossible[i]};
        IS(cyd_ring_create(yard, "bad", &options, &ring), CYD_E_SIZE);
    }
    cyd_ring_options_t options = {.struct_size = sizeof options, .capacity = (size_t)1 << 40};
    IS(cyd_ring_create(yard, "bad", &options, &ring), CYD_E_NO_SPACE);
    options = (cyd_ring_options_t){.struct_size = sizeof options, .spin_only = 2};
    IS(cyd_ring_create(yard, "bad", &options, &ring), CYD_E_VERSION);
    options = (cyd_ring_options_t){.struct_size = sizeof options, .reserved = 1};
    IS(cyd_ring_create(yard, "bad", &options, &ring), CYD_E_VERSION);
    IS(cyd_ring_open(yard, "bad", &ring), CYD_E_NOT_FOUND);
    CHECK(ring == NULL);

    OK(cyd_ring_create(yard, "default", NULL, &ring));
    size_t size = 0;
    OK(cyd_ring_capacity(ring, &size));
    CHECK(size == 65536);
    OK(cyd_ring_max_len(ring, &size));
    CHECK(size == 32760);
    OK(cyd_ring_open(yard, "default", &same));
    OK(cyd_ring_close(same));
    options = (cyd_ring_options_t){.struct_size = sizeof options, .capacity = 128};
    IS(cyd_ring_open_or_create(yard, "default", &options, &same), CYD_E_MISMATCH);
    OK(cyd_ring_open_or_create(yard, "default", NULL, &same));
    OK(cyd_ring_close(same));

    cyd_sender_t *sender = NULL, *second = NULL;
    cyd_receiver_t *receiver = NULL;
    cyd_peer_t peer = 9;
    OK(cyd_ring_sender_state(ring, &peer));
    CHECK(peer == CYD_PEER_ABSENT);
    IS(cyd_ring_sender(ring, 3, &sender), CYD_E_INVALID);
    OK(cyd_ring_sender(ring, CYD_STRATEGY_BLOCK, &sender));
    IS(cyd_ring_sender(ring, CYD_STRATEGY_BLOCK, &second), CYD_E_BUSY);
    OK(cyd_sender_peer(sender, &peer));
    CHECK(peer == CYD_PEER_ABSENT);
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_SPIN, &receiver));
    OK(cyd_sender_peer(sender, &peer));
    CHECK(peer == CYD_PEER_HERE);
    OK(cyd_ring_close(ring)); /* the ends stay */
    OK(cyd_sender_send(sender, "x", 1, 0));
    OK(cyd_sender_close(sender));
    OK(cyd_receiver_peer(receiver, &peer));
    CHECK(peer == CYD_PEER_CLOSED);
    char byte = 0;
    OK(cyd_receiver_recv(receiver, &byte, 1, 0, &size));
    CHECK(byte == 'x' && size == 1);
    IS(cyd_receiver_recv(receiver, &byte, 1, -1, &size), CYD_E_PEER_CLOSED);
    OK(cyd_receiver_close(receiver));
}

static void records(void) {
    cyd_ring_t *ring = ring_of("records", 256);
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    unsigned char out[256], in[256];
    size_t len = 77, longest = 0;
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    OK(cyd_ring_max_len(ring, &longest));
    CHECK(longest == 120);

    IS(cyd_receiver_recv(receiver, in, sizeof in, 0, &len), CYD_E_EMPTY);
    CHECK(len == 77);
    int64_t begin = now_ns();
    IS(cyd_receiver_recv(receiver, in, sizeof in, 20 * MS, &len), CYD_E_EMPTY);
    CHECK(now_ns() - begin >= 20 * MS);
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (unsigned char)(i * 7);
    }
    for (size_t size = 0; size <= longest; size++) {
        OK(cyd_sender_send(sender, size == 0 ? NULL : out, size, 0));
        if (size > 0) {
            IS(cyd_receiver_recv(receiver, in, size - 1, 0, &len), CYD_E_TOO_LONG);
            CHECK(len == size);
        }
        memset(in, 0, sizeof in);
        OK(cyd_receiver_recv(receiver, size == 0 ? NULL : in, size, 0, &len));
        CHECK(len == size && memcmp(in, out, size) == 0);
    }
    IS(cyd_sender_send(sender, out, longest + 1, -1), CYD_E_TOO_LONG);
    IS(cyd_sender_send(sender, out, SIZE_MAX, 0), CYD_E_INVALID);
    IS(cyd_sender_send(sender, out, PTRDIFF_MAX, 0), CYD_E_TOO_LONG);
    IS(cyd_sender_send(sender, NULL, 1, 0), CYD_E_NULL);
    int sent = 0;
    while (cyd_sender_send(sender, out, 24, 0) == CYD_OK) {
        sent++;
    }
    CHECK(sent == 8);
    IS(cyd_sender_send(sender, out, 24, 10 * MS), CYD_E_FULL);
    while (cyd_receiver_recv(receiver, in, sizeof in, 0, &len) == CYD_OK) {
        sent--;
    }
    CHECK(sent == 0);
    OK(cyd_sender_close(sender));
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
}

static void batches(void) {
    cyd_ring_t *ring = ring_of("batches", 128);
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    cyd_slice_t records[5] = {{"one", 3}, {NULL, 0}, {"three", 5}, {"four and more", 13}, {NULL, 1}};
    size_t sent = 99, lens[8] = {0}, count = 99;
    char in[128];
    IS(cyd_sender_send_batch(sender, records, 5, 0, &sent), CYD_E_NULL);
    records[4] = (cyd_slice_t){in, SIZE_MAX};
    IS(cyd_sender_send_batch(sender, records, 5, 0, &sent), CYD_E_INVALID);
    IS(cyd_sender_send_batch(sender, records, SIZE_MAX / 8, 0, &sent), CYD_E_INVALID);
    IS(cyd_sender_send_batch(sender, NULL, 1, 0, &sent), CYD_E_NULL);
    IS(cyd_receiver_recv_batch(receiver, in, sizeof in, lens, 8, 0, &count), CYD_E_EMPTY);
    CHECK(sent == 99 && count == 99);
    OK(cyd_sender_send_batch(sender, NULL, 0, 0, &sent));
    CHECK(sent == 0);
    records[4] = (cyd_slice_t){in, 57}; /* can never fit: ends the batch before it */
    OK(cyd_sender_send_batch(sender, records, 5, 0, &sent));
    CHECK(sent == 4);
    IS(cyd_sender_send_batch(sender, records + 4, 1, 0, &sent), CYD_E_TOO_LONG);
    IS(cyd_receiver_recv_batch(receiver, in, sizeof in, lens, 0, 0, &count), CYD_E_INVALID);
    IS(cyd_receiver_recv_batch(receiver, in, sizeof in, lens, SIZE_MAX, 0, &count), CYD_E_INVALID);
    IS(cyd_receiver_recv_batch(receiver, in, 2, lens, 8, 0, &count), CYD_E_TOO_LONG);
    CHECK(lens[0] == 3);
    OK(cyd_receiver_recv_batch(receiver, in, 10, lens, 8, 0, &count));
    CHECK(count == 3 && lens[0] == 3 && lens[1] == 0 && lens[2] == 5 && memcmp(in, "onethree", 8) == 0);
    OK(cyd_receiver_recv_batch(receiver, in, sizeof in, lens, 8, 0, &count));
    CHECK(count == 1 && lens[0] == 13 && memcmp(in, "four and more", 13) == 0);
    OK(cyd_sender_close(sender));
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
}

static void in_place(void) {
    cyd_ring_t *ring = ring_of("in-place", 256);
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    void *room = NULL, *other = NULL;
    const void *data = NULL, *again = NULL;
    size_t len = 0, n = 0;
    char in[64];
    cyd_slice_t slice = {"s", 1};
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));

    IS(cyd_sender_commit(sender, 0), CYD_E_STATE);
    IS(cyd_sender_abort(sender), CYD_E_STATE);
    IS(cyd_sender_reserve(sender, 121, 0, &room), CYD_E_TOO_LONG);
    IS(cyd_sender_reserve(sender, SIZE_MAX, 0, &room), CYD_E_TOO_LONG);
    OK(cyd_sender_reserve(sender, 40, 0, &room));
    CHECK(room != NULL && (uintptr_t)room % 8 == 0);
    IS(cyd_sender_reserve(sender, 8, 0, &other), CYD_E_STATE);
    IS(cyd_sender_send(sender, "x", 1, 0), CYD_E_STATE);
    IS(cyd_sender_send_batch(sender, &slice, 1, 0, &n), CYD_E_STATE);
    memcpy(room, "written in place", 16);
    IS(cyd_sender_commit(sender, 41), CYD_E_RANGE);
    IS(cyd_receiver_recv(receiver, in, sizeof in, 0, &len), CYD_E_EMPTY);
    OK(cyd_sender_commit(sender, 16));
    IS(cyd_sender_commit(sender, 16), CYD_E_STATE);
    OK(cyd_sender_reserve(sender, 40, 0, &room));
    OK(cyd_sender_abort(sender));
    OK(cyd_sender_send(sender, "next", 4, 0));

    IS(cyd_receiver_release(receiver), CYD_E_STATE);
    OK(cyd_receiver_peek(receiver, 0, &data, &len));
    CHECK(len == 16 && memcmp(data, "written in place", 16) == 0 && (uintptr_t)data % 8 == 0);
    OK(cyd_receiver_peek(receiver, 0, &again, &len));
    CHECK(again == data && len == 16);
    IS(cyd_receiver_recv(receiver, in, sizeof in, 0, &len), CYD_E_STATE);
    IS(cyd_receiver_recv_batch(receiver, in, sizeof in, &len, 1, 0, &n), CYD_E_STATE);
    OK(cyd_receiver_release(receiver));
    IS(cyd_receiver_release(receiver), CYD_E_STATE);
    OK(cyd_receiver_peek(receiver, 0, &data, &len));
    CHECK(len == 4 && memcmp(data, "next", 4) == 0);

    /* an end that is closed with something open gives it up; a closed receiver is not a dead one */
    OK(cyd_sender_reserve(sender, 8, 0, &room));
    OK(cyd_sender_close(sender));
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    OK(cyd_receiver_recv(receiver, in, sizeof in, 0, &len));
    CHECK(len == 4);
    IS(cyd_receiver_recv(receiver, in, sizeof in, 0, &len), CYD_E_EMPTY);
    OK(cyd_sender_close(sender));
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
}

static void forked(void) {
    cyd_ring_t *ring = ring_of("forked", 256);
    cyd_sender_t *sender, *mine;
    cyd_receiver_t *receiver;
    void *room;
    const void *data;
    size_t len, sent;
    char in[16];
    cyd_slice_t slice = {"s", 1};
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    OK(cyd_sender_send(sender, "before", 6, 0));
    OK(cyd_receiver_peek(receiver, 0, &data, &len));
    OK(cyd_sender_reserve(sender, 8, 0, &room));
    pid_t child;
    CHILD(child) {
        IS(cyd_sender_send(sender, "x", 1, 0), CYD_E_NOT_OWNER);
        IS(cyd_sender_send_batch(sender, &slice, 1, 0, &sent), CYD_E_NOT_OWNER);
        IS(cyd_sender_reserve(sender, 8, 0, &room), CYD_E_NOT_OWNER);
        IS(cyd_sender_commit(sender, 1), CYD_E_NOT_OWNER);
        IS(cyd_sender_abort(sender), CYD_E_NOT_OWNER);
        IS(cyd_receiver_recv(receiver, in, sizeof in, 0, &len), CYD_E_NOT_OWNER);
        IS(cyd_receiver_peek(receiver, 0, &data, &len), CYD_E_NOT_OWNER);
        IS(cyd_receiver_release(receiver), CYD_E_NOT_OWNER);
        IS(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &mine), CYD_E_BUSY);
        OK(cyd_sender_close(sender));
        OK(cyd_receiver_close(receiver));
    }
    ENDED_WELL(child);
    OK(cyd_receiver_release(receiver));
    memcpy(room, "after", 5);
    OK(cyd_sender_commit(sender, 5));
    OK(cyd_receiver_recv(receiver, in, sizeof in, 0, &len));
    CHECK(len == 5 && memcmp(in, "after", 5) == 0);
    OK(cyd_sender_close(sender));
    CHILD(child) { /* now the end is free, and the child takes it for itself */
        OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &mine));
        OK(cyd_sender_send(mine, "child", 5, 0));
        OK(cyd_sender_close(mine));
    }
    ENDED_WELL(child);
    OK(cyd_receiver_recv(receiver, in, sizeof in, 0, &len));
    CHECK(len == 5 && memcmp(in, "child", 5) == 0);
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
}

static int go[2];

/* Waits until the child holds its end, for before one hears of the last holder's fate; then lets it go on. */
static void meet(cyd_ring_t *ring, cyd_status_t (*state)(const cyd_ring_t *, cyd_peer_t *)) {
    cyd_peer_t peer;
    do {
        OK(state(ring, &peer));
        usleep(100);
    } while (peer != CYD_PEER_HERE);
    CHECK(write(go[1], "x", 1) == 1);
}

static void met(void) {
    char byte;
    CHECK(read(go[0], &byte, 1) == 1);
    usleep(20000);
}

/* Takes an end in a child that is killed (or closes it properly), while the other end waits. */
static void peers(void) {
    cyd_ring_t *ring = ring_of("peers", 64);
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    cyd_peer_t peer;
    char in[64];
    size_t len;
    pid_t child;
    CHECK(pipe(go) == 0);
    for (int kills = 0; kills < 2; kills++) {
        OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
        CHILD(child) {
            OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
            OK(cyd_sender_send(sender, "last words", 10, 0));
            met();
            if (kills) {
                kill(getpid(), SIGKILL);
            }
            OK(cyd_sender_close(sender));
        }
        meet(ring, cyd_ring_sender_state);
        OK(cyd_receiver_recv(receiver, in, sizeof in, -1, &len));
        CHECK(len == 10);
        int64_t begin = now_ns();
        IS(cyd_receiver_recv(receiver, in, sizeof in, -1, &len), kills ? CYD_E_PEER_DIED : CYD_E_PEER_CLOSED);
        printf("%s: heard %.1f ms after the last record\n", kills ? "sender died" : "sender closed",
               (double)(now_ns() - begin) / 1e6);
        OK(cyd_receiver_peer(receiver, &peer));
        CHECK(peer == (kills ? CYD_PEER_DIED : CYD_PEER_CLOSED));
        OK(cyd_ring_sender_state(ring, &peer));
        CHECK(peer == (kills ? CYD_PEER_DIED : CYD_PEER_CLOSED));
        if (kills) {
            WAS_KILLED(child);
        } else {
            ENDED_WELL(child);
        }
        OK(cyd_receiver_close(receiver));
    }

    /* and the other way: a sender without room */
    for (int kills = 0; kills < 2; kills++) {
        OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
        CHILD(child) {
            OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
            met();
            if (kills) {
                kill(getpid(), SIGKILL);
            }
            OK(cyd_receiver_close(receiver));
        }
        meet(ring, cyd_ring_receiver_state);
        cyd_status_t status;
        do {
            status = cyd_sender_send(sender, "fill the ring up", 16, -1);
        } while (status == CYD_OK);
        IS(status, kills ? CYD_E_PEER_DIED : CYD_E_PEER_CLOSED);
        if (kills) {
            WAS_KILLED(child);
        } else {
            ENDED_WELL(child);
        }
        OK(cyd_sender_close(sender));
    }
    OK(cyd_ring_close(ring));
}

static void takeover(void) {
    cyd_ring_t *ring = ring_of("takeover", 1024);
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    size_t len, lens[4], count;
    const void *data;
    char in[64];
    pid_t child;
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    for (int i = 0; i < 6; i++) {
        OK(cyd_sender_send(sender, &i, sizeof i, 0));
    }
    CHILD(child) {
        OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
        OK(cyd_receiver_recv(receiver, in, sizeof in, 0, &len)); /* 0: released for good */
        OK(cyd_receiver_peek(receiver, 0, &data, &len));         /* 1: seen, not released */
        kill(getpid(), SIGKILL);
    }
    WAS_KILLED(child);
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    IS(cyd_receiver_recv(receiver, in, sizeof in, 0, &len), CYD_REDELIVERED);
    CHECK(len == sizeof(int) && memcmp(in, &(int){1}, sizeof(int)) == 0);
    IS(cyd_receiver_peek(receiver, 0, &data, &len), CYD_REDELIVERED);
    IS(cyd_receiver_peek(receiver, 0, &data, &len), CYD_REDELIVERED);
    CHECK(memcmp(data, &(int){2}, sizeof(int)) == 0);
    OK(cyd_receiver_release(receiver));
    IS(cyd_receiver_recv_batch(receiver, in, sizeof in, lens, 2, 0, &count), CYD_REDELIVERED);
    CHECK(count == 2);
    int six = 6;
    OK(cyd_sender_send(sender, &six, sizeof six, 0));
    IS(cyd_receiver_recv(receiver, in, sizeof in, 0, &len), CYD_REDELIVERED);
    OK(cyd_receiver_recv(receiver, in, sizeof in, 0, &len)); /* sent after the takeover: never seen before */
    CHECK(memcmp(in, &six, sizeof six) == 0);
    OK(cyd_sender_close(sender));

    CHILD(child) { /* a sender that dies with a reservation: nothing of it is seen, and the next goes on */
        void *room;
        OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
        OK(cyd_sender_send(sender, "whole", 5, 0));
        OK(cyd_sender_reserve(sender, 100, 0, &room));
        memset(room, '#', 100);
        kill(getpid(), SIGKILL);
    }
    WAS_KILLED(child);
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_sender_send(sender, "successor", 9, 0));
    OK(cyd_receiver_recv(receiver, in, sizeof in, 0, &len));
    CHECK(len == 5);
    OK(cyd_receiver_recv(receiver, in, sizeof in, 0, &len));
    CHECK(len == 9 && memcmp(in, "successor", 9) == 0);
    OK(cyd_sender_close(sender));
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
}

static volatile sig_atomic_t ticks;

static void tick(int number) {
    (void)number;
    ticks++;
}

static void signals(void) {
    struct sigaction action = {.sa_handler = tick}; /* without SA_RESTART */
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval timer = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000}, off = {.it_value.tv_usec = 0};
    cyd_yard_options_t options = {.struct_size = sizeof options, .flags = CYD_YARD_INTERRUPTIBLE};
    cyd_yard_t *interruptible;
    cyd_ring_t *patient = ring_of("patient", 64), *fragile;
    cyd_receiver_t *receiver;
    size_t len;
    int fd;
    OK(cyd_ring_receiver(patient, CYD_STRATEGY_ADAPTIVE, &receiver));
    ticks = 0;
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    int64_t begin = now_ns();
    cyd_status_t status = cyd_receiver_recv(receiver, NULL, 0, 200 * MS, &len);
    int64_t waited = now_ns() - begin;
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    IS(status, CYD_E_EMPTY);
    CHECK(waited >= 200 * MS && ticks > 20);
    OK(cyd_receiver_close(receiver));

    OK(cyd_yard_fd(yard, &fd));
    OK(cyd_yard_open_fd(fd, &options, &interruptible));
    OK(cyd_ring_open(interruptible, "patient", &fragile));
    OK(cyd_ring_receiver(fragile, CYD_STRATEGY_BLOCK, &receiver));
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    status = cyd_receiver_recv(receiver, NULL, 0, 10000 * MS, &len);
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    IS(status, CYD_E_INTERRUPTED);
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(fragile));
    OK(cyd_ring_close(patient));
    OK(cyd_yard_close(interruptible));
}

/* Many records through a small ring, between processes, in order and whole. */
enum { MANY = 30000 };

static void stream(uint32_t spin_only) {
    cyd_ring_options_t options = {.struct_size = sizeof options, .capacity = 512, .spin_only = spin_only};
    cyd_ring_t *ring;
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    OK(cyd_ring_create(yard, spin_only ? "spinning" : "streaming", &options, &ring));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    pid_t child;
    CHILD(child) {
        unsigned char record[200];
        OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
        for (uint32_t i = 0; i < MANY; i++) {
            size_t len = 4 + i % 196;
            memset(record, (int)(i % 251), len);
            memcpy(record, &i, 4);
            OK(cyd_sender_send(sender, record, len, -1));
        }
        OK(cyd_sender_close(sender));
    }
    unsigned char record[200], wanted[200];
    size_t len;
    for (uint32_t i = 0; i < MANY; i++) {
        OK(cyd_receiver_recv(receiver, record, sizeof record, 10000 * MS, &len));
        memset(wanted, (int)(i % 251), sizeof wanted);
        memcpy(wanted, &i, 4);
        CHECK(len == 4 + i % 196 && memcmp(record, wanted, len) == 0);
    }
    IS(cyd_receiver_recv(receiver, record, sizeof record, -1, &len), CYD_E_PEER_CLOSED);
    ENDED_WELL(child);
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    making();
    records();
    batches();
    in_place();
    forked();
    peers();
    takeover();
    signals();
    stream(0);
    stream(1);
    OK(cyd_yard_close(yard));
    return 0;
}
