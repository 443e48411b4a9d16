/* Processes: forked, spawned, from a fork server; waited for, stopped, and who they are. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXITED(process, kind_, value_)                          \
    do {                                                        \
        cyd_exit_t exit_ = {99, 99};                            \
        OK(cyd_process_join((process), 20000 * MS, &exit_));    \
        CHECK(exit_.kind == (kind_) && exit_.value == (value_)); \
    } while (0)

static int warm = 0;

static int add(void *argument) { return *(int *)argument + 1; }

static int sleeps(void *unused) {
    (void)unused;
    sleep(60);
    return 0;
}

static int deaf(void *fd) {
    signal(SIGTERM, SIG_IGN);
    CHECK(write(*(int *)fd, "x", 1) == 1);
    return sleeps(NULL);
}

static int first_byte(const void *bytes, size_t len) { return len > 0 ? *(const unsigned char *)bytes : 0; }

static int warm_up(const void *bytes, size_t len) {
    warm = first_byte(bytes, len);
    return 0;
}

static int is_warm(const void *bytes, size_t len) {
    (void)bytes;
    (void)len;
    return warm;
}

/* Sets a value in the yard behind the descriptor that it was told. */
static int set_value(const void *bytes, size_t len) {
    int fd;
    cyd_yard_t *yard;
    cyd_value_t *value;
    cyd_process_info_t me = {.struct_size = sizeof me};
    uint32_t parent = 0;
    CHECK(len == sizeof fd);
    memcpy(&fd, bytes, sizeof fd);
    OK(cyd_this_process(&me));
    OK(cyd_parent_pid(&parent));
    CHECK(me.pid == (uint32_t)getpid() && strcmp(me.name, "setter") == 0);
    OK(cyd_yard_open_fd(fd, NULL, &yard));
    OK(cyd_value_open(yard, "value", CYD_TYPE_U32, &value));
    OK(CYD_VALUE_SET(value, &parent));
    return 3;
}

static void forked(void) {
    cyd_process_t *child;
    int number = 4;
    bool alive;
    OK(cyd_process_fork(NULL, add, &number, &child));
    EXITED(child, CYD_EXIT_CODE, 5);
    OK(cyd_process_join(child, 0, NULL)); /* asked again */
    OK(cyd_process_is_alive(child, &alive));
    CHECK(!alive);
    OK(cyd_process_close(child));
    OK(cyd_process_fork(NULL, sleeps, NULL, &child));
    OK(cyd_process_is_alive(child, &alive));
    CHECK(alive);
    IS(cyd_process_join(child, 0, NULL), CYD_E_TIMEOUT);
    IS(cyd_process_signal(child, 1000), CYD_E_INVALID);
    OK(cyd_process_terminate(child));
    EXITED(child, CYD_EXIT_SIGNAL, SIGTERM);
    OK(cyd_process_close(child));
    OK(cyd_process_fork(NULL, sleeps, NULL, &child));
    OK(cyd_process_kill(child));
    EXITED(child, CYD_EXIT_SIGNAL, SIGKILL);
    OK(cyd_process_signal(child, SIGKILL)); /* nothing happens */
    OK(cyd_process_close(child));
    OK(cyd_process_fork(NULL, add, &number, NULL)); /* nobody waits for it */
}

