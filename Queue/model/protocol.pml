/* SPDX-License-Identifier: MIT
 *
 * The job directory's protocol, as small as it can be and still go wrong; README.md beside this file says what is left
 * out. A token is the number that its name amounts to: job, folder, generation, attempt, crashes, failures and worker;
 * it moves by rename alone. Every step of a process is one call that a file server answers, and whatever others do may
 * come between any two steps: that is also how listings and look-ups grow stale.
 *
 * Nothing polls: a process with nothing to do blocks. Each run therefore ends (checked: there is no cycle), and where
 * it ends, every campaign must have ended: that is "from every state a job can still end".
 */

/* ---- Bounds ---------------------------------------------------------------------------------------------------- */

#ifndef JOBS
#define JOBS 1       /* 2: the second reads the shard of the first */
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef COORDINATORS
#define COORDINATORS 2
#endif
#ifndef FAULTS
#define FAULTS 2     /* how many of all kinds together a run may meet */
#endif
#define K 3          /* tokens that one job may have at once, void ones included */
#define TOKENS (JOBS * K)
#define GENERATIONS 15
#define CRASH_LIMIT 2
#define FAILURE_LIMIT 2

/* Kinds of faults, each of which can be switched off to look at others more closely. */
#ifndef REPLIES
#define REPLIES 1    /* done, but an error was reported */
#endif
#ifndef REFUSALS
#define REFUSALS 1   /* an error was reported, and nothing done */
#endif
#ifndef DELAYS
#define DELAYS 1     /* an error was reported, and it is done at any later time */
#endif
#ifndef STALENESS
#define STALENESS 1  /* a look-up or a scan that misses what is there */
#endif
#ifndef CRASHES
#define CRASHES 1    /* a worker or a coordinator dies at any step; another one with a new name follows */
#endif
#ifndef SUSPICIONS
#define SUSPICIONS 1 /* a worker that lives is taken for dead, or is so slow that its claim stays unlisted */
#endif
#ifndef RETURNS
#define RETURNS 1    /* a job fails, is handed back, or the worker's disk refuses */
#endif
#ifndef LOSSES
#define LOSSES 1     /* a token, a result or a shard is lost or damaged */
#endif

/* ---- Properties: a name here is what the check reports ----------------------------------------------------------- */

hidden byte no_name_is_replaced;
hidden byte attempts_grow;
hidden byte done_has_a_durable_result;
hidden byte one_owner_per_attempt;
hidden byte one_live_token;
hidden byte each_job_merged_once;
hidden byte results_of_the_dead_are_used;
hidden byte only_the_superseded_are_void;
hidden byte shards_are_never_replaced;
hidden byte no_job_is_stuck;
hidden byte attempts_suffice;
hidden byte generations_suffice;
hidden byte bounds_suffice;
#define MUST(property, condition) assert((condition) || property)

/* ---- Names ------------------------------------------------------------------------------------------------------- */

#define PENDING 1
#define RUNNING 2
#define HANDED_BACK 3 /* returned, code r */
#define SAID_NO 4     /* returned, code f-… */
#define LACKS_INPUT 5 /* returned, code i-… */
#define DONE 6
#define FAILED 7
#define SUPERSEDED 0  /* failed/….superseded counts for nothing ever after: kept as no token at all */

#if JOBS == 1
#define name_t short
#else
#define name_t int
#endif
#define NAME(job, folder, generation, attempt, crashes, failures, worker) \
    ((job) << 15 | (folder) << 12 | (generation) << 8 | (attempt) << 5 | (crashes) << 4 | (failures) << 3 | (worker))
#define JOB(name) ((name) >> 15)
#define FOLDER(name) (((name) >> 12) & 7)
#define GENERATION(name) (((name) >> 8) & 15)
#define ATTEMPT(name) (((name) >> 5) & 7)
#define CRASHED(name) (((name) >> 4) & 1)
#define REFUSED(name) (((name) >> 3) & 1)
#define OWNER(name) ((name) & 7)
#define TRY(name) (((name) >> 5) & 127)     /* generation, then attempt: what only grows */
#define WHICH(name) (JOB(name) << 7 | TRY(name)) /* the attempt of the job */
#define IN(name, folder) (((name) & ~(7 << 12)) | (folder) << 12)
#ifdef SHARED_DESTINATION
#define CLAIMED(name, worker) IN(name, RUNNING)
#else
#define CLAIMED(name, worker) (IN(name, RUNNING) | (worker))
#endif
#ifdef NO_ATTEMPT_GROWTH
#define AGAIN(name, crashes, failures) \
    NAME(JOB(name), PENDING, GENERATION(name), ATTEMPT(name), CRASHED(name) + crashes, REFUSED(name) + failures, 0)
