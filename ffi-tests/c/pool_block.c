/* Inputs that are not copied: loans of a pool, functions that read in place; and what is refused. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <signal.h>
#include <string.h>

enum { LONG = 5000 };

/* The sum of its input; dies at its first attempt if the first byte says so. */
static int adds_up(cyd_task_t *task, const void *input, size_t len, void *argument) {
    const unsigned char *byte = input;
    cyd_task_info_t info = {.struct_size = sizeof info};
    uint64_t sum = 0;
    CHECK(argument == NULL && input != NULL);
    for (size_t i = 0; i < len; i++) {
        sum += byte[i];
    }
    OK(cyd_task_info(task, &info));
    if (len > 0 && byte[0] == 9 && info.attempt == 0) {
        raise(SIGKILL);
    }
    return cyd_task_return(task, &sum, sizeof sum);
}

static int refuses(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)input, (void)argument;
    OK(cyd_task_fail(task, len == LONG ? "not so long" : "not so short"));
    return 1;
}

static cyd_loan_t filled(cyd_pool_t *pool, size_t len, int byte) {
    cyd_loan_t loan;
    OK(cyd_pool_alloc(pool, len, -1, &loan));
    CHECK(loan.len == len && loan.block != 0 && (uintptr_t)loan.data % 64 == 0);
    memset(loan.data, byte, len);
    return loan;
}

static uint64_t result(cyd_future_t *future) {
    uint64_t sum;
    size_t len;
    OK(cyd_future_result(future, &sum, sizeof sum, -1, &len));
    CHECK(len == sizeof sum);
    OK(cyd_future_close(future));
    return sum;
}

/* How many of the pool's blocks are not free. */
static uint32_t in_use(cyd_yard_t *yard) {
    cyd_blocks_t *blocks;
    cyd_block_use_t classes[16];
    size_t count;
    uint32_t used = 0;
    OK(cyd_blocks_open(yard, "pool.blocks", &blocks));
    OK(cyd_blocks_usage(blocks, classes, 16, &count));
    for (size_t i = 0; i < count; i++) {
        used += classes[i].count - classes[i].free;
    }
    OK(cyd_blocks_close(blocks));
    return used;
}

static void both_ways(cyd_pool_t *pool) {
    const char *const entries[] = {"in-place", "copied"};
    const size_t lens[] = {0, 1, 112, 113, LONG};
    unsigned char bytes[LONG];
    cyd_future_t *future;
    memset(bytes, 2, sizeof bytes);
    for (int e = 0; e < 2; e++) {
        for (int i = 0; i < 5; i++) {
            OK(cyd_pool_submit_block(pool, entries[e], filled(pool, lens[i], 3).block, NULL, -1, &future));
            CHECK(result(future) == 3 * lens[i]);
            OK(cyd_pool_submit(pool, entries[e], bytes, lens[i], NULL, -1, &future));
            CHECK(result(future) == 2 * lens[i]);
        }
    }
    char text[32];
    OK(cyd_pool_submit_block(pool, "refuses", filled(pool, LONG, 0).block, NULL, 0, &future));
    OK(cyd_future_wait(future, -1));
    OK(cyd_future_error(future, text, sizeof text, NULL));
    CHECK(strcmp(text, "not so long") == 0);
    OK(cyd_future_close(future));
    OK(cyd_pool_submit_block(pool, "in-place", filled(pool, LONG, 0).block, NULL, 0, NULL)); /* nobody wants to know */
    cyd_task_options_t once = {.struct_size = sizeof once, .retries = 1};
    OK(cyd_pool_submit_block(pool, "in-place", filled(pool, LONG, 9).block, &once, -1, &future));
    CHECK(result(future) == 9 * LONG);
}

