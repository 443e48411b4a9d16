/* Acknowledged gets: tickets, giving back, joining, deaths, fork children, wrong arguments. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static cyd_yard_t *yard;

static cyd_queue_t *make(const char *name, uint32_t unacked) {
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 4, .block_bytes = 64 << 10, .unacked = unacked};
    cyd_queue_t *queue;
    OK(cyd_queue_create(yard, name, &options, &queue));
    return queue;
}

/* Gets the next message, which is this text, with this status, and tells its ticket. */
static uint64_t take(cyd_queue_t *queue, const char *text, cyd_status_t status) {
    char buffer[64];
    size_t len = 99;
    uint64_t ticket = 0;
    IS(cyd_queue_get_ack(queue, buffer, sizeof buffer, 20000 * MS, &len, &ticket), status);
    CHECK(len == strlen(text) && memcmp(buffer, text, len) == 0 && ticket != 0);
    return ticket;
}

static size_t unfinished(cyd_queue_t *queue) {
    size_t number;
    OK(cyd_queue_unfinished(queue, &number));
    return number;
}

static void tickets(void) {
    cyd_queue_t *queue = make("tickets", 2);
    char buffer[64];
    size_t len = 99;
    uint64_t none = 5;
    IS(cyd_queue_get_ack(queue, buffer, sizeof buffer, 0, &len, &none), CYD_E_EMPTY);
    IS(cyd_queue_get_ack(queue, buffer, sizeof buffer, 5 * MS, &len, &none), CYD_E_EMPTY);
    CHECK(len == 99 && none == 5);
    OK(cyd_queue_join(queue, -1));
    OK(cyd_queue_put(queue, "one", 3, 0));
    OK(cyd_queue_put(queue, "two", 3, 0));
    OK(cyd_queue_put(queue, "three", 5, 0));
    IS(cyd_queue_join(queue, 0), CYD_E_TIMEOUT);
    IS(cyd_queue_join(queue, 5 * MS), CYD_E_TIMEOUT);
    IS(cyd_queue_get_ack(queue, buffer, 2, 0, &len, &none), CYD_E_TOO_LONG);
    CHECK(len == 3 && none == 5);
    uint64_t one = take(queue, "one", CYD_OK), two = take(queue, "two", CYD_OK);
    IS(cyd_queue_get_ack(queue, buffer, sizeof buffer, 0, &len, &none), CYD_E_FULL);
    IS(cyd_queue_get_ack(queue, buffer, sizeof buffer, 5 * MS, &len, &none), CYD_E_FULL);
    CHECK(strstr(cyd_last_error_message(), "2 messages") != NULL);
    CHECK(unfinished(queue) == 3);
    OK(cyd_queue_put_back(queue, one));
    IS(cyd_queue_done(queue, one), CYD_E_STATE);
    one = take(queue, "one", CYD_REDELIVERED);
    OK(cyd_queue_done(queue, two));
    IS(cyd_queue_done(queue, two), CYD_E_STATE);
    IS(cyd_queue_put_back(queue, two), CYD_E_STATE);
    IS(cyd_queue_done(queue, 0), CYD_E_FOREIGN);
    (void)take(queue, "three", CYD_OK);
    OK(cyd_queue_task_done(queue)); /* the oldest */
    IS(cyd_queue_done(queue, one), CYD_E_STATE);
    OK(cyd_queue_task_done(queue));
    IS(cyd_queue_task_done(queue), CYD_E_RANGE);
    OK(cyd_queue_join(queue, 0));
    CHECK(unfinished(queue) == 0);
    OK(cyd_queue_close(queue));
    IS(cyd_queue_close(queue), CYD_E_CLOSED);
}

