/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows behind message-tables.h. Names and types are Spark's (DeployMessages.scala and the value
 * classes it uses); the fields have been the same from 3.4 to 4.3.
 */
#include "wire/message-tables.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/macro.h"

#define SPARK    "org.apache.spark."
#define DEPLOY   SPARK "deploy."
#define MESSAGES DEPLOY "DeployMessages$"

/* ROW(struct, member, "javaName", KIND...) with more initializers at the end. */
#define ROW(type, member, name, ...)                                                               \
        {                                                                                          \
                .java_name = (name), .offset = offsetof(type, member),                             \
                .size = sizeof(((type *)NULL)->member), .kind = __VA_ARGS__                        \
        }
#define STRUCT_INFO(class, type, rows)                                                             \
        {                                                                                          \
                .java_class = (class), .size = sizeof(type), .fields = (rows),                     \
                .n_fields = ARRAY_SIZE(rows)                                                       \
        }

static_assert(sizeof(SlotsMap) == sizeof(OptMap) &&
                      offsetof(SlotsMap, items) == offsetof(OptMap, map),
              "an optional map is a flag and a container");
static_assert(sizeof(StringSeq) == sizeof(Container) &&
                      offsetof(StringSeq, length) == offsetof(Container, length),
              "a sequence or map is a container");

#define AN_ID    .max = LIMIT_ID_BYTES
#define A_HOST   .max = LIMIT_HOST_BYTES
#define OPTIONAL .option = true

/* ---- values ---- */

static const StructInfo executor_state_info = { .java_class = DEPLOY "ExecutorState$" };
static const StructInfo driver_state_info = { .java_class = DEPLOY "master.DriverState$" };

#define EXECUTOR_STATE KIND_ENUM, .max = EXECUTOR_STATE_MAX, .sub = &executor_state_info
#define DRIVER_STATE   KIND_ENUM, .max = DRIVER_STATE_MAX, .sub = &driver_state_info

typedef const char *Text;

static const FieldInfo string_element_fields[] = {
        { .java_name = "element", .kind = KIND_STRING, .size = sizeof(Text) },
};
static const StructInfo string_element = STRUCT_INFO(NULL, Text, string_element_fields);
#define STRING_SEQ KIND_SEQ, .sub = &string_element

static const FieldInfo id_element_fields[] = {
        { .java_name = "element", .kind = KIND_STRING, .size = sizeof(Text), AN_ID },
};
static const StructInfo id_element = STRUCT_INFO(NULL, Text, id_element_fields);
#define ID_SEQ KIND_SEQ, .sub = &id_element

static const FieldInfo host_element_fields[] = {
        { .java_name = "element", .kind = KIND_STRING, .size = sizeof(Text), A_HOST },
};
static const StructInfo host_element = STRUCT_INFO(NULL, Text, host_element_fields);
#define HOST_SEQ KIND_SEQ, .sub = &host_element

static const FieldInfo string_pair_fields[] = {
        ROW(StringPair, key, "key", KIND_STRING),
        ROW(StringPair, value, "value", KIND_STRING),
};
static const StructInfo string_pair = STRUCT_INFO(NULL, StringPair, string_pair_fields);
#define STRING_MAP KIND_MAP, .sub = &string_pair

static const FieldInfo command_fields[] = {
        ROW(Command, main_class, "mainClass", KIND_STRING),
        ROW(Command, arguments, "arguments", STRING_SEQ),
        ROW(Command, environment, "environment", STRING_MAP),
        ROW(Command, class_path_entries, "classPathEntries", STRING_SEQ),
        ROW(Command, library_path_entries, "libraryPathEntries", STRING_SEQ),
        ROW(Command, java_opts, "javaOpts", STRING_SEQ),
};
static const StructInfo command_info = STRUCT_INFO(DEPLOY "Command", Command, command_fields);
#define COMMAND KIND_STRUCT, .sub = &command_info

