/*
 * Many read what one renews now and then. One who renews it is killed in the middle: whoever comes next is told, and a
 * writer makes it whole.
 */
#include "courtyard.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READERS = 3, RENEWALS = 200 };

static cyd_rwlock_t *lock;
static cyd_value_t *name, *number; /* the same, unless somebody sees half of a change */

static cyd_status_t must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
    return status;
}

static uint32_t get(cyd_value_t *value) {
    uint32_t it = 0;
    must(CYD_VALUE_GET(value, &it));
    return it;
}

/* Reads until the last renewal; whether it never saw half of one. */
static int read_all(void) {
    uint32_t seen = 0;
    int whole = 1;
    while (seen < RENEWALS) {
        must(cyd_rwlock_read(lock, -1));
        seen = get(name);
        whole = whole && get(number) == seen;
        must(cyd_rwlock_release(lock));
    }
    return whole;
}

/* Renews both; killed between them if that is wanted. */
static cyd_status_t renew(uint32_t to, int die) {
    cyd_status_t news = must(cyd_rwlock_write(lock, -1));
    must(CYD_VALUE_SET(name, &to));
    if (die) { raise(SIGKILL); }
    must(CYD_VALUE_SET(number, &to));
    if (news == CYD_OWNER_DIED) { must(cyd_rwlock_repaired(lock)); }
    must(cyd_rwlock_release(lock));
    return news;
}

int main(void) {
    cyd_yard_t *yard;
    int status, good = 0;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_rwlock_create(yard, "lock", NULL, &lock));
    must(cyd_value_create(yard, "name", CYD_TYPE_U32, &name));
    must(cyd_value_create(yard, "number", CYD_TYPE_U32, &number));
    for (int i = 0; i < READERS; i++) {
        if (fork() == 0) { return !read_all(); }
    }
    for (uint32_t i = 1; i <= RENEWALS; i++) { renew(i, 0); }
    for (int i = 0; i < READERS; i++) {
        wait(&status);
        good += status == 0;
    }
    printf("%d of %d readers saw %d renewals, each as a whole\n", good, READERS, RENEWALS);
    if (fork() == 0) { renew(RENEWALS + 1, 1); }
    wait(&status);
    int told = must(cyd_rwlock_read(lock, -1)) == CYD_OWNER_DIED;
    printf("killed in the middle: %s, %u and %u\n", told ? "told" : "not told", get(name), get(number));
    must(cyd_rwlock_release(lock));
    told = renew(RENEWALS + 2, 0) == CYD_OWNER_DIED;
    printf("made whole: %s, %u and %u\n", told ? "told" : "not told", get(name), get(number));
    return must(cyd_rwlock_read(lock, -1)) == CYD_OK ? 0 : 1;
}
