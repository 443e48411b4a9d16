/* Blocks: allocated, freed, read, handed on; what is refused, and what a death, a fork and a signal change. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static cyd_yard_t *yard;

static cyd_blocks_t *blocks_of(const char *name, uint64_t size, uint64_t count) {
    cyd_block_class_t class = {size, count};
    cyd_blocks_options_t options = {.struct_size = sizeof options, .classes = &class, .class_count = 1};
    cyd_blocks_t *blocks;
    OK(cyd_blocks_create(yard, name, &options, &blocks));
    size_t longest = 0;
    OK(cyd_blocks_max_len(blocks, &longest));
    CHECK(longest == (size + 63) / 64 * 64 * count); /* each is rounded up */
    return blocks;
}

static uint32_t free_of(const cyd_blocks_t *blocks) {
    cyd_block_use_t use;
    size_t classes = 0;
    OK(cyd_blocks_usage(blocks, &use, 1, &classes));
    CHECK(classes == 1 && use.free + use.owned + use.offered + use.linked == use.count);
    return use.free;
}

static uint32_t owned_of(const cyd_blocks_t *blocks) {
    uint32_t owned = UINT32_MAX;
    OK(cyd_blocks_owned(blocks, &owned));
    return owned;
}

static void options(void) {
    cyd_blocks_t *blocks = NULL;
    cyd_block_class_t classes[17] = {{0, 0}};
    cyd_blocks_options_t options = {.struct_size = sizeof options, .classes = classes, .class_count = 1};
    IS(cyd_blocks_open(yard, "o", &blocks), CYD_E_NOT_FOUND);
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_SIZE); /* of 0 bytes */
    classes[0] = (cyd_block_class_t){64, 0};
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_RANGE);
    classes[0].count = UINT64_C(1) << 32;
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_RANGE);
    classes[0] = (cyd_block_class_t){(UINT64_C(1) << 40) + 1, 1};
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_SIZE);
    classes[0] = (cyd_block_class_t){UINT64_C(1) << 40, 4};
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_NO_SPACE);
    for (uint64_t i = 0; i < 17; i++) {
        classes[i] = (cyd_block_class_t){64 * (i + 1), 1};
    }
    options.class_count = 17;
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_RANGE);
    options.class_count = 2;
    classes[1].size = 63; /* both are rounded up to 64 */
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_SIZE);
    options.classes = NULL;
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_NULL);
    options.classes = (cyd_block_class_t *)((char *)classes + 1);
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_INVALID);
    options = (cyd_blocks_options_t){.struct_size = sizeof options, .bytes = 2047};
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_SIZE);
    options.struct_size = 3;
    IS(cyd_blocks_create(yard, "o", &options, &blocks), CYD_E_INVALID);
    CHECK(blocks == NULL);

    OK(cyd_blocks_create(yard, "defaults", NULL, &blocks));
    cyd_block_use_t uses[16];
    size_t count = 0;
    OK(cyd_blocks_usage(blocks, uses, 16, &count));
    CHECK(count > 4 && count <= 16 && uses[0].size == 128 && uses[0].free == uses[0].count);
    cyd_blocks_t *same;
    OK(cyd_blocks_open_or_create(yard, "defaults", NULL, &same));
    options = (cyd_blocks_options_t){.struct_size = sizeof options, .bytes = 4096};
    IS(cyd_blocks_open_or_create(yard, "defaults", &options, &blocks), CYD_E_MISMATCH);
    IS(cyd_blocks_create(yard, "defaults", NULL, &blocks), CYD_E_EXISTS);
    OK(cyd_blocks_close(same));
    OK(cyd_blocks_close(blocks));
}

