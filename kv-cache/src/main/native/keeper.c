#define _GNU_SOURCE
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
 * The keeper runs on the thread-local storage of the thread that made it, so it calls nothing of
 * libc: errno is not its own. All signals are blocked in it; what ends it is SIGKILL, its own from
 * anybody or the one that it has asked for at the death of its maker's thread. */

#if defined(__x86_64__)
static long call(long number, long a, long b, long c) {
    long result;
    register long d __asm__("r10") = 0;
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
    call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
    /* The maker may have died before that was asked for. */
    if (call(SYS_getppid, 0, 0, 0) != (long)maker) call(SYS_exit_group, 0, 0, 0);
    /* Where files cannot be closed they would outlive the maker, which is what is not wanted. */
    if (call(SYS_close_range, 0, ~0U, 0) != 0) call(SYS_exit_group, 0, 0, 0);
    call(SYS_prctl, PR_SET_NAME, (long)"baton-keeper", 0);
    for (;;) call(SYS_ppoll, 0, 0, 0); /* no file, no end */
    return 0;
}

/* Makes the keeper; called once, by a thread that lives as long as the process. 0, or -1 where it cannot be made. */
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
