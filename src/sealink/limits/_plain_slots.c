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
/* What a process holds: streams, and money. Slots are whole kilobytes of a page, so that it is aligned. */
typedef cell pair __attribute__((vector_size(16), may_alias));

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

/* As in estimate.py and rates.py. */
enum { SPARE_TIMES = 3, LEAST_SPARE_TOKENS = 1024, MOST_TOKENS = 1000000000 };

/* Of a hexadecimal number of 56 bits, as in shared_file.py. */
enum { DIGITS = 14 };

/* Of headers, and of a number in them. */
enum { MOST_LINES = 1024, MOST_DIGITS = 20 };

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

/* Of a list of arguments. */
static bool read_numbers(PyObject *const *from, int count, cell *numbers)
{
    for (int i = 0; i < count; i++)
        if ((numbers[i] = PyLong_AsLongLong(from[i])) == -1 && PyErr_Occurred())
            return false;
    return true;
}

/* Of a tuple that has as many at least. */
static bool read_tuple(PyObject *tuple, int count, cell *numbers)
{
    for (int i = 0; i < count; i++) {
        PyObject *number = PyTuple_GetItem(tuple, i);
        if (number == NULL || ((numbers[i] = PyLong_AsLongLong(number)) == -1 && PyErr_Occurred()))
            return false;
    }
    return true;
}

static cell min(cell one, cell other) { return one < other ? one : other; }

/* As in estimate.py. */
static cell spare_times(cell answer_tokens)
{
    cell times = answer_tokens ? (LEAST_SPARE_TOKENS + answer_tokens - 1) / answer_tokens : 0;
    return times < SPARE_TIMES ? SPARE_TIMES : times;
}

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

/* Lock all slots and read them, for an admission with what all processes hold; false: nothing is locked. */
static bool take(Held *held, bool is_admission)
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
        pair held_by_all = {0, 0};
        for (int process = 0; is_admission && process < PROCESSES; process++)
            held_by_all += *(const pair *)&slot[LEASES + 2 * process];
        held->streams[i] = held_by_all[0], held->reserved[i] = held_by_all[1];
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

/* What is packed before the terms, as in plain_slots.py. */
typedef struct {
    cell fd, process, began;
} Whose;

/* `now` was read of a clock that began then. Exports the cells, which `give_back` takes back; false: an exception is
   set. */
static bool read_held(Held *held, PyObject *cells, PyObject *packed, Py_buffer *view)
{
    const Whose *whose = (const Whose *)PyBytes_AsString(packed);
    Py_ssize_t size = whose ? PyBytes_Size(packed) - (Py_ssize_t)sizeof(Whose) : 0;
    if (whose == NULL || PyObject_GetBuffer(cells, view, PyBUF_WRITABLE))
        return false;
    held->cells = view->buf;
    held->terms = (const Terms *)(whose + 1);
    held->count = (int)(size / (Py_ssize_t)sizeof(Terms));
    held->locked = 0;
    bool is_sound = size > 0 && held->count > 0 && held->count <= MOST_SUBJECTS;
    if (is_sound)
        held->fd = (int)whose->fd, held->process = (int)whose->process, held->now += whose->began;
    is_sound = is_sound && held->process >= 0 && held->process < PROCESSES;
    for (int i = 0; is_sound && i < held->count; i++)
        is_sound = held->terms[i].at >= 0 && (held->terms[i].at + SLOT) * 8 <= view->len;
    if (!is_sound) {
        PyBuffer_Release(view);
        PyErr_SetString(PyExc_ValueError, "these are no terms of this file");
    }
    return is_sound;
}

static void give_back(Held *held, Py_buffer *view)
{
    release(held);
    PyBuffer_Release(view);
}

/* A tuple of numbers. */
static PyObject *tuple_of(const cell *numbers, int count)
{
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; tuple != NULL && i < count; i++)
        PyTuple_SetItem(tuple, i, PyLong_FromLongLong(numbers[i]));
    return tuple;
}

