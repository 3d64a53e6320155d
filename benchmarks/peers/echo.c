/* A C echo server on epoll: what one core can do at all. Built by `cc -O2 -o echo echo.c`; prints its port. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 1 << 18 };

typedef struct { int fd; size_t from, to; char *kept; } Peer;

static int poller;
static char buffer[CHUNK];

static void watch(Peer *peer, uint32_t events) {
    struct epoll_event event = { .events = events, .data.ptr = peer };
    epoll_ctl(poller, EPOLL_CTL_MOD, peer->fd, &event);
}

static void gone(Peer *peer) {
    close(peer->fd);
    free(peer->kept);
    free(peer);
}

/* What the kernel does not take waits, and nothing is read meanwhile. */
static void send_(Peer *peer, const char *data, size_t length) {
    ssize_t taken = send(peer->fd, data, length, MSG_NOSIGNAL);
    if (taken < 0) taken = 0;
    if ((size_t)taken == length) return;
    if (!peer->kept) peer->kept = malloc(CHUNK);
    memcpy(peer->kept, data + taken, length - (size_t)taken);
    peer->from = 0;
    peer->to = length - (size_t)taken;
    watch(peer, EPOLLOUT);
}

int main(void) {
    struct rlimit files = { 1 << 16, 1 << 16 };
    setrlimit(RLIMIT_NOFILE, &files);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
    socklen_t length = sizeof here;
    if (bind(listener, (struct sockaddr *)&here, length) || listen(listener, 511)) { perror("listen"); return 1; }
    getsockname(listener, (struct sockaddr *)&here, &length);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    poller = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL }, events[512];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poller, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            Peer *peer = events[i].data.ptr;
            if (!peer) {
                for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    peer = calloc(1, sizeof *peer);
                    peer->fd = fd;
                    event = (struct epoll_event){ .events = EPOLLIN, .data.ptr = peer };
                    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
                }
            } else if (peer->to > peer->from) {
                ssize_t taken = send(peer->fd, peer->kept + peer->from, peer->to - peer->from, MSG_NOSIGNAL);
                if (taken < 0) { gone(peer); continue; }
                peer->from += (size_t)taken;
                if (peer->from == peer->to) watch(peer, EPOLLIN);
            } else {
                ssize_t got = recv(peer->fd, buffer, CHUNK, 0);
                if (got <= 0) gone(peer);
                else send_(peer, buffer, (size_t)got);
            }
        }
    }
}