#else
#define AGAIN(name, crashes, failures) \
    NAME(JOB(name), PENDING, GENERATION(name), ATTEMPT(name) + 1, CRASHED(name) + crashes, REFUSED(name) + failures, 0)
#endif

/* ---- The job directory ------------------------------------------------------------------------------------------- */

name_t token[TOKENS]; /* names; 0 where there is none */
#define NONE 0
#define WRITTEN 1     /* seen by all, and gone after a power cut */
#define DURABLE 2
byte result[TOKENS];  /* of the token's present attempt: its name holds attempt and worker, so it is no other's */
#define WHOLE 1
#define HEADLESS 2    /* without .published */
byte bucket[JOBS];    /* the bucket's directory in pending */
#define GOOD 1
#define BAD 2
byte shard[JOBS];
byte ticket[JOBS * (GENERATIONS + 1)]; /* who may make the token of a generation */
#define SPENT 99
#define STRANGER 98   /* a coordinator that is no more */
name_t beat[WORKERS];  /* the held list in each worker's last heartbeat */
bit over;             /* SUCCESS.json, or every coordinator would say that the campaign failed */

/* Of processes that are all alike, the first is the first to do anything: else each state would be there four times. */
bit worker_has_moved;
bit coordinator_has_moved;

byte faults = FAULTS;
#define FAULT(kind) (faults > 0 && kind)
#define MEET faults--

/* What a machine remembers of the shard: that it was not there, or not even the folder that it is in. The one shows until
   the folder is opened, the other until the folder above is. Whoever finds nothing opens both, the outer one first, and
   looks again: what is remembered then has no effect, and the model as it is keeps none of it. Worker n and coordinator
   n + 1 share a machine. */
#define FILE 1
#define FOLDER_TOO 2
#if defined(NO_SECOND_QUESTION) || defined(INNERMOST_ONLY)
byte memory[2];
#define REMEMBER(machine) \
    if \
    :: shard[0] == 0 && memory[(machine) & 1] == 0 -> memory[(machine) & 1] = FOLDER_TOO \
    :: else \
    fi
#define FORGET(machine) memory[(machine) & 1] = 0
#ifdef NO_SECOND_QUESTION
#define SEEMS_GOOD(machine) (shard[0] == GOOD && memory[(machine) & 1] == 0)
#else
#define SEEMS_GOOD(machine) (shard[0] == GOOD && memory[(machine) & 1] != FOLDER_TOO)
#endif
#else
#define REMEMBER(machine) skip
#define FORGET(machine) skip
#define SEEMS_GOOD(machine) (shard[0] == GOOD)
#endif

/* What only an omniscient observer knows. */
byte worker_name[WORKERS]; /* of each place where a worker lives; who is not here is dead */
byte names = WORKERS;
name_t belief[WORKERS];     /* the attempt that the worker takes for its own */

#if JOBS == 1
#define FOR_EACH_TOKEN(option) option(0) option(1) option(2)
#define EXISTS(name) (token[0] == (name) || token[1] == (name) || token[2] == (name))
#else
#define FOR_EACH_TOKEN(option) option(0) option(1) option(2) option(3) option(4) option(5)
#define EXISTS(name) (token[0] == (name) || token[1] == (name) || token[2] == (name) \
    || token[3] == (name) || token[4] == (name) || token[5] == (name))
#endif
#define HAS_TOKEN(job) (token[(job) * K] || token[(job) * K + 1] || token[(job) * K + 2])
/* No token of the same job has a higher generation. */
#define IS_TOP(k) (GENERATION(token[k]) >= GENERATION(token[(k) / K * K]) \
    && GENERATION(token[k]) >= GENERATION(token[(k) / K * K + 1]) \
    && GENERATION(token[k]) >= GENERATION(token[(k) / K * K + 2]))
#define TOP_IN(k, folder) (FOLDER(token[k]) == folder && IS_TOP(k))
#define JOB_IN(job, folder) \
    (TOP_IN((job) * K, folder) || TOP_IN((job) * K + 1, folder) || TOP_IN((job) * K + 2, folder))
#if WORKERS == 1
#define LIVES(worker) (worker_name[0] == (worker))
#define LISTED(name) (beat[0] == (name))
#define BELIEVED(name) (belief[0] == (name))
#elif WORKERS == 2
#define LIVES(worker) (worker_name[0] == (worker) || worker_name[1] == (worker))
#define LISTED(name) (beat[0] == (name) || beat[1] == (name))
#define BELIEVED(name) (belief[0] == (name) || belief[1] == (name))
#else
#define LIVES(worker) (worker_name[0] == (worker) || worker_name[1] == (worker) || worker_name[2] == (worker))
#define LISTED(name) (beat[0] == (name) || beat[1] == (name) || beat[2] == (name))
#define BELIEVED(name) (belief[0] == (name) || belief[1] == (name) || belief[2] == (name))
#endif

