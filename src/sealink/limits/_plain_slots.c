/* The requests that counters.py need not think about, in C: they fit, nobody holds a lock, no alert is due. What it is
   to count is in slot.py and policy/limits.py, and so the same (tests/limits/test_plain_slots.py). None: it has changed
   nothing, and counters.py is to do it. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef long long cell;

/* The layout of a slot, as in slot.py. */
enum { SLOT = 1024, WHICH = 0, STATES = 8, STATE = 24, LEASES = 56, PROCESSES = 64, RINGS = 192, SETTLED = 960 };
enum { STEPS = 126, RING = 128, REQUESTS = 0, TOKENS, OF_DAY, WINDOWS, MOST_SUBJECTS = 3, PLENTY = 100 };
static const cell LENGTHS[WINDOWS] = {60000000000, 60000000000, 86400000000000};

typedef struct {
    cell head, length, total, newest_at, newest;
} Window;

typedef struct {
    Window windows[WINDOWS];
    cell kind, start, spent, since, balance_spent, told, settled_by, settled;
} State;

/* What is asked of a slot; NONE: no such limit. As in plain_slots.py. */
typedef struct {
    cell at, limits[WINDOWS], streams, kind, start, budget, credit, warn_budget, warn_credit;
} Terms;
#define NONE INT64_MIN

/* Larger numbers are for Python, whose integers have no end: sums of these cannot overflow. */
#define MOST (1LL << 53)

typedef struct {
    int fd, process, count, locked;
    cell now, *cells;
    const Terms *terms;
    State states[MOST_SUBJECTS];
    cell streams[MOST_SUBJECTS], reserved[MOST_SUBJECTS];
} Held;

static bool set_lock(int fd, cell slot, short kind)
{
#ifdef F_OFD_SETLK
    struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = slot * 8, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
#else
    return false;
#endif
}

static bool are_countable(const cell *numbers, int count)
{
    for (int i = 0; i < count; i++)
        if (numbers[i] < 0 || numbers[i] > MOST)
            return false;
    return true;
}

/* None where a number was given that a cell cannot hold. */
static PyObject *not_read(void)
{
    if (!PyErr_ExceptionMatches(PyExc_OverflowError))
        return NULL;
    PyErr_Clear();
    return Py_NewRef(Py_None);
}

static cell min(cell one, cell other) { return one < other ? one : other; }

static cell step_of(int window, cell at) { return at / (LENGTHS[window] / STEPS / 1000 * 1000); }

static cell *ring_of(const Held *held, int subject, int window)
{
    return held->cells + held->terms[subject].at + RINGS + window * 2 * RING;
}

static void advance(Window *window, const cell *ring, cell since)
{
    for (; window->length && ring[2 * window->head] <= since; window->length--) {
        window->total -= ring[2 * window->head + 1];
        window->head = (window->head + 1) % RING;
    }
    if (!window->length) {
        if (window->newest_at <= since)
            window->newest = 0;
        window->total = window->newest;
    }
}

static void add(Window *window, int which, cell *ring, cell amount, cell now)
{
    now = now > window->newest_at ? now : window->newest_at;
    if (window->newest && step_of(which, now) != step_of(which, window->newest_at)) {
        cell end = (window->head + window->length) % RING;
        ring[2 * end] = window->newest_at;
        ring[2 * end + 1] = window->newest;
        window->length++;
        window->newest = 0;
        if (end == 0) {
            window->total = 0;
            for (cell i = 0; i < window->length; i++)
                window->total += ring[2 * ((window->head + i) % RING) + 1];
        }
    }
    window->newest_at = now;
    window->newest += amount;
    window->total += amount;
}

static void take_back(Window *window, int which, cell *ring, cell amount, cell used_at)
{
    cell step = step_of(which, used_at), *from = NULL;
    if (step_of(which, window->newest_at) == step)
        from = &window->newest;
    for (cell i = 0; from == NULL && i < window->length; i++)
        if (step_of(which, ring[2 * ((window->head + i) % RING)]) == step)
            from = &ring[2 * ((window->head + i) % RING) + 1];
    if (from != NULL) {
        cell back = min(amount, *from);
        *from -= back;
        window->total -= back;
    }
}

static void release(Held *held)
{
    while (held->locked)
        set_lock(held->fd, held->terms[--held->locked].at, F_UNLCK);
}

