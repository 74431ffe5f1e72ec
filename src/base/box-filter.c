/* SPDX-License-Identifier: MIT */
/*
 * What a program that only reads, talks and prints has no use for: other programs, other processes, names of files that
 * change, and those parts of the kernel that most holes were found in. A list of what is refused, and not of what is left:
 * the name service may be any library's.
 */
#include "base/box.h"

#include "base/util.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#if defined(ARCHITECTURE) && !defined(SANITIZED) /* which calls a symbolizer */

#define X32_BIT    0x40000000U /* the same calls once more, under other numbers */
#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* clang-format off */
static const int refused[] = {
        /* other programs, other processes */
        SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp,
        SYS_unshare, SYS_setns, SYS_personality,
        /* files that change */
        SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mkdirat, SYS_mknodat, SYS_fchmodat, SYS_fchmod, SYS_fchownat,
        SYS_fchown, SYS_truncate, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_open_by_handle_at,
#ifdef SYS_renameat
        SYS_renameat,
#endif
#ifdef __x86_64__
        SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_chmod, SYS_chown,
        SYS_lchown, SYS_creat,
        SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
        /* the system */
        SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
        SYS_swapon, SYS_swapoff, SYS_reboot, SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_syslog,
        SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_acct,
        SYS_quotactl,
        /* where the holes were */
        SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_add_key,
        SYS_request_key, SYS_keyctl, SYS_fanotify_init,
};
/* clang-format on */

typedef struct Filter {
        struct sock_filter code[2 * ELEMENTSOF(refused) + 40];
        unsigned short n;
} Filter;

static void add(Filter *filter, unsigned short code, unsigned char yes, unsigned char no, unsigned k) {
        filter->code[filter->n++] = (struct sock_filter){code, yes, no, k};
}

static void load(Filter *filter, size_t offset) {
        add(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)offset);
}

/* When the value in hand compares so to @k, the call fails with @error. */
static void refuse_if(Filter *filter, unsigned short comparison, unsigned k, int error) {
        add(filter, BPF_JMP | comparison | BPF_K, 0, 1, k);
        add(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (unsigned)error);
}

void box_filter(void) {
        Filter filter = {.n = 0};
        struct sock_fprog program = {.filter = filter.code};

        load(&filter, offsetof(struct seccomp_data, arch));
        add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
        add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM);
        load(&filter, offsetof(struct seccomp_data, nr));
        refuse_if(&filter, BPF_JGE, X32_BIT, EPERM);
        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                refuse_if(&filter, BPF_JEQ, (unsigned)refused[i], EPERM);
        /* Keys pressed at the terminal of whoever started it. The kernel takes this argument's lower half. */
        add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, SYS_ioctl);
        load(&filter, offsetof(struct seccomp_data, args[1]));
        refuse_if(&filter, BPF_JEQ, TIOCSTI, EPERM);
        refuse_if(&filter, BPF_JEQ, TIOCLINUX, EPERM);
        load(&filter, offsetof(struct seccomp_data, nr));
        /* Its flags are in memory, where no filter can look; the C library then takes the older call. */
        refuse_if(&filter, BPF_JEQ, SYS_clone3, ENOSYS);
        add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_clone);
        load(&filter, offsetof(struct seccomp_data, args[0]));
        refuse_if(&filter, BPF_JSET, NAMESPACES, EPERM);
        add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
        program.len = filter.n;
        /* A kernel without filters has none. */
        (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#else

void box_filter(void) {
}

#endif
