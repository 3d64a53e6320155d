/* The load: one process, one epoll, no allocation while it runs. Built by `cc -O2 -o load load.c`.
 *
 *   load echo   PORT SECONDS CONNECTIONS SIZE DEPTH    DEPTH messages of SIZE bytes in flight on each connection
 *   load bulk   PORT SECONDS CONNECTIONS SIZE          writes of SIZE bytes, as fast as the kernel takes them; all comes back
 *   load sink   PORT SECONDS CONNECTIONS SIZE          the same; nothing comes back
 *   load source PORT SECONDS CONNECTIONS               reads whatever comes
 *   load churn  PORT SECONDS CONNECTIONS SIZE          connect, one message there and back, close; so many at a time
 *   load idle   PORT SECONDS CONNECTIONS               opens them, prints "ready", holds them
 *   load chat   PORT SECONDS MEMBERS TALKERS DEPTH     each talker has DEPTH lines in flight; all members read all of them
 *
 * It prints one line of JSON: operations (messages, bytes, connections or delivered lines, by profile), seconds, latencies in
 * microseconds (of a message there and back; in chat, of a talker's own line), the CPU it used itself, and failures.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_DEPTH = 64, LATENCIES = 1000000, CHUNK = 1 << 18, LINE = 64 };

typedef struct {
    int fd, connected, member;
    size_t owed;              /* bytes of the message that is being read */
    size_t unsent;            /* bytes that the kernel did not take */
    int first, flying;        /* of the ring of send times */
    uint64_t sent[MAX_DEPTH];
    int matched;              /* chat: how much of the own mark was seen */
    char mark[16];
} Connection;

static Connection *all;
static char *buffer, *message;
static uint64_t operations, failures, histogram[LATENCIES], latencies;
static int port, connections, depth = 1, talkers, poller;
static size_t size = 64;
static const char *profile;

static void die(const char *what) { perror(what); exit(1); }
static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
static int is(const char *name) { return strcmp(profile, name) == 0; }

static void note(uint64_t began) {
    uint64_t microseconds = (now() - began) / 1000;
    histogram[microseconds < LATENCIES ? microseconds : LATENCIES - 1]++;
    latencies++;
}
static uint64_t percentile(double share) {
    uint64_t wanted = (uint64_t)(share * (double)latencies), seen = 0;
    for (int i = 0; i < LATENCIES; i++) if ((seen += histogram[i]) > wanted) return (uint64_t)i;
    return 0;
}

static void watch(Connection *c, int writing) {
    struct epoll_event event = { .events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c };
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event)) die("epoll_ctl");
}

static void dial(Connection *c) {
    static unsigned dialled;
    /* Many connections to one port: a client address of 127.0.0.0/8 has 28 thousand ports only. */
    struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(0x7f000001) };
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + (dialled++ / 20000) % 50) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&here, sizeof here)) die("bind");
    if (connect(fd, (struct sockaddr *)&there, sizeof there) && errno != EINPROGRESS) die("connect");
    c->fd = fd;
    c->connected = c->flying = c->first = c->matched = 0;
    c->owed = size;
    c->unsent = 0;
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = c };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

static void lost(Connection *c) {
    failures++;
    close(c->fd);
    if (failures > 1000) { fprintf(stderr, "the server drops connections\n"); exit(1); }
    dial(c);
}

/* Send what is unsent; the bytes of all messages are alike, so no more needs to be known of them. */
static void push(Connection *c) {
    while (c->unsent) {
        size_t part = c->unsent < CHUNK ? c->unsent : CHUNK;
        ssize_t taken = send(c->fd, message, part, MSG_NOSIGNAL);
        if (taken < 0) {
            if (errno == EAGAIN) { watch(c, 1); return; }
            lost(c);
            return;
        }
        c->unsent -= (size_t)taken;
    }
}

static void ask(Connection *c, int messages) {
    uint64_t time = now();
    for (int i = 0; i < messages; i++) c->sent[(c->first + c->flying++) % MAX_DEPTH] = time;
    c->unsent += size * (size_t)messages;
    push(c);
}

static void say(Connection *c) {
    char line[LINE];
    memset(line, '.', LINE);
    memcpy(line, c->mark, strlen(c->mark));
    memcpy(line + LINE - 2, "\r\n", 2);
    c->sent[(c->first + c->flying++) % MAX_DEPTH] = now();
    if (send(c->fd, line, LINE, MSG_NOSIGNAL) != LINE) die("a talker's line");
}

static void answered(Connection *c) {
    note(c->sent[c->first]);
    c->first = (c->first + 1) % MAX_DEPTH;
    c->flying--;
}