static const FieldInfo executor_request_fields[] = {
        ROW(ExecutorResourceRequest, resource_name, "resourceName", KIND_STRING),
        ROW(ExecutorResourceRequest, amount, "amount", KIND_LONG),
        ROW(ExecutorResourceRequest, discovery_script, "discoveryScript", KIND_STRING),
        ROW(ExecutorResourceRequest, vendor, "vendor", KIND_STRING),
};
static const StructInfo executor_request_info = STRUCT_INFO(
        SPARK "resource.ExecutorResourceRequest", ExecutorResourceRequest, executor_request_fields);

static const FieldInfo executor_resource_entry_fields[] = {
        ROW(struct ExecutorResourceEntry, key, "key", KIND_STRING),
        ROW(struct ExecutorResourceEntry, value, "value", KIND_STRUCT,
            .sub = &executor_request_info),
};
static const StructInfo executor_resource_entry =
        STRUCT_INFO(NULL, struct ExecutorResourceEntry, executor_resource_entry_fields);

static const FieldInfo task_request_fields[] = {
        ROW(TaskResourceRequest, resource_name, "resourceName", KIND_STRING),
        ROW(TaskResourceRequest, amount, "amount", KIND_DOUBLE),
};
static const StructInfo task_request_info =
        STRUCT_INFO(SPARK "resource.TaskResourceRequest", TaskResourceRequest, task_request_fields);

static const FieldInfo task_resource_entry_fields[] = {
        ROW(struct TaskResourceEntry, key, "key", KIND_STRING),
        ROW(struct TaskResourceEntry, value, "value", KIND_STRUCT, .sub = &task_request_info),
};
static const StructInfo task_resource_entry =
        STRUCT_INFO(NULL, struct TaskResourceEntry, task_resource_entry_fields);

static const FieldInfo slots_entry_fields[] = {
        ROW(struct SlotsEntry, key, "key", KIND_STRING),
        ROW(struct SlotsEntry, value, "value", KIND_INT),
};
static const StructInfo slots_entry = STRUCT_INFO(NULL, struct SlotsEntry, slots_entry_fields);

static const FieldInfo resource_profile_fields[] = {
        ROW(ResourceProfile, id, "_id", KIND_INT),
        ROW(ResourceProfile, task_profile, SPARK "resource.TaskResourceProfile", KIND_SUBCLASS),
        ROW(ResourceProfile, cores_limit_known, "_coresLimitKnown", KIND_BOOL),
        ROW(ResourceProfile, max_tasks_per_executor, "_maxTasksPerExecutor", KIND_INT, OPTIONAL),
        ROW(ResourceProfile, limiting_resource, "_limitingResource", KIND_STRING, OPTIONAL),
        ROW(ResourceProfile, resource_slots_per_address, "_executorResourceSlotsPerAddr", KIND_MAP,
            OPTIONAL, .sub = &slots_entry),
        ROW(ResourceProfile, executor_resources, "executorResources", KIND_MAP,
            .sub = &executor_resource_entry),
        ROW(ResourceProfile, task_resources, "taskResources", KIND_MAP,
            .sub = &task_resource_entry),
};
const StructInfo resource_profile_info =
        STRUCT_INFO(SPARK "resource.ResourceProfile", ResourceProfile, resource_profile_fields);

static const FieldInfo application_fields[] = {
        ROW(ApplicationDescription, name, "name", KIND_STRING),
        ROW(ApplicationDescription, user, "user", KIND_STRING),
        ROW(ApplicationDescription, app_ui_url, "appUiUrl", KIND_STRING),
        ROW(ApplicationDescription, max_cores, "maxCores", KIND_INT, OPTIONAL),
        ROW(ApplicationDescription, initial_executor_limit, "initialExecutorLimit", KIND_INT,
            OPTIONAL),
        ROW(ApplicationDescription, event_log_dir, "eventLogDir", KIND_URI, OPTIONAL),
        ROW(ApplicationDescription, event_log_codec, "eventLogCodec", KIND_STRING, OPTIONAL),
        ROW(ApplicationDescription, command, "command", COMMAND),
        ROW(ApplicationDescription, default_profile, "defaultProfile", KIND_STRUCT,
            .sub = &resource_profile_info),
};
const StructInfo application_description_info =
        STRUCT_INFO(DEPLOY "ApplicationDescription", ApplicationDescription, application_fields);
