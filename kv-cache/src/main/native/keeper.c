#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A process that shares this one's memory and nothing else, and sleeps until this one is dead.
 *
 * When a process is killed, the kernel frees its memory before it closes its sockets, if nobody
 * else has that memory: peers hear of its death so much later. With the keeper the sockets close
 * at once; the keeper is killed next and the memory is freed then.
 *
 * It waits on a pidfd, which is readable when the last thread of its maker is gone. A signal at the
 * death of a parent would come with the death of the one thread that made the keeper: the others may
 * hold the memory still, and the last of them would free it before it closes the files.
 *
 * The keeper runs on the thread-local storage of the thread that made it, so it calls nothing of
 * libc: errno is not its own. All signals that can be are blocked in it. */

#if defined(__x86_64__)
static long call(long number, long a, long b, long c) {
    long result;
    register long d __asm__("r10") = 0; /* the signals of ppoll: as they are */
    register long e __asm__("r8") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(d), "r"(e)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
#endif

#if defined(__x86_64__) || defined(__aarch64__)
static char stack[1 << 14] __attribute__((aligned(64)));

static int keep(void *maker) {
    struct pollfd died = {.events = POLLIN};
    long fd = call(SYS_pidfd_open, (long)maker, 0, 0);
    /* Without it the keeper would not know its end; a maker that is dead already has none. */
    if (fd < 0 || call(SYS_getppid, 0, 0, 0) != (long)maker) call(SYS_exit_group, 0, 0, 0);
    died.fd = (int)fd;
    /* Files that it keeps open would outlive the maker, which is what is not wanted. */
    if (fd > 0 && call(SYS_close_range, 0, fd - 1, 0) != 0) call(SYS_exit_group, 0, 0, 0);
    if (call(SYS_close_range, fd + 1, ~0U, 0) != 0) call(SYS_exit_group, 0, 0, 0);
    call(SYS_prctl, PR_SET_NAME, (long)"baton-keeper", 0);
    long result;
    do {
        result = call(SYS_ppoll, (long)&died, 1, 0);
    } while (result == -EINTR);
    call(SYS_exit_group, 0, 0, 0);
    return 0;
}

/* Makes the keeper; called once. 0, or -1 where it cannot be made. */
__attribute__((visibility("default"))) long baton_keep_memory(void) {
    sigset_t all, before;
    sigfillset(&all);
    /* Of this thread alone, as on Linux; pthread_sigmask asks for a newer libc. */
    if (sigprocmask(SIG_SETMASK, &all, &before) != 0) return -1;
    long maker = call(SYS_getpid, 0, 0, 0);
    int keeper = clone(keep, stack + sizeof stack, CLONE_VM | SIGCHLD, (void *)maker);
    sigprocmask(SIG_SETMASK, &before, 0);
    return keeper < 0 ? -1 : 0;
}
#else
__attribute__((visibility("default"))) long baton_keep_memory(void) {
    return -1;
}
#endif