static void refused(cyd_pool_t *pool, cyd_yard_t *yard) {
    cyd_loan_t loan;
    cyd_future_t *future;
    cyd_blocks_t *blocks;
    uint64_t strange;
    IS(cyd_pool_alloc(pool, 64 << 20, -1, &loan), CYD_E_TOO_LONG);
    IS(cyd_pool_alloc(pool, 1, 0, NULL), CYD_E_NULL);
    IS(cyd_pool_alloc(NULL, 1, 0, &loan), CYD_E_NULL);
    IS(cyd_pool_free(NULL, 1), CYD_E_NULL);
    OK(cyd_pool_free(pool, 0));
    IS(cyd_pool_free(pool, 1), CYD_E_FOREIGN);
    IS(cyd_pool_submit_block(pool, "copied", 1, NULL, 0, NULL), CYD_E_FOREIGN);
    IS(cyd_pool_submit_block(NULL, "copied", 1, NULL, 0, NULL), CYD_E_NULL);
    IS(cyd_pool_submit_block((cyd_pool_t *)yard, "copied", 1, NULL, 0, NULL), CYD_E_TYPE);
    cyd_blocks_options_t few = {.struct_size = sizeof few, .bytes = 32 << 10};
    OK(cyd_blocks_create(yard, "strange", &few, &blocks));
    OK(cyd_blocks_alloc(blocks, LONG, 0, &strange));
    IS(cyd_pool_submit_block(pool, "copied", strange, NULL, 0, &future), CYD_E_FOREIGN);
    IS(cyd_pool_free(pool, strange), CYD_E_FOREIGN);
    OK(cyd_blocks_free(blocks, strange));
    OK(cyd_blocks_close(blocks));

    loan = filled(pool, LONG, 1);
    IS(cyd_pool_submit_block(pool, "no name", loan.block, NULL, 0, &future), CYD_E_NAME);
    IS(cyd_pool_submit_block(pool, NULL, loan.block, NULL, 0, &future), CYD_E_NAME);
    cyd_task_options_t many = {.struct_size = sizeof many, .retries = 256};
    IS(cyd_pool_submit_block(pool, "copied", loan.block, &many, 0, &future), CYD_E_RANGE);
    OK(cyd_pool_submit_block(pool, "copied", loan.block, NULL, -1, &future)); /* it was ours all the time */
    IS(cyd_pool_submit_block(pool, "copied", loan.block, NULL, 0, NULL), CYD_E_STATE);
    IS(cyd_pool_free(pool, loan.block), CYD_E_STATE);
    CHECK(result(future) == LONG);
    loan = filled(pool, LONG, 1);
    OK(cyd_pool_free(pool, loan.block));
    IS(cyd_pool_free(pool, loan.block), CYD_E_STATE);
    IS(cyd_task_register_block("in-place", adds_up, NULL), CYD_E_EXISTS);
    IS(cyd_task_register_block("no name", adds_up, NULL), CYD_E_NAME);
    IS(cyd_task_register_block(NULL, adds_up, NULL), CYD_E_NAME);
    IS(cyd_task_register_block("nothing", NULL, NULL), CYD_E_NULL);
}

/* What the dead had on loan is free again; a child does not own its parent's. */
static void deaths(cyd_pool_t *pool) {
    cyd_loan_t loan = filled(pool, LONG, 4);
    pid_t pid;
    CHILD(pid) {
        IS(cyd_pool_submit_block(pool, "copied", loan.block, NULL, 0, NULL), CYD_E_NOT_OWNER);
        IS(cyd_pool_free(pool, loan.block), CYD_E_NOT_OWNER);
        OK(cyd_pool_submit_block(pool, "copied", filled(pool, LONG, 1).block, NULL, -1, NULL));
        (void)filled(pool, LONG, 1);
        raise(SIGKILL);
    }
    WAS_KILLED(pid);
    OK(cyd_pool_free(pool, loan.block));
}

static void without_blocks(cyd_yard_t *yard) {
    cyd_loan_t loan;
    cyd_pool_t *pool;
    cyd_pool_options_t options = {
        .struct_size = sizeof options, .workers = 1, .tasks = 16, .method = CYD_START_THREADS, .flags = CYD_POOL_SHORT};
    OK(cyd_pool_create(yard, "short", &options, &pool));
    IS(cyd_pool_alloc(pool, 1, 0, &loan), CYD_E_UNSUPPORTED);
    IS(cyd_pool_free(pool, 1), CYD_E_UNSUPPORTED);
    IS(cyd_pool_submit_block(pool, "copied", 1, NULL, 0, NULL), CYD_E_UNSUPPORTED);
    OK(cyd_pool_close(pool));
    IS(cyd_pool_alloc(pool, 1, 0, &loan), CYD_E_CLOSED);
}

static void shut(cyd_pool_t *pool) {
    cyd_loan_t loan = filled(pool, LONG, 5);
    OK(cyd_pool_shutdown(pool, false));
    IS(cyd_pool_submit_block(pool, "copied", loan.block, NULL, -1, NULL), CYD_E_STATE);
    OK(cyd_pool_free(pool, loan.block));
    OK(cyd_pool_join(pool, 20000 * MS));
}

int main(int argc, char **argv) {
    OK(cyd_task_register("copied", adds_up, NULL));
    OK(cyd_task_register_block("in-place", adds_up, NULL));
    OK(cyd_task_register_block("refuses", refuses, NULL));
    OK(cyd_init(argc, (const char *const *)argv));
    cyd_yard_t *yard;
    cyd_pool_t *pool;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 2};
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_pool_create(yard, "pool", &options, &pool));
    both_ways(pool);
    refused(pool, yard);
    deaths(pool);
    shut(pool);
    OK(cyd_yard_sweep(yard));
    CHECK(in_use(yard) == 0);
    without_blocks(yard);
    OK(cyd_pool_close(pool));
    OK(cyd_yard_close(yard));
    return 0;
}
