/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Spark's standalone deploy messages as plain structs, independent of the Spark version. The names
 * are Spark's (org.apache.spark.deploy.DeployMessages and friends); PROTOCOL.md says who sends
 * what. codec.h turns them into bytes and back.
 *
 * All strings are NUL-terminated UTF-8; NULL means Java null (or None where the field is an
 * Option). A decoded message's memory is its arena's. Nothing is owned by the struct itself.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* ---- values ---- */

typedef struct RpcAddress {
        const char *host; /* NULL: absent */
        int32_t port;
} RpcAddress;

/* A reference to an endpoint of a process. host NULL: that process does not listen. */
typedef struct EndpointRef {
        const char *name; /* "Master", "Worker", "AppClient", ... */
        RpcAddress address;
} EndpointRef;

typedef struct OptInt {
        bool set;
        int32_t value;
} OptInt;

typedef struct StringSeq {
        const char **items;
        size_t length;
} StringSeq;

typedef struct StringPair {
        const char *key, *value;
} StringPair;

typedef struct StringMap {
        StringPair *items; /* in stream order */
        size_t length;
} StringMap;

/* org.apache.spark.deploy.ExecutorState and the other enumerations: the values are the ordinals
 * that travel. */
typedef enum ExecutorState {
        EXECUTOR_LAUNCHING,
        EXECUTOR_RUNNING,
        EXECUTOR_KILLED,
        EXECUTOR_FAILED,
        EXECUTOR_LOST,
        EXECUTOR_EXITED,
        EXECUTOR_DECOMMISSIONED,
        EXECUTOR_STATE_MAX,
        EXECUTOR_STATE_NONE = -1,
} ExecutorState;

typedef enum DriverState {
        DRIVER_SUBMITTED,
        DRIVER_RUNNING,
        DRIVER_FINISHED,
        DRIVER_RELAUNCHING,
        DRIVER_UNKNOWN,
        DRIVER_KILLED,
        DRIVER_FAILED,
        DRIVER_ERROR,
        DRIVER_STATE_MAX,
        DRIVER_STATE_NONE = -1,
} DriverState;

const char *executor_state_name(ExecutorState s); /* "RUNNING"; "UNKNOWN" out of range */
const char *driver_state_name(DriverState s);
bool executor_state_finished(ExecutorState s); /* KILLED, FAILED, LOST, EXITED */

typedef struct Command {
        const char *main_class;
        StringSeq arguments;
        StringMap environment;
        StringSeq class_path_entries;
        StringSeq library_path_entries;
        StringSeq java_opts;
} Command;

typedef struct ExecutorResourceRequest {
        const char *resource_name;
        int64_t amount;
        const char *discovery_script; /* "" when unset */
        const char *vendor;           /* "" when unset */
} ExecutorResourceRequest;

typedef struct TaskResourceRequest {
        const char *resource_name;
        double amount;
} TaskResourceRequest;

typedef struct ExecutorResourceMap {
        struct ExecutorResourceEntry {
                const char *key;
                ExecutorResourceRequest value;
        } * items;
        size_t length;
} ExecutorResourceMap;

typedef struct TaskResourceMap {
        struct TaskResourceEntry {
                const char *key;
                TaskResourceRequest value;
        } * items;
        size_t length;
} TaskResourceMap;

typedef struct SlotsMap { /* Option[Map[String, Int]] */
        bool set;
        struct SlotsEntry {
                const char *key;
                int32_t value;
        } * items;
        size_t length;
} SlotsMap;

typedef struct ResourceProfile {
        int32_t id;
        bool task_profile; /* the subclass TaskResourceProfile */
        bool cores_limit_known;
        OptInt max_tasks_per_executor;
        const char *limiting_resource; /* Option */
        SlotsMap resource_slots_per_address;
        ExecutorResourceMap executor_resources; /* cores, memory (MiB), offHeap, memoryOverhead,
                                                   pyspark.memory, and custom ones */
        TaskResourceMap task_resources;
} ResourceProfile;

typedef struct ApplicationDescription {
        const char *name;
        const char *user;
        const char *app_ui_url;
        OptInt max_cores;
        OptInt initial_executor_limit;
        const char *event_log_dir;   /* Option[URI] as text */
        const char *event_log_codec; /* Option */
        Command command;
        ResourceProfile default_profile;
} ApplicationDescription;

typedef struct ResourceRequirement {
        const char *resource_name;
        int32_t amount;
        int32_t num_parts;
} ResourceRequirement;

typedef struct ResourceRequirementSeq {
        ResourceRequirement *items;
        size_t length;
} ResourceRequirementSeq;

typedef struct DriverDescription {
        const char *jar_url;
        int32_t mem; /* MiB */
        int32_t cores;
        bool supervise;
        Command command;
        ResourceRequirementSeq resource_reqs;
} DriverDescription;