static void bad_options(void) {
    cyd_process_options_t options = {.struct_size = sizeof options, .name = "a b"};
    IS(cyd_process_fork(&options, sleeps, NULL, NULL), CYD_E_NAME);
    options.name = NULL;
    options.flags = 0x80;
    IS(cyd_process_fork(&options, sleeps, NULL, NULL), CYD_E_VERSION);
    options.flags = 0;
    options.at_exit = 3;
    IS(cyd_process_fork(&options, sleeps, NULL, NULL), CYD_E_INVALID);
    options.at_exit = CYD_AT_EXIT_KILL;
    options.inherit_count = 1;
    IS(cyd_process_spawn(&options, "first-byte", NULL, 0, NULL), CYD_E_NULL);
    options.struct_size = 1;
    IS(cyd_process_fork(&options, sleeps, NULL, NULL), CYD_E_INVALID);
    IS(cyd_process_fork(NULL, NULL, NULL, NULL), CYD_E_NULL);
    IS(cyd_process_spawn(NULL, "nobody", NULL, 0, NULL), CYD_E_NOT_FOUND);
    IS(cyd_process_spawn(NULL, NULL, NULL, 0, NULL), CYD_E_NAME);
    IS(cyd_process_spawn(NULL, "first-byte", NULL, 1, NULL), CYD_E_NULL);
    IS(cyd_entry_register("first-byte", first_byte), CYD_E_EXISTS);
    IS(cyd_entry_register("a b", first_byte), CYD_E_NAME);
    IS(cyd_entry_register(NULL, first_byte), CYD_E_NAME);
    IS(cyd_entry_register("other", NULL), CYD_E_NULL);
    IS(cyd_this_process(NULL), CYD_E_NULL);
    IS(cyd_parent_pid(NULL), CYD_E_NULL);
    IS(cyd_parent_fd(NULL), CYD_E_NULL);
    IS(cyd_next_active_child(NULL, NULL), CYD_E_NULL);
    IS(cyd_fork_server_start(NULL, NULL, 0, NULL), CYD_E_NULL);
}

static void spawned(void) {
    cyd_process_t *child;
    cyd_yard_t *yard;
    cyd_value_t *value;
    uint32_t told = 0;
    int fd = -1;
    OK(cyd_process_spawn(NULL, "first-byte", "\x2a", 1, &child));
    EXITED(child, CYD_EXIT_CODE, 42);
    OK(cyd_process_close(child));
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_yard_fd(yard, &fd));
    OK(cyd_value_create(yard, "value", CYD_TYPE_U32, &value));
    cyd_process_options_t options = {.struct_size = sizeof options, .name = "setter", .inherit = &fd, .inherit_count = 1};
    OK(cyd_process_spawn(&options, "set-value", &fd, sizeof fd, &child));
    EXITED(child, CYD_EXIT_CODE, 3);
    OK(CYD_VALUE_GET(value, &told));
    CHECK(told == (uint32_t)getpid());
    OK(cyd_process_close(child));
    OK(cyd_value_close(value));
    OK(cyd_yard_close(yard));
}

static void served(void) {
    cyd_fork_server_t *server;
    cyd_process_t *child;
    uint32_t pid = 0;
    IS(cyd_fork_server_start("nobody", NULL, 0, &server), CYD_E_NOT_FOUND);
    OK(cyd_fork_server_start("warm-up", "\x07", 1, &server));
    OK(cyd_fork_server_ready(server, 20000 * MS));
    OK(cyd_fork_server_pid(server, &pid));
    CHECK(kill((pid_t)pid, 0) == 0);
    OK(cyd_fork_server_spawn(server, NULL, "is-warm", NULL, 0, &child));
    EXITED(child, CYD_EXIT_CODE, 7);
    OK(cyd_process_close(child));
    IS(cyd_fork_server_spawn(server, NULL, "nobody", NULL, 0, &child), CYD_E_NOT_FOUND);
    CHECK(kill((pid_t)pid, SIGKILL) == 0);
    IS(cyd_fork_server_spawn(server, NULL, "is-warm", NULL, 0, &child), CYD_E_PEER_DIED);
    OK(cyd_fork_server_close(server));
}

static void stopped(void) {
    cyd_process_t *child;
    cyd_exit_t end;
    int line[2];
    char byte;
    CHECK(pipe(line) == 0);
    OK(cyd_process_fork(NULL, deaf, &line[1], &child));
    CHECK(read(line[0], &byte, 1) == 1);
    OK(cyd_process_stop(child, NULL, NULL, 0, 20 * MS, &end));
    CHECK(end.kind == CYD_EXIT_SIGNAL && end.value == SIGKILL);
    OK(cyd_process_close(child));
    close(line[0]);
    close(line[1]);
}