#if defined(NO_TICKET) || defined(TICKETLESS_REISSUE)
#define WAS_ISSUED(job, generation) true
#else
#define WAS_ISSUED(job, generation) (ticket[(job) * (GENERATIONS + 1) + (generation)] != 0)
#endif

hidden byte i;
hidden byte n;

/* ---- Calls that were answered by an error and are carried out later ---------------------------------------------- */

#if FAULTS > 1
#define DELAYED 2
#else
#define DELAYED 1
#endif
#define MOVES 1
#define PUBLISHES 2
#define CREATES 3
#define LINKS_TICKET 4
#define LINKS_SHARD 5
#define TAKES_SHARD 6
#define HALF_REMOVED 7 /* the directory of a publication that is being removed where it lies */
byte late_call[DELAYED];
name_t late_from[DELAYED]; /* or the job, or the ticket's place */
name_t late_to[DELAYED];   /* or the ticket's maker */

#if FAULTS > 1
#define MAY_DELAY (FAULT(DELAYS) && (late_call[0] == 0 || late_call[1] == 0))
#else
#define MAY_DELAY (FAULT(DELAYS) && late_call[0] == 0)
#endif

/* What can never be carried out any more is forgotten: names do not recur, as attempts_grow and one_live_token say. */
inline drop_delayed(call, from_where) {
    i = 0;
    do
    :: i < DELAYED ->
        if
#ifndef NO_ATTEMPT_GROWTH
        :: late_call[i] == call && late_from[i] == from_where -> forget_delayed(i)
#endif
        :: else
        fi;
        i++
    :: else -> break
    od
}

inline forget_delayed(slot) {
    late_call[slot] = 0;
    late_from[slot] = 0;
    late_to[slot] = 0
}

/* ---- What the file server does ----------------------------------------------------------------------------------- */

/* A rename of a token that is there. */
inline rename_token(from, to) {
    d_step {
        i = 0;
        do
        :: token[i] == from -> break
        :: else -> i++
        od;
        MUST(no_name_is_replaced, to == SUPERSEDED || !EXISTS(to));
        if
        :: FOLDER(to) == PENDING ->
#ifndef NO_ATTEMPT_GROWTH
            MUST(attempts_grow, TRY(to) > TRY(from));
#endif
            MUST(attempts_suffice, ATTEMPT(to) < 7);
            result[i] = NONE
        :: FOLDER(to) == DONE -> MUST(done_has_a_durable_result, result[i] == DURABLE)
        :: to == SUPERSEDED ->
            MUST(only_the_superseded_are_void, WAS_ISSUED(JOB(from), GENERATION(from) + 1));
            result[i] = NONE
        :: else
        fi;
        token[i] = to;
        if
        :: GENERATION(to) > GENERATION(from) -> check_live_tokens(JOB(to), GENERATION(to))
        :: else
        fi;
        drop_delayed(MOVES, from);
        i = 0
    }
}

/* A token that was not there before. */
inline make_token(name, its_result) {
    d_step {
        MUST(no_name_is_replaced, !EXISTS(name));
        i = JOB(name) * K;
        do
        :: token[i] == 0 -> break
        :: else -> i++; MUST(bounds_suffice, i < JOB(name) * K + K)
        od;
        token[i] = name;
        result[i] = its_result;
        check_live_tokens(JOB(name), GENERATION(name));
        i = 0
    }
}

/* Of a generation there is one token at most; those of lower generations are void. */
inline check_live_tokens(job, generation) {
    i = (job) * K;
    n = 0;
    do
    :: i < (job) * K + K -> n = n + (GENERATION(token[i]) == generation); i++
    :: else -> break
    od;
    MUST(one_live_token, n <= 1);
    n = 0
}

/* What stands for the result file of a running attempt: of no use once the token is elsewhere. */
inline store_result(name, state) {
    d_step {
        i = 0;
        do
        :: i < TOKENS && (token[i] == name || token[i] == IN(name, DONE)) ->
            if
            :: result[i] < state -> result[i] = state
            :: else
            fi;
            break
        :: i < TOKENS && !(token[i] == name || token[i] == IN(name, DONE)) -> i++
        :: else -> break
        od;
        i = 0
    }
}

/* A bucket's directory takes its name, with its tokens and .published. */
inline publish_whole(job) {
    make_token(NAME(job, PENDING, 1, 1, 0, 0, 0), NONE);
    d_step {
        bucket[job] = WHOLE;
        drop_delayed(PUBLISHES, job);
        i = 0
    }
}

