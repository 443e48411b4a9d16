/* Messages that are not copied: loans, borrowed messages, blocks that several queues share, deaths. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <signal.h>
#include <string.h>

enum { LONG = 1000 };

static cyd_yard_t *yard;

static size_t in_use(cyd_blocks_t *blocks) {
    cyd_block_use_t list[16];
    size_t count, sum = 0;
    OK(cyd_blocks_usage(blocks, list, 16, &count));
    for (size_t i = 0; i < count; i++) {
        sum += list[i].owned + list[i].offered + list[i].linked;
    }
    return sum;
}

static cyd_queue_t *with_blocks(const char *name, size_t capacity, cyd_blocks_t **blocks) {
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = capacity, .block_bytes = 64 << 10};
    char of_blocks[64];
    cyd_queue_t *queue;
    OK(cyd_queue_create(yard, name, &options, &queue));
    snprintf(of_blocks, sizeof of_blocks, "%s.blocks", name);
    OK(cyd_blocks_open(yard, of_blocks, blocks));
    return queue;
}

static void loans(void) {
    cyd_blocks_t *blocks;
    cyd_queue_t *queue = with_blocks("loans", 1, &blocks);
    cyd_loan_t loan, second;
    cyd_message_t message;
    IS(cyd_queue_get_borrow(queue, 0, &message), CYD_E_EMPTY);
    IS(cyd_queue_loan(queue, 1 << 20, -1, &loan), CYD_E_TOO_LONG);
    OK(cyd_queue_loan(queue, LONG, -1, &loan));
    CHECK(loan.len == LONG && loan.block != 0 && (uintptr_t)loan.data % 64 == 0);
    memset(loan.data, 'l', LONG);
    OK(cyd_queue_put_loan(queue, loan.block, -1));
    IS(cyd_queue_put_loan(queue, loan.block, 0), CYD_E_STATE);
    IS(cyd_queue_release(queue, loan.block), CYD_E_STATE);
    OK(cyd_queue_loan(queue, 5, 0, &second));
    memcpy(second.data, "short", 5);
    IS(cyd_queue_put_loan(queue, second.block, 0), CYD_E_FULL);
    IS(cyd_queue_put_loan(queue, second.block, 5 * MS), CYD_E_FULL);

    OK(cyd_queue_get_borrow(queue, -1, &message));
    CHECK(message.block == loan.block && message.len == LONG && message.data == loan.data);
    CHECK(((const char *)message.data)[LONG - 1] == 'l' && in_use(blocks) == 2);
    OK(cyd_queue_release(queue, message.block));
    IS(cyd_queue_release(queue, message.block), CYD_E_STATE);
    OK(cyd_queue_put_loan(queue, second.block, 0));
    OK(cyd_queue_get_borrow(queue, 0, &message));
    CHECK(message.len == 5 && message.block == second.block && memcmp(message.data, "short", 5) == 0);
    OK(cyd_queue_release(queue, message.block));

    OK(cyd_queue_put(queue, "in its cell", 11, 0));
    OK(cyd_queue_get_borrow(queue, 0, &message));
    CHECK(message.len == 11 && message.block == 0 && message.data == message.bytes);
    CHECK(memcmp(message.data, "in its cell", 11) == 0);
    OK(cyd_queue_release(queue, message.block));
    OK(cyd_queue_loan(queue, 5, 0, &loan));
    OK(cyd_queue_release(queue, loan.block));
    CHECK(in_use(blocks) == 0);

    OK(cyd_queue_loan(queue, 5, 0, &loan));
    OK(cyd_queue_shutdown(queue, false));
    IS(cyd_queue_put_loan(queue, loan.block, -1), CYD_E_SHUTDOWN);
    OK(cyd_queue_release(queue, loan.block));
    IS(cyd_queue_get_borrow(queue, -1, &message), CYD_E_END);
    OK(cyd_blocks_close(blocks));
    OK(cyd_queue_close(queue));
}

static void wrong_arguments(void) {
    cyd_queue_t *queue;
    cyd_loan_t loan;
    cyd_message_t message;
    OK(cyd_queue_create(yard, "without", NULL, &queue));
    IS(cyd_queue_loan(queue, 1, 0, &loan), CYD_E_UNSUPPORTED);
    IS(cyd_queue_loan(queue, 1, 0, NULL), CYD_E_NULL);
    IS(cyd_queue_put_loan(queue, 1, 0), CYD_E_UNSUPPORTED);
    IS(cyd_queue_release(queue, 1), CYD_E_UNSUPPORTED);
    OK(cyd_queue_release(queue, 0));
    IS(cyd_queue_get_borrow(queue, 0, NULL), CYD_E_NULL);
    IS(cyd_queue_get_borrow(queue, 0, (cyd_message_t *)((char *)&message + 1)), CYD_E_INVALID);
    OK(cyd_queue_close(queue));
}

/* Two queues, one heap: what was got from the one goes on into the other. */
static void shared(void) {
    cyd_block_class_t class = {.size = LONG, .count = 2};
    cyd_blocks_options_t of_blocks = {.struct_size = sizeof of_blocks, .classes = &class, .class_count = 1};
    cyd_blocks_t *blocks;
    OK(cyd_blocks_create(yard, "heap", &of_blocks, &blocks));
    cyd_queue_options_t options = {.struct_size = sizeof options, .capacity = 4, .blocks = blocks};
    cyd_queue_t *in, *out, *none;
    OK(cyd_queue_create(yard, "in", &options, &in));
    OK(cyd_queue_open_or_create(yard, "out", &options, &out));
    IS(cyd_queue_open_or_create(yard, "without", &options, &none), CYD_E_MISMATCH);
    options.block_bytes = 4096;
    IS(cyd_queue_create(yard, "x", &options, &none), CYD_E_INVALID);
    options.block_bytes = 0;
    cyd_yard_t *other;
    OK(cyd_yard_create_anonymous(NULL, &other));
    IS(cyd_queue_create(other, "x", &options, &none), CYD_E_FOREIGN);
    OK(cyd_yard_close(other));
    options.blocks = (const cyd_blocks_t *)in;
    IS(cyd_queue_create(yard, "x", &options, &none), CYD_E_TYPE);

    static char bytes[LONG];
    cyd_message_t message;
    uint64_t block;
    size_t len;
    OK(cyd_queue_put(in, bytes, LONG, 0));
    OK(cyd_blocks_alloc(blocks, 3, 0, &block)); /* any block of the heap can be a message */
    IS(cyd_queue_put(out, bytes, LONG, 0), CYD_E_FULL);
    OK(cyd_blocks_write(blocks, block, 0, "any", 3));
    OK(cyd_queue_put_loan(out, block, 0));
    OK(cyd_queue_get_borrow(in, 0, &message));
    OK(cyd_queue_put_loan(out, message.block, 0));
    OK(cyd_queue_get(out, bytes, LONG, 0, &len));
    CHECK(len == 3 && memcmp(bytes, "any", 3) == 0);
    OK(cyd_queue_get(out, bytes, LONG, 0, &len));
    CHECK(len == LONG && in_use(blocks) == 0);
    OK(cyd_queue_close(out));
    OK(cyd_queue_close(in));
    OK(cyd_blocks_close(blocks));
}