static void allocating_and_freeing(void) {
    cyd_blocks_t *blocks = blocks_of("a", 100, 4); /* rounded up to 128 */
    uint64_t all[4], block = 7, none = 9;
    for (int i = 0; i < 4; i++) {
        OK(cyd_blocks_alloc(blocks, i == 0 ? 0 : 128, 0, &all[i]));
    }
    CHECK(free_of(blocks) == 0 && owned_of(blocks) == 4);
    IS(cyd_blocks_alloc(blocks, 1, 0, &none), CYD_E_NO_SPACE);
    CHECK(strstr(cyd_last_error_message(), "0 of 4 blocks of 128 bytes are free") != NULL);
    int64_t begin = now_ns();
    IS(cyd_blocks_alloc(blocks, 1, 20 * MS, &none), CYD_E_TIMEOUT);
    IS(cyd_blocks_alloc(blocks, 200, 20 * MS, &none), CYD_E_TIMEOUT);
    CHECK(now_ns() - begin >= 40 * MS);
    IS(cyd_blocks_alloc(blocks, 513, -1, &none), CYD_E_TOO_LONG);
    IS(cyd_blocks_alloc(blocks, SIZE_MAX, -1, &none), CYD_E_TOO_LONG);
    CHECK(none == 9);

    OK(cyd_blocks_free(blocks, all[2]));
    IS(cyd_blocks_free(blocks, all[2]), CYD_E_STATE);
    OK(cyd_blocks_alloc(blocks, 5, -1, &block));
    CHECK(block != all[2]);
    IS(cyd_blocks_free(blocks, all[2]), CYD_E_NOT_FOUND);
    IS(cyd_blocks_free(blocks, 0), CYD_E_FOREIGN);
    IS(cyd_blocks_free(blocks, block ^ (UINT64_C(1) << 22)), CYD_E_FOREIGN);
    IS(cyd_blocks_free(blocks, block ^ (UINT64_C(1) << 40)), CYD_E_NOT_FOUND);
    IS(cyd_blocks_free(blocks, block | 0x3fffff), CYD_E_NOT_FOUND);
    OK(cyd_blocks_free(blocks, all[0]));
    OK(cyd_blocks_free(blocks, all[1]));
    OK(cyd_blocks_free(blocks, all[3]));
    OK(cyd_blocks_free(blocks, block));
    CHECK(free_of(blocks) == 4);

    uint64_t run;
    OK(cyd_blocks_alloc(blocks, 300, 0, &run));
    void *data = NULL;
    size_t room = 0, len = 0;
    OK(cyd_blocks_data(blocks, run, &data, &room));
    OK(cyd_blocks_len(blocks, run, &len));
    CHECK(room == 384 && len == 300 && (uintptr_t)data % 64 == 0 && free_of(blocks) == 1 && owned_of(blocks) == 1);
    memset(data, 'r', len);
    char text[300];
    OK(cyd_blocks_read(blocks, run, 299, text, 1));
    CHECK(text[0] == 'r');
    OK(cyd_blocks_free(blocks, run));
    IS(cyd_blocks_data(blocks, run, &data, NULL), CYD_E_STATE);
    CHECK(free_of(blocks) == 4);
    OK(cyd_blocks_close(blocks));
}