/* Lock all slots and read them; false: nothing is locked. */
static bool take(Held *held)
{
    for (int i = 0; i < held->count; i++) {
        const Terms *terms = &held->terms[i];
        cell *slot = held->cells + terms->at;
        State *state = &held->states[i];
        if (!set_lock(held->fd, terms->at, F_WRLCK))
            return release(held), false;
        held->locked++;
        memcpy(state, slot + STATES + (slot[WHICH] & 1) * STATE, sizeof *state);
        bool is_sound = (size_t)state->settled_by < PROCESSES && (!terms->kind || state->kind == terms->kind);
        for (int which = 0; which < WINDOWS; which++)
            is_sound &= (size_t)state->windows[which].head < RING && (size_t)state->windows[which].length <= RING;
        if (!is_sound)
            return release(held), false;
        for (int which = 0; which < WINDOWS; which++)
            advance(&state->windows[which], ring_of(held, i, which), held->now - LENGTHS[which]);
        if (state->settled)
            slot[SETTLED + state->settled_by] = state->settled;
        if (terms->kind && terms->start > state->start)
            state->start = terms->start, state->spent = 0, state->told &= ~3;
        held->streams[i] = held->reserved[i] = 0;
        for (int process = 0; process < PROCESSES; process++) {
            held->streams[i] += slot[LEASES + 2 * process];
            held->reserved[i] += slot[LEASES + 2 * process + 1];
        }
    }
    return true;
}

/* Put a state in force, at once or not at all, should the process be killed here. */
static void save(const Held *held, int subject)
{
    cell *slot = held->cells + held->terms[subject].at, other = 1 - (slot[WHICH] & 1);
    memcpy(slot + STATES + other * STATE, &held->states[subject], sizeof(State));
    atomic_signal_fence(memory_order_seq_cst);
    *(volatile cell *)&slot[WHICH] = other;
    atomic_signal_fence(memory_order_seq_cst);
}

static void lease(const Held *held, int subject, cell streams, cell reserved)
{
    cell *own = held->cells + held->terms[subject].at + LEASES + 2 * held->process;
    own[0] += streams;
    own[1] += reserved;
}

/* What is left of a subject's money: the least of its budget and its balance. */
static cell funds_left(const Held *held, int i)
{
    const Terms *terms = &held->terms[i];
    const State *state = &held->states[i];
    cell left = terms->budget == NONE ? INT64_MAX : terms->budget - state->spent - held->reserved[i];
    return terms->credit == NONE ? left : min(left, terms->credit - state->balance_spent - held->reserved[i]);
}

static bool fits(const Held *held, int i, const cell amounts[WINDOWS], cell streams, cell needed)
{
    const Terms *terms = &held->terms[i];
    for (int which = 0; which < WINDOWS; which++)
        if (terms->limits[which] != NONE && held->states[i].windows[which].total + amounts[which] > terms->limits[which])
            return false;
    if (terms->streams != NONE && streams && held->streams[i] + streams > terms->streams)
        return false;
    cell left = terms->kind ? funds_left(held, i) : INT64_MAX;
    return left >= needed && left > 0;
}

/* The least that is left of these windows' limits: the limit, how much, and how long until it is whole. */
static void least_left(const Held *held, int which, cell least[3])
{
    for (int i = 0; i < held->count; i++) {
        const Window *window = &held->states[i].windows[which];
        cell limit = held->terms[i].limits[which], left = limit - window->total;
        if (limit == NONE)
            continue;
        cell reset = window->newest_at + LENGTHS[which] - held->now;
        left = left < 0 ? 0 : left;
        reset = !window->total || reset < 0 ? 0 : reset;
        if (least[0] == NONE || left < least[1] || (left == least[1] && reset > least[2]))
            least[0] = limit, least[1] = left, least[2] = reset;
    }
}

static bool read_held(Held *held, PyObject *cells, Py_buffer *view, Py_buffer *terms)
{
    if (PyObject_GetBuffer(cells, view, PyBUF_WRITABLE))
        return false;
    held->cells = view->buf;
    held->terms = terms->buf;
    held->count = (int)(terms->len / (Py_ssize_t)sizeof(Terms));
    held->locked = 0;
    bool is_sound = held->count > 0 && held->count <= MOST_SUBJECTS && held->process >= 0 && held->process < PROCESSES;
    for (int i = 0; is_sound && i < held->count; i++)
        is_sound = held->terms[i].at >= 0 && (held->terms[i].at + SLOT) * 8 <= view->len;
    if (!is_sound) {
        PyBuffer_Release(view);
        PyErr_SetString(PyExc_ValueError, "these are no terms of this file");
    }
    return is_sound;
}

/* admit(cells, fd, process, now_ns, terms, prompt_tokens, answer_tokens, is_stated, streams, needed, wanted, spare) ->
   (reserved, funds_left, requests: limit, left, reset; tokens: the same; the tokens held, subject by subject). */
