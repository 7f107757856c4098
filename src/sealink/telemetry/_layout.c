/* Fills the gaps of layout.py's layouts, with the same bytes. Where a value is not a plain one, Python is called. One table
   of tests is for both. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { CONSTANT, TEXT, QUOTED, SIZED, HEX, TENTHS, MILLIS, INTEGER, USD, TIME, THOUSANDTH, BILLIONTH, VARINT, MOMENTS };
enum { ELEMENT_HEAD = 6, MAX_PREFIX = 16, USUAL = 4096, LONG_VARINT = 10, MAX_DIGITS = 24 };

#define NANO 1000000000LL
#define EXACT 1e15 /* up to which a double knows tenths */

static PyObject *zero, *nothing; /* nearly always what is left out */

typedef struct {
    unsigned char *data;
    size_t size, room;
    unsigned char usual[USUAL];
} Output;

/* Where the next `size` bytes go; NULL without memory. */
static unsigned char *next(Output *out, size_t size)
{
    if (out->size + size > out->room) {
        size_t room = 2 * (out->size + size);
        unsigned char *data = out->data == out->usual ? PyMem_Malloc(room) : PyMem_Realloc(out->data, room);
        if (data == NULL)
            return NULL;
        if (out->data == out->usual)
            memcpy(data, out->usual, out->size);
        out->data = data;
        out->room = room;
    }
    out->size += size;
    return out->data + out->size - size;
}

static bool put(Output *out, const void *bytes, size_t size)
{
    unsigned char *at = next(out, size);
    return at && memcpy(at, bytes, size);
}

static bool put_fixed64(Output *out, uint64_t number)
{
    unsigned char *at = next(out, 8);
    if (at == NULL)
        return false;
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(number >> 8 * i);
    return true;
}

static bool put_double(Output *out, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, 8);
    return put_fixed64(out, bits);
}

/* A varint; returns its size. `room` is for ten bytes. */
static size_t varint(uint64_t number, unsigned char *room)
{
    size_t size = 0;
    for (; number >= 0x80; number >>= 7)
        room[size++] = (number & 0x7f) | 0x80;
    room[size++] = (unsigned char)number;
    return size;
}

static bool put_varint(Output *out, uint64_t number)
{
    unsigned char room[LONG_VARINT];
    return put(out, room, varint(number, room));
}

static bool put_long_varint(Output *out, uint64_t number)
{
    unsigned char *at = next(out, LONG_VARINT);
    if (at == NULL)
        return false;
    memset(at, 0x80, LONG_VARINT - 1);
    at[LONG_VARINT - 1] = (unsigned char)(number >> 63);
    for (number &= UINT64_MAX >> 1; number; number >>= 7)
        *at++ |= number & 0x7f;
    return true;
}

/* A number that is not negative, in decimal digits: at least so many. */
static bool put_digits(Output *out, uint64_t number, int least)
{
    char room[MAX_DIGITS], *end = room + MAX_DIGITS, *at = end;
    for (; number || end - at < least; number /= 10)
        *--at = '0' + number % 10;
    return put(out, at, end - at);
}

static bool put_text(Output *out, PyObject *text, int kind)
{
    Py_ssize_t size;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &size);
    return bytes && (kind != SIZED || put_varint(out, size)) && put(out, bytes, size)
           && (kind != QUOTED || put(out, "\"", 1));
}

/* Eight hex digits as four bytes; false if some are none. All eight at once: spans have 128 digits of ids. */
static bool eight_digits(const char *text, unsigned char bytes[4])
{
    const uint64_t each = 0x0101010101010101;
    uint64_t given, letters, values, pairs;
    memcpy(&given, text, 8);
    letters = given >> 6 & each;
    values = (given & 0x0f * each) + 9 * letters;
    bool are_letters = ((values + 0x76 * each) >> 7 & each) == letters; /* what is 10 or more */
    if (values & 0xf0 * each || !are_letters || values + 0x30 * each + 0x27 * letters != given)
        return false;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    values = __builtin_bswap64(values);
#endif
    pairs = (values << 4 | values >> 8) & 0x00ff00ff00ff00ff;
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(pairs >> 16 * i);
    return true;
}

static bool put_hex(Output *out, PyObject *text)
{
    Py_ssize_t size;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &size);
    unsigned char *at = bytes && size % 8 == 0 ? next(out, size / 2) : NULL;
    if (at == NULL)
        return false;
    for (Py_ssize_t i = 0; i < size; i += 8)
        if (!eight_digits(bytes + i, at + i / 2))
            return false;
    return true;
}

/* Rounded as Python rounds it, by the number's exact value. */
static bool put_tenths(Output *out, PyObject *value)
{
    double number = PyFloat_AsDouble(value), eight = number * 8, two = number * 2, tenths = eight + two;
    if (!(tenths >= 0 && tenths < EXACT) || signbit(tenths))
        return false;
    double of_two = tenths - eight, too_little = (eight - (tenths - of_two)) + (two - of_two);
    uint64_t whole = (uint64_t)tenths;
    double rest = tenths - whole;
    if (rest == 0.5 && too_little == 0)
        whole += whole & 1;
    else
        whole += rest > 0.5 || (rest == 0.5 && too_little > 0);
    return put_digits(out, whole / 10, 1) && put(out, ".", 1) && put_digits(out, whole % 10, 1);
}

static bool put_millis(Output *out, PyObject *value)
{
    double millis = PyFloat_AsDouble(value) * 1000;
    return millis >= 0 && millis < 1000 && put_digits(out, (uint64_t)millis, 3);
}

static bool put_integer(Output *out, PyObject *value, bool is_money)
{
    long long number = PyLong_AsLongLong(value);
    if (number < 0)
        return false;
    if (!is_money)
        return put_digits(out, number, 1);
    return put_digits(out, number / NANO, 1) && put(out, ".", 1) && put_digits(out, number % NANO, 9);
}