#define APPLICATION KIND_STRUCT, .sub = &application_description_info

static const FieldInfo requirement_fields[] = {
        ROW(ResourceRequirement, resource_name, "resourceName", KIND_STRING),
        ROW(ResourceRequirement, amount, "amount", KIND_INT),
        ROW(ResourceRequirement, num_parts, "numParts", KIND_INT),
};
static const StructInfo requirement_info =
        STRUCT_INFO(SPARK "resource.ResourceRequirement", ResourceRequirement, requirement_fields);

/* The element of a sequence of structs: the struct itself, in place. */
#define ELEMENT_OF(type, info)                                                                     \
        {                                                                                          \
                {                                                                                  \
                        .java_name = "element", .kind = KIND_STRUCT, .size = sizeof(type),         \
                        .sub = &(info)                                                             \
                }                                                                                  \
        }

static const FieldInfo requirement_element_fields[] =
        ELEMENT_OF(ResourceRequirement, requirement_info);
static const StructInfo requirement_element =
        STRUCT_INFO(NULL, ResourceRequirement, requirement_element_fields);

static const FieldInfo driver_fields[] = {
        ROW(DriverDescription, jar_url, "jarUrl", KIND_STRING),
        ROW(DriverDescription, mem, "mem", KIND_INT),
        ROW(DriverDescription, cores, "cores", KIND_INT),
        ROW(DriverDescription, supervise, "supervise", KIND_BOOL),
        ROW(DriverDescription, command, "command", COMMAND),
        ROW(DriverDescription, resource_reqs, "resourceReqs", KIND_SEQ,
            .sub = &requirement_element),
};
const StructInfo driver_description_info =
        STRUCT_INFO(DEPLOY "DriverDescription", DriverDescription, driver_fields);
#define DRIVER KIND_STRUCT, .sub = &driver_description_info

static const FieldInfo resource_information_fields[] = {
        ROW(ResourceInformation, name, "name", KIND_STRING),
        ROW(ResourceInformation, addresses, "addresses", STRING_SEQ),
};
static const StructInfo resource_information_info = STRUCT_INFO(
        SPARK "resource.ResourceInformation", ResourceInformation, resource_information_fields);

static const FieldInfo resource_entry_fields[] = {
        ROW(struct ResourceEntry, key, "key", KIND_STRING),
        ROW(struct ResourceEntry, value, "value", KIND_STRUCT, .sub = &resource_information_info),
};
static const StructInfo resource_entry =
        STRUCT_INFO(NULL, struct ResourceEntry, resource_entry_fields);
#define RESOURCES KIND_MAP, .sub = &resource_entry

static const FieldInfo resource_map_fields[] = {
        { .java_name = "resources", .size = sizeof(ResourceMap), .kind = RESOURCES },
};
const StructInfo resource_map_info = STRUCT_INFO(NULL, ResourceMap, resource_map_fields);

static const FieldInfo executor_fields[] = {
        ROW(ExecutorDescription, app_id, "appId", KIND_STRING, AN_ID),
        ROW(ExecutorDescription, exec_id, "execId", KIND_INT),
        ROW(ExecutorDescription, rp_id, "rpId", KIND_INT),
        ROW(ExecutorDescription, cores, "cores", KIND_INT),
        ROW(ExecutorDescription, memory_mb, "memoryMb", KIND_INT),
        ROW(ExecutorDescription, state, "state", EXECUTOR_STATE),
};
static const StructInfo executor_info =
        STRUCT_INFO(DEPLOY "ExecutorDescription", ExecutorDescription, executor_fields);

