/* Lets lanes.py say when callgrind is to count: what is not counted runs ten times as fast. */
#include <valgrind/callgrind.h>

void instrument(int on)
{
    if (on) {
        CALLGRIND_START_INSTRUMENTATION;
    } else {
        CALLGRIND_STOP_INSTRUMENTATION;
    }
}