static void began(Connection *c) {
    c->connected = 1;
    watch(c, 0);
    if (is("echo") || is("churn")) ask(c, depth);
    if (is("bulk") || is("sink")) watch(c, 1);
    if (is("chat")) {
        char name[32];
        int length = snprintf(name, sizeof name, "m%d\r\n", c->member);
        if (send(c->fd, name, (size_t)length, MSG_NOSIGNAL) != length) die("a member's name");
    }
}

static void flood(Connection *c) {
    ssize_t taken = send(c->fd, message, size, MSG_NOSIGNAL);
    if (taken > 0 && is("sink")) operations += (uint64_t)taken;
    if (taken < 0 && errno != EAGAIN) lost(c);
}

static void take(Connection *c, char *data, size_t length) {
    if (is("bulk") || is("source")) operations += length;
    if (is("echo") || is("churn")) {
        int whole = 0;
        while (length >= c->owed) {
            length -= c->owed;
            c->owed = size;
            answered(c);
            operations++;
            whole++;
        }
        c->owed -= length;
        if (!whole) return;
        if (is("echo")) ask(c, whole);
        else {
            epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
            close(c->fd);
            dial(c);
        }
    }
    if (is("chat")) {
        /* Every line counts once for every member; a talker looks for its own mark, which may come in two pieces. */
        for (char *at = data, *end = data + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) operations++;
        if (c->member >= talkers) return;
        size_t whole = strlen(c->mark);
        for (size_t i = 0; i < length; i++) {
            if (data[i] == c->mark[c->matched]) c->matched++;
            else c->matched = data[i] == c->mark[0];
            if ((size_t)c->matched == whole) {
                c->matched = 0;
                if (c->flying) { answered(c); say(c); }
            }
        }
    }
}

static void run(double seconds) {
    static struct epoll_event events[512];
    uint64_t until = now() + (uint64_t)(seconds * 1e9);
    while (now() < until) {
        int ready = epoll_wait(poller, events, 512, 10);
        for (int i = 0; i < ready; i++) {
            Connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                if (!c->connected) began(c);
                else if (is("bulk") || is("sink")) flood(c);
                else { watch(c, 0); push(c); }
            }
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                ssize_t length = recv(c->fd, buffer, CHUNK, 0);
                if (length > 0) take(c, buffer, (size_t)length);
                else if (length == 0 || errno != EAGAIN) lost(c);
            }
        }
    }
}

static double cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **args) {
    if (count < 5) { fprintf(stderr, "see the head of load.c\n"); return 2; }
    profile = args[1];
    port = atoi(args[2]);
    double seconds = atof(args[3]);
    connections = atoi(args[4]);
    if (is("chat")) {
        talkers = atoi(args[5]);
        depth = atoi(args[6]);
    } else {
        if (count > 5) size = (size_t)atoi(args[5]);
        if (count > 6) depth = atoi(args[6]);
    }
    if (depth > MAX_DEPTH || size > CHUNK) { fprintf(stderr, "too much\n"); return 2; }
    struct rlimit files = { 1 << 16, 1 << 16 };
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(0);
    buffer = malloc(CHUNK);
    message = malloc(CHUNK);
    all = calloc((size_t)connections, sizeof *all);
    memset(message, 'x', CHUNK);
    for (int i = 0; i < connections; i++) {
        all[i].member = i;
        snprintf(all[i].mark, sizeof all[i].mark, "#%d#", i);
        dial(&all[i]);
        if (i % 64 == 63) run(0.002); /* no more at a time than a backlog holds */
    }
    if (is("idle")) {
        run(0.5);
        printf("ready\n");
        fflush(stdout);
    } else {
        /* The start is not measured; in a chat, everybody hears of everybody first. */
        uint64_t before;
        do { before = operations; run(is("chat") ? 0.5 : 0.1); } while (is("chat") && operations != before);
    }
    operations = latencies = failures = 0;
    memset(histogram, 0, sizeof histogram);
    printf("go\n");
    fflush(stdout);
    double used = cpu();
    uint64_t start = now();
    if (is("chat")) for (int i = 0; i < talkers; i++) for (int j = 0; j < depth; j++) say(&all[i]);
    run(seconds);
    double took = (double)(now() - start) / 1e9;
    printf("{\"operations\": %lu, \"seconds\": %.6f, \"p50\": %lu, \"p99\": %lu, \"load\": %.4f, \"failures\": %lu}\n",
           (unsigned long)operations, took, (unsigned long)percentile(0.5), (unsigned long)percentile(0.99), (cpu() - used) / took,
           (unsigned long)failures);
    return 0;
}
