/* No memory for a handle: then nothing is done that the handle would be of. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

enum { MOST = 500 };

static volatile bool none_left;
static cyd_event_t *gate;

/* What handles are made of is aligned as nothing else of the library is, and so comes from here. */
int posix_memalign(void **out, size_t align, size_t size) {
    *out = none_left ? NULL : memalign(align, size);
    return *out == NULL ? ENOMEM : 0;
}

static int adds(void *argument) {
    __atomic_fetch_add((int *)argument, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static int does_nothing(const void *bytes, size_t len) {
    (void)bytes;
    (void)len;
    return 0;
}

static int waits(cyd_task_t *task, const void *input, size_t len, void *argument) {
    (void)task;
    (void)input;
    (void)len;
    (void)argument;
    return CYD_FAILED(cyd_event_wait(gate, -1));
}

static void processes(void) {
    static cyd_process_t *children[MOST];
    cyd_process_t *other = NULL;
    cyd_fork_server_t *server;
    cyd_exit_t end;
    int *added = mmap(NULL, sizeof *added, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(added != MAP_FAILED);
    OK(cyd_fork_server_start(NULL, NULL, 0, &server));
    none_left = true;
    cyd_status_t status;
    int count = 0;
    while ((status = cyd_process_fork(NULL, adds, added, &children[count])) == CYD_OK) {
        CHECK(++count < MOST);
    }
    CHECK(status == CYD_E_NO_MEMORY);
    IS(cyd_process_fork(NULL, adds, added, &other), CYD_E_NO_MEMORY);
    IS(cyd_process_spawn(NULL, "does-nothing", NULL, 0, &other), CYD_E_NO_MEMORY);
    IS(cyd_fork_server_spawn(server, NULL, "does-nothing", NULL, 0, &other), CYD_E_NO_MEMORY);
    for (int i = 0; i < count; i++) {
        OK(cyd_process_join(children[i], -1, NULL));
    }
    IS(cyd_wait_any_child(-1, NULL, NULL), CYD_E_NO_CHILD);
    CHECK(*added == count && other == NULL);

    /* An end that could not be told is told to the next who asks. */
    OK(cyd_process_fork(NULL, adds, added, NULL));
    IS(cyd_wait_any_child(-1, &other, &end), CYD_E_NO_MEMORY);
    none_left = false;
    OK(cyd_wait_any_child(20000 * MS, &other, &end));
    CHECK(*added == count + 1 && end.kind == CYD_EXIT_CODE && end.value == 0);
    OK(cyd_process_close(other));
    for (int i = 0; i < count; i++) {
        OK(cyd_process_close(children[i]));
    }
    OK(cyd_fork_server_close(server));
}

static size_t pending(cyd_pool_t *pool, size_t running) {
    cyd_progress_t now = {.struct_size = sizeof now};
    do {
        OK(cyd_pool_progress(pool, &now));
    } while (now.running < running);
    return now.pending;
}

static void tasks(cyd_yard_t *yard) {
    static cyd_future_t *futures[MOST];
    cyd_future_t *future = NULL;
    cyd_promise_t *promise = NULL;
    cyd_pool_t *pool;
    cyd_loan_t loan;
    cyd_pool_options_t options = {.struct_size = sizeof options, .workers = 1, .method = CYD_START_THREADS};
    OK(cyd_pool_create(yard, "pool", &options, &pool));
    OK(cyd_pool_submit(pool, "waits", NULL, 0, NULL, -1, NULL)); /* what follows waits behind it */
    CHECK(pending(pool, 1) == 0);
    OK(cyd_pool_alloc(pool, 1000, 0, &loan));
    none_left = true;
    cyd_status_t status;
    size_t count = 0;
    while ((status = cyd_pool_submit(pool, "waits", NULL, 0, NULL, 0, &futures[count])) == CYD_OK) {
        CHECK(++count < MOST);
    }
    CHECK(status == CYD_E_NO_MEMORY && pending(pool, 1) == count);
    IS(cyd_pool_submit_block(pool, "waits", loan.block, NULL, 0, &future), CYD_E_NO_MEMORY);
    IS(cyd_pool_promise(pool, 0, &promise, &future), CYD_E_NO_MEMORY);
    CHECK(pending(pool, 1) == count && future == NULL && promise == NULL);
    OK(cyd_pool_free(pool, loan.block)); /* it is ours still */
    OK(cyd_pool_submit(pool, "waits", NULL, 0, NULL, 0, NULL));
    CHECK(pending(pool, 1) == count + 1);
    none_left = false;
    OK(cyd_event_set(gate));
    for (size_t i = 0; i < count; i++) {
        OK(cyd_future_wait(futures[i], -1));
        OK(cyd_future_close(futures[i]));
    }
    OK(cyd_pool_close(pool));
}

int main(int argc, char **argv) {
    OK(cyd_entry_register("does-nothing", does_nothing));
    OK(cyd_task_register("waits", waits, NULL));
    OK(cyd_init(argc, (const char *const *)argv));
    cyd_yard_t *yard;
    cyd_yard_options_t large = {.struct_size = sizeof large, .size = 8 << 20};
    OK(cyd_yard_create_anonymous(&large, &yard));
    OK(cyd_event_create(yard, "gate", 0, &gate));
    processes(); /* first: a pool has threads */
    tasks(yard);
    OK(cyd_event_close(gate));
    OK(cyd_yard_close(yard));
    return 0;
}