inline delay(call, from, to) {
    d_step {
        MEET;
        i = 0;
        do
        :: late_call[i] == 0 -> break
        :: else -> i++
        od;
        late_call[i] = call;
        late_from[i] = from;
        late_to[i] = to;
        i = 0
    }
}

/* A retry took the file out of scratch before the call that was delayed. */
inline cancel_delayed(name) {
    d_step {
        i = 0;
        do
        :: i < DELAYED ->
            if
            :: late_call[i] == CREATES && late_to[i] == name -> forget_delayed(i)
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0
    }
}
#if FAULTS > 1
#define IS_DELAYED(name) \
    (late_call[0] == CREATES && late_to[0] == (name) || late_call[1] == CREATES && late_to[1] == (name))
#else
#define IS_DELAYED(name) (late_call[0] == CREATES && late_to[0] == (name))
#endif

#define LATE(slot) \
    :: atomic { late_call[slot] == MOVES && EXISTS(late_from[slot]) -> \
        rename_token(late_from[slot], late_to[slot]); d_step { forget_delayed(slot) } } \
    :: atomic { late_call[slot] == CREATES && !EXISTS(late_to[slot]) -> \
        make_token(late_to[slot], NONE); d_step { forget_delayed(slot) } } \
    :: atomic { late_call[slot] == PUBLISHES && bucket[late_from[slot]] == 0 -> \
        publish_whole(late_from[slot]); d_step { forget_delayed(slot) } } \
    :: d_step { late_call[slot] == LINKS_TICKET && ticket[late_from[slot]] == 0 -> \
        ticket[late_from[slot]] = late_to[slot]; forget_delayed(slot) } \
    :: d_step { late_call[slot] == LINKS_SHARD && shard[late_from[slot]] == 0 -> \
        shard[late_from[slot]] = GOOD; forget_delayed(slot) } \
    :: d_step { late_call[slot] == TAKES_SHARD && shard[late_from[slot]] != 0 -> \
        shard[late_from[slot]] = 0; forget_delayed(slot) } \
    CLEANED(slot)

/* The scratch folder of a coordinator that left is removed: its drafts are renamed first, so that a rename that is
   still under way finds nothing of them; removed where they lie, they could be published by halves. */
#ifdef REMOVE_IN_PLACE
#define CLEANED(slot) \
    :: d_step { late_call[slot] == PUBLISHES -> late_call[slot] = HALF_REMOVED } \
    :: d_step { late_call[slot] == HALF_REMOVED && bucket[late_from[slot]] == 0 -> \
        bucket[late_from[slot]] = HEADLESS; forget_delayed(slot) }
#else
#define CLEANED(slot)
#endif

#define LOSES_TOKEN(k) :: d_step { FAULT(LOSSES) && token[k] != 0 -> MEET; token[k] = 0; result[k] = NONE }
#define LOSES_RESULT(k) \
    :: d_step { FAULT(LOSSES) && FOLDER(token[k]) == DONE && result[k] != NONE -> MEET; result[k] = NONE }

active proctype FileServer() {
    do
    LATE(0)
#if FAULTS > 1
    LATE(1)
#endif
    FOR_EACH_TOKEN(LOSES_TOKEN)
    FOR_EACH_TOKEN(LOSES_RESULT)
    :: d_step { FAULT(LOSSES) && shard[0] == GOOD -> MEET; shard[0] = 0 }
    :: d_step { FAULT(LOSSES) && shard[0] == GOOD -> MEET; shard[0] = BAD }
    od
}

/* ---- A worker ---------------------------------------------------------------------------------------------------- */

#define SEES_CLAIMABLE(k) :: FOLDER(token[k]) == PENDING && bucket[(k) / K] == WHOLE -> from = token[k]

/* From now on the worker takes the attempt for its own. */
inline believe() {
    d_step {
        i = 0;
        do
        :: i < WORKERS ->
            MUST(one_owner_per_attempt, i == me || belief[i] == 0 || WHICH(belief[i]) != WHICH(to));
            i++
        :: else -> break
        od;
        i = 0;
        belief[me] = to;
        from = 0
    }
}

#ifdef NO_PROBE_AFTER_ERROR
#define AFTER_ERROR trust
#else
#define AFTER_ERROR look_at_claim
#endif