static void reading_and_writing(void) {
    cyd_blocks_t *blocks = blocks_of("r", 64, 2);
    uint64_t block;
    char text[64] = "untouched";
    size_t len = 5;
    OK(cyd_blocks_alloc(blocks, 10, 0, &block));
    OK(cyd_blocks_write(blocks, block, 0, "0123456789", 10));
    OK(cyd_blocks_write(blocks, block, 10, NULL, 0));
    IS(cyd_blocks_write(blocks, block, 1, "0123456789", 10), CYD_E_RANGE);
    IS(cyd_blocks_write(blocks, block, SIZE_MAX, "0", 1), CYD_E_RANGE);
    IS(cyd_blocks_write(blocks, block, 0, NULL, 1), CYD_E_NULL);
    IS(cyd_blocks_read(blocks, block, 5, text, 6), CYD_E_RANGE);
    IS(cyd_blocks_read(blocks, block, 0, NULL, 1), CYD_E_NULL);
    CHECK(strcmp(text, "untouched") == 0);
    OK(cyd_blocks_read(blocks, block, 5, text, 5));
    CHECK(memcmp(text, "56789ched", 9) == 0);
    IS(cyd_blocks_len(blocks, block, NULL), CYD_E_NULL);
    IS(cyd_blocks_data(blocks, block, NULL, NULL), CYD_E_NULL);
    IS(cyd_blocks_alloc(blocks, 1, 0, NULL), CYD_E_NULL);
    IS(cyd_blocks_alloc(blocks, 1, 0, (uint64_t *)((char *)&block + 1)), CYD_E_INVALID);
    IS(cyd_blocks_owned(blocks, NULL), CYD_E_NULL);
    IS(cyd_blocks_max_len(blocks, NULL), CYD_E_NULL);
    IS(cyd_blocks_usage(blocks, NULL, 1, &len), CYD_E_NULL);
    IS(cyd_blocks_owners(blocks, NULL, 1, &len), CYD_E_NULL);
    IS(cyd_blocks_usage(blocks, NULL, 0, NULL), CYD_E_NULL);
    OK(cyd_blocks_free(blocks, block));
    IS(cyd_blocks_read(blocks, block, 0, text, 1), CYD_E_STATE);
    OK(cyd_blocks_alloc(blocks, 10, 0, &block)); /* somebody else's now: */
    IS(cyd_blocks_write(blocks, block - (UINT64_C(1) << 34), 0, "x", 1), CYD_E_NOT_FOUND);
    IS(cyd_blocks_len(blocks, block - (UINT64_C(1) << 34), &len), CYD_E_NOT_FOUND);
    CHECK(len == 5);
    cyd_lock_t *lock;
    IS(cyd_lock_open(yard, "r", &lock), CYD_E_TYPE);
    OK(cyd_blocks_close(blocks));
}

