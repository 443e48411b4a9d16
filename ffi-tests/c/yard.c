/* Yards come, are found, are listed and go; what is refused leaves nothing behind. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    int count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static void by_name(void) {
    const char *name = unique("yard");
    cyd_yard_t *yard = NULL, *again = NULL;
    IS(cyd_yard_open(name, NULL, &yard), CYD_E_NOT_FOUND);
    CHECK(yard == NULL && cyd_last_os_error() == ENOENT);
    IS(cyd_yard_unlink(name), CYD_E_NOT_FOUND);

    cyd_yard_options_t options = {.struct_size = sizeof options, .size = 1 << 16, .slots = 4, .objects = 8, .mode = 0660};
    OK(cyd_yard_create(name, &options, &yard));
    char path[128];
    struct stat file;
    snprintf(path, sizeof path, "/dev/shm/%s.yard", name);
    CHECK(stat(path, &file) == 0 && (file.st_mode & 0777) == 0660);

    IS(cyd_yard_create(name, &options, &again), CYD_E_EXISTS);
    CHECK(again == NULL);
    OK(cyd_yard_open(name, NULL, &again));
    OK(cyd_yard_close(again));
    OK(cyd_yard_open_or_create(name, &options, &again));

    cyd_cost_t before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    OK(cyd_yard_cost(&options, &before));
    OK(cyd_yard_get_cost(yard, &after));
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK(before.total_bytes == (uint64_t)file.st_size && before.object_bytes >= 1 << 16);
    CHECK(before.lock_bytes == 128 && before.value_bytes == 128 && before.ring_bytes == 768);
    CHECK(before.slot_bytes >= 4096);
    cyd_object_cost_t cost = {.struct_size = sizeof cost};
    OK(cyd_yard_object_cost(&options, CYD_OBJECT_LOCK, &cost));
    CHECK(cost.empty_bytes == before.lock_bytes && cost.item_bytes == 0);
    OK(cyd_yard_object_cost(&options, CYD_OBJECT_QUEUE, &cost));
    CHECK(cost.empty_bytes == 896 && cost.item_bytes == 64);
    for (uint32_t kind = 1; kind <= CYD_OBJECT_POOL; kind++) {
        OK(cyd_yard_object_cost(NULL, kind, &cost));
        CHECK(kind == CYD_OBJECT_ARRAY || cost.empty_bytes >= 64);
    }
    IS(cyd_yard_object_cost(NULL, 0, &cost), CYD_E_TYPE);
    IS(cyd_yard_object_cost(NULL, 1, NULL), CYD_E_NULL);

    bool sealed = true;
    OK(cyd_yard_is_sealed(yard, &sealed));
    CHECK(!sealed);
    OK(cyd_yard_sweep(yard));
    OK(cyd_yard_detach_thread(yard));
    OK(cyd_yard_close(yard));
    OK(cyd_yard_close(again));
    OK(cyd_yard_close(NULL));
    IS(cyd_yard_close(yard), CYD_E_CLOSED);

    OK(cyd_yard_create(name, &options, &yard)); /* replaces the abandoned one */
    OK(cyd_yard_unlink(name));
    IS(cyd_yard_open(name, NULL, &again), CYD_E_NOT_FOUND);
    OK(cyd_yard_close(yard));
}