static const FieldInfo executor_element_fields[] = ELEMENT_OF(ExecutorDescription, executor_info);
static const StructInfo executor_element =
        STRUCT_INFO(NULL, ExecutorDescription, executor_element_fields);

static const FieldInfo exec_response_fields[] = {
        ROW(WorkerExecutorStateResponse, desc, "desc", KIND_STRUCT, .sub = &executor_info),
        ROW(WorkerExecutorStateResponse, resources, "resources", RESOURCES),
};
static const StructInfo exec_response_info = STRUCT_INFO(
        MESSAGES "WorkerExecutorStateResponse", WorkerExecutorStateResponse, exec_response_fields);

static const FieldInfo exec_response_element_fields[] =
        ELEMENT_OF(WorkerExecutorStateResponse, exec_response_info);
static const StructInfo exec_response_element =
        STRUCT_INFO(NULL, WorkerExecutorStateResponse, exec_response_element_fields);

static const FieldInfo driver_response_fields[] = {
        ROW(WorkerDriverStateResponse, driver_id, "driverId", KIND_STRING, AN_ID),
        ROW(WorkerDriverStateResponse, resources, "resources", RESOURCES),
};
static const StructInfo driver_response_info = STRUCT_INFO(
        MESSAGES "WorkerDriverStateResponse", WorkerDriverStateResponse, driver_response_fields);

static const FieldInfo driver_response_element_fields[] =
        ELEMENT_OF(WorkerDriverStateResponse, driver_response_info);
static const StructInfo driver_response_element =
        STRUCT_INFO(NULL, WorkerDriverStateResponse, driver_response_element_fields);

static const FieldInfo profile_target_fields[] = {
        ROW(struct ProfileTarget, profile, "key", KIND_STRUCT, .sub = &resource_profile_info),
        ROW(struct ProfileTarget, total, "value", KIND_INT),
};
static const StructInfo profile_target =
        STRUCT_INFO(NULL, struct ProfileTarget, profile_target_fields);

/* ---- messages ---- */

#define M(member, name, ...) ROW(Message, member, name, __VA_ARGS__)

