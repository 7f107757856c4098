/* pass_on of plain_reads.py in C: the same arguments, the same bytes. One table of tests is for both. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <string.h>

enum { BEFORE, AFTER, OPENING, CLOSING, PIECES, MOST_PIECES, ROOM, ADVANCE, CLIENT, HEARD, CLIENT_FULL, FIT_FIELDS };
enum { MAX_DIGITS = 8, MAX_LINE = MAX_DIGITS + 2 };

typedef struct {
    const char *start;
    Py_ssize_t size;
} Bytes;

static PyObject *fit_name, *write_chunk_name, *look_again_name;

static bool bytes_of(PyObject *object, Bytes *bytes)
{
    return PyBytes_AsStringAndSize(object, (char **)&bytes->start, &bytes->size) == 0;
}

/* The line that begins a chunk of this size (RFC 9112 §7.1), at the end of `room`. */
static Bytes line_of(Py_ssize_t size, char room[MAX_LINE])
{
    char *begin = room + MAX_DIGITS;
    memcpy(begin, "\r\n", 2);
    for (; size && begin > room; size >>= 4)
        *--begin = "0123456789abcdef"[size & 15];
    return (Bytes){begin, room + MAX_LINE - begin};
}

/* How long the line is that begins a read, if that is one chunk; else 0. */
static Py_ssize_t line_size(Bytes read)
{
    char room[MAX_LINE];
    for (Py_ssize_t size = 3; size <= MAX_LINE && size + 2 < read.size; size++) {
        Bytes line = line_of(read.size - size - 2, room);
        if (line.size == size)
            return memcmp(read.start, line.start, size) ? 0 : size;
    }
    return 0;
}

/* The text; NULL, without an error, if it must be looked at again. */
static PyObject *plain_text(Bytes raw)
{
    unsigned char all = 0;
    for (Py_ssize_t i = 0; i < raw.size; i++) {
        unsigned char byte = raw.start[i];
        if (byte < ' ' || byte == '"' || byte == '\\' || byte == 0x7f)
            return NULL;
        all |= byte;
    }
    PyObject *text = PyUnicode_DecodeUTF8(raw.start, raw.size, NULL);
    if (text != NULL && all >= 0x80) {
        PyObject *printable = PyObject_CallMethod(text, "isprintable", NULL);
        if (printable != Py_True)
            Py_CLEAR(text);
        Py_XDECREF(printable);
    }
    PyErr_Clear();
    return text;
}

/* The client's chunk; the size of its frame goes to `size`. */
static PyObject *chunk_of(PyObject *fit, Bytes raw, Py_ssize_t *size)
{
    Bytes opening, closing;
    if (!bytes_of(PyTuple_GetItem(fit, OPENING), &opening) || !bytes_of(PyTuple_GetItem(fit, CLOSING), &closing))
        return NULL;
    char room[MAX_LINE];
    *size = opening.size + raw.size + closing.size - 2;
    Bytes parts[] = {line_of(*size, room), opening, raw, closing};
    PyObject *chunk = PyBytes_FromStringAndSize(NULL, parts[0].size + *size + 2);
    char *at = chunk ? PyBytes_AsString(chunk) : NULL;
    for (int i = 0; at && i < 4; at += parts[i++].size)
        memcpy(at, parts[i].start, parts[i].size);
    return chunk;
}

/* The room is a list of one number, or None. */
static Py_ssize_t left_in(PyObject *room)
{
    return room == Py_None ? PY_SSIZE_T_MAX : PyLong_AsSsize_t(PyList_GetItem(room, 0));
}

static bool take_from(PyObject *room, Py_ssize_t size)
{
    return room == Py_None || !PyList_SetItem(room, 0, PyLong_FromSsize_t(left_in(room) - size));
}

