/* A struct that may grow is filled as far as the caller knows it, and not a byte further. */
#include "courtyard.h"

#include "check.h"
#include <string.h>

int main(void) {
    cyd_probe_t probe = {0};
    CHECK(cyd_probe(NULL) == CYD_E_NULL);
    CHECK(cyd_probe(&probe) == CYD_E_INVALID);
    CHECK(probe.cpus == 0);
    probe.struct_size = sizeof probe;
    CHECK(cyd_probe(&probe) == CYD_OK);
    CHECK(probe.cpus > 0 && probe.page_bytes >= 4096 && probe.struct_size == sizeof probe);
    CHECK((probe.features & CYD_PROBE_SHM) != 0 || probe.shm_bytes == 0);

    cyd_probe_t older;
    memset(&older, 0xEE, sizeof older);
    older.struct_size = offsetof(cyd_probe_t, page_bytes);
    CHECK(cyd_probe(&older) == CYD_OK);
    CHECK(older.cpus == probe.cpus && older.page_bytes == 0xEEEEEEEEEEEEEEEE);

    struct {
        cyd_probe_t known;
        uint64_t unknown;
    } newer;
    memset(&newer, 0xEE, sizeof newer);
    newer.known.struct_size = sizeof newer;
    CHECK(cyd_probe(&newer.known) == CYD_OK);
    CHECK(newer.known.cpus == probe.cpus && newer.unknown == 0);

    char text[1024], five[5];
    size_t length = cyd_probe_print(text, sizeof text);
    CHECK(length == strlen(text) && strstr(text, "futex_waitv") == text);
    CHECK(cyd_probe_print(NULL, 0) > 0);
    CHECK(cyd_probe_print(five, sizeof five) >= sizeof five);
    CHECK(strcmp(five, "fute") == 0);
    return 0;
}