proctype Worker(byte me) {
    name_t from;
    name_t to;

    me == 0 || worker_has_moved;
idle:
    atomic {
        if
        /* A heartbeat that says that the attempt before is held no more. */
        :: beat[me] != 0 -> beat[me] = 0; goto idle
        FOR_EACH_TOKEN(SEES_CLAIMABLE)
        fi;
        to = CLAIMED(from, worker_name[me]);
        worker_has_moved = 1
    };

    /* Claim: rename to a name that only this step can have given; any error: look at that name. */
    atomic {
        if
        :: EXISTS(from) -> rename_token(from, to); believe(); goto claimed
        :: !EXISTS(from) -> from = 0; goto look_at_claim
        :: FAULT(REPLIES) && EXISTS(from) -> MEET; rename_token(from, to); from = 0; goto AFTER_ERROR
        :: FAULT(REFUSALS) && EXISTS(from) -> MEET; from = 0; goto AFTER_ERROR
        :: MAY_DELAY && EXISTS(from) -> delay(MOVES, from, to); from = 0; goto AFTER_ERROR
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
#ifdef NO_PROBE_AFTER_ERROR
    goto look_at_claim;
trust: /* "It was no ENOENT, so it must have worked." */
    atomic { believe(); goto claimed };
#endif
look_at_claim:
    atomic {
        if
        :: EXISTS(to) -> believe()
        :: !EXISTS(to) -> to = 0; goto idle
        :: FAULT(STALENESS) && EXISTS(to) -> MEET; to = 0; goto idle
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };

claimed:
    /* The attempt is listed in an acknowledged heartbeat before anything is computed. */
    atomic {
        if
        :: true -> beat[me] = to
        :: FAULT(REFUSALS) -> MEET; from = to; to = IN(to, HANDED_BACK); goto last_move
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };

    /* Compute, and link the shard, never replacing: what is there is as good as ours. */
    atomic {
        from = to;
        if
#if JOBS > 1
        :: JOB(to) == 1 && !SEEMS_GOOD(me) -> to = IN(to, LACKS_INPUT); goto last_move
        :: JOB(to) == 1 && SEEMS_GOOD(me)
#endif
#ifdef REPLACING_LINK
        :: JOB(to) == 0 && shard[0] == GOOD ->
            MUST(shards_are_never_replaced, !JOB_IN(0, DONE));
            shard[0] = GOOD
#else
        :: JOB(to) == 0 && shard[0] != 0 /* EEXIST */
#endif
        :: JOB(to) == 0 && shard[0] == 0 -> shard[0] = GOOD; FORGET(me)
        :: MAY_DELAY && JOB(to) == 0 && shard[0] == 0 -> delay(LINKS_SHARD, 0, 0); to = IN(to, SAID_NO); goto last_move
        :: FAULT(RETURNS) -> MEET; to = IN(to, SAID_NO); goto last_move
        :: FAULT(RETURNS) -> MEET; to = IN(to, HANDED_BACK); goto last_move
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };

    /* Durable first, commit second. */
#ifndef RESULT_AFTER_TOKEN
    atomic {
        if
        :: true -> store_result(from, WRITTEN)
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
    atomic {
        if
        :: true -> store_result(from, DURABLE); to = IN(to, DONE)
        :: FAULT(REFUSALS) -> MEET; to = IN(to, HANDED_BACK)
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
#else
    to = IN(to, DONE);
#endif

last_move:
    /* The last word: running to done or returned. Gone: fenced. An error: look, and try again or leave it open. */
    atomic {
        if
        :: EXISTS(from) -> rename_token(from, to); goto release
#ifdef NO_FENCING
        :: !EXISTS(from) -> goto last_move /* "It must come back." */
#else
        :: !EXISTS(from) ->
#ifdef DONE_IS_MADE
            if
            :: FOLDER(to) == DONE && !EXISTS(to) -> make_token(to, DURABLE)
            :: else
            fi;
#endif
            goto release
#endif
        :: FAULT(REPLIES) && EXISTS(from) -> MEET; rename_token(from, to)
        :: FAULT(REFUSALS) && EXISTS(from) -> MEET
        :: MAY_DELAY && EXISTS(from) -> delay(MOVES, from, to)
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
    atomic {
        if
        :: EXISTS(to) -> goto release
        :: !EXISTS(to) -> goto last_move
        :: !EXISTS(to) -> goto release
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };

release:
    atomic {
        if
        :: EXISTS(belief[me]) /* left open: listed until the next heartbeat */
        :: !EXISTS(belief[me]) -> beat[me] = 0
        fi;
        belief[me] = 0;
        from = 0;
        to = 0
    };
    goto idle;

crash:
    atomic {
        names++;
        MUST(bounds_suffice, names < 8);
        worker_name[me] = names;
        belief[me] = 0;
        beat[me] = 0;
        from = 0;
        to = 0
    };
    goto idle;

gone:
    skip
}

/* ---- A coordinator ----------------------------------------------------------------------------------------------- */

#ifdef NO_HELD_LIST
#define IS_UNLISTED(name) false
#else
#define IS_UNLISTED(name) (!LISTED(name) && !BELIEVED(name))
#endif
#ifdef SWEEP_IGNORES_RESULT
#define SEES_RESULT(k) false
#else
#define SEES_RESULT(k) (result[k] != NONE)
#endif

/* Sweep: the owner is dead; or lives and does not list the attempt (which it will not list any more, unless it is slow
   beyond measure); or it seems to be silent. */
#define SEES_LOST(k) \
    :: TOP_IN(k, RUNNING) && OWNER(token[k]) != 0 && !LIVES(OWNER(token[k])) -> is_dead = 1; DECIDE(k) \
    :: TOP_IN(k, RUNNING) && LIVES(OWNER(token[k])) && IS_UNLISTED(token[k]) -> DECIDE(k) \
    :: FAULT(SUSPICIONS) && TOP_IN(k, RUNNING) && LIVES(OWNER(token[k])) -> MEET; DECIDE(k)

/* A valid result is there: done. Else the next attempt, or failed at the limit. */
#define DECIDE(k) \
    from = token[k]; \
    if \
    :: SEES_RESULT(k) -> to = IN(from, DONE); goto COMPLETE \
    :: !SEES_RESULT(k) && CRASHED(from) + 1 < CRASH_LIMIT -> to = AGAIN(from, 1, 0); goto move \
    :: !SEES_RESULT(k) && CRASHED(from) + 1 >= CRASH_LIMIT -> to = IN(from, FAILED); goto move \
    fi
#ifdef SWEEP_WITHOUT_SYNC
#define COMPLETE move
#else
#define COMPLETE sync
#endif
#define OR_DURABLE(k) || token[k] == from && result[k] == DURABLE
#define HAS_DURABLE_RESULT (false FOR_EACH_TOKEN(OR_DURABLE))

#define SEES_RETURNED(k) \
    :: TOP_IN(k, HANDED_BACK) -> from = token[k]; to = AGAIN(from, 0, 0); goto move \
    :: TOP_IN(k, SAID_NO) && REFUSED(token[k]) + 1 < FAILURE_LIMIT -> \
        from = token[k]; to = AGAIN(from, 0, 1); goto move \
    :: TOP_IN(k, SAID_NO) && REFUSED(token[k]) + 1 >= FAILURE_LIMIT -> \
        from = token[k]; to = IN(from, FAILED); goto move

#ifdef NO_INPUT_REPAIR
#define IS_REPAIRED true
#else
#define IS_REPAIRED SEEMS_GOOD(me - 1)
#endif
/* A job whose input was missing goes on once the input's producer is done again, and fails where that failed. */
#define SEES_DEPRIVED(k) \
    :: TOP_IN(k, LACKS_INPUT) && JOB_IN(0, DONE) && IS_REPAIRED -> from = token[k]; to = AGAIN(from, 0, 0); goto move \
    :: TOP_IN(k, LACKS_INPUT) && JOB_IN(0, FAILED) -> from = token[k]; to = IN(from, FAILED); goto move

/* A token beside which one of a higher generation was seen is void. */
#ifdef NO_VOIDING
#define SEES_VOID(k)
#else
#define SEES_VOID(k) \
    :: token[k] != 0 && !IS_TOP(k) && FOLDER(token[k]) != FAILED -> from = token[k]; to = SUPERSEDED; goto move
#endif

/* A job that is done and whose result or shard cannot be used: it is done again in a new generation. */
#if JOBS == 1
#define IS_MISSED (!SEEMS_GOOD(me - 1))
#else
#ifdef NO_INPUT_REPAIR
#define IS_MISSED false
#else
#define IS_MISSED (!SEEMS_GOOD(me - 1) && JOB_IN(1, LACKS_INPUT))
#endif
#endif
#define SEES_UNUSABLE(k) \
    :: TOP_IN(k, DONE) && (result[k] == NONE || ((k) / K == 0 && IS_MISSED)) -> \
        from = token[k]; next_generation(JOB(from)); goto GET_TICKET

#if JOBS == 1
#define IS_READY(job) true
#define ALL_DONE JOB_IN(0, DONE) && shard[0] == GOOD
#define CANNOT_GO_ON JOB_IN(0, FAILED)
#else
#define IS_READY(job) ((job) == 0 || JOB_IN(0, DONE))
#define ALL_DONE (JOB_IN(0, DONE) && JOB_IN(1, DONE))
#define CANNOT_GO_ON (JOB_IN(0, FAILED) && (bucket[1] == 0 || JOB_IN(1, FAILED) || JOB_IN(1, DONE)) \
    || JOB_IN(1, FAILED) && JOB_IN(0, DONE))
#endif

#define SEES_UNPUBLISHED(job) \
    :: bucket[job] == 0 && IS_READY(job) -> from = job; coordinator_has_moved = 1; goto look_at_outputs
/* No token of a published job was seen in two scans: truly, or because both missed it. */
#ifdef NO_RESTORING
#define SEES_NOTHING_OF(job)
#else
#define SEES_NOTHING_OF(job) \
    :: bucket[job] == WHOLE && !HAS_TOKEN(job) -> next_generation(job); goto take_ticket \
    :: FAULT(STALENESS) && bucket[job] == WHOLE && HAS_TOKEN(job) -> MEET; next_generation(job); goto take_ticket
#endif

#ifdef RESTORE_BY_LINK
#define TAKE_FROM_SCRATCH skip
#define IS_IN_SCRATCH true
#else
#define TAKE_FROM_SCRATCH cancel_delayed(to)
#define IS_IN_SCRATCH (!is_delayed || IS_DELAYED(to))
#endif
#define USE_TICKET if :: from != 0 -> goto quarantine :: else -> goto create fi
#ifdef TICKETLESS_REISSUE
#define GET_TICKET quarantine
#else
#define GET_TICKET take_ticket
#endif
#define TICKET ticket[JOB(to) * (GENERATIONS + 1) + GENERATION(to)]

/* The generation after all that is known: tokens that were seen, and tickets. */
inline next_generation(job) {
    d_step {
        n = 1;
        i = job * K;
        do
        :: i < job * K + K ->
            if
            :: GENERATION(token[i]) > n -> n = GENERATION(token[i])
            :: else
            fi;
            i++
        :: else -> break
        od;
#ifndef NO_TICKET
        i = n + 1;
        do
        :: i <= GENERATIONS && ticket[job * (GENERATIONS + 1) + i] != 0 -> n = i; i++
        :: i <= GENERATIONS && ticket[job * (GENERATIONS + 1) + i] == 0 -> i++
        :: else -> break
        od;
#endif
        n++;
        MUST(generations_suffice, n <= GENERATIONS);
        to = NAME(job, PENDING, n, 1, 0, 0, 0);
        i = 0;
        n = 0
    }
}

/* In each merge each job of the plan counts once, from the token of the highest generation. */
inline merge() {
    d_step {
        i = 0;
        do
        :: i < JOBS ->
            n = 0;
            from = i * K;
            do
            :: from < i * K + K ->
#ifdef NO_VOIDING
                n = n + (FOLDER(token[from]) == DONE);
#else
                n = n + (TOP_IN(from, DONE));
                MUST(done_has_a_durable_result, !TOP_IN(from, DONE) || result[from] == DURABLE);
#endif
                from++
            :: else -> break
            od;
            MUST(each_job_merged_once, n == 1);
            i++
        :: else -> break
        od;
        from = 0;
        i = 0;
        n = 0;
        over = 1
    }
}

#define RESULTS_READABLE(k) && (!TOP_IN(k, DONE) || result[k] != NONE)

/* A coordinator remembers nothing that it could not read again. */
#define REST from = 0; to = 0; is_dead = 0; is_delayed = 0; goto idle

proctype Coordinator(byte me) {
    name_t from; /* the token as it was seen; 0 where there is none */
    name_t to;
    bit is_dead;
    bit is_delayed; /* whether the file in scratch may have been renamed later than an error was reported */

    me == 1 || coordinator_has_moved;
idle:
    atomic {
        if
        SEES_UNPUBLISHED(0)
#if JOBS > 1
        SEES_UNPUBLISHED(1)
#endif
        FOR_EACH_TOKEN(SEES_LOST)
        FOR_EACH_TOKEN(SEES_RETURNED)
        FOR_EACH_TOKEN(SEES_VOID)
        FOR_EACH_TOKEN(SEES_UNUSABLE)
        SEES_NOTHING_OF(0)
#if JOBS > 1
        SEES_NOTHING_OF(1)
        SEES_DEPRIVED(3)
        SEES_DEPRIVED(4)
        SEES_DEPRIVED(5)
#endif
        :: ALL_DONE FOR_EACH_TOKEN(RESULTS_READABLE) -> merge(); goto gone
        :: CANNOT_GO_ON -> over = 1; goto gone
        fi
    };

    /* Of what is there already no job is made; so the first who look for a shard do it before it is there. */
look_at_outputs:
    atomic { REMEMBER(me - 1); goto publish };

    /* A bucket whole: the rename fails with ENOTEMPTY where the bucket is, since .published is never removed. */
publish:
    atomic {
        if
#ifdef TOKEN_BY_TOKEN
        :: !EXISTS(NAME(from, PENDING, 1, 1, 0, 0, 0)) -> publish_whole(from)
        :: EXISTS(NAME(from, PENDING, 1, 1, 0, 0, 0))
#elif defined(NO_MARKER)
        :: !EXISTS(NAME(from, PENDING, 1, 1, 0, 0, 0)) -> publish_whole(from)
        :: EXISTS(NAME(from, PENDING, 1, 1, 0, 0, 0))
#else
        :: bucket[from] == 0 -> publish_whole(from)
        :: bucket[from] != 0
        :: FAULT(REFUSALS) && bucket[from] == 0 -> MEET
        :: MAY_DELAY && bucket[from] == 0 -> delay(PUBLISHES, from, 0)
#endif
        :: FAULT(CRASHES) -> MEET; goto crash
        fi;
        REST
    };

#if JOBS > 1
#endif

#ifndef SWEEP_WITHOUT_SYNC
    /* The result was seen; it is made durable before the token moves, since its worker may have died before. */
sync:
    atomic {
        if
        :: true -> store_result(from, DURABLE)
        :: FAULT(CRASHES) -> MEET; goto crash
        fi;
        goto move
    };
#endif

    /* A new generation: whoever makes its ticket by a link may make its one token. */
take_ticket:
    atomic {
        if
#ifdef NO_TICKET
        :: USE_TICKET
#endif
        :: TICKET == 0 -> TICKET = SPENT; USE_TICKET
        :: TICKET != 0
        :: FAULT(REPLIES) && TICKET == 0 -> MEET; TICKET = me
        :: FAULT(REFUSALS) && TICKET == 0 -> MEET
        :: MAY_DELAY && TICKET == 0 -> delay(LINKS_TICKET, JOB(to) * (GENERATIONS + 1) + GENERATION(to), me)
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
    /* EEXIST or any error: whose ticket is it? */
    atomic {
        if
        :: TICKET == me -> TICKET = SPENT; USE_TICKET
        :: TICKET != me -> REST
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };

    /* The token that was lost is made again by a rename from the own scratch folder. Not by a link: a link that is
       carried out twice or late makes a second token, since what it links stays where it is. */
create:
    atomic {
        if
        :: EXISTS(to) || !IS_IN_SCRATCH -> REST
        :: !EXISTS(to) && IS_IN_SCRATCH -> TAKE_FROM_SCRATCH; make_token(to, NONE); REST
        :: FAULT(REPLIES) && !EXISTS(to) && IS_IN_SCRATCH ->
            MEET; TAKE_FROM_SCRATCH; make_token(to, NONE); REST
        :: FAULT(REFUSALS) && !EXISTS(to) && IS_IN_SCRATCH -> MEET; REST
        :: MAY_DELAY && !EXISTS(to) && IS_IN_SCRATCH -> delay(CREATES, 0, to); is_delayed = 1
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
    /* Looked at the name: nothing there, so it is tried again or left. */
    atomic {
        if
        :: !EXISTS(to) -> goto create
        :: true -> REST
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };

    /* A bad shard is moved away while its job is still done; then the token moves to its new generation. */
quarantine:
#ifndef NO_QUARANTINE
    atomic {
        if
        :: JOB(from) == 0 && shard[0] == BAD && EXISTS(from)
        :: JOB(from) == 0 && shard[0] == BAD && !EXISTS(from) -> REST
        :: JOB(from) != 0 || shard[0] != BAD -> goto move
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
    atomic {
        if
        :: true -> shard[0] = 0
        :: MAY_DELAY -> delay(TAKES_SHARD, 0, 0)
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };
#endif

move:
    atomic {
        if
        :: EXISTS(from) ->
            MUST(results_of_the_dead_are_used, !is_dead || FOLDER(to) == DONE || !HAS_DURABLE_RESULT);
            rename_token(from, to);
            REST
        :: !EXISTS(from) -> REST
        :: FAULT(REPLIES) && EXISTS(from) -> MEET; rename_token(from, to); REST
        :: FAULT(REFUSALS) && EXISTS(from) -> MEET; REST
        :: MAY_DELAY && EXISTS(from) -> delay(MOVES, from, to); REST
        :: MAY_DELAY && EXISTS(from) -> delay(MOVES, from, to); goto move
        :: FAULT(CRASHES) -> MEET; goto crash
        fi
    };

crash:
    atomic {
        /* The coordinator that follows has another name: what this one began is nobody's. */
        i = 0;
        do
        :: i < JOBS * (GENERATIONS + 1) ->
            if
            :: ticket[i] == me -> ticket[i] = SPENT
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < DELAYED ->
            if
            :: late_call[i] == LINKS_TICKET && late_to[i] == me -> late_to[i] = STRANGER
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        REST
    };

gone:
    skip
}

/* Where nothing can be done any more, all must have ended. */
active proctype Stillness() {
    timeout;
    MUST(no_job_is_stuck, over)
}

init {
    atomic {
        n = 0;
        do
        :: n < WORKERS -> worker_name[n] = n + 1; run Worker(n); n++
        :: else -> break
        od;
        n = 0;
        do
        :: n < COORDINATORS -> run Coordinator(n + 1); n++
        :: else -> break
        od;
        n = 0
    }
}