static bool put_time(Output *out, PyObject *value, long long began_ns)
{
    double ns = PyFloat_AsDouble(value) * 1e6;
    return ns >= 0 && ns < 4e18 && put_fixed64(out, began_ns + (long long)ns);
}

static bool put_moment(Output *out, PyObject *mark, long long began_ns)
{
    Py_ssize_t size;
    const char *name = PyTuple_Check(mark) && PyTuple_Size(mark) == 2
                           ? PyUnicode_AsUTF8AndSize(PyTuple_GetItem(mark, 0), &size) : NULL;
    unsigned char room[LONG_VARINT];
    if (name == NULL)
        return false;
    size_t of_size = varint(size, room);
    return put(out, "\x5a", 1) && put_varint(out, 10 + of_size + size) && put(out, "\x09", 1)
           && put_time(out, PyTuple_GetItem(mark, 1), began_ns) && put(out, "\x12", 1) && put(out, room, of_size)
           && put(out, name, size);
}

static bool put_moments(Output *out, PyObject *marks, long long began_ns)
{
    Py_ssize_t count = PyList_Check(marks) ? PyList_Size(marks) : -1;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!put_moment(out, PyList_GetItem(marks, i), began_ns))
            return false;
    return count >= 0;
}

static bool put_value(Output *out, int kind, PyObject *value, long long began_ns)
{
    switch (kind) {
    case TEXT:
    case QUOTED:
    case SIZED:
        return put_text(out, value, kind);
    case HEX:
        return put_hex(out, value);
    case TENTHS:
        return put_tenths(out, value);
    case MILLIS:
        return put_millis(out, value);
    case INTEGER:
    case USD:
        return put_integer(out, value, kind == USD);
    case TIME:
        return put_time(out, value, began_ns);
    case THOUSANDTH:
        return put_double(out, PyFloat_AsDouble(value) / 1000);
    case BILLIONTH:
        return put_double(out, PyFloat_AsDouble(value) / NANO);
    case VARINT:
        return put_long_varint(out, PyLong_AsUnsignedLongLongMask(value));
    case MOMENTS:
        return put_moments(out, value, began_ns);
    default:
        return false;
    }
}

/* Fills all gaps; returns whether there was a plain value for each. */
static bool put_all(Output *out, const unsigned char *at, const unsigned char *end, PyObject *values, long long began_ns)
{
    Py_ssize_t given = 0, count = PyTuple_Size(values);
    while (end - at >= ELEMENT_HEAD) {
        int kind = at[0];
        bool may_be_zero = at[1];
        size_t size = at[2] | at[3] << 8 | at[4] << 16 | (size_t)at[5] << 24;
        const unsigned char *before = at + ELEMENT_HEAD;
        at = before + size;
        if (kind == CONSTANT) {
            if (!put(out, before, size))
                return false;
            continue;
        }
        if (given == count)
            return false;
        PyObject *value = PyTuple_GetItem(values, given++);
        if (value == Py_None || (!may_be_zero && (value == zero || value == nothing || !PyObject_IsTrue(value))))
            continue;
        if (!put(out, before, size) || !put_value(out, kind, value, began_ns))
            return false;
    }
    return given == count;
}

/* What has been written, as a field of a message if there is a tag. */
static PyObject *field(Output *out, const unsigned char *tag, size_t tag_size)
{
    unsigned char *content = out->data + MAX_PREFIX;
    size_t size = out->size - MAX_PREFIX;
    if (tag_size) {
        unsigned char prefix[MAX_PREFIX];
        memcpy(prefix, tag, tag_size);
        size_t prefix_size = tag_size + varint(size, prefix + tag_size);
        content -= prefix_size;
        size += prefix_size;
        memcpy(content, prefix, prefix_size);
    }
    return PyBytes_FromStringAndSize((char *)content, size);
}

static PyObject *fill(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    char *compiled;
    Py_ssize_t size;
    if (count != 4 || !PyTuple_Check(arguments[2]))
        return PyErr_Format(PyExc_TypeError, "fill takes bytes, a function, a tuple and a number");
    if (PyBytes_AsStringAndSize(arguments[0], &compiled, &size) < 0)
        return NULL;
    const unsigned char *at = (unsigned char *)compiled;
    size_t tag_size = size ? at[0] : 0;
    if (size < 1 || tag_size > MAX_PREFIX - LONG_VARINT || (size_t)size < 1 + tag_size)
        return PyErr_Format(PyExc_ValueError, "this is no compiled layout");
    Output out;  /* `= {…}` would fill all of it with zeros */
    out.data = out.usual;
    out.size = MAX_PREFIX;
    out.room = USUAL;
    long long began_ns = PyLong_AsLongLong(arguments[3]);
    bool is_filled = !PyErr_Occurred() && put_all(&out, at + 1 + tag_size, at + size, arguments[2], began_ns)
                     && !PyErr_Occurred();
    PyObject *made = is_filled ? field(&out, at + 1, tag_size) : NULL;
    if (out.data != out.usual)
        PyMem_Free(out.data);
    if (is_filled)
        return made;
    PyErr_Clear();
    return PyObject_CallFunctionObjArgs(arguments[1], arguments[2], arguments[3], NULL);
}

static PyMethodDef methods[] = {{"fill", (PyCFunction)(void (*)(void))fill, METH_FASTCALL, NULL}, {NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_layout", NULL, -1, methods};

PyMODINIT_FUNC PyInit__layout(void)
{
    zero = PyLong_FromLong(0);
    nothing = PyUnicode_FromString("");
    return zero && nothing ? PyModule_Create(&definition) : NULL;
}
