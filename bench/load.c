/* load: asks for SSE streams and measures what a reader of tokens feels.
 *
 *   cc -O2 -o load load.c
 *   load PORT PATH SECONDS stream|whole MODEL KEY conns=N|rate=R [max=N] [hang=PERCENT] [api=chat|messages|responses]
 *
 * conns=N  closed loop: N connections, each asks again as soon as its answer has ended.
 * rate=R   open loop: R new requests a second, evenly staggered, on as many kept-alive connections as that
 *          takes; times count from when a request was due, so that a stalled server shows.
 * max=N    ends the asking, not the reading, after N requests.
 * api=A    asks as OpenAI's Chat Completions (the default), Anthropic's Messages or OpenAI's Responses want it.
 * hang=P   P percent of the streams are cut by the client after a few chunks.
 * Prints one JSON object: counts, rates, and in microseconds the time to the first token (ttft), the whole
 * answer's time (total) and per token the time from upstream's send() to this recv() (transit), as
 * [p50, p90, p99, max]. A token is found by the stamp that `upstream` writes into each delta.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 65536, MAX_EVENTS = 1024, MAX_WAIT_MS = 50, STAMP_LENGTH = 19 }; /* " t, then 16 digits */

typedef enum { CONNECTING, IDLE, WAITING } State;

typedef struct Connection {
    int fd;
    State state;
    long due_us, first_token_us;
    int chunks, cut_after;               /* cut_after 0: read to the end */
    int head_length, status;             /* head_length 0: the head is not in yet */
    long content_length;                 /* -1: chunked */
    char *bytes;
    int length, capacity, searched;
    struct Connection *next_idle;
} Connection;

typedef struct {
    long *values, count, capacity;
} Samples;

/* What a request in one API says, and what its answer shows: `field` is the name of what holds a token's text, and
 * `ending` stands only at the end of a whole stream. */
typedef struct {
    const char *name, *body, *stream, *field, *ending;
} Api;

static const Api APIS[] = {
    {"chat", "\"messages\":[{\"role\":\"user\",\"content\":\"Stream a 200-word reply.\"}],\"max_tokens\":1024",
     ",\"stream\":true,\"stream_options\":{\"include_usage\":true}", "\"content\"", "[DONE]"},
    {"messages", "\"messages\":[{\"role\":\"user\",\"content\":\"Stream a 200-word reply.\"}],\"max_tokens\":1024",
     ",\"stream\":true", "\"text\"", "message_stop"},
    {"responses", "\"input\":\"Stream a 200-word reply.\",\"max_output_tokens\":1024", ",\"stream\":true",
     "\"delta\"", "response.completed"},
};

static struct {
    const Api *api;
    int port, stream, hang_percent, connections;
    long max, asked;
    double seconds, rate;
    char request[16384];
    int request_length;
} plan;

static struct {
    long done, errors, unfinished, cut, open, bytes;
    Samples ttft, total, transit;
} seen;

static int poller;
static Connection *idle;
static char first_error[700];

static long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void sample(Samples *samples, long value) {
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? samples->capacity * 2 : 65536;
        samples->values = realloc(samples->values, samples->capacity * sizeof *samples->values);
    }
    samples->values[samples->count++] = value;
}

/* Connections */

static void watch(Connection *connection, int operation, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(poller, operation, connection->fd, &event);
}

static void ask(Connection *connection, long due_us) {
    connection->state = WAITING;
    connection->due_us = due_us;
    connection->first_token_us = 0;
    connection->length = connection->searched = connection->head_length = connection->chunks = 0;
    connection->cut_after = rand() % 100 < plan.hang_percent ? 3 + rand() % 8 : 0;
    if (send(connection->fd, plan.request, plan.request_length, MSG_NOSIGNAL) != plan.request_length) seen.errors++;
}

