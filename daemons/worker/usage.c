/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/usage.h"

int usage_read(Backend *b, const char *child, Usage *ret)
{
        Usage u = { 0 };
        int r = backend_stats(b, child, &u.stats, &u.split);

        if (r < 0)
                return r;
        (void)backend_limits(b, child, &u.limits);
        *ret = u;
        return 0;
}

static json_t *number(uint64_t value)
{
        return value > INT64_MAX ? json_null() : json_integer((json_int_t)value);
}

json_t *usage_seconds(uint64_t usec)
{
        return usec == STATS_NONE ? json_null() : json_real((double)usec / 1e6);
}

static json_t *percent(uint64_t hundredths)
{
        return hundredths == STATS_NONE ? json_null() : json_real((double)hundredths / 100);
}

static json_t *split_value(const MemorySplit *m)
{
        return json_pack("{s:o, s:o, s:i, s:o, s:i, s:o, s:o, s:o}", "jvm", number(m->jvm),
                         "python", number(m->python), "pythonworkers", (int)m->python_workers,
                         "other", number(m->other), "others", (int)m->others, "pagecache",
                         number(m->page_cache), "shmem", number(m->shmem), "kernel",
                         number(m->kernel));
}

static json_t *pressure_value(const Pressure *p)
{
        return json_pack("{s:o, s:o}", "some", percent(p->some_avg10), "full",
                         percent(p->full_avg10));
}

static void put_memory(json_t *value, const Usage *u)
{
        const CgroupStats *s = &u->stats;
        const Limits *l = &u->limits;
        const bool known = l->heap_mb != 0;

        (void)json_object_set_new(value, "memory", number(s->memory_current));
        (void)json_object_set_new(value, "memorypeak", number(s->memory_peak));
        (void)json_object_set_new(value, "memorylimit", number(s->memory_max));
        (void)json_object_set_new(value, "memoryhigh", number(s->memory_high));
        (void)json_object_set_new(value, "memoryhighevents", number(s->high_events));
        (void)json_object_set_new(value, "oomkills", number(s->oom_kills));
        (void)json_object_set_new(value, "swap", number(s->swap_current));
        (void)json_object_set_new(value, "heap", number(known ? l->heap_mb : STATS_NONE));
        (void)json_object_set_new(value, "overhead", number(known ? l->overhead_mb : STATS_NONE));
        (void)json_object_set_new(value, "offheap", number(known ? l->off_heap_mb : STATS_NONE));
        (void)json_object_set_new(value, "pyspark", number(known ? l->pyspark_mb : STATS_NONE));
        (void)json_object_set_new(value, "split", split_value(&u->split));
}

static void put_cpu(json_t *value, const CgroupStats *s)
{
        (void)json_object_set_new(value, "cpuseconds", usage_seconds(s->cpu_usec));
        (void)json_object_set_new(value, "cpuuserseconds", usage_seconds(s->cpu_user_usec));
        (void)json_object_set_new(value, "cpusystemseconds", usage_seconds(s->cpu_system_usec));
        (void)json_object_set_new(value, "cpuperiods", number(s->cpu_periods));
        (void)json_object_set_new(value, "cputhrottledperiods", number(s->cpu_throttled));
        (void)json_object_set_new(value, "cputhrottledseconds",
                                  usage_seconds(s->cpu_throttled_usec));
        (void)json_object_set_new(value, "cpuceiling", usage_seconds(s->cpu_quota_usec));
        (void)json_object_set_new(value, "cpuweight", number(s->cpu_weight));
        (void)json_object_set_new(value, "pids", number(s->pids_current));
        (void)json_object_set_new(value, "pidslimit", number(s->pids_max));
}

json_t *usage_value(const Usage *u)
{
        json_t *value;

        if (!u)
                return json_null();
        value = json_object();
        put_memory(value, u);
        put_cpu(value, &u->stats);
        (void)json_object_set_new(value, "pressure",
                                  json_pack("{s:o, s:o, s:o}", "memory",
                                            pressure_value(&u->stats.memory_pressure), "cpu",
                                            pressure_value(&u->stats.cpu_pressure), "io",
                                            pressure_value(&u->stats.io_pressure)));
        return value;
}

json_t *usage_of(Backend *b, const char *child)
{
        Usage u;

        return usage_value(usage_read(b, child, &u) == 0 ? &u : NULL);
}