/* What is read where it lies: acknowledged, given back, acknowledged without its ticket. */
static void borrowed(void) {
    static char long_one[5000];
    cyd_queue_t *queue = make("borrowed", 2), *plain;
    cyd_message_t message;
    uint64_t ticket = 5, other;
    memset(long_one, 'm', sizeof long_one);
    IS(cyd_queue_get_borrow_ack(queue, 0, &message, &ticket), CYD_E_EMPTY);
    IS(cyd_queue_get_borrow_ack(queue, 5 * MS, &message, &ticket), CYD_E_EMPTY);
    CHECK(ticket == 5);
    OK(cyd_queue_put(queue, long_one, sizeof long_one, 0));
    OK(cyd_queue_put(queue, "short", 5, 0));
    OK(cyd_queue_put(queue, "third", 5, 0));
    OK(cyd_queue_get_borrow_ack(queue, 0, &message, &ticket));
    CHECK(message.len == sizeof long_one && message.block != 0);
    CHECK(memcmp(message.data, long_one, sizeof long_one) == 0);
    const void *place = message.data;
    OK(cyd_queue_put_back(queue, ticket));
    IS(cyd_queue_get_borrow_ack(queue, 0, &message, &ticket), CYD_REDELIVERED);
    CHECK(message.data == place && memcmp(place, long_one, sizeof long_one) == 0);
    OK(cyd_queue_get_borrow_ack(queue, 0, &message, &other));
    CHECK(message.len == 5 && message.block == 0 && memcmp(message.data, "short", 5) == 0);
    IS(cyd_queue_get_borrow_ack(queue, 0, &message, &ticket), CYD_E_FULL);
    CHECK(unfinished(queue) == 3);
    OK(cyd_queue_done(queue, ticket));
    OK(cyd_queue_task_done(queue));
    IS(cyd_queue_done(queue, other), CYD_E_STATE);
    OK(cyd_queue_get_borrow_ack(queue, 0, &message, &ticket));
    OK(cyd_queue_done(queue, ticket));
    OK(cyd_queue_join(queue, 0));

    IS(cyd_queue_get_borrow_ack(NULL, 0, &message, &ticket), CYD_E_NULL);
    IS(cyd_queue_get_borrow_ack(queue, 0, NULL, &ticket), CYD_E_NULL);
    IS(cyd_queue_get_borrow_ack(queue, 0, &message, NULL), CYD_E_NULL);
    IS(cyd_queue_get_borrow_ack(queue, 0, (cyd_message_t *)((char *)&message + 1), &ticket), CYD_E_INVALID);
    OK(cyd_queue_create(yard, "not-owed", NULL, &plain));
    IS(cyd_queue_get_borrow_ack(plain, 0, &message, &ticket), CYD_E_UNSUPPORTED);
    OK(cyd_queue_close(plain));
    OK(cyd_queue_close(queue));
}

/* Who reads where it lies, and is killed, has not taken it away. */
static void killed_while_it_reads(void) {
    static char long_one[5000];
    cyd_queue_t *queue = make("reads", 1);
    cyd_message_t message;
    uint64_t ticket;
    pid_t pid;
    memset(long_one, 'm', sizeof long_one);
    for (int round = 0; round < 20; round++) {
        OK(cyd_queue_put(queue, long_one, sizeof long_one, 20000 * MS));
        CHILD(pid) {
            OK(cyd_queue_get_borrow_ack(queue, 20000 * MS, &message, &ticket));
            CHECK(message.block != 0);
            kill(getpid(), SIGKILL);
        }
        WAS_KILLED(pid);
        IS(cyd_queue_get_borrow_ack(queue, 20000 * MS, &message, &ticket), CYD_REDELIVERED);
        CHECK(message.len == sizeof long_one && memcmp(message.data, long_one, sizeof long_one) == 0);
        OK(cyd_queue_done(queue, ticket));
    }
    OK(cyd_queue_join(queue, 0));
    OK(cyd_queue_close(queue));
}

static void wrong_arguments(void) {
    cyd_queue_t *queue = make("wrong", 1), *plain;
    size_t len = 5;
    uint64_t ticket = 5;
    IS(cyd_queue_get_ack(NULL, &len, sizeof len, 0, &len, &ticket), CYD_E_NULL);
    IS(cyd_queue_get_ack(queue, NULL, 1, 0, &len, &ticket), CYD_E_NULL);
    IS(cyd_queue_get_ack(queue, &len, sizeof len, 0, NULL, &ticket), CYD_E_NULL);
    IS(cyd_queue_get_ack(queue, &len, sizeof len, 0, &len, NULL), CYD_E_NULL);
    IS(cyd_queue_unfinished(queue, NULL), CYD_E_NULL);
    OK(cyd_queue_create(yard, "plain", NULL, &plain));
    OK(cyd_queue_put(plain, "x", 1, 0));
    CHECK(unfinished(plain) == 1);
    IS(cyd_queue_get_ack(plain, &len, sizeof len, 0, &len, &ticket), CYD_E_UNSUPPORTED);
    IS(cyd_queue_done(plain, 1), CYD_E_UNSUPPORTED);
    IS(cyd_queue_put_back(plain, 1), CYD_E_UNSUPPORTED);
    IS(cyd_queue_task_done(plain), CYD_E_UNSUPPORTED);
    IS(cyd_queue_join(plain, 0), CYD_E_UNSUPPORTED);
    CHECK(len == 5 && ticket == 5);
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 4, .block_bytes = 0, .inline_max = 0, .unacked = 65537};
    IS(cyd_queue_create(yard, "x", &options, &plain), CYD_E_RANGE);
    OK(cyd_queue_put(queue, "x", 1, 0));
    OK(cyd_queue_shutdown(queue, true));
    IS(cyd_queue_join(queue, -1), CYD_E_SHUTDOWN);
    IS(cyd_queue_get_ack(queue, &len, sizeof len, -1, &len, &ticket), CYD_E_SHUTDOWN);
    OK(cyd_queue_close(queue));
}