static PyObject *limit_of(const cell least[3])
{
    return least[0] == NONE ? Py_NewRef(Py_None) : tuple_of(least, 3);
}

/* Puts a number, which is not below 0, before this end. Returns its first digit. */
static char *put_number(char *end, cell number)
{
    do
        *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

/* The headers' lines, if those that are laid out are of these limits, with the same time left; NULL: they are not, or an
   exception is set. */
static PyObject *lines_of(PyObject *laid_out, const cell requests[3], const cell tokens[3])
{
    const cell limits[] = {requests[0], requests[2], tokens[0], tokens[2]}, left[] = {tokens[1], requests[1]};
    char lines[MOST_LINES], *at = lines + MOST_LINES;
    if (laid_out == Py_None || requests[0] == NONE || tokens[0] == NONE || requests[1] < 0 || tokens[1] < 0)
        return NULL;
    PyObject *of = PyTuple_GetItem(laid_out, 0);
    if (of == NULL || PyBytes_Size(of) != sizeof limits || memcmp(PyBytes_AsString(of), limits, sizeof limits))
        return NULL;
    for (int i = 0; i < 3; i++) {
        Py_ssize_t length;
        const char *part = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(laid_out, 3 - i), &length);
        if (part == NULL || at - lines < length + MOST_DIGITS)
            return NULL;
        memcpy(at -= length, part, (size_t)length);
        at = i < 2 ? put_number(at, left[i]) : at;
    }
    return PyUnicode_FromStringAndSize(at, lines + MOST_LINES - at);
}

/* What a request takes: its tokens and money; see `Need` and `Cost`. */
typedef struct {
    cell prompt, answer, is_stated, streams;
    cell needed, wanted, spare;
    bool is_counted;
} Asked;

typedef struct {
    cell tokens[MOST_SUBJECTS], reserved, left, times, requests_left[3], tokens_left[3];
} Taken;

/* Whether what a request takes is little of what is left: then nobody has to know it exactly. */
static bool is_little(const Held *held, int i, const Asked *asked)
{
    cell limit = held->terms[i].limits[TOKENS];
    if (limit != NONE && asked->prompt * PLENTY > limit - held->states[i].windows[TOKENS].total)
        return false;
    return !held->terms[i].kind || asked->needed * PLENTY <= funds_left(held, i);
}

/* Whether it fits; then it is counted. */
static bool let_in(Held *held, const Asked *asked, Taken *taken)
{
    bool has_funds = false;
    cell amounts[MOST_SUBJECTS][WINDOWS], left = INT64_MAX;
    for (int i = 0; i < held->count; i++) {
        cell limit = held->terms[i].limits[TOKENS], all = asked->prompt + asked->answer;
        cell few = min(all, limit == NONE ? 0 : limit);
        taken->tokens[i] = asked->is_stated ? all : few > asked->prompt ? few : asked->prompt;
        amounts[i][REQUESTS] = amounts[i][OF_DAY] = 1;
        amounts[i][TOKENS] = taken->tokens[i];
        if (!fits(held, i, amounts[i], asked->streams, asked->needed))
            return false;
        if (!asked->is_counted && !is_little(held, i, asked))
            return false;
        has_funds |= held->terms[i].kind != 0;
        left = held->terms[i].kind ? min(left, funds_left(held, i)) : left;
    }
    cell reserved = has_funds ? min(asked->wanted, left) : 0;
    reserved += has_funds && asked->spare <= (left - asked->wanted) / PLENTY ? asked->spare : 0;
    taken->reserved = reserved;
    taken->left = has_funds ? left - reserved : 0;
    cell more = reserved - asked->wanted;
    taken->times = more < 0 ? 0 : more < asked->spare ? 1 : 1 + spare_times(asked->answer);
    taken->requests_left[0] = taken->tokens_left[0] = NONE;
    for (int i = 0; i < held->count; i++) {
        for (int which = 0; which < WINDOWS; which++)
            if (held->terms[i].limits[which] != NONE)
                add(&held->states[i].windows[which], which, ring_of(held, i, which), amounts[i][which], held->now);
        lease(held, i, asked->streams, reserved);
        save(held, i);
    }
    least_left(held, REQUESTS, taken->requests_left), least_left(held, OF_DAY, taken->requests_left);
    least_left(held, TOKENS, taken->tokens_left);
    return true;
}

