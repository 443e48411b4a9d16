/* Queues: order, lengths, batches, shutting down, many processes, deaths, wrong arguments. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static cyd_yard_t *yard;

static cyd_queue_t *make(const char *name, size_t capacity, uint32_t inline_max) {
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = capacity, .inline_max = inline_max};
    cyd_queue_t *queue;
    OK(cyd_queue_create(yard, name, &options, &queue));
    return queue;
}

static void expect(cyd_queue_t *queue, const char *text) {
    char buffer[64];
    size_t len = 99;
    OK(cyd_queue_get(queue, buffer, sizeof buffer, 20000 * MS, &len));
    CHECK(len == strlen(text) && memcmp(buffer, text, len) == 0);
}

static void messages(void) {
    cyd_queue_t *queue = make("messages", 3, 112);
    char buffer[112] = {0};
    size_t len = 99, number, lens[4];
    bool shut = true, is = false;
    OK(cyd_queue_capacity(queue, &number));
    CHECK(number == 3);
    OK(cyd_queue_max_len(queue, &number));
    CHECK(number == 112);
    OK(cyd_queue_is_empty(queue, &is));
    CHECK(is);
    OK(cyd_queue_is_full(queue, &is));
    CHECK(!is);
    IS(cyd_queue_get(queue, buffer, sizeof buffer, 0, &len), CYD_E_EMPTY);
    IS(cyd_queue_get(queue, buffer, sizeof buffer, 5 * MS, &len), CYD_E_EMPTY);
    CHECK(len == 99);
    OK(cyd_queue_put(queue, "a longer message than fits", 26, 0));
    OK(cyd_queue_put(queue, NULL, 0, -1));
    OK(cyd_queue_put(queue, "three", 5, -1));
    IS(cyd_queue_put(queue, "four", 4, 0), CYD_E_FULL);
    IS(cyd_queue_put(queue, "four", 4, 5 * MS), CYD_E_FULL);
    IS(cyd_queue_put(queue, buffer, 113, -1), CYD_E_TOO_LONG);
    OK(cyd_queue_len(queue, &number));
    CHECK(number == 3);
    OK(cyd_queue_is_full(queue, &is));
    CHECK(is);
    OK(cyd_queue_is_empty(queue, &is));
    CHECK(!is);
    IS(cyd_queue_get(queue, buffer, 16, -1, &len), CYD_E_TOO_LONG);
    CHECK(len == 26); /* and it stays */
    expect(queue, "a longer message than fits");
    expect(queue, "");
    expect(queue, "three");

    const cyd_slice_t row[4] = {{"one", 3}, {NULL, 0}, {"three", 5}, {"four", 4}};
    OK(cyd_queue_put_many(queue, row, 4, -1, &number));
    CHECK(number == 3);
    OK(cyd_queue_get_many(queue, buffer, 7, lens, 4, -1, &number));
    CHECK(number == 2 && lens[0] == 3 && lens[1] == 0 && memcmp(buffer, "one", 3) == 0);
    expect(queue, "three");
    IS(cyd_queue_get_many(queue, buffer, 7, lens, 4, 0, &number), CYD_E_EMPTY);
    IS(cyd_queue_get_many(queue, buffer, 7, lens, 0, 0, &number), CYD_E_INVALID);

    OK(cyd_queue_is_shutdown(queue, &shut));
    CHECK(!shut);
    OK(cyd_queue_put(queue, "last", 4, 0));
    OK(cyd_queue_shutdown(queue, false));
    OK(cyd_queue_is_shutdown(queue, &shut));
    CHECK(shut);
    IS(cyd_queue_put(queue, "more", 4, -1), CYD_E_SHUTDOWN);
    expect(queue, "last");
    IS(cyd_queue_get(queue, buffer, sizeof buffer, -1, &len), CYD_E_END);
    OK(cyd_queue_shutdown(queue, true));
    IS(cyd_queue_get(queue, buffer, sizeof buffer, -1, &len), CYD_E_SHUTDOWN);
    OK(cyd_queue_close(queue));
    IS(cyd_queue_close(queue), CYD_E_CLOSED);
}

