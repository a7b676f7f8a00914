// struct epoll_event is packed on x86-64; these read and write its members without Swift having to know that.
#pragma once
#include <stdint.h>
#include <sys/epoll.h>

static inline uint64_t clinux_epoll_name(const struct epoll_event *events, int index) { return events[index].data.u64; }

static inline uint32_t clinux_epoll_events(const struct epoll_event *events, int index) { return events[index].events; }

static inline int clinux_epoll_change(int epoll, int operation, int descriptor, uint32_t events, uint64_t name) {
    struct epoll_event event = {.events = events, .data = {.u64 = name}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}


static inline uint32_t clinux_epollin(void) { return EPOLLIN; }
static inline uint32_t clinux_epollout(void) { return EPOLLOUT; }
static inline uint32_t clinux_epollerr(void) { return EPOLLERR; }
static inline uint32_t clinux_epollhup(void) { return EPOLLHUP; }
static inline uint32_t clinux_epollet(void) { return EPOLLET; }