/* org.apache.spark.resource.ResourceInformation: a custom resource's addresses. */
typedef struct ResourceInformation {
        const char *name;
        StringSeq addresses;
} ResourceInformation;

typedef struct ResourceMap { /* Map[String, ResourceInformation] */
        struct ResourceEntry {
                const char *key;
                ResourceInformation value;
        } * items;
        size_t length;
} ResourceMap;

typedef struct ExecutorDescription {
        const char *app_id;
        int32_t exec_id;
        int32_t rp_id;
        int32_t cores;
        int32_t memory_mb;
        ExecutorState state;
} ExecutorDescription;

typedef struct ExecutorDescriptionSeq {
        ExecutorDescription *items;
        size_t length;
} ExecutorDescriptionSeq;

typedef struct WorkerExecutorStateResponse {
        ExecutorDescription desc;
        ResourceMap resources;
} WorkerExecutorStateResponse;

typedef struct WorkerExecutorStateSeq {
        WorkerExecutorStateResponse *items;
        size_t length;
} WorkerExecutorStateSeq;

typedef struct WorkerDriverStateResponse {
        const char *driver_id;
        ResourceMap resources;
} WorkerDriverStateResponse;

typedef struct WorkerDriverStateSeq {
        WorkerDriverStateResponse *items;
        size_t length;
} WorkerDriverStateSeq;

typedef struct ProfileTargets { /* Map[ResourceProfile, Int] */
        struct ProfileTarget {
                ResourceProfile profile;
                int32_t total;
        } * items;
        size_t length;
} ProfileTargets;

/* ---- messages ---- */

typedef enum MessageType {
        MSG_NONE,
        /* worker -> master */
        MSG_REGISTER_WORKER,
        MSG_WORKER_LATEST_STATE,
        MSG_HEARTBEAT,
        MSG_EXECUTOR_STATE_CHANGED, /* ask, replied with MSG_BOOLEAN */
        MSG_DRIVER_STATE_CHANGED,
        MSG_WORKER_SCHEDULER_STATE_RESPONSE,
        MSG_WORKER_DECOMMISSIONING,
        /* master -> worker */
        MSG_REGISTERED_WORKER,
        MSG_REGISTER_WORKER_FAILED,
        MSG_MASTER_IN_STANDBY,
        MSG_RECONNECT_WORKER,
        MSG_LAUNCH_EXECUTOR,
        MSG_KILL_EXECUTOR,
        MSG_LAUNCH_DRIVER,
        MSG_KILL_DRIVER,
        MSG_APPLICATION_FINISHED,
        MSG_DECOMMISSION_WORKER,
        MSG_MASTER_CHANGED, /* also to drivers */
        /* driver -> master */
        MSG_REGISTER_APPLICATION,
        MSG_UNREGISTER_APPLICATION,
        MSG_MASTER_CHANGE_ACKNOWLEDGED,
        MSG_REQUEST_EXECUTORS, /* ask, MSG_BOOLEAN */
        MSG_KILL_EXECUTORS,    /* ask, MSG_BOOLEAN */
        /* master -> driver */
        MSG_REGISTERED_APPLICATION,
        MSG_EXECUTOR_ADDED,
        MSG_EXECUTOR_UPDATED,
        MSG_APPLICATION_REMOVED,
        MSG_WORKER_REMOVED,
        /* submit client <-> master (asks) */
        MSG_REQUEST_SUBMIT_DRIVER,
        MSG_SUBMIT_DRIVER_RESPONSE,
        MSG_REQUEST_KILL_DRIVER,
        MSG_KILL_DRIVER_RESPONSE,
        MSG_REQUEST_DRIVER_STATUS,
        MSG_DRIVER_STATUS_RESPONSE,
        MSG_REQUEST_KILL_ALL_DRIVERS,      /* 4.0 and later */
        MSG_KILL_ALL_DRIVERS_RESPONSE,     /* 4.0 and later */
        MSG_REQUEST_CLEAR_COMPLETED,       /* 4.0 and later; RequestClearCompletedDriversAndApps */
        MSG_REQUEST_READYZ,                /* 4.0 and later */
        MSG_DECOMMISSION_WORKERS_ON_HOSTS, /* reply MSG_INTEGER */
        MSG_BOUND_PORTS_REQUEST,
        MSG_BOUND_PORTS_RESPONSE,
        /* any process */
        MSG_CHECK_EXISTENCE, /* ask of endpoint-verifier, MSG_BOOLEAN */
        MSG_BOOLEAN,
        MSG_INTEGER,
        MSG_RPC_FAILURE, /* org.apache.spark.rpc.netty.RpcFailure: the handler failed */
        MSG_TYPE_MAX,
} MessageType;

