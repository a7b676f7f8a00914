// Linux interfaces that Swift's Glibc module does not map, as static-inline shims.
// Do not define _GNU_SOURCE here: its fd_set clashes with the one that Swift imports.
#pragma once
#include <liburing.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