static void wrong_arguments(void) {
    cyd_queue_t *queue = make("name", 0, 0), *same;
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 7, .inline_max = 48};
    size_t len = 5;
    IS(cyd_queue_create(yard, "name", NULL, &same), CYD_E_EXISTS);
    IS(cyd_queue_open_or_create(yard, "name", &options, &same), CYD_E_MISMATCH);
    OK(cyd_queue_open_or_create(yard, "name", NULL, &same));
    OK(cyd_queue_close(same));
    IS(cyd_queue_open(yard, "nobody", &same), CYD_E_NOT_FOUND);
    IS(cyd_queue_open(yard, "n/a", &same), CYD_E_NAME);
    options.inline_max = 50;
    IS(cyd_queue_create(yard, "x", &options, &same), CYD_E_SIZE);
    options.inline_max = 8;
    IS(cyd_queue_create(yard, "x", &options, &same), CYD_E_SIZE);
    options.inline_max = 128;
    IS(cyd_queue_create(yard, "x", &options, &same), CYD_E_SIZE);
    options.inline_max = 16;
    OK(cyd_queue_create(yard, "short", &options, &same));
    OK(cyd_queue_put(same, "sixteen bytes...", 16, 0));
    IS(cyd_queue_put(same, "seventeen bytes..", 17, 0), CYD_E_TOO_LONG);
    OK(cyd_queue_close(same));
    options.inline_max = 0;
    options.capacity = (size_t)1 << 25;
    IS(cyd_queue_create(yard, "x", &options, &same), CYD_E_RANGE);
    options.capacity = 1;
    options.unacked = 1 << 17;
    IS(cyd_queue_create(yard, "x", &options, &same), CYD_E_RANGE);
    options.unacked = 0;
    options.sides = 2;
    IS(cyd_queue_create(yard, "x", &options, &same), CYD_E_VERSION);
    options.struct_size = 0;
    IS(cyd_queue_create(yard, "x", &options, &same), CYD_E_INVALID);
    IS(cyd_queue_create(yard, "x", NULL, NULL), CYD_E_NULL);
    IS(cyd_queue_put(queue, NULL, 1, 0), CYD_E_NULL);
    IS(cyd_queue_put_many(queue, NULL, 1, 0, &len), CYD_E_NULL);
    IS(cyd_queue_get(queue, NULL, 1, 0, &len), CYD_E_NULL);
    IS(cyd_queue_get(queue, &len, sizeof len, 0, NULL), CYD_E_NULL);
    IS(cyd_queue_get_many(queue, NULL, 1, &len, 1, 0, &len), CYD_E_NULL);
    IS(cyd_queue_len(queue, NULL), CYD_E_NULL);
    IS(cyd_queue_is_empty(queue, NULL), CYD_E_NULL);
    IS(cyd_queue_is_full(queue, NULL), CYD_E_NULL);
    CHECK(len == 5);
    OK(cyd_queue_close(queue));
}

/* Messages that are longer than a cell. */
static void large(void) {
    static char message[5000], buffer[5000];
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 4, .block_bytes = 64 << 10};
    cyd_queue_t *queue;
    size_t len, longest;
    options.block_bytes = 100;
    IS(cyd_queue_create(yard, "large", &options, &queue), CYD_E_SIZE);
    options.block_bytes = 64 << 10;
    OK(cyd_queue_create(yard, "large", &options, &queue));
    OK(cyd_queue_max_len(queue, &longest));
    CHECK(longest > sizeof message);
    memset(message, 'm', sizeof message);
    for (int lap = 0; lap < 100; lap++) {
        OK(cyd_queue_put(queue, message, sizeof message, 0));
        OK(cyd_queue_put(queue, "short", 5, 0));
        OK(cyd_queue_get(queue, buffer, sizeof buffer, 0, &len));
        CHECK(len == sizeof message && memcmp(buffer, message, len) == 0);
        expect(queue, "short");
    }
    OK(cyd_queue_put(queue, message, sizeof message, 0));
    IS(cyd_queue_get(queue, buffer, 4999, 0, &len), CYD_E_TOO_LONG);
    CHECK(len == 5000);
    OK(cyd_queue_get(queue, buffer, sizeof buffer, 0, &len)); /* nobody has seen it */
    size_t lens[2], count;
    OK(cyd_queue_put(queue, "short", 5, 0));
    OK(cyd_queue_put(queue, message, sizeof message, 0));
    OK(cyd_queue_get_many(queue, buffer, 5000, lens, 2, 0, &count));
    CHECK(count == 1 && lens[0] == 5);
    OK(cyd_queue_get_many(queue, buffer, 5000, lens, 2, 0, &count));
    CHECK(count == 1 && lens[0] == 5000);
    IS(cyd_queue_put(queue, message, longest + 1, 0), CYD_E_TOO_LONG);
    OK(cyd_queue_close(queue));
}

