/* Children: what they are called, who made them, whether they live, how they end, and how long somebody waits for that. */
#include "courtyard.h"
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

/* Says its name, and whether it was made by whom it was told. */
static int introduces_itself(void *maker) {
    cyd_process_info_t me = {0};
    uint32_t parent = 0;
    me.struct_size = sizeof me;
    must(cyd_this_process(&me));
    must(cyd_parent_pid(&parent));
    printf("I am %s, and my parent is %s\n", me.name, parent == *(uint32_t *)maker ? "the right one" : "a stranger");
    fflush(stdout);
    return 3;
}

static int sleeps(void *unused) {
    (void)unused;
    sleep(60);
    return 0;
}

static int ends_at_once(void *unused) {
    (void)unused;
    return 1;
}

static void tell(const cyd_process_t *child, const cyd_exit_t *end) {
    cyd_process_info_t info = {0};
    bool is_alive = false;
    info.struct_size = sizeof info;
    must(cyd_process_info(child, &info));
    must(cyd_process_is_alive(child, &is_alive));
    printf("%s ", info.name);
    if (end == NULL) {
        printf("has not ended");
    } else if (end->kind == CYD_EXIT_SIGNAL) {
        printf("was ended by signal %s", end->value == SIGTERM ? "SIGTERM" : "?");
    } else {
        printf("has ended with code %d", (int)end->value);
    }
    printf(", %s\n", is_alive ? "and is alive" : "and is gone");
    fflush(stdout); /* or a child would say it again */
}

static cyd_process_t *start(const char *name, int (*work)(void *), void *argument) {
    cyd_process_t *child;
    cyd_process_options_t options = {0};
    options.struct_size = sizeof options;
    options.name = name;
    must(cyd_process_fork(&options, work, argument, &child));
    return child;
}

int main(void) {
    uint32_t me = (uint32_t)getpid();
    cyd_process_t *child, *other;
    cyd_exit_t end;
    cyd_status_t status;

    child = start(NULL, introduces_itself, &me);
    must(cyd_process_join(child, -1, &end));
    tell(child, &end);
    must(cyd_process_close(child));

    child = start("alex", sleeps, NULL);
    status = cyd_process_join(child, 20000000, &end); /* 20 ms */
    printf("after a while: %s\n", cyd_status_name(status));
    tell(child, NULL);
    must(cyd_process_terminate(child));
    must(cyd_process_join(child, -1, &end));
    tell(child, &end);
    must(cyd_process_close(child));

    /* Whoever ends first is told of. */
    other = start("patient", sleeps, NULL);
    must(cyd_process_close(start("quick", ends_at_once, NULL)));
    while ((status = cyd_wait_any_child(-1, &child, &end)) == CYD_OK) {
        tell(child, &end);
        must(cyd_process_close(child));
        must(cyd_process_terminate(other)); /* which does nothing to one that is gone */
    }
    must(cyd_process_close(other));
    printf("and then: %s\n", cyd_status_name(status));
    return 0;
}
