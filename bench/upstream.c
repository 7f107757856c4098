/* upstream: a paced provider of Server-Sent Events, cheap enough never to be the bottleneck.
 *
 *   cc -O2 -o upstream upstream.c
 *   upstream PORT openai|anthropic CHUNKS INTERVAL_US
 *
 * Listens on 127.0.0.1 and prints the port that it took (PORT 0: any). A POST whose body says
 * "stream":true is answered with CHUNKS text deltas, one send() each, INTERVAL_US apart (0: as fast as
 * send() goes); any other POST with one small JSON body. Every delta's text is " t" and 16 digits, the
 * monotonic clock in microseconds at its send(), so that `load` can tell how long each token was under way.
 * GET /stats counts streams: an aborted one is one whose reader went before its end, so a leak shows here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 65536, READ_BYTES = 65536, MAX_EVENTS = 1024, STAMP_DIGITS = 16 };

typedef struct {
    char *bytes;
    int length, capacity;
} Buffer;

typedef struct {
    int fd;
    int streaming, chunks_sent, watching_output;
    long next_due;
    Buffer in, out;
    int out_taken;
} Connection;

/* What one dialect says. Frames are stored with their HTTP chunk framing around them. */
typedef struct {
    const char *name;
    const char *prelude[2];
    const char *delta;
    const char *finale[3]; /* one of them holds %d: the output tokens, and then perhaps all tokens */
    const char *whole;
} Dialect;

typedef struct {
    Buffer prelude, delta, finale, whole;
    int stamp_at; /* where the digits stand in delta */
} Answer;

typedef struct {
    long due;
    int fd;
} Turn;

static const char STREAM_HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n";

#define OPENAI_CHUNK "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1763000000,\"model\":\"gpt-4o-mini\","

static const Dialect OPENAI = {
    .name = "openai",
    .prelude = {OPENAI_CHUNK "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
                             "\"finish_reason\":null}]}\n\n"},
    .delta = OPENAI_CHUNK "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_50cad350e4\",\"choices\":[{\"index\":0,"
                          "\"delta\":{\"content\":\" t0000000000000000\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
    .finale = {OPENAI_CHUNK "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
               OPENAI_CHUNK "\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n"
                            "data: [DONE]\n\n"},
    .whole = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1763000000,\"model\":\"gpt-4o-mini\","
             "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello! How can I help you today?\","
             "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
             "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":9,\"total_tokens\":21}}",
};