static void listed(void) {
    cyd_process_t *first, *second, *listed;
    cyd_process_info_t info = {.struct_size = sizeof info};
    cyd_exit_t end;
    size_t cursor = 0;
    uint32_t pid;
    while (cyd_wait_any_child(-1, NULL, NULL) != CYD_E_NO_CHILD) {
    }
    OK(cyd_process_fork(NULL, sleeps, NULL, &first));
    OK(cyd_process_fork(NULL, sleeps, NULL, &second));
    IS(cyd_wait_any_child(0, NULL, NULL), CYD_E_TIMEOUT);
    OK(cyd_next_active_child(&cursor, &listed));
    OK(cyd_process_info(first, &info));
    pid = info.pid;
    OK(cyd_process_info(listed, &info));
    CHECK(info.pid == pid && strncmp(info.name, "Process-", 8) == 0);
    OK(cyd_process_close(listed));
    OK(cyd_next_active_child(&cursor, &listed));
    OK(cyd_process_close(listed));
    IS(cyd_next_active_child(&cursor, &listed), CYD_E_END);

    struct pollfd sentinel = {.events = POLLIN};
    OK(cyd_process_fd(second, &sentinel.fd));
    CHECK(poll(&sentinel, 1, 0) == 0);
    void *both[] = {first, second};
    size_t which;
    cyd_notifier_t *none;
    IS(cyd_wait_any(both, 2, 10 * MS, &which), CYD_E_TIMEOUT);
    IS(cyd_notifier_create(first, &none), CYD_E_UNSUPPORTED);
    OK(cyd_process_kill(second));
    OK(cyd_wait_any(both, 2, -1, &which));
    CHECK(which == 1);
    CHECK(poll(&sentinel, 1, 20000) == 1);
    OK(cyd_wait_any_child(-1, &listed, &end));
    OK(cyd_process_info(second, &info));
    pid = info.pid;
    OK(cyd_process_info(listed, &info));
    CHECK(info.pid == pid && end.kind == CYD_EXIT_SIGNAL);
    OK(cyd_process_close(listed));
    OK(cyd_process_close(second));
    OK(cyd_process_kill(first));
    OK(cyd_process_join(first, -1, NULL));
    OK(cyd_process_close(first));
}

static int orphan(void *fd) {
    struct pollfd sentinel = {.events = POLLIN};
    OK(cyd_parent_fd(&sentinel.fd));
    IS(cyd_parent_wait(0), CYD_E_TIMEOUT);
    CHECK(write(*(int *)fd, "x", 1) == 1);
    OK(cyd_parent_wait(-1));
    CHECK(poll(&sentinel, 1, 0) == 1);
    CHECK(write(*(int *)fd, "y", 1) == 1);
    return 0;
}

static int leaves_an_orphan(void *fd) {
    cyd_process_options_t options = {.struct_size = sizeof options, .at_exit = CYD_AT_EXIT_DETACH};
    OK(cyd_process_fork(&options, orphan, fd, NULL));
    return sleeps(NULL);
}

static void parents(void) {
    cyd_process_t *middle;
    int line[2];
    char byte = 0;
    IS(cyd_parent_wait(0), CYD_E_NOT_FOUND);
    CHECK(pipe(line) == 0);
    OK(cyd_process_fork(NULL, leaves_an_orphan, &line[1], &middle));
    CHECK(read(line[0], &byte, 1) == 1 && byte == 'x');
    OK(cyd_process_kill(middle));
    CHECK(read(line[0], &byte, 1) == 1 && byte == 'y');
    OK(cyd_process_join(middle, -1, NULL));
    OK(cyd_process_close(middle));
    close(line[0]);
    close(line[1]);
}