/* Nano-dollars for a million tokens each, and the markup in thousandths of a percent: see catalog/prices.py. */
typedef struct {
    cell input, output, markup;
} Rates;

/* The price of so many tokens, as PriceRule.of_plain has it; false: Python's integers are needed for it. */
static bool price_of(const Rates *rates, cell inputs, cell outputs, cell *price)
{
    cell of_inputs, of_outputs, all;
    if (__builtin_mul_overflow(2 * inputs, rates->input, &of_inputs)
        || __builtin_mul_overflow(2 * outputs, rates->output, &of_outputs)
        || __builtin_add_overflow(of_inputs, of_outputs, &all) || __builtin_add_overflow(all, 1000000, &all))
        return false;
    *price = all / 2000000;
    if (!rates->markup)
        return true;
    if (__builtin_mul_overflow(2 * *price, 100000 + rates->markup, &all) || __builtin_add_overflow(all, 100000, &all))
        return false;
    *price = all / 200000;
    return true;
}

/* What a request may cost by the dearest of these rates, as Estimate.cost has it. */
static bool cost_of(PyObject *packed, const cell need[4], cell cost[4])
{
    const Rates *rates = (const Rates *)PyBytes_AsString(packed);
    Py_ssize_t count = PyBytes_Size(packed) / (Py_ssize_t)sizeof(Rates);
    cost[0] = cost[1] = 0;
    if (need[0] > MOST_TOKENS || need[1] > MOST_TOKENS)
        return false;
    for (Py_ssize_t i = 0; i < count; i++) {
        cell prompt, whole;
        if (!price_of(&rates[i], need[0], 0, &prompt) || !price_of(&rates[i], need[0], need[1], &whole))
            return false;
        cost[0] = prompt > cost[0] ? prompt : cost[0];
        cost[1] = whole - prompt > cost[1] ? whole - prompt : cost[1];
    }
    cost[2] = need[3] && count;
    cost[3] = cost[2] ? spare_times(need[1]) * (cost[1] + 1) : 0;
    return true;
}

/* The numbers of a Need, and of a Cost or the rates that it is worked out by; false: they are not for C, or an exception
   is set. */
static bool read_asked(PyObject *needed, PyObject *price, Asked *asked)
{
    cell need[4], cost[4];
    if (!read_tuple(needed, 4, need) || !are_countable(need, 2))
        return false;
    if (!(PyBytes_Check(price) ? cost_of(price, need, cost) : read_tuple(price, 4, cost)))
        return false;
    const cell given[] = {cost[0], cost[1], cost[3]};
    if (!are_countable(given, 3))
        return false;
    asked->prompt = need[0], asked->answer = need[1], asked->is_stated = need[2], asked->streams = need[3];
    asked->wanted = cost[0] + cost[1], asked->spare = cost[3];
    asked->needed = cost[2] ? cost[0] : asked->wanted;
    return true;
}

