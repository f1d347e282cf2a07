/* The variadic functions of OpenFX. They unpack their arguments and call the functions in suites/parameter.rs and suites/message.rs.
 *
 * Rust is asked for the type of a parameter first; it also complains of invalid handles. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

enum { FAILED = 1, MOST = 4, LONGEST = 4096 };

typedef union {
    int whole;
    double number;
    const char *text;
} Part;

/* In Rust. Returns 'i', 'd' or 's' and a count, or another letter and a status. */
extern char ofx_test_shape(void *param, const char *call, int *count_or_status);
extern int ofx_test_get(void *param, int timed, double time, void *const *out, int count);
extern int ofx_test_set(void *param, int timed, double time, const Part *parts, int count);
extern int ofx_test_calculus(void *param, int integral);
extern int ofx_test_message(void *handle, int persistent, const char *type, const char *id, const char *text);

static int get(void *param, const char *call, int timed, double time, va_list list) {
    void *out[MOST] = {NULL};
    int count = 0;
    char kind = ofx_test_shape(param, call, &count);
    if ((kind != 'i' && kind != 'd' && kind != 's') || count > MOST) return count;
    for (int i = 0; i < count; i++) out[i] = va_arg(list, void *);
    return ofx_test_get(param, timed, time, out, count);
}

static int set(void *param, const char *call, int timed, double time, va_list list) {
    Part parts[MOST] = {{0}};
    int count = 0;
    char kind = ofx_test_shape(param, call, &count);
    if ((kind != 'i' && kind != 'd' && kind != 's') || count > MOST) return count;
    for (int i = 0; i < count; i++) {
        if (kind == 'i') parts[i].whole = va_arg(list, int);
        if (kind == 'd') parts[i].number = va_arg(list, double);
        if (kind == 's') parts[i].text = va_arg(list, const char *);
    }
    return ofx_test_set(param, timed, time, parts, count);
}

int ofx_test_param_get_value(void *param, ...) {
    va_list list;
    va_start(list, param);
    int status = get(param, "paramGetValue", 0, 0.0, list);
    va_end(list);
    return status;
}

int ofx_test_param_get_value_at_time(void *param, double time, ...) {
    va_list list;
    va_start(list, time);
    int status = get(param, "paramGetValueAtTime", 1, time, list);
    va_end(list);
    return status;
}

int ofx_test_param_set_value(void *param, ...) {
    va_list list;
    va_start(list, param);
    int status = set(param, "paramSetValue", 0, 0.0, list);
    va_end(list);
    return status;
}

int ofx_test_param_set_value_at_time(void *param, double time, ...) {
    va_list list;
    va_start(list, time);
    int status = set(param, "paramSetValueAtTime", 1, time, list);
    va_end(list);
    return status;
}

int ofx_test_param_get_derivative(void *param, double time, ...) {
    (void)time;
    return ofx_test_calculus(param, 0);
}

int ofx_test_param_get_integral(void *param, double from, double to, ...) {
    (void)from;
    (void)to;
    return ofx_test_calculus(param, 1);
}

static int say(void *handle, int persistent, const char *type, const char *id, const char *format, va_list list) {
    char text[LONGEST];
    if (format == NULL) return ofx_test_message(handle, persistent, type, id, NULL);
    if (vsnprintf(text, sizeof text, format, list) < 0) return FAILED;
    return ofx_test_message(handle, persistent, type, id, text);
}

int ofx_test_message_post(void *handle, const char *type, const char *id, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int status = say(handle, 0, type, id, format, list);
    va_end(list);
    return status;
}

int ofx_test_message_persist(void *handle, const char *type, const char *id, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int status = say(handle, 1, type, id, format, list);
    va_end(list);
    return status;
}
