/* Waiting for several things at once: letters, permits to work, the end of the process that sends them, and a signal that
 * ends whatever wait there is. */
#include "courtyard.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

static cyd_cancel_t *stop;

/* Ctrl-C: the wait ends, and the loop with it. */
static void on_int(int number) {
    (void)number;
    if (CYD_FAILED(cyd_cancel_set(stop))) {
        abort();
    }
}

/* Sends three letters, offers two jobs, and is gone. */
static void send(cyd_ring_t *ring, cyd_semaphore_t *jobs) {
    cyd_sender_t *sender;
    must(cyd_ring_sender(ring, CYD_STRATEGY_BLOCK, &sender));
    for (int i = 0; i < 3; i++) {
        must(cyd_sender_send(sender, "letter", 6, -1));
    }
    must(cyd_semaphore_release(jobs, 2));
    must(cyd_sender_close(sender));
    abort();
}

static cyd_member_t *member_of(cyd_yard_t *yard, pid_t pid) {
    for (size_t cursor = 0;;) {
        cyd_member_t *member;
        cyd_member_info_t info = {.struct_size = sizeof info};
        cyd_status_t rc = cyd_yard_next_member(yard, &cursor, &member);
        if (rc == CYD_E_END) {
            usleep(1000); /* it has not come yet */
            cursor = 0;
            continue;
        }
        must(rc);
        must(cyd_member_info(member, &info));
        if (info.pid == (uint32_t)pid) {
            return member;
        }
        must(cyd_member_close(member));
    }
}

int main(void) {
    cyd_yard_t *yard;
    cyd_ring_t *ring;
    cyd_semaphore_t *jobs;
    cyd_event_t *go;
    cyd_receiver_t *receiver;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_ring_create(yard, "letters", NULL, &ring));
    must(cyd_semaphore_create(yard, "jobs", NULL, &jobs));
    must(cyd_event_create(yard, "go", 0, &go));
    pid_t child = fork();
    if (child == 0) {
        must(cyd_event_wait(go, -1));
        send(ring, jobs);
    }
    must(cyd_ring_receiver(ring, CYD_STRATEGY_BLOCK, &receiver));
    cyd_member_t *sender = member_of(yard, child);
    must(cyd_cancel_create(&stop));
    must(cyd_cancel_enter(stop));
    signal(SIGINT, on_int);
    must(cyd_event_set(go));

    int letters = 0, done = 0, gone = 0;
    while (!gone) {
        void *all[] = {receiver, jobs, sender};
        bool ready[3];
        char letter[16];
        size_t len;
        cyd_status_t rc = cyd_wait_some(all, 3, -1, ready);
        if (rc == CYD_E_CANCELLED) {
            break;
        }
        must(rc);
        if (ready[0]) { /* ready also when its sender is gone and it is empty; then look at what is left */
            rc = cyd_receiver_recv(receiver, letter, sizeof letter, 0, &len);
            letters += rc == CYD_OK;
            ready[0] = rc == CYD_OK;
        }
        if (ready[1] && cyd_semaphore_acquire(jobs, 0) == CYD_OK) {
            done++;
        }
        gone = ready[2] && !ready[0] && !ready[1]; /* after everything that it had sent */
    }
    printf("%d letters, %d jobs, and the sender is gone\n", letters, done);

    raise(SIGINT);
    printf("after Ctrl-C: %s\n", cyd_status_message(cyd_semaphore_acquire(jobs, -1)));
    waitpid(child, NULL, 0);
    must(cyd_member_close(sender));
    must(cyd_receiver_close(receiver));
    must(cyd_cancel_leave(stop));
    must(cyd_cancel_close(stop));
    must(cyd_event_close(go));
    must(cyd_semaphore_close(jobs));
    must(cyd_ring_close(ring));
    return CYD_FAILED(cyd_yard_close(yard));
}