static void by_descriptor(void) {
    cyd_yard_t *yard, *again;
    cyd_value_t *value, *other;
    OK(cyd_yard_create_anonymous(NULL, &yard));
    bool sealed = false;
    OK(cyd_yard_is_sealed(yard, &sealed));
    CHECK(sealed);
    int fd = -1;
    OK(cyd_yard_fd(yard, &fd));
    CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    OK(cyd_yard_set_inheritable(yard, true));
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
    OK(cyd_yard_set_inheritable(yard, false));
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);

    int duplicate = dup(fd);
    OK(cyd_yard_open_fd(duplicate, NULL, &again));
    close(duplicate);
    OK(cyd_value_create(yard, "n", CYD_TYPE_I32, &value));
    OK(cyd_value_open(again, "n", CYD_TYPE_I32, &other));
    int32_t n = -7;
    OK(CYD_VALUE_SET(value, &n));
    n = 0;
    OK(CYD_VALUE_GET(other, &n));
    CHECK(n == -7);
    OK(cyd_yard_close(yard));
    OK(cyd_yard_close(again));
    OK(CYD_VALUE_GET(other, &n)); /* an object keeps its yard */
    OK(cyd_value_close(value));
    OK(cyd_value_close(other));

    IS(cyd_yard_open_fd(-1, NULL, &yard), CYD_E_INVALID);
    IS(cyd_yard_open_fd(INT32_MIN, NULL, &yard), CYD_E_INVALID);
    IS(cyd_yard_open_fd(999, NULL, &yard), CYD_E_OS);
    CHECK(cyd_last_os_error() == EBADF);
    int null = open("/dev/null", O_RDWR);
    IS(cyd_yard_open_fd(null, NULL, &yard), CYD_E_FOREIGN);
    close(null);
    int empty = memfd_create("empty", MFD_CLOEXEC);
    CHECK(CYD_FAILED(cyd_yard_open_fd(empty, NULL, &yard)));
    CHECK(ftruncate(empty, 1 << 20) == 0);
    IS(cyd_yard_open_fd(empty, NULL, &yard), CYD_E_FOREIGN);
    close(empty);
}

