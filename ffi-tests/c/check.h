/* Checks that stay on in every build and say where they failed, and what the programs here have in common. Include it
 * after courtyard.h; a program that forks defines _GNU_SOURCE first. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(what)                                                             \
    do {                                                                        \
        if (!(what)) {                                                          \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
            exit(1);                                                            \
        }                                                                       \
    } while (0)

/* The call ends with this status. */
#define IS(call, wanted) check_status(__FILE__, __LINE__, #call, (call), (wanted))
#define OK(call) IS(call, CYD_OK)

static inline void check_status(const char *file, int line, const char *call, cyd_status_t is, cyd_status_t wanted) {
    if (is != wanted) {
        fprintf(stderr, "%s:%d: %s is %s, not %s (last message: %s)\n", file, line, call, cyd_status_name(is),
                cyd_status_name(wanted), cyd_last_error_message());
        exit(1);
    }
}

#ifdef _GNU_SOURCE
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* A name that no other run uses. */
static inline const char *unique(const char *stem) {
    static char name[CYD_NAME_BYTES];
    snprintf(name, sizeof name, "cyd-test-%s-%d", stem, (int)getpid());
    return name;
}

static inline int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The child of this pid ended well. */
#define ENDED_WELL(pid)                                       \
    do {                                                      \
        int status_ = -1;                                     \
        CHECK(waitpid((pid), &status_, 0) == (pid));          \
        CHECK(WIFEXITED(status_) && WEXITSTATUS(status_) == 0); \
    } while (0)

/* The child of this pid was killed. */
#define WAS_KILLED(pid)                              \
    do {                                             \
        int status_ = -1;                            \
        CHECK(waitpid((pid), &status_, 0) == (pid)); \
        CHECK(WIFSIGNALED(status_));                 \
    } while (0)

/* Runs the statement that follows in a fork child, which then ends, and stores its pid. */
#define CHILD(pid) \
    for (fflush(NULL), (pid) = fork(); (pid) == 0; _exit(0))
#endif

#endif
