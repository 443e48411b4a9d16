/* An event loop: epoll waits for a queue, an end of a pipe and a timer, all in one call. */
#define _GNU_SOURCE
#include "courtyard.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

enum source { JOBS, CHAT, TIMER };

/* Adds a descriptor to the loop. */
static void watch(int loop, int fd, enum source source) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = source};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &wanted) != 0) { perror("epoll_ctl"); exit(1); }
}

/* Makes a descriptor for an object, and adds it. */
static cyd_notifier_t *watch_object(int loop, void *handle, enum source source) {
    cyd_notifier_t *notifier;
    int fd;
    must(cyd_notifier_create(handle, &notifier));
    must(cyd_notifier_fd(notifier, &fd));
    watch(loop, fd, source);
    return notifier;
}

/* Puts jobs, chats a little, and dies. */
static void child(cyd_queue_t *queue, cyd_pipe_t *pipe) {
    cyd_connection_t *mine;
    must(cyd_pipe_end(pipe, CYD_PIPE_SECOND, &mine));
    for (int i = 0; i < 100; i++) {
        must(cyd_queue_put(queue, &i, sizeof i, -1));
        if (i % 10 == 0) {
            must(cyd_connection_send(mine, "still here", 10, -1));
        }
    }
    raise(SIGKILL);
}

int main(void) {
    cyd_yard_t *yard;
    cyd_queue_t *queue;
    cyd_pipe_t *pipe;
    cyd_connection_t *chat;
    cyd_queue_options_t small = {.struct_size = sizeof small, .capacity = 8};
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_queue_create(yard, "jobs", &small, &queue));
    must(cyd_pipe_create(yard, "chat", NULL, &pipe));
    pid_t pid = fork();
    if (pid == 0) {
        child(queue, pipe);
    }
    must(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &chat));
    int loop = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct itimerspec every = {.it_interval.tv_nsec = 5000000, .it_value.tv_nsec = 5000000};
    timerfd_settime(timer, 0, &every, NULL);
    watch(loop, timer, TIMER);
    cyd_notifier_t *jobs = watch_object(loop, queue, JOBS), *words = watch_object(loop, chat, CHAT);

    int done = 0, sum = 0, chats = 0, ticks = 0;
    cyd_status_t end = CYD_OK;
    while (end == CYD_OK || done < 100 || ticks == 0) {
        struct epoll_event ready[3];
        int count = epoll_wait(loop, ready, 3, -1);
        for (int n = 0; n < count; n++) {
            char text[16];
            size_t len;
            int job;
            uint64_t times;
            cyd_status_t rc;
            switch ((enum source)ready[n].data.u32) {
            case JOBS: /* told: clear first, then take until there is nothing left */
                must(cyd_notifier_clear(jobs));
                while (!CYD_FAILED(cyd_queue_get(queue, &job, sizeof job, 0, &len))) {
                    done++;
                    sum += job;
                }
                break;
            case CHAT:
                must(cyd_notifier_clear(words));
                while (!CYD_FAILED(rc = cyd_connection_recv(chat, text, sizeof text, 0, &len))) {
                    chats++;
                }
                if (rc == CYD_E_PEER_CLOSED || rc == CYD_E_PEER_DIED) {
                    end = rc;
                    must(cyd_notifier_close(words)); /* with its descriptor, out of the loop */
                }
                break;
            case TIMER:
                ticks += read(timer, &times, sizeof times) == sizeof times;
                break;
            }
        }
    }
    printf("%d jobs, their sum is %d, %d messages, the timer ticked\n", done, sum, chats);
    printf("the other end: %s\n", cyd_status_message(end));
    waitpid(pid, NULL, 0);
    close(timer);
    close(loop);
    must(cyd_notifier_close(jobs));
    must(cyd_connection_close(chat));
    must(cyd_pipe_close(pipe));
    must(cyd_queue_close(queue));
    return CYD_FAILED(cyd_yard_close(yard));
}