static void listing(void) {
    cyd_yard_t *yard;
    cyd_lock_t *lock;
    cyd_value_t *value;
    cyd_ring_t *ring;
    cyd_yard_options_t options = {.struct_size = sizeof options, .objects = 3};
    OK(cyd_yard_create_anonymous(&options, &yard));
    size_t cursor = 0;
    cyd_object_info_t info = {.struct_size = sizeof info};
    IS(cyd_yard_next_object(yard, &cursor, &info), CYD_E_END);
    OK(cyd_lock_create(yard, "a-lock", CYD_SCOPE_THREAD, &lock));
    OK(cyd_value_create(yard, "a.value", CYD_TYPE_U64, &value));
    char longest[CYD_NAME_BYTES];
    memset(longest, 'r', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    OK(cyd_ring_create(yard, longest, NULL, &ring));

    const struct {
        const char *name;
        uint32_t kind;
    } wanted[] = {{"a-lock", CYD_OBJECT_LOCK}, {"a.value", CYD_OBJECT_VALUE}, {longest, CYD_OBJECT_RING}};
    for (int i = 0; i < 3; i++) {
        OK(cyd_yard_next_object(yard, &cursor, &info));
        CHECK(strcmp(info.name, wanted[i].name) == 0 && info.kind == wanted[i].kind);
        CHECK(info.bytes >= 128 && info.bytes % 128 == 0);
    }
    IS(cyd_yard_next_object(yard, &cursor, &info), CYD_E_END);
    cursor = SIZE_MAX;
    IS(cyd_yard_next_object(yard, &cursor, &info), CYD_E_END);
    CHECK(cursor == SIZE_MAX);

    cyd_value_t *fourth = NULL;
    IS(cyd_value_create(yard, "fourth", CYD_TYPE_U8, &fourth), CYD_E_NO_SLOTS);
    IS(cyd_value_create(yard, "a-lock", CYD_TYPE_U8, &fourth), CYD_E_EXISTS);
    IS(cyd_value_open(yard, "a-lock", CYD_TYPE_U8, &fourth), CYD_E_TYPE);
    IS(cyd_value_open(yard, "none", CYD_TYPE_U8, &fourth), CYD_E_NOT_FOUND);
    CHECK(fourth == NULL);
    OK(cyd_ring_close(ring));
    OK(cyd_value_close(value));
    OK(cyd_lock_close(lock));
    OK(cyd_yard_close(yard));
}

/* A limit that is lowered and put back. */
static rlim_t limit(int which, rlim_t to) {
    struct rlimit old, new;
    CHECK(getrlimit(which, &old) == 0);
    new = old;
    new.rlim_cur = to;
    CHECK(setrlimit(which, &new) == 0);
    return old.rlim_cur;
}

static void no_descriptors(void) {
    const char *name = unique("fds");
    cyd_yard_t *yard, *refused = NULL;
    OK(cyd_yard_create(name, NULL, &yard));
    OK(cyd_yard_close(yard)); /* whatever is opened once in a process's life is open now */
    int before = descriptors();
    int allowed = 0, refusals = 0;
    for (rlim_t room = 0; room < (rlim_t)before + 8; room++) {
        rlim_t old = limit(RLIMIT_NOFILE, room);
        cyd_status_t status = cyd_yard_open(name, NULL, &refused);
        if (CYD_FAILED(status)) {
            IS(status, CYD_E_NO_MEMORY);
            CHECK(cyd_last_os_error() == EMFILE && refused == NULL);
            refusals++;
        } else {
            allowed++;
            OK(cyd_yard_close(refused));
            refused = NULL;
        }
        limit(RLIMIT_NOFILE, old);
        CHECK(descriptors() == before);
    }
    CHECK(allowed > 0 && refusals > 0);
    OK(cyd_yard_unlink(name));
}

static void no_memory(void) {
    pid_t child;
    CHILD(child) { /* limits of address space stay in the child */
        cyd_yard_t *yard = NULL;
        cyd_yard_options_t options = {.struct_size = sizeof options, .size = 64 << 20};
        int before = descriptors();
        FILE *statm = fopen("/proc/self/statm", "r");
        unsigned long pages = 0;
        CHECK(statm != NULL && fscanf(statm, "%lu", &pages) == 1);
        fclose(statm);
        limit(RLIMIT_AS, pages * (rlim_t)sysconf(_SC_PAGESIZE) + (16 << 20));
        IS(cyd_yard_create_anonymous(&options, &yard), CYD_E_NO_MEMORY);
        CHECK(cyd_last_os_error() == ENOMEM && yard == NULL && descriptors() == before);
        options.size = 1 << 20;
        OK(cyd_yard_create_anonymous(&options, &yard));
        OK(cyd_yard_close(yard));
    }
    ENDED_WELL(child);
}

static void names(void) {
    const char *bad[] = {"", "a/b", "..//x", "a b", "\xff", "\xc3\xa4", "a\nb"};
    char long_name[65] = {0};
    memset(long_name, 'x', 64);
    cyd_yard_t *yard = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        IS(cyd_yard_create(bad[i], NULL, &yard), CYD_E_NAME);
        IS(cyd_yard_open(bad[i], NULL, &yard), CYD_E_NAME);
        IS(cyd_yard_unlink(bad[i]), CYD_E_NAME);
    }
    IS(cyd_yard_create(long_name, NULL, &yard), CYD_E_NAME);
    IS(cyd_yard_create(NULL, NULL, &yard), CYD_E_NAME);
    CHECK(yard == NULL);
}

static void foreign(void) {
    const char *name = unique("foreign");
    char path[128];
    snprintf(path, sizeof path, "/dev/shm/%s.yard", name);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(file >= 0 && write(file, "somebody else's", 15) == 15);
    cyd_yard_t *yard = NULL;
    IS(cyd_yard_open(name, NULL, &yard), CYD_E_FOREIGN);
    IS(cyd_yard_create(name, NULL, &yard), CYD_E_FOREIGN);
    IS(cyd_yard_unlink(name), CYD_E_FOREIGN);
    CHECK(access(path, F_OK) == 0 && yard == NULL);
    close(file);
    CHECK(unlink(path) == 0);
}

int main(void) {
    by_name();
    by_descriptor();
    listing();
    no_descriptors();
    no_memory();
    names();
    foreign();
    return 0;
}