static void fork_and_death(void) {
    cyd_blocks_t *blocks = blocks_of("f", 64, 4);
    uint64_t mine, block = 0;
    char text[6] = "";
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    OK(cyd_blocks_alloc(blocks, 6, 0, &mine));
    OK(cyd_blocks_write(blocks, mine, 0, "mine!", 6));
    pid_t child;
    CHILD(child) { /* reads what its parent owns, owns nothing itself, offers one, and stays until it is adopted */
        CHECK(owned_of(blocks) == 0);
        OK(cyd_blocks_read(blocks, mine, 0, text, 6));
        CHECK(strcmp(text, "mine!") == 0);
        IS(cyd_blocks_free(blocks, mine), CYD_E_NOT_OWNER);
        IS(cyd_blocks_offer(blocks, mine), CYD_E_NOT_OWNER);
        IS(cyd_blocks_write(blocks, mine, 0, "x", 1), CYD_E_NOT_OWNER);
        IS(cyd_blocks_adopt(blocks, mine), CYD_E_STATE);
        OK(cyd_blocks_alloc(blocks, 6, 0, &block));
        OK(cyd_blocks_write(blocks, block, 0, "yours", 6));
        OK(cyd_blocks_offer(blocks, block));
        CHECK(write(pipes[1], &block, sizeof block) == sizeof block);
        while (owned_of(blocks) > 0) {
            usleep(100);
        }
    }
    CHECK(read(pipes[0], &block, sizeof block) == sizeof block);
    OK(cyd_blocks_adopt(blocks, block));
    IS(cyd_blocks_adopt(blocks, block), CYD_E_STATE);
    OK(cyd_blocks_read(blocks, block, 0, text, 6));
    CHECK(strcmp(text, "yours") == 0 && owned_of(blocks) == 2);
    ENDED_WELL(child);
    cyd_block_owner_t owners[2] = {{0, 0, 0}, {7, 7, 7}};
    size_t count = 0;
    OK(cyd_blocks_owners(blocks, owners, 2, &count));
    CHECK(count == 1 && owners[0].pid == (uint32_t)getpid() && owners[0].count == 2 && owners[0].bytes == 128);
    CHECK(owners[1].pid == 7);
    OK(cyd_blocks_free(blocks, block));
    OK(cyd_blocks_free(blocks, mine));

    /* killed with a run and an offer, while somebody waits for all of it */
    CHILD(child) {
        uint64_t run;
        OK(cyd_blocks_alloc(blocks, 100, 0, &run));
        OK(cyd_blocks_alloc(blocks, 1, 0, &block));
        OK(cyd_blocks_offer(blocks, block));
        CHECK(write(pipes[1], &block, sizeof block) == sizeof block);
        pause();
    }
    CHECK(read(pipes[0], &block, sizeof block) == sizeof block);
    CHECK(free_of(blocks) == 1);
    IS(cyd_blocks_alloc(blocks, 256, 0, &mine), CYD_E_NO_SPACE);
    pid_t killer;
    CHILD(killer) {
        usleep(20000);
        kill(child, SIGKILL);
    }
    int64_t begin = now_ns();
    OK(cyd_blocks_alloc(blocks, 256, -1, &mine));
    printf("four blocks, three of a dead process, came after %.1f ms, the kill was due after 20\n",
           (double)(now_ns() - begin) / 1e6);
    WAS_KILLED(child);
    ENDED_WELL(killer);
    cyd_status_t late = cyd_blocks_adopt(blocks, block);
    CHECK(late == CYD_E_NOT_FOUND || late == CYD_E_STATE); /* its offerer died */
    OK(cyd_blocks_free(blocks, mine));
    CHECK(free_of(blocks) == 4);
    cyd_fault_t fault = {.struct_size = sizeof fault};
    bool told = false;
    for (uint32_t i = 0; cyd_yard_fault(yard, i, &fault) == CYD_OK; i++) {
        told = told || (fault.kind == CYD_FAULT_BLOCKS && fault.pid == (uint32_t)child && fault.count == 2);
    }
    CHECK(told);

    /* a clean close gives back as well */
    CHILD(child) {
        OK(cyd_blocks_alloc(blocks, 150, 0, &block));
        OK(cyd_blocks_close(blocks));
        OK(cyd_yard_close(yard));
    }
    ENDED_WELL(child);
    CHECK(free_of(blocks) == 4);
    OK(cyd_blocks_close(blocks));
    close(pipes[0]);
    close(pipes[1]);
}

static volatile sig_atomic_t ticks;

static void tick(int number) {
    (void)number;
    ticks++;
}

static void signals(void) {
    struct sigaction action = {.sa_handler = tick}; /* without SA_RESTART */
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    cyd_yard_options_t options = {.struct_size = sizeof options, .flags = CYD_YARD_INTERRUPTIBLE};
    cyd_yard_t *interruptible;
    cyd_blocks_t *blocks = blocks_of("s", 64, 1), *fragile;
    uint64_t block, none;
    int fd;
    OK(cyd_yard_fd(yard, &fd));
    OK(cyd_yard_open_fd(fd, &options, &interruptible));
    OK(cyd_blocks_open(interruptible, "s", &fragile));
    OK(cyd_blocks_alloc(blocks, 1, 0, &block));
    struct itimerval timer = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000}, never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    cyd_status_t patient = cyd_blocks_alloc(blocks, 1, 50 * MS, &none);
    int seen = ticks;
    cyd_status_t ended = cyd_blocks_alloc(fragile, 1, 10000 * MS, &none);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    IS(patient, CYD_E_TIMEOUT);
    IS(ended, CYD_E_INTERRUPTED);
    CHECK(seen > 5);
    OK(cyd_blocks_free(fragile, block));
    OK(cyd_blocks_close(fragile));
    OK(cyd_blocks_close(blocks));
    OK(cyd_yard_close(interruptible));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    options();
    allocating_and_freeing();
    reading_and_writing();
    fork_and_death();
    signals();
    OK(cyd_yard_close(yard));
    return 0;
}