static void *joins(void *queue) {
    OK(cyd_queue_join(queue, 20000 * MS));
    return NULL;
}

/* A child does not owe what its parent got; what a killed one owed comes again; who joins waits for that as well. */
static void deaths(void) {
    static char message[5000], buffer[5000];
    cyd_queue_t *queue = make("deaths", 3);
    pid_t pid;
    memset(message, 'm', sizeof message);
    OK(cyd_queue_put(queue, "one", 3, 0));
    uint64_t ticket = take(queue, "one", CYD_OK);
    CHILD(pid) {
        IS(cyd_queue_done(queue, ticket), CYD_E_NOT_OWNER);
        IS(cyd_queue_put_back(queue, ticket), CYD_E_NOT_OWNER);
        IS(cyd_queue_task_done(queue), CYD_E_RANGE);
    }
    ENDED_WELL(pid);
    OK(cyd_queue_done(queue, ticket));

    for (int round = 0; round < 20; round++) {
        OK(cyd_queue_put(queue, message, sizeof message, 20000 * MS));
        OK(cyd_queue_put(queue, "two", 3, 20000 * MS));
        CHILD(pid) {
            size_t len;
            uint64_t any;
            CHECK(cyd_queue_get_ack(queue, buffer, sizeof buffer, 20000 * MS, &len, &any) >= 0);
            CHECK(cyd_queue_get_ack(queue, buffer, sizeof buffer, 20000 * MS, &len, &any) >= 0);
            kill(getpid(), SIGKILL);
        }
        pthread_t joiner;
        CHECK(pthread_create(&joiner, NULL, joins, queue) == 0);
        WAS_KILLED(pid);
        size_t len;
        IS(cyd_queue_get_ack(queue, buffer, sizeof buffer, 20000 * MS, &len, &ticket), CYD_REDELIVERED);
        CHECK(len == sizeof message && memcmp(buffer, message, len) == 0);
        OK(cyd_queue_done(queue, ticket));
        OK(cyd_queue_done(queue, take(queue, "two", CYD_REDELIVERED)));
        CHECK(pthread_join(joiner, NULL) == 0);
        CHECK(unfinished(queue) == 0);
    }
    OK(cyd_queue_close(queue));
}

/* Workers acknowledge what they got; the sum is right, and the parent joins. */
enum { JOBS = 3000 };

static void workers(void) {
    cyd_queue_t *queue = make("workers", 2);
    pid_t pids[3];
    int report[2];
    CHECK(pipe(report) == 0);
    for (int i = 0; i < 3; i++) {
        CHILD(pids[i]) {
            uint64_t n, sum = 0, ticket;
            size_t len;
            while (cyd_queue_get_ack(queue, &n, sizeof n, 20000 * MS, &len, &ticket) == CYD_OK) {
                sum += n;
                OK(cyd_queue_done(queue, ticket));
            }
            CHECK(write(report[1], &sum, sizeof sum) == sizeof sum);
        }
    }
    for (uint64_t n = 1; n <= JOBS; n++) {
        OK(cyd_queue_put(queue, &n, sizeof n, 20000 * MS));
    }
    OK(cyd_queue_join(queue, 20000 * MS));
    CHECK(unfinished(queue) == 0);
    OK(cyd_queue_shutdown(queue, false));
    uint64_t sums[3];
    for (int i = 0; i < 3; i++) {
        ENDED_WELL(pids[i]);
        CHECK(read(report[0], &sums[i], sizeof sums[i]) == sizeof sums[i]);
    }
    CHECK(sums[0] + sums[1] + sums[2] == (uint64_t)JOBS * (JOBS + 1) / 2);
    close(report[0]);
    close(report[1]);
    OK(cyd_queue_close(queue));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    tickets();
    borrowed();
    wrong_arguments();
    deaths();
    killed_while_it_reads();
    workers();
    OK(cyd_yard_close(yard));
    return 0;
}