/* The fields of a PlainLease. Steals `lines`, if there are any. */
static PyObject *lease_fields(PyObject *const *of, const Held *held, const Asked *asked, const Taken *taken, PyObject *lines)
{
    PyObject *fields = PyTuple_New(12);
    if (fields == NULL)
        return Py_XDECREF(lines), NULL;
    PyTuple_SetItem(fields, 0, Py_NewRef(of[0]));
    PyTuple_SetItem(fields, 1, PyLong_FromLongLong(held->now));
    PyTuple_SetItem(fields, 2, Py_NewRef(of[1]));
    PyTuple_SetItem(fields, 3, tuple_of(taken->tokens, held->count));
    PyTuple_SetItem(fields, 4, PyLong_FromLongLong(asked->streams));
    PyTuple_SetItem(fields, 5, PyLong_FromLongLong(taken->reserved));
    PyTuple_SetItem(fields, 6, lines ? Py_NewRef(Py_None) : limit_of(taken->requests_left));
    PyTuple_SetItem(fields, 7, lines ? Py_NewRef(Py_None) : limit_of(taken->tokens_left));
    PyTuple_SetItem(fields, 8, PyLong_FromLongLong(taken->left));
    PyTuple_SetItem(fields, 9, Py_NewRef(of[2]));
    PyTuple_SetItem(fields, 10, PyLong_FromLongLong(taken->times));
    PyTuple_SetItem(fields, 11, lines ? lines : Py_NewRef(Py_None));
    return fields;
}

/* admit(PlainLease, subjects, started_s, terms, cells, packed terms, clock_ns, need, cost, is_counted, laid_out) -> a
   lease, with the headers' lines if they are those laid out, else with what is left. False: it takes too much for tokens
   that nobody has counted. */
static PyObject *admit(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    Held held;
    Asked asked;
    Taken taken;
    Py_buffer view;
    if (count != 11)
        return PyErr_Format(PyExc_TypeError, "admit takes 11 arguments");
    if (!read_numbers(arguments + 6, 1, &held.now) || !read_asked(arguments[7], arguments[8], &asked))
        return PyErr_Occurred() ? not_read() : Py_NewRef(Py_None);
    asked.is_counted = arguments[9] == Py_True;
    if (!read_held(&held, arguments[4], arguments[5], &view))
        return NULL;
    bool is_taken = take(&held, true), fit = is_taken && let_in(&held, &asked, &taken);
    give_back(&held, &view);
    if (!fit)
        return Py_NewRef(is_taken && !asked.is_counted ? Py_False : Py_None);
    PyObject *lines = lines_of(arguments[10], taken.requests_left, taken.tokens_left);
    PyObject *fields = PyErr_Occurred() ? NULL : lease_fields(arguments + 1, &held, &asked, &taken, lines);
    PyObject *made = fields ? PyObject_CallObject(arguments[0], fields) : NULL;
    Py_XDECREF(fields);
    return made;
}

/* cost(need, rates) -> the numbers of a Cost; None: they are not for C. */
static PyObject *cost(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    cell need[4], costs[4];
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "cost takes 2 arguments");
    if (!read_tuple(arguments[0], 4, need))
        return not_read();
    if (!are_countable(need, 2) || !cost_of(arguments[1], need, costs))
        return Py_NewRef(Py_None);
    PyObject *found = tuple_of(costs, 4);
    if (found != NULL)
        PyTuple_SetItem(found, 2, PyBool_FromLong((long)costs[2]));
    return found;
}

/* lines(laid_out, requests, tokens) -> the headers' lines; None: those that are laid out are not of these limits. */
static PyObject *lines(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    cell requests[3], tokens[3];
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "lines takes 3 arguments");
    if (arguments[1] == Py_None || arguments[2] == Py_None)
        return Py_NewRef(Py_None);
    if (!read_tuple(arguments[1], 3, requests) || !read_tuple(arguments[2], 3, tokens))
        return not_read();
    PyObject *found = lines_of(arguments[0], requests, tokens);
    return found || PyErr_Occurred() ? found : Py_NewRef(Py_None);
}

static bool is_told(cell fund, cell warn, cell spent, cell told)
{
    return fund == NONE || (spent >= fund ? 2 : spent >= warn) == (told & 3);
}

/* What a request has used, and what it held. */
typedef struct {
    cell at, started, streams, reserved, used, price, number, tokens[MOST_SUBJECTS];
} Ended;

