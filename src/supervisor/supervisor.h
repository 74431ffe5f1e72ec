/* SPDX-License-Identifier: MIT */
#pragma once
/* One member's supervisor: what it knows, and the few verbs by which its steps move it along. */

#include "base/log.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine.h"
#include "stack/stack.h"
#include "supervisor/exitfile.h"
#include "supervisor/gate-client.h"
#include "supervisor/health.h"
#include "supervisor/hold.h"
#include "supervisor/inside-words.h"
#include "supervisor/life.h"
#include "supervisor/lookup.h"
#include "supervisor/migrate-run.h"
#include "supervisor/redis.h"
#include "supervisor/relay.h"
#include "supervisor/said.h"
#include "supervisor/wait.h"
#include "supervisor/work.h"

typedef struct Supervisor Supervisor;

/* The container in hand. */
typedef struct Container {
        bool exists;          /* made by us, or found under our label: ours to remove */
        bool ended;           /* its end was told */
        bool by_itself;       /* it ended while nobody had asked it to */
        bool view;            /* made to look from its place: nothing of the image ever runs in it */
        bool suspected;       /* an earlier life may have left one; see leftover.h */
        bool stuck;           /* the engine could not remove it */
        bool start_killed;    /* the client that started it was killed */
        unsigned slow_starts; /* of those in a row: each has twice the time of the one before */
        bool start_late;      /* that client took longer than it may */
        unsigned held_looks;  /* at a first process that is not let begin, though its start is said to be over */
        bool monitor_lost;    /* conmon was killed: the engine no longer knows what is true */
        pid_t monitor, init;  /* conmon and the first process; 0: not known, or gone */
        int netns_fd;
        bool loopback_v6;      /* asked at ::1, not at 127.0.0.1: what answered last, or is asked next */
        char address[46];      /* numeric, in the container network; "" without one */
        int exit_code, signal; /* of the last end; signal 0: it exited */
        uint64_t oom_kills;    /* of the unit, before this one was started */
        bool ended_unanswered; /* db: the last one ended before it answered */
        EndHistory ends;       /* of it and of those before it */
        Relay *relay;          /* of its output; NULL: it was never started */
        ExitFile exit_file;    /* of what is migrated with: its followers wait for it */
        bool relay_awaited;    /* it is gone; the state ends when its last line is in the journal */
        uint64_t stop_began;   /* usec; when it was asked to end */
        bool held_up_told;     /* of that stop; see heldup.h */
        struct {
                pid_t pid;
                int code, status;
        } strangers[8]; /* ends told before we knew whose they were */
        size_t n_strangers;
        Inside inside;        /* see inside.h */
        char *left_namespace; /* of one whose start was killed; see leftnet.h */
        void (*left_done)(Supervisor *s);
} Container;

/* The image in hand. */
typedef struct Image {
        char *reference; /* by its name: "docker.io/getlago/api:v1.50.0" */
        char *id, *manifest, *version;
        uint16_t port;      /* in the container */
        Lookup own, front;  /* of the member's image; and, by migrate, which admits both, of the front's */
        bool pull_wanted;   /* the engine has found the image absent */
        bool repaired;      /* a damaged one was removed already; see damage.h */
        char *damaged;      /* that is being removed */
        char *unrunnable;   /* why the kernel runs no program of it, in the engine's words */
        char *server_major; /* db: of PostgreSQL, as the image says */
} Image;

/* Events that were fed and not taken yet. */
typedef struct EventQueue {
        LifeEvent events[8];
        size_t n;
        bool draining;
} EventQueue;

/* Who does the work of a state: starts it when the state is entered, and feeds an event when it is done. */
typedef struct Step {
        void (*enter)(Supervisor *s);
        void (*again)(Supervisor *s); /* when no process was to be had for it; NULL: enter() */
} Step;

struct Supervisor {
        const Step *steps; /* of all states but END */
        const Engine *engine;

        Member member;
        const MemberInfo *info;
        char *name, *container_name;
        Config *config;
        Env *own_env; /* env.d/MEMBER.env */

        LifeState state;
        uint64_t entered_usec; /* into this state */
        EventQueue queue;
        bool stop_asked, ready_said;
        int exit_status;

        Work work; /* of the current state; supervisor_enter() drops it */
        struct {
                sd_event_source *heartbeat; /* for the deadman, where nothing else turns the loop */
                sd_event_source *run_files; /* inotify on the other members' run files */
        } sources;
        RedisClient redis;
        Hold hold; /* of the lock of the clock or of migrate; outlives states */
        Wait wait;
        Image image;
        Container container;
        Said said;
        Health health;
        GateClient gate;
        MigrateRun run;
};

/** supervisor_begin() - enters the first state. */
void supervisor_begin(Supervisor *s);

/** supervisor_feed() - queues what happened; it takes effect at once, or after the step that calls this. */
void supervisor_feed(Supervisor *s, LifeEvent event);

/** supervisor_status() - says so in STATUS= and the run file, in at most 100 bytes if possible, and without a secret. */
void supervisor_status(Supervisor *s, const char *format, ...) _printf_(2, 3);

/** supervisor_publish() - writes the run file: the state, and what the other members want to know. */
void supervisor_publish(const Supervisor *s);

/**
 * supervisor_later() - this cannot be done yet: says why, once in the journal for each new cause and in STATUS= with the
 * time it has taken, and feeds LIFE_ON_LATER; the rest that follows grows from 1 s to 60 s while the cause is the same.
 */
void supervisor_later(Supervisor *s, const char *format, ...) _printf_(2, 3);

/** supervisor_again() - the same for what failed, and is tried again: STATUS= has "; again in 40 s" in place of the time. */
void supervisor_again(Supervisor *s, const char *format, ...) _printf_(2, 3);

/** supervisor_wait_over() - the cause is gone. */
void supervisor_wait_over(Supervisor *s);

/** supervisor_never() - this can never be done: STATUS=, journal, the exit status; feeds LIFE_ON_NEVER. */
void supervisor_never(Supervisor *s, int exit_status, const char *message_id, const char *format, ...)
        _printf_(4, 5);

/** supervisor_no_process() - fork failed for the work of this state: feeds LATER, or begins that work again a second later. */
void supervisor_no_process(void *supervisor, const char *program, int error);

/** supervisor_job() - runs @argv (freed here) as the work of this state; see work_job(). */
void supervisor_job(Supervisor *s, char **argv, const JobSpec *spec);

/* How long a client of the engine may take; one that is stuck is ended. */
#define SUPERVISOR_CLIENT_USEC (120 * USEC_PER_SEC)

/** supervisor_client() - the same for a client of the engine, for SUPERVISOR_CLIENT_USEC at most. */
void supervisor_client(Supervisor *s, char **argv, JobDone done);

/** supervisor_timer() - calls @handler after @usec, unless the state is left before. */
void supervisor_timer(Supervisor *s, uint64_t usec, sd_event_time_handler_t handler);
