/* The header, the library and the text agree on the version. */
#include "courtyard.h"

#include "check.h"
#include <string.h>

int main(void) {
    char text[32];
    CHECK(cyd_version() == CYD_VERSION);
    snprintf(text, sizeof text, "%d.%d.%d", CYD_VERSION_MAJOR, CYD_VERSION_MINOR, CYD_VERSION_PATCH);
    CHECK(strncmp(cyd_version_string(), text, strlen(text)) == 0);
    return 0;
}