/* What the dead had on loan, or had borrowed, is free again; a child does not own its parent's. */
static void deaths(void) {
    cyd_blocks_t *blocks;
    cyd_queue_t *queue = with_blocks("deaths", 4, &blocks);
    cyd_loan_t loan;
    cyd_message_t message;
    OK(cyd_queue_loan(queue, LONG, 0, &loan));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        IS(cyd_queue_put_loan(queue, loan.block, 0), CYD_E_NOT_OWNER);
        IS(cyd_queue_release(queue, loan.block), CYD_E_NOT_OWNER);
        OK(cyd_queue_loan(queue, LONG, 0, &loan));
        OK(cyd_queue_put_loan(queue, loan.block, 0));
        OK(cyd_queue_loan(queue, LONG, 0, &loan));
        OK(cyd_queue_put_loan(queue, loan.block, 0));
        OK(cyd_queue_get_borrow(queue, 0, &message));
        OK(cyd_queue_loan(queue, LONG, 0, &loan));
        kill(getpid(), SIGKILL);
    }
    CHECK(waitpid(child, NULL, 0) == child);
    OK(cyd_queue_release(queue, loan.block));
    OK(cyd_queue_get_borrow(queue, 20000 * MS, &message));
    OK(cyd_queue_release(queue, message.block));
    IS(cyd_queue_get_borrow(queue, 0, &message), CYD_E_EMPTY);
    OK(cyd_yard_sweep(yard));
    CHECK(in_use(blocks) == 0);
    OK(cyd_blocks_close(blocks));
    OK(cyd_queue_close(queue));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    loans();
    wrong_arguments();
    shared();
    deaths();
    OK(cyd_yard_close(yard));
    return 0;
}