static const FieldInfo register_worker_fields[] = {
        M(register_worker.id, "id", KIND_STRING, AN_ID),
        M(register_worker.host, "host", KIND_STRING, A_HOST),
        M(register_worker.worker_web_ui_url, "workerWebUiUrl", KIND_STRING),
        M(register_worker.port, "port", KIND_INT),
        M(register_worker.cores, "cores", KIND_INT),
        M(register_worker.memory, "memory", KIND_INT),
        M(register_worker.worker, "worker", KIND_REF),
        M(register_worker.master_address, "masterAddress", KIND_ADDRESS),
        M(register_worker.resources, "resources", RESOURCES),
};
static const FieldInfo worker_latest_state_fields[] = {
        M(worker_latest_state.id, "id", KIND_STRING, AN_ID),
        M(worker_latest_state.executors, "executors", KIND_SEQ, .sub = &executor_element),
        M(worker_latest_state.driver_ids, "driverIds", ID_SEQ),
};
static const FieldInfo heartbeat_fields[] = {
        M(heartbeat.worker_id, "workerId", KIND_STRING, AN_ID),
        M(heartbeat.worker, "worker", KIND_REF),
};
static const FieldInfo executor_state_changed_fields[] = {
        M(executor_state_changed.app_id, "appId", KIND_STRING, AN_ID),
        M(executor_state_changed.exec_id, "execId", KIND_INT),
        M(executor_state_changed.state, "state", EXECUTOR_STATE),
        M(executor_state_changed.message, "message", KIND_STRING, OPTIONAL),
        M(executor_state_changed.exit_status, "exitStatus", KIND_INT, OPTIONAL),
};
static const FieldInfo driver_state_changed_fields[] = {
        M(driver_state_changed.driver_id, "driverId", KIND_STRING, AN_ID),
        M(driver_state_changed.state, "state", DRIVER_STATE),
        M(driver_state_changed.exception, "exception", KIND_EXCEPTION, OPTIONAL),
};
static const FieldInfo worker_scheduler_state_response_fields[] = {
        M(worker_scheduler_state_response.id, "id", KIND_STRING, AN_ID),
        M(worker_scheduler_state_response.exec_responses, "execResponses", KIND_SEQ,
          .sub = &exec_response_element),
        M(worker_scheduler_state_response.driver_responses, "driverResponses", KIND_SEQ,
          .sub = &driver_response_element),
};
static const FieldInfo worker_decommissioning_fields[] = {
        M(worker_decommissioning.id, "id", KIND_STRING, AN_ID),
        M(worker_decommissioning.worker, "workerRef", KIND_REF),
};
static const FieldInfo registered_worker_fields[] = {
        M(registered_worker.master, "master", KIND_REF),
        M(registered_worker.master_web_ui_url, "masterWebUiUrl", KIND_STRING),
        M(registered_worker.master_address, "masterAddress", KIND_ADDRESS),
        M(registered_worker.duplicate, "duplicate", KIND_BOOL),
};
static const FieldInfo register_worker_failed_fields[] = {
        M(register_worker_failed.message, "message", KIND_STRING),
};
static const FieldInfo reconnect_worker_fields[] = {
        M(reconnect_worker.master_url, "masterUrl", KIND_STRING),
};
static const FieldInfo launch_executor_fields[] = {
        M(launch_executor.master_url, "masterUrl", KIND_STRING),
        M(launch_executor.app_id, "appId", KIND_STRING, AN_ID),
        M(launch_executor.exec_id, "execId", KIND_INT),
        M(launch_executor.rp_id, "rpId", KIND_INT),
        M(launch_executor.cores, "cores", KIND_INT),
        M(launch_executor.memory, "memory", KIND_INT),
        M(launch_executor.app_desc, "appDesc", APPLICATION),
        M(launch_executor.resources, "resources", RESOURCES),
};
static const FieldInfo kill_executor_fields[] = {
        M(kill_executor.master_url, "masterUrl", KIND_STRING),
        M(kill_executor.app_id, "appId", KIND_STRING, AN_ID),
        M(kill_executor.exec_id, "execId", KIND_INT),
};
static const FieldInfo launch_driver_fields[] = {
        M(launch_driver.driver_id, "driverId", KIND_STRING, AN_ID),
        M(launch_driver.driver_desc, "driverDesc", DRIVER),
        M(launch_driver.resources, "resources", RESOURCES),
};
static const FieldInfo kill_driver_fields[] = {
        M(kill_driver.driver_id, "driverId", KIND_STRING, AN_ID),
};
static const FieldInfo application_finished_fields[] = {
        M(application_finished.id, "id", KIND_STRING, AN_ID),
};
static const FieldInfo master_changed_fields[] = {
        M(master_changed.master, "master", KIND_REF),
        M(master_changed.master_web_ui_url, "masterWebUiUrl", KIND_STRING),
};
static const FieldInfo register_application_fields[] = {
        M(register_application.app_description, "appDescription", APPLICATION),
        M(register_application.driver, "driver", KIND_REF),
};
static const FieldInfo unregister_application_fields[] = {
        M(unregister_application.app_id, "appId", KIND_STRING, AN_ID),
};
static const FieldInfo request_executors_fields[] = {
        M(request_executors.app_id, "appId", KIND_STRING, AN_ID),
        M(request_executors.targets, "resourceProfileToTotalExecs", KIND_MAP,
          .sub = &profile_target),
};
static const FieldInfo kill_executors_fields[] = {
        M(kill_executors.app_id, "appId", KIND_STRING, AN_ID),
        M(kill_executors.executor_ids, "executorIds", ID_SEQ),
};
static const FieldInfo registered_application_fields[] = {
        M(registered_application.app_id, "appId", KIND_STRING, AN_ID),
        M(registered_application.master, "master", KIND_REF),
};
static const FieldInfo executor_added_fields[] = {
        M(executor_added.id, "id", KIND_INT),
        M(executor_added.cores, "cores", KIND_INT),
        M(executor_added.memory, "memory", KIND_INT),
        M(executor_added.worker_id, "workerId", KIND_STRING, AN_ID),
        M(executor_added.host_port, "hostPort", KIND_STRING),
};
static const FieldInfo executor_updated_fields[] = {
        M(executor_updated.id, "id", KIND_INT),
        M(executor_updated.state, "state", EXECUTOR_STATE),
        M(executor_updated.message, "message", KIND_STRING, OPTIONAL),
        M(executor_updated.exit_status, "exitStatus", KIND_INT, OPTIONAL),
        M(executor_updated.worker_host, "workerHost", KIND_STRING, OPTIONAL, A_HOST),
};
static const FieldInfo application_removed_fields[] = {
        M(application_removed.message, "message", KIND_STRING),
};
static const FieldInfo worker_removed_fields[] = {
        M(worker_removed.id, "id", KIND_STRING, AN_ID),
        M(worker_removed.host, "host", KIND_STRING, A_HOST),
        M(worker_removed.message, "message", KIND_STRING),
};
static const FieldInfo request_submit_driver_fields[] = {
        M(request_submit_driver.driver_description, "driverDescription", DRIVER),
};
static const FieldInfo submit_driver_response_fields[] = {
        M(submit_driver_response.master, "master", KIND_REF),
        M(submit_driver_response.success, "success", KIND_BOOL),
        M(submit_driver_response.driver_id, "driverId", KIND_STRING, OPTIONAL, AN_ID),
        M(submit_driver_response.message, "message", KIND_STRING),
};
static const FieldInfo kill_driver_response_fields[] = {
        M(kill_driver_response.master, "master", KIND_REF),
        M(kill_driver_response.success, "success", KIND_BOOL),
        M(kill_driver_response.driver_id, "driverId", KIND_STRING, AN_ID),
        M(kill_driver_response.message, "message", KIND_STRING),
};
static const FieldInfo driver_status_response_fields[] = {
        M(driver_status_response.found, "found", KIND_BOOL),
        M(driver_status_response.state, "state", DRIVER_STATE, OPTIONAL),
        M(driver_status_response.worker_id, "workerId", KIND_STRING, OPTIONAL, AN_ID),
        M(driver_status_response.worker_host_port, "workerHostPort", KIND_STRING, OPTIONAL),
        M(driver_status_response.exception, "exception", KIND_EXCEPTION, OPTIONAL),
};
static const FieldInfo kill_all_drivers_response_fields[] = {
        M(kill_all_drivers_response.master, "master", KIND_REF),
        M(kill_all_drivers_response.success, "success", KIND_BOOL),
        M(kill_all_drivers_response.message, "message", KIND_STRING),
};
static const FieldInfo decommission_workers_on_hosts_fields[] = {
        M(decommission_workers_on_hosts.hostnames, "hostnames", HOST_SEQ),
};
static const FieldInfo bound_ports_response_fields[] = {
        M(bound_ports_response.rpc_endpoint_port, "rpcEndpointPort", KIND_INT),
        M(bound_ports_response.web_ui_port, "webUIPort", KIND_INT),
        M(bound_ports_response.rest_port, "restPort", KIND_INT, OPTIONAL),
};
static const FieldInfo check_existence_fields[] = {
        M(check_existence.name, "name", KIND_STRING, .max = LIMIT_ENDPOINT_NAME_BYTES),
};
static const FieldInfo boolean_fields[] = {
        M(boolean.value, "value", KIND_BOOL),
};
static const FieldInfo integer_fields[] = {
        M(integer.value, "value", KIND_INT),
};
static const FieldInfo rpc_failure_fields[] = {
        M(rpc_failure, "e", KIND_THROWABLE),
};

