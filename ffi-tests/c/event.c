/* Events: set, cleared, waited for by threads and processes, set from a signal handler. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static cyd_yard_t *yard;

static void kept(void) {
    cyd_event_t *event, *same;
    bool set = true;
    OK(cyd_event_create(yard, "kept", 0, &event));
    IS(cyd_event_create(yard, "kept", 0, &same), CYD_E_EXISTS);
    IS(cyd_event_open_or_create(yard, "kept", CYD_EVENT_AUTO_RESET, &same), CYD_E_MISMATCH);
    IS(cyd_event_create(yard, "x", 4, &same), CYD_E_VERSION);
    OK(cyd_event_open(yard, "kept", &same));
    OK(cyd_event_is_set(event, &set));
    CHECK(!set);
    IS(cyd_event_wait(event, 0), CYD_E_TIMEOUT);
    IS(cyd_event_wait(event, 5 * MS), CYD_E_TIMEOUT);
    OK(cyd_event_set(same));
    OK(cyd_event_set(same));
    OK(cyd_event_wait(event, 0));
    OK(cyd_event_wait(event, -1));
    OK(cyd_event_clear(event));
    OK(cyd_event_is_set(same, &set));
    CHECK(!set);
    OK(cyd_event_close(same));
    OK(cyd_event_close(event));
}

static void auto_reset(void) {
    cyd_event_t *event;
    OK(cyd_event_create(yard, "auto", CYD_EVENT_SET | CYD_EVENT_AUTO_RESET, &event));
    OK(cyd_event_wait(event, -1));
    IS(cyd_event_wait(event, 0), CYD_E_TIMEOUT);
    OK(cyd_event_close(event));
}

static void between_processes(void) {
    cyd_event_t *go, *gone;
    OK(cyd_event_create(yard, "go", 0, &go));
    OK(cyd_event_create(yard, "gone", CYD_EVENT_AUTO_RESET, &gone));
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        CHILD(children[i]) {
            OK(cyd_event_wait(go, 20000 * MS));
            OK(cyd_event_wait(gone, 20000 * MS));
        }
    }
    usleep(20000);
    OK(cyd_event_set(go));
    for (int i = 0; i < 4; i++) {
        bool set = true;
        OK(cyd_event_set(gone));
        while (set) { /* until one has taken it */
            OK(cyd_event_is_set(gone, &set));
            usleep(100);
        }
    }
    for (int i = 0; i < 4; i++) {
        ENDED_WELL(children[i]);
    }
    OK(cyd_event_close(go));
    OK(cyd_event_close(gone));
}

static cyd_event_t *from_handler;
static volatile sig_atomic_t handled;

static void set_it(int number) {
    (void)number;
    if (cyd_event_set(from_handler) == CYD_OK && cyd_event_clear(from_handler) == CYD_OK &&
        cyd_event_set(from_handler) == CYD_OK) {
        handled++;
    }
}

/* The handler runs in the middle of the library's own work: opening, locking, waiting. */
static void from_a_signal_handler(void) {
    cyd_lock_t *lock;
    OK(cyd_event_create(yard, "handled", 0, &from_handler));
    OK(cyd_lock_create(yard, "busy", CYD_SCOPE_THREAD, &lock));
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = set_it;
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    while (handled < 500) {
        cyd_lock_t *again;
        OK(cyd_lock_open(yard, "busy", &again));
        OK(cyd_lock_acquire(again, -1));
        OK(cyd_lock_release(again));
        OK(cyd_lock_close(again));
        OK(cyd_event_clear(from_handler));
        OK(cyd_event_wait(from_handler, -1)); /* until the next signal sets it */
    }
    setitimer(ITIMER_REAL, &never, NULL);
    OK(cyd_lock_close(lock));
    OK(cyd_event_close(from_handler));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    kept();
    auto_reset();
    between_processes();
    from_a_signal_handler();
    OK(cyd_yard_close(yard));
    return 0;
}
