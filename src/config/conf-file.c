/* SPDX-License-Identifier: MIT */
#include "config/conf-file.h"

#include "base/file.h"
#include "base/util.h"

#include <ini.h>
#include <stdio.h>

#define FILE_MAX_BYTES    (1024 * 1024)
#define SECTION_MAX_BYTES 49 /* the library cuts longer names without a word */
#define NAME_CHARACTERS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

/*
 * The library reads a line that does not fit its buffer as two: filler bytes followed by "mode = external" would set
 * that key. It also takes " ;" for a comment, ':' for '=', and an indented line for more of the value above. So it gets
 * lines from a reader that lets through only what has one meaning, and blanks the rest: its own parser then never has
 * anything to complain of, and the line in hand is the line that the handler is called for.
 */
typedef struct Reader {
        const char *path, *at, *end;
        unsigned line;
        bool skip; /* keys of a section nobody knows */
        conf_file_section on_section;
        conf_file_handler on_key;
        void *userdata;
        ConfigErrors *errors;
} Reader;

static bool has_control_bytes(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
                        return true;
        return false;
}

/* Where a comment behind a value begins, or NULL. */
static const char *inline_comment(const char *s) {
        for (; *s; s++)
                if ((*s == ' ' || *s == '\t') && (s[1] == ';' || s[1] == '#'))
                        return s + 1;
        return NULL;
}

static bool section_line_is_right(Reader *reader, const char *line) {
        size_t n = strspn(line + 1, NAME_CHARACTERS);
        _cleanup_(freep) char *name = xstrndup(line + 1, n);

        reader->skip = true;
        if (line[n + 1] != ']' || line[n + 2] != '\0' || n == 0 || n > SECTION_MAX_BYTES) {
                config_errors_add(reader->errors, reader->path, reader->line,
                                  "this is no section; write a name in brackets, such as [api]");
                return false;
        }
        reader->skip = !reader->on_section(reader->userdata, name, reader->line);
        return true;
}

static bool key_line_is_right(Reader *reader, const char *line) {
        size_t n = strspn(line, NAME_CHARACTERS);

        if (n == 0 || line[n + strspn(line + n, " \t")] != '=') {
                config_errors_add(reader->errors, reader->path, reader->line,
                                  "this is no setting; write KEY = VALUE, or # before a comment");
                return false;
        }
        return true;
}

static bool line_is_right(Reader *reader, const char *line, size_t size, size_t max) {
        const char *comment = inline_comment(line);

        if (has_control_bytes(line, size)) {
                config_errors_add(reader->errors, reader->path, reader->line,
                                  "control characters in this line; type it anew");
                return false;
        }
        if (size > max) {
                config_errors_add(reader->errors, reader->path, reader->line,
                                  "this line has %zu bytes, %zu at most are read; write it "
                                  "shorter",
                                  size, max);
                return false;
        }
        if (comment) {
                config_errors_add(reader->errors, reader->path, reader->line,
                                  "\"%c\" behind a value; write comments on lines of their own",
                                  *comment);
                return false;
        }
        return *line == '[' ? section_line_is_right(reader, line) : key_line_is_right(reader, line);
}

/* The next line without its end and the blanks around it; false at the end of the file. */
static bool next_line(Reader *reader, char **ret, size_t *ret_size) {
        const char *start = reader->at, *newline;
        size_t n;

        if (start >= reader->end)
                return false;
        newline = memchr(start, '\n', (size_t)(reader->end - start));
        n = (size_t)((newline ? newline : reader->end) - start);
        reader->at = newline ? newline + 1 : reader->end;
        if (reader->line++ == 0 && n >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
                start += 3;
                n -= 3;
        }
        for (; n > 0 && (*start == ' ' || *start == '\t'); n--)
                start++;
        while (n > 0 && (start[n - 1] == ' ' || start[n - 1] == '\t' || start[n - 1] == '\r'))
                n--;
        *ret = xcalloc(n + 1, 1);
        memcpy(*ret, start, n);
        *ret_size = n;
        return true;
}

static char *on_read(char *buffer, int room, void *stream) {
        Reader *reader = stream;
        _cleanup_(freep) char *line = NULL;
        size_t size = 0, max = room > 4 ? (size_t)room - 3 : 1;

        if (!next_line(reader, &line, &size))
                return NULL;
        buffer[0] = '\n';
        buffer[1] = '\0';
        if (size == 0 || *line == '#' || *line == ';' || !line_is_right(reader, line, size, max))
                return buffer;
        memcpy(buffer, line, size);
        memcpy(buffer + size, "\n", 2);
        return buffer;
}

static int on_pair(void *userdata, const char *section, const char *name, const char *value) {
        Reader *reader = userdata;

        if (!reader->skip)
                reader->on_key(reader->userdata, section, name, value, reader->line);
        return 1;
}

int conf_file_read(const char *path, conf_file_section on_section, conf_file_handler on_key,
                   void *userdata, ConfigErrors *errors) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        Reader reader = {.path = path,
                         .on_section = on_section,
                         .on_key = on_key,
                         .userdata = userdata,
                         .errors = errors};
        int r = file_read(path, FILE_MAX_BYTES, &text, &size);

        if (r < 0)
                return r;
        reader.at = text;
        reader.end = text + size;
        r = ini_parse_stream(on_read, &reader, on_pair, &reader);
        if (r != 0)
                config_errors_add(errors, path, r > 0 ? (unsigned)r : 0,
                                  "this line is not understood");
        return 0;
}
