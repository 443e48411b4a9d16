/* Takes the library in at run time, as languages without a linker do: loads PATH */
#include "courtyard.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* POSIX lets a data pointer hold a function; ISO C has no cast for it. */
#define FIND(name, function)                                \
    do {                                                    \
        void *found_ = dlsym(library, name);                \
        if (found_ == NULL) {                               \
            fprintf(stderr, "%s\n", dlerror());             \
            return 1;                                       \
        }                                                   \
        memcpy(&(function), &found_, sizeof(function));     \
    } while (0)

int main(int argc, char **argv) {
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) {
        fprintf(stderr, "%s\n", argc == 2 ? dlerror() : "usage: loads PATH");
        return 1;
    }
    const char *(*version)(void);
    cyd_status_t (*create)(const cyd_yard_options_t *, cyd_yard_t **);
    cyd_status_t (*make)(cyd_yard_t *, const char *, cyd_scope_t, cyd_lock_t **);
    cyd_status_t (*acquire)(cyd_lock_t *, int64_t);
    cyd_status_t (*release)(cyd_lock_t *);
    FIND("cyd_version_string", version);
    FIND("cyd_yard_create_anonymous", create);
    FIND("cyd_lock_create", make);
    FIND("cyd_lock_acquire", acquire);
    FIND("cyd_lock_release", release);
    cyd_yard_t *yard;
    cyd_lock_t *lock;
    if (create(NULL, &yard) != CYD_OK || make(yard, "lock", CYD_SCOPE_THREAD, &lock) != CYD_OK ||
        acquire(lock, 0) != CYD_OK || acquire(lock, 0) != CYD_E_BUSY || release(lock) != CYD_OK) {
        return 1;
    }
    printf("loaded %s\n", version());
    return dlclose(library);
}