static bool call(PyObject *fit, int field)
{
    PyObject *callable = PyTuple_GetItem(fit, field);
    PyObject *result = callable == Py_None ? Py_NewRef(callable) : PyObject_CallNoArgs(callable);
    Py_XDECREF(result);
    return result != NULL;
}

static PyObject *write_on(PyObject *fit, PyObject *write_chunk, PyObject *chunk, Py_ssize_t size)
{
    if (!call(fit, ADVANCE) || !call(fit, HEARD))
        return NULL;
    PyObject *number = PyLong_FromSsize_t(size);
    PyObject *has_room = number ? PyObject_CallFunctionObjArgs(write_chunk, chunk, number, NULL) : NULL;
    Py_XDECREF(number);
    if (has_room == Py_False && !call(fit, CLIENT_FULL))
        Py_CLEAR(has_room);
    return has_room;
}

static PyObject *pass_on_fitting(PyObject *passage, PyObject *argument, PyObject *fit, PyObject *write_chunk)
{
    Bytes read, before, after;
    if (!bytes_of(argument, &read) || !bytes_of(PyTuple_GetItem(fit, BEFORE), &before)
        || !bytes_of(PyTuple_GetItem(fit, AFTER), &after))
        return NULL;
    Py_ssize_t line = line_size(read), begin = line + before.size, size = read.size - line - 2;
    Bytes raw = {read.start + begin, read.size - begin - after.size};
    PyObject *room = PyTuple_GetItem(fit, ROOM);
    bool fits = line && raw.size > 0 && raw.size < left_in(room) && !memcmp(read.start + line, before.start, before.size)
                && !memcmp(raw.start + raw.size, after.start, after.size);
    PyObject *text = fits ? plain_text(raw) : NULL;
    if (text == NULL)
        return PyObject_CallMethodObjArgs(passage, look_again_name, argument, NULL);
    bool is_unchanged = PyTuple_GetItem(fit, OPENING) == Py_None;
    PyObject *chunk = is_unchanged ? Py_NewRef(argument) : chunk_of(fit, raw, &size);
    bool is_noted = chunk && take_from(room, raw.size) && !PyList_Append(PyTuple_GetItem(fit, PIECES), text);
    PyObject *has_room = is_noted ? write_on(fit, write_chunk, chunk, size) : NULL;
    Py_XDECREF(chunk);
    Py_DECREF(text);
    return has_room;
}

static PyObject *pass_on(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "pass_on takes two arguments, not %zd", count);
    PyObject *passage = arguments[0], *fit = PyObject_GetAttr(passage, fit_name), *result = NULL;
    if (fit == NULL || fit == Py_None)
        return fit;
    if (PyTuple_Size(fit) == FIT_FIELDS) {
        PyObject *write_chunk = PyObject_GetAttr(PyTuple_GetItem(fit, CLIENT), write_chunk_name);
        Py_ssize_t most = PyLong_AsSsize_t(PyTuple_GetItem(fit, MOST_PIECES));
        if (write_chunk == Py_None)
            result = Py_NewRef(Py_None);
        else if (write_chunk != NULL && PyList_Size(PyTuple_GetItem(fit, PIECES)) >= most)
            result = PyObject_CallMethodObjArgs(passage, look_again_name, arguments[1], NULL);
        else if (write_chunk != NULL)
            result = pass_on_fitting(passage, arguments[1], fit, write_chunk);
        Py_XDECREF(write_chunk);
    }
    Py_DECREF(fit);
    return result;
}

static PyMethodDef methods[] = {{"pass_on", (PyCFunction)(void (*)(void))pass_on, METH_FASTCALL, NULL}, {NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_plain_reads", NULL, -1, methods};

PyMODINIT_FUNC PyInit__plain_reads(void)
{
    fit_name = PyUnicode_InternFromString("fit");
    write_chunk_name = PyUnicode_InternFromString("write_chunk");
    look_again_name = PyUnicode_InternFromString("look_again");
    return look_again_name ? PyModule_Create(&definition) : NULL;
}
