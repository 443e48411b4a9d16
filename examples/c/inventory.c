/*
 * A store that two processes run: shelves in an array, the books in a struct, two carts as permits. Each moves goods
 * from shelf to shelf; the child is killed with both carts in its hands, and they come back.
 */
#include "courtyard.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHELVES = 4, CARTS = 2, MOVES = 1000 };

typedef struct {
    int64_t moves; /* always moved together: nobody ever reads one without the other */
    int64_t items;
} books_t;

static cyd_array_t *shelves;
static cyd_struct_t *books;
static cyd_permits_t *carts;

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static void write_down(void *value, void *items) {
    books_t *now = value;
    now->moves += 1;
    now->items += *(int *)items;
}

static void work(unsigned first) {
    for (unsigned i = 0; i < MOVES; i++) {
        int items = (int)(i % 3) + 1;
        must(cyd_permits_acquire(carts, -1));
        must(CYD_ARRAY_FETCH(shelves, (first + i) % SHELVES, CYD_OP_SUB, &items, NULL));
        must(CYD_ARRAY_FETCH(shelves, (first + i + 1) % SHELVES, CYD_OP_ADD, &items, NULL));
        must(cyd_struct_update(books, sizeof(books_t), -1, write_down, &items));
        must(cyd_permits_release(carts, 1));
    }
}

int main(void) {
    cyd_yard_t *yard;
    int start = 100, stock[SHELVES], total = 0;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_array_create(yard, "shelves", CYD_TYPE_I32, SHELVES, NULL, &shelves));
    must(cyd_struct_create(yard, "books", sizeof(books_t), _Alignof(books_t), &books));
    must(cyd_permits_create(yard, "carts", CARTS, &carts));
    must(CYD_ARRAY_FILL(shelves, 0, SHELVES, &start));
    if (fork() == 0) {
        work(0);
        must(cyd_permits_acquire_many(carts, CARTS, -1));
        raise(SIGKILL);
    }
    work(2);
    wait(NULL);

    books_t end;
    must(cyd_permits_acquire_many(carts, CARTS, -1)); /* the dead one's */
    must(cyd_struct_get(books, &end, sizeof end));
    must(CYD_ARRAY_READ(shelves, 0, SHELVES, stock));
    for (int i = 0; i < SHELVES; i++)
        total += stock[i];
    printf("%d moves of %d items, %d in stock, %d carts\n", (int)end.moves, (int)end.items, total, CARTS);
    return 0;
}
