/*
 * A worker in C for a job of the wordcount example: it joins by the yard's name, takes the receiving end of one
 * ring, and counts until the sender closes.
 *
 *   wordcount --yard job --external 1 FILE...          (the parent waits)
 *   wordcount_worker --yard job --worker 2             (the last of its two workers)
 *
 * What the two have agreed on is written down in examples/wordcount/tally.rs. Kill this program at any moment, start
 * it again, and the totals are still exact.
 */
#define _POSIX_C_SOURCE 199309L /* nanosleep */

#include <courtyard.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT_BITS 40
#define LAST_COUNT ((UINT64_C(1) << COUNT_BITS) - 1)
#define LAST_NUMBER ((UINT64_C(1) << 24) - 1)
#define IN_WORD (UINT64_C(1) << 63)

enum { LINES, WORDS, BYTES, TOTALS };

static const char *const total_names[TOTALS] = {"lines", "words", "bytes"};

struct worker {
    cyd_yard_t *yard;
    cyd_ring_t *ring;
    cyd_receiver_t *end;
    cyd_value_t *totals[TOTALS];
};

static void complain(const char *what, cyd_status_t status)
{
    fprintf(stderr, "wordcount_worker: %s: %s (%s)\n", what, cyd_last_error_message(), cyd_status_name(status));
}

/* isspace() of the C locale, whatever the locale is. */
static bool is_blank(unsigned char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void count(const unsigned char *piece, size_t len, bool in_word, uint64_t counts[TOTALS])
{
    uint64_t lines = 0, words = 0;
    for (size_t i = 0; i < len; i++) {
        bool blank = is_blank(piece[i]);
        lines += piece[i] == '\n';
        words += !blank && !in_word;
        in_word = !blank;
    }
    counts[LINES] = lines;
    counts[WORDS] = words;
    counts[BYTES] = len;
}

/* Counts a record in those totals that do not have it yet, each with one store. */
static cyd_status_t add(struct worker *worker, const void *record, size_t len)
{
    uint64_t head, counts[TOTALS];
    if (len < sizeof head)
        return CYD_E_CORRUPT;
    memcpy(&head, record, sizeof head);
    count((const unsigned char *)record + sizeof head, len - sizeof head, (head & IN_WORD) != 0, counts);

    uint64_t number = head & LAST_NUMBER;
    for (int i = 0; i < TOTALS; i++) {
        uint64_t total;
        cyd_status_t status = cyd_value_get(worker->totals[i], CYD_TYPE_U64, &total);
        if (CYD_FAILED(status))
            return status;
        if (total >> COUNT_BITS >= number)
            continue;
        total = number << COUNT_BITS | ((total & LAST_COUNT) + counts[i]);
        status = cyd_value_set(worker->totals[i], CYD_TYPE_U64, &total);
        if (CYD_FAILED(status))
            return status;
    }
    return CYD_OK;
}

/* A predecessor may take an instant more to be dead for good. */
static cyd_status_t take_end(struct worker *worker)
{
    const struct timespec nap = {0, 2000000};
    cyd_status_t status = CYD_E_BUSY;
    for (int tries = 0; tries < 500 && status == CYD_E_BUSY; tries++) {
        if (tries > 0)
            nanosleep(&nap, NULL);
        status = cyd_ring_receiver(worker->ring, CYD_STRATEGY_ADAPTIVE, &worker->end);
    }
    return status;
}

static cyd_status_t join(struct worker *worker, const char *yard, int number)
{
    char name[32];
    cyd_status_t status = cyd_yard_open(yard, NULL, &worker->yard);
    for (int i = 0; i < TOTALS && !CYD_FAILED(status); i++) {
        snprintf(name, sizeof name, "%s.%d", total_names[i], number);
        status = cyd_value_open(worker->yard, name, CYD_TYPE_U64, &worker->totals[i]);
    }
    if (CYD_FAILED(status))
        return status;
    snprintf(name, sizeof name, "text.%d", number);
    status = cyd_ring_open(worker->yard, name, &worker->ring);
    return CYD_FAILED(status) ? status : take_end(worker);
}

/* Counts until the sender has closed and everything is counted. */
static cyd_status_t work(struct worker *worker, uint64_t *again)
{
    for (;;) {
        const void *record;
        size_t len;
        cyd_status_t status = cyd_receiver_peek(worker->end, -1, &record, &len);
        if (status == CYD_E_PEER_CLOSED)
            return CYD_OK;
        if (CYD_FAILED(status))
            return status;
        *again += status == CYD_REDELIVERED;
        status = add(worker, record, len);
        if (CYD_FAILED(status))
            return status;
        status = cyd_receiver_release(worker->end);
        if (CYD_FAILED(status))
            return status;
    }
}

static void leave(struct worker *worker)
{
    cyd_receiver_close(worker->end);
    cyd_ring_close(worker->ring);
    for (int i = 0; i < TOTALS; i++)
        cyd_value_close(worker->totals[i]);
    cyd_yard_close(worker->yard);
}

static int usage(void)
{
    fprintf(stderr, "usage: wordcount_worker --yard NAME --worker INDEX    (INDEX from 1 on)\n");
    return 2;
}

int main(int argc, char **argv)
{
    const char *yard = NULL;
    int number = 0;
    if (argc % 2 == 0)
        return usage();
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--yard") == 0)
            yard = argv[i + 1];
        else if (strcmp(argv[i], "--worker") == 0)
            number = atoi(argv[i + 1]);
        else
            return usage();
    }
    if (yard == NULL || number < 1)
        return usage();

    struct worker worker = {0};
    uint64_t again = 0;
    const char *what = "joining";
    cyd_status_t status = join(&worker, yard, number);
    if (!CYD_FAILED(status)) {
        what = "working";
        status = work(&worker, &again);
    }
    if (CYD_FAILED(status))
        complain(what, status);
    else
        printf("worker %d has counted everything, %llu records came again\n", number, (unsigned long long)again);
    leave(&worker);
    return CYD_FAILED(status) ? 1 : 0;
}