static void connect_one(long due_us) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(plan.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    if (fd < 0 || (connect(fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS)) {
        seen.errors++;
        if (fd >= 0) close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    connection->due_us = due_us;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    seen.open++;
}

static void leave_idle(Connection *connection) {
    Connection **place = &idle;
    while (*place && *place != connection) place = &(*place)->next_idle;
    if (*place) *place = connection->next_idle;
}

static void drop(Connection *connection) {
    if (connection->state == IDLE) leave_idle(connection);
    close(connection->fd);
    free(connection->bytes);
    free(connection);
    seen.open--;
    if (plan.connections) connect_one(now_us());
}

static void ask_again(Connection *connection) {
    if (plan.connections) {
        ask(connection, now_us());
        return;
    }
    connection->state = IDLE;
    connection->next_idle = idle;
    idle = connection;
}

static void ask_on_any(long due_us) {
    Connection *connection = idle;
    if (!connection) {
        connect_one(due_us);
        return;
    }
    idle = connection->next_idle;
    ask(connection, due_us);
}

/* Answers */

static void read_head(Connection *connection) {
    char *end = memmem(connection->bytes, connection->length, "\r\n\r\n", 4);
    if (!end) return;
    connection->head_length = connection->searched = end + 4 - connection->bytes;
    connection->status = atoi(connection->bytes + 9);
    *end = 0; /* strcasestr wants a string */
    char *length = strcasestr(connection->bytes, "content-length:");
    connection->content_length = length ? atol(length + 15) : -1;
    *end = '\r';
}

/* Whether the string that begins at `quote` is the value of the field. The text that Responses repeats at the end is not. */
static int is_value(const char *quote, const char *field, const char *start) {
    int length = strlen(field);
    while (quote > start && (quote[-1] == ' ' || quote[-1] == ':')) quote--;
    return quote - start >= length && !memcmp(quote - length, field, length);
}

static void read_tokens(Connection *connection, long now) {
    char *end = connection->bytes + connection->length, *from = connection->bytes + connection->searched;
    char *stamp;
    while ((stamp = memmem(from, end - from, "\" t", 3)) && end - stamp >= STAMP_LENGTH) {
        if (is_value(stamp, plan.api->field, connection->bytes)) {
            sample(&seen.transit, now - atol(stamp + 3));
            connection->chunks++;
        }
        from = stamp + STAMP_LENGTH;
        connection->searched = from - connection->bytes;
    }
    int has_begun = plan.stream ? connection->chunks > 0 : connection->length > connection->head_length;
    if (!connection->first_token_us && has_begun) connection->first_token_us = now;
}

static int is_whole(const Connection *connection) {
    long body = connection->length - connection->head_length;
    if (connection->content_length >= 0) return body >= connection->content_length;
    return body >= 5 && !memcmp(connection->bytes + connection->length - 5, "0\r\n\r\n", 5);
}

static int has_ending(const Connection *connection) {
    return memmem(connection->bytes, connection->length, plan.api->ending, strlen(plan.api->ending)) != 0;
}

static void count_answer(const Connection *connection, long now) {
    if (connection->status != 200) {
        seen.errors++;
        if (!*first_error) snprintf(first_error, sizeof first_error, "%.*s", connection->length, connection->bytes);
        return;
    }
    seen.done++;
    if (connection->first_token_us) sample(&seen.ttft, connection->first_token_us - connection->due_us);
    sample(&seen.total, now - connection->due_us);
    if (plan.stream && !has_ending(connection)) seen.unfinished++;
}

static void take_bytes(Connection *connection, long now) {
    if (!connection->head_length) read_head(connection);
    if (!connection->head_length) return;
    read_tokens(connection, now);
    if (connection->cut_after && connection->chunks >= connection->cut_after) {
        seen.cut++;
        drop(connection);
    } else if (is_whole(connection)) {
        count_answer(connection, now);
        ask_again(connection);
    }
}

static void receive(Connection *connection) {
    if (connection->length + READ_BYTES > connection->capacity)
        connection->bytes = realloc(connection->bytes, connection->capacity = (connection->length + READ_BYTES) * 2);
    int received = recv(connection->fd, connection->bytes + connection->length, READ_BYTES, MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
        if (connection->state == WAITING) seen.errors++;
        drop(connection);
        return;
    }
    connection->length += received;
    seen.bytes += received;
    take_bytes(connection, now_us());
}

static void serve(Connection *connection, unsigned events) {
    if (connection->state != CONNECTING) {
        receive(connection);
    } else if (events & (EPOLLERR | EPOLLHUP)) {
        seen.errors++;
        drop(connection);
    } else if (events & EPOLLOUT) {
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        ask(connection, plan.connections ? now_us() : connection->due_us);
    }
}

/* The run */

/* Asks what is due by now; returns when the next request is. */
static long ask_what_is_due(long due_us, long now) {
    for (; due_us <= now && (!plan.max || plan.asked < plan.max); due_us += (long)(1e6 / plan.rate)) {
        plan.asked++;
        ask_on_any(due_us);
    }
    return due_us;
}

static void run(void) {
    struct epoll_event events[MAX_EVENTS];
    long begin = now_us(), end = begin + (long)(plan.seconds * 1e6), due = begin;
    for (int i = 0; i < plan.connections; i++) connect_one(begin);
    for (long now = begin; now < end; now = now_us()) {
        int wait_ms = MAX_WAIT_MS;
        if (plan.rate > 0) {
            due = ask_what_is_due(due, now);
            if (due > now && due - now < MAX_WAIT_MS * 1000) wait_ms = (due - now) / 1000;
        }
        int count = epoll_wait(poller, events, MAX_EVENTS, wait_ms);
        for (int i = 0; i < count; i++) serve(events[i].data.ptr, events[i].events);
    }
    plan.seconds = (now_us() - begin) / 1e6;
}

static int compare(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static void print_samples(const char *name, Samples *samples) {
    static const double quantiles[] = {.5, .9, .99, 1};
    qsort(samples->values, samples->count, sizeof(long), compare);
    printf(", \"%s\": [", name);
    for (int i = 0; i < 4; i++)
        printf("%s%ld", i ? ", " : "", samples->count ? samples->values[(long)((samples->count - 1) * quantiles[i])] : -1);
    printf("]");
}

static void print_result(void) {
    printf("{\"asked\": %ld, \"done\": %ld, \"errors\": %ld, \"unfinished\": %ld, \"cut\": %ld, \"open\": %ld, ", plan.asked, seen.done,
           seen.errors, seen.unfinished, seen.cut, seen.open);
    printf("\"requests_per_s\": %.1f, \"seen_chunks\": %ld, \"mb_per_s\": %.1f", seen.done / plan.seconds,
           seen.transit.count, seen.bytes / plan.seconds / 1e6);
    print_samples("ttft", &seen.ttft);
    print_samples("total", &seen.total);
    print_samples("transit", &seen.transit);
    printf("}\n");
    if (*first_error) fprintf(stderr, "first error answer:\n%s\n", first_error);
}

static void write_request(const char *path, const char *model, const char *key) {
    char body[2048];
    int length = snprintf(body, sizeof body, "{\"model\":\"%s\",%s%s}", model, plan.api->body,
                          plan.stream ? plan.api->stream : "");
    plan.request_length = snprintf(plan.request, sizeof plan.request,
                                   "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
                                   "Content-Type: application/json\r\nAccept: */*\r\nContent-Length: %d\r\n\r\n%s",
                                   path, plan.port, key, length, body);
}

int main(int argc, char **argv) {
    if (argc < 8) {
        fprintf(stderr, "usage: load PORT PATH SECONDS stream|whole MODEL KEY conns=N|rate=R [max=N] [hang=PERCENT] [api=A]\n");
        return 2;
    }
    plan.port = atoi(argv[1]);
    plan.seconds = atof(argv[3]);
    plan.stream = !strcmp(argv[4], "stream");
    plan.api = APIS;
    for (int i = 7; i < argc; i++) {
        if (!strncmp(argv[i], "conns=", 6)) plan.connections = atoi(argv[i] + 6);
        if (!strncmp(argv[i], "rate=", 5)) plan.rate = atof(argv[i] + 5);
        if (!strncmp(argv[i], "max=", 4)) plan.max = atol(argv[i] + 4);
        for (int a = 0; !strncmp(argv[i], "api=", 4) && a < 3; a++)
            if (!strcmp(argv[i] + 4, APIS[a].name)) plan.api = &APIS[a];
        if (!strncmp(argv[i], "hang=", 5)) plan.hang_percent = atoi(argv[i] + 5);
    }
    write_request(argv[2], argv[5], argv[6]);
    poller = epoll_create1(0);
    run();
    print_result();
    return seen.done ? 0 : 1;
}