/* Sends what it gets to the end of a pipe that it was given, in the yard behind the descriptor that it was told. */
static int send_late(const void *bytes, size_t len) {
    int fd;
    cyd_yard_t *yard;
    cyd_pipe_t *pipe_;
    cyd_connection_t *end;
    CHECK(len == sizeof fd);
    memcpy(&fd, bytes, sizeof fd);
    usleep(100000);
    OK(cyd_yard_open_fd(fd, NULL, &yard));
    OK(cyd_pipe_open(yard, "pipe", &pipe_));
    usleep(100000);
    OK(cyd_pipe_end(pipe_, CYD_PIPE_SECOND, &end));
    OK(cyd_connection_send(end, "late", 4, 20000 * MS));
    return 0;
}

/* What a child is given to hold is never gone in between. */
static void held_ends(void) {
    cyd_process_t *child;
    cyd_yard_t *yard;
    cyd_pipe_t *pipe_;
    cyd_queue_t *queue;
    cyd_connection_t *mine, *theirs;
    char text[8];
    size_t len;
    int fd = -1;
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_yard_fd(yard, &fd));
    OK(cyd_pipe_create(yard, "pipe", NULL, &pipe_));
    OK(cyd_queue_create(yard, "queue", NULL, &queue));
    OK(cyd_pipe_end(pipe_, CYD_PIPE_FIRST, &mine));
    OK(cyd_pipe_end(pipe_, CYD_PIPE_SECOND, &theirs));
    cyd_held_end_t end = {.connection = theirs, .queue = queue};
    cyd_process_options_t options = {
        .struct_size = sizeof options, .inherit = &fd, .inherit_count = 1, .ends = &end, .end_count = 1};
    IS(cyd_process_spawn(&options, "send-late", &fd, sizeof fd, NULL), CYD_E_INVALID); /* two things */
    end.connection = NULL;
    IS(cyd_process_spawn(&options, "send-late", &fd, sizeof fd, NULL), CYD_E_UNSUPPORTED); /* no sides */
    end.side = 7;
    IS(cyd_process_spawn(&options, "send-late", &fd, sizeof fd, NULL), CYD_E_INVALID);
    end.queue = NULL;
    IS(cyd_process_spawn(&options, "send-late", &fd, sizeof fd, NULL), CYD_E_INVALID); /* nothing */
    options.ends = NULL;
    IS(cyd_process_spawn(&options, "send-late", &fd, sizeof fd, NULL), CYD_E_NULL);
    options.ends = &end;
    end.connection = theirs;
    OK(cyd_process_spawn(&options, "send-late", &fd, sizeof fd, &child));
    OK(cyd_connection_close(theirs));
    OK(cyd_connection_recv(mine, text, sizeof text, 20000 * MS, &len));
    CHECK(len == 4 && memcmp(text, "late", 4) == 0);
    IS(cyd_connection_recv(mine, text, sizeof text, 20000 * MS, &len), CYD_E_PEER_CLOSED);
    EXITED(child, CYD_EXIT_CODE, 0);
    OK(cyd_process_close(child));
    IS(cyd_process_spawn(&options, "send-late", &fd, sizeof fd, NULL), CYD_E_CLOSED);
    OK(cyd_connection_close(mine));
    OK(cyd_queue_close(queue));
    OK(cyd_pipe_close(pipe_));
    OK(cyd_yard_close(yard));
}

/* A child is its maker's alone. */
static void strangers(void) {
    cyd_process_t *child;
    cyd_exit_t end;
    bool alive;
    int status;
    OK(cyd_process_fork(NULL, sleeps, NULL, &child));
    pid_t stranger = fork();
    CHECK(stranger >= 0);
    if (stranger == 0) {
        IS(cyd_process_join(child, 0, NULL), CYD_E_NOT_OWNER);
        IS(cyd_process_kill(child), CYD_E_NOT_OWNER);
        IS(cyd_process_stop(child, NULL, NULL, 0, 0, &end), CYD_E_NOT_OWNER);
        OK(cyd_process_is_alive(child, &alive));
        CHECK(alive);
        _exit(0);
    }
    CHECK(waitpid(stranger, &status, 0) == stranger && status == 0);
    OK(cyd_process_kill(child));
    EXITED(child, CYD_EXIT_SIGNAL, SIGKILL);
    OK(cyd_process_close(child));
}