static const Dialect ANTHROPIC = {
    .name = "anthropic",
    .prelude = {"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\",\"type\":\"message\","
                "\"role\":\"assistant\",\"model\":\"claude-sonnet-4-6\",\"content\":[],\"stop_reason\":null,"
                "\"stop_sequence\":null,\"usage\":{\"input_tokens\":12,\"cache_creation_input_tokens\":0,"
                "\"cache_read_input_tokens\":0,\"output_tokens\":1}}}\n\n",
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
                "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"},
    .delta = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
             "\"delta\":{\"type\":\"text_delta\",\"text\":\" t0000000000000000\"}}\n\n",
    .finale = {"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
               "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
               "\"stop_sequence\":null},\"usage\":{\"output_tokens\":%d}}\n\n",
               "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
    .whole = "{\"id\":\"msg_01\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-6\","
             "\"content\":[{\"type\":\"text\",\"text\":\"Hello! How can I help you today?\"}],\"stop_reason\":\"end_turn\","
             "\"stop_sequence\":null,\"usage\":{\"input_tokens\":12,\"output_tokens\":9}}",
};

static Connection connections[MAX_CONNECTIONS]; /* by file descriptor */
static Turn turns[MAX_CONNECTIONS * 4];         /* a binary min-heap, the next chunk that is due first */
static int turn_count;
static int poller;
static int chunks_per_stream;
static long interval_us;
static Answer answer;
static struct { long streams, finished, aborted, open, max_open; } stats;

static long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void buffer_reserve(Buffer *buffer, int more) {
    if (buffer->length + more <= buffer->capacity) return;
    buffer->capacity = (buffer->length + more) * 2;
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
}

static void buffer_append(Buffer *buffer, const char *bytes, int length) {
    buffer_reserve(buffer, length);
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void buffer_drop(Buffer *buffer, int length) {
    memmove(buffer->bytes, buffer->bytes + length, buffer->length - length);
    buffer->length -= length;
}

/* What is said */

static void append_chunk(Buffer *buffer, const char *frame) {
    char size[32];
    buffer_append(buffer, size, sprintf(size, "%zx\r\n", strlen(frame)));
    buffer_append(buffer, frame, strlen(frame));
    buffer_append(buffer, "\r\n", 2);
}

static void append_json(Buffer *buffer, const char *body) {
    char head[128];
    buffer_append(buffer, head, sprintf(head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", strlen(body)));
    buffer_append(buffer, body, strlen(body));
}

static void answer_in(const Dialect *dialect) {
    buffer_append(&answer.prelude, STREAM_HEAD, sizeof STREAM_HEAD - 1);
    for (int i = 0; i < 2 && dialect->prelude[i]; i++) append_chunk(&answer.prelude, dialect->prelude[i]);
    append_chunk(&answer.delta, dialect->delta);
    answer.stamp_at = (char *)memmem(answer.delta.bytes, answer.delta.length, " t0000", 6) + 2 - answer.delta.bytes;
    for (int i = 0; i < 3 && dialect->finale[i]; i++) {
        char frame[1024];
        snprintf(frame, sizeof frame, dialect->finale[i], chunks_per_stream, chunks_per_stream + 12);
        append_chunk(&answer.finale, frame);
    }
    buffer_append(&answer.finale, "0\r\n\r\n", 5);
    append_json(&answer.whole, dialect->whole);
}

/* When it is said */

static void turn_push(Turn turn) {
    int place = turn_count++;
    while (place) {
        int parent = (place - 1) / 2;
        if (turns[parent].due <= turn.due) break;
        turns[place] = turns[parent];
        place = parent;
    }
    turns[place] = turn;
}

static Turn turn_pop(void) {
    Turn first = turns[0], last = turns[--turn_count];
    int place = 0;
    for (int child = 1; child < turn_count; child = 2 * place + 1) {
        if (child + 1 < turn_count && turns[child + 1].due < turns[child].due) child++;
        if (turns[child].due >= last.due) break;
        turns[place] = turns[child];
        place = child;
    }
    turns[place] = last;
    return first;
}

/* Whom it is said to */

static void stream_over(Connection *connection, long *counter) {
    connection->streaming = 0;
    stats.open--;
    ++*counter;
}

static void connection_open(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Connection *connection = &connections[fd];
    connection->fd = fd;
    connection->in.length = connection->out.length = connection->out_taken = 0;
    connection->streaming = connection->watching_output = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void connection_close(Connection *connection) {
    if (connection->fd < 0) return;
    if (connection->streaming) stream_over(connection, &stats.aborted);
    epoll_ctl(poller, EPOLL_CTL_DEL, connection->fd, 0);
    close(connection->fd);
    connection->fd = -1;
}

static void watch_output(Connection *connection, int watching) {
    struct epoll_event event = {.events = EPOLLIN | (watching ? EPOLLOUT : 0), .data.fd = connection->fd};
    epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event);
    connection->watching_output = watching;
}

/* How many bytes the socket took, -1 when the connection is gone. */
static int send_some(Connection *connection, const char *bytes, int length) {
    int taken = send(connection->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken >= 0) return taken;
    if (errno == EAGAIN) return 0;
    connection_close(connection);
    return -1;
}

static void say(Connection *connection, Buffer words) {
    int taken = 0;
    if (connection->fd < 0) return;
    if (!connection->out.length) taken = send_some(connection, words.bytes, words.length);
    if (taken < 0 || taken == words.length) return;
    buffer_append(&connection->out, words.bytes + taken, words.length - taken);
    if (!connection->watching_output) watch_output(connection, 1);
}

static void say_what_waits(Connection *connection) {
    Buffer *out = &connection->out;
    int taken = send_some(connection, out->bytes + connection->out_taken, out->length - connection->out_taken);
    if (taken < 0) return;
    connection->out_taken += taken;
    if (connection->out_taken < out->length) return;
    out->length = connection->out_taken = 0;
    watch_output(connection, 0);
}

static void say_delta(Connection *connection) {
    char digits[32];
    sprintf(digits, "%0*ld", STAMP_DIGITS, now_us());
    memcpy(answer.delta.bytes + answer.stamp_at, digits, STAMP_DIGITS);
    say(connection, answer.delta);
    connection->chunks_sent++;
    connection->next_due += interval_us;
}

static void stream_on(Connection *connection, long now) {
    while (connection->streaming && connection->next_due <= now) {
        if (connection->chunks_sent == chunks_per_stream) {
            say(connection, answer.finale);
            if (connection->streaming) stream_over(connection, &stats.finished);
            return;
        }
        say_delta(connection);
    }
    if (connection->streaming) turn_push((Turn){.due = connection->next_due, .fd = connection->fd});
}

static void stream_begin(Connection *connection) {
    stats.streams++;
    if (++stats.open > stats.max_open) stats.max_open = stats.open;
    connection->streaming = 1;
    connection->chunks_sent = 0;
    say(connection, answer.prelude);
    connection->next_due = now_us() + interval_us;
    stream_on(connection, connection->next_due - interval_us);
}

static void say_stats(Connection *connection) {
    char body[256];
    snprintf(body, sizeof body, "{\"streams\":%ld,\"finished\":%ld,\"aborted\":%ld,\"open\":%ld,\"max_open\":%ld}",
             stats.streams, stats.finished, stats.aborted, stats.open, stats.max_open);
    Buffer words = {0};
    append_json(&words, body);
    say(connection, words);
    free(words.bytes);
}

/* What is asked */

/* The length of the request that `in` begins with, 0 while it is not whole; *head_length is its head's. */
static int request_length(Buffer *in, int *head_length) {
    char *head_end = in->length ? memmem(in->bytes, in->length, "\r\n\r\n", 4) : 0;
    if (!head_end) return 0;
    *head_length = head_end + 4 - in->bytes;
    *head_end = 0; /* strcasestr wants a string */
    char *length = strcasestr(in->bytes, "content-length:");
    int chunked = strcasestr(in->bytes, "transfer-encoding: chunked") != 0;
    int whole = *head_length + (length ? atoi(length + 15) : 0);
    *head_end = '\r';
    if (chunked) {
        char *last = memmem(in->bytes + *head_length, in->length - *head_length, "0\r\n\r\n", 5);
        return last ? last + 5 - in->bytes : 0;
    }
    return whole <= in->length ? whole : 0;
}

static int asks_for_stream(const char *body, int length) {
    return memmem(body, length, "\"stream\":true", 13) || memmem(body, length, "\"stream\": true", 14);
}

static void take_requests(Connection *connection) {
    Buffer *in = &connection->in;
    int head_length, length;
    while (connection->fd >= 0 && !connection->streaming && (length = request_length(in, &head_length))) {
        int about_stats = !strncmp(in->bytes, "GET /stats", 10);
        int stream = asks_for_stream(in->bytes + head_length, length - head_length);
        buffer_drop(in, length);
        if (about_stats) say_stats(connection);
        else if (stream) stream_begin(connection);
        else say(connection, answer.whole);
    }
}

static void read_requests(Connection *connection) {
    Buffer *in = &connection->in;
    buffer_reserve(in, READ_BYTES);
    int received = recv(connection->fd, in->bytes + in->length, READ_BYTES, MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
        connection_close(connection);
        return;
    }
    in->length += received;
    take_requests(connection);
}

/* The loop */

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(fd, (void *)&address, size) || listen(fd, 4096) || getsockname(fd, (void *)&address, &size)) {
        perror("upstream");
        exit(1);
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        if (fd < MAX_CONNECTIONS) connection_open(fd);
        else close(fd);
    }
}

static void serve(Connection *connection, unsigned events) {
    if (connection->fd >= 0 && events & EPOLLOUT) say_what_waits(connection);
    if (connection->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_requests(connection);
}

static void take_turns(long now) {
    while (turn_count && turns[0].due <= now) {
        Turn turn = turn_pop();
        Connection *connection = &connections[turn.fd];
        int is_current = connection->fd >= 0 && connection->streaming && connection->next_due == turn.due;
        if (is_current) stream_on(connection, now);
    }
}

static int wait_ms(void) {
    if (!turn_count) return 1000;
    long wait = (turns[0].due - now_us() + 999) / 1000;
    return wait < 0 ? 0 : wait > 1000 ? 1000 : wait;
}

static void loop(int listener) {
    struct epoll_event events[MAX_EVENTS] = {{.events = EPOLLIN, .data.fd = listener}};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &events[0]);
    for (;;) {
        int count = epoll_wait(poller, events, MAX_EVENTS, wait_ms());
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener) accept_all(listener);
            else serve(&connections[events[i].data.fd], events[i].events);
        }
        take_turns(now_us());
    }
}

int main(int argc, char **argv) {
    const Dialect *dialect = argc == 5 && !strcmp(argv[2], ANTHROPIC.name) ? &ANTHROPIC : &OPENAI;
    if (argc != 5 || strcmp(argv[2], dialect->name)) {
        fprintf(stderr, "usage: upstream PORT openai|anthropic CHUNKS INTERVAL_US\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    chunks_per_stream = atoi(argv[3]);
    interval_us = atol(argv[4]);
    for (int fd = 0; fd < MAX_CONNECTIONS; fd++) connections[fd].fd = -1;
    answer_in(dialect);
    poller = epoll_create1(0);
    loop(listen_on(atoi(argv[1])));
}
