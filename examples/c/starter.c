/* Two runners, a process and a thread, wait for one signal: an event that stays set lets everybody go. */
#include "courtyard.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static cyd_event_t *there[2], *signal_given;
static cyd_value_t *off;

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static void *run(void *mine) {
    uint32_t one = 1;
    must(cyd_event_set(mine)); /* at the line */
    must(cyd_event_wait(signal_given, -1));
    must(CYD_VALUE_FETCH(off, CYD_OP_ADD, &one, NULL));
    return NULL;
}

static uint32_t count(void) {
    uint32_t now = 0;
    must(CYD_VALUE_GET(off, &now));
    return now;
}

int main(void) {
    cyd_yard_t *yard;
    pthread_t thread;
    int status = -1;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_event_create(yard, "there-0", 0, &there[0]));
    must(cyd_event_create(yard, "there-1", 0, &there[1]));
    must(cyd_event_create(yard, "signal", 0, &signal_given));
    must(cyd_value_create(yard, "off", CYD_TYPE_U32, &off));
    if (fork() == 0) {
        run(there[0]);
        return 0;
    }
    if (pthread_create(&thread, NULL, run, there[1]) != 0) { return 1; }
    must(cyd_event_wait(there[0], -1));
    must(cyd_event_wait(there[1], -1));
    usleep(50000);
    printf("%u off before the signal, ", count());
    must(cyd_event_set(signal_given));
    pthread_join(thread, NULL);
    wait(&status);
    printf("%u after it\n", count());
    return status;
}