static int leaves_a_child(void *line) {
    pid_t left = fork();
    CHECK(left >= 0);
    if (left == 0) {
        sleep(60);
        _exit(0);
    }
    (void)line;
    return 0;
}

/* Who is left of a group has the pipe open until it is killed. */
static void grouped(void) {
    cyd_process_t *child;
    cyd_process_options_t options = {.struct_size = sizeof options, .flags = CYD_PROCESS_GROUP};
    int line[2];
    CHECK(pipe(line) == 0);
    OK(cyd_process_fork(&options, leaves_a_child, line, &child));
    close(line[1]);
    EXITED(child, CYD_EXIT_CODE, 0);
    struct pollfd gone = {.fd = line[0], .events = POLLIN};
    CHECK(poll(&gone, 1, 20000) == 1 && (gone.revents & POLLHUP));
    close(line[0]);
    OK(cyd_process_close(child));
}

/* Waits until its line ends. */
static void *another(void *line) {
    char byte;
    return read(*(int *)line, &byte, 1) == 0 ? NULL : line;
}

/* Who has other threads must say that he knows. */
static void despite_threads(void) {
    cyd_process_options_t options = {.struct_size = sizeof options};
    cyd_process_t *child = NULL;
    pthread_t other;
    void *failed;
    int line[2], number = 4;
    CHECK(pipe(line) == 0 && pthread_create(&other, NULL, another, &line[0]) == 0);
    IS(cyd_process_fork(NULL, add, &number, &child), CYD_E_STATE);
    CHECK(strstr(cyd_last_error_message(), "2 threads") != NULL);
    IS(cyd_process_fork(&options, add, &number, &child), CYD_E_STATE);
    CHECK(child == NULL);
    options.flags = CYD_PROCESS_DESPITE_THREADS;
    OK(cyd_process_fork(&options, add, &number, &child));
    EXITED(child, CYD_EXIT_CODE, 5);
    OK(cyd_process_close(child));
    close(line[1]);
    CHECK(pthread_join(other, &failed) == 0 && failed == NULL);
    close(line[0]);
    OK(cyd_process_fork(NULL, add, &number, &child)); /* it is alone again */
    EXITED(child, CYD_EXIT_CODE, 5);
    OK(cyd_process_close(child));
}

/* Waits in a stream, which is locked meanwhile. */
static void *reads_a_line(void *stream) {
    char line[8];
    return fgets(line, sizeof line, stream) == NULL ? NULL : stream;
}

/* Whoever waits for input keeps nobody from making processes, nor those from their end. */
static void while_somebody_reads(void) {
    cyd_process_options_t options = {.struct_size = sizeof options, .flags = CYD_PROCESS_DESPITE_THREADS};
    cyd_process_t *child = NULL;
    pthread_t reader;
    void *failed;
    int line[2], number = 4;
    unsigned char byte = 7;
    CHECK(pipe(line) == 0);
    FILE *stream = fdopen(line[0], "r");
    CHECK(stream != NULL && pthread_create(&reader, NULL, reads_a_line, stream) == 0);
    usleep(50000);
    alarm(60);
    OK(cyd_process_spawn(NULL, "first-byte", &byte, 1, &child));
    EXITED(child, CYD_EXIT_CODE, 7);
    OK(cyd_process_close(child));
    OK(cyd_process_fork(&options, add, &number, &child));
    EXITED(child, CYD_EXIT_CODE, 5);
    OK(cyd_process_close(child));
    close(line[1]);
    CHECK(pthread_join(reader, &failed) == 0 && failed == NULL);
    alarm(0);
    fclose(stream);
}

struct lines {
    int begun[2], out;
};