/* A request's number: one that is given, or what its id ends with, as number_of_request has it; 0: it is not that. */
static cell number_of(PyObject *request)
{
    if (PyLong_Check(request))
        return PyLong_AsLongLong(request);
    Py_ssize_t length;
    const char *id = PyUnicode_AsUTF8AndSize(request, &length);
    cell number = 0;
    if (id == NULL || length < DIGITS)
        return 0;
    for (const char *digit = id + length - DIGITS; *digit; digit++) {
        if (*digit >= '0' && *digit <= '9')
            number = 16 * number + (*digit - '0');
        else if (*digit >= 'a' && *digit <= 'f')
            number = 16 * number + (*digit - 'a' + 10);
        else
            return 0;
    }
    return number + 1;
}

/* Whether nobody is to be told anything new; then it is counted. */
static bool end(Held *held, const Ended *ended)
{
    for (int i = 0; i < held->count; i++) {
        State *state = &held->states[i];
        const Terms *of = &held->terms[i];
        if (!of->kind)
            continue;
        state->spent += ended->started >= state->start ? ended->price : 0;
        state->balance_spent += ended->started >= state->since ? ended->price : 0;
        state->settled_by = held->process, state->settled = ended->number;
        if (!is_told(of->budget, of->warn_budget, state->spent, state->told)
            || !is_told(of->credit, of->warn_credit, state->balance_spent, state->told >> 2))
            return false;
    }
    for (int i = 0; i < held->count; i++) {
        Window *window = &held->states[i].windows[TOKENS];
        cell more = ended->used - ended->tokens[i];
        if (held->terms[i].limits[TOKENS] != NONE && more < 0)
            take_back(window, TOKENS, ring_of(held, i, TOKENS), -more, ended->at);
        else if (held->terms[i].limits[TOKENS] != NONE && more > 0)
            add(window, TOKENS, ring_of(held, i, TOKENS), more, held->now);
        save(held, i);
        lease(held, i, -ended->streams, -ended->reserved);
    }
    return true;
}

/* settle(cells, terms, clock_ns, at_ns, started_s, streams, reserved, tokens, price, request, held_tokens) -> True.
   `request` is its id or its number. */
static PyObject *settle(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    Held held;
    Ended ended;
    Py_buffer view;
    if (count != 11)
        return PyErr_Format(PyExc_TypeError, "settle takes 11 arguments");
    double started = PyFloat_AsDouble(arguments[4]);
    if ((started == -1 && PyErr_Occurred()) || !read_numbers(arguments + 2, 1, &held.now)
        || !read_numbers(arguments + 3, 1, &ended.at) || !read_numbers(arguments + 5, 4, &ended.streams))
        return not_read();
    ended.started = (cell)started;
    ended.number = number_of(arguments[9]);
    if (PyErr_Occurred() || (!ended.number && !PyLong_Check(arguments[9])))
        return PyErr_Occurred() ? not_read() : Py_NewRef(Py_None);
    if (!read_held(&held, arguments[0], arguments[1], &view))
        return NULL;
    bool is_read = read_tuple(arguments[10], held.count, ended.tokens);
    const cell given[] = {ended.used, ended.price};
    bool is_plain = is_read && are_countable(given, 2) && are_countable(ended.tokens, held.count) && take(&held, false)
                    && end(&held, &ended);
    give_back(&held, &view);
    return is_read ? Py_NewRef(is_plain ? Py_True : Py_None) : not_read();
}

static PyMethodDef methods[] = {{"admit", (PyCFunction)(void (*)(void))admit, METH_FASTCALL, NULL},
                                {"cost", (PyCFunction)(void (*)(void))cost, METH_FASTCALL, NULL},
                                {"lines", (PyCFunction)(void (*)(void))lines, METH_FASTCALL, NULL},
                                {"settle", (PyCFunction)(void (*)(void))settle, METH_FASTCALL, NULL},
                                {NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_plain_slots", NULL, -1, methods};

PyMODINIT_FUNC PyInit__plain_slots(void) { return PyModule_Create(&definition); }
