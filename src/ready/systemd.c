/* SPDX-License-Identifier: MIT */
#include "ready/systemd.h"

#include "base/log.h"
#include "ready/outside.h"

#include <systemd/sd-id128.h>

/* --- asking --------------------------------------------------------------------------------------------- */

/* The reply of ListUnitsByNames(): a(ssssssouso), see org.freedesktop.systemd1(5). */
static int read_units(Systemd *s, sd_bus_message *m) {
        int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");

        while (r > 0) {
                const char *name, *active;
                uint32_t job;
                Unit *unit;

                r = sd_bus_message_read(m, "(ssssssouso)", &name, NULL, NULL, &active, NULL, NULL,
                                        NULL, &job, NULL, NULL);
                if (r <= 0)
                        break;
                unit = unit_find(s->units, s->n, name);
                if (unit)
                        unit_heard(unit, active, job > 0);
        }
        return r;
}

static int on_units(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Systemd *s = userdata;

        (void)error;
        s->in_flight = false;
        if (sd_bus_message_is_method_error(m, NULL)) {
                log_warning("systemd does not list the units: %s",
                            sd_bus_message_get_error(m)->message);
        } else if (read_units(s, m) >= 0) {
                s->on_news(s->userdata);
        }
        if (s->dirty)
                systemd_ask(s);
        return 0;
}

static int append_names(const Systemd *s, sd_bus_message *m) {
        int r = sd_bus_message_open_container(m, 'a', "s");

        for (size_t i = 0; r >= 0 && i < s->n; i++)
                r = sd_bus_message_append(m, "s", s->units[i].name);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

void systemd_ask(Systemd *s) {
        sd_bus_message *m = NULL;

        s->dirty = s->in_flight;
        if (s->in_flight)
                return;
        if (sd_bus_message_new_method_call(s->bus, &m, SYSTEMD_MANAGER, "ListUnitsByNames") >= 0 &&
            append_names(s, m) >= 0)
                s->in_flight = sd_bus_call_async(s->bus, NULL, m, on_units, s, 0) >= 0;
        sd_bus_message_unref(m);
}

/* The object of @unit on the bus; NULL when memory is out. */
static char *path_of(const char *unit) {
        char *path = NULL;

        return sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) < 0 ? NULL : path;
}

static int get_invocation(sd_bus *bus, const char *path, sd_bus_message **ret_m, sd_id128_t *ret) {
        const void *bytes;
        size_t size;
        int r = sd_bus_get_property(bus, SYSTEMD, path, SYSTEMD ".Unit", "InvocationID", NULL,
                                    ret_m, "ay");

        if (r >= 0)
                r = sd_bus_message_read_array(*ret_m, 'y', &bytes, &size);
        if (r < 0)
                return r;
        /* A unit that was never started has an empty one. */
        if (size != sizeof(*ret))
                return -ENODATA;
        memcpy(ret, bytes, size);
        return 0;
}

char *systemd_invocation(sd_bus *bus, const char *unit) {
        _cleanup_(freep) char *path = path_of(unit);
        char text[SD_ID128_STRING_MAX];
        sd_bus_message *m = NULL;
        sd_id128_t id;
        int r = path ? get_invocation(bus, path, &m, &id) : -ENOMEM;

        sd_bus_message_unref(m);
        return r < 0 ? NULL : xstrdup(sd_id128_to_string(id, text));
}

bool systemd_is(sd_bus *bus, const char *unit, const char *state) {
        _cleanup_(freep) char *path = path_of(unit), *active = NULL;

        return path &&
               sd_bus_get_property_string(bus, SYSTEMD, path, SYSTEMD ".Unit", "ActiveState", NULL,
                                          &active) >= 0 &&
               streq(active, state);
}

char **systemd_wants(sd_bus *bus, const char *unit) {
        _cleanup_(freep) char *path = path_of(unit);
        char **wants = NULL;

        return path && sd_bus_get_property_strv(bus, SYSTEMD, path, SYSTEMD ".Unit", "Wants", NULL,
                                                &wants) >= 0
                       ? wants
                       : NULL;
}

char *systemd_status_text(sd_bus *bus, const char *unit) {
        _cleanup_(freep) char *path = path_of(unit);
        char *text = NULL;

        if (!path || sd_bus_get_property_string(bus, SYSTEMD, path, SYSTEMD ".Service",
                                                "StatusText", NULL, &text) < 0)
                return NULL;
        if (isempty(text))
                free_and_strdup(&text, NULL);
        return text;
}

/* --- ordering ------------------------------------------------------------------------------------------- */

static int on_queued(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void)userdata;
        (void)error;
        if (sd_bus_message_is_method_error(m, NULL))
                log_warning("systemd does not queue a job: %s",
                            sd_bus_message_get_error(m)->message);
        return 0;
}

void systemd_queue(Systemd *s, const char *method, const char *unit) {
        /* "fail" would give up when a job is there already, "replace" could turn a stop into a start. */
        (void)sd_bus_call_method_async(s->bus, NULL, SYSTEMD_MANAGER, method, on_queued, s, "ss",
                                       unit, streq(method, "StartUnit") ? "fail" : "replace");
}

int systemd_start(sd_bus *bus, const char *unit, sd_bus_error *error) {
        return sd_bus_call_method(bus, SYSTEMD_MANAGER, "StartUnit", error, NULL, "ss", unit,
                                  "fail");
}

/* --- hearing -------------------------------------------------------------------------------------------- */

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Systemd *s = userdata;
        const char *name, *result;
        Unit *unit;

        (void)error;
        if (sd_bus_message_read(m, "uoss", NULL, NULL, &name, &result) < 0)
                return 0;
        unit = unit_find(s->units, s->n, name);
        if (!unit)
                return 0;
        unit->lost = streq(result, "dependency");
        systemd_ask(s);
        return 0;
}

static int on_unit_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void)error;
        if (strstr(sd_bus_message_get_path(m), "/lago_2d"))
                systemd_ask(userdata);
        return 0;
}

/* Without the bus nothing is kept: systemd starts us again, and we look afresh. */
static int on_bus_lost(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Systemd *s = userdata;

        (void)m;
        (void)error;
        log_error("The system bus is gone.");
        return sd_event_exit(s->event, EXIT_TEMPFAIL);
}

int systemd_listen(Systemd *s, sd_event *event) {
        int r = outside_system_bus(&s->bus);

        s->event = event;
        if (r >= 0)
                r = sd_bus_attach_event(s->bus, event, 0);
        if (r >= 0)
                r = sd_bus_match_signal(s->bus, NULL, SYSTEMD_MANAGER, "JobRemoved", on_job_removed,
                                        s);
        if (r >= 0)
                r = sd_bus_match_signal(s->bus, NULL, SYSTEMD, NULL,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_unit_changed, s);
        if (r >= 0)
                r = sd_bus_match_signal(s->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_bus_lost,
                                        s);
        if (r >= 0)
                r = sd_bus_call_method_async(s->bus, NULL, SYSTEMD_MANAGER, "Subscribe", NULL, NULL,
                                             "");
        return r;
}