static int writes_late(void *lines) {
    usleep(200000);
    CHECK(write(((struct lines *)lines)->out, "w", 1) == 1);
    return 0;
}

static int stays(void *lines) {
    CHECK(write(((struct lines *)lines)->begun[1], "x", 1) == 1);
    return sleeps(NULL);
}

static int is_left(void *lines) {
    CHECK(write(((struct lines *)lines)->begun[1], "x", 1) == 1);
    OK(cyd_parent_wait(20000 * MS));
    CHECK(write(((struct lines *)lines)->out, "d", 1) == 1);
    return 0;
}

/* A main that returns while its children run: one is killed, one goes on, one is waited for. */
static int leaves(int out) {
    struct lines lines = {.out = out};
    char byte;
    cyd_process_options_t options = {.struct_size = sizeof options};
    CHECK(pipe(lines.begun) == 0);
    options.at_exit = CYD_AT_EXIT_KILL;
    OK(cyd_process_fork(&options, stays, &lines, NULL));
    options.at_exit = CYD_AT_EXIT_DETACH;
    OK(cyd_process_fork(&options, is_left, &lines, NULL));
    CHECK(read(lines.begun[0], &byte, 1) == 1 && read(lines.begun[0], &byte, 1) == 1);
    options.at_exit = CYD_AT_EXIT_WAIT;
    OK(cyd_process_fork(&options, writes_late, &lines, NULL));
    return 6;
}

/* The next byte of a line, at once or in time; 0: it is closed. */
static int next_byte(int line, int ms) {
    struct pollfd ready = {.fd = line, .events = POLLIN};
    char byte = 0;
    CHECK(poll(&ready, 1, ms) == 1);
    return read(line, &byte, 1) == 1 ? byte : 0;
}

/* What becomes of the children of a program that is over. */
static void main_returns(const char *program) {
    int line[2], status = 0;
    char number[16];
    CHECK(pipe(line) == 0);
    snprintf(number, sizeof number, "%d", line[1]);
    pid_t pid = fork();
    if (pid == 0) {
        close(line[0]);
        execl(program, program, "leaves", number, (char *)NULL);
        _exit(1);
    }
    close(line[1]);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 6);
    CHECK(next_byte(line[0], 0) == 'w');     /* it was waited for */
    CHECK(next_byte(line[0], 20000) == 'd'); /* it goes on */
    CHECK(next_byte(line[0], 20000) == 0);   /* and nobody else is left */
    close(line[0]);
}

static void *close_soon(void *child) {
    usleep(50000);
    OK(cyd_process_close(child));
    return NULL;
}

static void closed_under_a_wait(void) {
    pthread_t other;
    cyd_process_t *child;
    OK(cyd_process_fork(NULL, sleeps, NULL, &child));
    CHECK(pthread_create(&other, NULL, close_soon, child) == 0);
    IS(cyd_process_join(child, -1, NULL), CYD_E_CLOSED);
    pthread_join(other, NULL);
    size_t cursor = 0;
    OK(cyd_next_active_child(&cursor, &child));
    OK(cyd_process_kill(child));
    OK(cyd_process_join(child, -1, NULL));
    OK(cyd_process_close(child));
}

int main(int argc, char **argv) {
    OK(cyd_entry_register("first-byte", first_byte));
    OK(cyd_entry_register("warm-up", warm_up));
    OK(cyd_entry_register("is-warm", is_warm));
    OK(cyd_entry_register("set-value", set_value));
    OK(cyd_entry_register("send-late", send_late));
    OK(cyd_init(argc, (const char *const *)argv));
    if (argc == 3 && strcmp(argv[1], "leaves") == 0) {
        return leaves(atoi(argv[2]));
    }
    forked();
    bad_options();
    spawned();
    served();
    stopped();
    listed();
    parents();
    closed_under_a_wait();
    strangers();
    grouped();
    held_ends();
    despite_threads();
    while_somebody_reads();
    main_returns("/proc/self/exe");
    return 0;
}
