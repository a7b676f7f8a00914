#define _GNU_SOURCE
#include "process_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Above every number that the child ends up with (0, 1, 2 and the report at 3), so that no dup2 hits a descriptor
// that is still to be moved.
enum { first_spare_descriptor = 16, report_descriptor = 3 };

static int write_all(int descriptor, const void *bytes, size_t length) {
    const char *next = bytes;
    while (length > 0) {
        ssize_t written = write(descriptor, next, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        next += written;
        length -= (size_t)written;
    }
    return 0;
}

static int spare_copy(int descriptor, int flags) {
    if (descriptor < 0) return open("/dev/null", flags);
    return fcntl(descriptor, F_DUPFD, first_spare_descriptor);
}

// Only async-signal-safe calls from here to exec: the caller may have threads that held locks at the fork.
static int become_child(const struct howdah_child *child, int *report) {
    int moved = fcntl(*report, F_DUPFD, first_spare_descriptor);
    if (moved < 0) return errno;
    *report = moved;

    if (child->placement == howdah_own_session && setsid() < 0) return errno;
    if (child->placement == howdah_own_group && setpgid(0, 0) != 0) return errno;

    if (child->changes_user) {
        if (setgroups(1, &child->group) != 0) return errno;
        if (setresgid(child->group, child->group, child->group) != 0) return errno;
        if (setresuid(child->user, child->user, child->user) != 0) return errno;
    }
    if (child->directory && chdir(child->directory) != 0) return errno;

    int input = spare_copy(child->input, O_RDONLY);
    if (input < 0) return errno;
    int output, error;
    if (child->output_path) {
        output = open(child->output_path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
        error = output;
    } else {
        output = spare_copy(child->output, O_WRONLY);
        error = spare_copy(child->error, O_WRONLY);
    }
    if (output < 0 || error < 0) return errno;
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) return errno;
    if (dup2(*report, report_descriptor) < 0) return errno;
    *report = report_descriptor;
    if (fcntl(report_descriptor, F_SETFD, FD_CLOEXEC) != 0) return errno;
    if (close_range(report_descriptor + 1, ~0U, 0) != 0) {
        long limit = sysconf(_SC_OPEN_MAX);
        for (int descriptor = report_descriptor + 1; descriptor < limit; descriptor++) close(descriptor);
    }

    // What is ignored stays ignored over exec, and so does the mask: a child starts with neither.
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    execve(child->path, child->arguments, child->environment);
    return errno;
}

// A cluster is thrown away with SIGQUIT, which must not litter with core files.
static void forbid_core_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
}

int howdah_spawn(const struct howdah_child *child, pid_t *process) {
    int ends[2];
    int failure = howdah_pipe(ends);
    if (failure) return failure;

    // No handler of the caller may run in the child before its dispositions are reset.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t forked = fork();
    if (forked == 0) {
        if (child->changes_user || child->placement == howdah_own_session) forbid_core_files();
        int report = ends[1];
        int error = become_child(child, &report);
        write_all(report, &error, sizeof error);
        _exit(127);
    }
    failure = forked < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);

    if (forked > 0) {
        int reported = 0;
        ssize_t got;
        do got = read(ends[0], &reported, sizeof reported);
        while (got < 0 && errno == EINTR);
        if (got == (ssize_t)sizeof reported) {
            failure = reported;
            while (waitpid(forked, NULL, 0) < 0 && errno == EINTR) {}
        } else {
            *process = forked;
        }
    }
    close(ends[0]);
    return failure;
}

int howdah_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
}

int howdah_memory_file(const void *bytes, size_t length) {
    int descriptor = memfd_create("howdah", MFD_CLOEXEC);
    if (descriptor < 0) return -errno;
    int failure = write_all(descriptor, bytes, length);
    if (!failure && lseek(descriptor, 0, SEEK_SET) < 0) failure = errno;
    if (failure) {
        close(descriptor);
        return -failure;
    }
    return descriptor;
}

int howdah_process_descriptor(pid_t process) {
    int descriptor = (int)syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : descriptor;
}