typedef struct Message {
        MessageType type;
        union {
                struct {
                        const char *id, *host, *worker_web_ui_url;
                        int32_t port, cores, memory; /* memory in MiB */
                        EndpointRef worker;
                        RpcAddress master_address;
                        ResourceMap resources;
                } register_worker;
                struct {
                        const char *id;
                        ExecutorDescriptionSeq executors;
                        StringSeq driver_ids;
                } worker_latest_state;
                struct {
                        const char *worker_id;
                        EndpointRef worker;
                } heartbeat;
                struct {
                        const char *app_id;
                        int32_t exec_id;
                        ExecutorState state;
                        const char *message; /* Option */
                        OptInt exit_status;
                } executor_state_changed;
                struct {
                        const char *driver_id;
                        DriverState state;
                        const char *exception; /* Option[Exception] as its message */
                } driver_state_changed;
                struct {
                        const char *id;
                        WorkerExecutorStateSeq exec_responses;
                        WorkerDriverStateSeq driver_responses;
                } worker_scheduler_state_response;
                struct {
                        const char *id;
                        EndpointRef worker;
                } worker_decommissioning;
                struct {
                        EndpointRef master;
                        const char *master_web_ui_url;
                        RpcAddress master_address;
                        bool duplicate;
                } registered_worker;
                struct {
                        const char *message;
                } register_worker_failed;
                struct {
                        const char *master_url;
                } reconnect_worker;
                struct {
                        const char *master_url, *app_id;
                        int32_t exec_id, rp_id, cores, memory;
                        ApplicationDescription app_desc;
                        ResourceMap resources;
                } launch_executor;
                struct {
                        const char *master_url, *app_id;
                        int32_t exec_id;
                } kill_executor;
                struct {
                        const char *driver_id;
                        DriverDescription driver_desc;
                        ResourceMap resources;
                } launch_driver;
                struct {
                        const char *driver_id;
                } kill_driver, request_kill_driver, request_driver_status;
                struct {
                        const char *id;
                } application_finished;
                struct {
                        EndpointRef master;
                        const char *master_web_ui_url;
                } master_changed;
                struct {
                        ApplicationDescription app_description;
                        EndpointRef driver;
                } register_application;
                struct {
                        const char *app_id;
                } unregister_application, master_change_acknowledged;
                struct {
                        const char *app_id;
                        ProfileTargets targets;
                } request_executors;
                struct {
                        const char *app_id;
                        StringSeq executor_ids;
                } kill_executors;
                struct {
                        const char *app_id;
                        EndpointRef master;
                } registered_application;
                struct {
                        int32_t id, cores, memory;
                        const char *worker_id, *host_port;
                } executor_added;
                struct {
                        int32_t id;
                        ExecutorState state;
                        const char *message; /* Option */
                        OptInt exit_status;
                        const char *worker_host; /* Option */
                } executor_updated;
                struct {
                        const char *message;
                } application_removed;
                struct {
                        const char *id, *host, *message;
                } worker_removed;
                struct {
                        DriverDescription driver_description;
                } request_submit_driver;
                struct {
                        EndpointRef master;
                        bool success;
                        const char *driver_id; /* Option for submit, plain for kill */
                        const char *message;
                } submit_driver_response, kill_driver_response;
                struct {
                        bool found;
                        DriverState state;            /* DRIVER_STATE_NONE: None */
                        const char *worker_id;        /* Option */
                        const char *worker_host_port; /* Option */
                        const char *exception;        /* Option[Exception] as its message */
                } driver_status_response;
                struct {
                        EndpointRef master;
                        bool success;
                        const char *message;
                } kill_all_drivers_response;
                struct {
                        StringSeq hostnames;
                } decommission_workers_on_hosts;
                struct {
                        int32_t rpc_endpoint_port, web_ui_port;
                        OptInt rest_port;
                } bound_ports_response;
                struct {
                        const char *name;
                } check_existence;
                struct {
                        bool value;
                } boolean;
                struct {
                        int32_t value;
                } integer;
                struct {
                        const char *class_name; /* of the throwable; NULL when encoding:
                                                   SparkException */
                        const char *message;
                } rpc_failure;
        };
} Message;

/* "RegisterWorker", for logs. */
const char *message_type_name(MessageType type);

/* Deep copies into `arena`. 0 or -ENOMEM. */
int application_description_copy(Arena *arena, const ApplicationDescription *src,
                                 ApplicationDescription *ret);
int driver_description_copy(Arena *arena, const DriverDescription *src, DriverDescription *ret);
int resource_profile_copy(Arena *arena, const ResourceProfile *src, ResourceProfile *ret);
int resource_map_copy(Arena *arena, const ResourceMap *src, ResourceMap *ret);
int message_copy(Arena *arena, const Message *src, Message *ret);