static PyObject *admit(PyObject *module, PyObject *arguments)
{
    Held held;
    Py_buffer view, terms;
    PyObject *cells, *result = NULL;
    long long prompt, answer, streams, needed, wanted, spare;
    int is_stated;
    if (!PyArg_ParseTuple(arguments, "OiiLy*LLpLLLL", &cells, &held.fd, &held.process, &held.now, &terms, &prompt,
                          &answer, &is_stated, &streams, &needed, &wanted, &spare))
        return not_read();
    const cell given[] = {prompt, answer, needed, wanted, spare};
    if (!are_countable(given, 5)) {
        result = Py_NewRef(Py_None);
    } else if (read_held(&held, cells, &view, &terms)) {
        cell amounts[MOST_SUBJECTS][WINDOWS], left = INT64_MAX, requests[3] = {NONE}, tokens[3] = {NONE};
        bool fit = take(&held), has_funds = false;
        for (int i = 0; fit && i < held.count; i++) {
            cell limit = held.terms[i].limits[TOKENS], all = prompt + answer, few = min(all, limit == NONE ? 0 : limit);
            amounts[i][REQUESTS] = amounts[i][OF_DAY] = 1;
            amounts[i][TOKENS] = is_stated ? all : few > prompt ? few : prompt;
            fit = fits(&held, i, amounts[i], streams, needed);
            has_funds |= held.terms[i].kind != 0;
            left = held.terms[i].kind ? min(left, funds_left(&held, i)) : left;
        }
        cell reserved = has_funds ? min(wanted, left) : 0;
        reserved += has_funds && spare <= (left - wanted) / PLENTY ? spare : 0;
        for (int i = 0; fit && i < held.count; i++) {
            for (int which = 0; which < WINDOWS; which++)
                if (held.terms[i].limits[which] != NONE)
                    add(&held.states[i].windows[which], which, ring_of(&held, i, which), amounts[i][which], held.now);
            lease(&held, i, streams, reserved);
            save(&held, i);
        }
        if (fit)
            least_left(&held, REQUESTS, requests), least_left(&held, OF_DAY, requests), least_left(&held, TOKENS, tokens);
        release(&held);
        PyBuffer_Release(&view);
        PyObject *taken = fit ? PyTuple_New(held.count) : Py_NewRef(Py_None);
        for (int i = 0; fit && taken != NULL && i < held.count; i++)
            PyTuple_SetItem(taken, i, PyLong_FromLongLong(amounts[i][TOKENS]));
        result = !fit ? taken
                      : Py_BuildValue("LL(LLL)(LLL)N", reserved, has_funds ? left - reserved : 0, requests[0],
                                      requests[1], requests[2], tokens[0], tokens[1], tokens[2], taken);
    }
    PyBuffer_Release(&terms);
    return result;
}

static bool is_told(cell fund, cell warn, cell spent, cell told)
{
    return fund == NONE || (spent >= fund ? 2 : spent >= warn) == (told & 3);
}

/* settle(cells, fd, process, now_ns, terms, held_tokens, at_ns, started_s, tokens, price, streams, reserved, number) ->
   True. */
static PyObject *settle(PyObject *module, PyObject *arguments)
{
    Held held;
    Py_buffer view, terms;
    PyObject *cells, *taken, *result = NULL;
    long long tokens[MOST_SUBJECTS], at, started, used, price, streams, reserved, number;
    if (!PyArg_ParseTuple(arguments, "OiiLy*OLLLLLLL", &cells, &held.fd, &held.process, &held.now, &terms, &taken, &at,
                          &started, &used, &price, &streams, &reserved, &number))
        return not_read();
    const cell given[] = {used, price};
    if (read_held(&held, cells, &view, &terms)) {
        for (int i = 0; i < held.count && !PyErr_Occurred(); i++)
            tokens[i] = PyLong_AsLongLong(PyTuple_GetItem(taken, i));
        bool is_read = !PyErr_Occurred() && are_countable(given, 2) && are_countable(tokens, held.count);
        bool is_plain = is_read && take(&held);
        for (int i = 0; is_plain && i < held.count; i++) {
            State *state = &held.states[i];
            const Terms *of = &held.terms[i];
            if (of->kind) {
                state->spent += started >= state->start ? price : 0;
                state->balance_spent += started >= state->since ? price : 0;
                state->settled_by = held.process, state->settled = number;
                is_plain = is_told(of->budget, of->warn_budget, state->spent, state->told)
                           && is_told(of->credit, of->warn_credit, state->balance_spent, state->told >> 2);
            }
        }
        for (int i = 0; is_plain && i < held.count; i++) {
            Window *window = &held.states[i].windows[TOKENS];
            if (held.terms[i].limits[TOKENS] != NONE && used < tokens[i])
                take_back(window, TOKENS, ring_of(&held, i, TOKENS), tokens[i] - used, at);
            else if (held.terms[i].limits[TOKENS] != NONE && used > tokens[i])
                add(window, TOKENS, ring_of(&held, i, TOKENS), used - tokens[i], held.now);
            save(&held, i);
            lease(&held, i, -streams, -reserved);
        }
        release(&held);
        PyBuffer_Release(&view);
        result = PyErr_Occurred() ? not_read() : Py_NewRef(is_plain ? Py_True : Py_None);
    }
    PyBuffer_Release(&terms);
    return result;
}

static PyMethodDef methods[] = {{"admit", admit, METH_VARARGS, NULL}, {"settle", settle, METH_VARARGS, NULL}, {NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_plain_slots", NULL, -1, methods};

PyMODINIT_FUNC PyInit__plain_slots(void) { return PyModule_Create(&definition); }