/* A limit in bytes, also while putters are killed. */
static void limited(void) {
    cyd_queue_options_t options = {.struct_size = sizeof options, .block_bytes = 64 << 10, .max_bytes = 1000};
    static char message[1001];
    cyd_queue_t *queue, *same;
    size_t number;
    OK(cyd_queue_create(yard, "limited", &options, &queue));
    OK(cyd_queue_max_len(queue, &number));
    CHECK(number == 1000);
    IS(cyd_queue_put(queue, message, 1001, -1), CYD_E_TOO_LONG);
    OK(cyd_queue_put(queue, message, 600, 0));
    OK(cyd_queue_put(queue, message, 20, 0));
    IS(cyd_queue_put(queue, message, 381, 0), CYD_E_FULL);
    IS(cyd_queue_put(queue, message, 381, 5 * MS), CYD_E_FULL);
    OK(cyd_queue_put(queue, message, 380, 0));
    OK(cyd_queue_bytes(queue, &number));
    CHECK(number == 1000);
    for (int round = 0; round < 40; round++) {
        pid_t victim = fork();
        CHECK(victim >= 0);
        if (victim == 0) {
            for (unsigned n = 0;; n++) {
                size_t len;
                cyd_status_t put = cyd_queue_put(queue, message, n * 37 % 700, 0);
                if (put == CYD_E_FULL) {
                    CHECK(cyd_queue_get(queue, message, sizeof message, 0, &len) >= 0);
                }
            }
        }
        usleep(500 + (unsigned)round * 37);
        CHECK(kill(victim, SIGKILL) == 0 && waitpid(victim, NULL, 0) == victim);
        /* What is there and what there is room for are the limit, to the byte. */
        OK(cyd_yard_sweep(yard));
        OK(cyd_queue_bytes(queue, &number));
        CHECK(number <= 1000);
        IS(cyd_queue_put(queue, message, 1001 - number, 0), number == 0 ? CYD_E_TOO_LONG : CYD_E_FULL);
        OK(cyd_queue_put(queue, message, 1000 - number, 0));
    }
    options.max_bytes = 999;
    IS(cyd_queue_open_or_create(yard, "limited", &options, &same), CYD_E_MISMATCH);
    OK(cyd_queue_close(queue));
}

/* Two producers and two consumers, each a process: every number comes once, in the order of its producer. */
enum { EACH = 2000 };

static void produce(cyd_queue_t *queue, uint64_t from) {
    for (uint64_t n = from; n < from + EACH; n++) {
        OK(cyd_queue_put(queue, &n, sizeof n, 20000 * MS));
    }
    _exit(0);
}

static void consume(cyd_queue_t *queue, int report) {
    uint64_t n, next[2] = {0, 0}, sum = 0;
    size_t len;
    cyd_status_t rc;
    while ((rc = cyd_queue_get(queue, &n, sizeof n, 20000 * MS, &len)) == CYD_OK) {
        uint64_t *expected = &next[n >= EACH];
        CHECK(len == sizeof n && n % EACH >= *expected);
        *expected = n % EACH + 1;
        sum += n + 1;
    }
    CHECK(rc == CYD_E_END);
    CHECK(write(report, &sum, sizeof sum) == sizeof sum);
    _exit(0);
}

static void processes(void) {
    cyd_queue_t *queue = make("processes", 7, 0);
    pid_t pids[4];
    int report[2];
    CHECK(pipe(report) == 0);
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0 && i < 2) {
            produce(queue, (uint64_t)i * EACH);
        } else if (pids[i] == 0) {
            consume(queue, report[1]);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status;
        CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
        if (i == 1) {
            OK(cyd_queue_shutdown(queue, false));
        }
    }
    uint64_t sums[2];
    CHECK(read(report[0], sums, sizeof sums) == sizeof sums);
    CHECK(sums[0] + sums[1] == (uint64_t)EACH * (2 * EACH + 1));
    close(report[0]);
    close(report[1]);
    OK(cyd_queue_close(queue));
}

/* Producers and consumers are killed; those who are left go on. */
static void deaths(void) {
    cyd_queue_t *queue = make("deaths", 2, 0);
    for (int round = 0; round < 40; round++) {
        pid_t victim = fork();
        CHECK(victim >= 0);
        if (victim == 0) {
            uint64_t n = 1;
            size_t len;
            for (;;) {
                if (cyd_queue_put(queue, &n, sizeof n, 0) < 0 && cyd_queue_get(queue, &n, sizeof n, 0, &len) < 0) {
                    continue; /* full, or empty */
                }
            }
        }
        usleep(500 + (unsigned)round * 37);
        CHECK(kill(victim, SIGKILL) == 0 && waitpid(victim, NULL, 0) == victim);
        uint64_t n = 2;
        size_t len;
        while (cyd_queue_get(queue, &n, sizeof n, 0, &len) >= 0) {
            CHECK(n == 1 && len == sizeof n);
        }
        OK(cyd_queue_put(queue, "on", 2, 20000 * MS));
        expect(queue, "on");
    }
    OK(cyd_queue_close(queue));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    messages();
    large();
    limited();
    wrong_arguments();
    processes();
    deaths();
    OK(cyd_yard_close(yard));
    return 0;
}