#define MESSAGE(prefix, class_name, rows)                                                          \
        {                                                                                          \
                .name = (class_name), .java_class = prefix class_name, .size = sizeof(Message),    \
                .fields = (rows), .n_fields = ARRAY_SIZE(rows)                                     \
        }
#define OBJECT(prefix, class_name)                                                                 \
        {                                                                                          \
                .name = (class_name), .java_class = prefix class_name "$", .object = true,         \
                .size = sizeof(Message)                                                            \
        }

static const StructInfo messages[MSG_TYPE_MAX] = {
        [MSG_REGISTER_WORKER] = MESSAGE(MESSAGES, "RegisterWorker", register_worker_fields),
        [MSG_WORKER_LATEST_STATE] =
                MESSAGE(MESSAGES, "WorkerLatestState", worker_latest_state_fields),
        [MSG_HEARTBEAT] = MESSAGE(MESSAGES, "Heartbeat", heartbeat_fields),
        [MSG_EXECUTOR_STATE_CHANGED] =
                MESSAGE(MESSAGES, "ExecutorStateChanged", executor_state_changed_fields),
        [MSG_DRIVER_STATE_CHANGED] =
                MESSAGE(MESSAGES, "DriverStateChanged", driver_state_changed_fields),
        [MSG_WORKER_SCHEDULER_STATE_RESPONSE] = MESSAGE(MESSAGES, "WorkerSchedulerStateResponse",
                                                        worker_scheduler_state_response_fields),
        [MSG_WORKER_DECOMMISSIONING] =
                MESSAGE(MESSAGES, "WorkerDecommissioning", worker_decommissioning_fields),
        [MSG_REGISTERED_WORKER] = MESSAGE(MESSAGES, "RegisteredWorker", registered_worker_fields),
        [MSG_REGISTER_WORKER_FAILED] =
                MESSAGE(MESSAGES, "RegisterWorkerFailed", register_worker_failed_fields),
        [MSG_MASTER_IN_STANDBY] = OBJECT(MESSAGES, "MasterInStandby"),
        [MSG_RECONNECT_WORKER] = MESSAGE(MESSAGES, "ReconnectWorker", reconnect_worker_fields),
        [MSG_LAUNCH_EXECUTOR] = MESSAGE(MESSAGES, "LaunchExecutor", launch_executor_fields),
        [MSG_KILL_EXECUTOR] = MESSAGE(MESSAGES, "KillExecutor", kill_executor_fields),
        [MSG_LAUNCH_DRIVER] = MESSAGE(MESSAGES, "LaunchDriver", launch_driver_fields),
        [MSG_KILL_DRIVER] = MESSAGE(MESSAGES, "KillDriver", kill_driver_fields),
        [MSG_APPLICATION_FINISHED] =
                MESSAGE(MESSAGES, "ApplicationFinished", application_finished_fields),
        [MSG_DECOMMISSION_WORKER] = OBJECT(MESSAGES, "DecommissionWorker"),
        [MSG_MASTER_CHANGED] = MESSAGE(MESSAGES, "MasterChanged", master_changed_fields),
        [MSG_REGISTER_APPLICATION] =
                MESSAGE(MESSAGES, "RegisterApplication", register_application_fields),
        [MSG_UNREGISTER_APPLICATION] =
                MESSAGE(MESSAGES, "UnregisterApplication", unregister_application_fields),
        [MSG_MASTER_CHANGE_ACKNOWLEDGED] =
                MESSAGE(MESSAGES, "MasterChangeAcknowledged", unregister_application_fields),
        [MSG_REQUEST_EXECUTORS] = MESSAGE(MESSAGES, "RequestExecutors", request_executors_fields),
        [MSG_KILL_EXECUTORS] = MESSAGE(MESSAGES, "KillExecutors", kill_executors_fields),
        [MSG_REGISTERED_APPLICATION] =
                MESSAGE(MESSAGES, "RegisteredApplication", registered_application_fields),
        [MSG_EXECUTOR_ADDED] = MESSAGE(MESSAGES, "ExecutorAdded", executor_added_fields),
        [MSG_EXECUTOR_UPDATED] = MESSAGE(MESSAGES, "ExecutorUpdated", executor_updated_fields),
        [MSG_APPLICATION_REMOVED] =
                MESSAGE(MESSAGES, "ApplicationRemoved", application_removed_fields),
        [MSG_WORKER_REMOVED] = MESSAGE(MESSAGES, "WorkerRemoved", worker_removed_fields),
        [MSG_REQUEST_SUBMIT_DRIVER] =
                MESSAGE(MESSAGES, "RequestSubmitDriver", request_submit_driver_fields),
        [MSG_SUBMIT_DRIVER_RESPONSE] =
                MESSAGE(MESSAGES, "SubmitDriverResponse", submit_driver_response_fields),
        [MSG_REQUEST_KILL_DRIVER] = MESSAGE(MESSAGES, "RequestKillDriver", kill_driver_fields),
        [MSG_KILL_DRIVER_RESPONSE] =
                MESSAGE(MESSAGES, "KillDriverResponse", kill_driver_response_fields),
        [MSG_REQUEST_DRIVER_STATUS] = MESSAGE(MESSAGES, "RequestDriverStatus", kill_driver_fields),
        [MSG_DRIVER_STATUS_RESPONSE] =
                MESSAGE(MESSAGES, "DriverStatusResponse", driver_status_response_fields),
        [MSG_REQUEST_KILL_ALL_DRIVERS] = OBJECT(MESSAGES, "RequestKillAllDrivers"),
        [MSG_KILL_ALL_DRIVERS_RESPONSE] =
                MESSAGE(MESSAGES, "KillAllDriversResponse", kill_all_drivers_response_fields),
        [MSG_REQUEST_CLEAR_COMPLETED] = OBJECT(MESSAGES, "RequestClearCompletedDriversAndApps"),
        [MSG_REQUEST_READYZ] = OBJECT(MESSAGES, "RequestReadyz"),
        [MSG_DECOMMISSION_WORKERS_ON_HOSTS] = MESSAGE(MESSAGES, "DecommissionWorkersOnHosts",
                                                      decommission_workers_on_hosts_fields),
        [MSG_BOUND_PORTS_REQUEST] = OBJECT(DEPLOY "master.MasterMessages$", "BoundPortsRequest"),
        [MSG_BOUND_PORTS_RESPONSE] = MESSAGE(DEPLOY "master.MasterMessages$", "BoundPortsResponse",
                                             bound_ports_response_fields),
        [MSG_CHECK_EXISTENCE] = MESSAGE(SPARK "rpc.netty.RpcEndpointVerifier$", "CheckExistence",
                                        check_existence_fields),
        [MSG_BOOLEAN] = MESSAGE("java.lang.", "Boolean", boolean_fields),
        [MSG_INTEGER] = MESSAGE("java.lang.", "Integer", integer_fields),
        [MSG_RPC_FAILURE] = MESSAGE(SPARK "rpc.netty.", "RpcFailure", rpc_failure_fields),
};

const StructInfo *message_info(MessageType type)
{
        if ((int)type <= MSG_NONE || type >= MSG_TYPE_MAX)
                return NULL;
        return &messages[type];
}

MessageType message_type_of_class(const char *java_class)
{
        for (int type = MSG_NONE + 1; type < MSG_TYPE_MAX; type++)
                if (strcmp(messages[type].java_class, java_class) == 0)
                        return type;
        return MSG_NONE;
}
